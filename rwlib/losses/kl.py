r"""Kullback-Leibler divergences of normal distributions, and PIC's prior, which depends on the size of the hole.

    KL(q ‖ p) = log(σ_p / σ_q) + (σ_q² + (μ_q - μ_p)²) / (2 σ_p²) - 1/2          for each latent value

Zheng et al. (2019, section 3.2) let the prior of a hole's content have σ(n) with n the number of its pixels: a small
hole has one plausible content, a large one many. The paper gives no function; its program has, with the existing share
m of the picture, σ = 1 / (1 + exp(8 (m - 0.8))): 1/2 at a hole of 20 %, 0.98 at 70 %, 0.17 where nothing is missing.
"""

import torch
from torch import Tensor

from rwlib.conventions import InputError, check_shape


def kl_normal(mu_q: Tensor, sigma_q: Tensor, mu_p: Tensor | float, sigma_p: Tensor | float) -> Tensor:
    """Return KL(N(mu_q, sigma_q²) ‖ N(mu_p, sigma_p²)), averaged over all latent values.

    Args:
        mu_q: (b, ...).
        sigma_q: (b, ...), positive.
        mu_p: the same shape, or one that broadcasts to it.
        sigma_p: the same, positive.

    Returns:
        Scalar, at least 0, at least float32.

    Raises:
        InputError: shapes of the first two that differ.

    Example:
        >>> float(kl_normal(torch.ones(1, 2), torch.ones(1, 2), 0.0, 1.0))
        0.5
    """
    if mu_q.shape != sigma_q.shape:
        raise InputError(f"sigma_q: expected mu_q's shape {tuple(mu_q.shape)}, got {tuple(sigma_q.shape)}")
    dtype = torch.float64 if mu_q.dtype == torch.float64 else torch.float32
    mu_q, sigma_q = mu_q.to(dtype), sigma_q.to(dtype)
    mu_p, sigma_p = (torch.as_tensor(x, dtype=dtype, device=mu_q.device) for x in (mu_p, sigma_p))
    kl = (sigma_p / sigma_q).log() + (sigma_q.square() + (mu_q - mu_p).square()) / (2 * sigma_p.square()) - 0.5
    return kl.mean()


def hole_prior_sigma(M: Tensor) -> Tensor:
    """Return the σ of PIC's prior for each mask: the larger the hole, the wider.

    Args:
        M: (b, 1, h, w), 1 existing, 0 missing.

    Returns:
        (b, 1, 1, 1), float32, in (0.16, 1).

    Raises:
        InputError: `M` is not (b, 1, h, w).

    Example:
        >>> M = torch.ones(1, 1, 10, 10)
        >>> M[..., :2, :] = 0
        >>> round(float(hole_prior_sigma(M)), 3)
        0.5
    """
    check_shape("M", M, "b 1 h w")
    return sigma_by_size(M)


def sigma_by_size(M: Tensor) -> Tensor:
    """Return what `hole_prior_sigma` does; the caller has checked M."""
    existing = (M != 0).float().mean(dim=(1, 2, 3), keepdim=True)  # (b, 1, 1, 1)
    return torch.sigmoid(8 * (0.8 - existing))
