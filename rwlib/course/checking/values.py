"""Explain values that are wrong in a way that no author foresaw: by which factor, in which region, for which cases."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rwlib.course.checking.compare import close
from rwlib.course.checking.describe import describe, short
from rwlib.course.checking.rows import is_real
from rwlib.course.checking.sizes import named_factor

BORDER_PX = 3


class Wrong(NamedTuple):
    """One case in which a value is wrong."""

    arguments: Mapping[str, Any]
    """Name → argument."""
    got: Any
    expected: Any


def factor(wrong: list[Wrong], mask: str) -> str:
    """Return by what size of the arguments, or sign, all values are off; or that they are right but for rounding.

    Args:
        wrong: cases in which the answer is wrong, at least one; shape and dtype are right.
        mask: name of the argument that is a mask.
    """
    wrong = _as_tensors(wrong)
    return (_rounding(wrong) or _factor(wrong, mask)) if wrong else ""


def vaguely(wrong: list[Wrong], right: list[Mapping[str, Any]], *, mask: str, tolerance: float | None) -> str:
    """Return what the wrong values have in common, in a sentence: where they are, or how far off.

    Args:
        wrong: cases in which the answer is wrong, at least one; shape and dtype are right.
        right: arguments of the cases in which it is right.
        mask: name of the argument that is a mask.
        tolerance: as in `find_difference`.
    """
    first = wrong[0]
    if not isinstance(first.expected, Tensor):
        numbers = _as_tensors(wrong)
        text = _unnamed_factor(numbers) if numbers else ""
        where = f"In {len(right)} of {len(right) + len(wrong)} cases it is right. " if right else ""
        return text or f"{where}Expected {short(first.expected)}, got {short(first.got)}, {describe(first.arguments)}."
    return (
        _unnamed_factor(wrong)
        or _region(wrong, mask, tolerance)
        or _border(wrong, tolerance)
        or _transposed(wrong, tolerance)
        or _which_cases(wrong, right)
        or _largest(first, tolerance)
    )


def _as_tensors(wrong: list[Wrong]) -> list[Wrong]:
    """Return the cases with tensors for numbers; none if they are of another kind."""
    if all(isinstance(value, Tensor) for case in wrong for value in case[1:]):
        return [] if any(case.expected.dtype == torch.bool for case in wrong) else wrong
    values = [value for case in wrong for value in case[1:]]
    if not all(map(is_real, values)):
        return []
    return [
        case._replace(got=torch.tensor(float(case.got)), expected=torch.tensor(float(case.expected))) for case in wrong
    ]


def _rounding(wrong: list[Wrong]) -> str:
    for case in wrong:
        if case.expected.dtype != torch.float64:
            return ""
        scale = float(case.expected.detach().abs().max())
        if float((case.got - case.expected).detach().abs().max()) > 1e-5 * scale:
            return ""
    return "Right but for rounding, about one part in a million: does a step go through float32, or add a small eps?"


# --- a constant factor


def _factors(wrong: list[Wrong]) -> list[float]:
    """Return the factor of each case; none if some case's values are off by more than a factor."""
    factors = [_ratio(case.got, case.expected) for case in wrong]
    return [] if None in factors else factors


def _constant(factors: list[float]) -> bool:
    return all(math.isclose(k, factors[0], rel_tol=1e-5) for k in factors)


def _factor(wrong: list[Wrong], mask: str) -> str:
    factors = _factors(wrong)
    if factors and _constant(factors) and math.isclose(factors[0], -1, rel_tol=1e-6):
        return "The sign is reversed: every value is −1 times the right one."
    return _named(wrong, factors, mask) if factors else ""


def _unnamed_factor(wrong: list[Wrong]) -> str:
    factors = _factors(wrong)
    if not factors or (len(factors) == 1 and wrong[0].expected.numel() == 1):
        return ""
    if _constant(factors):
        return f"Every value is {factors[0]:.6g} times the right one: a constant factor is off."
    if wrong[0].expected.numel() > 1:
        first = ", ".join(f"{k:.4g}" for k in factors[:3])
        return (
            f"Every value is the right one times a factor that changes from case to case ({first}): what is it made of?"
        )
    return ""


def _ratio(got: Tensor, expected: Tensor) -> float | None:
    """Return k if got = k · expected with k other than 1 and 0, else None."""
    got, expected = got.detach().double().flatten().cpu(), expected.detach().double().flatten().cpu()
    if not got.numel() or not bool(expected.abs().max() > 0):
        return None
    k = float(got @ expected / (expected @ expected))
    fits = bool((got - k * expected).abs().max() <= 1e-6 * got.abs().max())
    return k if fits and abs(k) > 1e-12 and not math.isclose(k, 1, rel_tol=1e-6) else None


