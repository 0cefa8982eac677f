"""`rwlib grade FOLDER`: points for a class's notebooks, without trusting any of them."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from rwlib.errors import InputError, one_of, printable


@dataclass
class Grade:
    """Run a class's notebooks, each in a process of its own with limits, and write points as a table and as a page."""

    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")]
    """The class's folder: `FOLDER/NAME/01_holes_and_masks.ipynb`, or `FOLDER/01_holes_and_masks_NAME.ipynb`."""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"], metavar="DIR")] = Path("grades")
    """Where `points.csv` and `index.html` go; made if need be."""
    only: list[str] = field(default_factory=list)
    """Numbers of the notebooks to grade, such as `01 02`; all without it."""
    jobs: int = 1
    """How many notebooks run at a time; each takes a core and about a gigabyte."""
    minutes: float = 10.0
    """How long one notebook may take."""
    cell_seconds: float = 180.0
    """How long one cell may take before it is interrupted."""
    memory_mb: float = 4000.0
    """How much memory one notebook may use."""
    output_mb: float = 10.0
    """How much text one notebook may print."""
    disk_mb: float = 500.0
    """How much its files may take."""
    tier: str = "smoke"
    """How much the notebooks compute: `smoke` (seconds), `cpu` or `gpu`; answers are judged the same way."""

    def run(self) -> None:
        """Grade, write both files and say where they are."""
        self._check()
        from rwlib.course.grading import report, session, submissions
        from rwlib.course.grading.process import Limits
        from rwlib.files import writable_folder

        if Path(os.path.realpath(self.out), "x").is_relative_to(os.path.realpath(self.folder)):
            raise InputError(f"--out: {self.out} lies in the class's folder; name one outside it")
        found = submissions.find_submissions(self.folder)
        if self.only:
            # What cannot be read may be one of them: nobody is left out without a word.
            found = [one for one in found if one.number in self.only or (one.fault and not one.number)]
            if not any(one.number for one in found):
                raise InputError(f"--only: no notebook of {', '.join(self.only)} in {self.folder}")
        writable_folder(self.out, "--out", make=True)
        answer_s = min(60.0, self.cell_seconds)
        sizes_mb = self.memory_mb, self.output_mb, self.disk_mb
        limits = Limits(60 * self.minutes, self.cell_seconds, answer_s, *sizes_mb)
        began, done = time.monotonic(), []
        shut, left = session.closed()

        def tell(graded: object) -> None:
            done.append(graded)
            why = f", stopped: {graded.stopped}" if graded.stopped else ""
            print(
                f"{len(done)} of {len(found)}: {graded.submission.learner}, {graded.submission.file}: "
                f"{graded.points} of {len(graded.marks)}{printable(why)}",
                flush=True,
            )
            report.write_report(done, self.out, shut, left)  # after each, so that nothing is lost with a later one

        results = session.grade_all(found, limits, folder=self.folder, tier=self.tier, jobs=self.jobs, tell=tell)
        report.write_report(results, self.out, shut, left)
        print(f"{len(results)} notebooks in {(time.monotonic() - began) / 60:.1f} min")
        print(f"points: {printable(self.out / 'points.csv')}, page: {printable(self.out / 'index.html')}")
        print(f"{len(left)} things are not closed on this machine; the page says at its end which")

    def _check(self) -> None:
        for name in ("minutes", "cell_seconds", "memory_mb", "output_mb", "disk_mb", "jobs"):
            if not getattr(self, name) > 0:
                raise InputError(f"--{name.replace('_', '-')}: expected more than 0, got {getattr(self, name)}")
        one_of("--tier", self.tier, ("smoke", "cpu", "gpu"))
        for number in self.only:
            if not (len(number) == 2 and number.isdigit()):
                raise InputError(f"--only: expected numbers of notebooks such as 01, got {number!r}")
