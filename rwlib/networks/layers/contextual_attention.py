r"""Contextual attention (Yu et al., "Generative Image Inpainting with Contextual Attention", CVPR 2018, section 4).

Every place of a feature map is rebuilt from patches of the existing region, weighted by how well they match:

    s[p, i]   similarity of the 3x3 patches around places p and i, on the map at half its size     (eq. 3)
    s*[p, i]  fusion: Σ_t s[p + t, i + t], along columns, then along rows; neighbours of a place
              should be found beside each other                                                   (eq. 5)
    a[p, i]   softmax over i of λ s*, over patches without a missing pixel                        (eq. 4)
    y         Σ_i a[p, i] x[patch i], 4x4 patches of the map itself, pasted with an overlap of 2  ("deconvolution")

**One idea makes it fast.** Patches overlap, so all three sums are sums along *diagonals* of one (n, n) matrix over
pairs of places (n = h w / 4): a patch's similarity is Σ_t of products of single pixels at p + t and i + t; fusion is
such a sum by definition; and pasting an overlap is one, too, since pixel 2p + 1 belongs to patches p and p + 1, which
read from i and i + 1. So no patch is ever cut out, and the matrix products are 9 and 4 times smaller.
`contextual_attention_ref` is the definition. There is no loop over the batch.

**Memory** grows with the fourth power of the side: an (n, n) matrix takes 4 n² bytes a picture (4 MB for a picture of
256 px, 67 MB for one of 512 px). At the peak four of them stand at once, nine in training; the definition's need is 11
and 19 (measured).

`form="program"` is what the authors' program and its PyTorch ports compute, so what published weights expect:

* patches i are normalised, p are not; in the paper (eq. 3) both are, so that similarity is a cosine;
* patches with a missing pixel are not left out of the softmax: their s* is set to 0 before it, their weight after it;
* fusion runs along the flattened map, so that the end of a row and the start of the next are neighbours.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.conventions import InputError, check_shape, one_of

SOFTMAX_SCALE = 10.0
"""λ in the authors' program; the paper gives no number."""
FORMS = ("paper", "program")
Form = Literal["paper", "program"]
BOX = (-1, 0, 1)


class _DiagonalSum(torch.autograd.Function):
    """out[.., p, .., i, ..] = Σ_t s[.., p + t, .., i + t, ..] over steps t; outside of s there are zeros.

    The transpose of a step is the step back, so the gradient is the same sum with the signs of its steps turned.
    """

    @staticmethod
    def forward(ctx, s: Tensor, axes: tuple[int, int], steps: tuple[int, ...]) -> Tensor:
        ctx.axes, ctx.steps = axes, steps
        (d, e), n = axes, s.shape[axes[0]]  # both axes have n places
        out = s.clone() if 0 in steps else torch.zeros_like(s)
        for t in steps:
            if 0 < abs(t) < n:
                to, source, length = max(-t, 0), max(t, 0), n - abs(t)
                out.narrow(d, to, length).narrow(e, to, length).add_(
                    s.narrow(d, source, length).narrow(e, source, length)
                )
        return out

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None, None]:
        return _DiagonalSum.apply(grad, ctx.axes, tuple(-t for t in ctx.steps)), None, None


def diagonal_sum(s: Tensor, steps: tuple[int, ...] = BOX, *, rows: bool) -> Tensor:
    """Sum pairs of places (b, h, w, h, w) with those pairs that lie the same step away, for each of `steps`.

    Args:
        s: a number for each pair of places.
        steps: in places; with (-1, 0, 1) a pair, and both of its neighbours.
        rows: steps from row to row, else from column to column.

    Returns:
        The shape of s.

    Example:
        >>> s = torch.arange(9.0).view(1, 1, 3, 1, 3)  # pairs of three places in a row
        >>> diagonal_sum(s, rows=False).view(3, 3)
        tensor([[ 4.,  6.,  2.],
                [10., 12.,  6.],
                [ 6., 10., 12.]])
    """
    return _DiagonalSum.apply(s, (1, 3) if rows else (2, 4), steps)


