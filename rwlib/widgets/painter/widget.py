r"""Paint a hole on a photograph and see what a generator puts there (section 4.4).

    HolePainter()                                 a drawn house front and eight photographs to choose from
    HolePainter("holiday.jpg")                    your own, of any size
    HolePainter(I_gt, mask=M, checkpoint="run/generator.safetensors")

What is painted comes back as `painter.M` and `painter.I_gt`, the filling as `painter.result`. Pixels outside the hole
stay those of the photograph, bit for bit.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import ipywidgets
import numpy as np
import torch
import traitlets
from IPython.display import HTML
from torch import Tensor

from rwlib.ablations import ABLATIONS, WEIGHTS, load_ablation
from rwlib.checkpoints import load_generator
from rwlib.config import Config
from rwlib.conventions import InputError
from rwlib.inpainting import fill_photo
from rwlib.networks.generator import Outputs, RegionWiseGenerator
from rwlib.notebook import show_images
from rwlib.widgets.painter.controls import STEP_PX, Controls, percent
from rwlib.widgets.shared import holes
from rwlib.widgets.shared.canvas import HoleCanvas
from rwlib.widgets.shared.holes import Photo, Result, Source
from rwlib.widgets.shared.panel import COMPUTING, Panel
from rwlib.widgets.shared.pictures import to_png

HISTORY = 30  # steps that can be undone
SHIPPED = "shipped"


@dataclass(frozen=True)
class State:
    """A photograph and the hole in it; every step makes a new one."""

    photo: Photo
    hole: np.ndarray
    """(h, w) bool, True where missing."""


class HolePainter(Panel):
    """Paint and erase a hole, and fill it.

    Args:
        photo: name of a bundled photograph, path of a file, uint8 array (h, w, 3), tensor (1, 3, h, w) in [-1, 1];
            None takes a drawn house front. Above 4 megapixels it is reduced.
        checkpoint: a generator to offer beside the shipped ones, and to begin with.
        mask: a hole to begin with: tensor (1, 1, h, w), 1 existing, 0 missing; array (h, w) of bool, True where
            missing; or path of a file in which white is missing.

    Bad input becomes a message in the widget, and what was there before stays.
    """

    def __init__(
        self,
        photo: Source | None = None,
        *,
        checkpoint: str | os.PathLike[str] | None = None,
        mask: Source | None = None,
    ) -> None:
        super().__init__(title="Hole painter")
        self._lock = threading.RLock()
        self._follows = False  # whether the menu of photographs follows the state, and not the other way round
        self._history: list[State] = []
        self._own: dict[str, Photo] = {}
        self._generators: dict[str, tuple[RegionWiseGenerator, Config]] = {}
        self._draws = torch.Generator().manual_seed(0)
        self._filled: Result | None = None
        self.canvas = HoleCanvas(self._take_stroke, lambda: self.attempt(self.undo))
        variants = [(f"Fig. 4{a.panel}: {a.title}", name) for name, a in ABLATIONS.items() if _weights(name).is_file()]
        self.controls = Controls([("house fronts, 64 px (shipped)", SHIPPED), *variants])
        self.show(*self.controls.arranged(self.canvas))
        self._connect()
        self._set(_without_hole(holes.bundled(holes.HOUSE)))
        problems = []
        for given, use in ((photo, self.set_photo), (mask, self.set_mask), (checkpoint, self.add_checkpoint)):
            if given is not None:
                try:
                    use(given)
                except InputError as error:
                    problems.append(str(error))
                except Exception as error:
                    self._fault(error)
        self._history.clear()
        if problems:
            self.say(" · ".join(problems), error=True)
        elif not self._faults:
            self.say(f"{self.state.photo.describe()}. Paint over what should go, then press Inpaint.")

    # --- what it holds

    @property
    def I_gt(self) -> Tensor:
        """The photograph, (1, 3, h, w) in [-1, 1]."""
        return holes.tensors(self.state.photo, self.state.hole)[0]

    @property
    def M(self) -> Tensor:
        """The mask, (1, 1, h, w), 1 existing, 0 missing."""
        return holes.tensors(self.state.photo, self.state.hole)[1]

    @property
    def result(self) -> np.ndarray | None:
        """The last filling, (h, w, 3) uint8; None before the first."""
        return None if self._filled is None else self._filled.filled.image

    @property
    def outputs(self) -> Outputs | None:
        """I_p1, I_c1, I_p2 and I_c2 of the last filling, at the size at which the network worked."""
        return None if self._filled is None else self._filled.filled.outputs

    # --- what can be done with it, from code as well

    def set_photo(self, photo: Source) -> None:
        """Take another photograph, without a hole.

        Raises:
            InputError: not a picture, or a side under 8 px.
        """
        self._set(_without_hole(holes.to_photo(photo)))

    def set_mask(self, mask: Source) -> None:
        """Take another hole for the photograph that is there.

        Raises:
            InputError: no mask, or of another size.
        """
        self._set(replace(self.state, hole=holes.to_hole(mask, self.state.photo)))

    def add_checkpoint(self, checkpoint: str | os.PathLike[str]) -> None:
        """Offer one more generator, and choose it.

        Raises:
            InputError: the file is missing, damaged or no generator.
        """
        key = str(Path(checkpoint))
        with COMPUTING:
            self._generators[key] = load_generator(checkpoint)
        menu = self.controls.generator
        menu.options = [*(option for option in menu.options if option[1] != key), (Path(checkpoint).name, key)]
        menu.value = key

    def undo(self) -> None:
        """Take back the last stroke, random hole, clearing or loading."""
        with self._lock:
            if not self._history:
                self.say("There is nothing to undo.")
                return
            self._set(self._history.pop(), remember=False)

    def clear(self) -> None:
        """Remove the hole."""
        self._set(replace(self.state, hole=np.zeros_like(self.state.hole)))

    def inpaint(self) -> np.ndarray:
        """Fill the hole, as the button does, and return the result (h, w, 3).

        Raises:
            InputError: no hole, nothing but hole, or a generator that cannot be loaded.
        """
        with COMPUTING, torch.no_grad():
            done = self._job()()
        self._show(done)
        return done[0].filled.image

    def save(self, path: str | os.PathLike[str]) -> tuple[Path, Path]:
        """Write the last filling as PNG and its mask beside it; the PNG's header says that it was inpainted.

        Returns:
            Paths of the picture and of the mask, `NAME.png` and `NAME-mask.png`.

        Raises:
            InputError: nothing was filled yet, an ending other than .png, or a folder that cannot be written to.
        """
        return holes.save(self._last_result(), path)

    # --- what its controls do

    def _connect(self) -> None:
        c = self.controls
        traitlets.link((c.brush, "value"), (self.canvas, "brush"))
        self.on_change(c.tool, lambda tool: setattr(self.canvas, "erase", tool == "Erase"))
        self.on_change(self.canvas, lambda erase: setattr(c.tool, "value", "Erase" if erase else "Paint"), "erase")
        self.on_change(c.photo, self._choose_photo)
        self.on_change(c.own_photo, lambda files: self._load(c.own_photo, files, self._take_photo))
        self.on_change(c.own_mask, lambda files: self._load(c.own_mask, files, self._take_mask))
        self.on_click(c.undo, self.undo)
        self.on_click(c.clear, self.clear)
        self.on_click(c.random, self._draw_random)
        self.on_click(c.inpaint, lambda: self.later("inpaint", self._job(), self._show, busy="Filling …"))
        self.on_click(c.save_result, lambda: self._download("inpainted.png", self._encode_result()))
        self.on_click(c.save_mask, lambda: self._download("mask.png", self._encode_mask()))

    def _set(self, state: State, *, remember: bool = True) -> None:
        """Go to another state, and show it."""
        with self._lock:
            old = getattr(self, "state", None)
            if old is not None and remember:
                self._history = [*self._history, old][-HISTORY:]
            self.state = state
            photo, menu = state.photo, self.controls.photo
            small = holes.preview_size(*state.photo.size)
            hole = holes.shrink(state.hole, small)
            if old is None or old.photo is not photo:
                self.canvas.show(hole, holes.preview(photo.image), photo.name)
                self._own[photo.name] = photo
                self._follows = True  # new options make the menu jump to its first entry
                if photo.name not in menu.options:
                    menu.options = [*menu.options, photo.name]
                menu.value = photo.name
                self._follows = False
            else:
                self.canvas.show(hole)
        self.say(f"{photo.describe()}: {percent(state.hole)} missing.")

    def _take_stroke(self, pixels: np.ndarray, erase: bool) -> None:
        def take() -> None:
            with self._lock:
                stroke = holes.enlarge(pixels, self.state.hole.shape)
                hole = self.state.hole & ~stroke if erase else self.state.hole | stroke
                self._set(replace(self.state, hole=hole))

        self.attempt(take)

    def _choose_photo(self, name: str) -> None:
        if not self._follows:
            self._set(_without_hole(self._own.get(name) or holes.bundled(name)))

    def _draw_random(self) -> None:
        photo = self.state.photo
        hole = holes.random_hole(photo, self.controls.percent.value, self.controls.kind.value, self._draws)
        self._set(replace(self.state, hole=hole))

    # --- files

    def _load(self, upload: ipywidgets.FileUpload, files: tuple, take: Callable[[str, bytes], State]) -> None:
        if not files:
            return
        name, content = files[0]["name"], bytes(files[0]["content"])
        upload.value = ()  # so that the same file can be chosen again
        self.later("load", lambda: take(name, content), self._set, busy=f"Reading {name} …")

    def _take_photo(self, name: str, content: bytes) -> State:
        return _without_hole(holes.to_photo(content, name))

    def _take_mask(self, name: str, content: bytes) -> State:
        return replace(self.state, hole=holes.to_hole(content, self.state.photo))

    def _last_result(self) -> Result:
        if self._filled is None:
            raise InputError("result: nothing was filled yet; press Inpaint first")
        return self._filled

    def _encode_result(self) -> Callable[[], bytes]:
        result = self._last_result()
        return lambda: holes.encode(result.filled.image, holes.provenance(result))

    def _encode_mask(self) -> Callable[[], bytes]:
        hole = self.state.hole
        return lambda: holes.encode(hole.astype(np.uint8) * 255)

    def _download(self, name: str, encode: Callable[[], bytes]) -> None:
        self.later(name, encode, lambda png: self.canvas.download(name, png), busy="Encoding …")

    # --- filling

    def _job(self) -> Callable[[], tuple[Result, dict[str, bytes]]]:
        """Return the work of filling what is there now."""
        state, key = self.state, self.controls.generator.value
        label = next(label for label, other in self.controls.generator.options if other == key)

        def work() -> tuple[Result, dict[str, bytes]]:
            if key not in self._generators:
                self._generators[key] = load_ablation(key, WEIGHTS) if key in ABLATIONS else load_generator()
            filled = fill_photo(state.photo.image, state.hole, *self._generators[key])
            shown = {name: to_png(I, side_px=STEP_PX) for name, I in filled.outputs._asdict().items()}
            shown["result"] = to_png(holes.preview(filled.image))
            return Result(state.photo, state.hole, filled, label), shown

        return work

    def _show(self, done: tuple[Result, dict[str, bytes]]) -> None:
        result, shown = done
        self._filled = result
        (h, w), (h_work, w_work) = result.photo.size, result.filled.M.shape[-2:]
        self.controls.show((h, w), result.photo.name, shown)
        at = "full size" if (h, w) == (h_work, w_work) else f"{w_work}×{h_work}, where the hole has a size it knows"
        self.say(f"{percent(result.hole)} filled in {result.filled.seconds:.2f} s; the network worked at {at}.")

    def static(self) -> HTML:
        """Return photograph, hole and, if there is one, filling as a still picture."""
        photo, hole = holes.preview(self.state.photo.image), self.state.hole
        images = {f"{percent(hole)} missing": holes.with_hole(photo, holes.shrink(hole, photo.shape[:2]))}
        if self._filled is not None and self._filled.hole is hole:
            images["filled"] = holes.preview(self.result)
        return show_images(
            images,
            alt=f"{self.state.photo.name}; missing pixels in stripes.",
            caption="A still picture of the hole painter. Run this notebook with `make lab` to paint on it.",
            side_inches=2.4,
        )


def _without_hole(photo: Photo) -> State:
    return State(photo, np.zeros(photo.size, bool))


def _weights(name: str) -> Path:
    return Path(WEIGHTS) / f"{name}.safetensors"
