r"""A process of its own that measures memory, one for all cases.

It reads the names of cases, one a line, and answers each with a line: MB of our side, MB of the reference.
`rwlib.bench.measure` says why memory is not measured in the process that measures time.
"""

import math
import subprocess
import sys
from types import TracebackType

import torch

from rwlib.bench.cases import Case, all_cases
from rwlib.bench.measure import CPU, peak_mb, steady_allocator


class MemoryProcess:
    """Asks the other process; on CUDA the allocator's own count is exact and this process measures by itself.

    Example:
        with MemoryProcess(device, quick=True) as memory:
            ours_mb, reference_mb = memory.peaks_mb(case)
    """

    def __init__(self, device: torch.device, *, quick: bool = False, full: bool = False) -> None:
        self.device = device
        self.flags = [flag for flag, on in (("--quick", quick), ("--full", full)) if on]
        self.process = None

    def start(self) -> None:
        """Start the other process and wait until it can answer, so that it takes no time from what is timed here."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from rwlib.bench.memory import main; main()", *self.flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for this process, which then ends the other
        )
        self.process.stdout.readline()

    def __enter__(self) -> "MemoryProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    def peaks_mb(self, case: Case) -> tuple[float, float]:
        """Return the peak memory of both sides of a case; NaN where it cannot be measured."""
        if self.device.type != "cpu" or sys.platform != "linux":
            return peaks_mb(case, self.device)
        if self.process is None:
            self.start()
        try:
            self.process.stdin.write(case.name + "\n")
            self.process.stdin.flush()
            ours_mb, reference_mb = map(float, self.process.stdout.readline().split())
        except (BrokenPipeError, ValueError):  # it has ended: out of memory
            return math.nan, math.nan
        return ours_mb, reference_mb


def peaks_mb(case: Case, device: torch.device = CPU) -> tuple[float, float]:
    """Measure both sides of a case in this process."""
    pair = case.build()
    return peak_mb(pair.ours, device), math.nan if pair.reference is None else peak_mb(pair.reference, device)


def main() -> None:
    """Answer until there are no more questions."""
    answers, sys.stdout = sys.stdout, sys.stderr  # nothing but answers on stdout, whatever libraries print
    steady_allocator()
    known = {case.name: case for case in all_cases(CPU, quick="--quick" in sys.argv, full="--full" in sys.argv)}
    print("ready", file=answers, flush=True)
    for name in sys.stdin:
        print(*peaks_mb(known[name.rstrip("\n")]), file=answers, flush=True)
