r"""`data_scripts/convert_release.py`: the authors' checkpoints, read without TensorFlow.

`data/release_bundle/v1.ckpt-3` was written by TensorFlow 2.21's own saver: the released program's variables at width 2
with the values of `draw`, with a layer of its discriminator and some of its optimiser's state. All other bundles are
written by `write_bundle` below, so that anything about them can be wrong.
"""

import io
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_release import draw  # puts data_scripts on the path

import rwlib.commands.main
from rwlib.checkpoints import load_generator, read_checkpoint
from rwlib.config import make_config
from rwlib.conventions import InputError

import _tensor_bundle  # isort: skip
import convert_release  # isort: skip
from _tensor_bundle import DTYPES, TensorBundle, masked_crc32c  # isort: skip
from convert_release import find_prefix, parameter_name  # isort: skip

SAVED = Path(__file__).parent / "data" / "release_bundle" / "v1.ckpt-3"
VALUES = {name: TensorBundle(SAVED).read(name) for name in TensorBundle(SAVED).entries}
GENERATOR = {name: x for name, x in VALUES.items() if re.fullmatch(r"inpaint_net(_1)?/\w+/(kernel|bias)", name)}


# --- a tiny writer of the format


def varint(number):
    more = bytearray()
    while number > 127:
        more.append(number & 127 | 128)
        number >>= 7
    return bytes(more) + bytes([number])


def field(number, value):
    """One field of a protocol buffer: a number, bytes, or a masked checksum (four bytes)."""
    if number == 6:
        return varint(number << 3 | 5) + struct.pack("<I", value)
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def block(entries, compression=0):
    """A block of (key, value), every third key whole and the others as the rest behind what they share."""
    data, restarts, last = b"", [], b""
    for i, (key, value) in enumerate(entries):
        shared = len(os.path.commonprefix([last, key])) if i % 3 else 0
        if not shared:
            restarts.append(len(data))
        data += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    data += struct.pack(f"<{len(restarts)}I", *restarts) + struct.pack("<I", len(restarts)) + bytes([compression])
    return data + struct.pack("<I", masked_crc32c(data))


def write_bundle(prefix, variables, *, shards=1, per_block=10, compression=0, header=b"", change=lambda name, x: x):
    """Write a bundle; `change` gets each entry's fields as a dictionary and may alter them."""
    numbers = {dtype: number for number, dtype in DTYPES.items()}
    files = [b""] * shards
    entries = [(b"", field(1, shards) + header)]
    for i, (name, x) in enumerate(sorted(variables.items())):
        shape = b"".join(field(2, field(1, size)) for size in x.shape)
        data, shard = x.tobytes(), i % shards
        fields = {1: numbers.get(str(x.dtype), 7), 2: shape, 3: shard, 4: len(files[shard]), 5: len(data)}
        fields = change(name, fields | {6: masked_crc32c(data)})
        entries.append((name.encode(), b"".join(field(number, value) for number, value in fields.items())))
        files[shard] += data
    table, handles = b"", []
    for at in range(0, len(entries), per_block):
        part = block(entries[at : at + per_block], compression)
        handles.append((entries[min(at + per_block, len(entries)) - 1][0], varint(len(table)) + varint(len(part) - 5)))
        table += part
    footer = b""
    for content in (block([]), block(handles)):
        footer += varint(len(table)) + varint(len(content) - 5)
        table += content
    prefix.with_name(prefix.name + ".index").write_bytes(
        table + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")
    )
    for shard, data in enumerate(files):
        prefix.with_name(f"{prefix.name}.data-{shard:05d}-of-{shards:05d}").write_bytes(data)
    return prefix


@pytest.fixture
def saved(tmp_path):
    """A copy of TensorFlow's own checkpoint, to be damaged."""
    for file in SAVED.parent.iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    return tmp_path / SAVED.name


def with_ending(prefix, ending):
    return prefix.with_name(prefix.name + ending)


DATA = ".data-00000-of-00001"


