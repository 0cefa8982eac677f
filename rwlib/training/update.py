r"""How a player moves (gradients of parts that add up, exchanged between processes), and when its losses are read.

An algorithm (`rwlib.training.step`) says what is descended and knows nothing of accumulation, arithmetic or processes.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from rwlib.config import Config
from rwlib.errors import InputError
from rwlib.training.step import Batch, Losses
from rwlib.training.timer import PartTimer

READ_EVERY = {"cpu": 1}
"""Kind of device → steps whose losses are read together; 10 on others. One of several processes that is told to stop is
heard as late as that."""


class Updater:
    """Let players move on the pictures of a step, cut into parts whose gradients add up (`rwlib.training.step`).

    Args:
        accelerator: arithmetic, and the exchange of gradients between processes.
        config: `reduction` says what a part weighs.
        parts: the pictures; one part is all of them.
        mark: told `"losses"` and `"backward"` when either is over, see `rwlib.training.timer.PartTimer`.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        config: Config,
        parts: Sequence[Batch],
        mark: Callable[[str], None] = lambda what: None,
    ) -> None:
        self.accelerator, self.parts, self.mark = accelerator, parts, mark
        # What each part weighs in a mean over the batch; the released program sums over it.
        self.share = 1.0 if config.reduction == "batch_sum" else 1 / len(parts)
        self._generated: dict[Callable, Any] = {}

    def __call__(
        self,
        player: nn.Module,
        optimiser: torch.optim.Optimizer,
        descended: str,
        generate: Callable[[Batch], Any],
        losses_of: Callable[[Batch, Any], Losses],
    ) -> Losses:
        """Clear the gradients, add up those of every part, take the optimiser's step (`step.Update`)."""
        sums: Losses = {}
        optimiser.zero_grad(set_to_none=True)
        for part in self.parts:
            last = part is self.parts[-1]
            with contextlib.nullcontext() if last else self.accelerator.no_sync(player):  # exchanged once, at the last
                with self.accelerator.autocast():
                    losses = losses_of(part, self._generate(part, generate, descended))
                self.mark("losses")
                self.accelerator.backward(self.share * losses[descended])
                self.mark("backward")
            for name, x in losses.items():
                share = 1 / len(self.parts) if name.startswith("D_") else self.share  # scores are means
                sums[name] = sums.get(name, 0.0) + share * x.detach()
        optimiser.step()
        return sums

    def _generate(self, part: Batch, generate: Callable[[Batch], Any], descended: str) -> Any:
        """Generate from a single part once: all turns that give the same function share its result, and its graph.

        Of several parts only one at a time lies in memory, so each turn generates anew; that of a discriminator, which
        teaches the generator nothing, without a graph.
        """
        if len(self.parts) > 1:
            with torch.set_grad_enabled(descended == "L"):
                return generate(part)
        if generate not in self._generated:
            self._generated[generate] = generate(part)
        return self._generated[generate]


@dataclass
class Step:
    """What a step leaves on the device, and what the host knows of it."""

    number: int
    """From 0."""
    phase: int
    """1 or 2; other models have others."""
    losses: Losses
    """Of this process."""
    marks: list
    """Of the clock, see `PartTimer.take`."""
    row: dict[str, float]
    """What else belongs into its row of the curves."""


class Readout:
    """Losses that stay on the device until several steps are read together.

    To read a number the host waits until the device has come to it, and by then has prepared nothing for it to go on
    with. So on a GPU ten steps are read at once. On a CPU nothing is gained by that, and each step is read.
    """

    def __init__(self, accelerator: Accelerator, timer: PartTimer) -> None:
        self.accelerator, self.timer = accelerator, timer
        self.every = READ_EVERY.get(accelerator.device.type, 10)
        self.steps: list[Step] = []

    def due(self, done: int, *, saving: bool, stop: bool) -> bool:
        """Return whether to read after `done` steps: the same in all processes, so one alone cannot ask for it."""
        alone = self.accelerator.num_processes == 1
        return done % self.every == 0 or saving or (stop and alone)

    def read(self, stop: bool) -> tuple[list[Step], bool]:
        """Read all steps since the last time, in one exchange between the processes; begin anew.

        Args:
            stop: whether this process wants to stop.

        Returns:
            The steps, whose rows now have the losses (means over all processes) and milliseconds, and whether one of
            the processes wants to stop.
        """
        steps, self.steps = self.steps, []
        values = [x.float().reshape(()) for step in steps for x in step.losses.values()]
        numbers = torch.stack([*values, torch.tensor(float(stop), device=values[0].device)])
        if self.accelerator.num_processes > 1:
            numbers = self.accelerator.reduce(numbers, "mean")
        *means, stops = numbers.tolist()
        left = iter(means)
        for step in steps:
            losses = {name: next(left) for name in step.losses}
            step.row = {"step": step.number, "phase": step.phase, **losses} | step.row | self.timer.read(step.marks)
        return steps, stops > 0


def not_finite(step: Step, photos: Sequence[str], state: Path) -> InputError:
    """Return the error for a loss that is not finite: term, step, photographs, what helps, and what is left.

    Args:
        step: the first one with such a loss.
        photos: those of this process's batch.
        state: file of the last checkpoint, if there is one.
    """
    bad = ", ".join(f"{name} = {float(x)}" for name, x in step.losses.items() if not x.isfinite())
    bad = f"{bad} on {', '.join(photos)}" if bad else "a loss of another process is not finite"
    left = f"; {state} is the last good checkpoint" if state.exists() else ""
    return InputError(
        f"training: step {step.number}, phase {step.phase}: {bad}; lower learning_rate, or use bf16 or fp32{left}"
    )
