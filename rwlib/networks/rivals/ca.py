r"""CA (Yu et al., "Generative Image Inpainting with Contextual Attention", CVPR 2018; DeepFill v1).

A coarse network guesses the hole, a refinement network improves the guess, one of its branches by copying features from
the existing region (`rwlib.networks.rivals.coarse_to_fine` has the layer table, f = `width` = 32):

    [I_in ‖ 1 ‖ 1 - M] → coarse → clip → I_p1 → I_c1,  [I_c1 ‖ 1 ‖ 1 - M] → refinement → clip → I_p2 → I_c2

Every layer but the last of each network is followed by an ELU; nothing is normalised. Two critics without a sigmoid
(WGAN-GP): one looks at the whole picture, one at the hole's bounding box. Each has four 5x5 convolutions of stride 2,
widths c, 2c, 4c, 4c with c = 64, leaky ReLU 0.2, and a linear layer to one score.

Paper and program differ, and `form` says which it is:

    form         padding of the generator     I_in in the hole    contextual attention
    "paper"      mirrored (section 3)         white               cosine, existing patches
    "program"    zeros                        zero                see `rwlib.networks.layers.contextual_attention`

The program pads a strided layer by one pixel less on one side (TensorFlow's SAME); here, as in its PyTorch port, both
sides are alike. The paper's local critic sees a rectangle of fixed size. Holes of other forms have boxes of any size,
so here each is resized to half of the picture's side (`rwlib.networks.layers.crop`).
"""

import math
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.config import Config
from rwlib.conventions import InputError, check_image_and_mask, check_shape, compose, one_of
from rwlib.networks.generator import Outputs
from rwlib.networks.layers.contextual_attention import FORMS, rebuild
from rwlib.networks.region_wise_conv import ReflectConv2d, upsample_nearest
from rwlib.networks.rivals.coarse_to_fine import DIVISOR, CoarseNetwork, RefinementNetwork

ACTIVATIONS = {"elu": partial(F.elu, inplace=True), "relu": partial(F.relu, inplace=True), "none": lambda x: x}


