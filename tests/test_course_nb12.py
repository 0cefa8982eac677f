"""Notebooks 00 and 12: other right answers pass."""

import pytest

from rwlib.course import exercises
from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import PASSED


def in_steps(n_photos, epochs, photos_per_second, gpus, price):
    seconds = n_photos * epochs / photos_per_second
    hours = seconds / 3600 / gpus
    return (hours, price * seconds / 3600)


def by_trying(mb_of_one, mb_of_two, mb_free):
    batch = 0
    while mb_of_one + batch * (mb_of_two - mb_of_one) <= mb_free:
        batch += 1
    return batch


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("0.1", lambda part, whole: 1 - (whole - part) / whole),
        ("12.1", in_steps),
        ("12.2", by_trying),
        ("12.3", "BCAD"),
    ],
)
def test_nb12_another_right_answer_passes(number, answer):
    result = judge(exercises.find(number), answer)
    assert result.status == PASSED, result.message
