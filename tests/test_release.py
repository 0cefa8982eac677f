r"""The `release` preset computes the same function as the authors' program, to 1e-5.

Origin of the numbers in `data/release_golden.npz`: the authors' TensorFlow program, unmodified, from
https://github.com/vickyFox/Region-wise-Inpainting, was run with TensorFlow 2.15 (`compat.v1`) on weights, images and
masks that come from formulas, so that nothing but its results needs to be kept. `draw`, `images` and `masks` below
are these formulas; they give the very numbers that the program was fed. The file holds, channels last,

    variables             name and shape of each of the program's 88 variables
    I_p1, I_p2            what the two networks predict; every third row and column
    D_of_I_p1             scores of I_p1 ⊙ (1 - M), after one power iteration from the stored vectors u
    L_r                   eq. (2), summed over both whole images: every pixel of I_p1 and I_p2 counts here
    L_c_times_lambda_1    eq. (4) times 1e-5, summed over both images, with a VGG-16 of random weights
    L_s_times_lambda_2    eq. (5) times 1e-3, likewise
"""

import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rwlib.config import make_config
from rwlib.losses import correlation_loss, reconstruction_loss, style_loss
from rwlib.networks.discriminator import RegionWiseDiscriminator
from rwlib.networks.vgg import VGGFeatures
from rwlib.networks.vgg_weights import CONVS

sys.path.append(str(Path(__file__).parent.parent / "data_scripts"))
from convert_release import generator_from_variables, to_parameter  # noqa: E402 (scripts are no package)

FILE = Path(__file__).parent / "data" / "release_golden.npz"
CONFIG = make_config("release", "full")


# --- the formulas


def images():
    """Two images (2, 128, 160, 3) in 0-255: a wave for each image and channel, and noise."""
    b, y, x, c = np.ogrid[:2, :128, :160, :3]
    wave = 127.5 + 100 * np.sin(x / (7 + 3 * c + b) + y / (11 + 2 * b) + c)
    return (wave + np.random.RandomState(2019).uniform(-25, 25, wave.shape)).astype(np.float32)


def masks():
    """Two masks (2, 128, 160, 1): two holes in the first, one in the second."""
    M = np.ones((2, 128, 160, 1), np.float32)
    M[0, 16:58, 29:82] = M[0, 55:64, 88:109] = M[1, 25:67, 62:115] = 0
    return M


def draw(name, shape, scale=None):
    """Values of the variable of that name and shape, which is (k, k, in, out) for kernels: TensorFlow's layout."""
    values = np.random.RandomState((zlib.crc32(name.encode()) + 2019) % 2**32).standard_normal(shape)
    if scale is None:
        spectral_norm_vector, bias = name.endswith("u"), len(shape) == 1
        scale = 1 if spectral_norm_vector else 0.05 if bias else np.sqrt(1 / np.prod(shape[:-1]))
    return (values * scale).astype(np.float32)


def channels_first(x):
    return torch.from_numpy(x).movedim(-1, 1)


# --- the program's variables in our networks


def make_discriminator(variables):
    D = RegionWiseDiscriminator.from_config(CONFIG).requires_grad_(False).eval()
    for i, conv in enumerate(D.convs, 1):
        named = f"discriminator/d_conv{i}"
        weight, u, bias = (to_parameter(variables[named + ending]) for ending in ("_w", "u", "_bias"))
        u = u[0]
        spectral_norm = conv.parametrizations.weight[0]
        # The program's power iteration goes v, u; torch's goes u, v. So this one is done here, and eval() keeps it.
        v = F.normalize(weight.flatten(1).T @ u, dim=0)
        spectral_norm._v.copy_(v)
        spectral_norm._u.copy_(F.normalize(weight.flatten(1) @ v, dim=0))
        assert conv.weight.shape == weight.shape
        conv.parametrizations.weight.original.copy_(weight)
        conv.bias.copy_(bias)
    return D