def _named(wrong: list[Wrong], factors: list[float], mask: str) -> str:
    """Say which sizes the factors are, if the same name fits in every case."""
    text = named_factor([case.arguments for case in wrong], factors, mask)
    return text and f"Every value is {text}"


# --- a region


def _is_wrong(case: Wrong, tolerance: float | None) -> Tensor:
    return ~close(case.got.detach().cpu(), case.expected.detach().cpu(), tolerance)


def _region(wrong: list[Wrong], mask: str, tolerance: float | None) -> str:
    only_hole = only_existing = True
    for case in wrong:
        M = case.arguments.get(mask)
        if not isinstance(M, Tensor) or case.expected.ndim < 2 or M.shape[-2:] != case.expected.shape[-2:]:
            return ""
        if M.ndim > 2 and M.shape[-3] > 1:  # a mask for each channel: there is no one hole
            return ""
        M = M.expand(*case.expected.shape[:-3], *M.shape[-3:]) if M.ndim <= case.expected.ndim else M[0, 0]
        bad = _is_wrong(case, tolerance)
        hole = (M == 0).expand_as(bad)
        only_hole &= not bool((bad & ~hole).any())
        only_existing &= not bool((bad & hole).any())
    if only_hole:
        return f"Right wherever the image exists; wrong only in the hole ({mask} = 0)."
    if only_existing:
        return f"Right in the hole; wrong only where the image exists ({mask} = 1)."
    return ""


def _border(wrong: list[Wrong], tolerance: float | None) -> str:
    width = 0
    for case in wrong:
        if case.expected.ndim < 3:
            return ""
        bad = _is_wrong(case, tolerance)
        h, w = bad.shape[-2:]
        rows, columns = bad.flatten(0, -3).any(0).nonzero().unbind(1)
        depth = torch.stack([rows, columns, h - 1 - rows, w - 1 - columns]).amin(0)
        width = max(width, int(depth.max()) + 1)
        if width > BORDER_PX or min(h, w) <= 2 * width:
            return ""
    return f"Right inside; wrong only within {width} px of the image's border: look at the padding."


def _transposed(wrong: list[Wrong], tolerance: float | None) -> str:
    for case in wrong:
        if case.expected.ndim < 2 or case.expected.shape[-1] != case.expected.shape[-2]:
            return ""
        if not bool(close(case.got.detach().cpu().mT, case.expected.detach().cpu(), tolerance).all()):
            return ""
    return "Rows and columns are swapped: the transpose of your result is right."


# --- neither


def _which_cases(wrong: list[Wrong], right: list[Mapping[str, Any]]) -> str:
    def batches(arguments: Mapping[str, Any]) -> int:
        return next((len(x) for x in arguments.values() if isinstance(x, Tensor) and x.ndim == 4), 0)

    def is_square(arguments: Mapping[str, Any]) -> bool:
        x = next((x for x in arguments.values() if isinstance(x, Tensor) and x.ndim >= 2), None)
        return x is None or x.shape[-1] == x.shape[-2]

    if not right:
        return ""
    if all(batches(case.arguments) > 1 for case in wrong) and all(batches(case) == 1 for case in right):
        return "Right for one image, wrong for a batch: every image must be treated on its own."
    if not any(is_square(case.arguments) for case in wrong) and all(map(is_square, right)):
        return "Right for square arguments, wrong for others: is a height used as a width?"
    total = len(right) + len(wrong)
    return f"Right in {len(right)} of {total} cases, wrong in {len(wrong)}, first {describe(wrong[0].arguments)}."


def _largest(case: Wrong, tolerance: float | None) -> str:
    got, expected = case.got.detach().cpu(), case.expected.detach().cpu()
    bad = _is_wrong(case, tolerance)
    error = (got.double() - expected.double()).abs().masked_fill(~bad, -1.0)
    index = tuple(int(i) for i in np.unravel_index(int(error.argmax()), error.shape))  # torch's imports all of sympy
    where = f" at {list(index)}" if index else ""
    return (
        f"The largest difference is{where}: expected {expected[index].item():.6g}, got {got[index].item():.6g}; "
        f"{int(bad.sum())} of {bad.numel()} entries are wrong, {describe(case.arguments)}."
    )
