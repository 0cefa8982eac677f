"""Discriminator: six layers on the hole's content alone, TensorFlow's padding, weights of spectral norm one."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from examples import image, mask
from torch.autograd import gradcheck

from rwlib.config import make_config
from rwlib.conventions import InputError
from rwlib.networks.discriminator import RegionWiseDiscriminator, pad_same


def make(width=2, seed=0):
    torch.manual_seed(seed)
    return RegionWiseDiscriminator(width).double().eval().requires_grad_(False)


# --- layers


def test_the_layers_are_those_of_the_table():
    rows = [
        (c.in_channels, c.out_channels, c.kernel_size, c.stride, c.padding) for c in RegionWiseDiscriminator().convs
    ]
    widths = [(4, 64), (64, 128), (128, 256), (256, 256), (256, 256), (256, 256)]
    assert rows == [(n_in, n_out, (5, 5), (2, 2), (0, 0)) for n_in, n_out in widths]


def test_parameters_are_counted():
    assert sum(parameter.numel() for parameter in RegionWiseDiscriminator().parameters()) == 5_946_816


def test_256_pixels_give_4_x_4_patches_of_256_scores():
    with torch.no_grad():
        assert RegionWiseDiscriminator()(torch.zeros(1, 3, 256, 256), torch.ones(1, 1, 256, 256)).shape == (
            1,
            256,
            4,
            4,
        )


@pytest.mark.parametrize("h, w", [(1, 1), (2, 3), (63, 65), (64, 129), (100, 37)])
def test_any_side_gives_a_64th_of_patches_rounded_up(h, w):
    assert make()(image(h, w), mask(h, w)).shape == (2, 8, math.ceil(h / 64), math.ceil(w / 64))


@pytest.mark.parametrize("h", range(1, 13))
def test_pad_same_is_tensorflows_same_formula(h):
    w = h + 1
    expected = []
    for size in (h, w):
        missing = max((math.ceil(size / 2) - 1) * 2 + 5 - size, 0)
        expected.append((missing // 2, missing - missing // 2))
    x = image(h, w)
    assert np.array_equal(pad_same(x).numpy(), np.pad(x.numpy(), ((0, 0), (0, 0), *expected)))


def test_forward_equals_loop():
    D, I, M = make(), image(5, 6, 1), mask(5, 6, 1)
    x = np.concatenate([I * (1 - M), M], axis=1)[0]
    for conv in D.convs:
        weight, bias, (c, h, w) = conv.weight.numpy(), conv.bias.numpy(), x.shape
        out = np.zeros((len(bias), -(-h // 2), -(-w // 2)))
        for o, i, j in np.ndindex(*out.shape):
            total = bias[o]
            for n, u, v in np.ndindex(c, 5, 5):
                y, z = 2 * i + u - (1 + h % 2), 2 * j + v - (1 + w % 2)
                if 0 <= y < h and 0 <= z < w:
                    total += weight[o, n, u, v] * x[n, y, z]
            out[o, i, j] = total if total > 0 else 0.2 * total  # leaky ReLU, also after the last layer
        x = out
    torch.testing.assert_close(D(I, M)[0], torch.from_numpy(x))


def test_scores_by_hand():
    D, nothing = make(), torch.zeros(1, 3, 8, 8, dtype=torch.float64)
    all_missing = nothing[:, :1]
    assert (D(nothing, all_missing) == 0).all()  # neither content nor mask: M, not 1 - M, is the fourth channel
    assert (D(nothing, 1 - all_missing) != 0).any()
    D.convs[-1].bias.copy_(torch.tensor([3.0, -3.0, 1.0, -1.0, 0.0, 0.0, 0.0, 0.0]))
    assert D(nothing, all_missing).flatten().tolist() == pytest.approx([3, -0.6, 1, -0.2, 0, 0, 0, 0])


# --- what the scores depend on


def test_the_existing_regions_content_does_not_change_any_bit_of_the_scores():
    D, I, M = make(), image(), mask()
    for content in (image(seed=1), torch.full_like(I, 1e30)):
        assert torch.equal(D(I.where(M == 0, content), M), D(I, M))


def test_the_holes_content_does():
    D, I, M = make(), image(), mask()
    assert not torch.equal(D(I.where(M == 1, image(seed=1)), M), D(I, M))


def test_gradients_are_right_and_zero_in_the_existing_region():
    D, I, M = make(), image(8, 8, 1).requires_grad_(), mask(8, 8, 1)
    assert gradcheck(lambda I: D(I, M), I)
    (gradient,) = torch.autograd.grad(D(I, M).sum(), I)
    assert torch.equal((gradient != 0).any(1, keepdim=True), M == 0)


# --- spectral norm


def largest_singular_values(D):
    return [float(torch.linalg.matrix_norm(conv.weight.flatten(1), ord=2)) for conv in D.convs]


def vectors(D):
    return {name: buffer.clone() for name, buffer in D.named_buffers()}


def test_after_many_forwards_the_largest_singular_value_of_every_weight_is_one():
    D = make(width=4)
    for conv in D.convs:  # far from where the power iteration stands
        weight = conv.parametrizations.weight.original
        weight.copy_(5 * torch.randn(weight.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1)))
    assert max(abs(value - 1) for value in largest_singular_values(D)) > 0.1
    D.train()
    for _ in range(200):
        D(image(4, 4, 1), mask(4, 4, 1))
    D.eval()
    assert largest_singular_values(D) == pytest.approx([1] * 6, abs=1e-3)


def test_a_training_forward_is_one_power_iteration():
    D = make().train()
    before = {i: conv.parametrizations.weight[0]._v.clone() for i, conv in enumerate(D.convs)}
    D(image(), mask())
    for i, conv in enumerate(D.convs):
        weight, (u, v) = conv.parametrizations.weight.original.flatten(1), vectors(conv).values()
        torch.testing.assert_close(u, F.normalize(weight @ before[i], dim=0))
        torch.testing.assert_close(v, F.normalize(weight.T @ u, dim=0))


def test_an_eval_forward_leaves_the_power_iteration_where_it_is():
    D = make()
    before = vectors(D)
    first, second = D(image(), mask()), D(image(), mask())
    assert torch.equal(first, second) and len(before) == 12
    assert all(torch.equal(before[name], value) for name, value in vectors(D).items())


# --- errors and configuration


@pytest.mark.parametrize(
    "image, mask, words",
    [
        ((1, 4, 8, 8), (1, 1, 8, 8), r"image: expected shape \(b, 3, h, w\), got \(1, 4, 8, 8\)"),
        ((1, 3, 8, 8), (1, 1, 8, 4), "mask: expected the image's batch and size"),
        ((2, 3, 8, 8), (1, 1, 8, 8), "mask: expected the image's batch and size"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(image, mask, words):
    with pytest.raises(InputError, match=words):
        make()(torch.zeros(image), torch.ones(mask))


def test_from_config_takes_the_width():
    D = RegionWiseDiscriminator.from_config(make_config("paper", "full", discriminator_width=6))
    assert [conv.out_channels for conv in D.convs] == [6, 12, 24, 24, 24, 24]


@pytest.mark.parametrize("size_px, layers", [(64, 4), (128, 5), (256, 6)])
def test_the_score_map_of_a_balanced_run_is_4x4_at_every_size(size_px, layers):
    D = RegionWiseDiscriminator.from_config(make_config("balanced", size_px=size_px, discriminator_width=2))
    scores = D(torch.zeros(1, 3, size_px, size_px), torch.ones(1, 1, size_px, size_px))
    assert len(D.convs) == layers and scores.shape[-2:] == (4, 4)


@pytest.mark.parametrize("preset", ["paper", "release"])
def test_the_papers_discriminator_has_six_layers_at_every_size(preset):
    assert len(RegionWiseDiscriminator.from_config(make_config(preset, "tiny")).convs) == 6
