"""Notebook 01: right answers that are written differently pass, and the fills that it is built on."""

import pytest
import torch
import torch.nn.functional as F

from rwlib.conventions import InputError
from rwlib.course import exercises
from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import FAILED, PASSED
from rwlib.course.exercises import nb01
from rwlib.course.lessons.fills import diffusion_fill, nearest_distance, nearest_fill


def disc(height, width, missing, generator):
    y, x = torch.rand(2, generator=generator) * torch.tensor([height, width])
    rows, columns = torch.arange(height)[:, None] - y.floor(), torch.arange(width) - x.floor()
    M = torch.ones(height * width, dtype=torch.float64)
    M[(rows**2 + columns**2).flatten().argsort()[:missing]] = 0
    return M.reshape(1, height, width)


def diagonal_walk(height, width, missing, generator):
    M, y, x = torch.ones(1, height, width), height // 2, int(torch.randint(width, (), generator=generator))
    while True:
        M[:, y, x] = 0
        if int((M == 0).sum()) == missing:
            return M
        y = min(max(y + int(torch.randint(-1, 2, (1,), generator=generator)), 0), height - 1)
        x = min(max(x + int(torch.randint(-1, 2, (1,), generator=generator)), 0), width - 1)


def convolve(I_in, M, steps):
    kernel = torch.tensor([[0, 1, 0], [1, 0, 1], [0, 1, 0]]).to(I_in)[None, None].repeat(3, 1, 1, 1) / 4
    I = I_in.clone()
    for _ in range(steps):
        I = torch.where(M == 1, I_in, F.conv2d(F.pad(I, (1, 1, 1, 1), mode="replicate"), kernel, groups=3))
    return I


def loop_of_psnrs(I, I_gt, M):
    values = []
    for one, other, m in zip(I, I_gt, M, strict=True):
        missing = (m == 0).expand_as(one)
        values.append(10 * torch.log10(4 / F.mse_loss(one[missing], other[missing])))
    return torch.stack(values)


DIFFERENTLY_WRITTEN = {
    "1.1": [
        lambda I_in, I_p, M: torch.where(M.bool(), I_in, I_p),
        lambda I_in, I_p, M: torch.lerp(I_p, I_in, M.expand_as(I_p)),
    ],
    "1.2": [lambda M: (M == 0).float().mean((1, 2, 3)), lambda M: 1 - M.flatten(1).mean(1)],
    "1.3": [disc, diagonal_walk],
    "1.4": [(16, 2), [16.0, 2.0]],
    "1.5": [convolve, diffusion_fill],
    "1.6": [
        loop_of_psnrs,
        lambda I, I_gt, M: (
            20
            * torch.log10(
                2 / (((I - I_gt) ** 2 * (1 - M)).flatten(1).sum(1) / (1 - M).expand_as(I).flatten(1).sum(1)).sqrt()
            )
        ),
    ],
    "1.7": [(30.0, 40.0, 50.0)],
    "1.8": [[30.0, 22.97]],
    "1.9": [[1 / 4, 1]],
}


@pytest.mark.parametrize(("number", "answer"), [(n, a) for n, answers in DIFFERENTLY_WRITTEN.items() for a in answers])
def test_a_right_answer_that_is_written_differently_passes(number, answer):
    result = judge(exercises.find(number), answer)
    assert result.status == PASSED, result.message


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (lambda height, width, missing, generator: None, "None"),
        (lambda height, width, missing, generator: torch.ones(1, height, width, dtype=torch.bool), "floating"),
        (lambda height, width, missing, generator: torch.ones(height, width), "(1, height, width)"),
        (lambda height, width, missing, generator: torch.ones(1, width, height), "(1, height, width)"),
    ],
)
def test_a_mask_of_the_wrong_form_is_refused(answer, part):
    result = judge(exercises.find("1.3"), answer)
    assert result.status == FAILED and part in result.message


def test_the_judge_notices_a_generator_that_seeds_the_global_one_and_leaves_the_state_alone():
    def reseeding(height, width, missing, generator):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        return grow_hole(height, width, missing, None)

    grow_hole = exercises.find("1.3").solution
    before = torch.get_rng_state()
    assert nb01._flaw_of_randomness(grow_hole) is None
    torch.set_rng_state(before)
    assert judge(exercises.find("1.3"), grow_hole).status == PASSED
    assert torch.equal(torch.get_rng_state(), before)
    assert judge(exercises.find("1.3"), reseeding).message == nb01.RESEEDED


def test_nearest_distance_and_fill_by_hand():
    M = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])[None, None]
    expected = torch.tensor([[0.0, 1.0, 2**0.5, 1.0], [1.0, 2**0.5, 1.0, 0.0]])
    assert torch.allclose(nearest_distance(M)[0, 0], expected)
    I = torch.arange(8.0).reshape(1, 1, 2, 4).expand(1, 3, 2, 4)
    filled = nearest_fill(I, M)[0, 0]
    assert filled[0, 1] == filled[1, 0] == 0 and filled[1, 2] == filled[0, 3] == 7
    for function in (lambda: nearest_distance(torch.zeros(1, 1, 2, 2)), lambda: nearest_fill(I, 0 * M)):
        with pytest.raises(InputError, match="existing pixel"):
            function()


def test_diffusion_settles_on_the_straight_line_and_stays_within_the_rim():
    I = torch.linspace(-1, 1, 9).expand(1, 3, 4, 9)
    M = torch.zeros(1, 1, 4, 9)
    M[..., 0] = M[..., -1] = 1
    assert torch.allclose(diffusion_fill(I * M, M, 2000), I, atol=1e-4)
    with pytest.raises(InputError, match="steps"):
        diffusion_fill(I, M, -1)
