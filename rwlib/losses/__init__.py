"""The losses of equations (2) to (6), one file each; `rwlib.training.step` weighs them, equation (7).

Beside them those that other methods need: `features`, `total_variation`, `weighted`, `gan`, `kl`.
"""

from rwlib.losses.adversarial import (
    FORMS,
    adversarial_loss_discriminator,
    adversarial_loss_generator,
    gradient_penalty,
    r1_penalty,
)
from rwlib.losses.correlation import correlation, correlation_loss, correlation_loss_ref
from rwlib.losses.features import feature_loss
from rwlib.losses.gan import GAN_FORMS, gan_loss_discriminator, gan_loss_generator
from rwlib.losses.kl import hole_prior_sigma, kl_normal
from rwlib.losses.reconstruction import reconstruction_loss
from rwlib.losses.style import gram, style_loss
from rwlib.losses.total_variation import total_variation_loss
from rwlib.losses.weighted import discount, weighted_l1_loss

__all__ = [
    "FORMS",
    "GAN_FORMS",
    "adversarial_loss_discriminator",
    "adversarial_loss_generator",
    "correlation",
    "correlation_loss",
    "correlation_loss_ref",
    "discount",
    "feature_loss",
    "gan_loss_discriminator",
    "gan_loss_generator",
    "gradient_penalty",
    "gram",
    "hole_prior_sigma",
    "kl_normal",
    "r1_penalty",
    "reconstruction_loss",
    "style_loss",
    "total_variation_loss",
    "weighted_l1_loss",
]
