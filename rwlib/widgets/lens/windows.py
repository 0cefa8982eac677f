r"""What `RegionWiseLens` computes: one window of a map under the two readings of equation (1), to the last digit.

Everything is kept in whole numbers, as float64: pixels and filters in tenths, products and sums in hundredths. So the
sums on the screen are exactly what the layers of `rwlib.networks.region_wise_conv` give, whatever their order of
summation, and what a reader gets who adds up the products by hand.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from rwlib.networks.fast.reflect_conv import pad_reflect
from rwlib.networks.region_wise_conv import ChannelSeparatedConv2d, RegionWiseConv2d

SIDE = 24
"""Pixels down and across: few enough to be counted."""

_THREE = {
    "copy": ((0, 0, 0), (0, 10, 0), (0, 0, 0)),
    "blur": ((1, 1, 1), (1, 2, 1), (1, 1, 1)),
    "edges across": ((-3, 0, 3), (-4, 0, 4), (-3, 0, 3)),
    "edges down": ((-3, -4, -3), (0, 0, 0), (3, 4, 3)),
    "left and right": ((0, 0, 0), (5, 0, 5), (0, 0, 0)),
}
_FIVE = {
    "copy": ((0,) * 5, (0,) * 5, (0, 0, 10, 0, 0), (0,) * 5, (0,) * 5),
    "blur": ((0, 0, 1, 0, 0), (0, 1, 0, 1, 0), (1, 0, 2, 0, 1), (0, 1, 0, 1, 0), (0, 0, 1, 0, 0)),
    "edges across": tuple((-n, 0, 0, 0, n) for n in (1, 2, 4, 2, 1)),
    "edges down": ((-1, -2, -4, -2, -1), (0,) * 5, (0,) * 5, (0,) * 5, (1, 2, 4, 2, 1)),
    "left and right": ((0,) * 5, (0,) * 5, (5, 0, 0, 0, 5), (0,) * 5, (0,) * 5),
}
FILTERS = (*_THREE, "random")
"""Names of the filters; each exists with 3×3 and 5×5 taps."""


def make_filter(name: str, kernel: int, seed: int) -> Tensor:
    """Return a filter (k, k) in tenths; `random` draws them from -5 to 5."""
    if name == "random":
        return torch.randint(-5, 6, (kernel, kernel), generator=torch.Generator().manual_seed(seed)).double()
    return torch.tensor({3: _THREE, 5: _FIVE}[kernel][name], dtype=torch.float64)


def make_map(I_gt: Tensor, M: Tensor, *, zeros_in_hole: bool) -> Tensor:
    """Return a picture's grey values (1, 1, h, w), stretched to [-1, 1], in tenths.

    Args:
        I_gt: (1, 3, h, w).
        M: (1, 1, h, w), 1 existing, 0 missing.
        zeros_in_hole: as in I_in; otherwise the hole has values, as a map deep in the network has.
    """
    grey = I_gt.mean(1, keepdim=True).double()
    low, high = grey.min(), grey.max()
    x = (20 * (grey - low) / (high - low).clamp(min=1e-9) - 10).round()
    return x * M.double() if zeros_in_hole else x


@dataclass(frozen=True)
class Layer:
    """A map, a mask, two filters and a bias: all that both readings need."""

    X: Tensor
    """(1, 1, h, w), tenths."""
    M: Tensor
    """(1, 1, h, w), 1 existing, 0 missing."""
    W: Tensor
    """(k, k), tenths; the filter of the existing region."""
    W_hat: Tensor
    """(k, k), tenths; of the missing one."""
    b_hat: int = 0
    """Bias of the missing region, tenths. The existing region's is 0, and so is the only one by channel."""
    dilation: int = 1

    @property
    def kernel(self) -> int:
        """Taps across."""
        return len(self.W)

    @property
    def reach(self) -> int:
        """Pixels from the window's centre to its border."""
        return self.dilation * (self.kernel // 2)


@torch.no_grad()
def readings(layer: Layer) -> tuple[Tensor, Tensor]:
    """Return what rwlib's two layers make of the map, by location and by channel, each (h, w), in hundredths."""
    by_location = RegionWiseConv2d(1, 1, layer.kernel, dilation=layer.dilation).double()
    by_channel = ChannelSeparatedConv2d(1, 1, layer.kernel, dilation=layer.dilation).double()
    W, W_hat = layer.W[None, None], layer.W_hat[None, None]
    by_location.existing.weight.copy_(W)
    by_location.missing.weight.copy_(W_hat)
    by_location.missing.bias.fill_(10 * layer.b_hat)
    by_channel.weight.copy_(torch.cat([W, W_hat], dim=1))
    return by_location(layer.X, layer.M)[0, 0], by_channel(layer.X, layer.M)[0, 0]


def straddles(layer: Layer) -> Tensor:
    """Return which windows see pixels of both regions: (h, w) bool."""
    k, reach = layer.kernel, layer.reach
    M = pad_reflect(layer.M.double(), reach)
    windows = torch.nn.functional.unfold(M, k, dilation=layer.dilation)  # (1, k k, h w)
    seen = windows.sum(1).view(layer.M.shape[-2:])
    return (seen > 0) & (seen < k * k)


@dataclass(frozen=True)
class Window:
    """One window; tables are (k, k), products and sums in hundredths."""

    exists: bool
    """Whether its centre does."""
    x: Tensor
    """Pixels, in tenths."""
    m: Tensor
    """The mask."""
    by_location: Tensor
    """Products with the filter of the centre's region."""
    by_channel: Tensor
    """Products of each pixel with its own region's filter."""
    bias: int
    """What by location adds to its products."""

    @property
    def n_missing(self) -> int:
        """Missing pixels in the window."""
        return int((self.m == 0).sum())

    @property
    def sums(self) -> tuple[int, int]:
        """Both results, by location and by channel."""
        return int(self.by_location.sum()) + self.bias, int(self.by_channel.sum())


def cut_window(layer: Layer, cell: tuple[int, int]) -> Window:
    """Cut out the window around `cell` (row, column), the map's border mirrored, and multiply."""
    taps = [slice(k, k + 2 * layer.reach + 1, layer.dilation) for k in cell]
    x, m = (pad_reflect(values.double(), layer.reach)[0, 0][taps[0], taps[1]] for values in (layer.X, layer.M))
    exists = bool(layer.M[0, 0][tuple(cell)] == 1)
    return Window(
        exists,
        x,
        m,
        x * (layer.W if exists else layer.W_hat),
        x * (layer.W * m + layer.W_hat * (1 - m)),
        0 if exists else 10 * layer.b_hat,
    )


def write(x: float, unit: int) -> str:
    """Write a whole number of tenths or hundredths as a decimal one.

    Example:
        >>> write(-7.0, 10), write(31.0, 100)
        ('−0.7', '0.31')
    """
    return f"{abs(x) / unit:.{len(str(unit)) - 1}f}" if x >= 0 else f"−{-x / unit:.{len(str(unit)) - 1}f}"


def sentence(layer: Layer, window: Window) -> str:
    """Say what there is to notice in this window."""
    n, missing = layer.kernel**2, window.n_missing
    by_location, by_channel = window.sums
    apart, result = abs(by_location - by_channel), write(by_channel, 100)
    if missing == 0:
        return f"All {n} pixels of this window exist: W meets all of them, and both readings give {result}."
    if missing == n:
        text = f"All {n} pixels of this window are missing: Ŵ meets all of them"
        if layer.b_hat:
            return f"{text}. The readings differ by {write(apart, 100)}, the bias b̂: by channel there is only one bias."
        return f"{text}, and both readings give {result}."
    text = f"This window straddles the border: {missing} of {n} pixels are missing. "
    chooser, filter = ("exists", "W") if window.exists else ("is missing", "Ŵ")
    text += f"By location its centre {chooser}, so {filter} meets all {n}; by channel each pixel meets its own filter. "
    return text + (f"The readings differ by {write(apart, 100)}." if apart else "Here the readings happen to agree.")


def count(layer: Layer) -> str:
    """Say in how many windows the readings differ."""
    by_location, by_channel = readings(layer)
    both, differ = straddles(layer), by_location != by_channel
    n, n_both = both.numel(), int(both.sum())
    here, elsewhere = int((both & differ).sum()), int((differ & ~both).sum())
    text = f"{n_both} of {n} windows ({n_both / n:.1%}) straddle the border; in {here} the readings differ"
    return text + (f", and in {elsewhere} inside the hole by the bias b̂." if elsewhere else ", and nowhere else.")


def first_cell(layer: Layer) -> tuple[int, int]:
    """Return the straddling window in which the readings differ most, to begin with."""
    by_location, by_channel = readings(layer)
    return divmod(int((by_location - by_channel).abs().argmax()), by_location.shape[1])
