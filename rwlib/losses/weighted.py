r"""Absolute differences with a weight for each pixel: existing and missing pixels apart, or discounted into the hole.

    weight = M, 1 - M     PConv's L_valid and L_hole, the region that the generative path of PIC is compared on
    weight = γ^l          spatially discounted (Yu et al. 2018, section 3.2): l pixels to the nearest existing one

Deep in a hole many contents are plausible, and the truth is only one of them; so it weighs less there. The authors'
program takes l from the hole's own rectangle; here it is the Euclidean distance, for holes of any form.
"""

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from rwlib.conventions import InputError, check_image_and_mask, check_shape, per_image

GAMMA = 0.9
"""The paper's, for holes of 128x128: at their centre, 64 pixels deep, the weight is 0.001."""


def weighted_l1_loss(I_p: Tensor, I_gt: Tensor, weight: Tensor, *, reduction: str = "mean") -> Tensor:
    """Compare a prediction with the ground truth, each pixel with its weight.

    Args:
        I_p: (b, 3, h, w), prediction.
        I_gt: (b, 3, h, w), ground truth.
        weight: (b, 1, h, w), at least 0.
        reduction: over all entries, also those of weight 0, see `rwlib.conventions.per_image`.

    Returns:
        Scalar, at least 0.

    Raises:
        InputError: shapes that do not fit.

    Example:
        >>> I, M = torch.zeros(1, 3, 2, 2), torch.tensor([[[[1.0, 1.0], [1.0, 0.0]]]])
        >>> float(weighted_l1_loss(I + 1, I, M)), float(weighted_l1_loss(I + 1, I, 1 - M))
        (0.75, 0.25)
    """
    check_image_and_mask(I_gt, weight)
    if I_p.shape != I_gt.shape:
        raise InputError(f"I_p: expected I_gt's shape {tuple(I_gt.shape)}, got {tuple(I_p.shape)}")
    return weighted_l1(I_p, I_gt, weight, reduction=reduction)


def weighted_l1(I_p: Tensor, I_gt: Tensor, weight: Tensor, *, reduction: str = "mean") -> Tensor:
    """Return what `weighted_l1_loss` does; the caller has checked the three."""
    return per_image((I_p - I_gt).abs() * weight, reduction)


def discount(M: Tensor, gamma: float = GAMMA) -> Tensor:
    """Return γ^l inside the hole, where l is the distance to the nearest existing pixel, and 0 outside.

    Args:
        M: (b, 1, h, w), 1 existing, 0 missing.
        gamma: in (0, 1].

    Returns:
        (b, 1, h, w), the device and dtype of M (float32 if M is no floating point tensor). A mask that is all hole has
        no nearest existing pixel; its weights are 1, as for a hole whose depth says nothing.

    Raises:
        InputError: `M` is not (b, 1, h, w), or gamma out of range.

    Example:
        >>> discount(torch.tensor([[[[1.0, 0.0, 0.0, 0.0, 1.0]]]]), 0.5).flatten().tolist()
        [0.0, 0.5, 0.25, 0.5, 0.0]
    """
    check_shape("M", M, "b 1 h w")
    if not 0 < gamma <= 1:
        raise InputError(f"gamma: expected 0 < gamma <= 1, got {gamma}")
    return weight_by_depth(M, gamma)


@torch.no_grad()
def weight_by_depth(M: Tensor, gamma: float = GAMMA) -> Tensor:
    """Return what `discount` does; the caller has checked M and gamma."""
    hole = (M == 0)[:, 0].cpu().numpy()  # (b, h, w)
    depth = np.stack([np.zeros(x.shape) if x.all() else distance_transform_edt(x) for x in hole])
    weight = torch.from_numpy(gamma**depth * hole)[:, None]
    return weight.to(M.device, M.dtype if M.is_floating_point() else torch.float32)
