r"""Turn the pictures of archives or folders into a prepared data set: converted, checked, with an index.

    TO/train/...       pictures
    TO/val/...
    TO/index.csv       split, file, width, height, and SHA-256 of each source
    TO/prepared.json   where it came from, its licence, and how it was prepared

Everything is made in a hidden folder beside TO, `.NAME.part`, which is renamed at the very end: TO is complete, or it
does not exist. Ctrl-C or a full disk leaves that folder, and the next call with the same settings resumes in it. What
proves wrong (a count, too many unreadable pictures, a hostile archive) is removed.

A script says what its data set must hold, where each member goes and how it is converted (`_dataset.py`).
"""

import csv
import io
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple

from _archives import read_pictures
from _checksums import compare_with_first_copy, record_first_copies
from _dataset import Assign, Conversion, Dataset, Target
from _download import remove_downloads
from PIL import Image
from tqdm import tqdm

from rwlib.errors import InputError
from rwlib.files import write_text


def prepare(
    dataset: Dataset,
    to: Path,
    open_sources: Callable[[], tuple[Sequence[Path], Assign]],
    conversion: Conversion,
    *,
    origin: str,
) -> int:
    """Prepare a data set, unless it is there already.

    Args:
        dataset: what it must be.
        to: folder to make.
        open_sources: returns what to read, after downloading it if necessary, and where each member goes; it is called
            only if there is something to do.
        conversion: how pictures are converted.
        origin: where the data set comes from, for the record.

    Returns:
        Number of pictures; 0 if all were there.

    Raises:
        InputError: `to` holds something else; a source is not what it should be.
    """
    settings = {"name": dataset.name, **conversion.settings}
    if is_prepared(to, settings, dataset.columns):
        return 0
    announce(dataset, origin)
    to.parent.mkdir(parents=True, exist_ok=True)
    sources, assign = open_sources()
    part = to.with_name(f".{to.name}.part")
    stamp = json.dumps({**settings, "sources": [_identity(source) for source in sources]})
    if part.exists() and not ((part / "stamp").exists() and (part / "stamp").read_text(encoding="utf-8") == stamp):
        shutil.rmtree(part)  # left by a call with other settings
    part.mkdir(exist_ok=True)
    (part / "stamp").write_text(stamp, encoding="utf-8")
    first_copies = to.with_name("checksums.txt")
    try:
        archives = [source for source in sources if source.is_file() and dataset.checksums == "first copy"]
        kind = dataset.name.replace(" ", "-")
        lines = [compare_with_first_copy(file, f"{kind}/{file.name}", first_copies) for file in archives]
        result = _convert_all(part, dataset, sources, assign, conversion)
    except InputError:  # what is wrong now would be wrong again
        shutil.rmtree(part, ignore_errors=True)
        if dataset.checksums != "published":
            remove_downloads(sources, to)
        raise
    record = {**settings, "licence": dataset.licence, "origin": origin, **result._asdict()}
    write_text(part / "prepared.json", json.dumps(record, indent=2) + "\n", "to")
    (part / "stamp").unlink()
    if to.is_dir():
        to.rmdir()  # it is empty: `rename` needs that on Windows
    part.rename(to)
    record_first_copies(lines, first_copies)
    remove_downloads(sources, to)
    for names, problem in (
        (result.unreadable, "unreadable pictures were left out"),
        (result.first_frame_only, "pictures have several frames, of which only the first is used"),
    ):
        if names:
            print(f"{len(names)} {problem}, {names[0]} first; prepared.json lists them")
    print(f"{to}: " + ", ".join(f"{n} {split}" for split, n in result.counts.items()))
    return sum(result.counts.values())


def announce(dataset: Dataset, origin: str) -> None:
    """Print what is about to be prepared; comes before anything is fetched."""
    print(f"{dataset.name}; licence: {dataset.licence}; size: {dataset.size}")
    print(f"from {origin}", flush=True)


class Result(NamedTuple):
    """What was written: pictures per split, and the names of members that are left out or reduced to one frame."""

    counts: dict[str, int]
    unreadable: list[str]
    first_frame_only: list[str]


