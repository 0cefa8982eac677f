r"""Pack prepared pictures into tar shards: for millions of them, for several disks, for networks.

    python data_scripts/shards.py --from data/places2 --to shards/places2
    rwlib train --data shards:shards/places2/train --run-dir runs/places2

Each folder of pictures in `--from` (train, val, ...) becomes a folder of shards; so does `--from` itself if it holds
pictures. Pictures are shuffled once, so that a shard is a fair sample of all, numbered, and written in the layout that
the package webdataset reads (00000000.jpg, ... in 000000.tar, ...), with the index that `rwlib.data.shards` reads.

A shard gets its name when it is complete: after Ctrl-C or on a full disk the next call resumes with the shard that was
being written. The same pictures, size and seed give the same bytes.
"""

import hashlib
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
from _archives import SUFFIXES, find_pictures
from _script import command_line, run
from tqdm import tqdm

from rwlib.data.shards import index_tar, read_index, write_index
from rwlib.errors import InputError
from rwlib.files import replacing, write_text

SHARD_MB = 256


def plan(folder: Path, shard_mb: float, seed: int) -> list[list[tuple[str, int]]]:
    """Deal the pictures below a folder to shards.

    Returns:
        For each shard the names of its pictures, below `folder`, and their sizes in bytes.
    """
    pictures = sorted((path.relative_to(folder).as_posix(), path.stat().st_size) for path in find_pictures(folder))
    shards, room = [], 0.0
    for i in np.random.default_rng(seed).permutation(len(pictures)):
        if not shards or pictures[i][1] > room:
            shards.append([])
            room = shard_mb * 2**20
        shards[-1].append(pictures[i])
        room -= pictures[i][1]
    return shards


def pack(folder: Path, to: Path, *, shard_mb: float = SHARD_MB, seed: int = 0) -> int:
    """Pack the pictures below one folder, or resume packing them.

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
    record = to / "packed.txt"
    if record.exists() and record.read_text(encoding="utf-8").strip() != digest:
        raise InputError(f"to: {to} holds shards of other pictures, another size or seed; choose another folder")
    if not record.exists() and any(to.iterdir()):
        raise InputError(f"to: {to} is not empty; choose another folder")
    if not record.exists():
        write_text(record, f"{digest}\n", "to")
    for part in to.glob(".*.part"):  # left by a process that was killed
        part.unlink()
    if (to / "index.csv").exists():
        print(f"{to} has all {len(read_index(to))} pictures: nothing to do")
        return 0
    entries, n_written = [], 0
    for i, shard in enumerate(tqdm(shards, unit=" shards", disable=not sys.stderr.isatty())):
        file = to / f"{i:06d}.tar"
        if not file.exists():
            _write_shard(file, folder, shard, first=len(entries))
            n_written += 1
        members = index_tar(file, SUFFIXES)
        if [member.bytes for member in members] != [size for _, size in shard]:
            raise InputError(f"to: {file} is damaged; remove it, and call again")
        entries += [member._replace(file=name) for member, (name, _) in zip(members, shard, strict=True)]
    write_index(to, entries)
    print(f"{to}: {len(entries)} pictures in {len(shards)} shards")
    return n_written


def _write_shard(file: Path, folder: Path, shard: list[tuple[str, int]], first: int) -> None:
    """Write one shard, whole or not at all; its first picture has the number `first`."""
    with replacing(file, "to") as part, tarfile.open(fileobj=part, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for number, (name, size) in enumerate(shard, first):
            member = tarfile.TarInfo(f"{number:08d}{Path(name).suffix.lower()}")  # without time and owner
            member.size = size
            with open(folder / name, "rb") as data:
                archive.addfile(member, data)


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = command_line("Pack prepared pictures into tar shards.", "shards/places2", one_source="prepared folder")
    parser.add_argument("--shard-mb", type=float, default=SHARD_MB, help="MiB of pictures per shard (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the order (0)")
    options = parser.parse_args(argv)
    return run(options.to, lambda: pack_all(options.source, options.to, shard_mb=options.shard_mb, seed=options.seed))


def pack_all(source: Path, to: Path, *, shard_mb: float, seed: int) -> None:
    """Pack a folder that holds pictures, or each of its subfolders.

    Raises:
        InputError: not a folder, no pictures, or a number out of range.
    """
    if not source.is_dir():
        raise InputError(f"from: {source} is no folder; give a prepared one")
    if not shard_mb > 0 or seed < 0:
        raise InputError(f"shard-mb, seed: expected above 0 and at least 0, got {shard_mb}, {seed}")
    has_pictures = any(path.suffix.lower() in SUFFIXES for path in source.iterdir() if path.is_file())
    folders = [source] if has_pictures else sorted(path for path in source.iterdir() if path.is_dir())
    if not folders:
        raise InputError(f"from: no pictures in {source}; give a prepared folder")
    for folder in folders:
        pack(folder, to if has_pictures else to / folder.name, shard_mb=shard_mb, seed=seed)


if __name__ == "__main__":
    sys.exit(main())
