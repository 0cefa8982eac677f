"""The machine: its processor, the cores that this process may use, its memory."""

import math
import os
import platform
import subprocess
import sys
from pathlib import Path


def cpu_model() -> str:
    """Return the processor's name as its maker writes it, as far as the system tells."""
    try:
        if sys.platform == "darwin":
            return subprocess.check_output(["sysctl", "-n", "machdep.cpu.brand_string"], text=True).strip()
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, subprocess.SubprocessError, StopIteration):
        return platform.processor() or platform.machine()


def usable_cores() -> int:
    """Return the number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_gb() -> float:
    """Return the memory of the machine, or of the container if that has less, in GB; 0 if the system does not tell."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf.
        return 0.0
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.exists() else "max"
    return min(total, int(text) if text.isdigit() else total) / 1e9


def addresses_gb() -> float:
    """Return the addresses that this process may use (`ulimit -v`), in GB; infinity without a limit."""
    try:
        import resource
    except ImportError:  # Windows
        return math.inf
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return math.inf if limit == resource.RLIM_INFINITY else limit / 1e9


def free_mb() -> float:
    """Return the memory that can still be had, here or in the container, in MB."""
    import psutil  # here: `rwlib doctor` says which packages are missing, so it must do without them

    limit, used = (Path(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    text = limit.read_text().strip() if limit.exists() else "max"
    left = int(text) - int(used.read_text()) if text.isdigit() else math.inf
    return min(psutil.virtual_memory().available, left) / 1e6
