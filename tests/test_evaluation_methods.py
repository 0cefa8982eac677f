"""Methods: classical fills keep what exists, generators come from files, and nobody sees into the hole."""

import re
import sys

import pytest
import torch
from evaluation_examples import Ramps

from rwlib.checkpoints import save_generator
from rwlib.config import make_config
from rwlib.conventions import InputError, image_to_tensor
from rwlib.evaluation import (
    biharmonic_fill,
    classical_methods,
    evaluation_mask,
    generator_method,
    mean_fill,
    opencv_fill,
)
from rwlib.evaluation.methods import open_methods
from rwlib.inpainting import fill
from rwlib.networks.generator import RegionWiseGenerator


def ramp_and_hole(size_px=32):
    I_gt, M = image_to_tensor(Ramps().center(0, size_px)), torch.ones(1, 1, size_px, size_px)
    M[..., 8:20, 10:22] = 0
    return I_gt, M


def names(methods):
    return [method.name for method in methods]


def test_mean_fill_by_hand():
    I_gt = torch.tensor([[0.0, 0.5], [1.0, -1.0]]).expand(1, 3, 2, 2) * torch.tensor([1.0, 0.5, -1.0]).view(1, 3, 1, 1)
    M = torch.tensor([[1.0, 1.0], [1.0, 0.0]]).view(1, 1, 2, 2)
    assert mean_fill(I_gt, M)[0].flatten(1).tolist() == [
        [0.0, 0.5, 1.0, 0.5],
        [0.0, 0.25, 0.5, 0.25],
        [0.0, -0.5, -1.0, -0.5],
    ]


def test_biharmonic_fill_keeps_what_exists_and_continues_a_ramp():
    I_gt, M = ramp_and_hole()
    I_c = biharmonic_fill(I_gt, M)
    assert I_c.shape == I_gt.shape and I_c.dtype == torch.float32
    assert torch.allclose(I_c * M, I_gt * M, atol=1e-6)
    assert (I_c - I_gt).abs().max() < 0.02  # a ramp is biharmonic; its 8-bit steps are 0.008


@pytest.mark.parametrize("name", ["telea", "navier-stokes"])
def test_opencv_fills_keep_what_exists_and_come_near_a_ramp(name):
    pytest.importorskip("cv2")
    I_gt, M = ramp_and_hole()
    I_c = opencv_fill(name)(I_gt, M)
    assert torch.equal(I_c * M, I_gt * M)
    assert (I_c - I_gt).abs().mean() < 0.1 < (mean_fill(I_gt, M) - I_gt).abs().max()
    other = {"telea": "navier-stokes", "navier-stokes": "telea"}[name]
    assert not torch.equal(I_c, opencv_fill(other)(I_gt, M))


def test_a_generator_gives_its_second_composite():
    torch.manual_seed(0)
    G = RegionWiseGenerator(4)
    I_gt, M = ramp_and_hole()
    method = generator_method(G, name="G", batch=3)
    assert (method.name, method.batch) == ("G", 3)
    assert torch.equal(method.fill(I_gt, M), fill(G, I_gt, M).I_c2)


@pytest.mark.parametrize("method", ["mean", "biharmonic", "telea", "navier-stokes", "generator"])
def test_no_method_sees_the_content_of_the_hole(method):
    if method in ("telea", "navier-stokes"):
        pytest.importorskip("cv2")
    torch.manual_seed(0)
    methods = [*classical_methods(), generator_method(RegionWiseGenerator(4), name="generator")]
    fills = {each.name: each.fill for each in methods}
    I_gt, M = ramp_and_hole()
    assert torch.equal(fills[method](I_gt, M), fills[method](torch.where(M.bool(), I_gt, 1.0), M))


def test_without_opencv_there_are_fewer_methods_and_a_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)  # the import fails
    assert names(classical_methods()) == ["mean", "biharmonic"]
    with pytest.raises(InputError, match=re.escape("methods: telea needs OpenCV; install it with `pip install rwlib[")):
        opencv_fill("telea")


def test_a_batch_below_one_is_refused():
    with pytest.raises(InputError, match="batch: expected at least 1, got 0"):
        generator_method(RegionWiseGenerator(4), batch=0)


# --- methods from files


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    for name, size_px in (("a", 16), ("b", 16), ("wide", 32), ("mean", 16), ("other/a", 16)):
        config = make_config("balanced", "tiny", width=4, size_px=size_px)
        (folder / name).parent.mkdir(exist_ok=True)
        save_generator(folder / f"{name}.safetensors", RegionWiseGenerator.from_config(config), config)
    return folder


def test_several_generators_are_named_by_their_files(checkpoints):
    methods, digests, size_px = open_methods([checkpoints / "b.safetensors", checkpoints / "a.safetensors"])
    assert names(methods) == ["b", "a", *names(classical_methods())] and size_px == 16
    assert digests.keys() == {"a", "b"} and digests["a"] != digests["b"]
    I_gt, M = image_to_tensor(Ramps().center(0, 24)), evaluation_mask(24, 0, "contiguous", 3, 0)
    assert not torch.equal(methods[0].fill(I_gt, M), methods[1].fill(I_gt, M))
    alone, _, _ = open_methods([checkpoints / "wide.safetensors"], classical=False)
    assert names(alone) == ["wide"]


def test_without_a_file_the_shipped_generator_is_called_rwlib():
    methods, digests, size_px = open_methods([])
    assert methods[0].name == "rwlib" and list(digests) == ["rwlib"] and size_px == 64


@pytest.mark.parametrize(
    ("names", "options", "match"),
    [
        (["a", "other/a"], {}, "checkpoint: .* and .* would both be called a; rename or link one"),
        (["a", "other/../a"], {}, "checkpoint: .*a.safetensors is named twice; name it once"),
        (["mean"], {}, "checkpoint: .*mean.safetensors would be called mean, like a classical fill; rename it"),
        (["a", "wide"], {}, "size_px: the generators were trained at different sides .a 16, wide 32.; choose one"),
        (["a", "missing"], {}, "checkpoint: .*missing.safetensors does not exist"),
        (["a"], {"batch": 0}, "batch: expected at least 1, got 0"),
        (["a"], {"device": "abacus"}, "device: 'abacus' cannot be used .*; take cpu"),
    ],
)
def test_checkpoints_that_cannot_stand_side_by_side(checkpoints, names, options, match):
    with pytest.raises(InputError, match=match):
        open_methods([checkpoints / f"{name}.safetensors" for name in names], **options)


def test_different_sides_are_fine_if_one_is_chosen(checkpoints):
    assert open_methods([checkpoints / f"{name}.safetensors" for name in ("a", "wide")], size_px=24)[2] == 24


@pytest.mark.parametrize("name", ["two\nlines", "\udce9t\udce9", "\x1b[31m"])
def test_a_name_that_a_table_cannot_show_is_refused_before_anything_is_measured(name):
    with pytest.raises(InputError, match="has a name that a table cannot show; rename or link it") as caught:
        open_methods([f"{name}.safetensors"])
    assert str(caught.value).isprintable() and str(caught.value).encode()
