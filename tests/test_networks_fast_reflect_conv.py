"""Mirrored borders: padding equals numpy's, and the convolution that keeps no padded copy equals the one that does."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from examples import randn
from torch.autograd import gradcheck

from rwlib.networks.fast.reflect_conv import pad_reflect, reflect_conv2d, reflect_conv2d_ref


@pytest.mark.parametrize("h, w", [(1, 1), (1, 5), (4, 1), (2, 3), (4, 4), (3, 9)])
@pytest.mark.parametrize("padding", [0, 1, 2, 3, 4, 16])
def test_pad_reflect_equals_numpy_also_beyond_the_map(h, w, padding):
    x = randn(2, 3, h, w)
    around = (padding, padding)
    assert np.array_equal(pad_reflect(x, padding).numpy(), np.pad(x, ((0, 0), (0, 0), around, around), mode="reflect"))


def test_pad_reflect_by_hand():
    row = torch.tensor([1.0, 2.0, 3.0]).reshape(1, 1, 1, 3)
    assert pad_reflect(row, 4)[0, 0, 4].tolist() == [1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3]


def test_pad_reflect_has_the_right_gradient():
    assert gradcheck(lambda x: pad_reflect(x, 4), randn(1, 1, 3, 2).requires_grad_())


@pytest.mark.parametrize("h, w", [(1, 1), (1, 5), (2, 3), (5, 4)])
@pytest.mark.parametrize("kernel, stride, dilation", [(1, 1, 1), (3, 1, 1), (5, 2, 1), (3, 2, 4)])
def test_convolution_equals_the_one_left_to_autograd(h, w, kernel, stride, dilation):
    tensors = [randn(2, 3, h, w), randn(4, 3, kernel, kernel, seed=1), randn(4, seed=2)]
    tensors = [t.requires_grad_() for t in tensors]
    out, ref = (f(*tensors, stride, dilation) for f in (reflect_conv2d, reflect_conv2d_ref))
    assert torch.equal(out, ref)
    grad = randn(*out.shape, seed=3)
    for ours, expected in zip(*(torch.autograd.grad(y, tensors, grad) for y in (out, ref)), strict=True):
        torch.testing.assert_close(ours, expected)
    assert gradcheck(lambda *t: reflect_conv2d(*t, stride, dilation), tensors)


def test_backward_keeps_no_padded_copy():
    x, weight, bias = randn(1, 3, 8, 8).requires_grad_(), randn(4, 3, 3, 3).requires_grad_(), randn(4)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        reflect_conv2d(x, weight, bias)
    assert {t.data_ptr() for t in kept} == {x.data_ptr(), weight.data_ptr()}


def test_pictures_and_frozen_filters_get_no_gradient():
    x, weight, bias = randn(1, 3, 8, 8), randn(4, 3, 3, 3).requires_grad_(), randn(4)
    reflect_conv2d(x, weight, bias).sum().backward()
    assert x.grad is None and weight.grad is not None
    reflect_conv2d(x.requires_grad_(), weight.detach(), bias).sum().backward()
    assert x.grad is not None


def test_autocast_changes_the_precision_as_for_any_convolution():
    x, weight, bias = (t.float().requires_grad_() for t in (randn(1, 3, 8, 8), randn(4, 3, 3, 3), randn(4)))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out, ref = reflect_conv2d(x, weight, bias), reflect_conv2d_ref(x, weight, bias)
    assert out.dtype == torch.bfloat16 and torch.equal(out, ref)
    out.sum().backward()
    assert x.grad.dtype == weight.grad.dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):  # float64 stays
        assert reflect_conv2d(*(t.double() for t in (x, weight, bias))).dtype == torch.float64


def test_the_result_may_be_overwritten():
    x, weight, bias = randn(1, 3, 8, 8).requires_grad_(), randn(4, 3, 3, 3), randn(4)
    F.elu(reflect_conv2d(x, weight, bias), inplace=True).sum().backward()
    expected = torch.autograd.grad(F.elu(reflect_conv2d_ref(x, weight, bias)).sum(), x)[0]
    torch.testing.assert_close(x.grad, expected)
