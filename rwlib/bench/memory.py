r"""A process of its own that measures memory, one for all cases; `rwlib.bench.measure` says why.

Cases are functions, which no other process can be handed; it makes them again and finds each by its name.
"""

import math
import multiprocessing
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType

import torch

from rwlib.bench.cases import Case, all_cases
from rwlib.bench.measure import CPU, peak_mb, steady_allocator


class MemoryProcess:
    """Measures in the other process; on CUDA the allocator's own count is exact and this process measures by itself.

    Example:
        with MemoryProcess(device, quick=True) as memory:
            ours_mb, reference_mb = memory.peaks_mb(case)
    """

    def __init__(self, device: torch.device, *, quick: bool = False, full: bool = False) -> None:
        self.device, self.quick, self.full = device, quick, full
        self.pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "MemoryProcess":
        """Start the other process and wait until it can answer, so that it takes no time from what is timed here."""
        if self.device.type == "cpu" and sys.platform == "linux":
            spawn = multiprocessing.get_context("spawn")
            self.pool = ProcessPoolExecutor(1, spawn, initializer=_prepare)
            self.pool.submit(_prepare).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.pool:
            self.pool.shutdown(cancel_futures=True)

    def peaks_mb(self, case: Case) -> tuple[float, float]:
        """Return the peak memory of both sides of a case; NaN where it cannot be measured."""
        if not self.pool:
            return _peaks_mb(case, self.device)
        try:
            return self.pool.submit(_peaks_of_name, case.name, self.quick, self.full).result()
        except BrokenProcessPool:  # out of memory
            return math.nan, math.nan


def _prepare() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process, which then ends this one
    steady_allocator()


def _peaks_of_name(name: str, quick: bool, full: bool) -> tuple[float, float]:
    return _peaks_mb(next(case for case in all_cases(CPU, quick=quick, full=full) if case.name == name), CPU)


def _peaks_mb(case: Case, device: torch.device) -> tuple[float, float]:
    """Measure both sides of a case in this process."""
    pair = case.build()
    return peak_mb(pair.ours, device), math.nan if pair.reference is None else peak_mb(pair.reference, device)
