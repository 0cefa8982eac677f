r"""`rwlib doctor`: is everything here that rwlib needs? One line per thing, and the remedy where something is wrong.

The doctor must work where nothing else does, so this file imports nothing heavy at its top, each check imports what it
looks at, and a check that raises becomes a FAIL line instead of a traceback.
"""

import importlib
import platform
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from rwlib.system import cpu_model, memory_gb, usable_cores

WEIGHTS = Path(__file__).parents[1] / "weights"
LFS_POINTER = b"version https://git-lfs"
REINSTALL = "make clean-venv lab, or: python -m pip install -r requirements.lock -e ."
REINSTALL_PAIR = (
    "reinstall torch and torchvision together from the lock: make clean-venv lab, "
    "or: python -m pip install --force-reinstall -r requirements.lock"
)
LEAST_MEMORY_GB = 2.0  # What `rwlib inpaint` may take on a photograph of 1000x750.


@dataclass(frozen=True)
class Finding:
    """What a check found: one line of the report."""

    ok: bool
    name: str
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return `OK   name  detail`, or `FAIL name  detail -> remedy`, always on one line."""
        line = f"{'OK' if self.ok else 'FAIL':<4} {self.name:<14} {self.detail}"
        return " ".join(f"{line} -> {self.remedy}".split("\n") if not self.ok else line.split("\n"))


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
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" in str(error):
            return f"was not built for torch {torch_version} ({error})"
    except Exception:  # Another defect; the caller's own import reports it.
        pass
    return ""


def check_device() -> Finding:
    """Find the device that rwlib will compute on, and compute on it."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # An old driver is reported below, in our words.
        cuda = torch.cuda.is_available()
    if cuda:
        properties = torch.cuda.get_device_properties(0)
        detail = f"CUDA: {torch.cuda.device_count()} x {properties.name}, {properties.total_memory / 2**30:.0f} GiB"
        try:
            torch.ones(2, device="cuda").sum().item()
        except Exception as error:
            remedy = "update the NVIDIA driver, or compute on the CPU: export CUDA_VISIBLE_DEVICES="
            return Finding(False, "device", f"{detail}, which cannot compute: {str(error).splitlines()[0]}", remedy)
        return Finding(True, "device", detail)
    if torch.backends.mps.is_available():
        return Finding(True, "device", f"MPS: {cpu_model()}")
    unused = Path("/proc/driver/nvidia/version").exists()
    note = f"; the NVIDIA driver here is not usable by this torch (CUDA {torch.version.cuda})" if unused else ""
    return Finding(True, "device", f"CPU: {cpu_model()}{note}")


def check_threads() -> Finding:
    """Compare torch's threads with the cores: more threads than cores slow each other down."""
    import torch

    threads, cores = torch.get_num_threads(), usable_cores()
    return Finding(
        threads <= cores,
        "threads",
        f"torch computes with {threads} on {cores} cores",
        f"export OMP_NUM_THREADS={cores}",
    )


def check_memory() -> Finding:
    """Compare the memory with what filling a photograph takes."""
    size_gb = memory_gb()
    ok = size_gb == 0 or size_gb >= LEAST_MEMORY_GB
    detail = f"{size_gb:.1f} GB" if size_gb else "unknown"
    return Finding(ok, "memory", detail, f"give the machine or container at least {LEAST_MEMORY_GB:.0f} GB")


def check_vgg() -> Finding:
    """Load the loss network from its bundled weights, as training does."""
    from rwlib.networks.vgg import VGGFeatures
    from rwlib.networks.vgg_weights import BUNDLED_FILE

    try:
        VGGFeatures("bundled")
    except ValueError as error:  # rwlib's own errors say the remedy behind a semicolon.
        detail, _, remedy = str(error).partition("; ")
        return Finding(False, "VGG weights", detail, remedy or REINSTALL)
    return Finding(True, "VGG weights", BUNDLED_FILE)


