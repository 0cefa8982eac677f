r"""The monitor's figure, and what it shows in sentences for those who do not see it."""

import io
import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from rwlib.config import MODELS
from rwlib.notebook.figures import COLORS
from rwlib.training.methods import METHODS
from rwlib.widgets.monitor.snapshot import LAST, Snapshot, mean, parts_ms, smooth

LAMBDAS = {"lambda_1": "λ₁ ", "lambda_2": "λ₂ ", "lambda_3": "λ₃ "}
POINTS = 600
"""A curve is drawn with at most so many points."""
HEIGHT_IN, DPI = 3.0, 100
PANELS_IN = {"losses": (3.45, 0.64, 3.28), "scores": (3.25, 0.47, 3.03), "times": (2.7, 0.95, 2.56)}
"""Panel → its width, and where its axis begins and ends, in inches."""


def draw(snapshot: Snapshot, *, log: bool = False, smoothing: int = 10, weighted: bool = True) -> Figure:
    """Draw the generator's losses, the discriminator's loss and scores, and the time of each part of a step.

    Args:
        snapshot: what to draw.
        log: a logarithmic axis for the losses; values that are not positive are left out there.
        smoothing: steps over which each curve is averaged, at least 1.
        weighted: every loss times its weight, as it enters L (eq. 7), instead of the loss itself.
    """
    whole = sum(width for width, _, _ in PANELS_IN.values())
    fig, x = Figure(figsize=(whole, HEIGHT_IN)), 0.0
    for panel, (width, begin, end) in PANELS_IN.items():
        axis = fig.add_axes(((x + begin) / whole, 0.16, (end - begin) / whole, 0.74))
        _draw_panel(panel, axis, snapshot, log, smoothing, weighted)
        x += width
    return fig


class Chart:
    """The same, one picture per panel; only those that have changed are drawn again: a third of the time, or two."""

    def __init__(self) -> None:
        self._panels: dict[str, tuple[Snapshot, tuple, bytes]] = {}

    def pngs(self, snapshot: Snapshot, *, log: bool = False, smoothing: int = 10, weighted: bool = True) -> list[bytes]:
        """Return the panels of a snapshot, one PNG per panel; the arguments are those of `draw`."""
        options = {"losses": (log, smoothing, weighted), "scores": (smoothing,), "times": ()}
        for panel, key in options.items():
            before = self._panels.get(panel)
            if before is None or before[0] is not snapshot or before[1] != key:
                width, begin, end = PANELS_IN[panel]
                fig = Figure(figsize=(width, HEIGHT_IN), dpi=DPI)
                axis = fig.add_axes((begin / width, 0.16, (end - begin) / width, 0.74))
                _draw_panel(panel, axis, snapshot, log, smoothing, weighted)
                canvas = FigureCanvasAgg(fig)
                canvas.draw()
                png = io.BytesIO()
                Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]).save(png, "PNG", compress_level=1)
                self._panels[panel] = snapshot, key, png.getvalue()
        return [self._panels[panel][2] for panel in PANELS_IN]


