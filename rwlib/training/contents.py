r"""What a checkpoint of a run holds: all that is needed to go on from it, bit for bit on a CPU.

What a run trains is a NamedTuple of networks and optimisers (`rwlib.training.step.Players` for the paper's method).
Every network in it is saved under its field's name but the frozen loss network, every optimiser under its own.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rwlib.checkpoints import load_weights, pack_optimiser, unpack_optimiser
from rwlib.config import Config
from rwlib.conventions import InputError
from rwlib.training.players import networks_of, optimisers_of

FREE = {"workers", "checkpoint_every", "sample_every", "channels_last"}
"""Settings that do not change what is learned, so a resumed run may have others."""


def pack_state(players: Any, scaler: Any = None) -> dict[str, Tensor]:
    """Name every tensor that a resumed run needs.

    Args:
        players: NamedTuple of networks, not wrapped, and optimisers.
        scaler: of fp16 gradients, or None.
    """
    tensors = {
        f"{name}.{key}": x for name, network in networks_of(players).items() for key, x in network.state_dict().items()
    }
    for name, optimiser in optimisers_of(players).items():
        tensors |= pack_optimiser(name, optimiser)
    if scaler is not None:
        tensors |= {f"scaler.{key}": torch.tensor(float(x)) for key, x in scaler.state_dict().items()}
    tensors["rng.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["rng.cuda"] = torch.cuda.get_rng_state()
    return tensors


def unpack_state(
    players: Any, config: Config, file: Path, tensors: Mapping[str, Tensor], saved: Config, scaler: Any = None
) -> None:
    """Put back what `pack_state` named.

    Raises:
        InputError: the run was started with other settings, or the checkpoint lacks something.
    """
    if config.model != saved.model:
        raise InputError(
            f"model: the run in {file.parent} trains {saved.model}, not {config.model}; choose another run folder"
        )
    ours, theirs = json.loads(config.to_json()), json.loads(saved.to_json())
    if differing := [name for name in ours if ours[name] != theirs[name] and name not in FREE]:
        changes = ", ".join(f"{name} {theirs[name]} -> {ours[name]}" for name in differing)
        raise InputError(
            f"config: the run in {file.parent} was started with other settings ({changes}); keep them, or start "
            f"another run from its generator: --run-dir NEW --init {file.parent / 'generator.safetensors'}"
        )
    for name, network in networks_of(players).items():
        load_weights(network, below(name, tensors), file=file)
    optimisers = optimisers_of(players)
    # In phase one the discriminator's has no state yet, and in fp16 the first steps may all be skipped.
    if scaler is None and not any(below(name, tensors) for name in optimisers if not name.startswith("opt_D")):
        raise InputError(f"checkpoint: {file} lacks the optimisers' state; go on from an older one, or start anew")
    for name, optimiser in optimisers.items():
        if not _unpacked(name, optimiser, tensors):
            raise InputError(f"checkpoint: {file} has no whole state of {name}; go on from an older one, or start anew")
    if scaler is not None and scaler.is_enabled():
        state = scaler.state_dict()  # floats and whole numbers, which it insists on
        saved_state = {key: type(x)(tensors[f"scaler.{key}"]) for key, x in state.items() if f"scaler.{key}" in tensors}
        scaler.load_state_dict(state | saved_state)
    if "rng.cpu" not in tensors:
        raise InputError(f"checkpoint: {file} lacks the state of the random numbers; go on from an older one")
    torch.set_rng_state(tensors["rng.cpu"])
    if "rng.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["rng.cuda"])


def _unpacked(name: str, optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> bool:
    """Restore an optimiser; return whether all that it has of each parameter fits."""
    try:
        unpack_optimiser(name, optimiser, tensors)
    except (KeyError, ValueError):  # a part is missing, or has a name that `pack_optimiser` does not give
        return False
    return all(
        isinstance(parameter, Tensor)
        and entry.keys() == {"step", "exp_avg", "exp_avg_sq"}
        and entry["exp_avg"].shape == entry["exp_avg_sq"].shape == parameter.shape
        for parameter, entry in optimiser.state.items()
    )


def below(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a network or an optimiser, without its name."""
    return {key.removeprefix(name + "."): x for key, x in tensors.items() if key.startswith(name + ".")}
