"""Downloads that break off, servers of every kind, archives that mean harm: `data_scripts/_fetch.py`, over HTTP."""

import functools
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "data_scripts"))  # as Python does for a script

import _fetch
from _fetch import Remote, compare_with_first, fetch, names_of, note_first, pictures

from rwlib.conventions import InputError

DATA = np.random.default_rng(0).bytes(3_000_000)
MD5 = "md5:" + hashlib.md5(DATA).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.requests.append(asked)
        if server.status != 200:
            return self.send_error(server.status)
        data, start = server.data, 0
        same = self.headers.get("If-Range") in (None, server.etag)
        if asked and server.ranges and same:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(data):
                return self.send_error(416)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        if server.etag:
            self.send_header("ETag", server.etag)
        if server.announce:
            self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        end = start + server.stop_after.pop(0) if server.stop_after else len(data)
        self.wfile.write(data[start:end])  # and the connection is closed, early if `end` is

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    """An HTTP server on loopback; `stop_after` has the bytes after which each answer breaks off."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(_fetch, "PAUSE_S", 0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.stop_after, server.status = [], [], 200
    server.data, server.etag, server.ranges, server.announce = DATA, '"one"', True, True
    server.url = f"http://127.0.0.1:{server.server_port}/big.bin?dl=1"
    thread = threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.02), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_download_and_the_same_again(server, tmp_path, capsys):
    to = fetch(Remote(server.url, MD5), tmp_path)
    assert to == tmp_path / "big.bin" and to.read_bytes() == DATA and names(tmp_path) == ["big.bin"]
    assert fetch(Remote(server.url, MD5), tmp_path) == to and server.requests == [None]
    out = capsys.readouterr().out
    assert "downloading 3.0 MB from" in out and "was downloaded before" in out


def test_a_lost_connection_goes_on_by_itself(server, tmp_path):
    server.stop_after = [1_000_000, 500_000]
    assert fetch(Remote(server.url, MD5), tmp_path).read_bytes() == DATA
    assert server.requests == [None, "bytes=1000000-", "bytes=1500000-"]


def test_the_next_call_asks_for_the_rest_alone(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_fetch, "TRIES", 1)
    server.stop_after = [1_234_567]
    with pytest.raises(
        InputError, match="got 1234567 of 3000000 bytes of .*; what has come is kept, and the next call"
    ):
        fetch(Remote(server.url, MD5), tmp_path)
    assert names(tmp_path) == ["big.bin.part", "big.bin.part.json"]
    assert fetch(Remote(server.url, MD5), tmp_path).read_bytes() == DATA
    assert server.requests == [None, "bytes=1234567-"] and names(tmp_path) == ["big.bin"]
    assert "1.2 MB are here already" in capsys.readouterr().out


def broken(server, folder, monkeypatch):
    """Leave a third of the file in `folder`."""
    with monkeypatch.context() as patch:
        patch.setattr(_fetch, "TRIES", 1)
        server.stop_after = [1_000_000]
        with pytest.raises(InputError):
            fetch(Remote(server.url), folder)
    server.requests.clear()


@pytest.mark.parametrize("etag", ['"one"', ""])
def test_a_server_without_range_begins_anew(server, tmp_path, monkeypatch, capsys, etag):
    server.ranges, server.etag = False, etag
    broken(server, tmp_path, monkeypatch)
    assert fetch(Remote(server.url), tmp_path).read_bytes() == DATA
    assert server.requests == ["bytes=1000000-"] and "beginning anew" in capsys.readouterr().out


def test_a_file_that_changed_meanwhile_is_not_mixed_with_the_old_one(server, tmp_path, monkeypatch):
    broken(server, tmp_path, monkeypatch)
    server.data, server.etag = DATA[::-1], '"two"'  # If-Range: the server answers with all of it
    assert fetch(Remote(server.url), tmp_path).read_bytes() == DATA[::-1]
    (tmp_path / "big.bin").unlink()

    server.etag = ""  # without a version the length must tell
    server.data = DATA
    broken(server, tmp_path, monkeypatch)
    server.data = DATA[:2_000_000][::-1]
    assert fetch(Remote(server.url), tmp_path).read_bytes() == DATA[:2_000_000][::-1]
    assert server.requests == ["bytes=1000000-", None]
    (tmp_path / "big.bin").unlink()

    server.data = DATA
    broken(server, tmp_path, monkeypatch)
    server.data = DATA[:900_000]  # 416: nothing lies beyond what we have
    assert fetch(Remote(server.url), tmp_path).read_bytes() == DATA[:900_000]
    assert server.requests == ["bytes=1000000-", None]


def test_a_part_of_another_address_is_not_gone_on_with(server, tmp_path, monkeypatch):
    broken(server, tmp_path, monkeypatch)
    assert fetch(Remote(server.url.replace("dl=1", "dl=2")), tmp_path).read_bytes() == DATA
    assert server.requests == [None]


def test_a_part_that_is_whole_is_not_asked_for(server, tmp_path, monkeypatch):
    broken(server, tmp_path, monkeypatch)
    (tmp_path / "big.bin.part").write_bytes(DATA)  # Ctrl-C between the last byte and the checksum
    assert fetch(Remote(server.url, MD5), tmp_path).read_bytes() == DATA and server.requests == []


def test_a_wrong_checksum_is_refused_and_removed(server, tmp_path):
    server.data = DATA[:-1] + b"?"
    with pytest.raises(InputError, match=f"has md5 [0-9a-f]*, not {MD5[4:]}, and was removed"):
        fetch(Remote(server.url, MD5), tmp_path / "here")
    assert not (tmp_path / "here").exists()
    server.data = DATA
    assert fetch(Remote(server.url, MD5), tmp_path / "here").read_bytes() == DATA


def test_it_gives_up_when_nothing_more_comes(server, tmp_path):
    server.stop_after = [1_000_000, 0]
    with pytest.raises(InputError, match="got 1000000 of 3000000"):
        fetch(Remote(server.url), tmp_path)
    assert len(server.requests) == 2
    server.status = 503
    with pytest.raises(InputError, match="cannot download .* 503"):
        fetch(Remote(server.url), tmp_path)
    assert (tmp_path / "big.bin.part").stat().st_size == 1_000_000


def test_chunks_that_end_early_are_no_file(tmp_path, monkeypatch):
    class Chunked(Handler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"400\r\n" + bytes(1024) + b"\r\n400\r\n" + bytes(500))
            self.close_connection = True

    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(_fetch, "PAUSE_S", 0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Chunked)
    threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.02), daemon=True).start()
    with pytest.raises(InputError, match="cannot download .*IncompleteRead"):
        fetch(Remote(f"http://127.0.0.1:{server.server_port}/a.zip"), tmp_path)
    server.shutdown()
    server.server_close()
    assert not (tmp_path / "a.zip").exists()


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_known_beforehand_or_said(server, small_disk):
    with pytest.raises(InputError, match=r"has 1.0 MB free, 3.0 MB are needed; make room"):
        fetch(Remote(server.url), small_disk)
    server.announce, server.data = False, DATA[: 2**20 + 50_000]
    with pytest.raises(InputError, match="to: the disk of .* is full; make room, and call again"):
        fetch(Remote(server.url), small_disk)
    assert "big.bin" not in names(small_disk)
    server.announce, server.data = True, DATA[:900_000]
    assert fetch(Remote(server.url), small_disk).read_bytes() == DATA[:900_000]


def test_a_full_disk_in_the_middle_goes_on_when_there_is_room(server, small_disk, monkeypatch):
    server.data = DATA[:1_000_000]
    monkeypatch.setattr(_fetch, "BLOCK", 2**16)
    monkeypatch.setattr(_fetch.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, 2**40))
    (small_disk / "other").write_bytes(bytes(400_000))
    with pytest.raises(InputError, match="is full"):
        fetch(Remote(server.url), small_disk)
    kept = (small_disk / "big.bin.part").stat().st_size
    assert 300_000 < kept < 700_000
    (small_disk / "other").unlink()
    assert fetch(Remote(server.url), small_disk).read_bytes() == DATA[:1_000_000]
    assert server.requests == [None, f"bytes={kept}-"]


def test_without_a_published_checksum_the_first_copy_is_the_measure(tmp_path, capsys):
    first, notes = tmp_path / "a.zip", tmp_path / "checksums.txt"
    first.write_bytes(b"one")
    line = compare_with_first(first, "masks/a.zip", notes)
    assert line == f"{hashlib.sha256(b'one').hexdigest()}  masks/a.zip\n" and not notes.exists()
    note_first([line, compare_with_first(first, "paris/a.zip", notes)], notes)
    assert notes.read_text().count("\n") == 2 and capsys.readouterr().out.count("no checksum is published") == 2
    assert compare_with_first(first, "masks/a.zip", notes) == ""
    note_first([""], notes)
    assert notes.read_text().count("\n") == 2
    first.write_bytes(b"two")
    with pytest.raises(InputError, match="masks/a.zip has SHA-256 .*, but the first copy had 7692c3ad3540"):
        compare_with_first(first, "masks/a.zip", notes)


# --- archives


def make_zip(file, members):
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name if isinstance(name, zipfile.ZipInfo) else str(name), data)
    return file


def make_tar(file, members):
    with tarfile.open(file, "w") as archive:
        for name, data in members.items():
            member = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file


OUTSIDE = ["../evil.jpg", "a/../../evil.jpg", "/evil.jpg", "..\\evil.jpg", "C:\\evil.jpg", "C:evil.jpg", "../evil.txt"]


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize("name", OUTSIDE)
def test_names_that_reach_outside_are_refused(tmp_path, make, name):
    archive = make(tmp_path / "a.bin", {"good.jpg": b"1", name: b"2"})
    with pytest.raises(InputError, match="a.bin has a member .*evil.*, which reaches outside; do not use it"):
        list(pictures(archive))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret.jpg", "good.jpg"])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind, target):
    member = tarfile.TarInfo("photo.jpg")
    member.type, member.linkname = kind, target
    with pytest.raises(InputError, match="a.tar has a member 'photo.jpg', a link or a device"):
        list(pictures(make_tar(tmp_path / "a.tar", {"good.jpg": b"1", member: b""})))


@pytest.mark.parametrize("mode", [0o120777, 0o020666, 0o060666, 0o010666, 0o140777])
def test_links_and_devices_in_a_zip_are_refused(tmp_path, mode):
    member = zipfile.ZipInfo("photo.jpg")
    member.external_attr = mode << 16
    with pytest.raises(InputError, match="a.zip has a member 'photo.jpg', a link or a device"):
        list(pictures(make_zip(tmp_path / "a.zip", {"good.jpg": b"1", member: b"/etc/passwd"})))


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_what_is_a_picture(tmp_path, make):
    members = {"b/2.PNG": b"2", "a.jpg": b"1", "readme.txt": b"-", "__MACOSX/._a.jpg": b"-", "empty.jpg": b""}
    archive = make(tmp_path / "a.bin", members)
    assert list(pictures(archive)) == [("b/2.PNG", b"2"), ("a.jpg", b"1")]
    assert names_of(archive) == ["b/2.PNG", "a.jpg"]


def test_a_folder_is_read_in_order_and_its_links_are_not(tmp_path):
    (tmp_path / "b").mkdir()
    for name in ("b/2.png", "a.jpg", ".c.jpg", "d.txt"):
        (tmp_path / name).write_bytes(name.encode())
    os.symlink("/etc/passwd", tmp_path / "e.jpg")
    os.symlink(tmp_path, tmp_path / "b" / "loop")
    assert list(pictures(tmp_path)) == [("a.jpg", b"a.jpg"), ("b/2.png", b"b/2.png")]
    assert sorted(names_of(tmp_path)) == ["a.jpg", "b/2.png"]


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_a_truncated_archive_is_refused(tmp_path, make):
    data = np.random.default_rng(0).bytes(50_000)
    whole = make(tmp_path / "whole", {f"{i}.jpg": data for i in range(4)}).read_bytes()
    (tmp_path / "a.bin").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="a.bin is damaged|a.bin is neither a zip nor a tar .* cut short"):
        list(pictures(tmp_path / "a.bin"))
    (tmp_path / "b.bin").write_text("<html>please log in</html>")
    with pytest.raises(InputError, match="b.bin is neither a zip nor a tar archive"):
        list(pictures(tmp_path / "b.bin"))


def test_a_zip_with_a_flipped_bit_is_refused(tmp_path):
    data = np.random.default_rng(0).bytes(1000)
    whole = bytearray(make_zip(tmp_path / "a.zip", {"a.jpg": data}).read_bytes())
    whole[whole.index(data) + 500] ^= 1
    (tmp_path / "a.zip").write_bytes(whole)
    with pytest.raises(InputError, match="the archive a.zip is damaged .*CRC.*; fetch it again"):
        list(pictures(tmp_path / "a.zip"))


def test_a_large_tar_does_not_fill_the_memory(tmp_path):
    import tracemalloc

    def peak(n):
        archive = make_tar(tmp_path / f"{n}.tar", {f"{i:06d}.jpg": b"1" for i in range(n)})
        tracemalloc.start()
        assert sum(1 for _ in pictures(archive)) == n
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(10)
    assert peak(3000) < peak(300) + 100_000  # a kept header takes about 1 kB
