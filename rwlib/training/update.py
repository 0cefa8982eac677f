r"""How a player moves: gradients of parts that add up, exchanged between processes, and the optimiser's step.

An algorithm (`rwlib.training.step`) says what is descended and knows nothing of accumulation, arithmetic or processes.
"""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import nn

from rwlib.config import Config
from rwlib.errors import InputError
from rwlib.training.step import Losses, Part
from rwlib.training.timer import PartTimer


class Updater:
    """Let a player move on one batch: gradients of its parts add up to those of the whole (`rwlib.training.step`)."""

    def __init__(self, accelerator: Accelerator, config: Config, parts: Sequence[Part], timer: PartTimer) -> None:
        self.accelerator, self.parts, self.timer = accelerator, parts, timer
        # What each part weighs in a mean over the batch; the released program sums over it.
        self.share = 1.0 if config.reduction == "batch_sum" else 1 / len(parts)

    def __call__(
        self, player: nn.Module, optimiser: torch.optim.Optimizer, descended: str, step: Callable[[Part], Losses]
    ) -> Losses:
        """Clear the gradients, add up those of every part, take the optimiser's step; return the losses."""
        sums: Losses = {}
        optimiser.zero_grad(set_to_none=True)
        for part in self.parts:
            last = part is self.parts[-1]
            with contextlib.nullcontext() if last else self.accelerator.no_sync(player):  # exchanged once, at the last
                with self.accelerator.autocast():
                    losses = step(part)
                self.timer.mark("losses")
                self.accelerator.backward(self.share * losses[descended])
                self.timer.mark("backward")
            for name, x in losses.items():
                share = 1 / len(self.parts) if name.startswith("D_") else self.share  # scores are means
                sums[name] = sums.get(name, 0.0) + share * x.detach()
        optimiser.step()
        return sums


def agree(losses: Losses, stop: bool, accelerator: Accelerator) -> tuple[dict[str, float], bool]:
    """Return the losses' means over all processes, and whether one of them wants to stop, in one exchange."""
    values = [x.float().reshape(()) for x in losses.values()]
    numbers = torch.stack([*values, torch.tensor(float(stop), device=values[0].device)])
    if accelerator.num_processes > 1:
        numbers = accelerator.reduce(numbers, "mean")
    *means, stops = numbers.tolist()
    return dict(zip(losses, means, strict=True)), stops > 0


def not_finite(losses: Losses, step: int, phase: int, photos: Sequence[str], state: Path) -> InputError:
    """Return the error for a loss that is not finite: term, step, photographs, what helps, and what is left.

    Args:
        losses: of this process.
        step: from 0.
        phase: 1 or 2.
        photos: those of this process's batch.
        state: file of the last checkpoint, if there is one.
    """
    bad = ", ".join(f"{name} = {float(x)}" for name, x in losses.items() if not x.isfinite())
    bad = f"{bad} on {', '.join(photos)}" if bad else "a loss of another process is not finite"
    left = f"; {state} is the last good checkpoint" if state.exists() else ""
    return InputError(f"training: step {step}, phase {phase}: {bad}; lower learning_rate, or use bf16 or fp32{left}")
