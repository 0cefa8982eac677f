"""Explain a wrong answer that is none of the foreseen mistakes, from the surest explanation to the vaguest."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, permutations

import torch
from torch import Tensor

from rwlib.course.checking.compare import find_difference, pairs, same
from rwlib.course.checking.describe import describe, describe_error, short, why
from rwlib.course.checking.exercise import Exercise, call_directly
from rwlib.course.checking.experiments import LESS_SURE, SURE, experiment
from rwlib.course.checking.explanations import explain
from rwlib.course.checking.rows import row_of_numbers
from rwlib.course.checking.run import Outcome, agree, run, same_value
from rwlib.course.checking.transforms import wrong_result
from rwlib.course.checking.values import Wrong, factor, vaguely

VAGUE = re.compile(r"The largest difference|Right in \d|In \d+ of|Expected ")
"""What says where values differ, and not why."""


def diagnose(exercise: Exercise, answer: Callable, got: list[Outcome], expected: list[Outcome]) -> str:
    """Return what is wrong with an answer, in a sentence or two.

    Args:
        exercise: with `cases`.
        answer: the learner's function, to try it on other arguments.
        got: what it did with the cases.
        expected: what the solution did; not the same.
    """
    for one, other in zip(got, expected, strict=True):
        if one.error is None and other.error is None:
            continue
        if text := explain(exercise, answer, got):
            return text
        if one.error is not None and type(one.error) is not type(other.error):
            return f"{describe_error(one.error)}\n{why(one.error)}It was called {describe(one.arguments)}."
        if one.error is None:
            return f"Expected a `{type(other.error).__name__}` to be raised, {describe(one.arguments)}."
    for one, other in zip(got, expected, strict=True):
        if text := _traces(one, other):
            return text
    both = [(one, other) for one, other in zip(got, expected, strict=True) if one.error is None]
    if exercise.compare is not None:
        return explain(exercise, answer, got) or _compared(exercise, both)
    differences = [(one, find_difference(one.value, other.value, exercise.tolerance)) for one, other in both]
    differences = [(one, difference) for one, difference in differences if difference is not None]
    one, difference = next(((o, d) for o, d in differences if d.text), differences[0])
    if difference.text:
        is_shape = difference.text.startswith("Expected the shape")
        if is_shape and "right so far" not in difference.text and (text := explain(exercise, answer, got)):
            return f"{text} {difference.text}"
        row = row_of_numbers(one.value)  # where everything is nan, much agrees by chance
        is_some = " entries are " in difference.text and row is not None and bool(torch.isfinite(row).any())
        if is_some and (text := explain(exercise, answer, got)):
            return f"{text} {difference.text}"
        text = f"{difference.text} It was called {describe(one.arguments)}."
        if " float" in difference.text and (other := _besides(exercise, answer, got, expected)):
            text = f"{difference.text} Besides: {other}"
    else:
        text = _factor(exercise, difference.path, both)
        if not text and (whole := _of_the_whole(exercise, answer, got, expected)):
            return whole
        text = text or _done_to_the_result(exercise, difference.path, both)
        if not text and (seen := experiment(exercise, answer, SURE)):
            return seen
        text = text or _values(exercise, difference.path, both)
        if VAGUE.match(text) and (seen := experiment(exercise, answer, LESS_SURE)):
            return seen
    return _where(exercise, difference.path) + text


def _of_the_whole(exercise: Exercise, answer: Callable, got: list[Outcome], expected: list[Outcome]) -> str:
    """Return what explains everything that came, whatever its parts are."""
    values = [(one.value, other.value) for one, other in zip(got, expected, strict=True)]
    if all(isinstance(part, tuple | list) for both in values for part in both):
        for order in list(permutations(range(len(values[0][1]))))[1:]:
            moved = [[one[i] for i in order] if len(one) == len(order) else one for one, _ in values]
            if all(same_value(exercise, one, other) for one, (_, other) in zip(moved, values, strict=True)):
                return "The results are right, but they come in another order."
    return (
        _constant(got, expected)
        or _other_arguments(exercise, answer, expected)
        or explain(exercise, answer, got)
        or _property(got, expected)
    )


def _constant(got: list[Outcome], expected: list[Outcome]) -> str:
    """Say so if the same comes out whatever goes in, or an argument itself."""
    if any(one.error is not None for one in got) or len(got) < 2:
        return ""
    first, right = got[0].value, expected[0].value
    is_plain = isinstance(right, Tensor | int | float | str | list | tuple)
    if not is_plain or all(same(one.value, right) for one in expected):
        return ""
    try:
        is_constant = all(same(one.value, first) for one in got)
    except RecursionError:  # a list that holds itself
        return ""
    if is_constant:
        return f"Your result is {short(first)} in every case, whatever the arguments are."
    rows = [row_of_numbers(one.value) for one in got]
    if all(row is not None and len(row) and bool((row == row[0]).all()) for row in rows):
        if len({float(row[0]) for row in rows}) == 1 and not all(len(row) == 1 for row in rows):
            return f"Every entry of your result is {float(rows[0][0]):.6g} in every case, whatever the arguments are."
    for name, value in got[0].arguments.items():
        if isinstance(value, Tensor) and value.numel() > 1:
            both = [(one.value, one.arguments.get(name)) for one in got]
            if all(isinstance(v, Tensor) and isinstance(x, Tensor) and same(v, x) for v, x in both):
                return f"`{name}` comes back unchanged."
    return ""


def _property(got: list[Outcome], expected: list[Outcome]) -> str:
    """Say what all right results have and yours have not: no values between 0 and 1, a symmetry, no negative entry."""
    rows = [(row_of_numbers(one.value), row_of_numbers(other.value)) for one, other in zip(got, expected, strict=True)]
    if not rows or any(one is None or other is None or len(one) != len(other) for one, other in rows):
        return ""
    got_row, right_row = torch.cat([one for one, _ in rows]), torch.cat([other for _, other in rows])
    if not len(right_row) or not bool(torch.isfinite(right_row).all()):
        return ""
    is_two = bool(((right_row == 0) | (right_row == 1)).all())
    between = got_row[~((got_row == 0) | (got_row == 1))]
    if is_two and len(between):
        return f"The right result has 0 and 1 alone, and nothing between; yours has {float(between[0]):.4g}, too."
    values = [(one.value, other.value) for one, other in zip(got, expected, strict=True)]
    if all(
        isinstance(part, Tensor) and part.ndim >= 2 and part.shape[-1] == part.shape[-2] for b in values for part in b
    ):
        if all(same(other.mT, other) for _, other in values):
            if all(not same(one.mT, one) for one, _ in values):
                return "The right result is symmetric, the same when rows and columns are exchanged; yours is not."
    if len(right_row) > 4 and bool((right_row >= 0).all()) and bool((got_row < 0).any()):
        low = float(got_row.min())
        return f"The right result is never negative, and yours is, {low:.4g}: is a square or an absolute value missing?"
    is_whole, should_be_whole = (bool((row == row.round()).all()) for row in (got_row, right_row))
    if len(right_row) > 4 and should_be_whole and not is_whole:
        return "The right result has whole numbers alone, and yours has not: is rounding missing?"
    return ""


def _besides(exercise: Exercise, answer: Callable, got: list[Outcome], expected: list[Outcome]) -> str:
    """Return what else is wrong with tensors of another dtype, once that is mended."""

    def cast(one: Outcome, other: Outcome) -> Outcome:
        both = isinstance(one.value, Tensor) and isinstance(other.value, Tensor)
        return replace(one, value=one.value.to(other.value.dtype)) if both else one

    mended = [cast(*both) for both in zip(got, expected, strict=True)]
    unchanged = all(one.value is other.value for one, other in zip(mended, got, strict=True))
    if unchanged or all(agree(exercise, *both) for both in zip(mended, expected, strict=True)):
        return ""
    return diagnose(exercise, lambda *args, **kwargs: answer(*args, **kwargs).double(), mended, expected)


def _where(exercise: Exercise, path: str) -> str:
    """Return in which part of the result, as the learner knows it: parts that `call` made are called by name."""
    if exercise.call is not call_directly and path.startswith("['"):
        part, _, path = path[2:].partition("']")
        if part != "result":
            return f"The {part}{f' ({path})' if path else ''}: "
    return f"In `result{path}`: " if path else ""


def _traces(one: Outcome, other: Outcome) -> str:
    if names := [name for name in one.changed if name not in other.changed]:
        return (
            f"It changes its argument {_listed(names)} in place (`+=`, `x[...] =`, `relu_`, ...): the caller still "
            "needs it; work on a new tensor or `.clone()` it."
        )
    if names := [name for name in other.changed if name not in one.changed]:
        return f"It should change its argument {_listed(names)} in place."
    if names := [name for name in one.marked if name not in other.marked]:
        return (
            f"It leaves `requires_grad` or a `.grad` behind on the caller's {_listed(names)}: work on a copy, "
            "`x.detach().clone().requires_grad_()`."
        )
    return ""


def _listed(names: list[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _compared(exercise: Exercise, both: list[tuple[Outcome, Outcome]]) -> str:
    for one, other in both:
        if message := exercise.compare(one.value, other.value):
            return message
    return "It does not do what the solution does."


def _wrong(exercise: Exercise, path: str, both: list[tuple[Outcome, Outcome]]) -> tuple[list[Wrong], list]:
    """Return the cases in which one place of the result is wrong, and the arguments of the others."""
    wrong, right = [], []
    for one, other in both:
        leaf = next((leaf for leaf in pairs(one.value, other.value) if leaf[0] == path), None)
        if leaf is None or same(leaf[1], leaf[2], exercise.tolerance):
            right.append(one.arguments)
        else:
            wrong.append(Wrong(one.arguments, leaf[1], leaf[2]))
    return wrong, right


def _factor(exercise: Exercise, path: str, both: list[tuple[Outcome, Outcome]]) -> str:
    return factor(_wrong(exercise, path, both)[0], exercise.mask)


def _done_to_the_result(exercise: Exercise, path: str, both: list[tuple[Outcome, Outcome]]) -> str:
    leaves = [leaf for one, other in both for leaf in pairs(one.value, other.value) if leaf[0] == path]
    if text := wrong_result([leaf[1:] for leaf in leaves], exercise.tolerance):
        return f"Your result is right but for one thing: {text}{'' if text.endswith('?') else '.'}"
    return ""


def _values(exercise: Exercise, path: str, both: list[tuple[Outcome, Outcome]]) -> str:
    """Return what the wrong values at one place of the result have in common."""
    wrong, right = _wrong(exercise, path, both)
    return vaguely(wrong, right, mask=exercise.mask, tolerance=exercise.tolerance)


def _other_arguments(exercise: Exercise, answer: Callable, expected: list[Outcome]) -> str:
    """Try the answer with the mask turned round and with two arguments exchanged: would it be right then?"""

    def is_right(change: Callable[[dict], dict]) -> bool:
        outcomes = run(exercise, answer, change)
        return len(outcomes) == len(expected) and all(
            one.error is None and other.error is None and same_value(exercise, one.value, other.value)
            for one, other in zip(outcomes, expected, strict=True)
        )

    first = expected[0].arguments
    if isinstance(first.get(exercise.mask), Tensor):
        M, M_is_number = exercise.mask, first[exercise.mask].dtype != torch.bool
        if is_right(lambda arguments: {**arguments, M: 1 - arguments[M] if M_is_number else ~arguments[M]}):
            return f"The mask is the other way round: `{M}` is 1 where the image exists and 0 where it is missing."
    names = [name for name, value in first.items() if isinstance(value, Tensor)]
    for one, other in combinations(names, 2):
        values = [(o.arguments[one], o.arguments[other]) for o in expected]
        same_shapes = all(isinstance(a, Tensor) and isinstance(b, Tensor) and a.shape == b.shape for a, b in values)
        swap = {one: other, other: one}
        if same_shapes and is_right(lambda a, swap=swap: {name: a[swap.get(name, name)] for name in a}):
            return f"`{one}` and `{other}` are exchanged."
    return ""
