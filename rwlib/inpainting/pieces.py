r"""A photograph piece by piece: only what is looked at just now becomes floating point numbers (12 bytes a pixel)."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.masks import resize_mask

PIECE_PX = 256
"""Side of a piece at least, without what is read around it."""

MAX_LEVELS = 5
"""Levels of a pyramid at most: what differs at the rim is felt up to about 64 px inside."""

Window = tuple[slice, slice]


class Piece(NamedTuple):
    """A part of a photograph that is written, and the larger one that is read for it."""

    target: Window
    """Rows and columns that are written."""
    source: Window
    """Rows and columns that are read."""

    @property
    def inner(self) -> Window:
        """The target's rows and columns within the source."""
        (y, x), (Y, X) = self.target, self.source
        return slice(y.start - Y.start, y.stop - Y.start), slice(x.start - X.start, x.stop - X.start)


def pieces(hole: np.ndarray, levels: int) -> Iterator[Piece]:
    """Cut a hole into pieces, each with as much around it as a pyramid of so many levels can see.

    Args:
        hole: (h, w) bool.
        levels: halvings; sources begin at multiples of 2^levels, so that all have the same pyramid.
    """
    cell = 2**levels
    step, around = max(PIECE_PX, 2 * cell), 2 * cell
    h, w = hole.shape
    for top in range(0, h, step):
        for left in range(0, w, step):
            part = hole[top : top + step, left : left + step]
            if not part.any():
                continue
            target = []
            for start, axis in ((top, 1), (left, 0)):
                indices = np.flatnonzero(part.any(axis))
                target.append(slice(start + int(indices[0]), start + int(indices[-1]) + 1))
            source = tuple(
                slice(max(0, (t.start - around) // cell * cell), min(end, -(-(t.stop + around) // cell) * cell))
                for t, end in zip(target, (h, w), strict=True)
            )
            yield Piece(tuple(target), source)


def to_tensor(image: np.ndarray) -> Tensor:
    """Turn uint8 or uint16 (h, w, 3) into (1, 3, h, w) in [-1, 1]."""
    top = np.iinfo(image.dtype).max
    return torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)[None].div_(top / 2).sub_(1)


def to_mask(known: np.ndarray) -> Tensor:
    """Turn booleans (h, w) into (1, 1, h, w), 1 where True."""
    return torch.from_numpy(known.astype(np.float32))[None, None]


def to_pixels(I: Tensor, dtype: np.dtype) -> np.ndarray:
    """Turn (1, 3, h, w) in [-1, 1] into uint8 or uint16 (h, w, 3); beyond that range it is clipped."""
    top = np.iinfo(dtype).max
    return (I[0].permute(1, 2, 0) + 1).mul_(top / 2).round_().clamp_(0, top).numpy().astype(dtype)


def shrink(image: np.ndarray, known: np.ndarray, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Average the known pixels under each small one, which exists if at least half of what it covers is known.

    Args:
        image: (H, W, 3) uint8 or uint16.
        known: (H, W) bool.
        size: (h, w), not larger.

    Returns:
        (1, 3, h, w) in [-1, 1], 0 where nothing is known, and the mask (1, 1, h, w).
    """
    (H, W), (h, w) = known.shape, size
    if (H, W) == (h, w):
        return to_tensor(image), to_mask(known)
    small, share = torch.empty(3, h, w), torch.empty(h, w)
    for i in range(h):  # a row of small pixels after the other: cells of the size (H / h, W / w), rounded outwards
        rows = slice(i * H // h, -(-(i + 1) * H // h))
        exists = known[rows]
        values = np.where(exists[..., None], image[rows], 0).sum(0, dtype=np.float32)  # (W, 3)
        count = exists.sum(0, dtype=np.float32)  # (W,)
        stack = torch.from_numpy(np.concatenate([values.T, count[None]]))
        mean = F.adaptive_avg_pool1d(stack, w)  # (4, w)
        small[:, i] = mean[:3] / mean[3].clamp(min=1e-6)
        share[i] = mean[3] / len(exists)
    top = np.iinfo(image.dtype).max
    I_small = torch.where(share > 0, small.div_(top / 2).sub_(1), 0)[None]
    share = share[None, None]
    # A region so thin that averaging loses it: keep single pixels instead.
    nearest = resize_mask(torch.from_numpy(known)[None, None], size).float()
    for M_small in ((share >= 0.5).float(), (share >= 1).float(), nearest):
        if M_small.any() and not M_small.all():
            break
    return I_small, M_small


def enlarge(I: Tensor, size: tuple[int, int], window: Window) -> Tensor:
    """Return a part of a map (1, c, h, w) that is enlarged bicubically, as `F.interpolate` enlarges all of it.

    Args:
        I: the map.
        size: height and width of the enlarged map.
        window: rows and columns of that, to be returned.
    """
    if I.shape[-2:] == size:
        return I[..., window[0], window[1]]
    y, x = ((2 * torch.arange(s.start, s.stop) + 1) / n - 1 for s, n in zip(window, size, strict=True))
    grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], dim=-1)[None]  # (1, h', w', 2): x, y in [-1, 1]
    return F.grid_sample(I, grid, mode="bicubic", padding_mode="border", align_corners=False)


def n_levels(size: tuple[int, int], small: tuple[int, int]) -> int:
    """Return the levels of a pyramid that reaches a little further than one pixel of the small map."""
    scale = math.sqrt(math.prod(small) / math.prod(size))
    return min(MAX_LEVELS, math.ceil(-math.log2(scale)) + 2)
