r"""Convolution over a mirrored border, without keeping the padded copy of its input.

Every convolution of the generator mirrors its input at the border first. Left to autograd, each such layer keeps two
maps for the backward pass, its input and the padded copy. But padding is cheap, and a tenth of a millisecond a map buys
back half of the memory: `reflect_conv2d` keeps the input alone and pads it again when the gradient is asked for. (The
input is the result of the ELU before it, which autograd keeps anyway, so the layer itself then costs nothing.)
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.networks.fast import never_compiled


def pad_reflect(x: Tensor, padding: int) -> Tensor:
    """Pad (b, c, h, w) by mirroring at the border pixels, as often as it takes.

    `F.pad` refuses a padding as large as the map. The dilated layers pad by 16, and a 64-pixel image has 16x16 maps,
    so larger paddings are reached by mirroring what was already mirrored (as `numpy.pad` does).
    """
    h, w = x.shape[-2:]
    missing_h = missing_w = padding
    while missing_h or missing_w:
        # A side of one pixel has nothing to mirror: repeat it.
        if (h == 1 and missing_h) or (w == 1 and missing_w):
            rows, columns = missing_h * (h == 1), missing_w * (w == 1)
            x = F.pad(x, (columns, columns, rows, rows), mode="replicate")
        else:
            rows, columns = min(missing_h, h - 1), min(missing_w, w - 1)
            x = F.pad(x, (columns, columns, rows, rows), mode="reflect")
        h, w = x.shape[-2:]
        missing_h, missing_w = missing_h - rows, missing_w - columns
    return x


def reflect_conv2d_ref(x: Tensor, weight: Tensor, bias: Tensor, stride: int = 1, dilation: int = 1) -> Tensor:
    """Mirror the border, convolve: what `reflect_conv2d` computes, left to autograd."""
    padding = dilation * (weight.shape[-1] - 1) // 2
    return F.conv2d(pad_reflect(x, padding), weight, bias, stride, 0, dilation)


@never_compiled  # inductor of torch 2.15 fails on the padding's gradient, see LOG.md
def reflect_conv2d(x: Tensor, weight: Tensor, bias: Tensor, stride: int = 1, dilation: int = 1) -> Tensor:
    """Convolve a map whose border is mirrored.

    Args:
        x: (b, c, h, w).
        weight: (o, c, k, k), k odd.
        bias: (o,).
        stride: step of the output locations.
        dilation: distance between taps.

    Returns:
        (b, o, ceil(h / stride), ceil(w / stride)); under autocast in its precision.

    Example:
        >>> reflect_conv2d(torch.ones(1, 1, 4, 4), torch.ones(2, 1, 3, 3), torch.zeros(2)).unique()
        tensor([9.])
    """
    if torch.is_autocast_enabled(x.device.type) and x.dtype != torch.float64:
        dtype = torch.get_autocast_dtype(x.device.type)
        x, weight, bias = x.to(dtype), weight.to(dtype), bias.to(dtype)
    return _ReflectConv2d.apply(x, weight, bias, stride, dilation)


class _ReflectConv2d(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, stride: int, dilation: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.dilation = stride, dilation
        return reflect_conv2d_ref(x, weight, bias, stride, dilation)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            padded = pad_reflect(x, ctx.dilation * (weight.shape[-1] - 1) // 2)
        needed = ctx.needs_input_grad[:3]
        step = (ctx.stride, ctx.stride), (0, 0), (ctx.dilation, ctx.dilation)
        grad_padded, grad_weight, grad_bias = torch.ops.aten.convolution_backward(
            grad, padded.detach(), weight, [len(weight)], *step, False, (0, 0), 1, needed
        )
        grad_x = torch.autograd.grad(padded, x, grad_padded)[0] if needed[0] else None
        return grad_x, grad_weight, grad_bias, None, None
