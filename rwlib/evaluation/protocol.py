r"""Evaluate on held-out photographs: five hole buckets, two kinds of holes, several methods side by side (section 4.3).

One fixed mask for each photograph, kind and bucket, drawn from (seed, photograph, kind, bucket) alone, or taken from a
folder (`rwlib.evaluation.mask_folder`); composites rounded to 8 bits; metrics per image first, then mean and 95 %
interval. See `rwlib.metrics` for the conventions, and `rwlib.evaluation.run` for evaluations too long for one sitting.

The classical fills are what a network has to beat: the mean of the existing pixels, scikit-image's biharmonic equation,
and, where OpenCV is installed (`pip install rwlib[opencv]`), Telea's and the Navier-Stokes method.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from skimage.restoration import inpaint_biharmonic
from torch import Tensor
from tqdm import tqdm

from rwlib.conventions import InputError, image_to_tensor, one_of, tensor_to_image
from rwlib.data import check_seed, make_generator
from rwlib.evaluation.mask_folder import MaskFolder
from rwlib.evaluation.tables import BUCKETS, KINDS, METRICS, MIN_HOLE_FRACTION, summarise, write_rows
from rwlib.inpainting import fill
from rwlib.masks import random_mask
from rwlib.metrics import WINDOW_PX, evaluate_pair, quantise
from rwlib.networks.generator import RegionWiseGenerator

__all__ = [
    "KINDS",
    "METRICS",
    "biharmonic_fill",
    "classical_methods",
    "evaluate",
    "evaluate_photo",
    "evaluation_mask",
    "generator_method",
    "mean_fill",
    "opencv_fill",
    "summarise",
    "write_rows",
]

MAX_BATCH_PIXELS = 2**18  # 4 images of 256x256: the metrics' float64 maps of more would take half a gigabyte

Method = Callable[[Tensor, Tensor], Tensor]
"""From I_gt (1, 3, h, w) and M (1, 1, h, w) to a composite (1, 3, h, w)."""

PairMetric = Callable[[Tensor, Tensor], Tensor]
"""From composite and ground truth, (b, 3, h, w) in [-1, 1], to (b,)."""


def mean_fill(I_gt: Tensor, M: Tensor) -> Tensor:
    """Fill with the mean colour of the existing pixels."""
    mean = (I_gt * M).sum((2, 3), keepdim=True) / M.sum((2, 3), keepdim=True)
    return I_gt * M + mean * (1 - M)


def biharmonic_fill(I_gt: Tensor, M: Tensor) -> Tensor:
    """Solve the biharmonic equation in the hole (Damelin and Hoang, 2018), by scikit-image."""
    image = ((I_gt * M)[0].permute(1, 2, 0).numpy() + 1) / 2
    filled = inpaint_biharmonic(image, M[0, 0].numpy() == 0, channel_axis=-1)
    return torch.from_numpy(filled).float().permute(2, 0, 1)[None].clamp(0, 1) * 2 - 1


def opencv_fill(name: str) -> Method:
    """Return OpenCV's `"telea"` (2004) or `"navier-stokes"` (Bertalmio et al., 2001), radius 3.

    Raises:
        InputError: OpenCV is not installed.
    """
    try:
        import cv2
    except ImportError:
        raise InputError(f"methods: {name} needs OpenCV; install it with `pip install rwlib[opencv]`") from None
    flag = {"telea": cv2.INPAINT_TELEA, "navier-stokes": cv2.INPAINT_NS}[name]

    def method(I_gt: Tensor, M: Tensor) -> Tensor:
        hole = (M[0, 0].numpy() == 0).astype(np.uint8)
        return image_to_tensor(cv2.inpaint(tensor_to_image(I_gt * M), hole, 3, flag))

    return method


def classical_methods() -> dict[str, Method]:
    """Return every classical fill that can run here, by name."""
    methods: dict[str, Method] = {"mean": mean_fill, "biharmonic": biharmonic_fill}
    for name in ("telea", "navier-stokes"):
        try:
            methods[name] = opencv_fill(name)
        except InputError:  # OpenCV is optional
            pass
    return methods


def generator_method(G: RegionWiseGenerator, *, batch: int = 8) -> Method:
    """Return a generator as a method that fills several masks of a photograph at once.

    Args:
        G: a generator on any device.
        batch: most masks at once; the result does not depend on it, but for float32's last digits.

    Raises:
        InputError: a batch below 1.
    """
    if batch < 1:
        raise InputError(f"batch: expected at least 1, got {batch}")

    def method(I_gt: Tensor, M: Tensor) -> Tensor:
        device = next(G.parameters()).device
        return fill(G, I_gt.to(device), M.to(device)).I_c2.cpu()

    method.batch = batch
    return method


def evaluation_mask(size_px: int, photo: int, kind: str, bucket: int, seed: int) -> Tensor:
    """Return the fixed mask (1, 1, size_px, size_px) of a photograph, kind and bucket."""
    low, high = BUCKETS[bucket]
    generator = make_generator(seed, 3, photo, KINDS.index(kind), bucket)
    fractions = (max(low, MIN_HOLE_FRACTION), high)
    return random_mask(size_px, size_px, fractions, kind=kind, generator=generator)[None]


def evaluate(
    methods: dict[str, Method],
    source: Any,
    *,
    size_px: int,
    seed: int = 0,
    kinds: Sequence[str] | None = None,
    buckets: Sequence[int] | None = None,
    photos: int | None = None,
    progress: bool = True,
    masks: MaskFolder | None = None,
    pair_metrics: Mapping[str, PairMetric] | None = None,
) -> list[dict[str, Any]]:
    """Measure every method on every photograph, kind and bucket.

    Args:
        methods: name → method. One with an attribute `batch` is given so many masks of a photograph at once.
        source: photographs with `center`, see `rwlib.data`.
        size_px: side of the centre crops.
        seed: of the masks.
        kinds: of holes; None takes both, or those that `masks` has.
        buckets: numbers of `BUCKETS`, 0 to 5; None takes the paper's five, or those that `masks` has.
        photos: use only the first so many; None uses all.
        progress: show a progress bar.
        masks: a folder of masks instead of drawn ones.
        pair_metrics: further metrics, name → from composite and ground truth, (b, 3, h, w), to (b,); LPIPS for one.

    Returns:
        One row for each method, kind, bucket and photograph, with `METRICS` and `pair_metrics`.

    Raises:
        InputError: a negative seed, photographs below 1, an unknown kind or bucket or one without masks, or a side that
            is too short for SSIM.
    """
    cells, n = plan(source, size_px=size_px, seed=seed, kinds=kinds, buckets=buckets, photos=photos, masks=masks)
    rows = []
    for photo in tqdm(range(n), disable=not progress, unit="photo", dynamic_ncols=True):
        rows += evaluate_photo(
            methods, source, photo, cells, size_px=size_px, seed=seed, masks=masks, pair_metrics=pair_metrics
        )
    return rows


def plan(
    source: Any,
    *,
    size_px: int,
    seed: int,
    kinds: Sequence[str] | None,
    buckets: Sequence[int] | None,
    photos: int | None,
    masks: MaskFolder | None,
) -> tuple[list[tuple[str, int]], int]:
    """Check a request; return its cells, (kind, bucket), and the number of photographs. Arguments as for `evaluate`."""
    check_seed(seed)
    if size_px < WINDOW_PX:
        raise InputError(f"size_px: expected at least {WINDOW_PX}, the side of SSIM's window, got {size_px}")
    if photos is not None and photos < 1:
        raise InputError(f"photos: expected at least 1, got {photos}; leave it out to use all")
    for kind in kinds or ():
        one_of("kinds", kind, KINDS)
    for bucket in buckets or ():
        if bucket not in range(len(BUCKETS)):
            raise InputError(f"buckets: expected numbers 0 (0–10 %) to {len(BUCKETS) - 1} (50–60 %), got {bucket}")
    cells = [(kind, b) for kind in kinds or KINDS for b in (buckets or range(len(BUCKETS) if masks else 5))]
    if masks:
        if masks.size_px != size_px:
            raise InputError(f"masks: they were read for {masks.size_px} px, expected size_px {size_px}")
        for bucket in buckets or ():
            if not any(masks.cells[kind, bucket] for kind in kinds or KINDS):
                raise InputError(f"buckets: no mask in {masks.folder} is of bucket {bucket}; found are {masks.about()}")
        for kind in kinds or ():
            if not any(masks.cells[kind, b] for k, b in cells if k == kind):
                raise InputError(f"kinds: no mask in {masks.folder} is {kind}; found are {masks.about()}")
        cells = [cell for cell in cells if masks.cells[cell]]
    return cells, min(photos or len(source), len(source))


def evaluate_photo(
    methods: Mapping[str, Method],
    source: Any,
    photo: int,
    cells: Sequence[tuple[str, int]],
    *,
    size_px: int,
    seed: int = 0,
    masks: MaskFolder | None = None,
    pair_metrics: Mapping[str, PairMetric] | None = None,
    sink: Callable[[str, Tensor, Tensor, Tensor], None] | None = None,
) -> list[dict[str, Any]]:
    """Measure every method on one photograph.

    Args:
        methods: name → method.
        source: photographs.
        photo: its number.
        cells: kinds and buckets.
        size_px: side of the centre crop.
        seed: of the masks.
        masks: a folder of masks instead of drawn ones.
        pair_metrics: further metrics.
        sink: called for each method with its name, its composites (n cells, 3, h, w) rounded to 8 bits, I_gt
            (1, 3, h, w) and the masks (n cells, 1, h, w).

    Returns:
        Rows in the order of the cells, and for each cell in the order of the methods.
    """
    I_gt = image_to_tensor(source.center(photo, size_px))
    drawn = [masks.mask(photo, *cell) if masks else evaluation_mask(size_px, photo, *cell, seed) for cell in cells]
    M = torch.cat(drawn)
    at_once = max(1, MAX_BATCH_PIXELS // size_px**2)
    values: dict[str, list[dict[str, float]]] = {}
    for name, method in methods.items():
        step = min(getattr(method, "batch", 1), at_once)
        composites = []
        values[name] = []
        for some in M.split(step):
            I_c = method(I_gt.expand(len(some), -1, -1, -1), some)
            found = evaluate_pair(I_c, I_gt.expand(len(some), -1, -1, -1), some)
            I_c = quantise(I_c)
            for metric, function in (pair_metrics or {}).items():
                found[metric] = function(I_c, I_gt.expand(len(some), -1, -1, -1))
            values[name] += [{metric: float(x[i]) for metric, x in found.items()} for i in range(len(some))]
            composites.append(I_c)
        if sink:
            sink(name, torch.cat(composites), I_gt, M)
    return [
        {"method": name, "kind": kind, "bucket": bucket, "photo": photo} | values[name][i]
        for i, (kind, bucket) in enumerate(cells)
        for name in methods
    ]
