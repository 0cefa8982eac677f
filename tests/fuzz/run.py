"""Run one case where it can do no harm, and judge it."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PROCESSOR_S = 60
"""Seconds of processor time after which a case is said to hang: a hundred times what most take."""
PATIENCE_S = 900
"""Seconds after which it is ended even if it waits for something."""
MEMORY_MB = 400
"""What a case may add to the process that it was forked from, without its 60 bytes a pixel."""
OWN_PROCESS_MB = 700 + MEMORY_MB
ROOT = Path(__file__).parents[2]


@dataclass
class Case:
    """What is run, and how its result is judged."""

    work: Callable[[], int | None]
    """Returns the exit status; runs in the case's folder, in a fork."""
    words: list[str] = field(default_factory=list)
    """The command line, if it is one of rwlib's: one in fifty is run in a process of its own."""
    check: Callable[[], str] = lambda: ""
    """After exit status 0: says what is wrong with the result, or nothing."""
    pixels: int = 0
    """Of the picture, as its header says."""
    statuses: tuple[int, ...] = (0, 2)
    """Exit statuses that may come."""


@dataclass
class Outcome:
    """What became of a case."""

    status: int
    seconds: float
    megabytes: float
    fault: str = ""
    """Empty if the rule held."""


def run(make: Callable[[], Case], *, own_process: bool = False) -> Outcome:
    """Make a case in a new folder, run it and judge it; the folder goes."""
    here, folder = os.getcwd(), Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        os.chdir(folder)
        case = make()
        before = sorted(str(path) for path in Path().rglob("*"))
        err = folder.parent / f"{folder.name}.err"
        start = time.monotonic()
        status, usage, base = _in_own_process(case, err) if own_process and case.words else _in_fork(case, err)
        text = err.read_text(errors="replace")
        err.unlink()
        bound = (OWN_PROCESS_MB if own_process and case.words else MEMORY_MB) + 60e-6 * min(case.pixels, 89e6)
        outcome = Outcome(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024 - base)
        waited = time.monotonic() - start >= PATIENCE_S
        outcome.fault = _judge(case, outcome, text, bound, waited) or _left_over(before, status)
        return outcome
    finally:
        os.chdir(here)
        shutil.rmtree(folder, ignore_errors=True)


def _judge(case: Case, outcome: Outcome, err: str, bound: float, waited: bool) -> str:
    if "Traceback (most recent call last)" in err:
        return "traceback: " + err[-1500:]
    if outcome.status == -signal.SIGXCPU or waited:
        return f"no end after {outcome.seconds:.0f} s of processor time"
    if outcome.status not in case.statuses:
        return f"exit status {outcome.status}: {err[-500:]}"
    if outcome.megabytes > bound:
        return f"memory: {outcome.megabytes:.0f} MB, at most {bound:.0f}"
    if any(not (c.isprintable() or c in "\n\r\t") for c in err.replace("\x1b[A", "")):
        return f"signs of control on stderr: {err[-300:]!r}"
    if outcome.status == 2:
        said = [line for line in err.splitlines() if line.startswith("rwlib: ")]
        if not said or any(len(line) < 15 for line in said):
            return f"refused without a line that says why: {err[-500:]!r}"
    if outcome.status == 0:
        try:
            if problem := case.check():
                return f"exit status 0 with a wrong result: {problem}"
        except Exception:
            return "exit status 0, and the result cannot be read: " + traceback.format_exc()[-1500:]
    return ""


def _left_over(before: list[str], status: int) -> str:
    """Say what a refusal left behind, but for locks and folders."""
    now = {str(path) for path in Path().rglob("*.part")} - set(before)
    return f"left behind: {sorted(now)}" if now and status in (0, 2) else ""


def _in_fork(case: Case, err: Path) -> tuple[int, resource.struct_rusage, float]:
    base = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _child(case, err)
    return (*_wait(child), base)


def _child(case: Case, err: Path) -> None:
    """Run a case; never returns."""
    status = 70
    try:
        number = os.open(err, os.O_WRONLY | os.O_CREAT)
        os.dup2(number, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        _limit()
        status = case.work() or 0
    except BaseException:
        traceback.print_exc()
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def _limit() -> None:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(spent.ru_utime + spent.ru_stime) + PROCESSOR_S
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))


def _in_own_process(case: Case, err: Path) -> tuple[int, resource.struct_rusage, float]:
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    with open(err, "wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "rwlib", *case.words],
            stdout=subprocess.DEVNULL,
            stderr=file,
            env=env,
            preexec_fn=_limit,
        )
    return (*_wait(process.pid), 0.0)


def _wait(child: int) -> tuple[int, resource.struct_rusage]:
    """Wait for the end of a process, and make one."""
    end = time.monotonic() + PATIENCE_S
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status), usage
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            end += PATIENCE_S
        time.sleep(0.002)
