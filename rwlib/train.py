r"""Algorithm 1: training in two phases, on a CPU, one GPU or many.

Read `training_step` first: it is the paper's algorithm, both phases in view. `train` is the frame around it: set up,
go through the steps, write what happens. The launcher library accelerate takes care of devices, mixed precision and
several processes, and of nothing else.

Everything random is a function of the seed and the step (`rwlib.data.TrainingSamples`), so a resumed run continues bit
for bit on a CPU. A run's folder holds

    run.json                 configuration, data, versions, commit
    curves.csv               a row a step: every loss, both learning rates, seconds waited for data
    samples/step_000500.png  rows of I_in, I_p1, I_c1, I_p2, I_c2, I_gt
    training.safetensors     everything needed to go on (`--resume`)
    generator.safetensors    the generator alone (its moving average where there is one), to inpaint with
"""

import csv
import json
import math
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torchvision
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader
from torchvision.utils import make_grid, save_image
from tqdm import tqdm

from rwlib import __version__
from rwlib.checkpoints import (
    load_weights,
    pack_optimiser,
    read_checkpoint,
    save_generator,
    unpack_optimiser,
    write_checkpoint,
)
from rwlib.config import Config
from rwlib.conventions import InputError
from rwlib.data import TrainingSamples, make_generator
from rwlib.discriminator import RegionWiseDiscriminator
from rwlib.generator import Outputs, RegionWiseGenerator
from rwlib.losses import (
    adversarial_loss_discriminator,
    adversarial_loss_generator,
    gradient_penalty,
    objective,
    pixel_and_feature_terms,
)
from rwlib.masks import label_from_mask
from rwlib.vgg import VGGFeatures

GRADIENT_PENALTY_WEIGHT = 10.0  # Gulrajani et al., 2017
ENDLESS = sys.maxsize  # what an unlimited source counts as


class Players(NamedTuple):
    """The networks of a run and what updates them."""

    G: nn.Module
    D: nn.Module
    vgg: VGGFeatures
    opt_G: torch.optim.Optimizer
    opt_D: torch.optim.Optimizer
    ema: AveragedModel | None


