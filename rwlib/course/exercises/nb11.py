"""Exercises of notebook 11: what makes each rival special, and what trace it leaves."""

from rwlib.course.checking.cases import mask, rand, randn
from rwlib.course.checking.exercise import Each, Exercise
from rwlib.course.checking.letters import four_letters, letter


def masks_of_channels(rng):
    """Several channels whose holes differ, strides 1 and 2, kernels 3 and 5; large holes, so that windows are empty."""
    for b, c, h, w, k, stride in ((2, 3, 6, 8, 3, 1), (3, 2, 9, 7, 3, 2), (1, 4, 10, 11, 5, 2), (2, 1, 8, 12, 3, 2)):
        M = mask(rng, b * c, h, w, hole_fraction=0.85).view(b, c, h, w)
        M[:, :, :, w // 2 :] = 0
        M[:, 1:] *= mask(rng, b, h, w, hole_fraction=0.3)
        M[:, -1, 0, 1] = 1
        M[:, 0, h // 2, 0] = 0
        yield M, k, stride


def maps_and_masks_of_channels(rng):
    """The same with features, filters and a bias."""
    for (M, k, stride), o in zip(masks_of_channels(rng), (2, 3, 2, 4), strict=True):
        yield randn(rng, *M.shape), M, randn(rng, o, M.shape[1], k, k), randn(rng, o), stride


def maps_and_gates(rng):
    """Not square, several images and one, 3x3 and 5x5."""
    for b, c, o, h, w, k in ((2, 3, 2, 5, 6, 3), (3, 2, 4, 6, 4, 3), (1, 4, 3, 7, 8, 5)):
        yield randn(rng, b, c, h, w), randn(rng, 2 * o, c, k, k), randn(rng, 2 * o)


def patches_to_attend(rng):
    """Patches of different lengths, of which some are missing; the one that is rebuilt may be any."""
    for b, n, d, p, scale in ((3, 7, 4, 2, 3.0), (2, 5, 6, 0, 1.5), (1, 9, 3, 8, 5.0)):
        exists = mask(rng, b, 1, n, hole_fraction=0.4).view(b, n) > 0
        exists[:, p] = False
        exists[:, p - 1] = True
        yield randn(rng, b, n, d) * rand(rng, b, n, 1, low=0.5, high=2.0), exists, p, scale


def normals(rng):
    """Means and deviations of two distributions."""
    for shape in ((2, 3, 4, 5), (3, 2, 1, 4), (1, 4, 2, 2)):
        sigmas = (rand(rng, *shape, low=0.3, high=2.0) for _ in range(2))
        yield randn(rng, *shape), next(sigmas), randn(rng, *shape), next(sigmas)


def _four(answer):
    """Return four whole numbers, None for anything else."""
    numbers = tuple(answer) if isinstance(answer, tuple | list) else ()
    return numbers if len(numbers) == 4 and all(isinstance(x, int) for x in numbers) else None


def _count(answer, layer):
    """Return the number for one of the four layers, counted from 0; -1 if there is none."""
    numbers = _four(answer)
    return numbers[layer] if numbers else -1


EXERCISES = [
    Exercise(
        number="11.1",
        title="how many outputs notice what stands in the hole",
        mistakes={
            "Four whole numbers in a tuple, one for each layer.": Each(
                (36, 0, 36), when=lambda answer: _four(answer) is None
            ),
            "A partial layer multiplies by the mask first: whatever stands in the hole, it reads 0.": Each(
                (36, 36, 36, 36), when=lambda answer: _count(answer, 1) > 0
            ),
            "Standard convolution: outputs beside the hole have windows that reach into it. Count them, too.": Each(
                (16, 0, 36, 36), when=lambda answer: 0 <= _count(answer, 0) < 36
            ),
            "Outputs far from the hole have no window that reaches it: 3×3 windows reach one place far.": Each(
                (64, 0, 64, 64), when=lambda answer: max(_four(answer) or (0,)) > 36
            ),
            "A gate of 0.02 is small, but it is not 0, and outside the hole gates are open: every window that reaches "
            "the hole notices.": Each((36, 0, 0, 36), when=lambda answer: 0 <= _count(answer, 2) < 36),
            "Region-wise by location: the output decides which filters apply, and its window is not cut. Outputs on "
            "both sides of the border have windows that reach into the hole.": Each(
                (36, 0, 36, 16), when=lambda answer: 0 <= _count(answer, 3) < 36
            ),
        },
        hints=(
            "Which 3×3 windows of an 8×8 map hold at least one place of the 4×4 hole in its middle?",
            "They are the hole and the ring around it, 6×6 outputs. Which layer sets the hole to 0 before it looks?",
        ),
    ),
    Exercise(
        number="11.2",
        title="the mask after a partial convolution",
        cases=masks_of_channels,
        mistakes={
            "Too strict: one existing value in the window is enough.": Each(
                "count > 0.5 -> count > window.numel() - 0.5", "count > 0.5 -> count > k * k - 0.5"
            ),
            "Those are numbers of existing values; a mask is 1 where there is at least one, and 0 elsewhere.": (
                "(count > 0.5).to(M.dtype) -> count"
            ),
            "The other way round: M is 1 where values exist, and those are counted.": "conv2d(M, -> conv2d(1 - M,",
            "Outputs lie `stride` apart: there are fewer of them.": "stride=stride, ->",
            "Each channel was updated by itself. The window has all channels: one mask comes out.": (
                "return F.max_pool2d(M, k, stride, k // 2)"
            ),
            "The first channel's mask stands for all; each channel has its own.": (
                "conv2d(M, -> conv2d(M[:, :1].expand_as(M),"
            ),
            "That is a share of the window between 0 and 1. A mask says whether it holds anything.": (
                "(count > 0.5).to(M.dtype) -> count / window.numel()"
            ),
            "Without padding the border is lost: k // 2 zeros on each side keep the size.": (
                "padding=k // 2 -> padding=0"
            ),
            "A mask that must exist in every channel is too strict: one value in one channel is enough.": (
                "conv2d(M, -> conv2d(M.amin(1, keepdim=True).expand_as(M),"
            ),
        },
        hints=(
            "Convolve M with ones: that counts the existing values of every window, over all channels.",
            "A filter of ones of shape (1, c, k, k), the stride, the padding k // 2; then compare the count with 0.5.",
        ),
    ),
    Exercise(
        number="11.3",
        title="partial convolution with a mask for each channel",
        cases=maps_and_masks_of_channels,
        mistakes={
            "The sum is not rescaled: multiply by sum(1) / sum(M).": "* whole / count.clamp(min=1) ->",
            "What stands in the hole was read: multiply x by M before the convolution.": "x * M, W -> x, W",
            "sum(1) counts the whole window: k · k places in each of the c channels, as sum(M) does.": (
                "whole = W[0].numel() -> whole = k * k"
            ),
            "The factor is turned round: few existing values must be scaled *up*.": (
                "sums * whole / count.clamp(min=1) -> sums * count / whole"
            ),
            "The bias was rescaled, too: it is added afterwards.": (
                "sums * whole / count.clamp(min=1) + b.view(1, -1, 1, 1) -> "
                "(sums + b.view(1, -1, 1, 1)) * whole / count.clamp(min=1)"
            ),
            "Where the window holds nothing the result is 0, not b.": "return out * (count > 0.5) -> return out",
            "The bias is missing.": "+ b.view(1, -1, 1, 1) ->",
            "That is a mean over the existing values: sum(1) is missing from the factor.": (
                "* whole / count.clamp(min=1) -> / count.clamp(min=1)"
            ),
            "The convolution added a bias before the sum was rescaled.": "x * M, W, stride -> x * M, W, b, stride",
            "One channel's mask was counted for all channels: each has its own.": (
                "conv2d(M, torch.ones_like(W[:1]), -> conv2d(M[:, :1].expand_as(M), torch.ones_like(W[:1]),"
            ),
            "Existing values are counted with ones, not with a filter.": "torch.ones_like(W[:1]) -> W[:1]",
        },
        hints=(
            "Two convolutions with the same stride and padding: of x ⊙ M with W, and of M with ones.",
            "`sums * W[0].numel() / count.clamp(min=1)`, plus the bias, all times `count > 0.5`.",
        ),
    ),
    Exercise(
        number="11.4",
        title="gated convolution",
        cases=maps_and_gates,
        mistakes={
            "Features and gates are exchanged: the first half of the channels are features.": (
                "feature, gating = -> gating, feature ="
            ),
            "A gate lies between 0 and 1: the sigmoid is missing.": "torch.sigmoid(gating) -> gating",
            "φ is missing: the features go through the ELU.": "F.elu(feature) -> feature",
            "φ belongs to the features alone, before they are multiplied by the gate.": (
                "F.elu(feature) * torch.sigmoid(gating) -> F.elu(feature * torch.sigmoid(gating))"
            ),
            "A tanh lies between -1 and 1; a gate is a sigmoid.": "torch.sigmoid(gating) -> torch.tanh(gating)",
            "φ is the ELU, which keeps a part of negative values, not the ReLU.": "F.elu -> F.relu",
            "Channels do not alternate: the first half are features, the second half gates.": (
                "both.chunk(2, dim=1) -> both[:, ::2], both[:, 1::2]"
            ),
            "The gate is turned round: at 1 everything passes.": "* torch.sigmoid(gating) -> * torch.sigmoid(-gating)",
            "The gates have a φ of their own: before the sigmoid there is none.": (
                "torch.sigmoid(gating) -> torch.sigmoid(F.elu(gating))"
            ),
            "A gate multiplies.": "F.elu(feature) * torch -> F.elu(feature) + torch",
        },
        hints=(
            "One convolution gives 2 o channels; cut them into two halves along dim=1.",
            "`F.elu(first half) * torch.sigmoid(second half)`.",
        ),
    ),
    Exercise(
        number="11.5",
        title="contextual attention of one patch",
        cases=patches_to_attend,
        mistakes={
            "Missing patches take part: the patch finds itself, the guess that should be improved.": (
                ".masked_fill(~exists, -torch.inf) ->"
            ),
            "The other way round: those that exist were left out.": "~exists -> exists",
            "A logit of 0 is a weight of e⁰ = 1, not of 0: missing patches still share in the mean.": (
                "-torch.inf -> 0.0"
            ),
            "Weights of missing patches were set to 0 after the softmax, so the others no longer add up to 1.": (
                "logits = (scale * cosine).masked_fill(~exists, -torch.inf) -> logits = scale * cosine",
                "a = logits.softmax(dim=1) -> a = logits.softmax(dim=1) * exists",
            ),
            "The scale λ is missing: it says how strongly the best patches are preferred.": "scale * cosine -> cosine",
            "That is the product, not the cosine: bright patches win whatever they show. Divide by both lengths.": (
                "F.normalize(patches, dim=2) -> patches"
            ),
            "Only one of the two patches was divided by its length.": Each(
                "rows * rows[:, p : p + 1] -> rows * patches[:, p : p + 1]",
                "rows * rows[:, p : p + 1] -> patches * rows[:, p : p + 1]",
            ),
            "The mean is taken of the patches themselves; those of length 1 are for comparing only.": (
                "a[:, :, None] * patches -> a[:, :, None] * rows"
            ),
            "The lengths were taken along the patches' numbers: each row is one patch, so dim=2.": (
                "F.normalize(patches, dim=2) -> F.normalize(patches, dim=1)"
            ),
            "That copies the one best patch. The softmax mixes all existing ones.": (
                "logits.softmax(dim=1) -> F.one_hot(logits.argmax(dim=1), logits.shape[1]).to(logits.dtype)"
            ),
            "The weights must add up to 1: exp alone is not a softmax.": "logits.softmax(dim=1) -> logits.exp()",
            "The softmax runs over the patches of one picture, dim=1, not over the batch.": (
                "logits.softmax(dim=1) -> logits.softmax(dim=0).nan_to_num()"
            ),
        },
        hints=(
            "`F.normalize(patches, dim=2)` makes every row as long as 1; cosines are then products with row p, summed.",
            "`(scale * cosine).masked_fill(~exists, -torch.inf).softmax(dim=1)` are the weights of `patches`.",
        ),
    ),
    Exercise(
        number="11.6",
        title="the KL term",
        cases=normals,
        mistakes={
            "The 1/2 is missing: for two equal distributions the result must be 0.": "- 0.5).mean() -> ).mean()",
            "The logarithm is turned round: it is log(σ_p / σ_q).": "sigma_p / sigma_q) -> sigma_q / sigma_p)",
            "q and p are exchanged: KL is not symmetric, and the denominator is the variance of p.": (
                "torch.log(sigma_p / sigma_q) -> torch.log(sigma_q / sigma_p)",
                "sigma_q**2 -> sigma_p**2",
                "(2 * sigma_p**2) -> (2 * sigma_q**2)",
            ),
            "The denominator has the variance, σ_p²: sigma is a deviation.": "(2 * sigma_p**2) -> (2 * sigma_p)",
            "That is the sum over all values; the mean is asked for.": ".mean() -> .sum()",
            "The variance of q is missing from the numerator.": "sigma_q**2 + (mu_q - mu_p) ** 2 -> (mu_q - mu_p) ** 2",
            "The distance of the means is missing from the numerator.": (
                "sigma_q**2 + (mu_q - mu_p) ** 2 -> sigma_q**2"
            ),
            "The denominator is twice the variance of p.": "(2 * sigma_p**2) -> sigma_p**2",
            "It is divided by the variance of p, the prior, not by that of q.": "(2 * sigma_p**2) -> (2 * sigma_q**2)",
            "sigma was taken for a variance: the logarithm is of deviations, so half as large then.": (
                "torch.log(sigma_p / sigma_q) -> 0.5 * torch.log(sigma_p / sigma_q)",
                "sigma_q**2 + -> sigma_q +",
                "(2 * sigma_p**2) -> (2 * sigma_p)",
            ),
            "The means differ: take their difference, squared.": Each(
                "(mu_q - mu_p) ** 2 -> (mu_q + mu_p) ** 2", "(mu_q - mu_p) ** 2 -> (mu_q - mu_p).abs()"
            ),
        },
        hints=(
            "Three terms: a logarithm of deviations, a quotient, and −1/2. Average at the end.",
            "`(sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2)` is the quotient.",
        ),
    ),
    Exercise(
        number="11.7",
        title="which method leaves which trace",
        mistakes={
            "Four letters from a to e, one for each method, in one text.": Each(
                "dca", when=lambda answer: four_letters(answer) is None
            ),
            "PConv leaves nothing empty in the end: its mask grows until no window is empty (section 2).": Each(
                "ecab", when=lambda answer: letter(answer, 0) == "e"
            ),
            "PConv draws no lines, copies no patches and rolls no dice. Whose guesses count as existing after a "
            "layer?": Each("abcd", when=lambda answer: letter(answer, 0) in ("a", "b", "c")),
            "CA mixes existing patches: what can such a mean never contain?": Each(
                "dacb", when=lambda answer: letter(answer, 1) in ("a", "b", "d", "e")
            ),
            "EC has two networks, and the second one obeys the first.": Each(
                "dcba", when=lambda answer: letter(answer, 2) in ("b", "c", "d", "e")
            ),
            "PIC is the only one of the four that draws random numbers when it fills.": Each(
                "dcae", when=lambda answer: letter(answer, 3) in ("a", "c", "d", "e")
            ),
        },
        hints=(
            "Three of the letters name the mechanism: a code, lines, a mean of what exists.",
            "One letter is nobody's: which window of which network holds nothing at the end?",
        ),
    ),
]
