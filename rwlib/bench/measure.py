r"""Measure time and memory of two functions that do the same.

Time: both sides run alternately, so that whatever else the machine does falls on both alike, and the median is taken.

Memory: how far one call rises above what stood before it. On CUDA the allocator counts it. On Linux the kernel keeps
the process's highest resident size and resets it on request. What disturbs that figure is the C library's allocator,
which takes some freed blocks back to the kernel and keeps others, depending on what was freed before: in one process,
the same step of a small generator (64 px, width 16) took 36 to 41 MB from call to call, and in fresh processes 38 to
40 MB. `steady_allocator` makes every block of 64 KiB and more go straight back; the same calls then took 32.2 to
32.6 MB, whatever ran before. Since that slows allocation down, `rwlib.bench.memory` does it in a process of its own,
one for all cases; a fresh process for each case proved to be no more repeatable and takes seconds to start.
"""

import ctypes
import gc
import math
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

Function = Callable[[], object]

CPU = torch.device("cpu")
MB = 1e6
M_MMAP_THRESHOLD = -3  # glibc's malloc.h


def time_ms(fn: Function) -> float:
    """Return the duration of one call.

    `torch.utils.benchmark.timer` waits for the GPU, whose functions return before they have finished. Its `Timer` would
    call `fn` three times for each duration, two of them to warm up.
    """
    from torch.utils.benchmark import timer  # here, because its import logs a warning where there is no GPU

    start = timer()
    fn()
    return 1000 * (timer() - start)


def interleaved(ours: Function, reference: Function | None, runs: int = 7) -> tuple[float, float]:
    """Time both sides alternately.

    Args:
        ours: called without arguments; its result is dropped.
        reference: the same; None if it cannot run here.
        runs: timed calls of each, after one to warm up.

    Returns:
        (ours_ms, reference_ms), medians; NaN for a side that is None.
    """
    sides = [fn for fn in (ours, reference) if fn is not None]
    for fn in sides:
        fn()
    taken = [[time_ms(fn) for fn in sides] for _ in range(runs)]
    medians = [statistics.median(times) for times in zip(*taken, strict=True)]
    return medians[0], medians[1] if reference is not None else math.nan


def peak_mb(fn: Function, device: torch.device = CPU) -> float:
    """Return how much memory one call takes at its peak, in MB, beyond what stood before it.

    A first call warms up, so what stays behind (an optimiser's state, a library's buffers) does not count.

    Args:
        fn: called without arguments, twice.
        device: where it computes.

    Returns:
        MB (10⁶ bytes); NaN where the system does not tell, that is, off CUDA and off Linux.
    """
    if device.type == "cuda":
        fn()
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        fn()
        torch.cuda.synchronize(device)
        return (torch.cuda.max_memory_allocated(device) - before) / MB
    if sys.platform != "linux" or device.type != "cpu":
        return math.nan
    fn()
    gc.collect()
    _libc("malloc_trim", 0)  # free blocks go back to the kernel, or they would hide what the call takes
    try:
        Path("/proc/self/clear_refs").write_text("5")  # "reset the peak resident set size", man proc_pid_clear_refs
        before = _status_kb("VmRSS")
        fn()
        return (_status_kb("VmHWM") - before) * 1024 / MB
    except (OSError, KeyError):  # a kernel, or a sandbox, without them
        return math.nan


def steady_allocator() -> None:
    """Let blocks of 64 KiB and more go back to the kernel when freed (glibc; elsewhere nothing changes)."""
    _libc("mallopt", M_MMAP_THRESHOLD, 64 * 1024)


@contextmanager
def exact_float32() -> Iterator[None]:
    """Let GPUs multiply in float32 proper, not TF32 (10 bits): outputs are compared so, and timed as torch does."""
    backends = (torch.backends.cudnn, torch.backends.cuda.matmul)
    before = [backend.allow_tf32 for backend in backends]
    try:
        for backend in backends:
            backend.allow_tf32 = False
        yield
    finally:
        for backend, allowed in zip(backends, before, strict=True):
            backend.allow_tf32 = allowed


def matrix_ceiling_tflops(device: torch.device, side: int = 8192, runs: int = 7) -> float:
    """Measure what a large bf16 matrix product reaches, the ceiling for any network here."""
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    ms, _ = interleaved(lambda: a @ b, None, runs)
    return 2 * side**3 / ms / 1e9


def _status_kb(field: str) -> int:
    """Return a field of /proc/self/status, in KiB."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[field].split()[0])


def _libc(name: str, *args: int) -> None:
    """Call a function of the C library if it has it; Windows has no library of the whole process to look in."""
    if sys.platform == "win32":
        return
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*args)
