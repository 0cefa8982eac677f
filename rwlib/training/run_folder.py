r"""A run's folder: what training writes there, and how a run goes on from it after anything.

    run.json                       configuration, data, versions, commit; process and status
    curves.csv                     a row a step: losses, learning rate, milliseconds of each part
    samples/step_000500.png        rows of I_in, I_p1, I_c1, I_p2, I_c2, I_gt
    training.safetensors           everything needed to go on
    older/step_000400.safetensors  the same of the checkpoints before, the last few
    generator.safetensors          the generator alone (its moving average where there is one), to inpaint with
    best.safetensors               the generator that was best on validation photographs, where there are any

Every file is written beside its place and renamed, so a run that is killed at any moment, while it writes too, leaves
the last checkpoint whole. `signal_watch` turns SIGTERM, SIGINT and SIGUSR1 (a cluster's warning) into a question
that the training loop asks after each step.
"""

import contextlib
import csv
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torchvision.utils import make_grid, save_image

from rwlib import __version__
from rwlib.checkpoints import load_weights, pack_optimiser, read_checkpoint, unpack_optimiser, write_checkpoint
from rwlib.config import Config
from rwlib.conventions import InputError

STATE, GENERATOR, BEST, OLDER = "training.safetensors", "generator.safetensors", "best.safetensors", "older"
# These do not change what is learned, so a resumed run may have others.
FREE = {"workers", "checkpoint_every", "sample_every", "channels_last"}


# --- run.json


def write_record(run_dir: Path, **values: Any) -> None:
    """Write or renew entries of `run.json`, all or nothing."""
    file = run_dir / "run.json"
    record = read_record(run_dir) | values
    part = file.with_name(f".run.json.{os.getpid()}.part")
    part.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    os.replace(part, file)


