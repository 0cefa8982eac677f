r"""Tables of an evaluation, as tables 2 and 3 of the paper: kinds and buckets down, methods across.

Everything is a running sum (Welford's, in float64), fed photograph by photograph, so that a table of ten thousand
photographs takes no more memory than one of ten. An interval is one over photographs: it says how the mean would move
if other photographs had been drawn, not if the network had been trained again.

`Summary.paired` compares methods as they should be: photographs differ far more than methods do, and in the difference
on *the same* photograph that drops out.
"""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scipy.special import stdtrit

from rwlib import masks
from rwlib.conventions import InputError

KINDS = ("contiguous", "discontiguous")
METRICS = ("l1", "l2", "psnr", "ssim", "hole_l1", "hole_l2", "hole_psnr", "hole_ssim")
BUCKETS = (*masks.BUCKETS, (0.5, 0.6))
"""Ranges of the missing fraction: the paper's five, and a sixth that NVIDIA's test masks have."""
MIN_HOLE_FRACTION = 0.01  # a hole of a few pixels makes PSNR infinite
PLACE = ("method", "kind", "bucket", "photo")


def bucket_name(bucket: int) -> str:
    """Return a bucket in words.

    Example:
        >>> bucket_name(2)
        '20–30 %'
    """
    low, high = BUCKETS[bucket]
    return f"{100 * low:.0f}–{100 * high:.0f} %"


class Running:
    """Mean and 95 % interval of values that come one by one; the same numbers as `rwlib.metrics.mean_and_interval`.

    Example:
        >>> running = Running()
        >>> for value in (1.0, 2.0, 3.0):
        ...     running.add(value)
        >>> round(running.mean, 3), round(running.half_width, 3)
        (2.0, 2.484)
    """

    __slots__ = ("n", "_centre", "_squares", "_total")

    def __init__(self) -> None:
        self.n, self._total, self._centre, self._squares = 0, 0.0, 0.0, 0.0

    def add(self, value: float) -> None:
        """Take in one value."""
        self.n += 1
        self._total += value
        delta = value - self._centre
        self._centre += delta / self.n
        self._squares += delta * (value - self._centre)

    @property
    def mean(self) -> float:
        """NaN without values; infinite or NaN if one of them is."""
        return self._total / self.n if self.n else math.nan

    @property
    def half_width(self) -> float:
        """Half the width of the 95 % interval by Student's t; NaN for a single value or a mean that is not finite."""
        if self.n < 2 or not math.isfinite(self.mean):
            return math.nan
        return float(stdtrit(self.n - 1, 0.975) * math.sqrt(self._squares / (self.n - 1) / self.n))


