"""The scripts that prepare data sets, on archives that the tests make: splits, counts, crops, interruptions."""

import csv
import functools
import hashlib
import importlib
import importlib.machinery
import io
import json
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import types
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "data_scripts"))  # as Python does for a script

from _prepare import crop

from rwlib.conventions import InputError
from rwlib.data import open_source

SCRIPTS = Path(__file__).parent.parent / "data_scripts"


def load(name):
    return importlib.import_module(name)


def picture(seed, size=(40, 30), mode="RGB", form="JPEG", **options):
    noise = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def make_zip(file, members):
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file


def make_tar(file, members):
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file


def index_of(to):
    with open(to / "index.csv", newline="") as file:
        return list(csv.DictReader(file))


def files(to):
    return sorted(p.relative_to(to).as_posix() for p in to.rglob("*") if p.is_file())


def error_of(capsys):
    text = capsys.readouterr().err
    assert text.startswith("error: ") and text.count("\n") == 1, text
    return text


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """Serve the folder `tmp_path / "mirror"` on loopback; yields its address."""
    monkeypatch.setenv("no_proxy", "*")
    (tmp_path / "mirror").mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=str(tmp_path / "mirror"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.02), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


# --- crops


def test_crop_keeps_the_middle_and_enlarges_nothing():
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = (200, 30, 30)
    buffer = io.BytesIO()
    Image.fromarray(wide).save(buffer, "PNG")
    data, w, h = crop(buffer.getvalue(), 50, whole=False)
    with Image.open(io.BytesIO(data)) as image:
        assert (w, h) == image.size == (50, 50) and image.format == "JPEG"
        assert np.abs(np.asarray(image).astype(int)[2:-2, 2:-2] - (200, 30, 30)).max() < 8
    assert crop(buffer.getvalue(), 50, whole=True)[1:] == (150, 50)
    assert crop(buffer.getvalue(), 256, whole=False)[1:] == (100, 100)
    assert crop(buffer.getvalue(), 256, whole=True)[1:] == (300, 100)
    assert crop(picture(0, (101, 256)), 64, whole=False)[1:] == (64, 64)


def test_crop_turns_pictures_upright_and_makes_them_rgb():
    exif = Image.Exif()
    exif[274] = 6
    tall = crop(picture(0, (80, 40), exif=exif), 20, whole=True)
    assert tall[1:] == (20, 40)
    with Image.open(io.BytesIO(tall[0])) as image:
        assert image.getexif().get(274, 1) == 1
    for mode, form in [("L", "JPEG"), ("CMYK", "JPEG"), ("1", "PNG"), ("RGBA", "PNG"), ("P", "PNG"), ("I;16", "PNG")]:
        image = picture(0, (40, 40), "L" if mode == "I;16" else mode, form)
        if mode == "I;16":
            buffer = io.BytesIO()
            Image.fromarray(np.full((40, 40), 257 * 99, np.uint16)).save(buffer, "PNG")
            image = buffer.getvalue()
        with Image.open(io.BytesIO(crop(image, 16, whole=False)[0])) as got:
            assert got.mode == "RGB" and got.size == (16, 16)
            assert mode != "I;16" or np.abs(np.asarray(got).astype(int) - 99).max() <= 3


def test_crop_keeps_the_bytes_of_what_is_right_already():
    right = picture(0, (32, 32), quality=40)
    assert crop(right, 32, whole=False) == (right, 32, 32)
    exif = Image.Exif()
    exif[274] = 6
    for other in (picture(0, (32, 32), "L"), picture(0, (32, 32), form="PNG"), picture(0, (32, 32), exif=exif)):
        assert crop(other, 32, whole=False)[0] != other
    with pytest.raises(OSError, match="truncated"):
        crop(picture(0, (32, 32), quality=95)[:-300], 32, whole=False)


# --- CelebA-HQ

HQ = {"train": 28, "val": 2}


def faces(first=0, n=30, name="CelebAMask-HQ/CelebA-HQ-img/{}.jpg"):
    return {name.format(k): picture(k, (32, 32)) for k in range(first, first + n)}


