"""`celeba_hq.py` and `celeba.py`, on archives that the tests make: splits, lists, numbers, checksums, counts."""

import hashlib
import importlib.machinery
import json
import shutil
import sys
import types
from importlib import import_module as load

import pytest
from data_script_helpers import error_of, files, index_of, make_tar, make_zip, names, picture

from rwlib.data import open_source

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
