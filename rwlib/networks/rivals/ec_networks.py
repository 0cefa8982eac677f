r"""The networks of EC (`rwlib.networks.rivals.ec` has the layer table): Johnson's network, and the discriminator."""

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from rwlib.config import Config
from rwlib.conventions import InputError, check_shape
from rwlib.networks.fast.reflect_conv import pad_reflect
from rwlib.networks.layers.instance_norm import instance_norm

RESIDUAL_BLOCKS = 8
MIN_PATCH_PX = 24
"""Below this the last map of the discriminator has no pixel left."""


class Block(nn.Module):
    """Convolution over a mirrored border, instance normalisation, and a ReLU if wished.

    Shapes: (b, channels, h, w) → the same.
    """

    def __init__(self, channels: int, *, dilation: int = 1, relu: bool, spectral: bool) -> None:
        super().__init__()
        conv = nn.Conv2d(channels, channels, 3, dilation=dilation, bias=False)
        self.conv, self.relu = _normalised(conv, spectral), relu

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, normalise, activate."""
        x = instance_norm(self.conv(pad_reflect(x, self.conv.dilation[0])))
        return F.relu(x, inplace=True) if self.relu else x


class ResidualBlock(nn.Module):
    """Two convolutions, the first with dilation 2, beside the identity; no ReLU after the sum.

    Shapes: (b, channels, h, w) → the same.
    """

    def __init__(self, channels: int, *, spectral: bool) -> None:
        super().__init__()
        self.first = Block(channels, dilation=2, relu=True, spectral=spectral)
        self.second = Block(channels, relu=False, spectral=spectral)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of both ways."""
        return x + self.second(self.first(x))


class JohnsonNetwork(nn.Module):
    """Encoder, residual blocks, decoder.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the result.
        width: c above.
        spectral: with spectral normalisation in all layers but the last.

    Shapes: (b, in_channels, h, w) → (b, out_channels, h, w), not bounded; h and w divisible by 4.
    """

    def __init__(self, in_channels: int, out_channels: int, width: int = 64, *, spectral: bool) -> None:
        super().__init__()
        c, sampled = width, {"kernel_size": 4, "stride": 2, "padding": 1, "bias": False}
        self.encoder = nn.ModuleList(
            [
                nn.Conv2d(in_channels, c, 7, bias=False),
                nn.Conv2d(c, 2 * c, **sampled),
                nn.Conv2d(2 * c, 4 * c, **sampled),
            ]
        )
        self.middle = nn.Sequential(*[ResidualBlock(4 * c, spectral=spectral) for _ in range(RESIDUAL_BLOCKS)])
        self.decoder = nn.ModuleList(
            [nn.ConvTranspose2d(4 * c, 2 * c, **sampled), nn.ConvTranspose2d(2 * c, c, **sampled)]
        )
        for layers in (self.encoder, self.decoder):
            for i, conv in enumerate(layers):
                layers[i] = _normalised(conv, spectral)
        self.last = nn.Conv2d(c, out_channels, 7)
        nn.init.normal_(self.last.weight, std=0.02)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, out_channels, h, w)."""
        x = pad_reflect(x, 3)
        for conv in self.encoder:
            x = F.relu(instance_norm(conv(x)), inplace=True)  # (b, c, h, w), then halved twice: (b, 4c, h/4, w/4)
        x = self.middle(x)  # (b, 4c, h/4, w/4)
        for conv in self.decoder:
            x = F.relu(instance_norm(conv(x)), inplace=True)  # (b, 2c, h/2, w/2), (b, c, h, w)
        return self.last(pad_reflect(x, 3))


class PatchDiscriminator(nn.Module):
    """Score patches of 70x70, and return the features of every layer.

    Args:
        in_channels: 2 for [grey ‖ edges], 3 for pictures.
        width: channels of the first layer; 64 in the paper.

    Shapes: (b, in_channels, h, w), both at least 24 → scores (b, 1, h/8 - 2, w/8 - 2) and five maps, the last of which
    are the scores.

    Raises:
        InputError: another number of channels, or smaller sides.

    Example:
        >>> scores, features = PatchDiscriminator(3, width=2)(torch.zeros(1, 3, 64, 64))
        >>> scores.shape, [len(phi[0]) for phi in features]
        (torch.Size([1, 1, 6, 6]), [2, 4, 8, 16, 1])
    """

    def __init__(self, in_channels: int, width: int = 64) -> None:
        super().__init__()
        self.in_channels = in_channels
        widths, strides = [in_channels, width, 2 * width, 4 * width, 8 * width, 1], (2, 2, 2, 1, 1)
        self.convs = nn.ModuleList(
            spectral_norm(nn.Conv2d(widths[i], widths[i + 1], 4, stride=stride, padding=1, bias=False))
            for i, stride in enumerate(strides)
        )

    @classmethod
    def from_config(cls, config: Config, in_channels: int) -> "PatchDiscriminator":
        """Build the discriminator of edges (2 channels) or pictures (3) that a configuration describes.

        Raises:
            InputError: pictures that are too small for it.
        """
        if config.size_px < MIN_PATCH_PX:
            raise InputError(f"size_px: ec's discriminators need at least {MIN_PATCH_PX}, got {config.size_px}")
        return cls(in_channels, config.discriminator_width)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return scores and features."""
        _, h, w = check_shape("image", x, f"b {self.in_channels} h w").values()
        if min(h, w) < MIN_PATCH_PX:
            raise InputError(f"image: expected sides of at least {MIN_PATCH_PX}, got {h}x{w}; enlarge it")
        features = []
        for conv in self.convs[:-1]:
            x = F.leaky_relu(conv(x), 0.2)  # (b, c, h/2, w/2), h/4, h/8, then h/8 - 1
            features.append(x)
        scores = self.convs[-1](x)  # (b, 1, h/8 - 2, w/8 - 2)
        return scores, [*features, scores]


def _normalised(conv: nn.Module, spectral: bool) -> nn.Module:
    """Draw weights as the program does, and add spectral normalisation if wished."""
    nn.init.normal_(conv.weight, std=0.02)
    return spectral_norm(conv) if spectral else conv
