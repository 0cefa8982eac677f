"""Notebook 06: other right answers pass, and the game of two players is what its text says."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import FAILED, PASSED
from rwlib.course.exercises import of_notebook
from rwlib.course.lessons import one_number
from rwlib.course.lessons.two_players import BALANCED, play
from rwlib.losses import FORMS, gradient_penalty
from rwlib.masks import label_from_mask

EXERCISES = {exercise.number: exercise for exercise in of_notebook("06")}


def masked_fill_input(I, M):
    return torch.cat((torch.where(M.expand_as(I) == 1, torch.zeros_like(I), I), M), 1)


def power_iteration_with_loops(W, n):
    rows = W.reshape(W.shape[0], -1)
    v = torch.full((rows.shape[1], 1), rows.shape[1] ** -0.5, dtype=W.dtype)
    for _ in range(n):
        u = rows @ v / torch.linalg.vector_norm(rows @ v)
        v = rows.t() @ u
        sigma = torch.linalg.vector_norm(v)
        v = v / sigma
    return W / sigma


def generator_in_one_sum(score_p1, score_p2):
    return 2 - score_p1.sum() / score_p1.numel() - torch.mean(score_p2)


def clamped_hinge(score_gt, score_p1, score_p2, alpha):
    fakes = torch.cat([score_p1, score_p2])
    return alpha * (1 - score_gt).clamp(min=0).mean() + (1 + fakes).clamp(min=0).mean()


OTHERS = {
    "6.1": [253.0, np.int64(253)],
    "6.2": [masked_fill_input, lambda I, M: torch.cat([I - I * M, M], dim=-3)],
    "6.3": [power_iteration_with_loops],
    "6.4": [[2, 3]],
    "6.5": [generator_in_one_sum, lambda score_p1, score_p2: (1 - score_p1 + 1 - score_p2).mean()],
    "6.6": [
        lambda gt, s_1, s_2, alpha: s_1.mean() + s_2.mean() - alpha * gt.mean() - 2,
        lambda gt, s_1, s_2, alpha: -(alpha * gt + 2 - s_1 - s_2).mean(),
    ],
    "6.7": [
        clamped_hinge,
        lambda gt, s_1, s_2, a: a * (1 - gt).relu().mean() + (F.relu(1 + s_1) + F.relu(1 + s_2)).mean() / 2,
    ],
    "6.8": [2.0],
    "6.9": [
        lambda M, h, w: (1 - M).unflatten(-1, (w, -1)).unflatten(-3, (h, -1)).mean((-3, -1)),
        lambda M, h, w: F.interpolate(1 - M, size=(h, w), mode="area"),
        lambda M, h, w: label_from_mask(M, (h, w)),
    ],
}


@pytest.mark.parametrize(
    ("number", "answer"), [(number, answer) for number, answers in OTHERS.items() for answer in answers]
)
def test_nb06_another_right_answer_passes(number, answer):
    result = judge(EXERCISES[number], answer)
    assert result.status == PASSED, result.message


def test_nb06_a_generator_loss_without_the_ones_is_told_so():
    result = judge(EXERCISES["6.5"], lambda score_p1, score_p2: -score_p1.mean() - score_p2.mean())
    assert result.status == FAILED and "1 −" in result.message


def test_nb06_a_linear_critic_is_unbiased_where_alpha_is_two_and_circles_grey_with_the_papers():
    balanced, printed = play("critic"), play("critic", alpha=0.01)
    mean = {name: [sum(game[f"theta_{i}"]) / 400 for i in (1, 2)] for name, game in (("b", balanced), ("p", printed))}
    assert mean["b"] == pytest.approx([1, 1], abs=0.3) and mean["p"] == pytest.approx([0, 0], abs=0.3)
    assert printed["D(real)"][-1] < -10 and max(balanced["distance"]) < 3


@pytest.mark.parametrize("form", FORMS)
def test_nb06_every_form_plays_and_begins_where_it_says(form):
    game = play(form, steps=3)
    assert {len(curve) for curve in game.values()} == {3} and form in BALANCED
    assert (game["theta_1"][0], game["theta_2"][0]) == (-1, 0)
    assert game["distance"][0] == pytest.approx(5**0.5)


def test_nb06_the_game_of_one_number_goes_past_the_real_one_and_comes_back():
    states = one_number.play()
    path = [state.theta for state in states]
    assert path[0] == -1 and max(path) > 1.5 and abs(path[-1] - 1) < 0.5
    game = one_number.OneNumberGame(steps=20)
    first = bytes(game.picture.value)
    game.turn.value = 7
    shown = bytes(game.picture.value)
    assert shown != first and shown.startswith(b"\x89PNG")
    assert f"fake {states[7].theta:.2f}" in game.words.value


def test_nb06_the_penalty_of_rwlib_passes_for_a_judge_that_sees_the_hole_alone():
    def with_rwlib(D, I, M):
        I = I.clone().requires_grad_()
        return gradient_penalty(D(I, M), I, M)

    result = judge(EXERCISES["6.13"], with_rwlib)
    assert result.status == PASSED, result.message
