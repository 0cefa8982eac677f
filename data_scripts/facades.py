r"""Prepare the St Petersburg facades, CC0 photographs of house fronts, as training data.

The paper trains on Paris StreetView, which cannot be passed on. This set (Urban Research Lab, of the paper "Detecting
advertising on building facades with computer vision", 2019) is in the public domain. The script downloads one fixed
commit of it, verifies every photograph against `facades_index.csv`, brings its shorter side down to 384 px (none is
enlarged) and makes

    DIRECTORY/train/001.jpg ...   339 photographs
    DIRECTORY/val/...              60 photographs, in three runs of 20 neighbouring numbers

Photographs are recognised by their SHA-256 alone, wherever they are in the archive. Numbers 19 to 44 are left out.

    python data_scripts/facades.py --to data/facades
    python data_scripts/facades.py --to data/facades --from archive.zip    # or a folder, also an already prepared one
"""

import argparse
import csv
import hashlib
import io
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from _dataset import Assign, Conversion, Dataset, Target
from _download import Remote, obtain
from _photographs import jpeg
from _prepare import prepare
from _script import command_line, run
from PIL import Image, ImageOps

from rwlib.errors import InputError

COMMIT = "9782a3e7b6fc5bf830e4f46ef3cdfd0e5ad426b2"
URL = f"https://github.com/Urban-Research-Lab/building-facades-advertising-dataset/archive/{COMMIT}.zip"
INDEX = Path(__file__).with_name("facades_index.csv")
LEFT_OUT = range(19, 45)
"""Numbers of photographs that are left out, even if an index lists them."""
DATASET = Dataset(
    "St Petersburg facades, Urban Research Lab",
    "CC0 1.0 (public domain)",
    "27 MB prepared",
    checksums="none",  # of archives; every photograph has its own in the index
    hint=f"is it commit {COMMIT[:12]}? Photographs of another SHA-256 do not count",
)
JPEG_QUALITY = 88
"""As in the prepared set that the figures of this project were measured on."""


class Row(NamedTuple):
    """One photograph of the index: its target, its prepared size in pixels, and its source's SHA-256."""

    split: str
    file: str
    width: int
    height: int
    sha256: str


