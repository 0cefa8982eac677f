"""Compare what an answer returned with what was expected: kind, shape, dtype, gradient, values, in this order.

Containers are taken by value where nothing is lost: a list for a tuple or a set, a tensor with one entry for a number,
a complex tensor without imaginary parts for a real one. A list is no tensor: no gradient flows through it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rwlib.course.checking.shapes import wrong_shape


class Difference(NamedTuple):
    """The first place where two results differ."""

    path: str
    """Where in a nested result: `""`, `"[0]"`, `"['loss']"`."""
    text: str
    """What is different, in a sentence; empty if only values are, which `diagnose` explains."""


class Complaint(str):
    """A result of an exercise's own `call`: empty, or what is wrong with how the answer works, in a sentence."""

    __slots__ = ()


def find_difference(got: Any, expected: Any, tolerance: float | None = None) -> Difference | None:
    """Return the first difference, or None.

    Args:
        got: anything; what an answer returned.
        expected: tensor, array, number, string, or tuple, list, set, dict of them.
        tolerance: largest error relative to the largest entry; None chooses by dtype.
    """
    for path, one, other in pairs(got, expected):
        if isinstance(one, Difference):
            return one._replace(path=path)
        try:
            text = _compare_leaves(one, other, tolerance)
        except Exception:  # a tensor on no device, an object that cannot be compared, ...
            text = wrong_kind(one, other)
        if text is not None:
            return Difference(path, text)
    return None


def same(got: Any, expected: Any, tolerance: float | None = None) -> bool:
    """Whether nothing differs. Shapes are compared first: where nobody reads it, no sentence is looked for."""
    tensors = ((x, y) for _, x, y in pairs(got, expected) if isinstance(x, Tensor) and isinstance(y, Tensor))
    try:
        if any(x.shape != y.shape for x, y in tensors):
            return False
    except Exception:  # a tensor that cannot even be asked for its shape
        return False
    return find_difference(got, expected, tolerance) is None


