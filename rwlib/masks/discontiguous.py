"""Masks with several separate holes: strokes, ellipses and rectangles, some of them with a moat around."""

import math

import numpy as np
import torch
from PIL import Image, ImageDraw
from scipy import ndimage
from torch import Tensor

from rwlib.masks.drawing import TRAINING_RANGE, keep_first, missing_count_range, numpy_generator, to_mask


def discontiguous_mask(
    height: int, width: int, hole_fraction: tuple[float, float] = TRAINING_RANGE, *, generator: torch.Generator
) -> Tensor:
    """Draw a mask with several separate holes: strokes, ellipses and rectangles of different sizes.

    Shapes are drawn until the drawn number of pixels is missing; the last one is cut off along a line. The first few
    shapes are islands: a moat is kept free around each, so no later shape touches them, not even at a corner. At least
    two holes are therefore separate (8-connectivity), whatever the fraction; usually it is many.

    Args:
        height: of the mask, in pixels.
        width: of the mask, in pixels.
        hole_fraction: lowest and highest missing fraction, 0 <= low <= high < 1. The number of missing pixels is drawn
            uniformly from the whole numbers in between, is at least 2, and leaves room for the smallest moat.
        generator: source of randomness; its state moves on by one draw.

    Returns:
        (1, h, w), float32, values {0., 1.}, 1 existing, 0 missing.

    Raises:
        InputError: a size below 1, a refused range, a range or size that leaves no room for two holes, no generator.

    Example:
        >>> M = discontiguous_mask(64, 64, (0.25, 0.25), generator=torch.Generator().manual_seed(0))
        >>> int((M == 0).sum())
        1024
    """
    # The smallest island is one corner pixel; its moat is the rest of the 2x2 corner.
    corner = min(2, height) * min(2, width)
    room = height * width - corner + 1
    low, high = missing_count_range(height, width, hole_fraction, at_least=2, at_most=room if room > 1 else 0)
    rng = numpy_generator(generator)
    count = need = int(rng.integers(low, high + 1))
    hole, free = np.zeros((height, width), bool), np.ones((height, width), bool)

    # Chosen by eye: an average shape holds 1/6 to 1/30 of the missing pixels, a moat is 1/64 to 1/20 of the image wide.
    area, islands = count / rng.uniform(6, 30), int(rng.integers(2, 13))
    widths_px = max(1, min(height, width) // 64), max(1, min(height, width) // 20)
    while need:
        new = _draw_shape(rng, free, area * math.exp(rng.uniform(-1, 1))) & free
        at_most = need if hole.any() else count // 2  # the first island leaves something for the others
        if np.count_nonzero(new) > at_most:
            angle = rng.uniform(0, 2 * math.pi)
            position = np.arange(height)[:, None] * math.sin(angle) + np.arange(width) * math.cos(angle)
            keep_first(new, position, at_most)
        if islands and new.any():
            islands -= 1
            moat = _grow(new, int(rng.integers(*widths_px, endpoint=True)))
            left = need - np.count_nonzero(new)
            if not hole.any() and np.count_nonzero(free & ~moat) < left:  # no room for this one: the smallest island
                new[:] = False
                new[rng.choice([0, height - 1]), rng.choice([0, width - 1])] = True
                moat = _grow(new, 1)
                left = need - 1
            if np.count_nonzero(free & ~moat) >= left:  # otherwise the shape stays, without a moat
                free &= ~moat
        hole |= new
        free &= ~new
        need = count - int(np.count_nonzero(hole))
        area *= 1.05  # ever larger shapes: in the end one covers the image, so the loop ends
    return to_mask(hole)


def _draw_shape(rng: np.random.Generator, free: np.ndarray, area: float) -> np.ndarray:
    """Draw a stroke, an ellipse or a rectangle of about `area` pixels from a random free pixel, as (h, w) of bool."""
    height, width = free.shape
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    y, x = rng.integers(height), rng.integers(width)
    while not free[y, x]:
        y, x = rng.integers(height), rng.integers(width)
    kind = rng.choice(3, p=[0.6, 0.2, 0.2])
    if kind == 0:
        # A polyline of given width with round ends; its length is 2 to 20 times the width.
        thickness = math.sqrt(area / math.exp(rng.uniform(math.log(2), math.log(20))))
        angles = rng.uniform(0, 2 * math.pi) + np.cumsum(rng.normal(0, 0.6, size=rng.integers(2, 7)))
        step = area / thickness / len(angles)
        xs, ys = x + step * np.cumsum(np.cos(angles)), y + step * np.cumsum(np.sin(angles))
        points = [(x, y), *zip(xs.tolist(), ys.tolist(), strict=True)]
        draw.line(points, fill=1, width=max(1, round(thickness)), joint="curve")
        for px, py in (points[0], points[-1]):
            r = thickness / 2
            draw.ellipse((px - r, py - r, px + r, py + r), fill=1)
    elif kind == 1:
        a, b = _half_sides(rng, area / math.pi)
        tilt, t = rng.uniform(0, math.pi), np.linspace(0, 2 * math.pi, 32, endpoint=False)
        xs = x + a * np.cos(t) * math.cos(tilt) - b * np.sin(t) * math.sin(tilt)
        ys = y + a * np.cos(t) * math.sin(tilt) + b * np.sin(t) * math.cos(tilt)
        draw.polygon(list(zip(xs.tolist(), ys.tolist(), strict=True)), fill=1)
    else:
        a, b = _half_sides(rng, area / 4)
        draw.rectangle((x - a, y - b, x + a, y + b), fill=1)
    return np.asarray(image).view(bool)  # 0 and 1 as they are


def _half_sides(rng: np.random.Generator, product: float) -> tuple[float, float]:
    """Return two lengths with the given product, one at most three times the other."""
    ratio = math.sqrt(3 ** rng.uniform(-1, 1))
    return math.sqrt(product) * ratio, math.sqrt(product) / ratio


def _grow(region: np.ndarray, by: int) -> np.ndarray:
    """Add to a region (h, w), not empty, all pixels that are at most `by` away from it along both axes."""
    (box,) = ndimage.find_objects(region.astype(np.uint8))  # filtering the bounding box alone is twice as fast
    box = tuple(slice(max(side.start - by, 0), side.stop + by) for side in box)
    grown = region.copy()
    grown[box] = ndimage.maximum_filter(region[box], size=2 * by + 1, mode="constant")
    return grown
