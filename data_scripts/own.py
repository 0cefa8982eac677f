r"""Prepare any folder, archive or address of pictures for training.

    python data_scripts/own.py --from ~/Pictures/houses --to data/houses
    rwlib train --data data/houses/train --run-dir runs/houses

The shorter side is brought down to `--size` (512: training takes crops of 256 at any scale between the whole picture
and half of it, `rwlib.data.views`), and nothing is cropped unless `--square` is given. A tenth is put aside to
validate: a picture goes there by its content alone, so that neither its name nor what is added later moves it, and two
copies of one picture never stand on both sides. `rwlib` also trains on any folder as it is; preparing makes reading
faster, and the split. Unreadable pictures are left out and reported.
"""

import hashlib
import sys
from pathlib import Path, PurePosixPath

from _prepare import Dataset, Place, obtain, prepare
from _script import common, parser, run

from rwlib.conventions import InputError

MAX_BAD_SHARE = 0.25
"""Nobody has checked an own folder yet, so more may be bad than in a published set."""


def placing(validation: float) -> Place:
    """Return where each picture goes: the SHA-256 of its bytes decides; a second copy of the same name is left out."""
    taken = set()

    def where(name: str, data: bytes) -> tuple[str, str] | None:
        digest = hashlib.sha256(data).hexdigest()
        split = "val" if int(digest[:8], 16) < validation * 2**32 else "train"
        file = f"{PurePosixPath(name).stem}-{digest[:8]}.jpg"
        if file in taken:
            return None
        taken.add(file)
        return split, file

    return where


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    options = parser("Prepare a folder of your own pictures.", "data/houses")
    options.set_defaults(size=512, whole=True, max_bad_share=MAX_BAD_SHARE)
    options.add_argument("--square", dest="whole", action="store_false", help="keep the square in the middle alone")
    options.add_argument("--validation", type=float, default=0.1, help="share of the pictures to validate with (0.1)")
    asked = options.parse_args(argv)

    def get() -> tuple[list[Path], Place]:
        if not 0 <= asked.validation < 1:
            raise InputError(f"validation: expected 0 to below 1, got {asked.validation}")
        return obtain([], asked.sources, asked.to), placing(asked.validation)

    dataset = Dataset(f"own pictures, {asked.validation:g} to validate", "yours to know", "yours", {})
    origin = " ".join(asked.sources)
    return run(lambda: prepare(dataset, asked.to, get, origin=origin, remember=False, **common(asked)), asked.to)


if __name__ == "__main__":
    sys.exit(main())
