r"""Algorithm 1: training in two phases, on a CPU, one GPU or many.

Read `training_step` first: it is the paper's algorithm, both phases in view. `train` is the frame around it: set up,
go through the steps, write what happens (`rwlib.runs` says what a run's folder holds). The launcher library accelerate
takes care of devices, mixed precision and several processes, and of nothing else.

Everything random is a function of the seed and the step (`rwlib.data.TrainingSamples`), so a resumed run continues bit
for bit on a CPU.
"""

import contextlib
import json
import math
import os
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader
from tqdm import tqdm

from rwlib.checkpoints import read_checkpoint, save_generator
from rwlib.config import Config
from rwlib.conventions import InputError, image_to_tensor
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
from rwlib.masks import label_from_mask, random_mask
from rwlib.metrics import psnr
from rwlib.runs import (
    BEST,
    GENERATOR,
    STATE,
    Curves,
    PartTimer,
    leave_signals_to_training,
    load_init,
    newest_state,
    pack_state,
    read_record,
    save_samples,
    save_state,
    signal_watch,
    this_process,
    unpack_state,
    versions,
    write_record,
)
from rwlib.vgg import VGGFeatures

GRADIENT_PENALTY_WEIGHT = 10.0  # Gulrajani et al., 2017
ENDLESS = sys.maxsize  # what an unlimited source counts as
VALIDATION_PHOTOS = 32  # at most; one mask each


class Players(NamedTuple):
    """The networks of a run and what updates them."""

    G: nn.Module
    D: nn.Module
    vgg: VGGFeatures
    opt_G: torch.optim.Optimizer
    opt_D: torch.optim.Optimizer
    ema: AveragedModel | None


