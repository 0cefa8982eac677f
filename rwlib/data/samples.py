r"""Training samples: a function of the run's seed and the sample's global number alone.

Neither the number of workers or processes, nor a resumed run, changes what is learned from.
"""

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from rwlib.conventions import image_to_tensor
from rwlib.data.augment import ROOM, vary
from rwlib.data.source import PhotoSource
from rwlib.errors import InputError
from rwlib.masks import random_mask
from rwlib.randomness import Stream, check_seed, make_generator


class TrainingSamples(Dataset):
    """Training samples numbered 0, 1, 2, ... without end.

    Sample `k` is photograph `permutation(seed, epoch)[k % n]` with `epoch = k // n`, for a source of n photographs; its
    crop, flip and mask come from a generator that is seeded by `(seed, k)`. So give a `DataLoader` the numbers it is to
    load, for example `sampler=range(first, last)`; there is no length.

    Args:
        source: photographs; one with `unlimited` set is asked for photograph `k` itself.
        size_px: side of the crops.
        hole_fraction: range from which each mask's missing part is drawn (`rwlib.masks.random_mask`).
        mask_kind: `"contiguous"`, `"discontiguous"` or `"both"`.
        seed: of the run, at least 0.
        augment: how strongly photographs are varied beyond crops and flips, 0 to 1 (`rwlib.data.augment`).

    Raises:
        InputError: a negative seed; when a sample is made, a size or range that the source or `random_mask` refuses.

    Example:
        >>> from rwlib.data import PhotoSet
        >>> samples = TrainingSamples(PhotoSet(), size_px=64, hole_fraction=(0.1, 0.4), mask_kind="both", seed=0)
        >>> I_gt, M = samples[7]
        >>> I_gt.shape, M.shape
        (torch.Size([3, 64, 64]), torch.Size([1, 64, 64]))
    """

    def __init__(
        self,
        source: PhotoSource,
        size_px: int,
        hole_fraction: tuple[float, float],
        mask_kind: str,
        seed: int,
        *,
        augment: float = 0.0,
    ) -> None:
        check_seed(seed)
        self.source, self.size_px, self.hole_fraction, self.mask_kind = source, size_px, hole_fraction, mask_kind
        self.seed, self.augment = seed, augment
        self._epoch, self._order = -1, torch.empty(0)

    def __getitem__(self, k: int) -> tuple[Tensor, Tensor]:
        """Make sample `k`.

        Returns:
            `I_gt` (3, size_px, size_px) in [-1, 1], and `M` (1, size_px, size_px), 1 existing, 0 missing.

        Raises:
            InputError: `k` is negative, or the source's crop is not the one that was asked for.
        """
        if k < 0:
            raise InputError(f"k: expected a sample number of at least 0, got {k}")
        generator = make_generator(self.seed, Stream.SAMPLE, k)
        crop_px = round(ROOM * self.size_px) if self.augment else self.size_px
        crop = self.source.crop(self._photo_index(k), crop_px, generator)
        if not isinstance(crop, np.ndarray) or crop.dtype != np.uint8 or crop.shape != (crop_px, crop_px, 3):
            array = isinstance(crop, np.ndarray)
            came = f"{crop.dtype} {crop.shape}" if array else f"an object of type {type(crop).__name__}"
            raise InputError(
                f"source: expected a crop of {self.name(k)} as uint8 {(crop_px, crop_px, 3)}, got {came}; let its "
                "`crop` return an array of the size that it is asked for"
            )
        M = random_mask(self.size_px, self.size_px, self.hole_fraction, kind=self.mask_kind, generator=generator)
        if self.augment:
            crop = vary(crop, self.size_px, generator, self.augment)
        return image_to_tensor(crop)[0], M

    def name(self, k: int) -> str:
        """Return the name of the photograph that sample `k` is cut from."""
        return str(self.source.names[self._photo_index(k)])

    def _photo_index(self, k: int) -> int:
        n = len(self.source)
        if getattr(self.source, "unlimited", False):
            return k % n
        epoch = k // n
        if epoch != self._epoch:
            self._epoch, self._order = (
                epoch,
                torch.randperm(n, generator=make_generator(self.seed, Stream.ORDER, epoch)),
            )
        return int(self._order[k % n])
