r"""Two fills that are simple enough to write in a notebook: the nearest existing pixel, and diffusion.

`rwlib.evaluation.methods` has those that results are compared with; these two are here to be understood.
"""

import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from rwlib.conventions import InputError, check_image_and_mask, compose


def nearest_distance(M: Tensor) -> Tensor:
    """Return for every pixel how far the nearest existing one is, in pixels (0 where the image exists).

    Args:
        M: (b, 1, h, w), 1 existing, 0 missing; every mask has existing pixels.

    Returns:
        (b, 1, h, w), float32, on the CPU.

    Raises:
        InputError: a mask without an existing pixel.

    Example:
        >>> nearest_distance(torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0]).reshape(1, 1, 1, 5)).flatten().tolist()
        [0.0, 1.0, 1.0, 0.0, 0.0]
    """
    _check_something_exists(M)
    distances = [torch.from_numpy(distance_transform_edt(hole)) for hole in (M[:, 0] == 0).cpu().numpy()]
    return torch.stack(distances)[:, None].float()


def nearest_fill(I_gt: Tensor, M: Tensor) -> Tensor:
    """Fill every missing pixel with the colour of the existing pixel nearest to it.

    Args:
        I_gt: (b, 3, h, w); its values inside the hole do not matter.
        M: (b, 1, h, w), 1 existing, 0 missing.

    Raises:
        InputError: shapes that do not fit, or a mask without an existing pixel.

    Example:
        >>> I_gt = torch.tensor([0.1, 0.2, 0.3, 0.4]).expand(1, 3, 1, 4)
        >>> M = torch.tensor([1.0, 0.0, 0.0, 1.0]).reshape(1, 1, 1, 4)
        >>> [round(value, 1) for value in nearest_fill(I_gt, M)[0, 0, 0].tolist()]
        [0.1, 0.1, 0.4, 0.4]
    """
    check_image_and_mask(I_gt, M)
    _check_something_exists(M)
    filled = []
    for I, hole in zip(I_gt, (M[:, 0] == 0).cpu().numpy(), strict=True):
        _, (rows, columns) = distance_transform_edt(hole, return_indices=True)
        filled.append(I[:, torch.from_numpy(rows), torch.from_numpy(columns)])
    return torch.stack(filled)


def diffusion_fill(I_in: Tensor, M: Tensor, steps: int) -> Tensor:
    r"""Let the colours of the rim flow into the hole: Jacobi's iteration for the Laplace equation.

    In every step all missing pixels take the mean of their four neighbours of the step before, at once; existing pixels
    stay. At the image's border the missing neighbour is the pixel itself. Colour moves one pixel a step, and settles
    after a number of steps that grows with the square of the hole's width.

    Args:
        I_in: (b, 3, h, w), masked image; what stands in its hole is where the iteration begins.
        M: (b, 1, h, w), 1 existing, 0 missing.
        steps: at least 0.

    Raises:
        InputError: shapes that do not fit, or a negative number of steps.

    Example:
        >>> I_in = torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0]).expand(1, 3, 1, 5)
        >>> M = torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0]).reshape(1, 1, 1, 5)
        >>> diffusion_fill(I_in, M, 1)[0, 0, 0].tolist()
        [1.0, 0.25, 0.0, 0.25, 1.0]
    """
    check_image_and_mask(I_in, M)
    if steps < 0:
        raise InputError(f"steps: expected at least 0, got {steps}")
    I = I_in
    for _ in range(steps):
        P = F.pad(I, (1, 1, 1, 1), mode="replicate")
        mean = (P[..., :-2, 1:-1] + P[..., 2:, 1:-1] + P[..., 1:-1, :-2] + P[..., 1:-1, 2:]) / 4
        I = compose(I_in, mean, M)
    return I


def _check_something_exists(M: Tensor) -> None:
    if not bool((M == 1).flatten(1).any(1).all()):
        raise InputError("M: every mask needs an existing pixel to fill from; 1 means existing, 0 missing")