def _draw_panel(panel: str, axis: Axes, snapshot: Snapshot, log: bool, smoothing: int, weighted: bool) -> None:
    # Titles have a `y`, because finding one that touches nothing takes half of a drawing's time.
    axis.tick_params(labelsize=8)
    if panel == "times":
        _bars(axis, parts_ms(snapshot.curves))
        return
    steps = np.asarray(snapshot.curves.get("step", []), float)
    every = max(1, len(steps) // POINTS)
    end = max(snapshot.total, snapshot.step, 1)
    borders = [x for x in snapshot.ends[:-1] if 0 < x < end]
    begins = borders[0] if borders and snapshot.model == "region-wise" else 0

    def curve(name: str, label: str, i: int, factor: float = 1.0) -> None:
        y = factor * smooth(snapshot.curves.get(name, []), smoothing)
        if len(y) != len(steps) or not np.isfinite(y).any():
            return
        y = np.where(y > 0, y, np.nan) if log and panel == "losses" else y
        style, marker = ("-", "--", ":", "-.", (0, (5, 1, 1, 1)))[i % 5], "os^Dv"[i % 5]
        sparse = max(1, len(y[::every]) // 6)
        axis.plot(steps[::every], y[::every], color=COLORS[i % 7], linestyle=style, marker=marker, markersize=3.5,
                  markevery=(i * sparse // 5, sparse), linewidth=1.4, label=label)  # fmt: skip

    if panel == "losses":
        curve("L", "L", 0)
        for i, (name, weight) in enumerate(snapshot.weights.items(), 1):
            curve(name, (factor(snapshot, name) if weighted else "") + name, i, weight if weighted else 1.0)
        as_in = ", as in eq. (7)" if snapshot.model == "region-wise" else ", weighted"
        axis.set_title("generator's losses" + (as_in if weighted else ""), fontsize=9.5, y=1.0)
        if log and axis.lines:
            axis.set_yscale("log")
            axis.yaxis.set_major_formatter("{x:g}")  # plain text: powers set by TeX's rules take longer than the curves
            axis.yaxis.set_minor_formatter("")
    else:
        for name, i in zip(scores(snapshot), (2, 1, 6, 0, 3, 4), strict=False):
            curve(name, score_label(name), i)
        axis.set_title("discriminator: loss and mean scores", fontsize=9.5, y=1.0)
    axis.set_xlabel("step", fontsize=9)
    axis.set_xlim(0 if panel == "losses" else begins, end)
    axis.grid(alpha=0.3)
    for border, word in zip(borders if panel == "losses" else (), ("two", "three"), strict=False):
        axis.axvline(border, color=COLORS[6], linestyle=":", linewidth=1.2)
        axis.annotate(f"phase {word}", (border, 0.5), xytext=(3, 0), xycoords=("data", "axes fraction"),
                      textcoords="offset points", fontsize=8)  # fmt: skip
    if not axis.get_legend_handles_labels()[0]:
        empty = "no step yet" if panel == "losses" or not snapshot.step else f"begins with phase two, at step {begins}"
        empty = empty if panel == "losses" or scores(snapshot) else "this model has no discriminator"
        axis.text(0.5, 0.5, empty, transform=axis.transAxes, ha="center", fontsize=9)
        axis.set_yticks([])
    else:  # a fixed place: looking for the best one takes longer than all the rest
        axis.legend(fontsize=8, loc="upper right" if panel == "losses" else "lower right", handlelength=2.6, ncols=1)
        for margin in snapshot.margins if panel == "scores" else ():
            axis.axhline(margin, color=COLORS[6], linestyle="--", linewidth=0.7, alpha=0.6)


def factor(snapshot: Snapshot, name: str) -> str:
    """Return what stands before a loss in the legend: λ, or the number that a rival's paper has."""
    weight = MODELS[snapshot.model].weights.get(name)
    if isinstance(weight, str):
        return LAMBDAS[weight]
    number = snapshot.weights.get(name, 1.0)
    return "" if number == 1 else f"{number:g} "


def scores(snapshot: Snapshot) -> list[str]:
    """Return the columns of discriminators, at most six: scores, then losses."""
    names = METHODS[snapshot.model].losses
    return [*(x for x in names if x.startswith("D_")), *(x for x in names if x.startswith("L_D"))][:6]


def score_label(name: str) -> str:
    """Return a column's name as a formula.

    Example:
        >>> score_label("D_rec_gt"), score_label("L_D")
        ('D_rec(I_gt)', 'L_D')
    """
    discriminator, _, picture = name.rpartition("_")
    return name if name.startswith("L_") else f"{discriminator}(I_{picture})"


def _bars(axis: Axes, parts: dict[str, float]) -> None:
    axis.set_title(f"ms per step, last {LAST}", fontsize=9.5, y=1.0)
    bars = axis.barh(list(parts), list(parts.values()), color=COLORS[5])
    axis.bar_label(bars, fmt="%.0f", padding=2, fontsize=8)
    axis.invert_yaxis()
    axis.set_xlim(0, 1.25 * max(parts.values(), default=1.0))
    axis.spines[["top", "right"]].set_visible(False)
    if not parts:
        axis.set_yticks([])
        axis.text(0.5, 0.5, "no step yet", transform=axis.transAxes, ha="center", va="center", fontsize=9)


def describe(snapshot: Snapshot) -> str:
    """Return what the figure shows, in sentences."""
    if not snapshot.step:
        return "Empty axes for losses, scores and times: no step is done yet."
    sentences = [f"Curves of {snapshot.step} steps."]
    first = list(snapshot.weights)[:1]
    for name in ("L", *first, *(x for x in scores(snapshot) if x.startswith("D_"))):
        values = [x for x in snapshot.curves.get(name, []) if math.isfinite(x)]
        if values:
            sentences.append(f"{name} from {mean(values[:LAST]):.3g} to {mean(values[-LAST:]):.3g}.")
    if parts := parts_ms(snapshot.curves):
        longest = max(parts, key=parts.get)
        sentences.append(f"Most of a step's time goes to: {longest}, {parts[longest]:.0f} ms.")
    return " ".join(sentences)


def read_sheet(file: Path | None, most_px: int) -> bytes:
    """Return a sample grid as PNG of at most `most_px` per side; nothing if it cannot be read."""
    try:
        with Image.open(file) as sheet:
            sheet.load()
            sheet.thumbnail((most_px, most_px))
            png = io.BytesIO()
            sheet.save(png, "PNG")
            return png.getvalue()
    except (OSError, AttributeError, ValueError, SyntaxError):  # none, gone, or damaged
        return b""
