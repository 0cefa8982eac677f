r"""A training in another process, seen through its run's folder: does it live, how far is it, stop it, resume it.

`WatchedRun` answers the same questions as `LiveTraining`.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from rwlib.config import Config
from rwlib.conventions import InputError
from rwlib.training.run_folder import read_record
from rwlib.training.schedule import Schedule
from rwlib.training.state import newest_state
from rwlib.widgets.shared.follow import RunFolder
from rwlib.widgets.shared.live import STOP_FILE
from rwlib.widgets.shared.processes import is_alive, training_process

LOG = "resume.log"


class WatchedRun(RunFolder):
    """A run's folder, which another process may be writing to.

    Args:
        run_dir: the folder; it may not exist yet, or hold nothing, or something damaged.

    Raises:
        InputError: the path is a file, or cannot be looked into.
    """

    def __init__(self, run_dir: str | Path) -> None:
        super().__init__(run_dir)
        if os.path.isfile(self.run_dir):
            raise InputError(f"run: {run_dir} is a file; give the folder of a run (the one that holds run.json)")
        try:
            os.stat(self.run_dir / "run.json")
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:  # a name that is too long or none, or a folder of somebody else's
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"run: cannot look into {run_dir} ({reason}); choose another folder") from None
        self._started: subprocess.Popen | None = None
        self.error: str | None = None
        """Why the last start did not work, in one line."""

    # --- what can be seen

    def record(self) -> dict[str, Any]:
        """Return `run.json`, empty where it is missing or damaged."""
        return read_record(self.run_dir)

    @property
    def config(self) -> Config | None:
        """The run's configuration, or None where it cannot be read."""
        try:
            return Config.from_dict(self.record()["config"])
        except (KeyError, TypeError, ValueError):
            return None

    @property
    def total(self) -> int:
        """Steps of the whole schedule; 0 where it is not known."""
        total = self.record().get("total_steps")
        return total if isinstance(total, int) else 0

    @property
    def schedule(self) -> Schedule | None:
        """When phase two begins and when the run ends."""
        config = self.config
        if config is None or not self.total:
            return None
        return Schedule.from_epochs(config, self.total / sum(config.epochs))

    # --- the process

    def process(self) -> psutil.Process | None:
        """Return the process that trains, if it is on this machine and alive."""
        record = self.record()
        if record.get("host", socket.gethostname()) != socket.gethostname():
            return None
        return training_process(record.get("pid"), self.run_dir)

    @property
    def running(self) -> bool:
        """Whether a process trains into this folder, as far as can be seen from here."""
        return self.state()[0] in ("running", "starting", "elsewhere", "foreign")

    def state(self) -> tuple[str, str]:
        """Return a word and a sentence.

        The words: `empty`, `damaged`, `starting`, `running`, `foreign` (a process that is no `rwlib train` writes here:
        a notebook, say), `elsewhere` (on another machine), `finished`, `stopped`, `dead` (killed, or out of power).
        """
        name, record, step = self.run_dir, self.record(), self.step
        pid, host, status = record.get("pid"), record.get("host"), record.get("status")
        if self._starts_up(pid):
            return "starting", "A new process is starting; it loads its checkpoint first."
        if not record:
            if os.path.exists(name / "run.json"):
                return (
                    "damaged",
                    f"{name}/run.json cannot be read; the run may still be whole, look at its other files.",
                )
            return "empty", f"{name} holds no run yet; as soon as `rwlib train --run-dir {name}` writes here, it shows."
        if self.process() is not None:
            return "running", f"Process {pid} trains."
        if status == "running" and host not in (None, socket.gethostname()):
            return "elsewhere", f"Process {pid} of the machine {host} trains; from here it cannot be stopped."
        if status == "running" and is_alive(pid, record.get("started")) and self._recently_written():
            return "foreign", f"Process {pid} trains, which is not `rwlib train`: another notebook, perhaps."
        if self.total and step >= self.total:
            return "finished", f"Finished: all {self.total} steps are done."
        rest = "Resume goes on from its last checkpoint." if self.resumable else "It left no checkpoint."
        if self.error:
            return "stopped", self.error
        if status == "running":
            return "dead", f"Process {pid} is gone without a word (killed?) after step {step}. {rest}"
        return "stopped", f"Stopped after step {step} of {self.total or '?'}. {rest}"

    def _recently_written(self) -> bool:
        try:
            return time.time() - (self.run_dir / "curves.csv").stat().st_mtime < 120
        except OSError:
            return False

    def _starts_up(self, recorded_pid: Any) -> bool:
        """Watch the process that we started ourselves until it writes its own number; note how it ended."""
        if self._started is None:
            return False
        code = self._started.poll()
        if code is not None:
            if code not in (0, -15):
                self.error = f"The training ended with status {code}: {self._last_words()} ({self.run_dir / LOG})"
            self._started = None
            return False
        return recorded_pid != self._started.pid

    def _last_words(self) -> str:
        try:
            lines = (self.run_dir / LOG).read_text("utf-8", "replace").split("\n")
        except OSError:
            return "it said nothing"
        return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "it said nothing")

    # --- what can be done

    def stop(self) -> None:
        """Let the training finish its step, write a checkpoint and end.

        `rwlib train` gets SIGTERM. A kernel that trains lives on: its `LiveTraining` looks for `STOP_FILE`.

        Raises:
            InputError: no training of this machine writes to this folder.
        """
        process = self.process()
        if process is not None:
            # On Windows `terminate` kills; this one is noticed, see `rwlib.training.signals`.
            process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))
        elif self.state()[0] == "foreign":
            (self.run_dir / STOP_FILE).touch()
        else:
            raise InputError(f"run: {self.state()[1]}")

    def start(self) -> None:
        """Resume the run in a process of its own, whose output goes to `resume.log`; it outlives this kernel.

        Raises:
            InputError: it runs or is finished, or there is no checkpoint that is whole.
        """
        word, sentence = self.state()
        if word not in ("stopped", "dead"):
            raise InputError(f"run: {sentence}")
        if newest_state(self.run_dir) is None:
            raise InputError(f"run: {self.run_dir} has no checkpoint to go on from; start it anew with `rwlib train`")
        self.error = None
        command = [sys.executable, "-m", "rwlib", "train", "--resume", "--run-dir", str(self.run_dir.resolve())]
        with open(self.run_dir / LOG, "wb") as log:
            self._started = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows: what can be asked to end
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
