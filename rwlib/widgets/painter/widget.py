r"""Paint a hole on a photograph and see what a generator puts there (section 4.4).

    HolePainter()                                 a drawn house front and eight photographs to choose from
    HolePainter("holiday.jpg")                    your own, of any size
    HolePainter(I_gt, mask=M, checkpoint="run/generator.safetensors")

What is painted comes back as `painter.M` and `painter.I_gt`, the filling as `painter.result`. Pixels outside the hole
stay those of the photograph, bit for bit.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from IPython.display import HTML
from torch import Tensor

from rwlib.conventions import InputError
from rwlib.networks.generator import Outputs
from rwlib.widgets.painter.controls import Controls, percent
from rwlib.widgets.painter.generators import Generators
from rwlib.widgets.painter.results import Filling, Result, encode_mask, fill_state, other, save, still
from rwlib.widgets.shared.hole_panel import HolePanel
from rwlib.widgets.shared.painting import State
from rwlib.widgets.shared.panel import COMPUTING
from rwlib.widgets.shared.photos import HOUSE, Source, bundled, tensors, to_photo


class HolePainter(HolePanel):
    """Paint and erase a hole, and fill it.

    Args:
        photo: name of a bundled photograph, path of a file, uint8 array (h, w, 3), tensor (1, 3, h, w) in [-1, 1];
            None takes a drawn house front. Above 4 megapixels it is reduced.
        checkpoint: a generator to offer beside the shipped ones, and to begin with: a file, or the name of one that
            ships, such as `"facades128"`.
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
        self._generators = Generators()
        self._filled: Result | None = None
        super().__init__("Hole painter", Controls(self._generators.options), bundled(HOUSE))
        self.show(*self.controls.arranged(self.canvas))
        self._connect()
        self._refresh()
        arguments = ((photo, self.set_photo), (mask, self.set_mask), (checkpoint, self.add_checkpoint))
        all_good = self.attempt(*(partial(use, argument) for argument, use in arguments if argument is not None))
        self._painting.forget()
        if all_good:
            self.say(f"{self.state.photo.describe()}. Paint over what should go, then press Inpaint.")

    # --- what it holds

    @property
    def I_gt(self) -> Tensor:
        """The photograph, (1, 3, h, w) in [-1, 1]."""
        return tensors(self.state.photo, self.state.hole)[0]

    @property
    def M(self) -> Tensor:
        """The mask, (1, 1, h, w), 1 existing, 0 missing."""
        return tensors(self.state.photo, self.state.hole)[1]

    @property
    def result(self) -> np.ndarray | None:
        """The last filling of this photograph, (h, w, 3) uint8; None before the first."""
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
        self._set(State.whole(to_photo(photo)))

    def set_mask(self, mask: Source) -> None:
        """Take another hole for the photograph that is there.

        Raises:
            InputError: no mask, or of another size.
        """
        self._set(self.state.masked(mask))

    def add_checkpoint(self, checkpoint: str | os.PathLike[str]) -> None:
        """Offer one more generator, and choose it.

        Raises:
            InputError: the file is missing, damaged or no generator.
        """
        with COMPUTING:
            key = self._generators.add(checkpoint)
        self.controls.generator.options = self._generators.options
        self.controls.generator.value = key

    def inpaint(self) -> np.ndarray:
        """Fill the hole, as the button does, and return the result (h, w, 3).

        Raises:
            InputError: no hole, nothing but hole, or a generator that cannot be loaded.
        """
        with COMPUTING, torch.no_grad():
            filling = self._job()()
        self._show(filling)
        return filling.result.filled.image

    def save(self, path: str | os.PathLike[str]) -> tuple[Path, Path]:
        """Write the last filling as PNG and its mask beside it; the PNG's header says that it was inpainted.

        Returns:
            Paths of the picture and of the mask, `NAME.png` and `NAME-mask.png`.

        Raises:
            InputError: nothing was filled yet, an ending other than .png, or a folder that cannot be written to.
        """
        return save(self._last_result(), path)

    # --- what its controls do

    def _connect(self) -> None:
        super()._connect()
        c = self.controls
        c.own_mask.connect(self, self._take_mask)
        self.on_change(c.generator, lambda _: self._describe())
        self.on_click(c.inpaint, lambda: self.later("inpaint", self._job(), self._show, busy="Filling …"))
        self.on_click(c.save_result, lambda: self._download("inpainted.png", self._last_result().encode))
        self.on_click(c.save_mask, lambda: self._download("mask.png", partial(encode_mask, self.state.hole)))

    def _take_mask(self, name: str, file: bytes) -> None:
        self.later("load", lambda: self.state.masked(file), self._set, busy=f"Reading {name} …")

    def _forget_result(self) -> None:
        self._filled = None
        self.controls.hide_result()

    def _describe(self) -> None:
        self.mark_stale(lambda: bool(self._other()))
        self.say(f"{self.state.photo.describe()}: {percent(self.state.hole)} missing.{self._other()}")

    # --- filling and saving

    def _last_result(self) -> Result:
        if self._filled is None:
            raise InputError("result: nothing was filled yet; press Inpaint first")
        return self._filled

    def _download(self, name: str, encode: Callable[[], bytes]) -> None:
        self.later(name, encode, lambda png: self.canvas.download(name, png), busy="Encoding …")

    def _job(self) -> Callable[[], Filling]:
        """Return the work of filling what is there now."""
        state, key = self.state, self.controls.generator.value
        return lambda: fill_state(state, self._generators, key)

    def _show(self, filling: Filling) -> None:
        result, pictures = filling
        with self._painting.lock:  # or another photograph could be chosen between the question and the pictures
            if result.photo is not self.state.photo:
                self._describe()
                return
            self._filled = result
            self.controls.show(result.photo.size, result.photo.name, pictures)
            self.mark_stale(lambda: bool(self._other()))
            self.say(f"{result.describe()}{self._other()}")

    def _other(self) -> str:
        return other(self._filled, self.state, self._generators.labels.get(self.controls.generator.value))

    def static(self) -> HTML:
        """Return photograph, hole and, if there is one, filling as a still picture."""
        return still(self.state, self._filled)
