r"""Places to write to, to be asked before the work and not after it."""

import errno
import os
import secrets
from pathlib import Path

from rwlib.errors import InputError
from rwlib.files.whole import cannot_write, refuse_no_file


def writable_folder(folder: str | os.PathLike[str], name: str = "output", *, make: bool = False) -> Path:
    """Return a folder that can be written to; to be asked before the work, not after it.

    Args:
        folder: its path.
        name: of the argument that gave it, for the message.
        make: make it, with its parents, if it does not exist.

    Raises:
        InputError: it does not exist, or is a file, or cannot be made or written to.
    """
    folder = Path(folder)
    try:
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".rwlib.{secrets.token_hex(4)}.part"
        probe.open("xb").close()
        probe.unlink()
    except OSError as error:
        if error.errno == errno.ENOENT and not os.path.lexists(folder):
            raise InputError(f"{name}: the folder {folder} does not exist; make it first") from None
        reason = "it is a file" if error.errno in (errno.EEXIST, errno.ENOTDIR) else error.strerror
        raise InputError(f"{name}: the folder {folder} cannot be written to ({reason}); choose another") from None
    return folder


def writable_file(path: str | os.PathLike[str], name: str = "output") -> os.stat_result | None:
    """Refuse a place where `replacing` would fail; to be asked before the work, not after it.

    Returns:
        What `os.stat` says of the file that is there, None if there is none yet.

    Raises:
        InputError: its folder does not exist or cannot be written to, or something that is no file is there, or a
            file that is write-protected, or the name is too long.
    """
    writable_folder(os.path.dirname(path) or ".", name)
    if os.path.islink(path):
        writable_folder(os.path.dirname(os.path.realpath(path)), name)
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cannot_write(path, error, name) from None
    refuse_no_file(path, there, name)
    return there
