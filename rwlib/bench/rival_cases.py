r"""The other methods' generators beside straight ports of their graphs, at the widths of their papers."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from rwlib.bench import rival_ports
from rwlib.bench.case import TOLERANCE, Pair, Side, channels_last, image_and_mask, seeded
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
    compared: Callable[[Any], dict[str, Tensor]]
    """From what either side makes to its predictions, by name."""
    gradient_tolerance: float = TOLERANCE
    """How far their gradients may be: where a rounding turns the sign of what a ReLU gets, by some hundredths."""


def stages(out: Any) -> dict[str, Tensor]:
    """Return both predictions of CA and of gated convolution."""
    return {"I_p1": out.I_p1, "I_p2": out.I_p2}


RIVALS = {
    "pconv": Rival(lambda size_px: PConvUNet(64, levels_for(size_px)), rival_ports.pconv, lambda out: {"I_p": out[0]}),
    "ca": Rival(lambda size_px: CAGenerator(32, "program"), rival_ports.coarse_to_fine, stages),
    "gated": Rival(lambda size_px: GatedGenerator(48, "program"), rival_ports.coarse_to_fine, stages),
    "ec": Rival(lambda size_px: EdgeConnect(64), rival_ports.ec, lambda out: {"I_p": out[0]}, 0.1),
    "pic": Rival(
        lambda size_px: PICGenerator(32, form="program"),
        rival_ports.pic,
        lambda out: {"I_p": out if isinstance(out, Tensor) else out.I_p},
        gradient_tolerance=0.1,
    ),
}
"""Name in `Config.model` → generator and port."""


def damp(name: str, G: nn.Module) -> None:
    """Halve gated convolution's random weights; those of the other methods stay as they are.

    As drawn, its maps grow until a rounding decides which patches its attention takes.
    """
    if name == "gated":
        for parameter in G.parameters():
            parameter.data.mul_(0.5)


def rival_pair(name: str, size_px: int, b: int, *, backward: bool = False, device: torch.device) -> Pair:
    """Build a method's generator with random weights; backward to every weight that has a share in its prediction.

    It stands in evaluation mode: no spectral norm moves, and batch normalisation takes no statistics.
    """
    I_gt, M = image_and_mask(size_px, b, device)
    rival = RIVALS[name]
    G = channels_last(seeded(partial(rival.make, size_px)).to(device).eval())
    damp(name, G)

    def side_of(G: Any, forward: Callable[[Tensor, Tensor], Any], I_gt: Tensor) -> Side:
        def call() -> Mapping[str, Tensor]:
            with torch.set_grad_enabled(backward):
                pictures = rival.compared(forward(I_gt, M))
            if not backward:
                return pictures
            loss = sum((I_p - I_gt).square().mean() for I_p in pictures.values())
            names, parameters = zip(*G.named_parameters(), strict=True)
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
            grads = {name: x for name, x in zip(names, gradients, strict=True) if x is not None}
            return {picture: x.detach() for picture, x in pictures.items()} | grads

        return call

    plain = plain_copy(G)
    return Pair(side_of(G, G, channels_last(I_gt)), side_of(plain, partial(rival.port, plain), I_gt))