def training_step(
    players: Players, I_gt: Tensor, M: Tensor, config: Config, phase: int, accelerator: Accelerator, step: int = 0
) -> dict[str, Tensor]:
    """One iteration of Algorithm 1 (lines 2 to 16).

    Args:
        players: see `Players`.
        I_gt: (b, 3, h, w) in [-1, 1].
        M: (b, 1, h, w), 1 existing, 0 missing.
        config: losses and weights.
        phase: 1 without, 2 with the adversarial loss.
        accelerator: runs backward passes and gives the arithmetic.
        step: seeds what little is drawn here (the mixture of `wgan-gp`).

    Returns:
        Name → detached scalar of every loss.
    """
    G, D, vgg, opt_G, opt_D, ema = players
    b = len(I_gt)
    with accelerator.autocast():
        out: Outputs = G(I_gt, M)  # lines 3 to 8
        with torch.no_grad():
            phis_gt = vgg(I_gt)
        phis_c2 = vgg(out.I_c2)
        one_composite = config.correlation_on == "I_c2" or out.I_c1 is out.I_c2
        phis_c1 = phis_c2 if one_composite else vgg(out.I_c1, pools=2)
        terms = pixel_and_feature_terms(  # line 9
            out.I_p1, out.I_p2, I_gt, phis_c1, phis_c2, phis_gt, reduction=config.reduction
        )
    losses = {"L_r": terms.L_r, "L_c": terms.L_c, "L_s": terms.L_s}

    if phase == 2:
        # The discriminator first, on what the generator makes now: line 14. All three images share one forward, so
        # that the power iteration of the spectral norm advances once a step.
        D.train()
        with accelerator.autocast():
            I_p1, I_p2 = out.I_p1.detach(), out.I_p2.detach()
            scores = D(torch.cat([I_gt, I_p1, I_p2]), torch.cat([M, M, M])).float()
            label = label_from_mask(M, scores.shape[-2:], config.label_resize)
            L_D = adversarial_loss_discriminator(
                *scores.split(b), label, form=config.adversarial, alpha=config.alpha, reduction=config.reduction
            )
        if config.adversarial == "wgan-gp":
            # One draw for the batch of all processes, of which each takes its share.
            rank, n = accelerator.process_index, accelerator.num_processes
            mix = torch.rand(n, b, 1, 1, 1, generator=make_generator(config.seed, 2, step))[rank].to(I_gt.device)
            I_mix = (mix * I_gt + (1 - mix) * I_p2).requires_grad_()
            L_D = L_D + GRADIENT_PENALTY_WEIGHT * gradient_penalty(D(I_mix, M), I_mix, M)
        opt_D.zero_grad(set_to_none=True)
        accelerator.backward(L_D)
        opt_D.step()
        # The generator's adversarial term, through a discriminator that stands still.
        judge = accelerator.unwrap_model(D).eval().requires_grad_(False)
        with accelerator.autocast():
            score_p1, score_p2 = judge(torch.cat([out.I_p1, out.I_p2]), torch.cat([M, M])).float().split(b)
            L_a = adversarial_loss_generator(
                score_p1, score_p2, label, form=config.adversarial, reduction=config.reduction
            )
        judge.requires_grad_(True)
        terms = terms._replace(L_a=L_a)
        losses |= {"L_a": L_a, "L_D": L_D, "D_gt": scores[:b].mean(), "D_p2": scores[2 * b :].mean()}

    L = objective(terms, config, phase)  # eq. (7)
    opt_G.zero_grad(set_to_none=True)
    accelerator.backward(L)  # lines 10 and 13
    opt_G.step()
    if ema is not None:
        ema.update_parameters(accelerator.unwrap_model(G))
    return {name: x.detach() for name, x in (losses | {"L": L}).items()}


def new_accelerator(config: Config, *, cpu: bool = False) -> Accelerator:
    """Return accelerate's launcher in the configured arithmetic; `cpu` keeps it off a GPU."""
    AcceleratorState._reset_state()  # accelerate would not let a second run in this process change its precision
    return Accelerator(mixed_precision={"fp32": "no"}.get(config.precision, config.precision), cpu=cpu)


def new_players(config: Config, device: torch.device, *, init: str | Path | None = None) -> Players:
    """Make the networks and optimisers that a configuration describes, from its seed.

    Args:
        config: sizes, seed, learning rate.
        device: where they shall live.
        init: a generator's or a run's checkpoint to start the generator from.
    """
    torch.manual_seed(config.seed)
    G, D = RegionWiseGenerator.from_config(config), RegionWiseDiscriminator.from_config(config)
    if init is not None:
        _load_init(G, init)
    ema = AveragedModel(G, multi_avg_fn=moving_average(config.ema_decay)) if config.ema_decay else None
    vgg = VGGFeatures(config.vgg, size_px=config.vgg_size_px)
    for network in (G, D, vgg, ema):
        if network is not None:
            network.to(device=device, memory_format=_memory_format(config))
    opt_G, opt_D = (
        torch.optim.Adam(network.parameters(), lr=config.learning_rate, betas=config.betas) for network in (G, D)
    )
    return Players(G, D, vgg, opt_G, opt_D, ema)


def prepare(players: Players, accelerator: Accelerator) -> Players:
    """Hand the trained networks and their optimisers to accelerate."""
    G, D, opt_G, opt_D = accelerator.prepare(players.G, players.D, players.opt_G, players.opt_D)
    return players._replace(G=G, D=D, opt_G=opt_G, opt_D=opt_D)


def _memory_format(config: Config) -> torch.memory_format:
    return torch.channels_last if config.channels_last else torch.contiguous_format


