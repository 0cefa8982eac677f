r"""Make one photograph many: closer views, small rotations, other light. For hundreds of photographs, not for millions.

Crops and flips alone let a network learn 339 photographs by heart. What is varied here is what varies between
photographs of the same kind anyway: how near the camera stood, how straight it was held, and the light. (A façade
upside down or in green would be another kind of picture, and is not made.)
"""

import math

import numpy as np
import torch
from PIL import Image

from rwlib.conventions import InputError

ROOM = 1.5
"""So many times the side of what is wanted is cut out of a photograph first; a crop shows from all to a half of a
photograph's shorter side (`rwlib.data.views`), and so an augmented one down to a third."""
DEGREES = 4.0
"""Largest rotation either way."""
LIGHT = 0.35
"""Largest change of the exponent of brightness, in powers of two, either way."""
TINT = 0.08
"""Largest relative change of each colour, either way."""
BORDER_PX = 8


def vary(picture: np.ndarray, size_px: int, generator: torch.Generator, strength: float = 1.0) -> np.ndarray:
    """Rotate a picture a little, cut a random square out of it, and change its light and colours a little.

    Args:
        picture: (n, n, 3), uint8, with n at least `size_px`; `ROOM` times that for closer and wider views.
        size_px: side of the result.
        generator: the only source of randomness; eight numbers are drawn.
        strength: 0 to 1, by which rotation, light and colours are multiplied.

    Returns:
        (size_px, size_px, 3), uint8.

    Raises:
        InputError: a picture that is smaller than the result, or a strength out of range.
    """
    n = min(picture.shape[:2])
    if n < size_px:
        raise InputError(f"picture: expected at least {size_px} pixels on each side, got {picture.shape[:2]}")
    if not 0 <= strength <= 1:
        raise InputError(f"strength: expected 0 to 1, got {strength}")
    u = torch.rand(8, generator=generator, dtype=torch.float64)
    either_way = (2 * u - 1).tolist()

    # A window of any side that stays inside the picture when it is rotated about its own centre.
    angle = strength * DEGREES * either_way[0]
    reach = abs(math.cos(math.radians(angle))) + abs(math.sin(math.radians(angle)))
    largest = n / reach
    side = min(size_px, largest) + float(u[1]) * max(0.0, largest - size_px)
    margin = side * reach / 2
    x, y = (margin + float(v) * (n - 2 * margin) for v in u[2:4])
    # Resampling looks a few pixels beyond the window: they shall not be the black corners of a rotation.
    image = Image.fromarray(np.pad(picture, ((BORDER_PX, BORDER_PX), (BORDER_PX, BORDER_PX), (0, 0)), mode="edge"))
    x, y = x + BORDER_PX, y + BORDER_PX
    if angle:
        image = image.rotate(angle, Image.Resampling.BICUBIC, center=(x, y))
    box = (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    crop = np.asarray(image.resize((size_px, size_px), Image.Resampling.LANCZOS, box=box))

    exponent = 2 ** (strength * LIGHT * either_way[4])
    gains = 1 + strength * TINT * np.array(either_way[5:8])
    changed = 255 * (crop / 255.0) ** exponent * gains
    return changed.round().clip(0, 255).astype(np.uint8)
