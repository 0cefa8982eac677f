r"""Masks in picture files: white is the hole, and what cannot be meant as a mask is refused with a line that helps."""

import os

import numpy as np
from PIL import Image

from rwlib.errors import InputError
from rwlib.images.modes import has_alpha
from rwlib.images.read import PictureFile, read_image

WHITE = 128
"""Grey values of a mask from here on are white."""


def read_hole(file: PictureFile, *, white_is_existing: bool = False) -> np.ndarray:
    """Read a mask file.

    Args:
        file: any picture, by its path or its content; grey values of `WHITE` and more are white, transparent is black.
        white_is_existing: the polarity. By default white is the hole.

    Returns:
        (h, w) bool, True where missing.

    Raises:
        InputError: as `read_image`, or it cannot be meant as a mask: NaN, a photograph, or nothing in it is white
            though not all of it is black.
    """
    image = read_image(file, "mask")
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float32)
        if bad := int(np.isnan(values).sum()):
            raise _no_mask(file, f"has {bad} NaN pixels", "save it in black and white")
        top = float(values.max())
        grey = values if top <= 255 else values * (255 / top)
        white = values >= (WHITE if top <= 255 else (top + 1) / 2)
    else:
        if has_alpha(image):
            rgba = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba)
            drawn = np.asarray(rgba.getchannel("A")) > 0
            if drawn.any() and not drawn.all() and not np.asarray(image.convert("L")).any():
                problem = "shows black on transparency, and transparent counts as black"
                raise _no_mask(file, problem, "draw in white, or on an opaque ground")
        grey = np.asarray(image.convert("L"))
        white = grey >= WHITE
    brightest = float(grey.max())
    if 0 < brightest <= 1:
        raise _no_mask(file, "has values from 0 to 1 of 255, all of them black", "multiply them by 255")
    if 1 < brightest and not white.any():
        problem = f"has nothing white: its brightest pixel is {brightest:g} of 255, white begins at {WHITE}"
        raise _no_mask(file, problem, "draw in white on black")
    between = (grey > 25) & (grey < 230)
    if (share := between.mean()) > 0.25 and len(np.unique(grey[between])) > 16:
        problem = f"looks like a photograph: {100 * share:.0f} % of its pixels are neither black nor white"
        raise _no_mask(file, problem, "give a mask, in which white is the hole")
    return ~white if white_is_existing else white


def _no_mask(file: PictureFile, problem: str, remedy: str) -> InputError:
    return InputError(f"mask: {'the file' if isinstance(file, bytes) else os.fspath(file)} {problem}; {remedy}")
