r"""The generator's objective, equation (7), and its phase switch (section 3.5, Algorithm 1).

    L = L_r + λ_1 L_c + λ_2 L_s + λ_3 L_a,     λ_3 = 0 in phase one (20 epochs), then 1 (9 epochs)

Which loss sees what is half of the idea: **L_c the first composite, L_s the second, L_r both predictions, L_a both
predictions inside the hole.** Algorithm 1 (line 9) says predictions for L_c and L_s; equations (4) and (5) and the
released program say composites, and so does rwlib.
"""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from rwlib.config import Config
from rwlib.conventions import InputError
from rwlib.losses.correlation import correlation_loss
from rwlib.losses.reconstruction import reconstruction_loss
from rwlib.losses.style import style_loss


class Terms(NamedTuple):
    """The four terms of eq. (7), not weighted; L_a is None in phase one."""

    L_r: Tensor
    L_c: Tensor
    L_s: Tensor
    L_a: Tensor | None = None


def pixel_and_feature_terms(
    I_p1: Tensor,
    I_p2: Tensor,
    I_gt: Tensor,
    phis_c1: Sequence[Tensor],
    phis_c2: Sequence[Tensor],
    phis_gt: Sequence[Tensor],
    *,
    reduction: str = "sum",
) -> Terms:
    """Compute the three terms that need no discriminator: L_r, L_c, L_s.

    Args:
        I_p1: (b, 3, h, w), first prediction.
        I_p2: (b, 3, h, w), second prediction.
        I_gt: (b, 3, h, w), ground truth.
        phis_c1: VGG pools of the first composite; pool 2 is used.
        phis_c2: VGG pools 1, 2, 3 of the second composite.
        phis_gt: VGG pools 1, 2, 3 of the ground truth.
        reduction: see `rwlib.conventions.per_image`.
    """
    return Terms(
        L_r=reconstruction_loss(I_p1, I_p2, I_gt, reduction=reduction),
        L_c=correlation_loss(phis_c1[1], phis_gt[1], reduction=reduction),
        L_s=style_loss(phis_c2, phis_gt, reduction=reduction),
    )


def objective(terms: Terms, config: Config, phase: int) -> Tensor:
    """Weigh the terms, eq. (7).

    Args:
        terms: L_r, L_c, L_s and, in phase two, L_a.
        config: has lambda_1, lambda_2, lambda_3.
        phase: 1 (λ_3 = 0, L_a is not even looked at) or 2.

    Returns:
        Scalar L that the generator descends.

    Raises:
        InputError: another phase, or phase two without L_a.
    """
    if phase not in (1, 2):
        raise InputError(f"phase: expected 1 or 2, got {phase!r}")
    L = terms.L_r + config.lambda_1 * terms.L_c + config.lambda_2 * terms.L_s
    if phase == 1:
        return L
    if terms.L_a is None:
        raise InputError("terms.L_a: phase two needs the adversarial term, got None")
    return L + config.lambda_3 * terms.L_a
