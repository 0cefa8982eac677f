"""Play with pixels in place of a network: patterns of error, shuffled tiles, and descent on the pixels themselves."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.conventions import InputError, compose


def checkerboard(side_px: int, square_px: int) -> Tensor:
    """Return a checkerboard (1, 1, side_px, side_px) of −1 and 1.

    Args:
        side_px: of the picture.
        square_px: of one square; the pattern repeats after two squares.

    Example:
        >>> checkerboard(2, 1)[0, 0].tolist()
        [[-1.0, 1.0], [1.0, -1.0]]
    """
    square = torch.arange(side_px) // square_px
    return ((square[:, None] + square) % 2 * 2 - 1).float()[None, None]


def smooth_noise(side_px: int, radius_px: float, *, generator: torch.Generator) -> Tensor:
    """Return noise (1, 1, side_px, side_px), blurred by a Gaussian of standard deviation `radius_px`."""
    noise = torch.randn(side_px, side_px, generator=generator)
    position = torch.arange(side_px, dtype=torch.float32)
    blur = torch.exp(-((position[:, None] - position) ** 2) / (2 * radius_px**2))
    blur = blur / blur.sum(1, keepdim=True)
    return (blur @ noise @ blur.T)[None, None]


def shuffle_tiles(I: Tensor, tile_px: int, *, generator: torch.Generator) -> Tensor:
    """Cut pictures (b, c, h, w) into square tiles and put them together in another order.

    Raises:
        InputError: a side that `tile_px` does not divide.
    """
    h, w = I.shape[-2:]
    if h % tile_px or w % tile_px:
        raise InputError(f"tile_px: expected a divisor of both sides {h}x{w}, got {tile_px}")
    tiles = F.unfold(I, tile_px, stride=tile_px)
    order = torch.randperm(tiles.shape[-1], generator=generator).to(I.device)
    return F.fold(tiles[..., order], (h, w), tile_px, stride=tile_px)


def descend(
    loss: Callable[[Tensor], Tensor], start: Tensor, M: Tensor, *, steps: int, step_size: float = 0.01
) -> tuple[Tensor, list[float]]:
    """Lower a loss by changing the pixels of the hole; no network is trained.

    Args:
        loss: from a picture (b, 3, h, w) to a scalar.
        start: (b, 3, h, w), where to begin.
        M: (b, 1, h, w), 1 where pixels stay, 0 where they may move.
        steps: of Adam.
        step_size: largest change of a pixel a step, about.

    Returns:
        The picture with values in [-1, 1], and the loss before each step and after the last.
    """
    I_p = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([I_p], lr=step_size)
    values = []
    for _ in range(steps):
        value = loss(compose(start, I_p, M))
        values.append(float(value.detach()))
        optimiser.zero_grad()
        (value / (values[0] or 1)).backward()
        optimiser.step()
        with torch.no_grad():
            I_p.clamp_(-1, 1)
    I_c = compose(start, I_p, M).detach()
    with torch.no_grad():
        values.append(float(loss(I_c)))
    return I_c, values
