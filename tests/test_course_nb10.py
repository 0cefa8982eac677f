"""Notebook 10: right answers that are written differently pass, and the tools that it is built on."""

import pytest
import torch
import torch.nn.functional as F
from scipy.ndimage import binary_dilation

from rwlib.course import exercises
from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import PASSED
from rwlib.course.lessons.removal import as_file, draw_figure, draw_words, grow, roughness


def by_scipy(M, r):
    grown = [binary_dilation(m[0].numpy() == 0, torch.ones(2 * r + 1, 2 * r + 1).bool().numpy()) for m in M]
    return torch.stack([torch.from_numpy(~hole).to(M)[None] for hole in grown])


def by_masked_indices(I, W, a):
    J = torch.zeros_like(I)
    known = (a < 1).expand_as(I)
    J[known] = ((I - a * W)[known]) / (1 - a).expand_as(I)[known]
    return J


def by_loops(I, T):
    k, m = T.shape[-2:]
    sums = {
        (y, x): (I[..., y : y + k, x : x + m] - T).square().mean().item()
        for y in range(I.shape[2] - k + 1)
        for x in range(I.shape[3] - m + 1)
    }
    return list(min(sums, key=sums.get))


def by_convolution(I, k):
    kernel = torch.tensor([[0, -0.25, 0], [-0.25, 1, -0.25], [0, -0.25, 0]]).to(I)[None, None].repeat(3, 1, 1, 1)
    x = F.conv2d(F.pad(I, (1, 1, 1, 1), mode="replicate"), kernel, groups=3).abs().mean(1, keepdim=True)
    box = torch.ones(1, 1, k, k).to(I)
    return F.conv2d(x, box, padding=k // 2) / F.conv2d(torch.ones_like(x), box, padding=k // 2)


DIFFERENTLY_WRITTEN = {
    "10.1": [grow, by_scipy, lambda M, r: 1 - F.max_pool2d(1 - M, 2 * r + 1, 1, r)],
    "10.2": [by_masked_indices],
    "10.3": [(1, 5), [1.0, 5.0]],
    "10.4": [by_loops],
    "10.5": [lambda I_p, near, d, r: torch.where(d < r, (1 - d / r) * near + d / r * I_p, I_p)],
    "10.6": [lambda fill, I, M: torch.flip(fill(torch.flip(I, (3,)), torch.flip(M, (3,))), (-1,))],
    "10.7": [by_convolution, roughness],
}


@pytest.mark.parametrize(("number", "answer"), [(n, a) for n, answers in DIFFERENTLY_WRITTEN.items() for a in answers])
def test_a_right_answer_that_is_written_differently_passes(number, answer):
    result = judge(exercises.find(number), answer)
    assert result.status == PASSED, result.message


def test_growing_by_nothing_changes_nothing_and_twice_is_once_by_the_sum():
    M = (torch.rand(2, 1, 12, 17, generator=torch.Generator().manual_seed(0)) > 0.05).float()
    assert torch.equal(grow(M, 0), M) and torch.equal(grow(grow(M, 1), 2), grow(M, 3))
    assert torch.equal(grow(M, 2), by_scipy(M, 2)) and grow(M, 2).sum() < M.sum()


def test_roughness_of_flat_pictures_slopes_and_a_dot():
    assert roughness(torch.full((1, 3, 8, 8), 0.3), 3).abs().max() < 1e-6
    slope = torch.linspace(0, 1, 8).expand(1, 3, 8, 8)
    assert roughness(slope, 1)[..., 1:-1].abs().max() < 1e-6
    dot = torch.zeros(1, 3, 7, 7)
    dot[..., 3, 3] = 1
    assert roughness(dot, 1)[0, 0, 3, 3] == 1 and roughness(dot, 3)[0, 0, 3, 3] == pytest.approx((1 + 4 * 0.25) / 9)


def test_what_is_drawn_fits_the_picture():
    cover = draw_figure(64, 96)
    assert cover.shape == (1, 1, 64, 96) and 0.03 < (cover > 0.5).float().mean() < 0.2
    assert ((cover > 0.05) & (cover < 0.95)).any(), "a soft outline"
    assert cover[..., 0, :].max() == cover[..., :, 0].max() == cover[..., -1, :].max() == cover[..., :, -1].max() == 0
    words = draw_words(64, 96, "SAMPLE")
    assert words.shape == (1, 1, 64, 96) and set(words.unique().tolist()) == {0.0, 1.0}
    assert 0.05 < words.mean() < 0.4


def test_files_keep_256_values_and_jpeg_loses_more():
    I = torch.rand(1, 3, 16, 24, generator=torch.Generator().manual_seed(0)) * 2 - 1
    png, jpeg = as_file(I), as_file(I, jpeg_quality=90)
    assert 0 < (png - I).abs().max() <= 0.5 / 127.5 + 1e-6 < (jpeg - I).abs().max()
    assert torch.equal(as_file(png), png)
