"""Notebook 08: other right answers pass, and the Fréchet distance is what scipy's matrix root gives."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.linalg import sqrtm

from rwlib.conventions import InputError
from rwlib.course import exercises
from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import PASSED
from rwlib.course.lessons.frechet import distance_of_samples, frechet_distance, picture_features
from rwlib.evaluation import mean_and_interval
from rwlib.masks import hole_fraction
from rwlib.metrics import l1, psnr, quantise
from rwlib.networks.vgg import VGGFeatures


def by_scipy(mu_1, S_1, mu_2, S_2):
    root = np.real(sqrtm((S_1 @ S_2).numpy()))
    return float(((mu_1 - mu_2) ** 2).sum() + torch.trace(S_1 + S_2) - 2 * np.trace(root))


def by_eigenvalues(mu_1, S_1, mu_2, S_2):
    roots = torch.linalg.eigvals(S_1 @ S_2).real.clamp(min=0).sqrt()
    return (mu_1 - mu_2).dot(mu_1 - mu_2) + S_1.trace() + S_2.trace() - 2 * roots.sum()


def paired_by_hand(a, b):
    d = (a - b).numpy()
    return d.mean(), stats.t.ppf(0.975, len(d) - 1) * stats.sem(d)


ALTERNATIVES = {
    "8.1": [
        lambda M: torch.bucketize(hole_fraction(M), torch.tensor([0, 0.1, 0.2, 0.3, 0.4, 0.5])) - 1,
        lambda M: (torch.ceil((1 - M.mean((1, 2, 3))) * 10 - 1e-9) - 1).long(),
        lambda M: torch.tensor([math.ceil(10 * int((m == 0).sum()) / m.numel()) - 1 for m in M]),
    ],
    "8.2": [
        lambda I_c, I_gt: psnr(quantise(I_c), quantise(I_gt)),
        lambda a, b: (
            20 * math.log10(255)
            - 10 * (((a + 1) * 127.5).round() - ((b + 1) * 127.5).round()).pow(2).mean((1, 2, 3)).log10()
        ),
    ],
    "8.3": [
        l1,
        lambda a, b, M: torch.stack([(x - y).abs()[:, m[0] == 0].mean() / 2 for x, y, m in zip(a, b, M, strict=True)]),
    ],
    "8.4": [
        lambda values: mean_and_interval(values)[1],
        lambda values: stats.t.ppf(0.975, len(values) - 1) * stats.sem(values.numpy()),
    ],
    "8.5": [
        lambda values: mean_and_interval(values.mean(1)),
        lambda values: (values.mean().item(), mean_and_interval(values.sum(1) / values.shape[1])[1]),
    ],
    "8.6": [lambda a, b: mean_and_interval(a - b), paired_by_hand],
    "8.7": [by_scipy, by_eigenvalues, frechet_distance],
    "8.8": [99.0],
    "8.9": [" Rises "],
    "8.10": [35.7, 35.69],
}


@pytest.mark.parametrize("number", ALTERNATIVES)
def test_other_right_answers_pass(number):
    for answer in ALTERNATIVES[number]:
        result = judge(exercises.find(number), answer)
        assert result.status == PASSED, result


def test_the_distance_equals_scipys():
    rng = torch.Generator().manual_seed(0)
    for d in (2, 5, 20):
        A, B = torch.randn(2, d, d, generator=rng, dtype=torch.float64)
        mu_1, mu_2 = torch.randn(2, d, generator=rng, dtype=torch.float64)
        S_1, S_2 = A @ A.T + torch.eye(d), B @ B.T + torch.eye(d)
        assert float(frechet_distance(mu_1, S_1, mu_2, S_2)) == pytest.approx(by_scipy(mu_1, S_1, mu_2, S_2))
        assert float(frechet_distance(mu_1, S_1, mu_1, S_1)) == pytest.approx(0, abs=1e-8)


def test_singular_covariances_are_no_problem():
    x = torch.randn(5, 30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert distance_of_samples(x, x) == pytest.approx(0, abs=1e-5)
    assert distance_of_samples(x, x + 2) == pytest.approx(4 * 30)


def test_refused():
    x = torch.zeros(3)
    with pytest.raises(InputError, match="S_2: expected it to fit mu_1's 3 entries"):
        frechet_distance(x, torch.eye(3), x, torch.eye(2))
    with pytest.raises(InputError, match="two rows or more"):
        distance_of_samples(torch.zeros(1, 3), torch.zeros(4, 3))


def test_features_do_not_depend_on_the_batch():
    vgg = VGGFeatures("random", size_px=0)
    I = torch.rand(5, 3, 16, 24, generator=torch.Generator().manual_seed(0)) * 2 - 1
    whole = picture_features(vgg, I)
    assert whole.shape == (5, 256)
    assert torch.allclose(whole, picture_features(vgg, I, batch=2), rtol=1e-4, atol=1e-6)
