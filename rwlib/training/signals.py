"""Signals that end a run after its current step, with a checkpoint."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

STOPPING = ("SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP", "SIGXCPU", "SIGBREAK")
"""A cluster's end and Ctrl-C, a cluster's warning, a terminal that was closed, a limit of processor time; on Windows
Ctrl-Break, which is also how one process there asks another to end."""
REPEATED = ("SIGXCPU",)
"""What the system sends every second from its limit on: it is ignored once it is known, until the process has ended."""


@contextlib.contextmanager
def signal_watch() -> Iterator[Callable[[], str]]:
    """Yield a function that names the signal of `STOPPING` that has come ("" for none).

    A second signal acts as if nobody watched, so an impatient Ctrl-C still ends a run. Outside the main thread, where
    Python delivers no signals, it always says "".
    """
    came: list[str] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: ""
        return

    def note(number: int, _frame: Any) -> None:
        came.append(signal.Signals(number).name)
        if came[-1] in REPEATED:
            before[number] = signal.SIG_IGN
        for other, handler in before.items():
            signal.signal(other, handler)

    watched = [getattr(signal, name) for name in STOPPING if hasattr(signal, name)]
    # A run under nohup goes on when its terminal closes.
    watched = [x for x in watched if x.name != "SIGHUP" or signal.getsignal(x) is not signal.SIG_IGN]
    before = {number: signal.signal(number, note) for number in watched}
    try:
        yield lambda: came[0] if came else ""
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
