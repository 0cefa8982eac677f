"""Processes that prepare data: they leave signals to the training, and end within ten seconds of its end."""

import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from torch.utils.data import DataLoader

from rwlib.training.signals import STOPPING

IMPATIENT_S = 4.0
"""Workers that wait for their next batch end at once; one that reads from a disk which is gone hears nothing."""


def leave_signals_to_training(_worker: int) -> None:
    """Make a process that prepares data ignore what `signal_watch` watches.

    A terminal and a cluster signal all processes of a run; one without data could not finish its step. The process ends
    when it is told to through its queue, or when training is gone.
    """
    for name in STOPPING:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


class Batches:
    """Iterates over a loader; at the end of the `with` block no worker is left, however the block ended.

    Workers ignore signals. So what PyTorch and Python do about those that are left when an exception ends a process,
    ask them by SIGTERM and wait, would take for ever. Only a worker that the system itself cannot end (it waits for a
    disk in the kernel) can still keep a process.
    """

    def __init__(self, loader: DataLoader) -> None:
        self._loader, self._iterator = loader, None

    def __enter__(self) -> Iterator[Any]:
        before = set(multiprocessing.active_children())
        try:
            self._iterator = iter(self._loader)
        except BaseException:  # some have started, and the next one could not
            _kill(set(multiprocessing.active_children()) - before)
            raise
        return self._iterator

    def __exit__(self, *error: object) -> None:
        end = getattr(self._iterator, "_shutdown_workers", None)
        if end is None:  # no workers at all
            return
        impatient = threading.Timer(IMPATIENT_S, _kill, [self._iterator._workers])
        impatient.start()
        with contextlib.suppress(RuntimeError):  # PyTorch's word on a worker that was killed
            end()
        impatient.cancel()


def _kill(workers: Iterable[multiprocessing.Process]) -> None:
    for worker in workers:
        worker.kill()
