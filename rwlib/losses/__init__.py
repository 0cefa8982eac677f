"""The losses of equations (2) to (6), one file each; `rwlib.training.step` weighs them, equation (7)."""

from rwlib.losses.adversarial import (
    FORMS,
    adversarial_loss_discriminator,
    adversarial_loss_generator,
    gradient_penalty,
    r1_penalty,
)
from rwlib.losses.correlation import correlation, correlation_loss, correlation_loss_ref
from rwlib.losses.reconstruction import reconstruction_loss
from rwlib.losses.style import gram, style_loss

__all__ = [
    "FORMS",
    "adversarial_loss_discriminator",
    "adversarial_loss_generator",
    "correlation",
    "correlation_loss",
    "correlation_loss_ref",
    "gradient_penalty",
    "gram",
    "r1_penalty",
    "reconstruction_loss",
    "style_loss",
]
