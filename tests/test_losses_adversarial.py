"""Adversarial loss, eq. (6), and its four other forms: both players equal loops and pull in the right direction."""

import math

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from rwlib.conventions import InputError
from rwlib.losses import FORMS, adversarial_loss_discriminator, adversarial_loss_generator, gradient_penalty

WEIGHTED = ["hinge", "bce", "wgan-gp"]  # by the hole's share of each patch


def scores(seed=0, b=2, c=3, h=2, w=2):
    return torch.randn(b, c, h, w, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def labels():
    """The hole's share of each patch, for two images: none, some, all."""
    return torch.tensor([[0.0, 0.25, 0.75, 1.0], [0.5, 0.0, 0.1, 0.3]], dtype=torch.float64).reshape(2, 1, 2, 2)


# --- loops

# form: what one score s counts under label t, for the generator; for the discriminator if real, and if fake
ENTRY = {
    "critic": (lambda s, t: 1 - s, lambda s, t: -s, lambda s, t: -(1 - s)),
    "l1": (lambda s, t: abs(s - t), lambda s, t: abs(s - t), lambda s, t: abs(s)),
    "hinge": (lambda s, t: -s, lambda s, t: max(0, 1 - s), lambda s, t: max(0, 1 + s) / 2),
    "bce": (
        lambda s, t: math.log(1 + math.exp(-s)),
        lambda s, t: math.log(1 + math.exp(-s)),
        lambda s, t: math.log(1 + math.exp(s)) / 2,
    ),
    "wgan-gp": (lambda s, t: -s, lambda s, t: -s, lambda s, t: s / 2),
}


def expectation_ref(entry, score, label, form, reduction="sum"):
    """`l1` is a norm; the others are means, the last three weighted by the label."""
    images = []
    for n in range(len(score)):
        total = weights = 0.0
        for c, i, j in np.ndindex(*score.shape[1:]):
            s, t = float(score[n, c, i, j]), float(label[n, 0, i, j])
            weight = t if form in WEIGHTED else 1
            total, weights = total + weight * entry(s, t), weights + weight
        images.append(total if form == "l1" and reduction != "mean" else total / weights)
    return sum(images) / (1 if form == "l1" and reduction == "batch_sum" else len(images))


@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_sum"])
@pytest.mark.parametrize("form", FORMS)
def test_generator_equals_loop(form, reduction):
    entry, label = ENTRY[form][0], labels()
    expected = sum(expectation_ref(entry, scores(seed), label, form, reduction) for seed in (1, 2))
    loss = adversarial_loss_generator(scores(1), scores(2), label, form=form, reduction=reduction)
    assert float(loss) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_sum"])
@pytest.mark.parametrize("form", FORMS)
def test_discriminator_equals_loop(form, reduction):
    _, real, fake = ENTRY[form]
    label, alpha = labels(), 0.3
    expected = alpha * expectation_ref(real, scores(0), label, form, reduction)
    expected += sum(expectation_ref(fake, scores(seed), label, form, reduction) for seed in (1, 2))
    loss = adversarial_loss_discriminator(
        scores(0), scores(1), scores(2), label, form=form, alpha=alpha, reduction=reduction
    )
    assert float(loss) == pytest.approx(expected, rel=1e-12)


# --- by hand: one image, one channel, two patches of which the second is half missing

LABEL = torch.tensor([0.0, 0.5]).reshape(1, 1, 1, 2)
REAL, FAKE_1, FAKE_2 = (torch.tensor(pair).reshape(1, 1, 1, 2) for pair in ([0.5, 0.25], [2.0, -0.5], [1.0, 0.0]))
LN2 = math.log(2)


@pytest.mark.parametrize(
    "form, expected",
    [
        ("critic", 1 - 0.75 + 1 - 0.5),  # 1 minus the mean score, twice
        ("l1", (2 + 1) + (1 + 0.5)),
        ("hinge", 0.5 + 0),  # only the second patch has a hole
        ("bce", math.log(1 + math.exp(0.5)) + LN2),
        ("wgan-gp", 0.5 + 0),
    ],
)
def test_generator_by_hand(form, expected):
    assert float(adversarial_loss_generator(FAKE_1, FAKE_2, LABEL, form=form)) == pytest.approx(expected)


@pytest.mark.parametrize(
    "form, expected",
    [
        ("critic", -(10 * 0.375 + 0.25 + 0.5)),  # -L_a
        ("l1", 10 * (0.5 + 0.25) + (2 + 0.5) + (1 + 0)),
        ("hinge", 10 * 0.75 + (0.5 + 1) / 2),
        ("bce", 10 * math.log(1 + math.exp(-0.25)) + (math.log(1 + math.exp(-0.5)) + LN2) / 2),
        ("wgan-gp", 10 * -0.25 + (-0.5 + 0) / 2),
    ],
)
def test_discriminator_by_hand(form, expected):
    loss = adversarial_loss_discriminator(REAL, FAKE_1, FAKE_2, LABEL, form=form, alpha=10)
    assert float(loss) == pytest.approx(expected)


# --- directions: which way scores move when a loss falls


def players(form, real=0.2, fake_1=0.2, fake_2=0.2):
    """Losses of generator and discriminator for scores that are the same everywhere; the label is 0.6."""
    label = torch.full((1, 1, 2, 2), 0.6, dtype=torch.float64)
    real, fake_1, fake_2 = (torch.full_like(label, score) for score in (real, fake_1, fake_2))
    return (
        float(adversarial_loss_generator(fake_1, fake_2, label, form=form)),
        float(adversarial_loss_discriminator(real, fake_1, fake_2, label, form=form)),
    )


@pytest.mark.parametrize("fake", ["fake_1", "fake_2"])
@pytest.mark.parametrize("form", FORMS)
def test_raising_the_score_of_a_fake_pleases_the_generator_and_hurts_the_discriminator(form, fake):
    (L_G, L_D), (L_G_raised, L_D_raised) = players(form), players(form, **{fake: 0.3})
    assert L_G_raised < L_G - 0.01 and L_D_raised > L_D + 0.01


@pytest.mark.parametrize("form", FORMS)
def test_raising_the_score_of_the_real_image_pleases_the_discriminator_and_leaves_the_generator_alone(form):
    (L_G, L_D), (L_G_raised, L_D_raised) = players(form), players(form, real=0.3)
    assert L_G_raised == L_G and L_D_raised < L_D - 1e-4


def test_l1_has_targets_and_overshooting_them_hurts():
    at_label, beyond = players("l1", 0.6, 0.6, 0.6), players("l1", 0.7, 0.7, 0.7)
    assert at_label[0] == 0 and beyond[0] > 0
    assert players("l1", 0.6, 0, 0)[1] == 0 and players("l1", 0.7, 0, 0)[1] > 0
    assert players("l1", 0.6, -0.1, 0)[1] > 0


def test_hinge_gives_the_generator_a_gradient_where_the_fakes_score_below_zero():
    fakes = torch.full((1, 1, 2, 2), -0.5, requires_grad=True)
    adversarial_loss_generator(fakes, fakes.detach(), torch.ones(1, 1, 2, 2), form="hinge").backward()
    assert (fakes.grad < 0).all()  # the released -relu(D) has none here


def test_hinge_leaves_the_discriminator_alone_beyond_the_margin():
    assert players("hinge", real=1.5)[1] == players("hinge", real=2)[1]
    assert players("hinge", fake_1=-1.5)[1] == players("hinge", fake_1=-2)[1]


# --- invariants


def test_critic_is_equation_6_for_both_players():
    real, fake_1, fake_2, label, alpha = scores(0), scores(1), scores(2), labels(), 0.01
    L_a = alpha * real.mean() + (1 - fake_1).mean() + (1 - fake_2).mean()
    L_D = adversarial_loss_discriminator(real, fake_1, fake_2, label, form="critic", alpha=alpha)
    torch.testing.assert_close(L_D, -L_a)
    L_G = adversarial_loss_generator(fake_1, fake_2, label, form="critic")
    torch.testing.assert_close(L_G, L_a - alpha * real.mean())  # the term without a gradient for the generator


@pytest.mark.parametrize("form", FORMS)
def test_alpha_weighs_the_real_term_alone(form):
    def loss(alpha, real=0, fake=1):
        return adversarial_loss_discriminator(scores(real), scores(fake), scores(2), labels(), form=form, alpha=alpha)

    torch.testing.assert_close(loss(0, real=0), loss(0, real=7))
    torch.testing.assert_close(loss(2) - loss(1), loss(1) - loss(0))
    torch.testing.assert_close(loss(1, fake=1) - loss(0, fake=1), loss(1, fake=7) - loss(0, fake=7))


def test_alpha_is_the_papers_by_default():
    inputs = scores(0), scores(1), scores(2), labels()
    assert adversarial_loss_discriminator(*inputs) == adversarial_loss_discriminator(*inputs, alpha=0.01, form="critic")
    assert adversarial_loss_generator(*inputs[1:]) == adversarial_loss_generator(*inputs[1:], form="critic")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_gradients_are_right(form, player):
    loss = {"generator": adversarial_loss_generator, "discriminator": adversarial_loss_discriminator}[player]
    inputs = [scores(seed).requires_grad_() for seed in range(2 if player == "generator" else 3)]
    assert gradcheck(lambda *s: loss(*s, labels(), form=form), inputs)


@pytest.mark.parametrize("form", WEIGHTED)
def test_patches_without_a_hole_are_not_judged(form):
    real, fake_1, fake_2, label = scores(0), scores(1), scores(2), labels()

    def losses(content):
        changed = [s.where(label > 0, content) for s in (real, fake_1, fake_2)]
        return [
            float(adversarial_loss_generator(*changed[1:], label, form=form)),
            float(adversarial_loss_discriminator(*changed, label, form=form)),
        ]

    assert losses(0.0) == losses(100.0)


@pytest.mark.parametrize("form", WEIGHTED)
def test_an_image_without_a_hole_gives_nothing_and_no_nan(form):
    inputs = [scores(seed).requires_grad_() for seed in range(3)]
    nothing = torch.zeros_like(labels())
    L_G = adversarial_loss_generator(*inputs[1:], nothing, form=form)
    L_D = adversarial_loss_discriminator(*inputs, nothing, form=form)
    assert L_G == 0 and L_D == 0
    assert all((gradient == 0).all() for gradient in torch.autograd.grad(L_G + L_D, inputs))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_sum"])
def test_only_the_batch_sum_of_the_norm_grows_with_the_batch(form, reduction):
    inputs = [scores(0), scores(1), scores(2), labels()]
    twice = [torch.cat([x, x]) for x in inputs]
    factor = 2 if (form, reduction) == ("l1", "batch_sum") else 1
    options = {"form": form, "reduction": reduction}
    L_G, L_G_twice = (adversarial_loss_generator(*x[1:], **options) for x in (inputs, twice))
    L_D, L_D_twice = (adversarial_loss_discriminator(*x, **options) for x in (inputs, twice))
    torch.testing.assert_close(L_G_twice, factor * L_G)
    torch.testing.assert_close(L_D_twice, factor * L_D)


# --- gradient penalty

HOLE = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64).reshape(1, 1, 1, 3)  # M: two pixels missing