class ActivatedConv2d(ReflectConv2d):
    """Convolution and activation; other arguments and shapes as in `ReflectConv2d`.

    Args:
        zeros: whether zeros pad the border; else it is mirrored.
        activation: `"elu"`, `"relu"` or `"none"`.
    """

    def __init__(self, *args: int, zeros: bool = False, activation: str = "elu", **options: int) -> None:
        super().__init__(*args, **options)
        self.zeros, self.activation = zeros, activation

    def forward(self, x: Tensor) -> Tensor:
        """Upsample, convolve, activate."""
        if self.zeros:
            padding = self.dilation[0] * (self.kernel_size[0] // 2)
            x = upsample_nearest(x, self.upsample)  # (b, in_channels, h * upsample, w * upsample)
            x = F.conv2d(x, self.weight, self.bias, self.stride, padding, self.dilation)  # (b, out_channels, h', w')
        else:
            x = super().forward(x)  # (b, out_channels, h', w')
        return ACTIVATIONS[self.activation](x)


class CAGenerator(nn.Module):
    """Coarse network and refinement.

    Args:
        width: channels of the first layers; 32 in the program. Even.
        form: `"paper"` or `"program"`, see above.

    Shapes: I_gt (b, 3, h, w) in [-1, 1], M (b, 1, h, w), 1 existing → `rwlib.networks.generator.Outputs`, each
    (b, 3, h, w). Both sides divisible by 8.

    Raises:
        InputError: wrong shapes or sides, an odd width, or an unknown form.

    Example:
        >>> G = CAGenerator(width=4)
        >>> G(torch.zeros(1, 3, 16, 16), torch.ones(1, 1, 16, 16)).I_c.shape
        torch.Size([1, 3, 16, 16])
    """

    divisor = DIVISOR

    def __init__(self, width: int = 32, form: str = "paper") -> None:
        super().__init__()
        if width < 2 or width % 2:
            raise InputError(f"width: expected an even number of at least 2, got {width}")
        self.form = one_of("form", form, FORMS)
        conv = partial(ActivatedConv2d, zeros=form == "program")
        last = partial(conv, activation="none")
        attention = partial(rebuild, form=form)
        self.coarse = CoarseNetwork(conv, last, 5, width)
        self.refinement = RefinementNetwork(conv, last, 5, width, attention)

    @classmethod
    def from_config(cls, config: Config) -> "CAGenerator":
        """Build the generator with `config.width` and the graph that `config.graph` says."""
        return cls(config.width, form=config.graph)

    def forward(self, I_gt: Tensor, M: Tensor) -> Outputs:
        """Fill the hole. Pixels of I_gt inside the hole are erased first."""
        check_image_and_mask(I_gt, M, divisor=self.divisor)  # for the attention, too
        M = M.to(I_gt.dtype)
        I_in = I_gt * M
        guide = torch.cat([torch.ones_like(M), 1 - M], dim=1)  # (b, 2, h, w); the ones show where the picture ends
        seen = I_in if self.form == "program" else I_in + (1 - M)
        I_p1 = self.coarse(torch.cat([seen, guide], dim=1)).clamp(-1, 1)  # (b, 5, h, w) → (b, 3, h, w)
        I_c1 = compose(I_in, I_p1, M)
        I_p2 = self.refinement(torch.cat([I_c1, guide], dim=1), M).clamp(-1, 1)  # (b, 5, h, w) → (b, 3, h, w)
        return Outputs(I_p1, I_c1, I_p2, compose(I_in, I_p2, M))

    @torch.no_grad()
    def fill(self, I_gt: Tensor, M: Tensor) -> Tensor:
        """Return the second composite (b, 3, h, w) alone."""
        return self(I_gt, M).I_c2


class Critic(nn.Module):
    """Score pictures of one size: (b, 3, size_px, size_px) → (b, 1, 1, 1), not bounded.

    Args:
        size_px: side of the pictures.
        width: channels of the first layer.
    """

    def __init__(self, size_px: int, width: int = 64) -> None:
        super().__init__()
        self.size_px = size_px
        widths = [3, width, 2 * width, 4 * width, 4 * width]
        self.convs = nn.ModuleList(
            nn.Conv2d(i, o, 5, stride=2, padding=2) for i, o in zip(widths[:-1], widths[1:], strict=True)
        )
        self.linear = nn.Linear(widths[-1] * math.ceil(size_px / 2 ** len(self.convs)) ** 2, 1)

    def features(self, I: Tensor) -> Tensor:
        """Return the map before the linear layer, (b, 4 width, ceil(size_px / 16), ceil(size_px / 16))."""
        x = I
        for conv in self.convs:
            x = F.leaky_relu(conv(x), 0.2)  # (b, out_channels, ceil(h / 2), ceil(w / 2))
        return x

    def forward(self, I: Tensor) -> Tensor:
        """Score (b, 3, size_px, size_px)."""
        check_shape("image", I, f"b 3 {self.size_px} {self.size_px}")
        x = self.features(I).flatten(1)  # (b, 4 width ceil(size_px / 16)²)
        return self.linear(x).view(-1, 1, 1, 1)  # (b, 1, 1, 1)


class Scores(NamedTuple):
    """Scores of the two critics, (b, 1, 1, 1) each."""

    whole: Tensor
    hole: Tensor


class GlobalAndLocalCritics(nn.Module):
    """Both critics: of whole pictures, and of the holes' boxes (`crop_hole`, half of the side).

    Args:
        size_px: side of the pictures they are trained on.
        width: channels of their first layers; 64 in the program.

    Shapes: I (b, 3, size_px, size_px), hole (b, 3, size_px / 2, size_px / 2) → `Scores`.

    Example:
        >>> D = GlobalAndLocalCritics(32, width=4)
        >>> D(torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 16, 16)).hole.shape
        torch.Size([1, 1, 1, 1])
    """

    def __init__(self, size_px: int = 256, width: int = 64) -> None:
        super().__init__()
        self.whole, self.hole = Critic(size_px, width), Critic(size_px // 2, width)

    @classmethod
    def from_config(cls, config: Config) -> "GlobalAndLocalCritics":
        """Build the critics that a configuration describes."""
        return cls(config.size_px, config.discriminator_width)

    def forward(self, I: Tensor, hole: Tensor) -> Scores:
        """Score pictures, and the boxes of their holes."""
        return Scores(self.whole(I), self.hole(hole))  # (b, 1, 1, 1) each
