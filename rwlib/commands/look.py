"""A first look at what the arguments name, before torch is loaded: is it there at all?

The rooms that read these files say everything else that may be wrong with them.
"""

import os
from pathlib import Path

from rwlib.errors import InputError, no_file


def check_source(name: str, spec: str) -> None:
    """Look whether the folders that a photo source names are there; `rwlib.data.open_source` explains the names.

    Raises:
        InputError: no name at all, as from a shell variable that is not set, or a folder that is missing.
    """
    if not spec.strip():
        raise InputError(f"{name}: it is empty; give a folder of photographs, or facades, photos or shards:DIR")
    if os.path.isdir(spec):
        return
    for part in map(str.strip, spec.split(" + ")):
        kind, colon, rest = part.partition(":")
        if kind == "facades" or part == "photos":
            continue
        folder = rest if kind == "shards" and colon else part
        if not os.path.isdir(folder):
            problem = "is a file" if os.path.exists(folder) else "does not exist"
            raise InputError(f"{name}: {folder} {problem}; give a folder of photographs")


def check_checkpoint(name: str, file: Path) -> None:
    """Look whether a checkpoint is there and not empty.

    Raises:
        InputError: it is not.
    """
    if not os.path.isfile(file):
        raise InputError(f"{name}: {file} {no_file(file)}; give a .safetensors file that rwlib wrote")
    if not file.stat().st_size:
        raise InputError(f"{name}: {file} is empty (zero bytes); it was not written to its end, use another copy")
