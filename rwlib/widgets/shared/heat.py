"""Numbers as colours, for pictures that change with every click: arrays and HTML, a hundred times faster than a figure.

Palettes are matplotlib's, chosen for readers of all kinds of colour vision: cividis for what starts at zero, PuOr for
what has a sign.
"""

import numpy as np
import torch
from matplotlib import colormaps
from torch import Tensor

SEQUENTIAL = "cividis"
DIVERGING = "PuOr_r"
"""Purple below zero, white at it, orange above."""


def enlarge(pixels: np.ndarray, side_px: int) -> np.ndarray:
    """Repeat the pixels of (h, w, ...) by the whole number that brings the longer side nearest to `side_px`."""
    factor = max(1, round(side_px / max(pixels.shape[:2])))
    return pixels.repeat(factor, 0).repeat(factor, 1)


def heat(values: Tensor, low: float, high: float, palette: str = SEQUENTIAL) -> np.ndarray:
    """Colour a map.

    Args:
        values: (h, w).
        low: value of the palette's first colour; what is below gets it, too.
        high: of its last.
        palette: name of a colour map of matplotlib.

    Returns:
        (h, w, 3) uint8.

    Example:
        >>> heat(torch.tensor([[0.0, 1.0]]), 0, 1, "gray").tolist()
        [[[0, 0, 0], [255, 255, 255]]]
    """
    share = (values.double() - low) / ((high - low) or 1.0)
    return colormaps[palette](share.clamp(0, 1).cpu().numpy(), bytes=True)[..., :3]


def mix(pixels: np.ndarray, below: np.ndarray, part: float) -> np.ndarray:
    """Lay `pixels` over the picture `below`, both (h, w, 3) uint8, which shows through by `part`."""
    return ((1 - part) * pixels + part * below).round().astype(np.uint8)


def outline(pixels: np.ndarray, M: Tensor, color: str) -> np.ndarray:
    """Draw the border of the hole, two pixels wide, just inside of it.

    Args:
        pixels: (h, w, 3) uint8, h and w multiples of the mask's.
        M: (1, 1, h', w'), 1 existing, 0 missing.
        color: `"#RRGGBB"`.

    Returns:
        A copy.
    """
    hole = enlarge(M[0, 0].numpy() == 0, max(pixels.shape[:2]))
    inside = np.pad(hole, 2, mode="edge")
    h, w = hole.shape
    for step in (0, 1, 3, 4):
        hole_there = inside[step : step + h, 2 : 2 + w], inside[2 : 2 + h, step : step + w]
        hole = hole & hole_there[0] & hole_there[1]
    rim = inside[2 : 2 + h, 2 : 2 + w] & ~hole
    out = pixels.copy()
    out[rim] = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return out


def color_bar(palette: str, low: str, high: str, *, title: str, note: str = "", part: float = 0.0) -> str:
    """Return a palette as an upright bar with a text at both ends, in HTML.

    Args:
        palette: as in `heat`.
        low: text at the lower end.
        high: text at the upper end.
        title: what is shown.
        note: more of it, in smaller letters.
        part: how much of a picture shows through (`mix`); mid-grey stands for it here.
    """
    ramp = heat(torch.linspace(0, 1, 13)[None], 0, 1, palette)
    stops = ", ".join("rgb({}, {}, {})".format(*color) for color in mix(ramp, np.full_like(ramp, 128), part)[0])
    bar = f"width:18px;height:86px;border:1px solid;background:linear-gradient(to top, {stops})"
    return (
        f'<div style="line-height:1.3;font-size:12px"><b>{title}</b><br>{note}'
        f'<div style="display:flex;margin-top:4px"><div style="{bar}"></div>'
        '<div style="display:flex;flex-direction:column;justify-content:space-between;margin-left:5px">'
        f"<span>{high}</span><span>{low}</span></div></div></div>"
    )
