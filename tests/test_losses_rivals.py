"""Losses of the methods beside the paper's: loops, values by hand, directions, gradients, errors."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck
from torch.distributions import Normal, kl_divergence

from rwlib.conventions import InputError
from rwlib.losses import (
    GAN_FORMS,
    discount,
    feature_loss,
    gan_loss_discriminator,
    gan_loss_generator,
    hole_prior_sigma,
    kl_normal,
    total_variation_loss,
    weighted_l1_loss,
)


def rand(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def mask(h=6, w=5):
    M = torch.ones(2, 1, h, w, dtype=torch.float64)
    M[0, :, 1:4, 2:4] = M[1, :, 5, 0] = 0
    return M


# --- features


def test_feature_loss_is_the_sum_over_maps_of_the_mean_over_entries():
    a, b = [rand(2, 3, 4, 5), rand(2, 6, 2, 2)], [rand(2, 3, 4, 5, seed=1), rand(2, 6, 2, 2, seed=1)]
    expected = sum(np.mean([abs(x - y) for x, y in zip(p.flatten().tolist(), q.flatten().tolist(), strict=True)])
                   for p, q in zip(a, b, strict=True))  # fmt: skip
    assert float(feature_loss(a, b)) == pytest.approx(expected)
    assert float(feature_loss(a[:1], b[:1], reduction="sum")) == pytest.approx(float((a[0] - b[0]).abs().sum()) / 2)
    assert gradcheck(lambda x: feature_loss([x], b[1:]), a[1].requires_grad_())


def test_feature_loss_refuses_what_does_not_fit():
    with pytest.raises(InputError, match="phis_gt: expected as many maps as phis"):
        feature_loss([rand(1, 2)], [])
    with pytest.raises(InputError, match=r"phis_gt: map 1: expected shape \(1, 2\), got \(1, 3\)"):
        feature_loss([rand(1, 2)], [rand(1, 3)])


# --- total variation


def test_total_variation_equals_the_loop_over_pairs_in_the_grown_hole():
    I, M, total = rand(2, 3, 6, 5), mask(), 0.0
    for n, c, i, j in np.ndindex(2, 3, 6, 5):
        for i2, j2 in ((i + 1, j), (i, j + 1)):
            if i2 < 6 and j2 < 5 and grown(M[n, 0], i, j) and grown(M[n, 0], i2, j2):
                total += abs(float(I[n, c, i, j] - I[n, c, i2, j2]))
    assert float(total_variation_loss(I, M)) == pytest.approx(total / I.numel())
    assert gradcheck(lambda x: total_variation_loss(x, M), I.requires_grad_(), fast_mode=True)


def grown(M, i, j):
    """Is the pixel missing, or one of its eight neighbours?"""
    return bool((M[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2] == 0).any())


def test_total_variation_without_a_hole_with_nothing_else_and_of_a_constant():
    I, M = rand(2, 3, 6, 5), mask()
    assert total_variation_loss(I, torch.ones_like(M)) == 0
    assert total_variation_loss(torch.ones_like(I), M) == 0
    whole = total_variation_loss(I, torch.zeros_like(M))
    assert float(whole) == pytest.approx(float(I.diff(dim=2).abs().sum() + I.diff(dim=3).abs().sum()) / I.numel())
    assert float(total_variation_loss(I)) == pytest.approx(
        float(I.diff(dim=2).abs().mean() + I.diff(dim=3).abs().mean())
    )
    assert total_variation_loss(rand(1, 3, 1, 1)) == 0
    with pytest.raises(InputError, match="mask: expected the image's batch"):
        total_variation_loss(I, M[..., 1:])


# --- weighted


def test_valid_and_hole_add_up_to_all():
    I_p, I_gt, M = rand(2, 3, 6, 5), rand(2, 3, 6, 5, seed=1), mask()
    both = weighted_l1_loss(I_p, I_gt, M) + weighted_l1_loss(I_p, I_gt, 1 - M)
    assert float(both) == pytest.approx(float((I_p - I_gt).abs().mean()))
    assert float(weighted_l1_loss(I_p, I_gt, 2 * M)) == pytest.approx(2 * float(weighted_l1_loss(I_p, I_gt, M)))
    assert gradcheck(lambda x: weighted_l1_loss(x, I_gt, M), I_p.requires_grad_(), fast_mode=True)
    with pytest.raises(InputError, match=r"I_p: expected I_gt's shape"):
        weighted_l1_loss(I_p[..., 1:], I_gt, M)


def test_discount_is_gamma_to_the_distance():
    M, gamma = mask(), 0.8
    weight = discount(M, gamma)
    for n, i, j in np.ndindex(2, 6, 5):
        existing = (M[n, 0] == 1).nonzero().tolist()
        l = min(math.dist((i, j), pixel) for pixel in existing)  # noqa: E741
        assert float(weight[n, 0, i, j]) == pytest.approx(gamma**l if l else 0)


def test_discount_of_extreme_masks_and_wrong_arguments():
    assert (discount(torch.zeros(2, 1, 3, 3)) == 1).all() and (discount(torch.ones(2, 1, 3, 3)) == 0).all()
    assert discount(torch.zeros(1, 1, 2, 2, dtype=torch.bool)).dtype == torch.float32
    with pytest.raises(InputError, match="gamma: expected 0 < gamma <= 1, got 0"):
        discount(torch.zeros(1, 1, 2, 2), 0)


# --- two players


@pytest.mark.parametrize("form", GAN_FORMS)
def test_both_players_directions(form):
    real, fake = rand(2, 1, 3, 3).mul(0.3).requires_grad_(), rand(2, 1, 3, 3, seed=1).mul(0.3).requires_grad_()
    L_D = gan_loss_discriminator(real, fake, form=form)
    g_real, g_fake = torch.autograd.grad(L_D, (real, fake))
    assert (g_real <= 0).all() and g_real.any()
    if form != "lsgan":  # which pulls the fakes to 0, from either side
        assert (g_fake >= 0).all() and g_fake.any()
    (g,) = torch.autograd.grad(gan_loss_generator(fake, form=form), fake)
    assert (g < 0).all()
    assert gradcheck(lambda a, b: gan_loss_discriminator(a, b, form=form, share=0.5), (real, fake))


def test_forms_by_hand():
    real, fake = torch.tensor([[0.5], [2.0]]), torch.tensor([[-3.0], [0.0]])
    expected = {
        "hinge": ((0.5 + 0) / 2 + (0 + 1) / 2, 1.5),
        "lsgan": ((0.25 + 1) / 2 + 9 / 2, (16 + 1) / 2),
        "wgan": (-1.25 - 1.5, 1.5),
    }
    for form, (D, G) in expected.items():
        assert float(gan_loss_discriminator(real, fake, form=form)) == pytest.approx(D)
        assert float(gan_loss_generator(fake, form=form)) == pytest.approx(G)
    bce = F.binary_cross_entropy(real.sigmoid(), torch.ones(2, 1)) + F.binary_cross_entropy(
        fake.sigmoid(), torch.zeros(2, 1)
    )
    assert float(gan_loss_discriminator(real, fake, form="non-saturating", share=0.5)) == pytest.approx(float(bce) / 2)
    assert float(gan_loss_generator(fake, form="non-saturating")) == pytest.approx(
        float(F.binary_cross_entropy(fake.sigmoid(), torch.ones(2, 1)))
    )


def test_large_scores_stay_finite():
    for form in GAN_FORMS:
        score = torch.tensor([1e4, -1e4])
        assert gan_loss_discriminator(score, score, form=form).isfinite()


def test_two_players_wrong_arguments():
    with pytest.raises(InputError, match="form: expected one of hinge"):
        gan_loss_generator(rand(1), form="l1")
    with pytest.raises(InputError, match="score_fake: expected maps of score_real's shape"):
        gan_loss_discriminator(rand(1, 2), rand(1, 3), form="wgan")


# --- KL


def test_kl_equals_torch_distributions():
    mu_q, mu_p = rand(2, 4, 3, 3), rand(2, 4, 3, 3, seed=1)
    sigma_q, sigma_p = F.softplus(rand(2, 4, 3, 3, seed=2)), F.softplus(rand(2, 4, 3, 3, seed=3))
    expected = kl_divergence(Normal(mu_q, sigma_q), Normal(mu_p, sigma_p)).mean()
    torch.testing.assert_close(kl_normal(mu_q, sigma_q, mu_p, sigma_p), expected)
    assert kl_normal(mu_q, sigma_q, mu_q, sigma_q).abs() < 1e-12
    assert gradcheck(kl_normal, tuple(x.requires_grad_() for x in (mu_q, sigma_q, mu_p, sigma_p)), fast_mode=True)
    assert kl_normal(mu_q.half(), sigma_q.half(), 0.0, 1.0).dtype == torch.float32
    with pytest.raises(InputError, match="sigma_q: expected mu_q's shape"):
        kl_normal(mu_q, sigma_q[:1], 0.0, 1.0)


def test_the_prior_is_wider_for_larger_holes():
    M = torch.ones(3, 1, 10, 10)
    M[1, :, :2] = M[2] = 0
    none, fifth, everything = hole_prior_sigma(M).flatten().tolist()
    assert none == pytest.approx(1 / (1 + math.exp(1.6))) and fifth == pytest.approx(0.5)
    assert everything == pytest.approx(1 / (1 + math.exp(-6.4)))
