r"""When what happens in a run (section 3.5): phases, learning rate, and which sample numbers a process takes at a step.

All of it is a function of the step alone, so a run that is resumed cannot lose its place.
"""

import itertools
import math
import sys
from collections.abc import Iterator
from typing import NamedTuple

from rwlib.config import MODELS, Config
from rwlib.conventions import InputError
from rwlib.data import PhotoSource

ENDLESS = sys.maxsize  # what an unlimited source counts as


def count_photos(source: PhotoSource) -> int:
    """Return how many photographs a source has, `ENDLESS` if it draws them without end."""
    return ENDLESS if getattr(source, "unlimited", False) else len(source)


class Schedule(NamedTuple):
    """When what happens; a function of the step alone, so that a resumed run agrees."""

    ends: tuple[int, ...]
    """The step before which each phase ends; the last is the number of all steps."""
    rates: tuple[float, ...] = (1.0, 1.0, 1.0)
    """The learning rate of each phase, in those of the run."""

    @property
    def total(self) -> int:
        """Steps of the whole run."""
        return self.ends[-1]

    @property
    def phase_one(self) -> int:
        """Steps of phase one."""
        return self.ends[0]

    @classmethod
    def from_config(cls, config: Config, n_photos: int, n_processes: int) -> "Schedule":
        """Turn epochs into steps; an epoch is `steps_per_epoch` steps, or one pass over the photographs.

        Raises:
            InputError: an epoch would have no end, because the source has none.
        """
        if not config.steps_per_epoch and n_photos >= ENDLESS:
            raise InputError(
                "steps_per_epoch: the data has no end, so an epoch has none; give --steps-per-epoch 200, say"
            )
        images_per_step = config.batch_size * config.accumulate * n_processes
        steps = config.steps_per_epoch or math.ceil(n_photos / images_per_step)
        return cls.from_epochs(config, steps)

    @classmethod
    def from_epochs(cls, config: Config, steps_per_epoch: float) -> "Schedule":
        """Turn epochs of so many steps into steps, rounded where the length of an epoch was."""
        ends = itertools.accumulate(config.epochs)
        return cls(tuple(round(end * steps_per_epoch) for end in ends), MODELS[config.model].rates)

    def phase(self, step: int) -> int:
        """Return 1, 2, ... for step 0, 1, ..., the last phase for every step after the end."""
        return 1 + sum(step >= end for end in self.ends[:-1])

    def learning_rate(self, step: int, config: Config) -> float:
        """Return Adam's step size: half a cosine from the first to the final one, after a warm-up if there is one.

        A phase may have a rate of its own, by which this is multiplied.
        """
        first, final = config.learning_rate, config.final_learning_rate
        share = min(1.0, (step + 1) / config.warm_up) if config.warm_up else 1.0
        share *= self.rates[self.phase(step) - 1]
        return share * (final + (first - final) * (1 + math.cos(math.pi * step / self.total)) / 2)


def batch_numbers(first_step: int, last_step: int, batch_size: int, rank: int, n_processes: int) -> Iterator[range]:
    """Yield each step's sample numbers for one process; all processes together take a contiguous block."""
    for step in range(first_step, last_step):
        start = (step * n_processes + rank) * batch_size
        yield range(start, start + batch_size)
