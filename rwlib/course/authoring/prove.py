"""Prove that exercises bite: solutions pass, stubs are helpful, every wrong answer gets the message meant for it."""

import ast
from collections.abc import Sequence
from typing import Any

from rwlib.conventions import InputError
from rwlib.course.authoring.rules import checks
from rwlib.course.authoring.stubs import has_solution
from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import FAILED, OPEN, PASSED, Exercise


def exercise_flaws(exercise: Exercise) -> list[str]:
    """Return one sentence for each thing that is wrong with an exercise's data."""
    flaws = []
    result = judge(exercise, exercise.solution)
    if result.status != PASSED:
        flaws.append(f"its solution is {result.status}: {result.message}")
    if len(set(filter(str.strip, exercise.hints))) < 2:
        flaws.append("expected two or more hints")
    fewest = 2 if exercise.is_prediction else 3
    if len(exercise.mistakes) < fewest:
        flaws.append(f"expected {fewest} or more mistakes, got {len(exercise.mistakes)}")
    try:
        for message, wrong in exercise.wrong_answers():
            result = judge(exercise, wrong)
            if result.status != FAILED or result.message != message:
                flaws.append(f"the mistake {message!r} is {result.status} with {result.message!r}")
    except InputError as error:  # an edit that does not fit the solution
        flaws.append(str(error))
    return [f"exercise {exercise.number}: {flaw}" for flaw in flaws]


def notebook_flaws(with_solutions: Any, learners: Any, exercises: Sequence[Exercise]) -> list[str]:
    """Return one sentence for each exercise of a notebook whose written solution fails or whose stub does not help.

    Args:
        with_solutions: what `rwlib.course.authoring.build.read_source` returns.
        learners: the same with stubs.
        exercises: those of the notebook.
    """
    flaws, answers = [], {}
    for number, name, _ in checks(with_solutions):
        if number in answers:
            flaws.append(f"exercise {number} is checked twice")
        answers[number] = name
    numbers = [exercise.number for exercise in exercises]
    flaws += [f"exercise {number} is declared twice" for number in set(numbers) if numbers.count(number) > 1]
    flaws += [f"check.ex_{n.replace('.', '_')} has no exercise" for n in answers if n not in numbers]
    flaws += [f"exercise {n} is never checked in the notebook" for n in numbers if n not in answers]
    imports = _imports(with_solutions)
    for exercise in exercises:
        if exercise.number in answers:
            name = answers[exercise.number]
            cell = _defining_cell(with_solutions, name)
            if cell is None:
                flaws.append(f"exercise {exercise.number}: no cell with a solution defines `{name}`")
                continue
            for notebook, expected in ((with_solutions, PASSED), (learners, OPEN)):
                flaws += _try_cell(exercise, imports, notebook.cells[cell].source, name, expected)
    return flaws


def _try_cell(exercise: Exercise, imports: str, source: str, name: str, expected: str) -> list[str]:
    what = f"exercise {exercise.number}: the cell's {'solution' if expected == PASSED else 'stub'}"
    space: dict[str, Any] = {"__name__": "__main__"}
    try:
        exec(compile(f"{imports}\n{source}", "<cell>", "exec"), space)  # noqa: S102 (the repository's own cells)
    except Exception as error:
        return [f"{what} does not run with the notebook's imports alone: {error!r}"]
    result = judge(exercise, space[name])
    if result.status != expected:
        return [f"{what} is {result.status}: {result.message}"]
    if expected == OPEN and f"Exercise {exercise.number}: " not in result.message:
        return [f"{what} does not say what to do: {result.message!r}"]
    return []


def _imports(notebook: Any) -> str:
    """Return all import statements of a notebook."""
    nodes = (node for cell in notebook.cells if cell.cell_type == "code" for node in ast.parse(cell.source).body)
    return "\n".join(ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


def _defining_cell(notebook: Any, name: str) -> int | None:
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and has_solution(cell.source):
            for node in ast.parse(cell.source).body:
                targets = getattr(node, "targets", [getattr(node, "target", None)])
                names = {part.id for target in targets if target for part in ast.walk(target) if hasattr(part, "id")}
                if name in names | {getattr(node, "name", None)}:
                    return i
    return None
