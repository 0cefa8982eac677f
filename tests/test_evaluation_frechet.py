"""The Fréchet distance: sums of pieces equal whole matrices, and torchmetrics agrees."""

import numpy as np
import pytest
import torch
from torchmetrics.image.fid import FrechetInceptionDistance

from rwlib.conventions import InputError
from rwlib.evaluation.frechet import Moments, blocks, distance_of_moments, distance_of_samples, moments_of


def features(n, d, seed=0, shift=0.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + shift


def in_pieces(x, *sizes):
    moments = Moments(x.shape[1])
    for piece in x.split(list(sizes)):
        moments.add(piece)
    return moments


@pytest.mark.parametrize("sizes", [(37,), (1, 36), (0, 5, 2, 30), (1,) * 37])
@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_sums_in_pieces_equal_the_whole(sizes, shift):
    x = features(37, 6, shift=shift)
    moments = in_pieces(x, *sizes)
    assert moments.n == 37
    torch.testing.assert_close(moments.mean, x.mean(0), rtol=1e-14, atol=1e-12)
    torch.testing.assert_close(moments.covariance, torch.cov(x.T), rtol=1e-9, atol=1e-9)


def test_half_precision_rows_are_summed_in_double():
    x = features(400, 3).half()
    torch.testing.assert_close(in_pieces(x, *(4,) * 100).covariance, torch.cov(x.double().T))


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
    ours = distance_of_moments(in_pieces(Pixels()(real), 16, 24), in_pieces(Pixels()(fake), 7, 33))
    assert ours == pytest.approx(float(theirs.compute()), rel=1e-4)
    assert ours == pytest.approx(distance_of_samples(Pixels()(real), Pixels()(fake)))


def test_refused():
    with pytest.raises(InputError, match=r"rows: expected \(n, 3\) features, got \(4, 2\)"):
        Moments(3).add(torch.zeros(4, 2))
    with pytest.raises(InputError, match="two rows or more in each set, got 1 and 4"):
        distance_of_moments(moments_of(features(1, 3)), moments_of(features(4, 3)))


@pytest.mark.parametrize("size", [1, 5, 37, 100])
def test_blocks_are_all_rows_in_double(tmp_path, size):
    x = features(37, 4).float()
    np.save(tmp_path / "x", x.numpy())
    for rows in (x, np.load(tmp_path / "x.npy", mmap_mode="r")):
        pieces = list(blocks(rows, size))
        assert torch.equal(torch.cat(pieces), x.double()) and max(map(len, pieces)) <= size
    torch.testing.assert_close(moments_of(rows).covariance, torch.cov(x.double().T))
