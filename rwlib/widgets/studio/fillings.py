r"""One photograph and one hole, filled by any variant and measured."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rwlib.ablations import ABLATIONS, Ablation, load_ablation
from rwlib.checkpoints import load_generator
from rwlib.conventions import InputError, image_to_tensor
from rwlib.data.views import center_view
from rwlib.inpainting import fill
from rwlib.masks import random_mask
from rwlib.metrics import evaluate_pair
from rwlib.networks.generator import Outputs, RegionWiseGenerator
from rwlib.randomness import Stream, make_generator
from rwlib.widgets.shared.photos import Source, to_photo
from rwlib.widgets.shared.previews import shrink

PAINTED_PX = 256
"""Side of the picture on which a hole is painted by hand."""


OWN = "own"
"""Name of a network that is none of Fig. 4."""
_OWN = Ablation("your network", OWN, "A network of your own, none of Fig. 4.", lambda config: config)


def variant_of(name: str) -> Ablation:
    """Return what menus and tables say of a variant of Fig. 4, or of a network of one's own."""
    return ABLATIONS.get(name, _OWN)


class Models:
    """The variants' generators, each loaded when it is first asked for.

    Args:
        folder: where `NAME.safetensors` lie.
        own: a generator's file, for the name `OWN`.
    """

    def __init__(self, folder: str | Path, own: str | Path | None = None) -> None:
        self.folder, self.own = Path(folder), own
        self._loaded: dict[str, RegionWiseGenerator] = {}

    def __getitem__(self, name: str) -> RegionWiseGenerator:
        """Return a variant's generator.

        Raises:
            InputError: its file is missing or damaged.
        """
        if name not in self._loaded:
            own = name == OWN and self.own is not None
            self._loaded[name] = (load_generator(self.own) if own else load_ablation(name, self.folder))[0]
        return self._loaded[name]


class OnePhoto:
    """A photograph of one's own as a photo source of length one.

    Args:
        photo: path or content of a file, uint8 (h, w, 3), or tensor (1, 3, h, w) in [-1, 1].

    Raises:
        InputError: no picture, or a side under 8 px.
    """

    def __init__(self, photo: Source) -> None:
        self._photo = to_photo(photo).image

    def __len__(self) -> int:
        return 1

    def center(self, index: int, size_px: int) -> np.ndarray:
        """Return the middle of the photograph, uint8 (size_px, size_px, 3)."""
        return center_view(self._photo, size_px)


class Task(NamedTuple):
    """What every variant is given; the same numbers give the same pixels."""

    source: str
    """Name of a photo source."""
    photo: int
    """Number of a photograph in it."""
    size_px: int
    """Side of the square in its middle."""
    kind: str
    """Kind of hole."""
    percent: int
    """Missing part."""
    seed: int
    """Of the hole."""
    painted: bytes = b""
    """A hole painted by hand in place of a drawn one: PAINTED_PX rows of as many bits, 1 missing."""
    loaded: int = 0
    """How many photographs had been loaded: each is another one under the same name."""


def pixels_of(task: Task, sources: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """Return I_gt (1, 3, size_px, size_px) in [-1, 1] and M (1, 1, size_px, size_px), 1 existing, 0 missing.

    Raises:
        InputError: a painted hole that is empty, or covers everything.
    """
    I_gt = image_to_tensor(sources[task.source].center(task.photo, task.size_px))
    if task.painted:
        bits = np.unpackbits(np.frombuffer(task.painted, np.uint8)).astype(bool)
        hole = shrink(bits.reshape(PAINTED_PX, PAINTED_PX), (task.size_px, task.size_px))
        if hole.all() or not hole.any():
            what = "everything is missing; erase a part of the hole" if hole.any() else "nothing is painted yet"
            raise InputError(f"hole: {what}")
        return I_gt, torch.from_numpy(~hole).float()[None, None]
    fraction = round(task.percent / 100 * task.size_px**2) / task.size_px**2  # a whole number of pixels
    generator = make_generator(task.seed, Stream.STUDIO)
    M = random_mask(task.size_px, task.size_px, (fraction, fraction), kind=task.kind, generator=generator)
    return I_gt, M[None]


class Filling(NamedTuple):
    """What one variant made of a task."""

    outputs: Outputs
    values: dict[str, dict[str, float]]
    """`"I_c1"` and `"I_c2"` → metric → value (`rwlib.metrics.evaluate_pair`)."""


@torch.no_grad()
def fill_task(G: RegionWiseGenerator, I_gt: Tensor, M: Tensor) -> Filling:
    """Fill a hole and measure both composites."""
    outputs = fill(G, I_gt, M)
    composites = {name: getattr(outputs, name) for name in ("I_c1", "I_c2")}
    metrics = {name: evaluate_pair(I_c, I_gt, M) for name, I_c in composites.items()}
    return Filling(outputs, {name: {k: float(v) for k, v in values.items()} for name, values in metrics.items()})
