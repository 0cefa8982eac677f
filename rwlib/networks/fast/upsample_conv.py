r"""Nearest ×2 upsampling and a 3x3 convolution, computed together and exactly, with a quarter of the multiplications.

Four of the generator's layers spend much of its time on maps that were just enlarged, where every pixel occurs four
times. Take one row `x`, enlarged to `x0 x0 x1 x1 x2 x2 ...`, and a filter `(w0, w1, w2)`. A window covers only two
different pixels, so there are two kinds of outputs, called phases:

    even(i) = w0 x[i-1] + (w1 + w2) x[i]          odd(i) = (w0 + w1) x[i] + w2 x[i+1]

That is four products per pixel where the enlarged row needs six; over both axes 4 · 4 = 16 where it needs 36. With the
sum `s = w0 + w1 + w2` and the steps `d[i] = x[i+1] - x[i]` one product serves both phases:

    even(i) = s x[i] - w0 d[i-1]                  odd(i) = s x[i] + w2 d[i]

These are three products per pixel, and over both axes 3 · 3 = 9, a quarter of 36. The border costs nothing: mirroring
an enlarged row at its border pixel repeats that pixel, and the step from a pixel to its repetition is zero.

Over two axes the same rule is applied twice. Within a row, the filters `(-w0, s, w2)` make the two column phases
(`_across`). Between rows, the sum of the 3x3 filter's rows replaces s, its first and last row replace w0 and w2, whole
rows of pixels replace x, and steps between rows replace d. In a channels-last map the product of all pixels with one
filter tap is a matrix product, so that the fastest routine of any device does all the work.

The result is a sum of a few products, so its gradient is the same products transposed. Writing them out (`backward`)
instead of leaving them to autograd keeps only `x` for the backward pass, and not the steps.
"""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.networks.fast import exported
from rwlib.networks.fast.reflect_conv import never_compiled

BAND_PX = 4096
"""Pixels per band on a CPU: a map of 128x128 then takes 0.8 of the time that it takes in one piece."""

STEPS_AND_SUM = ((-1.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.0, 0.0, 1.0))
"""(w0, w1, w2) → (-w0, w0 + w1 + w2, w2): filters of the step before a pixel, of the pixel, of the step after it."""


