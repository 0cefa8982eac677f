"""The networks that `CorrelationExplorer` compares, each loaded when it is first used."""

import copy
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import nn

from rwlib.ablations import ABLATIONS, WEIGHTS, load_ablation
from rwlib.checkpoints import load_generator
from rwlib.conventions import InputError
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.networks.vgg import VGGFeatures

Network = RegionWiseGenerator | str | os.PathLike
"""A generator, a variant's name (`rwlib.ablations.ABLATIONS`), or a checkpoint."""


@torch.no_grad()
def untrained(G: RegionWiseGenerator, seed: int = 0) -> RegionWiseGenerator:
    """Return a copy of a generator with fresh weights, drawn as before a training (Glorot, no biases)."""
    G, generator = copy.deepcopy(G), torch.Generator().manual_seed(seed)
    for parameter in G.parameters():
        nn.init.zeros_(parameter) if parameter.ndim == 1 else nn.init.xavier_uniform_(parameter, generator=generator)
    return G


@cache
def own_size_vgg() -> VGGFeatures:
    """Return VGG for pictures in their own size, in one memory format: equal pixels give equal bits."""
    return VGGFeatures("bundled", size_px=0).to(memory_format=torch.channels_last)


def offered(before: Network | None, after: Network | None) -> dict[str, Callable[[], RegionWiseGenerator]]:
    """Return name → function that loads the network: all that the explorer has a choice of.

    Args:
        before: a network of the user's own, for the left.
        after: likewise, for the right.
    """

    @cache
    def shipped() -> RegionWiseGenerator:
        return load_generator()[0]

    names = [name for name in (before, after) if _is_variant(name)]
    networks = {"untrained": cache(lambda: untrained(shipped())), "shipped": shipped}
    for name in ABLATIONS:
        if name in names or (WEIGHTS / f"{name}.safetensors").is_file():
            networks[name] = cache(lambda name=name: load_ablation(name, WEIGHTS)[0])
    for title, network in (("own, left", before), ("own, right", after)):
        if network is not None and not _is_variant(network):
            networks[title] = cache(lambda network=network: _open(network))
    return networks


def choice_of(given: Network | None, title: str, default: str) -> str:
    """Return the name in `offered` of what was given, `title` if it is no variant's name, or the default."""
    return default if given is None else given if _is_variant(given) else title


def _is_variant(network: Any) -> bool:
    return isinstance(network, str) and network in ABLATIONS


def _open(network: Network) -> RegionWiseGenerator:
    if isinstance(network, RegionWiseGenerator):
        return network.eval()
    if isinstance(network, str | os.PathLike):
        return load_generator(network)[0]
    raise InputError(f"before, after: expected a generator, a variant or a file, got {type(network).__name__}")
