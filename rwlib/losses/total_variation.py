r"""Total variation loss: neighbouring pixels in and around the hole should not differ without need.

    L_tv = Σ_{(i,j), (i,j+1) ∈ P} ‖I_c(i, j+1) - I_c(i, j)‖₁ / N  +  the same for rows    (Liu et al. 2018, eq. 6)

P is the hole grown by one pixel, so that the seam counts and the existing region, which no network can change, does
not; N is the number of the picture's values. Much-used PyTorch programs take all of the picture instead, which adds a
constant (and averages each direction over its own number of differences); `M=None` is that form.
"""

import torch.nn.functional as F
from torch import Tensor

from rwlib.conventions import check_image_and_mask, check_shape


def total_variation_loss(I_c: Tensor, M: Tensor | None = None) -> Tensor:
    """Compare each pixel with its neighbours to the right and below.

    Args:
        I_c: (b, 3, h, w), a composite.
        M: (b, 1, h, w), 1 existing; None takes the whole picture.

    Returns:
        Scalar, at least 0; zero if there is no hole, or for sides of one pixel.

    Raises:
        InputError: wrong shapes.

    Example:
        >>> I_c, M = torch.zeros(1, 3, 1, 5), torch.ones(1, 1, 1, 5)
        >>> I_c[..., 4], M[..., 0] = 1, 0  # an edge far from the hole
        >>> float(total_variation_loss(I_c, M)), float(total_variation_loss(I_c))
        (0.0, 0.25)
    """
    check_shape("I_c", I_c, "b 3 h w")
    if M is not None:
        check_image_and_mask(I_c, M)
    return total_variation(I_c, M)


def total_variation(I_c: Tensor, M: Tensor | None = None) -> Tensor:
    """Return what `total_variation_loss` does; the caller has checked composite and mask."""
    down, right = I_c.diff(dim=2).abs(), I_c.diff(dim=3).abs()  # (b, 3, h - 1, w), (b, 3, h, w - 1)
    if M is None:
        return sum(x.mean() for x in (down, right) if x.numel()) + 0 * I_c.sum()
    P = F.max_pool2d(1 - M.to(I_c.dtype), 3, stride=1, padding=1)  # (b, 1, h, w): the hole and one pixel around it
    down, right = down * P[..., 1:, :] * P[..., :-1, :], right * P[..., 1:] * P[..., :-1]
    return (down.sum() + right.sum()) / I_c.numel()
