r"""What a script says of its data set: what it must hold, where each picture goes, and how it is converted."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from PIL import Image


class Target(NamedTuple):
    """Where a picture goes: its split (a folder of the data set) and its file name there."""

    split: str
    file: str


Assign = Callable[[str, bytes], Target | None]
"""Member's name and bytes -> its target, or None if it is not wanted."""


@dataclass(frozen=True)
class Dataset:
    """What a data set is called, what is announced before it is fetched, and what it must hold."""

    name: str
    licence: str
    size: str
    counts: Mapping[str, int] = field(default_factory=dict)
    """Pictures per split; empty if any number will do."""
    count_tolerance: float = 0.0
    """Share by which a split may differ from its count; the total may not."""
    targets: Sequence[Target] = ()
    """All of its pictures, if they are known beforehand."""
    checksums: Literal["published", "first copy", "none"] = "first copy"
    """Of archives. Published ones have been verified before they are read, so a download is kept whatever follows;
    otherwise an archive may be compared with the first copy of its name."""
    columns: tuple[str, ...] = ("split", "file", "width", "height", "sha256_of_source")
    """Of `index.csv`: the names of split and file, then what `Conversion.describe` returns."""
    hint: str = "is it all there?"
    """How a message about missing pictures ends."""


@dataclass(frozen=True)
class Conversion:
    """How pictures are converted, and what the index says of them."""

    settings: Mapping[str, Any]
    """Recorded in `prepared.json`; a target that was prepared with other settings is refused."""
    convert: Callable[[bytes, Target], bytes]
    """Source's bytes -> bytes of the file. An `InputError` ends the preparation, anything else that it raises means an
    unreadable picture."""
    describe: Callable[[Path, bytes, Target], tuple]
    """Prepared file and source's bytes -> values of `Dataset.columns` from the third on."""
    max_bad_share: float = 0.0
    """Largest share of pictures that may be unreadable."""


def size_and_checksum(file: Path, source: bytes, _: Target) -> tuple[int, int, str]:
    """Describe a picture by its prepared width and height and its source's SHA-256."""
    with Image.open(file) as image:
        return *image.size, hashlib.sha256(source).hexdigest()
