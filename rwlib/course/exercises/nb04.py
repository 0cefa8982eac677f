"""Exercises of notebook 04: correlations of positions, the correlation loss, and its tiles."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from rwlib.conventions import compose
from rwlib.course.checking.cases import image, mask, rand, randn
from rwlib.course.checking.compare import Complaint
from rwlib.course.checking.exercise import Each, Exercise
from rwlib.course.lessons.tensor_memory import largest_tensor

SHAPES = ((2, 3, 4, 2), (1, 5, 3, 4), (3, 4, 2, 5))
"""b, c, h, w: every size differs from the others, and n = h w from c."""


def feature_maps(rng: torch.Generator) -> Iterator[tuple]:
    """One image and several, not square, some channels without a bias towards either sign."""
    for shape in SHAPES:
        yield (randn(rng, *shape),)


def two_feature_maps(rng: torch.Generator) -> Iterator[tuple]:
    """Features of a composite, which carry a gradient, and of the ground truth."""
    for shape in SHAPES:
        yield randn(rng, *shape).requires_grad_(), randn(rng, *shape)


def toy_features(I: Tensor) -> list[Tensor]:
    """Stand in for VGG: three maps of half, quarter and an eighth of the size, with other widths each."""
    channels = [I, I.flip(1) * I, I.square(), (I.roll(1, -1) - I).abs()]
    return [F.avg_pool2d(torch.cat(channels[: p + 1], dim=1), 2**p) for p in (1, 2, 3)]


def both_networks(rng: torch.Generator) -> Iterator[tuple]:
    """Predictions and composites of two networks, as training has them: gradients lead to both predictions."""
    for b, h, w in ((2, 24, 16), (1, 16, 24)):
        I_gt, M = image(rng, b, h, w), mask(rng, b, h, w)
        I_p1, I_p2 = (image(rng, b, h, w).requires_grad_() for _ in range(2))
        yield I_p1, compose(I_gt, I_p1, M), I_p2, compose(I_gt, I_p2, M), I_gt, toy_features


def sizes(rng: torch.Generator) -> Iterator[tuple]:
    """Not square, several images, three dtypes."""
    yield 64, 32, 3, torch.float64
    yield 16, 24, 1, torch.float32
    yield 256, 256, 8, torch.float16
    yield 512, 256, 2, torch.float32


def matrices_and_tiles(rng: torch.Generator) -> Iterator[tuple]:
    """Numbers of positions that the tile divides and does not divide, and a tile that holds everything."""
    for n, c, tile in ((7, 2, 3), (8, 3, 2), (11, 2, 4), (5, 3, 8)):
        yield rand(rng, n, c), rand(rng, n, c), tile


WHOLE = Complaint(
    "Right, but it makes the whole n × n matrix, which is what tiles avoid. Multiply a few rows of A with a few "
    "rows of "
    "A: `A[i] @ A[j].T`."
)
BELOW = Complaint(
    "Right, but tiles below the diagonal are computed as well, twice the work: they mirror those above it. Count the "
    "tiles beside the diagonal twice instead."
)


LOWER = Complaint(
    "The sum is right, but these are the tiles below the diagonal: their rows come after their columns. Look at those "
    "on and above it alone: begin the inner loop where the outer one stands."
)


class Multiplications(TorchFunctionMode):
    """Count the products of numbers in the products of matrices, and those of later rows with earlier ones."""

    def __init__(self) -> None:
        super().__init__()
        self.count = self.below = 0

    def __torch_function__(self, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        """Call the function; note how large it was, if it multiplies matrices."""
        value = function(*args, **(kwargs or {}))
        if getattr(function, "__name__", "") in ("matmul", "__matmul__", "mm", "einsum", "bmm", "addmm", "linear"):
            self.count += value.numel() if isinstance(value, Tensor) else 0
            if len(args) == 2 and all(isinstance(x, Tensor) for x in args):
                self.below += _same_memory(*args) and args[0].storage_offset() > args[1].storage_offset()
        return value


def _same_memory(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are parts of one: rows of A and rows of A, and no copies of them."""
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


