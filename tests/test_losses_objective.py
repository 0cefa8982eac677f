"""Objective, eq. (7): each term counts once, phase one leaves L_a out, and each loss sees its own image."""

import dataclasses

import pytest
import torch
from torch.autograd import gradcheck

from rwlib.config import Config
from rwlib.conventions import InputError, compose
from rwlib.losses import (
    Terms,
    correlation_loss,
    objective,
    pixel_and_feature_terms,
    reconstruction_loss,
    style_loss,
)
from rwlib.networks.vgg import VGGFeatures

WEIGHTS = {"L_c": "lambda_1", "L_s": "lambda_2", "L_a": "lambda_3"}
CONFIG = Config(lambda_1=0.5, lambda_2=0.25, lambda_3=2.0)


def scalars(*values):
    return Terms(*(torch.tensor(value, dtype=torch.float64) for value in values))


TERMS = scalars(1.0, 2.0, 4.0, 8.0)  # L_r, L_c, L_s, L_a


# --- the weighted sum


def test_by_hand():
    assert objective(TERMS, CONFIG, phase=1) == 1 + 0.5 * 2 + 0.25 * 4
    assert objective(TERMS, CONFIG, phase=2) == 1 + 0.5 * 2 + 0.25 * 4 + 2 * 8


def test_the_papers_weights():
    L = objective(scalars(1e4, 1e8, 1e6, 3.0), Config(), phase=2)
    assert float(L) == pytest.approx(1e4 + 1e-5 * 1e8 + 1e-3 * 1e6 + 3)


@pytest.mark.parametrize("phase, terms", [(1, ["L_c", "L_s"]), (2, ["L_c", "L_s", "L_a"])])
def test_dropping_a_term_changes_the_total_by_exactly_that_term(phase, terms):
    for name in terms:
        without = dataclasses.replace(CONFIG, **{WEIGHTS[name]: 0.0})
        difference = objective(TERMS, CONFIG, phase) - objective(TERMS, without, phase)
        assert difference == getattr(CONFIG, WEIGHTS[name]) * getattr(TERMS, name)


def test_the_reconstruction_term_has_weight_one():
    assert objective(TERMS, CONFIG, 2) - objective(TERMS._replace(L_r=0 * TERMS.L_r), CONFIG, 2) == TERMS.L_r


def test_phase_one_does_not_look_at_the_adversarial_term():
    without = objective(TERMS._replace(L_a=None), CONFIG, phase=1)
    for L_a in (8.0, float("nan"), float("inf")):
        assert objective(TERMS._replace(L_a=torch.tensor(L_a)), CONFIG, phase=1) == without


def test_gradients_are_right():
    inputs = [term.clone().requires_grad_() for term in TERMS]
    assert gradcheck(lambda *terms: objective(Terms(*terms), CONFIG, phase=2), inputs)


def test_phase_two_needs_the_adversarial_term():
    with pytest.raises(InputError, match="terms.L_a: phase two needs the adversarial term, got None"):
        objective(TERMS._replace(L_a=None), CONFIG, phase=2)


@pytest.mark.parametrize("phase", [0, 3, "one"])
def test_other_phases_are_refused(phase):
    with pytest.raises(InputError, match=f"phase: expected 1 or 2, got {phase!r}"):
        objective(TERMS, CONFIG, phase)


# --- which loss sees what


@pytest.fixture(scope="module")
def step():
    """Ground truth, mask, two predictions, and features of their composites from random weights."""
    generator = torch.Generator().manual_seed(0)
    I_gt, I_p1, I_p2 = (2 * torch.rand(2, 3, 16, 16, dtype=torch.float64, generator=generator) - 1 for _ in range(3))
    M = torch.ones(2, 1, 16, 16, dtype=torch.float64)
    M[..., 4:12, 6:13] = 0
    I_p1.requires_grad_()
    I_p2.requires_grad_()
    vgg = VGGFeatures("random", size_px=0).double()
    phis_c1, phis_c2 = vgg(compose(I_gt, I_p1, M), pools=2), vgg(compose(I_gt, I_p2, M))  # as in training
    return {"images": (I_p1, I_p2, I_gt), "phis": (phis_c1, phis_c2, vgg(I_gt)), "M": M}


def gradients(step, name):
    """Gradients of one term with respect to both predictions; zeros where there is no path."""
    I_p1, I_p2, _ = step["images"]
    term = getattr(pixel_and_feature_terms(*step["images"], *step["phis"]), name)
    return torch.autograd.grad(term, (I_p1, I_p2), allow_unused=True, materialize_grads=True, retain_graph=True)


@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_sum"])
def test_the_three_terms_are_the_three_losses(step, reduction):
    I_p1, I_p2, I_gt = step["images"]
    phis_c1, phis_c2, phis_gt = step["phis"]
    terms = pixel_and_feature_terms(*step["images"], *step["phis"], reduction=reduction)
    assert terms.L_r == reconstruction_loss(I_p1, I_p2, I_gt, reduction=reduction)
    assert terms.L_c == correlation_loss(phis_c1[1], phis_gt[1], reduction=reduction)
    assert terms.L_s == style_loss(phis_c2, phis_gt, reduction=reduction)
    assert terms.L_a is None


def test_the_correlation_loss_sees_the_first_composite_alone(step):
    first, second = gradients(step, "L_c")
    assert (second == 0).all()
    assert torch.equal((first != 0).any(dim=1, keepdim=True), step["M"] == 0)  # the prediction in the hole only


def test_the_style_loss_sees_the_second_composite_alone(step):
    first, second = gradients(step, "L_s")
    assert (first == 0).all()
    assert torch.equal((second != 0).any(dim=1, keepdim=True), step["M"] == 0)


def test_the_reconstruction_loss_sees_all_of_both_predictions(step):
    for gradient in gradients(step, "L_r"):
        assert (gradient != 0).all()


def test_the_correlation_loss_sees_pool_2_and_the_style_loss_all_three(step):
    """Count, pool by pool, whose gradients are not zero."""
    phis = [[phi.detach().requires_grad_() for phi in pools] for pools in step["phis"]]
    terms = pixel_and_feature_terms(*step["images"], *phis)

    def seen(term, pools):
        return [
            bool((gradient != 0).any())
            for gradient in torch.autograd.grad(
                term, pools, allow_unused=True, materialize_grads=True, retain_graph=True
            )
        ]

    phis_c1, phis_c2, phis_gt = phis
    assert seen(terms.L_c, phis_c1) == [False, True]
    assert seen(terms.L_c, phis_gt) == [False, True, False]
    assert seen(terms.L_c, phis_c2) == [False, False, False]
    assert seen(terms.L_s, phis_c2) == seen(terms.L_s, phis_gt) == [True, True, True]
    assert seen(terms.L_s, phis_c1) == [False, False]


def test_perfect_predictions_cost_nothing(step):
    _, _, I_gt = step["images"]
    _, _, phis_gt = step["phis"]
    terms = pixel_and_feature_terms(I_gt, I_gt, I_gt, phis_gt, phis_gt, phis_gt)
    assert terms == Terms(0, 0, 0)
