"""Which size or number of the arguments is a factor: b, c · h · w, the number of missing pixels, ...?"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any

from torch import Tensor

from rwlib.course.checking.rows import is_real


def named_factor(arguments: Sequence[Mapping[str, Any]], factors: Sequence[float], mask: str) -> str:
    """Return which size or number of the arguments the factors are, to go on after "Every value is "; empty if none.

    Args:
        arguments: of each case, by name.
        factors: of each case: how many times too large a value is.
        mask: name of the argument that is a mask.
    """
    sizes = [{**_sizes(one, mask), **_numbers(one)} for one in arguments]
    for name in sizes[0]:
        values = [abs(size.get(name, math.nan)) for size in sizes]
        for power, what in ((1, name), (2, f"({name})²"), (0.5, f"the root of {name}")):
            is_size = name.strip("`") not in arguments[0] and power == 1
            powers = [value**power for value in values]
            if all(math.isclose(k, x, rel_tol=1e-5) for k, x in zip(factors, powers, strict=True)):
                return f"{what} times too large: {_why_too_large(name, power, is_size)}"
            if all(math.isclose(k * x, 1, rel_tol=1e-5) for k, x in zip(factors, powers, strict=True)):
                return f"{what} times too small: {_why_too_small(name, is_size)}"
    return _quotient(sizes, factors)


def _why_too_large(name: str, power: float, is_size: bool) -> str:
    if power == 2:
        return "is it multiplied where it should be divided, for want of brackets around a divisor?"
    if is_size:
        return f"is there a sum where a mean is meant, or a division missing{_over_the_batch(name)}?"
    return "is it a factor too many, or a division missing?"


def _why_too_small(name: str, is_size: bool) -> str:
    if is_size:
        return f"is there a mean where a sum is meant, or a division too many{_over_the_batch(name)}?"
    return "is a factor missing, or a division too many?"


def _over_the_batch(name: str) -> str:
    return ", or is something taken over the whole batch that each image has of its own" if name == "b" else ""


def _quotient(sizes: Sequence[Mapping[str, float]], factors: Sequence[float]) -> str:
    """Return which size stands where another one belongs, if that is what the factors are."""
    if len(factors) < 3:
        return ""
    names = [name for name in sizes[0] if all(name in size for size in sizes)][:40]
    for wrong, right in product(names, names):
        if all(math.isclose(k * x[wrong], x[right], rel_tol=1e-6) for k, x in zip(factors, sizes, strict=True)):
            return f"divided by {wrong} where it should be divided by {right}"
    return ""


def _numbers(arguments: Mapping[str, Any]) -> dict[str, float]:
    """Return the arguments that are numbers, by name."""
    return {f"`{name}`": float(x) for name, x in arguments.items() if is_real(x) and x}


def _sizes(arguments: Mapping[str, Any], mask: str) -> dict[str, float]:
    """Return name → number for every product of axis sizes that a factor may be, the simplest first."""
    named: dict[str, float] = {}
    tensors = {name: value for name, value in arguments.items() if isinstance(value, Tensor) and value.ndim}
    for count in range(1, 5):
        for name, x in tensors.items():
            is_filter = name.lower().startswith("w")
            axes = "bchw" if x.ndim == 4 and not is_filter else [f"{name}.shape[{i}]" for i in range(x.ndim)]
            prefix = "" if x.ndim < 4 or is_filter or name == next(iter(tensors)) else f"{name}'s "
            for chosen in combinations(range(x.ndim), count):
                size = math.prod(x.shape[i] for i in chosen)
                named.setdefault(prefix + " · ".join(axes[i] for i in chosen), size)
    M = tensors.get(mask)
    if M is not None:
        missing = float((M == 0).sum())
        named["the number of missing pixels"] = missing
        named["the number of existing pixels"] = M.numel() - missing
        named["the missing fraction"] = missing / M.numel()
        named["the existing fraction"] = 1 - missing / M.numel()
    for name, x in tensors.items():
        named[f"the number of {name}'s entries"] = x.numel()
    return {name: value for name, value in named.items() if value}
