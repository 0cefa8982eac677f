"""What a learner has tried and passed: one line of JSON each in a file on the learner's own machine, sent nowhere.

Lines are only ever appended, each in a single write, so two notebooks that write at once lose nothing and no lock is
needed; a line that a crash cut short is skipped.
"""

import ast
import functools
import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rwlib.errors import InputError, printable

_hints_shown: Counter = Counter()  # in this process, for a home that cannot be written to
_warned: set[str] = set()


@dataclass
class Record:
    """What happened with one exercise."""

    attempts: int = 0
    passed: bool = False
    hints: int = 0
    last: int = field(default=0, compare=False)
    """When something happened last, in seconds since 1970; 0 if that is not known."""


def folder() -> Path:
    """Return where the file lies: `$RWLIB_HOME`, or where the system keeps the data of programs."""
    if home := os.environ.get("RWLIB_HOME"):
        return Path(home)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "rwlib"


def file() -> Path:
    """Return the file with one line for each event."""
    return folder() / "progress.jsonl"


def note(number: str, event: str) -> None:
    """Append one event; a home that cannot be written to costs one line of warning, once.

    Args:
        number: the exercise, for instance `"2.1"`.
        event: `passed`, `failed` or `hint`.
    """
    # The newline comes first, so that a line that a crash cut short spoils no other.
    line = "\n" + json.dumps({"exercise": number, "event": event, "time": round(time.time())})
    try:
        folder().mkdir(parents=True, exist_ok=True)
        to = os.open(file(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(to, line.encode())
        finally:
            os.close(to)
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home at all
        if "unwritable" not in _warned:
            print(f"Progress is not recorded ({error.__class__.__name__}); RWLIB_HOME names another folder for it.")
        _warned.add("unwritable")


def read(path: Path | None = None) -> dict[str, Record]:
    """Return exercise → record, of this learner or from somebody's file."""
    try:
        lines = (path or file()).read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, RuntimeError):
        return {}
    records: dict[str, Record] = {}
    for line in lines:
        try:
            entry = json.loads(line)
            number, event = str(entry["exercise"]), entry["event"]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        record = records.setdefault(number, Record())
        when = entry.get("time")
        record.last = max(record.last, when) if type(when) is int else record.last
        if event == "hint":
            record.hints += 1
        else:
            record.attempts += 1
            record.passed |= event == "passed"
    return records


def next_hint(number: str) -> int:
    """Return how many hints were shown in this session so far, and count one more."""
    shown = _hints_shown[number]
    _hints_shown[number] += 1
    note(number, "hint")
    return shown


def reset() -> None:
    """Forget everything.

    Raises:
        InputError: the file cannot be deleted.
    """
    try:
        file().unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"RWLIB_HOME: cannot delete {file()} ({error.strerror}); delete it yourself") from None
    _hints_shown.clear()


@functools.cache
def outline() -> dict[str, str]:
    """Return exercise → title, read from the sources of the exercises: importing them would load torch."""
    titles = {}
    for source in sorted((Path(__file__).parent / "exercises").glob("nb[0-9][0-9].py")):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Exercise":
                values = dict(zip(("number", "title"), node.args, strict=False))
                values |= {keyword.arg: keyword.value for keyword in node.keywords}
                titles[ast.literal_eval(values["number"])] = ast.literal_eval(values["title"])
    return titles


def by_notebook() -> dict[str, dict[str, str]]:
    """Return number of the notebook → exercise → title."""
    notebooks: dict[str, dict[str, str]] = {}
    for number, title in outline().items():
        notebooks.setdefault(f"{int(number.split('.')[0]):02}", {})[number] = title
    return notebooks


def totals(records: dict[str, Record]) -> dict[str, int]:
    """Return sums over the exercises that the course has; a record of another one does not count."""
    known = [records[number] for number in outline() if number in records]
    return {
        "passed": sum(record.passed for record in known),
        "exercises": len(outline()),
        "attempts": sum(record.attempts for record in known),
        "hints": sum(record.hints for record in known),
    }


def table() -> str:
    """Return the progress as text, notebook by notebook."""
    records, lines = read(), []
    for notebook, exercises in by_notebook().items():
        passed = sum(records.get(number, Record()).passed for number in exercises)
        lines.append(f"notebook {notebook}: {passed} of {len(exercises)} exercises passed")
        for number, title in exercises.items():
            record = records.get(number, Record())
            sign = "✓" if record.passed else "✗" if record.attempts else "·"
            tried = f"{record.attempts} attempts, {record.hints} hints" if record.attempts or record.hints else "open"
            lines.append(f"  {sign} {number:5} {title:45} {tried}")
    sums = totals(records)
    all_of_it = "all notebooks: {passed} of {exercises} exercises passed, {attempts} attempts, {hints} hints"
    return "\n".join([*lines, all_of_it.format(**sums), f"kept in {printable(file())}, and nowhere else"])


def as_data() -> dict:
    """Return the progress for other programs: `exercises`, `notebooks` and `total`."""
    records, titles = read(), outline()
    exercises = {number: {"title": titles[number], **asdict(records.get(number, Record()))} for number in titles}
    notebooks = {
        notebook: {"passed": sum(exercises[number]["passed"] for number in numbers), "exercises": len(numbers)}
        for notebook, numbers in by_notebook().items()
    }
    return {"total": totals(records), "notebooks": notebooks, "exercises": exercises}
