"""Look for the one change of the solution that gives what an answer gave: in its text, in its values, by a factor.

Whatever is found does the same as the answer in every case, and in more cases that are drawn for this alone. So what is
said of an answer is true, although there may be other ways to the same result.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from rwlib.conventions import InputError
from rwlib.course.checking.compare import pairs
from rwlib.course.checking.exercise import Exercise, call_directly
from rwlib.course.checking.experiments import is_plain
from rwlib.course.checking.mutants import mutants, rank
from rwlib.course.checking.run import (
    Outcome,
    agree,
    agree_everywhere,
    by_size,
    cases,
    kinds,
    remembered,
    run_case,
    run_solution,
)  # fmt: skip
from rwlib.course.checking.solutions import Solution, find_solution
from rwlib.course.checking.values import named_factor
from rwlib.course.checking.whatif import ORDER, Probed, changes, probed

NEVER = "is never called"
FAR = 3
"""From this rank on a mutant is far-fetched: a change of a value is told first."""
MANY = 150
"""Values on the way to a result; with more of them only the likeliest changes are tried."""


def explain(exercise: Exercise, answer: Callable, got: list[Outcome]) -> str:
    """Return what is wrong with the change of the solution that does what the answer does; empty if none does."""
    if got[0].error is not None:
        return ""
    far, never = "", []
    for text, outcome in _mutants(exercise):
        if agree_everywhere(exercise, got, outcome) and _goes_on(exercise, answer, outcome.function):
            if NEVER in text:  # without `backward` as without `step` nothing moves
                never.append(text)
            elif never:
                break
            elif rank(text) < FAR:
                return _sentence(text)
            else:
                far = text
                break
    if never:
        return _sentence(", or if ".join(never))
    text = (
        _changed_value(exercise, answer, got) or far or _factor(exercise, answer, got) or _term_too_many(exercise, got)
    )
    return _sentence(text) if text else ""


def _sentence(text: str) -> str:
    return f"That comes out if {text}{'' if text.endswith('?') else '.'}"


def _goes_on(exercise: Exercise, answer: Callable, function: Callable) -> bool:
    """Whether two functions agree on cases that nobody has seen, too: where results are few, much agrees by chance."""
    if "more" not in exercise.memory:
        try:
            drawn = [list(exercise.cases(torch.Generator().manual_seed(seed))) for seed in (1, 2, 3)]
        except Exception:  # cases that can be drawn once only
            drawn = []
        exercise.memory["more"] = [case for some in drawn for case in some][
            : 12 if exercise.call is call_directly else 2
        ]
    return all(
        agree(exercise, run_case(exercise, answer, case), run_case(exercise, function, case))
        for case in exercise.memory["more"]
    )


def _solution(exercise: Exercise) -> Solution | None:
    try:
        return None if exercise.given is not None else find_solution(exercise.number)
    except InputError:
        return None


def _mutants(exercise: Exercise) -> Iterator[tuple[str, Callable[[int], Outcome]]]:
    """Yield each mutant's text, and a function that runs it on a case; what was made or run once is kept."""
    if "mutants" not in exercise.memory:
        solution = _solution(exercise)
        made = iter(()) if solution is None else mutants(solution, exercise.mask, kinds(exercise))
        exercise.memory["mutants"] = ([], made)
    kept, made = exercise.memory["mutants"]
    yield from kept
    for mutant in made:
        kept.append((mutant.text, remembered(exercise, mutant.function)))
        yield kept[-1]


# --- a value that is changed


def _probed(exercise: Exercise) -> tuple[Probed, dict[int, list]] | None:
    """Return the solution with probes, and what passes them in the smallest case."""
    if "probed" not in exercise.memory:
        solution = _solution(exercise)
        found = None if solution is None else probed(solution, exercise.mask)
        seen: dict[int, list] = {}
        if found is not None:
            found.probe.seen = seen
            run_case(exercise, found.function, cases(exercise)[by_size(exercise)[0]])
            found.probe.seen = None
        exercise.memory["probed"] = found and (found, seen)
    return exercise.memory["probed"]


def _is_long(exercise: Exercise, seen: dict[int, list]) -> bool:
    """Whether a trial takes long: networks are trained, or a loop has many turns."""
    return exercise.call is not call_directly or sum(map(len, seen.values())) > MANY


def _what_ifs(exercise: Exercise) -> Iterator[tuple[str, Callable[[int], Outcome]]]:
    if "what ifs" not in exercise.memory:
        exercise.memory["what ifs"] = ([], _made(exercise))
    kept, made = exercise.memory["what ifs"]
    yield from kept
    for one in made:
        kept.append(one)
        yield one


def _made(exercise: Exercise) -> Iterator[tuple[str, Callable[[int], Outcome]]]:
    if (both := _probed(exercise)) is None:
        return
    found, seen = both
    is_coarse = any(numbers(one.value) is None for one in run_solution(exercise))  # much agrees where little is said
    few = _is_long(exercise, seen) or is_coarse
    made = []
    for place, values in seen.items():
        if found.numbers[place] is None:  # in the place of a number another one is solved for
            made += [(ORDER[text], place, text, change) for text, change in changes(values, few)]
    for _, place, text, change in sorted(made, key=lambda one: one[0]):
        yield text.format(x=found.texts[place]), remembered(exercise, found.changed(place, change))


