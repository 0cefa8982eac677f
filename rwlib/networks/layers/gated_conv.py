r"""Gated convolution (Yu et al., "Free-Form Image Inpainting with Gated Convolution", ICCV 2019, section 3.1).

Where a partial convolution has a mask by rule, a gated one learns a mask of its own, for each channel and place:

    Feature = W_f * x + b_f,    Gating = W_g * x + b_g,    x' = φ(Feature) ⊙ σ(Gating)

Both convolutions are one with twice the channels, the features first, as in the authors' program. The hole's mask is
only one more channel of the network's input; what becomes of it in deeper layers is learned, too.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.conventions import InputError, one_of

ACTIVATIONS = {"elu": F.elu, "relu": F.relu, "none": lambda x: x}
GAIN = 2.6
"""Of the weights at the start, in 1 / sqrt(fan in). A gate halves what passes and φ takes some of it, so with Glorot's
weights, which the program has, values shrink threefold per layer: the networks' 17 layers then make pictures of
deviation 0.0004, with gradients of 1e-10, which Adam's 1e-8 swallows. With 2.6 it is 0.1 to 0.3."""


class GatedConv2d(nn.Conv2d):
    """Convolve, and let a second convolution say how much of each value passes.

    Args:
        in_channels: channels of x.
        out_channels: channels of the result; `weight` and `bias` have twice as many.
        kernel_size: odd side of the filters.
        stride: distance between output locations.
        dilation: distance between the taps of a filter.
        upsample: factor of nearest upsampling before the convolution.
        activation: φ: `"elu"`, `"relu"` or `"none"`.

    Shapes: (b, in_channels, h, w) → (b, out_channels, ceil(h * upsample / stride), ceil(w * upsample / stride)). Zeros
    pad the border.

    Raises:
        InputError: an even kernel, or an unknown activation.

    Example:
        >>> layer = GatedConv2d(4, 8, 3, stride=2)
        >>> layer.weight.shape, layer(torch.rand(1, 4, 6, 6)).shape
        (torch.Size([16, 4, 3, 3]), torch.Size([1, 8, 3, 3]))
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1, dilation: int = 1,
        upsample: int = 1, activation: str = "elu",
    ) -> None:  # fmt: skip
        if kernel_size % 2 == 0:
            raise InputError(f"kernel_size: expected an odd number, so that it has a centre, got {kernel_size}")
        one_of("activation", activation, list(ACTIVATIONS))
        padding = dilation * (kernel_size - 1) // 2
        super().__init__(in_channels, 2 * out_channels, kernel_size, stride, padding, dilation)
        self.upsample, self.activation = upsample, activation
        nn.init.normal_(self.weight, std=GAIN / self.weight[0].numel() ** 0.5)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Upsample, convolve, gate (b, in_channels, h, w)."""
        if self.upsample > 1:
            x = F.interpolate(x, scale_factor=self.upsample, mode="nearest")
        feature, gating = super().forward(x).chunk(2, dim=1)  # (b, out_channels, h', w') each
        return ACTIVATIONS[self.activation](feature) * torch.sigmoid(gating)
