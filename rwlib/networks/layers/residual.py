r"""Residual blocks with spectral normalisation, of which PIC's networks consist.

    x' = conv2(φ(conv1(φ(x)))) + bypass(x)          φ: leaky ReLU

`ResidualBlock` keeps the size of the map or halves it (by averaging); `FirstBlock` is one that begins with a picture,
whose values a ReLU must not clip; `UpsamplingBlock` doubles it with transposed convolutions and has instance
normalisation before each φ, and so no bias before the second, which the normalisation would take away again.
"""

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from rwlib.networks.layers.instance_norm import instance_norm

SLOPE = 0.1
"""Of the leaky ReLU, in PIC's program."""


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a 1x1 one.

    Args:
        in_channels: channels of x.
        hidden_channels: between the two.
        out_channels: channels of the result.
        halve: whether to average over 2x2 pixels at the end.
        slope: of the leaky ReLUs on their negative side.

    Shapes: (b, in_channels, h, w) → (b, out_channels, h, w), or halved.
    """

    def __init__(
        self, in_channels: int, hidden_channels: int, out_channels: int, *, halve: bool = False, slope: float = SLOPE
    ) -> None:
        super().__init__()
        self.conv1 = spectral_norm(nn.Conv2d(in_channels, hidden_channels, 3, padding=1))
        self.conv2 = spectral_norm(nn.Conv2d(hidden_channels, out_channels, 3, padding=1))
        self.bypass = spectral_norm(nn.Conv2d(in_channels, out_channels, 1))
        self.halve, self.slope = halve, slope

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of both ways."""
        y = self.conv1(F.leaky_relu(x, self.slope))  # (b, hidden_channels, h, w)
        y = self.conv2(F.leaky_relu(y, self.slope, inplace=True))  # (b, out_channels, h, w)
        if not self.halve:
            return y + self.bypass(x)
        # A 1x1 convolution of means is the mean of 1x1 convolutions, with a quarter of the work.
        return F.avg_pool2d(y, 2) + self.bypass(F.avg_pool2d(x, 2))  # (b, out_channels, h/2, w/2)


class FirstBlock(ResidualBlock):
    """The same for a picture: no ReLU before the first convolution, and the map is halved."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, out_channels, halve=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of both ways."""
        y = self.conv2(F.leaky_relu(self.conv1(x), self.slope, inplace=True))  # (b, out_channels, h, w)
        return F.avg_pool2d(y, 2) + self.bypass(F.avg_pool2d(x, 2))  # (b, out_channels, h/2, w/2)


class UpsamplingBlock(nn.Module):
    """Normalise and convolve, then double the map; the bypass doubles it, too.

    Args:
        in_channels: channels of x.
        out_channels: channels of the result, and between the two convolutions.
        spectral_dim: which axis of a transposed convolution's weight (in, out, 3, 3) are the rows of the matrix whose
            norm is divided by: 1, the outputs, as everywhere; or 0, as PIC's program takes it.

    Shapes: (b, in_channels, h, w) → (b, out_channels, 2h, 2w); h w at least 2.
    """

    def __init__(self, in_channels: int, out_channels: int, *, spectral_dim: int = 1) -> None:
        super().__init__()
        doubled = {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1}
        self.norm1 = nn.InstanceNorm2d(in_channels, affine=True)
        self.conv1 = spectral_norm(nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False))
        self.norm2 = nn.InstanceNorm2d(out_channels, affine=True)
        self.conv2 = spectral_norm(nn.ConvTranspose2d(out_channels, out_channels, **doubled), dim=spectral_dim)
        self.bypass = spectral_norm(nn.ConvTranspose2d(in_channels, out_channels, **doubled), dim=spectral_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of both ways."""
        y = instance_norm(x, self.norm1.weight, self.norm1.bias)  # (b, in_channels, h, w)
        y = self.conv1(F.leaky_relu(y, SLOPE))  # (b, out_channels, h, w)
        y = instance_norm(y, self.norm2.weight, self.norm2.bias)
        y = self.conv2(F.leaky_relu(y, SLOPE))  # (b, out_channels, 2h, 2w)
        return y + self.bypass(x)