def test_gradient_penalty_by_hand():
    I = torch.zeros(2, 3, 1, 3, dtype=torch.float64, requires_grad=True)
    # The gradient in the hole is (3, 4), of norm 5, for the first image and (0.6, 0.8), of norm 1, for the second.
    slope = torch.tensor([1.0, 0.2], dtype=torch.float64)
    score = slope * (3 * I[:, 0, 0, 0] + 4 * I[:, 2, 0, 1] + 100 * I[:, 1, 0, 2])  # the last pixel exists
    patches = score.reshape(2, 1, 1, 1).expand(2, 4, 1, 2)  # patches and channels are averaged
    assert float(gradient_penalty(patches, I, HOLE.expand(2, 1, 1, 3))) == pytest.approx(((5 - 1) ** 2 + 0) / 2)


def test_gradient_penalty_equals_loop():
    generator = torch.Generator().manual_seed(0)
    I, weight = (torch.randn(2, 3, 2, 2, dtype=torch.float64, generator=generator) for _ in range(2))
    M = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64).expand(2, 1, 2, 2)
    score = (weight * I.requires_grad_() ** 2).sum(dim=(1, 2, 3), keepdim=True)  # its gradient is 2 weight I
    expected = 0.0
    for n in range(2):
        squares = 0.0
        for c, i, j in np.ndindex(3, 2, 2):
            if M[n, 0, i, j] == 0:
                squares += (2 * weight[n, c, i, j].item() * I[n, c, i, j].item()) ** 2
        expected += (math.sqrt(squares) - 1) ** 2 / 2
    assert gradient_penalty(score, I, M).item() == pytest.approx(expected)


