r"""The two networks that CA and gated convolution share: a coarse one, and a refinement with contextual attention.

The second paper keeps the first one's graph and changes its layers. With f the channels of the first layer, ×2 for
nearest upsampling of a layer's input, and d for dilation (Yu et al. 2018, section 3 and appendix; their program):

    coarse network              refinement, convolutional branch    refinement, attention branch
    1         5x5, f            1         5x5, f                    1         5x5, f
    2, 3      2f, 2 stride 2    2, 3      f, 2f, 2 stride 2         2, 3      f, 2f, 2 stride 2
    4, 5, 6   4f, 4 stride 2    4, 5, 6   2f, 4f, 4f, 4 stride 2    4, 5, 6   4f, 4 stride 2; 6 with a ReLU
    7-10      4f, d 2, 4, 8, 16 7-10      4f, d 2, 4, 8, 16         7, 8      contextual attention
                                                                    9, 10     4f
                                refinement, both branches
    11, 12    4f                11, 12    [x10 ‖ y10] → 4f, 4f
    13, 14    2f, 13 ×2         13, 14    2f, 13 ×2
    15, 16    f, f/2, 15 ×2     15, 16    f, f/2, 15 ×2
    17        3, no activation  17        3, no activation

Kernels are 3x3 from layer 2 on. `conv` is the kind of layer: called with (in_channels, out_channels, kernel_size) and
`stride`, `dilation`, `upsample` and `activation` by name. The last layer has activation `"none"` and, in the gated
network, no gate (`last`).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Conv = Callable[..., nn.Module]
DIVISOR = 8
"""Two layers of stride 2, and contextual attention halves the map once more."""


def dilated(conv: Conv, f: int) -> list[nn.Module]:
    """Layers 7 to 10."""
    return [conv(4 * f, 4 * f, 3, dilation=d) for d in (2, 4, 8, 16)]


def decoder(conv: Conv, last: Conv, f: int) -> list[nn.Module]:
    """Layers 12 to 17: (b, 4f, h/4, w/4) → (b, 3, h, w)."""
    return [
        conv(4 * f, 4 * f, 3),
        conv(4 * f, 2 * f, 3, upsample=2),
        conv(2 * f, 2 * f, 3),
        conv(2 * f, f, 3, upsample=2),
        conv(f, f // 2, 3),
        last(f // 2, 3, 3),
    ]


class CoarseNetwork(nn.Sequential):
    """The first network: (b, in_channels, h, w) → (b, 3, h, w), not bounded."""

    def __init__(self, conv: Conv, last: Conv, in_channels: int, f: int) -> None:
        layers = [
            conv(in_channels, f, 5),
            conv(f, 2 * f, 3, stride=2),
            conv(2 * f, 2 * f, 3),
            conv(2 * f, 4 * f, 3, stride=2),
            conv(4 * f, 4 * f, 3),
            conv(4 * f, 4 * f, 3),
            *dilated(conv, f),
            conv(4 * f, 4 * f, 3),
            *decoder(conv, last, f),
        ]
        super().__init__()
        for number, layer in enumerate(layers, 1):
            self.add_module(f"conv{number}", layer)


class RefinementNetwork(nn.Module):
    """The second network: (b, in_channels, h, w) and M (b, 1, h, w) → (b, 3, h, w), not bounded.

    Args:
        conv: kind of layer.
        last: kind of the last layer.
        in_channels: channels of its input.
        f: channels of its first layer.
        attention: called with features (b, 4f, h/4, w/4) and M; returns features.
    """

    def __init__(
        self, conv: Conv, last: Conv, in_channels: int, f: int, attention: Callable[[Tensor, Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.attention = attention
        self.convolutional = nn.Sequential(
            conv(in_channels, f, 5),
            conv(f, f, 3, stride=2),
            conv(f, 2 * f, 3),
            conv(2 * f, 2 * f, 3, stride=2),
            conv(2 * f, 4 * f, 3),
            conv(4 * f, 4 * f, 3),
            *dilated(conv, f),
        )
        self.before_attention = nn.Sequential(
            conv(in_channels, f, 5),
            conv(f, f, 3, stride=2),
            conv(f, 2 * f, 3),
            conv(2 * f, 4 * f, 3, stride=2),
            conv(4 * f, 4 * f, 3),
            conv(4 * f, 4 * f, 3, activation="relu"),
        )
        self.after_attention = nn.Sequential(conv(4 * f, 4 * f, 3), conv(4 * f, 4 * f, 3))
        self.both = nn.Sequential(conv(8 * f, 4 * f, 3), *decoder(conv, last, f))

    def forward(self, x: Tensor, M: Tensor) -> Tensor:
        """Refine: one branch continues by itself, the other one looks up what exists."""
        imagined = self.convolutional(x)  # (b, 4f, h/4, w/4)
        matched = self.before_attention(x)  # (b, 4f, h/4, w/4)
        matched = self.after_attention(self.attention(matched, M).to(matched.dtype))
        return self.both(torch.cat([imagined, matched], dim=1))  # (b, 3, h, w)
