"""Grade one notebook: run its cells in a process of its own, and judge each answer here when its check comes by."""

import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rwlib.course.authoring.rules import CHECK
from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import FAILED, OPEN, PASSED, Result
from rwlib.course.checking.solutions import find_solution
from rwlib.course.exercises import find, of_notebook
from rwlib.course.grading import notes, wire
from rwlib.course.grading.process import LearnerProcess, Limits, Stopped
from rwlib.course.grading.remote import RemoteAnswer, over_there, random_states, set_random_states
from rwlib.course.grading.submissions import Submission

NOT_REACHED = "not reached"
MAX_MESSAGE = 1500
MAX_COPY_MB = 200


@dataclass
class Mark:
    """What one exercise of one learner earned."""

    number: str
    title: str
    status: str = NOT_REACHED
    """`passed`, `failed`, `not attempted`, or `not reached` where the process was gone before."""
    message: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def points(self) -> int:
        """One for an answer that passed."""
        return int(self.status == PASSED)


@dataclass
class Graded:
    """What one notebook earned, and what happened while it ran."""

    submission: Submission
    marks: list[Mark] = field(default_factory=list)
    stopped: str = ""
    """Why the process was ended early; empty if it was not."""
    raised: list[str] = field(default_factory=list)
    """One line for each cell that raised."""
    notes: list[str] = field(default_factory=list)
    fenced: bool = False
    seconds: float = 0.0
    mb: float = 0.0

    @property
    def points(self) -> int:
        """The sum over its exercises."""
        return sum(mark.points for mark in self.marks)


def grade_notebook(
    submission: Submission,
    script: Path,
    limits: Limits,
    read: list[str] | None,
    hidden: list[str],
    warm: Path | None,
    tier: str = "smoke",
) -> Graded:
    """Run a notebook and judge its answers.

    Args:
        submission: what was handed in; left as it is.
        script: what `rwlib.course.grading.edition.make_edition` returned.
        limits: what it may use.
        read: what it may read beside its scratch copy; None where the system has no fence.
        hidden: entries of `sys.path` that its process does without.
        warm: a folder whose files are put into its home, so that matplotlib need not look for fonts each time.
        tier: how much it computes: `smoke`, `cpu` or `gpu`.
    """
    graded = Graded(submission, [Mark(one.number, one.title) for one in of_notebook(submission.number)])
    if submission.fault or not graded.marks:
        graded.stopped = submission.fault
        return graded
    graded.notes = notes.prying(submission.cells)
    began = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="rwlib-grade-")).resolve()
    try:
        graded.stopped = _copy(submission, scratch)
        if warm is not None:
            shutil.copytree(warm, scratch, dirs_exist_ok=True)
        process = None
        try:
            with LearnerProcess(script, scratch, limits, read, hidden, tier) as process:
                graded.fenced = read is not None
                _run(graded, process, limits)
        except Stopped as stopped:
            graded.stopped = str(stopped)
        graded.mb = process.peak_mb if process else 0.0
    finally:
        _remove(scratch)
    for mark in graded.marks:
        if mark.status == NOT_REACHED and graded.stopped:
            mark.message = f"The notebook was stopped: {graded.stopped}."
        elif mark.status == NOT_REACHED:
            mark.status, mark.message = OPEN, "It is not in the notebook."
        name = _checked_name(submission, mark.number)
        if mark.status in (PASSED, FAILED):
            mark.notes = notes.borrowed(submission.cells, mark.number, name)
    graded.seconds = time.monotonic() - began
    return graded


def _run(graded: Graded, process: LearnerProcess, limits: Limits) -> None:
    marks = {mark.number: mark for mark in graded.marks}
    for i, source in enumerate(graded.submission.cells):
        reply, _ = process.ask({"do": "run", "source": source}, seconds=limits.cell_s)
        if isinstance(raised := reply.get("raised"), dict):
            text = f"{raised.get('type')}: {raised.get('text')}".replace("KeyboardInterrupt: ", "took too long")
            graded.raised.append(f"code cell {i + 1}: {text[:300]}")
        for chapter, place, argument in CHECK.findall(source):
            mark = marks.get(f"{chapter}.{place}")
            if mark is not None and argument.isidentifier():
                _judge(mark, process, argument)
    for mark in graded.marks:
        if mark.status == NOT_REACHED:
            _judge(mark, process, find_solution(mark.number).name)


def _judge(mark: Mark, process: LearnerProcess, name: str) -> None:
    """Judge one answer; where an exercise is checked twice, the better answer counts."""
    reply, blobs = process.ask({"do": "describe", "name": name}, seconds=process.limits.answer_s)
    if reply.get("there") is False:
        return
    states = random_states()
    try:
        if "answer" in reply:
            answer = RemoteAnswer(process, int(reply["answer"]), reply.get("signature"))
        elif "value" in reply:
            answer = wire.decode(reply["value"], blobs)
        else:
            raise wire.WireError("the answer cannot be looked at")
        result = judge(over_there(find(mark.number)), answer)
    except Exception as error:  # whatever a process may send
        result = Result(FAILED, f"The answer cannot be judged: {error}")
    finally:
        set_random_states(states)
    if mark.status in (NOT_REACHED, OPEN) or result.status == PASSED:
        mark.status, mark.message = result.status, result.message[:MAX_MESSAGE]


def _checked_name(submission: Submission, number: str) -> str:
    arguments = [f[2] for cell in submission.cells for f in CHECK.findall(cell) if f"{f[0]}.{f[1]}" == number]
    return next((name for name in reversed(arguments) if name.isidentifier()), find_solution(number).name)


def _copy(submission: Submission, scratch: Path) -> str:
    """Copy what lies beside the notebook; return what was left out, for nobody may fill the disk."""
    left = MAX_COPY_MB * 1e6
    for path in sorted(submission.path.parent.iterdir()) if submission.file.count("/") else [submission.path]:
        files = [path] if path.is_file() else sorted(path.rglob("*")) if path.is_dir() and not path.is_symlink() else []
        for file in files:
            if file.is_symlink() or not file.is_file() or file.suffix == ".ipynb" or file.name.startswith("."):
                continue
            if (left := left - file.stat().st_size) < 0:
                return ""
            to = scratch / file.relative_to(submission.path.parent)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, to)
    return ""


def _remove(folder: Path) -> None:
    """Delete a scratch copy, whatever rights a notebook gave its files."""

    def again(function: object, path: str, _: object) -> None:
        with suppress(OSError):
            Path(path).parent.chmod(0o700)
            Path(path).chmod(0o700)
            function(path)

    shutil.rmtree(folder, onerror=again)
