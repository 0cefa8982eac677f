"""Checkpoints: what is written comes back, an interrupted write leaves the old file, and no bad file gets through."""

import json
import os
import re
import sys

import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from rwlib.checkpoints import (
    DamagedError,
    checksum,
    load_generator,
    load_weights,
    pack_optimiser,
    read_checkpoint,
    save_generator,
    unpack_optimiser,
    write_checkpoint,
)
from rwlib.config import Config, make_config
from rwlib.conventions import InputError
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.shipped import DEFAULT

CONFIG = make_config("balanced", "tiny", width=4, size_px=16)
WEIGHTS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(7, dtype=torch.int64)}


@pytest.fixture
def file(tmp_path):
    """A whole training checkpoint of `WEIGHTS`."""
    write_checkpoint(tmp_path / "run.safetensors", WEIGHTS, kind="training", config=CONFIG, about={"step": 3})
    return tmp_path / "run.safetensors"


@pytest.fixture
def G():
    torch.manual_seed(0)
    return RegionWiseGenerator.from_config(CONFIG)


def refused(file, match, **kwargs):
    """Check that reading fails with one line that names the file, and return it."""
    with pytest.raises(InputError, match=match) as caught:
        read_checkpoint(file, **kwargs)
    message = str(caught.value)
    assert message.startswith("checkpoint: ") and str(file) in message and "\n" not in message
    return message


def with_header(file, **changes):
    """Rewrite a checkpoint with another header; None takes an entry out."""
    header = {"format": "rwlib-1", "kind": "training", "config": CONFIG.to_json(), "about": "{}"} | changes
    save_file(WEIGHTS, file, metadata={name: text for name, text in header.items() if text is not None})


# --- round trips


def test_tensors_config_and_remarks_come_back(file):
    tensors, config, about = read_checkpoint(file, kind="training")
    assert tensors.keys() == WEIGHTS.keys()
    assert all(torch.equal(x, WEIGHTS[name]) and x.dtype == WEIGHTS[name].dtype for name, x in tensors.items())
    assert config == CONFIG and about == {"step": 3}


def test_views_and_channels_last_tensors_come_back(tmp_path):
    x = torch.rand(2, 3, 4, 5)
    strange = {"view": x[:, 1], "last": x.to(memory_format=torch.channels_last), "leaf": x.clone().requires_grad_()}
    write_checkpoint(tmp_path / "x.safetensors", strange, kind="training", config=CONFIG, about={})
    tensors = load_file(tmp_path / "x.safetensors")
    assert all(torch.equal(tensors[name], y) for name, y in strange.items())


def test_a_generator_comes_back_ready_to_use(tmp_path, G):
    save_generator(tmp_path / "G.safetensors", G, CONFIG)
    loaded, config = load_generator(tmp_path / "G.safetensors")
    assert config == CONFIG and not loaded.training and not any(x.requires_grad for x in loaded.parameters())
    assert all(torch.equal(x, loaded.state_dict()[name]) for name, x in G.state_dict().items())


def test_half_precision_halves_the_file_and_loads_as_float32(tmp_path, G):
    save_generator(tmp_path / "whole.safetensors", G, CONFIG)
    save_generator(tmp_path / "half.safetensors", G, CONFIG, half=True)
    whole, half = ((tmp_path / f"{name}.safetensors").stat().st_size for name in ("whole", "half"))
    assert whole - half == pytest.approx(2 * sum(x.numel() for x in G.parameters()), abs=500)  # the headers differ
    loaded, _ = load_generator(tmp_path / "half.safetensors")
    for name, x in G.state_dict().items():
        assert loaded.state_dict()[name].dtype == torch.float32
        assert torch.equal(loaded.state_dict()[name], x.half().float())


def test_an_optimiser_goes_on_as_if_never_packed():
    def two_steps(after_one):
        x = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
        optimiser = torch.optim.Adam([x], lr=0.1)
        for step in range(2):
            (x**3).sum().backward()
            optimiser.step()
            if step == 0:
                optimiser = after_one(x, optimiser)
        return x.detach()

    def through_a_package(x, optimiser):
        fresh = torch.optim.Adam([x], lr=0.1)
        unpack_optimiser("opt", fresh, pack_optimiser("opt", optimiser) | {"other.0.step": torch.tensor(99.0)})
        return fresh

    assert torch.equal(two_steps(through_a_package), two_steps(lambda x, optimiser: optimiser))
    forgetful = two_steps(lambda x, optimiser: torch.optim.Adam([x], lr=0.1))
    assert not torch.equal(forgetful, two_steps(lambda x, optimiser: optimiser))


def test_the_shipped_generator_loads_and_is_small():
    G, config = load_generator()
    assert DEFAULT.stat().st_size <= 8 * 2**20
    assert isinstance(config, Config) and all(x.isfinite().all() for x in G.parameters())


