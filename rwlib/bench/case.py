r"""What a case of the benchmark is, and the data that all of them are measured on.

A `Case` is only a name and a recipe; `build` makes its two sides when its turn comes, so that one case at a time stands
in memory. Each side is a function without arguments that returns what it computed, gradients too, by name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rwlib.masks import random_masks
from rwlib.randomness import Stream, make_generator

TOLERANCE = 1e-4
HOLE_FRACTION = (0.195, 0.205)

Side = Callable[[], Mapping[str, Tensor]]


class Pair(NamedTuple):
    """The two sides of a case; `reference` is None where it cannot run."""

    ours: Side
    reference: Side | None


@dataclass(frozen=True)
class Case:
    """A name and a recipe."""

    name: str
    build: Callable[[], Pair]
    tolerance: float | None = TOLERANCE
    """Largest allowed difference of the outputs, relative to the reference's largest; None for other methods."""
    runs: int = 7
    """Timed calls of each side."""
    images: int = 0
    """Images a call, where images a second mean something."""
    optional: bool = False
    """It needs a package that need not be there."""


def seeded(make: Callable[[], Any]) -> Any:
    """Call `make` with torch's global random numbers, from which weights are drawn, at a known state."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make()


def image_and_mask(size_px: int, b: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return noise (b, 3, size_px, size_px) in [-1, 1] and masks with one hole of 20 % each."""
    I_gt = 2 * torch.rand(b, 3, size_px, size_px, generator=make_generator(0, Stream.BENCH, 0)) - 1
    generator = make_generator(0, Stream.BENCH, 1)
    M = random_masks(b, size_px, size_px, HOLE_FRACTION, kind="contiguous", generator=generator)
    return I_gt.to(device), M.to(device)


def channels_last(x: Any, on: bool = True) -> Any:
    """Bring a tensor or a network to the memory format in which rwlib trains and fills (`Config.channels_last`)."""
    return x.to(memory_format=torch.channels_last if on else torch.contiguous_format)
