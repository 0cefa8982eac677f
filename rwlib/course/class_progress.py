"""The records of a whole class, from the learners' own files, for a teacher who wants to know where it sticks.

The files are the learners' own, so they say what is going on and prove nothing; `rwlib grade` gives points.
"""

import os
import stat
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
        InputError: no such folder, or no record in it.
    """
    if not folder.is_dir():
        raise InputError(f"--class: {folder} is no folder; name the one that holds the learners' folders")
    found: dict[str, dict[str, Record]] = {}
    for learner, path in _files(folder):
        records = found.setdefault(learner, {})
        for number, record in read(path).items():
            old = records.get(number, Record())
            records[number] = Record(
                old.attempts + record.attempts, old.passed or record.passed, old.hints + record.hints,
                max(old.last, record.last),
            )  # fmt: skip
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


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            yield from ((entry.name, entry / place) for place in PLACES if _is_record(entry / place))
        elif entry.suffix == ".jsonl" and _is_record(entry):
            yield (folder.resolve().name if entry.name == NAME else entry.stem), entry


def _is_record(path: Path) -> bool:
    """Whether a path is an ordinary file of bearable size; a link could lead anywhere."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size <= MAX_BYTES
