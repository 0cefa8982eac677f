r"""Turn the pictures of an archive or a folder into a prepared data set: cropped, checked, with an index.

    TO/train/...       pictures, 8-bit RGB JPEG
    TO/val/...
    TO/index.csv       split, file, width, height, and SHA-256 of each source
    TO/prepared.json   where it came from, its licence, and how it was prepared

All is made in a hidden folder beside TO, `.NAME.part`, which is renamed at the very end: TO is whole, or not there.
Ctrl-C or a full disk leaves that folder, and the next call with the same settings goes on in it. What proves wrong (a
count, an unreadable picture too many, a hostile archive) is removed.

The paper (section 4.1) names its data sets and says neither how large the pictures were nor how they were cut. Here
a picture is turned upright, its shorter side brought down to 256 pixels (none is enlarged), and the square in its
middle kept.
"""

import csv
import hashlib
import io
import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from _fetch import Remote, compare_with_first, fetch, is_url, note_first, pictures
from PIL import Image
from tqdm import tqdm

from rwlib.conventions import InputError
from rwlib.data.photo_files import read_photo

COLUMNS = ["split", "file", "width", "height", "sha256_of_source"]
JPEG_QUALITY = 95
MAX_BAD_SHARE = 0.001
"""More unreadable pictures than this share of a published data set: the archive is damaged."""


class Dataset(NamedTuple):
    """What is told of a data set before it is fetched, and what it must hold."""

    name: str
    licence: str
    size: str
    counts: dict[str, int]
    """Pictures of each split; empty where any number will do."""


Place = Callable[[str, bytes], tuple[str, str] | None]
"""Member's name and bytes -> its split and file, or None for what is not wanted."""


def announce(dataset: Dataset, source: str) -> None:
    """Say what is about to be prepared; comes before anything is fetched."""
    print(f"{dataset.name}; licence: {dataset.licence}; size: {dataset.size}")
    print(f"from {source}", flush=True)


def downloads_of(to: Path) -> Path:
    """Return the folder beside a target where its downloads wait."""
    return to.with_name(f".{to.name}.download")


def obtain(remotes: list[Remote], sources: list[str | Path], to: Path) -> list[Path]:
    """Return local files or folders to read from: given ones, those below a mirror's address, or downloads.

    Args:
        remotes: the official files; the same names are asked of a mirror.
        sources: paths, or addresses: of one file each, or of a mirror if it ends with a slash; none: the official ones.
        to: the target, beside which downloads wait.

    Raises:
        InputError: a path that does not exist, or a failing download; nothing to download is known.
    """
    found = []
    for source in sources:
        if is_url(source) and str(source).endswith("/"):
            if not remotes:
                raise InputError(f"from: {source} is no file; give the address of the archive")
            found += [fetch(r._replace(url=str(source) + r.name), downloads_of(to)) for r in remotes]
        elif is_url(source):
            same = [r.checksum for r in remotes if r.name == Remote(str(source)).name]
            found.append(fetch(Remote(str(source), *same[:1]), downloads_of(to)))
        elif Path(source).exists():
            found.append(Path(source))
        else:
            raise InputError(f"from: {source} does not exist; give an archive, a folder or an address")
    if not sources:
        if not remotes:
            raise InputError("from: no program can fetch this data set; get it by hand and give it with --from")
        found = [fetch(remote, downloads_of(to)) for remote in remotes]
    return found


def forget(sources: list[Path], to: Path) -> None:
    """Remove those sources that were downloaded for a target; a user's own files stay."""
    for source in sources:
        if source.parent == downloads_of(to):
            source.unlink(missing_ok=True)
    if downloads_of(to).is_dir() and not any(downloads_of(to).iterdir()):
        downloads_of(to).rmdir()


