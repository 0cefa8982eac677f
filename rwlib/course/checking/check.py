"""`check.ex_2_1(answer)` and `hint("2.1")`: what learners call; neither breaks a notebook."""

import functools
import inspect
import os
from collections.abc import Callable
from typing import Any

from rwlib.conventions import InputError
from rwlib.course import exercises, progress
from rwlib.course.checking.compare import as_expected, find_difference, kind
from rwlib.course.checking.describe import describe_error
from rwlib.course.checking.diagnose import diagnose
from rwlib.course.checking.exercise import FAILED, HINT, OPEN, PASSED, Exercise, Result, call_directly
from rwlib.course.checking.gradients import gradients, wrong_gradient
from rwlib.course.checking.predictions import right_entries, wrong_entries, wrong_prediction
from rwlib.course.checking.run import (
    Outcome,
    agree,
    agree_everywhere,
    cases,
    named,
    run,
    run_mistakes,
    run_solution,
    same_value,
)  # fmt: skip
from rwlib.course.workshop import kept


class Check:
    """One attribute for each exercise: `check.ex_2_1` checks exercise 2.1."""

    def __getattr__(self, name: str) -> Callable[[Any], Result]:
        """Return the check of an exercise.

        Raises:
            AttributeError: no such exercise; the message lists those that there are.
        """
        if not name.startswith("ex_"):
            raise AttributeError(f"check: expected an exercise such as check.ex_2_1, got check.{name}")
        try:
            exercise = exercises.find(name.removeprefix("ex_").replace("_", "."))
        except InputError as error:
            raise AttributeError(str(error)) from None
        return functools.partial(_check_and_note, exercise)

    def __dir__(self) -> list[str]:
        return ["hint", "keep", *(exercise.attribute for exercise in exercises.all_exercises())]

    def hint(self, number: str) -> Result:
        """Show the next hint; the same as `hint`, for a notebook that imports `check` alone."""
        return hint(number)

    def keep(self, number: str) -> Result:
        """Put the version of an exercise that passed last into `my_rwlib/`, over what was changed there by hand.

        Raises:
            InputError: there is none that waits for it.
        """
        return Result(PASSED, kept.put_in_place(number), f"Exercise {number}")


check = Check()
"""The checks of all exercises."""


def hint(number: str) -> Result:
    """Show the next hint for an exercise, and after the last one where the solution is.

    Args:
        number: for instance `"2.1"`.

    Raises:
        InputError: no such exercise; the message lists those that there are.
    """
    exercise = exercises.find(number)
    k = progress.next_hint(exercise.number)
    title = f"Exercise {exercise.number}"
    if k < len(exercise.hints):
        return Result(HINT, exercise.hints[k], f"{title}, hint {k + 1} of {len(exercise.hints)}")
    where = f"`notebooks/solutions/`, notebook {exercise.notebook}"
    return Result(HINT, f"That was the last hint. The solution is in {where}.", title)


def judge(exercise: Exercise, answer: Any) -> Result:
    """Return whether `answer` solves the exercise, and if not, why."""
    title = f"Exercise {exercise.number}, {exercise.title}"
    if answer is None or answer is Ellipsis:
        todo = f"Exercise {exercise.number}: put your answer in place of the `...`, then run both cells again."
        return Result(OPEN, todo, title)
    try:
        if exercise.is_prediction:
            message = _judge_value(exercise, answer)
        elif not callable(answer):
            message = f"Expected a function, got {kind(answer)}: name it without calling it."
        elif exercise.judge is not None:
            message = exercise.judge(answer)
        else:
            message = _judge_function(exercise, answer)
    except NotImplementedError as error:
        return Result(OPEN, str(error) or f"Exercise {exercise.number} is still to be written.", title)
    except Exception as error:  # from the learner's code inside the exercise's own judge
        message = describe_error(error)
    return Result(PASSED, "", title) if message is None else Result(FAILED, message, title)


