"""The scripts of the published data sets, on archives that the tests make: splits, counts, lists, checksums."""

import functools
import hashlib
import importlib.machinery
import io
import json
import re
import shutil
import sys
import types
from http.server import SimpleHTTPRequestHandler
from importlib import import_module as load

import numpy as np
import pytest
from data_script_helpers import error_of, files, index_of, loopback, make_tar, make_zip, names, picture
from PIL import Image

from rwlib.data import open_source


@pytest.fixture
def mirror(tmp_path):
    """Serve the folder `tmp_path / "mirror"` on loopback; yields its address."""
    (tmp_path / "mirror").mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with loopback(functools.partial(Quiet, directory=str(tmp_path / "mirror"))) as server:
        yield server.url


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
    assert out.index("licence: non-commercial") < out.index("28 train, 2 val") and "no checksum is published" in out
    rows = index_of(to)
    assert len(rows) == 30 and {(r["width"], r["height"]) for r in rows} == {("16", "16")}
    assert sum(r["split"] == "val" for r in rows) == 2
    assert files(to) == sorted(["index.csv", "prepared.json", *(f"{r['split']}/{r['file']}" for r in rows)])
    by_file = {r["file"]: r["sha256_of_source"] for r in rows}
    assert by_file["00007.jpg"] == hashlib.sha256(picture(7, (32, 32))).hexdigest()
    assert names(to.parent) == ["checksums.txt", "hq"]
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
    drawn = load("celeba_hq").draw_validation(30_000, 2_000)
    assert len(drawn) == 2_000 and max(drawn) < 30_000
    assert sorted(drawn)[:5] == sorted(load("celeba_hq").draw_validation(30_000, 2_000))[:5] == [9, 22, 29, 37, 38]


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
    assert names(tmp_path) == ["hq.zip"]


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
    assert names(tmp_path) == ["checksums.txt", "hq.zip"]


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
    for i, sources in enumerate([[source], [source / "img_align_celeba.zip", partition]]):
        to = tmp_path / f"celeba{i}"
        assert script.main(["--to", str(to), "--from", *map(str, sources)], counts) == 0
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
        (OSError(28, "No space left on device"), "No space left on device; make room, and call again: it resumes"),
    ],
)
def test_celeba_that_does_not_come(tmp_path, capsys, monkeypatch, error, line):
    def refuse(**options):
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


# --- Paris


def test_paris(tmp_path, capsys):
    script = load("paris")
    train = {f"p/paris_train_original/IMG_{k}.JPG": picture(k, (93, 53)) for k in range(4)}
    test = {f"p/paris_eval/paris_eval_gt/00{k}_im.png": picture(9 + k, (22, 22), form="PNG") for k in range(2)}
    holes = {f"p/paris_eval/paris_eval_corrupted/00{k}_im.png": picture(99, (22, 22), form="PNG") for k in range(2)}
    counts = {"train": 4, "test": 2}
    one = make_zip(tmp_path / "paris.zip", train | test | holes)
    two = [make_tar(tmp_path / "train.tar", train), make_tar(tmp_path / "eval.tar", test | holes)]
    for i, sources in enumerate([[one], two]):
        to = tmp_path / f"paris{i}"
        assert script.main(["--to", str(to), "--size", "32", "--from", *map(str, sources)], counts) == 0
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
    assert "CC BY-NC-SA 4.0" in out and "2 0.01-0.1" in out
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
    ({"a/00003.png": None}, "1 pictures for 0.1-0.2, expected 2; is it the test set"),
    ({"a/00003.png": mask(0.15, 77), "a/00004.png": mask(0.15, 88)}, "3 pictures for 0.1-0.2, expected 2"),
    ({"a/00003.png": mask(0.61, 1)}, "00003.png has a hole of 0.610, expected 0.01 to 0.6, in white"),
    ({"a/00003.png": mask(0.01, 1)}, "has a hole of 0.010"),
    ({"a/00003.png": b"no"}, "cannot read the mask a/00003.png"),
    ({"b/00003.png": mask(0.2, 5)}, "two pictures for 0.1-0.2/00003.png"),
])  # fmt: skip
def test_masks_that_are_not_the_test_set(tmp_path, capsys, change, words):
    members = {f"a/{i:05d}.png": mask(f, i) for i, f in enumerate(FRACTIONS)} | change
    make_zip(tmp_path / "m.zip", {name: data for name, data in members.items() if data is not None})
    assert load("masks").main(["--to", str(tmp_path / "masks"), "--from", str(tmp_path / "m.zip")], 2) == 1
    assert re.search(words, error_of(capsys))
    assert names(tmp_path) == ["m.zip"]  # a wrong archive is not noted as the first
