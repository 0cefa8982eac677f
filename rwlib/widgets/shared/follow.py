r"""What can be read of a run's folder while a training writes to it, and whether that training lives.

`CurvesReader` follows `curves.csv`: each look reads only what is new, a last line that is half written waits for its
end, and rows that a resumed run takes back are forgotten. `Ticker` looks again and again, until nobody wants to know.

Whether a process still trains is never taken from `run.json` alone: a run that was killed could not write there that it
is dead. The process number is looked up, and since numbers are used again, only a process counts whose command line is
an rwlib training into this very folder.
"""

import csv
import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil


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
        self._offset, self._last_line, self._last_write = 0, b"", 0
        self.damaged = 0
        """Whole lines that could not be read."""

    def read(self) -> dict[str, list[float]]:
        """Return column name → one number a row; what a row leaves empty, or is no number, is nan.

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
        except FileNotFoundError:
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
        elif len(values) != len(self._fields):
            self.damaged += bool(values)
        else:
            for name, value in zip(self._fields, values, strict=True):
                self._columns[name].append(_number(value))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def newest_samples(run_dir: str | Path) -> Path | None:
    """Return a run's newest sample grid, or None if it has none yet."""
    return max(Path(run_dir).glob("samples/step_*.png"), default=None)


class Ticker:
    """Call a method every so often, from a thread that ends with the method's object.

    Args:
        method: of an object that this does not keep alive.
        seconds: from one call to the next.
    """

    def __init__(self, method: Callable[[], None], seconds: float) -> None:
        self._over = threading.Event()
        self.thread = threading.Thread(
            target=_tick, args=(weakref.WeakMethod(method), seconds, self._over), name="rwlib ticker", daemon=True
        )
        self.thread.start()

    def stop(self) -> None:
        """Make no further call."""
        self._over.set()


def _tick(reference: weakref.WeakMethod, seconds: float, over: threading.Event) -> None:
    while not over.wait(seconds):
        method = reference()
        if method is None:
            return
        method()
        del method  # or the object would live until the next tick


def training_process(pid: Any, run_dir: Path) -> psutil.Process | None:
    """Return the process of that number if it is an rwlib training into that folder, else None.

    Args:
        pid: from `run.json`, so it may be anything.
        run_dir: folder of the run.
    """
    if not is_alive(pid):
        return None
    try:
        process = psutil.Process(pid)
        command, folder = process.cmdline(), process.cwd()
        if not is_training(command):
            return None
    except (psutil.Error, OSError):
        return None
    given = run_dir_of(command)
    return process if given is not None and (Path(folder) / given).resolve() == run_dir.resolve() else None


def is_alive(pid: Any, since: Any = None) -> bool:
    """Return whether a process of that number lives, and did so at the time `since` (in seconds, as `time.time`)."""
    if not isinstance(pid, int) or isinstance(pid, bool) or pid <= 0:
        return False
    try:
        process = psutil.Process(pid)
        late = isinstance(since, int | float) and process.create_time() > since + 1
        # One that was killed and is being taken down has no command line any more.
        return process.status() != psutil.STATUS_ZOMBIE and bool(process.cmdline()) and not late
    except psutil.Error:
        return False


def is_training(command: list[str]) -> bool:
    """Return whether a command line is `rwlib train`, `python -m rwlib train`, or the same under a launcher.

    Example:
        >>> is_training(["python", "-m", "rwlib", "train", "--run-dir", "x"]), is_training(["train", "--run-dir", "x"])
        (True, False)
    """
    if "train" not in command[1:]:
        return False
    before = command[command.index("train", 1) - 1].replace("\\", "/")
    return before.rsplit("/", 1)[-1] in ("rwlib", "rwlib.exe", "rwlib.commands.main") or before.endswith(
        "rwlib/__main__.py"
    )


def run_dir_of(command: list[str]) -> str | None:
    """Return what a command line gives as `--run-dir`, or None."""
    for i, word in enumerate(command):
        name, equals, value = word.partition("=")
        if name in ("--run-dir", "--run_dir"):
            return value if equals else next(iter(command[i + 1 : i + 2]), None)
    return None
