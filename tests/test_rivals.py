"""The trained rivals that ship: which are there, what is left out, and files that do not fit."""

import shutil

import pytest
import torch

from rwlib import rivals
from rwlib.ablations import WEIGHTS as ABLATIONS
from rwlib.checkpoints import save_generator
from rwlib.config import MODELS
from rwlib.conventions import InputError


@pytest.fixture
def folder(tmp_path):
    """A folder with a small PConv and a small PIC of random weights."""
    for name, about in (("pconv", {"steps": "5 + 2"}), ("pic", {})):
        rival = rivals.fresh_rival(name)
        save_generator(tmp_path / f"{name}64.safetensors", rival.G, rival.config, about=about)
    return tmp_path


def test_every_model_and_red_has_titles():
    assert set(rivals.TITLES) == set(MODELS) | {"red"} == set(rivals.PAPERS)


def test_what_is_there_is_loaded_in_order_and_the_rest_is_named(folder):
    assert rivals.missing_rivals(folder) == ["ca", "gated", "ec", "red", "region-wise"]
    loaded = rivals.load_rivals(folder)
    assert list(loaded) == ["pconv", "pic"]
    assert [rival.steps for rival in loaded.values()] == [7, 0]
    assert loaded["pconv"].title == "PConv" and not loaded["pconv"].G.training and loaded["pconv"].note == ""
    assert loaded["pic"].weights == sum(x.numel() for x in rivals.fresh_rival("pic").G.parameters())


def test_nothing_stands_in_for_what_is_not_there(folder, tmp_path):
    """Another training of the same model would have had another budget."""
    assert rivals.load_rivals(tmp_path / "no such folder") == {}
    shutil.copy(ABLATIONS / "no_correlation.safetensors", folder / "red64.safetensors")
    assert rivals.weights_file("red", folder) == folder / "red64.safetensors"
    assert rivals.weights_file("region-wise", folder) is None


@pytest.mark.parametrize("name", list(rivals.TITLES))
def test_a_fresh_rival_fills_and_is_the_same_every_time_without_touching_the_seed(name):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, other = rivals.fresh_rival(name), rivals.fresh_rival(name)
    assert torch.equal(before, torch.get_rng_state())
    I_gt, M = torch.rand(1, 3, 64, 64) * 2 - 1, torch.ones(1, 1, 64, 64)
    M[..., 20:40, 20:40] = 0
    I_c = one.G.fill(I_gt, M)
    assert torch.equal(I_c, other.G.fill(I_gt, M)) and I_c.isfinite().all()
    exists = M.bool().expand_as(I_gt)
    assert torch.equal(I_c[exists], I_gt[exists]) and one.steps == 0 and "are not here: these are random" in one.note


def test_what_cannot_be_loaded_says_so(folder):
    with pytest.raises(InputError, match="name: expected one of.* got 'vae'"):
        rivals.load_rival("vae", folder)
    with pytest.raises(InputError, match="the weights of ca are not there; train them with rwlib train --model ca"):
        rivals.load_rival("ca", folder)
    (folder / "pic64.safetensors").rename(folder / "ec64.safetensors")
    with pytest.raises(InputError, match="holds the model pic, expected ec"):
        rivals.load_rival("ec", folder)


def test_those_that_ship_fill_a_hole():
    I_gt, M = torch.zeros(1, 3, 64, 64), torch.ones(1, 1, 64, 64)
    M[..., 10:30, 10:30] = 0
    for name, rival in rivals.load_rivals().items():
        assert rival.config.size_px == 64 and rival.steps > 0, name
        assert rival.G.fill(I_gt, M).isfinite().all(), name
