"""The first cell of every notebook: `ctx = setup("02")` chooses how much to compute, where, and with which seed."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from rwlib.conventions import InputError, one_of

TIERS = ("smoke", "cpu", "gpu")
"""How much a notebook computes: as a test, on two CPU cores in minutes, or on a GPU."""

TIMINGS = Path(__file__).with_name("timings.json")
"""Measured by `python -m rwlib.course.authoring.build NN --measure`: number → tier → {"seconds", "mb"}."""

T = TypeVar("T")


@dataclass(frozen=True)
class Context:
    """What a notebook needs to know about where it runs."""

    number: str
    """Number of the notebook, two digits."""
    tier: str
    """`smoke`, `cpu` or `gpu`."""
    device: torch.device
    """Where tensors and networks go."""
    seed: int
    """Seed of `generator` and of torch's global randomness."""
    generator: torch.Generator
    """Source of random numbers on the CPU, for everything that takes `generator=`."""

    def pick(self, *, smoke: T, cpu: T, gpu: T) -> T:
        """Return the value for this tier.

        Example:
            >>> ctx = Context("02", "cpu", torch.device("cpu"), 0, torch.Generator())
            >>> ctx.pick(smoke=2, cpu=20, gpu=2000)
            20
        """
        return {"smoke": smoke, "cpu": cpu, "gpu": gpu}[self.tier]


def setup(number: str, *, seed: int = 0) -> Context:
    """Seed torch, find the tier and the device, and print one line about them.

    Args:
        number: the notebook's number, two digits.
        seed: a whole number.

    Raises:
        InputError: a number that is not two digits, an unknown tier, or the tier `gpu` without a GPU.
    """
    if not re.fullmatch(r"\d\d", str(number)):
        raise InputError(f'number: expected two digits such as "02", got {number!r}')
    tier = find_tier()
    device = torch.device("cuda" if tier == "gpu" else "cpu")
    torch.manual_seed(seed)
    print(f"rwlib {number} · tier {tier} · device {device} · seed {seed} · measured: {describe_timing(number, tier)}")
    return Context(number, tier, device, seed, torch.Generator().manual_seed(seed))


def find_tier() -> str:
    """Return the tier that the environment's `RWLIB_TIER` names; without it `gpu` where there is one, else `cpu`.

    Raises:
        InputError: an unknown tier, or `gpu` where torch sees none.
    """
    tier = os.environ.get("RWLIB_TIER", "")
    if not tier:
        return "gpu" if torch.cuda.is_available() else "cpu"
    one_of("RWLIB_TIER", tier, TIERS)
    if tier == "gpu" and not torch.cuda.is_available():
        raise InputError("RWLIB_TIER: gpu was asked for, but torch sees no CUDA device; use RWLIB_TIER=cpu")
    return tier


def describe_timing(number: str, tier: str) -> str:
    """Return for instance `40 s, 1.4 GB`, or `not measured`."""
    timing = json.loads(TIMINGS.read_text(encoding="utf-8")).get(number, {}).get(tier)
    if timing is None:
        return "not measured"
    seconds = timing["seconds"]
    time = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    return f"{time}, {timing['mb'] / 1000:.1f} GB"


def describe_timings(number: str) -> str:
    """Return the time and memory of a notebook in every tier that was measured, for its title."""
    tiers = json.loads(TIMINGS.read_text(encoding="utf-8")).get(number, {})
    timings = [f"{tier} {describe_timing(number, tier)}" for tier in TIERS if tier in tiers]
    return "; ".join(timings) or "not measured"
