r"""Players of a method: how they are made, and what the loop asks of them by their names alone.

A method's players are a NamedTuple of networks and optimisers. `vgg` is frozen, `ema` an average of weights; the names
of discriminators begin with `D`; `opt_X` is the optimiser of X. `rwlib.training.step.Players` are those of the paper's,
`TwoPlayers` those of rivals that have one generator, one discriminator and no loss network.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from rwlib.config import Config
from rwlib.networks.discriminator import RegionWiseDiscriminator
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.networks.vgg import VGGFeatures
from rwlib.training.step import Losses, Players


class TwoPlayers(NamedTuple):
    """A generator and a discriminator, and what updates them."""

    G: nn.Module
    D: nn.Module
    opt_G: torch.optim.Optimizer
    opt_D: torch.optim.Optimizer
    ema: AveragedModel | None = None


def two_players(G: nn.Module, D: nn.Module, config: Config) -> TwoPlayers:
    """Give two networks their optimisers."""
    return TwoPlayers(G, D, adam(G, config), adam(D, config, decay=False))


def region_wise_players(config: Config) -> Players:
    """Make the paper's networks with fresh weights, and their optimisers."""
    G, D = RegionWiseGenerator.from_config(config), RegionWiseDiscriminator.from_config(config)
    vgg = VGGFeatures(config.vgg, size_px=config.vgg_size_px)
    return Players(G, D, vgg, adam(G, config), adam(D, config, decay=False))


def adam(network: nn.Module, config: Config, *, decay: bool = True) -> torch.optim.Optimizer:
    """Return a network's optimiser; `decay` takes `config.weight_decay` of its weights away per step."""
    options = {"lr": config.learning_rate, "betas": config.betas}
    if decay:
        return torch.optim.AdamW(network.parameters(), **options, weight_decay=config.weight_decay)
    return torch.optim.Adam(network.parameters(), **options)


def weighted_sum(losses: Losses, config: Config) -> Tensor:
    """Add up the losses of a rival's generator, each with its weight (`Config.loss_weights`)."""
    weights = config.loss_weights()
    return torch.stack([weights[name] * x for name, x in losses.items() if weights[name]]).sum()


def networks_of(players: Any) -> dict[str, nn.Module]:
    """Return the networks that training changes, by name."""
    return {name: x for name, x in players._asdict().items() if isinstance(x, nn.Module) and name != "vgg"}


def optimisers_of(players: Any) -> dict[str, torch.optim.Optimizer]:
    """Return the optimisers by name, without what a launcher wraps around them."""
    optimisers = {name: getattr(x, "optimizer", x) for name, x in players._asdict().items()}
    return {name: x for name, x in optimisers.items() if isinstance(x, torch.optim.Optimizer)}
