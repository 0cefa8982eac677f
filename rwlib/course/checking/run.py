"""Run an answer on an exercise's cases, without ever letting it break a notebook."""

import copy
import inspect
import linecache
import site
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rwlib.course.checking.compare import find_difference
from rwlib.course.checking.exercise import Exercise, call_directly


@dataclass(frozen=True)
class Outcome:
    """What an answer did with one case."""

    arguments: Mapping[str, Any]
    """Name → argument, as it was before."""
    value: Any = None
    error: Exception | None = None
    changed: tuple[str, ...] = ()
    """Names of the arguments that it wrote into."""


def run(exercise: Exercise, answer: Callable, change: Callable[[dict], dict] | None = None) -> list[Outcome]:
    """Call `answer` on every case, each time with the same random numbers; stop at a `NotImplementedError`.

    Args:
        exercise: one with `cases`.
        answer: a function or class.
        change: takes the named arguments and returns others, to try what would happen.
    """
    outcomes = []
    for case in exercise.cases(torch.Generator().manual_seed(0)):
        arguments = named(exercise, case)
        if change is not None:
            changed = change(arguments)
            case = changed if isinstance(case, Mapping) else tuple(changed.values())
            arguments = changed
        before = {name: _copy(value) for name, value in arguments.items()}
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                value = exercise.call(answer, **case) if isinstance(case, Mapping) else exercise.call(answer, *case)
        except Exception as error:
            outcomes.append(Outcome(before, error=error))
            if isinstance(error, NotImplementedError):
                break
            continue
        changed_names = tuple(name for name in before if _differs(arguments[name], before[name]))
        outcomes.append(Outcome(before, value=value, changed=changed_names))
    return outcomes


def named(exercise: Exercise, case: Iterable | Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a case by name, as the solution calls them."""
    if isinstance(case, Mapping):
        return dict(case)
    names = []
    try:
        if exercise.call is call_directly:
            names = list(inspect.signature(exercise.solution).bind(*case).arguments)
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
    return one.changed == other.changed and same_value(exercise, one.value, other.value)


def same_value(exercise: Exercise, got: Any, expected: Any) -> bool:
    """Whether two results are equal in the exercise's own sense."""
    if exercise.compare is not None:
        try:
            return exercise.compare(got, expected) is None
        except Exception:  # a result of a kind that `compare` cannot take
            return False
    return find_difference(got, expected, exercise.tolerance) is None


def describe_error(error: BaseException) -> str:
    """Return an exception's type, message, and the last line of the learner's own code, never a traceback."""
    text = f"`{type(error).__name__}`: {' '.join(str(error).split()) or 'without a message'}"
    frames, frame = [], error.__traceback__
    while frame is not None:
        frames.append((frame.tb_frame.f_code.co_filename, frame.tb_lineno, frame.tb_frame.f_code.co_name))
        frame = frame.tb_next
    for file, number, function in reversed(frames):
        if not file.startswith(("<frozen", _HERE, *_LIBRARIES)):
            line = linecache.getline(file, number).strip()
            return f"{text}\nIn line {number} of the cell, in `{function}`: `{line}`" if line else text
    return text


_HERE = str(Path(__file__).parents[2])
_LIBRARIES = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), *site.getsitepackages()})


def _copy(value: Any) -> Any:
    """Return a copy that shares no memory."""
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, torch.Generator):
        return torch.Generator(value.device).set_state(value.get_state())
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return type(value)(map(_copy, value))
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return copy.deepcopy(value) if hasattr(value, "__array__") else value


def _differs(now: Any, before: Any) -> bool:
    """Whether a tensor, an array, or a container of them is no longer what it was."""
    if isinstance(now, tuple | list | dict | Tensor) or hasattr(now, "__array__"):
        return find_difference(now, before, 0.0) is not None
    return False
