r"""What can be read of a run's folder while a training writes to it, and what a monitor asks of a run.

`CurvesReader` follows `curves.csv`: each look reads only what is new, a last line that is half written waits for its
end, and rows that a resumed run takes back are forgotten.
"""

import csv
import math
import os
import threading
from pathlib import Path
from typing import Protocol

import psutil

from rwlib.config import Config
from rwlib.training.run_folder import STATE, by_step
from rwlib.training.schedule import Schedule


class CurvesReader:
    """Follow a run's `curves.csv`.

    Args:
        file: may not exist yet.
    """

    def __init__(self, file: str | Path) -> None:
        self.file = Path(file)
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._fields: list[str] = []
        self._columns: dict[str, list[float]] = {}
        self._offset, self._last_line = 0, b""

    def read(self) -> dict[str, list[float]]:
        """Return column name → one number per row; what a row leaves empty, or is no number, is nan.

        Columns are as in the file; without a file, or with a mere part of its first line, there are none. Several
        threads may ask.
        """
        with self._lock:
            return self._read()

    def _read(self) -> dict[str, list[float]]:
        try:
            with open(self.file, "rb") as opened:
                status = os.fstat(opened.fileno())
                # A resumed run writes the file anew: then the line before our place is another one, or is missing.
                opened.seek(max(0, self._offset - len(self._last_line)))
                if status.st_size < self._offset or opened.read(len(self._last_line)) != self._last_line:
                    self._forget()
                    opened.seek(0)
                whole, newline, _ = opened.read().rpartition(b"\n")
        except OSError:  # there is none, or it cannot be read now
            self._forget()
            return {}
        for line in (whole + newline).splitlines(keepends=True):
            self._offset, self._last_line = self._offset + len(line), line
            self._take(line.decode("utf-8", "replace").strip())
        return {name: list(values) for name, values in self._columns.items()}

    def _take(self, line: str) -> None:
        values = next(csv.reader([line]), [])
        if not self._fields:
            self._fields = values
            self._columns = {name: [] for name in values}
        elif len(values) == len(self._fields):  # a damaged line is left out
            for name, value in zip(self._fields, values, strict=True):
                self._columns[name].append(_number(value))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


class RunFolder:
    """What everybody sees of a run.

    Args:
        run_dir: the run's folder; it may not exist yet.
    """

    def __init__(self, run_dir: str | Path) -> None:
        self.run_dir = Path(run_dir)
        self._reader = CurvesReader(self.run_dir / "curves.csv")

    @property
    def resumable(self) -> bool:
        """Whether the folder holds a checkpoint."""
        return os.path.exists(self.run_dir / STATE)

    @property
    def step(self) -> int:
        """Finished steps, as far as `curves.csv` shows them."""
        steps = self.curves().get("step") or [-1.0]
        return int(steps[-1]) + 1 if math.isfinite(steps[-1]) else len(steps)

    def curves(self) -> dict[str, list[float]]:
        """Return column of `curves.csv` → one number per step; nan where a step has none (`L_a` in phase one)."""
        return self._reader.read()

    def samples(self) -> Path | None:
        """Return the newest sample grid, or None before the first."""
        return next(reversed(by_step(self.run_dir.glob("samples/step_*.png"))), None)


class Run(Protocol):
    """A training to watch, in this kernel (`LiveTraining`) or in another process (`WatchedRun`); see `RunFolder`."""

    run_dir: Path
    total: int
    """Steps of the whole schedule; 0 where that is not known."""
    config: Config | None
    schedule: Schedule | None
    resumable: bool
    step: int

    def curves(self) -> dict[str, list[float]]:
        """Return the columns of `curves.csv`."""

    def samples(self) -> Path | None:
        """Return the newest sample grid."""

    def state(self) -> tuple[str, str]:
        """Return the state in a word, and in a sentence."""

    def process(self) -> psutil.Process | None:
        """Return the process that trains, if it is on this machine and alive."""

    def start(self) -> None:
        """Start, or go on from the last checkpoint."""

    def stop(self) -> None:
        """Stop after the step that is being computed, with a checkpoint."""
