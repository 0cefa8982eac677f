"""Names, frames, folders, options and terminals that a preparation has to cope with."""

import io
import json
import os
import subprocess
import sys
from importlib import import_module as load
from pathlib import Path

import pytest
from data_script_helpers import SCRIPTS, error_of, index_of, make_tar, make_zip, names, own_folder, picture
from PIL import Image


def test_a_subfolder_that_cannot_be_read_is_refused(tmp_path, monkeypatch, capsys):
    source = own_folder(tmp_path / "in", 3)
    own_folder(source / "locked", 3)
    real = os.scandir

    def deny(path):
        if isinstance(path, str | Path) and Path(path).name == "locked":  # not a number, as rmtree gives
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", deny)
        assert load("own").main(["--from", str(source), "--to", str(tmp_path / "out")]) == 1
        assert "from: cannot read the folder" in (error := error_of(capsys)) and "locked (Permission denied)" in error
        assert names(tmp_path) == ["in"]
    assert load("own").main(["--from", str(source), "--to", str(tmp_path / "out")]) == 0
    assert len(index_of(tmp_path / "out")) == 3  # the copies in the subfolder have the same names and content


@pytest.mark.parametrize("form", ["folder", "tar"])
def test_names_that_no_file_can_be_trusted_with(tmp_path, capsys, form):
    awkward = [os.fsdecode(b"caf\xe9.jpg"), "line\nbreak.jpg", "\x1b[31mred.jpg", "日本.jpg", "x" * 240 + ".jpg"]
    if form == "tar":
        source = make_tar(tmp_path / "a.tar", {name: picture(k) for k, name in enumerate(awkward)})
    else:
        (source := tmp_path / "in").mkdir()
        for k, name in enumerate(awkward):
            (source / name).write_bytes(picture(k))
        (source / os.fsdecode(b"bad\xff.jpg")).write_bytes(b"no picture")
    assert load("own").main(["--from", str(source), "--to", str(tmp_path / "out")]) == 0
    assert form == "tar" or "bad\ufffd.jpg first" in capsys.readouterr().out
    rows = index_of(tmp_path / "out")
    stems = sorted(row["file"].rsplit("-", 1)[0] for row in rows)
    assert stems == sorted(["caf\ufffd", "line\ufffdbreak", "\ufffd[31mred", "日本", "x" * 200])
    assert all((tmp_path / "out" / row["split"] / row["file"]).is_file() for row in rows)
    assert load("own").main(["--from", str(source), "--to", str(tmp_path / "out")]) == 0


def test_a_picture_may_have_a_name_as_long_as_a_disk_allows(tmp_path):
    longest = "x" * 251 + ".jpg"
    source = make_zip(tmp_path / "a.zip", {f"paris_train/{longest}": picture(0), "paris_eval/1.jpg": picture(1)})
    assert load("paris").main(["--to", str(tmp_path / "out"), "--from", str(source)], {"train": 1, "test": 1}) == 0
    assert names(tmp_path / "out" / "train") == [longest]


def test_a_target_with_a_name_as_long_as_a_disk_allows_or_longer(tmp_path, capsys):
    source = str(own_folder(tmp_path / "in", 2))
    for name in ("x" * 250, "x" * 300):
        assert load("own").main(["--from", source, "--to", str(tmp_path / name)]) == 1
        assert "File name too long" in error_of(capsys)
    assert names(tmp_path) == ["in"]


def test_pictures_of_several_frames_are_reported(tmp_path, capsys):
    frames = [Image.new("RGB", (40, 30), color) for color in ("red", "blue")]
    (tmp_path / "in").mkdir()
    for name in ("animated.webp", "animated.png", "pages.tif", "gif.jpg", "camera.jpg", "still.webp"):
        form = {"camera.jpg": "MPO", "gif.jpg": "GIF"}.get(name)
        rest = [] if name == "still.webp" else frames[1:]
        frames[0].save(tmp_path / "in" / name, form, save_all=True, append_images=rest)
    call = ["--from", str(tmp_path / "in"), "--to", str(tmp_path / "out"), "--validation", "0"]
    assert load("own").main(call) == 0
    out = capsys.readouterr().out
    assert "4 pictures have several frames, of which only the first is used, animated.png first" in out
    record = json.loads((tmp_path / "out" / "prepared.json").read_text())
    assert record["first_frame_only"] == ["animated.png", "animated.webp", "gif.jpg", "pages.tif"]
    for row in index_of(tmp_path / "out"):
        with Image.open(tmp_path / "out" / row["split"] / row["file"]) as image:
            assert image.getpixel((20, 15))[0] > 240


@pytest.mark.parametrize("script", ["own", "facades", "masks", "shards"])
def test_an_unset_variable_is_not_the_current_folder(script, tmp_path, monkeypatch, capsys):
    own_folder(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = names(tmp_path)
    for call in (["--to", "", "--from", "x"], ["--to", "out", "--from", ""], ["--to", "/", "--from", "x"]):
        with pytest.raises(SystemExit):
            load(script).main(call)
        assert "is a variable not set?" in (error := capsys.readouterr().err) or "/ is no folder that could" in error
    assert names(tmp_path) == before


def test_the_current_folder_by_its_dot(tmp_path, monkeypatch):
    source = own_folder(tmp_path / "in", 3)
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    assert load("own").main(["--from", str(source), "--to", "."]) == 0
    assert len(index_of(tmp_path / "out")) == 3


def test_a_target_within_its_source_is_not_read_itself(tmp_path):
    source = own_folder(tmp_path / "in", 3)
    (source / ".other.part").mkdir()
    (source / ".other.part" / "left.jpg").write_bytes(picture(99))
    assert load("own").main(["--from", str(source), "--to", str(source / "out")]) == 0
    assert len(index_of(source / "out")) == 3


@pytest.mark.parametrize(("error", "line"), [
    (UnicodeEncodeError("ascii", "caf\xe9", 3, 4, "no"), "'caf\\xe9' is no file name in this system's encoding, ascii"),
    (OSError(122, "Disk quota exceeded"), "Disk quota exceeded; make room, and call again: it resumes"),
    (OSError(5, "Input/output\x1b error"), "Input/output\\x1b error"),
])  # fmt: skip
def test_every_error_is_one_line_whatever_the_terminal_can_show(tmp_path, capsys, monkeypatch, error, line):
    def work():
        print("日本")
        raise error

    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert load("_script").run(tmp_path / "out", work) == 1
    out.flush()
    assert out.buffer.getvalue() == b"\\u65e5\\u672c\n"
    assert line in error_of(capsys)


@pytest.mark.slow
def test_names_do_not_depend_on_the_locale(tmp_path):
    source = make_tar(tmp_path / "a.tar", {"日本.jpg": picture(0)})
    call = [sys.executable, SCRIPTS / "own.py", "--from", source, "--to", tmp_path / "out"]
    environment = os.environ | {"LC_ALL": "en_US.ISO-8859-1", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([*map(str, call)], capture_output=True, text=True, env=environment)
    assert "Traceback" not in done.stderr and (done.returncode == 0 or done.stderr.count("\n") == 1), done.stderr
