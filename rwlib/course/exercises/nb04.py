"""Exercises of notebook 04: correlations of positions, the correlation loss, and its tiles."""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.conventions import compose
from rwlib.course.checking.cases import image, mask, rand, randn
from rwlib.course.checking.exercise import Exercise
from rwlib.course.lessons.tensor_memory import largest_tensor
from rwlib.losses import correlation, correlation_loss, correlation_loss_ref

SHAPES = ((1, 5, 3, 4), (2, 3, 4, 2), (3, 4, 2, 5))
"""b, c, h, w: every size differs from the others, and n = h w from c."""


def feature_maps(rng: torch.Generator) -> Iterator[tuple]:
    """One image and several, not square, some channels without a bias towards either sign."""
    for shape in SHAPES:
        yield (randn(rng, *shape),)


def two_feature_maps(rng: torch.Generator) -> Iterator[tuple]:
    """Features of a composite, which carry a gradient, and of the ground truth."""
    for shape in SHAPES:
        yield randn(rng, *shape).requires_grad_(), randn(rng, *shape)


# --- 4.1


def _reshaped(phi: Tensor) -> Tensor:
    b, c, h, w = phi.shape
    psi = phi.reshape(b, h * w, c)
    return psi @ psi.mT


def _all_images_at_once(phi: Tensor) -> Tensor:
    psi = phi.transpose(0, 1).flatten(1)
    return psi.T @ psi


def _channel_gram(phi: Tensor) -> Tensor:
    psi = phi.flatten(2)
    return psi @ psi.mT


# --- 4.2


def _sum_per_image(x: Tensor) -> Tensor:
    return x.sum() / len(x)


def _f_difference(phi_c1: Tensor, phi_gt: Tensor) -> Tensor:
    return correlation(phi_c1) - correlation(phi_gt)


def _sigma(phi: Tensor) -> float:
    return 1 / phi.shape[1] ** 2


# --- 4.3


def toy_features(I: Tensor) -> list[Tensor]:
    """Stand in for VGG: three maps of half, quarter and an eighth of the size, with other widths each."""
    channels = [I, I.flip(1) * I, I.square(), (I.roll(1, -1) - I).abs()]
    return [F.avg_pool2d(torch.cat(channels[: p + 1], dim=1), 2**p) for p in (1, 2, 3)]


def both_networks(rng: torch.Generator) -> Iterator[tuple]:
    """Predictions and composites of two networks, as training has them: gradients lead to both predictions."""
    for b, h, w in ((1, 16, 24), (2, 24, 16)):
        I_gt, M = image(rng, b, h, w), mask(rng, b, h, w)
        I_p1, I_p2 = (image(rng, b, h, w).requires_grad_() for _ in range(2))
        yield I_p1, compose(I_gt, I_p1, M), I_p2, compose(I_gt, I_p2, M), I_gt, toy_features


def which_image(I_p1: Tensor, I_c1: Tensor, I_p2: Tensor, I_c2: Tensor, I_gt: Tensor, features: Callable) -> Tensor:
    """Compare the pool 2 of the first composite with the ground truth's."""
    return correlation_loss(features(I_c1)[1], features(I_gt)[1])


def _with_pool(p: int) -> Callable:
    def wrong(I_p1, I_c1, I_p2, I_c2, I_gt, features):
        return correlation_loss(features(I_c1)[p], features(I_gt)[p])

    return wrong


# --- 4.5


def sizes(rng: torch.Generator) -> Iterator[tuple]:
    """Not square, several images, three dtypes."""
    yield 16, 24, 1, torch.float32
    yield 64, 32, 3, torch.float64
    yield 256, 256, 8, torch.float16
    yield 512, 256, 2, torch.float32


# --- 4.6


def matrices_and_tiles(rng: torch.Generator) -> Iterator[tuple]:
    """Numbers of positions that the tile divides and does not divide, and a tile that holds everything."""
    for n, c, tile in ((7, 2, 3), (8, 3, 2), (11, 2, 4), (5, 3, 8)):
        yield rand(rng, n, c), rand(rng, n, c), tile


