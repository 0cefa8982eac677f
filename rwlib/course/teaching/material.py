"""Read `notebooks/teaching/source/*.toml`, and find the cells that they mean.

A cell is named by a text that stands in it and in no other cell of its notebook, `"01: painter = HolePainter"`, because
numbers of cells change with every cell that is put in.
"""

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rwlib.course.authoring import build
from rwlib.course.exercises import find
from rwlib.errors import InputError

TEACHING = build.NOTEBOOKS / "teaching"
PLANS = ("semester", "block", "afternoon")
QUESTION_FIELDS = {"id", "ask", "answer", "cell"}
SESSION_FIELDS = {"title", "minutes", "aims", "steps", "exercises", "questions", "skip"}


@dataclass(frozen=True)
class Question:
    """One question of the bank."""

    id: str
    ask: str
    answer: str
    cell: str

    @property
    def notebook(self) -> str:
        """Number of the notebook whose cell shows the answer."""
        return self.cell[:2]


@dataclass(frozen=True)
class Session:
    """One session of a plan; a step is minutes, what to do, and a cell or nothing."""

    title: str
    minutes: int
    aims: list[str]
    steps: list[tuple[int, str, str]]
    exercises: list[str]
    questions: list[str]
    skip: list[str]
    home: str = ""


@dataclass(frozen=True)
class Plan:
    """A course of a certain length."""

    name: str
    title: str
    intro: str
    sessions: list[Session]


def read_questions(folder: Path = TEACHING / "source") -> dict[str, Question]:
    """Return the question bank by id.

    Raises:
        InputError: a question lacks a part, or two have the same id.
    """
    questions: dict[str, Question] = {}
    for entry in _read(folder / "questions.toml").get("question", []):
        if set(entry) != QUESTION_FIELDS or not all(str(value).strip() for value in entry.values()):
            raise InputError(f"questions.toml: expected {', '.join(sorted(QUESTION_FIELDS))}, got {entry}")
        if entry["id"] in questions:
            raise InputError(f"questions.toml: {entry['id']} stands there twice")
        questions[entry["id"]] = Question(**entry)
    return questions


def read_plan(name: str, folder: Path = TEACHING / "source") -> Plan:
    """Return a plan.

    Raises:
        InputError: a part is missing or unknown, or minutes do not add up.
    """
    data, questions = _read(folder / f"{name}.toml"), read_questions(folder)
    sessions = []
    for entry in data["session"]:
        if not SESSION_FIELDS <= set(entry) <= SESSION_FIELDS | {"home"}:
            raise InputError(f"{name}.toml: {entry.get('title')}: expected {', '.join(sorted(SESSION_FIELDS))}")
        session = Session(**entry)
        where = f"{name}.toml, {session.title}"
        if (total := sum(minutes for minutes, _, _ in session.steps)) != session.minutes:
            raise InputError(f"{where}: its steps take {total} minutes, not {session.minutes}")
        for number in session.exercises:
            find(number)
        if unknown := [one for one in session.questions if one not in questions]:
            raise InputError(f"{where}: the bank has no question {', '.join(unknown)}")
        sessions.append(session)
    return Plan(name, data["title"], data["intro"].strip(), sessions)


def cell_number(cell: str) -> int:
    """Return the number of the cell that is meant.

    Args:
        cell: `"NN: text"`.

    Raises:
        InputError: no cell holds the text, or several do.
    """
    number, _, text = cell.partition(": ")
    cells = _notebook(number).cells
    found = [i for i, one in enumerate(cells) if text in one.source or text in " ".join(one.source.split())]
    if len(found) != 1:
        raise InputError(f"{cell!r}: expected one cell of notebook {number} with this text, found {found or 'none'}")
    return found[0]


def link(cell: str) -> str:
    """Return a Markdown link from `notebooks/teaching/` to a cell."""
    number = cell_number(cell)
    (file,) = build.sources([cell[:2]])
    return f"[{cell[:2]}, cell {number}](../{file.stem}.ipynb#cell-id={cell[:2]}-{number:02})"


def title_of(file: Path) -> str:
    """Return a notebook's title, for instance `01 · Holes and masks`."""
    return _notebook(file.name[:2]).cells[0].source.split("\n")[0].removeprefix("# ")


@functools.cache
def _notebook(number: str) -> Any:
    (file,) = build.sources([number])
    return build.read_source(file)


def _read(file: Path) -> dict:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{file.name}: cannot be read ({error})") from None