def read_index(path: Path) -> list[Row]:
    """Read an index, without the photographs of `LEFT_OUT`.

    Raises:
        InputError: missing, another file, or names that are not plain `train` or `val` files.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            columns, *lines = csv.reader(file)
        if tuple(columns) != DATASET.columns:
            raise ValueError(f"it has columns {columns}, expected {', '.join(DATASET.columns)}")
        rows = [Row(split, name, int(w), int(h), sha256) for split, name, w, h, sha256 in lines]
        for row in rows:
            if row.split not in ("train", "val") or Path(row.file).name != row.file or "\\" in row.file:
                raise ValueError(f"it names {row.split}/{row.file}, expected train/NAME or val/NAME")
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"index: cannot use {path} ({error}); give the facades_index.csv of this folder") from None
    return [row for row in rows if not (Path(row.file).stem.isdecimal() and int(Path(row.file).stem) in LEFT_OUT)]


def assigning(rows: Sequence[Row]) -> Assign:
    """Return the target of each photograph by its SHA-256; of two copies the first one counts."""
    missing = {row.sha256: Target(row.split, row.file) for row in rows}
    return lambda _, data: missing.pop(hashlib.sha256(data).hexdigest(), None)


def resizing(rows: Sequence[Row]) -> Conversion:
    """Return the conversion of each photograph to its size in the index, upright if that is how the index has it."""
    by_target = {Target(row.split, row.file): row for row in rows}

    def convert(data: bytes, target: Target) -> bytes:
        row = by_target[target]
        with Image.open(io.BytesIO(data)) as image:
            upright = ImageOps.exif_transpose(image)
            if (upright.width - upright.height) * (row.width - row.height) >= 0:
                image = upright
            if abs(image.width * row.height - image.height * row.width) > 2 * max(image.size):
                sizes = f"{image.width}x{image.height}, the index has {row.width}x{row.height}"
                raise InputError(f"from: a photograph is of {sizes}; fetch it again")
            image = image.convert("RGB")
            if image.size != (row.width, row.height):
                image = image.resize((row.width, row.height), Image.Resampling.LANCZOS)
            return jpeg(image, quality=JPEG_QUALITY)

    return Conversion({}, convert, lambda file, data, target: by_target[target][2:])


def prepared_problem(folder: Path, rows: Sequence[Row]) -> str:
    """Say what is wrong with a prepared folder, to continue a sentence; empty if all is well."""
    if not (folder / "index.csv").is_file():
        return "has no index.csv"
    try:
        if sorted(read_index(folder / "index.csv")) != sorted(rows):
            return "has another index.csv"
    except InputError as error:
        return f"has a bad index.csv ({error})"
    for row in rows:
        path = folder / row.split / row.file
        if not path.is_file():
            return f"lacks {row.split}/{row.file}"
        try:
            with Image.open(path) as image:
                image.load()
                size = image.size
        except Exception as error:  # decoders raise nearly anything on damaged files
            return f"has a damaged {row.split}/{row.file} ({error})"
        if size != (row.width, row.height):
            return f"has {row.split}/{row.file} of {size[0]}x{size[1]}, not {row.width}x{row.height}"
    expected = {(row.split, row.file) for row in rows}
    for path in (path for split in ("train", "val") for path in (folder / split).iterdir()):
        if not path.name.startswith(".") and (path.parent.name, path.name) not in expected:
            return f"has {path.parent.name}/{path.name}, which the index does not list"
    return ""


def prepare_facades(to: Path, sources: Sequence[str] = (), *, url: str = URL, index: Path = INDEX) -> int:
    """Prepare the data set, unless it is there already.

    Args:
        to: folder to make; its parents are made too.
        sources: archives, folders of photographs, a prepared folder, or addresses; none: `url` is downloaded.
        url: archive to download.
        index: which photographs there are.

    Returns:
        Number of photographs written; 0 if all were there.

    Raises:
        InputError: a download, an archive or a photograph is not what it should be, or `to` holds something else.
    """
    rows = read_index(index)
    if to.is_dir() and any(to.iterdir()):
        if problem := prepared_problem(to, rows):
            raise InputError(f"to: {to} exists but {problem}; remove it, or choose another folder")
        print(f"{to} has all {len(rows)} photographs: nothing to do")
        return 0
    targets = {f"{row.split}/{row.file}": Target(row.split, row.file) for row in rows}
    dataset = replace(DATASET, targets=tuple(targets.values()))
    origin = " ".join(sources) or url
    if len(sources) == 1 and ((prepared := Path(sources[0])) / "index.csv").is_file():
        if problem := prepared_problem(prepared, rows):
            raise InputError(f"from: {prepared} {problem}; prepare it again")
        copying = replace(resizing(rows), convert=lambda data, _: data)
        n = prepare(dataset, to, lambda: ([prepared], lambda name, _: targets.get(name)), copying, origin=origin)
        if (prepared / "LICENSE").is_file():
            shutil.copyfile(prepared / "LICENSE", to / "LICENSE")
        return n
    open_sources = lambda: (obtain([Remote(url)], sources, to), assigning(rows))  # noqa: E731
    return prepare(dataset, to, open_sources, resizing(rows), origin=origin)


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = command_line("Prepare the St Petersburg facades (CC0), 399 photographs.", "data/facades")
    parser.add_argument("--url", default=URL, help="archive to download (default: the fixed commit on GitHub)")
    parser.add_argument("--index", type=Path, default=INDEX, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    return run(options.to, lambda: prepare_facades(options.to, options.sources, url=options.url, index=options.index))


if __name__ == "__main__":
    sys.exit(main())