def read_record(run_dir: str | Path) -> dict[str, Any]:
    """Read `run.json`; an empty dictionary where there is none, or none that can be read."""
    try:
        record = json.loads((Path(run_dir) / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def this_process() -> dict[str, Any]:
    """Return who trains: process number, machine, command line."""
    return {"pid": os.getpid(), "host": socket.gethostname(), "command": sys.argv, "started": time.time()}


def versions() -> dict[str, Any]:
    """Return what a run was made with: versions and, in a git checkout, the commit."""
    found = {"rwlib": __version__, "torch": torch.__version__, "torchvision": torchvision.__version__}
    found["python"] = platform.python_version()
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return found | ({"commit": asked.stdout.strip()} if asked.returncode == 0 else {})


# --- checkpoints


def save_state(
    run_dir: Path, tensors: Mapping[str, Tensor], config: Config, about: Mapping[str, Any], keep: int
) -> None:
    """Write `training.safetensors`; the one before it goes to `older/`, where the last `keep - 1` stay.

    Raises:
        InputError: a weight is not finite (the old checkpoints stay), or the disk is full.
    """
    bad = [name for name, x in tensors.items() if name.startswith(("G.", "D.", "ema.")) and not _finite(x)]
    if bad:
        raise InputError(f"training: after step {about['step']} {bad[0]} is not finite; no checkpoint was written")
    file, older = run_dir / STATE, run_dir / OLDER
    aside = None
    if keep > 1 and file.exists():
        older.mkdir(exist_ok=True)
        aside = older / f".{os.getpid()}.part"
        aside.unlink(missing_ok=True)
        try:
            os.link(file, aside)  # the same bytes under a second name; the first one is never missing
        except OSError:  # a file system without links
            shutil.copyfile(file, aside)
    try:
        write_checkpoint(file, tensors, kind="training", config=config, about=about)
    except InputError:
        if aside is not None:
            aside.unlink(missing_ok=True)
        raise
    if aside is not None:
        try:
            os.replace(aside, older / f"step_{read_step(aside):06d}.safetensors")
        except (ValueError, KeyError, TypeError):  # the one before was damaged, and is not worth keeping
            aside.unlink()
        for old in sorted(older.glob("step_*.safetensors"))[: -(keep - 1)]:
            old.unlink()


def read_step(file: Path) -> int:
    """Return the step of a training checkpoint from its header alone."""
    with open(file, "rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
        return int(json.loads(json.loads(opened.read(size))["__metadata__"]["about"])["step"])


def _finite(x: Tensor) -> bool:
    return not x.is_floating_point() or bool(x.isfinite().all())


def newest_state(
    run_dir: Path, *, discard: bool = False
) -> tuple[Path, dict[str, Tensor], Config, dict[str, Any]] | None:
    """Read the newest checkpoint that is whole, with a warning for each newer one that is not.

    Args:
        run_dir: folder of the run.
        discard: delete the newer ones that are damaged.

    Returns:
        Its file, tensors, configuration and remarks; None where no run has left one.

    Raises:
        InputError: there are checkpoints and all are damaged.
    """
    found = [run_dir / STATE, *sorted((run_dir / OLDER).glob("step_*.safetensors"), reverse=True)]
    found = [file for file in found if file.exists()]
    for i, file in enumerate(found):
        try:
            state = read_checkpoint(file, kind="training")
        except InputError as error:
            if file == found[-1]:
                raise
            warnings.warn(f"{error}; going on from the checkpoint before it", stacklevel=2)
            continue
        for damaged in found[:i] if discard else ():
            damaged.unlink()
        return (file, *state)
    return None


def pack_state(players: Any, scaler: Any = None) -> dict[str, Tensor]:
    """Name every tensor that a resumed run needs.

    Args:
        players: `rwlib.training.step.Players`, not wrapped.
        scaler: of fp16 gradients, or None.
    """
    modules = {"G": players.G, "D": players.D} | ({"ema": players.ema} if players.ema else {})
    tensors = {f"{who}.{name}": x for who, module in modules.items() for name, x in module.state_dict().items()}
    tensors |= pack_optimiser("opt_G", getattr(players.opt_G, "optimizer", players.opt_G))
    tensors |= pack_optimiser("opt_D", getattr(players.opt_D, "optimizer", players.opt_D))
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
        InputError: the run was started with other settings.
    """
    ours, theirs = json.loads(config.to_json()), json.loads(saved.to_json())
    if differing := [name for name in ours if ours[name] != theirs[name] and name not in FREE]:
        changes = ", ".join(f"{name} {theirs[name]} -> {ours[name]}" for name in differing)
        raise InputError(f"config: the run in {file.parent} was started with other settings ({changes}); keep them")
    for who, module in {"G": players.G, "D": players.D, "ema": players.ema}.items():
        if module is not None:
            own = {name.removeprefix(who + "."): x for name, x in tensors.items() if name.startswith(who + ".")}
            load_weights(module, own, file=file)
    unpack_optimiser("opt_G", players.opt_G, tensors)
    unpack_optimiser("opt_D", players.opt_D, tensors)
    if scaler is not None and scaler.is_enabled():
        own = scaler.state_dict()  # floats and whole numbers, which it insists on
        state = {key: type(x)(tensors[f"scaler.{key}"]) for key, x in own.items() if f"scaler.{key}" in tensors}
        scaler.load_state_dict(own | state)
    torch.set_rng_state(tensors["rng.cpu"])
    if "rng.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["rng.cuda"])


def load_init(G: nn.Module, file: str | Path) -> None:
    """Take a generator's weights from a generator checkpoint, or from a training checkpoint (not its average)."""
    tensors, _, _ = read_checkpoint(file)
    if "rng.cpu" in tensors:
        tensors = {name.removeprefix("G."): x for name, x in tensors.items() if name.startswith("G.")}
    load_weights(G, tensors, file=file)


# --- what can be watched


PARTS = ("forward", "losses", "discriminator", "backward", "update")
"""The parts of a step that `PartTimer` tells apart; waiting for data comes before them."""


class PartTimer:
    """Milliseconds of each part of a step.

    On a GPU they are measured by events in its own queue, so that nothing waits for anything; `read` needs a step that
    has come to its end, as after `float(loss)`.
    """

    def __init__(self, device: torch.device) -> None:
        self.cuda = device.type == "cuda"
        self.marks: list[tuple[str, Any]] = []

    def mark(self, part: str) -> None:
        """Say that what was done since the last mark belongs to `part`."""
        if self.cuda:
            now = torch.cuda.Event(enable_timing=True)
            now.record()
        else:
            now = time.perf_counter()
        self.marks.append((part, now))

    def read(self) -> dict[str, float]:
        """Return part → milliseconds, and start anew."""
        spent = dict.fromkeys(PARTS, 0.0)
        for (_, before), (part, after) in zip(self.marks, self.marks[1:], strict=False):
            if part in spent:
                spent[part] += before.elapsed_time(after) if self.cuda else 1000 * (after - before)
        self.marks.clear()
        return {f"ms_{part}": ms for part, ms in spent.items()}


class Curves:
    """Rows of a CSV file; those at or after `first_step` (of a run that stopped after its checkpoint) are dropped."""

    fields = ("step", "phase", "L", "L_r", "L_c", "L_s", "L_a", "L_D", "D_gt", "D_p2", "val_hole_psnr",
              "learning_rate", "dataloader_wait_s", *(f"ms_{part}" for part in PARTS))  # fmt: skip

    def __init__(self, file: Path, first_step: int) -> None:
        kept = []
        if first_step and file.exists():
            with open(file, newline="") as old:
                for row in csv.DictReader(old):
                    # A row that was cut off when the process was killed has no whole number, or not all its fields.
                    whole = None not in row and None not in row.values() and (row.get("step") or "").isdigit()
                    kept += [row] if whole and int(row["step"]) < first_step else []
        part = file.with_name(f".{file.name}.{os.getpid()}.part")
        with open(part, "w", newline="") as new:
            # A run of an older version has other columns: what is missing stays empty, what is gone is left out.
            rows = csv.DictWriter(new, self.fields, extrasaction="ignore")
            rows.writeheader()
            rows.writerows(kept)
        os.replace(part, file)
        self.file = open(file, "a", newline="", buffering=1)  # noqa: SIM115 (closed by close)
        self.rows = csv.DictWriter(self.file, self.fields)

    def write(self, row: Mapping[str, float]) -> None:
        """Add a row."""
        self.rows.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})

    def close(self) -> None:
        """Close the file."""
        self.file.close()


@torch.no_grad()
def save_samples(G: nn.Module, I_gt: Tensor, M: Tensor, file: Path) -> None:
    """Write a grid with a row an image: I_in, I_p1, I_c1, I_p2, I_c2, I_gt (missing pixels of I_in are white)."""
    was_training = G.training
    out = G.eval()(I_gt, M)
    G.train(was_training)
    I_in = I_gt * M + (1 - M)
    rows = torch.stack([I_in, out.I_p1, out.I_c1, out.I_p2, out.I_c2, I_gt], dim=1).flatten(0, 1).float().cpu()
    part = file.with_name(f".{file.stem}.{os.getpid()}.part.png")
    save_image(make_grid(rows, nrow=6, padding=2, normalize=True, value_range=(-1, 1)), part)
    os.replace(part, file)


# --- stopping

STOPPING = ("SIGTERM", "SIGINT", "SIGUSR1")


@contextlib.contextmanager
def signal_watch() -> Iterator[Callable[[], str]]:
    """Yield a function that names the signal that has come ("" for none): SIGTERM, SIGINT or SIGUSR1.

    A second signal acts as if nobody watched, so an impatient Ctrl-C still ends a run. Outside the main thread, where
    Python delivers no signals, it always says "".
    """
    came: list[str] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: ""
        return

    def note(number: int, _frame: Any) -> None:
        came.append(signal.Signals(number).name)
        for other, handler in before.items():
            signal.signal(other, handler)

    watched = [getattr(signal, name) for name in STOPPING if hasattr(signal, name)]
    before = {number: signal.signal(number, note) for number in watched}
    try:
        yield lambda: came[0] if came else ""
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_signals_to_training(_worker: int) -> None:
    """Make a process that prepares data ignore what `signal_watch` watches.

    A terminal and a cluster signal all processes of a run; one without data could not finish its step. The process ends
    when it is told to through its queue, or when training is gone.
    """
    for name in STOPPING:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
