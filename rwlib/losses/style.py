r"""Style loss, equation (5): which channels are active together, over the whole image.

With Φ_p(I) as an (h_p w_p)×c_p matrix, the Gram matrix over *channels* forgets where things are and keeps their
texture. The loss compares that of the second composite, and of it alone ("different from PConv", section 3.4), with the
ground truth's:

    L_s = Σ_p δ_p ‖Φ_pᵀΦ_p(I_c2) - Φ_pᵀΦ_p(I_gt)‖₁        pools p = 1, 2, 3

The paper does not give δ_p, the "normalisation factor by channel". The released program divides by c_p h_p w_p, and so
does rwlib. Like the correlations, Gram matrices are always computed in float32 (or float64).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from rwlib.conventions import InputError, check_shape, per_image


def gram(phi: Tensor) -> Tensor:
    """Return the Gram matrix over channels, divided by c h w.

    Args:
        phi: (b, c, h, w), features.

    Returns:
        (b, c, c), at least float32.

    Example:
        >>> gram(torch.ones(1, 2, 3, 3))  # 9 positions / (2 * 9)
        tensor([[[0.5000, 0.5000],
                 [0.5000, 0.5000]]])
    """
    check_shape("phi", phi, "b c h w")
    return _gram(phi)


def _gram(phi: Tensor) -> Tensor:
    _, c, h, w = phi.shape
    with torch.autocast(phi.device.type, enabled=False):
        x = phi.flatten(2)  # (b, c, n), n = h w
        x = x.double() if phi.dtype == torch.float64 else x.float()
        return x @ x.transpose(1, 2) / (c * h * w)  # (b, c, c)


def style_loss(phis_c2: Sequence[Tensor], phis_gt: Sequence[Tensor], *, reduction: str = "sum") -> Tensor:
    """Compare channel Gram matrices of two images' feature maps, eq. (5).

    Args:
        phis_c2: VGG pools 1, 2, 3 of the *second composite*, each (b, c, h, w), not normalised.
        phis_gt: the same of the ground truth.
        reduction: over the c² entries of each pool, see `rwlib.conventions.per_image`.

    Returns:
        Scalar, at least 0: the sum over pools.

    Raises:
        InputError: the lists differ in length or are empty, or two maps in shape.

    Example:
        >>> phi = torch.rand(1, 2, 4, 4)
        >>> float(style_loss([phi], [phi]))
        0.0
    """
    if len(phis_c2) != len(phis_gt) or not phis_c2:
        raise InputError(f"phis_gt: expected as many maps as phis_c2, at least one, got {len(phis_c2)}, {len(phis_gt)}")
    terms = []
    for p, (phi_c2, phi_gt) in enumerate(zip(phis_c2, phis_gt, strict=True), 1):
        if phi_c2.shape != phi_gt.shape:
            raise InputError(f"phis_gt: pool {p}: expected shape {tuple(phi_c2.shape)}, got {tuple(phi_gt.shape)}")
        terms.append(per_image((gram(phi_c2) - _gram(phi_gt)).abs(), reduction))  # checked: the shapes are the same
    return torch.stack(terms).sum()
