"""Run an answer on an exercise's cases, without ever letting it break a notebook."""

import contextlib
import copy
import functools
import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from rwlib.course.checking.compare import same
from rwlib.course.checking.exercise import Exercise, call_directly
from rwlib.course.checking.rows import is_real

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What an answer did with one case."""

    arguments: Mapping[str, Any]
    """Name → argument, as it was before."""
    value: Any = None
    error: Exception | None = None
    changed: tuple[str, ...] = ()
    """Names of the arguments that it wrote into."""
    marked: tuple[str, ...] = ()
    """Names of the arguments that it left with another `requires_grad`, or with a `grad`."""


def cases(exercise: Exercise) -> list[tuple | dict]:
    """Return the cases of an exercise; they are drawn once, and always the same."""
    if "cases" not in exercise.memory:
        exercise.memory["cases"] = list(exercise.cases(torch.Generator().manual_seed(0)))
    return exercise.memory["cases"]


def run(exercise: Exercise, answer: Callable, change: Callable[[dict], dict] | None = None) -> list[Outcome]:
    """Call `answer` on every case, each time with the same random numbers; stop at a `NotImplementedError`.

    Args:
        exercise: one with `cases`.
        answer: a function or class.
        change: takes the named arguments and returns others, to try what would happen.
    """
    outcomes = []
    for case in cases(exercise):
        outcomes.append(run_case(exercise, answer, case, change))
        if isinstance(outcomes[-1].error, NotImplementedError):
            break
    return outcomes


def run_case(
    exercise: Exercise, answer: Callable, case: tuple | dict, change: Callable[[dict], dict] | None = None
) -> Outcome:
    """Call `answer` on a copy of one case."""
    before = named(exercise, case)
    if change is not None:
        before = change({name: copied(value) for name, value in before.items()})
    arguments = {name: copied(value) for name, value in before.items()}
    try:
        with seeded():
            as_names = isinstance(case, Mapping)
            value = exercise.call(answer, **arguments) if as_names else exercise.call(answer, *arguments.values())
    except Exception as error:
        return Outcome(before, error=error)
    changed = tuple(name for name in before if _differs(arguments[name], before[name]))
    marked = tuple(name for name in before if _is_marked(arguments[name], before[name]))
    return Outcome(before, value=value, changed=changed, marked=marked)


@contextlib.contextmanager
def seeded() -> Iterator[None]:
    """Draw from seed 0 inside, and leave the learner's random numbers as they were.

    Cases lie on the CPU, so its generator alone is set: `torch.manual_seed` notes for each kind of device where it was
    called from, which takes longer than most exercises.
    """
    state = torch.default_generator.get_state()
    torch.default_generator.manual_seed(0)
    try:
        yield
    finally:
        torch.default_generator.set_state(state)


def run_solution(exercise: Exercise) -> list[Outcome]:
    """Return what the solution does; it is run once."""
    if "solution" not in exercise.memory:
        exercise.memory["solution"] = run(exercise, exercise.solution)
    return exercise.memory["solution"]


def run_mistakes(exercise: Exercise) -> Iterator[tuple[str, Callable[[int], Outcome]]]:
    """Yield each foreseen mistake's message, and a function that runs the mistake on a case, once."""

    def make() -> Iterator[tuple[str, Callable[[int], Outcome]]]:
        for text, wrong in exercise.wrong_answers():
            yield text, remembered(exercise, wrong)

    return made_once(exercise, "mistakes", make)


def made_once(exercise: Exercise, name: str, make: Callable[[], Iterator[T]]) -> Iterator[T]:
    """Yield what `make()` yields; each is made when it is first needed, and kept under a name."""
    kept, more = exercise.memory.setdefault(name, ([], make()))
    yield from kept
    for one in more:
        kept.append(one)
        yield one


def remembered(exercise: Exercise, function: Callable) -> Callable[[int], Outcome]:
    """Return a function that runs `function` on case i when it is first asked to, and keeps what came out."""
    outcomes: dict[int, Outcome] = {}

    def outcome(i: int) -> Outcome:
        if i not in outcomes:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what is wrong may warn, but nobody wrote it
                one = run_case(exercise, function, cases(exercise)[i])
            error = one.error and one.error.with_traceback(None)  # a traceback keeps all that was computed
            outcomes[i] = replace(one, arguments={}, error=error)
        return outcomes[i]

    outcome.function = function
    return outcome


