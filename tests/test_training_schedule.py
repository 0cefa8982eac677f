"""The schedule of section 3.5: phases, learning rate, and who learns from which samples."""

import math

import pytest

from rwlib.config import Config, make_config
from rwlib.training.schedule import Schedule, batch_numbers


def test_the_full_schedule_is_20_and_9_epochs():
    schedule = Schedule.from_config(Config(), n_photos=339, n_processes=1)
    assert schedule.ends == (20 * 43, 29 * 43)  # 339 photographs are 43 batches of 8
    assert [schedule.phase(step) for step in (0, 859, 860, 1246)] == [1, 1, 2, 2]


def test_an_epoch_is_one_pass_for_all_processes_together_or_a_number_of_steps():
    assert Schedule.from_config(Config(), n_photos=339, n_processes=2).ends == (20 * 22, 29 * 22)

    assert Schedule.from_config(Config(steps_per_epoch=7), n_photos=339, n_processes=2).ends == (20 * 7, 29 * 7)
    assert Schedule.from_config(Config(epochs=(0, 1), batch_size=1), n_photos=5, n_processes=1).ends == (0, 5)


def test_the_learning_rate_falls_along_half_a_cosine():
    schedule, config = Schedule((60, 100)), Config(learning_rate=3e-4, final_learning_rate=1e-4)
    rates = [schedule.learning_rate(step, config) for step in range(101)]
    assert rates[0] == 3e-4 and rates[100] == pytest.approx(1e-4)
    assert rates[50] == pytest.approx(2e-4) and rates[25] == pytest.approx(2e-4 + 1e-4 * math.cos(math.pi / 4))
    assert rates == sorted(rates, reverse=True)
    assert {schedule.learning_rate(step, make_config("paper", "full")) for step in range(100)} == {1e-4}


def test_processes_share_every_steps_samples_without_overlap():
    shares = [list(batch_numbers(3, 6, 4, rank, 2)) for rank in range(2)]
    assert [len(share) for share in shares] == [3, 3]
    alone = list(batch_numbers(3, 6, 8, 0, 1))
    assert [[*a, *b] for a, b in zip(*shares, strict=True)] == [list(block) for block in alone]
    assert [k for block in alone for k in block] == list(range(24, 48))
