"""What a page sends to the canvas of a hole panel (`painter.js`), without a browser."""

import itertools
from collections.abc import Callable

import numpy as np

NAMES = map(str, itertools.count())


class CanvasPage:
    """A page that shows a canvas: it counts what it sends.

    Args:
        canvas: a `HoleCanvas`.
    """

    def __init__(self, canvas):
        self.canvas, self.name, self.sent = canvas, next(NAMES), 0

    def send(self, kind: str, buffers=(), **content) -> None:
        """Send a message that comes at once."""
        self.late(kind, buffers, **content)()

    def late(self, kind: str, buffers=(), **content) -> Callable[[], None]:
        """Send a message; return what makes it come."""
        message = {"kind": kind, "page": self.name, "number": self.sent} | content
        self.sent += 1
        return lambda: self.canvas._handle_custom_msg(message, list(buffers))

    def stroke(self, pixels: np.ndarray, *, erase: bool = False, name: str = "s") -> None:
        """Send a stroke, pixels (h, w) of bool, that comes at once."""
        self.late_stroke(pixels, erase=erase, name=name)()

    def late_stroke(self, pixels: np.ndarray, *, erase: bool = False, name: str = "s") -> Callable[[], None]:
        """Send a stroke; return what makes it come."""
        h, w = pixels.shape
        bits = memoryview(np.packbits(pixels).tobytes())
        return self.late("stroke", [bits], id=name, erase=erase, width=w, height=h)

    def late_click(self, button) -> Callable[[], None]:
        """Press a button of the panel; return what makes the click come."""
        prefix = "rwlib-in-turn-"
        name = next(each.removeprefix(prefix) for each in button._dom_classes if each.startswith(prefix))
        return self.late("click", button=name)
