"""The solutions of the exercises, read from the notebooks' sources, and the same with a mistake in them.

A solution stands once, between the markers in `notebooks/source/NN_topic.py`. `setup.py` puts these files into an
installed package, too; in a clone they are read where they are edited.
"""

import ast
import functools
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import rwlib
from rwlib.conventions import InputError

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
EXERCISE = re.compile(r"Exercise (\d+\.\d+): ")
ARROW = " ->"
FOLDERS = [Path(__file__).parent / "source", Path(rwlib.__file__).parents[1] / "notebooks" / "source"]
"""Where sources may lie: in an installed package, in a clone."""


@dataclass(frozen=True)
class Solution:
    """One exercise's solution as text."""

    number: str
    """For instance `"2.1"`."""
    name: str
    """What the text defines: the function, the class, or the variable with the predicted value."""
    before: str
    """What stands above the solution in the same definition: its first line, its docstring; empty for a value."""
    body: str
    """What stands between the markers, as it is indented there."""
    imports: tuple[ast.stmt, ...]
    """Every import of the notebook."""

    def answer(self) -> Any:
        """Run the text and return the function, class or value that it defines.

        Only the imports run whose names occur in it, so that a check needs no more of rwlib than the solution does.
        """
        space = self.space()
        exec(compile(self.before + self.body, f"<solution of exercise {self.number}>", "exec"), space)  # noqa: S102
        return space[self.name]

    def space(self, more: str = "") -> dict[str, Any]:
        """Return the names that the solution needs: those of the notebook's imports that occur in it.

        Args:
            more: further code whose names are needed; its own imports are run, too.
        """
        trees = [ast.parse(self.before + self.body), ast.parse(more)]
        used = {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
        extra = [node for node in trees[1].body if isinstance(node, ast.Import | ast.ImportFrom)]
        space: dict[str, Any] = {"__name__": f"solution_of_{self.number}"}
        for node in (*extra, *self.imports):
            names = [
                alias for alias in node.names if node in extra or (alias.asname or alias.name).split(".")[0] in used
            ]
            if names:
                needed = ast.Module([type(node)(**{**vars(node), "names": names})], type_ignores=[])
                exec(compile(needed, f"<imports of exercise {self.number}>", "exec"), space)  # noqa: S102
        return space

    def edited(self, edits: str | Sequence[str]) -> "Solution":
        """Return the solution with a mistake in it.

        Args:
            edits: `"old -> new"` puts `new` in the place of `old`, which occurs once; several of these are applied one
                after the other. A text without an arrow replaces the whole body.

        Raises:
            InputError: `old` does not occur once.
        """
        body = self.body
        for edit in [edits] if isinstance(edits, str) else edits:
            old, arrow, new = edit.partition(ARROW)
            if not arrow:
                indent = self.body[: len(self.body) - len(self.body.lstrip())]
                body = textwrap.indent(textwrap.dedent(edit).strip("\n"), indent) + "\n"
            elif (times := body.count(old)) == 1:
                body = body.replace(old, new.removeprefix(" "))
            else:
                raise InputError(
                    f"exercise {self.number}: {edit!r}: expected {old!r} once in the solution, got {times}"
                )
        return replace(self, body=body)


def find_solution(number: str) -> Solution:
    """Return the solution of an exercise, for instance of `"2.1"`.

    Raises:
        InputError: no source of its notebook, or no solution of this number in it.
    """
    chapter = f"{int(number.split('.')[0]):02}"
    files = [file for folder in FOLDERS for file in sorted(folder.glob(f"{chapter}_*.py"))]
    if not files:
        raise InputError(f"exercise {number}: found no source of notebook {chapter}; expected one in {FOLDERS[-1]}")
    for solution in _solutions(files[0]):
        if solution.number == number:
            return solution
    raise InputError(f"exercise {number}: {files[0].name} has no solution of it")


@functools.cache
def _solutions(file: Path) -> tuple[Solution, ...]:
    return tuple(read_solutions(file.read_text(encoding="utf-8")))


def read_solutions(source: str) -> Iterator[Solution]:
    """Yield the solutions of a notebook's source, which is a Python file: cells begin with comments."""
    tree = ast.parse(source)
    imports = tuple(node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    lines = source.splitlines(keepends=True)
    begins = [i for i, line in enumerate(lines) if line.strip() == BEGIN]
    ends = [i for i, line in enumerate(lines) if line.strip() == END]
    for begin, end in zip(begins, ends, strict=True):
        around = next(node for node in tree.body if node.end_lineno > begin + 1)
        first = around.lineno - 1
        name = getattr(around, "name", None)
        if first > begin:  # a value: the comment above the marker says which exercise it is
            name = around.targets[0].id
            first = begin
            while not EXERCISE.search(lines[first]):
                first -= 1
            number = EXERCISE.search(lines[first])[1]
            before = ""
        else:
            before = "".join(lines[first:begin])
            number = EXERCISE.search(before)[1]
        yield Solution(number, name, before, "".join(lines[begin + 1 : end]), imports)
