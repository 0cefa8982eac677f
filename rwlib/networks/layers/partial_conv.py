r"""Partial convolution (Liu et al., "Image Inpainting for Irregular Holes Using Partial Convolutions", ECCV 2018).

A convolution that reads existing pixels alone, and makes up for those that it misses (eq. 1 there):

    x' = Wᵀ(X ⊙ M) · sum(1) / sum(M) + b    where sum(M) > 0: the window holds an existing pixel
    x' = 0                                  elsewhere

The mask is updated by the same window (eq. 2): M' = 1 where sum(M) > 0. So every layer makes the hole smaller by half a
filter, whatever its weights are, and deep enough it is gone. Zeros that pad the border are missing pixels too.

X has as many channels as M in the paper, and their masks may differ: where a skip connection is concatenated, its
channels have another mask than those that come from below. But within each of the two all channels share one mask, and
so `mask_channels` says how many channels of X each channel of M stands for. The sums are then those of the paper's form
with a fraction of the work:

    (64,)        one mask for all 64 channels
    (128, 64)    U-Net: 128 channels from below, 64 from the skip connection
    (1, 1, 1)    a mask for each channel of a picture

The new mask is one and the same for all channels of the result, so it has one.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.conventions import InputError


class PartialConv2d(nn.Conv2d):
    """Convolve existing pixels, rescale by their share of the window, update the mask.

    Args:
        in_channels: channels of x.
        out_channels: channels of the result.
        kernel_size: odd side of the filters.
        stride: distance between output locations.
        dilation: distance between the taps of a filter.
        bias: whether there is b.
        mask_channels: how many channels of x each channel of M stands for; None: M has one channel for all.
        by_window: whether the factor is sum(1) / sum(M), as printed. A much-used PyTorch program has 1 / sum(M), which
            batch normalisation undoes in all layers that have it.

    Shapes: x (b, in_channels, h, w), M (b, len(mask_channels), h, w), 1 existing →
    (b, out_channels, ceil(h / stride), ceil(w / stride)) and the new mask (b, 1, ceil(h / stride), ceil(w / stride)).

    Raises:
        InputError: an even kernel, `mask_channels` that do not add up to `in_channels`, or a mask of another shape.

    Example:
        >>> layer = PartialConv2d(1, 1, 3, bias=False)
        >>> _ = nn.init.ones_(layer.weight)
        >>> x, M = torch.ones(1, 1, 1, 5), torch.tensor([[[[1.0, 0, 0, 0, 1]]]])
        >>> y, M_new = layer(x, M)
        >>> y.flatten().tolist()  # one existing pixel in each window but the middle one, times 9 / 1
        [9.0, 9.0, 0.0, 9.0, 9.0]
        >>> M_new.flatten().tolist()
        [1.0, 1.0, 0.0, 1.0, 1.0]
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1, dilation: int = 1,
        bias: bool = True, mask_channels: Sequence[int] | None = None, by_window: bool = True,
    ) -> None:  # fmt: skip
        if kernel_size % 2 == 0:
            raise InputError(f"kernel_size: expected an odd number, so that it has a centre, got {kernel_size}")
        padding = dilation * (kernel_size - 1) // 2
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, bias=bias)
        mask_channels = (in_channels,) if mask_channels is None else tuple(mask_channels)
        if sum(mask_channels) != in_channels:
            raise InputError(f"mask_channels: expected a sum of {in_channels} (in_channels), got {mask_channels}")
        self.by_window = by_window
        self.mask_channels = mask_channels
        self.register_buffer("channels_of_masks", torch.tensor(mask_channels), persistent=False)  # on x's device
        # He et al. (2015), as in the paper.
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor, M: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features and the new mask."""
        m = len(self.mask_channels)
        b, _, h, w = x.shape
        if M.shape != (b, m, h, w):
            raise InputError(f"mask: expected shape {(b, m, h, w)} for x of {tuple(x.shape)}, got {tuple(M.shape)}")
        factor, M_new = self.factor_and_mask(M)  # (b, 1, h', w') each
        if m > 1:
            M = torch.cat([M[:, i : i + 1].expand(-1, c, -1, -1) for i, c in enumerate(self.mask_channels)], dim=1)
        x = x * M.to(x.dtype)  # (b, in_channels, h, w)
        y = F.conv2d(x, self.weight, None, self.stride, self.padding, self.dilation)  # (b, out_channels, h', w')
        y = y * factor.to(y.dtype)
        if self.bias is not None:
            y = y + self.bias.to(y.dtype).view(1, -1, 1, 1) * M_new.to(y.dtype)  # nor a bias where nothing exists
        return y, M_new

    @torch.no_grad()
    def factor_and_mask(self, M: Tensor) -> tuple[Tensor, Tensor]:
        """Return sum(1) / sum(M), zero where sum(M) is, and the new mask: (b, 1, h', w') each, float32 or float64.

        The caller has checked M (b, m, h, w).
        """
        M = M if M.dtype == torch.float64 else M.float()
        k = self.kernel_size[0]
        with torch.autocast(M.device.type, enabled=False):  # counts up to in_channels k² are exact in float32
            window = self.channels_of_masks.to(M.dtype).view(1, -1, 1, 1).expand(1, -1, k, k)  # (1, m, k, k)
            count = F.conv2d(M, window, None, self.stride, self.padding, self.dilation)  # (b, 1, h', w'): sum(M)
        M_new = (count > 0.5).to(M.dtype)  # the count is a whole number; 0.5 outlives any rounding of the convolution
        whole = self.in_channels * k * k if self.by_window else 1
        return whole * M_new / count.clamp(min=1), M_new
