r"""Fréchet distance of two Gaussians, and of two sets of pictures by the bundled VGG-19's features.

FID is this distance on one particular set of features: the 2,048 of an Inception network, after one particular way of
resizing. Its weights are not in this package. The features here are others, so the numbers are others too: they are
*Fréchet distances on VGG features*, never FID, and can only be compared with each other.
"""

import torch
from torch import Tensor

from rwlib.conventions import InputError, check_shape
from rwlib.vgg import VGGFeatures


def frechet_distance(mu_1: Tensor, S_1: Tensor, mu_2: Tensor, S_2: Tensor) -> Tensor:
    r"""Return the squared Fréchet distance of two Gaussians, ‖μ_1 − μ_2‖² + tr(S_1 + S_2 − 2 (S_1 S_2)^½).

    The product of two covariances has real eigenvalues that are not negative, those of S_1^½ S_2 S_1^½. The trace of
    the root is the sum of their roots, so no root of a matrix that is not symmetric is needed, and singular covariances
    are no problem.

    Args:
        mu_1: (d,), a mean.
        S_1: (d, d), its covariance.
        mu_2: (d,).
        S_2: (d, d).

    Raises:
        InputError: shapes that do not fit.

    Example:
        >>> mu, S = torch.zeros(2, dtype=torch.float64), torch.eye(2, dtype=torch.float64)
        >>> round(float(frechet_distance(mu, S, mu + 3, 4 * S)), 6)  # 9 + 9 + 2 (1 + 4 - 2 · 2)
        20.0
    """
    d = check_shape("mu_1", mu_1, "d")["d"]
    for name, x in (("mu_2", mu_2), ("S_1", S_1), ("S_2", S_2)):
        if tuple(x.shape) != ((d,) if name == "mu_2" else (d, d)):
            raise InputError(f"{name}: expected it to fit mu_1's {d} entries, got the shape {tuple(x.shape)}")
    values, vectors = torch.linalg.eigh(S_1)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ S_2 @ root).clamp(min=0).sqrt().sum()
    return ((mu_1 - mu_2) ** 2).sum() + S_1.trace() + S_2.trace() - 2 * cross


def distance_of_samples(x: Tensor, y: Tensor) -> float:
    """Return the squared Fréchet distance of two sets of features, (n, d) and (m, d), at least two rows each.

    Raises:
        InputError: fewer than two rows, or a different number of columns.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
        >>> round(distance_of_samples(x, x + torch.tensor([3.0, 4.0])), 6)
        25.0
    """
    if min(len(x), len(y)) < 2:
        raise InputError(f"features: expected two rows or more in each set, got {len(x)} and {len(y)}")
    x, y = x.double().cpu(), y.double().cpu()
    return float(frechet_distance(x.mean(0), torch.cov(x.T), y.mean(0), torch.cov(y.T)))


@torch.no_grad()
def picture_features(vgg: VGGFeatures, I: Tensor, *, batch: int = 16) -> Tensor:
    """Return one row of features for each picture: the last pool, averaged over its positions.

    Args:
        vgg: `VGGFeatures("bundled", size_px=0)` to leave the pictures' size as it is.
        I: (b, 3, h, w) in [-1, 1].
        batch: how many pass through at once; the result does not depend on it.

    Returns:
        (b, 256), on the CPU, divided by 100.

    Example:
        >>> picture_features(VGGFeatures("random", size_px=0), torch.zeros(3, 3, 32, 32), batch=2).shape
        torch.Size([3, 256])
    """
    device = vgg.shift.device
    return torch.cat([vgg(some.to(device))[-1].mean((2, 3)).cpu() / 100 for some in I.split(batch)])