def training_step(
    players: Players,
    I_gt: Tensor,
    M: Tensor,
    config: Config,
    phase: int,
    accelerator: Accelerator,
    step: int = 0,
    timer: PartTimer | None = None,
) -> dict[str, Tensor]:
    """One iteration of Algorithm 1 (lines 2 to 16).

    With `config.accumulate` above 1 the batch goes through in that many parts, whose gradients add up to those of the
    whole; the generator then runs twice in phase two, because the discriminator must be updated before it is asked.

    Args:
        players: see `Players`.
        I_gt: (b, 3, h, w) in [-1, 1].
        M: (b, 1, h, w), 1 existing, 0 missing.
        config: losses and weights.
        phase: 1 without, 2 with the adversarial loss.
        accelerator: runs backward passes and gives the arithmetic.
        step: seeds what little is drawn here (the mixture of `wgan-gp`).
        timer: notes how long each part of the step takes.

    Returns:
        Name → detached scalar of every loss.
    """
    G, D, vgg, opt_G, opt_D, ema = players
    mark = timer.mark if timer else (lambda part: None)
    parts = list(zip(I_gt.chunk(config.accumulate), M.chunk(config.accumulate), strict=True))
    # What each part weighs in a mean over the batch; the released program sums over it.
    share = 1.0 if config.reduction == "batch_sum" else 1 / len(parts)
    judge = accelerator.unwrap_model(D)
    outs: list[Outputs | None] = [None] * len(parts)
    losses: dict[str, Tensor] = {}

    def add(**values: Tensor) -> None:
        for name, x in values.items():
            losses[name] = losses.get(name, 0.0) + x.detach() * (1 / len(parts) if name[:2] == "D_" else share)

    def together(network: nn.Module, i: int) -> Any:
        """Let several processes exchange gradients once, at the last part."""
        return contextlib.nullcontext() if i == len(parts) - 1 else accelerator.no_sync(network)

    mark("start")
    if phase == 2:
        # The discriminator first, on what the generator makes now: line 14. All three images share one forward, so
        # that the power iteration of the spectral norm advances once a step.
        opt_D.zero_grad(set_to_none=True)
        for i, (I, M_i) in enumerate(parts):
            with accelerator.autocast(), torch.set_grad_enabled(len(parts) == 1):
                outs[i] = G(I, M_i)
            mark("forward")
            D.train(i == 0)
            with together(D, i):
                with accelerator.autocast():
                    I_p1, I_p2 = outs[i].I_p1.detach(), outs[i].I_p2.detach()
                    scores = D(torch.cat([I, I_p1, I_p2]), torch.cat([M_i, M_i, M_i])).float()
                    label = label_from_mask(M_i, scores.shape[-2:], config.label_resize)
                    score_gt, score_p1, score_p2 = scores.split(len(I))
                    L_D = adversarial_loss_discriminator(
                        score_gt, score_p1, score_p2, label,
                        form=config.adversarial, alpha=config.alpha, reduction=config.reduction,
                    )  # fmt: skip
                if config.adversarial == "wgan-gp":
                    # One draw for the batch of all processes, of which each takes its share.
                    rank, n = accelerator.process_index, accelerator.num_processes
                    mix = torch.rand(n, len(I_gt), 1, 1, 1, generator=make_generator(config.seed, 2, step))[rank]
                    mix = mix.chunk(len(parts))[i].to(I.device)
                    I_mix = (mix * I + (1 - mix) * I_p2).requires_grad_()
                    D.eval()  # no second power iteration
                    L_D = L_D + GRADIENT_PENALTY_WEIGHT * gradient_penalty(D(I_mix, M_i), I_mix, M_i)
                accelerator.backward(share * L_D)
            add(L_D=L_D, D_gt=score_gt.mean(), D_p2=score_p2.mean())
            if len(parts) > 1:
                outs[i] = None
            mark("discriminator")
        opt_D.step()
        judge.eval().requires_grad_(False)  # the generator asks a discriminator that stands still
        mark("update")

    opt_G.zero_grad(set_to_none=True)
    for i, (I, M_i) in enumerate(parts):
        with together(G, i):
            with accelerator.autocast():
                out = outs[i] or G(I, M_i)  # lines 3 to 8
                mark("forward")
                with torch.no_grad():
                    phis_gt = vgg(I)
                phis_c2 = vgg(out.I_c2)
                one_composite = config.correlation_on == "I_c2" or out.I_c1 is out.I_c2
                phis_c1 = phis_c2 if one_composite else vgg(out.I_c1, pools=2)
                terms = pixel_and_feature_terms(  # line 9
                    out.I_p1, out.I_p2, I, phis_c1, phis_c2, phis_gt, reduction=config.reduction
                )
                mark("losses")
                if phase == 2:
                    scores = judge(torch.cat([out.I_p1, out.I_p2]), torch.cat([M_i, M_i])).float()
                    label = label_from_mask(M_i, scores.shape[-2:], config.label_resize)
                    L_a = adversarial_loss_generator(
                        *scores.split(len(I)), label, form=config.adversarial, reduction=config.reduction
                    )
                    terms = terms._replace(L_a=L_a)
                    add(L_a=L_a)
                    mark("discriminator")
            L = objective(terms, config, phase)  # eq. (7)
            accelerator.backward(share * L)  # lines 10 and 13
        add(L_r=terms.L_r, L_c=terms.L_c, L_s=terms.L_s, L=L)
        mark("backward")
    judge.requires_grad_(True)
    opt_G.step()
    if ema is not None:
        ema.update_parameters(accelerator.unwrap_model(G))
    mark("update")
    return losses


def new_accelerator(
    config: Config, *, cpu: bool = False, trackers: Sequence[Any] = (), run_dir: str | Path | None = None
) -> Accelerator:
    """Return accelerate's launcher in the configured arithmetic.

    Args:
        config: has the arithmetic.
        cpu: keep it off a GPU; without one it is set anyway.
        trackers: accelerate's names of what shall draw the curves, `"tensorboard"` or `"wandb"`, or trackers.
        run_dir: where a tracker may write.

    Raises:
        InputError: a tracker whose package is not installed, or a launcher's processes that do not find each other.
    """
    # Told to, accelerate joins processes on CPUs; otherwise each would train alone, all of them in the same folder.
    cpu = cpu or not torch.accelerator.is_available()
    AcceleratorState._reset_state()  # accelerate would not let a second run in this process change its precision
    precision = {"fp32": "no"}.get(config.precision, config.precision)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*no supported trackers")  # the line below says which
            accelerator = Accelerator(
                mixed_precision=precision, cpu=cpu, log_with=list(trackers) or None, project_dir=str(run_dir or ".")
            )
    except ValueError as error:
        raise InputError(f"trackers: {error}") from None
    launched = int(os.environ.get("WORLD_SIZE", 1))
    if accelerator.num_processes != launched:
        raise InputError(
            f"processes: the launcher (WORLD_SIZE) started {launched}, accelerate joined {accelerator.num_processes}; "
            "start them with `accelerate launch` or torchrun"
        )
    ready = {getattr(tracker, "value", "") for tracker in accelerator.log_with}
    if missing := [name for name in trackers if isinstance(name, str) and name not in ready]:
        raise InputError(f"trackers: {missing[0]} is not installed; `pip install {missing[0]}`, or leave it out")
    return accelerator


