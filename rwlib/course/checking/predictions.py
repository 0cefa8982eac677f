"""Explain a predicted value that is wrong in a way that no author foresaw, without giving the right one away."""

from collections.abc import Sequence
from typing import Any

from rwlib.course.checking.compare import find_difference, is_number, kind, same
from rwlib.course.checking.describe import short

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def wrong_prediction(answer: Any, expected: Any, choices: Sequence[str], tolerance: float | None) -> str:
    """Return what is wrong, in a sentence.

    Args:
        answer: what was predicted; not equal to `expected`.
        expected: the right value.
        choices: what there is to choose from; empty if that is open.
        tolerance: as in `find_difference`.
    """
    if choices and not (isinstance(answer, str) and _is_one(answer, choices)):
        if sum(map(len, choices)) > 60:
            return f"`{short(answer)}` is no line of the list: copy one word for word, between quotes."
        return f"Expected one of {', '.join(f'`{choice}`' for choice in choices)}; got `{short(answer)}`."
    wrong = wrong_entries(answer, expected, tolerance)
    if wrong:
        backwards = list(answer)[::-1]
        if same(backwards, list(expected), tolerance):
            return "The right values in the wrong order."
        if len(wrong) < len(expected):
            return right_entries(wrong, len(expected))
    if isinstance(answer, str) and isinstance(expected, str) and 1 < len(answer) == len(expected) < len(ORDINALS):
        wrong = [i for i, (one, other) in enumerate(zip(answer.lower(), expected.lower(), strict=True)) if one != other]
        if 0 < len(wrong) < len(expected):
            return right_entries(wrong, len(expected)).replace("Right:", "Right letters:", 1)
    if difference := find_difference(answer, expected, tolerance):
        if difference.text:
            return difference.text
    if is_number(answer) and is_number(expected) and not isinstance(expected, bool):
        return f"`{short(answer)}` is too {'large' if answer > expected else 'small'}."
    return f"Not `{short(answer)}`. Think again before you look at the hints." if answer is not None else kind(answer)


def wrong_entries(answer: Any, expected: Any, tolerance: float | None) -> list[int]:
    """Return which entries of several are wrong; none if there are not as many as expected."""
    if not isinstance(expected, tuple | list) or not isinstance(answer, tuple | list) or len(answer) != len(expected):
        return []
    both = enumerate(zip(answer, expected, strict=True))
    return [i for i, (one, other) in both if not same(one, other, tolerance)]


def right_entries(wrong: Sequence[int], count: int) -> str:
    """Return which entries of several are right, and which are not."""
    right = [ORDINALS[i] for i in range(count) if i not in wrong]
    text = f"Right: the {' and the '.join(right)}. " if right else ""
    return f"{text}Not yet right: the {' and the '.join(ORDINALS[i] for i in wrong)}."


def _is_one(answer: str, choices: Sequence[str]) -> bool:
    return any(same(answer, choice) for choice in choices)