def make_vgg():
    """A VGG-16 of the program's random weights; the preset's own would have to be downloaded."""
    vgg = VGGFeatures("random", architecture="vgg16", size_px=CONFIG.vgg_size_px)
    names = [f"vgg/conv{b}_{i}" for b, n in enumerate(CONVS["vgg16"], 1) for i in range(1, n + 1)]
    for name, conv in zip(names, vgg.convs, strict=True):
        out, c = conv.weight.shape[:2]
        weight, bias = draw(f"{name}/w", (3, 3, c, out), np.sqrt(2 / (9 * c))), draw(f"{name}/b", (out,), 0.1)
        conv.weight.copy_(to_parameter(weight))
        conv.bias.copy_(to_parameter(bias))
    return vgg


@pytest.fixture(scope="module")
def golden():
    with np.load(FILE) as file:
        return dict(file)


@pytest.fixture(scope="module")
def ours(golden):
    """What rwlib makes of the same weights, images and masks."""
    variables = {}
    for line in golden["variables"]:
        name, shape = line.split(" ")
        variables[name] = draw(name, tuple(int(size) for size in shape.split(",")))
    I_gt, M = channels_first(images()) / 127.5 - 1, channels_first(masks())
    G, config = generator_from_variables({name: x for name, x in variables.items() if "inpaint_net" in name})
    assert config == CONFIG
    D, vgg = make_discriminator(variables), make_vgg()
    with torch.no_grad():
        out = G(I_gt, M)
        phis_gt, reduction = vgg(I_gt), CONFIG.reduction
        terms = SimpleNamespace(
            L_r=reconstruction_loss(out.I_p1, out.I_p2, I_gt, reduction=reduction),
            L_c=correlation_loss(vgg(out.I_c1, pools=2)[1], phis_gt[1], reduction=reduction),
            L_s=style_loss(vgg(out.I_c2), phis_gt, reduction=reduction),
        )
        return SimpleNamespace(out=out, score=D(out.I_p1, M), terms=terms)


# --- the claims


def assert_equal(ours, expected):
    """To 1e-5 of the largest value; measured 3e-6."""
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("name", ["I_p1", "I_p2"])
def test_both_predictions_equal_the_released_programs(golden, ours, name):
    expected = channels_first(golden[name])
    assert expected.shape == (2, 3, 43, 54) and expected.std() > 0.1  # there is something to compare
    assert_equal(getattr(ours.out, name)[:, :, ::3, ::3], expected)


def test_the_discriminators_scores_equal_the_released_programs(golden, ours):
    expected = channels_first(golden["D_of_I_p1"])
    assert expected.shape == (2, 256, 2, 3)  # 160 columns become 5, then 3: padding of an odd side is in it
    assert_equal(ours.score, expected)


def test_the_losses_equal_the_released_programs(golden, ours):
    L_r, L_c, L_s = ours.terms.L_r, ours.terms.L_c, ours.terms.L_s
    assert float(L_r) == pytest.approx(float(golden["L_r"]), rel=1e-5)
    assert CONFIG.lambda_1 * float(L_c) == pytest.approx(float(golden["L_c_times_lambda_1"]), rel=1e-5)
    assert CONFIG.lambda_2 * float(L_s) == pytest.approx(float(golden["L_s_times_lambda_2"]), rel=1e-5)


def test_the_release_preset_has_the_released_programs_settings():
    expected = {
        "width": 32, "region_wise": "channel", "output": "elu_clip", "discriminator_width": 64,
        "lambda_1": 1e-5, "lambda_2": 1e-3, "lambda_3": 1.0, "alpha": 0.01, "reduction": "batch_sum",
        "adversarial": "l1", "label_resize": "nearest", "vgg": "torchvision", "vgg_size_px": 224,
    }  # fmt: skip
    assert {name: getattr(CONFIG, name) for name in expected} == expected
