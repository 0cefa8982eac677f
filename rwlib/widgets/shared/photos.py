r"""A photograph to work on, and the hole in it, from nearly anything: a file, an upload, an array, a tensor.

A hole is (h, w) of bool, True where missing, at the photograph's size.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from rwlib.conventions import InputError, check_shape, image_to_tensor, tensor_to_image
from rwlib.data import Facades, photos
from rwlib.data.bundled import NAMES
from rwlib.images import read_hole, read_image, to_8_bits
from rwlib.inpainting import MIN_SIDE_PX
from rwlib.widgets.shared.previews import shrink

MAX_PIXELS = 4_000_000  # 2300x1700: a photograph, its float32 copies and a filling together take less than 400 MB
HOUSE = "house front (drawn)"

Source = str | os.PathLike[str] | bytes | np.ndarray | Tensor | Image.Image


@dataclass(frozen=True)
class Photo:
    """A photograph to work on."""

    image: np.ndarray
    """(h, w, 3) uint8."""
    name: str
    """For readers."""
    original_size: tuple[int, int]
    """Height and width before, in pixels; larger than those of `image` if it was reduced."""
    alpha: np.ndarray | None = None
    """(h, w) uint8, 0 transparent; None for a photograph without transparency."""
    file: Path | None = None
    """Where it was read from."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, in pixels."""
        return self.image.shape[0], self.image.shape[1]

    def describe(self) -> str:
        """Return name and size in words, and whether it was reduced."""
        (h, w), (H, W) = self.size, self.original_size
        if (h, w) == (H, W):
            return f"{self.name}, {w}×{h}"
        return (
            f"{self.name}: {W}×{H} is more than {MAX_PIXELS // 10**6} megapixels; it is worked on at {w}×{h} "
            "(`rwlib inpaint` keeps the full size)"
        )


def bundled(name: str) -> Photo:
    """Return a photograph that comes along, or the drawn house front."""
    image = Facades(seed=4).center(0, size_px=256) if name == HOUSE else photos()[name]
    return Photo(np.array(image), name, image.shape[:2])


def to_photo(source: Source, name: str = "") -> Photo:
    """Make a photograph of nearly anything.

    Args:
        source: name of a bundled photograph, path or content of a file, uint8 array (h, w, 3), tensor (1, 3, h, w) in
            [-1, 1], or a Pillow image. 16 bits become 8.
        name: for readers.

    Raises:
        InputError: not a picture, values that are not finite, or a side under 8 px.
    """
    if isinstance(source, str) and source in (*NAMES, HOUSE):
        return bundled(source)
    alpha = file = None
    if isinstance(source, Tensor):
        check_shape("photo", source, "1 3 h w")
        if not source.isfinite().all():
            raise InputError("photo: has values that are not finite (NaN or infinite); replace them")
        image = tensor_to_image(source)
    elif isinstance(source, np.ndarray):
        if source.dtype != np.uint8 or source.ndim != 3 or source.shape[2] != 3:
            raise InputError(f"photo: expected uint8 of shape (h, w, 3), got {source.dtype} of {source.shape}")
        image = source
    else:
        _refuse_other("photo", source, str | bytes | os.PathLike | Image.Image)
        if isinstance(source, str | os.PathLike):
            file = Path(source)
            name = name or file.name
        picture = source if isinstance(source, Image.Image) else read_image(source)
        image = to_8_bits(picture)
        if picture.has_transparency_data:
            alpha = np.asarray(picture.convert("RGBA").getchannel("A"))
    h, w = image.shape[:2]
    if min(h, w) < MIN_SIDE_PX:
        raise InputError(f"photo: expected sides of at least {MIN_SIDE_PX} px, got {w}×{h} (w×h); take a larger one")
    if h * w > MAX_PIXELS:
        scale = (MAX_PIXELS / (h * w)) ** 0.5
        size = max(MIN_SIDE_PX, int(w * scale)), max(MIN_SIDE_PX, int(h * scale))
        image, alpha = (
            None if x is None else np.asarray(Image.fromarray(x).resize(size, Image.Resampling.BOX))
            for x in (image, alpha)
        )
    return Photo(np.array(image), name or "photo", (h, w), alpha, file)


def _refuse_other(name: str, source: object, kinds: Any) -> None:
    if not isinstance(source, kinds):
        raise InputError(f"{name}: expected a path, an array or a tensor; got {type(source).__name__} {source!r:.40}")


def to_hole(source: Source, photo: Photo) -> np.ndarray:
    """Make a hole for a photograph.

    Args:
        source: mask (1, 1, h, w), 1 existing, 0 missing; array (h, w) of bool, True where missing, as
            `rwlib.inpainting` takes it; or path or content of a file in which white is missing, as
            `rwlib inpaint --mask` takes it.
        photo: the hole must have its size, or the one with which it was given.

    Returns:
        (h, w) bool at the photograph's size, True where missing.

    Raises:
        InputError: another size, or no mask.
    """
    if isinstance(source, Tensor):
        check_shape("mask", source, "1 1 h w")
        if not ((source == 0) | (source == 1)).all():
            raise InputError("mask: expected 0 (missing) and 1 (existing) only")
        hole = (source[0, 0] == 0).cpu().numpy()
    elif isinstance(source, np.ndarray):
        if source.dtype != bool or source.ndim != 2:
            raise InputError(f"mask: expected booleans of shape (h, w), got {source.dtype} of {source.shape}")
        hole = source
    else:
        _refuse_other("mask", source, str | bytes | os.PathLike)
        hole = read_hole(source)
    if hole.shape not in (photo.size, photo.original_size):
        (h, w), (H, W) = hole.shape, photo.original_size
        raise InputError(f"mask: its size {w}×{h} is not the photograph's {W}×{H} (width × height); resize it")
    return hole.copy() if hole.shape == photo.size else shrink(hole, photo.size)


def tensors(photo: Photo, hole: np.ndarray) -> tuple[Tensor, Tensor]:
    """Return `I_gt` (1, 3, h, w) in [-1, 1] and `M` (1, 1, h, w), 1 existing, 0 missing."""
    return image_to_tensor(photo.image), torch.from_numpy(~hole).float()[None, None]
