"""Arguments to try answers on: draw them in float64, not square, and with more than one image, or bugs hide."""

import torch
from torch import Tensor


def randn(rng: torch.Generator, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Return normally distributed numbers."""
    return torch.randn(*shape, dtype=dtype, generator=rng)


def rand(rng: torch.Generator, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Return evenly distributed float64 numbers between `low` and `high`."""
    return low + (high - low) * torch.rand(*shape, dtype=torch.float64, generator=rng)


def image(rng: torch.Generator, b: int, h: int, w: int) -> Tensor:
    """Return noise (b, 3, h, w) in [-1, 1], float64."""
    return rand(rng, b, 3, h, w, low=-1.0)


def mask(rng: torch.Generator, b: int, h: int, w: int, *, hole_fraction: float = 0.3) -> Tensor:
    """Return masks (b, 1, h, w), float64, 1 existing and 0 missing; each has pixels of both kinds.

    Example:
        >>> sorted(mask(torch.Generator(), 2, 3, 4).unique().tolist())
        [0.0, 1.0]
    """
    chance = torch.rand(b, h * w, generator=rng)
    missing = max(1, min(h * w - 1, round(hole_fraction * h * w)))
    M = torch.ones(b, h * w, dtype=torch.float64)
    return M.scatter(1, chance.argsort(1)[:, :missing], 0.0).view(b, 1, h, w)
