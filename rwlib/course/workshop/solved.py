"""`my_rwlib/` as it looks when everything is solved: for tests, and for the notebooks with solutions."""

import ast
from pathlib import Path

from rwlib.course import exercises
from rwlib.course.checking.solutions import Solution, find_solution
from rwlib.course.workshop import kept
from rwlib.course.workshop.written import Written, used_names


def keep_solutions(folder: Path, before: str = "99") -> None:
    """Write the solution of every exercise that is a function.

    Args:
        folder: the package's, for instance of a test.
        before: number of a notebook; its solutions and those of later ones are left out.

    Raises:
        InputError: the folder cannot be written to.
    """
    for exercise in exercises.all_exercises():
        if not exercise.is_prediction and exercise.notebook < before:
            kept.keep_text(exercise, as_written(find_solution(exercise.number)), folder)


def as_written(solution: Solution) -> Written:
    """Return a solution as a check would keep it."""
    text = solution.before + solution.body
    used = set(used_names(text))
    lines = []
    for node in solution.imports:
        names = [alias for alias in node.names if (alias.asname or alias.name).split(".")[0] in used]
        if names:
            lines.append(ast.unparse(type(node)(**{**vars(node), "names": names})))
    return Written(tuple(lines), text.rstrip() + "\n")
