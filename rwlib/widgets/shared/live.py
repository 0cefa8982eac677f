r"""A training in the background of this kernel.

`LiveTraining` runs Algorithm 1 (`rwlib.training.loop.train`) in a thread, so that cells and widgets stay usable. The
thread computes with half of the cores (one of two), and yields after each step: what is left answers clicks.
"""

import atexit
import contextlib
import logging
import os
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import psutil
import torch

from rwlib.config import Config
from rwlib.conventions import InputError
from rwlib.data import PhotoSource
from rwlib.training.loop import train
from rwlib.training.run_folder import read_record
from rwlib.training.schedule import Schedule, count_photos
from rwlib.widgets.shared.background import run_in_thread
from rwlib.widgets.shared.follow import RunFolder
from rwlib.widgets.shared.panel import COMPUTING, FAULTS
from rwlib.widgets.shared.processes import training_process

YIELD_S = 0.002
"""Pause after each step, in which the kernel's other threads get their turn."""

POLITE_S = 0.25
"""A step waits so long at most for what a panel computes."""

LAST_WORDS_S = 10.0
"""How long a kernel that ends waits for a training to write its checkpoint."""

STOP_FILE = ".stop"
"""Made in a run's folder by somebody outside of this kernel, it stops the training there."""

_one_at_a_time = threading.Lock()  # accelerate keeps its state per process: two trainings would share it
_newest: weakref.ref["LiveTraining"] | None = None  # the one that was started last
_log = logging.getLogger(__name__)


def training_here() -> "LiveTraining | None":
    """Return the training that runs in this kernel, whoever started it."""
    live = _newest() if _newest is not None else None
    return live if live is not None and live.running else None


class LiveTraining(RunFolder):
    """A training in a thread of this kernel; it can be stopped after any step, and goes on where it stopped.

    One training runs at a time in a kernel. A training that nothing refers to any more stops by itself, and so does one
    whose kernel ends.

    Args:
        config: what to train.
        source: photographs, see `rwlib.data`.
        run_dir: folder of the run; one that holds a run of this configuration is resumed. None makes a temporary one,
            which goes when this object goes.

    Raises:
        InputError: an epoch has no end, because the source has none and the configuration does not say.

    Example:
        >>> from rwlib.config import make_config
        >>> from rwlib.data import Facades
        >>> LiveTraining(make_config("balanced", "tiny"), Facades()).total
        300
    """

    def __init__(self, config: Config, source: PhotoSource, run_dir: str | Path | None = None) -> None:
        self.config, self.source = config, source
        self.schedule = Schedule.from_config(config, count_photos(source), 1)
        self.total = self.schedule.total
        """Steps of the whole schedule."""
        self._temporary = None if run_dir is not None else tempfile.TemporaryDirectory(prefix="rwlib-run-")
        super().__init__(run_dir if run_dir is not None else self._temporary.name)
        self._task = _Task(config, source, self.run_dir, self._temporary)

    def start(self) -> None:
        """Begin, or go on where the run stopped; does nothing while it runs.

        Raises:
            InputError: another training runs in this kernel, or another process trains into the same folder.
        """
        if self.running:
            return
        if process := training_process(read_record(self.run_dir).get("pid"), self.run_dir):
            raise InputError(
                f"run_dir: process {process.pid} trains into {self.run_dir}; stop it, or choose another one"
            )
        if not _one_at_a_time.acquire(blocking=False):
            raise InputError("training: another one runs in this kernel; stop it first, or wait for its end")
        global _newest
        _newest = weakref.ref(self)
        self._task = _Task(self.config, self.source, self.run_dir, self._temporary)
        cores = torch.get_num_threads()
        run_in_thread(self._task.run, "rwlib training")
        self._task.has_its_cores.wait()
        torch.set_num_threads(cores)  # for whoever comes next; a thread that computes already keeps what it has

    def stop(self, wait: bool = False) -> None:
        """Ask to stop after the step that is being computed; the run's folder then holds a checkpoint of it.

        Args:
            wait: return only when it has stopped.
        """
        self._task.wish_to_stop.set()
        if wait:
            self.join()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing runs; return whether that is so."""
        return self._task.ended.wait(timeout_s)

    @property
    def running(self) -> bool:
        """Whether a step is being computed, or a checkpoint written."""
        return not self._task.ended.is_set()

    @property
    def error(self) -> str | None:
        """What ended the training before its time, in one line."""
        return self._task.error

    def state(self) -> tuple[str, str]:
        """Return a word and a sentence.

        The words: `ready`, `running`, `stopping`, `occupied` (another training runs in this kernel), `failed`,
        `finished`, `stopped`.
        """
        step = self.step
        if self.running and self._task.wish_to_stop.is_set():
            return "stopping", "Stopping: the step that is being computed is finished, then a checkpoint is written."
        if self.running:
            return "running", "Training in this kernel." if step else "Loading the networks and the loss network."
        if other := training_here():
            at = f"step {other.step} of {other.total}"
            return "occupied", f"Another training runs in this kernel ({at}); Stop ends it, with a checkpoint."
        if self.error:
            return "failed", self.error
        if step >= self.total:
            return "finished", f"Finished: all {self.total} steps are done."
        if step:
            return "stopped", f"Stopped after step {step} of {self.total}. Resume goes on from there."
        return "ready", f"Nothing is trained yet. Start makes {self.total} steps, and Stop waits at any of them."

    def process(self) -> psutil.Process:
        """Return this kernel."""
        return psutil.Process(os.getpid())

    def __del__(self) -> None:
        if hasattr(self, "_task"):
            self._task.wish_to_stop.set()


class _Task:
    """One start of a training; the thread holds this, and not `LiveTraining`, so that the latter can be forgotten."""

    def __init__(self, config: Config, source: PhotoSource, run_dir: Path, temporary: Any) -> None:
        self.config, self.source, self.run_dir = config, source, run_dir
        self.keeps_folder = temporary
        self.wish_to_stop, self.has_its_cores, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.ended.set()
        self.error: str | None = None

    def run(self) -> None:
        torch.set_num_threads(max(1, torch.get_num_threads() // 2))
        self.ended.clear()
        self.has_its_cores.set()
        atexit.register(self.stop_at_exit)
        try:
            self._forget_stop_file()
            train(self.config, self.source, self.run_dir, resume=True, progress=False, stop=self.asked_to_stop)
        except InputError as error:
            self.error = str(error)
        except Exception as error:
            _log.error("training: an error that was not foreseen", exc_info=error)
            FAULTS.append(error)
            self.error = f"{type(error).__name__}: {error}"
        finally:
            self._forget_stop_file()
            _one_at_a_time.release()
            self.ended.set()
            atexit.unregister(self.stop_at_exit)

    def asked_to_stop(self) -> bool:
        time.sleep(YIELD_S)
        if COMPUTING.acquire(timeout=POLITE_S):  # a light control is faster alone; a long measurement is not waited for
            COMPUTING.release()
        return self.wish_to_stop.is_set() or (self.run_dir / STOP_FILE).exists()

    def _forget_stop_file(self) -> None:
        with contextlib.suppress(OSError):
            (self.run_dir / STOP_FILE).unlink(missing_ok=True)

    def stop_at_exit(self) -> None:
        """Let no kernel end in the middle of a step: its training stops, with a checkpoint."""
        self.wish_to_stop.set()
        self.ended.wait(LAST_WORDS_S)
