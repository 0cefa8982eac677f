r"""Fill holes in tensors and arrays of any size.

`fill_photo` goes three steps, each in parts of the photograph, so that memory hardly grows with its size:

1. Where the hole is at most `THIN_PX` wide, pixels are continued smoothly from both sides (`rwlib.inpainting.seams`).
2. The rest is cut into regions (`rwlib.inpainting.regions`); the network fills each at the scale at which its hole has
   the size of training holes.
3. The prediction is enlarged. What it misses at existing pixels, fine detail and differences of colour, is continued
   smoothly into the hole and added, so that no seam shows.

Existing pixels are copied from the original, not from the network: they stay bit-identical.
"""

import math
import time
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.config import Config
from rwlib.conventions import InputError, check_image_and_mask
from rwlib.inpainting.pieces import Piece, enlarge, n_levels, pieces, shrink, to_mask, to_pixels, to_tensor
from rwlib.inpainting.regions import MIN_SIDE_PX, THIN_PX, Region, choose_regions, thick_part
from rwlib.inpainting.seams import continue_smoothly
from rwlib.networks.generator import Outputs, RegionWiseGenerator
from rwlib.randomness import TOO_LARGE, Stream, make_generator
from rwlib.system import free_mb

THIN_LEVELS = math.ceil(math.log2(THIN_PX)) + 1
"""Levels of the pyramid that a thin hole needs: cells of twice its width."""

BYTES_PER_WORK_PIXEL = 150
"""Memory that the network takes per pixel and channel of its first layer: 120 measured at 448x336 and width 24."""

SHOWN_PX = 256
"""Longest side of the picture that stands for the network's steps where it had nothing to do."""


@torch.no_grad()
def fill(G: RegionWiseGenerator, I_gt: Tensor, M: Tensor, *, sample: int = 0) -> Outputs:
    """Run the generator on images of any size.

    Args:
        G: a generator.
        I_gt: (b, 3, h, w) in [-1, 1]; what stands in the hole is ignored, NaN included.
        M: (b, 1, h, w), 1 existing, 0 missing.
        sample: which answer, of a generator that has several for a hole (PIC): 0 is that of the prior's mean, every
            number above it draws another one, always the same.

    Returns:
        What the generator returns, `Outputs` for the region-wise one, each (b, 3, h, w); `I_c` is the result.

    Raises:
        InputError: wrong shapes, a mask with other values than 0 and 1, values that are not finite outside the hole, or
            a sample of a generator that has one answer only.
    """
    check_image_and_mask(I_gt, M)
    check_sample(G, sample)
    if not ((M == 0) | (M == 1)).all():
        raise InputError(f"mask: expected 0 and 1 only, got values from {float(M.min()):g} to {float(M.max()):g}")
    h, w = I_gt.shape[-2:]
    I_in = torch.where(M.bool(), I_gt, 0)
    if not I_in.isfinite().all():
        bad = int((~I_in.isfinite()).any(1).sum())
        raise InputError(f"image: {bad} existing pixels are NaN or infinite; repair them or mark them as missing")
    right, below = -w % G.divisor, -h % G.divisor
    least_px = getattr(G, "least_px", 0)  # of one side, where a single cell of the smallest map would not do
    if max(w + right, h + below) < least_px:
        right = least_px - w
    padding = (0, right, 0, below)
    I_in, M = F.pad(I_in, padding, mode="replicate"), F.pad(M.float(), padding, mode="replicate")
    draws = []
    if sample:
        generator = make_generator(0, Stream.ANSWER, sample)
        draws = [torch.randn(G.noise_shape(I_in), generator=generator).to(I_in)]
    padded = G(I_in, M, *draws)
    return type(padded)(*(x[..., :h, :w] for x in padded))


def check_sample(G: torch.nn.Module, sample: int) -> None:
    """Refuse a sample that a generator cannot draw.

    Raises:
        InputError: a number out of range, or a generator that has one answer only.
    """
    if not 0 <= sample < TOO_LARGE:
        raise InputError(f"sample: expected 0, 1, 2, ..., got {sample}")
    if sample and not hasattr(G, "noise_shape"):
        raise InputError(
            f"sample: this model has one answer for a hole, got {sample}; leave it out, or take a model with "
            "several: pic"
        )


class Filled(NamedTuple):
    """A filled picture, and how it came about."""

    image: np.ndarray
    """(h, w, 3), of the type that was given; pixels outside the hole are those that were given."""
    outputs: Outputs
    """What the network made, (1, 3, h', w') each, at the size at which it worked, of the region with the largest hole;
    the picture itself, made smaller, four times if all of the hole is thin."""
    M: Tensor
    """The mask that it saw there, (1, 1, h', w'); 1 everywhere if all of the hole is thin."""
    seconds: float
    """How long all of it took."""


