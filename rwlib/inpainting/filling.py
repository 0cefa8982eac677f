r"""Fill holes in tensors and arrays of any size.

The network knows holes of the size that it was trained with, so `fill_photo` first brings the picture to the scale at
which the hole has that size (never enlarged), fills it there, and enlarges the filling again. Existing pixels are
copied from the original, not from the network: they stay bit-identical.
"""

import time
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from rwlib.config import Config
from rwlib.conventions import InputError, check_image_and_mask
from rwlib.masks import resize_mask
from rwlib.networks.generator import Outputs, RegionWiseGenerator

MIN_SIDE_PX = 8
MAX_WORK_PIXELS = 150_000  # 448x336: keeps a 1000x750 photograph under 6 s and 2 GB on two cores at width 24


@torch.no_grad()
def fill(G: RegionWiseGenerator, I_gt: Tensor, M: Tensor) -> Outputs:
    """Run the generator on images of any size.

    Args:
        G: a generator.
        I_gt: (b, 3, h, w) in [-1, 1]; what stands in the hole is ignored, NaN included.
        M: (b, 1, h, w), 1 existing, 0 missing.

    Returns:
        `Outputs`, each (b, 3, h, w).

    Raises:
        InputError: wrong shapes, a mask with other values than 0 and 1, or values that are not finite outside the hole.
    """
    check_image_and_mask(I_gt, M)
    if not ((M == 0) | (M == 1)).all():
        raise InputError(f"mask: expected 0 and 1 only, got values from {float(M.min()):g} to {float(M.max()):g}")
    h, w = I_gt.shape[-2:]
    I_in = torch.where(M.bool(), I_gt, 0)
    if not I_in.isfinite().all():
        bad = int((~I_in.isfinite()).any(1).sum())
        raise InputError(f"image: {bad} existing pixels are NaN or infinite; repair them or mark them as missing")
    padding = (0, -w % 4, 0, -h % 4)
    padded = G(F.pad(I_in, padding, mode="replicate"), F.pad(M.float(), padding, mode="replicate"))
    return Outputs(*(x[..., :h, :w] for x in padded))


class Filled(NamedTuple):
    """A filled picture, and how it came about."""

    image: np.ndarray
    """(h, w, 3), of the type that was given; pixels outside the hole are those that were given."""
    outputs: Outputs
    """What the network made, (1, 3, h', w') each, at the size at which it worked."""
    M: Tensor
    """The mask that it saw, (1, 1, h', w')."""
    seconds: float
    """How long all of it took."""


def inpaint(
    image: np.ndarray,
    hole: np.ndarray,
    G: RegionWiseGenerator,
    config: Config,
    *,
    work_side_px: int = 0,
) -> np.ndarray:
    """Fill the hole of one picture; arguments and errors are those of `fill_photo`.

    Returns:
        (h, w, 3) of the same type; pixels outside the hole are those of `image`.

    Example:
        >>> image, hole = np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), bool)
        >>> hole[4:8, 4:8] = True
        >>> inpaint(image, hole, RegionWiseGenerator(8), Config(width=8)).shape
        (16, 16, 3)
    """
    return fill_photo(image, hole, G, config, work_side_px=work_side_px).image


def fill_photo(
    image: np.ndarray,
    hole: np.ndarray,
    G: RegionWiseGenerator,
    config: Config,
    *,
    work_side_px: int = 0,
) -> Filled:
    """Fill the hole of one picture, and return what the network made on the way, too.

    Args:
        image: (h, w, 3) uint8 or uint16.
        hole: (h, w) bool, True where missing.
        G: a generator, see `rwlib.checkpoints.load_generator`.
        config: its configuration; `size_px` says which holes it knows.
        work_side_px: longest side at which the network works; 0 chooses by the size of the hole.

    Raises:
        InputError: wrong types, sizes that differ, a side under 8 px, no hole, or nothing but hole.
    """
    start = time.perf_counter()
    if image.dtype not in (np.uint8, np.uint16) or image.ndim != 3 or image.shape[2] != 3:
        raise InputError(f"image: expected uint8 or uint16 of shape (h, w, 3), got {image.dtype} of {image.shape}")
    if hole.dtype != bool or hole.ndim != 2:
        raise InputError(f"mask: expected booleans of shape (h, w), got {hole.dtype} of {hole.shape}")
    h, w = hole.shape
    if image.shape[:2] != (h, w):
        got, expected = f"{w}x{h}", f"{image.shape[1]}x{image.shape[0]}"
        raise InputError(f"mask: its size {got} is not the image's {expected} (width x height); resize the mask")
    if min(h, w) < MIN_SIDE_PX:
        raise InputError(f"image: expected sides of at least {MIN_SIDE_PX} px, got {w}x{h} (w x h); enlarge it")
    if work_side_px < 0 or 0 < work_side_px < MIN_SIDE_PX:
        raise InputError(f"work_side_px: expected 0 or at least {MIN_SIDE_PX}, got {work_side_px}")
    if not hole.any():
        raise InputError("mask: it has no hole, so there is nothing to fill; mark what is missing")
    if hole.all():
        raise InputError("mask: everything is missing, so there is nothing to fill from; leave some of the picture")

    # In place from here on: a photograph of 48 megapixels takes 580 MB as float32.
    top = np.iinfo(image.dtype).max
    I_gt = torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)[None].div_(top / 2).sub_(1)
    M = torch.from_numpy(~hole).float()[None, None]
    size = _work_size(hole, config.size_px, work_side_px)
    if size != (h, w):
        I_gt, M = _shrink(I_gt, M, size)
    outputs = fill(G, I_gt, M)
    I_c2 = outputs.I_c2
    if size != (h, w):
        I_c2 = F.interpolate(I_c2, (h, w), mode="bicubic", align_corners=False)
    filled = (I_c2[0].permute(1, 2, 0) + 1).mul_(top / 2).round_().clamp_(0, top).numpy().astype(image.dtype, order="C")
    np.copyto(filled, image, where=~hole[..., None])
    return Filled(filled, outputs, M, time.perf_counter() - start)


def _work_size(hole: np.ndarray, trained_px: int, work_side_px: int) -> tuple[int, int]:
    """Choose the size at which the network works: its holes as large as in training, at most `MAX_WORK_PIXELS`."""
    h, w = hole.shape
    scale = 1.0
    if work_side_px:
        scale = min(1.0, work_side_px / max(h, w))
    else:
        step = max(1, max(h, w) // 1024)  # the radius to within a per mille is enough
        coarse = np.pad(hole[::step, ::step], 1, constant_values=False)
        radius = max(1.0, step * float(distance_transform_edt(coarse).max()))
        # The largest disc in a contiguous hole of 25 % has a radius of about a fifth of the side (mean of 200: 0.19).
        scale = min(1.0, trained_px / 5 / radius, (MAX_WORK_PIXELS / (h * w)) ** 0.5)
    size = max(MIN_SIDE_PX, round(h * scale)), max(MIN_SIDE_PX, round(w * scale))
    return (h, w) if scale == 1.0 else (min(size[0], h), min(size[1], w))


def _shrink(I_gt: Tensor, M: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Average the existing pixels under each small one, which exists if at least half of what it covers does.

    `I_gt` is overwritten.
    """
    share = F.interpolate(M, size, mode="area")
    I_small = F.interpolate(I_gt.mul_(M), size, mode="area") / share.clamp(min=1e-6)
    # A region so thin that averaging loses it: keep single pixels instead.
    for M_small in ((share >= 0.5).float(), (share >= 1).float(), resize_mask(M, size)):
        if M_small.any() and not M_small.all():
            break
    return I_small, M_small
