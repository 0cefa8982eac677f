import functools
import hashlib
import importlib.util
import io
import os
import shutil
import sys
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rwlib.conventions import InputError

SCRIPT = Path(__file__).parent.parent / "data_scripts" / "facades.py"
sys.path.insert(0, str(SCRIPT.parent))  # as Python does for a script
spec = importlib.util.spec_from_file_location("data_scripts_facades", SCRIPT)
script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)

HEADER = "split,file,width,height,sha256_of_source\n"
# file, split, size of the source, EXIF orientation, size in the index
PHOTOS = [
    ("001.jpg", "train", (80, 60), 1, (53, 40)),
    ("002.jpg", "train", (60, 80), 1, (40, 53)),
    ("003.jpg", "val", (80, 60), 6, (40, 53)),  # stored lying, upright in the index
    ("004.jpg", "train", (80, 60), 6, (53, 40)),  # stored lying, and so in the index
    ("045.jpg", "val", (30, 30), 1, (30, 30)),  # small: not enlarged
]


def jpeg(seed, size, orientation=1):
    noise = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[274] = orientation
    buffer = io.BytesIO()
    Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def sources():
    """Return {name: bytes} of the photographs, one of them left out by its number and one unknown to the index."""
    photos = {f"img_{int(file[:3])}.jpg": jpeg(i, size, turn) for i, (file, _, size, turn, _) in enumerate(PHOTOS)}
    return {**photos, "img_19.jpg": jpeg(19, (80, 60)), "img_99.JPG": jpeg(99, (80, 60)), "README.md": b"# facades"}


