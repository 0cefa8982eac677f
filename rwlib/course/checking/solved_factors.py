"""Which value on the way to a result counts too much, and how many times: solved for from what the answer returned."""

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from rwlib.course.checking.exercise import Exercise
from rwlib.course.checking.rows import is_real, row_of_numbers
from rwlib.course.checking.run import Outcome, by_size, cases, run_case, run_solution
from rwlib.course.checking.sizes import named_factor
from rwlib.course.checking.whatif import Probed

Result = Callable[[int, float], Tensor | None]
"""Takes the number of a case and k; returns what the solution makes of it with one value changed by k."""


def solved_factor(
    exercise: Exercise, got: Sequence[Outcome], solution: Probed, seen: Mapping[int, list], *, few: bool
) -> str:
    """Say which value counts how many times too much, or what is added to it; empty if none does.

    Args:
        exercise: with `cases`.
        got: what the answer did with the cases.
        solution: with probes.
        seen: place of a probe → what passed it in the smallest case.
        few: only the likeliest is tried, because each trial takes long.
    """
    wanted, right = both_rows(exercise, got)
    if exercise.compare is not None or not wanted:
        return ""
    order = by_size(exercise)
    for place, values in seen.items():
        if not is_real(values[0]) and not (isinstance(values[0], Tensor) and values[0].is_floating_point()):
            continue

        def result(i: int, k: float, place: int = place, added: bool = False) -> Tensor | None:
            change = (lambda x: x + (k - 1)) if added else (lambda x: k * x)
            outcome = run_case(exercise, solution.changed(place, change), cases(exercise)[i])
            return None if outcome.error is not None else row_of_numbers(outcome.value, only_floats=True)

        factors = _solve_all(result, wanted, right, order, few)
        if factors and (text := _in_words(solution, place, factors, [one.arguments for one in got], exercise.mask)):
            return text
        if solution.numbers[place] is None and not few:
            ks = _solve_all(lambda i, k: result(i, k, added=True), wanted, right, order, few, 1.001)
            if ks and abs(ks[0] - 1) > 1e-9 and all(math.isclose(k, ks[0], rel_tol=1e-6) for k in ks):
                return f"{ks[0] - 1:.4g} is added to {solution.texts[place]}"
    return ""


def both_rows(exercise: Exercise, got: Sequence[Outcome]) -> tuple[list[Tensor], list[Tensor]]:
    """Return the numbers of the answer's results and of the right ones, case by case; none if not all can be compared.

    Args:
        exercise: with `cases`.
        got: what the answer did with the cases.
    """
    outcomes = got, run_solution(exercise)
    wanted, right = ([row_of_numbers(one.value, only_floats=True) for one in side] for side in outcomes)
    if any(one is None or other is None or one.shape != other.shape for one, other in zip(wanted, right, strict=True)):
        return [], []
    return wanted, right


def _solve_all(
    result: Result,
    wanted: Sequence[Tensor],
    right: Sequence[Tensor],
    order: Sequence[int],
    few: bool,
    start: float = 1.1,
) -> list[float]:
    """Return k for each case, those of the smallest cases solved for first; empty if one has none."""
    factors: dict[int, float] = {}
    for i in order:
        k = solve(lambda k, i=i: result(i, k), wanted[i], right[i], few=few, start=start)
        if k is None:
            return []
        factors[i] = k
    return [factors[i] for i in range(len(order))] if len(order) > 1 else []


def _in_words(
    solution: Probed, place: int, factors: Sequence[float], arguments: Sequence[Mapping[str, object]], mask: str
) -> str:
    what, number = solution.texts[place], solution.numbers[place]
    solved = [k for k in factors if not math.isnan(k)]
    if len(solved) < 2:
        return ""
    k = solved[0]
    if not all(math.isclose(other, k, rel_tol=1e-5, abs_tol=1e-7) for other in solved):
        text = named_factor(arguments, factors, mask) if len(solved) == len(factors) else ""
        return text and f"{what} is {text}"
    if math.isclose(k, 1, rel_tol=1e-5):
        return ""
    if number is not None:
        return f"{k * number:.6g} stands in the place of {number:.6g}"
    if abs(k) < 1e-7:
        return f"{what} is left out"
    if math.isclose(k, -1, rel_tol=1e-5):
        return f"the sign of {what} is wrong"
    return f"{what} counts {k:.5g} times as much as it should"


def solve(
    result: Callable[[float], Tensor | None], wanted: Tensor, right: Tensor, *, few: bool, start: float = 1.1
) -> float | None:
    """Return k with result(k) = wanted, by secants from result(1) = right; nan if k is free, None if none is."""
    scale = float(wanted.abs().max()) if wanted.numel() else 0.0
    if not math.isfinite(scale) or not bool(torch.isfinite(right).all()):
        return None
    before, k = right, start
    last = 1.0
    for _ in range(3 if few else 9):
        now = result(k)
        if now is None or now.shape != wanted.shape or not bool(torch.isfinite(now).all()):
            return None
        if float((now - wanted).abs().max()) <= 1e-7 * (scale + 1e-12):
            return k
        step = (now - before) / (k - last)
        if float(step.abs().max()) <= 1e-12 * (scale + 1e-12):
            same = float((right - wanted).abs().max()) <= 1e-7 * (scale + 1e-12)
            return math.nan if same else None
        move = float((wanted - now) @ step / (step @ step))
        left = wanted - now - move * step
        if float(left.abs().max()) > 0.5 * float((wanted - now).abs().max()) and len(wanted) > 1:
            return None
        before, last, k = now, k, k + move
        if not math.isfinite(k) or abs(k) > 1e6:
            return None
        if abs(k - last) < 1e-13 * abs(k) + 1e-300:
            return None
    return None
