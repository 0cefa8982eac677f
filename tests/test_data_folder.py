"""A thousand bad files in a folder, files that turn bad in the middle of a run, and memory: `rwlib.data.folder`."""

import io
import os
import shutil
import struct
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest
import torch
from conftest import PATIENCE_S
from examples import seeded
from PIL import Image

from rwlib.conventions import InputError
from rwlib.data import PhotoFolder, TrainingSamples
from rwlib.data.photo_files import MAX_BAD_SHARE


def noise(seed, size=(64, 48), mode="RGB", form="JPEG", **options):
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1] // 4, size[0] // 4, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize(size).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def grey16(seed):
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 2**16, (48, 64), dtype=np.uint16)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def good_files(folder, n, **options):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        (folder / f"good{i:05d}.jpg").write_bytes(noise(i, **options))
    return folder


SCANNED = ("text.jpg", "empty.png", "html.webp", "one.png", "flat.png", "huge.png", "bomb.png", "loop.jpg",
           "dangling.jpg", "pipe.jpg", "half_header.png", "garbage.tif", "unreadable.jpg")  # fmt: skip
"""Kinds of bad files that the scan finds; a truncated one shows when it is read."""


def bad_file(path, kind, models):
    """Make a bad file; `models` keeps what is costly to make."""
    if kind == "loop.jpg":
        os.symlink(path.with_name(f"_{path.name}"), path)
        os.symlink(path, path.with_name(f"_{path.name}"))  # the other half counts as well
    elif kind == "dangling.jpg":
        os.symlink("/nowhere/at/all.jpg", path)
    elif kind == "pipe.jpg":
        os.mkfifo(path)
    elif kind == "unreadable.jpg" and os.geteuid() == 0:  # root reads everything: a link to what is no file
        os.symlink("/dev/full", path)
    else:
        path.write_bytes(models[kind])
        if kind == "unreadable.jpg":
            path.chmod(0)