def start_trackers(accelerator: Accelerator, config: Config, run_dir: Path, *, goes_on: bool) -> None:
    """Give the trackers the configuration; a run that goes on after a stop stays one run at Weights & Biases.

    Raises:
        InputError: a tracker does not start (no login, no network).
    """
    plain = {k: x if isinstance(x, int | float | str) else str(x) for k, x in json.loads(config.to_json()).items()}
    number = read_record(run_dir).get("wandb_id") if goes_on else None
    number = number or uuid.uuid4().hex[:8]
    wandb = {"dir": str(run_dir), "name": run_dir.name, "id": number, "resume": "allow"}
    try:
        accelerator.init_trackers("rwlib", config=plain, init_kwargs={"wandb": wandb})
    except Exception as error:  # each tracker's package has errors of its own
        if accelerator.is_main_process:
            write_record(run_dir, status="failed")
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(f"trackers: {reason[0]} (or leave --track out; WANDB_MODE=offline needs no login)") from None
    if accelerator.is_main_process and "wandb" in {getattr(tracker, "name", "") for tracker in accelerator.trackers}:
        write_record(run_dir, wandb_id=number)


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
        load_init(G, init)
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
    val: Any = None,
    resume: bool = False,
    init: str | Path | None = None,
    steps: int | None = None,
    stop: Callable[[], bool] | None = None,
    keep: int = 2,
    trackers: Sequence[Any] = (),
    progress: bool = True,
    about: dict[str, Any] | None = None,
) -> Path:
    """Train a region-wise GAN, Algorithm 1.

    SIGTERM, SIGINT (Ctrl-C) and SIGUSR1 end a run after the current step, with a checkpoint.

    Args:
        config: what to train; saved with the run.
        source: photographs, see `rwlib.data`.
        run_dir: folder of the run; made if missing.
        data_name: what to call the data in `run.json` and the checkpoints.
        val: photographs that are not trained on; at each checkpoint the PSNR in the holes of at most 32 of them goes to
            `curves.csv`, and the best generator so far to `best.safetensors`.
        resume: go on from the newest checkpoint that is whole (start anew if there is none).
        init: a generator's or a run's checkpoint, of the same width, to start from: one trained on smaller crops, say.
        steps: stop after this step even if the schedule goes on; None goes to the end.
        stop: asked after every step; True ends the run with a checkpoint.
        keep: how many of the last checkpoints to keep.
        trackers: `"tensorboard"`, `"wandb"`, or a tracker of accelerate's.
        progress: show a progress bar.
        about: more entries for `run.json`.

    Returns:
        The path of the generator's checkpoint.

    Raises:
        InputError: a run already stands in the folder, or its configuration differs, or the folder cannot be written
            to, or `steps` or `keep` is below 1, or a loss is not finite.
    """
    # --- set up
    if config.reduction != "mean" and config.precision == "fp16":
        raise InputError("precision: sums overflow fp16 gradients, use bf16 or fp32, or reduction='mean'")
    for name, number, what in (("steps", steps, "step to stop after"), ("keep", keep, "checkpoint")):
        if number is not None and number < 1:
            raise InputError(f"{name}: expected at least 1 {what}, got {number}")
    run_dir = Path(run_dir)
    accelerator = new_accelerator(config, trackers=trackers, run_dir=run_dir)
    n_photos = ENDLESS if getattr(source, "unlimited", False) else len(source)
    schedule = Schedule.from_config(config, n_photos, accelerator.num_processes)
    main = accelerator.is_main_process
    if (run_dir / STATE).exists() and not resume:
        raise InputError(f"run_dir: {run_dir} already holds a run; give --resume to go on, or choose another folder")

    players = bare = new_players(config, accelerator.device, init=init)
    first_step = 0
    if resume and (found := newest_state(run_dir, discard=accelerator.is_main_process)):
        file, tensors, saved, remarks = found
        unpack_state(players, config, file, tensors, saved, accelerator.scaler)
        first_step = int(remarks["step"])
        del tensors, found
    players = prepare(players, accelerator)
    shown_G = bare.ema.module if bare.ema else bare.G

    last_step = schedule.total if steps is None else min(steps, schedule.total)
    samples = TrainingSamples(source, config.size_px, config.hole_fraction, config.mask_kind, config.seed)
    images_a_step = config.batch_size * config.accumulate
    place = (accelerator.process_index, accelerator.num_processes)
    loader = DataLoader(
        samples,
        batch_sampler=list(batch_numbers(first_step, last_step, images_a_step, *place)),
        num_workers=config.workers,
        worker_init_fn=leave_signals_to_training,
        generator=torch.Generator(),  # otherwise each start of a run draws from the global one
        pin_memory=accelerator.device.type == "cuda",
    )
    remarks = {"data": data_name, "seed": config.seed, "total_steps": schedule.total, **versions()}
    shown = [samples[k] for k in range(4)]
    shown = tuple(torch.stack(tensors).to(accelerator.device) for tensors in zip(*shown, strict=True))
    held_out = list(validation_pairs(val, config)) if val is not None and main else []
    best = _best_so_far(run_dir) if resume else -math.inf
    curves = None
    if main:
        try:  # only now that nothing else can be wrong
            (run_dir / "samples").mkdir(parents=True, exist_ok=True)
            for left_over in run_dir.rglob(".*.part*"):  # by a process that was killed while it wrote
                left_over.unlink()
            run = {"config": json.loads(config.to_json()), **remarks, "processes": accelerator.num_processes}
            write_record(run_dir, **run, **(about or {}), **this_process(), status="running")
            curves = Curves(run_dir / "curves.csv", first_step)
        except OSError as error:
            raise InputError(f"run_dir: cannot write to {run_dir} ({error.strerror}); choose another folder") from None
    if trackers:
        start_trackers(accelerator, config, run_dir, goes_on=first_step > 0)

    def save(done: int) -> dict[str, float]:
        """Write a checkpoint, and measure on held-out photographs where there are any."""
        nonlocal best
        tensors = pack_state(players._replace(G=bare.G, D=bare.D), accelerator.scaler)
        save_state(run_dir, tensors, config, {**remarks, "step": done}, keep)
        save_generator(run_dir / GENERATOR, shown_G, config, about={**remarks, "step": done})
        if not held_out:
            return {}
        score = validation_psnr(shown_G, held_out, accelerator.device)
        if score > best:
            best = score
            save_generator(run_dir / BEST, shown_G, config, about={**remarks, "step": done, "val_hole_psnr": score})
        return {"val_hole_psnr": score}

    # --- Algorithm 1, line 1: while iterations t < T_train
    timer, status = PartTimer(accelerator.device), "failed"
    bar = tqdm(initial=first_step, total=last_step, disable=not (progress and main), unit="step", dynamic_ncols=True)
    try:
        with signal_watch() as signal_came:
            ready = time.perf_counter()
            for step, (I_gt, M) in enumerate(loader, first_step):
                dataloader_wait = time.perf_counter() - ready
                I_gt = I_gt.to(accelerator.device, non_blocking=True, memory_format=_memory_format(config))
                M = M.to(accelerator.device, non_blocking=True)
                learning_rate = schedule.learning_rate(step, config)
                for group in players.opt_G.param_groups + players.opt_D.param_groups:
                    group["lr"] = learning_rate
                phase = schedule.phase(step)
                losses = training_step(players, I_gt, M, config, phase, accelerator, step, timer)
                why = signal_came() or ("asked to stop" if stop is not None and stop() else "")
                values, stopping = _agree(losses, bool(why), accelerator)
                if not all(map(math.isfinite, values.values())):
                    numbers = next(batch_numbers(step, step + 1, images_a_step, *place))
                    raise InputError(_not_finite(losses, step, phase, [samples.name(k) for k in numbers], run_dir))
                done = step + 1
                if main:
                    row = {"step": step, "phase": phase, **values, "learning_rate": learning_rate}
                    row |= {"dataloader_wait_s": dataloader_wait, **timer.read()}
                    if done % config.sample_every == 0 or done == last_step:
                        save_samples(shown_G, *shown, run_dir / "samples" / f"step_{done:06d}.png")
                    if done % config.checkpoint_every == 0 or done == last_step or stopping:
                        row |= save(done)
                    curves.write(row)
                    bar.set_postfix(
                        {k: f"{v:.3g}" for k, v in values.items()} | {"wait": f"{1000 * dataloader_wait:.0f}ms"}
                    )
                    bar.update()
                if trackers:
                    score = {k: row[k] for k in ("val_hole_psnr",) if main and k in row}
                    accelerator.log(values | score | {"learning_rate": learning_rate}, step=step)
                if stopping:
                    status = "stopped"
                    if main and done < last_step and (progress or signal_came()):
                        tqdm.write(f"stopped after step {done} of {schedule.total} ({why or 'another process'})")
                    break
                ready = time.perf_counter()
            else:
                status = "finished" if last_step == schedule.total else "stopped"
    finally:
        bar.close()
        if main:
            curves.close()
            with contextlib.suppress(OSError):
                write_record(run_dir, status=status)
    accelerator.wait_for_everyone()
    if trackers:
        accelerator.end_training()
    return run_dir / GENERATOR


