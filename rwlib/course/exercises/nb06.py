"""Exercises of notebook 06: the region-wise discriminator, spectral norm, equation (6) and its other forms."""

import torch
from torch import Tensor, nn

from rwlib.course.checking.cases import image, mask, randn
from rwlib.course.checking.exercise import Each, Exercise


def pictures_and_masks(rng):
    """Not square, one image and several, float64 and float32."""
    for b, h, w in ((2, 5, 3), (1, 4, 7), (3, 6, 6)):
        yield image(rng, b, h, w), mask(rng, b, h, w)
    yield image(rng, 2, 3, 4).float(), mask(rng, 2, 3, 4).float()


def filters(rng):
    """Different numbers of filters, channels and taps; few iterations and many."""
    for out, channels, k, n in ((3, 2, 5, 1), (4, 3, 3, 2), (2, 4, 2, 4), (5, 2, 3, 30)):
        yield randn(rng, out, channels, k, k), n


def two_scores(rng):
    """Patch scores of two predictions, of any size."""
    for b, c, h, w in ((2, 3, 2, 4), (1, 2, 3, 2), (3, 1, 2, 2)):
        yield tuple((2 * randn(rng, b, c, h, w)).requires_grad_() for _ in range(2))


def three_scores(rng):
    """Patch scores of the ground truth and of two predictions, and alpha."""
    for b, c, h, w, alpha in ((2, 3, 2, 4, 0.3), (1, 2, 3, 2, 0.01), (3, 1, 2, 2, 1.0)):
        yield *(2 * randn(rng, b, c, h, w) for _ in range(3)), alpha


def sure_scores(rng):
    """The same, and a discriminator that is right on the whole, by more than the margin."""
    yield from three_scores(rng)
    score_gt, score_p1, score_p2 = (2 * randn(rng, 2, 2, 2, 3) for _ in range(3))
    yield score_gt + 3, score_p1 - 3, score_p2 - 3, 0.5


def masks_and_sizes(rng):
    """Not square; the score map divides the mask."""
    for b, h, w, rows, columns in ((2, 3, 2, 3, 6), (1, 2, 3, 4, 5), (3, 4, 4, 5, 3)):
        yield mask(rng, b, h * rows, w * columns), h, w


# --- 6.13 the gradient penalty