def png(w, h):
    """The beginning of a PNG of any size: a header, and no pixels."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)), (b"IDAT", b"")]
    parts = [struct.pack(">I", len(x)) + kind + x + struct.pack(">I", zlib.crc32(kind + x)) for kind, x in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def bad_models():
    blank = {"huge.png": png(10_000, 9_000), "bomb.png": png(20_000, 20_000), "one.png": png(1, 1),
             "flat.png": png(300, 2)}  # fmt: skip
    return blank | {
        "text.jpg": b"I am a text file", "empty.png": b"", "html.webp": b"<html>404</html>",
        "half_header.png": b"\x89PNG\r\n\x1a\n1234", "garbage.tif": b"II*\x00" + bytes(100), "unreadable.jpg": noise(0),
        "truncated.jpg": noise(0)[:-200],
    }  # fmt: skip


@pytest.fixture(scope="module")
def thousand(tmp_path_factory):
    """A folder with 1,200 good and 1,000 bad files, of them 100 that only show when they are read."""
    folder = tmp_path_factory.mktemp("thousand")
    good = [noise(i) for i in range(20)]
    odd = {
        "png_called.jpg": noise(1, form="PNG"),
        "jpeg_called.png": noise(2),
        "cmyk.jpg": noise(3, mode="CMYK"),
        "grey16.png": grey16(4),
        "grey.jpg": noise(5, mode="L"),
        "small.png": noise(6, (12, 12), form="PNG"),
    }
    for i in range(1200 - len(odd)):
        (folder / f"good{i:05d}.jpg").write_bytes(good[i % 20])
    for name, data in odd.items():
        (folder / f"odd_{name}").write_bytes(data)
    models, n = bad_models(), 0
    while n < 900:
        kind = SCANNED[n % len(SCANNED)]
        bad_file(folder / f"{n:04d}_{kind}", kind, models)
        n += 2 if kind == "loop.jpg" else 1
    for i in range(1000 - n):
        (folder / f"truncated{i:03d}.jpg").write_bytes(models["truncated.jpg"])
    (folder / "folder_called.jpg").mkdir()
    assert len(os.listdir(folder)) == 2201
    return folder


@pytest.mark.slow
def test_a_thousand_bad_files_are_reported_once_and_the_rest_is_used(thousand):
    with pytest.raises(InputError, match="9[0-9][0-9] of 2200 images in .* more than the share of 0.25"):
        PhotoFolder(thousand)
    with pytest.warns(UserWarning) as caught:
        source = PhotoFolder(thousand, max_bad_share=0.5)
    assert len(caught) == 1
    text = str(caught[0].message)
    n_late = sum(name.startswith("truncated") for name in source.names)
    assert len(source) == 1200 + n_late and 95 <= n_late <= 100
    assert f"{1000 - n_late} of 2200 images in {thousand} cannot be read and are skipped" in text
    assert len(text) < 700  # five are named
    assert {n for n in source.names if n[0] == "o"} == {
        f"odd_{n}" for n in ("png_called.jpg", "jpeg_called.png", "cmyk.jpg", "grey16.png", "grey.jpg", "small.png")
    }
    with pytest.warns(UserWarning) as caught:
        for i in range(len(source)):
            assert source.crop(i, 16, seeded()).shape == (16, 16, 3)
    assert len(caught) == 6 and "not named any more" in str(caught[5].message)
    assert len(source.damaged) == n_late and all(name.startswith("truncated") for name in source.damaged)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i in range(0, len(source), 3):
            source.crop(i, 16, seeded())


def test_reasons_are_said(tmp_path):
    good_files(tmp_path, 40)
    models = bad_models()
    reasons = {
        "text.jpg": "not an image", "empty.png": "empty file", "one.png": "only 1x1 pixels", "flat.png": "only 300x2",
        "huge.png": "10000x9000 is more than 89 megapixels", "bomb.png": "more than 178 megapixels",
        "loop.jpg": "symbolic links|symlinks", "dangling.jpg": "does not exist", "pipe.jpg": "not a file",
    }  # fmt: skip
    for kind, reason in reasons.items():
        bad_file(tmp_path / f"a_{kind}", kind, models)
        with pytest.warns(UserWarning, match=reason) as caught:
            PhotoFolder(tmp_path)
        assert len(caught) == 1, [str(c.message) for c in caught]
        for path in tmp_path.glob("*a_*"):
            path.unlink()


def test_more_than_the_stated_share_is_refused(tmp_path):
    good_files(tmp_path, 30)
    for i in range(10):
        (tmp_path / f"bad{i}.jpg").write_bytes(b"")
    assert MAX_BAD_SHARE == 0.25
    with pytest.warns(UserWarning, match="10 of 40 images"):
        PhotoFolder(tmp_path)  # just the share
    (tmp_path / "bad10.jpg").write_bytes(b"")
    words = (
        "directory: 11 of 41 images in .* cannot be read, more than the share of 0.25 .*bad0.jpg .is an empty file.*"
    )
    with pytest.raises(InputError, match=words):
        PhotoFolder(tmp_path)
    with pytest.warns(UserWarning):
        PhotoFolder(tmp_path, max_bad_share=0.3)
    with pytest.raises(InputError, match="more than the share of 0 "):
        PhotoFolder(tmp_path, max_bad_share=0)


def test_a_disk_that_goes_away_in_the_middle_is_refused_not_limped_along(tmp_path):
    source = PhotoFolder(good_files(tmp_path / "photos", 40), cache_mb=0)
    source.crop(0, 16, seeded())
    shutil.rmtree(tmp_path / "photos")
    with (
        warnings.catch_warnings(record=True) as caught,
        pytest.raises(InputError, match="11 of 40 .* more than the share"),
    ):
        warnings.simplefilter("always")
        for i in range(40):
            source.crop(i, 16, seeded())
    assert len(caught) == 6


def test_a_file_that_turns_bad_in_the_middle_of_a_run_is_replaced(tmp_path, monkeypatch):
    folder = good_files(tmp_path / "photos", 12)
    untouched = {k: I for k, (I, _) in enumerate(_samples(PhotoFolder(folder), range(24)))}
    source = PhotoFolder(folder, cache_mb=0)
    loader = iter(torch.utils.data.DataLoader(TrainingSamples(source, 16, (0.1, 0.3), "both", 0), sampler=range(24)))
    first = [next(loader)[0][0] for _ in range(12)]
    (folder / "good00003.jpg").write_bytes(noise(3)[:300])
    (folder / "good00004.jpg").unlink()
    with pytest.warns(UserWarning, match="good0000[34].jpg") as caught:
        second = [I[0] for I, _ in loader]
    assert len(caught) == 2 and source.damaged == ["good00003.jpg", "good00004.jpg"]
    assert all((I == untouched[k]).all() for k, I in enumerate(first))
    differing = [k for k, I in enumerate(second, 12) if not (I == untouched[k]).all()]
    assert len(differing) == 2  # one sample of each of the two files, in the second epoch
    with pytest.warns(UserWarning):
        resumed = [I for I, _ in _samples(PhotoFolder(folder), range(12, 24))]  # other names now, for one is gone
        assert len(resumed) == 12
    monkeypatch.setattr(PhotoFolder, "_find", lambda self: (list(source.names), []))  # as before they were damaged
    with pytest.warns(UserWarning):
        repeated = [I for I, _ in _samples(PhotoFolder(folder, cache_mb=0), range(12, 24))]
    assert all((a == b).all() for a, b in zip(repeated, second, strict=True))  # the replacement depends on files alone


def _samples(source, numbers):
    samples = TrainingSamples(source, 16, (0.1, 0.3), "both", 0)
    return [samples[k] for k in numbers]


def test_neighbours_that_are_all_damaged_do_not_become_one_photograph(tmp_path):
    folder = good_files(tmp_path, 40)
    for i in range(10, 18):
        (folder / f"good{i:05d}.jpg").write_bytes(noise(i)[:-200])
    source = PhotoFolder(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        crops = [source.center(i, 16).tobytes() for i in range(40)]
    assert len(set(crops)) == 32 and max(crops.count(crop) for crop in crops) == 2


def test_every_photograph_is_tried_before_giving_up(tmp_path):
    folder = good_files(tmp_path, 10)  # the step of ten photographs would be six, which never leads from 0 to 1
    for i in range(10):
        if i != 1:
            (folder / f"good{i:05d}.jpg").write_bytes(noise(i)[:-200])
    source = PhotoFolder(folder, max_bad_share=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len({source.center(i, 16).tobytes() for i in range(10)}) == 1 and len(source.damaged) == 9


WORKERS = """
import sys, warnings, hashlib, torch
from rwlib.data import PhotoFolder, TrainingSamples
def run(workers):
    samples = TrainingSamples(PhotoFolder(sys.argv[1]), 16, (0.1, 0.3), "both", 0)
    loader = torch.utils.data.DataLoader(samples, sampler=range(60), batch_size=4, num_workers=workers)
    return hashlib.sha256(b"".join(I.numpy().tobytes() for I, _ in loader)).hexdigest(), samples.source.damaged
