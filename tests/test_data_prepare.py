"""Preparing in general: crops, a user's own pictures, interruptions, full disks."""

import io
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.server import SimpleHTTPRequestHandler
from importlib import import_module as load
from pathlib import Path

import numpy as np
import pytest
from data_script_helpers import (
    SCRIPTS,
    error_of,
    files,
    index_of,
    loopback,
    make_tar,
    make_zip,
    names,
    own_folder,
    picture,
    turned,
)
from PIL import Image

from _photographs import crop  # isort: skip


# --- crops


def cropped_size(*args, **options):
    with Image.open(io.BytesIO(crop(*args, **options))) as image:
        return image.size


def test_crop_keeps_the_middle_and_enlarges_nothing():
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = (200, 30, 30)
    buffer = io.BytesIO()
    Image.fromarray(wide).save(buffer, "PNG")
    with Image.open(io.BytesIO(crop(buffer.getvalue(), 50, whole=False))) as image:
        assert image.size == (50, 50) and image.format == "JPEG"
        assert np.abs(np.asarray(image).astype(int)[2:-2, 2:-2] - (200, 30, 30)).max() < 8
    assert cropped_size(buffer.getvalue(), 50, whole=True) == (150, 50)
    assert cropped_size(buffer.getvalue(), 256, whole=False) == (100, 100)
    assert cropped_size(buffer.getvalue(), 256, whole=True) == (300, 100)
    assert cropped_size(picture(0, (101, 256)), 64, whole=False) == (64, 64)


def test_crop_turns_pictures_upright_and_makes_them_rgb():
    with Image.open(io.BytesIO(crop(picture(0, (80, 40), exif=turned(6)), 20, whole=True))) as image:
        assert image.size == (20, 40) and image.getexif().get(274, 1) == 1
    for mode, form in [("L", "JPEG"), ("CMYK", "JPEG"), ("1", "PNG"), ("RGBA", "PNG"), ("P", "PNG"), ("I;16", "PNG")]:
        image = picture(0, (40, 40), "L" if mode == "I;16" else mode, form)
        if mode == "I;16":
            buffer = io.BytesIO()
            Image.fromarray(np.full((40, 40), 257 * 99, np.uint16)).save(buffer, "PNG")
            image = buffer.getvalue()
        with Image.open(io.BytesIO(crop(image, 16, whole=False))) as cropped:
            assert cropped.mode == "RGB" and cropped.size == (16, 16)
            assert mode != "I;16" or np.abs(np.asarray(cropped).astype(int) - 99).max() <= 3


def test_crop_keeps_the_bytes_of_what_is_right_already():
    right = picture(0, (32, 32), quality=40)
    assert crop(right, 32, whole=False) == right
    for other in (picture(0, (32, 32), "L"), picture(0, (32, 32), form="PNG"), picture(0, (32, 32), exif=turned(6))):
        assert crop(other, 32, whole=False) != other
    with pytest.raises(OSError, match="truncated"):
        crop(picture(0, (32, 32), quality=95)[:-300], 32, whole=False)


# --- own pictures


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


def wait_for(condition, process):
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.mark.slow
def test_ctrl_c_while_converting_and_again(tmp_path):
    source = own_folder(tmp_path / "in", 80, (600, 500))
    call = [SCRIPTS / "own.py", "--from", source, "--size", "256", "--to"]
    part = tmp_path / ".out.part"
    process = start(*call, tmp_path / "out")
    wait_for(lambda: len(list(part.rglob("*.jpg"))) >= 5, process)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert process.returncode == 130 and error.strip().splitlines()[-1] == "stopped; call again to resume"
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