def call_and_watch(answer: Callable, A: Tensor, B: Tensor, tile: int) -> dict:
    """Return the sum, and whether a whole n × n tensor was made on the way to it."""
    value, largest = largest_tensor(lambda: answer(A, B, tile))
    return {"the sum": value, "a whole n x n tensor was made": largest >= len(A) ** 2 and tile < len(A)}


def _tiles(n: int, tile: int) -> list[tuple[slice, slice]]:
    starts = range(0, n, tile)
    return [(slice(i, i + tile), slice(j, j + tile)) for i in starts for j in starts]


def _tile_sum(A: Tensor, B: Tensor, i: slice, j: slice) -> Tensor:
    return (A[i] @ A[j].T - B[i] @ B[j].T).abs().sum()


def tiled_sum(A: Tensor, B: Tensor, tile: int) -> Tensor:
    """Sum |A Aᵀ - B Bᵀ| over the tiles on the diagonal once, and over those above it twice."""
    pairs = [(i, j) for i, j in _tiles(len(A), tile) if i.start <= j.start]
    return sum((1 if i == j else 2) * _tile_sum(A, B, i, j) for i, j in pairs)


def _tiled_sum_with(times: Callable[[slice, slice], int]) -> Callable:
    def wrong(A, B, tile):
        return sum(times(i, j) * _tile_sum(A, B, i, j) for i, j in _tiles(len(A), tile))

    return wrong


def _without_the_rest(A: Tensor, B: Tensor, tile: int) -> Tensor:
    whole = len(A) // tile * tile
    return tiled_sum(A[:whole], B[:whole], tile) if whole else A.new_zeros(())


def _absolute_too_late(A: Tensor, B: Tensor, tile: int) -> Tensor:
    pairs = [(i, j) for i, j in _tiles(len(A), tile) if i.start <= j.start]
    return sum((1 if i == j else 2) * (A[i] @ A[j].T - B[i] @ B[j].T).sum().abs() for i, j in pairs)


# --- 4.7 and 4.8


def two_matrices(rng: torch.Generator) -> Iterator[tuple]:
    """Features as rows, not square either way."""
    for n, c in ((6, 3), (4, 7), (9, 2)):
        yield randn(rng, n, c), randn(rng, n, c)


def call_with_close_features(answer: Callable, A: Tensor, B: Tensor) -> dict:
    """Return D, and whether it is still right in float32 where A is so close to B that a subtraction cancels."""
    B_32 = (B.abs() + 100).float()
    A_32 = B_32 + 0.01 * (A - B).float()
    expected = A_32.double() @ A_32.double().T - B_32.double() @ B_32.double().T
    D_32 = answer(A_32, B_32)
    same_shape = isinstance(D_32, Tensor) and D_32.shape == expected.shape
    error = (D_32.double() - expected).norm() / expected.norm() if same_shape else float("inf")
    return {"D": answer(A, B), "accurate in float32": bool(error < 1e-5)}


def difference_from_E(A: Tensor, B: Tensor) -> Tensor:
    """Return A Aᵀ - B Bᵀ from what changed."""
    E = A - B
    return E @ A.T + B @ E.T


def gradient_by_hand(A: Tensor, B: Tensor) -> Tensor:
    """Return the gradient of L_c for A, 2 σ S A."""
    S = torch.sign(A @ A.T - B @ B.T)
    return 2 * S @ A / A.shape[1] ** 2


