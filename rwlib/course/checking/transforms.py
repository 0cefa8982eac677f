"""Was something done to the right result, or left undone at its end? Try what people do, and compare."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from rwlib.course.checking.compare import close

Pairs = Sequence[tuple[Any, Any]]
"""(got, expected) of every case in which they differ."""

_TENSORS: dict[str, Callable[[Tensor], Tensor]] = {
    "its absolute value is taken": torch.abs,
    "it is squared": torch.square,
    "its square root is taken": lambda x: x.clamp(min=0).sqrt(),
    "its root is missing: it is the square of what it should be": torch.square,
    "it is taken from 1 (`1 - x`)": lambda x: 1 - x,
    "1 is added to it, or counting begins at 1 and not at 0": lambda x: x + 1,
    "1 is subtracted from it": lambda x: x - 1,
    "it is upside down: the reciprocal (`1 / x`)": lambda x: 1 / x,
    "it is rounded": torch.round,
    "it is rounded to one decimal": lambda x: x.round(decimals=1),
    "it is rounded to two decimals": lambda x: x.round(decimals=2),
    "it is made 0 or 1 by a threshold": lambda x: (x > 0.5).to(x.dtype),
    "it is cut off at zero (`relu`)": torch.relu,
    "it is cut off at 0 and 1 (`clamp`)": lambda x: x.clamp(0, 1),
    "it is cut off at −1 and 1 (`clamp`)": lambda x: x.clamp(-1, 1),
    "its exponential is taken": torch.exp,
    "its logarithm is taken": torch.log,
    "its sign alone is kept": torch.sign,
    "it goes through tanh": torch.tanh,
    "it goes through a sigmoid": torch.sigmoid,
    "a softmax is taken over the last axis": lambda x: x.softmax(-1),
    "its entries are divided by their sum": lambda x: x / x.sum(),
    "its entries are divided by the largest": lambda x: x / x.max(),
    "its mean is subtracted": lambda x: x - x.mean(),
    "its entries are sorted": lambda x: x.sort().values,
    "its last axis runs backwards": lambda x: x.flip(-1),
    "its last axis but one runs backwards": lambda x: x.flip(-2),
    "its first axis runs backwards": lambda x: x.flip(0),
    "its last axis is shifted by one": lambda x: x.roll(1, -1),
    "its last axis is shifted by one, the other way": lambda x: x.roll(-1, -1),
    "its rows are shifted by one": lambda x: x.roll(1, -2),
    "its rows are shifted by one, the other way": lambda x: x.roll(-1, -2),
    "half of its pairs are missing: only those with i ≤ j are there": torch.triu,
    "half of its pairs are missing: only those with i ≥ j are there": torch.tril,
    "only its diagonal is there": lambda x: torch.diag_embed(x.diagonal(dim1=-2, dim2=-1)),
    "every image gets the mean of the batch, and should have its own": lambda x: x.mean(0, keepdim=True).expand_as(x),
    "every image gets the first one's, and should have its own": lambda x: x[:1].expand_as(x),
    "every image gets the sum over the batch, and should have its own": lambda x: x.sum(0, keepdim=True).expand_as(x),
    "every channel gets the channels' mean": lambda x: x.mean(1, keepdim=True).expand_as(x),
    "every channel gets the first one's": lambda x: x[:, :1].expand_as(x),
    "the order of the channels is another one": lambda x: x.flip(1),
    "truth values are inverted": torch.logical_not,
}


def wrong_result(pairs: Pairs, tolerance: float | None) -> str:
    """Return what was done to the right result, to go on after "Your result is right but for one thing: "."""
    pairs = [(one, other) for one, other in pairs if _is_plain(other)]
    if not pairs:
        return ""
    tensors = [(torch.as_tensor(one), torch.as_tensor(other)) for one, other in pairs if _is_plain(one)]
    if len(tensors) < len(pairs):
        return ""
    tensors = [(one.detach().cpu(), other.detach().cpu()) for one, other in tensors]
    if any(one.shape != other.shape for one, other in tensors):
        return ""
    for text, change in _TENSORS.items():
        if all(_is(change, one, other, tolerance) for one, other in tensors):
            return text
    return _constant(tensors, tolerance)


def _is_plain(value: Any) -> bool:
    return isinstance(value, Tensor | int | float)


def _is(change: Callable[[Tensor], Tensor], got: Tensor, expected: Tensor, tolerance: float | None) -> bool:
    try:
        changed = change(expected if expected.dtype == torch.bool else expected.double())
        if (got.dtype == torch.bool) != (changed.dtype == torch.bool):
            return False
        return changed.shape == got.shape and bool(close(got.to(changed.dtype), changed, tolerance or 1e-7).all())
    except (RuntimeError, IndexError, TypeError):  # not for this number of axes or this dtype
        return False


def _constant(tensors: Sequence[tuple[Tensor, Tensor]], tolerance: float | None) -> str:
    """Recognise one number that is added everywhere."""
    if any(other.dtype == torch.bool for _, other in tensors):
        return ""
    shifts = torch.cat([(one.double() - other.double()).flatten() for one, other in tensors])
    if len(shifts) < 2 or not bool(torch.isfinite(shifts).all()):
        return ""
    k = shifts.mean()
    scale = max(float(other.double().abs().max()) for _, other in tensors if other.numel())
    if float((shifts - k).abs().max()) > max(tolerance or 0.0, 1e-7) * (scale + float(k.abs())):
        return ""
    return f"{abs(float(k)):.6g} too {'much' if k > 0 else 'little'} everywhere: is a constant added, or left out?"
