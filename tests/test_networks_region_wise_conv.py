"""Layers: both readings of section 3.2 equal loops over output locations and taps, and differ where they should."""

import math
from itertools import combinations, product
from typing import get_args

import numpy as np
import pytest
import torch
from examples import randn
from torch.autograd import gradcheck
from torch.func import functional_call

from rwlib.config import Config
from rwlib.conventions import InputError
from rwlib.networks.region_wise_conv import (
    REGION_WISE,
    ChannelSeparatedConv2d,
    ReflectConv2d,
    RegionWiseConv2d,
    StandardConv2d,
    mask_at,
    upsample_nearest,
)

TWO_REGIONS = [RegionWiseConv2d, ChannelSeparatedConv2d]


def make(layer, *args, seed=0, **options):
    """A layer in float64 whose biases are not zero."""
    layer = layer(*args, **options).double().requires_grad_(False)
    for i, parameter in enumerate(layer.parameters()):
        parameter.copy_(randn(*parameter.shape, seed=seed + i))
    return layer


def random_mask(*size, b=1, seed=5):
    return (randn(b, 1, *size, seed=seed) > 0).double()


def half_mask(h, w, border):
    """Columns from `border` on are missing."""
    return (torch.arange(w) < border).double().expand(1, 1, h, w)


# --- references: python loops over locations and taps


def mirror(i, n):
    """Index in 0 ... n - 1 that a position outside means, if the border pixels are mirrors."""
    if n == 1:
        return 0
    i = i % (2 * n - 2)
    return min(i, 2 * n - 2 - i)


def exists_at(M, i, j, h, w):
    """Is (i, j) of a map of h x w existing? Nearest neighbour with aligned corners."""
    H, W = M.shape[-2:]
    y = math.floor(i * (H - 1) / (h - 1) + 0.5) if h > 1 else 0
    x = math.floor(j * (W - 1) / (w - 1) + 0.5) if w > 1 else 0
    return M[0, 0, y, x] == 1