def test_celeba_hq(tmp_path, capsys):
    script = load("celeba_hq")
    masks = {f"CelebAMask-HQ/CelebAMask-HQ-mask-anno/0/{k:05d}_hair.png": picture(k) for k in range(3)}
    archive = make_zip(tmp_path / "hq.zip", faces() | masks | {"CelebAMask-HQ/README.txt": b"hi"})
    to = tmp_path / "data" / "hq"
    call = ["--to", str(to), "--from", str(archive), "--size", "16"]
    assert script.main(call, HQ) == 0
    out = capsys.readouterr().out
    assert out.index("licence: non-commercial") < out.index("28 train, 2 val") and "noted SHA-256" in out
    rows = index_of(to)
    assert len(rows) == 30 and {(r["width"], r["height"]) for r in rows} == {("16", "16")}
    assert sum(r["split"] == "val" for r in rows) == 2
    assert files(to) == sorted(["index.csv", "prepared.json", *(f"{r['split']}/{r['file']}" for r in rows)])
    by_file = {r["file"]: r["sha256_of_source"] for r in rows}
    assert by_file["00007.jpg"] == hashlib.sha256(picture(7, (32, 32))).hexdigest()
    assert sorted(p.name for p in to.parent.iterdir()) == ["checksums.txt", "hq"]
    assert len(open_source(to / "train")) == 28

    before = {p: p.stat().st_mtime_ns for p in to.rglob("*")}
    assert script.main(call, HQ) == 0 and "has all 30 pictures: nothing to do" in capsys.readouterr().out
    assert {p: p.stat().st_mtime_ns for p in to.rglob("*")} == before
    assert script.main([*call[:-1], "20"], HQ) == 1
    assert "was prepared with {'size_px': 16}" in error_of(capsys)
    (to / "train" / rows[0]["file"]).unlink()
    assert rows[0]["split"] == "train" and script.main(call, HQ) == 1
    assert f"exists but lacks train/{rows[0]['file']}; remove it" in error_of(capsys)


def test_celeba_hq_takes_a_list_of_validation_pictures_and_names_from_one(tmp_path, capsys):
    script = load("celeba_hq")
    archive = make_tar(tmp_path / "hq.tar", faces(1, name="data256x256/{:05d}.jpg"))
    (tmp_path / "val.flist").write_text("3.jpg\nsome/path/00029.png\n")
    to, listed = tmp_path / "hq", str(tmp_path / "val.flist")
    call = ["--from", str(archive), "--size", "16", "--validation-list", listed]
    assert script.main(["--to", str(to), *call], HQ) == 0
    assert [p for p in files(to) if p.startswith("val")] == ["val/00003.jpg", "val/00029.jpg"]
    assert {r["file"]: r["sha256_of_source"] for r in index_of(to)}["00003.jpg"] == (
        hashlib.sha256(picture(4, (32, 32))).hexdigest()  # data256x256/00004.jpg is number 3 from zero
    )
    for text in ("3.jpg\n", "3.jpg\n3.jpg\n", "3.jpg\n30.jpg\n", "3.jpg\nx.jpg\n"):
        (tmp_path / "val.flist").write_text(text)
        assert script.main(["--to", str(tmp_path / "other"), *call], HQ) == 1
        assert "validation-list: " in error_of(capsys)


def test_celeba_hq_drawing():
    drawn = load("celeba_hq").draw(30_000, 2_000)
    assert len(drawn) == 2_000 and max(drawn) < 30_000
    assert sorted(drawn)[:5] == sorted(load("celeba_hq").draw(30_000, 2_000))[:5] == [9, 22, 29, 37, 38]


@pytest.mark.parametrize(("members", "words"), [
    (faces(n=29), "numbers 0 to 29, or 1 to 30, found 29, from 0 to 28"),
    (faces(2), "found 30, from 2 to 31"),
    ({"a/readme.jpg": picture(0)}, "found 0"),
    (faces() | {"b/7.jpg": picture(0)}, "found 31"),
])  # fmt: skip
def test_celeba_hq_of_another_number_is_refused(tmp_path, capsys, members, words):
    make_zip(tmp_path / "hq.zip", members)
    assert load("celeba_hq").main(["--to", str(tmp_path / "hq"), "--from", str(tmp_path / "hq.zip")], HQ) == 1
    assert words in error_of(capsys)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hq.zip"]


def test_what_no_program_can_fetch_is_said(tmp_path, capsys):
    for name in ("celeba_hq", "paris", "own"):
        assert load(name).main(["--to", str(tmp_path / "x")]) == 1
        assert "no program can fetch this data set; get it by hand and give it with --from" in error_of(capsys)
    assert list(tmp_path.iterdir()) == []


