"""Generator: the layer table, parameters counted, nothing leaks out of the hole, composites keep what exists."""

import pytest
import torch
from examples import image, mask
from torch.autograd import gradcheck

from rwlib import conventions
from rwlib.bench import straight_port
from rwlib.config import make_config
from rwlib.conventions import InputError
from rwlib.networks import generator, region_wise_conv
from rwlib.networks.generator import (
    GlobalPerceivingNetwork,
    RegionWiseGenerator,
    SemanticInferringNetwork,
    to_image_range,
)
from rwlib.networks.region_wise_conv import REGION_WISE, ReflectConv2d

OUTPUTS = ["elu_clip", "clip", "tanh"]


def make(width=2, seed=0, **options):
    torch.manual_seed(seed)
    return RegionWiseGenerator(width, **options).double().requires_grad_(False)


# --- the layer table (c = 32)

ENCODER = """
    conv1   4 -> 32    kernel 5 stride 1 dilation 1  upsample 1
    conv2   32 -> 64   kernel 3 stride 2 dilation 1  upsample 1
    conv3   64 -> 64   kernel 3 stride 1 dilation 1  upsample 1
    conv4   64 -> 128  kernel 3 stride 2 dilation 1  upsample 1
    conv5   128 -> 128 kernel 3 stride 1 dilation 1  upsample 1
    conv6   128 -> 128 kernel 3 stride 1 dilation 1  upsample 1
    conv7   128 -> 128 kernel 3 stride 1 dilation 2  upsample 1
    conv8   128 -> 128 kernel 3 stride 1 dilation 4  upsample 1
    conv9   128 -> 128 kernel 3 stride 1 dilation 8  upsample 1
    conv10  128 -> 128 kernel 3 stride 1 dilation 16 upsample 1
    conv11  256 -> 128 kernel 3 stride 1 dilation 1  upsample 1
    conv12  256 -> 128 kernel 3 stride 1 dilation 1  upsample 1
"""
SEMANTIC_INFERRING = """
    conv13  384 -> 128 kernel 3 stride 1 dilation 1  upsample 2
    conv14  320 -> 128 kernel 3 stride 1 dilation 1  upsample 1
    conv15  320 -> 128 kernel 3 stride 1 dilation 1  upsample 2
    conv16  128 -> 32  kernel 3 stride 1 dilation 1  upsample 1
    conv17  32 -> 16   kernel 3 stride 1 dilation 1  upsample 1
    conv18  16 -> 3    kernel 3 stride 1 dilation 1  upsample 1
"""
GLOBAL_PERCEIVING = """
    conv13  256 -> 64  kernel 3 stride 1 dilation 1  upsample 2
    conv14  128 -> 64  kernel 3 stride 1 dilation 1  upsample 1
    conv15  128 -> 32  kernel 3 stride 1 dilation 1  upsample 2
    conv16  64 -> 16   kernel 3 stride 1 dilation 1  upsample 1
    conv17  16 -> 3    kernel 3 stride 1 dilation 1  upsample 1
"""


def layer_table(network):
    """One row per convolution, in words."""
    return [
        f"{name.removeprefix('encoder.')} {conv.in_channels} -> {conv.out_channels} kernel {conv.kernel_size[0]} "
        f"stride {conv.stride[0]} dilation {conv.dilation[0]} upsample {conv.upsample}"
        for name, conv in network.named_modules()
        if isinstance(conv, ReflectConv2d)
    ]


@pytest.mark.parametrize(
    "network, table",
    [(SemanticInferringNetwork, ENCODER + SEMANTIC_INFERRING), (GlobalPerceivingNetwork, ENCODER + GLOBAL_PERCEIVING)],
)
def test_the_layers_are_those_of_the_table(network, table):
    assert layer_table(network()) == [" ".join(row.split()) for row in table.split("\n") if row.strip()]


def test_the_region_wise_layers_are_13_14_and_15_of_the_first_network():
    for region_wise, layer in REGION_WISE.items():
        G = make(region_wise=region_wise)
        chosen = {name for name, module in G.semantic_inferring.named_modules() if type(module) is layer}
        assert chosen == {"conv13", "conv14", "conv15"}
        assert all(type(m) is ReflectConv2d for m in G.global_perceiving.modules() if isinstance(m, torch.nn.Conv2d))


def test_by_location_each_region_has_its_own_filters_and_bias():
    table = layer_table(SemanticInferringNetwork(region_wise="location"))
    channels = [row.partition(" kernel")[0] for row in table if row.startswith(("conv13", "conv14", "conv15"))]
    assert channels == [
        "conv13.existing 256 -> 128", "conv13.missing 128 -> 128", "conv14.existing 192 -> 128",
        "conv14.missing 128 -> 128", "conv15.existing 192 -> 128", "conv15.missing 128 -> 128",
    ]  # fmt: skip


