"""The kernel distance: equal to loops and to torchmetrics, unbiased, and pairs do not bias it."""

import numpy as np
import pytest
import torch
from torchmetrics.image.kid import poly_kernel, poly_mmd

from rwlib.conventions import InputError
from rwlib.evaluation import kernel
from rwlib.evaluation.frechet import blocks
from rwlib.evaluation.kernel import kernel_distance


def features(n, d, seed=0, shift=0.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + shift


def naive_paired(x, y):
    def k(a, b):
        return float((a @ b / len(a) + 1) ** 3)

    n, total = len(x), 0.0
    for i in range(n):
        for j in range(n):
            if i != j:
                total += k(x[i], x[j]) + k(y[i], y[j]) - k(x[i], y[j]) - k(x[j], y[i])
    return total / (n * (n - 1))


@pytest.mark.parametrize("block", [2, 3, 512])
def test_the_paired_distance_equals_the_loop(monkeypatch, block):
    monkeypatch.setattr(kernel, "blocks", lambda rows: blocks(rows, block))
    x, y = features(7, 4), features(7, 4, seed=1, shift=0.5)
    assert kernel_distance(x, y, paired=True) == pytest.approx(naive_paired(x, y), rel=1e-12)
    assert kernel_distance(x.numpy(), y.numpy(), paired=True) == pytest.approx(
        kernel_distance(y, x, paired=True), rel=1e-12
    )


def test_the_paired_distance_is_torchmetrics_without_the_pairs():
    x, y = features(9, 4), features(9, 4, seed=1, shift=0.5)
    cross = poly_kernel(x, y)
    theirs = float(poly_mmd(x, y)) + 2 * float(cross.sum() / 81 - (cross.sum() - cross.trace()) / 72)
    assert kernel_distance(x, y, paired=True) == pytest.approx(theirs, rel=1e-10)


def test_pairs_do_not_bias_the_distance():
    """y_i is x_i but for a little noise: as sets they are equal, and with the pairs kept the estimate is below zero."""
    ours, theirs = [], []
    for seed in range(200):
        x = features(12, 5, seed=seed)
        y = (x + 0.3 * features(12, 5, seed=1000 + seed)) / (1.09**0.5)  # the same distribution again
        ours.append(kernel_distance(x, y, paired=True))
        theirs.append(float(poly_mmd(x, y)))
    error = np.std(ours) / 200**0.5
    assert abs(np.mean(ours)) < 3 * error
    assert np.mean(theirs) < -10 * error


def naive(x, y):
    """The unbiased estimate for two independent sets, term by term (Gretton et al., 2012, eq. (3))."""

    def mean_k(a, b, skip_equal):
        terms = [
            float((p @ q / len(p) + 1) ** 3)
            for i, p in enumerate(a)
            for j, q in enumerate(b)
            if not (skip_equal and i == j)
        ]
        return sum(terms) / len(terms)

    return mean_k(x, x, True) + mean_k(y, y, True) - 2 * mean_k(x, y, False)


@pytest.mark.parametrize("block", [2, 3, 512])
def test_the_distance_equals_the_loop_for_sets_of_any_size(monkeypatch, block):
    monkeypatch.setattr(kernel, "blocks", lambda rows: blocks(rows, block))
    x, y = features(7, 4), features(9, 4, seed=1, shift=0.5)
    assert kernel_distance(x, y) == pytest.approx(naive(x, y), rel=1e-12)
    assert kernel_distance(y.numpy(), x) == pytest.approx(naive(x, y), rel=1e-12)  # symmetric, arrays too


def test_the_distance_is_torchmetrics():
    x, y = features(9, 4), features(9, 4, seed=1, shift=0.5)
    assert kernel_distance(x, y) == pytest.approx(float(poly_mmd(x, y)), rel=1e-10)


def test_the_estimate_is_unbiased_however_few_rows():
    """Two draws of one Gaussian: over many of them the mean is zero, unlike that of the Fréchet distance."""
    values = [kernel_distance(features(4, 5, seed=seed), features(6, 5, seed=5000 + seed)) for seed in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20


def test_refused():
    for x, y, paired in (
        (features(3, 2), features(4, 2), True),
        (features(3, 2), features(3, 3), False),
        (features(1, 2), features(4, 2), False),
        (features(4, 2), features(4, 2)[0], False),
    ):
        with pytest.raises(InputError, match=r"features: expected two \(n, d\) of at least two rows"):
            kernel_distance(x, y, paired=paired)
