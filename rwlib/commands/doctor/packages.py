"""Python and the packages that rwlib needs."""

import contextlib
import importlib
import platform
import sys
from importlib import metadata

from rwlib.commands.doctor.finding import REINSTALL, REINSTALL_PAIR, Finding


def check_python() -> Finding:
    """Look at the running interpreter."""
    detail = f"{platform.python_version()} ({sys.executable})"
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding(ok, "python", detail, "use Python 3.11, 3.12 or 3.13: make clean-venv; make lab PYTHON=python3.12")


def requirements() -> list[str]:
    """Return rwlib's own requirements without the optional extras, as `name>=version` text.

    Raises:
        PackageNotFoundError: rwlib is not installed.
    """
    return [line for line in metadata.requires("rwlib") or [] if "extra ==" not in line]


def check_package(requirement: str) -> Finding:
    """Look at one requirement: installed, of a version in the range, and for torch and torchvision importable."""
    from packaging.requirements import Requirement

    wanted = Requirement(requirement)
    try:
        version = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        return Finding(False, wanted.name, "is not installed", REINSTALL)
    if not wanted.specifier.contains(version, prereleases=True):
        return Finding(False, wanted.name, f"{version}, but rwlib needs {wanted.specifier}", REINSTALL)
    if wanted.name == "torchvision" and (reason := torchvision_mismatch()):
        return Finding(False, wanted.name, f"{version} {reason}", REINSTALL_PAIR)
    if wanted.name in ("torch", "torchvision"):
        try:
            importlib.import_module(wanted.name)
        except Exception as error:  # A damaged binary raises OSError, a missing symbol ImportError, and so on.
            return Finding(False, wanted.name, f"{version} does not import: {error}", REINSTALL_PAIR)
    return Finding(True, wanted.name, version)


def torchvision_mismatch() -> str:
    """Return why torchvision and torch do not belong together, or nothing.

    Each torchvision is compiled against one torch. With another, for example a CPU-only torch that a package manager
    preferred for its local version label, its operators are not registered and its import fails.
    """
    from packaging.requirements import Requirement

    try:
        torch_version = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return "needs torch, which is not installed"
    for line in metadata.requires("torchvision") or []:
        wanted = Requirement(line)
        if wanted.name == "torch" and not wanted.specifier.contains(torch_version, prereleases=True):
            return f"needs torch{wanted.specifier}, and torch is {torch_version}"
    with contextlib.suppress(Exception):  # another defect; the caller's own import reports it
        try:
            importlib.import_module("torchvision")
        except RuntimeError as error:
            if "torchvision::" in str(error):
                return f"was not built for torch {torch_version} ({error})"
    return ""
