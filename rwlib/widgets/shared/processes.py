r"""Which process trains into a run's folder.

That is never taken from `run.json` alone: a run that was killed could not write there that it is dead. The process
number is looked up, and since numbers are used again, only a process counts whose command line is an rwlib training
into this very folder.
"""

import os
from pathlib import Path
from typing import Any

import psutil


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
    trained = run_dir_of(command)
    same = trained is not None and os.path.realpath(Path(folder) / trained) == os.path.realpath(run_dir)
    return process if same else None


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