# --- writing: all or nothing


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(file, monkeypatch, broken):
    old = file.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(InputError, match="^checkpoint: cannot write .*No space left.*; free some space"):
        write_checkpoint(file, {"a": torch.zeros(1)}, kind="training", config=CONFIG, about={})
    assert file.read_bytes() == old and os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize("folder", ["missing", "a_file"])
def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path, folder):
    (tmp_path / "a_file").touch()
    with pytest.raises(InputError, match=f"cannot write .*{folder}.*; (choose a folder|make the folder)") as caught:
        write_checkpoint(tmp_path / folder / "x.safetensors", WEIGHTS, kind="training", config=CONFIG, about={})
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is text")
def test_a_name_that_is_not_utf_8(tmp_path):
    folder = tmp_path / os.fsdecode(b"r\xff\n")
    folder.mkdir()
    write_checkpoint(folder / "x.safetensors", WEIGHTS, kind="training", config=CONFIG, about={"step": 3})
    tensors, _, about = read_checkpoint(folder / "x.safetensors", kind="training")
    assert about == {"step": 3} and all(torch.equal(x, WEIGHTS[name]) for name, x in tensors.items())


# --- reading: every bad file is one line


def test_missing_folder_and_empty(tmp_path):
    refused(tmp_path / "none.safetensors", "does not exist; give")
    os.mkfifo(tmp_path / "pipe.safetensors")
    refused(tmp_path / "pipe.safetensors", "is not a plain file; give")
    refused(tmp_path, "is a folder; give")
    (tmp_path / "zero.safetensors").touch()
    refused(tmp_path / "zero.safetensors", r"is empty \(zero bytes\)")


def test_another_file_renamed(tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "picture.png")
    (tmp_path / "picture.png").rename(tmp_path / "picture.safetensors")
    (tmp_path / "text.safetensors").write_text("weights\n" * 100)
    torch.save(WEIGHTS, tmp_path / "pickle.safetensors")
    for name in ("picture", "text", "pickle"):
        refused(tmp_path / f"{name}.safetensors", "not a safetensors file")


def test_safetensors_of_another_program(file):
    save_file(WEIGHTS, file)
    refused(file, "was not written by rwlib .*no rwlib header")
    save_file(WEIGHTS, file, metadata={"format": "pt"})
    refused(file, "was not written by rwlib .*found pt")


def test_the_other_kind(file):
    refused(file, "holds a training checkpoint, expected a generator checkpoint", kind="generator")
    assert read_checkpoint(file)[2] == {"step": 3}  # any kind will do where none is asked for


def rewritten(file, tensors=None, **changes):
    """Write a checkpoint anew with other tensors or header (None takes an entry out) but the SHA-256 that it had."""
    with safe_open(file, framework="pt") as old:
        header = {name: text for name, text in (old.metadata() | changes).items() if text is not None}
        save_file(tensors or {name: old.get_tensor(name) for name in old.keys()}, file, metadata=header)  # noqa: SIM118
    return refused(file, "is damaged .its SHA-256 is not the one it was written with.; get it again")


def test_a_flipped_bit_of_the_weights_is_noticed(file):
    good = file.read_bytes()
    for byte in range(len(good) - 6 * 4 - 8, len(good)):  # six floats and one integer
        file.write_bytes(good[:byte] + bytes([good[byte] ^ 1]) + good[byte + 1 :])
        refused(file, "is damaged .its SHA-256 is not the one it was written with.; get it again")


def test_a_changed_configuration_kind_or_remark_is_noticed(file):
    good = file.read_bytes()
    for changes in (
        {"config": CONFIG.to_json().replace('"width": 4', '"width": 6')}, {"kind": "generator"},
        {"about": '{"step": 4}'}, {"sha256": "0" * 64}, {"sha256": None, "sha257": "0" * 64},
    ):  # fmt: skip
        rewritten(file, **changes)
        file.write_bytes(good)


def test_what_a_newer_version_adds_to_the_header_is_not_understood_and_no_damage(file):
    with safe_open(file, framework="pt") as old:
        header = old.metadata() | {"method": "new"}
    save_file(WEIGHTS, file, metadata=header | {"sha256": checksum(header, WEIGHTS)})
    with pytest.raises(InputError, match="was written by a newer rwlib .method in its header.; update rwlib") as caught:
        read_checkpoint(file)
    assert not isinstance(caught.value, DamagedError)
    rewritten(file, about='{"step": 4}')


