"""What the first hour on a GPU measures, and how its results are kept; see `gpu_hour.sh`."""

import csv
import io
import itertools
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode

from rwlib.bench.cases import channels_last, image_and_mask
from rwlib.bench.measure import exact_float32, interleaved, peak_mb
from rwlib.config import Config, make_config
from rwlib.data import TrainingSamples, open_source
from rwlib.evaluation.tables import markdown_table
from rwlib.files import append_durably
from rwlib.losses import correlation_loss, reconstruction_loss, style_loss
from rwlib.system import cpu_model, memory_gb, usable_cores
from rwlib.training import setup
from rwlib.training.launch import new_accelerator, prepare
from rwlib.training.step import Batch, Losses, training_step
from rwlib.training.update import Updater

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Row:
    """A measurement; what does not apply is None."""

    ms: float | None = None
    """Milliseconds per call, median."""
    images_per_s: float | None = None
    peak_mb: float | None = None
    """Highest memory that one call takes beyond what stood before it."""
    tflops: float | None = None
    """Reached, in 10¹² operations per second."""
    share: float | None = None
    """Of what a large matrix product reaches here in the same arithmetic."""
    number: float | None = None
    """What the name of the measurement says."""
    error: str = ""


class Hour:
    """Settings of a call, and the results of all calls."""

    def __init__(
        self, out: Path, photographs: Path, seconds: float, size_px: int, batch_size: int, toy: bool
    ) -> None:  # fmt: skip
        # A part that is stopped from outside has 25 seconds; what it starts late should fit into two minutes.
        self.ends = time.monotonic() + (seconds - 30 if toy else seconds - 120)
        self.out, self.photographs, self.toy = out, photographs, toy
        self.size_px, self.batch_size = (32, 2) if toy else (size_px, batch_size)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.precisions = (
            ("fp32",) if toy else ("fp32", "bf16", "fp16") if self.device.type == "cuda" else ("fp32", "bf16")
        )
        self.runs = 1 if toy else 5
        self.file = out / "results.csv"
        self.results: dict[str, Row] = {}
        if self.file.exists():
            number = {field.name for field in fields(Row)} - {"error"}
            for line in csv.DictReader(io.StringIO(self.file.read_text(encoding="utf-8"))):
                name = line.pop("name")
                self.results[name] = Row(
                    **{k: (float(v) if v else None) if k in number else v for k, v in line.items()}
                )

    def add(self, name: str, row: Row) -> None:
        """Keep a measurement, on the disk at once."""
        self.results[name] = row
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, ["name", *(field.name for field in fields(Row))], lineterminator="\n")
        if not self.file.exists():
            writer.writeheader()
        writer.writerow(
            {"name": name, **{k: f"{v:.6g}" if isinstance(v, float) else v for k, v in asdict(row).items()}}
        )
        append_durably(self.file, buffer.getvalue().encode(), "out")
        print(name, {k: v for k, v in asdict(row).items() if v not in (None, "")}, flush=True)

    def config(self, **changes: Any) -> Config:
        """Return the configuration that is measured."""
        small = {"width": 4, "discriminator_width": 4, "vgg": "random"} if self.toy else {}
        sizes = {"size_px": self.size_px, "batch_size": self.batch_size, "ema_decay": 0.999}
        return make_config("balanced", "full", **{**small, **sizes, **changes})

    def seconds_per_step(self, size_px: int, batch_size: int) -> float:
        """Return what was measured for a step of phase one, or a first guess."""
        names = [step_name(size_px, batch_size, precision, 1) for precision in self.precisions]
        times = [row.ms for name in names if (row := self.results.get(name)) and row.ms]
        return min(times) / 1000 if times else 1.0


