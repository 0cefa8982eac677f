"""Correlation loss, eqs. (3) and (4): every pair of positions, over c squared, never in half precision."""

import sys

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode
from waits import Waits

from rwlib.conventions import InputError
from rwlib.losses import correlation, correlation_loss, correlation_loss_ref


def features(b=2, c=5, h=2, w=3, seed=0):
    return torch.randn(b, c, h, w, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


# --- eq. (3)


def correlation_ref(phi):
    """f_ij is the dot product of the feature vectors at positions i and j, row by row."""
    b, _, h, w = phi.shape
    f = torch.empty(b, h * w, h * w, dtype=phi.dtype)
    for n, i, j in np.ndindex(*f.shape):
        psi_i, psi_j = phi[n, :, i // w, i % w], phi[n, :, j // w, j % w]
        f[n, i, j] = sum(float(x * y) for x, y in zip(psi_i, psi_j, strict=True))
    return f


def test_correlation_equals_loop():
    torch.testing.assert_close(correlation(features()), correlation_ref(features()))


def test_correlation_by_hand():
    phi = torch.tensor([[1.0, 2.0], [3.0, 0.0]]).reshape(1, 2, 1, 2)  # positions (1, 3) and (2, 0)
    assert correlation(phi).tolist() == [[[10, 2], [2, 4]]]


def test_correlation_does_not_depend_on_the_order_or_rotation_of_channels():
    phi, f = features(), correlation(features())
    torch.testing.assert_close(correlation(phi.flip(1)), f)
    rotation = torch.linalg.qr(features(1, 1, 5, 5)[0, 0]).Q
    torch.testing.assert_close(correlation(torch.einsum("dc,bchw->bdhw", rotation, phi)), f)


def test_correlation_moves_with_the_positions():
    torch.testing.assert_close(correlation(features().flip(2, 3)), correlation(features()).flip(1, 2))


def test_correlation_has_the_right_gradient():
    assert gradcheck(correlation, features().requires_grad_())


# --- eq. (4)


def loss_ref(phi_c1, phi_gt):
    """The sum over images and pairs of positions, over c²."""
    f_c1, f_gt = correlation_ref(phi_c1), correlation_ref(phi_gt)
    return sum(abs(float(f_c1[index] - f_gt[index])) for index in np.ndindex(*f_gt.shape)) / phi_gt.shape[1] ** 2


@pytest.mark.parametrize("reduction, divisor", [("sum", 2), ("mean", 2 * 6 * 6), ("batch_sum", 1)])
def test_loss_equals_loop(reduction, divisor):
    phi_c1, phi_gt = features(), features(seed=1)
    loss = correlation_loss(phi_c1, phi_gt, reduction=reduction)
    assert float(loss) == pytest.approx(loss_ref(phi_c1, phi_gt) / divisor, rel=1e-12)


def test_loss_by_hand():
    phi_gt = torch.tensor([[1.0, 2.0], [3.0, 0.0]]).reshape(1, 2, 1, 2)
    # f is ((10, 2), (2, 4)) and, for ones everywhere, ((2, 2), (2, 2)): differences 8 + 0 + 0 + 2, over 2².
    assert correlation_loss(torch.ones(1, 2, 1, 2), phi_gt) == 2.5


def test_loss_is_zero_for_equal_features_and_symmetric():
    one, other = features(), features(seed=1)
    assert correlation_loss(one, one) == 0 and correlation_loss(one, other) > 0
    torch.testing.assert_close(correlation_loss(one, other), correlation_loss(other, one))


def test_loss_sees_where_things_are():
    """The style loss does not: swapping two positions changes which of them resemble each other."""
    phi = features()
    swapped = phi.clone()
    swapped[:, :, 0, [0, 1]] = phi[:, :, 0, [1, 0]]
    assert correlation_loss(swapped, phi) > 0.1


@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_sum"])
def test_loss_has_the_right_gradient(reduction):
    inputs = features().requires_grad_(), features(seed=1).requires_grad_()
    assert gradcheck(lambda phi_c1, phi_gt: correlation_loss(phi_c1, phi_gt, reduction=reduction), inputs)


@pytest.mark.parametrize("reduction, factor", [("sum", 1), ("mean", 1), ("batch_sum", 2)])
def test_only_the_batch_sum_grows_with_the_batch(reduction, factor):
    phi_c1, phi_gt = features(), features(seed=1)
    twice = correlation_loss(torch.cat([phi_c1, phi_c1]), torch.cat([phi_gt, phi_gt]), reduction=reduction)
    torch.testing.assert_close(twice, factor * correlation_loss(phi_c1, phi_gt, reduction=reduction))


# --- tile by tile


@pytest.fixture(params=[1, 2, 4, 512])
def tile(request, monkeypatch):
    """Tiles that leave a rest of the 6 positions, that do not, and one that holds them all."""
    monkeypatch.setitem(sys.modules[correlation_loss.__module__].TILE, "cpu", request.param)


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """All images of a batch at once, without a look at the numbers."""
    monkeypatch.setattr(sys.modules[correlation_loss.__module__], "SKIPPING", set())


def pairs():
    """Features that differ everywhere, in some positions, in one, and nowhere."""
    phi_gt = features(seed=1)
    some, one = phi_gt.clone(), phi_gt.clone()
    some[:, :, 0], one[0, :, 1, 1] = features()[:, :, 0], 2.0
    return [(features(), phi_gt), (some, phi_gt), (one, phi_gt), (phi_gt, phi_gt)]


@pytest.mark.parametrize("phi_c1, phi_gt", pairs(), ids=["everywhere", "some", "one", "nowhere"])
@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_sum"])
def test_tiles_give_the_value_and_the_gradients_of_the_whole(tile, phi_c1, phi_gt, reduction):
    inputs = [phi_c1.clone().requires_grad_(), phi_gt.clone().requires_grad_()]
    losses = [f(*inputs, reduction=reduction) for f in (correlation_loss, correlation_loss_ref)]
    torch.testing.assert_close(*losses, rtol=1e-12, atol=0)
    for ours, expected in zip(*(torch.autograd.grad(3 * loss, inputs) for loss in losses), strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-12)


def test_a_whole_batch_at_once_gives_the_same_and_never_waits_for_a_number(as_on_a_gpu, tile):
    for phi_c1, phi_gt in pairs():
        inputs = [phi_c1.clone().requires_grad_(), phi_gt.clone().requires_grad_()]
        with Waits() as waits:
            loss = correlation_loss(*inputs)
            gradients = torch.autograd.grad(loss, inputs)
        assert waits.names == []
        expected = correlation_loss_ref(*inputs)
        torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)
        for ours, theirs in zip(gradients, torch.autograd.grad(expected, inputs), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_the_counter_of_waits_sees_what_makes_a_processor_wait():
    x = torch.arange(3.0)
    for wait in (
        x.sum().item,
        lambda: x.tolist(),
        x.nonzero,
        lambda: int(x.sum()),
        lambda: bool(x[0] == 0),
        lambda: x[x > 1],
    ):
        with Waits() as waits:
            wait()
        assert waits.names


def test_only_the_gradients_that_are_asked_for():
    for needed in ((True, False), (False, True)):
        inputs = [phi.requires_grad_(yes) for phi, yes in zip((features(), features(seed=1)), needed, strict=True)]
        correlation_loss(*inputs).backward()
        assert [phi.grad is not None for phi in inputs] == list(needed)


def test_no_square_matrix_and_no_work_where_nothing_changed(tile):
    """The largest tensor is a tile or the features; pairs of positions that did not change are left out."""
    n = 64
    phi_gt = features(1, 5, 8, n // 8)
    phi_c1 = phi_gt.clone()
    phi_c1[:, :, 3, 4] += 1
    with FlopCounterMode(display=False) as one, Largest() as largest:
        correlation_loss(phi_c1.requires_grad_(), phi_gt)
    with FlopCounterMode(display=False) as every:
        correlation_loss(phi_c1 + 1, phi_gt)
    size = min(n, sys.modules[correlation_loss.__module__].TILE["cpu"])
    assert largest.numel <= max(size**2, n * 10)
    assert one.get_total_flops() <= every.get_total_flops() * (1 if size == n else 3 * size / n)


class Largest(TorchDispatchMode):
    """Notes the size of the largest tensor that any operation makes."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for tensor in torch.utils._pytree.tree_leaves(out):
            if isinstance(tensor, torch.Tensor):
                self.numel = max(self.numel, tensor.numel())
        return out


def test_float32_gradients_are_nearer_to_the_truth_than_the_naive_ones():
    """Two large numbers that nearly cancel leave the naive sign to rounding; E Aᵀ + B Eᵀ does not subtract them."""
    phi_gt = (features(1, 32, 12, 12, seed=1).relu() * 50).float()
    phi_c1 = phi_gt + features(1, 32, 12, 12).float() / 100

    def gradient(loss, dtype):
        phi = phi_c1.to(dtype, copy=True).requires_grad_()
        return torch.autograd.grad(loss(phi, phi_gt.to(dtype)), phi)[0].double()

    truth = gradient(correlation_loss_ref, torch.float64)
    ours, naive = ((gradient(f, torch.float32) - truth).norm() for f in (correlation_loss, correlation_loss_ref))
    assert ours < 1e-6 * truth.norm() and ours < naive / 10


# --- precision


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_correlations_beyond_half_precisions_range_survive(dtype):
    phi = torch.full((1, 128, 1, 2), 144.0, dtype=dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        f = correlation(phi)
        loss = correlation_loss(phi, torch.zeros_like(phi))
    assert f.dtype == loss.dtype == torch.float32
    assert (f == 128 * 144**2).all()  # 2.65e6; half precision ends at 65504
    assert loss == 4 * 128 * 144**2 / 128**2


def test_autocast_does_not_change_a_bit():
    phi, other = features().float(), features(seed=1).float()
    expected = correlation_loss(phi, other)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(correlation_loss(phi, other), expected)


def test_float64_stays_float64():
    assert correlation(features()).dtype == correlation_loss(features(), features(seed=1)).dtype == torch.float64


# --- errors


def test_shapes_that_do_not_fit_are_refused():
    phi = torch.zeros(2, 5, 2, 3)
    with pytest.raises(InputError, match=r"phi_gt: expected phi_c1's shape \(2, 5, 2, 3\), got \(1, 5, 2, 3\)"):
        correlation_loss(phi, phi[:1])
    with pytest.raises(InputError, match=r"phi_c1: expected shape \(b, c, h, w\), got \(5, 2, 3\)"):
        correlation_loss(phi[0], phi[0])
    with pytest.raises(InputError, match=r"phi: expected shape \(b, c, h, w\), got \(5, 2, 3\)"):
        correlation(phi[0])
    with pytest.raises(InputError, match="reduction: expected"):
        correlation_loss(phi, phi, reduction="max")
