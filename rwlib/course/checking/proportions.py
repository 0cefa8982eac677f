"""How a result answers to what is done to the values: doubled, made equal, exchanged, of the other sign.

Each question takes some trials and returns a sentence about the answer; empty where it does as the solution does.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from torch import Tensor

from rwlib.course.checking.rows import is_real
from rwlib.course.checking.run import copied
from rwlib.course.checking.trials import (
    ONLY_THE_ANSWER,
    ONLY_THE_SOLUTION,
    Trial,
    changed,
    differ,
    is_image,
    is_list,
)  # fmt: skip

POWERS = (0.0, 1.0, 2.0, 0.5, -1.0, -2.0, -0.5, 3.0, 4.0)
"""Powers of an argument with which a result may grow, the likeliest first."""


def growth(trials: Sequence[Trial]) -> str:
    """How does the result grow when an argument is doubled?"""
    for group in _groups(trials[0]):
        powers = {_powers(trial, group) for trial in trials}
        mine, right = powers.pop()
        if powers or right is None or mine == right:
            continue
        what = " and ".join(f"`{name}`" for name in group)
        begin = f"When {what} is doubled" if len(group) == 1 else f"When {what} are doubled together"
        yours = f"yours {_times(mine)}" if mine is not None else "yours does not grow in such a way"
        return f"{begin}, the right result {_times(right)}, {yours}: {_why_growth(mine, right)}"
    return ""


def _groups(trial: Trial) -> Iterator[tuple[str, ...]]:
    """Yield the names of arguments to double: each by itself, then all images together."""
    images = trial.names(lambda value: is_image(value) or is_list(value))
    yield from ((name,) for name in trial.names(lambda value: is_image(value) or is_real(value) or is_list(value)))
    if len(images) > 1:
        yield tuple(images)


def _powers(trial: Trial, group: tuple[str, ...]) -> tuple[float | None, float | None]:
    """Return by which powers of two the answer and the solution grow; None where it is no power, or an error."""

    def double(arguments: dict) -> dict:
        values = {name: copied(arguments[name]) for name in group}
        twice = {name: type(x)(2 * y for y in x) if is_list(x) else 2 * x for name, x in values.items()}
        return {**arguments, **twice}

    got, right = trial.results((group, "doubled"), double)
    if got is None or right is None:
        return None, None
    return _power(got, trial.unchanged[0]), _power(right, trial.unchanged[1])


def _power(now: Tensor, before: Tensor) -> float | None:
    if now.shape != before.shape or not bool(before.any()):
        return None
    return next((power for power in POWERS if not differ(now, 2**power * before)), None)


def _times(power: float) -> str:
    if power == 0:
        return "stays the same"
    return f"becomes {2**power:.4g} times as large" if power > 0 else f"shrinks to {2**power:.4g} of it"


def _why_growth(mine: float | None, right: float) -> str:
    if mine is None:
        return "is a constant added, is something cut off or rounded, or is a square, a root or a logarithm in the way?"
    if mine == 0 or right == 0:
        return "is a division, such as by a length or a mean, missing or too many?"
    return "is a square, a product or a division missing" + (" or too many?" if mine > right else "?")


def same_images(trials: Sequence[Trial]) -> str:
    """Is nothing lost where two arguments are equal?"""
    for one, other in combinations(trials[0].names(lambda value: is_image(value) or is_list(value)), 2):
        key, results = (one, other, "equal"), []
        for trial in trials:
            got, right = trial.results(key, lambda a, one=one, other=other: {**a, one: copied(a[other])})
            if got is None or right is None or bool(right.any()) or not bool(got.any()):
                break
            results.append(got)
        if len(results) == len(trials):
            return (
                f"Where `{one}` equals `{other}`, the right result is 0, and yours is "
                f"{float(results[0].abs().max()):.4g}: what is compared with what?"
            )
    return ""


def exchange(trials: Sequence[Trial]) -> str:
    """Does it matter which is which?"""
    trial = trials[0]
    for one, other in combinations(trial.names(is_image), 2):
        if trial.arguments[one].shape != trial.arguments[other].shape:
            continue
        key = (one, other, "exchanged")
        if trial.reaction(key, lambda a, o=one, p=other: {**a, o: a[p], p: a[o]}) == ONLY_THE_ANSWER:
            return (
                f"When `{one}` and `{other}` are exchanged, the right result stays, and yours changes: is a sign "
                "or an absolute value missing, or is one of them treated in another way?"
            )
    return ""


def sign(trials: Sequence[Trial]) -> str:
    """Does the sign of an argument matter?"""
    for name in trials[0].names(is_image):
        reactions = {
            trial.reaction((name, "sign"), changed(name, lambda x: -x)) for trial in trials if name in trial.arguments
        }
        if reactions == {ONLY_THE_ANSWER}:
            return (
                f"The right result is the same for `{name}` and for `-{name}`, and yours is not: is a square, a "
                "product or an absolute value missing?"
            )
        if reactions == {ONLY_THE_SOLUTION}:
            return f"Your result is the same for `{name}` and for `-{name}`, and the right one is not: is a sign lost?"
    return ""