def _convert_all(
    part: Path, dataset: Dataset, sources: Sequence[Path], assign: Assign, conversion: Conversion
) -> Result:
    """Write the pictures that are not there yet, and the index.

    Raises:
        InputError: a wrong number of pictures, two for one target, or too many that cannot be read.
    """
    written, targets = Counter(), set()
    unreadable, first_frame_only = [], []
    expected = sum(dataset.counts.values()) or len(dataset.targets)
    with open(part / "index.csv", "w", newline="", encoding="utf-8") as index:
        rows = csv.writer(index, lineterminator="\n")
        rows.writerow(dataset.columns)
        members = (member for source in sources for member in read_pictures(source))
        for name, data in tqdm(members, total=expected or None, disable=not sys.stderr.isatty(), unit=" pictures"):
            target = assign(name, data)
            if target is None:
                continue
            if target in targets:
                raise InputError(f"from: two pictures for {'/'.join(target)}, the second is {name}; give one source")
            targets.add(target)
            try:
                file = _write(part, target, data, conversion)
                values = conversion.describe(file, data, target)
                if _has_several_frames(data):
                    first_frame_only.append(name)
            except InputError as error:
                raise InputError(f"{error} ({name})") from None
            except Exception as error:  # decoders raise nearly anything on damaged files
                if isinstance(error, OSError) and error.errno is not None:  # the disk's, not the picture's
                    raise
                unreadable.append(name)
                if expected:
                    _check_bad_share(unreadable, expected, conversion)
            else:
                rows.writerow([*target, *values])
                written[target.split] += 1
    _check_bad_share(unreadable, len(targets), conversion)
    _check_counts(targets, dataset)
    if not written:
        raise InputError(f"from: no pictures of {dataset.name} in {', '.join(map(str, sources))}")
    return Result(dict(written), unreadable, first_frame_only)


def _write(part: Path, target: Target, data: bytes, conversion: Conversion) -> Path:
    """Write a converted picture, whole or not at all, unless it is there."""
    file = part.joinpath(*target)
    if not file.exists():
        converted = conversion.convert(data, target)
        file.parent.mkdir(parents=True, exist_ok=True)
        # `rwlib.files.replacing` would wait for the disk at each of a million pictures; here the folder counts. The
        # name is short because the picture's own may be as long as a name can be.
        unfinished = part / "unfinished"
        unfinished.write_bytes(converted)
        unfinished.rename(file)
    return file


def _has_several_frames(data: bytes) -> bool:
    """Say whether a picture is animated or has several pages; previews that cameras add (MPO) do not count."""
    with Image.open(io.BytesIO(data)) as image:
        return image.format != "MPO" and getattr(image, "is_animated", False)


def _check_bad_share(unreadable: list[str], n: int, conversion: Conversion) -> None:
    if len(unreadable) > conversion.max_bad_share * n:
        raise InputError(
            f"from: {len(unreadable)} of {n} pictures cannot be read, {', '.join(unreadable[:3])} first, more than the "
            f"share of {conversion.max_bad_share:g} (--max-bad-share); fetch it again"
        )


def _check_counts(targets: Set[Target], dataset: Dataset) -> None:
    if missing := ["/".join(target) for target in dataset.targets if target not in targets]:
        n = f"{len(missing)} of {len(dataset.targets)}"
        raise InputError(f"from: {n} pictures are missing, {', '.join(missing[:5])} first; {dataset.hint}")
    counts, total = Counter(target.split for target in targets), sum(dataset.counts.values())
    for split, n in dataset.counts.items():
        if abs(counts[split] - n) > dataset.count_tolerance * n:
            raise InputError(f"from: {counts[split]} pictures for {split}, expected {n}; {dataset.hint}")
    if total and len(targets) != total:
        raise InputError(f"from: {len(targets)} pictures, expected {total}; {dataset.hint}")


def _identity(source: Path) -> list:
    """Return what distinguishes a source from another, or from itself after a change."""
    about = source.stat()
    return [os.fspath(source), *([about.st_size, about.st_mtime_ns] if source.is_file() else [])]


def is_prepared(to: Path, settings: Mapping[str, Any], columns: Sequence[str]) -> bool:
    """Say whether a target holds the prepared data set, with every file of its index.

    Args:
        to: the target.
        settings: what its `prepared.json` must say.
        columns: of its index; the first two are folder and file.

    Raises:
        InputError: it holds something else, or not all of it.
    """
    if to.exists() and not to.is_dir():
        raise InputError(f"to: {to} is a file; choose a folder")
    if not to.is_dir() or not any(to.iterdir()):
        return False
    remedy = "remove it, or choose another folder"
    try:
        record = json.loads((to / "prepared.json").read_text(encoding="utf-8"))
        different = {key: record.get(key) for key in settings if record.get(key) != settings[key]}
        with open(to / "index.csv", newline="", encoding="utf-8") as file:
            files = [(row[columns[0]], row[columns[1]]) for row in csv.DictReader(file)]
        missing = next(("/".join(file) for file in files if not to.joinpath(*file).is_file()), None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, csv.Error) as error:
        raise InputError(f"to: {to} exists but holds no prepared data set ({error}); {remedy}") from None
    if different:
        raise InputError(f"to: {to} exists but was prepared with {different}, now {dict(settings)}; {remedy}")
    if missing:
        raise InputError(f"to: {to} exists but lacks {missing}; {remedy}")
    print(f"{to} has all {len(files)} pictures: nothing to do")
    return True
