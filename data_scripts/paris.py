r"""Prepare Paris StreetView (Doersch et al. 2012, as in Pathak et al. 2016): 14,900 training and 100 test pictures.

Its photographs may not be passed on; the authors of context encoders send an address on request
(https://github.com/pathak22/context-encoder). Give what you received, packed or not:

    python data_scripts/paris.py --to data/paris --from paris_streetview_dataset.zip
    python data_scripts/paris.py --to data/paris --from paris_train_original.tar paris_eval.tar

Training pictures are those in a folder `paris_train...`, test pictures those in `paris_eval_gt` (they are smaller than
256 and stay so: none is enlarged); copies with a hole, `paris_eval_corrupted`, are skipped. The paper does not say how
it cut the wide ones: here the square in the middle is kept, or with `--whole` everything, so that training may take its
random crops from the whole street. No checksum is published: that of the first archive is recorded.
"""

import sys
from dataclasses import replace
from pathlib import PurePosixPath

from _dataset import Dataset, Target
from _download import obtain
from _script import command_line, photograph_options, run_prepare

COUNTS = {"train": 14_900, "test": 100}
DATASET = Dataset("Paris StreetView", "on request, for research; not to be passed on", "15,000 pictures")


def assign(name: str, _: bytes) -> Target | None:
    """Return the target of a member by the folder that it is in."""
    path = PurePosixPath(name)
    folders = [part.lower() for part in path.parts[:-1]]
    if any("corrupted" in folder for folder in folders):
        return None
    for prefix, split in (("paris_train", "train"), ("paris_eval", "test")):
        if any(folder.startswith(prefix) for folder in folders):
            return Target(split, f"{path.stem}.jpg")
    return None


def main(argv: list[str] | None = None, counts: dict[str, int] = COUNTS) -> int:
    """Run from the command line; returns the exit status."""
    options = photograph_options(command_line("Prepare Paris StreetView.", "data/paris")).parse_args(argv)
    dataset = replace(DATASET, counts=counts)
    return run_prepare(options, dataset, lambda: (obtain([], options.sources, options.to), assign))


if __name__ == "__main__":
    sys.exit(main())
