"""Receptive fields: by formula, and measured by the gradient (notebook 03)."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from rwlib.networks.region_wise_conv import ReflectConv2d

Layer = tuple[int, int, int]
"""Kernel, stride and dilation of a convolution."""


def receptive_field_px(layers: Sequence[Layer]) -> int:
    """Return the side of the square of input pixels that one output of a stack of convolutions depends on.

    Args:
        layers: (kernel, stride, dilation) of each, the first one first.

    Example:
        >>> receptive_field_px([(5, 1, 1), (3, 2, 1), (3, 1, 2)])
        15
    """
    side_px, step_px = 1, 1
    for kernel, stride, dilation in layers:
        side_px += (kernel - 1) * dilation * step_px
        step_px *= stride
    return side_px


def conv_stack(layers: Sequence[Layer]) -> nn.Sequential:
    """Return one-channel convolutions whose filters are positive, so that no two gradients cancel.

    Args:
        layers: as for `receptive_field_px`.
    """
    stack = nn.Sequential(
        *(ReflectConv2d(1, 1, kernel, stride=stride, dilation=dilation) for kernel, stride, dilation in layers)
    )
    for convolution in stack:
        nn.init.constant_(convolution.weight, 1 / convolution.weight.numel())
    return stack


def sensitivity(network: Callable[[Tensor], Tensor], x: Tensor, row: int, column: int) -> Tensor:
    """Return how strongly each input pixel moves one output pixel: the gradient's absolute value, summed over channels.

    Args:
        network: (b, c, h, w) → (b, c', h', w').
        x: (b, c, h, w), where to take the gradient.
        row: of the output pixel; its channels are summed.
        column: of the output pixel.

    Returns:
        (b, h, w), at least 0; exactly 0 where the output pixel does not depend on the input pixel.

    Example:
        >>> sensitivity(conv_stack([(3, 1, 1)]), torch.zeros(1, 1, 1, 6), 0, 2)[0, 0] > 0
        tensor([False,  True,  True,  True, False, False])
    """
    x = x.detach().clone().requires_grad_()
    gradient = torch.autograd.grad(network(x)[..., row, column].sum(), x)[0]
    return gradient.abs().sum(dim=1)


def reached_side_px(weight: Tensor) -> int:
    """Return how many columns a sensitivity map (..., h, w) reaches, from the first to the last nonzero one.

    Example:
        >>> reached_side_px(torch.tensor([[0.0, 2.0, 0.0, 1.0, 0.0]]))
        3
    """
    columns = (weight != 0).flatten(0, -2).any(0).nonzero()
    return int(columns[-1] - columns[0]) + 1 if len(columns) else 0
