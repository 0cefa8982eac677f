r"""Make what a run trains: networks, optimisers, and the moving average of the generator's weights."""

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from rwlib.checkpoints import load_weights, read_checkpoint
from rwlib.config import Config
from rwlib.conventions import InputError
from rwlib.shipped import find_generator
from rwlib.training.contents import below
from rwlib.training.methods import METHODS
from rwlib.training.players import networks_of
from rwlib.training.step import moving_average


def new_players(config: Config, device: torch.device, *, init: str | Path | None = None) -> Any:
    """Make the networks and optimisers that a configuration describes, from its seed.

    Args:
        config: model, sizes, seed, learning rate.
        device: where they live.
        init: a generator's or a run's checkpoint to start the generator from, see `load_init`.

    Returns:
        The method's NamedTuple of players, see `rwlib.training.step.Players`.

    Raises:
        InputError: a side that the model cannot take, or `init` cannot be read, or does not fit the generator.
    """
    torch.manual_seed(config.seed)
    method = METHODS[config.model]
    players = method.new_players(config)
    G = method.generator(players)
    if config.size_px % G.divisor:
        raise InputError(
            f"size_px: expected a multiple of {G.divisor} for {config.model}, got {config.size_px}; take "
            f"{max(1, round(config.size_px / G.divisor)) * G.divisor}"
        )
    if init is not None:
        load_init(players, G, config, init)
    ema = AveragedModel(G, multi_avg_fn=moving_average(config.ema_decay)) if config.ema_decay else None
    players = players._replace(ema=ema)
    for network in players:  # optimisers keep the same parameters, wherever those lie
        if isinstance(network, nn.Module):
            network.to(device=device, memory_format=memory_format(config))
    if ema is not None:
        ema.n_averaged = ema.n_averaged.cpu()  # a count on a GPU would be waited for in each step
    return players


def load_init(players: Any, G: nn.Module, config: Config, file: str | Path) -> None:
    """Take a generator's weights from a generator checkpoint, or from a training checkpoint (not its average).

    Args:
        players: fresh networks.
        G: what a generator checkpoint of them holds.
        config: of the run that begins.
        file: the checkpoint, or the name of a generator that ships with rwlib.

    Raises:
        InputError: it cannot be read, or holds another model or another width.
    """
    file = find_generator(file, "init")
    tensors, saved, _ = read_checkpoint(file)
    if saved.model != config.model:
        raise InputError(
            f"init: {file} holds {saved.model}, this run trains {config.model}; give a checkpoint of that model, or "
            f"choose --model {saved.model}"
        )
    if saved.width != config.width:
        raise InputError(
            f"init: {file} has width {saved.width}, this run {config.width}; give --width {saved.width}, or a "
            "checkpoint of that width"
        )
    if "rng.cpu" not in tensors:
        load_weights(G, tensors, file=file)
        return
    for name, network in networks_of(players).items():
        if name != "ema" and not name.startswith("D"):
            load_weights(network, below(name, tensors), file=file)


def memory_format(config: Config) -> torch.memory_format:
    """Return the order in which pictures and weights lie in memory."""
    return torch.channels_last if config.channels_last else torch.contiguous_format
