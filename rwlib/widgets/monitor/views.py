r"""What `TrainingMonitor` shows, computed and drawn without any widget.

`take_snapshot` asks a run (`LiveTraining` or `WatchedRun`) for all there is to show; `facts`, `draw` and `describe`
turn the snapshot into numbers with units, a figure, and a sentence for those who do not see it.
"""

import io
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from rwlib.notebook.figures import COLORS
from rwlib.training.timer import PARTS
from rwlib.widgets.shared.follow import Run

LAST = 20
"""Steps over which time per step is averaged."""
TERMS = ("L_r", "L_c", "L_s", "L_a")
POINTS = 600
"""A curve is drawn with at most so many points."""


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
    phase_one: int = 0
    """Steps of phase one."""
    weights: dict[str, float] = field(default_factory=dict)
    """Term of eq. (7) → its λ."""
    margins: tuple[float, ...] = ()
    """Scores beyond which a hinge asks for nothing more."""
    curves: dict[str, list[float]] = field(default_factory=dict)
    """Column → one number a step."""
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
        weights = {"L_r": 1.0, "L_c": config.lambda_1, "L_s": config.lambda_2, "L_a": config.lambda_3}
        margins = (-1.0, 1.0) if config.adversarial == "hinge" else ()
    process = run.process()
    try:
        memory_mb = process.memory_info().rss / 2**20 if process else 0.0
    except psutil.Error:  # it ended this very moment
        memory_mb = 0.0
    gpu_mb = torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else 0.0
    return Snapshot(
        word, sentence, run.step, run.total, schedule.phase_one if schedule else 0, weights, margins, run.curves(),
        run.samples(), memory_mb, gpu_mb, run.resumable,
    )  # fmt: skip


# --- numbers


def parts_ms(curves: dict[str, list[float]]) -> dict[str, float]:
    """Return part of a step → milliseconds, the mean over the last steps; parts that take no time are left out."""
    columns = {"data": [1000 * x for x in curves.get("dataloader_wait_s", [])]}
    columns |= {part: curves.get(f"ms_{part}", []) for part in PARTS}
    means = {part: _mean(values[-LAST:]) for part, values in columns.items()}
    return {part: ms for part, ms in means.items() if ms > 0}


def _mean(values: list[float]) -> float:
    kept = [x for x in values if math.isfinite(x)]
    return sum(kept) / len(kept) if kept else 0.0


def facts(shown: Snapshot) -> dict[str, str]:
    """Return name → number with its unit, of what is known."""
    known: dict[str, str] = {}
    if shown.total:
        phase = 1 if shown.step < shown.phase_one else 2
        known["step"] = f"{shown.step} of {shown.total}" + (f", phase {phase}" if shown.step < shown.total else "")
    ms = sum(parts_ms(shown.curves).values())
    if ms and "ms_forward" in shown.curves:
        known["speed"] = f"{1000 / ms:.1f} steps/s"
        if shown.word in ("running", "foreign", "elsewhere"):
            known["left"] = clock((shown.total - shown.step) * ms / 1000)
    if rates := shown.curves.get("learning_rate"):
        known["learning rate"] = f"{rates[-1]:.3g}"
    scores = [x for x in shown.curves.get("val_hole_psnr", []) if math.isfinite(x)]
    if scores:
        known["held-out hole PSNR"] = f"{scores[-1]:.2f} dB"
    if shown.memory_mb:
        known["memory"] = f"{shown.memory_mb:,.0f} MB"
    if shown.gpu_mb:
        known["GPU"] = f"{shown.gpu_mb:,.0f} MB"
    return known


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


# --- picture


HEIGHT_IN, DPI = 3.0, 100
PANELS_IN = {"losses": (3.45, 0.64, 3.28), "scores": (3.25, 0.47, 3.03), "times": (2.7, 0.8, 2.56)}
"""Panel → its width, and where its axis begins and ends, in inches."""


def draw(shown: Snapshot, *, log: bool = False, smoothing: int = 10, weighted: bool = True) -> Figure:
    """Draw the generator's losses, the discriminator's loss and scores, and the time of each part of a step.

    Args:
        shown: what to draw.
        log: a logarithmic axis for the losses; values that are not positive are left out there.
        smoothing: steps over which each curve is averaged, at least 1.
        weighted: every term as it enters eq. (7), λ times loss, instead of the loss itself.
    """
    whole = sum(width for width, _, _ in PANELS_IN.values())
    fig, x = Figure(figsize=(whole, HEIGHT_IN)), 0.0
    for panel, (width, begin, end) in PANELS_IN.items():
        axis = fig.add_axes(((x + begin) / whole, 0.16, (end - begin) / whole, 0.74))
        _draw_panel(panel, axis, shown, log, smoothing, weighted)
        x += width
    return fig


class Chart:
    """The same as pixels, of which only the panels that have changed are drawn again: a third of the time, or two."""

    def __init__(self) -> None:
        self._panels: dict[str, tuple[Snapshot, tuple, np.ndarray]] = {}

    def png(self, shown: Snapshot, *, log: bool = False, smoothing: int = 10, weighted: bool = True) -> bytes:
        """Return the picture of a snapshot; the arguments are those of `draw`."""
        options = {"losses": (log, smoothing, weighted), "scores": (smoothing,), "times": ()}
        for panel, key in options.items():
            before = self._panels.get(panel)
            if before is None or before[0] is not shown or before[1] != key:
                width, begin, end = PANELS_IN[panel]
                fig = Figure(figsize=(width, HEIGHT_IN), dpi=DPI)
                axis = fig.add_axes((begin / width, 0.16, (end - begin) / width, 0.74))
                _draw_panel(panel, axis, shown, log, smoothing, weighted)
                canvas = FigureCanvasAgg(fig)
                canvas.draw()
                self._panels[panel] = shown, key, np.asarray(canvas.buffer_rgba())[..., :3].copy()
        png = io.BytesIO()
        pixels = np.concatenate([self._panels[panel][2] for panel in PANELS_IN], axis=1)
        Image.fromarray(pixels).save(png, "PNG", compress_level=1)
        return png.getvalue()