def _changed_value(exercise: Exercise, answer: Callable, got: list[Outcome]) -> str:
    for text, outcome in _what_ifs(exercise):
        if agree_everywhere(exercise, got, outcome) and _goes_on(exercise, answer, outcome.function):
            return text
    return ""


# --- a factor that is solved for


def _factor(exercise: Exercise, answer: Callable, got: list[Outcome]) -> str:
    """Say which value on the way to the result counts how many times too much."""
    if (both := _probed(exercise)) is None or exercise.compare is not None:
        return ""
    found, seen = both
    order = by_size(exercise)
    wanted = [numbers(one.value) for one in got]
    right = [numbers(one.value) for one in run_solution(exercise)]
    if any(one is None or other is None or one.shape != other.shape for one, other in zip(wanted, right, strict=True)):
        return ""
    for place, values in seen.items():
        value = values[0]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number and not (isinstance(value, Tensor) and value.is_floating_point()):
            continue

        def result(i: int, k: float, place: int = place, added: bool = False) -> Tensor | None:
            change = (lambda x: x + (k - 1)) if added else (lambda x: k * x)
            one = run_case(exercise, found.changed(place, change), cases(exercise)[i])
            return None if one.error is not None else numbers(one.value)

        few = _is_long(exercise, seen)
        ks = _solve_all(result, wanted, right, order, few)
        if ks and (text := _named(found, place, ks, got, exercise)):
            return text
        if found.numbers[place] is None and not few:
            ks = _solve_all(lambda i, k: result(i, k, added=True), wanted, right, order, few, 1.001)
            is_one = ks and abs(ks[0] - 1) > 1e-9 and all(math.isclose(k, ks[0], rel_tol=1e-6) for k in ks)
            if is_one:
                return f"{ks[0] - 1:.4g} is added to {found.texts[place]}"
    return ""


def _solve_all(
    result: Callable[[int, float], Tensor | None],
    wanted: Sequence[Tensor],
    right: Sequence[Tensor],
    order: Sequence[int],
    few: bool,
    start: float = 1.1,
) -> list[float]:
    """Return k for each case, those of the smallest cases solved for first; empty if one has none."""
    factors: dict[int, float] = {}
    for i in order:
        k = _solve(lambda k, i=i: result(i, k), wanted[i], right[i], few=few, start=start)
        if k is None:
            return []
        factors[i] = k
    return [factors[i] for i in range(len(order))] if len(order) > 1 else []


def _named(found: Probed, place: int, ks: Sequence[float], got: list[Outcome], exercise: Exercise) -> str:
    what = found.texts[place]
    known = [k for k in ks if not math.isnan(k)]
    if len(known) < 2:
        return ""
    if all(math.isclose(k, known[0], rel_tol=1e-5, abs_tol=1e-7) for k in known):
        k = known[0]
        if math.isclose(k, 1, rel_tol=1e-5):
            return ""
        if found.numbers[place] is not None:
            return f"{k * found.numbers[place]:.6g} stands in the place of {found.numbers[place]:.6g}"
        if abs(k) < 1e-7:
            return f"{what} is left out"
        if math.isclose(k, -1, rel_tol=1e-5):
            return f"the sign of {what} is wrong"
        return f"{what} counts {k:.5g} times as much as it should"
    if len(known) < len(ks):
        return ""
    text = named_factor([one.arguments for one in got], ks, exercise.mask)
    return text and f"{what} is {text}"


def _solve(
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


def numbers(value: Any) -> Tensor | None:
    """Return all floating-point numbers of a result in a row, or None if there is anything else in it."""
    found = []
    try:
        leaves = [one for _, one, _ in pairs(value, value)]
    except RecursionError:  # a list that holds itself
        return None
    for one in leaves:
        if isinstance(one, Tensor) and one.is_floating_point() and is_plain(one):
            found.append(one.detach().double().flatten())
        elif isinstance(one, float):
            found.append(torch.tensor([one], dtype=torch.float64))
        else:
            return None
    return torch.cat(found) if found else None


# --- a term too many


def _term_too_many(exercise: Exercise, got: list[Outcome]) -> str:
    """Is the answer the right result plus what another mistake makes of it, or the mean of both?"""
    right = run_solution(exercise)
    wanted, expected = [numbers(one.value) for one in got], [numbers(one.value) for one in right]
    if exercise.call is not call_directly or exercise.compare is not None:
        return ""
    if any(a is None or b is None or a.shape != b.shape for a, b in zip(wanted, expected, strict=True)):
        return ""

    def matches(combined: Callable[[Tensor, Tensor], Tensor], outcome: Callable[[int], Outcome]) -> bool:
        for i in by_size(exercise):
            one = outcome(i)
            other = None if one.error is not None else numbers(one.value)
            if other is None or other.shape != wanted[i].shape:
                return False
            scale = float(wanted[i].abs().max())
            off = float((combined(expected[i], other) - wanted[i]).abs().max())  # nan where something is divided by 0
            if not (scale > 0 and off <= 1e-8 * scale):
                return False
        return True

    for text, outcome in (*exercise.memory["mutants"][0],):
        if matches(lambda a, b: a + b, outcome):
            return f"a second term is added to the right result, in which {text}"
        if matches(lambda a, b: (a + b) / 2, outcome):
            return f"the right result is averaged with another, in which {text}"
    return ""