def taps(i, j, h, w, kernel, stride, dilation, upsample):
    """Yield (u, v, y, x): filter tap (u, v) of output location (i, j) meets pixel (y, x) of the h x w map."""
    for u, v in product(range(kernel), repeat=2):
        y = mirror(i * stride + (u - kernel // 2) * dilation, h * upsample) // upsample
        x = mirror(j * stride + (v - kernel // 2) * dilation, w * upsample) // upsample
        yield u, v, y, x


def filters(conv, in_channels):
    """Return (W, b), (W_hat, b_hat); by channel there is one bias for both."""
    if isinstance(conv, RegionWiseConv2d):
        return tuple(conv.existing.parameters()), tuple(conv.missing.parameters())
    W, W_hat = conv.weight.split([conv.in_channels - in_channels, in_channels], dim=1)
    return (W, conv.bias), (W_hat, conv.bias)


def region_wise_ref(conv, x, M, skip, *, stride=1, dilation=1, upsample=1):
    """Either reading of section 3.2; they differ in whose region chooses the filters."""
    h, w = x.shape[-2:]
    h_out, w_out = math.ceil(h * upsample / stride), math.ceil(w * upsample / stride)
    (W, b), (W_hat, b_hat) = [[p.numpy() for p in region] for region in filters(conv, x.shape[1])]
    by_location = isinstance(conv, RegionWiseConv2d)
    both, x = torch.cat([x, skip], dim=1)[0].numpy(), x[0].numpy()
    out = np.empty((len(b), h_out, w_out))
    for i, j in product(range(h_out), range(w_out)):
        output_exists = exists_at(M, i, j, h_out, w_out)
        out[:, i, j] = b if output_exists else b_hat
        for u, v, yy, xx in taps(i, j, h, w, W.shape[-1], stride, dilation, upsample):
            exists = output_exists if by_location else exists_at(M, yy, xx, h, w)
            out[:, i, j] += W[:, :, u, v] @ both[:, yy, xx] if exists else W_hat[:, :, u, v] @ x[:, yy, xx]
    return torch.from_numpy(out)[None]


CASES = [
    # kernel, stride, dilation, upsample, skip_channels, mask_size: of the map, larger, smaller
    (3, 1, 1, 2, 3, (4, 5)),  # as in the generator: nine products instead of 36
    (3, 1, 1, 2, 0, (11, 9)),
    (3, 1, 1, 2, 3, (2, 3)),
    (3, 1, 1, 1, 3, (11, 9)),  # as in the generator, without upsampling
    (1, 2, 2, 1, 0, (4, 5)),
    (5, 2, 2, 2, 3, (11, 9)),
    (5, 1, 2, 1, 0, (2, 3)),
    (1, 2, 1, 2, 3, (2, 3)),
    (1, 1, 1, 1, 0, (11, 9)),
    (3, 2, 2, 1, 0, (4, 5)),
    (5, 1, 1, 1, 0, (4, 5)),
]


def test_the_cases_hold_every_pair_of_values():
    values = [sorted(set(column)) for column in zip(*CASES, strict=True)]
    assert [len(v) for v in values] == [3, 2, 2, 2, 2, 3]
    for i, j in combinations(range(len(values)), 2):
        assert {(case[i], case[j]) for case in CASES} == set(product(values[i], values[j]))


@pytest.mark.parametrize("layer", TWO_REGIONS)
@pytest.mark.parametrize(("kernel", "stride", "dilation", "upsample", "skip_channels", "mask_size"), CASES)
def test_equals_loop(layer, kernel, stride, dilation, upsample, skip_channels, mask_size):
    options = {"stride": stride, "dilation": dilation, "upsample": upsample}
    conv = make(layer, 2, 3, kernel, skip_channels=skip_channels, **options)
    x, skip, M = randn(1, 2, 4, 5, seed=10), randn(1, skip_channels, 4, 5, seed=11), random_mask(*mask_size)
    out = conv(x, M, skip if skip_channels else None)
    torch.testing.assert_close(out, region_wise_ref(conv, x, M, skip, **options))


@pytest.mark.parametrize("kernel, stride, dilation, upsample", [(3, 1, 1, 1), (5, 2, 1, 1), (3, 1, 2, 2)])
def test_plain_convolutions_equal_the_same_loop(kernel, stride, dilation, upsample):
    options = {"stride": stride, "dilation": dilation, "upsample": upsample}
    conv, x = make(ReflectConv2d, 2, 3, kernel, **options), randn(1, 2, 4, 5, seed=10)
    layer = make(RegionWiseConv2d, 2, 3, kernel, **options)
    layer.existing.load_state_dict(conv.state_dict())
    torch.testing.assert_close(conv(x), region_wise_ref(layer, x, torch.ones(1, 1, 4, 5), x[:, :0], **options))


def test_a_mask_of_the_right_size_is_taken_as_it_is_and_any_other_resized():
    M = random_mask(4, 5)
    assert mask_at(M, (4, 5)) is M
    assert mask_at(M, (4, 3)).shape == (1, 1, 4, 3) and mask_at(M, (2, 5)).shape == (1, 1, 2, 5)  # one side is enough
    assert torch.equal(mask_at(M, (2, 3)), M[:, :, [0, 3]][..., [0, 2, 4]])  # rows 0 and 3, columns 0, 2 and 4


def test_every_image_of_a_batch_has_its_own_mask():
    x, M = randn(2, 2, 4, 5), torch.cat([random_mask(4, 5, seed=1), random_mask(4, 5, seed=2)])
    for layer in TWO_REGIONS:
        conv = make(layer, 2, 3, 3)
        torch.testing.assert_close(conv(x, M), torch.cat([conv(x[:1], M[:1]), conv(x[1:], M[1:])]))


# --- by hand: one row of four pixels, the last two missing; W sums three neighbours, W_hat ten times as much


@torch.no_grad()
def row_layer(layer, biases):
    """W is 1 in the middle row, W_hat is 10."""
    conv = layer(1, 1, 3)
    for (weight, bias), value, bias_value in zip(filters(conv, 1), (1, 10), biases, strict=True):
        weight.zero_()[0, 0, 1] = value
        bias.fill_(bias_value)
    return conv


ROW = torch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 1, 1, 4)
ROW_MASK = torch.tensor([1.0, 1.0, 0.0, 0.0]).reshape(1, 1, 1, 4)


def test_by_location_by_hand():
    conv = row_layer(RegionWiseConv2d, biases=(0.5, 0.25))
    # (2 + 1 + 2), (1 + 2 + 3), 10 (2 + 3 + 4), 10 (3 + 4 + 3): the border pixels are mirrors.
    assert conv(ROW, ROW_MASK).flatten().tolist() == [5.5, 6.5, 90.25, 100.25]


def test_by_channel_by_hand():
    conv = row_layer(ChannelSeparatedConv2d, biases=(0.5, 0.5))
    # (2 + 1 + 2), (1 + 2) + 10 * 3, 2 + 10 (3 + 4), 10 (3 + 4 + 3): the middle two straddle the border.
    assert conv(ROW, ROW_MASK).flatten().tolist() == [5.5, 33.5, 72.5, 100.5]


# --- invariants


@torch.no_grad()
def tie(location, channel):
    """Give the layer by channel the filters of the layer by location, and both one bias."""
    (W, b), (W_hat, b_hat) = filters(location, 3)
    b_hat.copy_(b)
    channel.bias.copy_(b)
    channel.weight.copy_(torch.cat([W, W_hat], dim=1))


@pytest.mark.parametrize("kernel, dilation, reach", [(1, 1, 0), (3, 1, 1), (3, 2, 2), (5, 1, 2)])
def test_the_two_readings_differ_only_where_a_window_straddles_the_border(kernel, dilation, reach):
    options = {"skip_channels": 2, "dilation": dilation}
    location, channel = (make(layer, 3, 4, kernel, **options) for layer in TWO_REGIONS)
    tie(location, channel)
    x, skip, M = randn(1, 3, 6, 12), randn(1, 2, 6, 12, seed=1), half_mask(6, 12, border=6)
    differs = (location(x, M, skip) - channel(x, M, skip)).abs().amax(dim=(0, 1, 2)) > 1e-9  # by column
    assert differs.nonzero().flatten().tolist() == list(range(6 - reach, 6 + reach))


@pytest.mark.parametrize("layer", TWO_REGIONS)
@pytest.mark.parametrize("region", ["existing", "missing"])
def test_where_only_one_region_is_only_its_filters_matter(layer, region):
    conv, x, skip = make(layer, 2, 3, 3, skip_channels=4), randn(1, 2, 5, 5), randn(1, 4, 5, 5, seed=1)
    M = torch.full((1, 1, 5, 5), float(region == "existing"))
    (W, b), (W_hat, b_hat) = filters(conv, 2)
    weight, bias, other = (W, b, W_hat) if region == "existing" else (W_hat, b_hat, W)
    plain = make(ReflectConv2d, weight.shape[1], 3, 3)
    plain.weight.copy_(weight)
    plain.bias.copy_(bias)
    out = conv(x, M, skip)
    torch.testing.assert_close(out, plain(torch.cat([x, skip], dim=1) if region == "existing" else x))
    other.fill_(1e6)
    assert torch.equal(conv(x, M, skip), out)


def test_the_skip_connection_reaches_existing_outputs_alone_by_location():
    conv, x, M = make(RegionWiseConv2d, 2, 3, 3, skip_channels=2), randn(1, 2, 6, 6), random_mask(6, 6)
    change = (conv(x, M, randn(1, 2, 6, 6, seed=1)) - conv(x, M, randn(1, 2, 6, 6, seed=2))).abs().amax(1, keepdim=True)
    assert torch.equal(change > 0, M == 1)


def test_the_skip_connection_inside_the_hole_is_not_looked_at_by_channel():
    conv, x, M = make(ChannelSeparatedConv2d, 2, 3, 3, skip_channels=2), randn(1, 2, 6, 6), random_mask(6, 6)
    skip = randn(1, 2, 6, 6, seed=1)
    assert torch.equal(conv(x, M, skip), conv(x, M, skip.where(M == 1, 1e6)))
    assert not torch.equal(conv(x, M, skip), conv(x, M, skip.where(M == 0, 1e6)))


def test_standard_convolution_ignores_the_mask():
    conv, x, skip = make(StandardConv2d, 2, 3, 3, skip_channels=2), randn(1, 2, 5, 5), randn(1, 2, 5, 5, seed=1)
    expected = make(ReflectConv2d, 4, 3, 3)(torch.cat([x, skip], dim=1))  # the same filters, from the same seed
    for M in (torch.ones(1, 1, 5, 5), torch.zeros(1, 1, 5, 5)):
        assert torch.equal(conv(x, M, skip), expected)
    assert torch.equal(make(StandardConv2d, 4, 3, 3)(torch.cat([x, skip], dim=1), M), expected)


def test_a_constant_image_has_no_border():
    conv = make(ReflectConv2d, 2, 3, 5, dilation=2)
    out = conv(torch.full((1, 2, 6, 7), 0.7, dtype=torch.float64))
    torch.testing.assert_close(out, out[..., :1, :1].expand_as(out))


@pytest.mark.parametrize("layer", REGION_WISE.values())
def test_gradients_are_right(layer):
    conv = make(layer, 2, 2, 3, skip_channels=1, upsample=2)
    names = [name for name, _ in conv.named_parameters()]
    x, skip, M = randn(1, 2, 3, 4), randn(1, 1, 3, 4, seed=1), random_mask(6, 8)

    def function(x, skip, *parameters):
        return functional_call(conv, dict(zip(names, parameters, strict=True)), (x, M, skip))

    inputs = [x, skip, *(p.clone() for p in conv.parameters())]
    assert gradcheck(function, [each.requires_grad_() for each in inputs], fast_mode=True)


@pytest.mark.parametrize("layer", TWO_REGIONS)
def test_the_mask_may_have_another_dtype_than_the_features(layer):
    conv, x, M = make(layer, 2, 3, 3), randn(1, 2, 5, 5), random_mask(5, 5)
    for other in (M.float(), M.bool()):
        out = conv(x, other)
        assert out.dtype == torch.float64 and torch.equal(out, conv(x, M))


def test_glorot_initialisation_and_zero_biases():
    conv = ReflectConv2d(8, 16, 3)
    bound = math.sqrt(6 / (9 * 8 + 9 * 16))
    assert 0.95 * bound < conv.weight.abs().max() <= bound and (conv.bias == 0).all()


def test_one_layer_for_each_choice_of_the_configuration():
    assert tuple(REGION_WISE) == get_args(Config.__annotations__["region_wise"])
    assert REGION_WISE == {"channel": ChannelSeparatedConv2d, "location": RegionWiseConv2d, "none": StandardConv2d}


# --- upsampling


def test_upsample_nearest_repeats_every_pixel():
    x = randn(2, 3, 4, 5)
    assert torch.equal(upsample_nearest(x, 2), x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3))
    assert upsample_nearest(x, 1) is x


# --- errors


@pytest.mark.parametrize("layer", [ReflectConv2d, *REGION_WISE.values()])
def test_even_kernels_are_refused(layer):
    with pytest.raises(InputError, match="kernel_size: expected an odd number, so that it has a centre, got 4"):
        layer(2, 3, 4)
