r"""`rwlib doctor`: is everything here that rwlib needs? One line per thing, and the remedy where something is wrong.

The doctor must work where nothing else does, so these files import nothing heavy at their top, each check imports what
it looks at, and a check that raises becomes a FAIL line instead of a traceback.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata

from rwlib.commands.doctor import jupyter, machine, packages, weights
from rwlib.commands.doctor.finding import REINSTALL, Finding


@dataclass
class Doctor:
    """Check everything that rwlib needs, and say the remedy where something is wrong."""

    def run(self) -> int:
        """Print one line per thing.

        Returns:
            The exit status: 0 if everything is in order, 1 if a line says FAIL.
        """
        status = 0
        for finding in examine():
            print(finding, flush=True)
            status = max(status, int(not finding.ok))
        return status


def examine() -> Iterator[Finding]:
    """Run all checks in the order of the report."""
    yield guarded("python", packages.check_python)
    try:
        lines = packages.requirements()
    except metadata.PackageNotFoundError:
        lines = []
        yield Finding(False, "rwlib", "is not installed", REINSTALL)
    for line in lines:
        yield guarded(re.split(r"[^\w.-]", line)[0], packages.check_package, line)
    yield guarded("device", machine.check_device)
    yield guarded("threads", machine.check_threads)
    yield guarded("memory", machine.check_memory)
    yield guarded("VGG weights", weights.check_vgg)
    yield guarded("checkpoints", weights.check_default_exists)
    for file in sorted(weights.WEIGHTS.rglob("*.safetensors")):
        yield guarded("checkpoint", weights.check_checkpoint, file)
    yield guarded("Jupyter kernel", jupyter.check_kernel)
    yield guarded("JupyterLab", jupyter.check_front_ends)


def guarded(name: str, check: Callable[..., Finding], *args: object) -> Finding:
    """Run one check; if it raises, that is what it found."""
    try:
        return check(*args)
    except Exception as error:
        return Finding(False, name, f"cannot be checked: {type(error).__name__}: {error}", REINSTALL)