def test_another_archive_of_that_name_is_refused(tmp_path, capsys):
    script, archive = load("celeba_hq"), tmp_path / "hq.zip"
    make_zip(archive, faces())
    assert script.main(["--to", str(tmp_path / "hq"), "--from", str(archive), "--size", "16"], HQ) == 0
    shutil.rmtree(tmp_path / "hq")
    make_zip(archive, faces() | {"readme.txt": b"changed"})
    assert script.main(["--to", str(tmp_path / "hq"), "--from", str(archive), "--size", "16"], HQ) == 1
    assert "but the first copy had" in error_of(capsys)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checksums.txt", "hq.zip"]


# --- unreadable pictures, wrong counts


def test_unreadable_pictures_are_reported_and_refused_above_a_share(tmp_path, capsys):
    script = load("celeba_hq")
    members = faces()
    members["CelebAMask-HQ/CelebA-HQ-img/5.jpg"] = picture(5, (32, 32))[:-200]
    members["CelebAMask-HQ/CelebA-HQ-img/6.jpg"] = b"<html>"
    call = ["--to", str(tmp_path / "hq"), "--from", str(make_zip(tmp_path / "hq.zip", members)), "--size", "16"]
    assert script.main(call, HQ) == 1
    error = error_of(capsys)
    assert "1 of 30 pictures cannot be read, CelebAMask-HQ/CelebA-HQ-img/5.jpg first, more than the share" in error
    assert not (tmp_path / "hq").exists() and not (tmp_path / ".hq.part").exists()
    assert script.main([*call, "--max-bad-share", "0.07"], HQ) == 0
    assert "2 unreadable pictures were left out, CelebAMask-HQ/CelebA-HQ-img/5.jpg first" in capsys.readouterr().out
    assert len(index_of(tmp_path / "hq")) == 28
    assert len(json.loads((tmp_path / "hq" / "prepared.json").read_text())["unreadable"]) == 2


# --- CelebA


def test_celeba(tmp_path, monkeypatch, capsys):
    script = load("celeba")
    assert script.FILES["img_align_celeba.zip"][1] == "00d2c5bc6d35e252742224ab0c1e8fcb"
    assert sum(script.COUNTS.values()) == 202_599
    source = tmp_path / "source"
    make_zip(source / "img_align_celeba.zip", {f"img_align_celeba/{k:06d}.jpg": picture(k, (18, 22)) for k in range(6)})
    partition = source / "list_eval_partition.txt"
    partition.write_text("".join(f"{k:06d}.jpg {kind}\n" for k, kind in enumerate([0, 0, 0, 1, 2, 2])))
    counts = {"train": 3, "val": 1, "test": 2}
    assert script.main(["--to", str(tmp_path / "celeba"), "--from", str(source)], counts) == 1
    assert "has md5" in error_of(capsys)
    md5s = {name: ("", hashlib.md5((source / name).read_bytes()).hexdigest()) for name in script.FILES}
    monkeypatch.setattr(script, "FILES", md5s)
    for i, given in enumerate([[source], [source / "img_align_celeba.zip", partition]]):
        to = tmp_path / f"celeba{i}"
        assert script.main(["--to", str(to), "--from", *map(str, given)], counts) == 0
        assert [p for p in files(to) if p[0] in "tv"] == [
            "test/000004.jpg", "test/000005.jpg", "train/000000.jpg", "train/000001.jpg", "train/000002.jpg",
            "val/000003.jpg",
        ]  # fmt: skip
        assert {(r["width"], r["height"]) for r in index_of(to)} == {("18", "18")}
    assert script.main(["--to", str(tmp_path / "x"), "--from", str(partition)], counts) == 1
    assert "img_align_celeba.zip is not among" in error_of(capsys)
    assert script.main(["--to", str(tmp_path / "y"), "--from", str(source)], counts | {"val": 2}) == 1
    assert "1 pictures for val, expected 2; is it all there?" in error_of(capsys)


def test_celeba_without_gdown(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "gdown", None)
    assert load("celeba").main(["--to", str(tmp_path / "celeba")]) == 1
    assert 'the download needs gdown; `pip install "rwlib[celeba]"`, or give --from' in error_of(capsys)


