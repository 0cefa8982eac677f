r"""Photographs in tar shards, as a photo source (`rwlib.data.PhotoSource`): a million pictures in a few hundred files.

    DIRECTORY/000000.tar ...   members 00000000.jpg, 00000001.jpg, ...: the layout of the package webdataset
    DIRECTORY/index.csv        shard, offset, bytes, file: where in which shard each photograph's bytes stand

Training asks for sample number k (`rwlib.data.TrainingSamples`), and that is what makes it independent of the number
of workers and lets a resumed run continue bit for bit. A tar archive that is not compressed can answer: the index says
where the bytes are, so `PhotoShards` reads them with one seek, and needs no package. `data_scripts/shards.py` packs a
folder.
"""

import csv
import io
import os
import tarfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rwlib.conventions import InputError
from rwlib.data.photo_files import PhotoFiles
from rwlib.errors import printable
from rwlib.files import write_text

COLUMNS = ("shard", "offset", "bytes", "file")
"""Of `index.csv`; `file` is the photograph's name before it was packed."""
LINE_BREAKS = set("\r\n")


class Entry(NamedTuple):
    """Where a photograph is: name of the shard, place of its bytes and their number, name of the photograph."""

    shard: str
    offset: int
    bytes: int
    file: str


class PhotoShards(PhotoFiles):
    """Photographs in a folder of tar shards, as a photo source with random access.

    What proves damaged while it is read is replaced as in a folder (`rwlib.data.photo_files.PhotoFiles`).

    Args:
        directory: folder with shards and their `index.csv`.
        min_scale: as for `rwlib.data.folder.PhotoFolder`.
        cache_mb: likewise.
        max_bad_share: likewise.

    Raises:
        InputError: no index or one that does not fit the shards; a number out of range.
    """

    def _find(self) -> tuple[list[str], list[str]]:
        entries = read_index(self.directory)
        self._shards = list(dict.fromkeys(entry.shard for entry in entries))
        number = {shard: i for i, shard in enumerate(self._shards)}
        self._places = np.array([(number[e.shard], e.offset, e.bytes) for e in entries], np.int64)
        return [entry.file for entry in entries], []

    def _open(self, index: int) -> io.BytesIO:
        shard, offset, size = self._places[index].tolist()
        # Opening the shard each time costs a hundredth of decoding, and worker processes then share no file position.
        with open(self.directory / self._shards[shard], "rb") as file:
            file.seek(offset)
            data = file.read(size)
        if len(data) != size:
            raise OSError(f"{self._shards[shard]} is cut short")
        return io.BytesIO(data)


def index_tar(file: str | os.PathLike, suffixes: tuple[str, ...]) -> list[Entry]:
    """List the images in a tar archive that is not compressed, in its order.

    Raises:
        InputError: not such an archive.
    """
    file, entries = Path(file), []
    try:
        with tarfile.open(file, "r:") as archive:
            for member in archive:
                if member.isreg() and member.name.lower().endswith(suffixes):
                    entries.append(Entry(file.name, member.offset_data, member.size, member.name))
                archive.members = []  # it would keep every header
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InputError(f"shards: cannot read {file} as a tar archive without compression ({error})") from None
    return entries


def write_index(directory: Path, entries: list[Entry]) -> None:
    """Write `index.csv`, whole or not at all.

    Raises:
        InputError: a photograph's name has a line break, which no index can hold.
    """
    for entry in entries:
        if set(entry.file) & LINE_BREAKS:
            raise InputError(f"shards: {printable(entry.file)} has a line break in its name; rename the photograph")
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *entries])
    write_text(directory / "index.csv", text.getvalue(), "to")


def read_index(directory: Path) -> list[Entry]:
    """Read `index.csv` and see that the shards are there, and as long as it says.

    Raises:
        InputError: it is missing, another file, or does not fit the shards.
    """
    remedy = "pack the photographs again with data_scripts/shards.py"
    if not os.path.isfile(directory / "index.csv"):
        raise InputError(f"shards: {directory} has no index.csv; {remedy}")
    entries, ends = [], {}
    try:
        with open(directory / "index.csv", newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            if tuple(next(rows, ())) != COLUMNS:
                raise ValueError(f"its columns are not {', '.join(COLUMNS)}")
            for shard, offset, size, name in rows:
                entry = Entry(shard, int(offset), int(size), name)
                if Path(shard).name != shard or "\\" in shard or entry.offset < 0 or entry.bytes < 1:
                    raise ValueError(f"{shard!r} {offset} {size} is no place in a shard of this folder")
                if set(name) & LINE_BREAKS:  # a stray quotation mark makes one name of all lines up to the next one
                    raise ValueError(f"{name[:40]!r} is no name of a photograph")
                entries.append(entry)
                ends[shard] = max(ends.get(shard, 0), entry.offset + entry.bytes)
        if not entries:
            raise ValueError("it is empty")
        for shard, end in ends.items():
            if (directory / shard).stat().st_size < end:
                raise ValueError(f"{shard} has fewer than {end} bytes")
    except (OSError, UnicodeDecodeError, ValueError, csv.Error) as error:
        raise InputError(f"shards: the index of {directory} does not hold ({error}); {remedy}") from None
    return entries
