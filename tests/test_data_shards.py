"""Tar shards: packing, random access that trains bit for bit as a folder does, and reading by webdataset."""

import csv
import importlib
import pickle
import shutil
import sys
import tarfile
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rwlib.config import make_config
from rwlib.conventions import InputError
from rwlib.data import PhotoFolder, PhotoShards, TrainingSamples, open_source
from rwlib.data.shards import read_index
from rwlib.training.schedule import batch_numbers

sys.path.insert(0, str(Path(__file__).parent.parent / "data_scripts"))  # as Python does for a script
script = importlib.import_module("shards")

N = 23


@pytest.fixture
def photos(tmp_path):
    """A prepared folder: 23 pictures to train with, two of them PNG, and three to validate."""
    for split, n in (("train", N), ("val", 3)):
        (tmp_path / "photos" / split / "sub").mkdir(parents=True)
        for i in range(n):
            pixels = np.random.default_rng(i).integers(0, 256, (10, 12, 3), dtype=np.uint8)
            name = f"sub/{i:02d}.png" if i % 11 == 3 else f"{i:02d}.jpg"
            Image.fromarray(pixels).resize((36, 30)).save(tmp_path / "photos" / split / name)
    return tmp_path / "photos"


@pytest.fixture
def shards(photos, tmp_path):
    assert script.main(["--from", str(photos), "--to", str(tmp_path / "shards"), "--shard-mb", "0.005"]) == 0
    return tmp_path / "shards"


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_packing(photos, shards, tmp_path, capsys):
    entries = read_index(shards / "train")
    assert len(entries) == N and len(read_index(shards / "val")) == 3
    names = list(dict.fromkeys(entry.shard for entry in entries))
    assert len(names) > 3 and names == [f"{i:06d}.tar" for i in range(len(names))]
    assert sorted(e.file for e in entries) == sorted(
        p.relative_to(photos / "train").as_posix() for p in (photos / "train").rglob("*.*g")
    )
    assert [e.file for e in entries] != sorted(e.file for e in entries)  # shuffled
    members = []
    for name in names:
        with tarfile.open(shards / "train" / name) as archive:
            members += [(m.name, archive.extractfile(m).read(), m.mtime, m.uid, m.mode) for m in archive]
    for k, (entry, (name, data, *about)) in enumerate(zip(entries, members, strict=True)):
        assert name == f"{k:08d}{Path(entry.file).suffix}" and about == [0, 0, 0o644]
        assert data == (photos / "train" / entry.file).read_bytes()
        with open(shards / "train" / entry.shard, "rb") as file:
            file.seek(entry.offset)
            assert file.read(entry.bytes) == data

    capsys.readouterr()
    before = {p: p.stat().st_mtime_ns for p in shards.rglob("*")}
    call = ["--from", str(photos), "--to", str(shards), "--shard-mb"]
    assert script.main([*call, "0.005"]) == 0 and capsys.readouterr().out.count("nothing to do") == 2
    assert {p: p.stat().st_mtime_ns for p in shards.rglob("*") if p.suffix != ".txt"} == {
        p: t for p, t in before.items() if p.suffix != ".txt"
    }
    assert script.main([*call, "0.006"]) == 1 and "holds shards of other pictures" in capsys.readouterr().err
    assert script.main(["--from", str(photos / "train"), "--to", str(tmp_path / "one"), "--shard-mb", "0.005"]) == 0
    assert contents(tmp_path / "one") == contents(shards / "train")  # a folder of pictures itself; the same bytes


def test_packing_goes_on_after_ctrl_c(photos, shards, tmp_path, monkeypatch, capsys):
    real, calls = script._write_shard, []

    def stop(file, folder, shard, first):
        calls.append(file.name)
        if len(calls) == 3:
            file.with_name(f".{file.name}.0a1b2c3d.part").write_bytes(b"half of it")  # as after kill -9
            raise KeyboardInterrupt
        real(file, folder, shard, first)

    monkeypatch.setattr(script, "_write_shard", stop)
    call = ["--from", str(photos), "--to", str(tmp_path / "again"), "--shard-mb", "0.005"]
    assert script.main(call) == 130 and "call again to resume" in capsys.readouterr().err
    with pytest.raises(InputError, match="has no index.csv"):
        PhotoShards(tmp_path / "again" / "train")
    assert script.main(call) == 0
    assert calls[:4] == ["000000.tar", "000001.tar", "000002.tar", "000002.tar"]  # the first two are not written twice
    assert contents(tmp_path / "again") == contents(shards)


