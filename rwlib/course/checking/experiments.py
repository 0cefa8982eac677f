"""Ask the answer itself: which arguments matter to it, which images see each other, how it grows when they do.

An answer may be wrong in a way that no change of the solution comes near. Then arguments are changed, one at a time,
and the answer is watched beside the solution. Whatever is said was seen: "`b` plays no part" means that `b` was
changed, and that the right result changed with it and the answer's did not.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rwlib.course.checking.compare import pairs
from rwlib.course.checking.exercise import Exercise
from rwlib.course.checking.run import by_size, cases, copied, kinds, named, run_case

Change = Callable[[dict], dict]
AXES = ("image", "channel", "row", "column")


def experiment(exercise: Exercise, answer: Callable, questions: Sequence[Callable]) -> str:
    """Return what sets the answer apart from the solution, in a sentence or two; empty if nothing does.

    Args:
        exercise: with `cases`.
        answer: the learner's function.
        questions: `SURE` or `LESS_SURE`.
    """
    if not set(named(exercise, cases(exercise)[0])) <= set(kinds(exercise)):
        return ""  # `call` takes other arguments than the learner's function
    has_tensors = "tensor" in kinds(exercise).values()
    labs = [_Lab(exercise, answer, i) for i in by_size(exercise)[: 3 if has_tensors else 30]]
    labs = [lab for lab in labs if lab.base[0] is not None and lab.base[1] is not None]
    if not labs:
        return ""
    return next((text for ask in questions if (text := ask(labs))), "")


class _Lab:
    """One case, the results of the answer and of the solution, and how both react to a change of the arguments."""

    def __init__(self, exercise: Exercise, answer: Callable, i: int) -> None:
        self.exercise, self.functions, self.i = exercise, (answer, exercise.solution), i
        self.case = cases(exercise)[i]
        self.arguments = {name: copied(value) for name, value in named(exercise, self.case).items()}
        self.base = self.results("as it is", lambda arguments: arguments)

    def results(self, key: Any, change: Change) -> tuple[Tensor | None, Tensor | None]:
        """Return what the answer and the solution make of changed arguments, as rows of numbers; None for an error.

        Args:
            key: what is changed, and how: the solution's part is kept for other answers.
            change: takes the arguments by name and returns others.
        """
        kept = self.exercise.memory.setdefault("experiments", {})
        if (self.i, key) not in kept:
            kept[self.i, key] = self._result(self.functions[1], change)
        right = kept[self.i, key]
        return None if right is None else self._result(self.functions[0], change), right

    def _result(self, function: Callable, change: Change) -> Tensor | None:
        outcome = run_case(self.exercise, function, self.case, change)
        return None if outcome.error is not None else row_of_numbers(outcome.value)

    def moved(self, key: Any, change: Change) -> tuple[bool, bool] | None:
        """Return whether the answer and the solution react to a change; None where the solution cannot take it."""
        got, right = self.results(key, change)
        return None if right is None else (_differ(got, self.base[0]), _differ(right, self.base[1]))

    def named(self, kind: Callable[[Any], bool]) -> list[str]:
        """Return the names of the arguments of a kind."""
        return [name for name, value in self.arguments.items() if kind(value)]


def row_of_numbers(value: Any) -> Tensor | None:
    """Return all numbers and truth values of a result in a row; None if there is anything else in it."""
    found = []
    try:
        leaves = [one for _, one, _ in pairs(value, value)]
    except RecursionError:  # a list that holds itself
        return None
    for one in leaves:
        if isinstance(one, Tensor) and is_plain(one) and not one.is_complex():
            found.append(one.detach().double().flatten())
        elif isinstance(one, bool | int | float) and abs(one) < 1e300:
            found.append(torch.tensor([float(one)], dtype=torch.float64))
        else:
            return None
    return torch.cat(found) if found else None


def is_plain(x: Tensor) -> bool:
    """Whether a tensor has its entries in memory, one beside the other: not sparse, and on a device."""
    return x.layout == torch.strided and x.device.type != "meta"


def _differ(one: Tensor | None, other: Tensor) -> bool:
    if one is None or one.shape != other.shape:
        return True
    scale = max(float(other.abs().max()) if other.numel() else 0.0, 1e-12)
    return not bool(torch.isclose(one, other, rtol=0.0, atol=1e-9 * scale, equal_nan=True).all())


# --- kinds of arguments, and how they are changed


def _is_image(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point() and value.numel() > 0 and not _is_mask(value)


def _is_mask(value: Any) -> bool:
    return isinstance(value, Tensor) and value.ndim >= 2 and bool(((value == 0) | (value == 1)).all())


def _is_list(value: Any) -> bool:
    return isinstance(value, tuple | list) and len(value) > 0 and all(map(_is_image, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _noise(x: Tensor) -> Tensor:
    noise = torch.rand(x.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64).to(x.dtype)
    return (0.5 * x.detach() + 0.31 * noise + 0.1).requires_grad_(x.requires_grad)


def _ways(value: Any) -> Iterator[Callable[[Any], Any]]:
    """Yield ways to change an argument."""
    if _is_mask(value):
        yield lambda M: M.roll(1, -1)
        yield lambda M: M.roll(1, -2)
    elif _is_image(value):
        yield _noise
    elif _is_list(value):
        yield lambda xs: type(xs)(map(_noise, xs))
    elif _is_number(value):
        for way in (lambda x: x + 1, lambda x: x + 2, lambda x: 2 * x, lambda x: x / 2, lambda x: 1.1 * x):
            if not isinstance(value, int) or isinstance(way(value), int):
                yield way


def _with(name: str, way: Callable[[Any], Any]) -> Change:
    return lambda arguments: {**arguments, name: way(arguments[name])}


# --- questions, from the surest to the vaguest; each takes some cases, and answers for all of them


def _which_arguments(labs: list[_Lab]) -> str:
    for name in labs[0].arguments:
        reactions = []
        for lab in labs:
            for k, way in enumerate(_ways(lab.arguments.get(name))):
                reactions.append(lab.moved((name, k), _with(name, way)))
        reactions = [both for both in reactions if both is not None]
        if any(right for _, right in reactions) and not any(mine for mine, _ in reactions):
            return (
                f"`{name}` plays no part in your result: when it is changed, yours stays, and the right result changes "
                "with it."
            )
        if any(mine for mine, _ in reactions) and not any(right for _, right in reactions):
            return f"Your result changes with `{name}`, and the right one does not: where does it come in?"
    return ""


def _calls(labs: list[_Lab]) -> str:
    """Is a function among the arguments called as often as it should be?"""
    lab = labs[0]
    for name in lab.named(lambda value: callable(value) and not isinstance(value, type)):
        counts = []
        for function in lab.functions:
            calls = []

            def counting(value: Any, calls: list = calls) -> Any:
                if isinstance(value, nn.Module):
                    value.register_forward_hook(lambda *_: calls.append(1))
                    return value

                @functools.wraps(value)
                def counted(*args: Any, **kwargs: Any) -> Any:
                    calls.append(1)
                    return value(*args, **kwargs)

                return counted

            run_case(lab.exercise, function, lab.case, _with(name, counting))
            counts.append(len(calls))
        if counts[1] and not counts[0]:
            return f"`{name}` is never called."
        if counts[1] and counts[0] > counts[1]:
            return f"`{name}` is called {counts[0]} times, and {counts[1]} would do: what is done more than once?"
        if counts[0] < counts[1]:
            return f"`{name}` is called too rarely, {counts[0]} times: it is needed {counts[1]} times."
    return ""


def _batch(labs: list[_Lab]) -> str:
    """Does one image see the others?"""
    for lab in labs:
        names = lab.named(lambda value: _is_image(value) and value.ndim == 4)
        sizes = {len(lab.arguments[name]) for name in names}
        if len(sizes) != 1 or (b := sizes.pop()) < 2:
            continue
        first = _first_of_batch(lab, b)
        if first is None:
            continue

        def others(arguments: dict, names: tuple = tuple(names)) -> dict:
            return {**arguments, **{name: _only(arguments[name], 0, slice(1, None)) for name in names}}

        got, right = (first(x) for x in lab.results("other images", others))
        mine, base = (first(x) for x in lab.base)
        if None in (type(got) if got is None else 1, type(right) if right is None else 1) or mine is None:
            continue
        if not _differ(right, base) and _differ(got, mine):
            return (
                "The result of the first image changes with the other images of the batch: every image must be treated "
                "on its own. Does a sum, a mean or a maximum run over the batch?"
            )
    return ""


def _first_of_batch(lab: _Lab, b: int) -> Callable[[Tensor | None], Tensor | None] | None:
    """Return what takes the first image's numbers out of a row of numbers, if a result has a row for each image."""
    outcome = run_case(lab.exercise, lab.functions[1], lab.case)
    value = outcome.value
    if not isinstance(value, Tensor) or not value.ndim or len(value) != b:
        return None
    size = value.numel() // b
    return lambda x: None if x is None or x.numel() != size * b else x[:size]