def _agree(losses: dict[str, Tensor], stop: bool, accelerator: Accelerator) -> tuple[dict[str, float], bool]:
    """Return the losses' means over all processes, and whether one of them wants to stop, in one exchange."""
    numbers = torch.stack(
        [*(x.float().reshape(()) for x in losses.values()), torch.tensor(float(stop)).to(_any(losses))]
    )
    if accelerator.num_processes > 1:
        numbers = accelerator.reduce(numbers, "mean")
    *means, stops = numbers.tolist()
    return dict(zip(losses, means, strict=True)), stops > 0


def _any(losses: dict[str, Tensor]) -> torch.device:
    return next(iter(losses.values())).device


def _not_finite(losses: dict[str, Tensor], step: int, phase: int, photos: list[str], run_dir: Path) -> str:
    """Say which term of which step is not finite, on which photographs, and what is left."""
    bad = ", ".join(f"{name} = {float(x)}" for name, x in losses.items() if not x.isfinite())
    bad = f"{bad} on {', '.join(photos)}" if bad else "a loss of another process is not finite"
    left = f"; {run_dir / STATE} is the last good checkpoint" if (run_dir / STATE).exists() else ""
    return f"training: step {step}, phase {phase}: {bad}; lower learning_rate, or use bf16 or fp32{left}"