EXERCISES = [
    Exercise(
        number="4.1",
        title="f, the correlation of every pair of positions",
        solution=correlation,
        cases=feature_maps,
        mistakes={
            "That is the c × c Gram matrix of channels, which the style loss compares. Eq. (3) pairs positions: the "
            "sum runs over the channels, and n × n numbers remain.": _channel_gram,
            "Those are cosines. Eq. (3) divides by no norm: a strong feature shall count more.": lambda phi: (
                correlation(F.normalize(phi, dim=1))
            ),
            "Positions of different images are paired. Every image has an n × n matrix of its own: keep the batch "
            "axis.": _all_images_at_once,
            "`reshape` to (b, n, c) does not move the channels behind the positions, it only cuts the numbers anew. "
            "Flatten to (b, c, n), then transpose.": _reshaped,
            "Only the pairs with i ≤ j are there; eq. (3) has all of them, f is symmetric.": lambda phi: correlation(
                phi
            ).triu(),
            "Only i = j is there: how strong each position is. Pair each position with every other one.": lambda phi: (
                phi.square().sum(1).flatten(1)
            ),
            "Positions are counted down the columns. Row-major order, as `flatten` does it, is what the course "
            "uses.": lambda phi: correlation(phi.mT),
            "The sum over the channels became a mean: the factor σ comes later, in eq. (4).": lambda phi: (
                correlation(phi) / phi.shape[1]
            ),
        },
        hints=(
            "Flatten height and width into one axis of n positions: `psi = phi.flatten(2)` is (b, c, n).",
            "A batched matrix product of (b, n, c) and (b, c, n) sums over the channels: `psi.mT @ psi`.",
        ),
    ),
    Exercise(
        number="4.2",
        title="the correlation loss",
        solution=correlation_loss_ref,
        cases=two_feature_maps,
        mistakes={
            "σ divides by n². The paper says “by position” and no more; the weights λ belong to the released program's "
            "1 / c², c being the number of channels.": lambda phi_c1, phi_gt: (
                _f_difference(phi_c1, phi_gt).abs().mean()
            ),
            "σ divides by n, the number of positions. It is 1 / c² with c channels.": lambda phi_c1, phi_gt: (
                _sum_per_image(_f_difference(phi_c1, phi_gt).abs()) / (phi_gt.shape[2] * phi_gt.shape[3])
            ),
            "σ divides by c once; it is 1 / c².": lambda phi_c1, phi_gt: (
                _sum_per_image(_f_difference(phi_c1, phi_gt).abs()) / phi_gt.shape[1]
            ),
            "A mean over the n² pairs stands where eq. (4) has a sum.": lambda phi_c1, phi_gt: (
                _sigma(phi_gt) * _f_difference(phi_c1, phi_gt).abs().mean()
            ),
            "The absolute value is missing: errors of opposite sign cancel, and the loss can become "
            "negative.": lambda phi_c1, phi_gt: _sigma(phi_gt) * _sum_per_image(_f_difference(phi_c1, phi_gt)),
            "Squares instead of absolute values: the norm in eq. (4) has a 1 below it.": lambda phi_c1, phi_gt: (
                _sigma(phi_gt) * _sum_per_image(_f_difference(phi_c1, phi_gt).square())
            ),
            "The images of the batch are summed. Sum over pairs, then average over images, or the loss grows with "
            "the batch.": lambda phi_c1, phi_gt: _sigma(phi_gt) * _f_difference(phi_c1, phi_gt).abs().sum(),
            "That compares features with features. Eq. (4) compares correlations: build f for both "
            "first.": lambda phi_c1, phi_gt: _sigma(phi_gt) * _sum_per_image((phi_c1 - phi_gt).abs()),
        },
        hints=(
            "Three steps: f of both, the absolute difference, the sum. Then σ, and the mean over the batch.",
            "`sigma = 1 / phi_c1.shape[1] ** 2`, and the sum over everything divided by `len(phi_c1)`.",
        ),
    ),
    Exercise(
        number="4.3",
        title="which image goes in",
        solution=which_image,
        cases=both_networks,
        mistakes={
            "That is the prediction. Eq. (4) takes the first *composite*: existing pixels are the true ones, so the "
            "hole is compared with what really surrounds it.": lambda I_p1, I_c1, I_p2, I_c2, I_gt, features: (
                correlation_loss(features(I_p1)[1], features(I_gt)[1])
            ),
            "That is the second composite, which belongs to the style loss. Both on one network do worse (Fig. 4d of "
            "the paper).": lambda I_p1, I_c1, I_p2, I_c2, I_gt, features: correlation_loss(
                features(I_c2)[1], features(I_gt)[1]
            ),
            "Both composites are in it. Eq. (4) takes the first alone.": (
                lambda I_p1, I_c1, I_p2, I_c2, I_gt, features: (
                    correlation_loss(features(I_c1)[1], features(I_gt)[1])
                    + correlation_loss(features(I_c2)[1], features(I_gt)[1])
                )
            ),
            "That is the second network's prediction: wrong network, and not a composite.": (
                lambda I_p1, I_c1, I_p2, I_c2, I_gt, features: correlation_loss(features(I_p2)[1], features(I_gt)[1])
            ),
            "Pool 1 has sixteen times as many pairs. Ψ is pool 2; counted from zero that is `features(I)[1]`.": (
                _with_pool(0)
            ),
            "That is pool 3: lists count from zero, so pool 2 is `features(I)[1]`.": _with_pool(2),
        },
        hints=(
            "Which loss sees what: L_c and L_s take composites, one network each.",
            "`correlation_loss(features(...)[1], features(I_gt)[1])`, with the composite of the semantic inferring "
            "network, I_c1.",
        ),
    ),
    Exercise(
        number="4.4",
        title="pairs that can differ",
        solution=3600,
        mistakes={
            "Those are the pairs of which *both* positions changed. One is enough: f_ij needs both features.": 400,
            "Those are the rows of the changed positions. Their columns are 100 long as well.": 2000,
            "Rows plus columns counts the 20 × 20 corner where they cross twice.": 4000,
            "Those are the pairs that can *not* differ: neither position changed.": 6400,
            "All of them? If neither i nor j changed, f_ij did not either.": 10000,
        },
        hints=(
            "Count the pairs that stay as they were: both positions are among the 80.",
            "100² − 80².",
        ),
    ),
    Exercise(
        number="4.5",
        title="bytes of f",
        solution=lambda h_px, w_px, b, dtype: b * (h_px // 4 * (w_px // 4)) ** 2 * dtype.itemsize,
        cases=sizes,
        mistakes={
            "n is not squared: f has one number for each *pair* of positions.": lambda h_px, w_px, b, dtype: (
                b * (h_px // 4 * (w_px // 4)) * dtype.itemsize
            ),
            "Every image of the batch has an f of its own.": lambda h_px, w_px, b, dtype: (
                (h_px // 4 * (w_px // 4)) ** 2 * dtype.itemsize
            ),
            "A number takes `dtype.itemsize` bytes, not always four.": lambda h_px, w_px, b, dtype: (
                b * (h_px // 4 * (w_px // 4)) ** 2 * 4
            ),
            "Those are numbers, not bytes: each takes `dtype.itemsize` of them.": lambda h_px, w_px, b, dtype: (
                b * (h_px // 4 * (w_px // 4)) ** 2
            ),
            "Pool 2 comes after *two* halvings: its sides are a quarter of the image's.": lambda h_px, w_px, b, dtype: (
                b * (h_px // 2 * (w_px // 2)) ** 2 * dtype.itemsize
            ),
            "n counts pixels there. Positions are those of the pool-2 map, a quarter of the image's sides.": (
                lambda h_px, w_px, b, dtype: b * (h_px * w_px) ** 2 * dtype.itemsize
            ),
            "Those are bits; a byte has eight of them.": lambda h_px, w_px, b, dtype: (
                b * (h_px // 4 * (w_px // 4)) ** 2 * dtype.itemsize * 8
            ),
            "Height and width differ: n is their product, not the square of one of them.": (
                lambda h_px, w_px, b, dtype: b * (h_px // 4) ** 4 * dtype.itemsize
            ),
        },
        hints=(
            "First n = h w of the pool-2 map, whose sides are a quarter of the image's.",
            "`b * n * n * dtype.itemsize`",
        ),
    ),
    Exercise(
        number="4.6",
        title="the sum, tile by tile",
        solution=tiled_sum,
        cases=matrices_and_tiles,
        call=call_and_watch,
        mistakes={
            "Tiles on the diagonal are counted twice. They hold both (i, j) and (j, i) already; only tiles beside the "
            "diagonal stand for two.": _tiled_sum_with(lambda i, j: 2 * (i.start <= j.start)),
            "Only the tiles on and above the diagonal are counted, each once. Those below it mirror those above: count "
            "the latter twice.": _tiled_sum_with(lambda i, j: i.start <= j.start),
            "The tiles on the diagonal are missing.": _tiled_sum_with(lambda i, j: 2 * (i.start < j.start)),
            "Only the tiles on the diagonal are counted: positions far apart are never compared, and those are what "
            "the loss is for.": _tiled_sum_with(lambda i, j: i.start == j.start),
            "The last, smaller tile is dropped: n need not be a multiple of the tile's side. Let the range run to n; "
            "a slice beyond the end is cut by itself.": _without_the_rest,
            "Differences are summed within a tile before the absolute value: they cancel, and the result depends on "
            "the tile.": _absolute_too_late,
            "Right, but it makes the whole n × n matrix, which is what tiles avoid. Multiply a few rows of A with a "
            "few rows of A: `A[i] @ A[j].T`.": lambda A, B, tile: (A @ A.T - B @ B.T).abs().sum(),
        },
        hints=(
            "Two loops over `range(0, n, tile)`; the inner one starts where the outer one stands.",
            "`D = A[i : i + tile] @ A[j : j + tile].T - B[i : i + tile] @ B[j : j + tile].T`; add `D.abs().sum()` once "
            "if i equals j, else twice.",
        ),
    ),
    Exercise(
        number="4.7",
        title="the difference without a difference of large numbers",
        solution=difference_from_E,
        cases=two_matrices,
        call=call_with_close_features,
        mistakes={
            "Right in float64, but in float32 two large and nearly equal numbers are subtracted, and what remains is "
            "mostly rounding. Subtract the features first, then multiply: use E.": lambda A, B: A @ A.T - B @ B.T,
            "E Eᵀ is the difference squared, and a² − b² is not (a − b)².": lambda A, B: (A - B) @ (A - B).T,
            "The second product is E Bᵀ; it must be B Eᵀ, or the result is not symmetric.": lambda A, B: (
                (A - B) @ A.T + (A - B) @ B.T
            ),
            "A stands in both products, so E Eᵀ is counted once too often: write A = B + E and multiply out.": (
                lambda A, B: (A - B) @ A.T + A @ (A - B).T
            ),
            "B stands in both products, so E Eᵀ is missing: write A = B + E and multiply out.": lambda A, B: (
                (A - B) @ B.T + B @ (A - B).T
            ),
        },
        hints=(
            "Put A = B + E into A Aᵀ, multiply out, and look what cancels with B Bᵀ.",
            "A Aᵀ − B Bᵀ = A Aᵀ − B Aᵀ + B Aᵀ − B Bᵀ = (A − B) Aᵀ + B (A − B)ᵀ.",
        ),
    ),
    Exercise(
        number="4.8",
        title="the gradient by hand",
        solution=gradient_by_hand,
        cases=two_matrices,
        mistakes={
            "The factor 2 is missing: a position stands in a row of f and in a column.": lambda A, B: (
                torch.sign(A @ A.T - B @ B.T) @ A / A.shape[1] ** 2
            ),
            "That takes the sign of f itself. S is the sign of the *difference* of both.": lambda A, B: (
                2 * torch.sign(A @ A.T) @ A / A.shape[1] ** 2
            ),
            "D itself is the gradient's factor for Σ D² / 2. The absolute value keeps only its sign.": lambda A, B: (
                2 * (A @ A.T - B @ B.T) @ A / A.shape[1] ** 2
            ),
            "S times B: that is, with a minus sign, the gradient for the ground truth's features.": lambda A, B: (
                2 * torch.sign(A @ A.T - B @ B.T) @ B / A.shape[1] ** 2
            ),
            "S times E: the derivative of a a' is a', the feature itself, not how much it changed.": lambda A, B: (
                2 * torch.sign(A @ A.T - B @ B.T) @ (A - B) / A.shape[1] ** 2
            ),
            "σ is missing: every entry is c² too large.": lambda A, B: 2 * torch.sign(A @ A.T - B @ B.T) @ A,
            "σ divides by n²; it is 1 / c², and A has a *row* for each position.": lambda A, B: (
                2 * torch.sign(A @ A.T - B @ B.T) @ A / A.shape[0] ** 2
            ),
        },
        hints=(
            "The derivative of |d| is the sign of d. How often does row i of A occur in A Aᵀ?",
            "With `S = (A @ A.T - B @ B.T).sign()` the derivative of the sum is `2 * S @ A`; σ remains.",
        ),
    ),
]
