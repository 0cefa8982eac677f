r"""A photograph and the hole in it: what `HolePainter` holds, computes and saves, without any widget.

A hole is (h, w) of bool, True where missing, at the photograph's size. In the browser it is painted on a preview of at
most 512 px: a stroke is enlarged to the photograph, and the preview shows a hole wherever a pixel under it is missing.
"""

import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

import rwlib
from rwlib.colors import COLORS
from rwlib.conventions import InputError, check_shape, image_to_tensor, tensor_to_image
from rwlib.data import Facades, photos
from rwlib.data.bundled import NAMES
from rwlib.inpainting import MIN_SIDE_PX, Filled, check_folder, read_hole, read_image, split_mode
from rwlib.masks import random_mask

MAX_PIXELS = 4_000_000  # 2300x1700: a photograph, its float32 copies and a filling together take less than 400 MB
PREVIEW_PX = 512
HOUSE = "house front (drawn)"

Source = str | os.PathLike[str] | bytes | np.ndarray | Tensor | Image.Image


@dataclass(frozen=True)
class Photo:
    """A photograph to work on."""

    image: np.ndarray
    """(h, w, 3) uint8."""
    name: str
    """For readers."""
    given: tuple[int, int]
    """Height and width as it was given, in pixels; larger than those of `image` if it was reduced."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, in pixels."""
        return self.image.shape[0], self.image.shape[1]

    def describe(self) -> str:
        """Return name and size in words, and whether it was reduced."""
        (h, w), (H, W) = self.size, self.given
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
            [-1, 1], or a Pillow image. Transparency is dropped, and 16 bits become 8.
        name: for readers.

    Raises:
        InputError: not a picture, or a side under 8 px.
    """
    if isinstance(source, str) and source in (*NAMES, HOUSE):
        return bundled(source)
    if isinstance(source, Tensor):
        check_shape("photo", source, "1 3 h w")
        image = tensor_to_image(source)
    elif isinstance(source, np.ndarray):
        if source.dtype != np.uint8 or source.ndim != 3 or source.shape[2] != 3:
            raise InputError(f"photo: expected uint8 of shape (h, w, 3), got {source.dtype} of {source.shape}")
        image = source
    else:
        _refuse_other("photo", source, str | bytes | os.PathLike | Image.Image)
        if isinstance(source, str | os.PathLike):
            name = name or Path(source).name
        image = _decode(source if isinstance(source, Image.Image) else read_image(source))
    h, w = image.shape[:2]
    if min(h, w) < MIN_SIDE_PX:
        raise InputError(f"photo: expected sides of at least {MIN_SIDE_PX} px, got {w}×{h} (w×h); take a larger one")
    if h * w > MAX_PIXELS:
        scale = (MAX_PIXELS / (h * w)) ** 0.5
        size = max(MIN_SIDE_PX, int(w * scale)), max(MIN_SIDE_PX, int(h * scale))
        image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
    return Photo(np.array(image), name or "photo", (h, w))


def _refuse_other(name: str, source: object, kinds: Any) -> None:
    if not isinstance(source, kinds):
        raise InputError(f"{name}: expected a path, an array or a tensor; got {type(source).__name__} {source!r:.40}")


def _decode(picture: Image.Image) -> np.ndarray:
    image, _ = split_mode(picture)
    return image if image.dtype == np.uint8 else (image / 257).round().astype(np.uint8)


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
    if hole.shape not in (photo.size, photo.given):
        (h, w), (H, W) = hole.shape, photo.given
        raise InputError(f"mask: its size {w}×{h} is not the photograph's {W}×{H} (width × height); resize it")
    return hole.copy() if hole.shape == photo.size else shrink(hole, photo.size)


# --- the preview


def preview_size(h: int, w: int) -> tuple[int, int]:
    """Return height and width of the preview on which a hole is painted: at most 512 px, never enlarged."""
    scale = min(1.0, PREVIEW_PX / max(h, w))
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


def random_hole(photo: Photo, percent: int, kind: str, generator: torch.Generator) -> np.ndarray:
    """Draw a hole on the preview and enlarge it to the photograph.

    Args:
        photo: for its size.
        percent: of the pixels that are missing.
        kind: `"contiguous"` or `"discontiguous"`.
        generator: source of randomness.
    """
    h, w = preview_size(*photo.size)
    share = percent / 100, percent / 100 + 2 / (h * w)  # room for a whole number of pixels
    M = random_mask(h, w, share, kind=kind, generator=generator)
    return enlarge(M[0].numpy() == 0, photo.size)


# --- results


@dataclass(frozen=True)
class Result:
    """A filled photograph, and from what it was made."""

    photo: Photo
    hole: np.ndarray
    """(h, w) bool, True where missing."""
    filled: Filled
    model: str
    """Name of the generator."""


def provenance(result: Result) -> dict[str, str]:
    """Return what a saved picture says of itself: which pixels are invented, and by what."""
    percent = 100 * result.hole.mean()
    note = {
        "generated": f"{percent:.2f} % of the pixels were invented by a neural network; what was there is not known",
        "where": "white in the mask that was saved beside this picture",
        "software": f"rwlib {rwlib.__version__}, region-wise inpainting",
        "model": result.model,
        "source": result.photo.name,
    }
    return {"Title": "Inpainted picture", "Software": note["software"], "Comment": json.dumps(note)}


def encode(image: np.ndarray, about: Mapping[str, str] | None = None) -> bytes:
    """Return a picture as PNG, with words in its header."""
    info = PngInfo()
    for key, words in (about or {}).items():
        info.add_itxt(key, words)
    png = io.BytesIO()
    Image.fromarray(image).save(png, "PNG", pnginfo=info)
    return png.getvalue()


def save(result: Result, path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Write the filled picture and, beside it, its mask (white is missing).

    Args:
        result: what to write.
        path: of the picture; .png. The mask's name ends with `-mask.png`.

    Returns:
        Both paths.

    Raises:
        InputError: another ending, or a folder that is missing or cannot be written to.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise InputError(f"path: {path} does not end with .png; JPEG would change existing pixels")
    check_folder(path.parent, "path")
    mask = path.with_name(f"{path.stem}-mask.png")
    for file, content in (
        (path, encode(result.filled.image, provenance(result))),
        (mask, encode(result.hole.astype(np.uint8) * 255)),
    ):
        part = file.with_name(f".{file.name}.{os.getpid()}.part")
        try:
            part.write_bytes(content)
            os.replace(part, file)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise InputError(f"path: cannot write {file} ({error.strerror}); choose another place") from None
    return path, mask


def tensors(photo: Photo, hole: np.ndarray) -> tuple[Tensor, Tensor]:
    """Return `I_gt` (1, 3, h, w) in [-1, 1] and `M` (1, 1, h, w), 1 existing, 0 missing."""
    return image_to_tensor(photo.image), torch.from_numpy(~hole).float()[None, None]
