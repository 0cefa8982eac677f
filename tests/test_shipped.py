"""The generators that ship are found by name, wherever a checkpoint is asked for; what lies on the disk wins."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import inpaint_arguments
from PIL import Image

from rwlib.checkpoints import load_generator, save_generator
from rwlib.commands.main import main
from rwlib.conventions import InputError
from rwlib.evaluation.methods import open_methods
from rwlib.rivals import FILES
from rwlib.shipped import DEFAULT, PHOTOGRAPHS, SHIPPED, find_generator, shipped_generators
from rwlib.training.setup import new_players
from rwlib.widgets.painter.generators import Generators


def test_all_that_ship_are_found_by_name():
    generators = shipped_generators()
    assert {DEFAULT, PHOTOGRAPHS} <= set(generators.values())
    assert {Path(file).stem for file in FILES.values()} <= set(generators)
    for name, file in generators.items():
        assert find_generator(name) == file == find_generator(Path(name)) and file.is_file()


def test_a_name_that_ships_not_lists_those_that_do():
    with pytest.raises(InputError, match=r"^init: 'facades' is neither .*; give .* facades64, .*pic64") as e:
        find_generator("facades", "init")
    assert "\n" not in str(e.value)
    with pytest.raises(InputError, match="rw64; the nearest of these names is facades128$"):
        find_generator("facdes128")
    with pytest.raises(InputError, match=r"rw64$"):
        find_generator("zzz")


@pytest.mark.parametrize("file", ["runs/facades64", "./facades64", "facades64.safetensors"])
def test_a_path_is_left_as_it_is(tmp_path, monkeypatch, file):
    monkeypatch.chdir(tmp_path)
    assert find_generator(file) == Path(file)
    with pytest.raises(InputError, match="does not exist; give a .safetensors file"):
        load_generator(file)


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_what_lies_there_wins(tmp_path, monkeypatch, make):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "facades64")
    assert find_generator("facades64") == Path("facades64")
    with pytest.raises(InputError, match="^checkpoint: facades64 "):
        load_generator("facades64")


def test_a_file_of_ones_own_with_such_a_name_is_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    G, config = load_generator()
    with torch.no_grad():
        next(G.parameters()).fill_(0.25)
    save_generator("general128", G, config)
    assert bool((next(load_generator("general128")[0].parameters()) == 0.25).all())


def test_a_training_starts_from_a_name(tmp_path):
    config, G = load_generator("facades64")[1], load_generator("facades128")[0]
    players = new_players(config, torch.device("cpu"), init="facades128")
    assert all(map(torch.equal, players.G.state_dict().values(), G.state_dict().values()))
    with pytest.raises(InputError, match="^init: .* has width 24, this run 8; give --width 24, or "):
        new_players(dataclasses.replace(config, width=8), torch.device("cpu"), init="facades128")
    with pytest.raises(InputError, match="^init: 'facades' is neither"):
        new_players(config, torch.device("cpu"), init="facades")


def test_everything_that_takes_a_checkpoint_takes_a_name(here, monkeypatch):
    weights = load_generator(SHIPPED / "facades128.safetensors")[0].state_dict()
    assert all(torch.equal(x, weights[name]) for name, x in load_generator("facades128")[0].state_dict().items())
    (method,), digests, size_px = open_methods(["facades128"], classical=False)
    assert (method.name, list(digests), size_px) == ("facades128", ["facades128"], 128)
    generators = Generators()
    assert (generators.add("facades128"), generators.labels.get("facades128")) == ("facades128", "facades128")
    shutil.copyfile(SHIPPED / "facades128.safetensors", "copy.safetensors")
    for name, output in (("facades128", "out/named.png"), ("copy.safetensors", "out/file.png")):
        assert main(inpaint_arguments(checkpoint=name, output=output)) == 0
    assert np.array_equal(Image.open("out/named.png"), Image.open("out/file.png"))
