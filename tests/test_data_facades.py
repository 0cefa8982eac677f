"""`data_scripts/facades.py`, on archives that the tests make: the index, sizes, prepared folders, damage."""

import hashlib
import io
import os
import shutil
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from data_script_helpers import error_of, files, loopback, make_tar, make_zip, names, picture, turned
from PIL import Image

from rwlib.errors import InputError

import _download  # isort: skip
import facades as script  # isort: skip
from facades import prepare_facades  # isort: skip

HEADER = "split,file,width,height,sha256_of_source\n"
# file, split, size of the source, EXIF orientation, size in the index
PHOTOS = [
    ("001.jpg", "train", (80, 60), 1, (53, 40)),
    ("002.jpg", "train", (60, 80), 1, (40, 53)),
    ("003.jpg", "val", (80, 60), 6, (40, 53)),  # stored lying, upright in the index
    ("004.jpg", "train", (80, 60), 6, (53, 40)),  # stored lying, and so in the index
    ("045.jpg", "val", (30, 30), 1, (30, 30)),  # small: not enlarged
]
PREPARED = ["index.csv", "prepared.json", *sorted(f"{split}/{file}" for file, split, *_ in PHOTOS)]


def jpeg(seed, size, orientation=1):
    return picture(seed, size, exif=turned(orientation))


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


def within(sources, top="facades-9782a3e"):
    return {f"{top}/{'' if name.endswith('.md') else 'images/'}{name}": data for name, data in sources.items()}


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
    monkeypatch.setattr(_download, "PAUSE_S", 0)
    with loopback(Handler) as server:
        server.requests, server.answer = [], (404, b"", 0)
        server.url += "archive.zip"
        yield server


@pytest.fixture
def archive(sources, tmp_path):
    return make_zip(tmp_path / "archive.zip", within(sources))


def check_prepared(folder, sources):
    assert files(folder) == PREPARED
    for (file, split, _, turn, size), data in zip(PHOTOS, sources.values(), strict=False):
        with Image.open(folder / split / file) as image:
            assert image.size == size and image.mode == "RGB" and image.format == "JPEG"
            actual = np.asarray(image, float)
        with Image.open(io.BytesIO(data)) as image:
            if turn == 6 and size[0] < size[1]:
                image = image.transpose(Image.Transpose.ROTATE_270)
            expected = np.asarray(image.resize(size, Image.Resampling.BOX), float)
        assert np.abs(actual - expected).mean() < 5


def assert_nothing_left(parent):
    assert [name for name in names(parent) if "facades" in name] == []


@pytest.mark.parametrize("announce", [True, False])
def test_download(server, archive, sources, index, tmp_path, capsys, announce):
    data = archive.read_bytes()
    server.answer = (200, data, len(data) if announce else None)
    to = tmp_path / "data" / "facades"
    assert prepare_facades(to, url=server.url, index=index) == 5
    check_prepared(to, sources)
    assert names(to.parent) == ["facades"]
    out = capsys.readouterr().out
    assert "CC0" in out and ("MB from" if announce else "size not announced") in out
    assert out.index("licence") < out.index("downloading") < out.index("3 train, 2 val")

    before = {p: p.stat().st_mtime_ns for p in to.rglob("*")}
    assert prepare_facades(to, url=server.url, index=index) == 0
    assert len(server.requests) == 1 and {p: p.stat().st_mtime_ns for p in to.rglob("*")} == before
    assert "has all 5 photographs: nothing to do" in capsys.readouterr().out


