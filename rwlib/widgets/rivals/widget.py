r"""`RivalGallery`: paint a hole once, and see every method fill it (tables 1 to 3 of the paper compare them).

    RivalGallery()                             a drawn house front with a hole
    RivalGallery("holiday.jpg")                the square in the middle of a photograph of your own
    RivalGallery(I_gt, mask=M)

Below each picture stand the seconds of a forward pass, the fastest of three, and the number of weights. PIC has several
answers: a slider goes through them.
"""

import contextlib
from collections.abc import Callable
from functools import partial

import ipywidgets
import numpy as np
import torch
import traitlets
from IPython.display import HTML
from ipywidgets import Layout

from rwlib.data.bundled import NAMES
from rwlib.rivals import TITLES
from rwlib.widgets.rivals.fillings import PAINTED_PX, PIC, Filling, Fillings, Rivals, middle, pixels_of, square
from rwlib.widgets.rivals.views import gallery, left_out, still
from rwlib.widgets.shared.canvas import HoleCanvas
from rwlib.widgets.shared.painting import Painting, State
from rwlib.widgets.shared.panel import COMPUTING, Panel
from rwlib.widgets.shared.photos import HOUSE, Photo, Source, bundled, to_hole, to_photo
from rwlib.widgets.shared.upload import LIMIT_MB, Upload

SAMPLES = 12
ROW = Layout(align_items="center", flex_flow="row wrap", grid_gap="2px 8px")