def timed(
    hour: Hour, fn: Callable[[], Any], images: int, precision: str = "fp32", plain: Callable[[], Any] | None = None
) -> Row:
    """Count the operations of a call (of `plain`, the same without a compiler), time it, and measure its memory."""
    with FlopCounterMode(display=False) as counter:
        (plain or fn)()
    flops = counter.get_total_flops()
    ms, _ = interleaved(fn, None, hour.runs)
    tflops = flops / ms / 1e9
    ceiling = hour.results.get(f"ceiling {precision}", Row()).tflops
    return Row(ms, 1000 * images / ms, peak_mb(fn, hour.device), tflops, tflops / ceiling if ceiling else None)


# --- correctness


class Gradients:
    """Lets a player not move at all, and keeps what it would have moved by."""

    def __init__(self, batch: Batch) -> None:
        self.batch, self.numbers, self._out = batch, {}, None

    def __call__(
        self,
        player: nn.Module,
        optimiser: Any,
        descended: str,
        generate: Callable[[Batch], Any],
        losses_of: Callable[[Batch, Any], Losses],
    ) -> Losses:
        """Descend nothing."""
        player.zero_grad()
        self._out = generate(self.batch) if self._out is None else self._out
        losses = losses_of(self.batch, self._out)
        losses[descended].backward()
        self.numbers |= {f"{descended} {name}": x.grad for name, x in player.named_parameters() if x.grad is not None}
        self.numbers |= losses
        return losses


def correctness(hour: Hour) -> Iterator[tuple[str, Callable[[], Row]]]:
    """Compare losses and gradients of a step with those of a CPU: the difference, relative to the largest number."""
    for phase in (1, 2):
        yield f"step of phase {phase} beside a CPU: largest relative difference", partial(beside_a_cpu, hour, phase)


def beside_a_cpu(hour: Hour, phase: int) -> Row:
    """Return by how much the numbers of a step differ; on a CPU the two sides differ in the order of memory."""
    config = hour.config(size_px=64, batch_size=2, precision="fp32", adversarial="hinge")
    sides = []
    for device, changes in ((hour.device, {}), (torch.device("cpu"), {"channels_last": False})):
        here = replace(config, **changes)
        I_gt, M = image_and_mask(64, 2, device)
        batch = Batch(channels_last(I_gt, here.channels_last), M, torch.rand(2, 1, 1, 1).to(device))
        update = Gradients(batch)
        with exact_float32():
            training_step(setup.new_players(here, device), here, phase, 0, update)
        sides.append({name: x.detach().double().cpu() for name, x in update.numbers.items()})
    ours, theirs = sides
    return Row(number=max(relative_difference(ours[name], theirs[name]) for name in theirs))


def relative_difference(ours: Tensor, theirs: Tensor) -> float:
    """Return ‖ours - theirs‖ / ‖theirs‖."""
    return float((ours - theirs).norm() / theirs.norm().clamp_min(1e-12))


def difference_of(one: Path, two: Path) -> Row:
    """Compare the generators of two run folders; Adam enlarges differences of rounding."""
    ours, theirs = (load_file(folder / "generator.safetensors") for folder in (one, two))
    return Row(number=max(relative_difference(ours[name].double(), theirs[name].double()) for name in theirs))


# --- speed


def step_name(size_px: int, b: int, precision: str, phase: int, compiled: bool = False) -> str:
    """Name the measurement of a training step."""
    return f"step phase {phase} {size_px} px b{b} {precision}" + (" compiled" if compiled else "")


