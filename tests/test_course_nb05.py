"""Notebook 05: right answers written in another way pass, and its helpers do what they say."""

import pytest
import torch

from rwlib.conventions import InputError, compose
from rwlib.course import exercises
from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import FAILED, PASSED
from rwlib.course.lessons.pixels import checkerboard, descend, shuffle_tiles, smooth_noise
from rwlib.losses.style import gram, style_loss


def gram_by_einsum(phi):
    return torch.einsum("bchw,bdhw->bcd", phi, phi) / phi[0].numel()


def gram_image_by_image(phi):
    return torch.stack([x.flatten(1) @ x.flatten(1).T / x.numel() for x in phi])


def style_loss_in_a_loop(phis_c2, phis_gt):
    total = 0
    for p in range(3):
        total = total + torch.nn.functional.l1_loss(gram(phis_c2[p]), gram(phis_gt[p]), reduction="sum")
    return total / phis_gt[0].shape[0]


def style_loss_by_norm(phis_c2, phis_gt):
    return sum((gram(a) - gram(b)).flatten(1).norm(p=1, dim=1).mean() for a, b in zip(phis_c2, phis_gt, strict=True))


def weights_by_trace(phis_gt):
    traces = torch.stack([gram(phi).diagonal(dim1=1, dim2=2).sum(1).mean() for phi in phis_gt])
    return 3 / traces / (1 / traces).sum()


def weights_by_norm(phis_gt):
    inverse = torch.stack([phi.numel() / phi.norm() ** 2 for phi in phis_gt])
    return inverse / inverse.mean()


def composites_by_where(first, second, I_gt, M):
    exists = M.bool()
    I_in = torch.where(exists, I_gt, torch.zeros_like(I_gt))
    I_c1 = torch.where(exists, I_gt, first(I_in, M))
    return I_c1, torch.where(exists, I_gt, second(I_c1, M))


def composites_from_i_c1(first, second, I_gt, M):
    I_c1 = compose(I_gt, first(I_gt * M, M), M)
    return [I_c1, compose(I_c1, second(I_c1, M), M)]


ALTERNATIVES = {
    "5.1": [gram_by_einsum, gram_image_by_image, gram],
    "5.2": [(1 / 2, 4.0), [0.5, 4]],
    "5.3": [
        {"positions shuffled": "L_c", "channels rotated": "L_s"},
        {"channels rotated": ["L_s"], "positions shuffled": ("L_c",)},
    ],
    "5.4": [style_loss_in_a_loop, style_loss_by_norm, style_loss],
    "5.5": [weights_by_trace, weights_by_norm],
    "5.6": [[128, 256], (4 * 32, 8 * 32)],
    "5.7": [composites_by_where, composites_from_i_c1],
    "5.8": [
        {"L_r": ["I_p2", "I_p1"], "L_c": "I_c1", "L_s": "I_c2", "L_a": ("I_p1", "I_p2")},
        {"L_a": {"I_p1", "I_p2"}, "L_c": ["I_c1"], "L_s": ["I_c2"], "L_r": {"I_p1", "I_p2"}},
    ],
}


@pytest.mark.parametrize(
    ("number", "answer"), [(n, answer) for n, answers in ALTERNATIVES.items() for answer in answers]
)
def test_nb05_other_right_answers_pass(number, answer):
    result = judge(exercises.find(number), answer)
    assert result.status == PASSED, result.message


@pytest.mark.parametrize("answer", [3, {"L_r": {"I_p1"}}, {"L_r": 1, "L_c": ..., "L_s": "", "L_a": None}])
def test_nb05_nonsense_in_a_table_is_answered_not_raised(answer):
    result = judge(exercises.find("5.8"), answer)
    assert result.status == FAILED
    assert "Error" not in result.message


def test_nb05_checkerboard():
    board = checkerboard(8, 2)[0, 0]
    assert board[0].tolist() == [-1, -1, 1, 1, -1, -1, 1, 1]
    assert torch.equal(board[2], -board[0])
    assert board.sum() == 0


def test_nb05_smooth_noise_is_smooth():
    noise = smooth_noise(64, 8, generator=torch.Generator().manual_seed(0))
    assert noise.shape == (1, 1, 64, 64)
    assert noise.diff(dim=3).abs().mean() < 0.2 * noise.abs().mean()


def test_nb05_shuffle_tiles_keeps_the_pixels():
    I = torch.arange(2 * 3 * 8 * 12, dtype=torch.float32).view(2, 3, 8, 12)
    shuffled = shuffle_tiles(I, 4, generator=torch.Generator().manual_seed(1))
    assert not torch.equal(shuffled, I)
    assert torch.equal(shuffled.flatten(2).sort().values, I.flatten(2).sort().values)
    with pytest.raises(InputError, match="divisor"):
        shuffle_tiles(I, 5, generator=torch.Generator())


def test_nb05_descend_moves_the_hole_only():
    start, target = torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.5)
    M = torch.ones(1, 1, 4, 4)
    M[..., 1:3, 1:3] = 0
    I_c, values = descend(lambda I: (I - target).abs().sum(), start, M, steps=60)
    assert torch.equal(I_c * M, start * M)
    assert (I_c - target)[(M == 0).expand_as(I_c)].abs().max() < 0.1
    assert len(values) == 61 and values[-1] < values[0]
