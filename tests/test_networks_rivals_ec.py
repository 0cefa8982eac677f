"""EdgeConnect: the numbers of its program, edges without a leak, the discriminator, sizes."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from rivals_golden import assert_golden, golden, image_and_mask, set_spectral, weights
from rivals_interface import check_interface
from skimage.color import rgb2gray
from skimage.feature import canny

from rwlib.config import make_config
from rwlib.conventions import InputError, compose
from rwlib.networks.layers.canny import canny_edges, grey
from rwlib.networks.rivals.ec import EdgeConnect
from rwlib.networks.rivals.ec_networks import JohnsonNetwork, PatchDiscriminator

sys.path.append(str(Path(__file__).parent.parent / "data_scripts"))
from _rival_weights import ec_layers, translated  # noqa: E402 (scripts are no package)


@torch.no_grad()
def test_it_computes_what_the_authors_program_computes():
    (I, M), C = image_and_mask(), torch.from_numpy(golden()["ec_edges"]).float()
    G = EdgeConnect().eval()
    edges = translated(G, ec_layers("edge_network"), weights("ec_edge"))
    G.load_state_dict(edges | translated(G, ec_layers("completion_network"), weights("ec_inpaint")))
    C_p = G.edge_network(torch.cat([golden_grey(I) * M + 1 - M, C * M, 1 - M], dim=1)).sigmoid()
    assert_golden("ec_edge_out", C_p)
    assert_golden("ec_inpaint_out", (G.complete(I, M, compose(C, C_p, M)) + 1) / 2)


def golden_grey(I):
    """The luminance that the program was run on; its own has other weights, which are `grey`'s."""
    return ((I + 1) / 2 * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)


@torch.no_grad()
def test_the_edge_network_sees_grey_edges_and_the_hole():
    (I, M), C = image_and_mask(), torch.from_numpy(golden()["ec_edges"]).float()
    G = EdgeConnect(width=2).eval()
    C_p = G.edge_network(torch.cat([grey(I) * M + 1 - M, C * M, 1 - M], dim=1)).sigmoid()
    torch.testing.assert_close(G.guess_edges(I, M, C), C * M + C_p * (1 - M))


@torch.no_grad()
def test_the_discriminator_computes_what_the_authors_program_computes():
    I, C = image_and_mask()[0], torch.from_numpy(golden()["ec_edges"]).float()
    D, drawn = PatchDiscriminator(2).eval(), weights("ec_D")
    names = ["features", "conv2", "conv3", "conv4", "conv5"]  # the program's first layer has two names, the last counts
    for name, conv in zip(names, D.convs, strict=True):
        set_spectral(conv, drawn[f"{name}.0.weight_orig"], drawn[f"{name}.0.weight_u"])
    scores, features = D(torch.cat([golden_grey(I), C], dim=1))
    assert_golden("ec_D", scores.sigmoid())
    assert_golden("ec_D_feature_means", torch.stack([phi.mean() for phi in features]))


def test_interface():
    check_interface(lambda: EdgeConnect(width=2), divisor=4, side=24)


def test_edges_of_a_whole_picture_are_those_of_scikit_image():
    I = image_and_mask()[0]
    for picture, C in zip(I, canny_edges(I), strict=True):
        expected = canny(rgb2gray(((picture + 1) / 2).permute(1, 2, 0).double().numpy()), sigma=2)
        assert np.array_equal(C[0].numpy(), expected) and expected.any()


def test_edges_do_not_leak_and_the_rim_of_the_hole_is_none():
    I, M = torch.ones(1, 3, 32, 32), torch.ones(1, 1, 32, 32)
    I[..., 8:] = -1  # one edge, at column 7 or 8
    M[..., 10:20, 12:24] = 0
    C = canny_edges(I, M)
    assert torch.equal(canny_edges(torch.where(M == 1, I, torch.rand_like(I)), M), C)
    assert set(C.nonzero()[:, 3].tolist()) <= {7, 8} and C.sum() > 20
    assert not canny_edges(I, torch.zeros_like(M)).any()
    assert torch.equal(canny_edges(I, torch.ones_like(M))[..., 1:-1, :], canny_edges(I)[..., 1:-1, :])


def test_grey_is_luminance():
    colours = torch.eye(3).view(3, 3, 1, 1) * 2 - 1
    torch.testing.assert_close(grey(colours).flatten(), torch.tensor([0.2125, 0.7154, 0.0721]))
    assert grey(torch.ones(1, 3, 1, 1)) == pytest.approx(1)


def test_parameters():
    """Both networks by their table; biases only in the last layers."""
    G, c = EdgeConnect.from_config(make_config(width=64)), 64
    shared = 16 * (2 * c * c + 8 * c * c) * 2 + 8 * 2 * 9 * (4 * c) ** 2
    expected = 2 * shared + 49 * (3 * c + c * 1 + 4 * c + c * 3) + 1 + 3
    assert sum(p.numel() for p in G.parameters()) == expected


def test_spectral_normalisation_stands_in_the_edge_network_alone():
    G = EdgeConnect(width=2)
    assert not any("parametrizations" in name for name, _ in G.completion_network.named_parameters())
    assert sum("original" in name for name, _ in G.edge_network.named_parameters()) == 3 + 16 + 2


def test_discriminators_from_config():
    D = PatchDiscriminator.from_config(make_config(size_px=64, discriminator_width=2), 3)
    assert D(torch.rand(2, 3, 24, 40))[0].shape == (2, 1, 1, 3)
    with pytest.raises(InputError, match="size_px: ec's discriminators need at least 24, got 16"):
        PatchDiscriminator.from_config(make_config(size_px=16), 3)
    with pytest.raises(InputError, match="image: expected sides of at least 24, got 16x64"):
        D(torch.rand(2, 3, 16, 64))
    with pytest.raises(InputError, match=r"image: expected shape \(b, 3, h, w\)"):
        D(torch.rand(2, 2, 64, 64))


def test_small_pictures():
    G, M = EdgeConnect(width=2), torch.ones(1, 1, 8, 8)
    M[..., 3:5, 3:5] = 0
    assert G(torch.zeros(1, 3, 8, 8), M).I_c.isfinite().all()
    with pytest.raises(InputError, match="image: ec needs a side of at least 8"):
        G(torch.zeros(1, 3, 4, 4), M[..., :4, :4])
    assert JohnsonNetwork(1, 1, 2, spectral=False)(torch.rand(1, 1, 4, 8)).shape == (1, 1, 4, 8)


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match="sigma: expected a positive number, got 0"):
        canny_edges(torch.zeros(1, 3, 8, 8), sigma=0)
    with pytest.raises(InputError, match="mask: expected the image's batch"):
        canny_edges(torch.zeros(1, 3, 8, 8), torch.ones(1, 1, 4, 8))