def speed(hour: Hour) -> Iterator[tuple[str, Callable[[], Row]]]:
    """Ceilings, input, forward passes, losses, steps: what is most worth knowing first."""
    for precision in hour.precisions:
        yield f"ceiling {precision}", partial(ceiling, hour, precision)
    yield "input pipeline", partial(input_pipeline, hour)
    size_px, middle = hour.size_px, 2 if hour.toy else 16
    batches = (middle,) if hour.toy else (middle, 1, 4, 8, 32, 64)
    for b, precision, phase in itertools.product(batches, hour.precisions, (1, 2)):
        yield step_name(size_px, b, precision, phase), partial(step, hour, b, precision, phase)
    for b, precision in itertools.product(batches, hour.precisions):
        yield f"forward {size_px} px b{b} {precision}", partial(forward, hour, b, precision)
    for name in ("L_r", "L_c", "L_s", "VGG"):
        yield f"{name} {size_px} px b{middle}, forward and backward", partial(loss, hour, middle, name)
    for precision in () if hour.toy else hour.precisions:  # last: a compiler may take minutes
        name = f"forward {size_px} px b{middle} {precision} compiled"
        yield name, partial(forward, hour, middle, precision, compiled=True)
        name = step_name(size_px, middle, precision, 2, compiled=True)
        yield name, partial(step, hour, middle, precision, 2, compiled=True)


def ceiling(hour: Hour, precision: str) -> Row:
    """Time a large matrix product."""
    side = 128 if hour.toy else 8192
    a, b = (torch.randn(side, side, device=hour.device, dtype=DTYPES[precision]) for _ in range(2))
    ms, _ = interleaved(lambda: a @ b, None, hour.runs)
    return Row(ms=ms, tflops=2 * side**3 / ms / 1e9)


def input_pipeline(hour: Hour) -> Row:
    """Read, crop and mask photographs with the workers of the training, and move them to the device."""
    config = hour.config()
    source = open_source(str(hour.photographs / "train"))
    samples = TrainingSamples(source, config.size_px, config.hole_fraction, config.mask_kind, 0)
    n = 2 if hour.toy else 60
    numbers = [range(k * hour.batch_size, (k + 1) * hour.batch_size) for k in range(n)]
    loader = DataLoader(
        samples, batch_sampler=[list(x) for x in numbers], num_workers=0 if hour.toy else 8,
        pin_memory=hour.device.type == "cuda",
    )  # fmt: skip
    batches = iter(loader)
    next(batches)
    start = time.perf_counter()
    for I_gt, M in batches:
        last = I_gt.to(hour.device, non_blocking=True), M.to(hour.device, non_blocking=True)
    float(last[0].sum())
    seconds = time.perf_counter() - start
    return Row(ms=1000 * seconds / (n - 1), images_per_s=(n - 1) * hour.batch_size / seconds)


def forward(hour: Hour, b: int, precision: str, *, compiled: bool = False) -> Row:
    """Fill holes without gradients."""
    config = hour.config(batch_size=b)
    G = setup.new_players(config, hour.device).G.eval()
    I_gt, M = image_and_mask(config.size_px, b, hour.device)
    I_gt, fast = channels_last(I_gt), torch.compile(G) if compiled else G

    @torch.inference_mode()
    def call(G: nn.Module) -> Tensor:
        with torch.autocast(hour.device.type, DTYPES[precision], enabled=precision != "fp32"):
            return G(I_gt, M).I_c2

    return timed(hour, partial(call, fast), b, precision, partial(call, G))


def step(hour: Hour, b: int, precision: str, phase: int, *, compiled: bool = False) -> Row:
    """Take one step of Algorithm 1 after the other on the same pictures."""
    config = hour.config(batch_size=b, precision=precision, ema_decay=0.0)
    accelerator = new_accelerator(config, cpu=hour.device.type == "cpu")
    players = prepare(setup.new_players(config, hour.device), accelerator)
    fast = players
    if compiled:
        fast = players._replace(G=torch.compile(players.G), D=torch.compile(players.D))
    I_gt, M = image_and_mask(config.size_px, b, hour.device)
    I_gt, u = channels_last(I_gt), torch.rand(b, 1, 1, 1, device=hour.device)

    def call(players: Any) -> Losses:
        update = Updater(accelerator, config, [Batch(I_gt, M, u)])
        return training_step(players, config, phase, 0, update)

    return timed(hour, partial(call, fast), b, precision, partial(call, players))


