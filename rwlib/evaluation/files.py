r"""The files of an evaluation that grow photograph by photograph, and what keeps them whole.

Each photograph is one write, on the disk before the next begins; what a crash leaves half-written is recognised and cut
off. Nothing here holds more than one photograph in memory.
"""

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from rwlib.conventions import InputError, tensor_to_image
from rwlib.evaluation.tables import PLACE, rounded
from rwlib.inpainting import check_folder


class RowFile:
    """`rows.csv`: the rows of whole photographs 0, 1, 2, ..., each photograph's in one write."""

    def __init__(
        self, file: Path, methods: Sequence[str], cells: Sequence[tuple[str, int]], metrics: Sequence[str]
    ) -> None:
        self.file, self.fields = file, [*PLACE, *metrics]
        self.places = [(method, kind, str(bucket)) for kind, bucket in cells for method in methods]

    def photographs(self) -> int:
        """Count the whole photographs, and cut off the torn rest that an interrupted write may have left.

        Raises:
            InputError: a line is not the one that belongs there.
        """
        if not self.file.exists() or not self.file.stat().st_size:
            return 0
        whole_bytes = position = line = 0
        with open(self.file, "rb") as opened:
            for line, raw in enumerate(opened):
                if not raw.endswith(b"\n"):
                    break
                values = next(csv.reader([raw.decode(errors="replace")]), [])
                photo, place = divmod(line - 1, len(self.places))
                expected = self.fields if not line else [*self.places[place], str(photo)]
                if values[: len(expected)] != expected or len(values) != len(self.fields):
                    raise InputError(
                        f"out: line {line + 1} of {self.file} is not the expected {','.join(expected)}; it was changed "
                        "or belongs to another evaluation, choose another folder"
                    )
                position += len(raw)
                if line % len(self.places) == 0:
                    whole_bytes = position
                    count = line // len(self.places)
        if not whole_bytes:
            return 0
        if whole_bytes < self.file.stat().st_size:
            os.truncate(self.file, whole_bytes)
        return count

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write one photograph's rows."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.fields, lineterminator="\n")
        if not self.file.exists() or not self.file.stat().st_size:
            writer.writeheader()
        writer.writerows(rounded(row) for row in rows)
        _append(self.file, text.getvalue().encode())

    def read(self, photos: int) -> Iterator[list[dict[str, str]]]:
        """Yield the rows of the first photographs, one photograph at a time."""
        with open(self.file, newline="") as opened:
            reader = csv.DictReader(opened)
            for _ in range(photos):
                yield [next(reader) for _ in self.places]


class FeatureFile:
    """`features.f32`: for each photograph the features of its original and of all its composites, float32."""

    def __init__(self, file: Path, columns: int, width: int) -> None:
        self.file, self.columns, self.width = file, columns, width
        self.bytes_each = 4 * columns * self.width

    def photographs(self) -> int:
        """Count the whole photographs."""
        return self.file.stat().st_size // self.bytes_each if self.file.exists() else 0

    def cut(self, photographs: int) -> None:
        """Leave only the first so many."""
        if self.file.exists():
            os.truncate(self.file, photographs * self.bytes_each)

    def append(self, rows: Tensor) -> None:
        """Write one photograph's features (columns, width)."""
        assert tuple(rows.shape) == (self.columns, self.width), tuple(rows.shape)
        _append(self.file, rows.float().numpy().astype("<f4").tobytes())

    def column(self, column: int, photos: int) -> "Column":
        """Return the features of one column for the first photographs, read from the file when they are asked for."""
        return Column(self, column, photos)


class Column:
    """Rows (n, width) of a `FeatureFile` that look like an array; only the slice that is asked for is in memory."""

    ndim = 2

    def __init__(self, file: FeatureFile, column: int, photos: int) -> None:
        self.file, self.column, self.shape = file, column, (photos, file.width)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        """Read some rows, float32."""
        found = []
        with open(self.file.file, "rb") as opened:
            for photo in range(*rows.indices(len(self))):
                opened.seek(photo * self.file.bytes_each + 4 * self.column * self.file.width)
                found.append(np.frombuffer(opened.read(4 * self.file.width), "<f4"))
        return np.stack(found)


