r"""Where in a photograph the network works, and how large the photograph is to it there.

A network knows holes of the size that it was trained with. Each hole is cut out with as much around it as a training
picture has, and brought to the scale at which it has that size (never enlarged). Holes whose surroundings overlap are
filled together. So a small hole in a large photograph is seen closely, and the work does not grow with the photograph.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.ndimage import distance_transform_edt, find_objects, label, maximum_filter1d, minimum_filter1d

THIN_PX = 8
"""No part of a hole that is at most so wide is left to the network. Continued smoothly from both sides, scratches come
out better than filled by the shipped generator up to a width of 9 px, in PSNR and SSIM (LOG.md)."""

WORK_SHARE = 2
"""Pixels of a region's work in pixels of a training picture, at most; 3 gain no more than 0.1 dB."""

MAX_WORK_PIXELS = 80_000
"""Pixels of all regions' work at most: two seconds on two cores at width 24."""

MIN_SIDE_PX = 8


class Region(NamedTuple):
    """A part of a photograph that the network fills in one piece."""

    top: int
    left: int
    bottom: int
    right: int
    work_size: tuple[int, int]
    """Height and width that it has for the network."""

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the photograph."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in the photograph."""
        return self.bottom - self.top, self.right - self.left


def thick_part(hole: np.ndarray) -> np.ndarray:
    """Return those pixels of a hole that lie in some square of `THIN_PX` + 1 missing pixels a side (an opening).

    Args:
        hole: (h, w) bool.

    Returns:
        (h, w) bool. Every other pixel of the hole has an existing one within `THIN_PX` pixels.
    """
    x = hole.view(np.uint8)
    for extreme in (minimum_filter1d, maximum_filter1d):
        for axis in (0, 1):
            x = extreme(x, THIN_PX + 1, axis=axis, mode="constant", cval=0)
    return x.view(bool)


def choose_regions(hole: np.ndarray, trained_px: int, work_side_px: int = 0) -> list[Region]:
    """Choose the regions in which the network fills a hole.

    Args:
        hole: (h, w) bool, with something missing.
        trained_px: side of the pictures that the network was trained with.
        work_side_px: longest side that the whole photograph is to have for the network, as one region; 0 chooses.
    """
    h, w = hole.shape
    if work_side_px:
        return [Region(0, 0, h, w, _work_size((h, w), work_side_px / max(h, w)))]
    boxes = _boxes(hole)
    if len(boxes) > MANY:
        boxes = [_around(boxes)]
    boxes = _merge([_with_surroundings(box, hole, trained_px) for box in boxes])
    regions = [_region(box, hole, trained_px) for box in boxes]
    if len(regions) > 1 and sum(math.prod(r.work_size) for r in regions) > MAX_WORK_PIXELS:
        regions = [_region(_around(boxes), hole, trained_px)]
    return regions


Box = tuple[int, int, int, int]
"""Top, left, bottom, right."""

CELLS = 256
"""Connected holes are found on a grid of at most so many cells a side."""

MANY = 200
"""So many holes are one: that of all of them."""


def _boxes(hole: np.ndarray) -> list[Box]:
    """Return a box for each connected part of a hole, on a coarse grid."""
    step = max(1, math.ceil(max(hole.shape) / CELLS))
    rows = np.arange(0, hole.shape[0], step), np.arange(0, hole.shape[1], step)
    cells = np.logical_or.reduceat(np.logical_or.reduceat(hole, rows[0], axis=0), rows[1], axis=1)
    parts, _ = label(cells, np.ones((3, 3)))
    return [
        (step * y.start, step * x.start, min(step * y.stop, hole.shape[0]), min(step * x.stop, hole.shape[1]))
        for y, x in find_objects(parts)
    ]


def _with_surroundings(box: Box, hole: np.ndarray, trained_px: int) -> Box:
    """Widen a box to twice its longer side, or to a training picture at the scale of its hole if that is more."""
    top, left, bottom, right = box
    longest = max(bottom - top, right - left)
    side = max(2 * longest, math.ceil(trained_px / _scale(hole[top:bottom, left:right], trained_px)))
    box = []
    for start, stop, end in ((top, bottom, hole.shape[0]), (left, right, hole.shape[1])):
        length = min(side, end)
        start = min(max(0, (start + stop - length) // 2), end - length)  # moved inwards at the border
        box.append((start, start + length))
    (top, bottom), (left, right) = box
    return top, left, bottom, right


def _merge(boxes: list[Box]) -> list[Box]:
    """Replace boxes that overlap by the one around them, until none do."""
    merged: list[Box] = []
    for box in boxes:
        while others := [b for b in merged if b[0] < box[2] and box[0] < b[2] and b[1] < box[3] and box[1] < b[3]]:
            merged = [b for b in merged if b not in others]
            box = _around([box, *others])
        merged.append(box)
    return merged


def _around(boxes: list[Box]) -> Box:
    top, left, bottom, right = zip(*boxes, strict=True)
    return min(top), min(left), max(bottom), max(right)


def _scale(hole: np.ndarray, trained_px: int) -> float:
    """Return the scale at which the thickest part of a hole is as thick as those of training."""
    step = max(1, max(hole.shape) // 1024)  # the radius to within a per mille is enough
    coarse = np.pad(hole[::step, ::step], 1, constant_values=False)
    radius = max(1.0, step * float(distance_transform_edt(coarse).max()))
    # The largest disc in a contiguous hole of 25 % has a radius of about a fifth of the side (mean of 200: 0.19).
    return min(1.0, trained_px / 5 / radius)


def _region(box: Box, hole: np.ndarray, trained_px: int) -> Region:
    top, left, bottom, right = box
    h, w = bottom - top, right - left
    most = min(WORK_SHARE * trained_px**2, MAX_WORK_PIXELS)
    scale = min(_scale(hole[top:bottom, left:right], trained_px), (most / (h * w)) ** 0.5)
    return Region(*box, _work_size((h, w), scale))


def _work_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    h, w = size
    if scale >= 1:
        return size
    return min(max(MIN_SIDE_PX, round(h * scale)), h), min(max(MIN_SIDE_PX, round(w * scale)), w)