def _check_and_note(exercise: Exercise, answer: Any) -> Result:
    """Judge an answer and write it down; for graders `RWLIB_STRICT=1` raises where it is not right."""
    result = judge(exercise, answer)
    if result.status != OPEN:
        progress.note(exercise.number, result.status)
    if result.status == PASSED and not exercise.is_prediction:
        result = Result(PASSED, kept.keep(exercise, answer), result.title)
    if result.status == FAILED:
        result = Result(FAILED, f'{result.message}\nStuck? `check.hint("{exercise.number}")`', result.title)
    if result.status != PASSED and os.environ.get("RWLIB_STRICT"):
        raise AssertionError(repr(result))
    return result


# --- predictions


def _judge_value(exercise: Exercise, answer: Any) -> str | None:
    if same_value(exercise, answer, exercise.solution):
        return None
    for message, wrong in exercise.wrong_answers():
        if same_value(exercise, answer, wrong):
            return message
    difference = find_difference(answer, exercise.solution, exercise.tolerance)
    if exercise.compare is None and difference is not None and not difference.text:
        answer = as_expected(answer, exercise.solution)
        if message := exercise.wrong_kind_of_answer(answer):
            return message
    if exercise.compare is not None:
        return exercise.compare(answer, exercise.solution)
    if message := _right_in_part(exercise, answer):
        return message
    return wrong_prediction(answer, exercise.solution, exercise.choices, exercise.tolerance)


def _right_in_part(exercise: Exercise, answer: Any) -> str:
    """Say which entries of several are right, and which foreseen mistake the others are."""
    if not isinstance(exercise.solution, tuple | list):
        return ""
    wrong = wrong_entries(answer, exercise.solution, exercise.tolerance)
    for message, mistake in exercise.wrong_answers():
        both = set(wrong_entries(mistake, exercise.solution, exercise.tolerance))
        if wrong and both >= set(wrong) and not set(wrong) & set(wrong_entries(answer, mistake, exercise.tolerance)):
            return f"{right_entries(wrong, len(exercise.solution))} {message}"
    return ""


# --- functions


def _judge_function(exercise: Exercise, answer: Callable) -> str | None:
    if message := _wrong_signature(exercise, answer):
        return message
    got, expected = run(exercise, answer), run_solution(exercise)
    if isinstance(got[-1].error, NotImplementedError):
        raise got[-1].error
    if _all_agree(exercise, got, expected):
        return _judge_gradients(exercise, answer)
    if any(one.error is None for one in got):
        for message, outcome in run_mistakes(exercise):
            if agree_everywhere(exercise, got, outcome):
                return message
    return diagnose(exercise, answer, got, expected)


def _judge_gradients(exercise: Exercise, answer: Callable) -> str | None:
    if "gradients" not in exercise.memory:
        exercise.memory["gradients"] = [gradients(exercise, exercise.solution, case) for case in cases(exercise)]
    tolerance = exercise.tolerance if exercise.compare is None else float("inf")  # a lost gradient is still reported
    for case, right in zip(cases(exercise), exercise.memory["gradients"], strict=True):
        if right and (message := wrong_gradient(gradients(exercise, answer, case), right, tolerance)):
            return message
    return None


def _all_agree(exercise: Exercise, got: list[Outcome], expected: list[Outcome]) -> bool:
    return len(got) == len(expected) and all(agree(exercise, *both) for both in zip(got, expected, strict=True))


def _wrong_signature(exercise: Exercise, answer: Callable) -> str:
    if exercise.call is not call_directly:
        return ""
    case = cases(exercise)[0]
    try:
        signature = inspect.signature(answer)
        signature.bind(**case) if isinstance(case, dict) else signature.bind(*case)
    except TypeError:
        return f"It is called with ({', '.join(named(exercise, case))}), but takes {signature}."
    except ValueError:  # a built-in function without a signature
        return ""
    return ""
