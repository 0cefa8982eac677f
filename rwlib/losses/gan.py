r"""Adversarial losses of two players on one fake: the forms that the methods beside the paper's use.

`rwlib.losses.adversarial` has the paper's own L_a, with two fakes and a label for each patch. Here every score counts
alike. With D a score without a sigmoid:

    form             the discriminator descends                        the generator descends    used by
    hinge            mean max(0, 1 - D(real)) + max(0, 1 + D(fake))    -D(fake)                  gated convolution
    non-saturating   mean softplus(-D(real)) + softplus(D(fake))       softplus(-D(fake))        EdgeConnect
    lsgan            mean (D(real) - 1)² + D(fake)²                    (D(fake) - 1)²            PIC
    wgan             mean -D(real) + D(fake)                           -D(fake)                  CA, with a penalty

softplus(-D) is -log sigmoid(D): programs that end a discriminator with a sigmoid and take a binary cross entropy
compute the same, less exactly for large scores. EdgeConnect and PIC halve what the discriminator descends (`share`).
"""

import torch.nn.functional as F
from torch import Tensor

from rwlib.conventions import InputError, one_of

GAN_FORMS = ("hinge", "non-saturating", "lsgan", "wgan")

_REAL = {  # what the discriminator descends for a real picture's score
    "hinge": lambda s: F.relu(1 - s),
    "non-saturating": lambda s: F.softplus(-s),
    "lsgan": lambda s: (s - 1).square(),
    "wgan": lambda s: -s,
}
_FAKE = {  # and for a fake's
    "hinge": lambda s: F.relu(1 + s),
    "non-saturating": F.softplus,
    "lsgan": lambda s: s.square(),
    "wgan": lambda s: s,
}
_FOOL = {  # what the generator descends
    "hinge": lambda s: -s,
    "non-saturating": lambda s: F.softplus(-s),
    "lsgan": lambda s: (s - 1).square(),
    "wgan": lambda s: -s,
}


def gan_loss_discriminator(score_real: Tensor, score_fake: Tensor, *, form: str, share: float = 1.0) -> Tensor:
    """Return what the discriminator descends.

    Args:
        score_real: (b, ...), D's scores of real pictures.
        score_fake: (b, ...), D's scores of fakes.
        form: one of `GAN_FORMS`.
        share: factor of the sum.

    Returns:
        Scalar; it falls when the scores of the real rise and those of the fakes fall.

    Raises:
        InputError: an unknown form, or scores of another shape per picture.

    Example:
        >>> float(gan_loss_discriminator(torch.tensor([0.5]), torch.tensor([-2.0]), form="hinge"))
        0.5
    """
    one_of("form", form, GAN_FORMS)
    if score_real.shape[1:] != score_fake.shape[1:]:
        raise InputError(
            f"score_fake: expected maps of score_real's shape {tuple(score_real.shape)}, got {tuple(score_fake.shape)}"
        )
    return share * (_REAL[form](score_real).mean() + _FAKE[form](score_fake).mean())


def gan_loss_generator(score_fake: Tensor, *, form: str) -> Tensor:
    """Return what the generator descends; it falls when the scores of its fakes rise (`lsgan`: towards 1).

    Args:
        score_fake: (b, ...), D's scores of fakes.
        form: one of `GAN_FORMS`.

    Raises:
        InputError: an unknown form.

    Example:
        >>> float(gan_loss_generator(torch.tensor([-2.0]), form="hinge"))
        2.0
    """
    return _FOOL[one_of("form", form, GAN_FORMS)](score_fake).mean()
