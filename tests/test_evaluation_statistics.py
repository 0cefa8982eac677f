"""Mean and interval: values by hand and from tables, and one by one the same as all at once."""

import math
import warnings

import numpy as np
import pytest
import torch

from rwlib.conventions import InputError
from rwlib.evaluation import RunningMean, mean_and_interval
from rwlib.evaluation.statistics import holm

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


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], RNG.normal(0.2, size=50), 1e3 + RNG.normal(size=20)])
def test_a_p_value_is_that_of_the_t_test(values):
    from scipy.stats import ttest_1samp

    assert running_of(values).p_value == pytest.approx(ttest_1samp(values, 0).pvalue, rel=1e-9)


def test_p_values_at_the_edge():
    assert math.isnan(running_of([3.0]).p_value) and math.isnan(running_of([1.0, math.inf]).p_value)
    assert running_of([2.0, 2.0]).p_value == 0 and running_of([0.0, 0.0]).p_value == 1


def test_holm_by_hand_and_against_a_plain_reading_of_its_rule():
    assert holm([]) == []
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    adjusted = holm([0.02, math.nan, 0.01])
    assert (adjusted[0], adjusted[2]) == pytest.approx((0.02, 0.02)) and math.isnan(adjusted[1])
    for seed in range(20):
        p = np.random.default_rng(seed).uniform(0, 0.2, size=7).tolist()
        # Step down: at level a the hypothesis is rejected if its adjusted value is at most a.
        for level in (0.01, 0.05, 0.2):
            rejected, order = set(), sorted(range(7), key=lambda i: p[i])
            for k, i in enumerate(order):
                if p[i] > level / (7 - k):
                    break
                rejected.add(i)
            assert {i for i, value in enumerate(holm(p)) if value <= level} == rejected
