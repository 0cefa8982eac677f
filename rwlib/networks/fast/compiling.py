"""What keeps the convolutions of this folder out of the graphs that `torch.compile` makes."""

import functools
from collections.abc import Callable
from typing import Any

import torch


def never_compiled(function: Callable, exported: Callable | None = None) -> Callable:
    """Decorate a function that `torch.compile` must leave out of its graphs.

    Args:
        function: what runs.
        exported: what `torch.export` writes down in its place, see `rwlib.networks.fast.exported`.

    `torch.compiler.disable` alone does the same, but loads the compiler at once, which takes longer than loading all of
    rwlib. Here it is called only while something is being compiled, when the compiler has been loaded already.
    """
    disabled: list[Callable] = []  # functools.cache would do, but the compiler warns users of functions with caches

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not torch.compiler.is_compiling():
            return function(*args, **kwargs)
        if exported and torch.compiler.is_exporting():
            return exported(*args, **kwargs)
        if not disabled:
            disabled.append(torch.compiler.disable(function))
        return disabled[0](*args, **kwargs)

    return call
