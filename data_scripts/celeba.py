r"""Prepare CelebA (Liu et al. 2015), 202,599 aligned faces, in its own split: 162,770 / 19,867 / 19,962.

The paper does not use it; CelebA-HQ was made from it. The pictures are 178x218: they become squares of 178x178, because
none is enlarged. Names, Google Drive addresses and MD5 sums are those of torchvision's class `CelebA`; its download
needs the package gdown (`pip install "rwlib[celeba]"`), and Google Drive may refuse when too many users ask. By hand:

    python data_scripts/celeba.py --to data/celeba --from img_align_celeba.zip list_eval_partition.txt
    python data_scripts/celeba.py --to data/celeba --from FOLDER        # that holds these two files
"""

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from _checksums import check_published
from _dataset import Assign, Dataset, Target
from _download import downloads_folder, remove_downloads
from _script import command_line, photograph_options, run_prepare
from torchvision.datasets import CelebA
from torchvision.datasets.utils import download_file_from_google_drive

from rwlib.errors import InputError

COUNTS = {"train": 162_770, "val": 19_867, "test": 19_962}
LICENCE = "non-commercial research only (its agreement: http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html)"
DATASET = Dataset("CelebA, aligned and cropped", LICENCE, "1.4 GB, 202,599 pictures", checksums="published")
PICTURES, PARTITION = "img_align_celeba.zip", "list_eval_partition.txt"
FILES = {name: (drive_id, md5) for drive_id, md5, name in CelebA.file_list if name in (PICTURES, PARTITION)}


def get_files(sources: Sequence[str], downloads: Path) -> dict[str, Path]:
    """Return the two files by name, the given ones or downloaded ones; both have their published MD5.

    Raises:
        InputError: one is missing, cannot be downloaded, or has another MD5.
    """
    files = {}
    for source in map(Path, sources):
        candidates = [source / name for name in FILES] if source.is_dir() else [source]
        files |= {file.name: file for file in candidates if file.exists()}
    for name, (drive_id, md5) in FILES.items():
        if name not in files:
            if sources:
                raise InputError(f"from: {name} is not among {', '.join(sources)}; give it, too")
            files[name] = download(name, drive_id, md5, downloads)
        check_published(files[name], f"md5:{md5}", f"from: {files[name]}")
    return files


def download(name: str, drive_id: str, md5: str, folder: Path) -> Path:
    """Download one file from Google Drive.

    Raises:
        InputError: gdown is not installed, or Google Drive refuses.
    """
    if importlib.util.find_spec("gdown") is None:
        raise InputError('from: the download needs gdown; `pip install "rwlib[celeba]"`, or give --from')
    print(f"downloading {name} from Google Drive", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        download_file_from_google_drive(drive_id, folder, name, md5)
    except Exception as error:  # gdown's errors have no common class
        if isinstance(error, OSError) and error.errno:
            raise  # the disk's, a full one for instance; errors of the network have no number
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"from: Google Drive refuses {name} ({reason}); fetch it by hand, give --from") from None
    return folder / name


def assigning(partition: Path) -> Assign:
    """Return where each picture goes, by the data set's own list (0 train, 1 validation, 2 test).

    Raises:
        InputError: the list is another file.
    """
    try:
        rows = dict(line.split() for line in partition.read_text(encoding="utf-8").splitlines() if line.strip())
        splits = {name: ("train", "val", "test")[int(kind)] for name, kind in rows.items()}
    except (OSError, ValueError, IndexError) as error:
        raise InputError(f"from: {partition} is not CelebA's list of splits ({error})") from None

    def assign(name: str, _: bytes) -> Target | None:
        file = PurePosixPath(name).name
        return Target(splits[file], file) if file in splits else None

    return assign


def main(argv: list[str] | None = None, counts: dict[str, int] = COUNTS) -> int:
    """Run from the command line; returns the exit status."""
    options = photograph_options(command_line("Prepare CelebA.", "data/celeba")).parse_args(argv)
    downloads = downloads_folder(options.to)

    def open_sources() -> tuple[list[Path], Assign]:
        files = get_files(options.sources, downloads)
        return [files[PICTURES]], assigning(files[PARTITION])

    origin = " ".join(options.sources) or "Google Drive, by the addresses in torchvision"
    status = run_prepare(options, replace(DATASET, counts=counts), open_sources, origin=origin)
    if status == 0:
        remove_downloads([downloads / name for name in FILES], options.to)
    return status


if __name__ == "__main__":
    sys.exit(main())
