r"""Convolutions that notebook 02 sets beside those of `rwlib.networks.region_wise_conv`, written to be read.

- `partial_conv` (Liu et al. 2018): one set of filters, rescaled where a window is partly missing.
- `upsample_conv2d_phases`: ×2 nearest upsampling and a 3x3 convolution as four 2x2 convolutions. After the upsampling
  every pixel stands four times, so a 3x3 window covers only 2x2 different pixels; which taps fall on the same pixel
  depends on whether the output's row and column are even or odd, its phase. `rwlib.networks.fast.upsample_conv` goes
  one step further.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.networks.fast.reflect_conv import pad_reflect

# Row 0, even outputs: tap 0 falls on pixel i - 1, taps 1 and 2 on pixel i. Row 1, odd ones: 0 and 1 on i, 2 on i + 1.
TAPS = (((1.0, 0.0, 0.0), (0.0, 1.0, 1.0)), ((1.0, 1.0, 0.0), (0.0, 0.0, 1.0)))


def partial_conv(x: Tensor, M: Tensor, W: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Convolve the existing pixels alone, as if a window were full, and let the mask grow.

    Args:
        x: (b, c, h, w).
        M: (b, 1, h, w), 1 existing, 0 missing.
        W: (o, c, k, k), k odd.
        b: (o,).

    Returns:
        The result (b, o, h, w), 0 where a window has no existing pixel, and the mask (b, 1, h, w) of where it has one.

    Example:
        >>> M = torch.tensor([1.0, 0.0, 0.0, 0.0]).view(1, 1, 1, 4)
        >>> x, M_new = partial_conv(5 * M, M, torch.ones(1, 1, 3, 3), torch.zeros(1))
        >>> x.flatten(), M_new.flatten()
        (tensor([45., 45.,  0.,  0.]), tensor([1., 1., 0., 0.]))
    """
    k = W.shape[-1]
    sums = F.conv2d(pad_reflect(x * M, k // 2), W)
    taps = F.conv2d(pad_reflect(M, k // 2), torch.ones_like(W[:1, :1]))
    M_new = (taps > 0.5).to(x.dtype)
    return (sums * k**2 / taps.clamp(min=1) + b.view(1, -1, 1, 1)) * M_new, M_new


def phase_filters(weight: Tensor) -> Tensor:
    """Sum the taps of 3x3 filters that fall on the same pixel.

    Args:
        weight: (o, c, 3, 3).

    Returns:
        (2, 2, o, c, 2, 2): the 2x2 filters of the outputs with row phase p and column phase q, 0 even and 1 odd.

    Example:
        >>> phase_filters(torch.ones(1, 1, 3, 3))[0, 1, 0, 0]
        tensor([[2., 1.],
                [4., 2.]])
    """
    T = torch.tensor(TAPS, dtype=weight.dtype, device=weight.device)
    return torch.einsum("pau,qbv,ocuv->pqocab", T, T, weight)


def upsample_conv2d_phases(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Enlarge a map ×2 (nearest), mirror its border and convolve with 3x3 filters, by four 2x2 convolutions.

    Args:
        x: (b, c, h, w).
        weight: (o, c, 3, 3).
        bias: (o,).

    Returns:
        (b, o, 2 h, 2 w), equal to `rwlib.networks.fast.upsample_conv.upsample_conv2d`.
    """
    b, _, h, w = x.shape
    filters = phase_filters(weight)
    # Mirroring an enlarged row at its border pixel repeats that pixel: here the border is repeated once.
    x = F.pad(x, (1, 1, 1, 1), mode="replicate")
    out = x.new_empty(b, len(weight), 2 * h, 2 * w)
    for p in range(2):
        for q in range(2):
            window = x[:, :, p : p + h + 1, q : q + w + 1]
            out[:, :, p::2, q::2] = F.conv2d(window, filters[p, q], bias)
    return out
