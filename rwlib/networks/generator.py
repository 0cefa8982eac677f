r"""The region-wise generator (sections 3.1 to 3.3): two encoder-decoder networks, one after the other.

The semantic inferring network fills the hole with region-wise convolutions; its composite goes through the global
perceiving network, which treats both regions alike and refines the whole image:

    I_in = I_gt ⊙ M  →  I_p1  →  I_c1 = I_in + I_p1 ⊙ (1 - M)  →  I_p2  →  I_c2 = I_in + I_p2 ⊙ (1 - M)

The paper gives no layer table. This one is the released program's, with c = `width`. Every convolution is followed by
an ELU, `x4` is the output of layer 4, and ×2 means that the layer's input is upsampled first:

    1         5x5, c                       7-10     3x3, 4c, dilation 2, 4, 8, 16
    2, 3      3x3, 2c, layer 2 stride 2    11, 12   3x3, [x10 ‖ x6] → 4c, [x11 ‖ x5] → 4c
    4, 5, 6   3x3, 4c, layer 4 stride 2

    decoder   semantic inferring network                          global perceiving network
    13, ×2    region-wise: existing [x12 ‖ x4], missing x12, 4c   [x12 ‖ x4] → 2c
    14        region-wise: existing [x13 ‖ x3], missing x13, 4c   [x13 ‖ x3] → 2c
    15, ×2    region-wise: existing [x14 ‖ x2], missing x14, 4c   [x14 ‖ x2] → c
    16        c                                                  [x15 ‖ x1] → c/2
    17        c/2                                                3
    18        3
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.config import Config
from rwlib.conventions import InputError, check_image_and_mask, compose, one_of, unknown
from rwlib.masks.resize import nearest_aligned
from rwlib.networks.region_wise_conv import REGION_WISE, ReflectConv2d

OUTPUTS = ("elu_clip", "clip", "tanh")
"""Last activations, see `to_image_range`."""


class Outputs(NamedTuple):
    """The generator's four images, each (b, 3, h, w) in [-1, 1]."""

    I_p1: Tensor
    """Prediction of the semantic inferring network."""
    I_c1: Tensor
    """First composite: I_p1 in the hole, the input elsewhere."""
    I_p2: Tensor
    """Prediction of the global perceiving network."""
    I_c2: Tensor
    """Second composite, the result."""

    @property
    def I_p(self) -> Tensor:
        """The last prediction, by the name that it has for every model."""
        return self.I_p2

    @property
    def I_c(self) -> Tensor:
        """The last composite, the result, by the name that it has for every model."""
        return self.I_c2


def elu(x: Tensor) -> Tensor:
    """Apply an ELU in place: its gradient needs only its own output, so the convolution's output need not be kept."""
    return F.elu(x, inplace=True)


def to_image_range(x: Tensor, output: str) -> Tensor:
    """Map the last layer's values to [-1, 1].

    Args:
        x: any shape.
        output: `"elu_clip"` as in the released program (it reaches -1 only asymptotically and has no gradient above 1),
            `"clip"`, or `"tanh"`.

    Returns:
        The shape of x.

    Raises:
        InputError: another `output`.
    """
    if output not in OUTPUTS:
        raise unknown("output", output, OUTPUTS)
    if output == "tanh":
        return x.tanh()
    return (F.elu(x) if output == "elu_clip" else x).clamp(-1, 1)


