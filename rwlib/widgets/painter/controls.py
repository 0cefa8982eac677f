"""The controls of `HolePainter` and how they are arranged; what they do stands in `rwlib.widgets.painter.widget`."""

import ipywidgets
import numpy as np
from ipywidgets import Layout

from rwlib.networks.generator import Outputs
from rwlib.widgets.shared.hole_panel import HoleControls, button, row
from rwlib.widgets.shared.pictures import Picture, grid
from rwlib.widgets.shared.upload import LIMIT_MB, Upload

STEP_PX = 320
"""The pictures of the two networks are enlarged by whole numbers to about this side, so that pixels stay square."""
STEPS = {
    "I_p1": "first prediction",
    "I_c1": "first composite",
    "I_p2": "second prediction",
    "I_c2": "second composite",
}


class Controls(HoleControls):
    """All controls, by name.

    Args:
        generators: (label, value) for the menu.
    """

    def __init__(self, generators: list[tuple[str, str]]) -> None:
        super().__init__(f"Your own picture, up to {LIMIT_MB} MB; from code, HolePainter('file.jpg'), of any size")
        self.own_mask = Upload("Own mask", "Your own mask, a picture of the photograph's size; white is missing")
        self.generator = ipywidgets.Dropdown(
            options=generators, description="Generator", layout=Layout(width="408px"), tooltip="Who fills the hole"
        )
        self.inpaint = button("Inpaint", "Fill the hole", "magic", "primary")
        self.save_result = button("Result", "Save the filled picture as a PNG file", "download")
        self.save_mask = button("Mask", "Save the mask as a PNG file; white is missing", "download")
        self.picture = Picture()
        self.steps = {name: Picture() for name in Outputs._fields}

    def arranged(self, canvas: ipywidgets.DOMWidget) -> list[ipywidgets.Widget]:
        """Return the rows, the canvas in its place."""
        for picture in (self.picture, *self.steps.values()):
            picture.add_class("rwlib-result")
        return [
            *self.rows(self.own_mask),
            grid(canvas, self.picture).add_class("rwlib-pair"),
            row(self.generator, self.inpaint, self.save_result, self.save_mask),
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
