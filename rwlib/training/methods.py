r"""The methods that can be trained, by the name in `Config.model`.

A method is a file of networks (`rwlib.networks`) and a file with its step, as `rwlib.training.step` is for the paper's.
The loop, the checkpoints and the commands know what stands here and nothing else of a method.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rwlib.training import setup, step


@dataclass(frozen=True)
class Method:
    """What the loop needs to train a method."""

    new_players: Callable[..., Any]
    """From a configuration, a device and `init` to a NamedTuple of networks and optimisers, with `G`, `ema`, `vgg`."""
    training_step: Callable[..., step.Losses]
    """One iteration of the method's algorithm, see `rwlib.training.step.training_step`."""


METHODS: dict[str, Method] = {"region-wise": Method(setup.new_players, step.training_step)}
"""Name → method."""
