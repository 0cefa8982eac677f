"""One training step of each of the other methods beside its straight port (`rwlib.bench.rival_step_ports`)."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from rwlib.bench.case import Pair, channels_last, image_and_mask
from rwlib.bench.rival_cases import damp
from rwlib.bench.rival_step_ports import STEPS
from rwlib.config import make_config
from rwlib.randomness import Stream, make_generator
from rwlib.training import setup
from rwlib.training.launch import new_accelerator, prepare
from rwlib.training.methods import METHODS
from rwlib.training.step import Batch
from rwlib.training.update import Updater

PHASE = {"ec": 3}
"""Model → the phase that is measured, if it is not the first: completion on the edges that the edge network guesses."""


def rival_step_pair(name: str, size_px: int, b: int, *, device: torch.device, **changes: Any) -> Pair:
    """Build one training step of a method, of all its players; each call is the next step of its side's own run.

    Args:
        name: in `Config.model`.
        size_px: side of the pictures.
        b: pictures per step.
        device: where to compute.
        changes: fields of `Config`; the others are those of the method's paper, but CA's generator moves in every step.
    """
    own = {"generator_every": 1, "graph": "program"} if name == "ca" else {}
    own |= {"graph": "program"} if name in ("gated", "pic") else {}
    config = make_config(
        "paper", "full", model=name, size_px=size_px, batch_size=b, precision="fp32", **own | changes
    )  # fmt: skip
    I_gt, M = image_and_mask(size_px, b, device)
    accelerator, phase = new_accelerator(config, cpu=device.type == "cpu"), PHASE.get(name, 1)
    ours = prepare(setup.new_players(config, device), accelerator)
    reference = setup.new_players(replace(config, channels_last=False), device)
    for players in (ours, reference):
        damp(name, METHODS[name].generator(players))
    u = torch.rand(b, 1, 1, 1, generator=make_generator(0, Stream.BENCH, 2)).to(device)

    def normal(k: int, *shape: int) -> Tensor:
        return torch.randn(b, *shape, generator=make_generator(0, Stream.BENCH, 3 + k)).to(device)

    def our_step() -> dict[str, Tensor]:
        update = Updater(accelerator, config, [Batch(channels_last(I_gt), M, u, normal=normal)])
        losses = METHODS[name].training_step(ours, config, phase, 0, update)
        return {name: x for name, x in losses.items() if name.startswith("L")}

    def straight_step() -> dict[str, Tensor]:
        losses = STEPS[name](reference, config, Batch(I_gt, M, u, normal=normal))
        if reference.ema is not None:
            reference.ema.update_parameters(METHODS[name].generator(reference))
        return {name: x.detach() for name, x in losses.items()}

    return Pair(our_step, straight_step)
