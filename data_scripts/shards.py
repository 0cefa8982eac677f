r"""Pack prepared pictures into tar shards: for millions of them, for several disks, for networks.

    python data_scripts/shards.py --from data/places2 --to shards/places2
    rwlib train --data shards:shards/places2/train --run-dir runs/places2

Each folder of pictures in `--from` (train, val, ...) becomes a folder of shards; a folder that holds pictures itself
becomes one. Pictures are shuffled once, so that a shard is a fair sample of all, numbered, and written in the layout
that the package webdataset reads (00000000.jpg, ... in 000000.tar, ...), with the index that `rwlib.data.shards` reads.

A shard is renamed to its name when it is whole: after Ctrl-C or on a full disk the next call goes on with the shard
that was being written. The same pictures, size and seed give the same bytes.
"""

import argparse
import hashlib
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
from _fetch import SUFFIXES
from _script import run
from tqdm import tqdm

from rwlib.conventions import InputError
from rwlib.data.shards import index_tar, read_index, write_index

SHARD_MB = 256


def plan(folder: Path, shard_mb: float, seed: int) -> list[list[tuple[str, int]]]:
    """Deal the pictures below a folder to shards.

    Returns:
        For each shard the names of its pictures, below `folder`, and their bytes.
    """
    found = sorted(
        (path.relative_to(folder).as_posix(), path.stat().st_size)
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink() and path.stat().st_size
    )
    shards, room = [], 0.0
    for i in np.random.default_rng(seed).permutation(len(found)):
        if not shards or found[i][1] > room:
            shards.append([])
            room = shard_mb * 2**20
        shards[-1].append(found[i])
        room -= found[i][1]
    return shards


def pack(folder: Path, to: Path, *, shard_mb: float = SHARD_MB, seed: int = 0) -> int:
    """Pack the pictures below one folder, or go on with it.

    Returns:
        Number of shards written; 0 if all were there.

    Raises:
        InputError: no pictures, or `to` holds shards of other ones.
    """
    shards = plan(folder, shard_mb, seed)
    if not shards:
        raise InputError(f"from: no pictures in {folder}; give a prepared folder")
    digest = hashlib.sha256(json.dumps([shard_mb, seed, shards]).encode()).hexdigest()
    to.mkdir(parents=True, exist_ok=True)
    note = to / "packed.txt"
    if note.exists() and note.read_text().strip() != digest:
        raise InputError(f"to: {to} holds shards of other pictures, another size or seed; choose another folder")
    if not note.exists() and any(to.iterdir()):
        raise InputError(f"to: {to} is not empty; choose another folder")
    note.write_text(f"{digest}\n")
    if (to / "index.csv").exists():
        print(f"{to} has all {len(read_index(to))} pictures: nothing to do")
        return 0
    entries, written = [], 0
    for i, shard in enumerate(tqdm(shards, unit=" shards", disable=not sys.stderr.isatty())):
        file = to / f"{i:06d}.tar"
        if not file.exists():
            _write_shard(file, folder, shard, first=len(entries))
            written += 1
        placed = index_tar(file, SUFFIXES)
        if [entry.bytes for entry in placed] != [size for _, size in shard]:
            raise InputError(f"to: {file} is damaged; remove it, and call again")
        entries += [entry._replace(file=name) for entry, (name, _) in zip(placed, shard, strict=True)]
    write_index(to, entries)
    print(f"{to}: {len(entries)} pictures in {len(shards)} shards")
    return written


def _write_shard(file: Path, folder: Path, shard: list[tuple[str, int]], first: int) -> None:
    """Write one shard, whole or not at all; its first picture has the number `first`."""
    part = file.with_name(f"{file.name}.part")
    with tarfile.open(part, "w", format=tarfile.USTAR_FORMAT) as archive:
        for number, (name, size) in enumerate(shard, first):
            member = tarfile.TarInfo(f"{number:08d}{Path(name).suffix.lower()}")  # without time and owner
            member.size = size
            with open(folder / name, "rb") as data:
                archive.addfile(member, data)
    part.rename(file)


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    options = argparse.ArgumentParser(description="Pack prepared pictures into tar shards.")
    options.add_argument("--from", dest="source", type=Path, required=True, help="prepared folder")
    options.add_argument("--to", type=Path, required=True, help="folder to make")
    options.add_argument("--shard-mb", type=float, default=SHARD_MB, help=f"MiB of pictures in a shard ({SHARD_MB})")
    options.add_argument("--seed", type=int, default=0, help="of the order (0)")
    asked = options.parse_args(argv)
    return run(lambda: _main(asked), asked.to)


def _main(asked: argparse.Namespace) -> None:
    if not asked.source.is_dir():
        raise InputError(f"from: {asked.source} is no folder; give a prepared one")
    if not asked.shard_mb > 0 or asked.seed < 0:
        raise InputError(f"shard-mb, seed: expected above 0 and at least 0, got {asked.shard_mb}, {asked.seed}")
    holds = any(path.suffix.lower() in SUFFIXES for path in asked.source.iterdir() if path.is_file())
    folders = [asked.source] if holds else sorted(p for p in asked.source.iterdir() if p.is_dir())
    if not folders:
        raise InputError(f"from: no pictures in {asked.source}; give a prepared folder")
    for folder in folders:
        pack(folder, asked.to if holds else asked.to / folder.name, shard_mb=asked.shard_mb, seed=asked.seed)


if __name__ == "__main__":
    sys.exit(main())
