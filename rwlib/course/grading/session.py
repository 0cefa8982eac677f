"""Grade a folder: one edition and one fence for all, several notebooks at a time."""

import contextlib
import functools
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rwlib.course.checking.exercise import call_directly
from rwlib.course.exercises import all_exercises
from rwlib.course.grading import edition, fence
from rwlib.course.grading.grade import Graded, grade_notebook
from rwlib.course.grading.process import Limits
from rwlib.course.grading.submissions import Submission


def grade_all(
    submissions: Sequence[Submission],
    limits: Limits,
    *,
    folder: Path,
    tier: str = "smoke",
    jobs: int = 1,
    tell: Callable[[Graded], None] = lambda graded: None,
) -> list[Graded]:
    """Grade notebooks, each in a process of its own; return them in the same order.

    Args:
        submissions: what `rwlib.course.grading.submissions.find_submissions` returned.
        limits: for each.
        folder: the class's folder, which no notebook may read.
        tier: how much the notebooks compute: `smoke`, `cpu` or `gpu`.
        jobs: how many run at a time.
        tell: is called with each as soon as it is done.
    """
    with tempfile.TemporaryDirectory(prefix="rwlib-edition-") as name:
        place = Path(name).resolve()
        script = edition.make_edition(place / "edition")
        hidden = [str(path) for path in edition.hidden()]
        read = None
        if fence.landlock_version():
            read = [*edition.readable([folder]), str(place / "edition")]
        warm = _fonts(place / "home")

        one = functools.partial(
            grade_notebook, script=script, limits=limits, read=read, hidden=hidden, warm=warm, tier=tier
        )
        done = []
        with contextlib.ExitStack() as stack:
            if jobs > 1:  # processes and no threads: the checks seed the global random numbers
                context = multiprocessing.get_context("spawn")
                pool = stack.enter_context(ProcessPoolExecutor(jobs, context))
                results = pool.map(one, submissions)
            else:
                results = map(one, submissions)
            for graded in results:
                tell(graded)
                done.append(graded)
        return done


def closed() -> tuple[list[str], list[str]]:
    """Return what notebooks cannot do while they are graded on this machine, and what they can, a sentence each."""
    shut = [
        "RWLIB_STRICT, the checks, the progress file and all that a notebook prints decide nothing.",
        "The rwlib that it imports has no solutions, mistakes and hints.",
        "Time, memory, printed text, files and processes are limited, and whatever it started is ended with it.",
        "It works in a copy; what it deletes there is the copy's.",
        "It sees none of your environment variables.",
    ]
    left = [
        "An answer may call rwlib's own function instead of writing it; such answers are noted in the last column, as "
        "far as the text shows it.",
        "Solutions are public: whoever copies one from the repository hands in a right answer.",
        "Predictions are values; a neighbour's value is as good.",
        f"Where an exercise looks at what a call does ({_with_own_calls()}), it looks in the learner's process. "
        "Somebody who rewrites rwlib there can make it see something else, and still has to return the right numbers.",
        "Questions whose answer a notebook shows later (the museum of 06 and 07, the folded answers) can be looked up.",
    ]
    version = fence.landlock_version()
    if version:
        shut.append("It can read Python and its packages alone: no other notebook, no clone of rwlib, nobody's home.")
        shut.append("It can write into its scratch copy alone.")
    else:
        left.append(
            "This system has no Landlock (Linux 5.13 or later has): a notebook may read and change whatever you may, a "
            "clone with the solutions among it. Grade in a container or under an account that owns nothing."
        )
    network = "It cannot open network connections by TCP."
    (shut if version >= fence.TCP_SINCE else left).append(
        network if version >= fence.TCP_SINCE else "It may use the network (Linux 6.7 or later can forbid TCP)."
    )
    if version:
        left.append("UDP and sockets in the file system are not forbidden.")
    signals = version >= fence.SIGNALS_SINCE
    (shut if signals else left).append(
        "It cannot send signals to processes outside." if signals
        else "It may send signals to your other processes (Linux 6.12 or later can forbid it)."
    )  # fmt: skip
    if sys.platform.startswith("linux"):
        left.append("Memory that it shares by `shmget` is not counted and stays afterwards; `ipcs -m` lists it.")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        left.append("You are root: the number of processes is only watched, not limited. Grade under another account.")
    if sys.platform == "win32":
        left.append(
            "On Windows a cell that takes too long ends the whole notebook, and memory is watched, not limited."
        )
    return shut, left


def _with_own_calls() -> str:
    return ", ".join(one.number for one in all_exercises() if one.call is not call_directly)


def _fonts(home: Path) -> Path | None:
    """Let matplotlib find the fonts once, for all notebooks."""
    home.mkdir()
    code = "import matplotlib.font_manager"
    env = os.environ | {"MPLCONFIGDIR": str(home / ".matplotlib"), "MPLBACKEND": "agg"}
    outcome = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=False)
    return home if outcome.returncode == 0 else None
