"""Find a class's notebooks in a folder, and read them without running anything."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rwlib.course.authoring.rules import CHECK
from rwlib.course.checking.solutions import FOLDERS
from rwlib.errors import InputError, printable

MAX_MB = 50
SETUP = re.compile(r"setup\(\s*[\"'](\d\d)[\"']")


@dataclass(frozen=True)
class Submission:
    """One notebook that somebody handed in."""

    learner: str
    """The folder below the class's folder, or what the file's name says beside the notebook's own name."""
    file: str
    """Its path in the class's folder."""
    path: Path
    number: str = ""
    """Which notebook of the course it is, two digits; empty if it is none."""
    cells: tuple[str, ...] = ()
    """Its code."""
    fault: str = ""
    """Why it cannot be graded."""


def find_submissions(folder: Path) -> list[Submission]:
    """Return every notebook below a folder, in order of its path; then each folder that cannot be read, as a fault.

    Args:
        folder: `FOLDER/NAME/01_holes_and_masks.ipynb`, also deeper, or `FOLDER/01_holes_and_masks_NAME.ipynb`.

    Raises:
        InputError: there is no such folder, or it cannot be read, or no notebook is in it.
    """
    if not os.path.isdir(folder):
        raise InputError(f"FOLDER: {folder} is no folder; name the one that holds the class's notebooks")
    closed: list[OSError] = []
    submissions = [_read(folder, path) for path in sorted(_notebooks(folder, closed))]
    for error in sorted(closed, key=lambda error: error.filename):
        path = Path(error.filename)
        if path == folder:
            raise InputError(f"FOLDER: {folder} cannot be read ({error.strerror}); let yourself read it")
        file = path.relative_to(folder)
        fault = f"this folder cannot be read ({error.strerror})"
        submissions.append(Submission(printable(file.parts[0]), printable(file), path, fault=fault))
    if not submissions:
        raise InputError(f"FOLDER: no notebook in {folder}; expected NAME/01_holes_and_masks.ipynb in it, and others")
    return submissions


def learner_of(file: Path, folder: Path) -> str:
    """Return whose notebook it is.

    Args:
        file: its path in the class's folder.
        folder: the class's folder, whose name is the learner's if nothing else tells.
    """
    if len(file.parts) > 1:
        return printable(file.parts[0])
    rest = file.stem
    for stem in sorted(_stems(), key=len, reverse=True):
        rest = rest.replace(stem, "")
    rest = rest.strip(" _-.()")
    return printable(rest or folder.resolve().name)


def _notebooks(folder: Path, closed: list[OSError]) -> Iterator[Path]:
    for where, folders, names in os.walk(folder, onerror=closed.append):  # does not follow links
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(where) / name for name in names if name.endswith(".ipynb") and not name.startswith("."))


def _read(folder: Path, path: Path) -> Submission:
    file = path.relative_to(folder)
    mine = {"learner": learner_of(file, folder), "file": printable(file), "path": path}
    try:
        if path.is_symlink() or not path.is_file():
            return Submission(**mine, fault="it is a link, no file")
        if path.stat().st_size > MAX_MB * 1e6:
            return Submission(**mine, fault=f"it has more than {MAX_MB} MB; outputs may be cleared before handing in")
        notebook = json.loads(path.read_bytes())
        cells = tuple(_text(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    except OSError as error:
        return Submission(**mine, fault=f"it cannot be read ({error.strerror})")
    except (ValueError, RecursionError, KeyError, TypeError):
        return Submission(**mine, fault="it is no whole notebook")
    number = _number(cells, path.stem)
    return Submission(**mine, number=number, cells=cells, fault="" if number else "it is no notebook of the course")


def _text(source: object) -> str:
    return source if isinstance(source, str) else "".join(map(str, source))


def _number(cells: tuple[str, ...], stem: str) -> str:
    """Say which notebook it is: by what it checks, by its setup, by its name."""
    counts = Counter(f"{int(found[0]):02}" for cell in cells for found in CHECK.findall(cell))
    if counts:
        return counts.most_common(1)[0][0]
    if setups := [match[1] for cell in cells if (match := SETUP.search(cell))]:
        return setups[0]
    return next((name[:2] for name in _stems() if name in stem), "")


def _stems() -> list[str]:
    return sorted({file.stem for folder in FOLDERS for file in folder.glob("[0-9][0-9]_*.py")})