class FileURLRetrievalError(Exception):
    """What gdown raises is of no common kind, and goes over several lines."""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (FileURLRetrievalError("Failed:\n\n\tToo many users"), "Google Drive refuses img_align_celeba.zip (Failed:); "),
        (ConnectionError("Max retries"), "refuses img_align_celeba.zip (Max retries); fetch it by hand, give --from"),
        (OSError(28, "No space left on device"), "No space left on device; make room, and call again: it goes on"),
    ],
)
def test_celeba_that_does_not_come(tmp_path, capsys, monkeypatch, error, line):
    def refuse(**given):
        raise error

    gdown = types.ModuleType("gdown")
    gdown.__spec__, gdown.download = importlib.machinery.ModuleSpec("gdown", None), refuse
    monkeypatch.setitem(sys.modules, "gdown", gdown)
    assert load("celeba").main(["--to", str(tmp_path / "celeba")]) == 1
    assert line in error_of(capsys)
    assert files(tmp_path) == []


# --- Places


def places_archives(folder):
    """Make three small archives; return what `places.ARCHIVES` says of them."""
    members = {
        "train": {
            f"data_256/{c[0]}/{c}/0000000{k}.jpg": picture(k, (32, 32)) for c in ("airfield", "bar") for k in (1, 2)
        },
        "val": {f"val_256/Places365_val_0000000{k}.jpg": picture(10 + k, (32, 32)) for k in (1, 2)},
        "test": {f"test_256/Places365_test_0000000{k}.jpg": picture(20 + k, (32, 32)) for k in (1, 2, 3)},
    }
    found = {}
    for split, (name, _, top, _, size) in load("places").ARCHIVES.items():
        data = make_tar(folder / name, members[split]).read_bytes()
        found[split] = (name, hashlib.md5(data).hexdigest(), top, len(members[split]), size)
    return found


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
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mirror", "one", "two"]

    assert script.main(["--to", str(tmp_path / "val"), "--splits", "val", *call, mirror], archives) == 0
    assert files(tmp_path / "val") == ["index.csv", "prepared.json", *expected[-2:]]