def convert(*arguments):
    """Run the script; return its exit status, output and errors."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = convert_release.main([str(argument) for argument in arguments])
    return status, out.getvalue(), err.getvalue()


def refused(match, checkpoint, tmp_path, *options, output="out.safetensors"):
    """Check that the script ends with one line, exit status 1 and no new file."""
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    status, out, err = convert(checkpoint, "-o", tmp_path / output, *options)
    assert (status, out) == (1, "") and re.fullmatch(r"error: [^\n]+\n", err), err
    assert re.search(match, err), err
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


# --- checksums


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"", 0),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (b"123456789", 0xE3069283),
    ],
)
def test_masked_crc32c_of_the_standards_examples(data, crc):  # RFC 3720, appendix B.4
    rotated = (masked_crc32c(data) - 0xA282EAD8) % 2**32
    assert (rotated << 15 | rotated >> 17) % 2**32 == crc


def test_without_the_package_of_the_checksums(tmp_path, monkeypatch):
    monkeypatch.setattr(_tensor_bundle, "google_crc32c", None)
    refused('checkpoint: its checksums need google-crc32c; `pip install "rwlib.release."`', SAVED, tmp_path)


# --- reading bundles


def test_tensorflows_own_checkpoint_is_read_bit_for_bit():
    assert len(VALUES) == 83 and len(GENERATOR) == 70
    drawn = {name: x for name, x in VALUES.items() if "Adam" not in name and "power" not in name}
    assert len(drawn) == 73
    for name, x in drawn.items():
        assert x.dtype == np.float32 and np.array_equal(x, draw(name, x.shape)), name
    assert VALUES["beta2_power_1"].shape == () and VALUES["beta2_power_1"] == np.float32(0.9)


@pytest.mark.parametrize(("shards", "per_block"), [(1, 1000), (1, 1), (2, 7), (3, 10)])
def test_shards_and_blocks(tmp_path, shards, per_block):
    bundle = TensorBundle(write_bundle(tmp_path / "x", VALUES, shards=shards, per_block=per_block))
    assert list(bundle.entries) == sorted(VALUES) and bundle.shards == shards
    assert all(np.array_equal(bundle.read(name), x) for name, x in VALUES.items())


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "int64"])
def test_dtypes(tmp_path, dtype):
    x = np.array([[-2, 0, 3]], dtype)
    found = TensorBundle(write_bundle(tmp_path / "x", {"v": x})).read("v")
    assert found.dtype == x.dtype and np.array_equal(found, x)


def test_bfloat16_becomes_float32(tmp_path):
    x = torch.tensor([1.5, -3e20, 0.0])
    halves = x.bfloat16().view(torch.int16).numpy()
    prefix = write_bundle(tmp_path / "x", {"v": halves}, change=lambda name, fields: fields | {1: 14})
    assert np.array_equal(TensorBundle(prefix).read("v"), x.bfloat16().float().numpy())


@pytest.mark.slow
def test_no_bit_of_an_index_can_flip_unnoticed(tmp_path):
    prefix = write_bundle(tmp_path / "x", {"a": np.arange(6.0).reshape(2, 3), "b": np.float32([7])}, per_block=2)
    index, good = with_ending(prefix, ".index"), with_ending(prefix, ".index").read_bytes()
    said = 8 * (len(good) - 48 + len(good[-48:-8].rstrip(b"\0"))) - 1  # bits; then comes padding, to the magic number
    for bit in range(8 * len(good)):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        index.write_bytes(bad)
        try:
            bundle = TensorBundle(prefix)
        except InputError as error:
            assert re.fullmatch(r"checkpoint: [^\n]*x\.index[^\n]*", str(error))
        else:  # only where a bit says nothing
            assert bit >= said, bit
            assert np.array_equal(bundle.read("a"), np.arange(6.0).reshape(2, 3)) and bundle.read("b") == 7


def test_no_truncated_index_is_taken_for_a_whole_one(saved):
    index = with_ending(saved, ".index")
    whole = index.read_bytes()
    for size in [0, 1, 47, 48, *range(49, len(whole), 61), len(whole) - 1]:
        index.write_bytes(whole[:size])
        with pytest.raises(
            InputError, match=r"checkpoint: .*v1.ckpt-3.index .* is cut short or no index .*get it again"
        ):
            TensorBundle(saved)


def test_a_page_in_place_of_the_download(saved, tmp_path):
    with_ending(saved, ".index").write_text("<!DOCTYPE html><title>Google Drive - Virus scan warning</title>" * 9)
    refused("v1.ckpt-3.index .* is cut short or no index of TensorFlow; get it again", saved, tmp_path)


def test_a_truncated_data_file(saved, tmp_path):
    file = with_ending(saved, DATA)
    whole = file.read_bytes()
    for size in (0, 1, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:size])
        refused(f"{file.name} is truncated .*; get it again", saved, tmp_path)


def test_a_flipped_bit_of_the_data(saved, tmp_path):
    file = with_ending(saved, DATA)
    whole, end = file.read_bytes(), 0
    for name in GENERATOR:
        entry = TensorBundle(SAVED).entries[name]
        end = max(end, entry.offset)
        bad = bytearray(whole)
        bad[entry.offset + entry.size_bytes // 2] ^= 16
        file.write_bytes(bad)
        with pytest.raises(InputError, match=f"is damaged .the checksum of {name} is wrong.; get it again"):
            TensorBundle(saved).read(name)
    refused("the checksum of inpaint_net_1.* is wrong", saved, tmp_path)


def test_a_missing_shard(tmp_path):
    prefix = write_bundle(tmp_path / "v1.ckpt-3", VALUES, shards=2)
    with_ending(prefix, ".data-00001-of-00002").unlink()
    refused("cannot read .*v1.ckpt-3.data-00001-of-00002 .*; it belongs beside v1.ckpt-3.index", prefix, tmp_path)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"compression": 1}, r"x.index: it is compressed \(snappy\), .*; save it uncompressed"),
        ({"compression": 9}, r"it is compressed \(type 9\)"),
        ({"header": field(2, 1)}, "is from a big-endian machine"),
        ({"change": lambda name, fields: fields | {7: b""}}, "v is stored in slices, expected"),
        ({"change": lambda name, fields: fields | {1: 7}}, "v is of TensorFlow's type 7, expected an array of float32"),
        (
            {"change": lambda name, fields: fields | {5: 4}},
            r"v has 4 bytes for float32 of shape \(3,\)\); get it again",
        ),
        ({"change": lambda name, fields: fields | {2: field(2, field(1, 2**62))}}, "v has 12 bytes for float32 of"),
        ({"change": lambda name, fields: fields | {4: 2**63}}, "is truncated .*v ends at"),
        ({"change": lambda name, fields: fields | {3: 5}}, "cannot read .*data-00005-of-00001"),
        (
            {"change": lambda name, fields: fields | {2: b"\x12\x7f"}},
            "is damaged .*127 bytes at 2 reach beyond the end",
        ),
        ({"change": lambda name, fields: fields | {2: 1}}, "is damaged"),
        ({"change": lambda name, fields: fields | {4: b"far"}}, "is damaged"),
        ({"header": b"\xff" * 11}, "is damaged .*more than ten bytes"),
        ({"header": b"\x03"}, "is damaged .*wire type 3"),
    ],
)
def test_a_bundle_that_cannot_be_used(tmp_path, options, match):
    prefix = write_bundle(tmp_path / "x", {"v": np.float32([1, 2, 3])}, **options)
    with pytest.raises(InputError, match=f"^checkpoint: .*{match}"):
        TensorBundle(prefix).read("v")


def test_parts_of_sliced_variables_are_no_variables(tmp_path):
    bundle = TensorBundle(write_bundle(tmp_path / "x", {"\0\x01part": np.float32([1]), "v": np.float32([2])}))
    assert list(bundle.entries) == ["v"]


# --- finding the checkpoint


@pytest.mark.parametrize("ending", ["", ".index", DATA])
def test_the_prefix_from_each_of_its_files(ending):
    assert find_prefix(with_ending(SAVED, ending)) == SAVED


def test_the_prefix_from_a_folder(saved, tmp_path):
    assert find_prefix(tmp_path) == saved  # one index, no file `checkpoint`
    shutil.copyfile(with_ending(saved, ".index"), tmp_path / "v0.ckpt-3.index")
    refused(
        "should hold one .index file, has v0.ckpt-3.index, v1.ckpt-3.index; give the file itself", tmp_path, tmp_path
    )
    for written in ("v1.ckpt-3", "/somewhere/authors/output/model/v1.ckpt-3", r"E:\\celeba\\face\\v1.ckpt-3"):
        old = 'all_model_checkpoint_paths: "v0.ckpt-3"\n'
        (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{written}"\n{old}')
        assert find_prefix(tmp_path) == saved
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "v9.ckpt-3"\n')
    refused("there is no .*v9.ckpt-3.index", tmp_path, tmp_path)
    (tmp_path / "checkpoint").write_bytes(b"\xff\0")
    refused("names no model_checkpoint_path", tmp_path, tmp_path)


def test_no_checkpoint(tmp_path):
    refused("there is no .*v1.ckpt-3.index; give the checkpoint's path", tmp_path / "v1.ckpt-3", tmp_path)
    refused("should hold one .index file, has none", tmp_path, tmp_path)
    (tmp_path / "v1.ckpt").write_bytes(b"the old format of one file")
    refused("v1.ckpt is one file, expected NAME.index", tmp_path / "v1.ckpt", tmp_path)


# --- names


def test_every_variable_of_the_program_has_its_own_parameter():
    names = [parameter_name(name) for name in GENERATOR]
    assert len(set(names)) == 70 and None not in names
    assert parameter_name("inpaint_net/conv11_1/kernel") == "semantic_inferring.encoder.conv11.weight"
    assert parameter_name("inpaint_net/com_14_fusion/bias") == "semantic_inferring.conv14.bias"
    assert parameter_name("inpaint_net_1/conv13_upsample_1/kernel") == "global_perceiving.conv13.weight"


@pytest.mark.parametrize(
    "name", ["conv1/w", "inpaint_net/allconv11/kernel", "inpaint_net_2/conv1_1/bias", "x/conv1/bias"]
)
def test_names_of_other_programs_have_none(name):
    assert parameter_name(name) is None


# --- converting


def test_a_checkpoint_becomes_a_generator_of_the_release_preset(tmp_path):
    out = tmp_path / "paris.safetensors"
    status, text, errors = convert(SAVED, "-o", out)
    assert (status, errors) == (0, "")
    assert text.splitlines() == [
        "v1.ckpt-3: by its name after 2 epochs of 3 steps",
        "generator: 70 variables (float32), each used once, checksums right; 19,004 parameters, width 2",
        "left out: 10 of the optimiser, 3 of the discriminator",
        f"wrote {out} (0.1 MB, single precision) and {tmp_path / 'paris.md'}",
    ]
    G, config = load_generator(out)
    assert config == make_config("release", "full", width=2)
    own = G.state_dict()
    for name, x in GENERATOR.items():
        x = torch.from_numpy(x.copy())
        assert torch.equal(own[parameter_name(name)], x.permute(3, 2, 0, 1) if x.ndim == 4 else x)
    assert read_checkpoint(out)[2]["checkpoint"] == "v1.ckpt-3"
    assert sorted(os.listdir(tmp_path)) == ["paris.md", "paris.safetensors"]


def test_the_model_card_says_whose_weights_they_are(tmp_path):
    convert(SAVED, "-o", tmp_path / "paris.safetensors")
    card = (tmp_path / "paris.md").read_text()
    for words in (
        "# Model card: paris", "rwlib did not train them", "`v1.ckpt-3`", "19,004 parameters, single precision",
        "MIT licence, copyright (c) 2019 vickyFox", "states no licence of their own", "CelebA-HQ", "Yuqing Ma",
        "10 of the optimiser, 3 of the discriminator", "--checkpoint paris.safetensors",
    ):  # fmt: skip
        assert words in card
    assert read_checkpoint(tmp_path / "paris.safetensors")[2]["sha256_of_index"] in card


def test_half_precision(tmp_path):
    assert convert(SAVED, "-o", tmp_path / "x.safetensors", "--half")[0] == 0
    tensors, _, _ = read_checkpoint(tmp_path / "x.safetensors")
    assert {x.dtype for x in tensors.values()} == {torch.float16}
    assert "half precision" in (tmp_path / "x.md").read_text()
    for name, x in GENERATOR.items():
        x = torch.from_numpy(x.copy()).half()
        assert torch.equal(tensors[parameter_name(name)], x.permute(3, 2, 0, 1) if x.ndim == 4 else x)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_weights_of_another_precision(tmp_path, dtype):
    prefix = write_bundle(tmp_path / "v1.ckpt-3", {name: x.astype(dtype) for name, x in GENERATOR.items()})
    status, text, _ = convert(prefix, "-o", tmp_path / "x.safetensors")
    assert status == 0 and f"70 variables ({dtype})" in text
    own = load_generator(tmp_path / "x.safetensors")[0].state_dict()
    x = torch.from_numpy(GENERATOR["inpaint_net/conv1_1/kernel"].astype(dtype).astype(np.float32))
    assert torch.equal(own["semantic_inferring.encoder.conv1.weight"], x.permute(3, 2, 0, 1))


def test_rwlib_inpaints_with_it(tmp_path, capsys):
    convert(SAVED, "-o", tmp_path / "x.safetensors")
    Image.new("RGB", (40, 32), (90, 120, 150)).save(tmp_path / "photo.png")
    mask = np.zeros((32, 40), np.uint8)
    mask[8:20, 10:24] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    files = [str(tmp_path / name) for name in ("photo.png", "mask.png", "out.png", "x.safetensors")]
    assert rwlib.commands.main.main(
        ["inpaint", files[0], "--mask", files[1], "-o", files[2], "--checkpoint", files[3]]
    ) in (
        0,
        None,
    )
    assert Image.open(files[2]).size == (40, 32)


@pytest.mark.parametrize(
    ("name", "words"),
    [("v19.ckpt-7", "20 epochs of 7 steps"), ("places2.ckpt-6666", "6,666 steps per epoch"), ("x", "does not tell")],
)
def test_what_a_name_tells_of_the_training(name, words):
    assert words in convert_release.training_time(name)


# --- refusing


def kernel(changed):
    return GENERATOR | {"inpaint_net/conv1_1/kernel": changed}


FIRST = GENERATOR["inpaint_net/conv1_1/kernel"]
WITHOUT = {name: x for name, x in GENERATOR.items() if "inpaint_net/conv7" not in name}


@pytest.mark.parametrize(
    ("variables", "match"),
    [
        (WITHOUT, "variable of semantic_inferring.encoder.conv7.weight is missing and 1 more"),
        ({"inpaint_net/conv3_1/kernel": FIRST}, "inpaint_net/conv1_1/bias is missing"),
        (GENERATOR | {"inpaint_net/xconv1/kernel": FIRST}, "1 unknown variables of 71 .inpaint_net/xconv1/kernel"),
        (
            GENERATOR | {"inpaint_net/conv1/kernel": FIRST},
            "conv1/kernel and inpaint_net/conv1_1/kernel are the same layer",
        ),
        (
            GENERATOR | {"inpaint_net_1/conv18_1/bias": FIRST[0, 0, 0]},
            "conv18_1/bias has shape .* expected no such layer",
        ),
        (
            kernel(FIRST[:3, :3]),
            r"has shape \(3, 3, 4, 2\), \(2, 4, 3, 3\) in torch; expected \(2, 4, 5, 5\) .* width 2",
        ),
        (kernel(FIRST * np.float32("nan")), "conv1_1/kernel holds values that are not finite"),
        (kernel(FIRST.astype(np.float64) * 1e300), "conv1_1/kernel holds values that are not finite in float32"),
        (kernel(FIRST.astype(np.int32)), "conv1_1/kernel holds int32, expected floating point"),
        (GENERATOR | {"inpaint_net/conv1_1/bias": np.zeros(3, np.float32)}, "width: expected an even number"),
        (
            GENERATOR | {"inpaint_net/conv1_1/bias": np.zeros(10**6, np.float32)},
            "width: expected at most 1024",
        ),
        ({"block1/conv/kernel": FIRST, "block1/conv/bias": FIRST}, "2 unknown variables of 2 .*another program"),
        ({"discriminator/d_conv1_w": FIRST}, "holds no generator .discriminator/d_conv1_w .*another program"),
        ({}, "holds no generator .nothing"),
    ],
)
def test_variables_that_do_not_fit(tmp_path, variables, match):
    refused(match, write_bundle(tmp_path / "v1.ckpt-3", variables), tmp_path)


def test_another_width_than_asked_for(tmp_path):
    refused("width: the weights are of width 2, expected 32; leave --width out", SAVED, tmp_path, "--width", 32)
    assert convert(SAVED, "-o", tmp_path / "x.safetensors", "--width", 2)[0] == 0


def test_weights_too_large_for_half_precision(tmp_path):
    prefix = write_bundle(tmp_path / "v1.ckpt-3", kernel(FIRST * np.float32(1e6)))
    refused(
        "half: a weight is larger than half precision can hold .65504.; leave --half out", prefix, tmp_path, "--half"
    )


def test_outputs_that_cannot_be_written(tmp_path, monkeypatch):
    refused("output: expected a name that ends in .safetensors", SAVED, tmp_path, output="out.pt")
    refused("cannot write .*; make the folder first", SAVED, tmp_path, output="none/out.safetensors")
    (tmp_path / "out.md").write_text("notes of my own")
    refused("output: .*out.md exists already; remove it, or choose another", SAVED, tmp_path)
    (tmp_path / "out.md").rename(tmp_path / "out.safetensors")
    refused("output: .*out.safetensors exists already", SAVED, tmp_path)
    (tmp_path / "out.safetensors").unlink()

    def full(source, target, real=os.replace):
        if str(target).endswith("out.md"):
            raise OSError(28, "No space left on device")
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        refused("output: cannot write .*out.md .No space left on device.; free some space", SAVED, tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_the_script_runs_by_itself(tmp_path):
    done = subprocess.run(
        [sys.executable, convert_release.__file__, SAVED, "-o", tmp_path / "x.safetensors"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and done.stderr == "" and "width 2" in done.stdout
    assert json.loads(read_checkpoint(tmp_path / "x.safetensors")[1].to_json())["adversarial"] == "l1"
