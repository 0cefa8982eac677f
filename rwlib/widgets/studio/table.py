r"""How sure? The variants over many photographs, and over several trainings.

Two things vary: the photograph (with its hole) and the training run (its seed). An interval over photographs says how
one trained network does on others; a claim about a *method* needs an interval over trainings. `summarise_seeds` gives
the latter. Differences to the full model are paired, because what makes a photograph hard, or a seed lucky, is in both.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from rwlib.ablations import ABLATIONS, WEIGHTS
from rwlib.conventions import InputError
from rwlib.evaluation import mean_and_interval
from rwlib.evaluation.tables import LOWER_IS_BETTER

RESULTS = WEIGHTS / "results.csv"
"""The shipped table: a row for each variant, training seed, kind and bucket of holes, and held-out photograph."""
COLUMN_OF = {"PSNR in the hole, dB": "hole_psnr", "SSIM in the hole": "hole_ssim", "l1 in the hole": "hole_l1"}
"""Words for a menu → column."""


class Line(NamedTuple):
    """One variant's line of a table."""

    mean: float
    half_width: float
    """Of the mean's 95 % interval."""
    difference: float
    """Mean difference to the full model; nan without it."""
    difference_half_width: float
    wins: int
    """How many photographs, or trainings, are better than the full model's."""
    values: list[float]
    """What the interval is over: one value per photograph, or one per training."""


def lines_of(values: Mapping[str, Mapping[Any, float]], *, lower_is_better: bool = False) -> dict[str, Line]:
    """Summarise one value for each variant and unit (photograph or training), paired by unit.

    Args:
        values: variant → unit → value.
        lower_is_better: decides what counts as a win.

    Raises:
        InputError: a variant lacks a unit that the full model has, or has another one: nothing could be paired.
    """
    lines = {}
    full = values.get("full")
    for name, own in values.items():
        mean, half_width = mean_and_interval(list(own.values()))
        difference = difference_half_width = math.nan
        wins = 0
        if full is not None and name != "full":
            if own.keys() != full.keys():
                raise InputError(f"rows: {name} and full were not measured on the same; {len(own)} and {len(full)}")
            differences = [own[unit] - full[unit] for unit in own]
            difference, difference_half_width = mean_and_interval(differences)
            wins = sum((x < 0) if lower_is_better else (x > 0) for x in differences)
        lines[name] = Line(mean, half_width, difference, difference_half_width, wins, list(own.values()))
    return lines


def summarise_photos(rows: Sequence[Mapping[str, Any]], metric: str = "hole_psnr") -> dict[str, Line]:
    """Summarise `measure`'s rows: intervals over photographs, of one training of each variant."""
    values: dict[str, dict[Any, float]] = {}
    for row in rows:
        values.setdefault(row["method"], {})[row["photo"]] = float(row[metric])
    return lines_of(values, lower_is_better=metric in LOWER_IS_BETTER)


def summarise_seeds(rows: Sequence[Mapping[str, Any]], metric: str = "hole_psnr") -> dict[str, Line]:
    """Summarise rows of several trainings: mean over photographs for each training, then mean and interval over these.

    Args:
        rows: with `variant`, `seed`, `photo` and the metric, all of one kind and bucket (or one mean over several).
        metric: column.

    Returns:
        Variant → line, whose `values` hold one mean for each training, in the order of the seeds. Half-widths are of
        Student's t with one degree of freedom less than there are trainings; nan for a single one.

    Raises:
        InputError: no rows, or a variant and the full model have other seeds.
    """
    if not rows:
        raise InputError("rows: expected at least one, got none")
    cells: dict[str, dict[int, list[float]]] = {}
    for row in rows:
        cells.setdefault(row["variant"], {}).setdefault(int(row["seed"]), []).append(float(row[metric]))
    means = {name: {seed: sum(x) / len(x) for seed, x in sorted(seeds.items())} for name, seeds in cells.items()}
    order = [name for name in ABLATIONS if name in means] + [name for name in means if name not in ABLATIONS]
    return lines_of({name: means[name] for name in order}, lower_is_better=metric in LOWER_IS_BETTER)


def summarise_results(rows: Sequence[Mapping[str, Any]], metric: str = "hole_psnr") -> tuple[dict[str, Line], str]:
    """Summarise the shipped table as far as it reaches.

    Args:
        rows: as for `summarise_seeds`.
        metric: column.

    Returns:
        Lines, and what their intervals are over: `"trainings"` where there are two or more of each variant, else
        `"photographs"` (of one training; a photograph's rows of several kinds and buckets are averaged first).

    Raises:
        InputError: see `summarise_seeds`.
    """
    if len({row["seed"] for row in rows}) != 1:
        return summarise_seeds(rows, metric), "trainings"
    return summarise_seeds([{**row, "seed": row["photo"]} for row in rows], metric), "photographs"


class Components(NamedTuple):
    """Where the variance of a table of trainings by photographs comes from."""

    trainings: float
    photos: float
    rest: float

    def standard_error(self, trainings: int, photos: int) -> float:
        """Return the standard error of the mean over so many trainings, each on the same so many photographs."""
        return math.sqrt(self.trainings / trainings + self.photos / photos + self.rest / (trainings * photos))


def components(table: Tensor) -> Components:
    """Split the variance of a table x_sp = m + a_s + b_p + e_sp into its three parts, by the method of moments.

    Args:
        table: (trainings, photographs), at least 2 by 2, one value each.

    Returns:
        Variances of a (trainings), b (photographs) and e; an estimate below zero becomes 0.

    Raises:
        InputError: fewer than two of either.

    Example:
        >>> components(torch.tensor([[1.0, 5.0], [3.0, 7.0]])).rest
        0.0
    """
    if table.ndim != 2 or min(table.shape) < 2:
        raise InputError(f"table: expected at least 2 trainings by 2 photographs, got shape {tuple(table.shape)}")
    x = table.double()
    S, P = x.shape
    a, b = x.mean(1), x.mean(0)
    rest = (x - a[:, None] - b[None] + x.mean()).pow(2).sum() / ((S - 1) * (P - 1))
    # The variance of row means holds rest / P as well, that of column means rest / S.
    return Components(*(max(0.0, float(v)) for v in (a.var() - rest / P, b.var() - rest / S, rest)))


def read_results(file: str | Path = RESULTS) -> list[dict[str, Any]]:
    """Read the shipped table.

    Returns:
        Rows with `variant`, `seed`, `kind`, `bucket`, `photo`, and the metrics as numbers.

    Raises:
        InputError: the file is missing, or lacks a column.
    """
    file, columns = Path(file), ("variant", "seed", "kind", "bucket", "photo", *COLUMN_OF.values())
    if not file.is_file():
        raise InputError(
            f"results: {file.name} is missing in {file.parent.name}/; make it with data_scripts/ablations.py"
        )
    with open(file, newline="", encoding="utf-8") as opened:
        reader = csv.DictReader(opened)
        if missing := [name for name in columns if name not in (reader.fieldnames or ())]:
            raise InputError(f"results: {file.name} lacks the columns {', '.join(missing)}")
        rows = list(reader)
    whole = ("seed", "bucket", "photo")
    try:
        return [
            dict(row) | {k: int(row[k]) for k in whole} | {k: float(row[k]) for k in COLUMN_OF.values()} for row in rows
        ]
    except (TypeError, ValueError):
        raise InputError(f"results: {file.name} is damaged: an entry is not a number") from None