print(run(2))
print("---", file=sys.stderr, flush=True)
print(run(0))
"""


@pytest.mark.slow
def test_worker_processes_report_once_and_agree(tmp_path):
    folder = good_files(tmp_path / "photos", 20)
    for i in (3, 7, 8):
        (folder / f"good{i:05d}.jpg").write_bytes(noise(i)[:-200])
    (folder / "text.jpg").write_bytes(b"text")
    answer = subprocess.run([sys.executable, "-c", WORKERS, folder], capture_output=True, text=True, timeout=PATIENCE_S)
    assert answer.returncode == 0, answer.stderr
    with_workers, without = answer.stdout.splitlines()
    assert with_workers == without and "good00003.jpg', 'good00007.jpg', 'good00008.jpg" in with_workers
    for errors in answer.stderr.split("---"):
        said = [line for line in errors.splitlines() if "UserWarning" in line]
        assert sum("text.jpg" in line for line in said) == 1
        assert [sum(f"good{i:05d}" in line for line in said) for i in (3, 7, 8)] == [1, 1, 1], errors


@pytest.mark.slow
def test_too_many_damaged_files_are_one_line_from_a_worker_process_too(tmp_path):
    """PyTorch hands on the whole traceback of a worker, of forty lines, as the message."""
    folder = good_files(tmp_path / "photos", 8)
    for i in range(4):
        (folder / f"good{i:05d}.jpg").write_bytes(noise(i)[:-200])
    samples = TrainingSamples(PhotoFolder(folder), 16, (0.1, 0.3), "both", 0)
    loader = torch.utils.data.DataLoader(samples, sampler=range(16), batch_size=4, num_workers=1)
    with pytest.raises(InputError, match="^directory: 3 of 8 images in .* cannot be read, more than") as caught:
        list(loader)
    assert "\n" not in str(caught.value)


def test_what_a_worker_process_says_is_cut_down_to_its_own_line():
    ours = InputError("directory: 3 of 8 images cannot be read; repair them")
    head = "Caught InputError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n  x\n"
    assert str(InputError(f"{head}{InputError.__module__}.InputError: {ours}\n")) == str(ours)


MEMORY = """
import sys, resource, torch, warnings
from rwlib.data import PhotoFolder
def top(folder):
    source = PhotoFolder(folder, cache_mb=4)
    for i in range(len(source)):
        source.crop(i, 96, torch.Generator().manual_seed(i))
        source.center(i, 96)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(top(sys.argv[1]), top(sys.argv[2]))
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_photographs(tmp_path):
    data = [noise(i, (320, 240)) for i in range(5)]
    for name, n in (("few", 40), ("many", 400)):
        (tmp_path / name).mkdir()
        for i in range(n):
            (tmp_path / name / f"{i}.jpg").write_bytes(data[i % 5])
    answer = subprocess.run(
        [sys.executable, "-c", MEMORY, tmp_path / "few", tmp_path / "many"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert answer.returncode == 0, answer.stderr
    few, many = map(int, answer.stdout.split())
    assert many - few < 8, answer.stdout  # MiB; all of them would take 88, their small copies 56