class Schedule(NamedTuple):
    """When what happens; a function of the step alone, so that a resumed run agrees."""

    phase_one: int
    total: int

    @classmethod
    def from_config(cls, config: Config, n_photos: int, n_processes: int) -> "Schedule":
        """Turn epochs into steps; an epoch is `steps_per_epoch` or one pass over the photographs.

        Raises:
            InputError: an epoch would have no end, because the source has none.
        """
        if not config.steps_per_epoch and n_photos >= ENDLESS:
            raise InputError(
                "steps_per_epoch: the data has no end, so an epoch has none; give --steps-per-epoch 200, say"
            )
        steps = config.steps_per_epoch or math.ceil(n_photos / (config.batch_size * n_processes))
        return cls(config.epochs[0] * steps, sum(config.epochs) * steps)

    def phase(self, step: int) -> int:
        """Return 1 or 2 for step 0, 1, ..."""
        return 1 if step < self.phase_one else 2

    def learning_rate(self, step: int, config: Config) -> float:
        """Return Adam's step size: half a cosine from the first to the final one."""
        first, final = config.learning_rate, config.final_learning_rate
        return final + (first - final) * (1 + math.cos(math.pi * step / self.total)) / 2


def batch_numbers(first_step: int, last_step: int, batch_size: int, rank: int, n_processes: int) -> Iterator[range]:
    """Yield each step's sample numbers for one process; all processes together take a contiguous block."""
    for step in range(first_step, last_step):
        start = (step * n_processes + rank) * batch_size
        yield range(start, start + batch_size)


