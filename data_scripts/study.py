"""Keep a queue of trainings going, one on each core, from the table `study.toml`: the search for the recipe.

    python data_scripts/study.py run --data facades=data/facades flowers=data/flowers     # until the table is done
    python data_scripts/study.py status
    python data_scripts/study.py pause        # waits until every training stands still, with a checkpoint
    python data_scripts/study.py resume
    python data_scripts/study.py plot         # results.csv, curves.csv and curves.png of what there is so far
    python data_scripts/study.py ship ca64 --to rwlib/weights/rivals     # a finished generator, in half precision

The order of the table is the order of what is most worth knowing. Every training is a process of its own, at the lowest
priority, with one thread; on a GPU there is one after another. It can all be killed at any moment, the queue or its
trainings: the same command goes on. A training ends by itself, with a checkpoint, when its queue is gone. The table is
read again whenever a core is free, so rows may be added meanwhile.

In the folder `--runs`: a folder for each run (`rwlib.training.run_folder`), with `result.json` once it is finished,
`error.txt` if it cannot go on, `log.txt`; `results.csv`, a row for each finished run and data set; `curves.csv` and
`curves.png`, the held-out PSNR of all runs side by side. A run that failed is tried again when the queue is started
again.
"""

import argparse
import contextlib
import hashlib
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil
import torch
from _study import Run, do_run, read_curves, read_result, read_table, ship, shipped, time_spent, write_results

from rwlib.errors import InputError
from rwlib.files import only_writer, write_text
from rwlib.training.run_folder import read_record
from rwlib.training.signals import signal_watch

DONE, FAILED, GO_ON = 0, 2, 3
"""Exit statuses of a training: finished and measured, cannot go on, stopped or in another process."""
PAUSED = "paused"
"""A file of this name in the folder of the runs keeps them from going on."""
DEATHS = 3
"""A training that dies so often without a step in between (out of memory, say) is left alone."""


# --- one training, in a process of its own


def one(name: str, table: Path, runs: Path, data: Mapping[str, Path], nice: int) -> int:
    """Do a run of the table until it is finished, paused, or its queue is gone; return the exit status."""
    if hasattr(os, "nice"):
        os.nice(nice)
    torch.set_num_threads(1)
    queue, folder = os.getppid(), runs / name
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with only_writer(folder, "runs", beside=True):
            write_text(folder / "process.txt", f"{os.getpid()}\n", "runs")
            run = next(run for run in read_table(table, data) if run.name == name)
            stop = lambda: os.getppid() != queue or (runs / PAUSED).exists()  # noqa: E731
            return DONE if do_run(run, runs, data, stop) else GO_ON
    except (InputError, OSError) as error:
        if "another process is writing" in str(error):
            return GO_ON
        write_text(folder / "error.txt", f"{error}\n", "runs")
        return FAILED


def process_of(folder: Path) -> int:
    """Return the number of the process that does a run, 0 for none."""
    try:
        number = int((folder / "process.txt").read_text())
        process = psutil.Process(number)
        alive = process.status() != psutil.STATUS_ZOMBIE and folder.name in process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return 0
    return number if alive else 0


# --- the queue


def default_at_once() -> int:
    """Return how many trainings there are room for: one on a GPU, else as many as there are cores."""
    if torch.accelerator.is_available():
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def next_run(table: Sequence[Run], runs: Path, busy: Sequence[str]) -> Run | None:
    """Return the first run of the table that can be done now."""
    for run in table:
        waits = run.init and not shipped(run.init).is_file() and not read_result(runs / run.init)
        over = run.done or read_result(runs / run.name) or (runs / run.name / "error.txt").exists()
        if over or waits or run.name in busy:
            continue
        if not process_of(runs / run.name):
            return run
    return None


def keep_going(read: Callable[[], list[Run]], runs: Path, command: Callable[[Run], list[str]], at_once: int) -> None:
    """Start trainings whenever there is room, until no run of the table is left.

    Args:
        read: gives the table.
        runs: folder of the runs.
        command: gives the command line that does a run.
        at_once: how many at a time.
    """
    table = read()
    for run in table:
        (runs / run.name / "error.txt").unlink(missing_ok=True)
    going: dict[str, subprocess.Popen] = {}
    deaths: dict[str, int] = {}
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with signal_watch() as signal_came:
        while not signal_came():
            for name, process in list(going.items()):
                if process.poll() is None:
                    continue
                del going[name]
                status = {DONE: "finished", FAILED: "failed", GO_ON: "stopped"}.get(process.returncode, "was killed")
                print(f"{name} {status}", flush=True)
                if process.returncode in (DONE, GO_ON):
                    deaths[name] = 0
                elif process.returncode != FAILED:
                    deaths[name] = deaths.get(name, 0) + 1
                    if deaths[name] == DEATHS:
                        reason = f"died {DEATHS} times, see log.txt; the queue tries again when it is started again"
                        write_text(runs / name / "error.txt", reason + "\n", "runs")
                write_results(table, runs)
            if len(going) < at_once and not (runs / PAUSED).exists():
                try:
                    table = read()
                except InputError as error:  # somebody edits it: go on with the one before
                    print(error, file=sys.stderr, flush=True)
                run = next_run(table, runs, list(going))
                others = any(process_of(runs / other.name) for other in table if other.name not in going)
                if run is None and not going and not others:
                    break
                if run is not None:
                    (runs / run.name).mkdir(parents=True, exist_ok=True)
                    print(f"{run.name}: {run.why}", flush=True)
                    with open(runs / run.name / "log.txt", "ab") as log:
                        going[run.name] = subprocess.Popen(
                            command(run), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
                        )
                    continue
            time.sleep(1)
        for process in going.values():  # each ends after its step, with a checkpoint
            with contextlib.suppress(OSError):
                process.terminate()
        for process in going.values():
            process.wait()
    write_results(table, runs)


