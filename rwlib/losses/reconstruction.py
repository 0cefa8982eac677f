r"""Reconstruction loss, equation (2): both predictions, the whole image, absolute differences.

    L_r = ‖I_p1 - I_gt‖₁ + ‖I_p2 - I_gt‖₁

It compares the *predictions*, existing pixels included: a network that cannot copy what it sees cannot infer what it
does not see (section 3.2). The paper's norm is a sum over an image's entries; `rwlib.conventions.per_image` documents
how images are averaged.
"""

from torch import Tensor

from rwlib.conventions import InputError, check_shape, per_image


def reconstruction_loss(I_p1: Tensor, I_p2: Tensor, I_gt: Tensor, *, reduction: str = "sum") -> Tensor:
    """Compare both predictions with the ground truth, eq. (2).

    Args:
        I_p1: (b, 3, h, w), prediction of the semantic inferring network.
        I_p2: (b, 3, h, w), prediction of the global perceiving network.
        I_gt: (b, 3, h, w), ground truth.
        reduction: see `rwlib.conventions.per_image`.

    Returns:
        Scalar, at least 0.

    Raises:
        InputError: shapes that differ.

    Example:
        >>> I = torch.zeros(2, 3, 4, 4)
        >>> float(reconstruction_loss(I + 1, I, I))  # one prediction is off by 1 in 3 * 4 * 4 entries
        48.0
    """
    for name, I_p in (("I_p1", I_p1), ("I_p2", I_p2)):
        check_shape(name, I_p, "b c h w")
        if I_p.shape != I_gt.shape:
            raise InputError(f"{name}: expected I_gt's shape {tuple(I_gt.shape)}, got {tuple(I_p.shape)}")
    return per_image((I_p1 - I_gt).abs(), reduction) + per_image((I_p2 - I_gt).abs(), reduction)
