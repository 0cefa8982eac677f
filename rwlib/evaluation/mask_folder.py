r"""Evaluation masks from a folder of pictures, sorted into the cells of tables 2 and 3 by what they are.

Any folder will do, with any subfolders: the 12,000 test masks of NVIDIA's partial convolutions (Liu et al., 2018),
with which many papers evaluate and which add a sixth bucket of 50-60 %, or a few drawn by hand. File names and folders
say nothing reliable about a mask, so it is measured, at the size at which it is used:

* bucket: the missing fraction, low < fraction <= high, the first from 1 %;
* kind: contiguous if one 8-connected hole has at least 99 % of the missing pixels (specks of a few pixels do not make a
  hole discontiguous), otherwise discontiguous.

White is the hole, as in `rwlib inpaint`; the polarity can be turned round, and where most masks would miss more than
the last bucket it is refused as the wrong one. (Up to 60 % a mask and its inverse can both be plausible, so the
assumed polarity is always printed, too.)

A mask is cut to its middle square and resized by nearest neighbour: interpolation and a threshold would thicken or lose
thin strokes, and grey borders would be neither missing nor there.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from skimage.measure import label
from torch import Tensor
from tqdm import tqdm

from rwlib.conventions import InputError
from rwlib.images import find_pictures, read_hole
from rwlib.masks import ALL_BUCKETS, KINDS, MIN_HOLE_FRACTION, bucket_name, resize_mask
from rwlib.randomness import Stream, check_seed, make_generator

ONE_HOLE = 0.99


class MaskFolder:
    """The masks of a folder, by kind and bucket.

    Args:
        folder: searched recursively; hidden files and folders are left out.
        size_px: side at which the masks are measured and used.
        white_is_existing: the polarity; by default white is the hole.
        seed: which photograph gets which mask.
        progress: show a progress bar while the masks are measured, if that takes longer than two seconds.

    Raises:
        InputError: no folder, no pictures in it, a picture that cannot be read, the wrong polarity, or no mask that
            belongs to a bucket.

    Example:
        >>> masks = MaskFolder("masks/irregular", 64)  # doctest: +SKIP
        >>> masks.mask(0, "contiguous", 2).shape  # doctest: +SKIP
        torch.Size([1, 1, 64, 64])
    """

    def __init__(
        self,
        folder: str | Path,
        size_px: int,
        *,
        white_is_existing: bool = False,
        seed: int = 0,
        progress: bool = False,
    ) -> None:
        check_seed(seed)
        self.folder, self.size_px, self.white_is_existing, self.seed = Path(folder), size_px, white_is_existing, seed
        names = find_pictures(folder, "masks", "mask pictures")
        self.cells: dict[tuple[str, int], list[str]] = {
            (kind, b): [] for kind in KINDS for b in range(len(ALL_BUCKETS))
        }
        """Kind and bucket → names of the masks, sorted."""
        fractions = []
        for name in tqdm(names, disable=not progress, unit="mask", delay=2, dynamic_ncols=True):
            hole = self._read(name)[0, 0].numpy() == 0
            fractions.append(float(hole.mean()))
            bucket = bucket_of(fractions[-1])
            if bucket is not None:
                self.cells[kind_of(hole), bucket].append(name)
        self.n_masks, self.n_used = len(names), sum(map(len, self.cells.values()))
        self.mean_fraction = float(np.mean(fractions))
        top = ALL_BUCKETS[-1][1]
        if np.median(fractions) > top:
            remedy = "leave out --white-is-existing" if white_is_existing else "add --white-is-existing"
            raise InputError(
                f"masks: most of the {len(names)} masks in {folder} would miss more than {100 * top:.0f} %; "
                f"their polarity is the other way round, {remedy}"
            )
        if not self.n_used:
            raise InputError(
                f"masks: none of the {len(names)} masks in {folder} misses {100 * MIN_HOLE_FRACTION:.0f} to "
                f"{100 * top:.0f} % (mean {100 * self.mean_fraction:.1f} %); draw holes in white (255) on black"
            )

    def mask(self, photo: int, kind: str, bucket: int) -> Tensor:
        """Return the mask (1, 1, size_px, size_px) of a photograph: always the same, each used once before any twice.

        Raises:
            InputError: the cell has no mask.
        """
        names = self._in_turn(kind, bucket)
        if not names:
            raise InputError(f"masks: {self.folder} has no {kind} mask of {bucket_name(bucket)}; leave that bucket out")
        return self._read(names[photo % len(names)])

    def _in_turn(self, kind: str, bucket: int) -> list[str]:
        """Return the names of a cell's masks in the order in which photographs get them."""
        names = self.cells[kind, bucket]
        generator = make_generator(self.seed, Stream.MASK_FOLDER, KINDS.index(kind), bucket)
        return [names[i] for i in torch.randperm(len(names), generator=generator)]

    def about(self) -> str:
        """Return one line on what the folder has, the polarity included."""
        white = "existing" if self.white_is_existing else "missing"
        counts = [f"{kind} {bucket_name(b)}: {len(names)}" for (kind, b), names in self.cells.items() if names]
        outside = f", {self.n_masks - self.n_used} belong to no bucket" if self.n_used < self.n_masks else ""
        n = "1 mask" if self.n_masks == 1 else f"{self.n_masks} masks"
        missing = f"{100 * self.mean_fraction:.1f} % missing on average"
        return f"{n}, white is {white}, {missing}{outside}; " + ", ".join(counts)

    def digest(self) -> str:
        """Return a digest of which photograph gets which mask, the polarity included."""
        turns = [self._in_turn(*cell) for cell in self.cells]
        return hashlib.sha256(f"{turns}\n{self.white_is_existing}".encode()).hexdigest()[:16]

    def _read(self, name: str) -> Tensor:
        hole = read_hole(self.folder / name, white_is_existing=self.white_is_existing)
        h, w = hole.shape
        side = min(h, w)
        top, left = (h - side) // 2, (w - side) // 2
        M = torch.from_numpy(~hole[top : top + side, left : left + side]).float()[None, None]
        return resize_mask(M, self.size_px)


def bucket_of(fraction: float) -> int | None:
    """Return the bucket to which a missing fraction belongs, low < fraction <= high; None outside 1 to 60 %.

    Example:
        >>> bucket_of(0.1), bucket_of(0.11), bucket_of(0.001)
        (0, 1, None)
    """
    if fraction < MIN_HOLE_FRACTION:
        return None
    return next((b for b, (_, high) in enumerate(ALL_BUCKETS) if fraction <= high), None)


def kind_of(hole: np.ndarray) -> str:
    """Return whether (h, w) booleans, True where missing, are one hole but for specks.

    Example:
        >>> kind_of(np.eye(4, dtype=bool)), kind_of(np.eye(4, dtype=bool)[::2])
        ('contiguous', 'discontiguous')
    """
    sizes = np.bincount(label(hole, connectivity=2).ravel())[1:]
    return KINDS[0] if sizes.max() >= ONE_HOLE * sizes.sum() else KINDS[1]
