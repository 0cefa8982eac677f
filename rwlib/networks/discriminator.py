r"""The region-wise discriminator D_r (section 3.4): it sees the hole's content only, and scores patches.

Undesired artefacts can only stand in inferred regions, so the existing region is erased before the first layer; the
mask M itself (not 1 - M, section 3.4) is concatenated. The paper calls its convolutions region-wise too; the released
program only masks the input, and so does rwlib.

Six 5x5 convolutions of stride 2 with spectral normalisation (one power iteration per training forward), each followed
by a leaky ReLU of slope 0.2, also the last. Widths c, 2c, 4c, 4c, 4c, 4c with c = 64: 5,946,816 parameters.

Six layers turn the paper's 256x256 pixels into a score map of 4x4. They turn 64x64 into one single score, which is not
region-wise any more: smaller pictures need fewer layers (`layers_for`; LOG.md, 2026-11-29).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from rwlib.config import Config
from rwlib.conventions import check_image_and_mask


def pad_same(x: Tensor) -> Tensor:
    """Zero-pad (b, c, h, w) so that a 5x5 convolution of stride 2 has ceil(h / 2) rows and ceil(w / 2) columns.

    An even side gets one zero before and two after, an odd side two at either end, as in the released program. Two at
    either end of every side would shift the grid of patches.
    """
    h, w = x.shape[-2:]
    return F.pad(x, (1 + w % 2, 2, 1 + h % 2, 2))


def layers_for(size_px: int) -> int:
    """Return how many layers make the score map of a square picture 4x4, or nearly so if its side is no power of two.

    Example:
        >>> [layers_for(size_px) for size_px in (64, 128, 256)]
        [4, 5, 6]
    """
    return max(1, round(math.log2(size_px / 4)))


class RegionWiseDiscriminator(nn.Module):
    """Score the content of the hole, patch by patch.

    Args:
        width: channels of the first layer; the second has twice, all others four times as many.
        layers: number of convolutions; each halves the score map.

    Shapes: I (b, 3, h, w) in [-1, 1], M (b, 1, h, w), 1 existing → scores (b, 4 * width, ceil(h / 64), ceil(w / 64))
    with six layers.

    Example:
        >>> D = RegionWiseDiscriminator(width=4)
        >>> D(torch.zeros(1, 3, 256, 256), torch.ones(1, 1, 256, 256)).shape
        torch.Size([1, 16, 4, 4])
    """

    def __init__(self, width: int = 64, layers: int = 6) -> None:
        super().__init__()
        widths = [4] + [min(2**i, 4) * width for i in range(layers)]
        self.convs = nn.ModuleList()
        for in_channels, out_channels in zip(widths[:-1], widths[1:], strict=True):
            conv = nn.Conv2d(in_channels, out_channels, 5, stride=2)
            nn.init.xavier_uniform_(conv.weight)
            nn.init.zeros_(conv.bias)
            self.convs.append(spectral_norm(conv, n_power_iterations=1))

    @classmethod
    def from_config(cls, config: Config) -> "RegionWiseDiscriminator":
        """Build the discriminator that a configuration describes."""
        return cls(config.discriminator_width, config.discriminator_layers or layers_for(config.size_px))

    def forward(self, I: Tensor, M: Tensor) -> Tensor:
        """Score [I ⊙ (1 - M) ‖ M]: the content of the hole, and the mask."""
        check_image_and_mask(I, M)
        M = M.to(I.dtype)
        x = torch.cat([I * (1 - M), M], dim=1)  # (b, 3 + 1, h, w)
        for conv in self.convs:
            x = F.leaky_relu(conv(pad_same(x)), 0.2)  # (b, out_channels, ceil(h / 2), ceil(w / 2))
        return x