@pytest.mark.parametrize(
    "tensors",
    [
        {"a": WEIGHTS["a"]},
        {"a": WEIGHTS["a"], "c": WEIGHTS["b"]},
        {"a": WEIGHTS["a"].reshape(3, 2), "b": WEIGHTS["b"]},
        {"a": WEIGHTS["a"].view(torch.int32), "b": WEIGHTS["b"]},
        {"a": WEIGHTS["a"], "b": WEIGHTS["b"], "c": torch.zeros(0)},
    ],
    ids=["missing", "renamed", "other shape", "other dtype", "more"],
)
def test_changed_tensors_are_noticed(file, tensors):
    rewritten(file, tensors)


def test_tensors_of_every_kind_have_a_checksum(tmp_path):
    kinds = {
        str(dtype): torch.tensor([[0, 1], [2, 3]]).to(dtype)
        for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool)
    } | {"none": torch.zeros(0, 3), "number": torch.tensor(2.5)}  # fmt: skip
    write_checkpoint(tmp_path / "x.safetensors", kinds, kind="training", config=CONFIG, about={"name": "Façade"})
    tensors, _, about = read_checkpoint(tmp_path / "x.safetensors")
    assert about == {"name": "Façade"}
    assert all(torch.equal(tensors[name], x) and tensors[name].dtype == x.dtype for name, x in kinds.items())


def test_checkpoints_from_before_the_checksum_stay_readable(file):
    with_header(file)
    with safe_open(file, framework="pt") as old:
        assert "sha256" not in old.metadata()
    with pytest.warns(UserWarning, match="run.safetensors has no SHA-256, .* damage .* would not be noticed"):
        assert all(torch.equal(x, WEIGHTS[name]) for name, x in read_checkpoint(file)[0].items())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(tmp_path, G, value):
    next(G.parameters()).data.view(-1)[0] = value
    save_generator(tmp_path / "G.safetensors", G, CONFIG)
    name = next(iter(G.state_dict()))
    with pytest.raises(InputError, match=re.escape(f"G.safetensors holds weights that are not finite ({name}); take")):
        load_generator(tmp_path / "G.safetensors")


def test_of_a_run_only_the_weights_have_to_be_finite(tmp_path):
    state = {"rng.cpu": torch.zeros(3), "scaler.scale": torch.tensor(float("inf")), "D.a": torch.zeros(2)}
    write_checkpoint(tmp_path / "x.safetensors", state, kind="training", config=CONFIG, about={})
    assert read_checkpoint(tmp_path / "x.safetensors")[0].keys() == state.keys()
    state["D.a"][1] = float("nan")
    write_checkpoint(tmp_path / "x.safetensors", state, kind="training", config=CONFIG, about={})
    refused(tmp_path / "x.safetensors", r"not finite \(D.a\)")


UNKNOWN_FIELD = json.dumps({"width": 4, "colour": "red"})


@pytest.mark.filterwarnings("ignore:.*has no SHA-256")
@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"config": UNKNOWN_FIELD}, "unknown fields colour; it was written by another version"),
        ({"config": '{"width": 3}'}, "width: expected an even number"),
        ({"config": '{"width": "four"}'}, "wrong type"),
        ({"config": '{"epochs": 5}'}, "wrong type"),
        ({"config": "{"}, "header that cannot be used"),
        ({"config": "[]"}, "header that cannot be used"),
        ({"config": "null"}, "header that cannot be used"),
        ({"config": None}, "header that cannot be used"),
        ({"config": "[" * 100_000}, "header that cannot be used"),
        ({"about": "{"}, "header that cannot be used"),
        ({"about": "null"}, "header that cannot be used"),
        ({"about": '["step"]'}, "header that cannot be used"),
        ({"about": None}, "header that cannot be used"),
    ],
)
def test_a_header_that_cannot_be_used(file, changes, match):
    with_header(file)
    assert read_checkpoint(file)[1] == CONFIG  # the header alone is what is wrong below
    with_header(file, **changes)
    refused(file, match)


# --- weights that do not fit


def test_another_width_is_refused_with_both_shapes(tmp_path, G):
    wider = make_config("balanced", "tiny", width=6)
    save_generator(tmp_path / "G.safetensors", G, wider)  # says 6, holds 4
    with pytest.raises(InputError, match=re.escape("is (4, 4, 5, 5), expected (6, 4, 5, 5) and 67 more; check width")):
        load_generator(tmp_path / "G.safetensors")


def test_missing_and_unknown_names_are_refused_and_change_nothing(G):
    weights = {name: torch.zeros_like(x) for name, x in G.state_dict().items()}
    first = next(iter(weights))
    before = G.state_dict()[first].clone()
    with pytest.raises(InputError, match=f"x.safetensors does not fit the network: {first} is missing; check"):
        load_weights(G, {name: x for name, x in weights.items() if name != first}, file="x.safetensors")
    with pytest.raises(InputError, match="extra is unknown; check"):
        load_weights(G, weights | {"extra": torch.zeros(1)}, file="x.safetensors")
    assert torch.equal(G.state_dict()[first], before)
