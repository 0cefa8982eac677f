"""Count the memory of tensors while a function runs, exactly and on any device.

The memory of a process goes up and down for many reasons, and an allocator keeps what was freed. Here every operation's
result is noted when it is made and when it is let go, so the numbers are the same in every run. Scratch memory inside
an operation, and tensors that were there before, are not counted.
"""

import weakref
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

T = TypeVar("T")


def peak_tensor_mb(function: Callable[[], object]) -> float:
    """Return the most megabytes that tensors made by `function()` held at one time, gradients included.

    Example:
        >>> x = torch.zeros(250, 1000)  # a megabyte
        >>> peak_tensor_mb(lambda: (x + 1).abs().sum())
        2.0
    """
    with _Watch() as watch:
        function()
    return watch.peak_bytes / 1e6


def largest_tensor(function: Callable[[], T]) -> tuple[T, int]:
    """Return what `function()` returns, and the number of entries of the largest tensor that it made.

    Example:
        >>> largest_tensor(lambda: int(torch.arange(3)[:, None].mul(torch.arange(5)).sum()))
        (30, 15)
    """
    with _Watch() as watch:
        value = function()
    return value, watch.largest_numel


class _Watch(TorchDispatchMode):
    """Sees the result of every operation, those of the backward pass included."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: dict[int, int] = {}
        self.now_bytes = self.peak_bytes = self.largest_numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        before = {x.untyped_storage()._cdata for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)}
        out = func(*args, **(kwargs or {}))
        for x in tree_leaves(out):
            if isinstance(x, Tensor):
                self.largest_numel = max(self.largest_numel, x.numel())
                if x.untyped_storage()._cdata not in before:
                    self._note(x.untyped_storage())
        return out

    def _note(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key not in self.sizes:
            self.sizes[key] = size
            self.now_bytes += size
            self.peak_bytes = max(self.peak_bytes, self.now_bytes)
            weakref.finalize(storage, self._let_go, key).atexit = False

    def _let_go(self, key: int) -> None:
        self.now_bytes -= self.sizes.pop(key, 0)
