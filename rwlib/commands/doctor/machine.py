"""What rwlib computes on: device, threads, memory."""

import warnings
from pathlib import Path

from rwlib.commands.doctor.finding import Finding
from rwlib.system import addresses_gb, cpu_model, memory_gb, usable_cores

LEAST_MEMORY_GB = 2.0  # What `rwlib inpaint` may take on a photograph of 1000x750.
LEAST_ADDRESSES_GB = 4.0  # PyTorch with CUDA's libraries takes 3.3 before anything is computed, but little memory.


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
    if (limit_gb := addresses_gb()) < LEAST_ADDRESSES_GB:
        detail = f"a limit leaves {limit_gb:.1f} GB of addresses (ulimit -v), which PyTorch cannot be loaded into"
        return Finding(False, "memory", detail, f"ulimit -v unlimited, or at least {1e6 * LEAST_ADDRESSES_GB:.0f}")
    size_gb = memory_gb()
    ok = size_gb == 0 or size_gb >= LEAST_MEMORY_GB
    detail = f"{size_gb:.1f} GB" if size_gb else "unknown"
    return Finding(ok, "memory", detail, f"give the machine or container at least {LEAST_MEMORY_GB:.0f} GB")
