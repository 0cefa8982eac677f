"""`rwlib bench`: how fast and how lean rwlib is."""

from dataclasses import dataclass
from pathlib import Path

from rwlib.files import writable_folder


@dataclass
class Bench:
    """Measure time and memory beside a straight port of the released program; write `bench.csv` and `bench.png`."""

    quick: bool = False
    """Small sizes and three runs: half a minute, for a first look."""
    full: bool = False
    """A training step at batch 8, too."""
    cases: str = ""
    """Only cases whose names contain this regular expression."""
    out: Path = Path(".")
    """Folder for the two files."""

    def run(self) -> None:
        """Measure."""
        writable_folder(self.out, "out")
        from rwlib.bench import bench

        bench(quick=self.quick, full=self.full, pattern=self.cases, out=self.out)
