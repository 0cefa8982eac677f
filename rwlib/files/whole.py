r"""A file is whole or it is not there: written beside its place, brought to the disk, then renamed.

`replacing` writes a part file beside the place, brings it to the disk, checks its length, renames it, and brings the
renaming to the disk. Whoever is interrupted or runs out of space at any byte leaves the file that was there before, and
at most (if the process is killed) a hidden `.NAME.xxxxxxxx.part`.
"""

import contextlib
import errno
import io
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rwlib.errors import InputError

REMEDIES = {
    errno.ENOSPC: "free some space, or choose another disk",
    errno.EDQUOT: "free some space, or choose another disk",
    errno.EFBIG: "choose a disk that takes larger files",
    errno.EACCES: "choose a place that you may write to",
    errno.EPERM: "choose a place that you may write to",
    errno.EROFS: "choose a place that you may write to",
    errno.ENOENT: "make the folder first",
    errno.ENOTDIR: "choose a folder, not a file",
    errno.ENAMETOOLONG: "choose a shorter name",
}
PATIENCE_S = 8.0
"""How long a renaming is tried again where somebody reads the file that is there, on Windows."""


class PartFile(io.BufferedRandom):
    """A binary file that counts how far it was written, and hands its number to nobody.

    Whoever asks for `fileno` writes past Python, as Pillow does, which takes half a write on a full disk for a whole
    one. Python's own writing goes on until all bytes are written, or raises.
    """

    end = 0
    """Bytes that the file must have."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write bytes, all of them."""
        n = super().write(data)
        self.end = max(self.end, self.tell())
        return n

    def truncate(self, size: int | None = None) -> int:
        """Cut the file, or lengthen it."""
        self.end = super().truncate(size)
        return self.end

    def fileno(self) -> int:
        """Refuse."""
        raise io.UnsupportedOperation("fileno")


@contextmanager
def replacing(path: str | os.PathLike[str], name: str = "output") -> Iterator[PartFile]:
    """Write a file, all or nothing.

    A symbolic link stays one: what it points to is replaced. An existing file keeps its permissions.

    Args:
        path: of the file; its folder must exist.
        name: of the argument that gave it, for the message.

    Yields:
        A binary file that can be read, written and moved in.

    Raises:
        InputError: the file cannot be written; the one that was there before is unharmed.

    Example:
        >>> with replacing("x.png") as file:  # doctest: +SKIP
        ...     image.save(file, "PNG")
    """
    part = None
    try:
        place = os.path.realpath(path)
        folder, file_name = os.path.split(place)
        before = os.stat(place) if os.path.lexists(place) else None
        if before:
            refuse_no_file(path, before, name)
        # A short name, because a file's own may be as long as the disk allows.
        hidden = os.path.join(folder, f".{file_name[:20]}.{secrets.token_hex(4)}.part")
        raw = io.FileIO(hidden, "x+b")
        part = hidden
        with PartFile(raw) as file:
            yield file
            file.flush()
            os.fsync(raw.fileno())
            if (size := os.fstat(raw.fileno()).st_size) != file.end:
                raise OSError(errno.EIO, f"only {size} of {file.end} bytes were written")
        if before:
            os.chmod(part, stat.S_IMODE(before.st_mode))
        _rename(part, place)
        part = None
        _sync_folder(folder)
    except OSError as error:
        raise cannot_write(path, error, name) from None
    finally:
        if part:
            with contextlib.suppress(OSError):
                os.unlink(part)


def write_bytes(path: str | os.PathLike[str], data: bytes, name: str = "output") -> None:
    """Write a file of bytes, all or nothing; see `replacing`."""
    with replacing(path, name) as file:
        file.write(data)


def write_text(path: str | os.PathLike[str], text: str, name: str = "output") -> None:
    """Write a text file in UTF-8, whatever the locale is, all or nothing; see `replacing`.

    Names of files that are not UTF-8 are written as they are shown (`rwlib.errors.printable`).
    """
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"), name)


def append_durably(path: str | os.PathLike[str], data: bytes, name: str = "output") -> None:
    """Append to a file and bring it to the disk, all or nothing but for a kill, which may leave a part of the bytes.

    Raises:
        InputError: the file cannot be written; it is as long as it was.
    """
    before = None
    try:
        with open(path, "ab") as file:
            before = os.fstat(file.fileno()).st_size
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if os.fstat(file.fileno()).st_size != before + len(data):
                raise OSError(errno.EIO, "not all bytes were written")
    except BaseException as error:
        if before is not None:
            with contextlib.suppress(OSError):
                os.truncate(path, before)
        if isinstance(error, OSError):
            raise cannot_write(path, error, name) from None
        raise


def refuse_no_file(path: str | os.PathLike[str], there: os.stat_result, name: str) -> None:
    """Refuse to replace a folder, a device or a pipe, and a file that is write-protected."""
    if not stat.S_ISREG(there.st_mode):
        what = "is a folder" if stat.S_ISDIR(there.st_mode) else "is not a plain file"
        raise InputError(f"{name}: {path} {what}; choose another name")
    if not os.access(path, os.W_OK):
        raise cannot_write(path, PermissionError(errno.EACCES, "it is write-protected"), name)


def cannot_write(path: str | os.PathLike[str], error: OSError, name: str = "output") -> InputError:
    """Return what a failed writing is told as: the file, the reason, and what helps."""
    reason = error.strerror or str(error) or type(error).__name__
    remedy = REMEDIES.get(error.errno or 0, "choose another place")
    return InputError(f"{name}: cannot write {os.fspath(path)} ({reason}); {remedy}")


def _rename(part: str, place: str) -> None:
    """Put a part file in its place; Windows refuses while somebody, a virus scanner say, reads what is there."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return os.replace(part, place)
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > end:
                raise
            time.sleep(0.05)


def _sync_folder(folder: str) -> None:
    """Bring a renaming to the disk; systems and disks that cannot do that for folders do it by themselves."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
