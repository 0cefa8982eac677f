r"""Checkpoints of a run: which are there, which is whole, and what goes when a new one is written.

    training.safetensors           the newest
    older/step_000400.safetensors  those before it, the last few

What one holds: `rwlib.training.contents`.
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

from torch import Tensor

from rwlib.checkpoints import DamagedError, name_not_finite, read_checkpoint, write_checkpoint
from rwlib.config import Config
from rwlib.conventions import InputError
from rwlib.files import cannot_write
from rwlib.training.run_folder import BEST, OLDER, STATE, by_step


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
    files = []
    for file in (run_dir / STATE, *reversed(_oldest_first(run_dir / OLDER))):
        try:
            os.stat(file)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise InputError(f"checkpoint: {file} cannot be opened ({error.strerror}); try again") from None
        files.append(file)
    return files


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
    newest_first = _newest_first(run_dir)
    for file in newest_first:
        try:
            state = read_checkpoint(file, kind="training")
        except DamagedError as error:
            if file == newest_first[-1]:
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


def best_so_far(run_dir: Path) -> float:
    """Return the held-out PSNR, in dB, of the best generator that a run has left; minus infinity if there is none."""
    try:
        return float(read_checkpoint(run_dir / BEST, kind="generator")[2]["val_hole_psnr"])
    except (InputError, KeyError):
        return -math.inf
