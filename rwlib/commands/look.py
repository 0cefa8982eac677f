"""A first look at what the arguments name, before torch is loaded: is it there at all?

The rooms that read these files say everything else that may be wrong with them.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from rwlib.errors import InputError, no_file
from rwlib.shipped import find_generator


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


def check_outside(name: str, place: Path, data: str, specs: Sequence[str]) -> None:
    """Look whether pictures that are written somewhere would count as photographs, or masks, the next time.

    Args:
        name: of the argument that says where.
        place: the folder that is written to.
        data: what is read there, for the message.
        specs: folders, or names of photo sources.

    Raises:
        InputError: it lies in one of the folders, and no hidden folder is between.
    """
    inside = os.path.join(os.path.realpath(place), "")
    for folder in (part.strip() for spec in specs for part in ([spec] if os.path.isdir(spec) else spec.split(" + "))):
        above = os.path.join(os.path.realpath(folder), "")
        if os.path.isdir(folder) and inside.startswith(above) and f"{os.sep}." not in inside[len(above) - 1 :]:
            count = f"whose pictures are the {data}, and those written there would count, too"
            raise InputError(f"{name}: {place} lies in {folder}, {count}; choose a folder outside it")


def find_checkpoint(name: str, file: Path) -> Path:
    """Return a checkpoint's file, or that of a generator that ships; look whether it is there and not empty.

    Raises:
        InputError: it is not.
    """
    file = find_generator(file, name)
    if not os.path.isfile(file):
        raise InputError(
            f"{name}: {file} {no_file(file)}; give a .safetensors file that rwlib wrote, or a name such as facades128"
        )
    if not file.stat().st_size:
        raise InputError(f"{name}: {file} is empty (zero bytes); it was not written to its end, use another copy")
    return file
