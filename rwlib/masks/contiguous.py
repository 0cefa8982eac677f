"""Masks with one connected hole: the track of a brush that walks over the image."""

import math

import numpy as np
import torch
from torch import Tensor

from rwlib.masks.drawing import TRAINING_RANGE, keep_first, missing_count_range, numpy_generator, to_mask


def contiguous_mask(
    height: int, width: int, hole_fraction: tuple[float, float] = TRAINING_RANGE, *, generator: torch.Generator
) -> Tensor:
    r"""Draw a mask with one 4-connected hole: the track of a round brush that walks, turns and branches.

    Every dab of the brush is centred on a pixel that is already missing, and the last one is cut to the pixels nearest
    to its centre, as many as are still needed. The hole is 4-connected, because of any new pixel's four neighbours one
    is strictly nearer to the dab's centre. That neighbour lies inside the image (it is on the way to the centre) and
    inside the dab (it is nearer), and it survives the cut (what is cut is at least as far as what stays). Going on from
    neighbour to neighbour ends at the centre, which the hole had before the dab.

    Args:
        height: of the mask, in pixels.
        width: of the mask, in pixels.
        hole_fraction: lowest and highest missing fraction, 0 <= low <= high < 1. The number of missing pixels is drawn
            uniformly from the whole numbers in between, and is at least 1.
        generator: source of randomness; its state moves on by one draw.

    Returns:
        (1, h, w), float32, values {0., 1.}, 1 existing, 0 missing.

    Raises:
        InputError: a size below 1, a refused range, a range without a whole number of pixels, no generator.

    Example:
        >>> M = contiguous_mask(64, 64, (0.25, 0.25), generator=torch.Generator().manual_seed(0))
        >>> int((M == 0).sum())
        1024
    """
    low, high = missing_count_range(height, width, hole_fraction, at_least=1, at_most=height * width)
    rng = numpy_generator(generator)
    need = int(rng.integers(low, high + 1))
    hole = np.zeros((height, width), bool)

    # The radius decides the character of the hole: one disc of it holds between all (a blob) and 1/30 (a snake) of the
    # missing pixels. These numbers, and those below, were chosen by eye.
    radius = max(1.5, math.sqrt(need / (math.pi * math.exp(rng.uniform(0, math.log(30))))))
    turn, branching = rng.uniform(0.1, 0.7), rng.uniform(0, 0.15)
    cy, cx, angle = int(rng.integers(height)), int(rng.integers(width)), rng.uniform(0, 2 * math.pi)
    swell = 1.0
    centres = []
    while True:
        # A dab that leaves nothing new widens the brush; in the end one dab covers the image, so the loop ends.
        painted = _paint_dab(hole, cy, cx, radius * swell, need)
        need -= painted
        if need == 0:
            return to_mask(hole)
        if painted == 0:
            radius *= 1.1
        centres.append((cy, cx))
        if rng.random() < branching:
            cy, cx = centres[rng.integers(len(centres))]
            angle = rng.uniform(0, 2 * math.pi)
        # Rounding the step towards zero keeps the next centre inside this dab, and so does pulling it into the image.
        step = rng.uniform(0.5, 1.0) * radius * swell if (cy, cx) == centres[-1] else 0.0
        y, x = cy + int(step * math.sin(angle)), cx + int(step * math.cos(angle))
        cy, cx = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
        if (cy, cx) != (y, x):  # off the image: turn back towards a random point of it
            angle = math.atan2(rng.uniform(0, height) - cy, rng.uniform(0, width) - cx)
        angle += turn * rng.standard_normal()
        swell = min(max(swell * math.exp(0.15 * rng.standard_normal()), 0.6), 1.6)


def _paint_dab(hole: np.ndarray, cy: int, cx: int, radius: float, need: int) -> int:
    """Add to `hole` the at most `need` new pixels of a disc that are nearest to its centre; return how many."""
    reach = int(radius)
    top, left = max(cy - reach, 0), max(cx - reach, 0)
    window = hole[top : cy + reach + 1, left : cx + reach + 1]
    dy, dx = np.arange(top, top + window.shape[0]) - cy, np.arange(left, left + window.shape[1]) - cx
    distance2 = (dy * dy)[:, None] + dx * dx  # whole numbers: nearer and farther are exact
    new = (distance2 <= radius * radius) & ~window
    painted = int(np.count_nonzero(new))
    if painted > need:
        keep_first(new, distance2, need)
        painted = need
    window |= new
    return painted
