r"""Mean and 95 % interval, of values that are all there or of values that come one by one.

An interval is one over photographs: it says how the mean would move if other photographs had been drawn, not if the
network had been trained again. Nothing that is not a number is dropped: an infinite value makes the mean infinite.
"""

import math
from collections.abc import Sequence

import torch
from scipy.special import stdtr, stdtrit
from torch import Tensor

from rwlib.conventions import InputError, check_shape

FEW = 5
"""With fewer values an interval is not shown: its own width is then a matter of luck."""


class RunningMean:
    """Mean and interval of values that come one by one: Welford's sums in float64, nothing else is kept.

    Example:
        >>> running = RunningMean()
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
    def p_value(self) -> float:
        """How likely a mean at least so far from 0 would be if it were 0: Student's t, two sides.

        NaN for a single value or a mean that is not finite; 0 where all values are the same and not 0.
        """
        if self.n < 2 or not math.isfinite(self.mean):
            return math.nan
        error = math.sqrt(self._squares / (self.n - 1) / self.n)
        if error == 0:
            return float(self.mean == 0)
        return float(2 * stdtr(self.n - 1, -abs(self.mean) / error))

    @property
    def half_width(self) -> float:
        """Half the width of the 95 % interval by Student's t; NaN for a single value or a mean that is not finite."""
        if self.n < 2 or not math.isfinite(self.mean):
            return math.nan
        return float(stdtrit(self.n - 1, 0.975) * math.sqrt(self._squares / (self.n - 1) / self.n))


def mean_and_interval(values: Tensor | Sequence[float]) -> tuple[float, float]:
    """Return the mean of per-image values and the half-width of its 95 % confidence interval.

    Args:
        values: (n,), one value per image. Student's t distribution with n - 1 degrees of freedom is used.

    Returns:
        Mean and half-width. The half-width is NaN for a single value, and when a value is infinite or NaN; the mean is
        then infinite or NaN too. Leave such images out yourself if you want that, and say how many.

    Raises:
        InputError: no values, or more than one axis.

    Example:
        >>> mean, half_width = mean_and_interval([1.0, 2.0, 3.0])
        >>> round(mean, 3), round(half_width, 3)
        (2.0, 2.484)
    """
    x = torch.as_tensor(values, dtype=torch.float64)
    if check_shape("values", x, "n")["n"] == 0:
        raise InputError("values: expected at least one value, got none; were any images evaluated?")
    running = RunningMean()
    for value in x.tolist():
        running.add(value)
    return running.mean, running.half_width


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number, so that all of them together are wrong in at most one case of twenty.

    Holm's method (1979): the smallest is multiplied by their number, the next by one less, and so on; none is smaller
    than the one before it, none larger than 1. NaN stays NaN and does not count.

    Args:
        p_values: in any order.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = sorted((i for i, p in enumerate(p_values) if not math.isnan(p)), key=lambda i: p_values[i])
    adjusted, largest = [math.nan] * len(p_values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted
