"""Work beside the page: jobs one after another in a thread, of each kind only the newest; and calls at intervals."""

import contextlib
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

_EXECUTOR = ThreadPoolExecutor(1, thread_name_prefix="rwlib")


class Background:
    """Short jobs of one owner; one thread does those of all owners."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: dict[str, tuple[Future, Callable[[], None]]] = {}

    def submit(self, kind: str, job: Callable[[], None], *, urgent: bool = False) -> None:
        """Do `job` later; it takes the place of one of its kind that still waits, and one that runs is finished.

        Args:
            kind: names what the job renews.
            job: deals with its errors itself.
            urgent: goes before what waits already.
        """
        with self._lock:
            if kind in self._newest:
                self._newest[kind][0].cancel()
            waiting = {other: old for other, (future, old) in self._newest.items() if urgent and future.cancel()}
            with contextlib.suppress(RuntimeError):  # Python is ending, and nobody looks any more
                for name, each in ({kind: job} | waiting).items():
                    self._newest[name] = _EXECUTOR.submit(each), each

    def waits(self, kind: str) -> bool:
        """Whether a job of this kind has not begun yet."""
        with self._lock:
            future = self._newest[kind][0] if kind in self._newest else None
        return future is not None and not (future.running() or future.done())

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits."""
        return bool(self._unfinished())

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is left to do, the jobs that jobs submit included; return whether that is so."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while unfinished := self._unfinished():
            left = None if end is None else max(0.0, end - time.monotonic())
            if left == 0:
                return False
            wait(unfinished, left)
        return True

    def _unfinished(self) -> list[Future]:
        with self._lock:
            return [future for future, _ in self._newest.values() if not future.done()]


def run_in_thread(job: Callable[[], None], name: str) -> Future:
    """Do one long job in a thread of its own, which does not keep a process from ending; return its future."""
    future: Future = Future()

    def run() -> None:
        try:
            future.set_result(job())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


class Ticker:
    """Call a method every so often, from a thread that ends with the method's object.

    Args:
        method: of an object that this does not keep alive.
        interval_s: from the end of one call to the next one.
    """

    def __init__(self, method: Callable[[], None], interval_s: float) -> None:
        self._stopped = threading.Event()
        arguments = weakref.WeakMethod(method), interval_s, self._stopped
        self.thread = threading.Thread(target=_tick, args=arguments, name="rwlib ticker", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Make no further call."""
        self._stopped.set()


def _tick(reference: weakref.WeakMethod, interval_s: float, stopped: threading.Event) -> None:
    while not stopped.wait(interval_s):
        method = reference()
        if method is None:
            return
        method()
        del method  # or the object would live until the next tick
