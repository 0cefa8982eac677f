"""Style loss, eq. (5): which channels fire together, over c h w, summed over the pools, never in half precision."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from rwlib.conventions import InputError
from rwlib.losses import gram, style_loss


def features(b=2, c=3, h=2, w=4, seed=0):
    return torch.randn(b, c, h, w, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def pools(seed=0):
    return [
        features(c=2, h=4, w=6, seed=seed),
        features(c=3, h=2, w=3, seed=seed + 1),
        features(c=4, h=1, w=1, seed=seed),
    ]


# --- Gram matrices


def gram_ref(phi):
    """Entry (k, l): products of channels k and l, summed over the positions, over c h w."""
    b, c, h, w = phi.shape
    out = torch.zeros(b, c, c, dtype=phi.dtype)
    for n, k, l in np.ndindex(b, c, c):  # noqa: E741
        for i, j in np.ndindex(h, w):
            out[n, k, l] += phi[n, k, i, j] * phi[n, l, i, j] / (c * h * w)
    return out


def test_gram_equals_loop():
    torch.testing.assert_close(gram(features()), gram_ref(features()))


def test_gram_by_hand():
    phi = torch.tensor([[1.0, 2.0], [3.0, 0.0]]).reshape(1, 2, 1, 2)  # channels (1, 2) and (3, 0)
    assert gram(phi).tolist() == [[[5 / 4, 3 / 4], [3 / 4, 9 / 4]]]


def test_gram_forgets_where_things_are_and_how_large_the_map_is():
    phi, G = features(), gram(features())
    torch.testing.assert_close(gram(phi.flip(2, 3)), G)
    torch.testing.assert_close(gram(phi.roll(1, dims=3)), G)
    torch.testing.assert_close(gram(phi.repeat(1, 1, 2, 3)), G)  # tiled


def test_gram_moves_with_the_channels():
    torch.testing.assert_close(gram(features().flip(1)), gram(features()).flip(1, 2))


def test_gram_has_the_right_gradient():
    assert gradcheck(gram, features().requires_grad_())


# --- eq. (5)


@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_sum"])
def test_loss_equals_loop(reduction):
    expected = 0.0
    for phi_c2, phi_gt in zip(pools(), pools(seed=5), strict=True):
        G_c2, G_gt = gram_ref(phi_c2), gram_ref(phi_gt)
        total = sum(abs(float(G_c2[index] - G_gt[index])) for index in np.ndindex(*G_gt.shape))
        expected += total / {"sum": 2, "mean": G_gt.numel(), "batch_sum": 1}[reduction]
    assert float(style_loss(pools(), pools(seed=5), reduction=reduction)) == pytest.approx(expected, rel=1e-12)


def test_loss_by_hand():
    phi_gt = torch.tensor([[1.0, 2.0], [3.0, 0.0]]).reshape(1, 2, 1, 2)
    ones = torch.ones(1, 2, 1, 2)  # its Gram matrix is 2/4 everywhere
    assert style_loss([ones], [phi_gt]) == (3 + 1 + 1 + 7) / 4
    assert style_loss([ones, phi_gt, ones], [phi_gt, phi_gt, phi_gt]) == 3 + 0 + 3


def test_loss_is_zero_for_equal_features_and_symmetric():
    one, other = pools(), pools(seed=5)
    assert style_loss(one, one) == 0
    torch.testing.assert_close(style_loss(one, other), style_loss(other, one))


@pytest.mark.parametrize("p", [0, 1, 2])
def test_every_pool_counts(p):
    phis_c2 = pools(seed=5)
    phis_gt = list(phis_c2)
    phis_gt[p] = pools()[p]
    torch.testing.assert_close(style_loss(phis_c2, phis_gt), style_loss([phis_c2[p]], [phis_gt[p]]))
    assert style_loss(phis_c2, phis_gt) > 0


@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_sum"])
def test_loss_has_the_right_gradient(reduction):
    inputs = [phi.requires_grad_() for phi in pools() + pools(seed=5)]
    assert gradcheck(lambda *phis: style_loss(phis[:3], phis[3:], reduction=reduction), inputs)


@pytest.mark.parametrize("reduction, factor", [("sum", 1), ("mean", 1), ("batch_sum", 2)])
def test_only_the_batch_sum_grows_with_the_batch(reduction, factor):
    twice = [[torch.cat([phi, phi]) for phi in phis] for phis in (pools(), pools(seed=5))]
    expected = factor * style_loss(pools(), pools(seed=5), reduction=reduction)
    torch.testing.assert_close(style_loss(*twice, reduction=reduction), expected)


# --- precision


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_sums_beyond_half_precisions_range_survive(dtype):
    phi = torch.full((1, 2, 32, 32), 512.0, dtype=dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        G = gram(phi)
        loss = style_loss([phi], [torch.zeros_like(phi)])
    assert G.dtype == loss.dtype == torch.float32
    assert (G == 512**2 / 2).all() and loss == 4 * 512**2 / 2  # half precision ends at 65504


def test_autocast_does_not_change_a_bit():
    one, other = [[phi.float() for phi in phis] for phis in (pools(), pools(seed=5))]
    expected = style_loss(one, other)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(style_loss(one, other), expected)


def test_float64_stays_float64():
    assert gram(features()).dtype == style_loss(pools(), pools(seed=5)).dtype == torch.float64


# --- errors


def test_lists_that_do_not_fit_are_refused():
    phi = torch.zeros(2, 3, 2, 4)
    with pytest.raises(InputError, match="phis_gt: expected as many maps as phis_c2, at least one, got 2, 1"):
        style_loss([phi, phi], [phi])
    with pytest.raises(InputError, match="phis_gt: expected as many maps as phis_c2, at least one, got 0, 0"):
        style_loss([], [])
    with pytest.raises(InputError, match=r"phis_gt: pool 2: expected shape \(2, 3, 2, 4\), got \(1, 3, 2, 4\)"):
        style_loss([phi, phi], [phi, phi[:1]])
    with pytest.raises(InputError, match=r"phi: expected shape \(b, c, h, w\), got \(3, 2, 4\)"):
        gram(phi[0])
    with pytest.raises(InputError, match="reduction: expected"):
        style_loss([phi], [phi], reduction="max")
