r"""Read the pictures of a zip archive, a tar archive or a folder, one after the other and without trusting it.

Member names are never used as paths. Even so, an archive with a name that reaches outside of its folder, a link or a
device is refused as a whole: it was not made for us. `tarfile`'s data filter decides, for zip archives, too.
"""

import contextlib
import lzma
import ntpath
import os
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from rwlib.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""Endings of members that may be pictures, in lower or upper case."""
MAX_BYTES = 64 * 2**20
"""A larger member is no picture of a data set and is skipped unread."""
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError)
"""What Python's readers raise: `OSError` is bzip2's, `RuntimeError` that of an encrypted member."""


def read_pictures(source: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of every picture in an archive or a folder, in a fixed order.

    Links and hidden files in a folder are skipped. In the names, what cannot be printed is replaced (`clean_name`).

    Raises:
        InputError: not an archive, a damaged one, or one with a name that reaches outside, a link or a device; a
            subfolder that cannot be read.
    """
    if source.is_dir():
        yield from (
            (clean_name(path.relative_to(source).as_posix()), path.read_bytes()) for path in find_pictures(source)
        )
        return
    with _damage_is_one_line(source):
        if zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                for member in _zip_pictures(archive, source):
                    yield clean_name(member.filename), archive.read(member)
        elif tarfile.is_tarfile(source):
            with tarfile.open(source) as archive:
                for member in archive:
                    _refuse_unsafe(member.name, source, is_special=not (member.isreg() or member.isdir()))
                    if member.isreg() and _is_picture(member.name, member.size):
                        yield clean_name(member.name), archive.extractfile(member).read()
                    archive.members = []  # it would keep the header of every member
                while archive.fileobj.read(2**20):  # to its very end, where gzip has its checksum
                    pass
        else:
            raise InputError(
                f"from: {source.name} is neither a zip nor a tar archive, or it is cut short; fetch it again"
            )


def picture_names(source: Path) -> list[str]:
    """Return the names that `read_pictures` would yield, without reading the pictures if that can be avoided.

    Raises:
        InputError: as for `read_pictures`.
    """
    if source.is_dir():
        return [clean_name(path.relative_to(source).as_posix()) for path in find_pictures(source)]
    if zipfile.is_zipfile(source):
        with _damage_is_one_line(source), zipfile.ZipFile(source) as archive:
            return [clean_name(member.filename) for member in _zip_pictures(archive, source)]
    return [name for name, _ in read_pictures(source)]


def find_pictures(folder: Path) -> list[Path]:
    """Return the pictures below a folder, ordered by name; links, empty files and what is hidden are skipped.

    Raises:
        InputError: a subfolder cannot be read: without its pictures the data set would be another one.
    """

    def refuse(error: OSError) -> None:
        raise InputError(
            f"from: cannot read the folder {error.filename} ({error.strerror}); make it readable, or move it elsewhere"
        )

    paths = []
    for parent, subfolders, names in os.walk(folder, onerror=refuse):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for path in (Path(parent, name) for name in names):
            about = path.lstat()
            if stat.S_ISREG(about.st_mode) and _is_picture(path.name, about.st_size):
                paths.append(path)
    return sorted(paths)


def clean_name(name: str) -> str:
    r"""Replace what no index, terminal or file system can be trusted with: bytes that are not UTF-8, line breaks, ...

    Example:
        >>> clean_name("house\n.jpg")
        'house�.jpg'
    """
    return "".join("\ufffd" if unicodedata.category(x) in ("Cc", "Cs", "Zl", "Zp") else x for x in name)


@contextlib.contextmanager
def _damage_is_one_line(source: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise InputError(f"from: the archive {source.name} is damaged ({error}); fetch it again") from None


def _is_picture(name: str, size: int) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.rsplit("/", 1)[-1].startswith(".") and 0 < size <= MAX_BYTES


def _zip_pictures(archive: zipfile.ZipFile, source: Path) -> list[zipfile.ZipInfo]:
    """Return the members that are pictures, after all members have been checked."""
    for member in archive.infolist():
        kind = stat.S_IFMT(member.external_attr >> 16)
        _refuse_unsafe(member.filename, source, is_special=kind not in (0, stat.S_IFREG, stat.S_IFDIR))
    return [member for member in archive.infolist() if _is_picture(member.filename, member.file_size)]


def _refuse_unsafe(name: str, source: Path, *, is_special: bool) -> None:
    """Refuse an archive for a special member, or for a name that `tarfile`'s data filter refuses or changes.

    The filter judges by the rules of the system that it runs on. Backslashes and drives are judged here, so that an
    archive is refused on all of them.

    Raises:
        InputError: the member is a link or a device, or its name leads outside.
    """
    member = f"from: the archive {source.name} has a member {name!r}"
    if is_special:
        raise InputError(f"{member}, a link or a device; do not use it")
    # No name may depend on the system's encoding, nor end at a zero byte.
    path = clean_name(name).encode("ascii", "replace").decode().replace("\\", "/")
    try:
        # Below an archive, which is a file, nothing exists: no link on this disk can mislead the filter.
        is_safe = tarfile.data_filter(tarfile.TarInfo(path), str(source)).name == path
    except tarfile.FilterError:
        is_safe = False
    if ntpath.splitdrive(path)[0] or not is_safe:
        raise InputError(f"{member}, which reaches outside; do not use it")
