r"""Which files of a folder are pictures."""

import os
import warnings
from pathlib import Path

from rwlib.errors import InputError, printable

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""Files that are taken for images, in lower or upper case."""


def find_pictures(folder: str | os.PathLike[str], name: str = "directory", what: str = "photographs") -> list[str]:
    """Return the sorted relative paths, with forward slashes, of the pictures below a folder; hidden ones are left out.

    Subfolders that cannot be read are left out with a warning.

    Args:
        folder: searched recursively.
        name: of the argument that gave it, for messages.
        what: it should hold, for messages.

    Raises:
        InputError: an empty name, no folder, or nothing in it.
    """
    if not os.fspath(folder):
        raise InputError(f"{name}: the name is empty (an unset variable?); give a folder of {what}, . for this one")
    if not os.path.isdir(folder):
        problem = "is a file" if os.path.exists(folder) else "does not exist"
        raise InputError(f"{name}: {folder} {problem}; give a folder of {what}")
    names, closed = [], []
    for parent, folders, files in os.walk(folder, onerror=closed.append):
        folders[:] = [sub for sub in folders if not sub.startswith(".")]
        inside = Path(parent).relative_to(folder)
        names += [(inside / file).as_posix() for file in files if file.lower().endswith(SUFFIXES) and file[0] != "."]
    if closed:
        first = f"{printable(closed[0].filename)}: {closed[0].strerror}"
        warnings.warn(
            f"{len(closed)} folders in {printable(folder)} cannot be read and are skipped ({first})", stacklevel=3
        )
    if not names:
        raise InputError(f"{name}: no images ({', '.join(SUFFIXES)}) in {folder}; give a folder of {what}")
    return sorted(names)
