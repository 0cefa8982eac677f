r"""Cut the hole's bounding box out of every picture of a batch, all to one size, for a critic that looks at it alone.

Boxes differ from picture to picture, so each is resized (bilinearly, pixel centres aligned) to the same square. Both
directions are matrices, one pair for each picture, so the crop is two matrix products: no loop over the batch, and
differentiable as often as one likes, which `F.grid_sample` is not.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.conventions import InputError, check_image_and_mask


def hole_box(M: Tensor) -> Tensor:
    """Return the bounding box of each hole: first row, last row + 1, first column, last column + 1.

    Args:
        M: (b, 1, h, w), 1 existing; a mask without a hole gets the whole picture.

    Returns:
        (b, 4), int64.

    Example:
        >>> M = torch.ones(1, 1, 6, 8)
        >>> M[..., 2:4, 5] = 0
        >>> hole_box(M).tolist()
        [[2, 4, 5, 6]]
    """
    hole = M[:, 0] == 0  # (b, h, w)
    hole = hole | ~hole.flatten(1).any(1)[:, None, None]
    ends = []
    for axis in (2, 1):  # which rows, which columns
        is_in = hole.any(axis).int()  # (b, n)
        ends += [is_in.argmax(1), is_in.shape[1] - is_in.flip(1).argmax(1)]
    return torch.stack(ends, dim=1)


def crop_hole(x: Tensor, M: Tensor, size_px: int) -> Tensor:
    """Cut out the bounding box of each hole and resize it to a square.

    Args:
        x: (b, 3, h, w), pictures.
        M: (b, 1, h, w), 1 existing.
        size_px: side of the result.

    Returns:
        (b, 3, size_px, size_px).

    Raises:
        InputError: wrong shapes, or a size below 1.

    Example:
        >>> I, M = torch.arange(48.0).view(1, 3, 4, 4), torch.ones(1, 1, 4, 4)
        >>> M[..., 1:3, 1:3] = 0
        >>> crop_hole(I, M, 2)[0, 0].tolist()
        [[5.0, 6.0], [9.0, 10.0]]
    """
    check_image_and_mask(x, M)
    if size_px < 1:
        raise InputError(f"size_px: expected at least 1, got {size_px}")
    return crop_box(x, hole_box(M), size_px)


def crop_box(x: Tensor, box: Tensor, size_px: int) -> Tensor:
    """Crop as `crop_hole` does to boxes (b, 4) of `hole_box`; the caller has checked pictures, masks and size."""
    top, bottom, left, right = box.to(x.dtype).unbind(1)  # (b,) each
    rows = _resize_matrix(top, bottom, x.shape[-2], size_px)  # (b, size_px, h)
    columns = _resize_matrix(left, right, x.shape[-1], size_px)  # (b, size_px, w)
    with torch.autocast(x.device.type, enabled=False):
        return rows.unsqueeze(1) @ x @ columns.transpose(1, 2).unsqueeze(1)


def _resize_matrix(first: Tensor, last: Tensor, length: int, size: int) -> Tensor:
    """Return the weights of a line's pixels in each pixel of its crop (b, size, length); each row sums to one."""
    step = (last - first) / size  # (b,)
    centres = first[:, None] + (torch.arange(size, device=first.device) + 0.5) * step[:, None] - 0.5  # (b, size)
    centres = torch.maximum(torch.minimum(centres, last[:, None] - 1), first[:, None])  # never outside of the box
    distance = (centres.unsqueeze(2) - torch.arange(length, device=first.device)).abs()  # (b, size, length)
    return F.relu(1 - distance)
