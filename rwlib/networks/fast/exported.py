r"""The two convolutions as `torch.export` writes them down: of operators that ONNX has, for maps of any size.

`reflect_conv2d`, its border `pad_reflect`, and `upsample_conv2d` (see their files) count on Python: on loops that
depend on the size of a map, on writing into parts of a result. A graph that is written once and runs elsewhere, at
any size, has neither. These twins compute the same with whole maps; they are called while a network is exported.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

PHASES = ((1.0, 0.0, 0.0), (0.0, 1.0, 1.0)), ((1.0, 1.0, 0.0), (0.0, 0.0, 1.0))
"""Which of the taps (w0, w1, w2) meet each of a window's two pixels: even(i) = w0 x[i-1] + (w1 + w2) x[i] and
odd(i) = (w0 + w1) x[i] + w2 x[i+1]."""


def reflect_conv2d(x: Tensor, weight: Tensor, bias: Tensor, stride: int = 1, dilation: int = 1) -> Tensor:
    """Convolve a map whose border is mirrored.

    Args:
        x: (b, c, h, w); h and w at least 2, and larger than half a filter where `dilation` is 1.
        weight: (o, c, k, k), k odd.
        bias: (o,).
        stride: distance between output locations.
        dilation: distance between the taps of a filter.

    Returns:
        (b, o, ceil(h / stride), ceil(w / stride)).
    """
    padding = dilation * (weight.shape[-1] - 1) // 2
    if dilation == 1:
        x = F.pad(x, (padding,) * 4, mode="reflect")
    else:
        x = pad_reflect(x, padding)
    return F.conv2d(x, weight, bias, stride, 0, dilation)


def pad_reflect(x: Tensor, padding: int) -> Tensor:
    """Pad (b, c, h, w), h and w at least 2, by mirroring: (b, c, h + 2 padding, w + 2 padding).

    The border of a dilated layer may be wider than the map. ONNX's padding refuses that, so the mirrored map is
    gathered by its pixels' numbers, which the graph computes from the size: no table is stored.
    """
    return x.index_select(2, _mirrored(x.shape[2], padding)).index_select(3, _mirrored(x.shape[3], padding))


def _mirrored(n: int, padding: int) -> Tensor:
    """Return for each of the n + 2 padding pixels of a mirrored row the one of the n pixels that it shows."""
    period = 2 * torch.arange(n)[-1:]  # 2 (n - 1): there and back; taken from a tensor, so that it follows the size
    position = (torch.arange(n + 2 * padding) - padding) % period
    return torch.minimum(position, period - position)


def upsample_conv2d(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Enlarge a map ×2 (nearest), mirror its border by one pixel, and convolve with 3x3 filters.

    Four convolutions with 2x2 filters, one per phase of rows and columns: 16 products per pixel where the enlarged map
    needs 36. Mirroring the enlarged map at its border repeats the border pixel, and so does replicating it here.

    Args:
        x: (b, c, h, w).
        weight: (o, c, 3, 3).
        bias: (o,).

    Returns:
        (b, o, 2h, 2w).
    """
    h, w = x.shape[-2:]
    T = torch.tensor(PHASES, dtype=weight.dtype)  # (2, 2, 3): phase, pixel of the window, tap
    x = F.pad(x, (1, 1, 1, 1), mode="replicate")  # (b, c, h + 2, w + 2)
    phases = []
    for row in (0, 1):
        for column in (0, 1):
            filters = torch.einsum("iu,jv,ocuv->ocij", T[row], T[column], weight)  # (o, c, 2, 2)
            window = x[..., row : row + h + 1, column : column + w + 1]  # (b, c, h + 1, w + 1)
            phases.append(F.conv2d(window, filters, bias))  # (b, o, h, w)
    return F.pixel_shuffle(torch.stack(phases, dim=2).flatten(1, 2), 2)  # (b, 4 o, h, w) → (b, o, 2h, 2w)