def test_a_verified_download_is_kept_when_pictures_are_bad(tmp_path, mirror, capsys):
    script = load("places")
    members = {f"val_256/Places365_val_0000000{k}.jpg": picture(k, (32, 32)) for k in range(9)}
    members["val_256/Places365_val_00000003.jpg"] = b"no picture"
    data = make_tar(tmp_path / "mirror" / "val_256.tar", members).read_bytes()
    archives = {"val": ("val_256.tar", hashlib.md5(data).hexdigest(), "val_256", 9, "0.5 GB")}
    call = ["--to", str(tmp_path / "val"), "--splits", "val", "--from", mirror]
    assert script.main(call, archives) == 1 and "1 of 9 pictures cannot be read" in error_of(capsys)
    assert files(tmp_path / ".val.download") == ["val_256.tar"]
    (tmp_path / "mirror" / "val_256.tar").rename(tmp_path / "mirror" / "other.tar")
    assert script.main([*call, "--max-bad-share", "0.2"], archives) == 0
    assert "was downloaded before" in capsys.readouterr().out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mirror", "val"]
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
    archives["val"] = (archives["val"][0], "0" * 32, *archives["val"][2:])
    for source in (mirror, str(tmp_path / "mirror")):
        for more in ([], ["--tar"]):
            call = ["--to", str(tmp_path / "x"), "--splits", "val", *more, "--from", source]
            assert script.main(call, archives) == 1
            assert "md5" in error_of(capsys)
            assert not (tmp_path / "x" / "val" / "index.csv").exists()
            shutil.rmtree(tmp_path / "x", ignore_errors=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mirror"]


@pytest.mark.parametrize("given", ["mirror", "folder", "file"])
def test_places_as_they_are(tmp_path, mirror, capsys, given):
    script = load("places")
    archives = places_archives(tmp_path / "mirror")
    folder = tmp_path / "mirror"
    source = {"mirror": mirror, "folder": str(folder), "file": str(folder / archives["train"][0])}[given]
    call = ["--to", str(tmp_path / "tars"), "--splits", "train", "--tar", "--yes", "--from", source]
    assert script.main(call, archives) == 0
    assert files(tmp_path / "tars") == ["train/index.csv", f"train/{archives['train'][0]}"]
    assert (tmp_path / "tars/train" / archives["train"][0]).is_symlink() == (given != "mirror")
    source = open_source(f"shards:{tmp_path / 'tars/train'}")
    assert len(source) == 4 and source.names[1] == "data_256/a/airfield/00000002.jpg"
    with Image.open(io.BytesIO(picture(2, (32, 32)))) as image:
        assert (source.center(1, 32) == np.asarray(image)).all()
    assert script.main(call, archives) == 0 and "is indexed: nothing to do" in capsys.readouterr().out
    again = [*call[:-1], str(tmp_path / "tars" / "train" / archives["train"][0])]  # its own archive
    (tmp_path / "tars" / "train" / "index.csv").unlink()
    assert script.main(again, archives) == 0 and len(open_source(f"shards:{tmp_path / 'tars/train'}")) == 4
    archives["train"] = (*archives["train"][:3], 5, "24 GB")
    call[1] = str(tmp_path / "other")
    assert script.main(call, archives) == 1 and "4 pictures for train, expected 5" in error_of(capsys)


# --- Paris


def test_paris(tmp_path, capsys):
    script = load("paris")
    train = {f"p/paris_train_original/IMG_{k}.JPG": picture(k, (93, 53)) for k in range(4)}
    test = {f"p/paris_eval/paris_eval_gt/00{k}_im.png": picture(9 + k, (22, 22), form="PNG") for k in range(2)}
    holes = {f"p/paris_eval/paris_eval_corrupted/00{k}_im.png": picture(99, (22, 22), form="PNG") for k in range(2)}
    counts = {"train": 4, "test": 2}
    one = make_zip(tmp_path / "paris.zip", train | test | holes)
    two = [make_tar(tmp_path / "train.tar", train), make_tar(tmp_path / "eval.tar", test | holes)]
    for i, given in enumerate([[one], two]):
        to = tmp_path / f"paris{i}"
        assert script.main(["--to", str(to), "--size", "32", "--from", *map(str, given)], counts) == 0
        assert [(r["split"], r["file"], r["width"], r["height"]) for r in index_of(to)] == [
            *(("train", f"IMG_{k}.jpg", "32", "32") for k in range(4)),
            *(("test", f"00{k}_im.jpg", "22", "22") for k in range(2)),
        ]
    call = ["--to", str(tmp_path / "wide"), "--size", "32", "--whole", "--from", str(one)]
    assert script.main(call, counts) == 0
    assert index_of(tmp_path / "wide")[0]["width"] == "56"
    assert script.main(["--to", str(tmp_path / "x"), "--from", str(two[0])], counts) == 1
    assert "0 pictures for test, expected 2" in error_of(capsys)
    assert script.main(["--to", str(tmp_path / "x"), "--from", str(one), str(two[0])], counts) == 1
    assert "two pictures for train/IMG_0.jpg" in error_of(capsys)
    assert script.COUNTS == {"train": 14_900, "test": 100}


# --- masks


def mask(fraction, seed, border=0, size_px=100):
    """A hole of a fraction of the picture, in white: rows from the top, or away from the border."""
    hole = np.zeros((size_px, size_px), np.uint8)
    inner = hole[border : size_px - border, border : size_px - border]
    n = round(fraction * hole.size)
    flat = np.zeros(inner.size, np.uint8)
    flat[:n] = 255
    inner[:] = flat.reshape(inner.shape)
    hole[border, border] = 254 - seed % 100 if hole[border, border] else 0  # no two files alike
    buffer = io.BytesIO()
    Image.fromarray(hole.repeat(2, axis=0).repeat(2, axis=1)).save(buffer, "PNG")
    return buffer.getvalue()


FRACTIONS = [0.0101, 0.1, 0.1001, 0.2, 0.2001, 0.3, 0.3001, 0.4, 0.4001, 0.5, 0.5001, 0.6]


def test_masks(tmp_path, mirror, capsys):
    script = load("masks")
    members = {f"mask/testing_mask_dataset/{i:05d}.png": mask(f, i, 5 * (i % 2)) for i, f in enumerate(FRACTIONS)}
    make_zip(tmp_path / "mirror" / "test_mask.zip", members | {"mask/readme.txt": b"licence"})
    to = tmp_path / "masks"
    call = ["--to", str(to), "--from", mirror + "test_mask.zip?dl=1", "--size", "100"]
    assert script.main(call, 2) == 0
    out = capsys.readouterr().out
    assert "CC BY-NC-SA 4.0" in out and "2 of 0.01-0.1" in out
    rows = index_of(to)
    assert [r["bin"] for r in rows] == [name for name in script.BINS for _ in range(2)]
    assert [int(r["border_px"]) for r in rows] == [0, 10] * 6
    for row, fraction in zip(rows, FRACTIONS, strict=True):
        with Image.open(to / row["bin"] / row["file"]) as image:
            values = np.asarray(image.convert("L"))
        assert values.shape == (100, 100) and set(np.unique(values)) == {0, 255}
        assert (values == 255).mean() == pytest.approx(float(row["hole_fraction"]), abs=1e-4)
        assert float(row["hole_fraction"]) == pytest.approx(fraction, abs=0.02)
    from rwlib.inpainting import read_hole

    assert read_hole(to / rows[5]["bin"] / rows[5]["file"]).mean() == pytest.approx(0.3, abs=0.02)
    assert script.main(call, 2) == 0 and "nothing to do" in capsys.readouterr().out


def test_border_distance():
    hole = np.zeros((20, 30), bool)
    hole[7:12, 8:19] = True
    distance = load("masks").border_distance
    assert [distance(h) for h in (hole, hole[2:], hole[:, 5:], hole[:14], hole[:, :21])] == [7, 5, 3, 2, 2]
    assert distance(hole[:12]) == distance(hole[7:]) == 0


@pytest.mark.parametrize(("change", "words"), [
    ({"a/00003.png": None}, "11 masks, .* expected 2 in each bin"),
    ({"a/00003.png": mask(0.15, 77), "a/00004.png": mask(0.15, 88)}, "12 masks, .* expected 2 in each bin"),
    ({"a/00003.png": mask(0.61, 1)}, "00003.png has a hole of 0.610, expected 0.01 to 0.6, in white"),
    ({"a/00003.png": mask(0.01, 1)}, "has a hole of 0.010"),
    ({"a/00003.png": b"no"}, "cannot read the mask a/00003.png"),
    ({"b/00003.png": mask(0.2, 5)}, "two masks are called 00003.png"),
])  # fmt: skip
def test_masks_that_are_not_the_test_set(tmp_path, capsys, change, words):
    import re

    members = {f"a/{i:05d}.png": mask(f, i) for i, f in enumerate(FRACTIONS)} | change
    make_zip(tmp_path / "m.zip", {name: data for name, data in members.items() if data is not None})
    assert load("masks").main(["--to", str(tmp_path / "masks"), "--from", str(tmp_path / "m.zip")], 2) == 1
    assert re.search(words, error_of(capsys))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.zip"]  # a wrong archive is not noted as the first


# --- own pictures


def own_folder(folder, n=40, size=(60, 40)):
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(n):
        (folder / f"photo {k}.jpg").write_bytes(picture(k, size))
    return folder


def test_own(tmp_path, capsys):
    script, source = load("own"), own_folder(tmp_path / "in")
    (source / "copy").mkdir()
    shutil.copy(source / "photo 3.jpg", source / "copy" / "photo 3.jpg")  # the same name and content: one of them
    shutil.copy(source / "photo 4.jpg", source / "other name.jpg")  # the same content: on the same side
    (source / "bad.jpg").write_bytes(b"no picture")
    call = ["--from", str(source), "--size", "20", "--validation", "0.3", "--to"]
    assert script.main([*call, str(tmp_path / "out")]) == 0
    assert "1 unreadable pictures were left out, bad.jpg first" in capsys.readouterr().out
    rows = {r["file"].rsplit("-", 1)[0]: r for r in index_of(tmp_path / "out")}
    assert len(rows) == 41 and {(r["width"], r["height"]) for r in rows.values()} == {("30", "20")}
    assert rows["photo 4"]["split"] == rows["other name"]["split"]
    assert 4 <= sum(r["split"] == "val" for r in rows.values()) <= 20

    own_folder(source, 60)  # what is added later moves nothing
    assert script.main([*call, str(tmp_path / "more"), "--square"]) == 0
    more = {r["file"].rsplit("-", 1)[0]: r for r in index_of(tmp_path / "more")}
    assert len(more) == 61 and all(more[name]["split"] == row["split"] for name, row in rows.items())
    assert {(r["width"], r["height"]) for r in more.values()} == {("20", "20")}
    for options in (["--size", "0"], ["--validation", "1"], ["--max-bad-share", "2"], ["--max-bad-share", "0.001"]):
        assert script.main([*call, str(tmp_path / "x"), *options]) == 1
        assert options[0].removeprefix("--") in error_of(capsys)


def start(*call):
    return subprocess.Popen(
        [sys.executable, *map(str, call)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )  # fmt: skip


def wait_for(condition, process, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None and time.monotonic() < end, process.communicate()
        time.sleep(0.01)


def test_ctrl_c_while_converting_and_again(tmp_path):
    source = own_folder(tmp_path / "in", 80, (600, 500))
    call = [SCRIPTS / "own.py", "--from", source, "--size", "256", "--to"]
    part = tmp_path / ".out.part"
    process = start(*call, tmp_path / "out")
    wait_for(lambda: len(list(part.rglob("*.jpg"))) >= 5, process)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130 and error.strip().splitlines()[-1] == "stopped; call again to go on"
    assert not (tmp_path / "out").exists()
    done = {p.relative_to(part): p.stat().st_mtime_ns for p in part.rglob("*.jpg")}
    assert 5 <= len(done) < 80

    assert load("own").main([str(c) for c in [*call[1:], tmp_path / "out"]]) == 0
    assert not part.exists() and len(index_of(tmp_path / "out")) == 80
    assert all((tmp_path / "out" / name).stat().st_mtime_ns == t for name, t in done.items())  # not done twice
    assert load("own").main([str(c) for c in [*call[1:], tmp_path / "straight"]]) == 0
    assert files(tmp_path / "out") == files(tmp_path / "straight")
    for name in files(tmp_path / "out"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "straight" / name).read_bytes(), name


def test_two_calls_at_once_do_not_mix(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("rwlib.files.PATIENCE_S", 0.1)
    source = own_folder(tmp_path / "in", 80, (600, 500))
    call = [SCRIPTS / "own.py", "--from", source, "--to", tmp_path / "out"]
    process = start(*call)
    wait_for(lambda: len(list((tmp_path / ".out.part").rglob("*.jpg"))) >= 2, process)
    assert load("own").main([str(c) for c in call[1:]]) == 1
    assert "to: another process is writing to" in error_of(capsys)
    assert process.wait(60) == 0 and len(index_of(tmp_path / "out")) == 80


def test_ctrl_c_while_downloading_and_again(tmp_path, monkeypatch):
    """A server that sends slowly and knows Range; a real process that gets SIGINT in the middle."""
    monkeypatch.setenv("no_proxy", "*")
    own_folder(tmp_path / "in", 30)
    padding = {"readme.txt": np.random.default_rng(0).bytes(2_000_000)}
    pictures = {p.name: p.read_bytes() for p in (tmp_path / "in").iterdir()}
    data = make_zip(tmp_path / "a.zip", padding | pictures).read_bytes()
    requests, slow = [], threading.Event()
    slow.set()

    class Slow(SimpleHTTPRequestHandler):
        def do_GET(self):
            asked = self.headers.get("Range", "bytes=0-")
            requests.append(asked)
            begin = int(asked[6:-1])
            self.send_response(206 if begin else 200)
            self.send_header("ETag", '"x"')
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - begin))
            self.end_headers()
            for at in range(begin, len(data), 20_000):
                try:
                    self.wfile.write(data[at : at + 20_000])
                except OSError:
                    return
                if slow.is_set():
                    time.sleep(0.05)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.02), daemon=True).start()
    part = tmp_path / ".out.download" / "a.zip.part"
    call = [SCRIPTS / "own.py", "--from", f"http://127.0.0.1:{server.server_port}/a.zip", "--to", tmp_path / "out"]
    process = start(*call)
    wait_for(lambda: part.exists() and part.stat().st_size > 0, process)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    kept = part.stat().st_size
    assert process.returncode == 130 and "stopped" in error and 0 < kept < len(data)
    slow.clear()
    again = subprocess.run([sys.executable, *map(str, call)], capture_output=True, text=True, timeout=120)
    assert again.returncode == 0, again.stderr
    assert requests == ["bytes=0-", f"bytes={kept}-"] and "MB are here already" in again.stdout
    assert len(index_of(tmp_path / "out")) == 30 and not part.parent.exists()
    server.shutdown()
    server.server_close()


