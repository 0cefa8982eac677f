"""What a benchmark leaves: rows to read, `bench.csv`, and a plot."""

import csv
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from rwlib.colors import COLORS
from rwlib.files import replacing, write_text

TIME, REFERENCE, OURS, MEMORY = COLORS[0], COLORS[1], COLORS[2], COLORS[4]
GROWTH = re.compile(r"growth (\d+)x\1 b(\d+)")
OTHERS = re.compile("growth|inpaint")


class Row(NamedTuple):
    """One measured case, a line of `bench.csv`; NaN where nothing was measured."""

    case: str
    ours_ms: float
    reference_ms: float
    ratio: float
    """reference_ms / ours_ms: how many times faster rwlib is."""
    ours_mb: float
    reference_mb: float
    device: str


def heading(width: int) -> str:
    """Return the line above the rows."""
    return (
        f"{'case':{width}}  {'ours':>10}  {'reference':>12}  {'time':>7}  {'ours':>9}  {'reference':>11}  {'memory':>7}"
    )


def line(row: Row, width: int) -> str:
    """Return a row for people, the case's name padded to `width`; a dash where nothing was measured."""

    def cell(value: float, unit: str, width: int) -> str:
        return f"{'-' if math.isnan(value) else f'{value:.{0 if value >= 100 else 1}f}{unit}':>{width}}"

    cells = [cell(row.ours_ms, " ms", 10), cell(row.reference_ms, " ms", 12), ratio_text(row.ratio)]
    cells += [cell(row.ours_mb, " MB", 9), cell(row.reference_mb, " MB", 11), ratio_text(memory_ratio(row))]
    return "  ".join([f"{row.case:{width}}", *cells])


def ratio_text(ratio: float) -> str:
    """Return a ratio in seven columns."""
    return f"{'-' if math.isnan(ratio) else f'{ratio:.2f}x':>7}"


def memory_ratio(row: Row) -> float:
    """Return how many times less memory rwlib takes."""
    return row.reference_mb / row.ours_mb if row.ours_mb else math.nan


def write_csv(rows: Sequence[Row], file: Path) -> None:
    """Write the rows, all or nothing; an empty field is what was not measured."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(Row._fields)
    for row in rows:
        writer.writerow("" if x != x else f"{x:.6g}" if isinstance(x, float) else x for x in row)
    write_text(file, text.getvalue(), "out")


def write_plot(rows: Sequence[Row], file: Path) -> None:
    """Draw the ratios as bars and, beside them, how time and memory grow with the image; all or nothing."""
    # Other methods than the straight port stand in the table only: a ratio of 30 would flatten all others.
    bars = [row for row in rows if not OTHERS.match(row.case) and not math.isnan(row.ratio)]
    grown = [row for row in rows if GROWTH.fullmatch(row.case)]
    figure = Figure(figsize=(13, max(4.8, 1.5 + 0.45 * len(bars))), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(3, 2))
    _draw_bars(figure.add_subplot(grid[:, 0]), bars)
    _draw_growth(figure.add_subplot(grid[0, 1]), grown, "ms")
    _draw_growth(figure.add_subplot(grid[1, 1]), grown, "mb")
    figure.suptitle("rwlib beside a straight port of the released program" + (f": {rows[0].device}" if rows else ""))
    with replacing(file, "out") as opened:
        figure.savefig(opened, format="png", dpi=120)


def _draw_bars(axis: Axes, rows: Sequence[Row]) -> None:
    """Bars begin at 1 on a logarithmic axis: to the right rwlib is better, to the left worse."""
    places = range(len(rows))
    for shift, name, ratios, color, hatch in (
        (-0.2, "time", [row.ratio for row in rows], TIME, None),
        (0.2, "memory", [memory_ratio(row) for row in rows], MEMORY, "///"),
    ):
        ratios = [ratio if ratio > 0 else 1.0 for ratio in ratios]  # NaN, too
        at = [place + shift for place in places]
        axis.barh(at, [r - 1 for r in ratios], 0.38, left=1, color=color, hatch=hatch, edgecolor="white", label=name)
        for y, ratio in zip(at, ratios, strict=True):
            if ratio != 1:
                axis.text(ratio, y, f" {ratio:.2f} ", va="center", ha="left" if ratio > 1 else "right", fontsize=8)
    axis.axvline(1, color="black", linewidth=1)
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}x"))
    low, high = axis.get_xlim()
    axis.set_xlim(min(low, 0.5) / 1.1, max(high, 2) * 1.2)
    axis.set_yticks(list(places), [row.case for row in rows])
    axis.invert_yaxis()
    axis.set(xlabel="reference / ours (right of 1: rwlib is faster, or takes less)", title="Ratios")
    if rows:
        axis.legend(loc="best")


def _draw_growth(axis: Axes, rows: Sequence[Row], unit: str) -> None:
    """Time or memory over pixels; filled markers grow by the image's side, hollow ones by the batch."""
    smallest = min((int(GROWTH.fullmatch(row.case)[1]) for row in rows), default=0)
    for name, color, marker, style in (("ours", OURS, "o", "-"), ("reference", REFERENCE, "s", "--")):
        for kind in ("side", "batch"):
            points = []
            for row in rows:
                size_px, b = map(int, GROWTH.fullmatch(row.case).groups())
                value = getattr(row, f"{name}_{unit}")
                if not math.isnan(value) and (b == 1 if kind == "side" else size_px == smallest):
                    points.append((b * size_px**2 / 1e3, value))
            if points:
                face = color if kind == "side" else "none"
                label = f"{name}, larger {'image' if kind == 'side' else 'batch'}"
                axis.plot(*zip(*sorted(points), strict=True), style, color=color, marker=marker, mfc=face, label=label)
    axis.set_xscale("log", base=2)
    axis.set_yscale("log", base=2)
    axis.set_xticks(sorted({x for drawn in axis.lines for x in drawn.get_xdata()}))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.3g}"))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.4g}"))
    what = "time in ms" if unit == "ms" else "memory in MB"
    axis.set(xlabel="thousand pixels per batch", ylabel=what, title=f"Generator forward: {what.split()[0]}")
    axis.grid(alpha=0.3)
    if axis.lines:
        axis.legend(fontsize=8)
