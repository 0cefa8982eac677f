r"""A square photograph with a hole, and what each of the trained methods makes of it, without any widget.

The hole is painted on a square of 256 px; the methods see 64 px, the size for which they were trained.
"""

import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from rwlib.conventions import InputError, image_to_tensor
from rwlib.data.views import center_view
from rwlib.rivals import Rival, load_rival, missing_rivals
from rwlib.widgets.shared.painting import State
from rwlib.widgets.shared.photos import Photo
from rwlib.widgets.shared.previews import enlarge, shrink

PAINTED_PX, SEEN_PX = 256, 64
PIC = "pic"
PASSES = 3
"""How often a forward pass is timed: whatever else the machine does makes it slower, never faster."""


@dataclass(frozen=True, eq=False)
class Square(Photo):
    """The middle of a photograph, (256, 256, 3), and what the methods see of it."""

    seen: np.ndarray | None = None
    """(64, 64, 3) uint8."""


def square(photo: Photo) -> Square:
    """Return the middle of a photograph at both sizes."""
    painted, seen = (center_view(photo.image, side) for side in (PAINTED_PX, SEEN_PX))
    return Square(painted, photo.name, (PAINTED_PX, PAINTED_PX), seen=seen)


def middle(hole: np.ndarray) -> np.ndarray:
    """Return the square in the middle of a hole (h, w), at the size at which holes are painted."""
    h, w = hole.shape
    side = min(h, w)
    top, left = (h - side) // 2, (w - side) // 2
    cut, size = hole[top : top + side, left : left + side], (PAINTED_PX, PAINTED_PX)
    return shrink(cut, size) if side > PAINTED_PX else enlarge(cut, size)


def pixels_of(state: State) -> tuple[Tensor, Tensor]:
    """Return what the methods see: I_gt (1, 3, 64, 64) in [-1, 1] and M (1, 1, 64, 64), 1 existing.

    Raises:
        InputError: no hole, or nothing but hole.
    """
    hole = shrink(state.hole, (SEEN_PX, SEEN_PX))
    if not hole.any():
        raise InputError("hole: nothing is missing yet; paint over what should be filled")
    if hole.all():
        raise InputError("hole: everything is missing at 64 px; erase a part of the hole")
    return image_to_tensor(state.photo.seen), torch.from_numpy(~hole).float()[None, None]


class Filling(NamedTuple):
    """What one method made, and how long it took."""

    rival: Rival
    I_c: Tensor
    """(1, 3, 64, 64) in [-1, 1]."""
    seconds: float
    """Of one forward pass: the fastest of `PASSES`."""


class Fillings(NamedTuple):
    """One hole, filled by all."""

    state: State
    I_gt: Tensor
    M: Tensor
    by: dict[str, Filling]
    """Name of a method → its filling."""
    sample: int
    """Which of PIC's answers."""


class Rivals:
    """The trained methods, each loaded when it is first used."""

    def __init__(self) -> None:
        self._loaded: dict[str, Rival] = {}
        self.missing = missing_rivals()
        """Names of those whose weights are not there."""

    def __getitem__(self, name: str) -> Rival:
        """Return a method.

        Raises:
            InputError: its file is missing or damaged.
        """
        if name not in self._loaded:
            self._loaded[name] = load_rival(name)
        return self._loaded[name]

    def fill(self, name: str, I_gt: Tensor, M: Tensor, sample: int = 0) -> Filling:
        """Fill a hole by one method.

        Args:
            name: of the method.
            I_gt: (1, 3, 64, 64).
            M: (1, 1, 64, 64).
            sample: of PIC: 0 takes the mean of its prior, another number is the seed of a code that is drawn.
        """
        rival = self[name]

        def run() -> Tensor:
            more = (torch.Generator().manual_seed(sample),) if name == PIC and sample else ()
            return rival.G.fill(I_gt, M, *more)

        seconds = []
        for _ in range(PASSES):
            start = time.perf_counter()
            I_c = run()
            seconds.append(time.perf_counter() - start)
        return Filling(rival, I_c.clamp(-1, 1), min(seconds))
