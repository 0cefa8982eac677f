"""Compare what an answer returned with what was expected: kind, shape, dtype, gradient, values, in this order."""

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor


class Difference(NamedTuple):
    """The first place where two results differ."""

    path: str
    """Where in a nested result: `""`, `"[0]"`, `"['loss']"`."""
    text: str
    """What is different, in a sentence; empty if only values are, which `diagnose` explains."""


def find_difference(got: Any, expected: Any, tolerance: float | None = None) -> Difference | None:
    """Return the first difference, or None.

    Args:
        got: tensor, array, number, string, or tuple, list, dict of them.
        expected: the same.
        tolerance: largest error relative to the largest entry; None chooses by dtype.
    """
    for path, one, other in pairs(got, expected):
        if isinstance(one, Difference):
            return one._replace(path=path)
        text = _compare_leaves(one, other, tolerance)
        if text is not None:
            return Difference(path, text)
    return None


def pairs(got: Any, expected: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield (path, got, expected) for every leaf; a `Difference` in place of `got` where the structures differ."""
    if isinstance(expected, Mapping):
        if not isinstance(got, Mapping):
            yield path, Difference(path, _wrong_kind(got, expected)), expected
        elif set(got) != set(expected):
            text = f"Expected the keys {sorted(map(str, expected))}, got {sorted(map(str, got))}."
            yield path, Difference(path, text), expected
        else:
            for key in expected:
                yield from pairs(got[key], expected[key], f"{path}[{key!r}]")
    elif isinstance(expected, tuple | list):
        if not isinstance(got, tuple | list):
            yield path, Difference(path, _wrong_kind(got, expected)), expected
        elif len(got) != len(expected):
            yield path, Difference(path, f"Expected {len(expected)} entries, got {len(got)}."), expected
        else:
            for i, (one, other) in enumerate(zip(got, expected, strict=True)):
                yield from pairs(one, other, f"{path}[{i}]")
    else:
        yield path, got, expected


def close(got: Tensor, expected: Tensor, tolerance: float | None) -> Tensor:
    """Return, entry by entry, whether two tensors of one shape agree."""
    if not (expected.is_floating_point() or expected.is_complex()):
        return got == expected
    if tolerance is None:
        tolerance = {torch.float64: 1e-8, torch.float32: 1e-4}.get(
            expected.dtype, 1e-8 if expected.is_complex() else 2e-2
        )
    finite = expected[torch.isfinite(expected)].abs()
    scale = float(finite.max()) if finite.numel() else 0.0
    return torch.isclose(got, expected, rtol=0.0, atol=tolerance * (scale or 1.0), equal_nan=True)


def kind(value: Any) -> str:
    """Return what a value is, with its article."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _compare_leaves(got: Any, expected: Any, tolerance: float | None) -> str | None:
    if isinstance(expected, np.ndarray) and isinstance(got, np.ndarray):
        got, expected = torch.from_numpy(np.ascontiguousarray(got)), torch.from_numpy(np.ascontiguousarray(expected))
    if isinstance(expected, Tensor) and isinstance(got, Tensor):
        return _compare_tensors(got, expected, tolerance)
    if isinstance(expected, str) and isinstance(got, str):
        return None if got.strip().casefold() == expected.strip().casefold() else ""
    if (
        _is_number(expected)
        and _is_number(got)
        and isinstance(got, bool | np.bool_) == isinstance(expected, bool | np.bool_)
    ):
        tolerance = 1e-6 if tolerance is None else tolerance
        return None if bool(close(_float(got), _float(expected), tolerance)) else ""
    if type(got) is type(expected) or (expected is not None and isinstance(got, type(expected))):
        return None if got == expected else ""
    return _wrong_kind(got, expected)


def _compare_tensors(got: Tensor, expected: Tensor, tolerance: float | None) -> str | None:
    got, expected, had_gradient = (
        got.detach().cpu(),
        expected.detach().cpu(),
        (got.requires_grad, expected.requires_grad),
    )
    if got.shape != expected.shape:
        return _wrong_shape(got, expected, tolerance)
    if got.dtype != expected.dtype:
        return (
            f"Expected {_name(expected.dtype)}, got {_name(got.dtype)}: take the dtype of the arguments, "
            "for instance with `x.new_zeros(...)` or `torch.zeros(..., dtype=x.dtype)`."
        )
    if had_gradient == (False, True):
        return "The value carries no gradient any more: was it `.detach()`ed, made by `.item()`, or under `no_grad`?"
    if got.is_floating_point() and bool(lost := (~torch.isfinite(got) & torch.isfinite(expected)).sum()):
        what = "nan" if bool(got.isnan().any()) else "infinite"
        return (
            f"{int(lost)} of {got.numel()} entries are {what}: is something divided by zero, or the root or log of it?"
        )
    return None if bool(close(got, expected, tolerance).all()) else ""


def _wrong_shape(got: Tensor, expected: Tensor, tolerance: float | None) -> str:
    text = f"Expected the shape {tuple(expected.shape)}, got {tuple(got.shape)}"
    if sorted(got.shape) == sorted(expected.shape) and got.ndim <= 5:
        for order in permutations(range(got.ndim)):
            moved = got.permute(order)
            if moved.shape == expected.shape and bool(close(moved.to(expected.dtype), expected, tolerance).all()):
                return f"{text}: axes are swapped; `.permute{order}` would put yours right."
        return f"{text}: the same sizes in another order, so are two axes swapped?"
    if [n for n in got.shape if n > 1] == [n for n in expected.shape if n > 1]:
        return f"{text}: an axis of size 1 is {'missing' if got.ndim < expected.ndim else 'too many'} (`keepdim`?)."
    if got.ndim < expected.ndim:
        return f"{text}: was too much summed or averaged away, or an axis lost by an index?"
    if got.numel() == expected.numel():
        return f"{text}: as many entries, so look at `view`, `reshape` or `flatten`."
    return text + "."


def _wrong_kind(got: Any, expected: Any) -> str:
    text = f"Expected {kind(expected)}, got {kind(got)}"
    if got is None:
        return f"{text}: is there a `return`?"
    if isinstance(expected, Tensor) and isinstance(got, float | int | np.ndarray):
        return f"{text}: stay with torch's functions, without `.item()` and numpy, so that gradients can flow."
    if isinstance(got, Tensor) and got.numel() == 1 and _is_number(expected):
        return f"{text}: `.item()` makes a number of it."
    if isinstance(got, tuple | list) and len(got) == 1:
        return f"{text}: is there a comma too many after `return`?"
    return text + "."


def _is_number(value: Any) -> bool:
    return isinstance(value, bool | int | float | np.number | np.bool_)


def _float(value: Any) -> Tensor:
    return torch.tensor(float(value), dtype=torch.float64)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
