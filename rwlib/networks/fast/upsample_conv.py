r"""Nearest ×2 upsampling and a 3x3 convolution, computed together and exactly, with a quarter of the multiplications.

Four of the generator's layers spend much of its time on maps that were just enlarged, where every pixel stands four
times. Look at one row `x`, enlarged to `x0 x0 x1 x1 x2 x2 ...`, and filters `(w0, w1, w2)`. A window covers only two
different pixels, so there are two kinds of outputs, called phases:

    even(i) = w0 x[i-1] + (w1 + w2) x[i]          odd(i) = (w0 + w1) x[i] + w2 x[i+1]

Four products where the enlarged row needs six; over both axes 4 · 4 = 16 where it needs 36. With the sum
`s = w0 + w1 + w2` and the steps `d[i] = x[i+1] - x[i]` one product serves both phases:

    even(i) = s x[i] - w0 d[i-1]                  odd(i) = s x[i] + w2 d[i]

Three products a pixel, and over both axes 3 · 3 = 9, a quarter of 36. The border costs nothing: mirroring an enlarged
row at its border pixel repeats that pixel, and the step from a pixel to its own repetition is zero.

Over two axes the same rule is used twice. Along the columns, filters `(-w0, s, w2)` make two phases of each row; along
the rows, the sums of the 3x3 filters over u (or their first or last row) take the place of s (of w0, w2), and rows of
pixels or steps between rows the place of x and d. In a channels-last map a product with one filter tap is a matrix
product, so all the work is done by the best routine that a device has.

The map is the sum of a few products, so its gradient is the same products transposed. Writing them down (`backward`)
instead of leaving them to autograd keeps only `x` for the backward pass, not its steps.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.networks.fast import never_compiled

BAND_PX = 4096  # on a CPU; a 128x128 map takes 0.8 of the time that it takes in one piece

# (w0, w1, w2) → (-w0, w0 + w1 + w2, w2), the filters of the step before, of the pixel, of the step after.
STEPS_AND_SUM = ((-1.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.0, 0.0, 1.0))


def upsample_conv2d_ref(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Enlarge, mirror the border, convolve: what `upsample_conv2d` computes, step by step."""
    enlarged = F.interpolate(x, scale_factor=2, mode="nearest")
    return F.conv2d(F.pad(enlarged, (1, 1, 1, 1), mode="reflect"), weight, bias)


