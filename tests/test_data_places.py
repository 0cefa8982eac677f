"""`places.py`, on archives that the tests make: mirrors, checksums, archives that are kept as they are."""

import hashlib
import io
import shutil
from importlib import import_module as load

import numpy as np
import pytest
from data_script_helpers import error_of, files, make_tar, names, picture
from PIL import Image

from rwlib.data import open_source


def places_archives(folder):
    """Make three small archives; return what `places.ARCHIVES` says of them."""
    members = {
        "train": {
            f"data_256/{c[0]}/{c}/0000000{k}.jpg": picture(k, (32, 32)) for c in ("airfield", "bar") for k in (1, 2)
        },
        "val": {f"val_256/Places365_val_0000000{k}.jpg": picture(10 + k, (32, 32)) for k in (1, 2)},
        "test": {f"test_256/Places365_test_0000000{k}.jpg": picture(20 + k, (32, 32)) for k in (1, 2, 3)},
    }
    return {
        split: archive._replace(
            md5=hashlib.md5(make_tar(folder / archive.name, members[split]).read_bytes()).hexdigest(),
            n_pictures=len(members[split]),
        )
        for split, archive in load("places").ARCHIVES.items()
    }


def test_places_agrees_with_torchvision():
    from torchvision.datasets import Places365

    script = load("places")
    assert script.BASE == Places365._BASE_URL
    names = {"train": "train-standard", "val": "val", "test": "test"}
    for split, name in names.items():
        assert script.ARCHIVES[split][:2] == Places365._IMAGES_META[name, True]
    assert script.CHALLENGE[:2] == Places365._IMAGES_META["train-challenge", True]


def test_places_from_a_folder_and_from_a_mirror(tmp_path, mirror, capsys):
    script = load("places")
    archives = places_archives(tmp_path / "mirror")
    expected = [
        "index.csv", "prepared.json", "test/Places365_test_00000001.jpg", "test/Places365_test_00000002.jpg",
        "test/Places365_test_00000003.jpg", "train/a/airfield/00000001.jpg", "train/a/airfield/00000002.jpg",
        "train/b/bar/00000001.jpg", "train/b/bar/00000002.jpg", "val/Places365_val_00000001.jpg",
        "val/Places365_val_00000002.jpg",
    ]  # fmt: skip
    call = ["--size", "32", "--from"]
    assert script.main(["--to", str(tmp_path / "one"), *call, str(tmp_path / "mirror")], archives) == 0
    assert files(tmp_path / "one") == expected
    assert (tmp_path / "one/train/a/airfield/00000002.jpg").read_bytes() == picture(2, (32, 32))  # as it was

    assert script.main(["--to", str(tmp_path / "two"), *call, mirror], archives) == 1
    assert "yes: train 24 GB + val 0.5 GB + test 4.4 GB to download; give --yes" in error_of(capsys)
    assert not (tmp_path / "two").exists()
    assert script.main(["--to", str(tmp_path / "two"), "--yes", *call, mirror], archives) == 0
    assert files(tmp_path / "two") == expected
    assert names(tmp_path) == ["mirror", "one", "two"]

    assert script.main(["--to", str(tmp_path / "val"), "--splits", "val", *call, mirror], archives) == 0
    assert files(tmp_path / "val") == ["index.csv", "prepared.json", *expected[-2:]]


