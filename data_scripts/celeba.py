r"""Prepare CelebA (Liu et al. 2015), 202,599 aligned faces, in its own split: 162,770 / 19,867 / 19,962.

The paper does not use it; it is what CelebA-HQ was made from. The pictures are 178x218: they become 178x178 squares,
for none is enlarged. Names, Google Drive addresses and MD5 sums are those of torchvision's class `CelebA`; its download
needs the package gdown (`pip install "rwlib[celeba]"`), and Google Drive may refuse when too many ask. By hand:

    python data_scripts/celeba.py --to data/celeba --from img_align_celeba.zip list_eval_partition.txt
    python data_scripts/celeba.py --to data/celeba --from FOLDER        # that holds these two files
"""

import importlib.util
import sys
from pathlib import Path, PurePosixPath

from _fetch import file_hash
from _prepare import Dataset, Place, downloads_of, forget, prepare
from _script import common, parser, run
from torchvision.datasets import CelebA
from torchvision.datasets.utils import download_file_from_google_drive

from rwlib.conventions import InputError

COUNTS = {"train": 162_770, "val": 19_867, "test": 19_962}
LICENCE = "non-commercial research only (its agreement: http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html)"
DATASET = Dataset("CelebA, aligned and cropped", LICENCE, "1.4 GB, 202,599 pictures", COUNTS)
PICTURES, PARTITION = "img_align_celeba.zip", "list_eval_partition.txt"
FILES = {name: (drive, md5) for drive, md5, name in CelebA.file_list if name in (PICTURES, PARTITION)}
"""Name -> its number on Google Drive, MD5."""


def get_files(sources: list[str], downloads: Path) -> dict[str, Path]:
    """Return the two files by name: the given ones, or downloaded; both are compared with their MD5.

    Raises:
        InputError: one is missing, cannot be downloaded, or has another MD5.
    """
    found = {}
    for source in map(Path, sources):
        found |= {p.name: p for p in ([source / name for name in FILES] if source.is_dir() else [source]) if p.exists()}
    for name, (drive, md5) in FILES.items():
        if name not in found:
            if sources:
                raise InputError(f"from: {name} is not among {', '.join(sources)}; give it, too")
            if importlib.util.find_spec("gdown") is None:
                raise InputError('from: the download needs gdown; `pip install "rwlib[celeba]"`, or give --from')
            print(f"downloading {name} from Google Drive", flush=True)
            downloads.mkdir(parents=True, exist_ok=True)
            try:
                download_file_from_google_drive(drive, downloads, name, md5)
            except Exception as error:  # gdown's are of no common kind
                if isinstance(error, OSError) and error.errno:
                    raise  # the disk's: full, for one; those of the network have no number
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                raise InputError(
                    f"from: Google Drive refuses {name} ({reason}); fetch it by hand, give --from"
                ) from None
            found[name] = downloads / name
        if (md5_found := file_hash(found[name], "md5")) != md5:
            raise InputError(f"from: {found[name]} has md5 {md5_found}, not {md5}; fetch it again")
    return found


def place(partition: Path) -> Place:
    """Return where each picture goes, by the data set's own list (0 train, 1 validation, 2 test).

    Raises:
        InputError: the list is another file.
    """
    try:
        rows = dict(line.split() for line in partition.read_text().splitlines() if line.strip())
        splits = {name: ("train", "val", "test")[int(kind)] for name, kind in rows.items()}
    except (OSError, ValueError, IndexError) as error:
        raise InputError(f"from: {partition} is not CelebA's list of splits ({error})") from None

    def where(name: str, _: bytes) -> tuple[str, str] | None:
        file = PurePosixPath(name).name
        return (splits[file], file) if file in splits else None

    return where


def main(argv: list[str] | None = None, counts: dict[str, int] = COUNTS) -> int:
    """Run from the command line; returns the exit status."""
    asked = parser("Prepare CelebA.", "data/celeba").parse_args(argv)

    def get() -> tuple[list[Path], Place]:
        files = get_files(asked.sources, downloads_of(asked.to))
        return [files[PICTURES]], place(files[PARTITION])

    origin = " ".join(asked.sources) or "Google Drive, by the numbers in torchvision"
    dataset = DATASET._replace(counts=counts)

    def call() -> None:
        prepare(dataset, asked.to, get, origin=origin, verified=True, **common(asked))
        forget([downloads_of(asked.to) / name for name in FILES], asked.to)

    return run(call, asked.to)


if __name__ == "__main__":
    sys.exit(main())
