r"""Prepare any folder, archive or address of pictures for training.

    python data_scripts/own.py --from ~/Pictures/houses --to data/houses
    rwlib train --data data/houses/train --run-dir runs/houses

The shorter side is brought down to `--size` (512: training takes crops of 256 at any scale between the whole picture
and half of it, `rwlib.data.views`), and nothing is cropped unless `--square` is given. A tenth of the pictures is kept
for validation: the content of a picture alone decides, so that neither its name nor what is added later moves it, and
two copies of one picture are always on the same side. `rwlib` also trains on any folder as it is; a prepared one is
faster to read and has a split. Unreadable pictures are left out and reported; of animated ones the first frame is used.
"""

import hashlib
import sys
from pathlib import PurePosixPath

from _dataset import Assign, Dataset, Target
from _download import obtain
from _script import command_line, photograph_options, run_prepare

from rwlib.errors import InputError

MAX_BAD_SHARE = 0.25
"""Nobody has checked a user's own folder yet, so more may be unreadable than in a published data set."""
MAX_STEM_BYTES = 200
"""Of a file name's 255 bytes; the digest and the ending follow."""


def assigning(validation: float) -> Assign:
    """Return where each picture goes: the SHA-256 of its bytes decides; a second copy of the same name is left out.

    Raises:
        InputError: a share of validation pictures outside of [0, 1).
    """
    if not 0 <= validation < 1:
        raise InputError(f"validation: expected 0 to below 1, got {validation}")
    files = set()

    def assign(name: str, data: bytes) -> Target | None:
        digest = hashlib.sha256(data).hexdigest()
        split = "val" if int(digest[:8], 16) < validation * 2**32 else "train"
        stem = PurePosixPath(name).stem.encode()[:MAX_STEM_BYTES].decode(errors="ignore")
        file = f"{stem}-{digest[:8]}.jpg"
        if file in files:
            return None
        files.add(file)
        return Target(split, file)

    return assign


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = command_line("Prepare a folder of your own pictures.", "data/houses")
    photograph_options(parser, size=512, whole=True, max_bad_share=MAX_BAD_SHARE)
    parser.add_argument("--square", dest="whole", action="store_false", help="keep only the square in the middle")
    parser.add_argument("--validation", type=float, default=0.1, help="share of pictures for validation (0.1)")
    options = parser.parse_args(argv)
    name = f"own pictures, {options.validation:g} to validate"
    dataset = Dataset(name, "yours to know", "yours", checksums="none")
    return run_prepare(
        options, dataset, lambda: (obtain([], options.sources, options.to), assigning(options.validation))
    )


if __name__ == "__main__":
    sys.exit(main())
