"""`curves.csv`: one row per step, with every loss, the learning rate, and the milliseconds of each part."""

import csv
import os
from collections.abc import Mapping
from pathlib import Path

from rwlib.training.timer import PARTS


class Curves:
    """Rows of a CSV file; those at or after `first_step` (of a run that stopped after its checkpoint) are dropped."""

    fields = ("step", "phase", "L", "L_r", "L_c", "L_s", "L_a", "L_D", "D_gt", "D_p2", "val_hole_psnr",
              "learning_rate", "dataloader_wait_s", *(f"ms_{part}" for part in PARTS))  # fmt: skip

    def __init__(self, file: Path, first_step: int) -> None:
        kept = []
        if first_step and file.exists():
            with open(file, newline="") as old:
                for row in csv.DictReader(old):
                    # A row that was cut off when the process was killed has no whole number, or not all its fields.
                    whole = None not in row and None not in row.values() and (row.get("step") or "").isdigit()
                    kept += [row] if whole and int(row["step"]) < first_step else []
        part = file.with_name(f".{file.name}.{os.getpid()}.part")
        with open(part, "w", newline="") as new:
            # A run of an older version has other columns: what is missing stays empty, what is gone is left out.
            rows = csv.DictWriter(new, self.fields, extrasaction="ignore")
            rows.writeheader()
            rows.writerows(kept)
        os.replace(part, file)
        self.file = open(file, "a", newline="", buffering=1)  # noqa: SIM115 (closed by close)
        self.rows = csv.DictWriter(self.file, self.fields)

    def write(self, row: Mapping[str, float]) -> None:
        """Add a row."""
        self.rows.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})

    def close(self) -> None:
        """Close the file."""
        self.file.close()
