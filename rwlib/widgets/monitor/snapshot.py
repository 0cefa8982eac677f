r"""A run at one moment, and its numbers with their units."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import torch

from rwlib.config import ModelName
from rwlib.training.timer import PARTS
from rwlib.widgets.shared.follow import Run

LAST = 20
"""Steps over which time per step is averaged."""


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment."""

    word: str = "ready"
    """State: see `LiveTraining.state` and `WatchedRun.state`."""
    sentence: str = ""
    """The same in words."""
    step: int = 0
    """Finished steps."""
    total: int = 0
    """Steps of the schedule; 0: not known."""
    ends: tuple[int, ...] = ()
    """The step before which each phase ends."""
    model: ModelName = "region-wise"
    """What is trained."""
    weights: dict[str, float] = field(default_factory=dict)
    """Loss → its weight in what the generator descends, λ in eq. (7)."""
    margins: tuple[float, ...] = ()
    """Scores beyond which a hinge asks for nothing more."""
    curves: dict[str, list[float]] = field(default_factory=dict)
    """Column → one number per step."""
    samples: Path | None = None
    """Newest sample grid."""
    memory_mb: float = 0.0
    """Resident memory of the process; 0: not known."""
    gpu_mb: float = 0.0
    """Largest memory taken on a GPU by this process."""
    resumable: bool = False
    """Whether a checkpoint is there."""


def take_snapshot(run: Run) -> Snapshot:
    """Ask a run for all there is to show."""
    word, sentence = run.state()
    config, schedule = run.config, run.schedule
    weights, margins = {}, ()
    if config is not None:
        weights = config.loss_weights()
        hinge = config.adversarial == "hinge" if config.model == "region-wise" else config.model == "gated"
        margins = (-1.0, 1.0) if hinge else ()
    process = run.process()
    try:
        memory_mb = process.memory_info().rss / 2**20 if process else 0.0
    except psutil.Error:  # it ended this very moment
        memory_mb = 0.0
    gpu_mb = torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else 0.0
    return Snapshot(
        word, sentence, run.step, run.total, schedule.ends if schedule else (),
        config.model if config else "region-wise", weights, margins, run.curves(), run.samples(), memory_mb, gpu_mb,
        run.resumable,
    )  # fmt: skip


def parts_ms(curves: dict[str, list[float]]) -> dict[str, float]:
    """Return part of a step → milliseconds, the mean over the last steps; parts that take no time are left out."""
    columns = {"data": [1000 * x for x in curves.get("dataloader_wait_s", [])]}
    columns |= {part: curves.get(f"ms_{part}", []) for part in PARTS}
    means = {part: mean(values[-LAST:]) for part, values in columns.items()}
    return {part: ms for part, ms in means.items() if ms > 0}


def mean(values: list[float]) -> float:
    """Return the mean of the values that are finite, 0 without any."""
    kept = [x for x in values if math.isfinite(x)]
    return sum(kept) / len(kept) if kept else 0.0


def facts(snapshot: Snapshot) -> dict[str, str]:
    """Return name → number with its unit, of what is known."""
    numbers: dict[str, str] = {}
    if snapshot.total:
        phase = 1 + sum(snapshot.step >= end for end in snapshot.ends[:-1])
        several = len(snapshot.ends) > 1 and snapshot.step < snapshot.total
        phase = f", phase {phase}" if several else ""
        numbers["step"] = f"{snapshot.step} of {snapshot.total}{phase}"
    ms = sum(parts_ms(snapshot.curves).values())
    if ms and "ms_forward" in snapshot.curves:
        numbers["speed"] = f"{1000 / ms:.1f} steps/s"
        if snapshot.word in ("running", "foreign", "elsewhere"):
            numbers["left"] = clock((snapshot.total - snapshot.step) * ms / 1000)
    if rates := snapshot.curves.get("learning_rate"):
        numbers["learning rate"] = f"{rates[-1]:.3g}"
    scores = [x for x in snapshot.curves.get("val_hole_psnr", []) if math.isfinite(x)]
    if scores:
        numbers["held-out hole PSNR"] = f"{scores[-1]:.2f} dB"
    if snapshot.memory_mb:
        numbers["memory"] = f"{snapshot.memory_mb:,.0f} MB"
    if snapshot.gpu_mb:
        numbers["GPU"] = f"{snapshot.gpu_mb:,.0f} MB"
    return numbers


def clock(seconds: float) -> str:
    """Return a duration as m:ss or h:mm:ss.

    Example:
        >>> clock(75), clock(3675)
        ('1:15', '1:01:15')
    """
    minutes, s = divmod(max(0, round(seconds)), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02}:{s:02}" if hours else f"{m}:{s:02}"


def smooth(values: list[float], window: int) -> np.ndarray:
    """Return the mean over the last `window` values at each place; nan counts nothing, and stays nan where it stood.

    Example:
        >>> smooth([1.0, 3.0, 5.0], 2).tolist()
        [1.0, 2.0, 4.0]
    """
    x = np.asarray(values, float)
    there = np.isfinite(x)

    def trailing(y: np.ndarray) -> np.ndarray:
        total = np.concatenate([[0.0], y.cumsum()])
        last = np.arange(1, len(y) + 1)
        return total[last] - total[np.maximum(0, last - window)]

    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(there, trailing(np.where(there, x, 0.0)) / trailing(there.astype(float)), np.nan)
