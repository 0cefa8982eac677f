r"""Region-wise convolution, in the two readings that the paper gives it (section 3.2).

By equation (1) the *output location* chooses: inside the hole the filters `W_hat, b_hat` apply, elsewhere `W, b`:

    x'(p) = W_hat * x(p) + b_hat   where M(p) = 0        `RegionWiseConv2d`
    x'(p) = W * x(p) + b           where M(p) = 1

"In practice", the section goes on, the regions are separated *by channel*: the features of the existing region (zero in
the hole) and those of the missing region (zero outside) are stacked and one convolution sees both:

    x' = [W ‖ W_hat] * [x ⊙ M ‖ x ⊙ (1 - M)] + b         `ChannelSeparatedConv2d`

There each *input pixel* meets its own region's filter, so the two differ in windows that straddle the border, and in
having one bias or two. The released networks, and so the paper's results, use the second form; it is rwlib's default.

In both, the skip connection belongs to the existing region, because inside the hole it carries nothing true: by
location it is read at existing outputs only, by channel from existing pixels only. (Windows overlap the border: the
first still reads skip values a pixel into the hole, the second lets outputs at the hole's rim see existing ones.)
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.conventions import InputError
from rwlib.masks import resize_mask
from rwlib.networks.fast.reflect_conv import reflect_conv2d
from rwlib.networks.fast.upsample_conv import upsample_conv2d


def upsample_nearest(x: Tensor, scale: int) -> Tensor:
    """Repeat every pixel of (b, c, h, w) `scale` times in both directions."""
    return x if scale == 1 else F.interpolate(x, scale_factor=scale, mode="nearest")


class ReflectConv2d(nn.Conv2d):
    """Convolution that keeps the size (divided by `stride`) by mirroring the border, after an optional upsampling.

    Args:
        in_channels: channels of x.
        out_channels: channels of the result.
        kernel_size: odd side of the filters.
        stride: step of the output locations.
        dilation: distance between taps.
        upsample: factor of nearest upsampling before the convolution.

    Shapes: (b, in_channels, h, w) → (b, out_channels, ceil(h * upsample / stride), ceil(w * upsample / stride)).

    Raises:
        InputError: an even kernel.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1, dilation: int = 1,
        upsample: int = 1,
    ) -> None:  # fmt: skip
        if kernel_size % 2 == 0:
            raise InputError(f"kernel_size: expected an odd number, so that it has a centre, got {kernel_size}")
        super().__init__(in_channels, out_channels, kernel_size, stride=stride, dilation=dilation)
        self.upsample = upsample
        # Glorot, as in the released program; torch's own default shrinks the signal by 0.6 a layer over 18 layers.
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (b, in_channels, h, w)."""
        if (self.upsample, self.kernel_size, self.stride, self.dilation) == (2, (3, 3), (1, 1), (1, 1)):
            return upsample_conv2d(x, self.weight, self.bias)
        x = upsample_nearest(x, self.upsample)
        return reflect_conv2d(x, self.weight, self.bias, self.stride[0], self.dilation[0])


class RegionWiseConv2d(nn.Module):
    r"""Region-wise convolution by equation (1): the filters of the output location's region.

    `existing` holds `W, b` and sees [x ‖ skip]; `missing` holds `W_hat, b_hat` and sees x alone.

    Args:
        in_channels: channels of x.
        out_channels: channels of the result.
        kernel_size: odd side of the filters.
        skip_channels: channels of the skip connection, which only the existing region sees; 0 for none.
        stride: step of the output locations.
        dilation: distance between taps.
        upsample: factor of nearest upsampling before the convolution.

    Shapes:
        x (b, in_channels, h, w), skip (b, skip_channels, h, w) or None, M (b, 1, H, W) of any size →
        (b, out_channels, h', w') with h' = ceil(h * upsample / stride). M is brought to the *output's* size by
        `resize_mask`.

    Example:
        >>> layer = RegionWiseConv2d(4, 8, 3)
        >>> layer(torch.rand(1, 4, 6, 6), torch.ones(1, 1, 6, 6)).shape
        torch.Size([1, 8, 6, 6])
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, skip_channels: int = 0, stride: int = 1,
        dilation: int = 1, upsample: int = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        options = {"stride": stride, "dilation": dilation, "upsample": upsample}
        self.existing = ReflectConv2d(in_channels + skip_channels, out_channels, kernel_size, **options)
        self.missing = ReflectConv2d(in_channels, out_channels, kernel_size, **options)

    def forward(self, x: Tensor, M: Tensor, skip: Tensor | None = None) -> Tensor:
        """Apply each region's filters at that region's output locations."""
        existing = self.existing(x if skip is None else torch.cat([x, skip], dim=1))
        missing = self.missing(x)
        M = resize_mask(M, existing.shape[-2:]).to(existing.dtype)
        return existing * M + missing * (1 - M)  # eq. (1)


class ChannelSeparatedConv2d(ReflectConv2d):
    r"""Region-wise convolution "in practice" (section 3.2): the regions are separated by channel.

    One weight over [x ‖ skip ‖ x] input channels, the first two zeroed in the hole, the last outside it, and one bias.
    Arguments and shapes as in `RegionWiseConv2d`; M is brought to the *input's* size, before any upsampling.

    Example:
        >>> layer = ChannelSeparatedConv2d(4, 8, 3, skip_channels=2)
        >>> layer.weight.shape
        torch.Size([8, 10, 3, 3])
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, skip_channels: int = 0, stride: int = 1,
        dilation: int = 1, upsample: int = 1,
    ) -> None:  # fmt: skip
        options = {"stride": stride, "dilation": dilation, "upsample": upsample}
        super().__init__(2 * in_channels + skip_channels, out_channels, kernel_size, **options)

    def forward(self, x: Tensor, M: Tensor, skip: Tensor | None = None) -> Tensor:
        """Mask each region's channels, stack them, and convolve once."""
        M = resize_mask(M, x.shape[-2:]).to(x.dtype)
        existing = x if skip is None else torch.cat([x, skip], dim=1)
        return super().forward(torch.cat([existing * M, x * (1 - M)], dim=1))


class StandardConv2d(ReflectConv2d):
    """The ablation of Fig. 4(b): one convolution over [x ‖ skip] for both regions; it ignores the mask."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, skip_channels: int = 0, stride: int = 1,
        dilation: int = 1, upsample: int = 1,
    ) -> None:  # fmt: skip
        options = {"stride": stride, "dilation": dilation, "upsample": upsample}
        super().__init__(in_channels + skip_channels, out_channels, kernel_size, **options)

    def forward(self, x: Tensor, M: Tensor, skip: Tensor | None = None) -> Tensor:
        """Convolve [x ‖ skip]; M is taken for the common signature only."""
        return super().forward(x if skip is None else torch.cat([x, skip], dim=1))


REGION_WISE = {"channel": ChannelSeparatedConv2d, "location": RegionWiseConv2d, "none": StandardConv2d}
"""The layer for each value of `Config.region_wise`."""