def call_and_watch(answer: Callable, A: Tensor, B: Tensor, tile: int) -> dict:
    """Return the sum, and what is wrong with how it came about."""
    with Multiplications() as multiplications:
        value, largest = largest_tensor(lambda: answer(A, B, tile))
    starts = range(0, len(A), tile)
    sides = [min(tile, len(A) - i) for i in starts]
    enough = 2 * sum(a * b for i, a in enumerate(sides) for b in sides[i:])
    complaint = Complaint("")
    if largest >= len(A) ** 2 and tile < len(A):
        complaint = WHOLE
    elif multiplications.count > enough:
        complaint = BELOW
    elif multiplications.below:
        complaint = LOWER
    return {"result": value, "work": complaint}


def two_matrices(rng: torch.Generator) -> Iterator[tuple]:
    """Features as rows, not square either way."""
    for n, c in ((6, 3), (4, 7), (9, 2)):
        yield randn(rng, n, c), randn(rng, n, c)


CANCELLED = Complaint(
    "Right in float64, but in float32 two large and nearly equal numbers are subtracted, and what remains is mostly "
    "rounding. Subtract the features first, then multiply: use E."
)


def call_with_close_features(answer: Callable, A: Tensor, B: Tensor) -> dict:
    """Return D, and a complaint if it is not right in float32 where A is so close to B that a subtraction cancels."""
    B_32 = (B.abs() + 100).float()
    A_32 = B_32 + 0.01 * (A - B).float()
    expected = A_32.double() @ A_32.double().T - B_32.double() @ B_32.double().T
    D_32 = answer(A_32, B_32)
    same_shape = isinstance(D_32, Tensor) and D_32.shape == expected.shape
    error = (D_32.double() - expected).norm() / expected.norm() if same_shape else float("inf")
    return {"result": answer(A, B), "accuracy": Complaint("") if error < 1e-5 else CANCELLED}