def agree_everywhere(exercise: Exercise, got: Sequence[Outcome], other: Callable[[int], Outcome]) -> bool:
    """Whether two answers did the same with every case; the smallest case is tried first, and mostly tells."""
    return all(agree(exercise, got[i], other(i)) for i in by_size(exercise) if i < len(got))


def by_size(exercise: Exercise) -> list[int]:
    """Return the numbers of the cases, that of the smallest first."""
    if "order" not in exercise.memory:
        sizes = [_size(case) for case in cases(exercise)]
        exercise.memory["order"] = sorted(range(len(sizes)), key=sizes.__getitem__)
    return exercise.memory["order"]


def kinds(exercise: Exercise) -> dict[str, str]:
    """Return what each argument of the solution is in the first case: `tensor`, `number`, or the name of its type."""
    if "kinds" not in exercise.memory:
        kinds_by_name: dict[str, str] = {}

        @functools.wraps(exercise.solution)
        def looking(*args: Any, **kwargs: Any) -> Any:
            for name, value in inspect.signature(exercise.solution).bind(*args, **kwargs).arguments.items():
                kind = "tensor" if isinstance(value, Tensor) else "number" if is_real(value) else type(value).__name__
                kinds_by_name.setdefault(name, kind)
            return exercise.solution(*args, **kwargs)

        run_case(exercise, looking, cases(exercise)[0])
        exercise.memory["kinds"] = kinds_by_name
    return exercise.memory["kinds"]


def _size(value: Any) -> int:
    """Return the number of entries of all tensors in a value."""
    if isinstance(value, Tensor):
        return value.numel()
    values = value.values() if isinstance(value, Mapping) else value
    return sum(map(_size, values)) if isinstance(value, tuple | list | Mapping) else 0


def named(exercise: Exercise, case: Iterable | Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a case by name, as the solution calls them."""
    if isinstance(case, Mapping):
        return dict(case)
    names = []
    try:
        parameters = list(inspect.signature(exercise.solution).parameters)
        if exercise.call is call_directly:
            names = list(inspect.signature(exercise.solution).bind(*case).arguments)
        elif len(parameters) == len(case):
            names = parameters
        else:
            names = list(inspect.signature(exercise.call).parameters)[1:]
    except (TypeError, ValueError):  # built-in functions tell no names
        pass
    if len(names) != len(case):
        names = [f"argument {i + 1}" for i in range(len(case))]
    return dict(zip(names, case, strict=True))


def agree(exercise: Exercise, one: Outcome, other: Outcome) -> bool:
    """Whether two answers did the same with a case."""
    if one.error is not None or other.error is not None:
        return type(one.error) is type(other.error)
    same_traces = (one.changed, one.marked) == (other.changed, other.marked)
    return same_traces and same_value(exercise, one.value, other.value)


def same_value(exercise: Exercise, got: Any, expected: Any) -> bool:
    """Whether two results are equal in the exercise's own sense."""
    if exercise.compare is not None:
        try:
            return exercise.compare(got, expected) is None
        except Exception:  # a result of a kind that `compare` cannot take
            return False
    return same(got, expected, exercise.tolerance)


def copied(value: Any) -> Any:
    """Return a copy that shares no memory."""
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, torch.Generator):
        return torch.Generator(value.device).set_state(value.get_state())
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return type(value)(map(copied, value))
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return copy.deepcopy(value) if hasattr(value, "__array__") or isinstance(value, nn.Module) else value


def _differs(now: Any, before: Any) -> bool:
    """Whether a tensor, an array, or a container of them is no longer what it was."""
    if isinstance(now, tuple | list | dict | Tensor) or hasattr(now, "__array__"):
        return not same(now, before, 0.0)
    return False


def _is_marked(now: Any, before: Any) -> bool:
    """Whether a tensor asks for gradients that did not, or has got some."""
    if isinstance(now, Tensor):
        return now.requires_grad and (not before.requires_grad or (now.is_leaf and now.grad is not None))
    if isinstance(now, tuple | list) and isinstance(before, tuple | list) and len(now) == len(before):
        return any(_is_marked(*both) for both in zip(now, before, strict=True))
    return False
