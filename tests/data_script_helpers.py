"""What the tests of `data_scripts/` share: archives and pictures to prepare, a server on loopback."""

import contextlib
import csv
import functools
import io
import sys
import tarfile
import threading
import zipfile
from http.server import ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SCRIPTS = Path(__file__).parent.parent / "data_scripts"
sys.path.insert(0, str(SCRIPTS))  # as Python does for a script


def picture(seed, size=(40, 30), mode="RGB", form="JPEG", **options):
    noise = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def turned(orientation):
    """EXIF data that say how a picture is to be turned."""
    exif = Image.Exif()
    exif[274] = orientation
    return exif


def make_zip(file, members):
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file


def make_tar(file, members, mode="w"):
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, mode) as archive:
        for name, data in members.items():
            member = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file


def index_of(to):
    with open(to / "index.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def files(to):
    return sorted(p.relative_to(to).as_posix() for p in to.rglob("*") if p.is_file())


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def error_of(capsys):
    text = capsys.readouterr().err
    assert text.startswith("error: ") and text.count("\n") == 1, text
    return text


@contextlib.contextmanager
def loopback(handler):
    """Run an HTTP server on loopback; `url` is its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.02), daemon=True)
    thread.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("no_proxy", "*")
            yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def own_folder(folder, n=40, size=(60, 40)):
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(n):
        (folder / f"photo {k}.jpg").write_bytes(picture(k, size))
    return folder
