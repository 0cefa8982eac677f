"""Most plausible wrong answers get a message that names the mistake: a test of numbers, notebook by notebook.

The lists in `course_wrong_answers` were written before anybody looked at the messages. A message is *specific* if it
was written for this very mistake (it stands in `rwlib.course.exercises`), or if it says one of the words that the list
asks for and is none of the vague ones, which tell where values differ and not why.
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
LEAST_OF_NEW = 0.6
"""The same of all of the second list, for which no message was written."""
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
def test_new_wrong_answers_are_rejected_and_more_than_half_are_told_why():
    found = [one for number in exercises.notebooks() for one in verdicts(number, "second")]
    assert [one for one in found if one.status != (PASSED if one.words == "x" else FAILED)] == []
    wrong = [one for one in found if one.words != "x"]
    assert sum(one.specific for one in wrong) >= LEAST_OF_NEW * len(wrong), [one for one in wrong if not one.specific]