def check_checkpoint(file: Path) -> Finding:
    """Open one shipped checkpoint; a Git-LFS pointer, a truncated and a foreign file fail."""
    from safetensors import SafetensorError, safe_open

    remedy = f"fetch it again: git checkout -- rwlib/weights/{file.name}"
    with file.open("rb") as stream:
        if stream.read(len(LFS_POINTER)) == LFS_POINTER:
            return Finding(False, "checkpoint", f"{file.name} is a Git LFS pointer, not the file", "git lfs pull")
    try:
        with safe_open(file, framework="numpy") as tensors:
            count = len(tensors.keys())
    except SafetensorError as error:
        return Finding(False, "checkpoint", f"{file.name} is damaged or truncated ({error})", remedy)
    return Finding(True, "checkpoint", f"{file.name}, {file.stat().st_size / 1e6:.1f} MB, {count} tensors")


def check_checkpoints_exist(folder: Path) -> Finding:
    """See that a model is shipped at all; `rwlib inpaint` needs one unless it is given another."""
    found = sorted(file.name for file in folder.glob("*.safetensors"))
    remedy = "fetch them again: git checkout -- rwlib/weights"
    return Finding(bool(found), "checkpoints", f"{len(found) or 'no'} file(s) in rwlib/weights", remedy)


def check_kernel() -> Finding:
    """Find the interpreter of the kernel `python3`, which the notebooks name, and see whether rwlib imports there.

    It runs in an empty folder, because a folder that holds a copy of rwlib would answer for a missing installation.
    """
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        remedy = "python -m ipykernel install --sys-prefix --name python3"
        return Finding(False, "Jupyter kernel", "there is no kernel named python3", remedy)
    # Jupyter, too, reads these names as the interpreter that it runs in itself.
    own = {"python", "python3", f"python3.{sys.version_info.minor}"}
    interpreter = sys.executable if command in own else command
    with tempfile.TemporaryDirectory() as empty:
        try:
            subprocess.run(
                [interpreter, "-c", "import ipykernel, rwlib"],
                check=True, capture_output=True, text=True, cwd=empty, timeout=120,
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            reason = error.stderr.strip().splitlines()[-1]
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = str(error)
        else:
            return Finding(True, "Jupyter kernel", f"python3 ({interpreter})")
    remedy = f"{REINSTALL}; then: python -m ipykernel install --sys-prefix --name python3"
    return Finding(False, "Jupyter kernel", f"python3 ({interpreter}) cannot run rwlib: {reason}", remedy)


def examine() -> Iterator[Finding]:
    """Run all checks in the order of the report."""

    def guarded(name: str, check: Callable[..., Finding], *args: object) -> Finding:
        try:
            return check(*args)
        except Exception as error:
            return Finding(False, name, f"cannot be checked: {type(error).__name__}: {error}", REINSTALL)

    yield guarded("python", check_python)
    try:
        lines = requirements()
    except metadata.PackageNotFoundError:
        lines = []
        yield Finding(False, "rwlib", "is not installed", REINSTALL)
    for line in lines:
        yield guarded(re.split(r"[^\w.-]", line)[0], check_package, line)
    yield guarded("device", check_device)
    yield guarded("threads", check_threads)
    yield guarded("memory", check_memory)
    yield guarded("VGG weights", check_vgg)
    yield guarded("checkpoints", check_checkpoints_exist, WEIGHTS)
    for file in sorted(WEIGHTS.glob("*.safetensors")):
        yield guarded("checkpoint", check_checkpoint, file)
    yield guarded("Jupyter kernel", check_kernel)


def doctor(print: Callable[[str], object] = print) -> int:
    """Print a line per thing and return the exit status.

    Args:
        print: what to do with each line.

    Returns:
        0 if everything is in order, 1 if a line says FAIL.
    """
    status = 0
    for finding in examine():
        print(str(finding))
        status = max(status, int(not finding.ok))
    return status


if __name__ == "__main__":
    raise SystemExit(doctor())
