"""One learner's process, seen from outside: asked one thing at a time, watched, and stopped at its limits."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue

import psutil

from rwlib.course.grading import wire

GRACE_S = 5.0
"""How long an interrupted cell may take to end by itself."""
WATCH_S = 0.1
MAX_PROCESSES = 40
KEPT_OUTPUT = 20_000


@dataclass(frozen=True)
class Limits:
    """What one notebook may use; the names say the units."""

    notebook_s: float = 600.0
    cell_s: float = 180.0
    answer_s: float = 60.0
    memory_mb: float = 4000.0
    output_mb: float = 10.0
    disk_mb: float = 500.0


class Stopped(BaseException):
    """The process is gone; the message says why. No check may take this for a fault of the answer it is judging."""


class LearnerProcess:
    """Start a process, ask it, and end it with everything that it started.

    Args:
        script: what `rwlib.course.grading.edition.make_edition` returned.
        folder: the scratch copy, where it works and keeps its files.
        limits: what it may use.
        read: what it may read beside that; None leaves it without a fence.
        hidden: entries of `sys.path` that it does without.
        tier: how much notebooks compute.
    """

    def __init__(
        self,
        script: Path,
        folder: Path,
        limits: Limits,
        read: Sequence[str] | None,
        hidden: Sequence[str] = (),
        tier: str = "smoke",
    ) -> None:
        self.limits, self.folder = limits, folder
        self.reason, self.peak_mb, self.printed_bytes, self.output = "", 0.0, 0, b""
        self._ticket, self._replies, self._ended = 0, Queue(maxsize=2), threading.Event()
        self.started = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=folder, env=_environment(folder, tier), start_new_session=True,
        )  # fmt: skip
        self._readers = [threading.Thread(target=f, daemon=True) for f in (self._read_replies, self._read_output)]
        for thread in (*self._readers, threading.Thread(target=self._watch, daemon=True)):
            thread.start()
        order = {
            "folder": str(folder), "fence": read is not None, "read": list(read or ()),
            "write": [str(folder), "/dev/null"], "hidden": list(hidden),
            "memory_bytes": int(limits.memory_mb * 1e6), "file_bytes": int(limits.disk_mb * 1e6),
        }  # fmt: skip
        self._send(order, [])
        self._wait(limits.notebook_s)

    def __enter__(self) -> "LearnerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop("")

    def ask(self, order: dict, blobs: Sequence[bytes] = (), *, seconds: float) -> tuple[dict, list[bytes]]:
        """Send one message and return the answer to it; what takes longer is interrupted, and ended if that fails.

        Raises:
            Stopped: the process is gone.
        """
        self._ticket += 1
        self._send(order | {"ticket": self._ticket}, blobs)
        try:
            reply, out = self._wait(seconds)
        except Empty:
            reply, out = self._interrupt(seconds)
        if reply.get("ticket") != self._ticket:
            self.stop("it wrote to the grader's line")
            raise Stopped(self.reason)
        return reply, out

    def stop(self, reason: str) -> None:
        """End the process and all that it started; the first reason is kept."""
        self.reason = self.reason or reason
        self._ended.set()
        with suppress(psutil.Error):
            family = [*psutil.Process(self._process.pid).children(recursive=True)]
            self._process.terminate()  # the reaper ends the rest
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_S if sys.platform.startswith("linux") else 0.5)
            for process in family:
                with suppress(psutil.Error):
                    process.kill()
        if hasattr(os, "killpg"):
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)  # what hid from the reaper, or where there is none
        self._process.kill()
        self._process.wait()
        streams = [self._process.stdin]
        for thread, stream in zip(self._readers, (self._process.stdout, self._process.stderr), strict=True):
            if thread is not threading.current_thread():
                thread.join(1.0)
            streams += [stream] * (not thread.is_alive())  # closing one that is being read could wait for ever
        for stream in streams:
            with suppress(OSError, ValueError):
                stream.close()

    def _send(self, order: dict, blobs: Sequence[bytes]) -> None:
        try:
            wire.write_frame(self._process.stdin, order, blobs)
        except (OSError, ValueError):
            self._gone()

    def _wait(self, seconds: float) -> tuple[dict, list[bytes]]:
        left = self.started + self.limits.notebook_s - time.monotonic()
        try:
            reply = self._replies.get(timeout=max(0.0, min(seconds, left)))
        except Empty:
            if seconds >= left:
                self.stop(f"it took more than {self.limits.notebook_s:.0f} s")
                raise Stopped(self.reason) from None
            raise
        if isinstance(reply, Exception):
            self._gone()
        return reply

    def _interrupt(self, seconds: float) -> tuple[dict, list[bytes]]:
        if sys.platform != "win32":
            with suppress(OSError):
                self._process.send_signal(signal.SIGINT)
            with suppress(Empty):
                return self._wait(GRACE_S)
        self.stop(f"a cell took more than {seconds:.0f} s and could not be interrupted")
        raise Stopped(self.reason)

    def _gone(self) -> None:
        self.stop("its process ended by itself")
        raise Stopped(self.reason) from None

    def _read_replies(self) -> None:
        while True:
            try:
                self._replies.put(wire.read_frame(self._process.stdout))
            except (EOFError, OSError, ValueError, wire.WireError, json.JSONDecodeError) as error:
                self._replies.put(error)
                return

    def _read_output(self) -> None:
        with suppress(OSError, ValueError):
            while part := os.read(self._process.stderr.fileno(), 1 << 16):
                self.printed_bytes += len(part)
                self.output += part[: KEPT_OUTPUT - len(self.output)]
                if self.printed_bytes > self.limits.output_mb * 1e6:
                    self._stop_soon(f"it printed more than {self.limits.output_mb:.0f} MB")
                    return

    def _watch(self) -> None:
        """Add up the memory of the process and all that it started, and its files."""
        looked = 0.0
        while not self._ended.wait(WATCH_S):
            try:
                mine = psutil.Process(self._process.pid)
                family = [mine, *mine.children(recursive=True)]
            except psutil.Error:
                return self._stop_soon("its process ended by itself")
            used_mb = 0.0
            for process in family:
                with suppress(psutil.Error):
                    used_mb += process.memory_info().rss / 1e6
            in_memory_mb, on_disk_mb = _nameless_mb(family)
            used_mb += in_memory_mb
            self.peak_mb = max(self.peak_mb, used_mb)
            if used_mb > self.limits.memory_mb:
                return self._stop_soon(f"it used more than {self.limits.memory_mb:.0f} MB of memory")
            if len(family) > MAX_PROCESSES:
                return self._stop_soon(f"it started more than {MAX_PROCESSES} processes")
            if time.monotonic() > looked + 1:
                if _size_mb(self.folder) + on_disk_mb > self.limits.disk_mb:
                    return self._stop_soon(f"its files take more than {self.limits.disk_mb:.0f} MB")
                looked = time.monotonic()

    def _stop_soon(self, reason: str) -> None:
        self.reason = self.reason or reason
        threading.Thread(target=self.stop, args=(reason,), daemon=True).start()


def _environment(folder: Path, tier: str) -> dict[str, str]:
    """Return a learner's environment: nothing of the teacher's but where programs are and which language is spoken."""
    names = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    home = str(folder)
    homes = dict.fromkeys(
        ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "RWLIB_HOME", "TMPDIR", "TEMP", "TMP"), home
    )
    homes |= {"IPYTHONDIR": f"{home}/.ipython", "MPLCONFIGDIR": f"{home}/.matplotlib", "MPLBACKEND": "agg"}
    gpu = {} if tier == "gpu" else {"CUDA_VISIBLE_DEVICES": ""}
    return kept | homes | gpu | {"RWLIB_TIER": tier, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _nameless_mb(family: Sequence[psutil.Process]) -> tuple[float, float]:
    """Return the megabytes of memory and of the disk that open files without a name hold: no folder lists them."""
    sizes = {}
    for process in family:
        for link in Path(f"/proc/{process.pid}/fd").glob("*"):  # Linux alone has it
            with suppress(OSError):
                name = os.readlink(link)
                if name.endswith(" (deleted)"):
                    status = link.stat()
                    sizes[status.st_dev, status.st_ino] = name.startswith("/memfd:"), 512 * status.st_blocks / 1e6
    return tuple(sum(mb for memory, mb in sizes.values() if memory == kind) for kind in (True, False))


def _size_mb(folder: Path) -> float:
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(where, name)).st_size
    return total / 1e6