def test_gradient_penalty_has_the_right_gradient_for_the_discriminators_weights():
    I, M = scores(0, c=3).requires_grad_(), labels().ceil()

    def penalty(weight):
        return gradient_penalty((weight * I).tanh().sum(dim=1, keepdim=True), I, M)

    assert gradcheck(penalty, scores(1, c=3).requires_grad_())


def test_gradient_penalty_of_a_constant_score_is_one_and_differentiable():
    I = torch.zeros(1, 3, 1, 3, dtype=torch.float64, requires_grad=True)
    weight = torch.zeros((), dtype=torch.float64, requires_grad=True)
    penalty = gradient_penalty((weight * I).sum(dim=1, keepdim=True), I, HOLE)
    assert penalty.item() == pytest.approx(1, abs=1e-5)
    assert torch.autograd.grad(penalty, weight)[0].isfinite()


# --- errors


def test_wrong_arguments_are_named():
    s, label = scores(), labels()
    for loss, n in ((adversarial_loss_generator, 2), (adversarial_loss_discriminator, 3)):
        with pytest.raises(InputError, match="form: expected one of critic, l1, hinge, bce, wgan-gp; got 'gan'"):
            loss(*[s] * n, label, form="gan")
        with pytest.raises(InputError, match=r"label: expected shape \(2, 1, 2, 2\) for score_\w+, got \(1, 1, 2, 2\)"):
            loss(*[s] * n, label[:1])
        with pytest.raises(InputError, match=r"label: expected shape \(2, 1, 2, 2\) for score_\w+, got \(2, 3, 2, 2\)"):
            loss(*[s] * n, s)
        with pytest.raises(InputError, match=r"score_p1: expected shape \(b, c, h, w\), got \(3, 2, 2\)"):
            loss(*[s] * (n - 2), s[0], s, label)
        with pytest.raises(InputError, match=r"label: expected shape \(1, 1, 2, 2\) for score_p2"):
            loss(*[s] * (n - 1), s[:1], label)
        with pytest.raises(InputError, match="reduction: expected"):
            loss(*[s] * n, label, form="l1", reduction="max")
