"""What in an argument or a result is a number, and all the numbers of a result in a row."""

from typing import Any

import torch
from torch import Tensor

from rwlib.course.checking.compare import pairs


def is_real(value: Any) -> bool:
    """Whether a value is a number of Python; a truth value is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def row_of_numbers(value: Any, *, only_floats: bool = False) -> Tensor | None:
    """Return all numbers and truth values of a result in a row; None if there is anything else in it.

    Args:
        value: a tensor, a number, or a container of them.
        only_floats: take whole numbers and truth values for something else: nothing can be solved for in them.
    """
    row = []
    try:
        leaves = [leaf for _, leaf, _ in pairs(value, value)]
    except RecursionError:  # a list that holds itself
        return None
    for leaf in leaves:
        if isinstance(leaf, Tensor) and is_plain(leaf) and (leaf.is_floating_point() or not only_floats):
            row.append(leaf.detach().double().flatten())
        elif isinstance(leaf, float) if only_floats else isinstance(leaf, int | float) and abs(leaf) < 1e300:
            row.append(torch.tensor([float(leaf)], dtype=torch.float64))
        else:
            return None
    return torch.cat(row) if row else None


def is_plain(x: Tensor) -> bool:
    """Whether a tensor has real entries in memory, one beside the other: not complex, not sparse, and on a device."""
    return x.layout == torch.strided and x.device.type != "meta" and not x.is_complex()
