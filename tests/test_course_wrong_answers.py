"""Most plausible wrong answers get a message that names the mistake: a test of numbers, notebook by notebook.

The lists `nbNN.py` were written before the messages were looked at, but for exercises 0.1, 6.13, 7.13 and 12.1 to
12.3, whose authors knew them; then messages were written for most of them. `second.py`, `third.py` and `fourth.py`
say what a message is worth after that: no message was written for them. `fifth.py` and `sixth.py` are by another
hand, which had seen no message; explanations were mended after the fifth, and the sixth was tried once, then.

A message is *specific* if it is the one that an author wrote for what does the same as the answer in every case (it
stands in `rwlib.course.exercises`), or if it says one of the words that the list asks for and is none of the vague
ones, which tell where values differ and not why. Whoever writes a list chooses the words beforehand.
"""

import importlib
import re
from typing import NamedTuple

import pytest

from rwlib.course import exercises
from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import FAILED, PASSED
from rwlib.course.checking.solutions import find_solution

LEAST = 0.85
"""Share of wrong answers with a specific message, in each notebook."""
LEAST_OF = {"second": 0.77, "third": 0.95, "fourth": 0.82, "fifth": 0.93, "sixth": 0.86}
"""The same of all of a later list."""
VAGUE = re.compile(
    r"largest difference|changes from case to case|^Right in \d|^In \d+ of|Think again"
    r"|^Expected [^:]*, got [^:]*, with ",
)


class Verdict(NamedTuple):
    """What one wrong answer got."""

    number: str
    wrong: str
    words: str
    status: str
    message: str
    specific: bool


def verdicts(notebook, module=None):
    """Judge every wrong answer of a notebook's list, or those of a module's list that belong to the notebook."""
    wrong_answers = importlib.import_module(f"course_wrong_answers.{module or f'nb{notebook}'}").WRONG
    found = []
    for exercise in exercises.of_notebook(notebook):
        for wrong, words in wrong_answers.get(exercise.number, ()):
            answer = wrong if exercise.is_prediction else find_solution(exercise.number).edited(wrong).answer()
            result = judge(exercise, answer)
            foreseen = any(result.message.endswith(one) for one in exercise.mistakes)
            named = not VAGUE.search(result.message) and re.search(words, result.message, re.IGNORECASE)
            found.append(
                Verdict(exercise.number, str(wrong), words, result.status, result.message, foreseen or bool(named))
            )
    return found


@pytest.mark.parametrize(
    "notebook",
    [
        pytest.param(number, id=f"nb{number}", marks=[pytest.mark.slow] * (number in ("02", "03", "04", "06", "07")))
        for number in exercises.notebooks()
    ],
)
def test_wrong_answers_are_rejected_and_most_are_told_why(notebook):
    found = verdicts(notebook)
    assert [one for one in found if one.status != FAILED] == []
    vague = [one for one in found if not one.specific]
    assert 1 - len(vague) / len(found) >= LEAST, vague


@pytest.mark.parametrize("notebook", [pytest.param(number, id=f"nb{number}") for number in exercises.notebooks()])
def test_every_exercise_has_its_list(notebook):
    wrong_answers = importlib.import_module(f"course_wrong_answers.nb{notebook}").WRONG
    assert list(wrong_answers) == [exercise.number for exercise in exercises.of_notebook(notebook)]
    for exercise in exercises.of_notebook(notebook):
        fewest = 3 if exercise.choices or exercise.number == "3.4" else 8
        assert len(wrong_answers[exercise.number]) >= fewest, exercise.number


@pytest.mark.slow
@pytest.mark.parametrize("module", LEAST_OF)
def test_later_lists_are_rejected_and_most_are_told_why(module):
    found = [one for number in exercises.notebooks() for one in verdicts(number, module)]
    assert [one for one in found if one.status != (PASSED if one.words == "x" else FAILED)] == []
    wrong = [one for one in found if one.words != "x"]
    vague = [one for one in wrong if not one.specific]
    assert 1 - len(vague) / len(wrong) >= LEAST_OF[module], vague


@pytest.mark.parametrize("module", ["third", "fourth"])
def test_later_lists_have_three_for_every_exercise(module):
    wrong_answers = importlib.import_module(f"course_wrong_answers.{module}").WRONG
    asked = [one.number for one in exercises.all_exercises() if module == "third" or not one.is_prediction]
    assert set(wrong_answers) <= set(asked)
    assert all(len(some) >= 3 for some in wrong_answers.values())
