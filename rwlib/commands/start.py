"""`rwlib start DIR`: copy the notebooks into a folder of the learner's own, and never overwrite one there."""

import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from rwlib.course.notebooks import NOTEBOOKS
from rwlib.errors import InputError, printable
from rwlib.files import writable_folder, write_bytes


@dataclass
class Start:
    """Copy the course's notebooks into a folder of your own; files that are there are never overwritten."""

    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")]
    """Your folder; made if need be."""
    quiet: tyro.conf.Suppress[bool] = False
    """Say nothing about how to open them."""

    def run(self) -> None:
        """Copy the notebooks, and say what was done and how to open them."""
        done = copy_notebooks(self.folder)
        counts = {state: list(done.values()).count(state) for state in ("copied", "unchanged")}
        name = printable(self.folder)
        print(f"{counts['copied']} notebooks copied to {name}, {counts['unchanged']} were there already")
        again = "to get the course's again, rename yours and repeat this command"
        for file, state in done.items():
            if state in ("kept", "damaged"):
                print(f"kept your own {file}{', which is no whole notebook' * (state == 'damaged')}; {again}")
        if not self.quiet:
            print(f"Open them with: rwlib lab {printable(quoted(self.folder))}")


def quoted(path: Path) -> str:
    """Return a path as it is typed in this system's command line."""
    return subprocess.list2cmdline([str(path)]) if os.name == "nt" else shlex.quote(str(path))


def copy_notebooks(to: Path, notebooks: Path = NOTEBOOKS) -> dict[str, str]:
    """Copy the learners' notebooks that are not there yet, or of which only the beginning is there.

    Args:
        to: the learner's folder; made if need be.
        notebooks: folder of the course.

    Returns:
        File name → `copied`, `unchanged` (there already, and the same), `kept` (there already, and other than the
        course's: the learner's own work, or an earlier edition) or `damaged` (kept, too, but not a whole notebook).

    Raises:
        InputError: the course is not there, or `to` is the course's own folder or cannot be written to.
    """
    files = sorted(notebooks.glob("[0-9][0-9]_*.ipynb"))
    if not files:
        raise InputError(
            f"notebooks: none in {notebooks}; install rwlib again: `pip install --force-reinstall --no-deps rwlib`"
        )
    if os.path.realpath(to) == os.path.realpath(notebooks):
        raise InputError(f"DIR: {to} is the course's own folder; name one of your own")
    writable_folder(to, "DIR", make=True)
    done = {}
    for file in files:
        state = state_of(to / file.name, file.read_bytes())
        if state == "copied":
            write_bytes(to / file.name, file.read_bytes(), "DIR")
        done[file.name] = state
    return done


def state_of(mine: Path, whole: bytes) -> str:
    """Say what is to be done with one notebook: `copied` where nothing of the learner's can be lost.

    Args:
        mine: the learner's file.
        whole: what the course's file holds.

    Raises:
        InputError: the file is there and cannot be read.
    """
    try:
        content = mine.read_bytes()
    except FileNotFoundError:
        return "copied"
    except OSError as error:
        raise InputError(f"DIR: cannot read {mine} ({error.strerror}); rename it") from None
    if content == whole:
        return "unchanged"
    if whole.startswith(content):  # an earlier copy ran out of space
        return "copied"
    try:
        return "kept" if "cells" in json.loads(content) else "damaged"
    except (ValueError, TypeError, RecursionError):
        return "damaged"
