"""Compare gradients: an answer with the right value may have cut a path that training needs."""

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from rwlib.course.checking.compare import close
from rwlib.course.checking.describe import describe_error
from rwlib.course.checking.exercise import Exercise
from rwlib.course.checking.run import copied, named, seeded

TRUTH = re.compile(r"(I|phi|phis)_gt\b")
"""Names of the ground truth and its features."""

Gradients = dict[str, Tensor]
"""Name of an input → the gradient of a fixed sum of all results with respect to it; zero where none arrives."""


def gradients(exercise: Exercise, answer: Callable, case: Any) -> Gradients | Exception:
    """Return the gradients with respect to every input, and every parameter of a network among them.

    Masks (0 and 1 alone) are left out, and so is the ground truth where there is anything else: nobody trains it. Where
    the answer fails with inputs that ask for gradients, the error comes back.
    """
    if exercise.differentiate == ():
        return {}
    arguments = {name: _leaves(copied(value)) for name, value in named(exercise, case).items()}
    inputs = dict(_inputs(arguments))
    if exercise.differentiate is not None:
        inputs = {name: x for name, x in inputs.items() if re.split(r"[.\[]", name)[0] in exercise.differentiate}
    else:
        inputs = {name: x for name, x in inputs.items() if not TRUTH.match(name)} or inputs
    try:
        with seeded(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a gradient that ends in a number is said by us
            kwargs = isinstance(case, dict)
            value = exercise.call(answer, **arguments) if kwargs else exercise.call(answer, *arguments.values())
        results = [x for x in _tensors(value) if x.requires_grad]
        if not results or not inputs:
            return {name: torch.zeros_like(x) for name, x in inputs.items()}
        rng = torch.Generator().manual_seed(0)
        weights = [torch.rand(x.shape, dtype=torch.float64, generator=rng).to(x) + 0.5 for x in results]
        total = sum(((weight * x).sum() for weight, x in zip(weights, results, strict=True)), start=torch.zeros(()))
        grads = torch.autograd.grad(total, list(inputs.values()), allow_unused=True, materialize_grads=True)
    except Exception as error:  # in-place on a leaf, `.numpy()`, ...
        return error
    # Where an input is 0 it was erased, and what an answer makes of its hole is free.
    return {name: x.detach() * (inputs[name].detach() != 0) for name, x in zip(inputs, grads, strict=True)}


def wrong_gradient(got: Gradients | Exception, expected: Gradients | Exception, tolerance: float | None) -> str:
    """Return which gradient is lost or wrong, in a sentence; empty if none is.

    Entries are compared where the solution's gradient is finite, and inputs where it is not zero.
    """
    if isinstance(expected, Exception):  # the solution itself cannot be differentiated
        return ""
    if isinstance(got, Exception):
        what = "The values are right, but with inputs that ask for gradients, as in training, it fails"
        return f"{what}: {describe_error(got)}" if any(bool(x.any()) for x in expected.values()) else ""
    lost, wrong = [], []
    for name, right in expected.items():
        finite = torch.isfinite(right)
        if not bool((right[finite] != 0).any()):
            continue
        one = got.get(name, torch.zeros_like(right))
        if not bool(one.any()):
            lost.append(name)
        elif not bool(close(one[finite], right[finite], max(tolerance or 0.0, 1e-7)).all()):
            wrong.append((name, one[finite], right[finite]))
    if lost:
        names = " and ".join(f"`{name}`" for name in lost)
        return (
            f"The values are right, but no gradient reaches {names}: training could not move what made it. Is "
            f"something "
            "`.detach()`ed, turned into a number (`.item()`, `float`), or made under `no_grad`?"
        )
    for name, one, right in wrong:
        if bool(one.isnan().any()):
            return (
                f"The values are right, but the gradient with respect to `{name}` is nan in places: `torch.where` "
                "chooses a value, but the other branch's infinite slope times 0 is nan. Keep its divisor away from 0."
            )
        k = float((one * right).sum() / (right * right).sum())
        if bool((one - k * right).abs().max() <= 1e-6 * right.abs().max()):
            return (
                f"The values are right, but the gradient with respect to `{name}` is {k:.4g} times what it should be: "
                "is one of its paths cut, for instance by `.detach()`?"
            )
        return (
            f"The values are right, but the gradient with respect to `{name}` is wrong: is one of its paths cut, for "
            "instance by `.detach()`, or is a value chosen by comparing (`==`, `where`) that should be computed?"
        )
    return ""


def _leaves(value: Any) -> Any:
    """Return the same with tensors of floating-point numbers, masks aside, asking for gradients."""
    if isinstance(value, Tensor):
        is_mask = bool(((value == 0) | (value == 1)).all())
        return value.detach().requires_grad_(value.is_floating_point() and not is_mask)
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return type(value)(map(_leaves, value))
    if isinstance(value, dict):
        return {key: _leaves(item) for key, item in value.items()}
    return value


def _inputs(value: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield every tensor that asks for a gradient, by name."""
    if isinstance(value, Tensor):
        if value.requires_grad:
            yield name, value
    elif isinstance(value, nn.Module):
        yield from ((f"{name}.{key}", x) for key, x in value.named_parameters() if x.requires_grad)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _inputs(item, f"{name}[{key!r}]" if name else str(key))
    elif isinstance(value, tuple | list):
        for i, item in enumerate(value):
            yield from _inputs(item, f"{name}[{i}]")


def _tensors(value: Any) -> Iterator[Tensor]:
    """Yield every tensor of floating-point numbers in a result."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _tensors(item)