def train(
    config: Config,
    source: Any,
    run_dir: str | Path,
    *,
    data_name: str = "",
    resume: bool = False,
    init: str | Path | None = None,
    steps: int | None = None,
    progress: bool = True,
) -> Path:
    """Train a region-wise GAN, Algorithm 1.

    Args:
        config: what to train; saved with the run.
        source: photographs, see `rwlib.data`.
        run_dir: folder of the run; made if missing.
        data_name: what to call the data in `run.json` and the checkpoints.
        resume: go on from `run_dir/training.safetensors` (start anew if there is none).
        init: a generator's or a run's checkpoint, of the same width, to start from: one trained on smaller crops, say.
        steps: stop after this step even if the schedule goes on; None goes to the end.
        progress: show a progress bar.

    Returns:
        The path of the generator's checkpoint.

    Raises:
        InputError: a run already stands in the folder, or its configuration differs, or the folder cannot be written
            to, or `steps` is below 1, or a loss is not finite.
    """
    # --- set up
    if config.reduction != "mean" and config.precision == "fp16":
        raise InputError("precision: sums overflow fp16 gradients, use bf16 or fp32, or reduction='mean'")
    if steps is not None and steps < 1:
        raise InputError(f"steps: expected at least 1 step to stop after, got {steps}")
    accelerator = new_accelerator(config)
    n_photos = ENDLESS if getattr(source, "unlimited", False) else len(source)
    schedule = Schedule.from_config(config, n_photos, accelerator.num_processes)
    run_dir, main = Path(run_dir), accelerator.is_main_process
    state_file, generator_file = run_dir / "training.safetensors", run_dir / "generator.safetensors"
    if state_file.exists() and not resume:
        raise InputError(f"run_dir: {run_dir} already holds a run; give --resume to go on, or choose another folder")

    players = new_players(config, accelerator.device, init=init)
    first_step = _restore(state_file, players, config) if resume and state_file.exists() else 0
    players = prepare(players, accelerator)
    G, D, _, opt_G, opt_D, ema = players
    memory_format = _memory_format(config)

    last_step = schedule.total if steps is None else min(steps, schedule.total)
    samples = TrainingSamples(source, config.size_px, config.hole_fraction, config.mask_kind, config.seed)
    place = (accelerator.process_index, accelerator.num_processes)
    loader = DataLoader(
        samples,
        batch_sampler=list(batch_numbers(first_step, last_step, config.batch_size, *place)),
        num_workers=config.workers,
        generator=torch.Generator(),  # otherwise each start of a run draws from the global one
        pin_memory=accelerator.device.type == "cuda",
    )
    about = {"data": data_name, "seed": config.seed, "total_steps": schedule.total, **versions()}
    shown = [samples[k] for k in range(4)]
    shown = tuple(torch.stack(tensors).to(accelerator.device) for tensors in zip(*shown, strict=True))
    try:  # only now that nothing else can be wrong
        (run_dir / "samples").mkdir(parents=True, exist_ok=True)
        (run_dir / "run.json").touch()
    except OSError as error:
        raise InputError(f"run_dir: cannot write to {run_dir} ({error.strerror}); choose another folder") from None
    if main:
        run = {"config": json.loads(config.to_json()), **about, "processes": accelerator.num_processes}
        (run_dir / "run.json").write_text(json.dumps(run, indent=2) + "\n")
    curves = _Curves(run_dir / "curves.csv", first_step) if main else None

    # --- Algorithm 1, line 1: while iterations t < T_train
    bar = tqdm(initial=first_step, total=last_step, disable=not (progress and main), unit="step", dynamic_ncols=True)
    ready = time.perf_counter()
    for step, (I_gt, M) in enumerate(loader, first_step):
        dataloader_wait = time.perf_counter() - ready
        I_gt = I_gt.to(accelerator.device, non_blocking=True, memory_format=memory_format)
        M = M.to(accelerator.device, non_blocking=True)
        learning_rate = schedule.learning_rate(step, config)
        for group in opt_G.param_groups + opt_D.param_groups:
            group["lr"] = learning_rate
        phase = schedule.phase(step)
        losses = training_step(players, I_gt, M, config, phase, accelerator, step)
        values = {name: float(x) for name, x in losses.items()}
        if not all(map(math.isfinite, values.values())):
            bad = ", ".join(f"{name} = {x}" for name, x in values.items() if not math.isfinite(x))
            raise InputError(f"training: step {step}, phase {phase}: {bad}; lower learning_rate, or use bf16 or fp32")
        done = step + 1
        if main:
            wait = {"learning_rate": learning_rate, "dataloader_wait_s": dataloader_wait}
            curves.write({"step": step, "phase": phase, **values, **wait})
            bar.set_postfix({k: f"{v:.3g}" for k, v in values.items()} | {"wait": f"{1000 * dataloader_wait:.0f}ms"})
            bar.update()
            bare_G = accelerator.unwrap_model(G)
            if done % config.sample_every == 0 or done == last_step:
                save_samples(ema.module if ema else bare_G, *shown, run_dir / "samples" / f"step_{done:06d}.png")
            if done % config.checkpoint_every == 0 or done == last_step:
                curves.flush()
                tensors = _pack(bare_G, accelerator.unwrap_model(D), ema, opt_G, opt_D)
                write_checkpoint(state_file, tensors, kind="training", config=config, about={**about, "step": done})
                save_generator(generator_file, ema.module if ema else bare_G, config, about={**about, "step": done})
        ready = time.perf_counter()
    bar.close()
    accelerator.wait_for_everyone()
    if main:
        curves.close()
    return generator_file


def moving_average(decay: float) -> Any:
    """Return an exponential moving average for `AveragedModel`, with a warm-up.

    After n updates the decay is at most (1 + n) / (10 + n): without it the average of a short run would still hold the
    random weights of its start (with 0.999, a third of them after 1,000 steps).
    """

    @torch.no_grad()
    def update(averaged: list[Tensor], current: list[Tensor], n_averaged: Tensor | int) -> None:
        n = int(n_averaged)
        torch._foreach_lerp_(averaged, current, 1 - min(decay, (1 + n) / (10 + n)))

    return update


