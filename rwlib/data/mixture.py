r"""Several photo sources as one, in equal parts, for a generator of general use."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from rwlib.conventions import InputError
from rwlib.data.views import check_request


class Mixture:
    """Photo sources in turn: each gives as many crops as any other, however many photographs it has.

    Index i is photograph i // n of source i % n, for n sources; a source that has fewer photographs than the largest
    begins anew, so in an epoch its photographs are seen several times, each time in another crop.

    Args:
        sources: at least two photo sources (`rwlib.data.PhotoSource`) that have an end.

    Raises:
        InputError: a single source, or one without end; when asked, whatever the sources refuse.

    Example:
        >>> from rwlib.data.bundled import PhotoSet
        >>> mixture = Mixture([PhotoSet(), PhotoSet()])
        >>> len(mixture), mixture.names[:3]
        (16, ['astronaut', 'astronaut', 'brick'])
    """

    def __init__(self, sources: Sequence[Any]) -> None:
        if len(sources) < 2 or any(getattr(source, "unlimited", False) for source in sources):
            raise InputError("sources: expected two or more photo sources that have an end, such as folders")
        self.sources = list(sources)
        self._each = max(map(len, sources))
        self.names = [str(source.names[i]) for source, i in map(self._place, range(len(self)))]

    def __len__(self) -> int:
        return self._each * len(self.sources)

    def _place(self, index: int) -> tuple[Any, int]:
        """Return the source of an index, and the photograph's number in it."""
        source = self.sources[index % len(self.sources)]
        return source, index // len(self.sources) % len(source)

    def crop(self, index: int, size_px: int, generator: torch.Generator) -> np.ndarray:
        """Return a random crop (size_px, size_px, 3), uint8, of photograph `index`."""
        check_request(index, len(self), size_px)
        source, i = self._place(index)
        return source.crop(i, size_px, generator)

    def center(self, index: int, size_px: int) -> np.ndarray:
        """Return the fixed evaluation crop (size_px, size_px, 3), uint8, of photograph `index`."""
        check_request(index, len(self), size_px)
        source, i = self._place(index)
        return source.center(i, size_px)
