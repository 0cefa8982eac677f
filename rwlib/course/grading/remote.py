"""An answer that lies in a learner's process, callable here as if it were a function of ours.

Arguments go over, results and what was changed in the arguments come back, and so do the states of the random sources
and the exception that was raised. Gradients flow: the backward pass of a call is another call.
"""

import builtins
import functools
import inspect
import random
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from rwlib.course.checking.compare import Complaint
from rwlib.course.checking.exercise import Exercise, call_directly
from rwlib.course.grading import wire
from rwlib.course.grading.process import LearnerProcess
from rwlib.errors import InputError

KNOWN_ERRORS = {"InputError": InputError, "OutOfMemoryError": torch.OutOfMemoryError}
KNOWN_ERRORS |= {"LinAlgError": torch.linalg.LinAlgError, "_LinAlgError": torch.linalg.LinAlgError}


class RemoteAnswer:
    """A learner's function or class.

    Args:
        process: where it is.
        number: by which that process knows it.
        signature: name, kind and whether there is a default, of every parameter; None if the process cannot tell.
    """

    def __init__(self, process: LearnerProcess, number: int, signature: list | None) -> None:
        self._process, self._number = process, number
        self._deadline = time.monotonic() + process.limits.answer_s
        self.__name__ = "answer"
        if (made := _signature(signature)) is not None:
            self.__signature__ = made

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it over there."""
        return self.call(None, args, kwargs)

    def call(self, through: str | None, args: tuple, kwargs: dict) -> Any:
        """Call it over there, alone or through the `call` of the exercise `through`.

        Raises:
            Exception: what the answer raised.
            Stopped: its process is gone.
        """
        order = {"do": "call", "answer": self._number, "through": through}
        seconds = max(0.1, self._deadline - time.monotonic())
        reply, blobs = self._process.ask(order, [wire.pickled((args, kwargs, random_states()))], seconds=seconds)
        if "tree" not in reply:
            raise remote_error(reply.get("raised"), self._process.limits.answer_s)
        outcome = wire.decode(reply["tree"], blobs)
        parts = list(wire.leaves((args, kwargs)))
        _bring_back(outcome, parts)
        if "raised" in reply:
            raise remote_error(reply["raised"], self._process.limits.answer_s)
        return self._with_gradients(outcome["value"], [p for p in parts if isinstance(p, Tensor)], int(reply["call"]))

    def backward(self, call: int, gradients: list) -> list:
        """Return the gradient of an earlier call's arguments, given that of its results."""
        order = {"do": "backward", "call": call}
        seconds = max(0.1, self._deadline - time.monotonic())
        reply, blobs = self._process.ask(order, [wire.pickled(gradients)], seconds=seconds)
        if "tree" not in reply:
            raise remote_error(reply.get("raised"), self._process.limits.answer_s)
        return wire.decode(reply["tree"], blobs)

    def _with_gradients(self, value: Any, parts: list[Tensor], call: int) -> Any:
        inputs = [part for part in parts if part.requires_grad]
        outputs = [part for part in wire.leaves(value) if isinstance(part, Tensor) and part.requires_grad]
        if not inputs or not outputs or not torch.is_grad_enabled():
            return value
        new = _Remote.apply(self, call, [output.detach() for output in outputs], *inputs)
        return _exchanged(value, dict(zip(map(id, outputs), new, strict=True)))


class _Remote(torch.autograd.Function):
    """Forward has been done over there already; backward asks there."""

    @staticmethod
    def forward(ctx: Any, answer: RemoteAnswer, call: int, outputs: list, *inputs: Tensor) -> tuple:
        ctx.answer, ctx.call, ctx.shapes = answer, call, [x.shape for x in inputs]
        return tuple(outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple:
        grads = ctx.answer.backward(ctx.call, list(gradients))
        right = len(grads) == len(ctx.shapes) and all(
            one is None or (isinstance(one, Tensor) and one.shape == shape)
            for one, shape in zip(grads, ctx.shapes, strict=True)
        )
        if not right:
            raise wire.WireError("the gradients have other shapes than the arguments")
        return None, None, None, *grads


def over_there(exercise: Exercise) -> Exercise:
    """Return the exercise with a `call` that runs in the learner's process where the answer lies there."""
    if exercise.call is call_directly:
        return exercise

    @functools.wraps(exercise.call)
    def call(answer: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(answer, RemoteAnswer):
            return _with_complaints(answer.call(exercise.number, args, kwargs), exercise.call)
        return exercise.call(answer, *args, **kwargs)

    return replace(exercise, call=call)


def _with_complaints(value: Any, call: Any) -> Any:
    """Put the texts of an exercise's complaints in the place of their names, which are all that is known over there."""
    known = {name: one for name, one in getattr(call, "__globals__", {}).items() if isinstance(one, Complaint)}
    if not known or not isinstance(value, dict):
        return value
    return {key: known.get(one, one) if isinstance(one, str) else one for key, one in value.items()}


def remote_error(raised: Any, seconds: float) -> Exception:
    """Return an exception of the type that was raised over there; one of that name for a type that is unknown here."""
    raised = raised if isinstance(raised, dict) else {}
    name, text, where = (str(raised.get(key, ""))[:500] for key in ("type", "text", "where"))
    if name == "KeyboardInterrupt":
        return TimeoutError(f"it took more than {seconds:.0f} s")
    kind = KNOWN_ERRORS.get(name) or getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = type(name if name.isidentifier() else "Exception", (Exception,), {})
    if kind is not NotImplementedError and where:
        text = f"{text} ({where})"
    try:
        return kind(text)
    except Exception:  # a type that wants more than a text
        return RuntimeError(f"{name}: {text}")


def random_states() -> tuple:
    """Return the states of all global sources of random numbers."""
    return torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002


def set_random_states(states: tuple) -> None:
    """Set the states of all global sources of random numbers."""
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    random.setstate(states[2])


def _bring_back(found: Any, parts: list) -> None:
    """Change arguments and random sources as they were changed over there; what does not fit is left out."""
    for i, part in enumerate(parts):
        new = found["changed"].get(i)
        if isinstance(part, torch.Generator) and isinstance(new, Tensor) and new.dtype == torch.uint8:
            part.set_state(new)
        elif isinstance(part, Tensor) and isinstance(new, Tensor) and new.shape == part.shape:
            with torch.no_grad():
                part.copy_(new)
    torch_state, numpy_state, python_state = found["states"]
    version, numbers, gauss = python_state
    set_random_states((torch_state, tuple(numpy_state), (version, tuple(numbers), gauss)))


def _exchanged(value: Any, new: dict[int, Tensor]) -> Any:
    if isinstance(value, Tensor):
        return new.get(id(value), value)
    if isinstance(value, list | tuple):
        return type(value)(_exchanged(item, new) for item in value)
    if isinstance(value, dict):
        return {key: _exchanged(item, new) for key, item in value.items()}
    return value


def _signature(parameters: Any) -> inspect.Signature | None:
    kinds = list(inspect._ParameterKind)
    try:
        return inspect.Signature(
            [
                inspect.Parameter(name, kinds[kind], default=None if default else inspect.Parameter.empty)
                for name, kind, default in parameters
            ]
        )
    except (TypeError, ValueError, IndexError):
        return None
