"""How `CorrelationExplorer` shows its numbers: coloured maps, a table, scales, and a still picture."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from rwlib.colors import COLORS
from rwlib.conventions import tensor_to_image
from rwlib.notebook.tables import Cell
from rwlib.notebook.tables import table as html_table
from rwlib.widgets.explorer.correlations import Scene, View, correlation_loss_of
from rwlib.widgets.shared.heat import DIVERGING, SEQUENTIAL, color_bar, enlarge, heat, mix, outline

PICTURE_PX, SHOWN_PX = 192, 384
"""Sides of the pictures as they are drawn, and on a page that is wide enough."""
PHOTO_PART = 0.35
"""How much of the photograph shows through a heat map."""

LEGEND = {
    False: "f is a product of two feature vectors, so <b>strong positions win</b>: high contrast gives large f and "
    "most of L<sub>c</sub>, even between unlike things. The cosine divides both lengths out.",
    True: "The cosine is f with both lengths divided out: 1 for the same kind of patch, strong or weak. It shows "
    "likeness; L<sub>c</sub> itself compares f.",
}
"""What to know about the products, and about the cosine."""


def draw(scene: Scene, view: View, over_photo: bool = True) -> dict[tuple[str, str], np.ndarray]:
    """Colour all maps: (row, column) → (h, w, 3) uint8; rows `f`, `difference`, `where`, columns `truth` or a name."""
    grey = enlarge(tensor_to_image(scene.I_gt.mean(1, keepdim=True).expand(-1, 3, -1, -1)), PICTURE_PX)
    top, most, worst = scales(view)
    maps = {}
    for name, f in {"truth": view.f_gt, **view.f}.items():
        pixels = enlarge(heat(f, 0, top), PICTURE_PX)
        maps["f", name] = mix(pixels, grey, PHOTO_PART) if over_photo else pixels
    for name in view.f:
        maps["difference", name] = enlarge(heat(view.difference[name], -most, most, DIVERGING), PICTURE_PX)
        maps["where", name] = enlarge(heat(view.where[name], 0, worst), PICTURE_PX)
    colors = {"f": COLORS[1], "difference": COLORS[6], "where": COLORS[1]}
    return {key: outline(pixels, scene.M, colors[key[0]]) for key, pixels in maps.items()}


def scales(view: View) -> tuple[float, float, float]:
    """Return the largest f, the largest |difference| and the largest share of a position: one scale for all columns."""
    top = max(float(f.max()) for f in (view.f_gt, *view.f.values()))
    return (
        top,
        max(float(d.abs().max()) for d in view.difference.values()),
        max(float(where.max()) for where in view.where.values()),
    )


def number(x: float) -> str:
    """Write a number briefly.

    Example:
        >>> number(12345678.0), number(0.25)
        ('1.2e7', '0.25')
    """
    return f"{x:.1e}".replace("e+0", "e").replace("e+", "e") if abs(x) >= 1e4 else f"{x:.3g}"


def table(scene: Scene, view: View) -> str:
    """Return the numbers of this position as an HTML table."""
    names, what = list(view.f), "|Δcos|" if view.cosine else "|Δf|"
    average = 1 / scene.side**2
    numbers = {
        f"Σ<sub>j</sub> {what} of i": [number(view.total(name)) for name in names],
        "part of sum": [f"{view.share(name):.2%}" for name in names],
        "÷ average": [f"{view.share(name) / average:.1f}" for name in names],
        "L<sub>c</sub>, all i": [number(correlation_loss_of(scene, name)) for name in names],
    }
    head = ["", Cell("left", "col"), Cell("right", "col")]
    return html_table([head, *([Cell(title, "row"), *values] for title, values in numbers.items())], "rwlib-numbers")


def still(scene: Scene, view: View) -> Figure:
    """Draw the same maps as a figure, for where there is no kernel."""
    maps, names = draw(scene, view, over_photo=False), list(view.f)
    fig = Figure(figsize=(5.4, 6.4), layout="constrained")
    axes = fig.subplots(4, 3)
    pictures = [scene.I_gt, *(composite.I_c1 for composite in scene.composites.values())]
    for axis, I, title in zip(axes[0], pictures, ["I_gt", *(f"I_c1, {name}" for name in names)], strict=True):
        axis.imshow(tensor_to_image(I), interpolation="nearest", extent=(0, PICTURE_PX, PICTURE_PX, 0))
        axis.set_title(title, fontsize=9)
    for row, key in zip(axes[1:], ("f", "difference", "where"), strict=True):
        for axis, name in zip(row, ["truth", *names], strict=True):
            if (key, name) in maps:
                axis.imshow(maps[key, name], interpolation="nearest")
    top, most, worst = scales(view)
    ranges = ((0, top, SEQUENTIAL), (-most, most, DIVERGING), (0, worst, SEQUENTIAL))
    for row, (low, high, palette) in zip(axes[1:], ranges, strict=True):
        bar = fig.colorbar(ScalarMappable(Normalize(low, high), palette), ax=row.tolist(), ticks=sorted({low, 0, high}))
        bar.ax.set_yticklabels([number(x) for x in sorted({low, 0, high})], fontsize=8)
    titles = {(1, 0): "f_ij", (2, 1): "f_ij − f_ij of I_gt", (3, 1): "Σ_j |difference| of each i"}
    for place, title in titles.items():
        axes[place].set_title(title, fontsize=9)
    step = PICTURE_PX / scene.side
    for axis in axes.flat:
        axis.axis("off")
        if axis.images:
            x, y = ((k + 0.5) * step for k in view.cell[::-1])
            axis.plot(x, y, marker="s", markersize=5, color="none", markeredgecolor=COLORS[6], markeredgewidth=2.5)
            axis.plot(x, y, marker="s", markersize=5, color="none", markeredgecolor="white", markeredgewidth=1)
    return fig


def bars(view: View, over_photo: bool) -> dict[str, str]:
    """Return the colour bar of each row as HTML."""
    top, most, worst = (number(x) for x in scales(view))
    f = "cos<sub>ij</sub>" if view.cosine else "f<sub>ij</sub>"
    note = "the photograph shows through" if over_photo else ""
    where = "in cosines" if view.cosine else "where L<sub>c</sub> comes from"
    return {
        "f": color_bar(SEQUENTIAL, "0", top, title=f"{f} from i", note=note, part=PHOTO_PART * over_photo),
        "difference": color_bar(
            DIVERGING, f"−{most}: too unlike", f"+{most}: too alike", title=f"{f} − {f} of I<sub>gt</sub>"
        ),
        "where": color_bar(SEQUENTIAL, "0", worst, title="Σ<sub>j</sub> |…| of each i", note=where),
    }
