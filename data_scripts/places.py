r"""Prepare Places2 (Zhou et al. 2018): scenes, ready-made at 256x256, in their original splits.

Addresses and MD5 sums are those of torchvision's class `Places365`; sizes are rounded. The paper counts 8,097,967
training pictures, which is neither release that is offered there: Places365-Standard (1,803,460 for training) and
Places365-Challenge (8,026,628, with `--challenge`). Validation (36,500) and test (328,500) are the same for both.

    python data_scripts/places.py --to data/places2 --splits val                 # 0.5 GB
    python data_scripts/places.py --to data/places2 --yes                        # 29 GB
    python data_scripts/places.py --to data/places2 --splits train --tar --yes   # no small files, see below
    python data_scripts/places.py --to data/places2 --from FOLDER_WITH_THE_ARCHIVES_OR_MIRROR/

They were made 256x256 by their authors, so the bytes are kept as they are. With `--tar` the archives themselves are
kept, too, and only an index is written: `--data shards:data/places2/train` then reads pictures out of the archive
(`rwlib.data.shards`), and no disk has to hold two million files.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from _archives import SUFFIXES
from _checksums import check_published
from _dataset import Dataset, Target
from _download import Remote, fetch, is_url, obtain
from _prepare import announce, prepare
from _script import command_line, conversion_from, photograph_options, run

from rwlib.data.shards import index_tar, write_index
from rwlib.errors import InputError

BASE = "http://data.csail.mit.edu/places/places365/"
LICENCE = "research and education only (terms: http://places2.csail.mit.edu)"
ASK_ABOVE_GB = 2


class Archive(NamedTuple):
    """The archive of one split: its name, MD5, top folder, number of pictures and size."""

    name: str
    md5: str
    top: str
    n_pictures: int
    size_gb: float

    @property
    def remote(self) -> Remote:
        """Where it is published."""
        return Remote(BASE + self.name, f"md5:{self.md5}")


ARCHIVES = {
    "train": Archive("train_256_places365standard.tar", "53ca1c756c3d1e7809517cc47c5561c5", "data_256", 1_803_460, 24),
    "val": Archive("val_256.tar", "e27b17d8d44f4af9a78502beb927f808", "val_256", 36_500, 0.5),
    "test": Archive("test_256.tar", "f532f6ad7b582262a2ec8009075e186b", "test_256", 328_500, 4.4),
}
CHALLENGE = Archive("train_256_places365challenge.tar", "741915038a5e3471ec7332404dfb64ef", "data_256", 8_026_628, 108)


def assign(name: str, _: bytes, archives: Mapping[str, Archive]) -> Target | None:
    """Return the target of a member; training pictures keep the folders of their categories.

    They are called `data_256/a/airfield/00000001.jpg`, the others `val_256/Places365_val_00000001.jpg`.
    """
    parts = PurePosixPath(name).parts
    for split, archive in archives.items():
        if archive.top in parts:
            return Target(split, "/".join(parts[parts.index(archive.top) + 1 :]))
    return None


def find_archive(archive: Archive, sources: list[str]) -> str:
    """Return the path or the address of an archive among the sources; empty if it is not there."""
    for source in sources:
        if is_url(source):
            address = source + archive.name if source.endswith("/") else source
            if Remote(address).name == archive.name:
                return address
        else:
            for path in (Path(source), Path(source, archive.name)):
                if path.name == archive.name and path.is_file():
                    return str(path)
    return ""


def keep_archives(
    dataset: Dataset, archives: Mapping[str, Archive], sources: list[str], to: Path, confirm: Callable[[], None]
) -> None:
    """Put each split's archive, or a link to a local one, into a folder of its own, and index it.

    Raises:
        InputError: an archive is missing, not the right one, or has another number of pictures.
    """
    announce(dataset, " ".join(sources) or BASE)
    for split, archive in archives.items():
        folder, source = to / split, find_archive(archive, sources)
        file = folder / archive.name
        if (folder / "index.csv").exists():
            print(f"{folder} is indexed: nothing to do")
            continue
        if sources and not source:
            raise InputError(f"from: {archive.name} is not in {' '.join(sources)}; give it, or leave out its split")
        if source and not is_url(source):
            check_published(Path(source), archive.remote.checksum, f"from: {source}")
            folder.mkdir(parents=True, exist_ok=True)
            if Path(source).resolve() != file.resolve():
                file.unlink(missing_ok=True)
                file.symlink_to(Path(source).resolve())
        else:
            confirm()
            fetch(archive.remote._replace(url=source) if source else archive.remote, folder)
        entries = index_tar(file, SUFFIXES)
        if len(entries) != archive.n_pictures:
            raise InputError(f"from: {len(entries)} pictures for {split}, expected {archive.n_pictures}")
        write_index(folder, entries)
        print(f"{folder}: {len(entries)} pictures; train with --data shards:{folder}")


def main(argv: list[str] | None = None, archives: Mapping[str, Archive] = ARCHIVES) -> int:
    """Run from the command line; returns the exit status."""
    parser = photograph_options(command_line("Prepare Places365 at 256x256.", "data/places2"))
    parser.add_argument("--splits", nargs="+", choices=list(ARCHIVES), default=list(ARCHIVES), help="which (all)")
    parser.add_argument("--challenge", action="store_true", help="train on Places365-Challenge, 8,026,628 pictures")
    parser.add_argument("--tar", action="store_true", help="keep the archives and write only an index")
    parser.add_argument("--yes", action="store_true", help="download several GB without asking")
    options = parser.parse_args(argv)
    archives = archives | ({"train": CHALLENGE} if options.challenge else {})
    return run(options.to, lambda: prepare_places(options, {split: archives[split] for split in options.splits}))


def prepare_places(options: argparse.Namespace, archives: Mapping[str, Archive]) -> None:
    """Prepare the splits of these archives.

    Raises:
        InputError: an archive is missing, not the right one or damaged; a large download was not confirmed.
    """
    size = " + ".join(f"{split} {archive.size_gb} GB" for split, archive in archives.items())
    counts = {split: archive.n_pictures for split, archive in archives.items()}
    name = f"Places365-{'Challenge' if options.challenge else 'Standard'}, 256x256"
    dataset = Dataset(name, LICENCE, size, counts, checksums="published")
    sources = options.sources
    if len(sources) == 1 and Path(sources[0]).is_dir():  # a folder of archives, rather than of pictures
        sources = [path for archive in archives.values() if (path := find_archive(archive, sources))] or sources

    def confirm() -> None:
        is_large = any(archive.size_gb > ASK_ABOVE_GB for archive in archives.values())
        if is_large and not options.yes and (not sources or is_url(sources[0])):
            if not sys.stdin.isatty() or input("download all of this? [y/N] ").strip().lower() not in ("y", "yes"):
                raise InputError(f"yes: {size} to download; give --yes, or fewer --splits")

    if options.tar:
        keep_archives(dataset, archives, sources, options.to, confirm)
        return

    def open_sources() -> tuple:
        confirm()
        published = {archive.name: archive.remote.checksum for archive in archives.values()}
        files = obtain([archive.remote for archive in archives.values()], sources, options.to)
        for file in filter(Path.is_file, files):
            if file.name not in published:
                raise InputError(f"from: {file.name} is none of {', '.join(published)}; keep the archives' names")
            if file in map(Path, sources):  # a download has been verified
                check_published(file, published[file.name], f"from: {file}")
        return files, lambda name, data: assign(name, data, archives)

    prepare(dataset, options.to, open_sources, conversion_from(options), origin=" ".join(sources) or BASE)


if __name__ == "__main__":
    sys.exit(main())
