r"""What a photo source is, and how one is opened by name."""

import os
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from rwlib.data.bundled import PhotoSet
from rwlib.data.facades import Facades
from rwlib.data.folder import PhotoFolder
from rwlib.data.mixture import Mixture
from rwlib.data.shards import PhotoShards
from rwlib.errors import InputError


class PhotoSource(Protocol):
    """Photographs by number, of which every crop is a function of its index and generator alone.

    A source that draws photographs without end also has `unlimited = True`: then photograph k is asked for, not that of
    a permutation.
    """

    names: Sequence[str]
    """Name of each photograph."""

    def __len__(self) -> int:
        """Return the number of photographs."""

    def crop(self, index: int, size_px: int, generator: torch.Generator) -> np.ndarray:
        """Return a random crop of photograph `index`, uint8 RGB (size_px, size_px, 3)."""

    def center(self, index: int, size_px: int) -> np.ndarray:
        """Return the fixed evaluation crop of photograph `index`, uint8 RGB (size_px, size_px, 3)."""


def open_source(spec: str | os.PathLike) -> PhotoSource:
    """Open a photo source by name.

    Args:
        spec: `"facades"` or `"facades:SEED"` (house fronts drawn by a program), `"photos"` (eight public-domain
            photographs), `"shards:DIR"` (a folder of tar shards, `rwlib.data.shards`), or the path of a folder; write
            `./photos` for a folder of that name. Several joined by `" + "` are a mixture in equal parts.

    Raises:
        InputError: a seed that is not a number, or a folder that is missing or has no readable images.

    Example:
        >>> open_source("facades:3").names[5]
        'facade 3/5'
    """
    if isinstance(spec, str) and " + " in spec and not os.path.isdir(spec):
        return Mixture([open_source(part.strip()) for part in spec.split(" + ")])
    name, colon, seed = str(spec).partition(":")
    if isinstance(spec, str) and name == "facades":
        if colon and not seed.isdecimal():
            raise InputError(f"spec: expected 'facades:SEED' with a number of at least 0, got {spec!r}")
        return Facades(int(seed or 0))
    if isinstance(spec, str) and name == "shards" and colon:
        return PhotoShards(seed)
    if spec == "photos":
        return PhotoSet()
    return PhotoFolder(spec)
