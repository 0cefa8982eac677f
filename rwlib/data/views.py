r"""What a photo source shows of a photograph: random training crops and fixed evaluation crops.

`random_view` and `center_view` are what every source (`rwlib.data.PhotoSource`) shares, with the checks of what it is
asked for.

The paper (section 4.1) trains on crops and does not say how they are scaled. Here the photograph's min side is first
brought to between one and two crops: a crop then shows from all to a half of the photograph's shorter side.
"""

import numpy as np
import torch
from PIL import Image

from rwlib.conventions import InputError

MAX_SCALE = 2.0
"""Largest min side of a rescaled photograph, in crops."""


def random_view(photo: np.ndarray, size_px: int, generator: torch.Generator, *, min_scale: float = 1.0) -> np.ndarray:
    """Rescale a photograph at random, cut a random square out of it, flip it left to right half of the time.

    Its min side becomes a uniform value between `min_scale * size_px` and `min(own min side, 2 * size_px)`. It is never
    enlarged, unless it is smaller than the crop: then its min side becomes `size_px`.

    Args:
        photo: (h, w, 3), uint8.
        size_px: side of the crop.
        generator: the only source of randomness; four numbers are drawn, whatever the photograph.
        min_scale: smallest min side, in crops, 1 to 2.

    Returns:
        (size_px, size_px, 3), uint8.
    """
    h, w, _ = photo.shape
    u_scale, u_top, u_left, u_flip = four_uniforms(generator)
    largest = max(size_px, min(h, w, MAX_SCALE * size_px))
    smallest = min(min_scale * size_px, largest)
    window = min(h, w) * size_px / (smallest + u_scale * (largest - smallest))  # the crop's side on the photograph
    top, left = u_top * (h - window), u_left * (w - window)
    crop = _resize(photo, (left, top, left + window, top + window), size_px)
    return np.ascontiguousarray(crop[:, ::-1]) if u_flip < 0.5 else crop


def center_view(photo: np.ndarray, size_px: int) -> np.ndarray:
    """Bring the min side of a photograph (h, w, 3) to `size_px` and cut the square in its middle: no randomness."""
    h, w, _ = photo.shape
    side = min(h, w)
    top, left = (h - side) / 2, (w - side) / 2
    return _resize(photo, (left, top, left + side, top + side), size_px)


def four_uniforms(generator: torch.Generator) -> list[float]:
    """Draw the four numbers in [0, 1) that any source's crop depends on: scale, two places, flip.

    Raises:
        InputError: not a generator; `None` would silently mean PyTorch's global one.
    """
    if not isinstance(generator, torch.Generator):
        kind = type(generator).__name__
        raise InputError(f"generator: expected a torch.Generator, got {kind}; pass torch.Generator().manual_seed(seed)")
    return torch.rand(4, generator=generator, dtype=torch.float64).tolist()


def check_request(index: int, n_photos: int, size_px: int) -> None:
    """Check what every photo source is asked for.

    Raises:
        InputError: no such photograph, or a crop without pixels.
    """
    if not 0 <= index < n_photos:
        raise InputError(f"index: expected 0 to {n_photos - 1}, got {index}")
    if size_px < 1:
        raise InputError(f"size_px: expected at least 1, got {size_px}")


def _resize(photo: np.ndarray, box: tuple[float, float, float, float], size_px: int) -> np.ndarray:
    """Resample the square `box` (left, top, right, bottom, in pixels) of a photograph to a side of `size_px`."""
    h, w, _ = photo.shape
    box = (max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(w)), min(box[3], float(h)))  # rounding may overshoot
    # Lanczos widens its kernel by the factor of reduction, so nothing aliases; far larger photographs are first
    # averaged over blocks to at least three times the size, which Pillow calls a gap and which saves most of the time.
    image = Image.fromarray(photo).resize((size_px, size_px), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    return np.array(image)
