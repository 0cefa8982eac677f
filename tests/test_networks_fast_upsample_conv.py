"""Upsampling and convolution in one: equal to the two in turn, in value and gradient, whatever the size."""

import pytest
import torch
import torch.nn.functional as F
from examples import randn
from torch.autograd import gradcheck

from rwlib.networks.fast import upsample_conv
from rwlib.networks.fast.upsample_conv import STEPS_AND_SUM, upsample_conv2d, upsample_conv2d_ref
from rwlib.networks.generator import RegionWiseGenerator

SIZES = [(1, 1), (1, 4), (3, 1), (2, 2), (3, 5), (6, 4)]


def layer(h, w, *, b=2, c=3, o=4):
    return randn(b, c, h, w), randn(o, c, 3, 3, seed=1), randn(o, seed=2)


def mirrored_ref(x, weight, bias):
    """As `upsample_conv2d_ref`, also for one-pixel maps: an enlarged row's mirror repeats its border pixel."""
    enlarged = F.interpolate(x, scale_factor=2, mode="nearest")
    return F.conv2d(F.pad(enlarged, (1, 1, 1, 1), mode="replicate"), weight, bias)


@pytest.mark.parametrize("h, w", SIZES)
def test_equals_the_two_in_turn(h, w):
    x, weight, bias = layer(h, w)
    out = upsample_conv2d(x, weight, bias)
    assert out.shape == (2, 4, 2 * h, 2 * w)
    torch.testing.assert_close(out, upsample_conv2d_ref(x, weight, bias))
    torch.testing.assert_close(out, mirrored_ref(x, weight, bias))


@pytest.mark.parametrize("h, w", SIZES)
def test_gradients_equal_autograds(h, w):
    tensors = [x.requires_grad_() for x in layer(h, w)]
    grad = randn(2, 4, 2 * h, 2 * w, seed=3)
    expected = torch.autograd.grad(mirrored_ref(*tensors), tensors, grad)
    for memory_format in (torch.contiguous_format, torch.channels_last):
        ours = torch.autograd.grad(upsample_conv2d(*tensors), tensors, grad.contiguous(memory_format=memory_format))
        torch.testing.assert_close(ours, expected)
    assert gradcheck(upsample_conv2d, tensors, fast_mode=True)


@pytest.mark.parametrize("rows", [0, 1, 2, 4, 6])
def test_bands_of_rows_give_the_value_and_the_gradients_of_the_whole(rows, monkeypatch):
    """Bands of single rows (also where a row is wider than a band), of two, with a rest, and a single band."""
    monkeypatch.setattr(upsample_conv, "BAND_PX", 5 * rows)
    tensors = [x.requires_grad_() for x in layer(6, 5)]
    grad = randn(2, 4, 12, 10, seed=3)
    out, expected = upsample_conv2d(*tensors), upsample_conv2d_ref(*tensors)
    torch.testing.assert_close(out, expected)
    for ours, theirs in zip(*(torch.autograd.grad(y, tensors, grad) for y in (out, expected)), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_by_hand():
    """One row, filters only in the middle row: even = w0 x[i-1] + (w1 + w2) x[i], odd = (w0 + w1) x[i] + w2 x[i+1]."""
    x = torch.tensor([1.0, 2.0, 5.0]).reshape(1, 1, 1, 3)
    weight = torch.zeros(1, 1, 3, 3)
    weight[0, 0, 1] = torch.tensor([1.0, 10.0, 100.0])
    expected = [111, 11 + 200, 1 + 220, 22 + 500, 2 + 550, 55 + 500]
    assert upsample_conv2d(x, weight, torch.zeros(1))[0, 0].tolist() == [expected, expected]


def test_nine_products_are_the_filters_of_steps_and_of_the_sum():
    T = torch.tensor(STEPS_AND_SUM)
    assert (T @ torch.tensor([1.0, 10.0, 100.0])).tolist() == [-1, 111, 100]


def test_unneeded_gradients_are_not_computed():
    x, weight, bias = layer(3, 4)
    upsample_conv2d(x, weight.requires_grad_(), bias).sum().backward()
    assert x.grad is None and weight.grad is not None


def test_a_second_derivative_is_refused_not_wrong():
    x, weight, bias = (t.requires_grad_() for t in layer(3, 4))
    (gradient,) = torch.autograd.grad(upsample_conv2d(x, weight, bias).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_autocast_rounds_as_a_convolution_does():
    x, weight, bias = (t.float().requires_grad_() for t in layer(8, 8, c=64, o=32))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out, ref = upsample_conv2d(x, weight, bias), upsample_conv2d_ref(x, weight, bias)
    assert out.dtype == ref.dtype == torch.bfloat16
    exact = upsample_conv2d_ref(x, weight, bias)
    ours, theirs = ((y.float() - exact).norm() / exact.norm() for y in (out, ref))
    assert ours < 3 * theirs < 0.02
    out.sum().backward()
    assert x.grad.dtype == weight.grad.dtype == torch.float32


def test_backward_keeps_only_the_input():
    kept = []
    x, weight, bias = (t.requires_grad_() for t in layer(16, 16, c=8, o=8))
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        upsample_conv2d(x, weight, bias)
    # 288 numbers of K's einsum beside x
    assert sum(t.numel() for t in kept if t.data_ptr() != x.data_ptr()) < x.numel()


def test_the_result_may_be_overwritten():
    """The generator applies its ELU in place, which autograd forbids on a view."""
    x, weight, bias = (t.requires_grad_() for t in layer(3, 4))
    F.elu(upsample_conv2d(x, weight, bias), inplace=True).sum().backward()
    expected = torch.autograd.grad(F.elu(upsample_conv2d_ref(x, weight, bias)).sum(), x)[0]
    torch.testing.assert_close(x.grad, expected)


@pytest.mark.slow
def test_a_compiled_generator_gives_the_same_picture():
    G = RegionWiseGenerator(2)
    I, M = randn(1, 3, 8, 8, dtype=torch.float32), torch.ones(1, 1, 8, 8)
    compiled = torch.compile(G, backend="eager")
    assert torch.equal(compiled(I, M).I_c2, G(I, M).I_c2)