def test_parameters_are_counted():
    def count(network):
        return sum(parameter.numel() for parameter in network.parameters())

    assert count(SemanticInferringNetwork()) == 2_830_083
    assert count(GlobalPerceivingNetwork()) == 1_875_971
    assert count(RegionWiseGenerator()) == 2_830_083 + 1_875_971
    assert count(SemanticInferringNetwork(region_wise="location")) == 2_830_083 + 3 * 128  # a second bias each
    assert count(SemanticInferringNetwork(region_wise="none")) == 2_830_083 - 3 * 9 * 128 * 128  # no second filters


# --- what each output may depend on (`test_release.py` checks the values)


@pytest.mark.parametrize("region_wise", REGION_WISE)
@pytest.mark.parametrize("content", [0.0, -1.0, 1e30, "noise"])
def test_pixels_inside_the_hole_do_not_change_any_bit_of_any_output(region_wise, content):
    G, I_gt, M = make(region_wise=region_wise), image(), mask()
    other = image(seed=1) if content == "noise" else torch.full_like(I_gt, content)
    for x, y in zip(G(I_gt, M), G(I_gt.where(M == 1, other), M), strict=True):
        assert torch.equal(x, y)


def test_existing_pixels_change_the_prediction_inside_the_hole():
    G, I_gt, M = make(), image(), mask()
    before, after = G(I_gt, M), G(I_gt + 0.1, M)
    for x, y in zip(before, after, strict=True):
        assert ((x != y) & (M == 0)).any()


def test_each_network_sees_the_mask():
    G, I = make(), torch.zeros_like(image())
    for network in (G.semantic_inferring, G.global_perceiving):
        assert not torch.equal(network(I, mask()), network(I, torch.ones_like(mask())))


def test_the_second_network_sees_the_first_composite_alone():
    G, I_gt, M = make(), image(), mask()
    out = G(I_gt, M)
    assert torch.equal(G.global_perceiving(out.I_c1, M), out.I_p2)
    I_p1, I_in = G.semantic_inferring(I_gt * M, M), I_gt * M
    assert torch.equal(I_p1, out.I_p1)
    assert torch.equal(I_in.where(M == 1, I_p1), out.I_c1)


def test_gradients_of_the_result_reach_both_networks_but_no_pixel_inside_the_hole():
    G, I_gt, M = make().requires_grad_(True), image().requires_grad_(True), mask()
    (G(I_gt, M).I_c2 * (1 - M)).sum().backward()
    assert (I_gt.grad[(M == 0).expand_as(I_gt)] == 0).all() and (I_gt.grad != 0).any()
    for name, parameter in G.named_parameters():
        assert (parameter.grad != 0).any(), name


def test_composites_keep_every_bit_of_the_existing_region_and_take_the_rest_from_the_prediction():
    I_gt, M = image(), mask()
    out = make()(I_gt, M)
    for I_c, I_p in ((out.I_c1, out.I_p1), (out.I_c2, out.I_p2)):
        assert torch.equal(I_c, torch.where(M == 1, I_gt, I_p))
        assert not torch.equal(I_c, I_gt)


def test_images_of_a_batch_do_not_meet():
    G, I_gt, M = make(), image(), mask()
    M[1] = 1
    for both, first in zip(G(I_gt, M), G(I_gt[:1], M[:1]), strict=True):
        torch.testing.assert_close(both[:1], first)


def test_without_the_second_network_its_outputs_are_those_of_the_first():
    out = make(networks="semantic")(image(), mask())
    assert out.I_p2 is out.I_p1 and out.I_c2 is out.I_c1
    assert not torch.equal(out.I_c2, out.I_p1)  # the result is a composite: the existing region is the image's own
    assert torch.equal(out.I_c2, image().where(mask() == 1, out.I_p1))


# --- range


def test_to_image_range_by_hand():
    x = torch.tensor([-100.0, -1.0, 0.0, 0.5, 1.0, 3.0])
    e = torch.e
    assert to_image_range(x, "elu_clip").tolist() == pytest.approx([-1, 1 / e - 1, 0, 0.5, 1, 1])
    assert to_image_range(x, "clip").tolist() == pytest.approx([-1, -1, 0, 0.5, 1, 1])
    tanh = [(e**v - e**-v) / (e**v + e**-v) for v in (-1, 0, 0.5, 1, 3)]
    assert to_image_range(x, "tanh").tolist() == pytest.approx([-1, *tanh])


@pytest.mark.parametrize("output", OUTPUTS)
def test_to_image_range_has_the_right_gradient(output):
    x = torch.tensor([-2.0, -0.5, 0.3, 0.9, 1.5], dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: to_image_range(x, output), x)


@pytest.mark.parametrize("output", OUTPUTS)
def test_outputs_stay_in_range_whatever_the_weights(output):
    G = make(output=output)
    for network, last in ((G.semantic_inferring, "conv18"), (G.global_perceiving, "conv17")):
        getattr(network, last).weight.mul_(1000)
    out = G(image(), mask())
    for x in out:
        assert x.abs().max() <= 1
    assert out.I_p1.max() > 0.99 and out.I_p1.min() < -0.99  # both ends are reached
    assert out.I_p2.max() > 0.99 and out.I_p2.min() < -0.99


