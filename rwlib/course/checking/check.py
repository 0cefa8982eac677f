"""`check.ex_2_1(answer)` and `hint("2.1")`: what learners call; neither breaks a notebook."""

import functools
import inspect
import os
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rwlib.conventions import InputError
from rwlib.course import exercises, progress
from rwlib.course.checking.compare import find_difference, kind, pairs
from rwlib.course.checking.diagnose import Wrong, describe, explain
from rwlib.course.checking.exercise import FAILED, HINT, OPEN, PASSED, Exercise, Result, call_directly
from rwlib.course.checking.run import Outcome, agree, describe_error, named, run, same_value
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
    shown = progress.next_hint(exercise.number)
    title = f"Exercise {exercise.number}"
    if shown < len(exercise.hints):
        return Result(HINT, exercise.hints[shown], f"{title}, hint {shown + 1} of {len(exercise.hints)}")
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
    if exercise.compare is not None:
        return exercise.compare(answer, exercise.solution)
    difference = find_difference(answer, exercise.solution, exercise.tolerance)
    return difference.text or f"Not `{answer!r}`. Think again before you look at the hints."


# --- functions


def _judge_function(exercise: Exercise, answer: Callable) -> str | None:
    if message := _wrong_signature(exercise, answer):
        return message
    got, expected = run(exercise, answer), run(exercise, exercise.solution)
    if isinstance(got[-1].error, NotImplementedError):
        raise got[-1].error
    if _all_agree(exercise, got, expected):
        return None
    for message, wrong in exercise.wrong_answers():
        found = run(exercise, wrong)
        if _all_agree(exercise, got, found) and any(one.error is None for one in got):
            return message
    return _diagnose(exercise, answer, got, expected)


def _all_agree(exercise: Exercise, some: list[Outcome], others: list[Outcome]) -> bool:
    return len(some) == len(others) and all(agree(exercise, *both) for both in zip(some, others, strict=True))


def _wrong_signature(exercise: Exercise, answer: Callable) -> str:
    if exercise.call is not call_directly:
        return ""
    case = next(iter(exercise.cases(torch.Generator().manual_seed(0))))
    try:
        signature = inspect.signature(answer)
        signature.bind(**case) if isinstance(case, dict) else signature.bind(*case)
    except TypeError:
        return f"It is called with ({', '.join(named(exercise, case))}), but takes {signature}."
    except ValueError:  # a built-in function without a signature
        return ""
    return ""


def _diagnose(exercise: Exercise, answer: Callable, got: list[Outcome], expected: list[Outcome]) -> str:
    """Explain a wrong answer that is none of the foreseen mistakes."""
    for one, other in zip(got, expected, strict=True):
        where = describe(one.arguments)
        if one.error is not None and type(one.error) is not type(other.error):
            return f"{describe_error(one.error)}\nIt was called {where}."
        if other.error is not None and one.error is None:
            return f"Expected a `{type(other.error).__name__}` to be raised, {where}."
        if names := [name for name in one.changed if name not in other.changed]:
            return (
                f"It changes its argument {' and '.join(f'`{name}`' for name in names)} in place (`+=`, `x[...] =`, "
                "`relu_`, ...): the caller still needs it; work on a new tensor or `.clone()` it."
            )
        if names := [name for name in other.changed if name not in one.changed]:
            return f"It should change its argument {' and '.join(f'`{name}`' for name in names)} in place."
    both = [(one, other) for one, other in zip(got, expected, strict=True) if one.error is None]
    if exercise.compare is not None:
        return next(filter(None, (exercise.compare(one.value, other.value) for one, other in both)))
    found = [(one, find_difference(one.value, other.value, exercise.tolerance)) for one, other in both]
    found = [(one, difference) for one, difference in found if difference is not None]
    one, difference = next(((o, d) for o, d in found if d.text), found[0])
    text = f"{difference.text} It was called {describe(one.arguments)}." if difference.text else ""
    text = text or _other_arguments(exercise, answer, expected) or _explain(exercise, difference.path, both)
    return f"In `result{difference.path}`: {text}" if difference.path else text


def _explain(exercise: Exercise, path: str, both: list[tuple[Outcome, Outcome]]) -> str:
    wrong, right = [], []
    for one, other in both:
        _, got, expected = next(leaf for leaf in pairs(one.value, other.value) if leaf[0] == path)
        if find_difference(got, expected, exercise.tolerance) is None:
            right.append(one.arguments)
        else:
            wrong.append(Wrong(one.arguments, got, expected))
    return explain(wrong, right, mask=exercise.mask, tolerance=exercise.tolerance)


def _other_arguments(exercise: Exercise, answer: Callable, expected: list[Outcome]) -> str:
    """Try the answer with the mask turned round and with two arguments exchanged: would it be right then?"""

    def is_right(change: Callable[[dict], dict]) -> bool:
        found = run(exercise, answer, change)
        return len(found) == len(expected) and all(
            one.error is None and other.error is None and same_value(exercise, one.value, other.value)
            for one, other in zip(found, expected, strict=True)
        )

    first = expected[0].arguments
    if isinstance(first.get(exercise.mask), Tensor):
        M = exercise.mask
        if is_right(lambda arguments: {**arguments, M: 1 - arguments[M]}):
            return f"The mask is the other way round: `{M}` is 1 where the image exists and 0 where it is missing."
    names = [name for name, value in first.items() if isinstance(value, Tensor)]
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            same_shapes = all(o.arguments[one].shape == o.arguments[other].shape for o in expected)
            swap = {one: other, other: one}
            if same_shapes and is_right(lambda a, swap=swap: {name: a[swap.get(name, name)] for name in a}):
                return f"`{one}` and `{other}` are exchanged."
    return ""
