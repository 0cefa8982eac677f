"""`curves.csv`: one row per step, with every loss, the learning rate, and the milliseconds of each part."""

import contextlib
import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rwlib.files import cannot_write, write_text
from rwlib.training.timer import PARTS


class Curves:
    """Rows of a CSV file; those at or after `first_step` (of a run that stopped after its checkpoint) are dropped.

    Args:
        path: the file.
        first_step: where the run begins, or goes on.
        losses: what a step of the method returns (`rwlib.training.methods.Method.losses`), a column each.
    """

    def __init__(self, path: Path, first_step: int, losses: Sequence[str]) -> None:
        times = (f"ms_{part}" for part in PARTS)
        self.fields = ("step", "phase", *losses, "val_hole_psnr", "learning_rate", "dataloader_wait_s", *times)
        kept = read_rows(path, first_step) if first_step and path.exists() else []
        write_text(path, self._as_text(dict(zip(self.fields, self.fields, strict=True)), *kept), "run_dir")
        self.path, self.file = path, open(path, "a", encoding="utf-8", newline="", buffering=1)  # noqa: SIM115

    def _as_text(self, *rows: Mapping[str, Any]) -> str:
        """Return rows as lines; of a run of an older version, what is missing stays empty and what is gone is left."""
        text = io.StringIO(newline="")
        csv.DictWriter(text, self.fields, extrasaction="ignore").writerows(rows)
        return text.getvalue()

    def write(self, row: Mapping[str, float]) -> None:
        """Add a row.

        Raises:
            InputError: the disk is full, say.
        """
        try:
            self.file.write(self._as_text({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()}))
        except OSError as error:
            raise cannot_write(self.path, error, "run_dir") from None

    def sync(self) -> None:
        """Bring the rows to the disk, before a checkpoint that relies on them.

        Raises:
            InputError: the disk is full, say.
        """
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
        except OSError as error:
            raise cannot_write(self.path, error, "run_dir") from None

    def close(self) -> None:
        """Close the file; rows that a full disk did not take were told of when they were written."""
        with contextlib.suppress(OSError):
            self.file.close()


def read_rows(path: Path, before_step: int) -> list[dict[str, str]]:
    """Read the rows of the steps before `before_step`.

    A row that was cut off when the process was killed has no whole number, or not all its fields; such rows, those of
    a step that came already, and what is no CSV at all, are left out.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").replace("\0", "").splitlines()
    rows = []
    try:
        for row in csv.DictReader(lines):
            whole = None not in row and None not in row.values() and (row.get("step") or "").isdecimal()
            last = int(rows[-1]["step"]) if rows else -1
            rows += [row] if whole and last < int(row["step"]) < before_step else []
    except csv.Error:  # a field without end, say: what came before it is kept
        pass
    return rows