def existing_patches(M: Tensor, size: tuple[int, int]) -> Tensor:
    """Return which 3x3 patches of a map of this size lie in the existing region, (b, 1, h, w), bool.

    The mask is read at every (H / h)-th pixel, as in the authors' program; what lies outside the picture counts as
    existing.
    """
    (h, w), (H, W) = size, M.shape[-2:]
    hole = 1 - (M[..., :: H // h, :: W // w] != 0).float()  # (b, 1, h, w)
    return F.max_pool2d(hole, 3, stride=1, padding=1) == 0


def attention(x: Tensor, M: Tensor, form: Form = "paper", scale: float = SOFTMAX_SCALE) -> Tensor:
    """Return how much each place takes from each other one.

    Args:
        x: (b, c, h, w), features, both sides even.
        M: (b, 1, H, W), 1 existing, at a multiple of the features' size.
        form: see above.
        scale: λ.

    Returns:
        (b, h/2, w/2, h/2, w/2): place p, and the places i that it takes from. The weights of a place add up to 1 (in
        the form `program` to less); where no patch exists altogether they are all 0.
    """
    x = x[..., ::2, ::2]  # (b, c, h/2, w/2), nearest
    b, _, h, w = x.shape
    pixels = x.flatten(2)  # (b, c, n)
    s = (pixels.transpose(1, 2) @ pixels).view(b, h, w, h, w)  # products of single pixels
    s = diagonal_sum(diagonal_sum(s, rows=False), rows=True)  # of 3x3 patches
    square = x.square().sum(1, keepdim=True)  # (b, 1, h, w)
    if form == "program":
        square = square + 1e-4 * x.shape[1]  # of every pixel within the map or outside it
        norm = (9 * F.avg_pool2d(F.pad(square, (1, 1, 1, 1), value=1e-4 * x.shape[1]), 3, stride=1)).sqrt()
        s = s / norm.view(b, 1, 1, h, w)
        for _ in range(2):  # rows of the map laid end to end, then its columns
            s = _DiagonalSum.apply(s.reshape(b, h * w, h * w), (1, 2), BOX).view(b, h, w, h, w)
            s, h, w = s.permute(0, 2, 1, 4, 3), w, h
    else:
        norm = (9 * F.avg_pool2d(square, 3, stride=1, padding=1)).clamp(min=1e-8).sqrt()  # (b, 1, h, w)
        s = s / (norm.view(b, h, w, 1, 1) * norm.view(b, 1, 1, h, w))  # eq. 3
        s = diagonal_sum(diagonal_sum(s, rows=False), rows=True)  # eq. 5
    exists = existing_patches(M, (h, w)).view(b, 1, 1, h, w)
    # The smallest number instead of -infinity: where nothing exists, that would make NaN.
    s = scale * s.masked_fill(~exists, 0.0 if form == "program" else torch.finfo(s.dtype).min / scale / 2)
    return s.flatten(3).softmax(-1).view(b, h, w, h, w) * exists  # eq. 4


def paste(a: Tensor, x: Tensor) -> Tensor:
    """Rebuild a map (b, c, h, w) from its own 4x4 patches, with weights a (b, h/2, w/2, h/2, w/2)."""
    b, c, h, w = x.shape
    out = torch.empty_like(x)
    for row, up_or_down in enumerate((-1, 1)):  # pixels in row 2p lie in patches p and p - 1, in row 2p + 1 in p, p + 1
        a_row = diagonal_sum(a, (0, up_or_down), rows=True)
        for column, left_or_right in enumerate((-1, 1)):
            weights = diagonal_sum(a_row, (0, left_or_right), rows=False).flatten(3).flatten(1, 2)  # (b, n, n)
            pixels = x[..., row::2, column::2]  # (b, c, h/2, w/2)
            out[..., row::2, column::2] = (pixels.flatten(2) @ weights.transpose(1, 2)).view_as(pixels)
    return out / 4  # each pixel lies in four patches


def contextual_attention(x: Tensor, M: Tensor, form: Form = "paper", scale: float = SOFTMAX_SCALE) -> Tensor:
    """Rebuild features from patches of the existing region.

    Args:
        x: (b, c, h, w), features, both sides even.
        M: (b, 1, H, W), 1 existing, H and W the same multiple of h and w; it is read at every (2 H / h)-th pixel.
        form: `"paper"` or `"program"`, see above.
        scale: λ of the softmax.

    Returns:
        (b, c, h, w); zero for a picture of which no patch exists altogether. At least float32.

    Raises:
        InputError: wrong shapes, odd sides, or an unknown form.

    Example:
        >>> x, M = torch.rand(1, 4, 8, 8), torch.ones(1, 1, 32, 32)
        >>> contextual_attention(x, M).shape
        torch.Size([1, 4, 8, 8])
    """
    _check(x, M, form)
    return rebuild(x, M, form, scale)


def rebuild(x: Tensor, M: Tensor, form: Form = "paper", scale: float = SOFTMAX_SCALE) -> Tensor:
    """Return what `contextual_attention` does; the caller has checked the arguments."""
    with torch.autocast(x.device.type, enabled=False):  # similarities times λ are too coarse in half precision
        x = x if x.dtype == torch.float64 else x.float()
        return paste(attention(x, M, form, scale), x)


def contextual_attention_ref(x: Tensor, M: Tensor, form: Form = "paper", scale: float = SOFTMAX_SCALE) -> Tensor:
    """Compute `contextual_attention` as it is defined: cut patches out, compare them, fuse, weigh, paste them."""
    _check(x, M, form)
    small = x[..., ::2, ::2]
    b, _, h, w = small.shape
    patches = F.unfold(small, 3, padding=1)  # (b, 9c, n)
    eps = (1e-4, 0.0) if form == "program" else (0.0, 1e-8)
    norm = (patches.square() + eps[0]).sum(1, keepdim=True).clamp(min=eps[1]).sqrt()  # (b, 1, n)
    s = (patches if form == "program" else patches / norm).transpose(1, 2) @ (patches / norm)  # (b, n, n)

    diagonal = torch.eye(3, dtype=s.dtype, device=s.device).view(1, 1, 3, 3)
    for _ in range(2):  # along rows, then along columns
        if form == "program":
            s = F.conv2d(s.unsqueeze(1), diagonal, padding=1).view(b, h, w, h, w)
        else:  # for every pair of rows by itself
            pairs = s.view(b, h, w, h, w).transpose(2, 3).reshape(-1, 1, w, w)
            s = F.conv2d(pairs, diagonal, padding=1).view(b, h, h, w, w).transpose(2, 3)
        s, h, w = s.permute(0, 2, 1, 4, 3).reshape(b, h * w, h * w), w, h

    exists = existing_patches(M, (h, w)).view(b, 1, h * w)
    s = scale * s.masked_fill(~exists, 0.0 if form == "program" else torch.finfo(s.dtype).min / scale / 2)
    a = s.softmax(-1) * exists
    pasted = a @ F.unfold(x, 4, padding=1, stride=2).transpose(1, 2)  # (b, n, 16c)
    return F.fold(pasted.transpose(1, 2), x.shape[-2:], 4, padding=1, stride=2) / 4


def _check(x: Tensor, M: Tensor, form: str) -> None:
    one_of("form", form, FORMS)
    b, _, h, w = check_shape("x", x, "b c h w").values()
    if h % 2 or w % 2:
        raise InputError(f"x: contextual attention halves the map, expected even sides, got {h}x{w}")
    b_M, H, W = check_shape("mask", M, "b 1 H W").values()
    if b_M != b or H % h or W % w:
        raise InputError(f"mask: expected {b} masks at a multiple of {h}x{w}, got {b_M} of {H}x{W}")
