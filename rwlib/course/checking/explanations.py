"""Look for the one change of the solution that gives what an answer gave: in its text, in its values, by a factor.

Whatever is found does the same as the answer in every case, and in more cases that are drawn for this alone. So what is
said of an answer is true, although there may be other ways to the same result.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from rwlib.conventions import InputError
from rwlib.course.checking.exercise import Exercise, call_directly
from rwlib.course.checking.mutants import mutants, rank
from rwlib.course.checking.rows import row_of_numbers
from rwlib.course.checking.run import (
    Outcome,
    agree,
    agree_everywhere,
    by_size,
    cases,
    kinds,
    made_once,
    remembered,
    run_case,
    run_solution,
)  # fmt: skip
from rwlib.course.checking.solutions import Solution, find_solution
from rwlib.course.checking.solved_factors import both_rows, solved_factor
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
    text = _changed_value(exercise, answer, got) or far or _factor(exercise, got) or _term_too_many(exercise, got)
    return _sentence(text) if text else ""


def _sentence(text: str) -> str:
    return f"That comes out if {text}{'' if text.endswith('?') else '.'}"


def _goes_on(exercise: Exercise, answer: Callable, function: Callable) -> bool:
    """Whether two functions agree on cases that nobody has seen, too: where results are few, much agrees by chance."""
    if "more" not in exercise.memory:
        try:
            drawn = [case for seed in (1, 2, 3) for case in exercise.cases(torch.Generator().manual_seed(seed))]
        except Exception:  # cases that can be drawn once only
            drawn = []
        exercise.memory["more"] = drawn[: 12 if exercise.call is call_directly else 2]
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

    def make() -> Iterator[tuple[str, Callable[[int], Outcome]]]:
        if (solution := _solution(exercise)) is not None:
            for mutant in mutants(solution, exercise.mask, kinds(exercise)):
                yield mutant.text, remembered(exercise, mutant.function)

    return made_once(exercise, "mutants", make)


# --- a value that is changed


def _probed(exercise: Exercise) -> tuple[Probed, dict[int, list]] | None:
    """Return the solution with probes, and what passes them in the smallest case."""
    if "probed" not in exercise.memory:
        solution = _solution(exercise)
        with_probes = None if solution is None else probed(solution, exercise.mask)
        seen: dict[int, list] = {}
        if with_probes is not None:
            with_probes.probe.seen = seen
            run_case(exercise, with_probes.function, cases(exercise)[by_size(exercise)[0]])
            with_probes.probe.seen = None
        exercise.memory["probed"] = with_probes and (with_probes, seen)
    return exercise.memory["probed"]


def _is_long(exercise: Exercise, seen: dict[int, list]) -> bool:
    """Whether a trial takes long: networks are trained, or a loop has many turns."""
    return exercise.call is not call_directly or sum(map(len, seen.values())) > MANY


def _what_ifs(exercise: Exercise) -> Iterator[tuple[str, Callable[[int], Outcome]]]:
    if (both := _probed(exercise)) is None:
        return
    solution, seen = both
    rows = [row_of_numbers(one.value, only_floats=True) for one in run_solution(exercise)]
    few = _is_long(exercise, seen) or any(row is None for row in rows)  # much agrees where little is said
    made = []
    for place, values in seen.items():
        if solution.numbers[place] is None:  # in the place of a number another one is solved for
            made += [(ORDER[text], place, text, change) for text, change in changes(values, few)]
    for _, place, text, change in sorted(made, key=lambda one: one[0]):
        yield text.format(x=solution.texts[place]), remembered(exercise, solution.changed(place, change))


def _changed_value(exercise: Exercise, answer: Callable, got: list[Outcome]) -> str:
    for text, outcome in made_once(exercise, "what ifs", lambda: _what_ifs(exercise)):
        if agree_everywhere(exercise, got, outcome) and _goes_on(exercise, answer, outcome.function):
            return text
    return ""


def _factor(exercise: Exercise, got: list[Outcome]) -> str:
    if (both := _probed(exercise)) is None:
        return ""
    solution, seen = both
    return solved_factor(exercise, got, solution, seen, few=_is_long(exercise, seen))


# --- a term too many


def _term_too_many(exercise: Exercise, got: list[Outcome]) -> str:
    """Is the answer the right result plus what another mistake makes of it, or the mean of both?"""
    wanted, expected = both_rows(exercise, got)
    if exercise.call is not call_directly or exercise.compare is not None or not wanted:
        return ""

    def matches(combined: Callable[[Tensor, Tensor], Tensor], outcome: Callable[[int], Outcome]) -> bool:
        for i in by_size(exercise):
            mutant = outcome(i)
            other = None if mutant.error is not None else row_of_numbers(mutant.value, only_floats=True)
            if other is None or other.shape != wanted[i].shape:
                return False
            scale = float(wanted[i].abs().max())
            off = float((combined(expected[i], other) - wanted[i]).abs().max())  # nan where something is divided by 0
            if not (scale > 0 and off <= 1e-8 * scale):
                return False
        return True

    for text, outcome in _mutants(exercise):
        if matches(lambda a, b: a + b, outcome):
            return f"a second term is added to the right result, in which {text}"
        if matches(lambda a, b: (a + b) / 2, outcome):
            return f"the right result is averaged with another, in which {text}"
    return ""
