"""Partial convolution: a Python loop, values by hand, the authors' numbers, and masks of several channels."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from rivals_golden import assert_golden, golden, image_and_mask, weights
from torch.autograd import gradcheck

from rwlib.conventions import InputError
from rwlib.networks.layers.partial_conv import PartialConv2d


def make(in_channels=3, out_channels=2, k=3, dtype=torch.float64, **options):
    torch.manual_seed(0)
    layer = PartialConv2d(in_channels, out_channels, k, **options).to(dtype)
    if layer.bias is not None:
        torch.nn.init.normal_(layer.bias)
    return layer


def features(channels=3, h=6, w=7, b=2):
    return torch.randn(b, channels, h, w, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def mask(channels=1, h=6, w=7, b=2):
    M = (torch.rand(b, channels, h, w, generator=torch.Generator().manual_seed(2)) > 0.7).double()
    M[0, :, :3] = 0  # windows without an existing pixel
    return M


def loop(layer, x, M_of_channel):
    """Equations (1) and (2), written out; `M_of_channel` has a mask for every channel of x."""
    (b, c, h, w), (o, _, k, _) = x.shape, layer.weight.shape
    stride, dilation = layer.stride[0], layer.dilation[0]
    y = torch.zeros(b, o, math.ceil(h / stride), math.ceil(w / stride), dtype=x.dtype)
    M_new = torch.zeros(b, 1, *y.shape[-2:], dtype=x.dtype)
    for n, i, j in np.ndindex(b, *y.shape[-2:]):
        sums, count = torch.zeros(o, dtype=x.dtype), 0
        for channel, u, v in np.ndindex(c, k, k):
            row, column = i * stride + (u - k // 2) * dilation, j * stride + (v - k // 2) * dilation
            if 0 <= row < h and 0 <= column < w and M_of_channel[n, channel, row, column]:
                sums += layer.weight[:, channel, u, v] * x[n, channel, row, column]
                count += 1
        if count:
            y[n, :, i, j] = sums * c * k * k / count + (0 if layer.bias is None else layer.bias)
            M_new[n, 0, i, j] = 1
    return y, M_new


@pytest.mark.parametrize(
    "k, stride, dilation, mask_channels, bias",
    [
        (3, 1, 1, None, True),
        (5, 2, 1, (2, 1), False),
        (3, 1, 2, (1, 1, 1), True),
        (3, 2, 2, (1, 2), True),
        (1, 1, 1, None, False),
    ],
)
@torch.no_grad()
def test_it_equals_the_loop(k, stride, dilation, mask_channels, bias):
    layer = make(k=k, stride=stride, dilation=dilation, mask_channels=mask_channels, bias=bias)
    counts = mask_channels or (3,)
    x, M = features(h=5, w=4), mask(len(counts), h=5, w=4)
    y, M_new = layer(x, M)
    expected, expected_mask = loop(layer, x, M.repeat_interleave(torch.tensor(counts), dim=1))
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(M_new, expected_mask)


@torch.no_grad()
def test_a_constant_picture_stays_constant_wherever_one_pixel_exists():
    layer = make(1, 1, bias=False)
    layer.weight.fill_(1 / 9)
    y, M_new = layer(torch.full((2, 1, 6, 7), 5.0, dtype=torch.float64), mask())
    torch.testing.assert_close(y, 5 * M_new)


@torch.no_grad()
def test_what_stands_in_the_hole_does_not_matter_and_gets_no_gradient():
    layer, x, M = make(), features(), mask()
    y, _ = layer(x, M)
    torch.testing.assert_close(layer(x + 9 * (1 - M), M)[0], y)
    with torch.enable_grad():
        x.requires_grad_()
        (gradient,) = torch.autograd.grad(layer(x, M)[0].sum(), x)
    assert (gradient * (1 - M)).abs().max() == 0 and gradient.abs().max() > 0


@torch.no_grad()
def test_the_mask_shrinks_the_hole_by_half_a_filter():
    M = torch.ones(1, 1, 9, 9)
    M[..., 2:7, 2:7] = 0  # 5x5
    layer = make(1, 1, dtype=torch.float32)
    for side in (3, 1, 0):
        _, M = layer(torch.zeros(1, 1, 9, 9), M)
        assert (M == 0).sum() == side**2


@torch.no_grad()
def test_hole_everywhere_and_no_hole():
    layer, x = make(), features()
    y, M_new = layer(x, torch.zeros(2, 1, 6, 7))
    assert not y.any() and not M_new.any()
    y, M_new = layer(x, torch.ones(2, 1, 6, 7))
    inside = F.conv2d(x, layer.weight, layer.bias)  # where no zero of the border counts as missing
    torch.testing.assert_close(y[..., 1:-1, 1:-1], inside)
    assert M_new.all()


@torch.no_grad()
def test_one_mask_and_equal_masks_are_the_same():
    x, M = features(), mask()
    one, _ = make()(x, M)
    three, _ = make(mask_channels=(1, 1, 1))(x, M.expand(-1, 3, -1, -1))
    torch.testing.assert_close(one, three)


def test_it_has_the_right_gradient():
    layer, M = make(1, 2, stride=2), mask()
    assert gradcheck(lambda x: layer(x, M)[0], features(1).requires_grad_())


@torch.no_grad()
def test_half_precision_counts_exactly():
    layer = PartialConv2d(300, 4, 5)
    x, M = torch.rand(1, 300, 8, 8), torch.ones(1, 1, 8, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y, M_new = layer(x, M)
    assert y.dtype == torch.bfloat16 and M_new.dtype == torch.float32
    torch.testing.assert_close(y.float(), layer(x, M)[0], rtol=0.05, atol=0.05)


@pytest.mark.parametrize("layer", "abc")
@pytest.mark.parametrize("form", ["single", "multi"])
@torch.no_grad()
def test_it_computes_what_the_authors_program_computes(layer, form):
    I, M = image_and_mask()
    options = {"a": {}, "b": {"stride": 2}, "c": {"dilation": 2, "bias": False}}[layer]
    ours = PartialConv2d(
        3, 4, {"a": 3, "b": 5, "c": 3}[layer], mask_channels=(1, 1, 1) if form == "multi" else None, **options
    )
    ours.load_state_dict(weights(f"pconv_layer_{layer}"))
    if form == "multi":
        M = torch.cat([M, M.roll(5, 3), M.roll(9, 2)], dim=1)
    y, M_new = ours(I, M)
    assert_golden(f"pconv_layer_{layer}_{form}", y)
    theirs = torch.from_numpy(golden()[f"pconv_layer_{layer}_{form}_mask"])
    assert torch.equal(M_new, theirs.float())


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match="kernel_size: expected an odd number"):
        PartialConv2d(3, 3, 4)
    with pytest.raises(InputError, match=r"mask_channels: expected a sum of 3 \(in_channels\), got \(1, 1\)"):
        PartialConv2d(3, 3, 3, mask_channels=(1, 1))
    with pytest.raises(InputError, match=r"mask: expected shape \(2, 1, 6, 7\) for x of \(2, 3, 6, 7\)"):
        make()(features(), mask(3))
    with pytest.raises(InputError, match="mask: expected shape"):
        make()(features(), mask(b=1))
