r"""All streams of random numbers, each with a number of its own, so that no two share their numbers by accident.

A generator is seeded by a run's seed, a stream, and what the stream counts. `SeedSequence` mixes all bits of all of
them, in words of 32 bits, and takes missing words for zeros: so each number has to fit one word, and each stream always
has the same number of them. (`seed + k` would not do: run 0's sample 1 would be run 1's sample 0.)

The numbers are part of results: a stream that gets another one changes whatever was drawn from it.
"""

from enum import IntEnum

import numpy as np
import torch

from rwlib.errors import InputError

TOO_LARGE = 2**32


class Stream(IntEnum):
    """What random numbers are drawn for."""

    SAMPLE = 0
    """Crop and mask of training sample k."""
    ORDER = 1
    """Order of the photographs in an epoch."""
    GRADIENT_PENALTY = 2
    """Mixture of real and filled pictures at a step, WGAN-GP."""
    EVALUATION_MASK = 3
    """Mask of a photograph, kind and bucket."""
    VALIDATION_MASK = 4
    """Mask of validation photograph k."""
    MASK_FOLDER = 5
    """Which photograph gets which mask of a folder, by kind and bucket."""
    STUDIO = 6
    """The hole in the studio's picture."""
    CRITIC = 7
    """Holes of photograph i and square k on which the discriminator is asked."""
    BENCH = 8
    """Data of benchmark k."""
    LATENT = 9
    """Draw k of a step from a normal distribution, PIC."""
    ANSWER = 10
    """Answer k of the several that PIC has for a hole."""


COUNTS = {
    Stream.SAMPLE: 1, Stream.ORDER: 1, Stream.GRADIENT_PENALTY: 1, Stream.EVALUATION_MASK: 3,
    Stream.VALIDATION_MASK: 1, Stream.MASK_FOLDER: 2, Stream.STUDIO: 0, Stream.CRITIC: 2, Stream.BENCH: 1,
    Stream.LATENT: 2, Stream.ANSWER: 1,
}  # fmt: skip
"""How many numbers follow a stream's own."""


def make_generator(seed: int, stream: Stream, *numbers: int) -> torch.Generator:
    """Return a generator of random numbers.

    Args:
        seed: of the run, 0 to 2³² - 1.
        stream: what they are for.
        numbers: what the stream counts, as many as `COUNTS` says, each 0 to 2³² - 1.

    Raises:
        InputError: another number of numbers, or one out of range.

    Example:
        >>> a, b = make_generator(0, Stream.SAMPLE, 1), make_generator(1, Stream.SAMPLE, 0)
        >>> bool(torch.rand(1, generator=a) == torch.rand(1, generator=b))
        False
    """
    check_seed(seed)
    stream = Stream(stream)
    if len(numbers) != COUNTS[stream]:
        raise InputError(f"numbers: the stream {stream.name} takes {COUNTS[stream]}, got {len(numbers)}")
    for number in numbers:
        if not 0 <= number < TOO_LARGE:
            raise InputError(f"numbers: expected 0 to {TOO_LARGE - 1} in the stream {stream.name}, got {number}")
    mixed = int(np.random.SeedSequence((int(seed), stream.value, *map(int, numbers))).generate_state(1, np.uint64)[0])
    return torch.Generator().manual_seed(mixed % 2**63)


def check_seed(seed: int) -> None:
    """Check a seed.

    Raises:
        InputError: not a whole number from 0 to 2³² - 1.
    """
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed: expected a whole number of at least 0, got {seed!r}")
    if seed >= TOO_LARGE:
        raise InputError(f"seed: expected a whole number below 2^32 = {TOO_LARGE}, got {seed}")
