"""What of the arguments plays a part in a result: which of them, which images, which region, which rows?

Each question takes some trials and returns a sentence about the answer; empty where it does as the solution does.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rwlib.course.checking.run import run_case
from rwlib.course.checking.trials import (
    ONLY_THE_ANSWER,
    ONLY_THE_SOLUTION,
    Trial,
    any_reaction,
    changed,
    differ,
    is_image,
    is_list,
    noisy,
    noisy_slice,
    ways,
)  # fmt: skip

AXES = ("image", "channel", "row", "column")
MOST = 12
"""Images, channels, rows, ... that are changed one by one; where there are more it takes too long."""


def which_arguments(trials: Sequence[Trial]) -> str:
    """Does the result change with the arguments that it should change with?"""
    for name in trials[0].arguments:
        reaction = any_reaction(
            trial.reaction((name, k), changed(name, way))
            for trial in trials
            for k, way in enumerate(ways(trial.arguments.get(name)))
        )
        if reaction == ONLY_THE_SOLUTION:
            return (
                f"`{name}` plays no part in your result: when it is changed, yours stays, and the right result changes "
                "with it."
            )
        if reaction == ONLY_THE_ANSWER:
            return f"Your result changes with `{name}`, and the right one does not: where does it come in?"
    return ""


def calls(trials: Sequence[Trial]) -> str:
    """Is a function among the arguments called as often as it should be?"""
    trial = trials[0]
    for name in trial.names(lambda value: callable(value) and not isinstance(value, type)):
        mine, right = (_count(trial, function, name) for function in (trial.answer, trial.exercise.solution))
        if right and not mine:
            return f"`{name}` is never called."
        if right and mine > right:
            return f"`{name}` is called {mine} times, and {right} would do: what is done more than once?"
        if mine < right:
            return f"`{name}` is called too rarely, {mine} times: it is needed {right} times."
    return ""


def _count(trial: Trial, function: Callable, name: str) -> int:
    """Return how often a function calls its argument of a name."""
    counted = []

    def counting(value: Any) -> Any:
        if isinstance(value, nn.Module):
            value.register_forward_hook(lambda *_: counted.append(1))
            return value

        @functools.wraps(value)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            counted.append(1)
            return value(*args, **kwargs)

        return wrapper

    run_case(trial.exercise, function, trial.case, changed(name, counting))
    return len(counted)


def batch(trials: Sequence[Trial]) -> str:
    """Does one image see the others?"""
    for trial in trials:
        names = trial.names(lambda value: is_image(value) and value.ndim == 4)
        sizes = {len(trial.arguments[name]) for name in names}
        if len(sizes) != 1 or (b := sizes.pop()) < 2 or (first := _first_of_batch(trial, b)) is None:
            continue

        def others(arguments: dict, names: Sequence[str] = names) -> dict:
            return {**arguments, **{name: noisy_slice(arguments[name], 0, slice(1, None)) for name in names}}

        (got, right), (mine, expected) = map(first, trial.results("other images", others)), map(first, trial.unchanged)
        if mine is not None and not differ(right, expected) and differ(got, mine):
            return (
                "The result of the first image changes with the other images of the batch: every image must be treated "
                "on its own. Does a sum, a mean or a maximum run over the batch?"
            )
    return ""


def _first_of_batch(trial: Trial, b: int) -> Callable[[Tensor | None], Tensor | None] | None:
    """Return what takes the first image's numbers out of a row of numbers, if a result has a row for each image."""
    value = run_case(trial.exercise, trial.exercise.solution, trial.case).value
    if not isinstance(value, Tensor) or not value.ndim or len(value) != b:
        return None
    size = value.numel() // b
    return lambda x: None if x is None or x.numel() != size * b else x[:size]


def regions(trials: Sequence[Trial]) -> str:
    """Does the hole count, does the existing region?"""
    M = trials[0].exercise.mask
    for name in trials[0].names(is_image):
        reactions = {True: [], False: []}
        for trial in trials:
            mask, x = trial.arguments.get(M), trial.arguments.get(name)
            if not isinstance(mask, Tensor) or not isinstance(x, Tensor) or mask.shape[-2:] != x.shape[-2:]:
                return ""
            for exists in (True, False):

                def region(x: Tensor, mask: Tensor = mask, exists: bool = exists) -> Tensor:
                    return torch.where((mask == 1) == exists, noisy(x), x).detach().requires_grad_(x.requires_grad)

                reactions[exists].append(trial.reaction((name, "region", exists), changed(name, region)))
        for exists in (True, False):
            where = f"where the image exists (`{M}` = 1)" if exists else f"in the hole (`{M}` = 0)"
            reaction = any_reaction(reactions[exists])
            if reaction == ONLY_THE_SOLUTION:
                return f"What `{name}` has {where} plays no part in your result, and in the right one it does."
            if reaction == ONLY_THE_ANSWER:
                return f"Your result changes with what `{name}` has {where}, and the right one does not."
    return ""


def slices(trials: Sequence[Trial]) -> str:
    """Which images, channels, rows, columns or entries of an argument matter?"""
    trial = trials[0]
    for name, value in trial.arguments.items():
        if is_list(value):

            def one_entry(i: int) -> Callable[[Any], Any]:
                return lambda xs: type(xs)(noisy(x) if k == i else x for k, x in enumerate(xs))

            if text := _parts(trial, name, len(value), "entry", one_entry):
                return text
        for axis, size in enumerate(value.shape if is_image(value) else ()):
            what = AXES[axis] if value.ndim == 4 else f"axis {axis}, index" if value.ndim > 1 else "entry"
            if text := _parts(trial, name, size, what, lambda i, axis=axis: lambda x: noisy_slice(x, axis, i)):
                return text
    return ""


def _parts(trial: Trial, name: str, size: int, what: str, way: Callable) -> str:
    if size < 2 or size > MOST:
        return ""
    reactions = [trial.reaction((name, what, i), changed(name, way(i))) for i in range(size)]
    if None in reactions:
        return ""
    mine, right = ([i for i in range(size) if reactions[i][side]] for side in (0, 1))
    if mine and set(mine) < set(right):
        lost = _listed([i for i in right if i not in mine])
        return (
            f"Only a part of `{name}` counts in your result ({what} {_listed(mine)}). In the right one, "
            f"{what} {lost} does, too (the first is 0)."
        )
    if right and set(right) < set(mine):
        more = _listed([i for i in mine if i not in right])
        return f"Your result changes with {what} {more} of `{name}` (from 0), and the right one does not."
    return ""


def _listed(numbers: Sequence[int]) -> str:
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}" if first else last