def test_a_full_disk_while_converting_keeps_what_is_done(tmp_path, monkeypatch, capsys):
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        not shutil.which("mount")
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)], capture_output=True).returncode
    ):
        pytest.skip("only root may mount a small disk")
    try:
        (disk / "other").write_bytes(bytes(600_000))
        source = own_folder(tmp_path / "in", 40, (200, 200))
        call = ["--from", str(source), "--to", str(disk / "out")]
        assert load("own").main(call) == 1
        assert "No space left on device" in (error := error_of(capsys)) and "call again: it goes on" in error
        done = {p: p.stat().st_mtime_ns for p in (disk / ".out.part").rglob("*.jpg")}
        assert 5 < len(done) < 40 and not (disk / "out").exists()
        (disk / "other").unlink()
        assert load("own").main(call) == 0 and len(index_of(disk / "out")) == 40
        for path, t in done.items():
            assert (disk / "out" / path.relative_to(disk / ".out.part")).stat().st_mtime_ns == t
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_an_error_of_the_disk_is_not_taken_for_a_bad_picture(tmp_path, monkeypatch, capsys):
    call = ["--from", str(own_folder(tmp_path / "in")), "--to", str(tmp_path / "out")]
    real, calls = Path.write_bytes, []

    def full(path, data):
        calls.append(path)
        if len(calls) == 7:
            raise OSError(28, "No space left on device")
        return real(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        assert load("own").main(call) == 1
    assert "No space left on device; make room, and call again: it goes on" in error_of(capsys)
    assert len(list((tmp_path / ".out.part").rglob("*.jpg"))) == 6 and len(calls) == 7
    assert load("own").main(call) == 0 and len(index_of(tmp_path / "out")) == 40


def test_a_source_that_changed_is_not_mixed_with_the_old_one(tmp_path, monkeypatch):
    script, archive = load("celeba_hq"), tmp_path / "hq.zip"
    prepare = load("_prepare")
    make_zip(archive, faces())
    real, calls = prepare.crop, []

    def stop(*args, **options):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return real(*args, **options)

    call = ["--to", str(tmp_path / "hq"), "--from", str(archive), "--size", "16"]
    with monkeypatch.context() as patch:
        patch.setattr(prepare, "crop", stop)
        assert script.main(call, HQ) == 130
    assert len(list((tmp_path / ".hq.part").rglob("*.jpg"))) == 4
    assert not (tmp_path / "checksums.txt").exists()
    make_zip(archive, {name: picture(1000 + k, (32, 32)) for k, name in enumerate(faces())})
    assert script.main(call, HQ) == 0
    with Image.open(tmp_path / "hq" / "train" / "00000.jpg") as image:
        expected = crop(picture(1000, (32, 32)), 16, whole=False)[0]
        assert (np.asarray(image) == np.asarray(Image.open(io.BytesIO(expected)))).all()


def test_evil_archives_leave_nothing(tmp_path, capsys):
    archive = make_tar(tmp_path / "a.tar", {"good.jpg": picture(0), "../evil.jpg": picture(1)})
    assert load("own").main(["--to", str(tmp_path / "in" / "out"), "--from", str(archive)]) == 1
    assert "reaches outside" in error_of(capsys)
    assert not list(tmp_path.rglob("evil*")) and list((tmp_path / "in").iterdir()) == []


@pytest.mark.parametrize("name", ["celeba_hq", "celeba", "masks", "own", "paris", "places"])
def test_bad_targets_and_sources(name, tmp_path, capsys):
    script = load(name)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    (tmp_path / "a.zip").write_bytes(b"")
    source = ["--from", str(tmp_path / "a.zip")]
    assert script.main(["--to", str(tmp_path / "mine"), *source]) == 1
    assert "exists but holds no prepared data set" in error_of(capsys)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"
    assert script.main(["--to", str(tmp_path / "a.zip"), *source]) == 1 and "is a file" in error_of(capsys)
    assert script.main(["--to", str(tmp_path / "x"), "--from", str(tmp_path / "none")]) == 1
    error_of(capsys)
    assert not (tmp_path / "x").exists()


def test_input_errors_are_of_one_kind():
    with pytest.raises(InputError, match="size: expected at least 1"):
        load("_script").common(load("_script").parser("", "").parse_args(["--to", "x", "--size", "0"]))
