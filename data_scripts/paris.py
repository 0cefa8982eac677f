r"""Prepare Paris StreetView (Doersch et al. 2012, as in Pathak et al. 2016): 14,900 training and 100 test pictures.

Its photographs may not be passed on; the authors of context encoders send an address on request
(https://github.com/pathak22/context-encoder). Give what you received, packed or not:

    python data_scripts/paris.py --to data/paris --from paris_streetview_dataset.zip
    python data_scripts/paris.py --to data/paris --from paris_train_original.tar paris_eval.tar

Training pictures are those in a folder `paris_train...`, test pictures those in `paris_eval_gt` (they are smaller than
256 and stay so: none is enlarged); copies with a hole, `paris_eval_corrupted`, are passed over. The paper does not say
how it cut the wide ones: here the square in the middle, or nothing with `--whole`, so that training may take its random
crops from all of the street. No checksum is published: that of the first archive is noted.
"""

import sys
from pathlib import PurePosixPath

from _prepare import Dataset, obtain, prepare
from _script import common, parser, run

COUNTS = {"train": 14_900, "test": 100}
LICENCE = "on request, for research; not to be passed on"
DATASET = Dataset("Paris StreetView", LICENCE, "15,000 pictures", COUNTS)


def place(name: str, _: bytes) -> tuple[str, str] | None:
    """Return split and file of a member by the folder that it is in."""
    path = PurePosixPath(name)
    folders = [part.lower() for part in path.parts[:-1]]
    if any("corrupted" in folder for folder in folders):
        return None
    if any(folder.startswith("paris_train") for folder in folders):
        return "train", f"{path.stem}.jpg"
    if any(folder.startswith("paris_eval") for folder in folders):
        return "test", f"{path.stem}.jpg"
    return None


def main(argv: list[str] | None = None, counts: dict[str, int] = COUNTS) -> int:
    """Run from the command line; returns the exit status."""
    asked = parser("Prepare Paris StreetView.", "data/paris").parse_args(argv)
    return run(
        lambda: prepare(
            DATASET._replace(counts=counts),
            asked.to,
            lambda: (obtain([], asked.sources, asked.to), place),
            origin=" ".join(asked.sources),
            **common(asked),
        ),
        asked.to,
    )


if __name__ == "__main__":
    sys.exit(main())
