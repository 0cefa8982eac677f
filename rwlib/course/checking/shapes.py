"""Explain a result of the wrong shape: which axis was moved, kept, or reduced away, and by what."""

from collections.abc import Callable
from itertools import combinations, permutations

from torch import Tensor

Same = Callable[[Tensor, Tensor], bool]
"""Whether two tensors of one shape have the same values."""


def wrong_shape(got: Tensor, expected: Tensor, same: Same) -> str:
    """Return what was done to the axes, in a sentence.

    Args:
        got: what came, of another shape than `expected`.
        expected: the right result.
        same: compares values.
    """
    text = f"Expected the shape {tuple(expected.shape)}, got {tuple(got.shape)}"
    got = got.to(expected.dtype)
    moved = _moved(got, expected, same)
    if moved:
        return f"{text}: {moved}"
    if got.ndim > expected.ndim and (what := _left_over(got, expected, same)):
        return f"{text}: {what}"
    if got.ndim <= expected.ndim and (what := _taken_away(got, expected, same)):
        return f"{text}: {what}"
    if sorted(got.shape) == sorted(expected.shape):
        return f"{text}: the same sizes in another order, so are two axes swapped?"
    if [n for n in got.shape if n > 1] == [n for n in expected.shape if n > 1]:
        return f"{text}: an axis of size 1 is {'missing' if got.ndim < expected.ndim else 'too many'} (`keepdim`?)."
    if got.ndim < expected.ndim:
        return f"{text}: was too much summed or averaged away, or an axis lost by an index?"
    if got.numel() == expected.numel():
        return f"{text}: as many entries, so look at `view`, `reshape` or `flatten`."
    if got.ndim == expected.ndim:
        axes = [i for i in range(got.ndim) if got.shape[i] != expected.shape[i]]
        return f"{text}: axis {' and '.join(map(str, axes))} has the wrong size."
    return f"{text}: {got.ndim - expected.ndim} axes too many."


def _moved(got: Tensor, expected: Tensor, same: Same) -> str:
    if sorted(got.shape) == sorted(expected.shape) and got.ndim <= 5:
        for order in permutations(range(got.ndim)):
            moved = got.permute(order)
            if moved.shape == expected.shape and same(moved, expected):
                return f"axes are swapped; `.permute{order}` would put yours right."
    return ""


def _left_over(got: Tensor, expected: Tensor, same: Same) -> str:
    """Say which reduction of `got` would be right."""
    for axes in combinations(range(got.ndim), got.ndim - expected.ndim):
        if all(got.shape[i] == 1 for i in axes):
            continue
        which = "the batch" if axes == (0,) else f"axis {', '.join(map(str, axes))}"
        for name, reduced in (("mean", got.mean), ("sum", got.sum)):
            if got.is_floating_point() and (one := reduced(axes)).shape == expected.shape and same(one, expected):
                return f"right so far, but the {name} over {which} is missing."
    return ""


def _taken_away(got: Tensor, expected: Tensor, same: Same) -> str:
    """Say which reduction of `expected` gives `got`."""
    if not expected.is_floating_point():
        return ""
    for count in range(1, expected.ndim + 1):
        for axes in combinations(range(expected.ndim), count):
            which = "the batch" if axes == (0,) else f"axis {', '.join(map(str, axes))}"
            for name, reduced in (("averaged", expected.mean), ("summed", expected.sum)):
                for keepdim in (False, True):
                    one = reduced(axes, keepdim=keepdim)
                    if one.shape == got.shape and same(got, one):
                        return f"{which} was {name} away, and it should stay: each has a value of its own."
    first = expected[0] if expected.ndim else expected
    if got.shape == first.shape and same(got, first):
        return "only the first image's result came back: keep the batch axis."
    return ""
