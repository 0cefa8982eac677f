"""A photograph and the hole that is painted on it, without any widget: strokes, random holes, undoing."""

import threading
from dataclasses import dataclass, replace

import numpy as np
import torch

from rwlib.conventions import InputError
from rwlib.widgets.shared.photos import Photo, Source, to_hole
from rwlib.widgets.shared.previews import enlarge, random_hole

LIMIT = 30
"""Steps that can be undone; of a photograph of 4 megapixels each takes 4 MB."""


@dataclass(frozen=True)
class State:
    """A photograph and the hole in it; every step makes a new one."""

    photo: Photo
    hole: np.ndarray
    """(h, w) bool, True where missing."""

    @classmethod
    def whole(cls, photo: Photo) -> "State":
        """Return a photograph without a hole."""
        return cls(photo, np.zeros(photo.size, bool))

    def masked(self, mask: Source) -> "State":
        """Return the same photograph with the hole of a mask; see `to_hole`."""
        return State(self.photo, to_hole(mask, self.photo))


class Painting:
    """The state now, and at most `LIMIT` before it; threads may take turns.

    Args:
        photo: to begin with.
    """

    def __init__(self, photo: Photo) -> None:
        self.state = State.whole(photo)
        self.lock = threading.RLock()
        self._generator = torch.Generator().manual_seed(0)
        self.forget()

    def forget(self) -> None:
        """Forget the steps before this one."""
        self._states: list[State] = []
        self._complete = True

    def go_to(self, state: State) -> None:
        """Make a step; if there are too many, the oldest one is forgotten."""
        with self.lock:
            self._states.append(self.state)
            self.state = state
            if len(self._states) > LIMIT:
                del self._states[0]
                self._complete = False

    def undo(self) -> None:
        """Go back a step.

        Raises:
            InputError: nothing is left to undo.
        """
        with self.lock:
            if not self._states:
                older = f"the last {LIMIT} steps are kept, and all of them are undone; Clear removes the whole hole"
                raise InputError("undo: there is nothing to undo" if self._complete else f"undo: {older}")
            self.state = self._states.pop()

    def stroke(self, pixels: np.ndarray, *, erase: bool) -> None:
        """Make pixels (h, w) of the preview missing, or bring them back."""
        with self.lock:
            hole = self.state.hole
            stroke = enlarge(pixels, hole.shape)
            self.go_to(replace(self.state, hole=hole & ~stroke if erase else hole | stroke))

    def clear(self) -> None:
        """Remove the hole."""
        self.go_to(State.whole(self.state.photo))

    def draw(self, percent: int, kind: str) -> None:
        """Take a random hole; the arguments are those of `random_hole`."""
        photo = self.state.photo
        self.go_to(State(photo, random_hole(photo.size, percent, kind, self._generator)))