def _only(x: Tensor, axis: int, which: Any) -> Tensor:
    """Return x with noise in one slice."""
    new = x.detach().clone()
    place = (slice(None),) * axis + (which,)
    new[place] = _noise(x)[place].detach()
    return new.requires_grad_(x.requires_grad)


def _regions(labs: list[_Lab]) -> str:
    """Does the hole count, does the existing region?"""
    M = labs[0].exercise.mask
    for name in labs[0].named(_is_image):
        reactions = {True: [], False: []}
        for lab in labs:
            mask, x = lab.arguments.get(M), lab.arguments.get(name)
            if not isinstance(mask, Tensor) or not isinstance(x, Tensor) or mask.shape[-2:] != x.shape[-2:]:
                return ""
            for exists in (True, False):

                def region(x: Tensor, mask: Tensor = mask, exists: bool = exists) -> Tensor:
                    return torch.where((mask == 1) == exists, _noise(x), x).detach().requires_grad_(x.requires_grad)

                reactions[exists].append(lab.moved((name, "region", exists), _with(name, region)))
        for exists, found in reactions.items():
            found = [both for both in found if both is not None]
            where = f"where the image exists (`{M}` = 1)" if exists else f"in the hole (`{M}` = 0)"
            if any(right for _, right in found) and not any(mine for mine, _ in found):
                return f"What `{name}` has {where} plays no part in your result, and in the right one it does."
            if any(mine for mine, _ in found) and not any(right for _, right in found):
                return f"Your result changes with what `{name}` has {where}, and the right one does not."
    return ""