@pytest.mark.slow
def test_two_calls_at_once_do_not_mix(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("rwlib.files.lock.PATIENCE_S", 0.1)
    source = own_folder(tmp_path / "in", 80, (600, 500))
    call = [SCRIPTS / "own.py", "--from", source, "--to", tmp_path / "out"]
    process = start(*call)
    wait_for(lambda: len(list((tmp_path / ".out.part").rglob("*.jpg"))) >= 2, process)
    assert load("own").main([str(c) for c in call[1:]]) == 1
    assert "to: another process is writing to" in error_of(capsys)
    assert process.wait() == 0 and len(index_of(tmp_path / "out")) == 80


@pytest.mark.slow
def test_ctrl_c_while_downloading_and_again(tmp_path):
    """A server that sends slowly and knows Range; a real process that gets SIGINT in the middle."""
    own_folder(tmp_path / "in", 30)
    padding = {"readme.txt": np.random.default_rng(0).bytes(2_000_000)}
    pictures = {p.name: p.read_bytes() for p in (tmp_path / "in").iterdir()}
    data = make_zip(tmp_path / "a.zip", padding | pictures).read_bytes()
    requests, slow = [], threading.Event()
    slow.set()

    class Slow(SimpleHTTPRequestHandler):
        def do_GET(self):
            requested = self.headers.get("Range", "bytes=0-")
            requests.append(requested)
            begin = int(requested[6:-1])
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

    part = tmp_path / ".out.download" / "a.zip.part"
    with loopback(Slow) as server:
        call = [SCRIPTS / "own.py", "--from", server.url + "a.zip", "--to", tmp_path / "out"]
        process = start(*call)
        wait_for(lambda: part.exists() and part.stat().st_size > 0, process)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate()
        kept = part.stat().st_size
        assert process.returncode == 130 and "stopped" in error and 0 < kept < len(data)
        slow.clear()
        again = subprocess.run([sys.executable, *map(str, call)], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert requests == ["bytes=0-", f"bytes={kept}-"] and "MB are here already" in again.stdout
    assert len(index_of(tmp_path / "out")) == 30 and not part.parent.exists()


def test_a_full_disk_while_converting_keeps_what_is_done(tmp_path, small_disk, capsys):
    (small_disk / "other").write_bytes(bytes(600_000))
    call = ["--from", str(own_folder(tmp_path / "in", 40, (200, 200))), "--to", str(small_disk / "out")]
    assert load("own").main(call) == 1
    assert "No space left on device" in (error := error_of(capsys)) and "call again: it resumes" in error
    done = {p: p.stat().st_mtime_ns for p in (small_disk / ".out.part").rglob("*.jpg")}
    assert 5 < len(done) < 40 and not (small_disk / "out").exists()
    (small_disk / "other").unlink()
    assert load("own").main(call) == 0 and len(index_of(small_disk / "out")) == 40
    assert names(small_disk / "out") == ["index.csv", "prepared.json", "train", "val"]
    for path, t in done.items():
        assert (small_disk / "out" / path.relative_to(small_disk / ".out.part")).stat().st_mtime_ns == t


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
    assert "No space left on device; make room, and call again: it resumes" in error_of(capsys)
    assert len(list((tmp_path / ".out.part").rglob("*.jpg"))) == 6 and len(calls) == 7
    assert load("own").main(call) == 0 and len(index_of(tmp_path / "out")) == 40


def test_a_source_that_changed_is_not_mixed_with_the_old_one(tmp_path, monkeypatch):
    photographs, archive, to = load("_photographs"), tmp_path / "a.zip", tmp_path / "out"
    make_zip(archive, {f"{k}.jpg": picture(k, (32, 32)) for k in range(9)})
    real, calls = photographs.crop, []

    def stop(*args, **options):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return real(*args, **options)

    call = ["--to", str(to), "--from", str(archive), "--size", "16"]
    script = load("celeba_hq")
    with monkeypatch.context() as patch:
        patch.setattr(photographs, "crop", stop)
        assert script.main(call, {"train": 9, "val": 0}) == 130
    assert len(list((tmp_path / ".out.part").rglob("*.jpg"))) == 4
    assert not (tmp_path / "checksums.txt").exists()
    make_zip(archive, {f"{k}.jpg": picture(1000 + k, (32, 32)) for k in range(9)})
    assert script.main(call, {"train": 9, "val": 0}) == 0
    assert (to / "train" / "00000.jpg").read_bytes() == crop(picture(1000, (32, 32)), 16, whole=False)


def test_evil_archives_leave_nothing(tmp_path, capsys):
    archive = make_tar(tmp_path / "a.tar", {"good.jpg": picture(0), "../evil.jpg": picture(1)})
    assert load("own").main(["--to", str(tmp_path / "in" / "out"), "--from", str(archive)]) == 1
    assert "reaches outside" in error_of(capsys)
    assert not list(tmp_path.rglob("evil*")) and names(tmp_path / "in") == []


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
