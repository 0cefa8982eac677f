r"""Evaluate on held-out photographs: five hole buckets, two kinds of holes, several methods side by side (section 4.3).

One fixed mask for each photograph, kind and bucket, drawn from (seed, photograph, kind, bucket) alone; composites
rounded to 8 bits; metrics per image first, then mean and 95 % interval. See `rwlib.metrics` for the conventions.

The classical fills are what a network has to beat: the mean of the existing pixels, scikit-image's biharmonic equation,
and, where OpenCV is installed (`pip install rwlib[opencv]`), Telea's and the Navier-Stokes method.
"""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skimage.restoration import inpaint_biharmonic
from torch import Tensor
from tqdm import tqdm

from rwlib.conventions import InputError, image_to_tensor, tensor_to_image
from rwlib.data import make_generator
from rwlib.data.folder import check_seed
from rwlib.generator import RegionWiseGenerator
from rwlib.inpaint import fill
from rwlib.masks import BUCKETS, random_mask
from rwlib.metrics import WINDOW_PX, evaluate_pair, mean_and_interval

KINDS = ("contiguous", "discontiguous")
METRICS = ("l1", "l2", "psnr", "ssim", "hole_l1", "hole_l2", "hole_psnr", "hole_ssim")
MIN_HOLE_FRACTION = 0.01  # a hole of a few pixels makes PSNR infinite

Method = Callable[[Tensor, Tensor], Tensor]
"""From I_gt (1, 3, h, w) and M (1, 1, h, w) to a composite (1, 3, h, w)."""


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


def generator_method(G: RegionWiseGenerator) -> Method:
    """Return a generator as a method."""
    return lambda I_gt, M: fill(G, I_gt, M).I_c2


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
    kinds: Sequence[str] = KINDS,
    buckets: Sequence[int] = range(len(BUCKETS)),
    photos: int | None = None,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Measure every method on every photograph, kind and bucket.

    Args:
        methods: name → method.
        source: photographs with `center`, see `rwlib.data`.
        size_px: side of the centre crops.
        seed: of the masks.
        kinds: of holes.
        buckets: numbers of `rwlib.masks.BUCKETS`.
        photos: use only the first so many; None uses all.
        progress: show a progress bar.

    Returns:
        One row for each method, kind, bucket and photograph, with `METRICS`.

    Raises:
        InputError: a negative seed, photographs below 1, or a side that is too short for SSIM.
    """
    check_seed(seed)
    if size_px < WINDOW_PX:
        raise InputError(f"size_px: expected at least {WINDOW_PX}, the side of SSIM's window, got {size_px}")
    if photos is not None and photos < 1:
        raise InputError(f"photos: expected at least 1, got {photos}; leave it out to use all")
    rows = []
    for photo in tqdm(
        range(min(photos or len(source), len(source))), disable=not progress, unit="photo", dynamic_ncols=True
    ):
        I_gt = image_to_tensor(source.center(photo, size_px))
        for kind in kinds:
            for bucket in buckets:
                M = evaluation_mask(size_px, photo, kind, bucket, seed)
                for name, method in methods.items():
                    values = evaluate_pair(method(I_gt, M), I_gt, M)
                    row = {"method": name, "kind": kind, "bucket": bucket, "photo": photo}
                    rows.append(row | {metric: float(values[metric]) for metric in METRICS})
    return rows


def summarise(rows: Sequence[dict[str, Any]], metric: str = "hole_psnr") -> str:
    """Return a Markdown table of one metric: kinds and buckets down, methods across, mean ± 95 % interval."""
    methods = list(dict.fromkeys(row["method"] for row in rows))
    digits = 2 if "psnr" in metric else 4
    lines = [f"| {metric} | " + " | ".join(methods) + " |", "|---" * (len(methods) + 1) + "|"]
    for kind, bucket in sorted({(KINDS.index(row["kind"]), row["bucket"]) for row in rows}):
        low, high = BUCKETS[bucket]
        cells = [f"{KINDS[kind]} {100 * low:.0f}–{100 * high:.0f} %"]
        for method in methods:
            chosen = [r[metric] for r in rows if (r["method"], r["kind"], r["bucket"]) == (method, KINDS[kind], bucket)]
            mean, half_width = mean_and_interval(chosen)
            cells.append(f"{mean:.{digits}f} ± {half_width:.{digits}f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_rows(rows: Sequence[dict[str, Any]], file: str | Path) -> None:
    """Write the rows of `evaluate` as CSV."""
    with open(file, "w", newline="") as opened:
        writer = csv.DictWriter(opened, ["method", "kind", "bucket", "photo", *METRICS])
        writer.writeheader()
        writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