def test_packing_refuses(photos, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    (tmp_path / "empty").mkdir()
    train = str(photos / "train")
    for source, to, more, words in [
        (train, "mine", [], "is not empty"), (str(tmp_path / "none"), "x", [], "is no folder"),
        (str(tmp_path / "empty"), "x", [], "no pictures"), (str(tmp_path / "mine"), "x", [], "no pictures"),
        (train, "x", ["--shard-mb", "0"], "shard-mb, seed: expected"), (train, "x", ["--seed", "-1"], "shard-mb, seed"),
    ]:  # fmt: skip
        assert script.main(["--from", source, "--to", str(tmp_path / to), *more]) == 1
        assert words in capsys.readouterr().err


# --- random access


def test_shards_are_a_source_as_a_folder_is(photos, shards):
    source, folder = open_source(f"shards:{shards / 'train'}"), PhotoFolder(photos / "train")
    assert isinstance(source, PhotoShards) and len(source) == N and sorted(source.names) == folder.names
    other = pickle.loads(pickle.dumps(source))
    for i, name in enumerate(source.names):
        j = folder.names.index(name)
        assert (source.center(i, 16) == folder.center(j, 16)).all()
        crop = folder.crop(j, 16, torch.Generator().manual_seed(i))
        assert (source.crop(i, 16, torch.Generator().manual_seed(i)) == crop).all()
        assert (other.crop(i, 16, torch.Generator().manual_seed(i)) == crop).all()
    with pytest.raises(InputError, match=f"index: expected 0 to {N - 1}"):
        source.center(N, 16)
    with pytest.raises(InputError, match="max_bad_share"):
        PhotoShards(shards / "train", max_bad_share=2)


def loaded(directory, numbers, workers=0):
    samples = TrainingSamples(PhotoShards(directory), 16, (0.1, 0.3), "both", seed=5)
    return list(torch.utils.data.DataLoader(samples, batch_sampler=list(numbers), num_workers=workers))


def equal(first, second):
    return len(first) == len(second) and all(
        (a == b).all() and (m == n).all() for (a, m), (b, n) in zip(first, second, strict=True)
    )


def test_training_samples_resume_and_split_bit_for_bit(shards):
    """Batches as `rwlib.training.loop` asks for them: over three epochs, resumed, by workers, by two processes."""
    whole = loaded(shards / "train", batch_numbers(0, 16, 4, 0, 1))
    assert equal(whole[9:], loaded(shards / "train", batch_numbers(9, 16, 4, 0, 1)))
    assert equal(whole, loaded(shards / "train", batch_numbers(0, 16, 4, 0, 1), workers=2))
    ranks = [loaded(shards / "train", batch_numbers(0, 16, 2, rank, 2)) for rank in (0, 1)]
    joined = [tuple(torch.cat(parts) for parts in zip(*pair, strict=True)) for pair in zip(*ranks, strict=True)]
    assert equal(whole, joined)
    assert not equal(whole[:5], loaded(shards / "train", batch_numbers(6, 11, 4, 0, 1)))


def test_a_run_on_shards_resumes_bit_for_bit(shards, tmp_path):
    from rwlib.checkpoints import read_checkpoint
    from rwlib.training.loop import train

    config = make_config(
        "balanced", "tiny", width=4, discriminator_width=4, size_px=32, batch_size=2, vgg="random", vgg_size_px=0,
        networks="semantic", epochs=(2, 0), steps_per_epoch=1, ema_decay=0.0, workers=0, precision="fp32",
    )  # fmt: skip
    source = open_source(f"shards:{shards / 'train'}")
    train(config, source, tmp_path / "straight", progress=False)
    train(config, source, tmp_path / "halves", progress=False, steps=1)
    train(config, open_source(f"shards:{shards / 'train'}"), tmp_path / "halves", progress=False, resume=True)
    first, second = (read_checkpoint(tmp_path / name / "training.safetensors")[0] for name in ("straight", "halves"))
    assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_damage_within_a_shard_is_replaced_and_reported(shards):
    entry = read_index(shards / "train")[4]
    with open(shards / "train" / entry.shard, "r+b") as file:
        file.seek(entry.offset)
        file.write(bytes(entry.bytes))
    source = PhotoShards(shards / "train")
    with pytest.warns(UserWarning, match=f"damaged and is skipped: {entry.file}") as caught:
        for i in range(N):
            source.center(i, 16)
    assert len(caught) == 1 and source.damaged == [entry.file]


def test_a_shard_that_is_cut_short_in_the_middle_of_a_run(shards):
    source = PhotoShards(shards / "val")
    last = max(read_index(shards / "val"), key=lambda entry: entry.offset)
    with open(shards / "val" / last.shard, "r+b") as file:
        file.truncate(last.offset + 10)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(
            InputError, match=f"1 of 3 images .* more than the share .*{last.file} .{last.shard} is cut short"
        ):
            [source.center(i, 16) for i in range(3)]
    assert len(caught) == 1


def test_a_name_in_an_index_is_never_a_command(shards, tmp_path):
    """The package webdataset opens `pipe:` addresses by a shell."""
    index = shards / "train" / "index.csv"
    entry = read_index(shards / "train")[0]
    index.write_text(index.read_text().replace(entry.shard, f"pipe:touch {tmp_path.name}-ran; cat {entry.shard}"))
    with pytest.raises(InputError, match="shards: the index of .* does not hold .*pipe:"):
        open_source(f"shards:{shards / 'train'}")
    assert not Path(f"{tmp_path.name}-ran").exists() and not list(tmp_path.rglob("*-ran"))


def test_an_index_that_does_not_hold_is_refused(shards, tmp_path):
    train = shards / "train"
    text = (train / "index.csv").read_text()
    for bad, words in [
        ("", "columns are not shard, offset, bytes, file"),
        ("a,b\n", "columns"),
        (text.splitlines()[0] + "\n", "empty"),
        (text.replace("000000.tar", "../evil.tar"), "no place in a shard"),
        (text.replace("000000.tar", "none.tar"), "No such file"),
        (text + "000000.tar,-5,3,x.jpg\n", "no place"),
        (text + "000000.tar,0,99999999,x.jpg\n", "fewer than 99999999"),
        (text + "000000.tar,zero,3,x.jpg\n", "invalid literal"),
        (text + "000000.tar\n", "not enough values"),
        (text.replace("0.jpg", '"0.jpg', 1) + '000000.tar,0,3,"x.jpg\n', "is no name of a photograph"),
    ]:
        (train / "index.csv").write_text(bad)
        with pytest.raises(InputError, match=f"shards: the index of .* does not hold .*{words}.*pack the photographs"):
            PhotoShards(train)
    with pytest.raises(InputError, match="shards: .* has no index.csv; pack"):
        open_source(f"shards:{tmp_path / 'none'}")
    shutil.rmtree(train)


# --- webdataset


@pytest.fixture
def webdataset():
    return pytest.importorskip("webdataset", reason="the optional package webdataset is not installed")


def keys(samples):
    return [sample["__key__"] for sample in samples]


def test_webdataset_reads_the_shards(webdataset, photos, shards):
    entries = read_index(shards / "train")
    urls = sorted(str(p) for p in (shards / "train").glob("*.tar"))
    seen = list(webdataset.WebDataset(urls, shardshuffle=False, empty_check=False))
    assert keys(seen) == [f"{k:08d}" for k in range(N)]
    for sample, entry in zip(seen, entries, strict=True):
        assert sample[Path(entry.file).suffix[1:]] == (photos / "train" / entry.file).read_bytes()


def test_the_index_is_csv(shards):
    with open(shards / "val" / "index.csv", newline="") as file:
        assert [list(row) for row in csv.reader(file)][0] == ["shard", "offset", "bytes", "file"]
