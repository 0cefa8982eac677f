"""The records of a whole class, from the learners' own files, for a teacher who wants to know where it sticks.

The files are the learners' own, so they say what is going on and prove nothing; `rwlib grade` gives points.
"""

import os
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

from rwlib.course.progress import Record, by_notebook, outline, read, totals
from rwlib.errors import InputError, printable

NAME = "progress.jsonl"
PLACES = (
    NAME, f"rwlib/{NAME}", f".local/share/rwlib/{NAME}", f"Library/Application Support/rwlib/{NAME}",
    f"AppData/Local/rwlib/{NAME}",
)  # fmt: skip
"""Where a learner's file lies below a folder of the learner's name: sent in, or in a home of any system."""
MAX_BYTES = 20_000_000
STUCK = 5
"""How many exercises the text names as those on which the class sticks."""


def read_class(folder: Path) -> dict[str, dict[str, Record]]:
    """Return learner → exercise → record.

    Args:
        folder: with a folder of each learner's name that holds `progress.jsonl` (a folder of homes will do), or with
            files `NAME.jsonl`.

    Raises:
        InputError: no such folder, or it cannot be read, or no record in it.
    """
    if not os.path.isdir(folder):
        raise InputError(f"--class: {folder} is no folder; name the one that holds the learners' folders")
    found: dict[str, dict[str, Record]] = {}
    closed: list[str] = []
    for learner, path in _files(folder, closed):
        records = found.setdefault(learner, {})
        for number, record in read(path).items():
            old = records.get(number, Record())
            records[number] = Record(
                old.attempts + record.attempts, old.passed or record.passed, old.hints + record.hints,
                max(old.last, record.last),
            )  # fmt: skip
    if closed:
        what = f"{len(closed)} in {printable(folder)} cannot be read and are skipped ({closed[0]})"
        warnings.warn(what, stacklevel=2)
    if not found:
        raise InputError(
            f"--class: no record in {folder}; expected NAME/{NAME} in it, a folder of homes, or NAME.jsonl"
        )
    return found


def table(learners: dict[str, dict[str, Record]]) -> str:
    """Return who has passed how many exercises of each notebook, and on which exercises the class sticks."""
    notebooks = by_notebook()
    width = max(len("passed of"), *(len(printable(name)) for name in learners))
    head = "".join(f"{number:>5}" for number in notebooks)
    counts = "".join(f"{len(numbers):5}" for numbers in notebooks.values())
    lines = [f"{'':{width}} {head}  total", f"{'passed of':{width}} {counts}  {len(outline()):5}"]
    for name, records in sorted(learners.items()):
        passed = [sum(records.get(n, Record()).passed for n in numbers) for numbers in notebooks.values()]
        row = "".join(f"{n:5}" if n else f"{'·':>5}" for n in passed)
        lines.append(f"{printable(name):{width}} {row}  {sum(passed):5}")
    lines += ["", f"{len(learners)} learners; the exercises that took most attempts before they were passed:"]
    stuck = sorted(((n, *_stuck(learners, n)) for n in outline()), key=lambda one: -one[1])[:STUCK]
    for number, attempts, tried, passed in (one for one in stuck if one[1]):
        title = outline()[number]
        lines.append(f"  {number:5} {title:45} {attempts:.1f} attempts each; {passed} of {tried} passed it")
    return "\n".join([*lines, "from the learners' own files: good to see where it sticks, no proof of anything"])


def as_data(learners: dict[str, dict[str, Record]]) -> dict:
    """Return the same for other programs: totals of each learner, and each exercise over the class."""
    exercises = {}
    for number, title in outline().items():
        attempts, tried, passed = _stuck(learners, number)
        exercises[number] = {"title": title, "attempts_each": round(attempts, 2), "tried": tried, "passed": passed}
    people = {}
    for name, records in sorted(learners.items()):
        passed = [number for number in outline() if records.get(number, Record()).passed]
        last = max((record.last for record in records.values()), default=0)
        people[name] = totals(records) | {"last": last, "passed_exercises": passed}
    return {"learners": people, "exercises": exercises}


def _stuck(learners: dict[str, dict[str, Record]], number: str) -> tuple[float, int, int]:
    """Return attempts for each learner who tried, how many tried, and how many passed."""
    tried = [records[number] for records in learners.values() if number in records and records[number].attempts]
    attempts = sum(record.attempts for record in tried) / len(tried) if tried else 0.0
    return attempts, len(tried), sum(record.passed for record in tried)


def _files(folder: Path, closed: list[str]) -> Iterator[tuple[str, Path]]:
    """Yield learner and file of each record, and note in `closed` whose cannot be read."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"--class: {folder} cannot be read ({error.strerror}); let yourself read it") from None
    for entry in entries:
        is_folder = os.path.isdir(entry)
        name = folder.resolve().name if entry.name == NAME else entry.name if is_folder else entry.stem
        for path in [entry / place for place in PLACES] if is_folder else [entry] * (entry.suffix == ".jsonl"):
            try:
                if _is_record(path):
                    yield name, path
            except PermissionError:
                closed.append(printable(entry.name))
                break


def _is_record(path: Path) -> bool:
    """Whether a path is an ordinary file of bearable size; a link could lead anywhere.

    Raises:
        PermissionError: it is closed to whoever asks, or a folder above it is.
    """
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return False
        open(path, "rb").close()
    except PermissionError:
        raise
    except OSError:
        return False
    return True
