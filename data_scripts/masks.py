r"""Prepare NVIDIA's irregular test masks (Liu et al. 2018): 12,000 holes, 2,000 in each of six bins of their size.

    python data_scripts/masks.py --to data/masks
    python data_scripts/masks.py --to data/masks --from test_mask.zip

They come as 512x512 pictures, white for the hole, and are brought to 256x256 without grey edges (nearest pixel). The
bin, (0.01, 0.1], (0.1, 0.2], ... (0.5, 0.6], is computed from the original, not taken from the order of the names:

    TO/0.1-0.2/02000.png  white is the hole, as `rwlib inpaint --mask` and `rwlib.inpainting.read_hole` take it
    TO/index.csv          bin, file, hole_fraction (of the written one), border_px, sha256_of_source

`border_px` is the least distance between hole and edge, in pixels of the original: each bin has masks whose holes keep
away from the border and masks whose holes may touch it, 1,000 of each, which the names do not tell apart. A wrong
polarity would show: no hole is above 0.6. No checksum is published: that of the first archive is noted. The address is
the one on https://nv-adlr.github.io/publication/partialconv-inpainting, asked for the file itself (`dl=1`).
"""

import csv
import hashlib
import io
import json
import shutil
import sys
from collections import Counter
from pathlib import Path, PurePosixPath

import numpy as np
from _fetch import Remote, compare_with_first, note_first, pictures
from _prepare import Dataset, announce, forget, is_prepared, obtain
from _script import parser, run
from PIL import Image

from rwlib.conventions import InputError

REMOTE = Remote("https://www.dropbox.com/s/01dfayns9s0kevy/test_mask.zip?dl=1")
BINS = ("0.01-0.1", "0.1-0.2", "0.2-0.3", "0.3-0.4", "0.4-0.5", "0.5-0.6")
DATASET = Dataset("NVIDIA irregular masks, test set", "CC BY-NC-SA 4.0, (c) 2018 NVIDIA", "12,000 small pictures", {})
COLUMNS = ["bin", "file", "hole_fraction", "border_px", "sha256_of_source"]
PER_BIN = 2_000
TOLERANCE = 0.05
"""A bin may miss or exceed `PER_BIN` by this share: a hole just at an edge counts one way or the other."""


def read_mask(data: bytes) -> np.ndarray:
    """Return where the hole is, as bool (h, w); grey of 128 and more is white."""
    with Image.open(io.BytesIO(data)) as image:
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


def prepare(to: Path, sources: list[str], *, size_px: int = 256, per_bin: int = PER_BIN) -> int:
    """Prepare the masks, unless they are there.

    Returns:
        Number of masks; 0 if all were there.

    Raises:
        InputError: `to` holds something else, the source is not what it should be, or a mask is none.
    """
    settings = {"name": DATASET.name, "size_px": size_px}
    if is_prepared(to, settings, split="bin"):
        return 0
    announce(DATASET, " ".join(sources) or REMOTE.url)
    to.parent.mkdir(parents=True, exist_ok=True)
    found = obtain([REMOTE], sources, to)
    part, notes = to.with_name(f".{to.name}.part"), to.with_name("checksums.txt")
    shutil.rmtree(part, ignore_errors=True)  # a minute's work is done anew
    try:
        archives = [source for source in found if source.is_file()]
        lines = [compare_with_first(source, f"NVIDIA-masks/{source.name}", notes) for source in archives]
        counts = _convert(part, found, size_px, per_bin)
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, InputError):  # what is wrong now would be wrong again
            forget(found, to)
        raise
    (part / "prepared.json").write_text(json.dumps({**settings, "licence": DATASET.licence, "counts": counts}) + "\n")
    if to.is_dir():
        to.rmdir()
    part.rename(to)
    note_first(lines, notes)
    forget(found, to)
    print(f"{to}: " + ", ".join(f"{n} of {name}" for name, n in counts.items()))
    return sum(counts.values())


def _convert(part: Path, sources: list[Path], size_px: int, per_bin: int) -> dict[str, int]:
    counts = Counter(dict.fromkeys(BINS, 0))
    for name in BINS:
        (part / name).mkdir(parents=True)
    with open(part / "index.csv", "w", newline="", encoding="utf-8") as index:
        rows = csv.writer(index, lineterminator="\n")
        rows.writerow(COLUMNS)
        for source in sources:
            for name, data in pictures(source):
                try:
                    hole = read_mask(data)
                except Exception as error:  # decoders raise nearly anything on damaged files
                    raise InputError(f"from: cannot read the mask {name} ({error}); fetch it again") from None
                if (bin_name := bin_of(hole)) is None:
                    raise InputError(f"from: {name} has a hole of {hole.mean():.3f}, expected 0.01 to 0.6, in white")
                image = Image.fromarray(hole).resize((size_px, size_px), Image.Resampling.NEAREST)
                file = f"{PurePosixPath(name).stem}.png"
                if (part / bin_name / file).exists():
                    raise InputError(f"from: two masks are called {file}; give one source")
                image.save(part / bin_name / file)
                fraction, digest = f"{np.asarray(image).mean():.4f}", hashlib.sha256(data).hexdigest()
                rows.writerow([bin_name, file, fraction, border_distance(hole), digest])
                counts[bin_name] += 1
    total = sum(counts.values())
    if total != len(BINS) * per_bin or any(abs(n - per_bin) > TOLERANCE * per_bin for n in counts.values()):
        raise InputError(f"from: {total} masks, {dict(counts)}, expected {per_bin} in each bin; is it the test set?")
    return dict(counts)


def main(argv: list[str] | None = None, per_bin: int = PER_BIN) -> int:
    """Run from the command line; returns the exit status."""
    asked = parser("Prepare NVIDIA's irregular test masks.", "data/masks").parse_args(argv)
    return run(lambda: prepare(asked.to, asked.sources, size_px=asked.size, per_bin=per_bin), asked.to)


if __name__ == "__main__":
    sys.exit(main())