def _draw_panel(panel: str, axis: Axes, shown: Snapshot, log: bool, smoothing: int, weighted: bool) -> None:
    # Titles have a `y`, because finding one that touches nothing takes half of a drawing's time.
    axis.tick_params(labelsize=8)
    if panel == "times":
        _bars(axis, parts_ms(shown.curves))
        return
    steps = np.asarray(shown.curves.get("step", []), float)
    every = max(1, len(steps) // POINTS)
    end = max(shown.total, shown.step, 1)
    begins = shown.phase_one if 0 < shown.phase_one < end else 0

    def curve(name: str, label: str, i: int, factor: float = 1.0) -> None:
        y = factor * smooth(shown.curves.get(name, []), smoothing)
        if len(y) != len(steps) or not np.isfinite(y).any():
            return
        y = np.where(y > 0, y, np.nan) if log and panel == "losses" else y
        style, marker = ("-", "--", ":", "-.", (0, (5, 1, 1, 1)))[i % 5], "os^Dv"[i % 5]
        sparse = max(1, len(y[::every]) // 6)
        axis.plot(steps[::every], y[::every], color=COLORS[i % 7], linestyle=style, marker=marker, markersize=3.5,
                  markevery=(i * sparse // 5, sparse), linewidth=1.4, label=label)  # fmt: skip

    if panel == "losses":
        curve("L", "L", 0)
        for i, (name, weight) in enumerate((dict.fromkeys(TERMS, 1.0) | shown.weights).items(), 1):
            symbol = {"L_c": "λ₁ ", "L_s": "λ₂ ", "L_a": "λ₃ "}.get(name, "") if weighted else ""
            curve(name, symbol + name, i, weight if weighted else 1.0)
        axis.set_title("generator's losses" + (", as in eq. (7)" if weighted else ""), fontsize=9.5, y=1.0)
        if log and axis.lines:
            axis.set_yscale("log")
            axis.yaxis.set_major_formatter("{x:g}")  # plain text: powers set by TeX's rules take longer than the curves
            axis.yaxis.set_minor_formatter("")
    else:
        for i, name in enumerate(("D_gt", "D_p2", "L_D")):
            curve(name, {"D_gt": "D(I_gt)", "D_p2": "D(I_p2)", "L_D": "L_D"}[name], (2, 1, 6)[i])
        axis.set_title("discriminator: loss and mean scores", fontsize=9.5, y=1.0)
    axis.set_xlabel("step", fontsize=9)
    axis.set_xlim(0 if panel == "losses" else begins, end)
    axis.grid(alpha=0.3)
    if panel == "losses" and begins:
        axis.axvline(begins, color=COLORS[6], linestyle=":", linewidth=1.2)
        axis.annotate("phase two", (begins, 0.5), xytext=(3, 0), xycoords=("data", "axes fraction"),
                      textcoords="offset points", fontsize=8)  # fmt: skip
    if not axis.get_legend_handles_labels()[0]:
        empty = "no step yet" if panel == "losses" or not shown.step else f"begins with phase two, at step {begins}"
        axis.text(0.5, 0.5, empty, transform=axis.transAxes, ha="center", fontsize=9)
        axis.set_yticks([])
    else:  # a fixed place: looking for the best one takes longer than all the rest
        axis.legend(fontsize=8, loc="upper right" if panel == "losses" else "lower right", handlelength=2.6, ncols=1)
        for margin in shown.margins if panel == "scores" else ():
            axis.axhline(margin, color=COLORS[6], linestyle="--", linewidth=0.7, alpha=0.6)


def _bars(axis: Axes, parts: dict[str, float]) -> None:
    axis.set_title(f"ms a step, last {LAST}", fontsize=9.5, y=1.0)
    bars = axis.barh(list(parts), list(parts.values()), color=COLORS[5])
    axis.bar_label(bars, fmt="%.0f", padding=2, fontsize=8)
    axis.invert_yaxis()
    axis.set_xlim(0, 1.25 * max(parts.values(), default=1.0))
    axis.spines[["top", "right"]].set_visible(False)
    if not parts:
        axis.set_yticks([])
        axis.text(0.5, 0.5, "no step yet", transform=axis.transAxes, ha="center", va="center", fontsize=9)


def describe(shown: Snapshot) -> str:
    """Return what the figure shows, in sentences."""
    if not shown.step:
        return "Empty axes for losses, scores and times: no step is done yet."
    said = [f"Curves of {shown.step} steps."]
    for name in ("L", "L_r", "D_gt", "D_p2"):
        values = [x for x in shown.curves.get(name, []) if math.isfinite(x)]
        if values:
            said.append(f"{name} from {_mean(values[:LAST]):.3g} to {_mean(values[-LAST:]):.3g}.")
    if parts := parts_ms(shown.curves):
        longest = max(parts, key=parts.get)
        said.append(f"Most of a step's time goes to: {longest}, {parts[longest]:.0f} ms.")
    return " ".join(said)