class Encoder(nn.Module):
    """Layers 1 to 12, E_s and E_g of Fig. 2; shapes as in `forward`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        c = width
        self.conv1 = ReflectConv2d(4, c, 5)
        self.conv2 = ReflectConv2d(c, 2 * c, 3, stride=2)
        self.conv3 = ReflectConv2d(2 * c, 2 * c, 3)
        self.conv4 = ReflectConv2d(2 * c, 4 * c, 3, stride=2)
        self.conv5 = ReflectConv2d(4 * c, 4 * c, 3)
        self.conv6 = ReflectConv2d(4 * c, 4 * c, 3)
        self.conv7 = ReflectConv2d(4 * c, 4 * c, 3, dilation=2)
        self.conv8 = ReflectConv2d(4 * c, 4 * c, 3, dilation=4)
        self.conv9 = ReflectConv2d(4 * c, 4 * c, 3, dilation=8)
        self.conv10 = ReflectConv2d(4 * c, 4 * c, 3, dilation=16)
        self.conv11 = ReflectConv2d(8 * c, 4 * c, 3)
        self.conv12 = ReflectConv2d(8 * c, 4 * c, 3)

    def forward(self, I: Tensor, M: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return x1, x2, x3 and x4, which the skip connections carry on, and x12, the deepest features."""
        h, w = I.shape[-2:]
        if h % 4 or w % 4:  # also where a network is called without the generator, which has checked all the rest
            raise InputError(f"image: sides must be divisible by 4, got {h}x{w}; pad it")
        x1 = elu(self.conv1(torch.cat([I, M.to(I.dtype)], dim=1)))  # (b, 3 + 1, h, w) → (b, c, h, w)
        x2 = elu(self.conv2(x1))  # (b, 2c, h/2, w/2)
        x3 = elu(self.conv3(x2))  # (b, 2c, h/2, w/2)
        x4 = elu(self.conv4(x3))  # (b, 4c, h/4, w/4), the smallest maps, up to x12
        x5 = elu(self.conv5(x4))
        x = x6 = elu(self.conv6(x5))
        for dilated in (self.conv7, self.conv8, self.conv9, self.conv10):
            x = elu(dilated(x))
        x11 = elu(self.conv11(torch.cat([x, x6], dim=1)))  # (b, 8c, h/4, w/4) → (b, 4c, h/4, w/4)
        x12 = elu(self.conv12(torch.cat([x11, x5], dim=1)))  # (b, 8c, h/4, w/4) → (b, 4c, h/4, w/4)
        return x1, x2, x3, x4, x12


MASK_SCALES = {"channel": (4, 2, 2), "location": (2, 2, 1), "none": (1, 1, 1)}
"""Side of the image over the side of the mask that layers 13, 14 and 15 read, for each value of `Config.region_wise`:
by channel they read it at the size of their input, by location at that of their output; a standard layer ignores it."""


