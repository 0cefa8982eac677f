r"""Tables 2 and 3 of the paper, all 750 numbers, to stand beside an evaluation of one's own.

They are references, not targets. `paper.csv` has them as printed, the unit of l1 and l2 included (thousandths); bold
and underlined entries are not marked. `NOTES` says what to know before comparing. What it says about scales follows
from the numbers themselves: a mean of PSNRs is never below the PSNR of the mean l2. With l2 as a mean square on [0, 1]
all 150 cells obey; were it one on [-1, 1], 145 of them could not.
"""

import csv
import math
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rwlib.conventions import one_of
from rwlib.evaluation.tables import Summary, markdown_table, with_interval
from rwlib.masks import ALL_BUCKETS, bucket_name

FILE = Path(__file__).parent / "paper.csv"
DATA = ("celeba-hq", "paris", "places2")
"""The paper's three data sets."""


class Column(NamedTuple):
    """One of the paper's metrics, as our numbers stand beside it."""

    title: str
    metric: str
    """Name of ours."""
    factor: float = 1.0
    """From our unit to the paper's."""
    digits: int = 2


COLUMNS = {
    "psnr": Column("PSNR, dB", "psnr"),
    "l1_1e3": Column("l1, 10⁻³", "l1", factor=1e3),
    "l2_1e3": Column("l2, 10⁻³", "l2", factor=1e3),
    "ssim": Column("SSIM", "ssim", digits=3),
    "fid": Column("FID", "fid"),
}
"""The paper's metrics, by their names in `paper.csv`."""

NOTES = """\
How to read the paper's columns:
- They are no target: other photographs, other holes, other training; its images are 256 pixels wide. What can be
  compared is how a column changes from bucket to bucket, and from kind to kind.
- By their size they are figures of the whole picture, so most of a column's fall is just the share of missing pixels.
- The paper prints l1 and l2 in thousandths; ours stand beside in the same unit: mean absolute and mean squared
  difference on [0, 1]. That its l2 is on [0, 1] follows from its PSNR; whether its l1 is a plain mean is not said.
- Its SSIM's window and data range are not said; ours: Gaussian, 11 pixels, sigma 1.5, range 1, per colour.
- No number of pictures, no intervals. FID depends on that number, and on resizing.
- Some entries cannot be right as they stand, or need an explanation. In table 3 CA has one FID column for both
  CelebA-HQ and Places2 (1.26, 8.73, 20.35, 36.53, 57.60); its l1 on CelebA-HQ falls from 30.79 to 20.57 where the holes
  grow. On Paris, discontiguous 0-10 %, "ours" has by far the best PSNR (49.73) with three times the l1 of EC: possible
  only if a few nearly empty holes lift the mean.
- PIC (table 2) and PLU (table 3) are one method, pluralistic image completion, in the paper's own spelling."""


@cache
def paper_values() -> dict[tuple[str, str, str, int], dict[str, float]]:
    """Return all numbers: (data, kind, metric, bucket) → {method: value as printed}.

    Example:
        >>> paper_values()["paris", "discontiguous", "psnr", 0]["ours"]
        49.73
    """
    numbers = [f"{100 * low:.0f}-{100 * high:.0f}" for low, high in ALL_BUCKETS]
    values: dict[tuple[str, str, str, int], dict[str, float]] = {}
    with open(FILE, newline="", encoding="utf-8") as opened:
        for row in csv.DictReader(opened):
            key = row["data"], row["kind"], row["metric"], numbers.index(row["missing_percent"])
            values.setdefault(key, {})[row["method"]] = float(row["value"])
    return values


def beside_paper(summary: Summary, data: str) -> str:
    """Return Markdown: each of the paper's metrics for our methods and, beside them, for the paper's on one data set.

    Args:
        summary: of an evaluation.
        data: one of `DATA`.

    Raises:
        InputError: an unknown data set.
    """
    one_of("beside_paper", data, DATA)
    values, parts = paper_values(), []
    for name, column in COLUMNS.items():
        if name == "fid" and "fid" not in summary.distance_names:
            continue  # a Fréchet distance on other features cannot stand beside it
        for kind in summary.kinds:
            table = 2 if kind == "contiguous" else 3
            methods = list(values[data, kind, name, 0])
            header = [f"{column.title}, {kind}", *summary.methods, *(f"table {table}: {method}" for method in methods)]
            lines = []
            for bucket in (bucket for other, bucket in summary.cells if other == kind):
                printed = values.get((data, kind, name, bucket), {})
                ours = [_ours(summary, method, kind, bucket, column) for method in summary.methods]
                theirs = [_as_printed(printed[method], column) if method in printed else "–" for method in methods]
                lines.append([bucket_name(bucket), *ours, *theirs])
            parts.append(markdown_table(header, lines))
    return "\n\n".join(parts)


def _as_printed(value: float, column: Column) -> str:
    """Format a number of the paper: one entry has a digit more than its column."""
    digits = column.digits if round(value, column.digits) == value else 3
    return f"{value:.{digits}f}"


def _ours(summary: Summary, method: str, kind: str, bucket: int, column: Column) -> str:
    if column.metric == "fid":
        value = summary.distances.get((method, kind, bucket), {}).get("fid", math.nan)
        return "–" if math.isnan(value) else f"{value:.2f}"
    return with_interval(summary.means.get((method, kind, bucket, column.metric)), column.factor, column.digits)
