r"""Checkpoints of a run: all that is needed to go on from them, bit for bit on a CPU.

    training.safetensors           the newest
    older/step_000400.safetensors  those before it, the last few

What a run trains is a NamedTuple of networks and optimisers (`rwlib.training.step.Players` for the paper's method).
Every network in it is saved under its field's name but the frozen loss network, every optimiser under its own.
"""

import contextlib
import json
import math
import os
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rwlib.checkpoints import (
    DamagedError,
    load_weights,
    name_not_finite,
    pack_optimiser,
    read_checkpoint,
    unpack_optimiser,
    write_checkpoint,
)
from rwlib.config import Config
from rwlib.conventions import InputError
from rwlib.files import cannot_write
from rwlib.training.players import networks_of, optimisers_of
from rwlib.training.run_folder import BEST, OLDER, STATE, by_step

# These do not change what is learned, so a resumed run may have others.
FREE = {"workers", "checkpoint_every", "sample_every", "channels_last"}


def save_state(
    run_dir: Path, tensors: Mapping[str, Tensor], config: Config, about: Mapping[str, Any], keep: int
) -> None:
    """Write `training.safetensors`; the one before it goes to `older/`, where the last `keep - 1` stay.

    Raises:
        InputError: a weight is not finite (the old checkpoints stay), or the disk is full.
    """
    refuse_not_finite(tensors, about["step"])
    file, older = run_dir / STATE, run_dir / OLDER
    aside = None
    if keep > 1 and file.exists():
        aside = older / f".{os.getpid()}.part"
        try:
            older.mkdir(exist_ok=True)
            aside.unlink(missing_ok=True)
            try:
                os.link(file, aside)  # the same bytes under a second name; the first one is never missing
            except OSError:  # a file system without links
                shutil.copyfile(file, aside)
        except OSError as error:
            raise cannot_write(aside, error, "run_dir") from None
    try:
        write_checkpoint(file, tensors, kind="training", config=config, about=about)
    except InputError:
        if aside is not None:
            aside.unlink(missing_ok=True)
        raise
    if aside is not None:
        _put_aside(aside)
        _drop_oldest(older, keep)


def _put_aside(aside: Path) -> None:
    """Give the checkpoint before the newest one its name in `older/`."""
    try:
        os.replace(aside, aside.with_name(f"step_{read_step(aside):06d}.safetensors"))
    except (ValueError, KeyError, TypeError):  # it was damaged, and is not worth keeping
        aside.unlink()


def _drop_oldest(older: Path, keep: int) -> None:
    for old in _oldest_first(older)[: max(0, len(_oldest_first(older)) - (keep - 1))]:
        old.unlink()


def refuse_not_finite(tensors: Mapping[str, Tensor], step: int) -> None:
    """Raise an `InputError` for a weight that is not finite, before anything of a checkpoint is written."""
    if bad := name_not_finite(tensors):
        raise InputError(f"training: after step {step} {bad} is not finite; no checkpoint was written")


def _oldest_first(older: Path) -> list[Path]:
    return by_step(older.glob("step_*.safetensors"))


def step_of(file: Path, about: Mapping[str, Any]) -> int:
    """Return the step that a training checkpoint's remarks name.

    Raises:
        InputError: they name none.
    """
    step = about.get("step")
    if type(step) is not int or step < 0:
        raise InputError(f"checkpoint: {file} does not say its step; go on from an older one, or start anew")
    return step


