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
import torch
from IPython.display import HTML
from ipywidgets import Layout

from rwlib.rivals import TITLES
from rwlib.widgets.rivals.fillings import PAINTED_PX, PIC, Filling, Fillings, Rivals, middle, pixels_of, square
from rwlib.widgets.rivals.views import gallery, left_out, still
from rwlib.widgets.shared.hole_panel import HoleControls, HolePanel, button, row
from rwlib.widgets.shared.painting import State
from rwlib.widgets.shared.panel import COMPUTING
from rwlib.widgets.shared.photos import HOUSE, Photo, Source, bundled, to_hole, to_photo
from rwlib.widgets.shared.upload import LIMIT_MB

SAMPLES = 12


class RivalGallery(HolePanel):
    """Paint a hole, and fill it by every method whose weights are there.

    Args:
        photo: name of a bundled photograph, path of a file, uint8 array (h, w, 3), tensor (1, 3, h, w) in [-1, 1];
            None takes a drawn house front. The square in its middle is used.
        mask: a hole to begin with, of the photograph's size: tensor (1, 1, h, w), 1 existing, 0 missing; array (h, w)
            of bool, True where missing; or path of a file in which white is missing. None draws one.

    Bad input becomes a message in the widget, and what was there before stays.
    """

    def __init__(self, photo: Source | None = None, *, mask: Source | None = None) -> None:
        self.rivals = Rivals()
        self.fillings: Fillings | None = None
        """What is shown; None before the first filling, and after another photograph was chosen."""
        controls = HoleControls(f"The middle of your own picture, up to {LIMIT_MB} MB")
        super().__init__("Rival gallery", controls, square(bundled(HOUSE)))
        self._arrange()
        self._connect()
        self._painting.draw(20, "contiguous")
        self._refresh()
        if self.attempt(partial(self._begin, photo, mask)):
            self._painting.forget()
            self.fill_later()

    def _begin(self, photo: Source | None, mask: Source | None) -> None:
        if photo is not None or mask is not None:
            first = bundled(HOUSE) if photo is None else to_photo(photo)
            hole = self.state.hole if mask is None else middle(to_hole(mask, first))
            self._set(State(square(first), hole))

    # --- controls

    def _arrange(self) -> None:
        self.fill_button = button("Fill", "Let every method fill this hole", "magic", "primary")
        self.sample = ipywidgets.IntSlider(
            0, 0, SAMPLES, description="PIC's answer", continuous_update=False, layout=Layout(width="320px"),
            style={"description_width": "90px"}, disabled=PIC in self.rivals.missing,
            description_tooltip="0 is the answer of the mean code, each other number one that is drawn",
        )  # fmt: skip
        self.pictures = ipywidgets.HTML().add_class("rwlib-result")
        self.note = ipywidgets.HTML(left_out(self.rivals.missing))
        above, fill = self.controls.rows(), row(self.fill_button, self.sample)
        self.show(*above, row(self.canvas), fill, self.pictures, self.note)

    def _connect(self) -> None:
        super()._connect()
        self.on_click(self.fill_button, self.fill_later)
        self.on_change(self.sample, lambda _: self._sample_later())

    # --- photograph and hole

    def _taken(self, photo: Photo) -> Photo:
        return square(photo)

    def _with_hole(self, photo: Photo) -> State:
        """Keep the hole that is there."""
        return State(photo, self.state.hole)

    def _forget_result(self) -> None:
        self.fillings, self.pictures.value = None, ""

    def _describe(self) -> None:
        state = self.state
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
