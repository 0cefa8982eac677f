"""What both kinds of masks are drawn with: ranges of the missing fraction, random numbers, and the last cut."""

import math
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from rwlib.conventions import InputError, is_whole

KINDS: tuple[str, ...] = ("contiguous", "discontiguous")
"""Kinds of holes: one connected hole, or several separate ones."""

BUCKETS: tuple[tuple[float, float], ...] = ((0.0, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, 0.4), (0.4, 0.5))
"""The five ranges of the missing fraction in tables 2 and 3."""

MIN_HOLE_FRACTION = 0.01
"""Evaluate the first bucket from here: a hole of a few pixels makes PSNR infinite, hence meaningless."""

ALL_BUCKETS: tuple[tuple[float, float], ...] = (*BUCKETS, (0.5, 0.6))
"""The paper's five ranges and a sixth, which the test masks of NVIDIA's partial convolutions have."""

TRAINING_RANGE: tuple[float, float] = (0.0, 0.4)
"""Range of the missing fraction during training (section 3.5)."""


def bucket_name(bucket: int) -> str:
    """Return a bucket in words.

    Args:
        bucket: index of `ALL_BUCKETS`.

    Example:
        >>> bucket_name(2)
        '20–30 %'
    """
    low, high = ALL_BUCKETS[bucket]
    return f"{100 * low:.0f}–{100 * high:.0f} %"


def missing_count_range(
    height: int, width: int, hole_fraction: tuple[float, float], *, at_least: int, at_most: int
) -> tuple[int, int]:
    """Return the lowest and highest number of missing pixels that a range of fractions allows.

    Raises:
        InputError: a size below 1, a refused range, or one without a number that this kind of hole allows.
    """
    for name, value in (("height", height), ("width", width)):
        if not is_whole(value) or value < 1:
            raise InputError(f"{name}: expected a whole number of at least 1, got {value!r}")
    try:
        low, high = (float(fraction) for fraction in hole_fraction)
    except (TypeError, ValueError):
        raise InputError(
            f"hole_fraction: expected two numbers (low, high), got {hole_fraction!r}; for one value give it twice"
        ) from None
    if not 0 <= low <= high < 1:
        raise InputError(f"hole_fraction: expected 0 <= low <= high < 1, got {low} {high}; 0.25 means 25 % missing")
    # In decimals, as written: in binary 0.07 * 100 is a little above 7, and its ceiling would be 8.
    pixels = height * width
    first = max(math.ceil(Fraction(repr(low)) * pixels), at_least)
    last = min(math.floor(Fraction(repr(high)) * pixels), at_most)
    if first > last:
        raise InputError(
            f"hole_fraction: no number of pixels of a {height}x{width} mask lies between {low} and {high} and allows "
            f"this kind of hole (at least {at_least}, at most {at_most} pixels); widen the range or enlarge the mask"
        )
    return first, last


def check_generator(generator: torch.Generator) -> None:
    """Refuse anything but a generator, a bare seed for one, with an `InputError`."""
    if not isinstance(generator, torch.Generator):
        raise InputError(
            f"generator: expected a torch.Generator, got {type(generator).__name__}; "
            "pass torch.Generator().manual_seed(seed)"
        )


def numpy_generator(generator: torch.Generator) -> np.random.Generator:
    """Derive a numpy generator from one draw of a torch generator."""
    check_generator(generator)
    seed = torch.randint(2**63 - 1, (), generator=generator, device=generator.device)
    return np.random.default_rng(int(seed))


def keep_first(new: np.ndarray, order: np.ndarray, keep: int) -> None:
    """Switch off all but `keep` of the pixels that are on in `new` (h, w): those with the lowest `order` stay."""
    on = np.flatnonzero(new)
    ranked = on[np.argsort(order.reshape(-1)[on], kind="stable")]
    new.reshape(-1)[ranked[keep:]] = False


def to_mask(hole: np.ndarray) -> Tensor:
    """Turn missing pixels (h, w) of bool into a mask (1, h, w) of float32."""
    return torch.from_numpy((~hole).astype(np.float32))[None]  # numpy: torch would wake its threads for 64k elements