class SemanticInferringNetwork(nn.Module):
    """First network (section 3.2): region-wise decoder, so that the hole is inferred and the rest reconstructed.

    It trusts its caller with the shapes; `RegionWiseGenerator` checks them.

    Args:
        width: channels of the first layer, c above.
        region_wise: `"channel"` (section 3.2, as released), `"location"` (eq. 1) or `"none"` (Fig. 4b).
        output: last activation, see `to_image_range`.

    Shapes: I_in (b, 3, h, w), M (b, 1, h, w), h and w divisible by 4 → I_p1 (b, 3, h, w) in [-1, 1].
    """

    def __init__(self, width: int = 32, region_wise: str = "channel", output: str = "elu_clip") -> None:
        super().__init__()
        region_wise_conv = REGION_WISE[one_of("region_wise", region_wise, list(REGION_WISE))]
        c = width
        self.output, self.mask_scales = output, MASK_SCALES[region_wise]
        self.encoder = Encoder(c)
        self.conv13 = region_wise_conv(4 * c, 4 * c, 3, skip_channels=4 * c, upsample=2)
        self.conv14 = region_wise_conv(4 * c, 4 * c, 3, skip_channels=2 * c)
        self.conv15 = region_wise_conv(4 * c, 4 * c, 3, skip_channels=2 * c, upsample=2)
        self.conv16 = ReflectConv2d(4 * c, c, 3)
        self.conv17 = ReflectConv2d(c, c // 2, 3)
        self.conv18 = ReflectConv2d(c // 2, 3, 3)

    def forward(self, I_in: Tensor, M: Tensor) -> Tensor:
        """Predict the whole image from its existing part."""
        _, x2, x3, x4, x12 = self.encoder(I_in, M)
        h, w = M.shape[-2:]
        masks = {k: nearest_aligned(M, (h // k, w // k)) if k > 1 else M for k in {*self.mask_scales}}  # each size once
        M_13, M_14, M_15 = (masks[scale] for scale in self.mask_scales)
        x13 = elu(self.conv13(x12, M_13, skip=x4))  # (b, 4c, h/4, w/4) → (b, 4c, h/2, w/2)
        x14 = elu(self.conv14(x13, M_14, skip=x3))  # (b, 4c, h/2, w/2)
        x15 = elu(self.conv15(x14, M_15, skip=x2))  # (b, 4c, h/2, w/2) → (b, 4c, h, w)
        x16 = elu(self.conv16(x15))  # (b, c, h, w)
        x17 = elu(self.conv17(x16))  # (b, c/2, h, w)
        return to_image_range(self.conv18(x17), self.output)  # (b, 3, h, w)


class GlobalPerceivingNetwork(nn.Module):
    """Second network (section 3.1): plain decoder over both regions, which refines the first composite.

    Arguments and shapes as in `SemanticInferringNetwork`, with I_c1 instead of I_in and I_p2 instead of I_p1.
    """

    def __init__(self, width: int = 32, output: str = "elu_clip") -> None:
        super().__init__()
        c = width
        self.output = output
        self.encoder = Encoder(c)
        self.conv13 = ReflectConv2d(8 * c, 2 * c, 3, upsample=2)
        self.conv14 = ReflectConv2d(4 * c, 2 * c, 3)
        self.conv15 = ReflectConv2d(4 * c, c, 3, upsample=2)
        self.conv16 = ReflectConv2d(2 * c, c // 2, 3)
        self.conv17 = ReflectConv2d(c // 2, 3, 3)

    def forward(self, I_c1: Tensor, M: Tensor) -> Tensor:
        """Predict the whole image from the first composite."""
        x1, x2, x3, x4, x12 = self.encoder(I_c1, M)
        x13 = elu(self.conv13(torch.cat([x12, x4], dim=1)))  # (b, 8c, h/4, w/4) → (b, 2c, h/2, w/2)
        x14 = elu(self.conv14(torch.cat([x13, x3], dim=1)))  # (b, 4c, h/2, w/2) → (b, 2c, h/2, w/2)
        x15 = elu(self.conv15(torch.cat([x14, x2], dim=1)))  # (b, 4c, h/2, w/2) → (b, c, h, w)
        x16 = elu(self.conv16(torch.cat([x15, x1], dim=1)))  # (b, 2c, h, w) → (b, c/2, h, w)
        return to_image_range(self.conv17(x16), self.output)  # (b, 3, h, w)


class RegionWiseGenerator(nn.Module):
    """Both networks, one after the other (Fig. 2).

    Args:
        width: channels of the first layers; 32 gives 2,830,083 + 1,875,971 parameters.
        region_wise: see `SemanticInferringNetwork`.
        output: last activation, see `to_image_range`.
        networks: `"both"`, or `"semantic"` for the semantic inferring network alone (Fig. 4e); the outputs I_p2 and
            I_c2 are then I_p1 and I_c1 again.

    Shapes: I_gt (b, 3, h, w) in [-1, 1], M (b, 1, h, w), 1 existing → `Outputs`, each (b, 3, h, w).

    Raises:
        InputError: wrong shapes, or a side not divisible by 4.

    Example:
        >>> G = RegionWiseGenerator(width=8)
        >>> G(torch.zeros(1, 3, 16, 16), torch.ones(1, 1, 16, 16)).I_c2.shape
        torch.Size([1, 3, 16, 16])
    """

    divisor = 4
    """Both sides of a picture must be divisible by it."""

    def __init__(
        self, width: int = 32, region_wise: str = "channel", output: str = "elu_clip", networks: str = "both"
    ) -> None:
        super().__init__()
        both = one_of("networks", networks, ["both", "semantic"]) == "both"
        self.semantic_inferring = SemanticInferringNetwork(width, region_wise, output)
        self.global_perceiving = GlobalPerceivingNetwork(width, output) if both else None

    @classmethod
    def from_config(cls, config: Config) -> "RegionWiseGenerator":
        """Build the generator that a configuration describes."""
        return cls(config.width, config.region_wise, config.output, config.networks)

    def forward(self, I_gt: Tensor, M: Tensor) -> Outputs:
        """Fill the hole. Pixels of I_gt inside the hole are erased first, so nothing of them can leak."""
        check_image_and_mask(I_gt, M, divisor=self.divisor)  # for all layers: those inside trust their caller
        M = M.to(I_gt.dtype)
        I_in = I_gt * M  # (b, 3, h, w), and so are all that follow
        I_p1 = self.semantic_inferring(I_in, M)
        I_c1 = compose(I_in, I_p1, M)
        if self.global_perceiving is None:
            return Outputs(I_p1, I_c1, I_p1, I_c1)
        I_p2 = self.global_perceiving(I_c1, M)
        I_c2 = compose(I_in, I_p2, M)
        return Outputs(I_p1, I_c1, I_p2, I_c2)

    @torch.no_grad()
    def fill(self, I_gt: Tensor, M: Tensor) -> Tensor:
        """Return the second composite (b, 3, h, w) alone."""
        return self(I_gt, M).I_c2
