"""How `RegionWiseLens` shows its numbers: coloured maps, tables in HTML, and a still picture."""

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from rwlib.colors import COLORS
from rwlib.notebook.tables import Cell, table
from rwlib.widgets.lens.windows import SIDE, Layer, Window, readings, straddles, write
from rwlib.widgets.shared.heat import enlarge, heat, outline

PICTURE_PX, SHOWN_PX = 7 * SIDE, 14 * SIDE
"""Sides of the maps as they are drawn, and on a page that is wide enough."""
TITLES = {
    "X": "X, the map",
    "M": "M, the mask",
    "location": "by location, eq. (1)",
    "channel": "by channel",
    "difference": "|difference|",
}
ALTS = {
    "X": "The map X, with the border of the hole, {missing:.0f} % of it.",
    "M": "The mask M: light exists, dark is missing, {missing:.0f} % of it.",
    "location": "The result by location.",
    "channel": "The result by channel.",
    "difference": "How far the two results are apart; grey where the window sees one region only.",
}
SAME = (150, 150, 150)
"""Where the readings cannot differ."""


def draw(layer: Layer) -> dict[str, np.ndarray]:
    """Colour the map, the mask, both readings and their difference, each (h, w, 3) uint8."""
    by_location, by_channel = readings(layer)
    top, most = scales(layer)
    difference = heat((by_location - by_channel).abs(), 0, most)
    difference[((by_location == by_channel) & ~straddles(layer)).numpy()] = SAME
    maps = {
        "X": heat(layer.X[0, 0], -10, 10, "gray"),
        "M": heat(layer.M[0, 0], -0.6, 1.1, "gray"),
        "location": heat(by_location, -top, top, "gray"),
        "channel": heat(by_channel, -top, top, "gray"),
        "difference": difference,
    }
    return {name: outline(enlarge(pixels, PICTURE_PX), layer.M, COLORS[1]) for name, pixels in maps.items()}


def scales(layer: Layer) -> tuple[float, float]:
    """Return the largest |result| and the largest |difference|, in hundredths."""
    by_location, by_channel = readings(layer)
    top = max(float(by_location.abs().max()), float(by_channel.abs().max()))
    return top, float((by_location - by_channel).abs().max())


# --- numbers


def tables(layer: Layer, window: Window) -> str:
    """Return the window's pixels, mask, filters, products and sums as HTML."""
    missing = [["missing" if m == 0 else "" for m in row] for row in window.m.tolist()]
    region = [["w" if m == 1 else "w-hat" for m in row] for row in window.m.tolist()]
    centre = [["w" if window.exists else "w-hat"] * layer.kernel] * layer.kernel

    def grid(title: str, values: Tensor, unit: int, *marks: list[list[str]], foot: str = "") -> str:
        classes = [[" ".join(names) for names in zip(*rows, strict=True)] for rows in zip(*marks, strict=True)]
        rows = [
            [Cell(write(x, unit) if unit > 1 else f"{x:.0f}", css=css) for x, css in zip(*row, strict=True)]
            for row in zip(values.tolist(), classes, strict=True)
        ]
        return table(rows, caption=title, foot=foot)

    by_location, by_channel = (write(x, 100) for x in window.sums)
    bias = f" + b̂ {write(window.bias, 100)}" if window.bias else ""
    title = f"by location: {'W' if window.exists else 'Ŵ'} ⊙ x"
    foot = f"sum{bias} = <b>{by_location}</b>"
    side = range(layer.kernel)
    parts = [
        grid("x, the window", window.x, 10, missing, foot="hatched: missing"),
        grid("m, its mask", window.m, 1, missing),
        grid("W, existing", layer.W, 10, [["w" for _ in side] for _ in side]),
        grid("Ŵ, missing", layer.W_hat, 10, [["w-hat" for _ in side] for _ in side]),
        grid(title, window.by_location, 100, centre, missing, foot=foot),
        grid("by channel: own ⊙ x", window.by_channel, 100, region, missing, foot=f"sum = <b>{by_channel}</b>"),
    ]
    return f'<div class="rwlib-lens">{"".join(parts)}</div>'


def still(layer: Layer, cell: tuple[int, int]) -> Figure:
    """Draw the maps as a figure with the window's place, for where there is no kernel."""
    fig = Figure(figsize=(9.5, 2.2), layout="constrained")
    for axis, (name, pixels) in zip(fig.subplots(1, len(TITLES)), draw(layer).items(), strict=True):
        axis.imshow(pixels, interpolation="nearest")
        axis.set_title(TITLES[name], fontsize=9)
        axis.axis("off")
        reach = layer.reach if name in ("X", "M") else 0
        (top, bottom), (left, right) = ((7 * (k - reach), 7 * (k + reach + 1)) for k in cell)
        border = [left, right, right, left, left], [top, top, bottom, bottom, top]
        axis.plot(*border, color=COLORS[6], linewidth=3)
        axis.plot(*border, color="white", linewidth=1)
        axis.set(xlim=(0, PICTURE_PX), ylim=(PICTURE_PX, 0))
    return fig
