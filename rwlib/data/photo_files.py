r"""Photographs in image files: how one is read, and what happens to files that cannot be read.

`PhotoFiles` is what the sources of image files share, `rwlib.data.folder` (a folder) and `rwlib.data.shards` (tar
archives). Of a hundred thousand photographs a few are always broken. A run neither stops for them nor hides them: they
are left out, reported once, and refused when they are many.
"""

import math
import os
import warnings
from pathlib import Path
from typing import IO

import numpy as np
import torch

from rwlib.conventions import InputError
from rwlib.data.views import MAX_SCALE, center_view, check_request, random_view
from rwlib.errors import printable
from rwlib.images import read_photo

MAX_BAD_SHARE = 0.25
"""More unreadable images than this share of all, and a source refuses: it is not what its user takes it for."""

SHOWN = 5
"""So many bad files are named."""


class PhotoFiles:
    """What photo sources of image files share: crops, copies in memory, and what happens to bad files.

    A file that proves bad in the middle of a run (cut short, deleted, on a disk that fails) is reported once, also
    where several workers read, and replaced by another photograph that depends on its index alone, so that the crops
    still depend on nothing but the files. Once more than `max_bad_share` of all files are bad, the source refuses.

    A subclass gives `_find` and `_open`.

    Args:
        directory: folder of the files.
        min_scale: smallest min side of a rescaled photograph, in crops, 1 to 2; 1 shows as much as there is, 2 always
            looks as closely as it may.
        cache_mb: most memory, in MiB, for copies of photographs (each worker process has its own).
        max_bad_share: largest share of files that may be bad, 0 to 1.

    Raises:
        InputError: a number out of range, or no photograph is left, or too few.
    """

    def __init__(
        self,
        directory: str | os.PathLike,
        *,
        min_scale: float = 1.0,
        cache_mb: float = 512,
        max_bad_share: float = MAX_BAD_SHARE,
    ) -> None:
        if not 1 <= min_scale <= MAX_SCALE:
            raise InputError(f"min_scale: expected 1 to {MAX_SCALE:g}, got {min_scale}")
        if not cache_mb >= 0:
            raise InputError(f"cache_mb: expected at least 0, got {cache_mb}")
        if not 0 <= max_bad_share <= 1:
            raise InputError(f"max_bad_share: expected 0 to 1, got {max_bad_share}")
        self.directory, self.where = Path(directory), str(directory)
        self.min_scale, self.cache_mb, self.max_bad_share = min_scale, cache_mb, max_bad_share
        self._copies: dict[int, np.ndarray] = {}  # index -> (h, w, 3), for crops of `_copies_for_px`
        self._copies_for_px, self._copies_bytes = 0, 0
        self.names, unreadable = self._find()
        """Name of each photograph; the index is the one that `crop` takes."""
        self._n_unreadable, self._n_found = len(unreadable), len(self.names) + len(unreadable)
        self._refuse_unreadable(unreadable)
        # One byte a photograph, 1 for a damaged one, in memory that worker processes share: each is reported once.
        self._bad = torch.zeros(len(self), dtype=torch.uint8).share_memory_()
        self._step = _far_step(len(self))

    def _find(self) -> tuple[list[str], list[str]]:
        """Return the names of the photographs, and those of the files that are left out, each with its reason."""
        raise NotImplementedError

    def _refuse_unreadable(self, unreadable: list[str]) -> None:
        if not self.names:
            raise InputError(
                f"directory: none of the {self._n_found} images in {self.where} can be read, "
                f"the first is {unreadable[0]}; give a folder of photographs"
            )
        if unreadable:
            self._refuse_too_many(len(unreadable), f"the first is {unreadable[0]}")
            _warn_skipped(f"{len(unreadable)} of {self._n_found} images in {self.where} cannot be read", unreadable)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def damaged(self) -> list[str]:
        """Names of the photographs that proved damaged so far, in any process."""
        return [self.names[i] for i in self._bad.nonzero()[:, 0].tolist()]

    def crop(self, index: int, size_px: int, generator: torch.Generator) -> np.ndarray:
        """Return a random crop of photograph `index` (`random_view`).

        Returns:
            (size_px, size_px, 3), uint8.

        Raises:
            InputError: no such photograph, a size below 1, or too many photographs whose pixels cannot be read.
        """
        return random_view(self._small_copy(index, size_px), size_px, generator, min_scale=self.min_scale)

    def center(self, index: int, size_px: int) -> np.ndarray:
        """Return the fixed evaluation crop of photograph `index` (`center_view`), read at full size.

        Returns:
            (size_px, size_px, 3), uint8.

        Raises:
            InputError: as for `crop`.
        """
        check_request(index, len(self), size_px)
        return center_view(self._first_readable(index), size_px)

    def _small_copy(self, index: int, size_px: int) -> np.ndarray:
        """Return photograph `index` with a min side of at most two crops, from memory if it is there."""
        check_request(index, len(self), size_px)
        if size_px != self._copies_for_px:
            self._copies, self._copies_for_px, self._copies_bytes = {}, size_px, 0
        if index not in self._copies:
            photo = self._first_readable(index, min_side=math.ceil(MAX_SCALE * size_px))
            # Training visits every photograph once an epoch: replacing old copies would always throw out the one that
            # is wanted next, so what does not fit is read again each time.
            if self._copies_bytes + photo.nbytes > self.cache_mb * 2**20:
                return photo
            self._copies[index] = photo
            self._copies_bytes += photo.nbytes
        return self._copies[index]

    def _first_readable(self, index: int, min_side: int | None = None) -> np.ndarray:
        """Read photograph `index`, or the first of its replacements that can be read."""
        for attempt in range(len(self)):
            candidate = (index + attempt * self._step) % len(self)
            if self._bad[candidate]:
                continue
            try:
                return read_photo(self._open(candidate), min_side)
            except Exception as error:  # decoders raise nearly anything on damaged files
                self._report(candidate, error)
        raise InputError(f"directory: the pixels of none of the {len(self)} images in {self.where} can be read")

    def _open(self, index: int) -> str | os.PathLike | IO[bytes]:
        """Return what `read_photo` is to read for photograph `index`."""
        raise NotImplementedError

    def _report(self, index: int, error: Exception) -> None:
        """Note that a photograph is damaged, and say so, the first few times with its name."""
        self._bad[index] = 1
        n_damaged = int(self._bad.sum())
        name = f"{printable(self.names[index])} ({error})"
        if n_damaged <= SHOWN:
            _warn_skipped(f"an image in {self.where} is damaged", [name])
        elif n_damaged == SHOWN + 1:
            warnings.warn(f"more images in {self.where} are damaged: skipped, and not named any more", stacklevel=3)
        self._refuse_too_many(self._n_unreadable + n_damaged, f"the last is {name}")

    def _refuse_too_many(self, n_bad: int, example: str) -> None:
        if n_bad > self.max_bad_share * self._n_found:
            raise InputError(
                f"directory: {n_bad} of {self._n_found} images in {self.where} cannot be read, more than the share of "
                f"{self.max_bad_share:g} (max_bad_share); {example}; is the disk in order? Repair or remove them"
            )

    def __getstate__(self) -> dict:
        """Leave the copies behind when the source is sent to a worker process."""
        return {**self.__dict__, "_copies": {}, "_copies_for_px": 0, "_copies_bytes": 0}


def _far_step(n: int) -> int:
    """Return how much further on the photograph stands that takes a damaged one's place.

    The step is far, so that neighbours that are all damaged do not all become the one photograph behind them, and has
    no common divisor with the number of photographs, so that every one is tried in the end.
    """
    step = max(1, round(0.618 * n))
    while math.gcd(step, n) != 1:
        step += 1
    return step


def _warn_skipped(what: str, names: list[str], *, shown: int = SHOWN) -> None:
    """Warn in one line that files are skipped, with the first names."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    warnings.warn(f"{what} and is skipped: {names[0]}" if len(names) == 1 else
                  f"{what} and are skipped: {', '.join(names[:shown])}{more}", stacklevel=3)  # fmt: skip