@never_compiled  # its loop over images would be unrolled, see LOG.md
def upsample_conv2d(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Enlarge a map ×2 (nearest), mirror its border by one pixel, and convolve with 3x3 filters.

    Args:
        x: (b, c, h, w); channels-last memory saves a copy.
        weight: (o, c, 3, 3).
        bias: (o,).

    Returns:
        (b, o, 2 h, 2 w), channels last; under autocast in its precision.

    Example:
        >>> x, weight = torch.rand(1, 4, 5, 6), torch.rand(2, 4, 3, 3)
        >>> torch.allclose(upsample_conv2d(x, weight, torch.zeros(2)),
        ...                upsample_conv2d_ref(x, weight, torch.zeros(2)), atol=1e-5)
        True
    """
    # The filters are summed in their own precision and rounded once.
    T = torch.tensor(STEPS_AND_SUM, dtype=weight.dtype, device=weight.device)
    with torch.autocast(x.device.type, enabled=False):
        K = torch.einsum("au,bv,ocuv->abco", T, T, weight)  # (3, 3, c, o): rows, columns
    if torch.is_autocast_enabled(x.device.type) and x.dtype != torch.float64:
        x = x.to(torch.get_autocast_dtype(x.device.type))
    return _UpsampleConv2d.apply(x, K, bias)


class _UpsampleConv2d(torch.autograd.Function):
    """Phases of rows from pixels and from steps between rows; band by band, so that intermediates stay in the cache."""

    @staticmethod
    def forward(ctx, x: Tensor, K: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, K)
        b, _, h, w = x.shape
        o, K, bias = K.shape[-1], K.to(x.dtype), bias.to(x.dtype)
        out = torch.empty(b, o, 2 * h, 2 * w, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
        for image, result in zip(x.permute(0, 2, 3, 1), out.permute(0, 2, 3, 1), strict=True):
            result = result.view(h, 2, 2 * w, o)  # row, its phase, columns of both phases, channel
            for band in _bands(image):
                phases = result[band.rows]
                middle = _across(image[band.rows], K[1]).add_(bias)
                above, below = len(phases) - len(band.above), len(band.below)
                phases[:above, 0], phases[below:, 1] = middle[:above], middle[below:]  # no step beyond the border
                torch.add(middle[above:], _across(band.above, K[0]), out=phases[above:, 0])
                torch.add(middle[:below], _across(band.below, K[2]), out=phases[:below, 1])
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, K = ctx.saved_tensors
        (_, _, h, w), o = x.shape, K.shape[-1]
        grad_K, K = torch.zeros_like(K), K.to(x.dtype)
        grad = grad.contiguous(memory_format=torch.channels_last)
        grad_x = torch.zeros_like(x, memory_format=torch.channels_last)
        for image, grad_image, g in zip(*(t.permute(0, 2, 3, 1) for t in (x, grad_x, grad)), strict=True):
            g = g.view(h, 2, 2 * w, o)
            for band in _bands(image):
                phases = g[band.rows]
                above, below = len(phases) - len(band.above), len(band.below)
                middle = phases[:, 0] + phases[:, 1]
                grad_image[band.rows] += _across_backward(image[band.rows], K[1], middle, grad_K[1])
                for steps, k, part in ((band.above, 0, phases[above:, 0]), (band.below, 2, phases[:below, 1])):
                    first = band.rows.start + (above - 1 if k == 0 else 0)  # the row that the first step leaves
                    grad_steps = _across_backward(steps, K[k], part, grad_K[k])
                    grad_image[first : first + len(steps)] -= grad_steps
                    grad_image[first + 1 : first + 1 + len(steps)] += grad_steps
        return grad_x, grad_K, grad.sum(dim=(0, 2, 3))


class _Band(NamedTuple):
    rows: slice
    above: Tensor
    """Steps to the band's rows from the rows above them (r, w, c); the image's first row has none."""
    below: Tensor
    """Steps from the band's rows to the rows below them; the image's last row has none."""


def _bands(image: Tensor) -> Iterator[_Band]:
    """Cut an image (h, w, c) into bands of rows."""
    h, w, _ = image.shape
    height = max(1, BAND_PX // w) if image.device.type == "cpu" else h
    for top in range(0, h, height):
        bottom, first = min(top + height, h), max(top - 1, 0)
        steps = image[first : bottom + 1].diff(dim=0)
        yield _Band(slice(top, bottom), steps[: bottom - 1 - first], steps[top - first :])


def _column_steps(rows: Tensor) -> Tensor:
    """Return steps between neighbours of rows (h, w, c) as (h w - 1, c); none from a row's end to the next row."""
    steps = rows.reshape(-1, rows.shape[-1]).diff(dim=0)
    steps[rows.shape[1] - 1 :: rows.shape[1]] = 0
    return steps


def _across(rows: Tensor, K: Tensor) -> Tensor:
    """Make both column phases of rows (h, w, c) with filters K (3, c, o): (h, 2 w, o)."""
    h, w, c = rows.shape
    out = rows.new_empty(h * w, 2, K.shape[-1])
    even, odd = out.unbind(1)
    torch.mm(rows.reshape(-1, c), K[1], out=even)
    odd.copy_(even)
    steps = _column_steps(rows)
    even[1:].addmm_(steps, K[0])
    odd[:-1].addmm_(steps, K[2])
    return out.view(h, 2 * w, K.shape[-1])


def _across_backward(rows: Tensor, K: Tensor, grad: Tensor, grad_K: Tensor) -> Tensor:
    """Return the gradient of `_across` for its rows, and add that for K to grad_K."""
    h, w, c = rows.shape
    even, odd = grad.reshape(h * w, 2, K.shape[-1]).unbind(1)
    both, steps = even + odd, _column_steps(rows)
    for k, (factor, g) in enumerate(((steps, even[1:]), (rows.reshape(-1, c), both), (steps, odd[:-1]))):
        grad_K[k] += factor.T @ g
    grad_rows, grad_steps = both @ K[1].T, even[1:] @ K[0].T
    grad_steps.addmm_(odd[:-1], K[2].T)
    grad_steps[w - 1 :: w] = 0
    grad_rows[1:] += grad_steps
    grad_rows[:-1] -= grad_steps
    return grad_rows.view(h, w, c)