EXERCISES = [
    Exercise(
        number="4.1",
        title="f, the correlation of every pair of positions",
        cases=feature_maps,
        mistakes={
            "That is the c × c Gram matrix of channels, which the style loss compares. Eq. (3) pairs positions: the "
            "sum runs over the channels, and n × n numbers remain.": (
                "psi.transpose(1, 2) @ psi -> psi @ psi.transpose(1, 2)"
            ),
            "Those are cosines. Eq. (3) divides by no norm: a strong feature shall count more.": (
                "phi.flatten(2) -> F.normalize(phi.flatten(2), dim=1)"
            ),
            "Positions of different images are paired. Every image has an n × n matrix of its own: keep the batch "
            "axis.": (
                "phi.flatten(2) -> phi.transpose(0, 1).flatten(1)",
                "psi.transpose(1, 2) -> psi.T",
            ),
            "`reshape` to (b, n, c) does not move the channels behind the positions, it only cuts the numbers anew. "
            "Flatten to (b, c, n), then transpose.": "phi.flatten(2) -> phi.reshape(len(phi), -1, phi.shape[1]).mT",
            "Only the pairs with i ≤ j are there; eq. (3) has all of them, f is symmetric.": (
                "psi.transpose(1, 2) @ psi -> (psi.transpose(1, 2) @ psi).triu()"
            ),
            "Only i = j is there: how strong each position is. Pair each position with every other one.": (
                "psi.transpose(1, 2) @ psi -> psi.square().sum(1)"
            ),
            "Positions are counted down the columns. Row-major order, as `flatten` does it, is what the course "
            "uses.": "phi.flatten(2) -> phi.mT.flatten(2)",
            "The sum over the channels became a mean: the factor σ comes later, in eq. (4).": (
                "@ psi -> @ psi / phi.shape[1]"
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
        cases=two_feature_maps,
        mistakes={
            "σ divides by n². The paper says “by position” and no more; the weights λ belong to the released program's "
            "1 / c², c being the number of channels.": "phi_c1.shape[1] ** 2 -> phi_c1[0, 0].numel() ** 2",
            "σ divides by n, the number of positions. It is 1 / c² with c channels.": (
                "phi_c1.shape[1] ** 2 -> phi_c1[0, 0].numel()"
            ),
            "σ divides by c once; it is 1 / c².": "shape[1] ** 2 -> shape[1]",
            "A mean over the n² pairs stands where eq. (4) has a sum.": ".sum() / len(phi_c1) -> .mean()",
            "The absolute value is missing: errors of opposite sign cancel, and the loss can become "
            "negative.": ".abs() ->",
            "Squares instead of absolute values: the norm in eq. (4) has a 1 below it.": ".abs() -> .square()",
            "The images of the batch are summed. Sum over pairs, then average over images, or the loss grows with "
            "the batch.": " / len(phi_c1) ->",
            "That compares features with features. Eq. (4) compares correlations: build f for both "
            "first.": "correlation(phi_c1) - correlation(phi_gt) -> phi_c1 - phi_gt",
            "σ is missing: multiply by 1 / c², c being the number of channels.": "sigma * ->",
            "The correlation of the difference is compared: build f for both features first, then subtract. f is not "
            "linear.": "correlation(phi_c1) - correlation(phi_gt) -> correlation(phi_c1 - phi_gt)",
            "The absolute value comes after the sum: by then errors of opposite sign have cancelled.": (
                "difference.abs().sum() -> difference.sum().abs()"
            ),
        },
        hints=(
            "Three steps: f of both, the absolute difference, the sum. Then σ, and the mean over the batch.",
            "`sigma = 1 / phi_c1.shape[1] ** 2`, and the sum over everything divided by `len(phi_c1)`.",
        ),
    ),
    Exercise(
        number="4.3",
        title="which image goes in",
        cases=both_networks,
        mistakes={
            "That is the prediction. Eq. (4) takes the first *composite*: existing pixels are the true ones, so the "
            "hole is compared with what really surrounds it.": "I_c1 -> I_p1",
            "That is the second composite, which belongs to the style loss. Both on one network do worse (Fig. 4d of "
            "the paper).": "I_c1 -> I_c2",
            "Both composites are in it. Eq. (4) takes the first alone.": (
                "features(I_gt)[1]) -> features(I_gt)[1]) + correlation_loss(features(I_c2)[1], features(I_gt)[1])"
            ),
            "That is the second network's prediction: wrong network, and not a composite.": "I_c1 -> I_p2",
            "Pool 1 has sixteen times as many pairs. Ψ is pool 2; counted from zero that is `features(I)[1]`.": (
                "I_c1)[1] -> I_c1)[0]",
                "I_gt)[1] -> I_gt)[0]",
            ),
            "That is pool 3: lists count from zero, so pool 2 is `features(I)[1]`.": (
                "I_c1)[1] -> I_c1)[2]",
                "I_gt)[1] -> I_gt)[2]",
            ),
            "All pools are in it: L_c takes pool 2 alone. Three pools belong to the style loss.": Each(
                "return sum(correlation_loss(x, y) for x, y in zip(features(I_c1), features(I_gt), strict=True))",
                "return sum(correlation_loss(x, y) for x, y in zip(features(I_c1), features(I_gt), strict=True)) / 3",
            ),
            "Both composites are in it, mixed: eq. (4) takes the first alone.": (
                "features(I_c1)[1] -> features((I_c1 + I_c2) / 2)[1]"
            ),
            "Pixels are compared: L_c compares *features*, `features(I)[1]`.": (
                "(features(I_c1)[1], features(I_gt)[1]) -> (I_c1, I_gt)"
            ),
            "It is not compared with the ground truth: the second argument is the features of I_gt.": Each(
                "features(I_gt)[1] -> features(I_p1)[1]",
                "features(I_gt)[1] -> features(I_c2)[1]",
                "features(I_gt)[1] -> features(I_p2)[1]",
            ),
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
        mistakes={
            "Those are the pairs of which *both* positions changed. One is enough: f_ij needs both features.": 400,
            "Those are the rows of the changed positions. Their columns are 100 long as well.": 2000,
            "Rows plus columns counts the 20 × 20 corner where they cross twice.": 4000,
            "Those are the pairs that can *not* differ: neither position changed.": 6400,
            "All of them? If neither i nor j changed, f_ij did not either.": 10000,
            "Those are positions. f has an entry for each *pair* of them, 100² in all.": Each(
                20, 80, when=lambda answer: answer < 400
            ),
            "Changed with unchanged, one way round: (i, j) and (j, i) are two entries, and pairs of two changed ones "
            "count, too.": Each(1600, 1800, when=lambda answer: answer in (1600, 1800, 1790)),
            "Pairs of two changed positions are missing: they can differ as well.": 3200,
            "A pair can differ if one of its two positions, or both, are among the 20.": Each(
                3980, when=lambda answer: True
            ),
        },
        hints=(
            "Count the pairs that stay as they were: both positions are among the 80.",
            "100² − 80².",
        ),
    ),
    Exercise(
        number="4.5",
        title="bytes of f",
        cases=sizes,
        mistakes={
            "n is not squared: f has one number for each *pair* of positions.": "n * n -> n",
            "Every image of the batch has an f of its own.": "b * n -> n",
            "A number takes `dtype.itemsize` bytes, not always four.": "dtype.itemsize -> 4",
            "Those are numbers, not bytes: each takes `dtype.itemsize` of them.": " * dtype.itemsize ->",
            "Pool 2 comes after *two* halvings: its sides are a quarter of the image's.": (
                "(h_px // 4) * (w_px // 4) -> (h_px // 2) * (w_px // 2)"
            ),
            "n counts pixels there. Positions are those of the pool-2 map, a quarter of the image's sides.": (
                "(h_px // 4) * (w_px // 4) -> h_px * w_px"
            ),
            "Those are bits; a byte has eight of them.": "dtype.itemsize -> dtype.itemsize * 8",
            "Height and width differ: n is their product, not the square of one of them.": "w_px -> h_px",
            "Pool 2 is a quarter of the image's sides: two halvings, not three.": (
                "(h_px // 4) * (w_px // 4) -> (h_px // 8) * (w_px // 8)"
            ),
            "f is stored whole, both (i, j) and (j, i), although it is symmetric.": Each(
                "b * n * n -> b * (n * (n + 1) // 2)", "b * n * n -> b * (n * n // 2)"
            ),
            "The number of channels plays no part: each of the n² entries is one number, a sum over the channels.": (
                "b * n * n -> 128 * b * n * n"
            ),
            "Each image has an f of its own: b times n², not (b n)². Pairs across images are not made.": (
                "b * n * n -> (b * n) ** 2"
            ),
            "Bytes are asked for, not mebibytes.": "b * n * n * dtype.itemsize -> b * n * n * dtype.itemsize / 2**20",
        },
        hints=(
            "First n = h w of the pool-2 map, whose sides are a quarter of the image's.",
            "`b * n * n * dtype.itemsize`",
        ),
    ),
    Exercise(
        number="4.6",
        title="the sum, tile by tile",
        cases=matrices_and_tiles,
        call=call_and_watch,
        mistakes={
            "Tiles on the diagonal are counted twice. They hold both (i, j) and (j, i) already; only tiles beside the "
            "diagonal stand for two.": "(1 if i == j else 2) -> 2",
            "Only the tiles on and above the diagonal are counted, each once. Those below it mirror those above: count "
            "the latter twice.": "(1 if i == j else 2) -> 1",
            "The tiles on the diagonal are missing.": "range(i, -> range(i + tile,",
            "Only the tiles on the diagonal are counted: positions far apart are never compared, and those are what "
            "the loss is for.": "(1 if i == j else 2) -> (1 if i == j else 0)",
            "The last, smaller tile is dropped: n need not be a multiple of the tile's side. Let the range run to n; "
            "a slice beyond the end is cut by itself.": (
                "range(0, len(A), -> range(0, len(A) - tile + 1,",
                "range(i, len(A), -> range(i, len(A) - tile + 1,",
            ),
            "Differences are summed within a tile before the absolute value: they cancel, and the result depends on "
            "the tile.": "D.abs().sum() -> D.sum().abs()",
            WHOLE: "return (A @ A.T - B @ B.T).abs().sum()",
            BELOW: ("range(i, len(A), tile) -> range(0, len(A), tile)", "(1 if i == j else 2) * ->"),
            LOWER: "range(i, len(A), tile) -> range(0, i + 1, tile)",
            "Tiles below the diagonal are counted, too, although those above already stand for two: begin the inner "
            "loop at the outer one's place.": "range(i, len(A), tile) -> range(0, len(A), tile)",
            "Only the last tile counts: add to the sum, do not overwrite it.": "total = total + -> total =",
            "Squares instead of absolute values.": ".abs() -> .square()",
            "Each tile is averaged; the sum over all entries is asked for.": "D.abs().sum() -> D.abs().mean()",
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
        cases=two_matrices,
        call=call_with_close_features,
        mistakes={
            CANCELLED: "E @ A.T + B @ E.T -> A @ A.T - B @ B.T",
            "E Eᵀ is the difference squared, and a² − b² is not (a − b)².": "E @ A.T + B @ E.T -> E @ E.T",
            "The second product is E Bᵀ; it must be B Eᵀ, or the result is not symmetric.": "B @ E.T -> E @ B.T",
            "A stands in both products, so E Eᵀ is counted once too often: write A = B + E and multiply out.": (
                "B @ E.T -> A @ E.T"
            ),
            "B stands in both products, so E Eᵀ is missing: write A = B + E and multiply out.": "E @ A.T -> E @ B.T",
            "Only one of two products is there: A = B + E gives E Aᵀ + B Eᵀ.": Each("+ B @ E.T ->", "E @ A.T + ->"),
            "E is taken the other way round: E = A − B, as D is A's product minus B's.": "A - B -> B - A",
            "The two products are added, not subtracted.": "E @ A.T + B -> E @ A.T - B",
            "Not quite multiplied out: (B + E)(B + E)ᵀ − B Bᵀ = E Eᵀ + B Eᵀ + E Bᵀ. B Eᵀ and E Bᵀ are each other's "
            "transposes, not the same.": Each("E @ A.T + B @ E.T -> E @ E.T + 2 * B @ E.T", "E @ A.T -> 2 * E @ B.T"),
            "Differences have a sign: no absolute value here.": "E @ A.T + B @ E.T -> (E @ A.T + B @ E.T).abs()",
        },
        hints=(
            "Put A = B + E into A Aᵀ, multiply out, and look what cancels with B Bᵀ.",
            "A Aᵀ − B Bᵀ = A Aᵀ − B Aᵀ + B Aᵀ − B Bᵀ = (A − B) Aᵀ + B (A − B)ᵀ.",
        ),
    ),
    Exercise(
        number="4.8",
        title="the gradient by hand",
        cases=two_matrices,
        differentiate=(),  # it is a gradient; whether it can be differentiated once more is not asked
        mistakes={
            "The factor 2 is missing: a position stands in a row of f and in a column.": "2 * S -> S",
            "That takes the sign of f itself. S is the sign of the *difference* of both.": " - B @ B.T ->",
            "D itself is the gradient's factor for Σ D² / 2. The absolute value keeps only its sign.": (
                "torch.sign( -> ("
            ),
            "S times B: that is, with a minus sign, the gradient for the ground truth's features.": "S @ A -> S @ B",
            "S times E: the derivative of a a' is a', the feature itself, not how much it changed.": (
                "S @ A -> S @ (A - B)"
            ),
            "σ is missing: every entry is c² too large.": " / A.shape[1] ** 2 ->",
            "σ divides by n²; it is 1 / c², and A has a *row* for each position.": "A.shape[1] -> A.shape[0]",
            "σ is 1 / c², not 1 / c.": "A.shape[1] ** 2 -> A.shape[1]",
            "σ is 1 / c², and c is the number of *columns* of A; you divide by its rows.": "A.shape[1] ** 2 -> len(A)",
            "The sign of the features' difference is taken; S is the sign of D = A Aᵀ − B Bᵀ, entry by entry.": Each(
                "torch.sign(A @ A.T - B @ B.T) -> torch.sign(A - B) @ A.T",
                "torch.sign(A @ A.T - B @ B.T) -> torch.sign(A - B) @ torch.sign(A - B).T",
            ),
            "The absolute value of D, not its sign: the derivative of |d| is +1 or −1.": (
                "torch.sign(A @ A.T - B @ B.T) -> (A @ A.T - B @ B.T).abs()"
            ),
            "A gradient has a sign: no absolute value around it.": "2 * S @ A -> 2 * (S @ A).abs()",
        },
        hints=(
            "The derivative of |d| is the sign of d. How often does row i of A occur in A Aᵀ?",
            "With `S = (A @ A.T - B @ B.T).sign()` the derivative of the sum is `2 * S @ A`; σ remains.",
        ),
    ),
]
