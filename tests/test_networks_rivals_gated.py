"""Gated convolution: the numbers of a program, the layer by hand, the discriminator."""

import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from rivals_golden import assert_golden, image_and_mask, weights
from rivals_interface import check_interface
from torch.autograd import gradcheck

from rwlib.config import make_config
from rwlib.conventions import InputError
from rwlib.networks.layers.gated_conv import GatedConv2d
from rwlib.networks.rivals.gated import GatedGenerator, SNPatchDiscriminator

sys.path.append(str(Path(__file__).parent.parent / "data_scripts"))
from _rival_weights import gated_layers, translated  # noqa: E402 (scripts are no package)


@torch.no_grad()
def test_it_computes_what_a_much_used_program_computes():
    G = GatedGenerator(16, form="program")
    G.load_state_dict(translated(G, gated_layers(), weights("gated")))
    out = G(*image_and_mask())
    assert_golden("gated_stage1", out.I_p1)
    assert_golden("gated_stage2", out.I_p2)


@torch.no_grad()
def test_the_discriminator_computes_what_the_program_computes():
    D = SNPatchDiscriminator(8).eval()
    drawn = weights("gated_D")
    for i, conv in enumerate(D.convs, 1):
        name = f"conv{i}.conv_sn"
        conv.parametrizations.weight.original.copy_(drawn[f"{name}.weight"])
        conv.bias.copy_(drawn[f"{name}.bias"])
        spectral_norm = conv.parametrizations.weight[0]
        W = drawn[f"{name}.weight"].flatten(1)
        v = F.normalize(W.T @ drawn[f"{name}.weight_u"], dim=0)  # the program's one iteration
        spectral_norm._v.copy_(v)
        spectral_norm._u.copy_(F.normalize(W @ v, dim=0))
    assert_golden("gated_D", D(*image_and_mask()).flatten(1))


@pytest.mark.parametrize("form", ["paper", "program"])
def test_interface(form):
    check_interface(lambda: GatedGenerator(width=8, form=form), divisor=8, side=32)


@torch.no_grad()
def test_paper_and_program_attend_differently():
    x, (_, M) = torch.rand(2, 8, 16, 16), image_and_mask()
    paper, again, program = (GatedGenerator(width=4, form=form) for form in ("paper", "paper", "program"))
    assert torch.equal(paper.refinement.attention(x, M), again.refinement.attention(x, M))
    assert not torch.allclose(paper.refinement.attention(x, M), program.refinement.attention(x, M))


def test_parameters_of_the_program():
    """4.1 million, as its authors say (48 channels)."""
    G = GatedGenerator.from_config(make_config(width=48))
    assert round(sum(p.numel() for p in G.parameters()) / 1e6, 1) == 4.1


@torch.no_grad()
def test_a_gated_layer_by_hand():
    layer = GatedConv2d(1, 1, 1)
    layer.weight.copy_(torch.tensor([2.0, -1.0]).view(2, 1, 1, 1))
    layer.bias.copy_(torch.tensor([1.0, 0.5]))
    x = torch.tensor([3.0, -2.0]).view(1, 1, 1, 2)
    feature, gate = 2 * x + 1, 0.5 - x  # 7, -3 and -2.5, 2.5
    expected = torch.where(feature > 0, feature, feature.exp() - 1) / (1 + (-gate).exp())
    torch.testing.assert_close(layer(x), expected)


def test_a_gated_layer_samples_and_has_the_right_gradient():
    torch.manual_seed(0)
    x = torch.randn(2, 2, 5, 6, dtype=torch.float64, requires_grad=True)
    for options, size in (
        ({}, (5, 6)),
        ({"stride": 2}, (3, 3)),
        ({"dilation": 2}, (5, 6)),
        ({"upsample": 2}, (10, 12)),
    ):
        layer = GatedConv2d(2, 3, 3, **options, activation="relu").double()
        assert layer(x).shape == (2, 3, *size)
        assert gradcheck(layer, x, fast_mode=True)


def test_discriminator_sizes():
    for size_px in (64, 128, 256):
        D = SNPatchDiscriminator.from_config(make_config(size_px=size_px, discriminator_width=2))
        assert D(torch.zeros(1, 3, size_px, size_px), torch.ones(1, 1, size_px, size_px)).shape[-2:] == (4, 4)


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match="width: gated convolution needs a multiple of 4, got 6"):
        GatedGenerator(6)
    with pytest.raises(InputError, match="kernel_size: expected an odd number"):
        GatedConv2d(2, 2, 4)
    with pytest.raises(InputError, match="activation: expected one of elu, relu, none"):
        GatedConv2d(2, 2, 3, activation="tanh")
