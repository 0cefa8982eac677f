r"""Region-wise convolution, in the two readings that the paper gives it (section 3.2).

By equation (1) the *output location* decides: inside the hole the filters `W_hat, b_hat` apply, elsewhere `W, b`:

    x'(p) = W_hat * x(p) + b_hat   where M(p) = 0        `RegionWiseConv2d`
    x'(p) = W * x(p) + b           where M(p) = 1

"In practice", the section goes on, the regions are separated *by channel*: the features of the existing region (zero in
the hole) and those of the missing region (zero outside) are stacked and one convolution sees both:

    x' = [W ‖ W_hat] * [x ⊙ M ‖ x ⊙ (1 - M)] + b         `ChannelSeparatedConv2d`

In this second reading each *input pixel* meets its own region's filter. The two differ in windows that straddle the
border, and in having two biases or one. The released networks, and so the paper's results, use the second; rwlib does
so by default.

In both, the skip connection belongs to the existing region, because inside the hole it carries no information about the
image: by location it is read at existing outputs only, by channel from existing pixels only. (Windows overlap the
border: the first still reads skip values one pixel inside the hole, and the second lets outputs at the rim of the hole
see existing pixels.)
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.conventions import InputError
from rwlib.masks import resize_mask
from rwlib.networks.fast.reflect_conv import reflect_conv2d
from rwlib.networks.fast.upsample_conv import upsample_conv2d


def upsample_nearest(x: Tensor, scale: int) -> Tensor:
    """Repeat every pixel `scale` times in both directions: (b, c, h, w) → (b, c, scale h, scale w)."""
    return x if scale == 1 else F.interpolate(x, scale_factor=scale, mode="nearest")


def mask_at(M: Tensor, size: tuple[int, int]) -> Tensor:
    """Return M (b, 1, H, W) at a feature map's size (h, w); a mask that has this size already is returned as it is."""
    return M if M.shape[-2:] == size else resize_mask(M, size)


class ReflectConv2d(nn.Conv2d):
    """Convolution over a mirrored border, so that only `stride` and `upsample` change the size of the map.

    Args:
        in_channels: channels of x.
        out_channels: channels of the result.
        kernel_size: odd side of the filters.
        stride: distance between output locations.
        dilation: distance between the taps of a filter.
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
        # Glorot, as in the released program. PyTorch's default shrinks the signal to 0.6 per layer, and there are 18.
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Upsample and convolve (b, in_channels, h, w)."""
        if (self.upsample, self.kernel_size, self.stride, self.dilation) == (2, (3, 3), (1, 1), (1, 1)):
            return upsample_conv2d(x, self.weight, self.bias)  # (b, out_channels, 2h, 2w), both in one
        x = upsample_nearest(x, self.upsample)  # (b, in_channels, h * upsample, w * upsample)
        return reflect_conv2d(x, self.weight, self.bias, self.stride[0], self.dilation[0])  # (b, out_channels, h', w')


class RegionWiseConv2d(nn.Module):
    r"""Region-wise convolution by equation (1): each output location takes the filters of its own region.

    `existing` holds `W, b` and sees [x ‖ skip]; `missing` holds `W_hat, b_hat` and sees x alone.

    Args:
        in_channels: channels of x.
        out_channels: channels of the result.
        kernel_size: odd side of the filters.
        skip_channels: channels of the skip connection, which only the existing region sees; 0 for none.
        stride: distance between output locations.
        dilation: distance between the taps of a filter.
        upsample: factor of nearest upsampling before the convolution.

    Shapes:
        x (b, in_channels, h, w), skip (b, skip_channels, h, w) or None, M (b, 1, H, W) of any size →
        (b, out_channels, h', w') with h' = ceil(h * upsample / stride). M is read at the size of the *output*, see
        `mask_at`.

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
        existing = self.existing(x if skip is None else torch.cat([x, skip], dim=1))  # (b, out_channels, h', w')
        missing = self.missing(x)  # (b, out_channels, h', w')
        M = mask_at(M, existing.shape[-2:]).to(existing.dtype)  # (b, 1, h', w')
        return existing * M + missing * (1 - M)  # eq. (1)


class ChannelSeparatedConv2d(ReflectConv2d):
    r"""Region-wise convolution "in practice" (section 3.2): the regions are separated by channel.

    One weight acts on the channels [x ‖ skip ‖ x]: the first two are zero in the hole, the last is zero outside it.
    There is one bias. Arguments and shapes as in `RegionWiseConv2d`, but M is read at the size of the *input*, before
    any upsampling.

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
        M = mask_at(M, x.shape[-2:]).to(x.dtype)  # (b, 1, h, w)
        existing = x if skip is None else torch.cat([x, skip], dim=1)  # (b, in_channels + skip_channels, h, w)
        regions = torch.cat([existing * M, x * (1 - M)], dim=1)  # (b, 2 in_channels + skip_channels, h, w)
        return super().forward(regions)  # (b, out_channels, h', w')


class StandardConv2d(ReflectConv2d):
    """The ablation of Fig. 4(b): one convolution over [x ‖ skip] for both regions, which ignores the mask."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, skip_channels: int = 0, stride: int = 1,
        dilation: int = 1, upsample: int = 1,
    ) -> None:  # fmt: skip
        options = {"stride": stride, "dilation": dilation, "upsample": upsample}
        super().__init__(in_channels + skip_channels, out_channels, kernel_size, **options)

    def forward(self, x: Tensor, M: Tensor, skip: Tensor | None = None) -> Tensor:
        """Convolve [x ‖ skip]; M is unused, and an argument only because the region-wise layers have it."""
        x = x if skip is None else torch.cat([x, skip], dim=1)  # (b, in_channels + skip_channels, h, w)
        return super().forward(x)  # (b, out_channels, h', w')


REGION_WISE = {"channel": ChannelSeparatedConv2d, "location": RegionWiseConv2d, "none": StandardConv2d}
"""The layer for each value of `Config.region_wise`."""