def pairs(got: Any, expected: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield (path, got, expected) for every leaf; a `Difference` in place of `got` where the structures differ."""
    if isinstance(expected, Mapping):
        if not isinstance(got, Mapping):
            yield path, Difference(path, wrong_kind(got, expected)), expected
        elif set(got) != set(expected):
            text = f"Expected the keys {sorted(map(str, expected))}, got {sorted(map(str, got))}."
            yield path, Difference(path, text), expected
        else:
            for key in expected:
                yield from pairs(got[key], expected[key], f"{path}[{key!r}]")
    elif isinstance(expected, tuple | list):
        if isinstance(got, Tensor | np.ndarray) and _is_stack(got, expected):
            got = list(got)
        if isinstance(got, set | frozenset) and all(isinstance(one, int) for one in (*got, *expected)):
            got = sorted(got)
        if not isinstance(got, tuple | list):
            yield path, Difference(path, wrong_kind(got, expected)), expected
        elif len(got) != len(expected):
            yield path, Difference(path, f"Expected {len(expected)} entries, got {len(got)}."), expected
        else:
            for i, (one, other) in enumerate(zip(got, expected, strict=True)):
                yield from pairs(one, other, f"{path}[{i}]")
    else:
        yield path, as_expected(got, expected), expected


def _is_stack(got: Tensor | np.ndarray, expected: tuple | list) -> bool:
    """Whether an array or a tensor may stand for several results: it has one for each, of the same shape."""
    return bool(got.ndim) and all(tuple(got.shape[1:]) == tuple(getattr(one, "shape", ())) for one in expected)


def as_expected(got: Any, expected: Any) -> Any:
    """Return `got` as the kind of `expected` where that changes no value; else `got` itself."""
    try:
        return _as_expected(got, expected)
    except Exception:  # a sparse tensor, a tensor on no device, ...
        return got


def _as_expected(got: Any, expected: Any) -> Any:
    if is_number(expected) and isinstance(got, Tensor | np.ndarray):
        entries = got.detach().cpu().reshape(-1) if isinstance(got, Tensor) else got.reshape(-1)
        return entries[0].item() if len(entries) == 1 else got
    if isinstance(expected, Tensor) and not expected.is_complex() and isinstance(got, Tensor) and got.is_complex():
        small = 1e-9 * float(got.detach().abs().max()) if got.numel() else 0.0
        return got.real if bool((got.detach().imag.abs() <= small).all()) else got
    if is_number(expected) and isinstance(got, complex) and abs(got.imag) <= 1e-9 * abs(got):
        return got.real
    if isinstance(expected, set | frozenset):
        if isinstance(got, str):
            return {got}
        if isinstance(got, tuple | list) and all(isinstance(entry, str | int | float) for entry in got):
            return set(got)
    return got


def close(got: Tensor, expected: Tensor, tolerance: float | None) -> Tensor:
    """Return, entry by entry, whether two tensors of one shape agree."""
    if not (expected.is_floating_point() or expected.is_complex()):
        return got == expected
    if tolerance is None:
        tolerance = {torch.float64: 1e-8, torch.float32: 1e-4}.get(
            expected.dtype, 1e-8 if expected.is_complex() else 2e-2
        )
    scale = float(expected.nan_to_num(0.0, 0.0, 0.0).abs().max()) if expected.numel() else 0.0
    return torch.isclose(got, expected, rtol=0.0, atol=tolerance * (scale or 1.0), equal_nan=True)


def kind(value: Any) -> str:
    """Return what a value is, with its article."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a numpy array of shape {value.shape}"
    name = {"str": "text", "builtin_function_or_method": "function"}.get(type(value).__name__, type(value).__name__)
    return "None" if value is None else f"{'an' if name[0] in 'aeiouAEIO' else 'a'} {name}"


def is_number(value: Any) -> bool:
    """Whether a value is a number of Python or numpy, or a truth value."""
    return isinstance(value, bool | int | float | np.number | np.bool_)


def _compare_leaves(got: Any, expected: Any, tolerance: float | None) -> str | None:
    if isinstance(expected, Complaint) and isinstance(got, str):
        return None if got == expected else str(got)
    if isinstance(expected, np.ndarray) and isinstance(got, np.ndarray):
        got, expected = torch.from_numpy(np.ascontiguousarray(got)), torch.from_numpy(np.ascontiguousarray(expected))
    if isinstance(expected, Tensor) and isinstance(got, Tensor):
        return _compare_tensors(got, expected, tolerance)
    if isinstance(expected, str) and isinstance(got, str):
        return None if _bare(got) == _bare(expected) else ""
    is_truth = [isinstance(value, bool | np.bool_) for value in (got, expected)]
    if is_number(expected) and is_number(got) and is_truth[0] == is_truth[1]:
        return None if bool(close(_float(got), _float(expected), 1e-6 if tolerance is None else tolerance)) else ""
    if type(got) is type(expected) or (expected is not None and isinstance(got, type(expected))):
        return None if bool(got == expected) else ""
    return wrong_kind(got, expected)


def _bare(text: str) -> str:
    """Return a word without what people put around it: `(b)`, `"b"`, `b.` are all `b`."""
    return text.strip().strip("()[]\"'`.-").strip().casefold()


def _compare_tensors(got: Tensor, expected: Tensor, tolerance: float | None) -> str | None:
    had_gradient = got.requires_grad, expected.requires_grad
    got, expected = got.detach().cpu(), expected.detach().cpu()
    if got.shape != expected.shape:
        return wrong_shape(got, expected, lambda one, other: bool(close(one, other, tolerance).all()))
    if got.dtype != expected.dtype:
        if expected.dtype == torch.bool:
            return f"Expected truth values (bool), got {_name(got.dtype)}: a comparison such as `x != 0` gives them."
        return (
            f"Expected {_name(expected.dtype)}, got {_name(got.dtype)}: take the dtype of the arguments, "
            "for instance with `x.new_zeros(...)` or `torch.zeros(..., dtype=x.dtype)`."
        )
    if had_gradient == (False, True):
        return "The value carries no gradient any more: was it `.detach()`ed, made by `.item()`, or under `no_grad`?"
    if torch.equal(got, expected):
        return None
    if got.is_floating_point() and bool(lost := (~torch.isfinite(got) & torch.isfinite(expected)).sum()):
        what = "nan" if bool(got.isnan().any()) else "infinite"
        return (
            f"{int(lost)} of {got.numel()} entries are {what}: is something divided by zero, or the root or log "
            "of it, or a softmax taken where all is −inf?"
        )
    return None if bool(close(got, expected, tolerance).all()) else ""


def wrong_kind(got: Any, expected: Any) -> str:
    """Return that something of another kind was expected, and how to make it of what came."""
    text = f"Expected {kind(expected)}, got {kind(got)}"
    if got is None:
        return f"{text}: is there a `return`?"
    if isinstance(expected, Tensor):
        if isinstance(got, tuple) and len(got) == 1 and isinstance(got[0], Tensor):
            return f"{text}: is there a comma too many after `return`?"
        if isinstance(got, tuple | list):
            return f"{text}: `torch.stack` makes one tensor of several, `torch.tensor` one of numbers."
        if isinstance(got, float | int | np.ndarray | np.number):
            return f"{text}: stay with torch's functions, without `.item()` and numpy, so that gradients can flow."
    if is_number(expected) and isinstance(got, tuple | list) and len(got) == 1:
        return f"{text}: the number alone, without brackets, and without a comma behind it."
    if isinstance(expected, tuple | list) and not isinstance(got, str | Iterator) and not callable(got):
        return f"Expected {len(expected)} results, {kind(expected)} of them; got {kind(got)}: is one missing?"
    if callable(got):
        return f"{text}: is it called, with `()`?"
    if isinstance(got, Iterator):
        return f"{text}: brackets of a list around it, `[...]`, make its entries."
    return text + "."


def _float(value: Any) -> Tensor:
    return torch.tensor(float(value), dtype=torch.float64)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