@torch.no_grad()
def save_samples(G: nn.Module, I_gt: Tensor, M: Tensor, file: Path) -> None:
    """Write a grid with a row an image: I_in, I_p1, I_c1, I_p2, I_c2, I_gt (missing pixels of I_in are white)."""
    was_training = G.training
    out = G.eval()(I_gt, M)
    G.train(was_training)
    I_in = I_gt * M + (1 - M)
    rows = torch.stack([I_in, out.I_p1, out.I_c1, out.I_p2, out.I_c2, I_gt], dim=1).flatten(0, 1).float().cpu()
    save_image(make_grid(rows, nrow=6, padding=2, normalize=True, value_range=(-1, 1)), file)


def versions() -> dict[str, Any]:
    """Return what a run was made with: versions and, in a git checkout, the commit."""
    found = {"rwlib": __version__, "torch": torch.__version__, "torchvision": torchvision.__version__}
    found["python"] = platform.python_version()
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return found | ({"commit": asked.stdout.strip()} if asked.returncode == 0 else {})


class _Curves:
    """Rows of a CSV file; those at or after `first_step` (of a run that stopped after its checkpoint) are dropped."""

    fields = ("step", "phase", "L", "L_r", "L_c", "L_s", "L_a", "L_D", "D_gt", "D_p2", "learning_rate",
              "dataloader_wait_s")  # fmt: skip

    def __init__(self, file: Path, first_step: int) -> None:
        kept = []
        if first_step and file.exists():
            with open(file, newline="") as old:
                kept = [row for row in csv.DictReader(old) if int(row["step"]) < first_step]
        self.file = open(file, "w", newline="", buffering=1)  # noqa: SIM115 (closed by close)
        self.rows = csv.DictWriter(self.file, self.fields)
        self.rows.writeheader()
        self.rows.writerows(kept)

    def write(self, row: dict[str, float]) -> None:
        self.rows.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})

    def flush(self) -> None:
        self.file.flush()

    def close(self) -> None:
        self.file.close()


def _pack(G: nn.Module, D: nn.Module, ema: AveragedModel | None, opt_G: Any, opt_D: Any) -> dict[str, Tensor]:
    """Name every tensor that a resumed run needs."""
    modules = {"G": G, "D": D} | ({"ema": ema} if ema else {})
    tensors = {f"{who}.{name}": x for who, module in modules.items() for name, x in module.state_dict().items()}
    tensors |= pack_optimiser("opt_G", getattr(opt_G, "optimizer", opt_G))
    tensors |= pack_optimiser("opt_D", getattr(opt_D, "optimizer", opt_D))
    tensors["rng.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["rng.cuda"] = torch.cuda.get_rng_state()
    return tensors


def _load_init(G: nn.Module, file: str | Path) -> None:
    """Take a generator's weights from a generator checkpoint, or from a training checkpoint (not its average)."""
    tensors, _, _ = read_checkpoint(file)
    if "rng.cpu" in tensors:
        tensors = {name.removeprefix("G."): x for name, x in tensors.items() if name.startswith("G.")}
    load_weights(G, tensors, file=file)


def _restore(file: Path, players: Players, config: Config) -> int:
    """Put back what `_pack` named and return the number of finished steps."""
    G, D, _, opt_G, opt_D, ema = players
    tensors, saved, about = read_checkpoint(file, kind="training")
    ours, theirs = json.loads(config.to_json()), json.loads(saved.to_json())
    free = {"workers", "checkpoint_every", "sample_every", "channels_last"}  # these do not change what is learned
    if differing := [name for name in ours if ours[name] != theirs[name] and name not in free]:
        changes = ", ".join(f"{name} {theirs[name]} -> {ours[name]}" for name in differing)
        raise InputError(f"config: the run in {file.parent} was started with other settings ({changes}); keep them")
    for who, module in {"G": G, "D": D, "ema": ema}.items():
        if module is not None:
            own = {name.removeprefix(who + "."): x for name, x in tensors.items() if name.startswith(who + ".")}
            load_weights(module, own, file=file)
    unpack_optimiser("opt_G", opt_G, tensors)
    unpack_optimiser("opt_D", opt_D, tensors)
    torch.set_rng_state(tensors["rng.cpu"])
    if "rng.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["rng.cuda"])
    return int(about["step"])
