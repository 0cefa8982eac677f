r"""The files of an evaluation that grow photograph by photograph, and what keeps them whole.

Each photograph is one write, on the disk before the next begins; what a crash leaves half-written is recognised and cut
off. Nothing here holds more than one photograph in memory.
"""

import csv
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from rwlib.conventions import InputError, tensor_to_image
from rwlib.evaluation.protocol import Cell
from rwlib.evaluation.tables import ROW_KEYS, rows_csv
from rwlib.files import append_durably, replacing, writable_folder


class RowFile:
    """`rows.csv`: the rows of whole photographs 0, 1, 2, ..., each photograph's in one write."""

    def __init__(self, file: Path, methods: Sequence[str], cells: Sequence[Cell], metrics: Sequence[str]) -> None:
        self.file, self.metrics = file, list(metrics)
        self.keys = [[method, kind, str(bucket)] for kind, bucket in cells for method in methods]

    def n_photos(self) -> int:
        """Count the whole photographs, and cut off the torn rest that an interrupted write may have left.

        Raises:
            InputError: a line is not the one that belongs there, or an entry is not a measurement.
        """
        if not self.file.exists():
            return 0
        position = whole_bytes = photos = 0
        with open(self.file, "rb") as opened:
            for number, raw in enumerate(opened):
                if not raw.endswith(b"\n"):
                    break
                self._check_line(number, raw)
                position += len(raw)
                if number % len(self.keys) == 0:
                    whole_bytes, photos = position, number // len(self.keys)
        if whole_bytes < self.file.stat().st_size:
            os.truncate(self.file, whole_bytes)
        return photos

    def _check_line(self, number: int, raw: bytes) -> None:
        photo, line = divmod(number - 1, len(self.keys))
        expected = [*self.keys[line], str(photo)] if number else [*ROW_KEYS, *self.metrics]
        try:
            values = next(csv.reader([raw.decode(errors="replace")]), [])
        except csv.Error:  # a field beyond any sensible length
            values = []
        problem = ""
        if values[: len(expected)] != expected or len(values) != len(ROW_KEYS) + len(self.metrics):
            problem = f"is not the expected {','.join(expected)}"
        elif number:
            measurements = zip(self.metrics, values[len(ROW_KEYS) :], strict=True)
            wrong = [f"{metric} {text!r}" for metric, text in measurements if not _is_measurement(metric, text)]
            problem = f"has the {wrong[0]}, which is no measurement" if wrong else ""
        if problem:
            raise InputError(
                f"out: line {number + 1} of {self.file} {problem}; it was changed or belongs to another evaluation, "
                "choose another folder"
            )

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write one photograph's rows."""
        empty = not self.file.exists() or not self.file.stat().st_size
        append_durably(self.file, rows_csv(rows, self.metrics, header=empty).encode(), "out")

    def read(self, photos: int) -> Iterator[list[dict[str, str]]]:
        """Yield the rows of so many photographs, the first ones, one photograph at a time."""
        with open(self.file, newline="", encoding="utf-8") as opened:
            reader = csv.DictReader(opened)
            for _ in range(photos):
                yield [next(reader) for _ in self.keys]


def _is_measurement(metric: str, text: str) -> bool:
    """Whether an entry is what `rows_csv` writes: a number of six digits, finite but for PSNR of equal images."""
    try:
        value = float(text)
    except ValueError:
        return False
    return text == f"{value:.6g}" and (math.isfinite(value) or (value == math.inf and metric.endswith("psnr")))


class FeatureFile:
    """`features.f32`: for each photograph the features of its original and of all its composites, float32."""

    def __init__(self, file: Path, columns: int, width: int) -> None:
        self.file, self.columns, self.width = file, columns, width
        self.bytes_per_photo = 4 * columns * width

    def n_photos(self) -> int:
        """Count the whole photographs."""
        return self.file.stat().st_size // self.bytes_per_photo if self.file.exists() else 0

    def cut(self, photos: int) -> None:
        """Leave only so many, the first ones."""
        if self.file.exists():
            os.truncate(self.file, photos * self.bytes_per_photo)

    def append(self, rows: Tensor) -> None:
        """Write one photograph's features (columns, width)."""
        assert tuple(rows.shape) == (self.columns, self.width), tuple(rows.shape)
        append_durably(self.file, rows.float().numpy().astype("<f4").tobytes(), "out")

    def column(self, column: int, photos: int) -> np.ndarray:
        """Return one column's features (photos, width), mapped to the file: what is used of them is read then."""
        rows = np.memmap(self.file, "<f4", mode="r", shape=(photos, self.columns, self.width))
        return rows[:, column]


class ScoreFile:
    """`ids.csv`: U-IDS and P-IDS of the columns of a `FeatureFile`, per number of photographs; each takes minutes.

    The features of a photograph never change, so what was once computed of the first n holds for good.
    """

    header = "photographs,column,u_ids,p_ids"

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> dict[tuple[int, int], tuple[float, float]]:
        """Return (photographs, column) → (U-IDS, P-IDS), and cut off the torn rest of an interrupted write.

        Raises:
            InputError: a line is not one that was written here.
        """
        scores: dict[tuple[int, int], tuple[float, float]] = {}
        if not self.file.exists():
            return scores
        whole_bytes = 0
        with open(self.file, "rb") as opened:
            for number, raw in enumerate(opened):
                if not raw.endswith(b"\n"):
                    break
                try:
                    text = raw.decode().strip()
                    if number:
                        photos, column, u, p = text.split(",")
                        scores[int(photos), int(column)] = float(u), float(p)
                        sound = 0 <= float(u) <= 1 and 0 <= float(p) <= 1
                    else:
                        sound = text == self.header
                except ValueError:
                    sound = False
                if not sound:
                    raise InputError(f"out: line {number + 1} of {self.file} was changed; delete it, it is made anew")
                whole_bytes += len(raw)
        if whole_bytes < self.file.stat().st_size:
            os.truncate(self.file, whole_bytes)
        return scores

    def append(self, photos: int, column: int, scores: tuple[float, float]) -> None:
        """Write one column's scores, with all their digits."""
        header = "" if self.file.exists() and self.file.stat().st_size else f"{self.header}\n"
        append_durably(self.file, f"{header}{photos},{column},{scores[0]!r},{scores[1]!r}\n".encode(), "out")


class ImageFolder:
    """`originals/`, `masks/` (white is missing) and `composites/METHOD/`, all PNG, which keeps every value."""

    def __init__(self, folder: str | os.PathLike[str], cells: Sequence[Cell]) -> None:
        self.folder = writable_folder(folder, "images", make=True)
        self.cells = cells

    def save(self, photo: int, name: str, I_c: Tensor, I_gt: Tensor, M: Tensor) -> None:
        """Save one method's composites (n cells, 3, h, w), and, the first time, original and masks."""
        original = self.folder / "originals" / f"{photo:05d}.png"
        if not original.exists():
            for (kind, bucket), mask in zip(self.cells, M, strict=True):
                white = ((mask[0] == 0).numpy() * 255).astype(np.uint8)
                _save(white, self.folder / "masks" / f"{photo:05d}-{kind}-{bucket}.png")
            _save(tensor_to_image(I_gt), original)
        for (kind, bucket), composite in zip(self.cells, I_c, strict=True):
            file = self.folder / "composites" / name / f"{photo:05d}-{kind}-{bucket}.png"
            _save(tensor_to_image(composite), file)


def _save(image: np.ndarray, file: Path) -> None:
    writable_folder(file.parent, "images", make=True)
    with replacing(file, "images") as opened:
        Image.fromarray(image).save(opened, format="png")
