r"""Conventions that all modules of rwlib share, and the checks that guard them.

Nearly every subtle bug of an inpainting program is a mismatch of conventions, so all of them are written here, once:

* images are `(b, 3, h, w)` RGB in [-1, 1];
* masks `M` are `(b, 1, h, w)`, **1 where the image exists and 0 where it is missing** (paper, section 3.1);
* the input is `I_in = I_gt * M`, and a composite is `I_c = I_in + I_p * (1 - M)` (sections 3.1 and 3.3);
* bad input raises `InputError`: one line with the argument, what came, and the remedy.
"""

import numpy as np
import torch
from torch import Tensor

from rwlib.errors import InputError, one_of, unknown

__all__ = [
    "InputError",
    "check_image_and_mask",
    "check_shape",
    "compose",
    "image_to_tensor",
    "is_whole",
    "one_of",
    "per_image",
    "tensor_to_image",
    "unknown",
    "weighted_mean",
]


def check_shape(name: str, x: Tensor, pattern: str) -> dict[str, int]:
    """Check a tensor against a shape written as einops text.

    Args:
        name: the name of `x` in the message.
        x: any tensor.
        pattern: axes separated by blanks, for example `"b 3 h w"`; a number must equal the size of its axis, a name
            stands for any size, the same wherever the name occurs.

    Returns:
        The size of every named axis.

    Raises:
        InputError: not a tensor, another number of axes, or an axis of another size.

    Example:
        >>> check_shape("I_gt", torch.zeros(2, 3, 8, 8), "b 3 h w")["h"]
        8
    """
    axes = pattern.split()
    if not isinstance(x, Tensor):
        raise InputError(f"{name}: expected a tensor of shape ({', '.join(axes)}), got {type(x).__name__}")
    sizes: dict[str, int] = {}
    fits = x.ndim == len(axes)
    for axis, size in zip(axes, x.shape, strict=False):
        fits = fits and (size == int(axis) if axis.isdigit() else sizes.setdefault(axis, size) == size)
    if not fits:
        raise InputError(f"{name}: expected shape ({', '.join(axes)}), got {tuple(x.shape)}")
    return sizes


def is_whole(value: object) -> bool:
    """Return whether a value is a whole number, of Python or numpy; True and False are not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def check_image_and_mask(I: Tensor, M: Tensor, *, divisor: int = 1) -> None:
    """Check an image `I` (b, 3, h, w) and its mask `M` (b, 1, h, w), both sides divisible by `divisor`.

    Raises:
        InputError: a wrong shape, sizes that differ, or a side that `divisor` does not divide.
    """
    image, mask = check_shape("image", I, "b 3 h w"), check_shape("mask", M, "b 1 h w")
    if image != mask:
        raise InputError(f"mask: expected the image's batch and size {tuple(I.shape)}, got {tuple(M.shape)}")
    if image["h"] % divisor or image["w"] % divisor:
        raise InputError(
            f"image: sides must be divisible by {divisor}, got {image['h']}x{image['w']}; "
            "pad it, or use rwlib.inpainting, which pads and crops by itself"
        )


def compose(I_gt: Tensor, I_p: Tensor, M: Tensor) -> Tensor:
    """Return the composite `I_c = I_gt * M + I_p * (1 - M)` (section 3.1): existing pixels stay, the rest is predicted.

    Args:
        I_gt: (b, 3, h, w), ground truth or masked input; its values inside the hole do not matter if they are finite.
        I_p: (b, 3, h, w), prediction.
        M: (b, 1, h, w), 1 existing, 0 missing.

    Returns:
        (b, 3, h, w).
    """
    return I_gt * M + I_p * (1 - M)


def image_to_tensor(image: np.ndarray) -> Tensor:
    """Convert a uint8 RGB array (h, w, 3) to a tensor (1, 3, h, w) in [-1, 1].

    Raises:
        InputError: no array, or one that is not uint8 or not (h, w, 3).
    """
    if not isinstance(image, np.ndarray):
        raise InputError(f"image: expected uint8 RGB of shape (h, w, 3), got {type(image).__name__}")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise InputError(f"image: expected uint8 RGB of shape (h, w, 3), got {image.dtype} of shape {image.shape}")
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float() / 127.5 - 1


def tensor_to_image(I: Tensor) -> np.ndarray:
    """Convert a tensor (1, 3, h, w) or (3, h, w) in [-1, 1] to a uint8 RGB array (h, w, 3), rounded to nearest."""
    I = I.detach().float().reshape(I.shape[-3:])
    return ((I + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).cpu().numpy()


def per_image(x: Tensor, reduction: str = "sum") -> Tensor:
    """Reduce a loss's entries (b, ...) to a scalar.

    Args:
        x: entries, (b, ...).
        reduction: `"sum"`: sum over an image's entries, mean over the batch, so that the paper's weights hold (its
            norms are sums, its expectations are means) and no loss changes with the batch size; `"mean"`: mean over
            both; `"batch_sum"`: sum over both, as in the authors' released program.

    Raises:
        InputError: an unknown reduction.
    """
    if reduction == "sum":
        return x.sum() / x.shape[0]
    if reduction == "mean":
        return x.mean()
    if reduction == "batch_sum":
        return x.sum()
    raise InputError(f"reduction: expected 'sum', 'mean' or 'batch_sum', got {reduction!r}")


def weighted_mean(entries: Tensor, weight: Tensor) -> Tensor:
    """Average each image's entries (b, c, h, w) with weights (b, 1, h, w), then the images of the batch.

    An image whose weights are all zero counts as zero.
    """
    weight = weight.expand_as(entries)  # (b, c, h, w)
    images = (entries * weight).sum(dim=(1, 2, 3)) / weight.sum(dim=(1, 2, 3)).clamp(min=1e-6)  # (b,)
    return images.mean()
