"""Mean and interval: values by hand and from tables, and one by one the same as all at once."""

import math
import warnings

import numpy as np
import pytest
import torch

from rwlib.conventions import InputError
from rwlib.evaluation import RunningMean, mean_and_interval

RNG = np.random.default_rng(0)


def running_of(values):
    running = RunningMean()
    for value in values:
        running.add(value)
    return running


@pytest.mark.parametrize(
    "values",
    [[1.0, 2.0, 3.0], [5.0], RNG.normal(size=50), 1e5 + RNG.normal(size=20), [1.0, math.inf], [math.nan, 2.0], [4, 4]],
)
def test_running_equals_the_whole_column(values):
    running = running_of(values)
    expected = mean_and_interval(np.asarray(values, float))
    assert (running.mean, running.half_width) == pytest.approx(expected, rel=1e-9, nan_ok=True)


def test_mean_and_interval():
    # t quantiles from tables: 12.706 for 1 degree of freedom, 2.776 for 4, 1.984 for 99.
    mean, half_width = mean_and_interval([1.0, 3.0])
    assert mean == 2 and half_width == pytest.approx(12.706 * math.sqrt(2) / math.sqrt(2), rel=1e-4)
    mean, half_width = mean_and_interval(torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert mean == 3 and half_width == pytest.approx(2.776 * math.sqrt(2.5) / math.sqrt(5), rel=1e-3)
    assert mean_and_interval(torch.tensor([0.0, 1.0] * 50))[1] == pytest.approx(1.984 * 0.50252 / 10, rel=1e-3)
    assert mean_and_interval([4.0, 4.0]) == (4.0, 0.0)


def test_interval_covers_the_mean_in_95_of_100():
    x = torch.randn(4000, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    covered = [abs(mean) <= half_width for mean, half_width in map(mean_and_interval, x)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.011)  # three standard errors


def test_nothing_is_dropped_silently():
    mean, half_width = mean_and_interval([1.0, math.inf])
    assert mean == math.inf and math.isnan(half_width)
    assert all(math.isnan(value) for value in mean_and_interval([1.0, math.nan]))
    with warnings.catch_warnings(action="error"):
        mean, half_width = mean_and_interval([2.5])
    assert mean == 2.5 and math.isnan(half_width)
    with pytest.raises(InputError, match="values: expected at least one value, got none"):
        mean_and_interval([])
    with pytest.raises(InputError, match="values: expected shape"):
        mean_and_interval(torch.zeros(2, 2))
