"""Notebook 02: its convolutions, and right answers that are written in another way."""

import pytest
import torch
import torch.nn.functional as F

from rwlib.course import exercises
from rwlib.course.checking.check import judge
from rwlib.course.lessons.convolutions import partial_conv, phase_filters, upsample_conv2d_phases
from rwlib.masks import resize_mask
from rwlib.networks.fast.reflect_conv import pad_reflect
from rwlib.networks.fast.upsample_conv import upsample_conv2d_ref


def randn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def by_where(x, M, W, b, W_hat, b_hat):
    x_pad = F.pad(x, [W.shape[-1] // 2] * 4, mode="reflect")
    return torch.where(M.bool(), F.conv2d(x_pad, W, b), F.conv2d(x_pad, W_hat, b_hat))


def by_unfold(x, M, W, b, W_hat, b_hat):
    windows = F.unfold(pad_reflect(x, W.shape[-1] // 2), W.shape[-1])
    exists = M.flatten(2)
    out = (W.flatten(1) @ windows + b[:, None]) * exists + (W_hat.flatten(1) @ windows + b_hat[:, None]) * (1 - exists)
    return out.reshape(len(x), len(W), *x.shape[-2:])


def resize_by_round(M, h, w):
    rows = torch.linspace(0, M.shape[2] - 1, h).round().long()
    return M[..., rows, :][..., [round(j * (M.shape[3] - 1) / (w - 1)) for j in range(w)]]


def resize_by_grid(M, h, w):
    y, x = torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, w), indexing="ij")
    grid = torch.stack([x, y], dim=-1).to(M.dtype).expand(len(M), -1, -1, -1)
    return F.grid_sample(M, grid, mode="nearest", align_corners=True)


def channels_as_two_convolutions(x, M, W, W_hat, b):
    p = W.shape[-1] // 2
    return F.conv2d(pad_reflect(x * M, p), W, b) + F.conv2d(pad_reflect(x - x * M, p), W_hat)


def channels_by_where(x, M, W, W_hat, b):
    existing, missing = torch.where(M == 1, x, 0.0), torch.where(M == 1, 0.0, x)
    weight = torch.hstack([W, W_hat])
    return F.conv2d(pad_reflect(torch.hstack([existing, missing]), W.shape[-1] // 2), weight, b)


def partial_by_mean(x, M, W, b):
    k = W.shape[-1]
    share = F.avg_pool2d(pad_reflect(M, k // 2), k, stride=1)
    found = share > 0
    out = F.conv2d(pad_reflect(x * M, k // 2), W) / torch.where(found, share, 1.0) + b[:, None, None]
    return torch.where(found, out, 0.0), found.to(M.dtype)


def partial_by_max(x, M, W, b):
    k = W.shape[-1]
    taps = F.unfold(pad_reflect(M, k // 2), k).sum(1).view_as(M)
    M_new = F.max_pool2d(pad_reflect(M, k // 2), k, stride=1)
    out = F.conv2d(pad_reflect(x * M, k // 2), W) * (k * k / (taps + (taps == 0)))
    return (out + b.reshape(1, -1, 1, 1)) * M_new, M_new


def phases_by_loops(w):
    taps = {0: ((0,), (1, 2)), 1: ((0, 1), (2,))}
    out = w.new_zeros(2, 2, *w.shape[:2], 2, 2)
    for p, q, r, s in torch.cartesian_prod(*[torch.arange(2)] * 4).tolist():
        out[p, q, :, :, r, s] = sum(w[:, :, u, v] for u in taps[p][r] for v in taps[q][s])
    return out


def phases_by_columns_first(w):
    even, odd = ([w[..., 0], w[..., 1:].sum(-1)], [w[..., :2].sum(-1), w[..., 2]])
    columns = torch.stack([torch.stack(even, -1), torch.stack(odd, -1)])  # q o c 3 2
    even = torch.stack([columns[..., 0, :], columns[..., 1:, :].sum(-2)], -2)
    odd = torch.stack([columns[..., :2, :].sum(-2), columns[..., 2, :]], -2)
    return torch.stack([even, odd])


ALTERNATIVES = {
    "2.1": [9, 9.0],
    "2.2": [by_where, by_unfold],
    "2.3": [by_where, by_unfold],
    "2.4": [resize_by_round, resize_by_grid, lambda M, h, w: resize_mask(M, (h, w))],
    "2.5": [channels_as_two_convolutions, channels_by_where],
    "2.6": [(2, 4), [2, 4]],
    "2.7": [partial_by_mean, partial_by_max, partial_conv],
    "2.8": [phases_by_loops, phases_by_columns_first, phase_filters],
    "2.9": [
        lambda w: [w[:, :, 0].neg(), w.sum(dim=2), w[:, :, 2]],
        lambda w: tuple(torch.einsum("au,ocu->aoc", torch.tensor([[-1, 0, 0], [1, 1, 1], [0, 0, 1]]).to(w), w)),
    ],
}


@pytest.mark.parametrize(
    ("number", "answer"), [(number, answer) for number, answers in ALTERNATIVES.items() for answer in answers]
)
def test_nb02_another_right_answer_passes(number, answer):
    result = judge(exercises.find(number), answer)
    assert result.status == "passed", result.message


def test_nb02_every_exercise_has_alternatives():
    assert set(ALTERNATIVES) == {exercise.number for exercise in exercises.of_notebook("02")}


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (6, 3)])
def test_nb02_four_phases_are_the_plain_way(size):
    x, weight, bias = randn(2, 3, *size), randn(4, 3, 3, 3, seed=1), randn(4, seed=2)
    expected = F.conv2d(pad_reflect(F.interpolate(x, scale_factor=2), 1), weight, bias)
    torch.testing.assert_close(upsample_conv2d_phases(x, weight, bias), expected)
    if min(size) > 1:
        torch.testing.assert_close(expected, upsample_conv2d_ref(x, weight, bias))


def test_nb02_phase_filters_keep_the_sum_of_the_taps():
    weight = randn(4, 3, 3, 3)
    torch.testing.assert_close(phase_filters(weight).sum((-2, -1)), weight.sum((-2, -1)).expand(2, 2, -1, -1))


def test_nb02_partial_convolution_is_a_convolution_where_all_exists():
    x, W, b = randn(2, 3, 5, 6), randn(4, 3, 3, 3, seed=1), randn(4, seed=2)
    out, M_new = partial_conv(x, torch.ones_like(x[:, :1]), W, b)
    torch.testing.assert_close(out, F.conv2d(pad_reflect(x, 1), W, b))
    assert M_new.min() == 1


def test_nb02_partial_convolution_by_loops():
    x, W, b = randn(1, 2, 5, 6), randn(3, 2, 3, 3, seed=1), randn(3, seed=2)
    M = torch.zeros(1, 1, 5, 6, dtype=torch.float64)
    M[0, 0, 0, 0] = M[0, 0, 1, 1] = M[0, 0, 2, 5] = 1
    out, M_new = partial_conv(x, M, W, b)
    x_pad, M_pad = pad_reflect(x, 1), pad_reflect(M, 1)
    for i in range(5):
        for j in range(6):
            m = M_pad[0, :, i : i + 3, j : j + 3]
            expected = (W * x_pad[0, :, i : i + 3, j : j + 3] * m).sum((1, 2, 3)) * 9 / m.sum() + b
            torch.testing.assert_close(out[0, :, i, j], expected if m.any() else torch.zeros_like(b))
            assert M_new[0, 0, i, j] == float(m.any())
