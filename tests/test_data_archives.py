"""Archives that mean harm, are damaged or large; folders: `data_scripts/_archives.py`."""

import io
import os
import tarfile
import tracemalloc
import zipfile

import numpy as np
import pytest
from data_script_helpers import make_tar, make_zip

from rwlib.errors import InputError

from _archives import picture_names, read_pictures  # isort: skip

OUTSIDE = ["../evil.jpg", "a/../../evil.jpg", "/evil.jpg", "..\\evil.jpg", "C:\\evil.jpg", "C:evil.jpg", "../evil.txt"]


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize("name", OUTSIDE)
def test_names_that_reach_outside_are_refused(tmp_path, make, name):
    archive = make(tmp_path / "a.bin", {"good.jpg": b"1", name: b"2"})
    with pytest.raises(InputError, match="a.bin has a member .*evil.*, which reaches outside; do not use it"):
        list(read_pictures(archive))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret.jpg", "good.jpg"])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind, target):
    member = tarfile.TarInfo("photo.jpg")
    member.type, member.linkname = kind, target
    with pytest.raises(InputError, match="a.tar has a member 'photo.jpg', a link or a device"):
        list(read_pictures(make_tar(tmp_path / "a.tar", {"good.jpg": b"1", member: b""})))


@pytest.mark.parametrize("mode", [0o120777, 0o020666, 0o060666, 0o010666, 0o140777])
def test_links_and_devices_in_a_zip_are_refused(tmp_path, mode):
    member = zipfile.ZipInfo("photo.jpg")
    member.external_attr = mode << 16
    with pytest.raises(InputError, match="a.zip has a member 'photo.jpg', a link or a device"):
        list(read_pictures(make_zip(tmp_path / "a.zip", {"good.jpg": b"1", member: b"/etc/passwd"})))


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_what_is_a_picture(tmp_path, make):
    members = {"b/2.PNG": b"2", "a.jpg": b"1", "readme.txt": b"-", "__MACOSX/._a.jpg": b"-", "empty.jpg": b""}
    archive = make(tmp_path / "a.bin", members)
    assert list(read_pictures(archive)) == [("b/2.PNG", b"2"), ("a.jpg", b"1")]
    assert picture_names(archive) == ["b/2.PNG", "a.jpg"]


def test_a_folder_is_read_in_order_and_its_links_are_not(tmp_path):
    (tmp_path / "b").mkdir()
    for name in ("b/2.png", "a.jpg", ".c.jpg", "d.txt"):
        (tmp_path / name).write_bytes(name.encode())
    os.symlink("/etc/passwd", tmp_path / "e.jpg")
    os.symlink(tmp_path, tmp_path / "b" / "loop")
    assert list(read_pictures(tmp_path)) == [("a.jpg", b"a.jpg"), ("b/2.png", b"b/2.png")]
    assert sorted(picture_names(tmp_path)) == ["a.jpg", "b/2.png"]


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_a_truncated_archive_is_refused(tmp_path, make):
    data = np.random.default_rng(0).bytes(50_000)
    whole = make(tmp_path / "whole", {f"{i}.jpg": data for i in range(4)}).read_bytes()
    (tmp_path / "a.bin").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="a.bin is damaged|a.bin is neither a zip nor a tar .* cut short"):
        list(read_pictures(tmp_path / "a.bin"))
    (tmp_path / "b.bin").write_text("<html>please log in</html>")
    with pytest.raises(InputError, match="b.bin is neither a zip nor a tar archive"):
        list(read_pictures(tmp_path / "b.bin"))


def test_a_zip_with_a_flipped_bit_is_refused(tmp_path):
    data = np.random.default_rng(0).bytes(1000)
    whole = bytearray(make_zip(tmp_path / "a.zip", {"a.jpg": data}).read_bytes())
    whole[whole.index(data) + 500] ^= 1
    (tmp_path / "a.zip").write_bytes(whole)
    with pytest.raises(InputError, match="the archive a.zip is damaged .*CRC.*; fetch it again"):
        list(read_pictures(tmp_path / "a.zip"))


@pytest.mark.parametrize("compression", ["gz", "bz2", "xz"])
def test_a_compressed_tar_that_is_spoilt_anywhere_is_refused(tmp_path, compression):
    data = np.random.default_rng(0).bytes(20_000)
    with tarfile.open(tmp_path / "a.tar", f"w:{compression}") as archive:
        for i in range(3):
            member = tarfile.TarInfo(f"{i}.jpg")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    whole = (tmp_path / "a.tar").read_bytes()
    for place in np.linspace(50, len(whole) - 50, 40).astype(int):
        spoilt = bytearray(whole)
        spoilt[place : place + 20] = bytes(20)
        (tmp_path / "a.tar").write_bytes(spoilt)
        with pytest.raises(InputError, match="from: .*a.tar is .*; fetch it again"):
            list(read_pictures(tmp_path / "a.tar"))


def test_a_large_tar_does_not_fill_the_memory(tmp_path):
    def peak(n):
        archive = make_tar(tmp_path / f"{n}.tar", {f"{i:06d}.jpg": b"1" for i in range(n)})
        tracemalloc.start()
        assert sum(1 for _ in read_pictures(archive)) == n
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(10)
    assert peak(1000) < peak(100) + 100_000  # a kept header takes about 1 kB


def test_a_link_in_the_current_folder_does_not_mislead_the_check(tmp_path, monkeypatch):
    os.symlink("/etc", tmp_path / "images")
    monkeypatch.chdir(tmp_path)
    archive = make_tar(tmp_path / "a.tar", {"images/1.jpg": b"1", "images/../2.jpg": b"2"})
    assert [name for name, _ in read_pictures(archive)] == ["images/1.jpg", "images/../2.jpg"]