def upsample_conv2d_ref(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Enlarge, mirror the border, convolve: the definition of `upsample_conv2d`."""
    enlarged = F.interpolate(x, scale_factor=2, mode="nearest")  # (b, c, 2h, 2w)
    return F.conv2d(F.pad(enlarged, (1, 1, 1, 1), mode="reflect"), weight, bias)  # (b, o, 2h, 2w)


# Never compiled: its loop over images would be unrolled, see LOG.md.
@partial(never_compiled, exported=exported.upsample_conv2d)
def upsample_conv2d(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Enlarge a map ×2 (nearest), mirror its border by one pixel, and convolve with 3x3 filters.

    Args:
        x: (b, c, h, w); channels-last memory saves a copy.
        weight: (o, c, 3, 3).
        bias: (o,).

    Returns:
        (b, o, 2h, 2w), channels last; under autocast in autocast's precision.

    Example:
        >>> x, weight = torch.rand(1, 4, 5, 6), torch.rand(2, 4, 3, 3)
        >>> torch.allclose(upsample_conv2d(x, weight, torch.zeros(2)),
        ...                upsample_conv2d_ref(x, weight, torch.zeros(2)), atol=1e-5)
        True
    """
    # The filters are summed in their own precision and rounded only once, to that of x.
    T = torch.tensor(STEPS_AND_SUM, dtype=weight.dtype, device=weight.device)
    with torch.autocast(x.device.type, enabled=False):
        K = torch.einsum("au,bv,ocuv->abco", T, T, weight)  # (3, 3, c, o); step, pixel, step: of rows, of columns
    if torch.is_autocast_enabled(x.device.type) and x.dtype != torch.float64:
        x = x.to(torch.get_autocast_dtype(x.device.type))
    return _UpsampleConv2d.apply(x, K, bias)


class _UpsampleConv2d(torch.autograd.Function):
    """Row phases from rows of pixels and from steps between rows, band by band, so that a band stays in the cache.

    Shapes: x (b, c, h, w), K (3, 3, c, o), bias (o,) → (b, o, 2h, 2w).
    """

    @staticmethod
    def forward(ctx, x: Tensor, K: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, K)
        b, _, h, w = x.shape
        o, K, bias = K.shape[-1], K.to(x.dtype), bias.to(x.dtype)
        out = torch.empty(b, o, 2 * h, 2 * w, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
        for image, result in zip(x.permute(0, 2, 3, 1), out.permute(0, 2, 3, 1), strict=True):  # (h, w, c), (2h, 2w, o)
            result = result.view(h, 2, 2 * w, o)  # row, its phase, columns of both phases, channel
            for band in _bands(image):
                phases = result[band.rows]  # (r, 2, 2w, o): [:, 0] is even(i), [:, 1] is odd(i) of every row i
                middle = _across(image[band.rows], K[1]).add_(bias)  # (r, 2w, o): s x[i], for both phases

                # The image's first row has no step from above, its last none to below: there the phase is s x[i] alone.
                first, last = len(phases) - len(band.above), len(band.below)  # first is 0 or 1, last is r or r - 1
                phases[:first, 0], phases[last:, 1] = middle[:first], middle[last:]
                torch.add(middle[first:], _across(band.above, K[0]), out=phases[first:, 0])  # s x[i] - w0 d[i-1]
                torch.add(middle[:last], _across(band.below, K[2]), out=phases[:last, 1])  # s x[i] + w2 d[i]
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
            g = g.view(h, 2, 2 * w, o)  # as `result` in forward
            for band in _bands(image):
                phases, top = g[band.rows], band.rows.start  # (r, 2, 2w, o)
                first, last = len(phases) - len(band.above), len(band.below)  # as in forward

                # s x[i] stands in both phases, so its gradient is the sum of both.
                middle = phases[:, 0] + phases[:, 1]  # (r, 2w, o)
                grad_image[band.rows] += _across_backward(image[band.rows], K[1], middle, grad_K[1])

                # d[i] = x[i+1] - x[i]: row i loses the gradient of the step that leaves it, row i + 1 gains it. The
                # first step from above leaves row top - 1, or row top where that is the image's first row.
                for steps, k, grad_phase, row in (
                    (band.above, 0, phases[first:, 0], top + first - 1),
                    (band.below, 2, phases[:last, 1], top),
                ):
                    grad_steps = _across_backward(steps, K[k], grad_phase, grad_K[k])  # (len(steps), w, c)
                    grad_image[row : row + len(steps)] -= grad_steps
                    grad_image[row + 1 : row + 1 + len(steps)] += grad_steps
        return grad_x, grad_K, grad.sum(dim=(0, 2, 3))


class _Band(NamedTuple):
    """Some neighbouring rows of an image, r of them, and the steps d between rows that their phases need."""

    rows: slice
    above: Tensor
    """Steps to the band's rows from the rows above them (r, w, c), or (r - 1, w, c): the image's first row has none."""
    below: Tensor
    """Steps from the band's rows to the rows below them (r, w, c), or (r - 1, w, c): the image's last row has none."""


def _bands(image: Tensor) -> Iterator[_Band]:
    """Cut an image (h, w, c) into bands of rows; on a GPU into one."""
    h, w, _ = image.shape
    height = max(1, BAND_PX // w) if image.device.type == "cpu" else h
    for top in range(0, h, height):
        bottom, first = min(top + height, h), max(top - 1, 0)  # rows top ... bottom - 1, and the row above if any
        steps = image[first : bottom + 1].diff(dim=0)  # steps[k] leads from row first + k to row first + k + 1
        yield _Band(slice(top, bottom), steps[: bottom - 1 - first], steps[top - first :])


def _column_steps(rows: Tensor) -> Tensor:
    """Return the steps between neighbouring pixels of rows (h, w, c) as (h w - 1, c), pixels in row-major order."""
    w = rows.shape[1]
    steps = rows.reshape(-1, rows.shape[-1]).diff(dim=0)  # steps[n] leads from pixel n to pixel n + 1
    steps[w - 1 :: w] = 0  # from the last pixel of a row to the first of the next one there is no step
    return steps


def _across(rows: Tensor, K: Tensor) -> Tensor:
    """Make both column phases of rows (h, w, c) with filters K (3, c, o): (h, 2w, o)."""
    h, w, c = rows.shape
    out = rows.new_empty(h * w, 2, K.shape[-1])  # pixel, its phase, channel: in memory the columns of the enlarged rows
    even, odd = out.unbind(1)  # (h w, o) each
    torch.mm(rows.reshape(-1, c), K[1], out=even)  # s x[j], for both phases
    odd.copy_(even)
    steps = _column_steps(rows)  # (h w - 1, c)
    even[1:].addmm_(steps, K[0])  # even(j) = s x[j] - w0 d[j-1]; the sign is in K
    odd[:-1].addmm_(steps, K[2])  # odd(j) = s x[j] + w2 d[j]
    return out.view(h, 2 * w, K.shape[-1])


def _across_backward(rows: Tensor, K: Tensor, grad: Tensor, grad_K: Tensor) -> Tensor:
    """Return the gradient of `_across` with respect to rows, (h, w, c), and add that with respect to K to grad_K."""
    h, w, c = rows.shape
    even, odd = grad.reshape(h * w, 2, K.shape[-1]).unbind(1)  # (h w, o) each
    both, steps = even + odd, _column_steps(rows)
    # Each of `_across`'s three products, factor K[k], has the gradients factorᵀ g for K[k] and g K[k]ᵀ for factor.
    for k, (factor, g) in enumerate(((steps, even[1:]), (rows.reshape(-1, c), both), (steps, odd[:-1]))):
        grad_K[k] += factor.T @ g
    grad_rows, grad_steps = both @ K[1].T, even[1:] @ K[0].T  # (h w, c), (h w - 1, c)
    grad_steps.addmm_(odd[:-1], K[2].T)
    grad_steps[w - 1 :: w] = 0  # the steps that `_column_steps` sets to zero
    grad_rows[1:] += grad_steps  # d[j] = x[j+1] - x[j]
    grad_rows[:-1] -= grad_steps
    return grad_rows.view(h, w, c)
