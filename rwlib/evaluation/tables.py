r"""Tables of an evaluation, as tables 2 and 3 of the paper: kinds and buckets down, methods across.

Everything is a running sum, fed photograph by photograph, so that a table of ten thousand photographs takes no more
memory than one of ten. `Summary.paired` compares methods as they should be: photographs differ far more than methods
do, and in the difference on *the same* photograph that drops out.
"""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rwlib.conventions import InputError
from rwlib.evaluation.protocol import Cell
from rwlib.evaluation.statistics import FEW, RunningMean
from rwlib.files import write_text
from rwlib.masks import KINDS, bucket_name
from rwlib.metrics import METRICS

ROW_KEYS = ("method", "kind", "bucket", "photo")
"""What a row of measurements is of; its other columns are metrics."""
LOWER_IS_BETTER = {"l1", "l2", "hole_l1", "hole_l2", "lpips", "fid", "kid", "vgg_frechet"}

MetricKey = tuple[str, str, int, str]
"""Method, kind, bucket, metric."""


def markdown_table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    r"""Return a table in Markdown.

    Example:
        >>> print(markdown_table(["l1", "mean"], [["0–10 %", "1.5"]]))
        | l1 | mean |
        |---|---|
        | 0–10 % | 1.5 |
    """
    rule = "|---" * len(header) + "|"
    first, *others = ("| " + " | ".join(cells) + " |" for cells in (header, *lines))
    return "\n".join([first, rule, *others])


class Summary:
    """Running means of rows: each method in each kind and bucket, and each method's difference from the first one.

    Args:
        metrics: columns of the rows.
    """

    def __init__(self, metrics: Sequence[str] = METRICS) -> None:
        self.metrics = tuple(metrics)
        self.methods: list[str] = []
        self.means: dict[MetricKey, RunningMean] = {}
        self.differences: dict[MetricKey, RunningMean] = {}
        """First method minus this one, photograph by photograph."""
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
            baseline = first.get((kind, bucket, row["photo"])) if method != self.methods[0] else None
            for metric in self.metrics:
                key, value = (method, kind, bucket, metric), float(row[metric])
                self.means.setdefault(key, RunningMean()).add(value)
                if baseline is not None:
                    self.differences.setdefault(key, RunningMean()).add(float(baseline[metric]) - value)

    @property
    def cells(self) -> list[Cell]:
        """Kinds and buckets that were measured, in the tables' order."""
        measured = {(KINDS.index(kind), bucket) for _, kind, bucket, _ in self.means}
        return [(KINDS[kind], bucket) for kind, bucket in sorted(measured)]

    @property
    def kinds(self) -> list[str]:
        """Kinds that were measured, in the tables' order."""
        return list(dict.fromkeys(kind for kind, _ in self.cells))

    @property
    def n(self) -> int:
        """Number of photographs in a cell."""
        return max((running.n for running in self.means.values()), default=0)

    @property
    def distance_names(self) -> list[str]:
        """Which distances there are."""
        return list(next(iter(self.distances.values()), {}))

    @property
    def few_photos(self) -> bool:
        """Whether there are too few photographs for the covariance of the features."""
        return self.n <= self.distance_width

    def table(self, metric: str) -> str:
        """Return the Markdown table of one metric, mean ± 95 % interval; l1 and l2 in thousandths, as in the paper."""
        return self._table(metric, self.methods, self.means)

    def paired(self, metric: str) -> str:
        """Return the Markdown table of how much larger the metric is for the first method than for each other one."""
        return self._table(metric, self.methods[1:], self.differences, f", {self.methods[0]} minus", sign="+")

    def distance_table(self, name: str) -> str:
        """Return the Markdown table of a distance between all composites of a cell and their originals."""
        digits = 2 if "frechet" in name or name == "fid" else 5
        size = f"small N ({self.n} ≤ {self.distance_width})" if self.few_photos else f"N = {self.n}"
        lines = []
        for kind, bucket in self.cells:
            values = [self.distances.get((method, kind, bucket), {}).get(name, math.nan) for method in self.methods]
            lines.append([f"{kind} {bucket_name(bucket)}", *(f"{value:.{digits}f}" for value in values)])
        return markdown_table([f"{name}, {size}", *self.methods], lines)

    def _table(
        self,
        metric: str,
        methods: Sequence[str],
        values: Mapping[MetricKey, RunningMean],
        title: str = "",
        sign: str = "",
    ) -> str:
        thousandths = metric.endswith(("l1", "l2"))
        factor, digits = (1e3, 2) if thousandths else (1.0, 2 if "psnr" in metric else 4)
        name = f"{metric}, 10⁻³" if thousandths else metric
        lines = []
        for kind, bucket in self.cells:
            runnings = [values.get((method, kind, bucket, metric)) for method in methods]
            cells = [with_interval(running, factor, digits, sign) for running in runnings]
            lines.append([f"{kind} {bucket_name(bucket)}", *cells])
        return markdown_table([f"{name}{title}", *methods], lines)

    def csv(self) -> str:
        """Return one line per method, kind, bucket and metric: n, mean, half width, and the paired difference."""
        header = ("method", "kind", "bucket", "metric", "n", "mean", "half_width", "first_minus_this", "its_half_width")
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)

        def number(value: float) -> str:
            return "" if math.isnan(value) else f"{value:.6g}"

        for key, running in self.means.items():
            difference = self.differences.get(key, RunningMean())
            values = (running.mean, running.half_width, difference.mean, difference.half_width)
            writer.writerow([*key, running.n, *map(number, values)])
        for key, distances in self.distances.items():
            for name, value in distances.items():
                writer.writerow([*key, name, self.n, number(value), "", "", ""])
        return text.getvalue()


def with_interval(running: RunningMean | None, factor: float, digits: int, sign: str = "") -> str:
    """Return mean ± half width times a factor, or n instead of an interval, or a dash where nothing was measured."""
    if running is None:
        return "–"
    mean = f"{factor * running.mean:{sign}.{digits}f}"
    return f"{mean} (n = {running.n})" if running.n < FEW else f"{mean} ± {factor * running.half_width:.{digits}f}"


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


def rows_csv(rows: Sequence[Mapping[str, Any]], metrics: Sequence[str], *, header: bool = True) -> str:
    """Return rows of `evaluate` as CSV, numbers with six digits."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow([*ROW_KEYS, *metrics])
    for row in rows:
        writer.writerow([*(row[key] for key in ROW_KEYS), *(f"{row[metric]:.6g}" for metric in metrics)])
    return text.getvalue()


def write_rows(rows: Sequence[Mapping[str, Any]], file: str | Path) -> None:
    """Write the rows of `evaluate` as CSV.

    Raises:
        InputError: the file cannot be written.
    """
    metrics = [name for name in (rows[0] if rows else METRICS) if name not in ROW_KEYS]
    write_text(file, rows_csv(rows, metrics), "file")
