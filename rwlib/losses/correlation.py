r"""Correlation loss, equations (3) and (4): which positions of an image resemble each other.

With Ψ = Φ_2 (VGG's second pool) as a c×n matrix of n = h w columns, every pair of positions has a correlation, and the
first composite shall have those of the ground truth:

    f_ij(I) = Ψ^i(I)ᵀ Ψ^j(I)                            (3)   n×n, the Gram matrix over *positions*
    L_c = σ Σ_ij |f_ij(I_c1) - f_ij(I_gt)|              (4)

The paper does not give σ, the "normalisation factor by position"; the released program divides by c², and so does
rwlib, because λ_1 = 1e-5 depends on it.

`correlation_loss_ref` is that, word for word. `correlation_loss` has the same value and gradient from tiles of the n×n
matrix, one at a time: at n = 4096 positions (a 256x256 image) the whole matrix has 67 MB, at n = 16384 a gigabyte.

Correlations of VGG features are far beyond half precision (up to 2.4e8 on five photographs at 256 px with the bundled
VGG-19; float16 ends at 65504), so they are computed in float32 (or float64) always.
"""

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from rwlib.conventions import InputError, check_shape, per_image

TILE = {False: 512, True: 2048}
"""Side of a tile on a CPU, where it should fit the cache (1 MB), and on a GPU (16 MB; not measured)."""


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


def correlation_loss_ref(phi_c1: Tensor, phi_gt: Tensor, *, reduction: str = "sum") -> Tensor:
    """Equation (4) as it stands: two (b, n, n) matrices, and autograd keeps as many again."""
    sigma = 1 / phi_c1.shape[1] ** 2
    return sigma * per_image((correlation(phi_c1) - correlation(phi_gt)).abs(), reduction)


def correlation_loss(phi_c1: Tensor, phi_gt: Tensor, *, reduction: str = "sum") -> Tensor:
    """Compare the correlations of the first composite with the ground truth's, eq. (4).

    Args:
        phi_c1: (b, c, h, w), VGG pool 2 of the *first composite*.
        phi_gt: (b, c, h, w), the same of the ground truth.
        reduction: over the n² entries, see `rwlib.conventions.per_image`.

    Returns:
        Scalar, at least 0, at least float32. Memory: a few (n, c) matrices and one tile, never an (n, n) matrix.

    Raises:
        InputError: shapes that differ, or an unknown reduction.

    Example:
        >>> phi_c1, phi_gt = torch.ones(1, 2, 1, 2), torch.zeros(1, 2, 1, 2)
        >>> correlation_loss(phi_c1, phi_gt)  # four correlations of 2 are missing, over 2²
        tensor(2.)
    """
    _, channels, h, w = check_shape("phi_c1", phi_c1, "b c h w").values()
    if phi_c1.shape != phi_gt.shape:
        raise InputError(f"phi_gt: expected phi_c1's shape {tuple(phi_c1.shape)}, got {tuple(phi_gt.shape)}")
    dtype = torch.float64 if phi_c1.dtype == torch.float64 else torch.float32
    with torch.autocast(phi_c1.device.type, enabled=False):
        # (b, n, c): a position's features side by side; a channels-last map is already so.
        psi_c1, psi_gt = (phi.flatten(2).transpose(1, 2).to(dtype) for phi in (phi_c1, phi_gt))
        sums = _SumOfDifferences.apply(psi_c1, psi_gt)
    n = h * w if reduction == "mean" else 1
    sigma = 1 / channels**2
    return sigma * per_image(sums, reduction) / n**2


class _SumOfDifferences(torch.autograd.Function):
    r"""Σ_ij |f_ij(I_c1) - f_ij(I_gt)| of each image, tile by tile.

    Let A and B be the features (n, c) of the two images and E = A - B. The matrix of differences is one product,

        D = A Aᵀ - B Bᵀ = E Aᵀ + B Eᵀ = [E B] [A E]ᵀ

    so any tile of it can be had alone. It is symmetric: tiles below the diagonal need not be looked at. And it is zero
    where neither position has changed, which outside a hole is most of the image: changed positions are brought to the
    front, and where they end, so does the work. (Changed means by a bit: features from one network in two memory
    formats differ everywhere by rounding. The result is the same then, the saving is not.)

    With S = sign(D), the gradient of Σ|D| is 2 S A for A and -2 S B for B. A tile of S is at hand when its tile of D
    is, so the gradients are summed up in the forward pass, and the backward pass only scales them.
    """

    @staticmethod
    def forward(ctx, A: Tensor, B: Tensor) -> Tensor:
        (b, n, _), tile = A.shape, TILE[A.device.type == "cuda"]
        sums = A.new_zeros(b, dtype=torch.float64)
        gradients = [torch.zeros_like(A) if needed else None for needed in ctx.needs_input_grad]
        for k in range(b):
            changed = (A[k] != B[k]).any(dim=1)
            order, n_changed = torch.argsort(~changed, stable=True), int(changed.sum())
            A_k, B_k = A[k, order], B[k, order]
            left, right = torch.cat([A_k - B_k, B_k], dim=1), torch.cat([A_k, A_k - B_k], dim=1)  # (n, 2 c)
            sorted_gradients = [g if g is None else torch.zeros_like(A_k) for g in gradients]
            for i, j in _upper_tiles(n, tile):
                if i.start >= n_changed:
                    break
                twice = 1 if i == j else 2
                D = left[i] @ right[j].T
                sums[k] += twice * D.abs().sum()
                S = D.sign_()
                for psi, sign, gradient in zip((A_k, B_k), (2, -2), sorted_gradients, strict=True):
                    if gradient is not None:
                        gradient[i].addmm_(S, psi[j], alpha=sign)
                        if i != j:
                            gradient[j].addmm_(S.T, psi[i], alpha=sign)
            for gradient, sorted_gradient in zip(gradients, sorted_gradients, strict=True):
                if gradient is not None:
                    gradient[k, order] = sorted_gradient
        ctx.save_for_backward(*gradients)
        return sums.to(A.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        return tuple(g if g is None else g * grad[:, None, None] for g in ctx.saved_tensors)


def _upper_tiles(n: int, tile: int) -> Iterator[tuple[slice, slice]]:
    """Yield rows and columns of every tile on and above the diagonal of an (n, n) matrix."""
    spans = [slice(start, min(start + tile, n)) for start in range(0, n, tile)]
    return itertools.combinations_with_replacement(spans, 2)
