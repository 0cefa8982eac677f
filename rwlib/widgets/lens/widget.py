r"""`RegionWiseLens`: move a window over a map with a hole, and see which filters meet its pixels.

Equation (1) of the paper (section 3.2) lets the *output location's* region choose the filters; "in practice" the
regions are separated *by channel*, so that each input pixel meets its own region's filter. The lens shows both with all
numbers, and where their results differ.
"""

import ipywidgets
import numpy as np
from IPython.display import HTML
from torch import Tensor

from rwlib.conventions import InputError
from rwlib.masks import hole_fraction
from rwlib.notebook.figures import figure
from rwlib.widgets.lens.views import ALTS, SHOWN_PX, TITLES, draw, scales, still, tables
from rwlib.widgets.lens.windows import (
    FILTERS,
    SIDE,
    Layer,
    Window,
    count,
    cut_window,
    first_cell,
    make_filter,
    make_map,
    sentence,
    write,
)
from rwlib.widgets.shared.heat import SEQUENTIAL, color_bar
from rwlib.widgets.shared.panel import Panel
from rwlib.widgets.shared.photos import Source
from rwlib.widgets.shared.pictures import PointPicture, grid
from rwlib.widgets.shared.scenes import Choice, SceneMenu, titled, toggle


class RegionWiseLens(Panel):
    """Move a window over a map with a hole; see its numbers under both readings of equation (1).

    Args:
        photo: a picture of your own (array, Pillow image, tensor or file), brought to 24×24 grey pixels.
        M: a mask of your own, (1, 1, h, w), 1 existing, 0 missing.
        kernel: 3 or 5.

    `cell` is the window's centre (row, column), `layer` and `window` hold the numbers. Whatever is wrong with the
    arguments becomes a message in the widget.
    """

    def __init__(self, photo: Source | None = None, M: Tensor | None = None, *, kernel: int = 3) -> None:
        super().__init__(title="Region-wise lens")
        self.layer: Layer | None = None
        self.window: Window | None = None
        self.cell: tuple[int, int] | None = None
        self._make_controls(photo, M)
        self._make_pictures()
        self.menu.connect(self, self.refresh)
        for control in (self.kernel, self.dilation, self.W, self.W_hat, self.seed, self.b_hat, self.zeros):
            self.on_change(control, lambda _: self.refresh())
        for picture in self.pictures.values():
            self.on_change(picture, self.choose, "cell")
        self.attempt(lambda: self._begin(kernel))

    def _begin(self, kernel: int) -> None:
        self.refresh()
        if kernel not in (3, 5):
            raise InputError(f"kernel: expected 3 or 5, got {kernel!r}; the lens begins with 3")
        self.kernel.value = kernel

    def _make_controls(self, photo: Source | None, M: Tensor | None) -> None:
        wide, style = ipywidgets.Layout(width="228px"), {"description_width": "84px"}
        self.menu = SceneMenu(photo, M, first=Choice("coffee", seed=6))
        self.W, self.W_hat = (
            ipywidgets.Dropdown(options=FILTERS, value=value, description=title, layout=wide, style=style, tooltip=tip)
            for title, value, tip in (
                ("W, existing", "blur", "Filter of the existing region"),
                ("Ŵ, missing", "edges across", "Filter of the missing region"),
            )
        )
        self.b_hat = ipywidgets.FloatSlider(
            0, min=-1, max=1, step=0.1, readout_format=".1f", description="Bias b̂", continuous_update=False,
            layout=wide, style=style, tooltip="Bias of the missing region by location; every other bias is 0",
        )  # fmt: skip
        self.seed = ipywidgets.BoundedIntText(
            0, 0, 9999, description="Seed", layout=ipywidgets.Layout(width="130px"),
            style={"description_width": "44px"}, tooltip="Of the filters named random",
        )  # fmt: skip
        self.kernel = toggle([("3×3", 3), ("5×5", 5)], ["nine taps", "25 taps"], button_px=56)
        tips = ["taps side by side", "taps two pixels apart", "taps four pixels apart"]
        self.dilation = toggle([(str(d), d) for d in (1, 2, 4)], tips, button_px=40)
        tips = ["as in a map deep in the network", "as in the input I_in, the first layer's map"]
        self.zeros = toggle([("has values", False), ("is zero", True)], tips, button_px=104)

    def _make_pictures(self) -> None:
        self.pictures = {name: PointPicture(SIDE, SIDE, width_px=SHOWN_PX) for name in TITLES}
        self.sentence, self.numbers, self.counts = (ipywidgets.HTML().add_class("rwlib-result") for _ in range(3))
        self.bar = ipywidgets.HTML(layout=ipywidgets.Layout(margin="28px 0 0 0"))
        self.sentence.layout.min_height, self.sentence.layout.max_width = "40px", "980px"
        titles = {name: ipywidgets.HTML(f"<b>{title}</b>") for name, title in TITLES.items()}
        columns = [ipywidgets.VBox([titles[name], picture]) for name, picture in self.pictures.items()]
        rows = [titled("Filters", self.kernel), titled("Dilation", self.dilation), titled("The hole", self.zeros)]
        wrap = ipywidgets.Layout(flex_flow="row wrap")
        self.show(
            self.menu,
            ipywidgets.HBox([self.W, self.W_hat, self.b_hat, self.seed], layout=wrap),
            ipywidgets.HBox(rows, layout=wrap),
            self.sentence,
            grid(*columns, self.bar, least_px=130).add_class("rwlib-result"),
            self.counts,
            self.numbers,
        )

    # --- what happens

    def refresh(self) -> None:
        """Compute all maps anew: another picture, hole, filter or size."""
        self.say("")
        choice, kernel, seed, *_ = self._asked()
        W, W_hat = make_filter(self.W.value, kernel, seed), make_filter(self.W_hat.value, kernel, seed + 1)
        b_hat, dilation, zeros = round(10 * self.b_hat.value), self.dilation.value, self.zeros.value

        def compute() -> tuple[Layer, dict[str, np.ndarray], str]:
            I_gt, M = self.menu.scene(choice, SIDE)
            layer = Layer(make_map(I_gt, M, zeros_in_hole=zeros), M, W, W_hat, b_hat, dilation)
            return layer, draw(layer), count(layer)

        self.later("layer", compute, lambda result: self._show_layer(*result), about=self._asked)

    def _asked(self) -> tuple:
        """Return what the maps have to be about."""
        numbers = self.W.value, self.W_hat.value, self.b_hat.value, self.dilation.value, self.zeros.value
        return self.menu.choice, self.kernel.value, self.seed.value, *numbers

    def choose(self, cell: tuple[int, int]) -> None:
        """Move the window's centre to (row, column)."""
        if tuple(cell) != self.cell:
            self.cell = tuple(cell)
            for picture in self.pictures.values():
                picture.cell = self.cell
            if self.layer is not None:
                self.later("window", self._cut, lambda cut: self._show_window(*cut))

    def _cut(self) -> tuple[Layer, Window]:
        """Return the maps and the window as they are when this is computed, and not when it was asked for."""
        return self.layer, cut_window(self.layer, self.cell)

    def _show_layer(self, layer: Layer, maps: dict[str, np.ndarray], counts: str) -> None:
        self.layer = layer
        for name, pixels in maps.items():
            self.pictures[name].set(pixels, ALTS[name].format(missing=100 * float(hole_fraction(layer.M))))
            self.pictures[name].reach = layer.reach if name in ("X", "M") else 0
        top, most = scales(layer)
        self.bar.value = color_bar(SEQUENTIAL, "0", write(most, 100), title="|difference|", note="grey: cannot differ")
        self.counts.value = (
            f"<div>{counts} Results run from black, {write(-top, 100)}, to white, {write(top, 100)}.</div>"
        )
        cell, self.cell = self.cell or first_cell(layer), None
        self.choose(cell)

    def _show_window(self, layer: Layer, window: Window) -> None:
        self.window = window
        self.sentence.value = f'<div role="status" style="line-height:1.4">{sentence(layer, window)}</div>'
        self.numbers.value = tables(layer, window)

    def static(self) -> HTML | None:
        """Return the maps as they were first, as one picture."""
        self.wait()
        if self.layer is None or self.window is None:
            return None
        return figure(
            still(self.layer, self.cell),
            alt="A small grey picture with a hole; its mask; the results of both readings of equation (1), which look "
            "alike but for the hole's border; and their difference, a band along that border.",
            caption=f"A still picture of the lens. {sentence(self.layer, self.window)} To move the window, run this "
            "notebook with `make lab`.",
        )
