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
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from _fetch import SUFFIXES, Remote, fetch, file_hash, is_url
from _prepare import Dataset, Place, announce, obtain, prepare
from _script import common, parser, run

from rwlib.conventions import InputError
from rwlib.data.shards import index_tar, write_index

BASE = "http://data.csail.mit.edu/places/places365/"
ARCHIVES = {  # split: file, MD5, its top folder, pictures, size
    "train": ("train_256_places365standard.tar", "53ca1c756c3d1e7809517cc47c5561c5", "data_256", 1_803_460, "24 GB"),
    "val": ("val_256.tar", "e27b17d8d44f4af9a78502beb927f808", "val_256", 36_500, "0.5 GB"),
    "test": ("test_256.tar", "f532f6ad7b582262a2ec8009075e186b", "test_256", 328_500, "4.4 GB"),
}
CHALLENGE = ("train_256_places365challenge.tar", "741915038a5e3471ec7332404dfb64ef", "data_256", 8_026_628, "108 GB")
LICENCE = "research and education only (terms: http://places2.csail.mit.edu)"


def place(name: str) -> tuple[str, str] | None:
    """Return split and file of a member; training pictures keep the folders of their categories.

    They stand in `data_256/a/airfield/00000001.jpg`, the others in `val_256/Places365_val_00000001.jpg`.
    """
    parts = PurePosixPath(name).parts
    for split, (_, _, top, _, _) in ARCHIVES.items():
        if top in parts:
            return split, "/".join(parts[parts.index(top) + 1 :])
    return None


def address(source: str, remote: Remote) -> str:
    """Return where a mirror has a file, or an address that is the file's own; empty if it is neither."""
    if is_url(source) and source.endswith("/"):
        return source + remote.name
    return source if is_url(source) and Remote(source).name == remote.name else ""


def keep_tars(
    dataset: Dataset, remotes: dict[str, Remote], sources: list[str], to: Path, consent: Callable[[], None]
) -> None:
    """Put each split's archive into its own folder, or a link to a local one, and index it where it stands.

    Raises:
        InputError: an archive is missing, not the right one, or has another number of pictures.
    """
    announce(dataset, " ".join(sources) or BASE)
    for split, remote in remotes.items():
        folder = to / split
        if (folder / "index.csv").exists():
            print(f"{folder} is indexed: nothing to do")
            continue
        local = [p for s in sources if not is_url(s) for p in (Path(s), Path(s) / remote.name) if p.name == remote.name]
        if existing := [p for p in local if p.is_file()]:
            kind, expected = remote.checksum.split(":")
            if (found := file_hash(existing[0], kind)) != expected:
                raise InputError(f"from: {existing[0]} has {kind} {found}, not {expected}; fetch it again")
            folder.mkdir(parents=True, exist_ok=True)
            if existing[0].resolve() != (folder / remote.name).resolve():
                (folder / remote.name).unlink(missing_ok=True)
                (folder / remote.name).symlink_to(existing[0].resolve())
        elif sources and not (addresses := [a for s in sources if (a := address(s, remote))]):
            raise InputError(f"from: {remote.name} is not in {' '.join(sources)}; give it, or leave out its split")
        else:
            consent()
            fetch(remote._replace(url=addresses[0]) if sources else remote, folder)
        entries = index_tar(folder / remote.name, SUFFIXES)
        if len(entries) != dataset.counts[split]:
            raise InputError(f"from: {len(entries)} pictures for {split}, expected {dataset.counts[split]}")
        write_index(folder, entries)
        print(f"{folder}: {len(entries)} pictures; train with --data shards:{folder}")


def main(argv: list[str] | None = None, archives: dict[str, tuple] = ARCHIVES) -> int:
    """Run from the command line; returns the exit status."""
    options = parser("Prepare Places365 at 256x256.", "data/places2")
    options.add_argument("--splits", nargs="+", choices=list(ARCHIVES), default=list(ARCHIVES), help="which (all)")
    options.add_argument("--challenge", action="store_true", help="train on Places365-Challenge, 8,026,628 pictures")
    options.add_argument("--tar", action="store_true", help="keep the archives and write an index alone")
    options.add_argument("--yes", action="store_true", help="download several GB without asking")
    asked = options.parse_args(argv)
    return run(lambda: _main(asked, archives | ({"train": CHALLENGE} if asked.challenge else {})), asked.to)


def _main(asked: argparse.Namespace, archives: dict[str, tuple]) -> None:
    chosen = {split: archives[split] for split in asked.splits}
    size = " + ".join(f"{split} {archive[4]}" for split, archive in chosen.items())
    counts = {split: archive[3] for split, archive in chosen.items()}
    dataset = Dataset(f"Places365-{'Challenge' if asked.challenge else 'Standard'}, 256x256", LICENCE, size, counts)
    remotes = {split: Remote(BASE + archive[0], f"md5:{archive[1]}") for split, archive in chosen.items()}
    sources = asked.sources
    if len(sources) == 1 and Path(sources[0]).is_dir():  # a folder of archives, rather than of pictures
        inside = [str(Path(sources[0]) / r.name) for r in remotes.values() if (Path(sources[0]) / r.name).is_file()]
        sources = inside or sources
    large = any(archive[4].endswith(" GB") and float(archive[4].split()[0]) > 2 for archive in chosen.values())

    def consent() -> None:
        if large and not asked.yes and (not sources or is_url(sources[0])):
            if not sys.stdin.isatty() or input("download all of this? [y/N] ").strip().lower() not in ("y", "yes"):
                raise InputError(f"yes: {size} to download; give --yes, or fewer --splits")

    if asked.tar:
        keep_tars(dataset, remotes, sources, asked.to, consent)
        return

    def get() -> tuple[list[Path], Place]:
        consent()
        found = obtain(list(remotes.values()), sources, asked.to)
        published = {remote.name: remote.checksum for remote in remotes.values()}
        for path in found:
            if path.is_file() and path.name not in published:
                raise InputError(f"from: {path.name} is none of {', '.join(published)}; keep the archives' names")
            if (
                path.is_file()
                and path in map(Path, sources)
                and f"md5:{file_hash(path, 'md5')}" != published[path.name]
            ):
                raise InputError(f"from: {path} has not the published {published[path.name]}; fetch it again")
        return found, lambda name, _: where if (where := place(name)) and where[0] in chosen else None

    prepare(dataset, asked.to, get, origin=" ".join(sources) or BASE, verified=True, **common(asked))


if __name__ == "__main__":
    sys.exit(main())
