r"""Instance normalisation whose gradient is right in any memory format.

    y = (x - mean) / sqrt(var + ε) · weight + bias        mean and variance over a map's pixels, for each picture

PyTorch's own returns a map in its default format. If a layer with channels-last weights follows at once, its gradient
comes in that format, and PyTorch's backward pass on a CPU reads the one as if it were the other: the gradient is wrong
by more than its own size, and nothing says so (torch 2.15; it is right if a ReLU or a padding stands between the two).
Here the gradient is brought to the map's format first.

On a CPU a map that comes in channels last stays so: to bring it to PyTorch's default format and back takes longer than
to normalise it (four pictures, 256 maps of 64x64, with the gradient, on one core: 149 instead of 29 ms, in bf16 58
instead of 19). One picture is then a batch of its own for batch normalisation, which knows that format.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def instance_norm(x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
    """Normalise each map of each picture, (b, c, h, w), to mean 0 and variance 1.

    Args:
        x: (b, c, h, w), h w at least 2.
        weight: (c,), factors; None for 1.
        bias: (c,), summands; None for 0.

    Example:
        >>> instance_norm(torch.tensor([[[[1.0, 3.0]]]])).round().flatten().tolist()
        [-1.0, 1.0]
    """
    in_channels_last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    # An exported graph is of free batch, so it cannot have a node for each picture.
    if in_channels_last and x.device.type == "cpu" and not torch.compiler.is_compiling():
        pictures = [F.batch_norm(picture, None, None, weight, bias, training=True) for picture in x.split(1)]
        return pictures[0] if len(pictures) == 1 else torch.cat(pictures)
    y = F.instance_norm(x, weight=weight, bias=bias)
    if y.requires_grad:
        y.register_hook(lambda grad: None if grad is None else grad.contiguous())
    return y
