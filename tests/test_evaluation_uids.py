"""U-IDS and P-IDS: counts equal a loop, the classifier is the best one of its kind, and what cannot be told apart."""

import sys

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from rwlib.conventions import InputError
from rwlib.evaluation.uids import classify, discriminative_scores, p_ids, u_ids


def features(n, d, seed=0, shift=0.0):
    return np.random.default_rng(seed).normal(size=(n, d)) + shift


def test_counts_equal_the_loop():
    rng = np.random.default_rng(0)
    s_real, s_fake = rng.integers(-3, 4, 40) / 2, rng.integers(-3, 4, 40) / 2  # with ties and zeros
    wrong = [0, 0]
    paired = 0
    for i in range(40):
        wrong[0] += 0 if s_real[i] > 0 else 1
        wrong[1] += 1 if s_fake[i] > 0 else 0
        paired += 1 if s_fake[i] > s_real[i] else 0
    assert u_ids(s_real, s_fake) == pytest.approx((wrong[0] / 40 + wrong[1] / 40) / 2)
    assert p_ids(s_real, s_fake) == paired / 40
    assert 0 < wrong[0] != wrong[1] > 0 and 0 < paired < 40 and (s_real == s_fake).any() and (s_real == 0).any()


def test_each_set_counts_for_half():
    assert u_ids(np.array([-1.0]), np.full(99, -1.0)) == 0.5  # all originals are wrong, no fake is


def test_the_scores_are_those_of_the_machine_that_is_best():
    """Minimise ½ |w|² + Σ max(0, 1 - t (w·x + b))², the intercept b being part of w, by a method of another kind."""
    x, y = features(40, 3) + 2, features(30, 3, seed=1, shift=0.8) + 2
    rows, t = np.c_[np.r_[x, y], np.ones(70)], np.r_[np.ones(40), -np.ones(30)]

    def objective(w):
        margin = np.maximum(0, 1 - t * (rows @ w))
        return w @ w / 2 + margin @ margin, w - 2 * rows.T @ (t * margin)

    w = minimize(objective, np.zeros(4), jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9}).x
    s_real, s_fake = classify(x, y)
    np.testing.assert_allclose(np.r_[s_real, s_fake], rows @ w, atol=2e-3)
    wrong = [(rows @ w <= 0)[:40].mean(), (rows @ w > 0)[40:].mean()]
    assert u_ids(s_real, s_fake) == pytest.approx(np.mean(wrong)) and 0 < np.mean(wrong) < 0.5


def test_sets_that_cannot_be_told_apart():
    u, p = discriminative_scores(features(20_000, 4), features(20_000, 4, seed=1))
    assert abs(u - 0.5) < 0.02 and abs(p - 0.5) < 0.02
    x = features(50, 4)
    assert discriminative_scores(x, x) == (0.5, 0.0)  # the very same pictures: all ties


def test_sets_far_apart():
    assert discriminative_scores(features(60, 4), features(60, 4, seed=1, shift=9.0)) == (0.0, 0.0)


def test_the_nearer_the_sets_the_higher_the_scores():
    found = [discriminative_scores(features(900, 5), features(900, 5, 1, shift)) for shift in (0.9, 0.6, 0.3, 0.0)]
    for scores in zip(*found, strict=True):
        assert 0 < scores[0] < scores[1] < scores[2] < scores[3] < 0.55


def test_pairs_matter_to_p_ids_alone():
    """Fakes that are their own originals, a little less real: never more real than those; than others', often."""
    x = features(400, 5)
    y = x + 0.3
    u, p = discriminative_scores(x, y)
    other_u, other_p = discriminative_scores(x, np.roll(y, 1, axis=0))
    assert u == pytest.approx(other_u, abs=0.005) and 0.2 < u < 0.45
    assert p == 0 and 0.2 < other_p < 0.5


def test_what_the_module_says_of_few_pictures():
    """One Gaussian drawn twice, d = 200: the fewer pictures, the lower, although there is nothing to tell apart."""
    for n, expected, tolerance in ((100, 0.0, 1e-9), (200, 0.12, 0.1), (400, 0.29, 0.06), (1200, 0.38, 0.04)):
        u, _ = discriminative_scores(features(n, 200), features(n, 200, seed=1))
        assert u == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("kind", ["tensor", "half", "mapped"])
def test_rows_of_any_kind(tmp_path, kind):
    x, y = features(700, 3).astype("f2"), features(700, 3, seed=1, shift=0.5).astype("f2")  # more than one block
    expected = discriminative_scores(x.astype("f8"), y.astype("f8"))
    if kind == "mapped":
        given = []
        for name, rows in (("x", x), ("y", y)):
            np.save(tmp_path / name, rows.astype("f4"))
            given.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    else:
        given = [torch.from_numpy(rows) if kind == "half" else torch.from_numpy(rows).float() for rows in (x, y)]
    assert discriminative_scores(*given) == expected == discriminative_scores(*given)


def test_refused(monkeypatch):
    with pytest.raises(InputError, match="scores: P-IDS compares pairs, expected as many of each, got 2 and 3"):
        p_ids(np.zeros(2), np.zeros(3))
    with pytest.raises(InputError, match="features: P-IDS compares pairs, expected as many of each, got 4 and 5"):
        discriminative_scores(features(4, 2), features(5, 2))
    for x, y in ((features(4, 2), features(4, 3)), (features(0, 2), features(4, 2)), (np.zeros(4), np.zeros(4))):
        with pytest.raises(InputError, match=r"features: expected two \(n, d\) of one width and at least one row"):
            classify(x, y)
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    with pytest.raises(InputError, match=r"U-IDS needs scikit-learn; install it with `pip install rwlib\[fid\]`"):
        classify(features(4, 2), features(4, 2))
