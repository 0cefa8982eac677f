r"""Feature loss: absolute differences of two pictures' feature maps.

    L = Σ_p ‖Φ_p(I) - Φ_p(I_gt)‖₁

With VGG's features it is known as perceptual loss (PConv, EdgeConnect), with those of a discriminator as feature
matching (EdgeConnect, Wang et al. 2018). The style loss compares Gram matrices of the same maps
(`rwlib.losses.style_loss`).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from rwlib.conventions import InputError, per_image


def feature_loss(phis: Sequence[Tensor], phis_gt: Sequence[Tensor], *, reduction: str = "mean") -> Tensor:
    """Compare two pictures' feature maps, layer by layer.

    Args:
        phis: feature maps of one picture, (b, c, h, w) each.
        phis_gt: the same of the ground truth.
        reduction: over a map's entries, see `rwlib.conventions.per_image`; the methods that use it take means.

    Returns:
        Scalar, at least 0: the sum over the maps.

    Raises:
        InputError: the lists differ in length or are empty, or two maps in shape.

    Example:
        >>> maps = torch.ones(1, 2, 3, 3), torch.ones(1, 4, 1, 1)
        >>> float(feature_loss(maps, [torch.zeros_like(phi) for phi in maps]))
        2.0
    """
    if len(phis) != len(phis_gt) or not phis:
        raise InputError(f"phis_gt: expected as many maps as phis, at least one, got {len(phis)}, {len(phis_gt)}")
    terms = []
    for p, (phi, phi_gt) in enumerate(zip(phis, phis_gt, strict=True), 1):
        if phi.shape != phi_gt.shape:
            raise InputError(f"phis_gt: map {p}: expected shape {tuple(phi.shape)}, got {tuple(phi_gt.shape)}")
        terms.append(per_image((phi - phi_gt).abs(), reduction))
    return torch.stack(terms).sum()
