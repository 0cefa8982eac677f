r"""Compare two *sets* of pictures: the Fréchet distance of their features, in bounded memory.

FID (Heusel et al., 2017), which tables 2 and 3 report, is the Fréchet distance on one particular set of features: the
2,048 of an Inception network, after one particular way of resizing. On other features (the bundled VGG-19's) the same
arithmetic gives other numbers, which are called *Fréchet distances on VGG features*, never FID, and can only be
compared with each other.

A covariance of d features is singular unless there are more than d pictures, and the distance is biased upwards: the
fewer pictures, the larger. The kernel distance (`rwlib.evaluation.kernel`) has no such bias, so it stands beside.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from rwlib.conventions import InputError, check_shape

BLOCK = 512  # rows of features at once: 512 x 2048 of float64 are 8 MB

Rows = Tensor | np.ndarray
"""Features (n, d), one row per picture; an array may be mapped to a file."""


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


def moments_of(rows: Rows) -> Moments:
    """Return mean and covariance of features (n, d)."""
    moments = Moments(rows.shape[1])
    for block in blocks(rows):
        moments.add(block)
    return moments


def distance_of_samples(x: Rows, y: Rows) -> float:
    """Return the squared Fréchet distance of two sets of features, (n, d) and (m, d), at least two rows each.

    Raises:
        InputError: fewer than two rows, or a different number of columns.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
        >>> round(distance_of_samples(x, x + torch.tensor([3.0, 4.0])), 6)
        25.0
    """
    return distance_of_moments(moments_of(x), moments_of(y))


def blocks(rows: Rows, size: int = BLOCK) -> Iterator[Tensor]:
    """Yield rows (n, d) in pieces of at most `size` rows, in float64."""
    for start in range(0, len(rows), size):
        block = rows[start : start + size]
        yield block.double() if isinstance(block, Tensor) else torch.tensor(block, dtype=torch.float64)