# --- what is shown


def state(run: Run, runs: Path) -> tuple[str, int, float, float]:
    """Return a run's state in a word, its steps done, seconds per step (NaN if unknown), last held-out PSNR (NaN)."""
    folder = runs / run.name
    rows = list(read_curves(folder / "curves.csv"))
    scores = [row["val_hole_psnr"] for row in rows if "val_hole_psnr" in row]
    done = int(rows[-1]["step"]) + 1 if rows else 0
    if run.done or read_result(folder):
        word = "done"
    elif process_of(folder):
        word = "measuring" if read_record(folder).get("status") == "finished" else "running"
    elif (folder / "error.txt").exists():
        word = "failed"
    else:
        word = "stopped" if done else "waiting"
    return word, done, time_spent(folder / "curves.csv")[1], scores[-1] if scores else math.nan


def status_page(table: Sequence[Run], runs: Path) -> str:
    """Return the page: a line for each run."""
    lines = [f"{'run':20} {'state':9} {'steps':>13} {'s per step':>10} {'time left':>9} {'held-out PSNR':>13}"]
    for run in table:
        word, done, seconds, score = state(run, runs)
        total = sum(run.steps)
        left = "" if math.isnan(seconds) or word == "done" else f"{(total - done) * seconds / 3600:.2f} h"
        steps, speed = f"{done}/{total}", "" if math.isnan(seconds) else f"{seconds:.2f}"
        shown = "" if math.isnan(score) else f"{score:.2f} dB"
        lines.append(f"{run.name:20} {word:9} {steps:>13} {speed:>10} {left:>9} {shown:>13}".rstrip())
        if word == "failed":
            lines.append(f"  {(runs / run.name / 'error.txt').read_text(encoding='utf-8').strip()}")
    if (runs / PAUSED).exists():
        lines.append("The queue is paused; `resume` lets it go on.")
    return "\n".join(lines)


def pause(table: Sequence[Run], runs: Path) -> None:
    """Let every training stop after its step, and wait until they all have."""
    runs.mkdir(parents=True, exist_ok=True)
    (runs / PAUSED).touch()
    while busy := [run.name for run in table if process_of(runs / run.name)]:
        print(f"waiting for {', '.join(busy)}", flush=True)
        time.sleep(2)
    print("paused; `resume` lets the queue go on")


# --- command line


def data_folders(given: Sequence[str]) -> dict[str, Path]:
    """Turn `NAME=FOLDER` into a dictionary.

    Raises:
        InputError: another form, or a folder without `train` and `val`.
    """
    found = {}
    for word in given:
        name, equals, folder = word.partition("=")
        if not (name and equals and folder):
            raise InputError(f"data: expected NAME=FOLDER, got {word!r}")
        found[name] = Path(folder)
        for part in ("train", "val"):
            if not (found[name] / part).is_dir():
                raise InputError(f"data: {folder} has no folder {part}; give one that a script in data_scripts made")
    return found


def main(words: Sequence[str] | None = None) -> int:
    """Parse the command line, or the words given; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("run", "status", "pause", "resume", "plot", "ship", "one"))
    parser.add_argument("name", nargs="?", default="", help="of the run to ship, or to do in this process (`one`)")
    parser.add_argument("--table", type=Path, default=Path(__file__).with_name("study.toml"), help="table of the runs")
    parser.add_argument("--runs", type=Path, default=Path("runs/study"), help="folder for the runs")
    parser.add_argument("--to", type=Path, default=Path("rwlib/weights/rivals"), help="folder for what is shipped")
    parser.add_argument("--data", nargs="+", default=[], metavar="NAME=FOLDER", help="photographs, in train and val")
    parser.add_argument("--at-once", type=int, default=0, help="trainings at a time; 0: one per core, one on a GPU")
    parser.add_argument("--nice", type=int, default=19, help="how far the trainings stand back for others, 0 to 19")
    asked = parser.parse_args(words)
    try:
        data = data_folders(asked.data)
        if asked.command == "one":
            return one(asked.name, asked.table, asked.runs, data, asked.nice)
        if asked.command != "run":  # needs no photographs
            table = read_table(asked.table, None)
        if asked.command == "run":
            again = [
                "--table",
                asked.table,
                "--runs",
                asked.runs,
                "--nice",
                asked.nice,
                *(["--data", *asked.data] if asked.data else []),
            ]
            with only_writer(asked.runs, "runs"):
                keep_going(
                    lambda: read_table(asked.table, data),
                    asked.runs,
                    lambda run: [sys.executable, __file__, "one", run.name, *map(str, again)],
                    asked.at_once if asked.at_once > 0 else default_at_once(),
                )
        elif asked.command == "status":
            print(status_page(table, asked.runs))
        elif asked.command == "pause":
            pause(table, asked.runs)
        elif asked.command == "resume":
            (asked.runs / PAUSED).unlink(missing_ok=True)
            print("the queue goes on, if it runs; `run` starts it")
        elif asked.command == "ship":
            run = next((run for run in table if run.name == asked.name), None)
            if run is None:
                raise InputError(
                    f"name: no run {asked.name!r} in {asked.table}; it has {', '.join(r.name for r in table)}"
                )
            file = ship(run, asked.runs, asked.to)
            print(
                f"{file}: {file.stat().st_size / 1e6:.2f} MB, SHA-256 {hashlib.sha256(file.read_bytes()).hexdigest()}"
            )
        elif asked.command == "plot":
            asked.runs.mkdir(parents=True, exist_ok=True)
            write_results(table, asked.runs)
    except (InputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
