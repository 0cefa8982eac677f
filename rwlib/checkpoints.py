r"""Checkpoints: safetensors with the configuration as JSON in the header, so one file is whole or absent.

A checkpoint holds no code. It is written by `rwlib.files`: an interrupted write leaves the old file. Whatever is
wrong with a file that is read (zero bytes, truncated, damaged, foreign, of another shape, weights that are not finite),
the error is one line that says which file, what is wrong, and what to do. safetensors keeps no checksum, so the header
holds a SHA-256 of all the rest: a single flipped bit, in a weight or in the configuration, is noticed. (Files that
rwlib wrote before it did so have none and are read with a warning.)

Two kinds: `generator` (weights to fill holes with, half precision if wished) and `training` (all that a run needs to go
on: both networks, both optimisers, the moving average, the step, the state of the random numbers).
"""

import hashlib
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from rwlib.config import Config
from rwlib.errors import InputError, no_file, printable
from rwlib.files import write_bytes
from rwlib.networks.models import new_generator
from rwlib.shipped import DEFAULT, find_generator

FORMAT = "rwlib-1"
HEADER = {"format", "kind", "config", "about", "sha256"}
"""Entries of the header that this version understands; a file of an early rwlib lacks the last."""


def checksum(header: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of a header's entries (but its own) and of every tensor's name, dtype, shape and bytes.

    Args:
        header: name → text.
        tensors: name → contiguous tensor on the CPU.
    """
    digest = hashlib.sha256(json.dumps({name: header[name] for name in sorted(header) if name != "sha256"}).encode())
    for name in sorted(tensors):
        x = tensors[name]
        digest.update(json.dumps([name, str(x.dtype), list(x.shape)]).encode())
        digest.update(x.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def write_checkpoint(
    file: str | os.PathLike[str], tensors: Mapping[str, Tensor], *, kind: str, config: Config, about: Mapping[str, Any]
) -> None:
    """Write tensors, configuration and remarks to one file, all or nothing.

    Args:
        file: where to; its folder must exist.
        tensors: name → tensor.
        kind: `"generator"` or `"training"`.
        config: the run's configuration.
        about: anything that JSON can hold (step, data, versions).

    Raises:
        InputError: the folder is missing or cannot be written to.
    """
    header = {"format": FORMAT, "kind": kind, "config": config.to_json(), "about": json.dumps(dict(about))}
    tensors = {name: x.detach().cpu().contiguous() for name, x in tensors.items()}
    header["sha256"] = checksum(header, tensors)
    write_bytes(file, save(tensors, metadata=header), "checkpoint")


class DamagedError(InputError):
    """The bytes of a checkpoint are not those that were written: nothing will make this file readable."""


def read_checkpoint(
    file: str | os.PathLike[str], *, kind: str | None = None
) -> tuple[dict[str, Tensor], Config, dict[str, Any]]:
    """Read tensors, configuration and remarks.

    Raises:
        DamagedError: empty, truncated, or with another SHA-256 than it was written with.
        InputError: no such file, one that cannot be opened, not a checkpoint, of another kind, by an unknown version,
            or with weights that are not finite.
    """
    if not os.path.isfile(file):
        raise InputError(f"checkpoint: {file} {no_file(file)}; give a .safetensors file that rwlib wrote")
    if os.path.getsize(file) == 0:
        raise DamagedError(f"checkpoint: {file} is empty (zero bytes); it was not written to its end, use another copy")
    try:
        with _by_another_name(file) as name, safe_open(name, framework="pt", device="cpu") as opened:
            header = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (not a dict)
    except OSError as error:
        raise InputError(f"checkpoint: {file} cannot be opened ({error.strerror or error}); try again") from None
    except SafetensorError as error:
        reason = str(error).splitlines()[0]
        raise DamagedError(
            f"checkpoint: {file} is truncated or not a safetensors file ({reason}); get it again"
        ) from None
    if header.get("format") != FORMAT:
        found = header.get("format", "no rwlib header")
        raise InputError(f"checkpoint: {file} was not written by rwlib (expected format {FORMAT}, found {found})")
    # An early file has no digest and no other entries either: with others the digest was there, and is damaged.
    unknown = sorted(header.keys() - HEADER)
    if header["sha256"] != checksum(header, tensors) if "sha256" in header else unknown:
        raise DamagedError(
            f"checkpoint: {file} is damaged (its SHA-256 is not the one it was written with); get it again"
        )
    if unknown:
        raise InputError(f"checkpoint: {file} was written by a newer rwlib ({unknown[0]} in its header); update rwlib")
    if kind and header.get("kind") != kind:
        raise InputError(f"checkpoint: {file} holds a {header.get('kind')} checkpoint, expected a {kind} checkpoint")
    if bad := name_not_finite(tensors):
        raise InputError(f"checkpoint: {file} holds weights that are not finite ({bad}); take an earlier one")
    if "sha256" not in header:
        problem = "has no SHA-256, as files of an early rwlib: damage to its weights would not be noticed"
        warnings.warn(f"checkpoint: {printable(file)} {problem}", stacklevel=2)
    try:
        config = Config.from_dict(json.loads(header["config"]))
        about = dict(json.loads(header["about"]))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:  # the last: nested without end
        raise InputError(f"checkpoint: {file} has a header that cannot be used ({error})") from None
    return tensors, config, about


@contextmanager
def _by_another_name(file: str | os.PathLike[str]) -> Iterator[str | os.PathLike[str]]:
    """Yield a name that safetensors takes: one that is not UTF-8 means no file to it."""
    if os.fsencode(file).decode("utf-8", errors="ignore") == os.fspath(file):
        yield file
    else:
        with open(file, "rb") as opened:
            yield f"/dev/fd/{opened.fileno()}"


def name_not_finite(tensors: Mapping[str, Tensor]) -> str:
    """Return the name of the first weight that is NaN or infinite, empty if there is none.

    Of a run's checkpoint an optimiser's state does not count: a scaler of fp16 gradients lives with infinities.
    """
    whole_run = "rng.cpu" in tensors
    for name, x in tensors.items():
        weight = x.is_floating_point() and not (whole_run and name.startswith(("opt_", "scaler.")))
        if weight and not x.isfinite().all():
            return name
    return ""


def load_weights(module: nn.Module, tensors: Mapping[str, Tensor], *, file: str | os.PathLike[str]) -> None:
    """Copy tensors into a module of the same names and shapes.

    Raises:
        InputError: a name is missing, left over, or of another shape.
    """
    state = module.state_dict()
    problems = [f"{name} is missing" for name in state if name not in tensors]
    problems += [f"{name} is unknown" for name in tensors if name not in state]
    problems += [
        f"{name} is {tuple(tensors[name].shape)}, expected {tuple(x.shape)}"
        for name, x in state.items()
        if name in tensors and tensors[name].shape != x.shape
    ]
    if problems:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise InputError(
            f"checkpoint: {file} does not fit the network: {problems[0]}{more}; check width and region_wise"
        )
    module.load_state_dict({name: x.to(state[name].dtype) for name, x in tensors.items()})


def save_generator(
    file: str | os.PathLike[str],
    G: nn.Module,
    config: Config,
    *,
    half: bool = False,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write a generator's weights, in half precision if wished.

    Half precision takes half the bytes and moves the shipped generator's fillings by 0.015 grey levels of 255 on
    average, 0.1 at most (measured on 16 drawn façades).
    """
    tensors = {name: x.half() if half and x.is_floating_point() else x for name, x in G.state_dict().items()}
    write_checkpoint(file, tensors, kind="generator", config=config, about=about or {})


def load_generator(file: str | os.PathLike[str] | None = None) -> tuple[nn.Module, Config]:
    """Return a generator in evaluation mode, and the configuration it was trained with.

    Args:
        file: a generator checkpoint, or the name of one that ships with rwlib (`"facades128"`); None takes
            `rwlib.shipped.DEFAULT`.

    Raises:
        InputError: see `find_generator`, `read_checkpoint` and `load_weights`.
    """
    file = DEFAULT if file is None else find_generator(file)
    tensors, config, _ = read_checkpoint(file, kind="generator")
    G = new_generator(config)
    load_weights(G, tensors, file=file)
    # Channels last: a quarter faster on a CPU.
    return G.to(memory_format=torch.channels_last).eval().requires_grad_(False), config


def pack_optimiser(prefix: str, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Flatten an optimiser's state to named tensors, `prefix.parameter.key` (learning rates are the schedule's)."""
    state = optimiser.state_dict()["state"]
    return {f"{prefix}.{i}.{key}": torch.as_tensor(x) for i, entry in state.items() for key, x in entry.items()}


def unpack_optimiser(prefix: str, optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Restore what `pack_optimiser` flattened."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, x in tensors.items():
        if name.startswith(prefix + "."):
            i, key = name.removeprefix(prefix + ".").split(".")
            state.setdefault(int(i), {})[key] = x
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
