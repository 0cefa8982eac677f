"""How a run is carried out: where it stops, what it keeps, who watches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rwlib.conventions import InputError
from rwlib.data import PhotoSource


@dataclass(frozen=True)
class Options:
    """How a run is carried out; `Config` says what is learned."""

    data_name: str = ""
    """What to call the data in `run.json` and the checkpoints."""
    val: PhotoSource | None = None
    """Photographs that are not trained on; at each checkpoint the PSNR in the holes of at most 32 of them goes to
    `curves.csv`, and the best generator so far to `best.safetensors`."""
    resume: bool = False
    """Go on from the newest checkpoint that is whole (start anew if there is none)."""
    init: str | Path | None = None
    """A generator's or a run's checkpoint, of the same width, to start from: one trained on smaller crops, say, or the
    name of one that ships with rwlib."""
    steps: int | None = None
    """Stop after this step even if the schedule goes on; None goes to the end."""
    stop: Callable[[], bool] | None = None
    """Asked after every step; True ends the run with a checkpoint."""
    keep: int = 2
    """How many of the last checkpoints to keep."""
    trackers: Sequence[Any] = ()
    """`"tensorboard"`, `"wandb"`, or a tracker of accelerate's."""
    progress: bool = True
    """Show a progress bar."""
    about: dict[str, Any] | None = None
    """More entries for `run.json`."""

    def __post_init__(self) -> None:
        """Refuse numbers below 1."""
        for name, number, what in (("steps", self.steps, "step to stop after"), ("keep", self.keep, "checkpoint")):
            if number is not None and number < 1:
                raise InputError(f"{name}: expected at least 1 {what}, got {number}")
