r"""The methods that can be trained, by the name in `Config.model`.

A method is a file of networks (`rwlib.networks`) and a file with its step, as `rwlib.training.step` is for the paper's
and `rwlib.training.rivals` has for those that the paper compares itself with. The loop, the checkpoints and the
commands know what stands here and nothing else of a method.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from torch import nn

from rwlib.config import Config
from rwlib.training import players, step
from rwlib.training.rivals import ca, ec, gated, pconv, pic


@dataclass(frozen=True)
class Method:
    """What the loop needs to train a method."""

    new_players: Callable[[Config], Any]
    """From a configuration to a NamedTuple of networks and optimisers, see `rwlib.training.step.Players`."""
    training_step: Callable[..., step.Losses]
    """One iteration of the method's algorithm, see `rwlib.training.step.training_step`."""
    losses: tuple[str, ...]
    """Names of all that a step may return, in the order of the columns of `curves.csv`: `L` and its terms, for players
    that are no discriminators; `L_D...`, which discriminators descend; `D_...`, mean scores."""
    generator: Callable[[Any], nn.Module] = attrgetter("G")
    """From players, not wrapped, to the network that fills: it is saved, averaged, and has `divisor` and
    `fill(I_gt, M) -> I_c`; called, it returns a NamedTuple of its pictures."""


METHODS: dict[str, Method] = {
    "region-wise": Method(
        players.region_wise_players, step.training_step, ("L", "L_r", "L_c", "L_s", "L_a", "L_D", "D_gt", "D_p2")
    ),
    "pconv": Method(pconv.new_players, pconv.training_step, pconv.LOSSES),
    "ca": Method(ca.new_players, ca.training_step, ca.LOSSES),
    "gated": Method(gated.new_players, gated.training_step, gated.LOSSES),
    "ec": Method(ec.new_players, ec.training_step, ec.LOSSES, ec.generator),
    "pic": Method(pic.new_players, pic.training_step, pic.LOSSES),
}
"""Name → method."""
