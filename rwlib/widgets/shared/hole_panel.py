"""A photograph, the hole painted on it, and their controls: what the hole painter and the rival gallery share."""

from collections.abc import Callable

import ipywidgets
import numpy as np
import traitlets
from ipywidgets import Layout

from rwlib.data.bundled import NAMES
from rwlib.masks import KINDS
from rwlib.widgets.shared.canvas import HoleCanvas
from rwlib.widgets.shared.painting import Painting, State
from rwlib.widgets.shared.panel import Panel
from rwlib.widgets.shared.photos import HOUSE, Photo, bundled, to_photo
from rwlib.widgets.shared.previews import preview, preview_size, shrink
from rwlib.widgets.shared.upload import Upload

ROW = Layout(align_items="center", flex_flow="row wrap", grid_gap="2px 8px")


class HoleControls:
    """The controls of a photograph and its hole, by name.

    Args:
        own_photo: what the button for a photograph of one's own says of itself.
    """

    def __init__(self, own_photo: str) -> None:
        wide = Layout(width="260px")
        self.photo = ipywidgets.Dropdown(options=[HOUSE, *NAMES], description="Photo", layout=wide)
        self.own_photo = Upload("Own photo", own_photo)
        self.brush = ipywidgets.IntSlider(
            25, 1, 129, 2, description="Brush, px", layout=wide,
            description_tooltip="Diameter; plus and minus on the picture change it, too",
        )  # fmt: skip
        self.tool = ipywidgets.ToggleButtons(
            options=["Paint", "Erase"], style={"button_width": "69px"},
            tooltips=["Make pixels missing (E changes over)", "Bring them back (E changes over)"],
        )  # fmt: skip
        self.undo = button("Undo", "Take back the last step (Z)", "undo")
        self.clear = button("Clear", "Remove the hole", "trash")
        self.kind = ipywidgets.Dropdown(
            options=list(KINDS), description="Random", layout=wide, tooltip="Kind of random hole"
        )
        self.percent = ipywidgets.IntSlider(
            20, 1, 60, description="Missing, %", description_tooltip="Share of the pixels", layout=wide
        )
        self.random = button("Draw", "Draw a random hole in place of this one", "random")

    def rows(self, *uploads: Upload) -> list[ipywidgets.Widget]:
        """Return the rows above the picture; more uploads stand beside that of the photograph."""
        return [
            row(self.photo, self.own_photo, *uploads),
            row(self.brush, self.tool, self.undo, self.clear),
            row(self.kind, self.percent, self.random),
        ]


class HolePanel(Panel):
    """A panel on which a hole is painted.

    Args:
        title: see `Panel`.
        controls: its own, and perhaps more.
        photo: to begin with.

    A subclass arranges the controls and `canvas`, then calls `_connect` and `_refresh`. It says what a photograph
    becomes (`_taken`), which hole it gets (`_with_hole`), what is taken away with the photograph before
    (`_forget_result`), and what the message line says (`_describe`).
    """

    def __init__(self, title: str, controls: HoleControls, photo: Photo) -> None:
        super().__init__(title=title)
        self.controls = controls
        self.canvas = HoleCanvas(self, self._take_stroke, self.undo)
        self._painting = Painting(photo)
        self._shown: Photo | None = None
        self._follows = False  # whether the menu of photographs follows the state, and not the other way round
        self._photos: dict[str, Photo] = {}

    @property
    def state(self) -> State:
        """Photograph and hole as they are now."""
        return self._painting.state

    def undo(self) -> None:
        """Take back the last stroke, random hole, clearing or loading.

        Raises:
            InputError: nothing is left to undo.
        """
        self._painting.undo()
        self._refresh()

    def clear(self) -> None:
        """Remove the hole."""
        self._painting.clear()
        self._refresh()

    def on_click(self, button: ipywidgets.Button, action: Callable[[], None]) -> None:
        """Call `action()` whenever a button is pressed, after all strokes that were painted before."""
        super().on_click(button, action)
        self.canvas.in_turn(button)

    def _connect(self) -> None:
        c = self.controls
        traitlets.link((c.brush, "value"), (self.canvas, "brush"))
        self.on_change(c.tool, lambda tool: setattr(self.canvas, "erase", tool == "Erase"))
        self.on_change(self.canvas, lambda erase: setattr(c.tool, "value", "Erase" if erase else "Paint"), "erase")
        self.on_change(c.photo, self._choose_photo)
        c.own_photo.connect(self, self._take_upload)
        self.on_click(c.undo, self.undo)
        self.on_click(c.clear, self.clear)
        self.on_click(c.random, self._draw_random)

    def _set(self, state: State) -> None:
        self._painting.go_to(state)
        self._refresh()

    def _take_stroke(self, pixels: np.ndarray, erase: bool) -> None:
        self._painting.stroke(pixels, erase=erase)
        self._refresh()

    def _draw_random(self) -> None:
        self._painting.draw(self.controls.percent.value, self.controls.kind.value)
        self._refresh()

    def _choose_photo(self, name: str) -> None:
        if not self._follows:
            self._set(self._with_hole(self._photos.get(name) or self._taken(bundled(name))))

    def _take_upload(self, name: str, file: bytes) -> None:
        self.later(
            "load", lambda: self._taken(to_photo(file, name)), lambda photo: self._set(self._with_hole(photo)),
            busy=f"Reading {name} …",
        )  # fmt: skip

    def _refresh(self) -> None:
        """Show photograph and hole as they are now."""
        with self._painting.lock:
            photo, menu = self.state.photo, self.controls.photo
            hole = shrink(self.state.hole, preview_size(*photo.size))
            if photo is self._shown:
                self.canvas.show(hole)
            else:
                self._shown = self._photos[photo.name] = photo
                self._forget_result()
                self.canvas.show(hole, preview(photo.image), photo.name)
                self._follows = True  # new options make the menu jump to its first entry
                if photo.name not in menu.options:
                    menu.options = [*menu.options, photo.name]
                menu.value = photo.name
                self._follows = False
        self._describe()

    # --- what a subclass says

    def _taken(self, photo: Photo) -> Photo:
        """Return what is worked on of a photograph that was chosen or loaded."""
        return photo

    def _with_hole(self, photo: Photo) -> State:
        """Return another photograph with the hole that it gets: none."""
        return State.whole(photo)

    def _forget_result(self) -> None:
        """Take away what was made of the photograph before."""
        raise NotImplementedError

    def _describe(self) -> None:
        """Say what is there."""
        raise NotImplementedError


def row(*controls: ipywidgets.Widget) -> ipywidgets.HBox:
    """Return controls beside each other."""
    return ipywidgets.HBox(controls, layout=ROW)


def button(description: str, tooltip: str, icon: str, style: str = "") -> ipywidgets.Button:
    """Return a button of the usual width."""
    return ipywidgets.Button(
        description=description, tooltip=tooltip, icon=icon, button_style=style, layout=Layout(width="100px")
    )