def validation_pairs(val: Any, config: Config) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (I_gt, M) of the first photographs of a source, each with one fixed hole."""
    for k in range(min(VALIDATION_PHOTOS, ENDLESS if getattr(val, "unlimited", False) else len(val))):
        I_gt = image_to_tensor(val.center(k, config.size_px))
        fraction = (max(config.hole_fraction[0], 0.01), max(config.hole_fraction[1], 0.01))
        generator = make_generator(0, 4, k)  # the same holes for every seed of a run
        yield I_gt, random_mask(config.size_px, config.size_px, fraction, kind="both", generator=generator)[None]


@torch.no_grad()
def validation_psnr(G: nn.Module, pairs: Sequence[tuple[Tensor, Tensor]], device: torch.device) -> float:
    """Return the mean PSNR in the hole, in dB, over images one by one."""
    was_training, scores = G.training, []
    G.eval()
    for I_gt, M in pairs:
        I_c2 = G(I_gt.to(device), M.to(device)).I_c2.float().cpu()
        scores.append(float(psnr(I_c2, I_gt, M)))
    G.train(was_training)
    return sum(scores) / len(scores)


def _best_so_far(run_dir: Path) -> float:
    try:
        return float(read_checkpoint(run_dir / BEST, kind="generator")[2]["val_hole_psnr"])
    except (InputError, KeyError):
        return -math.inf


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
