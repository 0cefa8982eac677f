r"""Make what a run trains: networks, optimisers, and the moving average of the generator's weights."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from rwlib.config import Config
from rwlib.networks.discriminator import RegionWiseDiscriminator
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.networks.vgg import VGGFeatures
from rwlib.training.state import load_init
from rwlib.training.step import Players


def new_players(config: Config, device: torch.device, *, init: str | Path | None = None) -> Players:
    """Make the networks and optimisers that a configuration describes, from its seed.

    Args:
        config: sizes, seed, learning rate.
        device: where they live.
        init: a generator's or a run's checkpoint to start the generator from.

    Raises:
        InputError: `init` cannot be read, or does not fit the generator.
    """
    torch.manual_seed(config.seed)
    G, D = RegionWiseGenerator.from_config(config), RegionWiseDiscriminator.from_config(config)
    if init is not None:
        load_init(G, init)
    ema = AveragedModel(G, multi_avg_fn=moving_average(config.ema_decay)) if config.ema_decay else None
    vgg = VGGFeatures(config.vgg, size_px=config.vgg_size_px)
    for network in (G, D, vgg, ema):
        if network is not None:
            network.to(device=device, memory_format=memory_format(config))
    if ema is not None:
        ema.n_averaged = ema.n_averaged.cpu()  # a count on a GPU would be waited for in each step
    adam = {"lr": config.learning_rate, "betas": config.betas}
    opt_G = torch.optim.AdamW(G.parameters(), **adam, weight_decay=config.weight_decay)
    opt_D = torch.optim.Adam(D.parameters(), **adam)
    return Players(G, D, vgg, opt_G, opt_D, ema)


def memory_format(config: Config) -> torch.memory_format:
    """Return the order in which pictures and weights lie in memory."""
    return torch.channels_last if config.channels_last else torch.contiguous_format


def moving_average(decay: float) -> Any:
    """Return an exponential moving average for `AveragedModel`, with a warm-up.

    After n updates the decay is at most (1 + n) / (10 + n): without it the average of a short run would still hold the
    random weights of its start (with 0.999, a third of them after 1,000 steps).
    """

    @torch.no_grad()
    def update(averaged: list[Tensor], current: list[Tensor], n_averaged: Tensor | int) -> None:
        n = int(n_averaged)
        torch._foreach_lerp_(averaged, current, 1 - min(decay, (1 + n) / (10 + n)))

    return update
