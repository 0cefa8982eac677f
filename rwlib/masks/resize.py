r"""Masks at other sizes: for feature maps (section 3.2) and as labels of the discriminator's scores (section 3.4)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.conventions import InputError, check_shape, is_whole, unknown


def hole_fraction(M: Tensor) -> Tensor:
    """Return the missing fraction of each mask.

    Args:
        M: (b, 1, h, w), 1 existing, 0 missing.

    Returns:
        (b,), float32, in [0, 1].

    Raises:
        InputError: `M` is not (b, 1, h, w).

    Example:
        >>> hole_fraction(torch.tensor([1.0, 1.0, 0.0, 1.0]).reshape(1, 1, 2, 2))
        tensor([0.2500])
    """
    sizes = check_shape("M", M, "b 1 h w")
    return (M == 0).flatten(1).sum(1).float() / (sizes["h"] * sizes["w"])


def resize_mask(M: Tensor, size: int | tuple[int, int]) -> Tensor:
    r"""Resize a mask by nearest neighbour with aligned corners, for feature maps of another size (section 3.2).

    Row i of the result is row floor(i (H - 1) / (h - 1) + 1/2) of the mask (row 0 if h = 1), columns likewise: the
    first and the last row stay where they are, as in the released program. `F.interpolate(mode="nearest")` takes row
    floor(i H / h) instead and never sees the last rows. The two disagree at borders of holes, which is where
    region-wise layers differ from standard ones: from 256 to 64 pixels in 1 % of the cells for contiguous training
    masks, in 4 % for discontiguous ones (measured; 1.6 % for the released program's masks).

    Args:
        M: (b, 1, H, W), any device and dtype.
        size: h and w, or one number for both.

    Returns:
        (b, 1, h, w), device and dtype of `M`, values taken from `M`.

    Raises:
        InputError: `M` is not (b, 1, H, W), or a size below 1.

    Example:
        >>> resize_mask(torch.tensor([1.0, 1.0, 1.0, 0.0]).reshape(1, 1, 1, 4), (1, 2))
        tensor([[[[1., 0.]]]])
    """
    check_shape("M", M, "b 1 h w")
    return nearest_aligned(M, _size_pair(size))


def nearest_aligned(M: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize as `resize_mask` does; the caller has checked M (b, 1, H, W), and gives h and w."""
    rows, columns = (_aligned_index(old, new, M.device) for old, new in zip(M.shape[-2:], size, strict=True))
    return M.index_select(2, rows).index_select(3, columns)


def _aligned_index(old: int, new: int, device: torch.device) -> Tensor:
    """Return floor(i (old - 1) / (new - 1) + 1/2) for i = 0 ... new - 1, in whole numbers, hence without rounding."""
    steps = max(new - 1, 1)
    return (2 * torch.arange(new, device=device) * (old - 1) + steps) // (2 * steps)


def label_from_mask(M: Tensor, size: int | tuple[int, int], mode: str = "area") -> Tensor:
    """Bring the hole label 1 - M to the size of the discriminator's score map (section 3.4).

    The released program resizes by nearest neighbour: a 4x4 map then samples 16 pixels of the mask, and a hole that
    misses all of them (36 % of its masks with less than 10 % missing) gives no adversarial signal at all. The paper
    does not say; the mean over each cell keeps every hole.

    Args:
        M: (b, 1, H, W), 1 existing, 0 missing.
        size: h and w of the score map, or one number for both.
        mode: `"area"`: the mean of 1 - M over each cell; `"nearest"`: as `resize_mask`.

    Returns:
        (b, 1, h, w), in [0, 1]: 1 where a cell is missing altogether.

    Raises:
        InputError: an unknown mode, `M` is not (b, 1, H, W), or a size below 1.

    Example:
        >>> label_from_mask(torch.tensor([1.0, 1.0, 1.0, 0.0]).reshape(1, 1, 1, 4), (1, 2))
        tensor([[[[0.0000, 0.5000]]]])
    """
    if mode not in ("area", "nearest"):
        raise unknown("mode", mode, ("area", "nearest"))
    check_shape("M", M, "b 1 h w")
    return hole_share(M, _size_pair(size), mode)


def hole_share(M: Tensor, size: tuple[int, int], mode: str) -> Tensor:
    """Return what `label_from_mask` does; the caller has checked M and the mode, and gives h and w."""
    return 1 - nearest_aligned(M, size) if mode == "nearest" else F.adaptive_avg_pool2d(1 - M, size)


def _size_pair(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return `size` as (h, w), one number standing for both."""
    pair = (size, size) if is_whole(size) else size
    if (
        not isinstance(pair, tuple | list | torch.Size)
        or len(pair) != 2
        or not all(is_whole(s) and s > 0 for s in pair)
    ):
        raise InputError(f"size: expected one or two whole numbers of at least 1, got {size!r}")
    return int(pair[0]), int(pair[1])
