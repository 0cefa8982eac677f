r"""The other methods' generators beside straight ports of their graphs, at the widths of their papers."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rwlib.bench import rival_ports
from rwlib.bench.case import Pair, Side, channels_last, image_and_mask, seeded
from rwlib.bench.straight_port import plain_copy
from rwlib.networks.rivals.ca import CAGenerator
from rwlib.networks.rivals.ec import EdgeConnect
from rwlib.networks.rivals.gated import GatedGenerator
from rwlib.networks.rivals.pconv import PConvUNet, levels_for
from rwlib.networks.rivals.pic import PICGenerator


class Rival(NamedTuple):
    """How a method's generator is made, and its straight port."""

    make: Callable[[int], Any]
    """From the side of the picture to a generator, in the form of its program where that differs from the paper."""
    port: Callable[[Any, Tensor, Tensor], Any]
    """From generator, I_gt and M to what it makes."""
    compared: Callable[[Any], Mapping[str, Tensor]]
    """From what either side makes to named tensors."""


def stages(out: Any) -> Mapping[str, Tensor]:
    """Return both predictions of CA and of gated convolution."""
    return {"I_p1": out.I_p1, "I_p2": out.I_p2}


RIVALS = {
    "pconv": Rival(lambda size_px: PConvUNet(64, levels_for(size_px)), rival_ports.pconv, lambda out: {"I_p": out[0]}),
    "ca": Rival(lambda size_px: CAGenerator(32, "program"), rival_ports.coarse_to_fine, stages),
    "gated": Rival(lambda size_px: GatedGenerator(48, "program"), rival_ports.coarse_to_fine, stages),
    "ec": Rival(lambda size_px: EdgeConnect(64), rival_ports.ec, lambda out: {"I_p": out[0]}),
    "pic": Rival(
        lambda size_px: PICGenerator(32, form="program"),
        rival_ports.pic,
        lambda out: {"I_p": out if isinstance(out, Tensor) else out.I_p},
    ),
}
"""Name in `Config.model` → generator and port."""


def rival_pair(name: str, size_px: int, b: int, *, device: torch.device) -> Pair:
    """Build a method's generator with random weights, in evaluation mode, forward only."""
    I_gt, M = image_and_mask(size_px, b, device)
    rival = RIVALS[name]
    G = channels_last(seeded(partial(rival.make, size_px)).to(device).eval())

    def side_of(forward: Callable[[Tensor, Tensor], Any], I_gt: Tensor) -> Side:
        @torch.no_grad()
        def call() -> Mapping[str, Tensor]:
            return rival.compared(forward(I_gt, M))

        return call

    return Pair(side_of(G, channels_last(I_gt)), side_of(partial(rival.port, plain_copy(G)), I_gt))