def inpaint(
    image: np.ndarray,
    hole: np.ndarray,
    G: RegionWiseGenerator,
    config: Config,
    *,
    work_side_px: int = 0,
    sample: int = 0,
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
    return fill_photo(image, hole, G, config, work_side_px=work_side_px, sample=sample).image


def fill_photo(
    image: np.ndarray,
    hole: np.ndarray,
    G: RegionWiseGenerator,
    config: Config,
    *,
    work_side_px: int = 0,
    network_only: bool = False,
    sample: int = 0,
) -> Filled:
    """Fill the hole of one picture, and return what the network made on the way, too.

    Args:
        image: (h, w, 3) uint8 or uint16.
        hole: (h, w) bool, True where missing.
        G: a generator, see `rwlib.checkpoints.load_generator`.
        config: its configuration; `size_px` says which holes it knows.
        work_side_px: longest side at which the network sees the whole picture; 0 cuts out regions and chooses by the
            size of their holes.
        network_only: leave thin parts to the network, too, and its seams as they are: to see what it does by itself.
        sample: which answer of a generator that has several, see `fill`.

    Raises:
        InputError: a sample that the generator cannot draw, wrong types, sizes that differ, a side under 8 px, no hole,
            nothing but hole, or a work side that needs more memory than there is.
    """
    start = time.perf_counter()
    check_sample(G, sample)
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

    filled = image.copy(order="C")
    thick = hole if network_only else thick_part(hole)
    _fill_thin(filled, hole, thick)
    regions = choose_regions(thick, config.size_px, work_side_px) if thick.any() else []
    if regions and work_side_px:
        _refuse_too_large(regions[0], config.width)
    worked = [_fill_region(filled, thick, region, G, seams=not network_only, sample=sample) for region in regions]
    if worked:
        outputs, M = max(worked, key=lambda done: int((done[1] == 0).sum()))
    else:  # for whoever looks at the steps: there are none
        I, M = shrink(
            filled, np.ones_like(hole), choose_regions(hole, config.size_px, min(max(h, w), 256))[0].work_size
        )
        outputs = Outputs(I, I, I, I)
    return Filled(filled, outputs, M, time.perf_counter() - start)


def _refuse_too_large(region: Region, width: int) -> None:
    """Refuse a work side that was asked for and needs more memory than there is."""
    h, w = region.work_size
    needed_mb, there_mb = h * w * width * BYTES_PER_WORK_PIXEL / 1e6, free_mb()
    if needed_mb > there_mb:
        raise InputError(
            f"work_side_px: {w}x{h} pixels at once need about {needed_mb / 1000:.1f} GB, {there_mb / 1000:.1f} GB are "
            "free; give a smaller one, or 0"
        )


def _fill_thin(filled: np.ndarray, hole: np.ndarray, thick: np.ndarray) -> None:
    """Continue the picture into the thin parts of its hole, in place."""
    thin = hole & ~thick
    for piece in pieces(thin, THIN_LEVELS):
        known = ~hole[piece.source]
        I = continue_smoothly(to_tensor(filled[piece.source]), to_mask(known))
        _write(filled, thin, piece, I[..., piece.inner[0], piece.inner[1]])


def _fill_region(
    filled: np.ndarray, thick: np.ndarray, region: Region, G: RegionWiseGenerator, *, seams: bool, sample: int = 0
) -> tuple[Outputs, Tensor]:
    """Fill a region by the network, in place, and return what it made and the mask that it saw."""
    part, missing = filled[region.window], thick[region.window]
    I_gt, M = shrink(part, ~missing, region.work_size)
    outputs = fill(G, I_gt, M, sample=sample)
    levels = n_levels(region.size, region.work_size)
    for piece in pieces(missing, levels):
        I_p = enlarge(outputs.I_p if seams else outputs.I_c, region.size, piece.source)
        if seams:
            known = to_mask(~missing[piece.source])
            I_p = I_p + continue_smoothly(to_tensor(part[piece.source]) - I_p, known, levels)
        _write(part, missing, piece, I_p[..., piece.inner[0], piece.inner[1]])
    return outputs, M


def _write(image: np.ndarray, hole: np.ndarray, piece: Piece, I: Tensor) -> None:
    np.copyto(image[piece.target], to_pixels(I, image.dtype), where=hole[piece.target][..., None])
