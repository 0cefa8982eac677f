r"""The networks of PIC (`rwlib.networks.rivals.pic` has the layer table): encoder, decoder, discriminator.

The widths of all three are c, 2c, 4c, 4c, 4c, from the level next to the picture to the deepest one.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from rwlib.config import Config
from rwlib.conventions import InputError, check_shape
from rwlib.networks.layers.residual import SLOPE, FirstBlock, ResidualBlock, UpsamplingBlock
from rwlib.networks.layers.short_long_attention import ShortLongAttention, ShortTermAttention

MAX_LEVELS = 5
"""How many times a picture is halved, in the paper."""
PRIOR_BLOCKS = 6


class Normal(NamedTuple):
    """Mean and standard deviation of z, (b, z_channels, h/32, w/32) each."""

    mu: Tensor
    sigma: Tensor

    def sample(self, noise: Tensor | None) -> Tensor:
        """Return mu + sigma * noise; mu itself without noise."""
        return self.mu if noise is None else self.mu + self.sigma * noise


def widths_of(width: int, levels: int) -> list[int]:
    """Return the channels after each block: c, 2c, 4c, 4c, ..."""
    return [width * min(2**i, 4) for i in range(levels)]


class Encoder(nn.Module):
    """Features at every level, and the distributions of z."""

    def __init__(self, width: int, levels: int, z: int) -> None:
        super().__init__()
        widths = widths_of(width, levels)
        self.blocks = nn.ModuleList([FirstBlock(3, widths[0])])
        self.blocks += [ResidualBlock(i, i, o, halve=True) for i, o in zip(widths[:-1], widths[1:], strict=True)]
        deepest = widths[-1]
        self.prior = nn.Sequential(
            *[ResidualBlock(deepest, deepest, deepest) for _ in range(PRIOR_BLOCKS)],
            ResidualBlock(deepest, deepest, 2 * z),
        )
        self.posterior = ResidualBlock(deepest, deepest, 2 * z)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the features of every level, (b, c, h/2, w/2) first."""
        features = []
        for block in self.blocks:
            x = block(x)  # (b, c, h/2, w/2)
            features.append(x)
        return features


def normal(x: Tensor) -> Normal:
    """Split (b, 2z, h, w) into mean and standard deviation."""
    mu, rho = x.chunk(2, dim=1)
    return Normal(mu, F.softplus(rho))


class Output(nn.Module):
    """A picture from features: (b, c, h, w) → (b, 3, h, w) in [-1, 1]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = spectral_norm(nn.Conv2d(channels, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Return the picture."""
        x = F.pad(F.leaky_relu(x, SLOPE), (1, 1, 1, 1), mode="reflect")  # (b, c, h + 2, w + 2)
        return self.conv(x).tanh()  # (b, 3, h, w)


class Decoder(nn.Module):
    """Pictures at several scales from z and features."""

    def __init__(self, width: int, levels: int, z: int, form: str) -> None:
        super().__init__()
        widths = widths_of(width, levels)[::-1]  # the deepest first
        spectral_dim = 0 if form == "program" else 1
        self.z_block = ResidualBlock(z, widths[0], widths[0])
        outs = widths
        ins = [widths[0], widths[0], *(w + 3 for w in widths[1:-1])]  # a picture is concatenated from block 2 on
        self.blocks = nn.ModuleList(
            UpsamplingBlock(i, o, spectral_dim=spectral_dim) for i, o in zip(ins, outs, strict=True)
        )
        self.attention = ShortLongAttention(outs[1], encoded_channels=widths[2])
        self.outputs = nn.ModuleList(Output(w) for w in outs[1:])

    def forward(self, z: Tensor, deepest: Tensor, encoded: Tensor, M: Tensor) -> list[Tensor]:
        """Return pictures, the smallest first.

        Args:
            z: (b, z_channels, h/32, w/32).
            deepest: f_m, features of the existing region at the same size.
            encoded: its features two levels above, (b, 4 width, h/8, w/8).
            M: (b, 1, h/8, w/8), in [0, 1].
        """
        x, pictures = deepest + self.z_block(z), []  # (b, 4 width, h/32, w/32)
        for i, block in enumerate(self.blocks):
            x = block(x)  # (b, c, 2h', 2w'): h/16, h/8, ... up to h
            if i == 1:
                x = self.attention(x, encoded, M)
            if i >= 1:
                pictures.append(self.outputs[i - 1](x))
                x = torch.cat([x, pictures[-1]], dim=1)  # (b, c + 3, 2h', 2w')
        return pictures


class ResidualDiscriminator(nn.Module):
    """Score parts of a picture.

    Args:
        width: channels of the first block; 32 in the program.
        levels: how many times the picture is halved; 5 in the program. The map that is left needs 3x3 pixels.

    Shapes: (b, 3, h, w) → scores (b, 1, h / 2^levels - 2, w / 2^levels - 2).

    Raises:
        InputError: a picture that is too small.
    """

    def __init__(self, width: int = 32, levels: int = MAX_LEVELS) -> None:
        super().__init__()
        widths = widths_of(width, levels)
        self.min_px = 3 * 2**levels
        self.blocks = nn.ModuleList([FirstBlock(3, widths[0])])
        self.blocks += [ResidualBlock(i, i, o, halve=True) for i, o in zip(widths[:-1], widths[1:], strict=True)]
        self.attention = ShortTermAttention(widths[2]) if levels > 3 else None  # before the fourth block
        self.block = ResidualBlock(widths[-1], widths[-1], widths[-1])
        self.last = spectral_norm(nn.Conv2d(widths[-1], 1, 3))

    @classmethod
    def from_config(cls, config: Config) -> "ResidualDiscriminator":
        """Build one of the two discriminators: five levels, fewer if less than 3x3 pixels would be left.

        Raises:
            InputError: pictures that are too small for any.
        """
        levels = min(MAX_LEVELS, (config.size_px // 3).bit_length() - 1)
        if levels < 1:
            raise InputError(f"size_px: pic's discriminators need at least 6, got {config.size_px}")
        return cls(config.discriminator_width, levels)

    def forward(self, I: Tensor) -> Tensor:
        """Score pictures."""
        _, h, w = check_shape("image", I, "b 3 h w").values()
        if min(h, w) < self.min_px:
            raise InputError(f"image: expected sides of at least {self.min_px}, got {h}x{w}; enlarge it")
        x = I
        for i, block in enumerate(self.blocks):
            if i == 3 and self.attention is not None:
                x = self.attention(x)  # (b, 4 width, h/8, w/8)
            x = block(x)  # (b, c, h/2, w/2)
        return self.last(F.leaky_relu(self.block(x), SLOPE))  # (b, 1, h / 2^levels - 2, w / 2^levels - 2)
