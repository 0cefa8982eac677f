r"""What surrounds a run, by accelerate: devices, mixed precision, several processes, trackers. And nothing else."""

import json
import os
import time
import uuid
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator, PartialState
from accelerate.state import AcceleratorState
from accelerate.utils import broadcast_object_list

from rwlib.config import Config
from rwlib.conventions import InputError
from rwlib.training.batch_norm import share_batch_norm
from rwlib.training.players import networks_of, optimisers_of
from rwlib.training.run_folder import read_record, write_record

BF16_PAYS = 1.1
"""How many times as fast bf16 has to be to be taken: what is equally fast had better be exact."""

SHAPE = (4, 64, 32, 32)
"""Maps that are convolved for the measurement: (b, c, h, w), as in the middle of the networks."""


@cache
def fastest_precision(device: str) -> str:
    """Measure a convolution such as the networks have many of, forward and backward; return `"bf16"` or `"fp32"`.

    Nothing but measuring tells: processors that know bf16 compute in it up to ten times as fast (AMX) or several times
    as slowly as in float32. It takes a fraction of a second, once per process.

    Args:
        device: `"cpu"`, `"cuda"`, ...
    """
    x = torch.rand(SHAPE, device=device).to(memory_format=torch.channels_last).requires_grad_()
    weight = torch.rand(SHAPE[1], SHAPE[1], 3, 3, device=device).to(memory_format=torch.channels_last).requires_grad_()

    def seconds(bf16: bool) -> float:
        start = time.perf_counter()
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            y = F.conv2d(x, weight, padding=1)
        torch.autograd.grad(y.float().sum(), (x, weight))[1].sum().item()  # `item` waits for a GPU
        return time.perf_counter() - start

    times = [(seconds(True), seconds(False)) for _ in range(4)][1:]  # the first time includes choosing a routine
    bf16, fp32 = (min(column) for column in zip(*times, strict=True))
    return "bf16" if bf16 * BF16_PAYS < fp32 else "fp32"


def new_accelerator(
    config: Config,
    *,
    cpu: bool = False,
    trackers: Sequence[Any] = (),
    run_dir: str | Path | None = None,
    goes_on: bool = False,
) -> Accelerator:
    """Return accelerate's launcher in the configured arithmetic.

    Args:
        config: has the arithmetic.
        cpu: keep it off a GPU; without one it is set anyway.
        trackers: accelerate's names of what shall draw the curves, `"tensorboard"` or `"wandb"`, or trackers.
        run_dir: where a tracker may write.
        goes_on: a run that goes on computes as it began, whatever would be faster here and now.

    Raises:
        InputError: a tracker whose package is not installed, a launcher's processes that do not find each other, or
            fp16 where there is no GPU.
    """
    # Told to, accelerate joins processes on CPUs; otherwise each would train alone, all of them in the same folder.
    cpu = cpu or not torch.accelerator.is_available()
    AcceleratorState._reset_state()  # accelerate would not let a second run in this process change its precision
    precision = config.precision
    if goes_on and precision == "auto" and read_record(run_dir or ".").get("precision") in ("fp32", "bf16", "fp16"):
        precision = read_record(run_dir or ".")["precision"]
    if precision == "auto":  # one process measures for all, which have to agree
        state = PartialState(cpu=cpu)
        precision = broadcast_object_list([fastest_precision(state.device.type) if state.is_main_process else ""])[0]
    precision = {"fp32": "no"}.get(precision, precision)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*no supported trackers")  # the line below says which
            accelerator = Accelerator(
                mixed_precision=precision, cpu=cpu, log_with=list(trackers) or None, project_dir=str(run_dir or ".")
            )
    except ValueError as error:
        raise InputError(f"trackers: {error}") from None
    launched = int(os.environ.get("WORLD_SIZE", 1))
    if accelerator.num_processes != launched:
        raise InputError(
            f"processes: the launcher (WORLD_SIZE) started {launched}, accelerate joined {accelerator.num_processes}; "
            "start them with `accelerate launch` or torchrun"
        )
    if config.precision == "fp16" and accelerator.scaler is None:  # accelerate would compute in float32 without a word
        raise InputError("precision: fp16 needs a GPU; on a CPU use bf16, or fp32")
    ready = {getattr(tracker, "value", "") for tracker in accelerator.log_with}
    if missing := [name for name in trackers if isinstance(name, str) and name not in ready]:
        raise InputError(f"trackers: {missing[0]} is not installed; `pip install {missing[0]}`, or leave it out")
    return accelerator


def start_trackers(accelerator: Accelerator, config: Config, run_dir: Path, *, goes_on: bool) -> None:
    """Give the trackers the configuration; a run that goes on after a stop stays one run at Weights & Biases.

    Raises:
        InputError: a tracker does not start (no login, no network).
    """
    plain = {k: x if isinstance(x, int | float | str) else str(x) for k, x in json.loads(config.to_json()).items()}
    number = read_record(run_dir).get("wandb_id") if goes_on else None
    number = number or uuid.uuid4().hex[:8]
    wandb = {"dir": str(run_dir), "name": run_dir.name, "id": number, "resume": "allow"}
    try:
        accelerator.init_trackers("rwlib", config=plain, init_kwargs={"wandb": wandb})
    except Exception as error:  # each tracker's package has errors of its own
        if accelerator.is_main_process:
            write_record(run_dir, status="failed")
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(f"trackers: {reason[0]} (or leave --track out; WANDB_MODE=offline needs no login)") from None
    if accelerator.is_main_process and "wandb" in {getattr(tracker, "name", "") for tracker in accelerator.trackers}:
        write_record(run_dir, wandb_id=number)


def prepare(players: Any, accelerator: Accelerator) -> Any:
    """Hand the trained networks and their optimisers to accelerate; an average of weights needs no gradients."""
    networks = {name: x for name, x in networks_of(players).items() if name != "ema"}
    for network in networks.values() if accelerator.num_processes > 1 else ():
        share_batch_norm(network)
    handed = networks | optimisers_of(players)
    return players._replace(**dict(zip(handed, accelerator.prepare(*handed.values()), strict=True)))
