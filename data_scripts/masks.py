r"""Prepare NVIDIA's irregular test masks (Liu et al. 2018): 12,000 holes, 2,000 in each of six bins of their size.

    python data_scripts/masks.py --to data/masks
    python data_scripts/masks.py --to data/masks --from test_mask.zip

They come as 512x512 pictures, white for the hole, and are brought to 256x256 without grey edges (nearest pixel). The
bin, (0.01, 0.1], (0.1, 0.2], ... (0.5, 0.6], is computed from the original, not taken from the order of the names:

    TO/0.1-0.2/02000.png  white is the hole, as `rwlib inpaint --mask` and `rwlib.inpainting.read_hole` take it
    TO/index.csv          bin, file, hole_fraction (of the written mask), border_px, sha256_of_source

`border_px` is the least distance between hole and edge, in pixels of the original: each bin has masks whose holes keep
away from the border and masks whose holes may touch it, 1,000 of each, which the names do not tell apart. A wrong
polarity would show: no hole is above 0.6. No checksum is published: that of the first archive is recorded. The address
is the one on https://nv-adlr.github.io/publication/partialconv-inpainting, with `dl=1` for the file itself.
"""

import hashlib
import io
import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path, PurePosixPath

import numpy as np
from _dataset import Conversion, Dataset, Target
from _download import Remote, obtain
from _script import check_size, command_line, run_prepare
from PIL import Image

from rwlib.errors import InputError
from rwlib.images import open_picture

REMOTE = Remote("https://www.dropbox.com/s/01dfayns9s0kevy/test_mask.zip?dl=1")
BINS = ("0.01-0.1", "0.1-0.2", "0.2-0.3", "0.3-0.4", "0.4-0.5", "0.5-0.6")
PER_BIN = 2_000
DATASET = Dataset(
    "NVIDIA irregular masks, test set",
    "CC BY-NC-SA 4.0, (c) 2018 NVIDIA",
    "12,000 small pictures",
    count_tolerance=0.05,  # a hole just at the edge of a bin counts one way or the other
    columns=("bin", "file", "hole_fraction", "border_px", "sha256_of_source"),
    hint="is it the test set?",
)


@lru_cache(maxsize=1)
def read_mask(data: bytes) -> np.ndarray:
    """Return where the hole is, as bool (h, w); grey of 128 and more is white."""
    with open_picture(data) as image:
        return np.asarray(image.convert("L")) >= 128


def bin_of(hole: np.ndarray) -> str | None:
    """Return the bin of a hole's fraction, upper edge included, or None outside of (0.01, 0.6]."""
    # Counted in pixels: 0.1 + 0.2 is not 0.3 in floating point.
    n, total = int(hole.sum()), hole.size
    if 100 * n <= total or 10 * n > 6 * total:
        return None
    return BINS[-(-10 * n // total) - 1]


def border_distance(hole: np.ndarray) -> int:
    """Return how many rows or columns lie between the hole and the nearest edge."""
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    h, w = hole.shape
    return int(min(rows[0], h - 1 - rows[-1], columns[0], w - 1 - columns[-1]))


def assign(name: str, data: bytes) -> Target:
    """Return the bin and the file of a mask.

    Raises:
        InputError: it cannot be read, or the size of its hole is outside of all bins.
    """
    try:
        hole = read_mask(data)
    except Exception as error:  # decoders raise nearly anything on damaged files
        raise InputError(f"from: cannot read the mask {name} ({error}); fetch it again") from None
    if (bin_name := bin_of(hole)) is None:
        raise InputError(f"from: {name} has a hole of {hole.mean():.3f}, expected 0.01 to 0.6, in white")
    return Target(bin_name, f"{PurePosixPath(name).stem}.png")


def resizing(size_px: int) -> Conversion:
    """Return the conversion to black and white PNG files of `size_px` pixels.

    Raises:
        InputError: a size below 1.
    """
    check_size(size_px)

    def convert(data: bytes, _: Target) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(read_mask(data)).resize((size_px, size_px), Image.Resampling.NEAREST).save(buffer, "PNG")
        return buffer.getvalue()

    def describe(file: Path, data: bytes, _: Target) -> tuple[str, int, str]:
        border_px = border_distance(read_mask(data))
        return f"{read_mask(file.read_bytes()).mean():.4f}", border_px, hashlib.sha256(data).hexdigest()

    return Conversion({"size_px": size_px}, convert, describe)


def main(argv: list[str] | None = None, per_bin: int = PER_BIN) -> int:
    """Run from the command line; returns the exit status."""
    parser = command_line("Prepare NVIDIA's irregular test masks.", "data/masks")
    parser.add_argument("--size", type=int, default=256, help="side of the masks in pixels (%(default)s)")
    options = parser.parse_args(argv)
    return run_prepare(
        options,
        replace(DATASET, counts=dict.fromkeys(BINS, per_bin)),
        lambda: (obtain([REMOTE], options.sources, options.to), assign),
        conversion=lambda options: resizing(options.size),
        origin=" ".join(options.sources) or REMOTE.url,
    )


if __name__ == "__main__":
    sys.exit(main())
