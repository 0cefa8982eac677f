"""How `RegionWiseLens` shows its numbers: coloured maps, tables in HTML, and a still picture."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from rwlib.colors import COLORS
from rwlib.widgets.lens.windows import SIDE, Layer, Window, readings, straddles, write
from rwlib.widgets.shared.heat import enlarge, heat, outline

PICTURE_PX = 7 * SIDE
TITLES = {
    "X": "X, the map",
    "M": "M, the mask",
    "location": "by location, eq. (1)",
    "channel": "by channel",
    "difference": "|difference|",
}
SAID = {
    "X": "The map X, with the border of the hole.",
    "M": "The mask M: light exists, dark is missing.",
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

STYLE = """<style>
.rwlib-lens table {border-collapse: separate; border-spacing: 2px; font-size: 12px; line-height: 1.2}
.rwlib-lens td {min-width: 34px; height: 24px; padding: 0 2px; text-align: right; border: 2px solid transparent;
  font-variant-numeric: tabular-nums; color: inherit}
.rwlib-lens caption {caption-side: top; text-align: left; font-weight: bold; padding-bottom: 2px; color: inherit;
  white-space: nowrap}
.rwlib-lens tfoot td {text-align: left; border: 0; padding-top: 3px}
.rwlib-lens .missing {background: repeating-linear-gradient(45deg, rgba(128, 128, 128, .45) 0 2px, transparent 2px 6px)}
.rwlib-lens .w {border: 2px solid BLUE}
.rwlib-lens .w-hat {border: 2px dashed ORANGE}
.rwlib-lens .tables {display: flex; flex-wrap: wrap; gap: 12px 18px; align-items: flex-start}
</style>""".replace("BLUE", COLORS[0]).replace("ORANGE", COLORS[1])


def number_table(
    title: str, rows: Sequence[Sequence[str]], classes: Sequence[Sequence[str]] | None = None, below: str = ""
) -> str:
    """Return a grid of numbers as HTML, each cell with its class."""
    body = ""
    for i, row in enumerate(rows):
        cells = (f'<td class="{classes[i][j] if classes else ""}">{text}</td>' for j, text in enumerate(row))
        body += f"<tr>{''.join(cells)}</tr>"
    foot = f'<tfoot><tr><td colspan="{len(rows[0])}">{below}</td></tr></tfoot>' if below else ""
    return f"<table><caption>{title}</caption><tbody>{body}</tbody>{foot}</table>"


def tables(layer: Layer, window: Window) -> str:
    """Return the window's pixels, mask, filters, products and sums as HTML."""
    missing = [["missing" if m == 0 else "" for m in row] for row in window.m.tolist()]
    own = [["w" if m == 1 else "w-hat" for m in row] for row in window.m.tolist()]
    chosen = "w" if window.exists else "w-hat"
    one = [[chosen for _ in row] for row in own]

    def numbers(values: Tensor, unit: int) -> list[list[str]]:
        return [[write(x, unit) for x in row] for row in values.tolist()]

    def both(a, b):
        return [[f"{x} {y}" for x, y in zip(*rows, strict=True)] for rows in zip(a, b, strict=True)]

    by_location, by_channel = (write(x, 100) for x in window.sums)
    bias = f" + b̂ {write(window.bias, 100)}" if window.bias else ""
    name = "W" if window.exists else "Ŵ"
    parts = [
        number_table("x, the window", numbers(window.x, 10), missing, "hatched: missing"),
        number_table("m, its mask", [[f"{m:.0f}" for m in row] for row in window.m.tolist()], missing),
        number_table("W, existing", numbers(layer.W, 10), [["w"] * layer.kernel] * layer.kernel),
        number_table("Ŵ, missing", numbers(layer.W_hat, 10), [["w-hat"] * layer.kernel] * layer.kernel),
        number_table(
            f"by location: {name} ⊙ x", numbers(window.by_location, 100), both(one, missing),
            f"sum{bias} = <b>{by_location}</b>",
        ),
        number_table(
            "by channel: own ⊙ x", numbers(window.by_channel, 100), both(own, missing), f"sum = <b>{by_channel}</b>"
        ),
    ]  # fmt: skip
    return f'{STYLE}<div class="rwlib-lens"><div class="tables">{"".join(parts)}</div></div>'


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
