"""Two convolutions that are computed faster, or with less memory, than step by step; each beside its plain twin."""

import functools
from collections.abc import Callable
from typing import Any

import torch


def never_compiled(function: Callable) -> Callable:
    """Keep a function out of the graphs that somebody makes with `torch.compile`; a decorator.

    `torch.compiler.disable` alone does the same, but loads the compiler at once, which takes longer than all the rest
    of rwlib. Here it is loaded only where something is being compiled, when it is there already.
    """
    kept: list[Callable] = []  # not functools.cache: a warning of the compiler's about caches would be the user's first

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not torch.compiler.is_compiling():
            return function(*args, **kwargs)
        if not kept:
            kept.append(torch.compiler.disable(function))
        return kept[0](*args, **kwargs)

    return call