class Summary:
    """Running means of rows: each method in each kind and bucket, and each method's difference from the first one.

    Args:
        metrics: columns of the rows.
    """

    def __init__(self, metrics: Sequence[str] = METRICS) -> None:
        self.metrics = tuple(metrics)
        self.methods: list[str] = []
        self.means: dict[tuple[str, str, int, str], Running] = {}
        """Method, kind, bucket, metric → its values."""
        self.differences: dict[tuple[str, str, int, str], Running] = {}
        """The same → first method minus this one, photograph by photograph."""
        self.distances: dict[tuple[str, str, int], dict[str, float]] = {}
        """Method, kind, bucket → name of a distance between sets (FID, for instance) → value."""
        self.distance_width = 0
        """Number of features of these distances: with as many photographs or fewer they are marked `small N`."""

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take in all rows of one photograph (or of several, one after another; nothing of them is kept)."""
        first: dict[tuple[str, int, int], Mapping[str, Any]] = {}
        for row in rows:
            method, kind, bucket = row["method"], row["kind"], int(row["bucket"])
            if method not in self.methods:
                self.methods.append(method)
            if method == self.methods[0]:
                first[kind, bucket, row["photo"]] = row
            for metric in self.metrics:
                value = float(row[metric])
                self.means.setdefault((method, kind, bucket, metric), Running()).add(value)
                beside = first.get((kind, bucket, row["photo"]))
                if beside is not None and method != self.methods[0]:
                    difference = float(beside[metric]) - value
                    self.differences.setdefault((method, kind, bucket, metric), Running()).add(difference)

    @property
    def cells(self) -> list[tuple[str, int]]:
        """Kinds and buckets that were measured, in the tables' order."""
        found = {(KINDS.index(kind), bucket) for _, kind, bucket, _ in self.means}
        return [(KINDS[kind], bucket) for kind, bucket in sorted(found)]

    @property
    def n(self) -> int:
        """Number of photographs in a cell."""
        return max((running.n for running in self.means.values()), default=0)

    def table(self, metric: str) -> str:
        """Return the Markdown table of one metric, mean ± 95 % interval; l1 and l2 in thousandths, as in the paper."""
        return self._table(metric, self.methods, self.means)

    def paired(self, metric: str) -> str:
        """Return the Markdown table of how much larger the metric is for the first method than for each other one."""
        return self._table(metric, self.methods[1:], self.differences, f", {self.methods[0]} minus", sign="+")

    def distance_table(self, name: str) -> str:
        """Return the Markdown table of a distance between all composites of a cell and their originals."""
        digits = 2 if "frechet" in name or name == "fid" else 5
        small = f", small N ({self.n} ≤ {self.distance_width})" if self.n <= self.distance_width else f", N = {self.n}"
        lines = [f"| {name}{small} | " + " | ".join(self.methods) + " |", "|---" * (len(self.methods) + 1) + "|"]
        for kind, bucket in self.cells:
            values = [self.distances.get((method, kind, bucket), {}).get(name, math.nan) for method in self.methods]
            lines.append(
                f"| {kind} {bucket_name(bucket)} | " + " | ".join(f"{value:.{digits}f}" for value in values) + " |"
            )
        return "\n".join(lines)

    def distance_names(self) -> list[str]:
        """Return which distances there are."""
        return list(next(iter(self.distances.values()), {}))

    def _table(
        self,
        metric: str,
        methods: Sequence[str],
        found: Mapping[tuple[str, str, int, str], Running],
        title: str = "",
        sign: str = "",
    ) -> str:
        thousandths = metric.endswith(("l1", "l2"))
        factor, digits = (1e3, 2) if thousandths else (1.0, 2 if "psnr" in metric else 4)
        name = f"{metric}, 10⁻³" if thousandths else metric
        lines = [f"| {name}{title} | " + " | ".join(methods) + " |", "|---" * (len(methods) + 1) + "|"]
        for kind, bucket in self.cells:
            runnings = [found.get((method, kind, bucket, metric)) for method in methods]
            cells = [
                f"{factor * x.mean:{sign}.{digits}f} ± {factor * x.half_width:.{digits}f}" if x else "–"
                for x in runnings
            ]
            lines.append(f"| {kind} {bucket_name(bucket)} | " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def write_csv(self, file: str | Path) -> None:
        """Write one line for each method, kind, bucket and metric: n, mean, half width, and the paired difference."""
        fields = ("method", "kind", "bucket", "metric", "n", "mean", "half_width", "first_minus_this", "its_half_width")
        with open(file, "w", newline="") as opened:
            writer = csv.writer(opened, lineterminator="\n")
            writer.writerow(fields)
            for key, running in self.means.items():
                difference = self.differences.get(key, Running())
                values = (running.mean, running.half_width, difference.mean, difference.half_width)
                writer.writerow([*key, running.n, *("" if math.isnan(x) else f"{x:.6g}" for x in values)])
            for key, distances in self.distances.items():
                for name, value in distances.items():
                    writer.writerow([*key, name, self.n, "" if math.isnan(value) else f"{value:.6g}", "", "", ""])


def summarise(rows: Sequence[dict[str, Any]], metric: str = "hole_psnr") -> str:
    """Return a Markdown table of one metric: kinds and buckets down, methods across, mean ± 95 % interval.

    Raises:
        InputError: no rows.
    """
    if not rows:
        raise InputError("rows: expected at least one, got none; were any photographs evaluated?")
    summary = Summary([metric])
    summary.add(rows)
    return summary.table(metric)


def rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with its numbers as CSV has them: six digits."""
    return {name: f"{value:.6g}" if isinstance(value, float) else value for name, value in row.items()}


def write_rows(rows: Sequence[dict[str, Any]], file: str | Path) -> None:
    """Write the rows of `evaluate` as CSV."""
    metrics = [name for name in (rows[0] if rows else METRICS) if name not in PLACE]
    with open(file, "w", newline="") as opened:
        writer = csv.DictWriter(opened, [*PLACE, *metrics])
        writer.writeheader()
        writer.writerows(rounded(row) for row in rows)
