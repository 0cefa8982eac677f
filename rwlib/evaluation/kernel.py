r"""The kernel distance of two sets of pictures: KID (Bińkowski et al., 2018), the squared maximum mean discrepancy.

    MMD² = E k(x, x') + E k(y, y') - 2 E k(x, y),   k(a, b) = (a · b / d + 1)³

over features of d entries. The estimate is unbiased, however few pictures there are, so it can be below zero. Memory is
bounded: the n² values of the kernel never stand side by side.
"""

from rwlib.conventions import InputError
from rwlib.evaluation.frechet import Rows, blocks


def kernel_distance(x: Rows, y: Rows, *, paired: bool = False) -> float:
    r"""Return the unbiased estimate of MMD² from all rows, without the terms of a row with itself.

    Args:
        x: (n, d) features.
        y: (m, d); n = m if the sets are paired.
        paired: row i of both sets belongs to the same photograph, as a composite and its original do, which shares
            existing pixels with it. Then k(x_i, y_i) is left out too (Gretton et al., 2012, eq. (4)), and the estimate
            is unbiased although the sets depend on each other. The usual KID keeps these terms, which for composites
            lowers it, often below zero.

    Raises:
        InputError: shapes that do not fit, or fewer than two rows.

    Example:
        >>> import torch
        >>> x = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> kernel_distance(x, x, paired=True), kernel_distance(x, x + 1) > 0
        (0.0, True)
    """
    shapes = tuple(x.shape), tuple(y.shape)
    fit = x.ndim == y.ndim == 2 and x.shape[1] == y.shape[1] and (len(x) == len(y) or not paired)
    if not fit or min(len(x), len(y)) < 2:
        raise InputError(f"features: expected two (n, d) of at least two rows, got {shapes[0]}, {shapes[1]}")
    n, m = len(x), len(y)
    k_xx, k_yy = _kernel_sum(x, x, diagonal=False) / (n * (n - 1)), _kernel_sum(y, y, diagonal=False) / (m * (m - 1))
    k_xy = _kernel_sum(x, y, diagonal=not paired) / (n * (m - 1 if paired else m))
    return k_xx + k_yy - 2 * k_xy


def _kernel_sum(x: Rows, y: Rows, *, diagonal: bool) -> float:
    """Return the sum of k(x_i, y_j) over all pairs, or over those with i ≠ j."""
    d, total = x.shape[1], 0.0
    for i, x_block in enumerate(blocks(x)):
        for j, y_block in enumerate(blocks(y)):
            k = (x_block @ y_block.T / d + 1) ** 3
            total += float(k.sum() - (k.trace() if i == j and not diagonal else 0))
    return total
