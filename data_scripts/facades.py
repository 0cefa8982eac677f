r"""Prepare the St Petersburg facades, CC0 photographs of house fronts, as training data.

The paper trains on Paris StreetView, which cannot be passed on. This set (Urban Research Lab, of the paper "Detecting
advertising on building facades with computer vision", 2019) is in the public domain. The script downloads one fixed
commit of it, verifies every photograph against `facades_index.csv`, brings its shorter side down to 384 px (none is
enlarged) and writes

    DIRECTORY/train/001.jpg ...   339 photographs
    DIRECTORY/val/...              60 photographs, in three runs of 20 neighbouring numbers
    DIRECTORY/index.csv           split, file, size, and SHA-256 of each source

Photographs are recognised by their SHA-256 alone, wherever they lie in the archive. Numbers 19 to 44 are left out.
All is prepared beside DIRECTORY and renamed at the very end: a failure leaves nothing half-written, but for a download
that broke off, with which the next call goes on.

    python data_scripts/facades.py --to data/facades
    python data_scripts/facades.py --to data/facades --from archive.zip    # or a folder, also an already prepared one
"""

import argparse
import csv
import hashlib
import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from _fetch import Remote, fetch, is_url, pictures
from _prepare import Dataset, announce, downloads_of, forget
from _script import run
from PIL import Image, ImageOps
from tqdm import tqdm

from rwlib.conventions import InputError

COMMIT = "9782a3e7b6fc5bf830e4f46ef3cdfd0e5ad426b2"
URL = f"https://github.com/Urban-Research-Lab/building-facades-advertising-dataset/archive/{COMMIT}.zip"
INDEX = Path(__file__).with_name("facades_index.csv")
COLUMNS = ["split", "file", "width", "height", "sha256_of_source"]
LEFT_OUT = range(19, 45)
"""Numbers of photographs that are left out, even if an index lists them."""
DATASET = Dataset("St Petersburg facades, Urban Research Lab", "CC0 1.0 (public domain)", "27 MB prepared", {})
JPEG_QUALITY = 88
"""As in the prepared set that the figures of this project were measured on."""


class Row(NamedTuple):
    """One photograph of the index: where it goes, its prepared size in pixels, and its source's SHA-256."""

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
            reader = csv.DictReader(file)
            if reader.fieldnames != COLUMNS:
                raise InputError(f"index: {path} has columns {reader.fieldnames}, expected {', '.join(COLUMNS)}")
            rows = [Row(r["split"], r["file"], int(r["width"]), int(r["height"]), r[COLUMNS[4]]) for r in reader]
    except (OSError, UnicodeDecodeError, ValueError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"index: cannot read {path} ({error}); give the facades_index.csv of this folder") from None
    for row in rows:
        if row.split not in ("train", "val") or Path(row.file).name != row.file or "\\" in row.file:
            raise InputError(f"index: {path} names {row.split}/{row.file}, expected train/NAME or val/NAME")
    return [row for row in rows if not (Path(row.file).stem.isdecimal() and int(Path(row.file).stem) in LEFT_OUT)]


def prepare(to: Path, source: str | Path | None = None, *, url: str = URL, index: Path = INDEX) -> int:
    """Prepare the data set, unless it is there already.

    Args:
        to: folder to make; its parents are made too.
        source: local archive (zip, tar), folder of photographs, prepared folder, or address; `None` downloads.
        url: archive to download.
        index: which photographs there are.

    Returns:
        Number of photographs written; 0 if all were there.

    Raises:
        InputError: a download, an archive or a photograph is not what it should be, or `to` holds something else.
    """
    rows = read_index(index)
    to = Path(to)
    if to.is_dir() and any(to.iterdir()):
        if problem := prepared_problem(to, rows):
            raise InputError(f"to: {to} exists but {problem}; remove it, or choose another folder")
        print(f"{to} has all {len(rows)} photographs: nothing to do")
        return 0
    if to.exists() and not to.is_dir():
        raise InputError(f"to: {to} is a file; choose a folder")
    if source is not None and is_url(source):
        source, url = None, str(source)
    if source is not None and not Path(source).exists():
        raise InputError(f"from: {source} does not exist; give an archive or a folder, or leave it out to download")

    to.parent.mkdir(parents=True, exist_ok=True)
    announce(DATASET, url if source is None else str(source))
    archive = Path(source) if source is not None else fetch(Remote(url), downloads_of(to))
    workplace = Path(tempfile.mkdtemp(prefix=f".{to.name}-", suffix=".part", dir=to.parent))
    try:
        made = workplace / "prepared"
        for split in ("train", "val"):
            (made / split).mkdir(parents=True)
        if archive.is_dir() and (archive / "index.csv").exists() and (archive / "train").is_dir():
            copy_prepared(archive, made, rows)
        else:
            convert(archive, made, rows)
        write_index(made / "index.csv", rows)
        if problem := prepared_problem(made, rows):  # reads every file once more, as a user will
            raise InputError(f"to: what was written {problem}; is the disk full?")
        if to.is_dir():
            to.rmdir()  # it is empty: `rename` needs that on Windows
        made.rename(to)
    except InputError:
        forget([archive], to)  # what is wrong now would be wrong again
        raise
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
    forget([archive], to)
    print(f"{to}: {len(rows)} photographs")
    return len(rows)


