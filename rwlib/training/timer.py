"""How long each part of a step takes, measured from outside by hooks on the networks and optimisers."""

import time
from typing import Any

import torch

from rwlib.training.players import networks_of, optimisers_of

PARTS = ("forward", "losses", "discriminator", "backward", "update")
"""The parts that are told apart; waiting for data comes before them."""


class PartTimer:
    """Milliseconds of each part of a step.

    Whatever happens between two marks belongs to the second one's part: the generator's forward pass to `forward`, a
    discriminator's (and all of the discriminator's own turn) to `discriminator`, VGG and the losses to `losses`, the
    optimisers to `update`. On a GPU the marks are events in its own queue, so that nothing waits for anything; `read`
    needs a step that has come to its end, as after `float(loss)`.
    """

    def __init__(self, device: torch.device) -> None:
        self.cuda = device.type == "cuda"
        self.marks: list[tuple[str, Any]] = []

    def watch(self, players: Any) -> None:
        """Mark the passes of the networks that learn, and the steps of their optimisers.

        Args:
            players: NamedTuple of networks that are not wrapped, and of optimisers; those of discriminators have names
                that begin with `D` and `opt_D`.
        """
        for name, network in networks_of(players).items():
            if name.startswith("D"):
                network.register_forward_pre_hook(lambda *_: self.mark("losses"))
                network.register_forward_hook(lambda *_: self.mark("discriminator"))
            elif name != "ema":
                network.register_forward_hook(lambda *_: self.mark("forward"))
        for name, optimiser in optimisers_of(players).items():
            own_turn = name.startswith("opt_D")
            optimiser.register_step_pre_hook(lambda *_, own_turn=own_turn: self._turn_ends(own_turn))
            optimiser.register_step_post_hook(lambda *_: self.mark("update"))

    def start(self) -> None:
        """Begin a step: samples and validation between two steps belong to no part, nor does what nobody reads."""
        self.marks.clear()
        self.mark("start")

    def mark(self, part: str) -> None:
        """Say that what was done since the last mark belongs to `part`."""
        if self.cuda:
            now = torch.cuda.Event(enable_timing=True)
            now.record()
        else:
            now = time.perf_counter()
        self.marks.append((part, now))

    def _turn_ends(self, discriminators: bool) -> None:
        if discriminators:
            turn = ("losses", "backward")
            self.marks = [("discriminator" if part in turn else part, now) for part, now in self.marks]

    def take(self) -> list[tuple[str, Any]]:
        """Return the marks of a step for a later `read`, and start anew."""
        marks, self.marks = self.marks, []
        return marks

    def read(self, marks: list[tuple[str, Any]] | None = None) -> dict[str, float]:
        """Return part → milliseconds, of the marks that were taken or of those since the start."""
        marks, spent = self.take() if marks is None else marks, dict.fromkeys(PARTS, 0.0)
        for (_, before), (part, after) in zip(marks, marks[1:], strict=False):
            if part in spent:
                spent[part] += before.elapsed_time(after) if self.cuda else 1000 * (after - before)
        return {f"ms_{part}": ms for part, ms in spent.items()}