class SmoothJudge(nn.Module):
    """A small discriminator whose slope changes with the picture; it sees the hole alone."""

    def __init__(self, rng: torch.Generator, channels: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(nn.Conv2d(4, 5, 3), nn.Tanh(), nn.Conv2d(5, channels, 2)).double()
        with torch.no_grad():
            for x in self.parameters():
                x.copy_((0.4 if channels == 4 else 1.5) * randn(rng, *x.shape))  # slopes below 1, too

    def forward(self, I: Tensor, M: Tensor) -> Tensor:
        """Score patches."""
        return self.convs(torch.cat([I * (1 - M), M], dim=1))


def judges_and_pictures(rng):
    """A seed for the judge, its channels of scores, and several pictures, not square."""
    for b, h, w, channels in ((2, 6, 8, 3), (3, 7, 5, 2), (1, 5, 6, 4)):
        network_seed = int(torch.randint(2**31, (1,), generator=rng))
        yield network_seed, channels, image(rng, b, h, w), mask(rng, b, h, w)


def penalty_and_its_gradient(answer, network_seed, channels, I, M):
    """Return the penalty, and where it pulls the weights of a judge."""
    D = SmoothJudge(torch.Generator().manual_seed(network_seed), channels)
    penalty = answer(D, I, M)
    if not isinstance(penalty, Tensor) or penalty.numel() != 1 or not penalty.requires_grad:
        return {"penalty": penalty, "gradient of D's weights": None}
    gradients = torch.autograd.grad(penalty.sum(), list(D.parameters()), allow_unused=True, materialize_grads=True)
    return {"penalty": penalty.detach(), "gradient of D's weights": torch.cat([x.flatten() for x in gradients])}


EXERCISES = [
    Exercise(
        number="6.1",
        title="the receptive field of a score",
        mistakes={
            "5 is one layer's window. Each further layer looks at five places of a coarser grid.": 5,
            "25 would be right if every stride were 1: but after a stride of 2, one step is two pixels.": 25,
            "64 is the distance between two neighbouring scores, 2^6. How far does one of them see?": 64,
            "Near, but it is the picture's side. Start with 1 and add 4 · 2^l for the layers l = 0 ... 5.": 256,
            "The six windows overlap: a 5-wide window adds only 4 steps of its grid, not 5.": 316,
            "That counts only up to the fifth layer; there are six, l = 0 ... 5.": 125,
            "That counts a seventh layer; there are six, l = 0 ... 5.": 509,
            "The pixel that begins it all is missing: 1 + 4 · (...).": 252,
            "A kernel of 3 adds 2 steps a layer; these have 5 taps, which add 4.": 127,
            "A kernel of 4 adds 3 steps a layer; these have 5 taps, which add 4.": 190,
            "That counts a layer's own stride for its own window: the first layer's taps are one pixel apart.": 505,
            "Six layers, l = 0 ... 5, each of which adds 4 · 2^l pixels to a single one.": Each(
                189, when=lambda answer: answer < 253
            ),
            "Too wide: strides of the layers *before* it stretch a layer's window, 2^l; each adds 4 steps.": Each(
                300, when=lambda answer: answer > 253
            ),
        },
        hints=(
            "Layer l (from 0) walks on a grid whose step is 2^l pixels.",
            "A window of 5 spans 4 steps: 1 + 4 · (1 + 2 + 4 + 8 + 16 + 32).",
        ),
    ),
    Exercise(
        number="6.2",
        title="the input of the discriminator",
        cases=pictures_and_masks,
        mistakes={
            "That keeps the existing region and erases the hole: D_r sees I ⊙ (1 − M), the hole's content alone.": (
                "I * (1 - M) -> I * M"
            ),
            "The fourth channel is M itself, not 1 − M (section 3.4: 1 − M “will introduce some noises”).": (
                ", M] -> , 1 - M]"
            ),
            "The mask is missing: without its channel, D_r cannot tell a hole filled with mid-grey from no hole.": (
                "return I * (1 - M)"
            ),
            "The existing region is still there: then D_r can judge pixels that the generator cannot change.": (
                "I * (1 - M) -> I"
            ),
            "The order is picture, then mask: four channels, the mask last.": "[I * (1 - M), M] -> [M, I * (1 - M)]",
            "Both conventions are turned round: M is 1 where the picture exists.": "[I * (1 - M), M] -> [I * M, 1 - M]",
            "The existing region is 1 (white) and should be erased: zero, as the hole is in the generator's input.": (
                "I * (1 - M), -> I * (1 - M) + M,"
            ),
            "The fourth channel is empty: put the mask M there.": ", M] -> , 0 * M]",
        },
        hints=(
            "Which region can hold artefacts at all? Erase the other one.",
            "`torch.cat([..., M], dim=1)` puts four channels together.",
        ),
    ),
    Exercise(
        number="6.3",
        title="spectral norm by power iteration",
        cases=filters,
        mistakes={
            "That is the Frobenius norm, the root of the sum of *all* squared singular values. Only one counts.": (
                "(u @ matrix @ v) -> W.norm()"
            ),
            "It is divided by σ²: is v normalised after its last update as well?": (
                "u @ matrix @ v -> u @ matrix @ matrix.T @ u"
            ),
            "u is not normalised: then u · W v is a product of two lengths, and no longer σ.": (
                "F.normalize(matrix @ v, dim=0) -> matrix @ v"
            ),
            "A convolution's matrix is (out, the rest): flatten(1). Yours keeps another axis apart.": (
                "W.flatten(1) -> W.flatten(0, 2)"
            ),
            "The matrix has a row for each *output* channel; yours has one for each input channel.": (
                "W.flatten(1) -> W.transpose(0, 1).flatten(1)"
            ),
            "One iteration only: go back and forth n times.": "range(n) -> range(1)",
            "That is the exact norm, by a decomposition. Here the estimate after n iterations is wanted.": (
                "(u @ matrix @ v) -> torch.linalg.matrix_norm(matrix, ord=2)"
            ),
            "It multiplies by σ; divide.": "W / ( -> W * (",
            "u and v belong to the matrix with a row for each output channel, W.flatten(1): four axes become two.": (
                "W.flatten(1) -> W.permute(2, 0, 1, 3).flatten(1)"
            ),
            "Begin with v, all entries equal, not with random numbers.": (
                "F.normalize(matrix.new_ones(matrix.shape[1]), dim=0) -> "
                "F.normalize(torch.randn(matrix.shape[1], dtype=W.dtype), dim=0)"
            ),
            "W comes back as a matrix: divide W itself, with its four axes.": "return W / -> return matrix /",
        },
        hints=(
            "Each iteration: u = normalised(matrix v), v = normalised(matrixᵀ u). `F.normalize(x, dim=0)` does it.",
            "In the end σ = u · (matrix v), with both vectors of length 1; return W / σ.",
        ),
    ),
    Exercise(
        number="6.4",
        title="which terms move the generator",
        mistakes={
            "The first term holds the ground truth and D_r alone: no parameter of the generator is in it.": (1, 2, 3),
            "The other way round: the first term is the one *without* the generator.": (1,),
            "I_p1 comes from the generator as well.": (3,),
            "I_p2 comes from the generator as well.": (2,),
            "Both fakes, I_p1 and I_p2, come from the generator; the first term, with I_g, does not.": Each(
                (1, 2), when=lambda answer: all(number in (1, 2, 3) for number in answer)
            ),
            "The terms are numbered 1, 2, 3.": Each((0, 1), when=lambda answer: 0 in answer),
        },
        hints=(
            "Which of I_g, I_p1, I_p2 depend on the generator's weights?",
            "The derivative of a constant is zero. Give the others' numbers, such as (1, 3).",
        ),
    ),
    Exercise(
        number="6.5",
        title="what the generator descends",
        cases=two_scores,
        mistakes={
            "The sign: descending this pushes D(fake) *down*. The generator wants its patches called real.": (
                "return (1 -> return -(1",
                "+ (1 -> - (1",
            ),
            "E is a mean over patches and batch, not a sum.": (
                "p1).mean() -> p1).sum()",
                "p2).mean() -> p2).sum()",
            ),
            "The second network's prediction is missing: both are judged.": " + (1 - score_p2).mean() ->",
            "The first network's prediction is missing: both are judged.": "(1 - score_p1).mean() + ->",
            "The terms are D(fake), not 1 − D(fake): the sign is wrong, and descending it would push D(fake) down.": (
                "(1 - score_p1).mean() + (1 - score_p2).mean() -> score_p1.mean() + score_p2.mean()"
            ),
            "Squares: that is the least-squares form, not eq. (6).": (
                "(1 - score_p1).mean() + (1 - score_p2).mean() -> "
                "((1 - score_p1) ** 2).mean() + ((1 - score_p2) ** 2).mean()"
            ),
            "Absolute values: that is the released program's form (`l1`). Eq. (6) has none.": (
                "(1 - score_p1).mean() + (1 - score_p2).mean() -> (1 - score_p1).abs().mean() + (1 - "
                "score_p2).abs().mean()"
            ),
            "There is no max in eq. (6): a hinge would stop to push beyond 1.": (
                "(1 - score_p1).mean() + (1 - score_p2).mean() -> F.relu(1 - score_p1).mean() + F.relu(1 - "
                "score_p2).mean()"
            ),
            "The two terms are added in eq. (6), not averaged.": (
                "(1 - score_p1).mean() + (1 - score_p2).mean() -> ((1 - score_p1).mean() + (1 - score_p2).mean()) / 2"
            ),
            "The gradient is right, the value is not: (6) has a 1 − in both terms, not only once.": (
                "(1 - score_p1).mean() + (1 - score_p2).mean() -> 1 - score_p1.mean() - score_p2.mean()"
            ),
            "The gradient is right, the value is not: each term of (6) is 1 − D(fake).": (
                "(1 - score_p1).mean() + (1 - score_p2).mean() -> -score_p1.mean() - score_p2.mean()"
            ),
            "No gradient reaches the scores: did you `.detach()` them? That belongs to the discriminator's step.": (
                "score_p1 -> score_p1.detach()",
                "score_p2 -> score_p2.detach()",
            ),
        },
        hints=(
            "It is L_a without the term that has no gradient here.",
            "E(1 − D(fake)) is `(1 - score).mean()`; there are two of them.",
        ),
    ),
    Exercise(
        number="6.6",
        title="what the discriminator descends",
        cases=three_scores,
        mistakes={
            "The sign: D descends −L_a. With +L_a it helps the generator, and lowers D(real).": "-L_a -> L_a",
            "α stands before the real term; it is the fakes that count fully (“heavy penalisation”).": (
                "alpha * score_gt -> score_gt",
                "+ (1 - score_p1) -> + alpha * (1 - score_p1)",
                "+ (1 - score_p2) -> + alpha * (1 - score_p2)",
            ),
            "α multiplies the real term only, not the whole sum.": (
                "alpha * score_gt -> score_gt",
                "-L_a -> -alpha * L_a",
            ),
            "The real term is missing: with fakes alone, D learns to call everything fake.": (
                "alpha * score_gt.mean() ->"
            ),
            "The fake terms are gone. A sum that goes on in the next line with a leading + needs parentheses: "
            "without them Python reads `+ (1 - score_p1).mean()` as a statement of its own, and forgets it.": (
                "-L_a -> -alpha * score_gt.mean()"
            ),
            "The minus reaches only the first term: put the whole of L_a into parentheses.": (
                "alpha * -> -alpha *",
                "-L_a -> L_a",
            ),
            "The real term of (6) is α E D(real), without a 1 −.": "score_gt.mean() -> (1 - score_gt).mean()",
            "α is missing before the real term.": "alpha * score_gt -> score_gt",
            "The sign of a fake term: eq. (6) has 1 − D(fake).": Each(
                "(1 - score_p1) -> (1 + score_p1)",
                "(1 - score_p2) -> (1 + score_p2)",
                "L_a = alpha * score_gt.mean() + score_p1.mean() + score_p2.mean()\nreturn -L_a",
                "L_a = alpha * score_gt.mean() + (1 + score_p1).mean() + (1 + score_p2).mean()\nreturn -L_a",
            ),
            "One of the two fakes is missing: both predictions are judged.": Each(
                "\n        + (1 - score_p2).mean() ->", "\n        + (1 - score_p1).mean() ->"
            ),
            "E is a mean over patches and batch, not a sum.": (
                "return -(alpha * score_gt.sum() + (1 - score_p1).sum() + (1 - score_p2).sum())"
            ),
            "The values are right up to a constant: the 1 in 1 − D(fake) is missing, in one term or in both.": Each(
                "return -(alpha * score_gt.mean() - score_p1.mean() - score_p2.mean())",
                "return -(alpha * score_gt.mean() + 1 - score_p1.mean() - score_p2.mean())",
            ),
        },
        hints=(
            "Write L_a first, in parentheses, over three lines. Then turn its sign.",
            "L_a = (alpha * score_gt.mean() + (1 - score_p1).mean() + (1 - score_p2).mean())",
        ),
    ),
    Exercise(
        number="6.7",
        title="hinge, for the discriminator",
        cases=sure_scores,
        mistakes={
            "Without the max it is the critic of WGAN: D goes on for ever, also where it is right by far.": (
                "F.relu(1 - score_gt) -> (1 - score_gt)",
                "F.relu(1 + score_p1) -> (1 + score_p1)",
                "F.relu(1 + score_p2) -> (1 + score_p2)",
            ),
            "Real and fake are exchanged: real scores are pushed above +1, fake ones below −1.": (
                "1 - score_gt -> 1 + score_gt",
                "1 + score_p1 -> 1 - score_p1",
                "1 + score_p2 -> 1 - score_p2",
            ),
            "The margin is missing: D should be right by at least 1, not by 0.": (
                "1 - score_gt -> -score_gt",
                "1 + score_p1 -> score_p1",
                "1 + score_p2 -> score_p2",
            ),
            "The two fakes count half each, so that α = 1 balances real against fake.": "+ fake -> + 2 * fake",
            "The fake terms are gone: does your sum go on in the next line without parentheses?": " + fake ->",
            "The max is taken of the mean. Take it of each patch: one that is right must not pay for another.": (
                "score_gt).mean() -> score_gt.mean())",
                "score_p1).mean() -> score_p1.mean())",
                "score_p2).mean() -> score_p2.mean())",
            ),
            "α belongs to the real term.": "alpha * real + fake -> real + alpha * fake",
            "α is missing before the real term.": "alpha * real + fake -> real + fake",
            "α multiplies the real term alone.": "alpha * real + fake -> alpha * (real + fake)",
            "The max is taken of a mean in one term: take it of each patch.": Each(
                "F.relu(1 - score_gt).mean() -> F.relu(1 - score_gt.mean())",
                "F.relu(1 + score_p1).mean() -> F.relu(1 + score_p1.mean())",
                "F.relu(1 + score_p2).mean() -> F.relu(1 + score_p2.mean())",
            ),
            "The max is missing in one term: what is right by more than 1 costs nothing.": Each(
                "F.relu(1 - score_gt) -> (1 - score_gt)",
                "F.relu(1 + score_p1) -> (1 + score_p1)",
                "F.relu(1 + score_p2) -> (1 + score_p2)",
            ),
            "The sign of the fakes: they should be below −1, so 1 + s costs.": Each(
                "1 + score_p1 -> 1 - score_p1",
                "1 + score_p2 -> 1 - score_p2",
                ("1 + score_p1 -> 1 - score_p1", "1 + score_p2 -> 1 - score_p2"),
            ),
            "The sign of the real ones: they should be above +1, so 1 − s costs.": "1 - score_gt -> 1 + score_gt",
        },
        hints=(
            "max(0, x) is `F.relu(x)`, entry by entry; the mean comes after it.",
            "Real: relu(1 − s). Fake: relu(1 + s), two of them, half each.",
        ),
    ),
    Exercise(
        number="6.8",
        title="a generator without gradient",
        mistakes={
            "Only if the slope of −relu were −1 everywhere. What does relu do with negative numbers?": 6,
            "The other way round: those are the patches below 0, where −relu(s) is flat.": 4,
            "Those are the patches that do *not* move... count again which: −relu(s) is flat for s < 0.": 0,
            "−relu(s) is flat for all s < 0, not only far below.": 3,
            "−relu(s) falls for all s > 0, not only beyond 1: the margin is the discriminator's.": 1,
            "How many patches, not their scores: count those at which −relu(s) has a slope.": Each(
                2.5, -2.5, when=lambda answer: answer not in range(7)
            ),
        },
        hints=(
            "Draw −relu(s). Where is it flat?",
            "relu(s) = 0 for s < 0, so its slope is 0 there.",
        ),
    ),
    Exercise(
        number="6.9",
        title="the hole label of each patch",
        cases=masks_and_sizes,
        mistakes={
            "That is the share that *exists*. The label is about the hole: 1 − M.": "1 - M -> M",
            "Nearest: it samples one pixel of each cell, and loses every hole that misses those pixels.": (
                "return 1 - masks.resize_mask(M, (h, w))"
            ),
            "Nearest (F.interpolate): the first pixel of each cell speaks for the whole of it.": (
                'return F.interpolate(1 - M, (h, w), mode="nearest")'
            ),
            "That is 1 as soon as one pixel is missing (a max). The label is the share, the mean.": "avg -> max",
            "That is 1 only if every pixel is missing (a min). The label is the share, the mean.": (
                "return 1 - F.adaptive_max_pool2d(M, (h, w))"
            ),
            "Bilinear looks at four pixels around each cell's centre; the rest of the cell is ignored.": (
                'return F.interpolate(1 - M, (h, w), mode="bilinear")'
            ),
            "The share is rounded to 0 or 1: then a hole that fills a third of a patch counts nothing.": (
                "(h, w)) -> (h, w)).round()"
            ),
            "That is the number of missing pixels of each cell; the label is their share.": (
                "return F.adaptive_avg_pool2d(1 - M, (h, w)) * (M.shape[2] // h) * (M.shape[3] // w)"
            ),
            "h and w are the size of the *grid*; a cell is H / h by W / w pixels.": Each(
                "return F.avg_pool2d(1 - M, h)", "return F.avg_pool2d(1 - M, (h, w))"
            ),
        },
        hints=(
            "A mean of 1 − M over each cell of a h × w grid.",
            "`F.adaptive_avg_pool2d(x, (h, w))` takes means over such cells.",
        ),
    ),
    Exercise(
        number="6.10",
        title="exhibit A",
        choices=tuple("abcde"),
        mistakes={
            "If it called everything real, D_gt and D_p2 would rise *together*. Here they come apart.": "a",
            "The four fillings differ from house to house; blame who pulls them about.": "c",
            "Then the existing region would be lost; the fronts around the hole are fine.": "d",
            "The error in the hole is above the healthy run's, and a weave stands in the pictures.": "e",
        },
        hints=("How far apart are D_gt and D_p2, here and in the healthy run?", "A wide gap: the judge wins easily."),
    ),
    Exercise(
        number="6.11",
        title="exhibit B",
        choices=tuple("abcde"),
        mistakes={
            "No curve here shows D's scores. What do the four fillings have in common?": "a",
            "A strong judge would still tell house from house. What do the four fillings have in common?": "b",
            "The holes are where they belong; look at what is in them.": "d",
            "Four houses, one filling: look at the spread.": "e",
        },
        hints=("Cover the fronts and compare the four holes.", "Spread low: the filling does not depend on the house."),
    ),
    Exercise(
        number="6.12",
        title="exhibit C",
        choices=tuple("abcde"),
        mistakes={
            "A judge who is too strong tells real from fake. Look at the gap between D_gt and D_p2.": "b",
            "The fillings follow their houses, as the healthy ones do.": "c",
            "The fronts are fine, and so are the holes: look at the scores.": "d",
            "The pictures are nearly healthy, the scores are not: both climb, and the loss is zero.": "e",
        },
        hints=(
            "Which pictures does this D call real?",
            "Real and fake get nearly one score: only the real term taught it.",
        ),
    ),
    Exercise(
        number="6.13",
        title="the gradient penalty",
        cases=judges_and_pictures,
        call=penalty_and_its_gradient,
        mistakes={
            "The value is right, but D's weights cannot descend it: the gradient must keep its graph, "
            "`create_graph=True`.": "create_graph=True -> create_graph=False",
            "That is the square of the length: take the root before you subtract 1.": ".sqrt() ->",
            "The 1 is missing: the length should be 1, not 0.": "(length - 1) -> length",
            "One length for the whole batch: each picture has its own gradient.": (
                "gradient.square().sum(dim=(1, 2, 3)).sqrt() -> gradient.square().sum().sqrt()[None]"
            ),
            "The pictures of the batch are summed; E is their mean.": (
                "(length - 1).square().mean() -> (length - 1).square().sum()"
            ),
            "The scores of a picture are summed. The bar is their mean.": (
                "D(I, M).mean(dim=(1, 2, 3)) -> D(I, M).sum(dim=(1, 2, 3))"
            ),
            "The scores of the batch are averaged, so every gradient is b times too short: add them up.": (
                "scores.sum() -> scores.mean()"
            ),
            "Absolute differences of the length from 1; the penalty has squares.": (
                "(length - 1).square() -> (length - 1).abs()"
            ),
            "Lengths below 1 count, too: the penalty pulls them up to 1.": (
                "(length - 1).square() -> (length - 1).clamp(min=0).square()"
            ),
            "That is the sum of absolute values, ‖·‖₁; the length is ‖·‖₂.": (
                "gradient.square().sum(dim=(1, 2, 3)).sqrt() -> gradient.abs().sum(dim=(1, 2, 3))"
            ),
        },
        hints=(
            "The gradient is taken with respect to the picture I, which needs `requires_grad_()` for it.",
            "`torch.autograd.grad(D(I, M).mean((1, 2, 3)).sum(), I, create_graph=True)`: one gradient per picture.",
            "Then the length of each picture's gradient, minus 1, squared, and the mean.",
        ),
    ),
]