@pytest.mark.parametrize("announce", [True, False])
def test_a_truncated_download_is_refused(server, archive, index, tmp_path, announce):
    data, to = archive.read_bytes(), tmp_path / "facades"
    server.answer = (200, data[: len(data) // 2], len(data) if announce else None)
    with pytest.raises(InputError, match=f"got {len(data) // 2} of {len(data)} bytes" if announce else "cut short"):
        prepare_facades(to, url=server.url, index=index)
    assert not to.exists()
    if announce:  # what came is kept for the next call
        assert names(tmp_path / ".facades.download") == ["archive.zip.part", "archive.zip.part.json"]
        server.answer = (200, data, len(data))
        assert prepare_facades(to, url=server.url, index=index) == 5
        to.rename(tmp_path / "done")
    assert_nothing_left(tmp_path)


def test_failing_servers(server, index, tmp_path):
    with pytest.raises(InputError, match="url: cannot download .*404 Not Found.*; try again, or .* --from"):
        prepare_facades(tmp_path / "facades", url=server.url, index=index)
    server.shutdown()
    server.server_close()
    with pytest.raises(InputError, match="url: cannot download .*[Cc]onnection refused") as error:
        prepare_facades(tmp_path / "facades", url=server.url, index=index)
    assert len(str(error.value)) < 250
    with pytest.raises(InputError, match="url: expected an http or https address, got 'file:///etc/passwd'"):
        prepare_facades(tmp_path / "facades", url="file:///etc/passwd", index=index)
    assert_nothing_left(tmp_path)


def test_an_address_as_source(server, archive, sources, index, tmp_path):
    server.answer = (200, archive.read_bytes(), None)
    url = "http://127.0.0.1:9/none"
    assert prepare_facades(tmp_path / "facades", [server.url], url=url, index=index) == 5
    check_prepared(tmp_path / "facades", sources)


def test_a_wrong_sha256_is_refused(sources, index, tmp_path):
    make_zip(tmp_path / "a.zip", within({**sources, "img_2.jpg": jpeg(1000, (60, 80))}))
    with pytest.raises(InputError, match="1 of 5 pictures are missing, train/002.jpg first; is it commit 9782a3e"):
        prepare_facades(tmp_path / "facades", [str(tmp_path / "a.zip")], index=index)
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize("pack", [make_zip, make_tar])
def test_members_that_reach_outside_are_refused(server, sources, index, tmp_path, pack):
    data = pack(tmp_path / "a", within(sources) | {"a\\..\\..\\evil.jpg": jpeg(5, (8, 8))}).read_bytes()
    server.answer = (200, data, len(data))
    with pytest.raises(InputError, match="which reaches outside"):
        prepare_facades(tmp_path / "in" / "facades", url=server.url, index=index)
    assert not list(tmp_path.rglob("evil.jpg")) and names(tmp_path / "in") == []


def test_a_damaged_archive_is_refused(archive, sources, index, tmp_path):
    data = bytearray(archive.read_bytes())
    data[data.index(sources["img_2.jpg"]) + 300] ^= 255
    short = make_tar(tmp_path / "whole.tar.gz", within(sources), "w:gz").read_bytes()[:-4000]
    for name, content, match in [
        ("flipped.zip", bytes(data), "archive flipped.zip is damaged"),
        ("short.tar.gz", short, "archive short.tar.gz is damaged|cut short"),
        ("text.zip", b"<html>not found</html>", "neither a zip nor a tar"),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=match):
            prepare_facades(tmp_path / "facades", [str(tmp_path / name)], index=index)
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize("form", ["zip", "tar.gz", "tar", "folder"])
def test_local_sources(sources, index, tmp_path, form):
    source, members = tmp_path / f"archive.{form}", within(sources)
    if form == "folder":
        for name, data in members.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(data)
        os.symlink("/nowhere", source / "broken.jpg")
    elif form == "zip":
        make_zip(source, members)
    else:
        make_tar(source, members, "w:gz" if form == "tar.gz" else "w")
    assert prepare_facades(tmp_path / "facades", [str(source)], index=index) == 5
    check_prepared(tmp_path / "facades", sources)


def test_links_in_a_folder_are_not_followed(sources, index, tmp_path):
    (tmp_path / "photos").mkdir()
    for name, data in sources.items():
        (tmp_path / ("secret.jpg" if name == "img_1.jpg" else f"photos/{name}")).write_bytes(data)
    os.symlink(tmp_path / "secret.jpg", tmp_path / "photos" / "img_1.jpg")
    with pytest.raises(InputError, match="1 of 5 pictures are missing, train/001.jpg"):
        prepare_facades(tmp_path / "facades", [str(tmp_path / "photos")], index=index)


@pytest.fixture
def prepared(archive, index, tmp_path):
    prepare_facades(tmp_path / "first", [str(archive)], index=index)
    return tmp_path / "first"


@pytest.mark.parametrize("of_an_older_version", [False, True])
def test_a_prepared_folder_is_copied(prepared, sources, index, tmp_path, of_an_older_version):
    (prepared / "LICENSE").write_text("CC0")
    if of_an_older_version:  # without a record, in the order of facades_index.csv
        (prepared / "prepared.json").unlink()
        header, *rows = (prepared / "index.csv").read_text().splitlines(keepends=True)
        (prepared / "index.csv").write_text(header + "".join(sorted(rows)))
    assert prepare_facades(tmp_path / "facades", [str(prepared)], index=index) == 5
    assert (tmp_path / "facades" / "LICENSE").read_text() == "CC0"
    for path in prepared.rglob("*.jpg"):
        assert (tmp_path / "facades" / path.relative_to(prepared)).read_bytes() == path.read_bytes()
    (tmp_path / "facades" / "LICENSE").unlink()
    check_prepared(tmp_path / "facades", sources)
    assert prepare_facades(prepared, index=index) == 0


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
def test_a_spoiled_prepared_folder_is_refused(prepared, archive, index, tmp_path, how):
    spoil(prepared, how)
    with pytest.raises(InputError, match=f"from: .*{SPOILED[how]}.*; prepare it again"):
        prepare_facades(tmp_path / "facades", [str(prepared)], index=index)
    assert_nothing_left(tmp_path)
    with pytest.raises(InputError, match=f"to: .*{SPOILED[how]}.*; remove it"):  # and it is not taken for done
        prepare_facades(prepared, [str(archive)], index=index)


def test_the_target_must_be_free(archive, index, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="to: .* exists but has no index.csv; remove it"):
        prepare_facades(tmp_path / "mine", [str(archive)], index=index)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"
    with pytest.raises(InputError, match="to: .* is a file"):
        prepare_facades(tmp_path / "mine" / "thesis.txt", [str(archive)], index=index)
    (tmp_path / "empty").mkdir()
    assert prepare_facades(tmp_path / "empty", [str(archive)], index=index) == 5


def test_a_photograph_of_another_shape_is_refused(archive, index, tmp_path):
    text = index.read_text().replace("001.jpg,53,40", "001.jpg,53,30")
    (tmp_path / "index.csv").write_text(text)
    with pytest.raises(InputError, match="is of 80x60, the index has 53x30; fetch it again .*img_1.jpg"):
        prepare_facades(tmp_path / "facades", [str(archive)], index=tmp_path / "index.csv")
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", HEADER + "train,../x.jpg,1,1,0\n", HEADER + "test,1.jpg,1,1,0\n",
                                  HEADER + "train,a\\x.jpg,1,1,0\n", HEADER + "train,1.jpg,wide,1,0\n",
                                  HEADER + "train,1.jpg\n"])  # fmt: skip
def test_bad_indices_are_refused(tmp_path, text):
    (tmp_path / "index.csv").write_text(text)
    for name in ("index.csv", "none.csv"):
        with pytest.raises(InputError, match=f"index: cannot use .*{name}"):
            script.read_index(tmp_path / name)


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


def test_command_line(archive, sources, index, tmp_path, capsys):
    options = ["--to", str(tmp_path / "facades"), "--index", str(index), "--from"]
    assert script.main([*options, str(tmp_path / "none.zip")]) == 1
    assert "from: " in error_of(capsys)
    assert script.main([*options, str(archive)]) == 0
    assert script.main([*options, str(archive)]) == 0
    check_prepared(tmp_path / "facades", sources)
