r"""Adversarial loss, equation (6), and the other forms that people train with.

    L_a = α E[D(I_gt ⊙ (1-M), M)] + E[1 - D(I_p1 ⊙ (1-M), M)] + E[1 - D(I_p2 ⊙ (1-M), M)]

The generator descends L_a and so pushes D(fake) *up*; its first term has no gradient for the generator. The
discriminator descends -L_a, that is, it *raises* α D(real) and *lowers* D(fake): as printed, (6) is a critic, unbounded
but for the spectral norm. With `label` the hole's share of each patch, the named forms are:

    form       the discriminator descends                                     the generator descends
    critic     -L_a                                                           L_a
    l1         α|D(real) - label| + |D(fake1)| + |D(fake2)|                   |D(fake1) - label| + |D(fake2) - label|
    hinge      α max(0, 1 - D(real)) + Σ max(0, 1 + D(fake)) / 2              -D(fake1) - D(fake2)
    bce        α softplus(-D(real)) + Σ softplus(D(fake)) / 2                 softplus(-D(fake1)) + softplus(-D(fake2))
    wgan-gp    -α D(real) + Σ D(fake) / 2, plus `gradient_penalty`            -D(fake1) - D(fake2)

`l1` is the released program's default: the hole label is the target of real patches, zero that of fake ones. In the
last three forms entries are weighted by `label`, because a patch without hole has nothing to judge, and the two fakes
count half each, so that α = 1 balances real against fake; the paper's α = 0.01 is "heavy penalisation of inferred
contents". Sums that span lines stand in parentheses: the released program lost its fake terms for want of a pair.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.conventions import InputError, check_shape, one_of, per_image

FORMS = ("critic", "l1", "hinge", "bce", "wgan-gp")


def _check(form: str, label: Tensor, **scores: Tensor) -> None:
    one_of("form", form, FORMS)
    for name, score in scores.items():
        b, _, h, w = check_shape(name, score, "b c h w").values()
        if label.shape != (b, 1, h, w):
            raise InputError(f"label: expected shape {(b, 1, h, w)} for {name}, got {tuple(label.shape)}")


def _weighted_mean(entries: Tensor, label: Tensor) -> Tensor:
    """Average each image's entries (c, h, w) with weights (1, h, w), then the batch; no label at all counts nothing."""
    weight = label.expand_as(entries)
    images = (entries * weight).sum(dim=(1, 2, 3)) / weight.sum(dim=(1, 2, 3)).clamp(min=1e-6)
    return images.mean()


def adversarial_loss_generator(
    score_p1: Tensor, score_p2: Tensor, label: Tensor, *, form: str = "critic", reduction: str = "sum"
) -> Tensor:
    """Return what the generator descends: L_a without the term that has no gradient for it.

    Args:
        score_p1: (b, c, h, w), D's scores of I_p1 in the hole.
        score_p2: (b, c, h, w), of I_p2.
        label: (b, 1, h, w), the hole's share of each patch in [0, 1] (`rwlib.masks.label_from_mask`).
        form: one of `FORMS`.
        reduction: of the form `l1`, which is a norm; the others are expectations, that is, means.

    Returns:
        Scalar; it falls when the scores of fakes rise (for `l1`: towards the label).

    Raises:
        InputError: an unknown form, or shapes that do not fit.
    """
    _check(form, label, score_p1=score_p1, score_p2=score_p2)
    if form == "critic":
        return (1 - score_p1).mean() + (1 - score_p2).mean()
    if form == "l1":
        return per_image((score_p1 - label).abs(), reduction) + per_image((score_p2 - label).abs(), reduction)
    if form == "bce":
        return _weighted_mean(F.softplus(-score_p1), label) + _weighted_mean(F.softplus(-score_p2), label)
    # hinge, wgan-gp. Not -relu(D) as released: that has no gradient where D(fake) < 0, just where it is needed.
    return -_weighted_mean(score_p1, label) - _weighted_mean(score_p2, label)


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
        score_p1: (b, c, h, w), of I_p1.
        score_p2: (b, c, h, w), of I_p2.
        label: (b, 1, h, w), the hole's share of each patch in [0, 1].
        form: one of `FORMS`; `wgan-gp` needs `gradient_penalty` beside it.
        alpha: weight of the real term.
        reduction: of the form `l1`, which is a norm; the others are expectations, that is, means.

    Returns:
        Scalar; it falls when the scores of the ground truth rise and those of fakes fall.

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
        alpha * _weighted_mean(real(score_gt), label)
        + _weighted_mean(fake(score_p1), label) / 2
        + _weighted_mean(fake(score_p2), label) / 2
    )


def gradient_penalty(score: Tensor, I: Tensor, M: Tensor) -> Tensor:
    """Return E[(‖∇_I D(I)‖₂ - 1)²] of WGAN-GP (Gulrajani et al., 2017), over the hole.

    Args:
        score: (b, c, h, w), D's scores of `I`; their mean per image is differentiated, and the graph kept.
        I: (b, 3, H, W), a random mixture of real and fake images that requires a gradient.
        M: (b, 1, H, W), 1 existing; D sees nothing there, so the gradient is zero there.

    Returns:
        Scalar, to be added to the discriminator's loss times 10.
    """
    (gradient,) = torch.autograd.grad(score.mean(dim=(1, 2, 3)).sum(), I, create_graph=True)
    norm = ((gradient * (1 - M)).square().sum(dim=(1, 2, 3)) + 1e-12).sqrt()
    return (norm - 1).square().mean()