def convert(source: Path, to: Path, rows: list[Row]) -> None:
    """Find the index's photographs in an archive or a folder by their SHA-256, and write them at their prepared size.

    Raises:
        InputError: not all of them are there, or one cannot be read.
    """
    missing = {row.sha256: row for row in rows}
    seen = 0
    for name, data in tqdm(pictures(source), unit=" files", disable=not sys.stderr.isatty()):
        seen += 1
        row = missing.pop(hashlib.sha256(data).hexdigest(), None)
        if row is None:
            continue
        try:
            with Image.open(io.BytesIO(data)) as image:
                resize(image, row).save(to / row.split / row.file, quality=JPEG_QUALITY)
        except Exception as error:  # decoders raise nearly anything on damaged files
            raise InputError(f"from: cannot read the photograph {name} ({error}); fetch it again") from None
    if missing:
        names = ", ".join(row.file for row in list(missing.values())[:5])
        raise InputError(
            f"from: {len(missing)} of {len(rows)} photographs, {names} first, are not among the {seen} images of "
            f"{source.name}, or have another SHA-256; it must be commit {COMMIT[:12]}"
        )


def resize(image: Image.Image, row: Row) -> Image.Image:
    """Bring a photograph to its size in the index, upright if that is how the index has it.

    Raises:
        InputError: the index has another shape.
    """
    upright = ImageOps.exif_transpose(image)
    if (upright.width - upright.height) * (row.width - row.height) >= 0:
        image = upright
    if abs(image.width * row.height - image.height * row.width) > 2 * max(image.size):
        raise InputError(f"it is {image.width}x{image.height}, the index has {row.width}x{row.height}")
    if image.size == (row.width, row.height):
        return image.convert("RGB")
    return image.convert("RGB").resize((row.width, row.height), Image.Resampling.LANCZOS)


def copy_prepared(source: Path, to: Path, rows: list[Row]) -> None:
    """Copy a prepared folder after verifying it.

    Raises:
        InputError: a photograph is missing, damaged, of another size, or one too many.
    """
    if problem := prepared_problem(source, rows):
        raise InputError(f"from: {source} {problem}; prepare it again")
    for row in rows:
        shutil.copyfile(source / row.split / row.file, to / row.split / row.file)
    if (source / "LICENSE").is_file():
        shutil.copyfile(source / "LICENSE", to / "LICENSE")


def prepared_problem(folder: Path, rows: list[Row]) -> str:
    """Say what is wrong with a prepared folder, to continue a sentence; empty if all is well."""
    if not (folder / "index.csv").is_file():
        return "has no index.csv"
    try:
        if read_index(folder / "index.csv") != rows:
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
        except Exception as error:  # as above
            return f"has a damaged {row.split}/{row.file} ({error})"
        if size != (row.width, row.height):
            return f"has {row.split}/{row.file} of {size[0]}x{size[1]}, not {row.width}x{row.height}"
    expected = {(row.split, row.file) for row in rows}
    for split in ("train", "val"):
        for path in (folder / split).iterdir():
            if not path.name.startswith(".") and (split, path.name) not in expected:
                return f"has {split}/{path.name}, which the index does not list"
    return ""


def write_index(path: Path, rows: list[Row]) -> None:
    """Write an index in the form that `read_index` reads."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([COLUMNS, *rows])


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Prepare the St Petersburg facades (CC0), 399 photographs.")
    parser.add_argument("--to", type=Path, required=True, help="folder to make, for example data/facades")
    parser.add_argument("--from", dest="source", help="local archive or folder instead of a download, or its address")
    parser.add_argument("--url", default=URL, help="archive to download (default: the fixed commit on GitHub)")
    parser.add_argument("--index", type=Path, default=INDEX, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    return run(lambda: prepare(options.to, options.source, url=options.url, index=options.index), options.to)


if __name__ == "__main__":
    sys.exit(main())