class RivalGallery(Panel):
    """Paint a hole, and fill it by every method whose weights are there.

    Args:
        photo: name of a bundled photograph, path of a file, uint8 array (h, w, 3), tensor (1, 3, h, w) in [-1, 1];
            None takes a drawn house front. The square in its middle is used.
        mask: a hole to begin with, of the photograph's size: tensor (1, 1, h, w), 1 existing, 0 missing; array (h, w)
            of bool, True where missing; or path of a file in which white is missing. None draws one.

    Bad input becomes a message in the widget, and what was there before stays.
    """

    def __init__(self, photo: Source | None = None, *, mask: Source | None = None) -> None:
        super().__init__(title="Rival gallery")
        self.rivals = Rivals()
        self.fillings: Fillings | None = None
        """What is shown; None before the first filling, and after another photograph was chosen."""
        self._painting = Painting(square(bundled(HOUSE)))
        self._shown: Photo | None = None
        self._follows = False  # whether the menu of photographs follows the state, and not the other way round
        self._photos: dict[str, Photo] = {}
        self._make_controls()
        self._connect()
        self._painting.draw(20, "contiguous")
        self._refresh()
        if self.attempt(partial(self._begin, photo, mask)):
            self._painting.forget()
            self.fill_later()

    def _begin(self, photo: Source | None, mask: Source | None) -> None:
        if photo is not None or mask is not None:
            given = bundled(HOUSE) if photo is None else to_photo(photo)
            hole = None if mask is None else middle(to_hole(mask, given))
            self._set(square(given), hole)

    @property
    def state(self) -> State:
        """Photograph and hole as they are now, at 256 px."""
        return self._painting.state

    # --- controls

    def _make_controls(self) -> None:
        wide = Layout(width="260px")
        self.photo = ipywidgets.Dropdown(options=[HOUSE, *NAMES], description="Photo", layout=wide)
        self.own_photo = Upload("Own photo", f"The middle of your own picture, up to {LIMIT_MB} MB")
        self.brush = ipywidgets.IntSlider(
            25, 1, 129, 2, description="Brush, px", layout=wide, description_tooltip="Diameter, on a square of 256 px"
        )
        self.tool = ipywidgets.ToggleButtons(
            options=["Paint", "Erase"], style={"button_width": "69px"},
            tooltips=["Make pixels missing (E changes over)", "Bring them back (E changes over)"],
        )  # fmt: skip
        self.undo_button = _button("Undo", "Take back the last step (Z)", "undo")
        self.clear_button = _button("Clear", "Remove the hole", "trash")
        self.kind = ipywidgets.Dropdown(
            options=["contiguous", "discontiguous"], description="Random", layout=wide, tooltip="Kind of random hole"
        )
        self.percent = ipywidgets.IntSlider(
            20, 1, 60, description="Missing, %", description_tooltip="Share of the pixels", layout=wide
        )
        self.draw_button = _button("Draw", "Draw a random hole in place of this one", "random")
        self.fill_button = _button("Fill", "Let every method fill this hole", "magic", "primary")
        self.sample = ipywidgets.IntSlider(
            0, 0, SAMPLES, description="PIC's answer", continuous_update=False, layout=Layout(width="320px"),
            style={"description_width": "90px"}, disabled=PIC in self.rivals.missing,
            description_tooltip="0 is the answer of the mean code, each other number one that is drawn",
        )  # fmt: skip
        self.canvas = HoleCanvas(self, self._take_stroke, self.undo)
        self.pictures = ipywidgets.HTML().add_class("rwlib-result")
        self.note = ipywidgets.HTML(left_out(self.rivals.missing))
        rows = [
            [self.photo, self.own_photo],
            [self.brush, self.tool, self.undo_button, self.clear_button],
            [self.kind, self.percent, self.draw_button],
            [self.canvas],
            [self.fill_button, self.sample],
        ]
        self.show(*(ipywidgets.HBox(row, layout=ROW) for row in rows), self.pictures, self.note)

    def _connect(self) -> None:
        traitlets.link((self.brush, "value"), (self.canvas, "brush"))
        self.on_change(self.tool, lambda tool: setattr(self.canvas, "erase", tool == "Erase"))
        self.on_change(self.canvas, lambda erase: setattr(self.tool, "value", "Erase" if erase else "Paint"), "erase")
        self.on_change(self.photo, self._choose_photo)
        self.own_photo.connect(self, self._take_upload)
        self.on_click(self.undo_button, self.undo)
        self.on_click(self.clear_button, self.clear)
        self.on_click(self.draw_button, self._draw)
        self.on_click(self.fill_button, self.fill_later)
        self.on_change(self.sample, lambda _: self._sample_later())

    # --- photograph and hole

    def undo(self) -> None:
        """Take back the last step.

        Raises:
            InputError: nothing is left to undo.
        """
        self._painting.undo()
        self._refresh()

    def clear(self) -> None:
        """Remove the hole."""
        self._painting.clear()
        self._refresh()

    def _draw(self) -> None:
        self._painting.draw(self.percent.value, self.kind.value)
        self._refresh()

    def _take_stroke(self, pixels: np.ndarray, erase: bool) -> None:
        self._painting.stroke(pixels, erase=erase)
        self._refresh()

    def _take_upload(self, name: str, file: bytes) -> None:
        self.later("load", lambda: square(to_photo(file, name)), self._set, busy=f"Reading {name} …")

    def _choose_photo(self, name: str) -> None:
        if not self._follows:
            self._set(self._photos.get(name) or square(bundled(name)))

    def _set(self, photo: Photo, hole: np.ndarray | None = None) -> None:
        """Take another photograph, with this hole (256, 256), or with the one that is there."""
        self._painting.go_to(State(photo, self.state.hole if hole is None else hole))
        self._refresh()

    def _refresh(self) -> None:
        """Show photograph and hole as they are now."""
        with self._painting.lock:
            state = self.state
            if state.photo is self._shown:
                self.canvas.show(state.hole)
            else:
                self._shown = self._photos[state.photo.name] = state.photo
                self.fillings, self.pictures.value = None, ""  # they belong to another photograph
                self.canvas.show(state.hole, state.photo.image, state.photo.name)
                self._follows = True  # new options make the menu jump to its first entry
                if state.photo.name not in self.photo.options:
                    self.photo.options = [*self.photo.options, state.photo.name]
                self.photo.value = state.photo.name
                self._follows = False
        missing = f"{state.photo.name}: {100 * state.hole.mean():.1f} % of {PAINTED_PX}×{PAINTED_PX} missing"
        self.mark_stale(self._is_old)
        press = "The pictures below are of the hole before; press" if self._is_old() else "Press"
        self.say(f"{missing}. {press} Fill.")

    def _is_old(self) -> bool:
        """Whether the pictures are of the hole before."""
        return self.fillings is not None and self.fillings.state.hole is not self.state.hole

    # --- filling

    def fill(self) -> Fillings:
        """Fill the hole by every method, as the button does, and return what they made.

        Raises:
            InputError: no hole, or nothing but hole.
        """
        with COMPUTING, torch.no_grad():
            fillings = self._job()()
        self._show(fillings)
        return fillings

    def fill_later(self) -> None:
        """Fill the hole in the background."""
        self.later("fill", self._job(), self._show, busy="Filling …")

    def _job(self) -> Callable[[], Fillings]:
        state, sample = self.state, self.sample.value

        def compute() -> Fillings:
            I_gt, M = pixels_of(state)
            names = [name for name in TITLES if name not in self.rivals.missing]
            by = {name: self.rivals.fill(name, I_gt, M, sample) for name in names}
            return Fillings(state, I_gt, M, by, sample)

        return compute

    def _sample_later(self) -> None:
        """Let PIC alone give another answer for the hole that is shown."""
        shown, sample = self.fillings, self.sample.value
        if shown is None or PIC not in shown.by:
            return

        def show(filling: Filling) -> None:
            if self.fillings is not None and self.fillings.M is shown.M:  # another hole was filled meanwhile, else
                self._show(self.fillings._replace(by=self.fillings.by | {PIC: filling}, sample=sample))

        self.later("sample", lambda: self.rivals.fill(PIC, shown.I_gt, shown.M, sample), show)

    def _show(self, fillings: Fillings) -> None:
        with self._painting.lock:  # or another photograph could be chosen between the question and the pictures
            if fillings.state.photo is self.state.photo:
                self._show_same_photo(fillings)
                return
        self._refresh()

    def _show_same_photo(self, fillings: Fillings) -> None:
        if fillings.sample != self.sample.value and PIC in fillings.by:  # the slider was moved meanwhile
            self.fillings = fillings
            self._sample_later()
        self.fillings = fillings
        self.pictures.value = gallery(fillings)
        self.mark_stale(self._is_old)
        hole = 100 * (1 - fillings.M.mean().item())
        self.say(f"{hole:.1f} % of 64×64 filled by {len(fillings.by)} methods, without hiding any seam.")

    def static(self) -> HTML | None:
        """Return what all made of the hole, as a still picture; None on a machine that takes too long for it."""
        with contextlib.suppress(TimeoutError):  # the widget itself shows them as soon as they are there
            self.wait()
        return None if self.fillings is None else still(self.fillings, left_out(self.rivals.missing))


def _button(description: str, tooltip: str, icon: str, style: str = "") -> ipywidgets.Button:
    return ipywidgets.Button(
        description=description, tooltip=tooltip, icon=icon, button_style=style, layout=Layout(width="100px")
    )
