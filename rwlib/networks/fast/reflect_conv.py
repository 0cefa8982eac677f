r"""Convolution over a mirrored border, without keeping the padded copy of its input.

Every convolution of the generator mirrors its input at the border first. Left to autograd, each such layer keeps two
maps for the backward pass: its input and the padded copy. Padding is cheap, and a tenth of a millisecond per map saves
half of the memory: `reflect_conv2d` keeps only the input and pads it again when the gradient is computed. (The input is
the output of the ELU before it, which autograd keeps anyway, so the layer itself then keeps nothing more.)

`never_compiled` keeps it, and `rwlib.networks.fast.upsample_conv`, out of the graphs that `torch.compile` makes.
"""

import functools
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.networks.fast import exported


def pad_reflect(x: Tensor, padding: int) -> Tensor:
    """Pad (b, c, h, w) on all four sides by mirroring at the border pixels: (b, c, h + 2 padding, w + 2 padding).

    `F.pad` refuses a padding as large as the map. The dilated layers pad by 16, and an image of 64 pixels has maps of
    16x16, so larger paddings are reached by mirroring again what was mirrored before (as `numpy.pad` does).
    """
    if torch.compiler.is_compiling() and torch.compiler.is_exporting():
        return exported.pad_reflect(x, padding)
    h, w = x.shape[-2:]
    remaining_h = remaining_w = padding  # rows still to be added above and below, columns left and right
    while remaining_h or remaining_w:
        if (h == 1 and remaining_h) or (w == 1 and remaining_w):
            # A side of one pixel has nothing to mirror: repeat the pixel, all at once, along that side alone.
            rows, columns = remaining_h * (h == 1), remaining_w * (w == 1)
            x = F.pad(x, (columns, columns, rows, rows), mode="replicate")
        else:
            # One reflection adds at most h - 1 rows: the border row itself is the mirror and is not repeated.
            rows, columns = min(remaining_h, h - 1), min(remaining_w, w - 1)
            x = F.pad(x, (columns, columns, rows, rows), mode="reflect")
        h, w = x.shape[-2:]  # the next reflection has a map of h + 2 rows to mirror
        remaining_h, remaining_w = remaining_h - rows, remaining_w - columns
    return x


def reflect_conv2d_ref(x: Tensor, weight: Tensor, bias: Tensor, stride: int = 1, dilation: int = 1) -> Tensor:
    """Mirror the border and convolve: the definition of `reflect_conv2d`, with its gradient left to autograd."""
    padding = dilation * (weight.shape[-1] - 1) // 2  # a dilated filter spans dilation (k - 1) + 1 pixels
    return F.conv2d(pad_reflect(x, padding), weight, bias, stride, 0, dilation)


def never_compiled(function: Callable, exported: Callable | None = None) -> Callable:
    """Decorate a function that `torch.compile` must leave out of its graphs.

    Args:
        function: what runs.
        exported: what `torch.export` writes down in its place, see `rwlib.networks.fast.exported`.

    `torch.compiler.disable` alone does the same, but loads the compiler at once, which takes longer than loading all of
    rwlib. Here it is called only while something is being compiled, when the compiler has been loaded already.
    """
    disabled: list[Callable] = []  # functools.cache would do, but the compiler warns users of functions with caches

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not torch.compiler.is_compiling():
            return function(*args, **kwargs)
        if exported and torch.compiler.is_exporting():
            return exported(*args, **kwargs)
        if not disabled:
            disabled.append(torch.compiler.disable(function))
        return disabled[0](*args, **kwargs)

    return call


# Never compiled: inductor of torch 2.15 fails on the padding's gradient, see LOG.md.
@functools.partial(never_compiled, exported=exported.reflect_conv2d)
def reflect_conv2d(x: Tensor, weight: Tensor, bias: Tensor, stride: int = 1, dilation: int = 1) -> Tensor:
    """Convolve a map whose border is mirrored.

    Args:
        x: (b, c, h, w).
        weight: (o, c, k, k), k odd.
        bias: (o,).
        stride: distance between output locations.
        dilation: distance between the taps of a filter.

    Returns:
        (b, o, ceil(h / stride), ceil(w / stride)); under autocast in autocast's precision.

    Example:
        >>> reflect_conv2d(torch.ones(1, 1, 4, 4), torch.ones(2, 1, 3, 3), torch.zeros(2)).unique()
        tensor([9.])
    """
    if torch.is_autocast_enabled(x.device.type) and x.dtype != torch.float64:
        dtype = torch.get_autocast_dtype(x.device.type)
        x, weight, bias = x.to(dtype), weight.to(dtype), bias.to(dtype)
    return _ReflectConv2d.apply(x, weight, bias, stride, dilation)


class _ReflectConv2d(torch.autograd.Function):
    """Convolution that keeps x unpadded for its backward pass; shapes as in `reflect_conv2d`."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, stride: int, dilation: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.dilation = stride, dilation
        return reflect_conv2d_ref(x, weight, bias, stride, dilation)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        # Pad again. Autograd records it, because its transpose, which folds a mirrored border back, is needed below.
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            padded = pad_reflect(x, ctx.dilation * (weight.shape[-1] - 1) // 2)  # (b, c, h + 2 padding, w + 2 padding)

        # The gradient of the convolution itself: PyTorch's own, asked only for what is needed.
        needed = ctx.needs_input_grad[:3]
        step = (ctx.stride, ctx.stride), (0, 0), (ctx.dilation, ctx.dilation)  # stride, padding, dilation
        grad_padded, grad_weight, grad_bias = torch.ops.aten.convolution_backward(
            grad, padded.detach(), weight, [len(weight)], *step, False, (0, 0), 1, needed
        )

        # Fold the border back: a pixel's gradient is the sum of those of all its mirror images.
        grad_x = torch.autograd.grad(padded, x, grad_padded)[0] if needed[0] else None  # (b, c, h, w)
        return grad_x, grad_weight, grad_bias, None, None
