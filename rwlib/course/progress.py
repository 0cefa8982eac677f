"""What a learner has tried and passed: one line of JSON each in a file on the learner's own machine, sent nowhere.

Lines are only ever appended, each in a single write, so two notebooks that write at once lose nothing and no lock is
needed; a line that a crash cut short is skipped.
"""

import ast
import json
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
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


def read() -> dict[str, Record]:
    """Return exercise → record."""
    try:
        lines = file().read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, RuntimeError):
        return {}
    records: dict[str, Record] = {}
    for line in lines:
        try:
            entry = json.loads(line)
            number, event = str(entry["exercise"]), entry["event"]
        except (ValueError, KeyError, TypeError):
            continue
        record = records.setdefault(number, Record())
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


def table() -> str:
    """Return the progress as text, notebook by notebook."""
    records, notebooks = read(), {}
    for number, title in outline().items():
        notebooks.setdefault(f"{int(number.split('.')[0]):02}", {})[number] = title
    lines = []
    for notebook, exercises in notebooks.items():
        passed = sum(records.get(number, Record()).passed for number in exercises)
        lines.append(f"notebook {notebook}: {passed} of {len(exercises)} exercises passed")
        for number, title in exercises.items():
            record = records.get(number, Record())
            sign = "✓" if record.passed else "✗" if record.attempts else "·"
            tried = f"{record.attempts} attempts, {record.hints} hints" if record.attempts or record.hints else "open"
            lines.append(f"  {sign} {number:5} {title:45} {tried}")
    return "\n".join([*lines, f"kept in {printable(file())}, and nowhere else"])
