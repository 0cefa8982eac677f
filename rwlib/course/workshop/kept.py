r"""`my_rwlib/`: the learner's own functions as a package, one module for each notebook.

A check that passes writes its function here. Each function stands below a line such as

    # --- exercise 5.4, the style loss (as checked: 3f2a9c41)

whose number is a checksum of what follows. While it fits, a newer version that passes takes the place of the older one,
which goes to `my_rwlib/earlier/`. Where it no longer fits somebody has changed the file by hand: then nothing is
written, and the check's answer says how to put the new version there.
"""

import ast
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rwlib.conventions import InputError
from rwlib.course.checking.exercise import Exercise
from rwlib.course.workshop.written import Written, text_of, write_out
from rwlib.files import write_text

NAME = "my_rwlib"
MODULES = {
    "00": "start", "01": "masks", "02": "layers", "03": "first_network", "04": "correlation", "05": "style",
    "06": "adversarial", "07": "training", "08": "evaluation", "09": "ablations", "10": "removal", "11": "rivals",
    "12": "planning",
}  # fmt: skip
"""Notebook → module of the package."""
MARK = re.compile(r"^# --- exercise (\d+\.\d+), (.*) \(as checked: (\w+)\)$", re.MULTILINE)
PACKAGE = '''"""Region-wise inpainting, in your own words: functions of the course's exercises that passed their checks.

A module for each notebook. Change what you like: a file that you changed is never overwritten.
"""
'''

_waiting: dict[str, tuple[Exercise, Written]] = {}  # passed, but their place holds something that was changed by hand


class Block(NamedTuple):
    """One exercise in a module of the package."""

    number: str
    title: str
    checksum: str
    text: str

    @property
    def untouched(self) -> bool:
        """Whether it is what a check wrote."""
        return checksum(self.text) == self.checksum


def folder() -> Path:
    """Return where the package lies: in the current folder, or below `$RWLIB_HOME` in a folder of the same name."""
    home = os.environ.get("RWLIB_HOME")
    return (Path(home) / Path.cwd().name if home else Path.cwd()) / NAME


def module_of(exercise: Exercise) -> str:
    """Return the name of an exercise's module, `style` for `5.4`."""
    return MODULES.get(exercise.notebook, f"notebook_{exercise.notebook}")


def keep(exercise: Exercise, answer: Callable, to: Path | None = None) -> str:
    """Write an answer that passed into the package, and return a line about it; never raise.

    Args:
        exercise: which one it solves.
        answer: the function or class.
        to: the package's folder; None takes `folder()`.
    """
    try:
        return keep_text(exercise, write_out(answer), to)
    except InputError as error:
        return str(error)
    except Exception as error:  # a disk, or a source that nobody foresaw: it passed all the same
        return f"Not kept ({type(error).__name__}: {getattr(error, 'strerror', None) or error})."


def keep_text(exercise: Exercise, written: Written, to: Path | None = None, *, asked: bool = False) -> str:
    """Write a function that is there as text; otherwise as `keep`.

    Args:
        exercise: which one it solves.
        written: the text.
        to: the package's folder; None takes `folder()`.
        asked: whether its owner wants a place overwritten that was changed by hand.

    Raises:
        InputError: the file cannot be written.
    """
    to = to or folder()
    file = to / f"{module_of(exercise)}.py"
    where = f"`{NAME}/{file.name}`"
    head, blocks = read_blocks(file)
    here = next((block for block in blocks if block.number == exercise.number), None)
    if here is not None and here.text.strip() == written.text.strip():
        return f"Kept in {where}."
    if here is not None and not here.untouched and not asked:
        _waiting[exercise.number] = exercise, written
        return (
            f"{where} holds another version, which you changed there, so it stays as it is. "
            f'`check.keep("{exercise.number}")` puts this one in its place.'
        )
    to.mkdir(parents=True, exist_ok=True)
    if not (to / "__init__.py").exists():
        write_text(to / "__init__.py", PACKAGE)
    if here is not None:
        _put_aside(to / "earlier", file.name, here)
    text = written.text.strip("\n") + "\n"
    new = Block(exercise.number, exercise.title, checksum(text), text)
    blocks = sorted([block for block in blocks if block.number != new.number] + [new], key=_place)
    lines = [line for line in written.imports if line not in head.splitlines()]
    head = head or f'"""Notebook {exercise.notebook}, in your own words."""\n'
    if lines:
        head = _with_imports(head, lines)
    write_text(file, head.rstrip("\n") + "\n" + "".join(map(_text, blocks)))
    _waiting.pop(exercise.number, None)
    return f"Kept in {where}."


def put_in_place(number: str) -> str:
    """Write the version that waits because its place was changed by hand, and return a line about it.

    Raises:
        InputError: none waits, or the file cannot be written.
    """
    if number not in _waiting:
        raise InputError(f"keep: no version of exercise {number!r} waits; run its check first")
    return keep_text(*_waiting[number], asked=True)


def read_blocks(file: Path) -> tuple[str, list[Block]]:
    """Return what stands above the first exercise of a module, and the exercises; empty where there is no file."""
    if not file.exists():
        return "", []
    text = file.read_text(encoding="utf-8")
    marks = list(MARK.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    head = text[: marks[0].start()] if marks else text
    return head.rstrip("\n") + "\n", [
        Block(*mark.groups(), text[mark.end() : end].strip("\n") + "\n") for mark, end in zip(marks, ends, strict=True)
    ]


def defined_name(text: str) -> str:
    """Return the name that the last definition of a text gives; empty if there is none, or it is no Python."""
    try:
        names = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    except SyntaxError:
        return ""
    return names[-1] if names else ""


def checksum(text: str) -> str:
    """Return eight signs that change with the text, its blank ends aside."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:8]


def _text(block: Block) -> str:
    return f"\n\n# --- exercise {block.number}, {block.title} (as checked: {block.checksum})\n{block.text}"


def _place(block: Block) -> tuple[int, ...]:
    return tuple(map(int, block.number.split(".")))


def _put_aside(earlier: Path, name: str, block: Block) -> None:
    earlier.mkdir(exist_ok=True)
    with open(earlier / name, "a", encoding="utf-8") as file:
        file.write(_text(block))


def _with_imports(head: str, lines: list[str]) -> str:
    """Add import lines below the docstring of a module, above whatever else somebody wrote there."""
    try:
        first = ast.parse(head).body[0]
        docstring = first.end_lineno if isinstance(first, ast.Expr) else 0
    except (SyntaxError, IndexError):
        docstring = 0
    above, below = head.splitlines()[:docstring], head.splitlines()[docstring:]
    imports = [line for line in below if line.startswith(("import ", "from ")) and not line.endswith("(")]
    if all(line in imports or not line for line in below):
        lines, below = [*imports, *lines], []
    return "\n".join([*above, "", text_of(lines), *below]).strip("\n") + "\n"