def crop(data: bytes, size_px: int, *, whole: bool) -> tuple[bytes, int, int]:
    """Bring a picture's shorter side down to `size_px` and keep the square in its middle.

    Args:
        data: of an image file; any mode, orientation by its EXIF tag.
        size_px: side of the square; a smaller picture gives a smaller square.
        whole: do not crop.

    Returns:
        Bytes of a JPEG file, its width and height. A JPEG that is right already is returned as it is.

    Raises:
        Exception: nearly any, by Pillow, for what cannot be read.
    """
    with Image.open(io.BytesIO(data)) as image:
        wanted = min(image.size) == size_px and (whole or max(image.size) == size_px)
        if wanted and image.format == "JPEG" and image.mode == "RGB" and image.getexif().get(274, 1) == 1:
            image.load()  # it must be whole
            return data, *image.size
    image = Image.fromarray(read_photo(io.BytesIO(data)))
    w, h = image.size
    side = min(w, h)
    scale = min(1.0, size_px / side)
    box = (0, 0, w, h) if whole else ((w - side) // 2, (h - side) // 2, (w + side) // 2, (h + side) // 2)
    size = tuple(max(1, round(scale * (b - a))) for a, b in ((box[0], box[2]), (box[1], box[3])))
    image = image.crop(box) if size == (box[2] - box[0], box[3] - box[1]) else image.resize(size, Image.LANCZOS, box)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue(), *image.size


def prepare(
    dataset: Dataset,
    to: Path,
    get: Callable[[], tuple[list[Path], Place]],
    *,
    size_px: int = 256,
    whole: bool = False,
    max_bad_share: float = MAX_BAD_SHARE,
    origin: str = "",
    verified: bool = False,
    remember: bool = True,
) -> int:
    """Prepare a data set, unless it is there already.

    Args:
        dataset: what it must be.
        to: folder to make.
        get: returns what to read, downloading it if need be (`obtain`), and where each member goes; is called only if
            there is something to do.
        size_px: side of the squares.
        whole: bring the shorter side down to `size_px`, and crop nothing.
        max_bad_share: largest share of pictures that may be unreadable.
        origin: where it comes from, for the record.
        verified: the archives' published checksums are right, so downloads are kept whatever comes; others that prove
            wrong are removed.
        remember: compare archives that are not verified with the first ones of that name (`compare_with_first`).

    Returns:
        Number of pictures; 0 if all were there.

    Raises:
        InputError: `to` holds something else; a source is not what it should be.
    """
    to = Path(to)
    settings = {"name": dataset.name, "size_px": size_px, "whole": whole}
    if is_prepared(to, settings):
        return 0
    announce(dataset, origin)
    to.parent.mkdir(parents=True, exist_ok=True)
    sources, place = get()
    part = to.with_name(f".{to.name}.part")
    stamp = json.dumps({**settings, "sources": [_identity(source) for source in sources]})
    if part.exists() and not ((part / "stamp").exists() and (part / "stamp").read_text() == stamp):
        shutil.rmtree(part)  # left by a call with other settings
    part.mkdir(exist_ok=True)
    (part / "stamp").write_text(stamp)
    notes, kind = to.with_name("checksums.txt"), dataset.name.replace(" ", "-")
    try:
        compared = [s for s in sources if s.is_file() and remember and not verified]
        lines = [compare_with_first(source, f"{kind}/{source.name}", notes) for source in compared]
        counts, unreadable = _convert(part, dataset, sources, place, size_px, whole, max_bad_share)
    except InputError:  # what is wrong now would be wrong again
        shutil.rmtree(part, ignore_errors=True)
        if not verified:
            forget(sources, to)
        raise
    record = {**settings, "licence": dataset.licence, "origin": origin, "counts": counts, "unreadable": unreadable}
    (part / "prepared.json").write_text(json.dumps(record, indent=2) + "\n")
    (part / "stamp").unlink()
    if to.is_dir():
        to.rmdir()  # it is empty: `rename` needs that on Windows
    part.rename(to)
    note_first(lines, notes)
    forget(sources, to)
    if unreadable:
        print(f"{len(unreadable)} unreadable pictures were left out, {unreadable[0]} first; see prepared.json")
    print(f"{to}: " + ", ".join(f"{n} {split}" for split, n in counts.items()))
    return sum(counts.values())


def _convert(
    part: Path, dataset: Dataset, sources: list[Path], place: Place, size_px: int, whole: bool, max_bad_share: float
) -> tuple[dict[str, int], list[str]]:
    """Write the pictures that are not there yet, and the index; return the counts and the unreadable members.

    Raises:
        InputError: a picture too many or too few, two for one place, or too many that cannot be read.
    """
    counts, bad, seen, unreadable = Counter(), Counter(), set(), []
    expected = sum(dataset.counts.values())
    with open(part / "index.csv", "w", newline="", encoding="utf-8") as index:
        rows = csv.writer(index, lineterminator="\n")
        rows.writerow(COLUMNS)
        bar = tqdm(_all(sources), total=expected or None, disable=not sys.stderr.isatty(), unit=" pictures")
        for name, data in bar:
            where = place(name, data)
            if where is None:
                continue
            split, file = where
            if where in seen:
                raise InputError(f"from: two pictures for {split}/{file}, the second is {name}; give one source")
            seen.add(where)
            path = part / split / PurePosixPath(file)
            try:
                w, h = _write(path, data, size_px, whole)
            except OSError as error:
                if error.errno is not None:  # the disk's, not the picture's
                    raise
                unreadable.append(name)
            except Exception:  # decoders raise nearly anything on damaged files
                unreadable.append(name)
            else:
                rows.writerow([split, file, w, h, hashlib.sha256(data).hexdigest()])
                counts[split] += 1
                continue
            bad[split] += 1
            if expected and len(unreadable) > max_bad_share * expected:
                _refuse_unreadable(unreadable, expected, max_bad_share)
    _refuse_unreadable(unreadable, len(seen), max_bad_share)
    for split, n in dataset.counts.items():
        if counts[split] + bad[split] != n:
            raise InputError(f"from: {counts[split] + bad[split]} pictures for {split}, expected {n}; is it all there?")
    if not counts:
        raise InputError(f"from: no pictures of {dataset.name} in {', '.join(map(str, sources))}")
    return dict(counts), unreadable


def _identity(source: Path) -> list:
    """Return what tells a source from another, or from itself after a change."""
    about = source.stat()
    return [str(source), *([about.st_size, about.st_mtime_ns] if source.is_file() else [])]


def _all(sources: list[Path]) -> Iterator[tuple[str, bytes]]:
    for source in sources:
        yield from pictures(source)


def _write(path: Path, data: bytes, size_px: int, whole: bool) -> tuple[int, int]:
    """Write a cropped picture, whole or not at all, unless it is there; return its size."""
    if path.exists():
        with Image.open(path) as image:
            return image.size
    data, w, h = crop(data, size_px, whole=whole)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(f"{path.name}.part").write_bytes(data)
    path.with_name(f"{path.name}.part").rename(path)
    return w, h


def _refuse_unreadable(unreadable: list[str], n: int, max_bad_share: float) -> None:
    if len(unreadable) > max_bad_share * n:
        raise InputError(
            f"from: {len(unreadable)} of {n} pictures cannot be read, {', '.join(unreadable[:3])} first, more than the "
            f"share of {max_bad_share:g} (--max-bad-share); fetch it again"
        )


def is_prepared(to: Path, settings: dict, *, split: str = "split") -> bool:
    """Say whether a target holds the prepared data set, with every file of its index.

    Args:
        to: the target.
        settings: what its `prepared.json` must say.
        split: the index's column of folders.

    Raises:
        InputError: it holds something else, or not all of it.
    """
    if to.exists() and not to.is_dir():
        raise InputError(f"to: {to} is a file; choose a folder")
    if not to.is_dir() or not any(to.iterdir()):
        return False
    remedy, n = "remove it, or choose another folder", 0
    try:
        record = json.loads((to / "prepared.json").read_text())
        with open(to / "index.csv", newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                n += 1
                if not (to / row[split] / row["file"]).is_file():
                    raise InputError(f"to: {to} exists but lacks {row[split]}/{row['file']}; {remedy}")
    except (OSError, ValueError, KeyError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"to: {to} exists but holds no prepared data set ({error}); {remedy}") from None
    if other := {key: record.get(key) for key in settings if record.get(key) != settings[key]}:
        raise InputError(f"to: {to} exists but was prepared with {other}, now {settings}; {remedy}")
    print(f"{to} has all {n} pictures: nothing to do")
    return True