@pytest.fixture(scope="module")
def index(sources, tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "index.csv"
    rows = [
        f"{split},{file},{w},{h},{hashlib.sha256(data).hexdigest()}\n"
        for (file, split, _, _, (w, h)), data in zip(PHOTOS, sources.values(), strict=False)
    ]
    rows.append(f"train,019.jpg,53,40,{hashlib.sha256(sources['img_19.jpg']).hexdigest()}\n")
    path.write_text(HEADER + "".join(rows))
    return path


def make_zip(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def make_tar(members, mode="w:gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def within(sources, top="facades-9782a3e"):
    return {
        f"{top}/{'images' if name.endswith('g') else '.'}/{name}".replace("/./", "/"): sources[name] for name in sources
    }


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        status, data, announced = self.server.answer
        self.send_response(status)
        if announced is not None:
            self.send_header("Content-Length", str(announced))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    """An HTTP server on loopback; set `.answer` to (status, bytes, announced length or None)."""
    monkeypatch.setenv("no_proxy", "*")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.answer = [], (404, b"", 0)
    server.url = f"http://127.0.0.1:{server.server_port}/archive.zip"
    thread = threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.02), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def check_prepared(folder, sources):
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == [
        "index.csv", "train/001.jpg", "train/002.jpg", "train/004.jpg", "val/003.jpg", "val/045.jpg",
    ]  # fmt: skip
    for (file, split, _, turn, size), data in zip(PHOTOS, sources.values(), strict=False):
        with Image.open(folder / split / file) as image:
            assert image.size == size and image.mode == "RGB" and image.format == "JPEG"
            got = np.asarray(image, float)
        with Image.open(io.BytesIO(data)) as image:
            if turn == 6 and size[0] < size[1]:
                image = image.transpose(Image.Transpose.ROTATE_270)
            expected = np.asarray(image.resize(size, Image.Resampling.BOX), float)
        assert np.abs(got - expected).mean() < 5


def assert_nothing_left(parent):
    assert [p.name for p in parent.iterdir() if "facades" in p.name] == []


@pytest.mark.parametrize("announce", [True, False])
def test_download(server, sources, index, tmp_path, capsys, announce):
    data = make_zip(within(sources))
    server.answer = (200, data, len(data) if announce else None)
    to = tmp_path / "data" / "facades"
    assert script.prepare(to, url=server.url, index=index) == 5
    check_prepared(to, sources)
    assert [p.name for p in to.parent.iterdir()] == ["facades"]
    out = capsys.readouterr().out
    assert "CC0" in out and ("MB from" if announce else "size not announced") in out
    assert out.index("licence") < out.index("downloading") < out.index("5 photographs")

    before = {p: p.stat().st_mtime_ns for p in to.rglob("*")}
    assert script.prepare(to, url=server.url, index=index) == 0
    assert len(server.requests) == 1 and {p: p.stat().st_mtime_ns for p in to.rglob("*")} == before
    assert "nothing to do" in capsys.readouterr().out


@pytest.mark.parametrize("announce", [True, False])
def test_a_truncated_download_is_refused(server, sources, index, tmp_path, announce, monkeypatch):
    monkeypatch.setattr(sys.modules["_fetch"], "PAUSE_S", 0)
    data = make_zip(within(sources))
    server.answer = (200, data[: len(data) // 2], len(data) if announce else None)
    with pytest.raises(InputError, match=f"got {len(data) // 2} of {len(data)} bytes" if announce else "cut short"):
        script.prepare(tmp_path / "facades", url=server.url, index=index)
    assert not (tmp_path / "facades").exists()
    if announce:  # what came is kept for the next call
        download = tmp_path / ".facades.download"
        assert sorted(p.name for p in download.iterdir()) == ["archive.zip.part", "archive.zip.part.json"]
        server.answer = (200, data, len(data))
        assert script.prepare(tmp_path / "facades", url=server.url, index=index) == 5
        (tmp_path / "facades").rename(tmp_path / "done")
    assert_nothing_left(tmp_path)


def test_failing_servers(server, index, tmp_path):
    with pytest.raises(InputError, match="url: cannot download .* 404: .*; try again, or .* --from"):
        script.prepare(tmp_path / "facades", url=server.url, index=index)
    server.shutdown()
    server.server_close()
    with pytest.raises(InputError, match="url: cannot download"):
        script.prepare(tmp_path / "facades", url=server.url, index=index)
    with pytest.raises(InputError, match="url: expected an http or https address, got 'file:///etc/passwd'"):
        script.prepare(tmp_path / "facades", url="file:///etc/passwd", index=index)
    assert_nothing_left(tmp_path)


def test_a_wrong_sha256_is_refused(server, sources, index, tmp_path):
    changed = {**sources, "img_2.jpg": jpeg(1000, (60, 80))}
    data = make_zip(within(changed))
    server.answer = (200, data, len(data))
    with pytest.raises(InputError, match="1 of 5 photographs, 002.jpg first, .* among the 7 images .* another SHA-256"):
        script.prepare(tmp_path / "facades", url=server.url, index=index)
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize("pack", [make_zip, make_tar])
@pytest.mark.parametrize("name", ["../evil.jpg", "a/../../evil.jpg", "/evil.jpg", "a\\..\\..\\evil.jpg", "C:/evil.jpg"])
def test_members_that_reach_outside_are_refused(server, sources, index, tmp_path, pack, name):
    data = pack({**within(sources), name: jpeg(5, (8, 8))})
    server.answer = (200, data, len(data))
    with pytest.raises(InputError, match="which reaches outside"):
        script.prepare(tmp_path / "in" / "facades", url=server.url, index=index)
    assert not list(tmp_path.rglob("evil.jpg")) and list((tmp_path / "in").iterdir()) == []


def test_a_damaged_archive_is_refused(sources, index, tmp_path):
    data = bytearray(make_zip(within(sources)))
    at = data.index(sources["img_2.jpg"]) + 300
    data[at] ^= 255
    for name, content, match in [
        ("flipped.zip", bytes(data), "archive flipped.zip is damaged"),
        ("short.tar.gz", make_tar(within(sources))[:-4000], "archive short.tar.gz is damaged|cut short"),
        ("text.zip", b"<html>not found</html>", "neither a zip nor a tar"),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=match):
            script.prepare(tmp_path / "facades", tmp_path / name, index=index)
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize("form", ["zip", "tar.gz", "tar", "folder"])
def test_local_sources(sources, index, tmp_path, form):
    source = tmp_path / f"archive.{form}"
    members = within(sources)
    if form == "zip":
        source.write_bytes(make_zip(members))
    elif form == "folder":
        for name, data in members.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(data)
        os.symlink("/nowhere", source / "broken.jpg")
    else:
        source.write_bytes(make_tar(members, "w:gz" if form == "tar.gz" else "w"))
    assert script.prepare(tmp_path / "facades", source, index=index) == 5
    check_prepared(tmp_path / "facades", sources)


def test_an_address_as_source(server, sources, index, tmp_path):
    data = make_zip(within(sources))
    server.answer = (200, data, len(data))
    assert script.prepare(tmp_path / "facades", server.url, url="http://127.0.0.1:9/none", index=index) == 5
    check_prepared(tmp_path / "facades", sources)


def test_links_in_a_folder_are_not_followed(sources, index, tmp_path):
    (tmp_path / "photos").mkdir()
    for name, data in sources.items():
        (tmp_path / ("secret.jpg" if name == "img_1.jpg" else f"photos/{name}")).write_bytes(data)
    os.symlink(tmp_path / "secret.jpg", tmp_path / "photos" / "img_1.jpg")
    with pytest.raises(InputError, match="1 of 5 photographs, 001.jpg"):
        script.prepare(tmp_path / "facades", tmp_path / "photos", index=index)


def test_links_in_a_tar_are_refused(sources, index, tmp_path):
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(sources["img_1.jpg"])
    members = {name: data for name, data in within(sources).items() if not name.endswith("img_1.jpg")}
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("img_1.jpg")
        link.type, link.linkname, link.size = tarfile.SYMTYPE, str(secret), 100
        archive.addfile(link)
    with pytest.raises(InputError, match="a.tar has a member 'img_1.jpg', a link or a device; do not use it"):
        script.prepare(tmp_path / "facades", tmp_path / "a.tar", index=index)
    assert_nothing_left(tmp_path)


@pytest.fixture
def prepared(sources, index, tmp_path):
    (tmp_path / "archive.zip").write_bytes(make_zip(sources))
    script.prepare(tmp_path / "first", tmp_path / "archive.zip", index=index)
    return tmp_path / "first"


def test_a_prepared_folder_is_copied(prepared, sources, index, tmp_path):
    (prepared / "LICENSE").write_text("CC0")
    assert script.prepare(tmp_path / "facades", prepared, index=index) == 5
    assert (tmp_path / "facades" / "LICENSE").read_text() == "CC0"
    for path in prepared.rglob("*.jpg"):
        assert (tmp_path / "facades" / path.relative_to(prepared)).read_bytes() == path.read_bytes()
    (tmp_path / "facades" / "LICENSE").unlink()
    check_prepared(tmp_path / "facades", sources)


def spoil(folder, how):
    if how == "missing":
        (folder / "val" / "003.jpg").unlink()
    elif how == "size":
        (folder / "val" / "003.jpg").write_bytes(jpeg(0, (50, 50)))
    elif how == "damaged":
        (folder / "val" / "003.jpg").write_bytes((folder / "val" / "003.jpg").read_bytes()[:-100])
    elif how == "extra":
        shutil.copy(folder / "train" / "001.jpg", folder / "val" / "001.jpg")
    elif how == "index":
        text = (folder / "index.csv").read_text()
        (folder / "index.csv").write_text(text.replace("val,003.jpg", "train,003.jpg"))


SPOILED = {
    "missing": "lacks val/003.jpg", "size": "has val/003.jpg of 50x50, not 40x53",
    "damaged": "has a damaged val/003.jpg",
    "extra": "has val/001.jpg, which the index does not list", "index": "has another index.csv",
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_prepared_folder_is_refused(prepared, index, tmp_path, how):
    spoil(prepared, how)
    with pytest.raises(InputError, match=f"from: .*{SPOILED[how]}.*; prepare it again"):
        script.prepare(tmp_path / "facades", prepared, index=index)
    assert_nothing_left(tmp_path)
    with pytest.raises(InputError, match=f"to: .*{SPOILED[how]}.*; remove it"):  # and it is not taken for done
        script.prepare(prepared, tmp_path / "archive.zip", index=index)


def test_the_target_must_be_free(sources, index, tmp_path):
    (tmp_path / "archive.zip").write_bytes(make_zip(sources))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="to: .* exists but has no index.csv; remove it"):
        script.prepare(tmp_path / "mine", tmp_path / "archive.zip", index=index)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"
    with pytest.raises(InputError, match="to: .* is a file"):
        script.prepare(tmp_path / "mine" / "thesis.txt", tmp_path / "archive.zip", index=index)
    with pytest.raises(InputError, match="from: .* does not exist"):
        script.prepare(tmp_path / "facades", tmp_path / "none.zip", index=index)
    (tmp_path / "empty").mkdir()
    assert script.prepare(tmp_path / "empty", tmp_path / "archive.zip", index=index) == 5


def test_a_failure_half_way_leaves_nothing(sources, index, tmp_path, monkeypatch):
    (tmp_path / "archive.zip").write_bytes(make_zip(sources))
    calls = []

    def failing(image, row):
        calls.append(row)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return image.resize((row.width, row.height))

    monkeypatch.setattr(script, "resize", failing)
    with pytest.raises(KeyboardInterrupt):
        script.prepare(tmp_path / "facades", tmp_path / "archive.zip", index=index)
    assert len(calls) == 3
    assert_nothing_left(tmp_path)


def test_a_photograph_of_another_shape_is_refused(sources, index, tmp_path):
    text = index.read_text().replace("001.jpg,53,40", "001.jpg,53,30")
    (tmp_path / "index.csv").write_text(text)
    (tmp_path / "archive.zip").write_bytes(make_zip(sources))
    with pytest.raises(InputError, match="img_1.jpg .it is 80x60, the index has 53x30"):
        script.prepare(tmp_path / "facades", tmp_path / "archive.zip", index=tmp_path / "index.csv")


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", HEADER + "train,../x.jpg,1,1,0\n", HEADER + "test,1.jpg,1,1,0\n",
                                  HEADER + "train,a\\x.jpg,1,1,0\n", HEADER + "train,1.jpg,wide,1,0\n"])  # fmt: skip
def test_bad_indices_are_refused(tmp_path, text):
    (tmp_path / "index.csv").write_text(text)
    with pytest.raises(InputError, match="index: "):
        script.read_index(tmp_path / "index.csv")
    with pytest.raises(InputError, match="index: cannot read"):
        script.read_index(tmp_path / "none.csv")


def test_the_real_index():
    rows = script.read_index(script.INDEX)
    assert len(rows) == 399 and sum(row.split == "val" for row in rows) == 60
    assert len({row.sha256 for row in rows}) == len({row.file for row in rows}) == 399
    assert all(len(row.sha256) == 64 and min(row.width, row.height) <= 384 for row in rows)
    assert not {int(Path(row.file).stem) for row in rows} & set(script.LEFT_OUT)
    assert script.URL == (
        "https://github.com/Urban-Research-Lab/building-facades-advertising-dataset/archive/"
        "9782a3e7b6fc5bf830e4f46ef3cdfd0e5ad426b2.zip"
    )


def test_command_line(sources, index, tmp_path, capsys):
    (tmp_path / "archive.zip").write_bytes(make_zip(sources))
    options = ["--to", str(tmp_path / "facades"), "--index", str(index), "--from"]
    assert script.main([*options, str(tmp_path / "none.zip")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: from: ") and error.count("\n") == 1
    assert script.main([*options, str(tmp_path / "archive.zip")]) == 0
    assert script.main([*options, str(tmp_path / "archive.zip")]) == 0
    check_prepared(tmp_path / "facades", sources)
