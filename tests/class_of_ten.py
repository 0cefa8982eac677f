"""Ten learners who hand a notebook in: each answers an exercise rightly, with a foreseen mistake, or not at all.

What each deserves is known, so it can be compared with what a grader gives.
"""

import random

from rwlib.course.authoring import build, stubs
from rwlib.course.checking import solutions
from rwlib.course.checking.exercise import Each
from rwlib.course.exercises import of_notebook

NAMES = ("ada", "ben", "cleo", "dev", "eve", "finn", "gus", "hana", "ida", "jo")


def hand_in(number, learner, right=0.6, wrong=0.3, *, base=None):
    """Return (notebook, {exercise: points}).

    base: the notebook that the learner was given; the course's own without it. Learner 0 answers everything rightly,
    and learner 9 nothing.
    """
    (source,) = build.sources([number])
    with_solutions = build.read_source(source)
    notebook = base or build.make_learners(with_solutions)
    chance = random.Random(f"{number} {learner}")
    exercises = {one.number: one for one in of_notebook(number)}
    deserved = {}
    for cell in with_solutions.cells:
        if cell.cell_type != "code" or not stubs.has_solution(cell.source):
            continue
        name = solutions.EXERCISE.search(cell.source)[1]
        luck = 0.0 if learner == 0 else 1.0 if learner == 9 else chance.random()
        if luck < right:
            answer, deserved[name] = cell.source, 1
        elif luck < right + wrong:
            answer, deserved[name] = _mistaken(exercises[name], cell.source, chance), 0
        else:
            deserved[name] = 0
            continue
        given = next(one for one in notebook.cells if one.get("id") == cell.id)
        given.source = answer
    return notebook, deserved


def _mistaken(exercise, source, chance):
    """Return the cell with one of the exercise's mistakes in it."""
    wrong = chance.choice(list(exercise.mistakes.values()))
    wrong = wrong.answers[0] if isinstance(wrong, Each) else wrong
    lines = source.split("\n")
    begin, end = (
        next(i for i, line in enumerate(lines) if line.strip() == mark) for mark in (solutions.BEGIN, solutions.END)
    )
    found = solutions.find_solution(exercise.number)
    is_edit = isinstance(wrong, str | tuple) and (not exercise.is_prediction or solutions.ARROW in str(wrong))
    body = found.edited(wrong).body.rstrip("\n") if is_edit else f"{found.name} = {wrong!r}"
    return "\n".join([*lines[: begin + 1], *body.split("\n"), *lines[end:]])
