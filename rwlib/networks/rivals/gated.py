r"""Gated convolution (Yu et al., "Free-Form Image Inpainting with Gated Convolution", ICCV 2019; DeepFill v2).

Coarse network and refinement with contextual attention (`rwlib.networks.rivals.coarse_to_fine` has the layer table),
every layer but the two last a gated convolution, with half the channels of a plain one since each has a gate beside it:

    [I_in ‖ 1 ‖ 1 - M] → coarse, f = c/2 → tanh → I_p1 → I_c1 → refinement, f = c/2 → tanh → I_p2 → I_c2

with c = `width` = 48. The channel of ones is where the program's users may draw a sketch.

Its discriminator is a SN-PatchGAN: six 5x5 convolutions of stride 2 with spectral normalisation, each followed by a
leaky ReLU of slope 0.2, widths c, 2c, 4c, 4c, 4c, 4c with c = 64, of picture and hole together. Every value of the last
map is a score (hinge loss), of which each sees a part of the picture.

Paper and program: `form="program"` takes the program's contextual attention (`rwlib.networks.layers
.contextual_attention` lists the differences). Both refine I_c1 alone, without the mask; zeros pad every border, of
strided layers on both sides (TensorFlow's padding is a pixel off there).
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from rwlib.config import Config
from rwlib.conventions import InputError, check_image_and_mask, compose, one_of
from rwlib.networks.discriminator import layers_for
from rwlib.networks.generator import Outputs
from rwlib.networks.layers.contextual_attention import FORMS, rebuild
from rwlib.networks.layers.gated_conv import GatedConv2d
from rwlib.networks.rivals.coarse_to_fine import DIVISOR, CoarseNetwork, RefinementNetwork


def last_conv(in_channels: int, out_channels: int, kernel_size: int) -> nn.Conv2d:
    """Return a plain convolution that keeps the size of the map."""
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
    nn.init.xavier_uniform_(conv.weight)
    nn.init.zeros_(conv.bias)
    return conv


class GatedGenerator(nn.Module):
    """Coarse network and refinement of gated convolutions.

    Args:
        width: 48 in the program; the first layers have half as many channels. A multiple of 4.
        form: of contextual attention, `"paper"` or `"program"`.

    Shapes: I_gt (b, 3, h, w) in [-1, 1], M (b, 1, h, w), 1 existing → `rwlib.networks.generator.Outputs`, each
    (b, 3, h, w). Both sides divisible by 8.

    Raises:
        InputError: wrong shapes or sides, a width that is no multiple of 4, or an unknown form.

    Example:
        >>> G = GatedGenerator(width=4)
        >>> G(torch.zeros(1, 3, 16, 16), torch.ones(1, 1, 16, 16)).I_c.shape
        torch.Size([1, 3, 16, 16])
    """

    divisor = DIVISOR

    def __init__(self, width: int = 48, form: str = "paper") -> None:
        super().__init__()
        if width < 4 or width % 4:
            raise InputError(f"width: gated convolution needs a multiple of 4, got {width}")
        f = width // 2
        attention = partial(rebuild, form=one_of("form", form, FORMS))
        self.coarse = CoarseNetwork(GatedConv2d, last_conv, 5, f)
        self.refinement = RefinementNetwork(GatedConv2d, last_conv, 3, f, attention)

    @classmethod
    def from_config(cls, config: Config) -> "GatedGenerator":
        """Build the generator with `config.width` and the graph that `config.graph` says."""
        return cls(config.width, form=config.graph)

    def forward(self, I_gt: Tensor, M: Tensor) -> Outputs:
        """Fill the hole. Pixels of I_gt inside the hole are erased first."""
        check_image_and_mask(I_gt, M, divisor=self.divisor)  # for the attention, too
        M = M.to(I_gt.dtype)
        I_in = I_gt * M
        I_p1 = self.coarse(torch.cat([I_in, torch.ones_like(M), 1 - M], dim=1)).tanh()  # (b, 5, h, w) → (b, 3, h, w)
        I_c1 = compose(I_in, I_p1, M)
        I_p2 = self.refinement(I_c1, M).tanh()
        return Outputs(I_p1, I_c1, I_p2, compose(I_in, I_p2, M))

    @torch.no_grad()
    def fill(self, I_gt: Tensor, M: Tensor) -> Tensor:
        """Return the second composite (b, 3, h, w) alone."""
        return self(I_gt, M).I_c2


class SNPatchDiscriminator(nn.Module):
    """Score parts of a picture and its hole.

    Args:
        width: channels of the first layer; 64 in the program.
        layers: number of convolutions; six in the paper. Each halves the map.

    Shapes: I (b, 3, h, w), M (b, 1, h, w) → scores (b, 4 width, ceil(h / 64), ceil(w / 64)) with six layers.

    Example:
        >>> SNPatchDiscriminator(width=4)(torch.zeros(1, 3, 256, 256), torch.ones(1, 1, 256, 256)).shape
        torch.Size([1, 16, 4, 4])
    """

    def __init__(self, width: int = 64, layers: int = 6) -> None:
        super().__init__()
        widths = [4] + [min(2**i, 4) * width for i in range(layers)]
        self.convs = nn.ModuleList()
        for in_channels, out_channels in zip(widths[:-1], widths[1:], strict=True):
            conv = nn.Conv2d(in_channels, out_channels, 5, stride=2, padding=2)
            nn.init.xavier_uniform_(conv.weight)
            nn.init.zeros_(conv.bias)
            self.convs.append(spectral_norm(conv))

    @classmethod
    def from_config(cls, config: Config) -> "SNPatchDiscriminator":
        """Build the discriminator that a configuration describes."""
        return cls(config.discriminator_width, config.discriminator_layers or layers_for(config.size_px))

    def forward(self, I: Tensor, M: Tensor) -> Tensor:
        """Score [I ‖ 1 - M]: the whole picture, and where its hole is."""
        check_image_and_mask(I, M)
        x = torch.cat([I, 1 - M.to(I.dtype)], dim=1)  # (b, 3 + 1, h, w)
        for conv in self.convs:
            x = F.leaky_relu(conv(x), 0.2)  # (b, out_channels, ceil(h / 2), ceil(w / 2))
        return x