def loss(hour: Hour, b: int, name: str) -> Row:
    """Compute a loss and its gradient for the second composite; VGG: the features alone."""
    config = hour.config(batch_size=b)
    vgg = setup.new_players(config, hour.device).vgg
    I_gt, M = image_and_mask(config.size_px, b, hour.device)
    I_gt = channels_last(I_gt)
    I_c = (I_gt + 0.1 * (1 - M)).requires_grad_()
    with torch.no_grad():
        phis_gt = vgg(I_gt)
    phis_c = [phi.detach().requires_grad_() for phi in vgg(I_c)]
    losses: dict[str, Callable[[], Tensor]] = {
        "L_r": lambda: reconstruction_loss(I_c, I_c, I_gt, reduction="mean"),
        "L_c": lambda: correlation_loss(phis_c[1], phis_gt[1], reduction="mean"),
        "L_s": lambda: style_loss(phis_c, phis_gt, reduction="mean"),
        "VGG": lambda: sum(phi.mean() for phi in vgg(I_c)),
    }
    return timed(hour, lambda: losses[name]().backward(), b)


def waits(hour: Hour) -> Iterator[tuple[str, Callable[[], Row]]]:
    """Count how often a step waits for the GPU."""
    for phase in (1, 2):
        yield f"waits in a step of phase {phase}", partial(waits_in_a_step, hour, phase)


def waits_in_a_step(hour: Hour, phase: int) -> Row:
    """Let torch warn at every wait, and count the warnings."""
    if hour.device.type != "cuda":
        return Row(error="not measured: no GPU (the tests count what would wait)")
    config = hour.config(batch_size=2, precision="fp32")
    players = setup.new_players(config, hour.device)
    accelerator = new_accelerator(config)
    I_gt, M = image_and_mask(config.size_px, 2, hour.device)
    batch = Batch(channels_last(I_gt), M, torch.rand(2, 1, 1, 1, device=hour.device))
    for last in (False, True):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn" if last else "default")
            try:
                training_step(players, config, phase, 0, Updater(accelerator, config, [batch]))
            finally:
                torch.cuda.set_sync_debug_mode("default")
    said = [str(warning.message) for warning in caught if "synchroniz" in str(warning.message)]
    return Row(number=float(len(said)), error=said[0][:200] if said else "")


# --- report


def report(hour: Hour) -> str:
    """Return everything as one page of Markdown."""
    gpu = torch.cuda.get_device_name() if hour.device.type == "cuda" else "no GPU"
    count = torch.cuda.device_count() if hour.device.type == "cuda" else 0
    lines = [
        "# One hour of GPU",
        f"{count} × {gpu}; {cpu_model()}, {usable_cores()} cores, {memory_gb():.0f} GB; torch {torch.__version__}, "
        f"CUDA {torch.version.cuda}" + ("; **toy size**" if hour.toy else ""),
        "Shares are of what a large matrix product reaches here in the same arithmetic.",
        markdown_table(
            ["", "ms", "images/s", "peak MB", "TFLOP/s", "share", "number", "error"],
            [[name, *(cell(value) for value in asdict(row).values())] for name, row in hour.results.items()],
        ),
    ]
    curves = hour.out / "training" / "curves.csv"
    if curves.exists():
        steps = list(csv.DictReader(io.StringIO(curves.read_text(encoding="utf-8"))))
        scores = [(int(row["step"]) + 1, row["val_hole_psnr"]) for row in steps if row.get("val_hole_psnr")]
        lines += [
            f"## Training\n\n{len(steps)} steps; samples stand in `training/samples`.",
            markdown_table(["step", "held-out hole PSNR, dB"], [[str(n), cell(float(x))] for n, x in scores]),
        ]
    return "\n\n".join(lines) + "\n"


def cell(value: float | str | None) -> str:
    """Write a number with three digits."""
    return "" if value is None else f"{value:.3g}" if isinstance(value, float) else value.replace("|", "/")
