r"""PConv (Liu et al., "Image Inpainting for Irregular Holes Using Partial Convolutions", ECCV 2018): a U-Net.

Every convolution is a partial one (`rwlib.networks.layers.partial_conv`), and the mask travels with the features: down
the encoder the hole shrinks, and skip connections carry features and masks alike. The paper's table (appendix) for
512x512 pixels, c = `width` = 64:

    encoder   PConv1    7x7, c, stride 2           ReLU
              PConv2    5x5, 2c, stride 2, BN      ReLU
              PConv3    5x5, 4c, stride 2, BN      ReLU
              PConv4    3x3, 8c, stride 2, BN      ReLU
              PConv5-8  3x3, 8c, stride 2, BN      ReLU               2x2 at the end
    decoder   PConv9-12   nearest x2, [. ‖ PConv7 ... PConv4], 3x3, 8c, BN    leaky ReLU 0.2
              PConv13-15  nearest x2, [. ‖ PConv3 ... PConv1], 3x3, 4c, 2c, c, BN
              PConv16     nearest x2, [. ‖ I_in], 3x3, 3                      no activation

Smaller pictures need fewer layers: 7 levels at 256 px, 5 at 64 px, so that the smallest map is 2x2 again. Level n of
the decoder has the width of level n - 1 of the encoder, the first has 3 channels.

What the paper leaves open: layers with BN have no bias, the others do. The output is not bounded; `fill` clips it.
Training runs in two phases, the second with BN of the encoder standing still (`freeze_encoder_norm`), because batch
statistics count pixels of the hole.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.config import Config
from rwlib.conventions import InputError, check_image_and_mask, compose
from rwlib.networks.layers.partial_conv import PartialConv2d

MAX_LEVELS = 8
"""Levels in the paper, for 512x512."""


def levels_for(size_px: int) -> int:
    """Return how many times a square picture is halved until its map is 2x2 (or 3x3), at most 8 times.

    Example:
        >>> [levels_for(size_px) for size_px in (64, 128, 256, 512, 1024)]
        [5, 6, 7, 8, 8]
    """
    return max(1, min(MAX_LEVELS, int(math.log2(size_px)) - 1))


class PConvOutputs(NamedTuple):
    """Two pictures, each (b, 3, h, w)."""

    I_p: Tensor
    """Prediction of the whole picture, not bounded."""
    I_c: Tensor
    """Composite, the result: I_p in the hole, the input elsewhere."""


class PartialBlock(nn.Module):
    """Partial convolution, batch normalisation, activation; arguments and shapes as in `PartialConv2d`.

    Args:
        norm: whether there is batch normalisation; if so, the convolution has no bias.
        slope: of the (leaky) ReLU on its negative side; None for no activation.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, norm: bool = True, slope: float | None = 0.0,
        **options,
    ) -> None:  # fmt: skip
        super().__init__()
        self.conv = PartialConv2d(in_channels, out_channels, kernel_size, bias=not norm, **options)
        self.norm = nn.BatchNorm2d(out_channels) if norm else None
        self.slope = slope

    def forward(self, x: Tensor, M: Tensor) -> tuple[Tensor, Tensor]:
        """Return features and the new mask."""
        x, M = self.conv(x, M)  # (b, out_channels, h', w'), (b, 1, h', w')
        if self.norm is not None:
            x = self.norm(x)
        return (x if self.slope is None else F.leaky_relu(x, self.slope, inplace=True)), M


