"""PConv's U-Net: the numbers of a program, holes of every kind, sizes, and what cannot be."""

import pytest
import torch
from rivals_golden import assert_golden, image_and_mask, weights
from rivals_interface import check_interface

from rwlib.config import make_config
from rwlib.conventions import InputError
from rwlib.networks.rivals.pconv import PConvUNet, levels_for


def parameter_name(name):
    """Return our name of a weight of the program: `dec_3.bn.weight` is `decoder.2.norm.weight`."""
    side, rest = name.split("_", 1)
    level, kind, *_, last = rest.split(".")
    part = "conv" if kind == "conv" else "norm"
    return f"{'encoder' if side == 'enc' else 'decoder'}.{int(level) - 1}.{part}.{last}"


@torch.no_grad()
def test_it_computes_what_a_much_used_program_computes():
    G = PConvUNet(64, levels=5, by_window=False).eval()
    drawn = {parameter_name(name): x for name, x in weights("pconv_unet").items()}
    drawn["encoder.0.conv.bias"] = torch.zeros(64)  # the program's first layer has none
    missing, unexpected = G.load_state_dict(drawn, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing)
    assert_golden("pconv_unet", G(*image_and_mask()).I_p)


def test_interface():
    check_interface(lambda: PConvUNet(width=4, levels=3), divisor=8)


def test_parameters_of_the_paper():
    with torch.device("meta"):
        G = PConvUNet.from_config(make_config("paper", "full", width=64, size_px=512))
    encoder = [(3, 64, 7), (64, 128, 5), (128, 256, 5), (256, 512, 3), *4 * [(512, 512, 3)]]
    decoder = [*4 * [(1024, 512, 3)], (768, 256, 3), (384, 128, 3), (192, 64, 3), (67, 3, 3)]
    kernels = sum(k * k * c * o for c, o, k in encoder + decoder)
    norms = sum(2 * o for _, o, _ in (encoder + decoder)[1:-1])  # scale and shift, and two biases elsewhere
    assert sum(p.numel() for p in G.parameters()) == kernels + norms + 64 + 3
    assert [block.conv.kernel_size[0] for block in G.encoder] == [7, 5, 5, 3, 3, 3, 3, 3]
    assert [block.conv.out_channels for block in G.encoder] == [64, 128, 256, 512, 512, 512, 512, 512]
    assert [block.conv.out_channels for block in reversed(G.decoder)] == [512, 512, 512, 512, 256, 128, 64, 3]


def test_from_config_takes_as_many_levels_as_the_size_needs():
    G = PConvUNet.from_config(make_config(width=6, size_px=64))
    assert G.divisor == 32 and G.encoder[0].conv.out_channels == 6
    with pytest.raises(
        InputError, match="size_px: pconv halves the picture 5 times, expected a multiple of 32, got 100; take 96"
    ):
        PConvUNet.from_config(make_config(size_px=100))
    assert [levels_for(size) for size in (8, 96, 8192)] == [2, 5, 8]


def test_one_picture_that_ends_as_one_pixel_cannot_be_trained_on():
    G, I, M = PConvUNet(width=4, levels=3), torch.zeros(1, 3, 8, 8), torch.ones(1, 1, 8, 8)
    with pytest.raises(InputError, match="batch: one picture of 8x8 ends as one pixel"):
        G(I, M)
    assert G.eval()(I, M).I_c.shape == I.shape


def test_the_encoder_norm_stands_still_when_frozen():
    G = PConvUNet(width=4, levels=2).train()
    G.freeze_encoder_norm()
    before = {name: x.clone() for name, x in G.named_buffers()}
    G(torch.rand(2, 3, 8, 8), torch.ones(2, 1, 8, 8))
    moved = {name for name, x in G.named_buffers() if not torch.equal(x, before[name])}
    assert moved and all(name.startswith("decoder") for name in moved)


@torch.no_grad()
def test_a_deep_enough_encoder_has_no_hole_left():
    G, M = PConvUNet(width=2, levels=3), torch.ones(1, 1, 32, 32)
    M[..., 4:28, 4:28] = 0
    x = torch.zeros(1, 3, 32, 32)
    for block in G.encoder:
        x, M = block(x, M)
    assert M.all()


def test_levels_out_of_range():
    with pytest.raises(InputError, match="levels: expected 1 to 8, got 9"):
        PConvUNet(levels=9)
