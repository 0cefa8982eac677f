"""One case of an exercise whose arguments are changed: how do the answer and the solution react?"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rwlib.course.checking.exercise import Exercise
from rwlib.course.checking.rows import is_real, row_of_numbers
from rwlib.course.checking.run import cases, copied, named, run_case

Change = Callable[[dict], dict]
"""Takes the arguments by name and returns others."""


class Reaction(NamedTuple):
    """Whose result became another one when an argument was changed."""

    answer: bool
    solution: bool


ONLY_THE_ANSWER, ONLY_THE_SOLUTION = Reaction(True, False), Reaction(False, True)


class Trial:
    """One case, with the results of the answer and of the solution before anything is changed."""

    def __init__(self, exercise: Exercise, answer: Callable, i: int) -> None:
        self.exercise, self.answer, self.i = exercise, answer, i
        self.case = cases(exercise)[i]
        self.arguments = {name: copied(value) for name, value in named(exercise, self.case).items()}
        self.unchanged = self.results("as it is", lambda arguments: arguments)

    def results(self, key: Any, change: Change) -> tuple[Tensor | None, Tensor | None]:
        """Return what the answer and the solution make of changed arguments, as rows of numbers; None for an error.

        Args:
            key: what is changed, and how: the solution's part is kept for other answers.
            change: of the arguments.
        """
        kept = self.exercise.memory.setdefault("experiments", {})
        if (self.i, key) not in kept:
            kept[self.i, key] = self._result(self.exercise.solution, change)
        right = kept[self.i, key]
        return None if right is None else self._result(self.answer, change), right

    def _result(self, function: Callable, change: Change) -> Tensor | None:
        outcome = run_case(self.exercise, function, self.case, change)
        return None if outcome.error is not None else row_of_numbers(outcome.value)

    def reaction(self, key: Any, change: Change) -> Reaction | None:
        """Return which results a change moves; None where the solution cannot take it."""
        got, right = self.results(key, change)
        if right is None:
            return None
        return Reaction(differ(got, self.unchanged[0]), differ(right, self.unchanged[1]))

    def names(self, is_kind: Callable[[Any], bool]) -> list[str]:
        """Return the names of the arguments of a kind."""
        return [name for name, value in self.arguments.items() if is_kind(value)]


def any_reaction(reactions: Iterable[Reaction | None]) -> Reaction:
    """Return whether the answer ever reacts to some changes, and whether the solution does."""
    taken = [reaction for reaction in reactions if reaction is not None]
    return Reaction(any(one.answer for one in taken), any(one.solution for one in taken))


def differ(one: Tensor | None, other: Tensor) -> bool:
    """Whether two rows of numbers are not the same; an error, None, differs from all."""
    if one is None or one.shape != other.shape:
        return True
    scale = max(float(other.abs().max()) if other.numel() else 0.0, 1e-12)
    return not bool(torch.isclose(one, other, rtol=0.0, atol=1e-9 * scale, equal_nan=True).all())


# --- kinds of arguments, and how they are changed


def is_image(value: Any) -> bool:
    """Whether an argument is a tensor of real numbers, and no mask."""
    return isinstance(value, Tensor) and value.is_floating_point() and value.numel() > 0 and not is_mask(value)


def is_mask(value: Any) -> bool:
    """Whether an argument is a tensor of 0 and 1, of two axes or more."""
    return isinstance(value, Tensor) and value.ndim >= 2 and bool(((value == 0) | (value == 1)).all())


def is_list(value: Any) -> bool:
    """Whether an argument is a list of images or feature maps."""
    return isinstance(value, tuple | list) and len(value) > 0 and all(map(is_image, value))


def noisy(x: Tensor) -> Tensor:
    """Return another image, always the same one."""
    noise = torch.rand(x.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64).to(x.dtype)
    return (0.5 * x.detach() + 0.31 * noise + 0.1).requires_grad_(x.requires_grad)


def noisy_slice(x: Tensor, axis: int, index: int | slice) -> Tensor:
    """Return x with noise at one index of an axis."""
    new = x.detach().clone()
    where = (slice(None),) * axis + (index,)
    new[where] = noisy(x)[where].detach()
    return new.requires_grad_(x.requires_grad)


def ways(value: Any) -> Iterator[Callable[[Any], Any]]:
    """Yield ways to change an argument."""
    if is_mask(value):
        yield lambda M: M.roll(1, -1)
        yield lambda M: M.roll(1, -2)
    elif is_image(value):
        yield noisy
    elif is_list(value):
        yield lambda xs: type(xs)(map(noisy, xs))
    elif is_real(value):
        for way in (lambda x: x + 1, lambda x: x + 2, lambda x: 2 * x, lambda x: x / 2, lambda x: 1.1 * x):
            if not isinstance(value, int) or isinstance(way(value), int):
                yield way


def changed(name: str, way: Callable[[Any], Any]) -> Change:
    """Return the change of one argument alone."""
    return lambda arguments: {**arguments, name: way(arguments[name])}
