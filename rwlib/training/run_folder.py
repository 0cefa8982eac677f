r"""A run's folder: what training writes there.

    run.json                       configuration, data, versions, commit; process and status
    curves.csv                     one row per step (`rwlib.training.curves`)
    samples/step_000500.png        rows of pictures: I_in, I_p1, I_c1, I_p2, I_c2, I_gt
    training.safetensors           everything needed to go on (`rwlib.training.contents`)
    older/step_000400.safetensors  the same of the checkpoints before, the last few
    generator.safetensors          the generator alone (its moving average where there is one), to inpaint with
    best.safetensors               the generator that was best on validation photographs, where there are any

Every file is written beside its place and renamed, so a run that is killed at any moment, while it writes too, leaves
the last checkpoint whole.
"""

import json
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rwlib import __version__
from rwlib.files import replacing, write_text

STATE, GENERATOR, BEST, OLDER = "training.safetensors", "generator.safetensors", "best.safetensors", "older"


def by_step(files: Iterable[Path]) -> list[Path]:
    """Sort files `step_NUMBER.ENDING` by their numbers; others are left out.

    As text, step 1,000,000 would come before step 999,000.
    """
    steps = {file: file.stem.removeprefix("step_") for file in files}
    return sorted((file for file, step in steps.items() if step.isdecimal()), key=lambda file: int(steps[file]))


def write_record(run_dir: Path, **values: Any) -> None:
    """Write or renew entries of `run.json`, all or nothing."""
    record = read_record(run_dir) | values
    write_text(run_dir / "run.json", json.dumps(record, indent=2) + "\n", "run_dir")


def read_record(run_dir: str | Path) -> dict[str, Any]:
    """Read `run.json`; an empty dictionary where there is none, or none that can be read."""
    try:
        record = json.loads((Path(run_dir) / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # the last one is JSON that is nested without end
        return {}
    return record if isinstance(record, dict) else {}


def this_process() -> dict[str, Any]:
    """Return who trains: process number, machine, command line."""
    return {"pid": os.getpid(), "host": socket.gethostname(), "command": sys.argv, "started": time.time()}


def versions() -> dict[str, Any]:
    """Return what a run was made with: versions and, in a git checkout, the commit."""
    numbers = {"rwlib": __version__, "torch": torch.__version__, "torchvision": metadata.version("torchvision")}
    numbers["python"] = platform.python_version()
    # Only looking: git would else renew its index, and a run that is ended meanwhile leave `index.lock` behind.
    command = ["git", "--no-optional-locks", "describe", "--always", "--dirty"]
    try:
        git = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    except OSError:  # no git here
        return numbers
    return numbers | ({"commit": git.stdout.strip()} if git.returncode == 0 else {})


@torch.no_grad()
def save_samples(G: nn.Module, I_gt: Tensor, M: Tensor, file: Path) -> None:
    """Write a grid with one row per image: I_in, what the generator makes on the way, I_gt.

    Missing pixels of I_in are white. For the region-wise model: I_in, I_p1, I_c1, I_p2, I_c2, I_gt; for EdgeConnect:
    I_in, C_c (its edges), I_p, I_c, I_gt.
    """
    from torchvision.utils import make_grid, save_image  # slow to import, because it loads torch's compiler

    was_training = G.training
    out = G.eval()(I_gt, M)
    G.train(was_training)
    edges = [2 * x - 1 for name, x in out._asdict().items() if name.startswith("C_")]  # [0, 1] to [-1, 1]
    columns = [I_gt * M + (1 - M), *edges, *(getattr(out, name) for name in pictures_of(out)), I_gt]
    rows = torch.stack([x.float().expand_as(I_gt) for x in columns], dim=1).flatten(0, 1).cpu()
    with replacing(file, "run_dir") as opened:
        grid = make_grid(rows, nrow=len(columns), padding=2, normalize=True, value_range=(-1, 1))
        save_image(grid, opened, format="png")


def pictures_of(out: Any) -> list[str]:
    """Return the names of the pictures in what a generator returns, in the order in which they are made.

    Args:
        out: NamedTuple, or its class, whose pictures have names that begin with `I_`: (b, 3, h, w) or (b, 1, h, w).
    """
    return [name for name in out._fields if name.startswith("I_")]
