r"""What is measured (section 4.3): on which photographs, at which size, with which holes.

One fixed mask belongs to each photograph, kind and bucket, drawn from (seed, photograph, kind, bucket) alone, or taken
from a folder (`rwlib.evaluation.mask_folder`), so every method gets the same task.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from rwlib.conventions import InputError, one_of
from rwlib.data import PhotoSource
from rwlib.evaluation.mask_folder import MaskFolder
from rwlib.masks import ALL_BUCKETS, BUCKETS, KINDS, MIN_HOLE_FRACTION, random_mask
from rwlib.metrics import WINDOW_PX
from rwlib.randomness import Stream, check_seed, make_generator

Cell = tuple[str, int]
"""A cell of tables 2 and 3: the kind of its holes, and the index of their bucket in `rwlib.masks.ALL_BUCKETS`."""


@dataclass(frozen=True)
class Protocol:
    """What is measured; every method and every evaluation in a folder takes it whole.

    Raises:
        InputError: a negative seed, photographs below 1, an unknown kind or bucket or one without masks, or a side that
            is too short for SSIM.

    Example:
        >>> Protocol(size_px=64, kinds=["contiguous"], buckets=[0, 4]).cells
        [('contiguous', 0), ('contiguous', 4)]
    """

    size_px: int
    """Side of the centre crops."""
    seed: int = 0
    """Of the masks."""
    kinds: Sequence[str] = ()
    """Kinds of holes; none given takes both, or those that `masks` has."""
    buckets: Sequence[int] = ()
    """Indices of `ALL_BUCKETS`, 0 to 5; none given takes the paper's five, or those that `masks` has."""
    photos: int | None = None
    """Use only so many photographs, the first ones; None uses all."""
    masks: MaskFolder | None = None
    """A folder of masks instead of drawn ones."""

    def __post_init__(self) -> None:
        """Check everything that does not need the photographs."""
        check_seed(self.seed)
        if self.size_px < WINDOW_PX:
            raise InputError(f"size_px: expected at least {WINDOW_PX}, the side of SSIM's window, got {self.size_px}")
        if self.photos is not None and self.photos < 1:
            raise InputError(f"photos: expected at least 1, got {self.photos}; leave it out to use all")
        for kind in self.kinds:
            one_of("kinds", kind, KINDS)
        for bucket in self.buckets:
            if bucket not in range(len(ALL_BUCKETS)):
                last = len(ALL_BUCKETS) - 1
                raise InputError(f"buckets: expected numbers 0 (0–10 %) to {last} (50–60 %), got {bucket}")
        if self.masks:
            self._check_masks(self.masks)

    def _check_masks(self, masks: MaskFolder) -> None:
        if masks.size_px != self.size_px:
            raise InputError(f"masks: they were read for {masks.size_px} px, expected size_px {self.size_px}")
        present = self.cells
        for bucket in self.buckets:
            if all(b != bucket for _, b in present):
                raise InputError(
                    f"buckets: no mask in {masks.folder} is of bucket {bucket}; the folder has {masks.about()}"
                )
        for kind in self.kinds:
            if all(k != kind for k, _ in present):
                raise InputError(f"kinds: no mask in {masks.folder} is {kind}; the folder has {masks.about()}")

    @property
    def cells(self) -> list[Cell]:
        """Every kind and bucket that is measured, in the order of the tables."""
        buckets = self.buckets or range(len(ALL_BUCKETS if self.masks else BUCKETS))
        cells = [(kind, bucket) for kind in self.kinds or KINDS for bucket in buckets]
        return [cell for cell in cells if self.masks.cells[cell]] if self.masks else cells

    def n_photos(self, source: PhotoSource) -> int:
        """Return how many photographs of a source are measured."""
        return min(self.photos or len(source), len(source))

    def mask(self, photo: int, kind: str, bucket: int) -> Tensor:
        """Return the fixed mask (1, 1, size_px, size_px) of a photograph in a cell."""
        if self.masks:
            return self.masks.mask(photo, kind, bucket)
        return evaluation_mask(self.size_px, photo, kind, bucket, self.seed)


def evaluation_mask(size_px: int, photo: int, kind: str, bucket: int, seed: int) -> Tensor:
    """Return the drawn mask (1, 1, size_px, size_px) of a photograph, kind and bucket; nothing else changes it."""
    low, high = ALL_BUCKETS[bucket]
    generator = make_generator(seed, Stream.EVALUATION_MASK, photo, KINDS.index(kind), bucket)
    return random_mask(size_px, size_px, (max(low, MIN_HOLE_FRACTION), high), kind=kind, generator=generator)[None]
