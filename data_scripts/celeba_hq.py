r"""Prepare CelebA-HQ (Karras et al. 2018), 30,000 faces, as 28,000 training and 2,000 validation pictures of 256x256.

No program can fetch it: its pictures are computed from CelebA and from differences on Google Drive, or come ready-made
as CelebAMask-HQ (folder `CelebA-HQ-img`, 1024x1024, also on Google Drive). Get one of them by hand and give the archive
or the folder with `--from`. Pictures are recognised by a name that is a number; masks are skipped.

    python data_scripts/celeba_hq.py --to data/celeba-hq --from CelebAMask-HQ.zip
    python data_scripts/celeba_hq.py --to data/celeba-hq --from data256x256.zip --validation-list val_shuffled.flist

The paper takes "the same partition as" contextual attention (Yu et al. 2018), whose 2,000 validation names their
authors put on Google Drive. Give that list with `--validation-list`. Without it 2,000 numbers are drawn, the same ones
each time, and **not theirs**. Numbers begin at 0; if the pictures are called 00001 to 30000, 1 is subtracted, as for
the lists that count from 0. No checksum is published: that of the first archive is recorded.
"""

import hashlib
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from _archives import picture_names
from _dataset import Assign, Dataset, Target
from _download import obtain
from _script import command_line, photograph_options, run_prepare

from rwlib.errors import InputError

COUNTS = {"train": 28_000, "val": 2_000}
LICENCE = "non-commercial research and education only (as CelebA, whose agreement applies)"
DATASET = Dataset("CelebA-HQ", LICENCE, "30,000 pictures; CelebAMask-HQ is about 3 GB")


def number(name: str) -> int | None:
    """Return the number that a picture is called by, or None if its name is none (masks, samples)."""
    stem = PurePosixPath(name).stem
    return int(stem) if stem.isascii() and stem.isdecimal() else None


def draw_validation(n_all: int, n_val: int) -> set[int]:
    """Draw the numbers of the validation pictures, the same ones on every machine: those of the smallest SHA-256."""
    return set(sorted(range(n_all), key=lambda k: hashlib.sha256(f"celeba-hq {k}".encode()).digest())[:n_val])


def read_validation_list(path: Path, n_all: int, n_val: int) -> set[int]:
    """Read a list of validation pictures, one name or path per line.

    Raises:
        InputError: it cannot be read, or does not name `n_val` different pictures below `n_all`.
    """
    try:
        numbers = [number(line.strip()) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"validation-list: cannot read {path} ({error})") from None
    if len(numbers) != n_val or len(set(numbers)) != n_val or not all(k is not None and k < n_all for k in numbers):
        raise InputError(f"validation-list: {path} must name {n_val} different pictures, with numbers below {n_all}")
    return set(numbers)


def assigning(names: Iterable[str], validation: set[int], n_all: int) -> Assign:
    """Return where each picture goes.

    Raises:
        InputError: the numbers in the names are not 0 to `n_all - 1`, or 1 to `n_all`.
    """
    numbers = sorted(k for name in names if (k := number(name)) is not None)
    first = numbers[0] if numbers else 0
    if first not in (0, 1) or numbers != list(range(first, n_all + first)):
        raise InputError(
            f"from: expected pictures called by the numbers 0 to {n_all - 1}, or 1 to {n_all}, "
            f"found {len(numbers)}" + (f", from {first} to {numbers[-1]}" if numbers else "")
        )

    def assign(name: str, _: bytes) -> Target | None:
        k = number(name)
        return None if k is None else Target("val" if k - first in validation else "train", f"{k - first:05d}.jpg")

    return assign


def main(argv: list[str] | None = None, counts: dict[str, int] = COUNTS) -> int:
    """Run from the command line; returns the exit status."""
    parser = photograph_options(command_line("Prepare CelebA-HQ 256x256.", "data/celeba-hq"))
    parser.add_argument("--validation-list", type=Path, help="names of the validation pictures, one per line")
    options = parser.parse_args(argv)
    n_all, file = sum(counts.values()), options.validation_list

    def open_sources() -> tuple[list[Path], Assign]:
        sources = obtain([], options.sources, options.to)
        validation = read_validation_list(file, n_all, counts["val"]) if file else draw_validation(n_all, counts["val"])
        return sources, assigning((name for source in sources for name in picture_names(source)), validation, n_all)

    origin = f"{' '.join(options.sources)}, validation pictures {f'of {file.name}' if file else 'drawn'}"
    return run_prepare(options, replace(DATASET, counts=counts), open_sources, origin=origin)


if __name__ == "__main__":
    sys.exit(main())