def _slices(labs: list[_Lab]) -> str:
    """Which images, channels, rows, columns or entries of an argument matter?"""
    for name, value in labs[0].arguments.items():
        if isinstance(value, tuple | list) and _is_list(value) and len(value) > 1:
            text = _parts(labs, name, len(value), "entry", lambda i: lambda xs: type(xs)(
                _noise(x) if k == i else x for k, x in enumerate(xs)
            ))  # fmt: skip
            if text:
                return text
        if not _is_image(value) or not value.ndim:
            continue
        for axis, size in enumerate(value.shape):
            what = AXES[axis] if value.ndim == 4 else f"axis {axis}, index" if value.ndim > 1 else "entry"
            text = _parts(labs[:1], name, size, what, lambda i, axis=axis: lambda x: _only(x, axis, i))
            if text:
                return text
    return ""


def _parts(labs: list[_Lab], name: str, size: int, what: str, way: Callable) -> str:
    if size < 2 or size > 12:
        return ""
    lab = labs[0]
    found = [lab.moved((name, what, i), _with(name, way(i))) for i in range(size)]
    if None in found:
        return ""
    mine, right = [i for i in range(size) if found[i][0]], [i for i in range(size) if found[i][1]]
    if mine and set(mine) < set(right):
        lost = _list([i for i in right if i not in mine])
        return (
            f"Only a part of `{name}` counts in your result ({what} {_list(mine)}). In the right one, "
            f"{what} {lost} does, too (the first is 0)."
        )
    if right and set(right) < set(mine):
        more = _list([i for i in mine if i not in right])
        return f"Your result changes with {what} {more} of `{name}` (from 0), and the right one does not."
    return ""


def _list(places: list[int]) -> str:
    return " and ".join([", ".join(map(str, places[:-1])), str(places[-1])] if len(places) > 1 else map(str, places))


