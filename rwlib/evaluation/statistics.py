r"""Mean and 95 % interval, of values that are all there or of values that come one by one.

An interval is one over photographs: it says how the mean would move if other photographs had been drawn, not if the
network had been trained again. Nothing that is not a number is dropped: an infinite value makes the mean infinite.
"""

import math
from collections.abc import Sequence

import torch
from scipy.special import stdtrit
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
