"""Distances between sets: streamed sums equal whole matrices, torchmetrics agrees, and pairs do not bias the kernel."""

import numpy as np
import pytest
import torch
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import poly_kernel, poly_mmd

from rwlib.conventions import InputError
from rwlib.evaluation import frechet
from rwlib.evaluation.frechet import Moments, blocks, distance_of_moments, distance_of_samples, kernel_distance


def features(n, d, seed=0, shift=0.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + shift


def moments_of(x, *sizes):
    moments = Moments(x.shape[1])
    for some in x.split(list(sizes) or len(x)):
        moments.add(some)
    return moments


@pytest.mark.parametrize("sizes", [(37,), (1, 36), (0, 5, 2, 30), (1,) * 37])
@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_sums_in_pieces_equal_the_whole(sizes, shift):
    x = features(37, 6, shift=shift)
    moments = moments_of(x, *sizes)
    assert moments.n == 37
    torch.testing.assert_close(moments.mean, x.mean(0), rtol=1e-14, atol=1e-12)
    torch.testing.assert_close(moments.covariance, torch.cov(x.T), rtol=1e-9, atol=1e-9)


def test_half_precision_rows_are_summed_in_double():
    x = features(400, 3).half()
    torch.testing.assert_close(moments_of(x, *(4,) * 100).covariance, torch.cov(x.double().T))


class Pixels(torch.nn.Module):
    """Features for torchmetrics: eight averages of an 8-bit picture."""

    num_features = 8

    def forward(self, x):
        return x.float().mean(1).reshape(len(x), 8, -1).mean(2)


def test_equal_to_torchmetrics_on_the_same_features():
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.randint(top, (40, 3, 8, 8), generator=generator, dtype=torch.uint8) for top in (256, 200))
    theirs = FrechetInceptionDistance(feature=Pixels(), input_img_size=(3, 8, 8)).set_dtype(torch.float64)
    theirs.update(real, real=True)
    theirs.update(fake, real=False)
    ours = distance_of_moments(moments_of(Pixels()(real), 16, 24), moments_of(Pixels()(fake), 7, 33))
    assert ours == pytest.approx(float(theirs.compute()), rel=1e-4)
    assert ours == pytest.approx(distance_of_samples(Pixels()(real), Pixels()(fake)))


def naive_kernel_distance(x, y):
    def k(a, b):
        return float((a @ b / len(a) + 1) ** 3)

    n, total = len(x), 0.0
    for i in range(n):
        for j in range(n):
            if i != j:
                total += k(x[i], x[j]) + k(y[i], y[j]) - k(x[i], y[j]) - k(x[j], y[i])
    return total / (n * (n - 1))


@pytest.mark.parametrize("block", [2, 3, 512])
def test_kernel_distance_equals_the_loop(monkeypatch, block):
    monkeypatch.setattr(frechet, "blocks", lambda rows: blocks(rows, block))
    x, y = features(7, 4), features(7, 4, seed=1, shift=0.5)
    assert kernel_distance(x, y) == pytest.approx(naive_kernel_distance(x, y), rel=1e-12)
    assert kernel_distance(x.numpy(), y.numpy()) == pytest.approx(kernel_distance(y, x), rel=1e-12)


def test_kernel_distance_is_torchmetrics_without_the_pairs():
    x, y = features(9, 4), features(9, 4, seed=1, shift=0.5)
    cross = poly_kernel(x, y)
    theirs = float(poly_mmd(x, y)) + 2 * float(cross.sum() / 81 - (cross.sum() - cross.trace()) / 72)
    assert kernel_distance(x, y) == pytest.approx(theirs, rel=1e-10)


def test_pairs_do_not_bias_the_kernel_distance():
    """y_i is x_i but for a little noise: as sets they are equal, and with the pairs kept the estimate is below zero."""
    ours, theirs = [], []
    for seed in range(200):
        x = features(12, 5, seed=seed)
        y = (x + 0.3 * features(12, 5, seed=1000 + seed)) / (1.09**0.5)  # the same distribution again
        ours.append(kernel_distance(x, y))
        theirs.append(float(poly_mmd(x, y)))
    error = np.std(ours) / 200**0.5
    assert abs(np.mean(ours)) < 3 * error
    assert np.mean(theirs) < -10 * error


def test_refused():
    with pytest.raises(InputError, match=r"rows: expected \(n, 3\) features, got \(4, 2\)"):
        Moments(3).add(torch.zeros(4, 2))
    with pytest.raises(InputError, match="two rows or more in each set, got 1 and 4"):
        distance_of_moments(moments_of(features(1, 3)), moments_of(features(4, 3)))
    for x, y in ((features(3, 2), features(4, 2)), (features(1, 2), features(1, 2))):
        with pytest.raises(InputError, match=r"features: expected two \(n, d\) of at least two rows"):
            kernel_distance(x, y)
