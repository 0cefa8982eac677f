r"""Every mode of picture that Pillow knows (grey, palette, transparency, 16 bits, CMYK) as RGB, and the way back."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from rwlib.errors import InputError


def to_rgb(image: Image.Image) -> np.ndarray:
    """Turn a picture of any mode into uint8 RGB (h, w, 3): 16 bits become 8, transparent pixels white.

    Raises:
        InputError: see `split_mode`.
    """
    if image.has_transparency_data and not image.mode.startswith("I"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return np.array(image.convert("RGB"))
    return to_8_bits(image).copy()


def to_8_bits(image: Image.Image) -> np.ndarray:
    """Turn a picture of any mode into uint8 RGB (h, w, 3): 16 bits become 8, and what is transparent is not looked at.

    Raises:
        InputError: see `split_mode`.
    """
    photo, _ = split_mode(image)
    return photo if photo.dtype == np.uint8 else (photo / 257).round().astype(np.uint8)  # 65535 / 257 = 255


def split_mode(image: Image.Image) -> tuple[np.ndarray, Callable[[np.ndarray], Image.Image]]:
    """Turn a picture of any mode into an RGB array, and give what turns a filled array back into that mode.

    Returns:
        (h, w, 3) uint8 or uint16, and a function from such an array to a picture. Grey stays grey, transparency and 16
        bits are kept, a palette becomes RGB (its 256 colours need not contain the filling), and so does CMYK.

    Raises:
        InputError: floating point pixels, with a word on NaN; or values beyond 16 bits.
    """
    mode = image.mode
    if mode == "F":
        bad = int(np.isnan(np.asarray(image)).sum())
        problem = f"has {bad} NaN pixels" if bad else "has floating point pixels of unknown range"
        raise InputError(f"image: it {problem}; save it with 8 or 16 bits first")
    if mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise InputError("image: its 32-bit values do not fit 16 bits; save it with 8 or 16 bits first")
        grey = values.astype(np.uint16)
        return np.repeat(grey[..., None], 3, axis=2), lambda x: Image.fromarray(_grey(x))
    if mode in ("1", "L") and "transparency" not in image.info:
        grey = np.asarray(image.convert("L"))
        return np.repeat(grey[..., None], 3, axis=2), lambda x: Image.fromarray(_grey(x))
    if has_alpha(image):
        rgba = image.convert("RGBA")
        alpha = rgba.getchannel("A")

        def with_alpha(x: np.ndarray) -> Image.Image:
            filled = Image.fromarray(_grey(x) if mode in ("1", "L", "LA") else x)
            filled.putalpha(alpha)
            return filled

        return np.asarray(rgba.convert("RGB")), with_alpha
    return np.asarray(image.convert("RGB")), Image.fromarray


def has_alpha(image: Image.Image) -> bool:
    """Return whether a picture has transparent pixels, or may have."""
    return image.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in image.info


def _grey(x: np.ndarray) -> np.ndarray:
    """Average the channels (h, w, 3); where they are equal, as in existing pixels, nothing changes."""
    # Not the mean of floating point numbers, 24 bytes a pixel; a third is never half-way between two whole numbers.
    return ((x.sum(axis=2, dtype=np.uint32) + 1) // 3).astype(x.dtype)
