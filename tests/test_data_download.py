"""Downloads that break off, and servers of every kind: `data_scripts/_download.py` over HTTP; first copies."""

import hashlib
import shutil
from http.server import BaseHTTPRequestHandler

import numpy as np
import pytest
from data_script_helpers import loopback, names  # puts data_scripts on the path

from rwlib.errors import InputError

import _download  # isort: skip
from _checksums import compare_with_first_copy, record_first_copies  # isort: skip
from _download import Remote, fetch  # isort: skip

DATA = np.random.default_rng(0).bytes(3_000_000)
MD5 = "md5:" + hashlib.md5(DATA).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        requested = self.headers.get("Range")
        server.requests.append(requested)
        if server.status != 200:
            return self.send_error(server.status)
        data, start = server.data, 0
        same = self.headers.get("If-Range") in (None, server.etag)
        if requested and server.ranges and same:
            start = int(requested.removeprefix("bytes=").removesuffix("-"))
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
    monkeypatch.setattr(_download, "PAUSE_S", 0)
    with loopback(Handler) as server:
        server.requests, server.stop_after, server.status = [], [], 200
        server.data, server.etag, server.ranges, server.announce = DATA, '"one"', True, True
        server.url += "big.bin?dl=1"
        yield server


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
    monkeypatch.setattr(_download, "ATTEMPTS", 1)
    server.stop_after = [1_234_567]
    with pytest.raises(
        InputError, match="got 1234567 of 3000000 bytes of .*; 1234567 bytes are kept, and the next call resumes"
    ):
        fetch(Remote(server.url, MD5), tmp_path)
    assert names(tmp_path) == ["big.bin.part", "big.bin.part.json"]
    assert fetch(Remote(server.url, MD5), tmp_path).read_bytes() == DATA
    assert server.requests == [None, "bytes=1234567-"] and names(tmp_path) == ["big.bin"]
    assert "1.2 MB are here already" in capsys.readouterr().out


def broken(server, folder, monkeypatch):
    """Leave a third of the file in `folder`."""
    with monkeypatch.context() as patch:
        patch.setattr(_download, "ATTEMPTS", 1)
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


@pytest.mark.parametrize(("path", "name"), [
    ("a/b.zip?dl=1", "b.zip"), ("a%2Fb%20c.zip", "b c.zip"), ("a/..", "archive"), ("", "archive"),
    ("a%5C..%5Cevil.zip", "evil.zip"), ("x" * 300 + ".zip", "x" * 196 + ".zip"),
])  # fmt: skip
def test_the_name_of_a_download_is_one_that_can_be_written(path, name):
    assert Remote(f"http://127.0.0.1/{path}").name == name


def test_a_redirect_and_a_compressed_answer(tmp_path):
    """An archive that the server says is compressed (by its name, as some do) is not unpacked on the way."""
    requests = []

    class Redirecting(Handler):
        def do_GET(self):
            requests.append((self.path, self.headers.get("Range")))
            if self.path == "/old.tar.gz":
                self.send_response(302)
                self.send_header("Location", "/new.tar.gz")
                return self.end_headers()
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(DATA)))
            self.end_headers()
            self.wfile.write(DATA)

    with loopback(Redirecting) as server:
        file = fetch(Remote(server.url + "old.tar.gz", MD5), tmp_path)
    assert file.name == "old.tar.gz" and file.read_bytes() == DATA
    assert requests == [("/old.tar.gz", None), ("/new.tar.gz", None)]


def test_a_wrong_checksum_is_refused_and_removed(server, tmp_path):
    server.data = DATA[:-1] + b"?"
    with pytest.raises(InputError, match=f"has md5 [0-9a-f]*, not {MD5[4:]}; it was removed"):
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
    with pytest.raises(InputError, match="cannot download .* .503 Service Unavailable."):
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

    monkeypatch.setattr(_download, "PAUSE_S", 0)
    with loopback(Chunked) as server:
        with pytest.raises(InputError, match="cannot download .*IncompleteRead"):
            fetch(Remote(server.url + "a.zip"), tmp_path)
    assert not (tmp_path / "a.zip").exists()


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
    monkeypatch.setattr(_download, "BLOCK_BYTES", 2**16)
    monkeypatch.setattr(_download.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, 2**40))
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
    line = compare_with_first_copy(first, "masks/a.zip", notes)
    assert line == f"{hashlib.sha256(b'one').hexdigest()}  masks/a.zip\n" and not notes.exists()
    record_first_copies([line, compare_with_first_copy(first, "paris/a.zip", notes)], notes)
    assert notes.read_text().count("\n") == 2 and capsys.readouterr().out.count("no checksum is published") == 2
    assert compare_with_first_copy(first, "masks/a.zip", notes) == ""
    record_first_copies([""], notes)
    assert notes.read_text().count("\n") == 2
    spaced = compare_with_first_copy(first, "masks/a (1).zip", notes)  # a browser's second download
    record_first_copies([spaced], notes)
    assert compare_with_first_copy(first, "masks/a (1).zip", notes) == "" and notes.read_text().count("\n") == 3
    first.write_bytes(b"two")
    with pytest.raises(InputError, match="masks/a.zip has SHA-256 .*, but the first copy had 7692c3ad3540"):
        compare_with_first_copy(first, "masks/a.zip", notes)
