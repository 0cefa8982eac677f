r"""Irregular holes: one connected hole, or several separate ones, with the missing fraction drawn first and then met.

A mask `M` is 1 where the image exists and 0 where it is missing (paper, section 3.1). Section 3.5 trains on masks that
miss 0 to 40 % of the image; tables 2 and 3 report five ranges, each for contiguous and for discontiguous holes, because
the two differ in difficulty: inside one large hole most pixels are far from anything that exists.

The paper does not say how its masks were drawn. The released program draws a random number of strokes and takes the
missing fraction that comes out of it (12 % on average for contiguous holes). Here the number of missing pixels is drawn
first, uniformly from the range, and met exactly, so that a batch covers the range evenly and a bucket holds what its
name says.
"""

import torch
from torch import Tensor

from rwlib.conventions import InputError, is_whole, one_of
from rwlib.masks.contiguous import contiguous_mask
from rwlib.masks.discontiguous import discontiguous_mask
from rwlib.masks.drawing import (
    ALL_BUCKETS,
    BUCKETS,
    KINDS,
    MIN_HOLE_FRACTION,
    TRAINING_RANGE,
    bucket_name,
    check_generator,
)
from rwlib.masks.resize import hole_fraction, label_from_mask, resize_mask

__all__ = [
    "ALL_BUCKETS",
    "BUCKETS",
    "KINDS",
    "MIN_HOLE_FRACTION",
    "TRAINING_RANGE",
    "bucket_name",
    "contiguous_mask",
    "discontiguous_mask",
    "hole_fraction",
    "label_from_mask",
    "random_mask",
    "random_masks",
    "resize_mask",
]


def random_mask(
    height: int,
    width: int,
    hole_fraction: tuple[float, float] = TRAINING_RANGE,
    *,
    kind: str = "both",
    generator: torch.Generator,
) -> Tensor:
    """Draw one mask (1, h, w) of the given kind: `contiguous`, `discontiguous`, or one of the two at random (`both`).

    Raises:
        InputError: an unknown kind, or what `contiguous_mask` and `discontiguous_mask` refuse.

    Example:
        >>> random_mask(8, 12, (0.1, 0.4), kind="both", generator=torch.Generator().manual_seed(0)).shape
        torch.Size([1, 8, 12])
    """
    one_of("kind", kind, (*KINDS, "both"))
    check_generator(generator)
    if kind == "both":
        coin = torch.randint(2, (), generator=generator, device=generator.device)
        kind = KINDS[int(coin)]
    draw = contiguous_mask if kind == "contiguous" else discontiguous_mask
    return draw(height, width, hole_fraction, generator=generator)


def random_masks(
    batch: int,
    height: int,
    width: int,
    hole_fraction: tuple[float, float] = TRAINING_RANGE,
    *,
    kind: str = "both",
    generator: torch.Generator,
) -> Tensor:
    """Draw `batch` independent masks (b, 1, h, w); see `random_mask`. A larger batch begins with a smaller one's masks.

    Raises:
        InputError: `batch` below 1, or what `random_mask` refuses.

    Example:
        >>> random_masks(2, 8, 12, (0.1, 0.4), generator=torch.Generator().manual_seed(0)).shape
        torch.Size([2, 1, 8, 12])
    """
    if not is_whole(batch) or batch < 1:
        raise InputError(f"batch: expected a whole number of at least 1, got {batch!r}")
    masks = [random_mask(height, width, hole_fraction, kind=kind, generator=generator) for _ in range(batch)]
    return torch.stack(masks)
