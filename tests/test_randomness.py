"""Streams of random numbers: those whose results ship are what they were, and no two are one."""

import itertools

import numpy as np
import pytest
import torch

from rwlib.errors import InputError
from rwlib.randomness import COUNTS, Stream, check_seed, make_generator


def first(generator):
    return int(torch.randint(2**60, (), generator=generator))


def test_every_stream_has_its_number_of_numbers():
    assert set(COUNTS) == set(Stream)
    assert [stream.value for stream in Stream] == list(range(len(Stream)))


@pytest.mark.parametrize(
    ("stream", "numbers"),
    [(Stream.SAMPLE, (7,)), (Stream.ORDER, (2,)), (Stream.GRADIENT_PENALTY, (9,)), (Stream.EVALUATION_MASK, (3, 1, 0)),
     (Stream.VALIDATION_MASK, (5,))],
)  # fmt: skip
def test_a_stream_whose_results_ship_is_seeded_as_in_version_0_1(stream, numbers):
    for seed in (0, 1, 12345):
        state = np.random.SeedSequence((seed, int(stream), *numbers)).generate_state(1, np.uint64)[0]
        assert first(make_generator(seed, stream, *numbers)) == first(torch.Generator().manual_seed(int(state) % 2**63))


def test_recorded_first_numbers():
    """Written down from version 0.1: a change of NumPy's or PyTorch's mixing would change every result."""
    generators = [
        make_generator(0, 0, 0),
        make_generator(3, 1, 2),
        make_generator(0, 3, 1, 1, 5),
        make_generator(0, 4, 7),
    ]
    assert [first(generator) for generator in generators] == [
        656692032850886226,
        454542655832180565,
        792494111916363295,
        939421226626600864,
    ]


def test_no_two_streams_share_a_number():
    seen = [
        first(make_generator(seed, stream, *numbers))
        for seed in range(3)
        for stream in Stream
        for numbers in itertools.product(range(3), repeat=COUNTS[stream])
    ]
    assert len(set(seen)) == len(seen) and len(seen) > 150


@pytest.mark.parametrize(("stream", "numbers"), [(0, ()), (0, (1, 2)), (6, (0,)), (3, (1, 2)), (4, (0, 0))])
def test_another_number_of_numbers_would_be_another_stream_and_is_refused(stream, numbers):
    with pytest.raises(InputError, match=f"numbers: the stream {Stream(stream).name} takes {COUNTS[stream]}"):
        make_generator(0, stream, *numbers)


@pytest.mark.parametrize("bad", [-1, 2**32, 2**40])
def test_a_number_that_needs_two_words_would_be_another_stream_and_is_refused(bad):
    with pytest.raises(InputError, match="numbers: expected 0 to 4294967295 in the stream SAMPLE, got"):
        make_generator(0, Stream.SAMPLE, bad)
    with pytest.raises(InputError, match="seed: expected a whole number"):
        make_generator(bad, Stream.SAMPLE, 0)
    make_generator(np.int64(5), Stream.SAMPLE, 2**32 - 1)


@pytest.mark.parametrize("seed", ["0", 1.0, None, -1])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(InputError, match="seed: expected a whole number of at least 0, got"):
        check_seed(seed)
