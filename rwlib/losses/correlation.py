r"""Correlation loss, equations (3) and (4): which positions of an image resemble each other.

With Ψ = Φ_2 (VGG's second pool) as a c×n matrix of n = h w columns, every pair of positions has a correlation, and the
first composite shall have those of the ground truth:

    f_ij(I) = Ψ^i(I)ᵀ Ψ^j(I)                            (3)   n×n, the Gram matrix over *positions*
    L_c = σ Σ_ij |f_ij(I_c1) - f_ij(I_gt)|              (4)

The paper does not give σ, the "normalisation factor by position"; the released program divides by c², and so does
rwlib, because λ_1 = 1e-5 depends on it.

Correlations of VGG features reach 2.6e6, beyond half precision, so they are computed in float32 (or float64) always.
"""

import torch
from torch import Tensor

from rwlib.conventions import InputError, check_shape, per_image


def correlation(phi: Tensor) -> Tensor:
    """Return f_ij of every pair of positions, eq. (3).

    Args:
        phi: (b, c, h, w), features.

    Returns:
        (b, h w, h w), at least float32; positions in row-major order.

    Example:
        >>> correlation(torch.ones(1, 5, 1, 2))  # two positions, five channels of ones
        tensor([[[5., 5.],
                 [5., 5.]]])
    """
    check_shape("phi", phi, "b c h w")
    with torch.autocast(phi.device.type, enabled=False):
        psi = phi.flatten(2)  # (b, c, n)
        psi = psi.double() if phi.dtype == torch.float64 else psi.float()
        return psi.transpose(1, 2) @ psi


def correlation_loss(phi_c1: Tensor, phi_gt: Tensor, *, reduction: str = "sum") -> Tensor:
    """Compare the correlations of the first composite with the ground truth's, eq. (4).

    Args:
        phi_c1: (b, c, h, w), VGG pool 2 of the *first composite*.
        phi_gt: (b, c, h, w), the same of the ground truth.
        reduction: over the n² entries, see `rwlib.conventions.per_image`.

    Returns:
        Scalar, at least 0. Memory: two (b, n, n) matrices.

    Raises:
        InputError: shapes that differ.
    """
    channels = check_shape("phi_c1", phi_c1, "b c h w")["c"]
    if phi_c1.shape != phi_gt.shape:
        raise InputError(f"phi_gt: expected phi_c1's shape {tuple(phi_c1.shape)}, got {tuple(phi_gt.shape)}")
    sigma = 1 / channels**2
    return sigma * per_image((correlation(phi_c1) - correlation(phi_gt)).abs(), reduction)
