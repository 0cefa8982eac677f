r"""The preview of a photograph on which a hole is painted in the browser, and the way of a hole from one to the other.

A stroke is enlarged to the photograph; the preview shows a hole wherever a pixel under it is missing.
"""

import numpy as np
import torch
from PIL import Image

from rwlib.colors import COLORS
from rwlib.masks import random_mask

PREVIEW_PX = 512
"""Longest side of a preview."""
SHORTEST_PX = 8
"""Its shorter side has so many pixels at least, or a strip of 3000×8 would be one pixel high."""


def preview_size(h: int, w: int) -> tuple[int, int]:
    """Return height and width of the preview of a photograph: at most 512 px but for thin strips, never enlarged."""
    scale = min(1.0, max(PREVIEW_PX / max(h, w), SHORTEST_PX / min(h, w)))
    return max(1, round(h * scale)), max(1, round(w * scale))


def shrink(hole: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring a hole to a smaller size; a pixel is missing if any pixel under it is.

    Undoes `enlarge`: `shrink(enlarge(hole, size), hole.shape)` is `hole`.
    """
    if hole.shape == size:
        return hole
    for axis in (0, 1):
        # The pixels that `enlarge` gives to small pixel k begin at ceil(k H / h).
        first = -(-np.arange(size[axis]) * hole.shape[axis] // size[axis])
        hole = np.logical_or.reduceat(hole, first, axis=axis)
    return hole


def enlarge(hole: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring a hole to a larger size by the nearest pixel."""
    if hole.shape == size:
        return hole
    rows, columns = (np.arange(n) * old // n for n, old in zip(size, hole.shape, strict=True))
    return hole[rows[:, None], columns]


def preview(image: np.ndarray) -> np.ndarray:
    """Return a picture (h, w, 3) at the preview's size."""
    h, w = preview_size(*image.shape[:2])
    if (h, w) == image.shape[:2]:
        return image
    return np.asarray(Image.fromarray(image).resize((w, h), Image.Resampling.BOX))


def with_hole(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Return a picture with its hole in stripes, as the browser shows it."""
    stripes = np.indices(hole.shape).sum(0) // max(2, max(hole.shape) // 64) % 2
    color = np.array([int(COLORS[1][i : i + 2], 16) for i in (1, 3, 5)])
    striped = np.where(stripes[..., None] == 1, color, 255)
    return np.where(hole[..., None], (0.25 * image + 0.75 * striped).round(), image).astype(np.uint8)


def random_hole(size: tuple[int, int], percent: int, kind: str, generator: torch.Generator) -> np.ndarray:
    """Draw a hole on the preview and enlarge it to the photograph.

    Args:
        size: height and width of the photograph.
        percent: of the pixels that are missing.
        kind: `"contiguous"` or `"discontiguous"`.
        generator: source of randomness.
    """
    h, w = preview_size(*size)
    share = percent / 100, percent / 100 + 2 / (h * w)  # room for a whole number of pixels
    M = random_mask(h, w, share, kind=kind, generator=generator)
    return enlarge(M[0].numpy() == 0, size)
