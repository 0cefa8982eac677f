r"""Compare two *sets* of pictures: Fréchet distance and kernel distance of their features, in bounded memory.

FID (Heusel et al., 2017), which tables 2 and 3 report, is the Fréchet distance on one particular set of features: the
2,048 of an Inception network, after one particular way of resizing. On other features (the bundled VGG-19's, see
`picture_features`) the same arithmetic gives other numbers, which are called *Fréchet distances on VGG features*,
never FID, and can only be compared with each other.

A covariance of d features is singular unless there are more than d pictures, and the distance is biased upwards: the
fewer pictures, the larger. The kernel distance (KID, Bińkowski et al., 2018) has no such bias, so it stands beside.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from rwlib.conventions import InputError, check_shape
from rwlib.networks.vgg import VGGFeatures

BLOCK = 512  # rows of features at once: 512 x 2048 of float64 are 8 MB


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


class Moments:
    """Mean and covariance of rows that come in pieces: a sum and a sum of outer products in float64, nothing else.

    Args:
        width: number of features.

    Example:
        >>> moments = Moments(2)
        >>> moments.add(torch.tensor([[0.0, 0.0]]))
        >>> moments.add(torch.tensor([[2.0, 0.0], [4.0, 0.0]]))
        >>> moments.n, moments.mean.tolist(), moments.covariance.tolist()
        (3, [2.0, 0.0], [[4.0, 0.0], [0.0, 0.0]])
    """

    def __init__(self, width: int) -> None:
        self.n = 0
        self._origin = torch.zeros(width, dtype=torch.float64)  # sums around the first row: no cancellation
        self._sum = torch.zeros(width, dtype=torch.float64)
        self._outer = torch.zeros(width, width, dtype=torch.float64)

    def add(self, rows: Tensor) -> None:
        """Take in (n, width) rows.

        Raises:
            InputError: another width.
        """
        if rows.ndim != 2 or rows.shape[1] != len(self._sum):
            raise InputError(f"rows: expected (n, {len(self._sum)}) features, got {tuple(rows.shape)}")
        rows = rows.double().cpu()
        if not self.n and len(rows):
            self._origin = rows[0].clone()
        rows = rows - self._origin
        self.n += len(rows)
        self._sum += rows.sum(0)
        self._outer += rows.T @ rows

    @property
    def mean(self) -> Tensor:
        """(width,), float64."""
        return self._origin + self._sum / self.n

    @property
    def covariance(self) -> Tensor:
        """(width, width), float64, with the n / (n - 1) correction; needs two rows."""
        return (self._outer - torch.outer(self._sum, self._sum) / self.n) / (self.n - 1)


def distance_of_moments(x: Moments, y: Moments) -> float:
    """Return the squared Fréchet distance of two sets of features.

    Raises:
        InputError: fewer than two rows.
    """
    if min(x.n, y.n) < 2:
        raise InputError(f"features: expected two rows or more in each set, got {x.n} and {y.n}")
    return float(frechet_distance(x.mean, x.covariance, y.mean, y.covariance))


def distance_of_samples(x: Tensor, y: Tensor) -> float:
    """Return the squared Fréchet distance of two sets of features, (n, d) and (m, d), at least two rows each.

    Raises:
        InputError: fewer than two rows, or a different number of columns.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
        >>> round(distance_of_samples(x, x + torch.tensor([3.0, 4.0])), 6)
        25.0
    """
    moments = []
    for rows in (x, y):
        moments.append(Moments(x.shape[1]))
        moments[-1].add(rows)
    return distance_of_moments(*moments)


def blocks(rows: Any, size: int = BLOCK) -> Iterable[Tensor]:
    """Yield rows (n, d), a tensor or a numpy array that may be mapped to a file, in float64 pieces."""
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        yield some.double() if isinstance(some, Tensor) else torch.tensor(some, dtype=torch.float64)


def kernel_distance(x: Sequence, y: Sequence) -> float:
    r"""Return the squared maximum mean discrepancy with KID's kernel, k(a, b) = (a·b / d + 1)³.

    Row i of both sets belongs to the same photograph: a composite shares its existing pixels with its original. So all
    terms with i = j are left out (Gretton et al., 2012, eq. (4)), and the estimate has no bias although the sets are
    paired. The usual KID keeps k(x_i, y_i); for a composite and its own original that lowers it, often below zero.

    Args:
        x: (n, d) features, tensor or array (it may be mapped to a file).
        y: (n, d).

    Raises:
        InputError: shapes that differ, or fewer than two rows.

    Example:
        >>> x = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> kernel_distance(x, x), kernel_distance(x, x + 1) > 0
        (0.0, True)
    """
    if tuple(x.shape) != tuple(y.shape) or x.ndim != 2 or len(x) < 2:
        raise InputError(f"features: expected two (n, d) of at least two rows, got {tuple(x.shape)}, {tuple(y.shape)}")
    n, d = x.shape
    total = 0.0
    for i, (x_i, y_i) in enumerate(zip(blocks(x), blocks(y), strict=True)):
        for j, (x_j, y_j) in enumerate(zip(blocks(x), blocks(y), strict=True)):
            pairs = ((1, x_i, x_j), (1, y_i, y_j), (-2, x_i, y_j))  # k(x_j, y_i) sums to the same as k(x_i, y_j)
            h = sum(weight * (a @ b.T / d + 1) ** 3 for weight, a, b in pairs)
            total += float(h.sum() - (h.trace() if i == j else 0))
    return total / (n * (n - 1))


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