def read_step(file: Path) -> int:
    """Return the step of a training checkpoint from its header alone."""
    with open(file, "rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
        return int(json.loads(json.loads(opened.read(size))["__metadata__"]["about"])["step"])


def _newest_first(run_dir: Path) -> list[Path]:
    """Return the checkpoints that are there.

    Raises:
        InputError: a disk does not say whether one is; going on from the one before it would lose work.
    """
    found = []
    for file in (run_dir / STATE, *reversed(_oldest_first(run_dir / OLDER))):
        try:
            os.stat(file)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise InputError(f"checkpoint: {file} cannot be opened ({error.strerror}); try again") from None
        found.append(file)
    return found


def newest_state(run_dir: Path) -> tuple[Path, dict[str, Tensor], Config, dict[str, Any]] | None:
    """Read the newest checkpoint that is whole, with a warning for each newer one that is damaged.

    A checkpoint that is whole but not understood (by a newer rwlib, on a disk that does not answer) is no reason to go
    on from an older one: that is an error, and nothing is touched.

    Args:
        run_dir: folder of the run.

    Returns:
        Its file, tensors, configuration and remarks; None where no run has left one.

    Raises:
        InputError: there are checkpoints and all are damaged, or one is not understood or cannot be looked at.
    """
    found = _newest_first(run_dir)
    for file in found:
        try:
            state = read_checkpoint(file, kind="training")
        except DamagedError as error:
            if file == found[-1]:
                raise
            warnings.warn(f"{error}; going on from the checkpoint before it", stacklevel=2)
            continue
        return (file, *state)
    return None


def tidy(run_dir: Path, used: Path | None, keep: int) -> None:
    """Set damaged checkpoints aside, and end or remove what a process that was killed while it wrote has left.

    To be called by one process, once all have read. Runs in folders below this one keep what they are writing.

    Args:
        run_dir: folder of the run.
        used: the checkpoint that `newest_state` has read; what is newer is renamed to `NAME.damaged`.
        keep: see `save_state`, which may have been killed between the newest checkpoint and the one before it.

    Raises:
        OSError: something cannot be renamed or removed.
    """
    newest_first = _newest_first(run_dir)
    for damaged in newest_first[: newest_first.index(used)] if used else ():
        damaged.replace(damaged.with_name(f"{damaged.name}.damaged"))
    if used == run_dir / STATE and keep > 1:
        for aside in (run_dir / OLDER).glob(".*.part"):
            with contextlib.suppress(InputError):  # a copy that was not yet whole
                *_, about = read_checkpoint(aside, kind="training")
                if step_of(aside, about) != read_step(used):  # the newest one was written, and this one not yet named
                    _put_aside(aside)
        _drop_oldest(run_dir / OLDER, keep)
    for folder in (run_dir, run_dir / "samples", run_dir / OLDER):
        for left_over in folder.glob(".*.part*"):
            left_over.unlink()


def pack_state(players: Any, scaler: Any = None) -> dict[str, Tensor]:
    """Name every tensor that a resumed run needs.

    Args:
        players: NamedTuple of networks, not wrapped, and optimisers.
        scaler: of fp16 gradients, or None.
    """
    tensors = {
        f"{name}.{key}": x for name, network in networks_of(players).items() for key, x in network.state_dict().items()
    }
    for name, optimiser in optimisers_of(players).items():
        tensors |= pack_optimiser(name, optimiser)
    if scaler is not None:
        tensors |= {f"scaler.{key}": torch.tensor(float(x)) for key, x in scaler.state_dict().items()}
    tensors["rng.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["rng.cuda"] = torch.cuda.get_rng_state()
    return tensors


def unpack_state(
    players: Any, config: Config, file: Path, tensors: Mapping[str, Tensor], saved: Config, scaler: Any = None
) -> None:
    """Put back what `pack_state` named.

    Raises:
        InputError: the run was started with other settings, or the checkpoint lacks something.
    """
    if config.model != saved.model:
        raise InputError(
            f"model: the run in {file.parent} trains {saved.model}, not {config.model}; choose another run folder"
        )
    ours, theirs = json.loads(config.to_json()), json.loads(saved.to_json())
    if differing := [name for name in ours if ours[name] != theirs[name] and name not in FREE]:
        changes = ", ".join(f"{name} {theirs[name]} -> {ours[name]}" for name in differing)
        raise InputError(
            f"config: the run in {file.parent} was started with other settings ({changes}); keep them, or start "
            f"another run from its generator: --run-dir NEW --init {file.parent / 'generator.safetensors'}"
        )
    for name, network in networks_of(players).items():
        load_weights(network, below(name, tensors), file=file)
    optimisers = optimisers_of(players)
    # In phase one the discriminator's has no state yet, and in fp16 the first steps may all be skipped.
    if scaler is None and not any(below(name, tensors) for name in optimisers if not name.startswith("opt_D")):
        raise InputError(f"checkpoint: {file} lacks the optimisers' state; go on from an older one, or start anew")
    for name, optimiser in optimisers.items():
        if not _unpacked(name, optimiser, tensors):
            raise InputError(f"checkpoint: {file} has no whole state of {name}; go on from an older one, or start anew")
    if scaler is not None and scaler.is_enabled():
        state = scaler.state_dict()  # floats and whole numbers, which it insists on
        saved_state = {key: type(x)(tensors[f"scaler.{key}"]) for key, x in state.items() if f"scaler.{key}" in tensors}
        scaler.load_state_dict(state | saved_state)
    if "rng.cpu" not in tensors:
        raise InputError(f"checkpoint: {file} lacks the state of the random numbers; go on from an older one")
    torch.set_rng_state(tensors["rng.cpu"])
    if "rng.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["rng.cuda"])


def _unpacked(name: str, optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> bool:
    """Restore an optimiser; return whether all that it has of each parameter fits."""
    try:
        unpack_optimiser(name, optimiser, tensors)
    except (KeyError, ValueError):  # a part is missing, or has a name that `pack_optimiser` does not give
        return False
    return all(
        isinstance(parameter, Tensor)
        and entry.keys() == {"step", "exp_avg", "exp_avg_sq"}
        and entry["exp_avg"].shape == entry["exp_avg_sq"].shape == parameter.shape
        for parameter, entry in optimiser.state.items()
    )


def below(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a network or an optimiser, without its name."""
    return {key.removeprefix(name + "."): x for key, x in tensors.items() if key.startswith(name + ".")}


def best_so_far(run_dir: Path) -> float:
    """Return the held-out PSNR, in dB, of the best generator that a run has left; minus infinity if there is none."""
    try:
        return float(read_checkpoint(run_dir / BEST, kind="generator")[2]["val_hole_psnr"])
    except (InputError, KeyError):
        return -math.inf