class PConvUNet(nn.Module):
    """The U-Net of partial convolutions.

    Args:
        width: channels of the first layer; 64 in the paper.
        levels: how many times the picture is halved; 8 in the paper, for 512x512.
        by_window: see `PartialConv2d`.

    Shapes: I_gt (b, 3, h, w) in [-1, 1], M (b, 1, h, w), 1 existing → `PConvOutputs`. Sides divisible by 2^levels.

    Raises:
        InputError: wrong shapes or sides; in training, a batch of one picture that ends as a single pixel.

    Example:
        >>> G = PConvUNet(width=4, levels=3)
        >>> G(torch.zeros(2, 3, 16, 16), torch.ones(2, 1, 16, 16)).I_c.shape
        torch.Size([2, 3, 16, 16])
    """

    def __init__(self, width: int = 64, levels: int = MAX_LEVELS, *, by_window: bool = True) -> None:
        super().__init__()
        if not 1 <= levels <= MAX_LEVELS:
            raise InputError(f"levels: expected 1 to {MAX_LEVELS}, got {levels}")
        self.divisor = 2**levels
        widths = [3] + [width * min(2**i, 8) for i in range(levels)]  # of the picture, and of each level
        kernels = ([7, 5, 5] + [3] * MAX_LEVELS)[:levels]
        options = {"by_window": by_window}
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        for i in range(levels):
            first = i == 0
            self.encoder.append(
                PartialBlock(widths[i], widths[i + 1], kernels[i], stride=2, norm=not first, **options)
            )  # fmt: skip
            # decoder[i] brings level i + 1 to the size of level i, whose features it takes as its skip connection.
            channels = (widths[i + 1], widths[i])
            slope = None if first else 0.2
            self.decoder.append(
                PartialBlock(
                    sum(channels), widths[i], 3, norm=not first, slope=slope, mask_channels=channels, **options
                )
            )

    @classmethod
    def from_config(cls, config: Config) -> "PConvUNet":
        """Build the network for pictures of `config.size_px`, with `config.width` channels in its first layer.

        Raises:
            InputError: a size that cannot be halved as often as it should.
        """
        levels = levels_for(config.size_px)
        if config.size_px % 2**levels:
            raise InputError(
                f"size_px: pconv halves the picture {levels} times, expected a multiple of {2**levels}, "
                f"got {config.size_px}; take {round(config.size_px / 2**levels) * 2**levels}"
            )
        return cls(config.width, levels)

    def forward(self, I_gt: Tensor, M: Tensor) -> PConvOutputs:
        """Fill the hole. Pixels of I_gt inside the hole are erased first."""
        check_image_and_mask(I_gt, M, divisor=self.divisor)  # for all layers
        b, _, h, w = I_gt.shape
        if self.training and b * h * w == self.divisor**2:
            raise InputError(
                f"batch: one picture of {h}x{w} ends as one pixel, which batch normalisation cannot train on; "
                "take larger batches or pictures"
            )
        M = M.to(I_gt.dtype)
        I_in = I_gt * M
        features, masks = [I_in], [M]
        for block in self.encoder:
            x, m = block(features[-1], masks[-1])  # (b, c, h, w) → (b, c', h/2, w/2)
            features.append(x)
            masks.append(m)

        x, m = features.pop(), masks.pop()  # the deepest
        for block in reversed(self.decoder):
            x, m = (F.interpolate(t, scale_factor=2, mode="nearest") for t in (x, m))  # (b, c', 2h, 2w)
            x = torch.cat([x, features.pop()], dim=1)  # (b, c' + c, 2h, 2w)
            x, m = block(x, torch.cat([m, masks.pop().to(m.dtype)], dim=1))  # (b, c, 2h, 2w), (b, 1, 2h, 2w)
        I_p = x  # (b, 3, h, w)
        return PConvOutputs(I_p, compose(I_in, I_p, M))

    @torch.no_grad()
    def fill(self, I_gt: Tensor, M: Tensor) -> Tensor:
        """Return the composite (b, 3, h, w), clipped to [-1, 1]."""
        return self(I_gt, M).I_c.clamp(-1, 1)

    def freeze_encoder_norm(self) -> None:
        """Let the encoder's batch normalisation stand still (section 4.2: the second phase of training)."""
        for block in self.encoder:
            if block.norm is not None:
                block.norm.eval()