@pytest.mark.parametrize("region_wise", REGION_WISE)
def test_gradients_are_right(region_wise):
    G, M = make(region_wise=region_wise, output="tanh"), mask(8, 8, 1)
    assert gradcheck(lambda I: G(I, M).I_c2, image(8, 8, 1).requires_grad_(), fast_mode=True)


@pytest.mark.parametrize(  # paddings below, and far beyond, the map's side
    ("output", "h", "w"), [("elu_clip", 80, 72), ("clip", 16, 16), ("tanh", 8, 24)]
)
def test_skips_and_activations_are_those_of_the_straight_port(output, h, w):
    """The released graph, written a second time with plain operations for the benchmark."""
    G, I_gt, M = make(4, output=output).requires_grad_(), image(h, w), mask(h, w)
    plain, results = straight_port.plain_copy(G.to(memory_format=torch.channels_last)), []
    for network, out in ((G, G(I_gt, M)), (plain, straight_port.generator(plain, I_gt, M))):
        L = sum(I.square().sum() for I in out)
        results.append((tuple(out), torch.autograd.grad(L, list(network.parameters()))))
    torch.testing.assert_close(*results, rtol=1e-9, atol=1e-9)


# --- sizes and errors


@pytest.mark.parametrize("h, w", [(4, 4), (8, 8), (12, 12), (20, 36), (64, 64)])
@pytest.mark.parametrize("region_wise", REGION_WISE)
def test_sides_divisible_by_four_work_however_small(h, w, region_wise):
    for x in make(region_wise=region_wise)(image(h, w), mask(h, w)):
        assert x.shape == (2, 3, h, w) and x.isfinite().all() and x.dtype == torch.float64


@pytest.mark.parametrize("h, w", [(6, 8), (8, 10), (9, 9)])
def test_other_sides_give_one_line_that_says_what_to_do(h, w):
    words = f"^image: sides must be divisible by 4, got {h}x{w}; pad it, or use rwlib.inpainting[^\n]*$"
    with pytest.raises(InputError, match=words):
        make()(image(h, w), mask(h, w))
    for network in (make().semantic_inferring, make().global_perceiving):  # called alone
        with pytest.raises(InputError, match=f"^image: sides must be divisible by 4, got {h}x{w}; pad it$"):
            network(image(h, w), mask(h, w))


@pytest.mark.parametrize("region_wise, resizes", [("channel", 2), ("location", 1), ("none", 0)])
def test_image_and_mask_are_checked_once_and_a_mask_of_each_size_is_made_once(region_wise, resizes, monkeypatch):
    calls = []

    def counted(module, name):
        function = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *args, **options: calls.append(name) or function(*args, **options))

    counted(generator, "check_image_and_mask")
    counted(conventions, "check_shape")
    counted(generator, "nearest_aligned")
    counted(region_wise_conv, "resize_mask")
    make(region_wise=region_wise)(image(), mask())
    assert calls == ["check_image_and_mask"] + ["check_shape"] * 2 + ["nearest_aligned"] * resizes


@pytest.mark.parametrize("region_wise", REGION_WISE)
def test_each_layer_reads_the_mask_itself_and_not_a_smaller_copy_of_it(region_wise):
    """Resized twice, a mask of single pixels is another one."""
    G, I_gt = make(region_wise=region_wise), image(16, 24)
    M = (torch.rand(2, 1, 16, 24, generator=torch.Generator().manual_seed(0)) > 0.4).double()
    out = G(I_gt, M)
    G.semantic_inferring.mask_scales = (1, 1, 1)  # the layers resize by themselves
    assert torch.equal(G(I_gt, M).I_p1, out.I_p1)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float32])
def test_the_mask_may_have_another_dtype_than_the_image(dtype):
    G, I_gt, M = make(), image(), mask()
    for x, y in zip(G(I_gt, M.to(dtype)), G(I_gt, M), strict=True):
        assert x.dtype == I_gt.dtype and torch.equal(x, y)


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match=r"mask: expected shape \(b, 1, h, w\), got \(2, 3, 16, 20\)"):
        make()(image(), image())
    with pytest.raises(InputError, match="mask: expected the image's batch and size"):
        make()(image(b=1), mask(b=2))  # would broadcast
    with pytest.raises(InputError, match="region_wise: expected one of channel, location, none; got 'both'"):
        RegionWiseGenerator(2, region_wise="both")
    with pytest.raises(InputError, match="output: expected one of elu_clip, clip, tanh; got 'relu'"):
        make(output="relu")(image(), mask())


def test_from_config_takes_all_three_settings():
    G = RegionWiseGenerator.from_config(make_config(width=6, region_wise="location", output="clip"))
    assert type(G.semantic_inferring.conv13) is REGION_WISE["location"]
    assert G.semantic_inferring.encoder.conv1.out_channels == G.global_perceiving.encoder.conv1.out_channels == 6
    assert G.semantic_inferring.output == G.global_perceiving.output == "clip"
