r"""Correlation loss, equations (3) and (4): which positions of an image resemble each other.

With Ψ = Φ_2 (VGG's second pool) as a c×n matrix of n = h w columns, every pair of positions has a correlation. The loss
compares those of the first composite with those of the ground truth:

    f_ij(I) = Ψ^i(I)ᵀ Ψ^j(I)                            (3)   n×n, the Gram matrix over *positions*
    L_c = σ Σ_ij |f_ij(I_c1) - f_ij(I_gt)|              (4)

The paper does not give σ, the "normalisation factor by position". The released program divides by c², and so does
rwlib, because λ_1 = 1e-5 depends on it.

`correlation_loss_ref` is this definition, written out. `correlation_loss` has the same value and gradient, computed
from one tile of the n×n matrix at a time: the whole matrix takes 67 MB at n = 4096 positions (an image of 256x256), and
a gigabyte at n = 16384.

Correlations of VGG features exceed the range of half precision by far (up to 2.4e8 on five photographs at 256 px with
the bundled VGG-19; float16 ends at 65504), so they are always computed in float32 (or float64).
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from rwlib.conventions import InputError, check_shape, per_image

TILE = defaultdict(lambda: 1024, cpu=512)
"""Side of a tile in positions, by kind of device: 1 MB fits a CPU's cache; 4 MB an image elsewhere, not measured."""
SKIPPING = {"cpu"}
"""Kinds of devices on which the number of changed positions is known at once, so that the others can be skipped."""


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
        return psi.transpose(1, 2) @ psi  # (b, n, n)


def correlation_loss_ref(phi_c1: Tensor, phi_gt: Tensor, *, reduction: str = "sum") -> Tensor:
    """Compute equation (4) as it is printed: two (b, n, n) matrices, and autograd keeps two more."""
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
        # (b, n, c), n = h w: a position's features side by side, as they are in a channels-last map already.
        psi_c1, psi_gt = (phi.flatten(2).transpose(1, 2).to(dtype) for phi in (phi_c1, phi_gt))
        sums = _SumOfDifferences.apply(psi_c1, psi_gt)  # (b,)
    n = h * w if reduction == "mean" else 1
    sigma = 1 / channels**2
    return sigma * per_image(sums, reduction) / n**2


class _SumOfDifferences(torch.autograd.Function):
    r"""Σ_ij |f_ij(I_c1) - f_ij(I_gt)| of each image, tile by tile.

    Let A and B be the features (n, c) of the two images and E = A - B. The matrix of differences is one product,

        D = A Aᵀ - B Bᵀ = E Aᵀ + B Eᵀ = [E B] [A E]ᵀ

    so each tile of it can be computed alone. D is symmetric, so the tiles below the diagonal are not needed. And it is
    zero where neither position has changed, which is most of the image outside the hole: the changed positions are
    moved to the front, and the work ends where they end. (A single bit counts as a change: features of one network in
    two memory formats differ everywhere by rounding. The result is then the same, but no work is saved.)

    With S = sign(D), the gradient of Σ|D| is 2 S A with respect to A and -2 S B with respect to B. A tile of S follows
    from its tile of D, so the gradients are summed in the forward pass, and the backward pass only scales them.

    A CPU does image after image, each with its own number of changed positions. A GPU does all images at once and skips
    nothing: to know that number, the processor would have to wait for the device, and the device would run dry.

    Shapes: A, B (b, n, c) → (b,).
    """

    @staticmethod
    def forward(ctx, A: Tensor, B: Tensor) -> Tensor:
        sums = A.new_zeros(len(A), dtype=torch.float64)
        gradients = [torch.zeros_like(A) if needed else None for needed in ctx.needs_input_grad]
        if A.device.type in SKIPPING:
            for k in range(len(A)):
                # Changed positions first, the others after them, each in their own order.
                changed = (A[k] != B[k]).any(dim=1)  # (n,)
                order, n_changed = torch.argsort(~changed, stable=True), int(changed.sum())
                sorted_gradients = [g if g is None else torch.zeros_like(A[k : k + 1]) for g in gradients]
                _add_tiles(A[k, order][None], B[k, order][None], n_changed, sums[k : k + 1], sorted_gradients)
                for gradient, sorted_gradient in zip(gradients, sorted_gradients, strict=True):
                    if gradient is not None:
                        gradient[k, order] = sorted_gradient[0]  # back to the order of positions
        else:
            _add_tiles(A, B, A.shape[1], sums, gradients)
        ctx.save_for_backward(*gradients)
        return sums.to(A.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        return tuple(g if g is None else g * grad[:, None, None] for g in ctx.saved_tensors)


def _add_tiles(A: Tensor, B: Tensor, n_changed: int, sums: Tensor, gradients: Sequence[Tensor | None]) -> None:
    """Add Σ|D| of images to `sums` (b,), and its gradients to `gradients`, each (b, n, c) or None.

    Args:
        A: (b, n, c).
        B: (b, n, c).
        n_changed: positions from here on are the same in A and B.
        sums: (b,), changed in place.
        gradients: with respect to A and B, changed in place.
    """
    E = A - B
    left, right = torch.cat([E, B], dim=2), torch.cat([A, E], dim=2)  # (b, n, 2c)
    for i, j in _upper_tiles(A.shape[1], TILE[A.device.type]):
        if i.start >= n_changed:
            break
        times = 1 if i == j else 2  # a tile off the diagonal stands for its mirror image too
        D = left[:, i] @ right[:, j].mT  # (b, tile, tile), smaller at the end
        sums += times * D.abs().flatten(1).sum(1)
        S = D.sign_()  # in place
        for psi, factor, gradient in zip((A, B), (2, -2), gradients, strict=True):
            if gradient is not None:
                gradient[:, i].baddbmm_(S, psi[:, j], alpha=factor)  # rows i of ±2 S psi
                if i != j:
                    gradient[:, j].baddbmm_(S.mT, psi[:, i], alpha=factor)  # rows j, from the mirror image


def _upper_tiles(n: int, tile: int) -> Iterator[tuple[slice, slice]]:
    """Yield rows and columns of every tile on and above the diagonal of an (n, n) matrix."""
    spans = [slice(start, min(start + tile, n)) for start in range(0, n, tile)]
    return itertools.combinations_with_replacement(spans, 2)