def test_a_verified_download_is_kept_when_pictures_are_bad(tmp_path, mirror, capsys):
    script = load("places")
    members = {f"val_256/Places365_val_0000000{k}.jpg": picture(k, (32, 32)) for k in range(9)}
    members["val_256/Places365_val_00000003.jpg"] = b"no picture"
    data = make_tar(tmp_path / "mirror" / "val_256.tar", members).read_bytes()
    archives = {"val": script.ARCHIVES["val"]._replace(md5=hashlib.md5(data).hexdigest(), n_pictures=9)}
    call = ["--to", str(tmp_path / "val"), "--splits", "val", "--from", mirror]
    assert script.main(call, archives) == 1 and "1 of 9 pictures cannot be read" in error_of(capsys)
    assert files(tmp_path / ".val.download") == ["val_256.tar"]
    (tmp_path / "mirror" / "val_256.tar").rename(tmp_path / "mirror" / "other.tar")
    assert script.main([*call, "--max-bad-share", "0.2"], archives) == 0
    assert "was downloaded before" in capsys.readouterr().out
    assert names(tmp_path) == ["mirror", "val"]
    call[-1] = str(tmp_path / "mirror" / "other.tar")
    call[1] = str(tmp_path / "x")
    assert script.main(call, archives) == 1 and "other.tar is none of val_256.tar; keep" in error_of(capsys)


def test_a_wrong_local_archive_costs_no_download(tmp_path, capsys):
    (tmp_path / ".own.download").mkdir()
    (tmp_path / ".own.download" / "big.zip.part").write_bytes(b"hours of downloading")
    (tmp_path / "wrong.zip").write_bytes(b"<html>")
    assert load("own").main(["--to", str(tmp_path / "own"), "--from", str(tmp_path / "wrong.zip")]) == 1
    assert "neither a zip nor a tar" in error_of(capsys)
    assert (tmp_path / ".own.download" / "big.zip.part").exists() and (tmp_path / "wrong.zip").exists()


def test_a_mirror_needs_file_names(tmp_path, mirror, capsys):
    assert load("own").main(["--to", str(tmp_path / "own"), "--from", mirror]) == 1
    assert "is no file; give the address of the archive" in error_of(capsys)


def test_places_refuses_a_wrong_archive(tmp_path, mirror, capsys):
    script = load("places")
    archives = places_archives(tmp_path / "mirror")
    archives["val"] = archives["val"]._replace(md5="0" * 32)
    for source in (mirror, str(tmp_path / "mirror")):
        for more in ([], ["--tar"]):
            call = ["--to", str(tmp_path / "x"), "--splits", "val", *more, "--from", source]
            assert script.main(call, archives) == 1
            assert "md5" in error_of(capsys)
            assert not (tmp_path / "x" / "val" / "index.csv").exists()
            shutil.rmtree(tmp_path / "x", ignore_errors=True)
    assert names(tmp_path) == ["mirror"]


@pytest.mark.parametrize("kind", ["mirror", "folder", "file"])
def test_places_as_they_are(tmp_path, mirror, capsys, kind):
    script = load("places")
    archives = places_archives(tmp_path / "mirror")
    folder = tmp_path / "mirror"
    source = {"mirror": mirror, "folder": str(folder), "file": str(folder / archives["train"].name)}[kind]
    call = ["--to", str(tmp_path / "tars"), "--splits", "train", "--tar", "--yes", "--from", source]
    assert script.main(call, archives) == 0
    assert files(tmp_path / "tars") == ["train/index.csv", f"train/{archives['train'][0]}"]
    assert (tmp_path / "tars/train" / archives["train"].name).is_symlink() == (kind != "mirror")
    source = open_source(f"shards:{tmp_path / 'tars/train'}")
    assert len(source) == 4 and source.names[1] == "data_256/a/airfield/00000002.jpg"
    with Image.open(io.BytesIO(picture(2, (32, 32)))) as image:
        assert (source.center(1, 32) == np.asarray(image)).all()
    assert script.main(call, archives) == 0 and "is indexed: nothing to do" in capsys.readouterr().out
    again = [*call[:-1], str(tmp_path / "tars" / "train" / archives["train"].name)]  # its own archive
    (tmp_path / "tars" / "train" / "index.csv").unlink()
    assert script.main(again, archives) == 0 and len(open_source(f"shards:{tmp_path / 'tars/train'}")) == 4
    archives["train"] = archives["train"]._replace(n_pictures=5)
    call[1] = str(tmp_path / "other")
    assert script.main(call, archives) == 1 and "4 pictures for train, expected 5" in error_of(capsys)
