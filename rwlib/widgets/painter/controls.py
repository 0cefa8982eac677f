"""The controls of `HolePainter` and how they are arranged; what they do stands in `rwlib.widgets.painter.widget`."""

import ipywidgets
import numpy as np
from ipywidgets import Layout

from rwlib.data.bundled import NAMES
from rwlib.networks.generator import Outputs
from rwlib.widgets.shared.photos import HOUSE
from rwlib.widgets.shared.pictures import Picture, grid
from rwlib.widgets.shared.upload import LIMIT_MB, Upload

STEP_PX = 320
"""The pictures of the two networks are enlarged by whole numbers to about this side, so that pixels stay square."""
ROW = Layout(align_items="center", flex_flow="row wrap", grid_gap="2px 8px")
STEPS = {
    "I_p1": "first prediction",
    "I_c1": "first composite",
    "I_p2": "second prediction",
    "I_c2": "second composite",
}


class Controls:
    """All controls, by name.

    Args:
        generators: (label, value) for the menu.
    """

    def __init__(self, generators: list[tuple[str, str]]) -> None:
        wide = Layout(width="260px")
        self.photo = ipywidgets.Dropdown(options=[HOUSE, *NAMES], description="Photo", layout=wide)
        self.own_photo = Upload(
            "Own photo", f"Your own picture, up to {LIMIT_MB} MB; from code, HolePainter('file.jpg'), of any size"
        )
        self.own_mask = Upload("Own mask", "Your own mask, a picture of the photograph's size; white is missing")
        self.brush = ipywidgets.IntSlider(
            value=25,
            min=1,
            max=129,
            step=2,
            description="Brush, px",
            description_tooltip="Diameter; plus and minus on the picture change it, too",
            layout=wide,
        )
        self.tool = ipywidgets.ToggleButtons(
            options=["Paint", "Erase"],
            tooltips=["Make pixels missing (E changes over)", "Bring them back (E changes over)"],
            style={"button_width": "69px"},
        )
        self.undo = _button("Undo", "Take back the last step (Z)", "undo")
        self.clear = _button("Clear", "Remove the hole", "trash")
        self.kind = ipywidgets.Dropdown(
            options=["contiguous", "discontiguous"], description="Random", layout=wide, tooltip="Kind of random hole"
        )
        self.percent = ipywidgets.IntSlider(
            20, 1, 60, description="Missing, %", description_tooltip="Share of the pixels", layout=wide
        )
        self.random = _button("Draw", "Draw a random hole in place of this one", "random")
        self.generator = ipywidgets.Dropdown(
            options=generators, description="Generator", layout=Layout(width="408px"), tooltip="Who fills the hole"
        )
        self.inpaint = _button("Inpaint", "Fill the hole", "magic", "primary")
        self.save_result = _button("Result", "Save the filled picture as a PNG file", "download")
        self.save_mask = _button("Mask", "Save the mask as a PNG file; white is missing", "download")
        self.picture = Picture()
        self.steps = {name: Picture() for name in Outputs._fields}

    def arranged(self, canvas: ipywidgets.DOMWidget) -> list[ipywidgets.Widget]:
        """Return the rows, the canvas in its place."""
        for picture in (self.picture, *self.steps.values()):
            picture.add_class("rwlib-result")
        return [
            ipywidgets.HBox([self.photo, self.own_photo, self.own_mask], layout=ROW),
            ipywidgets.HBox([self.brush, self.tool, self.undo, self.clear], layout=ROW),
            ipywidgets.HBox([self.kind, self.percent, self.random], layout=ROW),
            grid(canvas, self.picture).add_class("rwlib-pair"),
            ipywidgets.HBox([self.generator, self.inpaint, self.save_result, self.save_mask], layout=ROW),
            grid(*self.steps.values(), least_px=150).add_class("rwlib-pair"),
        ]

    def show(self, size: tuple[int, int], name: str, pictures: dict[str, bytes]) -> None:
        """Show a result.

        Args:
            size: of the photograph, height and width.
            name: of the photograph.
            pictures: `"result"` and the fields of `Outputs`, as PNG.
        """
        share = size[1] / max(size)
        self.picture.width = f"calc({share:.4f} * var(--rwlib-side))"
        self.picture.set(pictures["result"], f"{name}, the hole filled.")
        for step, picture in self.steps.items():
            picture.width = f"{100 * share:.2f}%"
            picture.set(pictures[step], f"{step}: {STEPS[step]}.", f"{step}: {STEPS[step]}")

    def hide_result(self) -> None:
        """Show no result: it belongs to another photograph."""
        for picture in (self.picture, *self.steps.values()):
            picture.clear()


def percent(hole: np.ndarray) -> str:
    """Return in words how much is missing."""
    share = 100 * hole.mean()
    return f"{share:.1f} %" if share == 0 or share >= 0.05 else "under 0.1 %"


def _button(description: str, tooltip: str, icon: str, style: str = "") -> ipywidgets.Button:
    return ipywidgets.Button(
        description=description, tooltip=tooltip, icon=icon, button_style=style, layout=Layout(width="100px")
    )