class ScoreFile:
    """`ids.csv`: U-IDS and P-IDS of the columns of a `FeatureFile`, for so many photographs; each takes minutes.

    The features of a photograph never change, so what was once computed of the first n holds for good.
    """

    fields = "photographs,column,u_ids,p_ids"

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> dict[tuple[int, int], tuple[float, float]]:
        """Return (photographs, column) → (U-IDS, P-IDS), and cut off the torn rest of an interrupted write.

        Raises:
            InputError: a line is not one that was written here.
        """
        found: dict[tuple[int, int], tuple[float, float]] = {}
        if not self.file.exists():
            return found
        whole_bytes = 0
        with open(self.file, "rb") as opened:
            for line, raw in enumerate(opened):
                if not raw.endswith(b"\n"):
                    break
                try:
                    text = raw.decode().strip()
                    if line:
                        photographs, column, u, p = text.split(",")
                        found[int(photographs), int(column)] = float(u), float(p)
                        sound = 0 <= float(u) <= 1 and 0 <= float(p) <= 1
                    else:
                        sound = text == self.fields
                except ValueError:
                    sound = False
                if not sound:
                    raise InputError(f"out: line {line + 1} of {self.file} was changed; delete it, it is made anew")
                whole_bytes += len(raw)
        if whole_bytes < self.file.stat().st_size:
            os.truncate(self.file, whole_bytes)
        return found

    def append(self, photographs: int, column: int, scores: tuple[float, float]) -> None:
        """Write one column's scores, with all their digits."""
        header = "" if self.file.exists() and self.file.stat().st_size else f"{self.fields}\n"
        _append(self.file, f"{header}{photographs},{column},{scores[0]!r},{scores[1]!r}\n".encode())


class ImageFolder:
    """`originals/`, `masks/` (white is missing) and `composites/METHOD/`, all PNG, which keeps every value."""

    def __init__(self, folder: str | os.PathLike[str], cells: Sequence[tuple[str, int]]) -> None:
        self.folder = make_folder(folder, "images")
        self.cells = cells

    def save(self, photo: int, name: str, I_c: Tensor, I_gt: Tensor, M: Tensor) -> None:
        """Save one method's composites (n cells, 3, h, w), and, the first time, original and masks."""
        original = self.folder / "originals" / f"{photo:05d}.png"
        if not original.exists():
            for (kind, bucket), mask in zip(self.cells, M, strict=True):
                white = ((mask[0] == 0).numpy() * 255).astype(np.uint8)
                _save(Image.fromarray(white), self.folder / "masks" / f"{photo:05d}-{kind}-{bucket}.png")
            _save(Image.fromarray(tensor_to_image(I_gt)), original)
        for (kind, bucket), one in zip(self.cells, I_c, strict=True):
            file = self.folder / "composites" / name / f"{photo:05d}-{kind}-{bucket}.png"
            _save(Image.fromarray(tensor_to_image(one)), file)


def make_folder(folder: str | os.PathLike[str], name: str) -> Path:
    """Make a folder if need be and return it.

    Raises:
        InputError: it cannot be made or written to.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{name}: cannot make the folder {folder} ({error.strerror}); choose another") from None
    check_folder(folder, name)
    return folder


def _append(file: Path, data: bytes) -> None:
    """Append to a file and have it on the disk, all or nothing."""
    before = file.stat().st_size if file.exists() else 0
    try:
        with open(file, "ab") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        if file.exists():
            os.truncate(file, before)
        raise InputError(
            f"out: cannot write {file} ({error.strerror}); mend that and give the same command, it goes on"
        ) from None


def _save(image: Image.Image, file: Path) -> None:
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        image.save(part, format="png")
        os.replace(part, file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"images: cannot write {file} ({error.strerror}); choose another folder") from None