def _growth(labs: list[_Lab]) -> str:
    """How does the result grow when an argument is doubled?"""
    lab = labs[0]
    names = lab.named(lambda value: _is_image(value) or _is_number(value) or _is_list(value))
    images = [name for name in names if not _is_number(lab.arguments[name])]
    groups = [(name,) for name in names] + ([tuple(images)] if len(images) > 1 else [])
    for group in groups:
        found = []
        for one in labs:

            def double(arguments: dict, group: tuple = group) -> dict:
                twice = {name: copied(arguments[name]) for name in group}
                return {
                    **arguments,
                    **{n: type(x)(2 * y for y in x) if _is_list(x) else 2 * x for n, x in twice.items()},
                }

            got, right = one.results((group, "doubled"), double)
            if got is None or right is None:
                break
            found.append((_power(got, one.base[0]), _power(right, one.base[1])))
        if len(found) < len(labs) or len(set(found)) != 1:
            continue
        mine, true = found[0]
        if true is not None and mine != true:
            what = " and ".join(f"`{name}`" for name in group)
            begin = f"When {what} is doubled" if len(group) == 1 else f"When {what} are doubled together"
            yours = f"yours {_times(mine)}" if mine is not None else "yours does not grow in such a way"
            tail = _why_growth(mine, true)
            return f"{begin}, the right result {_times(true)}, {yours}: {tail}"
    return ""


def _power(now: Tensor, before: Tensor) -> float | None:
    if now.shape != before.shape or not bool(before.any()):
        return None
    for power in (0.0, 1.0, 2.0, 0.5, -1.0, -2.0, -0.5, 3.0, 4.0):
        if not _differ(now, 2**power * before):
            return power
    return None


def _times(power: float) -> str:
    if power == 0:
        return "stays the same"
    return f"becomes {2**power:.4g} times as large" if power > 0 else f"shrinks to {2**power:.4g} of it"


def _why_growth(mine: float | None, true: float) -> str:
    if mine is None:
        return "is a constant added, is something cut off or rounded, or is a square, a root or a logarithm in the way?"
    if mine == 0 or true == 0:
        return "is a division, such as by a length or a mean, missing or too many?"
    return "is a square, a product or a division missing" + (" or too many?" if mine > true else "?")


def _same_images(labs: list[_Lab]) -> str:
    """Is nothing lost where two arguments are equal?"""
    names = labs[0].named(lambda value: _is_image(value) or _is_list(value))
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            both = []
            for lab in labs:
                got, right = lab.results(
                    (one, other, "equal"), lambda a, one=one, other=other: {**a, one: copied(a[other])}
                )
                if got is None or right is None or bool(right.any()):
                    break
                both.append(got)
            if len(both) == len(labs) and all(bool(got.any()) for got in both):
                return (
                    f"Where `{one}` equals `{other}`, the right result is 0, and yours is "
                    f"{float(both[0].abs().max()):.4g}: what is compared with what?"
                )
    return ""


def _exchange(labs: list[_Lab]) -> str:
    """Does it matter which is which?"""
    lab = labs[0]
    names = lab.named(_is_image)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if lab.arguments[one].shape != lab.arguments[other].shape:
                continue
            found = lab.moved((one, other, "exchanged"), lambda a, o=one, p=other: {**a, o: a[p], p: a[o]})
            if found == (True, False):
                return (
                    f"When `{one}` and `{other}` are exchanged, the right result stays, and yours changes: is a sign "
                    "or an absolute value missing, or is one of them treated in another way?"
                )
    return ""


def _sign(labs: list[_Lab]) -> str:
    """Does the sign of an argument matter?"""
    for name in labs[0].named(_is_image):
        found = [lab.moved((name, "sign"), _with(name, lambda x: -x)) for lab in labs if name in lab.arguments]
        if all(both == (True, False) for both in found):
            return (
                f"The right result is the same for `{name}` and for `-{name}`, and yours is not: is a square, a "
                "product or an absolute value missing?"
            )
        if all(both == (False, True) for both in found):
            return f"Your result is the same for `{name}` and for `-{name}`, and the right one is not: is a sign lost?"
    return ""


SURE = (_which_arguments, _calls, _batch, _same_images)
"""Questions whose answers name the mistake."""
LESS_SURE = (_regions, _slices, _growth, _sign, _exchange)
"""Questions whose answers tell more than where values differ, and less than what was done."""
