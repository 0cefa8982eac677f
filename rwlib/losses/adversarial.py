r"""Adversarial loss, equation (6), and four other forms that are in common use.

    L_a = α E[D(I_gt ⊙ (1-M), M)] + E[1 - D(I_p1 ⊙ (1-M), M)] + E[1 - D(I_p2 ⊙ (1-M), M)]

The generator descends L_a and so pushes D(fake) *up*; its first term has no gradient for the generator. The
discriminator descends -L_a, that is, it *raises* α D(real) and *lowers* D(fake): as printed, (6) is a critic, bounded
by the spectral norm alone. With `label`, the hole's share of each patch, the five forms are:

    form       the discriminator descends                                     the generator descends
    critic     -L_a                                                           L_a
    l1         α|D(real) - label| + |D(fake1)| + |D(fake2)|                   |D(fake1) - label| + |D(fake2) - label|
    hinge      α max(0, 1 - D(real)) + Σ max(0, 1 + D(fake)) / 2              -D(fake1) - D(fake2)
    bce        α softplus(-D(real)) + Σ softplus(D(fake)) / 2                 softplus(-D(fake1)) + softplus(-D(fake2))
    wgan-gp    -α D(real) + Σ D(fake) / 2, plus `gradient_penalty`            -D(fake1) - D(fake2)

`l1` is the released program's default: the label is the target of real patches, zero the target of fake ones. In the
last three forms the entries are weighted by `label`, because a patch without a hole has nothing to judge, and each of
the two fakes counts half, so that α = 1 balances real against fake; the paper's α = 0.01 is "heavy penalisation of
inferred contents". Sums that span lines stand in parentheses: without them the released program lost its fake terms.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.conventions import InputError, check_shape, per_image, unknown, weighted_mean

FORMS = ("critic", "l1", "hinge", "bce", "wgan-gp")


def _check(form: str, label: Tensor, **scores: Tensor) -> None:
    if form not in FORMS:
        raise unknown("form", form, FORMS)
    for name, score in scores.items():
        b, _, h, w = check_shape(name, score, "b c h w").values()
        if label.shape != (b, 1, h, w):
            raise InputError(f"label: expected shape {(b, 1, h, w)} for {name}, got {tuple(label.shape)}")


def adversarial_loss_generator(
    score_p1: Tensor, score_p2: Tensor, label: Tensor, *, form: str = "critic", reduction: str = "sum"
) -> Tensor:
    """Return what the generator descends: L_a without the term that has no gradient for it.

    Args:
        score_p1: (b, c, h, w), D's scores of I_p1 in the hole.
        score_p2: (b, c, h, w), D's scores of I_p2.
        label: (b, 1, h, w), the hole's share of each patch in [0, 1] (`rwlib.masks.label_from_mask`).
        form: one of `FORMS`.
        reduction: applies to the form `l1` alone, which is a norm; the others are expectations, that is, means.

    Returns:
        Scalar; it falls when the scores of the fakes rise (in the form `l1`: when they approach the label).

    Raises:
        InputError: an unknown form, or shapes that do not fit.
    """
    _check(form, label, score_p1=score_p1, score_p2=score_p2)
    if form == "critic":
        return (1 - score_p1).mean() + (1 - score_p2).mean()
    if form == "l1":
        return per_image((score_p1 - label).abs(), reduction) + per_image((score_p2 - label).abs(), reduction)
    if form == "bce":
        return weighted_mean(F.softplus(-score_p1), label) + weighted_mean(F.softplus(-score_p2), label)
    # hinge, wgan-gp. Not -relu(D) as in the released program: it has no gradient where D(fake) < 0, where it is needed.
    return -weighted_mean(score_p1, label) - weighted_mean(score_p2, label)


def adversarial_loss_discriminator(
    score_gt: Tensor,
    score_p1: Tensor,
    score_p2: Tensor,
    label: Tensor,
    *,
    form: str = "critic",
    alpha: float = 0.01,
    reduction: str = "sum",
) -> Tensor:
    """Return what the discriminator descends: -L_a of eq. (6), or its counterpart in another form.

    Args:
        score_gt: (b, c, h, w), D's scores of the ground truth in the hole.
        score_p1: (b, c, h, w), D's scores of I_p1.
        score_p2: (b, c, h, w), D's scores of I_p2.
        label: (b, 1, h, w), the hole's share of each patch in [0, 1].
        form: one of `FORMS`; `wgan-gp` needs `gradient_penalty` in addition.
        alpha: weight of the real term.
        reduction: applies to the form `l1` alone, which is a norm; the others are expectations, that is, means.

    Returns:
        Scalar; it falls when the scores of the ground truth rise and those of the fakes fall.

    Raises:
        InputError: an unknown form, or shapes that do not fit.
    """
    _check(form, label, score_gt=score_gt, score_p1=score_p1, score_p2=score_p2)
    if form == "critic":
        L_a = alpha * score_gt.mean() + (1 - score_p1).mean() + (1 - score_p2).mean()  # eq. (6)
        return -L_a
    if form == "l1":
        return (
            alpha * per_image((score_gt - label).abs(), reduction)
            + per_image(score_p1.abs(), reduction)
            + per_image(score_p2.abs(), reduction)
        )
    real, fake = {
        "hinge": (lambda s: F.relu(1 - s), lambda s: F.relu(1 + s)),
        "bce": (lambda s: F.softplus(-s), F.softplus),
        "wgan-gp": (lambda s: -s, lambda s: s),
    }[form]
    return (
        alpha * weighted_mean(real(score_gt), label)
        + weighted_mean(fake(score_p1), label) / 2
        + weighted_mean(fake(score_p2), label) / 2
    )


def gradient_penalty(score: Tensor, I: Tensor, M: Tensor) -> Tensor:
    """Return E[(‖∇_I D(I)‖₂ - 1)²] of WGAN-GP (Gulrajani et al., 2017), over the hole.

    Args:
        score: (b, c, h, w), D's scores of `I`; their mean per image is differentiated, and the graph is kept.
        I: (b, 3, H, W), a random mixture of real and fake images that requires a gradient.
        M: (b, 1, H, W), 1 existing; D does not see the existing region, so the gradient is zero there.

    Returns:
        Scalar; ten times this is added to the discriminator's loss.
    """
    (gradient,) = torch.autograd.grad(score.mean(dim=(1, 2, 3)).sum(), I, create_graph=True)  # (b, 3, H, W)
    # The root has an infinite slope at zero, hence 1e-12.
    norm = ((gradient * (1 - M)).square().sum(dim=(1, 2, 3)) + 1e-12).sqrt()  # (b,)
    return (norm - 1).square().mean()


def r1_penalty(score: Tensor, I: Tensor) -> Tensor:
    """Return E[‖∇_I D(I)‖₂²], which keeps D flat around real images (Mescheder et al., 2018).

    Args:
        score: (b, c, h, w), D's scores of `I`; their mean per image is differentiated, and the graph is kept.
        I: (b, 3, H, W), real images that require a gradient; it is zero in the existing region, which D does not see.

    Returns:
        Scalar; γ / 2 times this is added to the discriminator's loss.
    """
    (gradient,) = torch.autograd.grad(score.mean(dim=(1, 2, 3)).sum(), I, create_graph=True)  # (b, 3, H, W)
    return gradient.square().sum(dim=(1, 2, 3)).mean()
