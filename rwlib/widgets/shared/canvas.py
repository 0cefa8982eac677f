"""A photograph in the browser, on which a hole is painted and erased."""

from collections.abc import Callable
from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
import traitlets

from rwlib.widgets.shared.panel import Panel
from rwlib.widgets.shared.pictures import to_png
from rwlib.widgets.shared.turns import Turns

HOW = (
    "Paint with the mouse, a pen or a finger. By keyboard: arrow keys move the brush (with Shift by one pixel), space "
    "paints and with arrows draws a line, E changes between painting and erasing, plus and minus change the brush, Z "
    "undoes."
)


class HoleCanvas(anywidget.AnyWidget):
    """A photograph with its hole; the browser sends strokes and clicks, the owner sends the hole.

    Args:
        panel: shows what goes wrong in the calls below.
        on_stroke: called as `on_stroke(pixels, erase)` after each stroke, pixels (h, w) of bool; answers with `show`.
        on_undo: called when undo is asked for by keyboard.
    """

    _esm = Path(__file__).with_name("painter.js")
    png = traitlets.Bytes(b"").tag(sync=True)
    alt = traitlets.Unicode("").tag(sync=True)
    width = traitlets.Int(1).tag(sync=True)
    height = traitlets.Int(1).tag(sync=True)
    bits = traitlets.Bytes(b"\0").tag(sync=True)
    """The hole, row by row, one bit per pixel, 1 missing."""
    taken = traitlets.Unicode("").tag(sync=True)
    """Name of the last stroke that `bits` contains."""
    brush = traitlets.Int(25).tag(sync=True)
    """Diameter in pixels of the picture; odd."""
    erase = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self, panel: Panel, on_stroke: Callable[[np.ndarray, bool], None], on_undo: Callable[[], None]
    ) -> None:
        super().__init__()
        self._panel, self._on_stroke, self._on_undo = panel, on_stroke, on_undo
        self._last = ""
        self._turns = Turns()
        self._in_turn: dict[str, ipywidgets.Button] = {}
        self.on_msg(self._receive)

    @property
    def hole(self) -> np.ndarray:
        """What the browser shows: (h, w) bool, True where missing."""
        flat = np.unpackbits(np.frombuffer(self.bits, np.uint8), count=self.height * self.width)
        return flat.reshape(self.height, self.width).astype(bool)

    def show(self, hole: np.ndarray, image: np.ndarray | None = None, name: str = "") -> None:
        """Show a hole (h, w) of bool, and another picture (h, w, 3) uint8 if one is given; all in one message."""
        with self.hold_sync():
            if image is not None:
                self.height, self.width = image.shape[:2]
                self.png = to_png(image)
            self.bits = np.packbits(hole).tobytes()
            self.taken = self._last
            if name:
                self.alt = f"{name}. {HOW}"

    def download(self, name: str, png: bytes) -> None:
        """Let the browser save a file."""
        self.send({"kind": "download", "name": name}, [png])

    def in_turn(self, button: ipywidgets.Button) -> None:
        """Let the clicks on a button of the same panel come to Python in their order among the strokes."""
        self._in_turn[button.model_id] = button
        button.add_class(f"rwlib-in-turn-{button.model_id}")  # by this the canvas in the browser knows it

    def _receive(self, _: "HoleCanvas", content: dict, buffers: list) -> None:
        self._turns.take(content["page"], content["number"], lambda: self._act(content, buffers))

    def _act(self, content: dict, buffers: list) -> None:
        if content["kind"] == "click":
            self._in_turn[content["button"]].click()
        elif content["kind"] == "undo":
            self._panel.attempt(self._on_undo)
        else:
            self._take_stroke(content, buffers)

    def _take_stroke(self, content: dict, buffers: list) -> None:
        self._last = content["id"]
        if (content["height"], content["width"]) != (self.height, self.width):
            return  # painted on the photograph before this one
        flat = np.unpackbits(np.frombuffer(buffers[0], np.uint8), count=self.height * self.width)
        pixels = flat.reshape(self.height, self.width).astype(bool)
        self._panel.attempt(lambda: self._on_stroke(pixels, content["erase"]))
