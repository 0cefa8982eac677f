"""Exercises of notebook 05: the style loss and the global perceiving network."""

import torch
from torch import Tensor

from rwlib.course.checking.cases import image, mask, rand, randn
from rwlib.course.checking.describe import short
from rwlib.course.checking.exercise import Each, Exercise


def feature_maps(rng):
    """Not square, one image and several; c, h, w and b all differ."""
    for b, c, h, w in ((2, 5, 3, 7), (1, 3, 4, 5), (4, 2, 6, 3)):
        yield (randn(rng, b, c, h, w).requires_grad_(),)


def two_sets_of_pools(rng):
    """Three pools each: channels grow, sides shrink, as in VGG; never square."""
    for b, h, w in ((3, 12, 8), (1, 8, 12), (2, 16, 8)):
        shapes = [(b, 2 + p, h >> p, w >> p) for p in range(3)]
        phis_c2 = [randn(rng, *shape).requires_grad_() for shape in shapes]
        yield phis_c2, [randn(rng, *shape) for shape in shapes]


def pools_of_different_strength(rng):
    """Positive features as after a ReLU, each pool on a scale of its own."""
    for b, h, w, scales in ((3, 12, 8, (30.0, 4.0, 9.0)), (1, 8, 12, (1.0, 5.0, 2.0)), (2, 16, 8, (0.5, 0.1, 0.7))):
        yield ([scale * rand(rng, b, 2 + p, h >> p, w >> p) for p, scale in enumerate(scales)],)


class Network:
    """A stand-in for a network: cheap, not linear, and every argument matters everywhere."""

    def __init__(self, name: str, factor: float, shift: int) -> None:
        self.name, self.factor, self.shift = name, factor, shift

    def __call__(self, I: Tensor, M: Tensor) -> Tensor:
        """Predict (b, 3, h, w) from image and mask."""
        return torch.tanh(self.factor * I + I.roll(self.shift, 3) + 0.3 * M - 0.1 * I.mean((1, 2, 3), keepdim=True))

    def __repr__(self) -> str:
        return self.name


def two_networks_and_a_hole(rng):
    """Two different networks, so that their order matters; not square; one image and several."""
    for b, h, w in ((3, 5, 4), (1, 6, 9), (2, 7, 8)):
        I_gt = image(rng, b, h, w).requires_grad_()
        yield Network("first network", 0.7, 1), Network("second network", -0.4, 2), I_gt, mask(rng, b, h, w)


def same_table(got, expected) -> str | None:
    """Compare dicts of names; sets, lists and single names are all welcome."""
    if not isinstance(got, dict):
        return f"Expected a dict with the keys {list(expected)}, got {type(got).__name__}."
    if set(got) != set(expected):
        return f"Expected the keys {list(expected)}, got {list(got)}."
    for key, names in expected.items():
        entry = got[key]
        if entry is None or entry is Ellipsis:
            return f"{key}: still to be filled in."
        if not isinstance(entry, str | set | frozenset | tuple | list):
            return f"{key}: expected a set of names, got {type(entry).__name__}."
        entry = {entry} - {""} if isinstance(entry, str) else set(entry)
        if entry != set(names):
            return f"{key}: not {short(entry)}. The other lines may be right."
    return None


EXERCISES = [
    Exercise(
        number="5.1",
        title="the Gram matrix over channels",
        cases=feature_maps,
        mistakes={
            "That is notebook 04's matrix over positions, n × n. Here the channels meet: c × c, the sum runs over "
            "positions.": "x @ x.transpose(1, 2) -> x.transpose(1, 2) @ x",
            "The normalisation is missing: divide by c · h · w, or a larger image has a larger style.": (
                " / (c * h * w) ->"
            ),
            "Divided by h · w alone: pools with more channels would count more. δ_p is 1 / (c · h · w).": (
                "c * h * w -> h * w"
            ),
            "Divided by c alone: the entries still grow with the number of positions. δ_p is 1 / (c · h · w).": (
                "c * h * w -> c"
            ),
            "The batch's images are mixed into one matrix; each image has its own style: (b, c, c).": (
                "x @ x.transpose(1, 2) -> (x @ x.transpose(1, 2)).sum(0)"
            ),
            "Each channel's mean is subtracted: that is a covariance. The Gram matrix keeps the means.": (
                "phi.flatten(2) -> (phi - phi.mean((2, 3), keepdim=True)).flatten(2)"
            ),
            "Channels are scaled to length one: those are cosines, and how strong a channel fires is lost.": (
                "phi.flatten(2) -> F.normalize(phi.flatten(2), dim=2)",
                " / (c * h * w) ->",
            ),
            "`reshape(b, h * w, c)` does not move the channel axis, it cuts the numbers anew. Flatten h and w: "
            "`flatten(2)`.": "phi.flatten(2) -> phi.reshape(b, h * w, c).transpose(1, 2)",
            "The channels' vectors at each position are brought to length one: how strong a place fires is lost. "
            "Divide "
            "by c · h · w alone.": "phi.flatten(2) -> F.normalize(phi.flatten(2), dim=1)",
            "Entries have a sign: no absolute value.": "x @ x.transpose(1, 2) -> (x @ x.transpose(1, 2)).abs()",
            "The batch does not belong into the divisor: c · h · w.": "c * h * w -> b * c * h * w",
            "Divided by c², as σ does in eq. (4); δ_p is 1 / (c · h · w).": "(c * h * w) -> (c**2)",
        },
        hints=(
            "Make phi a matrix for each image: `phi.flatten(2)` is (b, c, n) with n = h · w.",
            "`x @ x.transpose(1, 2)` sums over positions and leaves c × c. Then divide by c · h · w.",
        ),
    ),
    Exercise(
        number="5.2",
        title="one entry, and the diagonal's sum",
        mistakes={
            "Those are the sums before the division by c · h · w = 160.": (80, 640),
            "That divides by h · w = 20 alone, not by c · h · w = 160.": (4, 32),
            "That divides by c = 8 alone, not by c · h · w = 160.": (10, 80),
            "The entry is right. The diagonal has c = 8 of them.": (0.5, 0.5),
            "The entry is right. 32 is the sum of all c² = 64 entries; the diagonal has 8.": (0.5, 32),
            "The entry is right. The diagonal has c = 8 entries, not h · w = 20.": (0.5, 10),
            "An entry is a sum of *products* 2 · 2 = 4, not of twos.": Each(
                (0.25, 2), (0.25, 0.25), when=lambda a: a[0] == 0.25
            ),
            "The entry is right. The diagonal has c = 8 of them, and they are added up.": Each(
                (0.5, 8), when=lambda a: len(a) == 2 and a[0] == 0.5
            ),
            "The entry first, then the sum of the diagonal.": (4, 0.5),
            "All c · h · w = 160 are divided by, and one entry is a sum over 20 positions.": Each(
                (0.0125, 0.1), when=lambda a: len(a) == 2
            ),
        },
        hints=(
            "An entry is a sum of 20 products 2 · 2, divided by c · h · w.",
            "The diagonal's sum is the mean of all squared features. What is the mean of 4, 4, 4, ...?",
        ),
    ),
    Exercise(
        number="5.3",
        title="which loss notices what",
        compare=same_table,
        mistakes={
            "Exactly the other way round. Over what does each matrix sum? To that it is blind.": {
                "positions shuffled": {"L_s"},
                "channels rotated": {"L_c"},
            },
            "Each is blind to one of the two: a sum does not know the order of its terms.": {
                "positions shuffled": {"L_c", "L_s"},
                "channels rotated": {"L_c", "L_s"},
            },
            "Something is noticed: shuffling the positions moves the rows and columns of the n × n matrix, rotating "
            "the channels changes the c × c one.": {"positions shuffled": set(), "channels rotated": set()},
            "Right for the positions. Rotating is Q phi with QᵀQ = 1: the n × n matrix phiᵀQᵀQ phi stays, but "
            "Q phi phiᵀQᵀ is another one.": {"positions shuffled": {"L_c"}, "channels rotated": {"L_c"}},
        },
        hints=(
            "L_s compares phi phiᵀ: its sum runs over positions. L_c compares phiᵀ phi: its sum runs over channels.",
            "Write phi P for shuffled positions (P Pᵀ = 1) and Q phi for rotated channels (QᵀQ = 1), and multiply out.",
        ),
    ),
    Exercise(
        number="5.4",
        title="the style loss",
        cases=two_sets_of_pools,
        mistakes={
            "Only pool 2 is compared: that is the correlation loss's pool. L_s adds up pools 1, 2 and 3.": (
                "zip(phis_c2, phis_gt, strict=True) -> [(phis_c2[1], phis_gt[1])]"
            ),
            "Only the last pool is compared: is the `return` inside the loop, or the sum overwritten?": (
                "total + (gram -> (gram"
            ),
            "The pools are averaged; the sum over p in eq. (5) has no 1/3.": (
                "return total -> return total / len(phis_gt)"
            ),
            "The differences are squared. ‖·‖₁ adds up absolute values.": ".abs() -> .square()",
            "That is the Euclidean norm ‖·‖₂, with a root. ‖·‖₁ adds up absolute values.": (
                ".abs().sum((1, 2)) -> .norm(dim=(1, 2))"
            ),
            "The c² entries are averaged. ‖·‖₁ is their sum; with a mean λ_2 would have to be larger.": (
                ".sum((1, 2)) -> .mean((1, 2))"
            ),
            "Summed over the images of a batch. Average over them, or the loss grows with the batch.": (
                ".sum((1, 2)).mean() -> .sum()"
            ),
            "δ_p is missing: divide each Gram matrix by c · h · w, as `gram` does.": (
                ".mean() -> .mean() * phi_gt[0].numel()"
            ),
            "δ_p stands there twice: `gram` has already divided by c · h · w.": (
                ".mean() -> .mean() / phi_gt[0].numel()"
            ),
            "The features are compared position by position: a perceptual loss. L_s compares their Gram matrices.": (
                "(gram(phi_c2) - gram(phi_gt)).abs().sum((1, 2)).mean() -> (phi_c2 - phi_gt).abs().mean()"
            ),
            "Without the absolute value, differences of opposite sign cancel.": ".abs() ->",
            "The Gram matrix of the difference: build both Gram matrices first, then subtract. They are not linear.": (
                "gram(phi_c2) - gram(phi_gt) -> gram(phi_c2 - phi_gt)"
            ),
            "The `return` stands inside the loop: pool 1 alone is compared.": (
                "total = total + (gram -> return total + (gram"
            ),
            "The absolute value comes after the sum: by then differences of opposite sign have cancelled.": (
                ".abs().sum((1, 2)) -> .sum((1, 2)).abs()"
            ),
            "The last pool is left out: L_s adds up pools 1, 2 and 3.": (
                "zip(phis_c2, phis_gt, strict=True) -> zip(phis_c2[:2], phis_gt[:2], strict=True)"
            ),
        },
        hints=(
            "One term for each pool: the absolute differences of two Gram matrices, summed over the last two axes.",
            "`(gram(phi_c2) - gram(phi_gt)).abs().sum((1, 2)).mean()` for one pool; `zip` the lists, add up.",
        ),
    ),
    Exercise(
        number="5.5",
        title="let every pool count equally",
        cases=pools_of_different_strength,
        mistakes={
            "The strong pool gets the large weight, and counts even more. Take the reciprocal.": (
                "1 / diagonal_sums -> diagonal_sums"
            ),
            "The ratios are right, but the weights should have the mean 1, so that λ_2 keeps its meaning.": (
                "weights / weights.mean() -> weights"
            ),
            "The weights have the sum 1. With the mean 1, the weights of equally strong pools are all 1.": (
                "weights.mean() -> weights.sum()"
            ),
            "A Gram matrix is quadratic in the features: no root of the mean square.": (
                "1 / diagonal_sums -> diagonal_sums**-0.5"
            ),
            "The mean of the features is not the diagonal's sum; that is the mean of their squares.": (
                "phi.square().mean() -> phi.mean()"
            ),
            "That sums the squares. δ_p has already divided by c · h · w: take the mean.": (
                "phi.square().mean() -> phi.square().sum()"
            ),
            "Those are the sums of all c² entries, not of the diagonal.": (
                "phi.square().mean() -> gram(phi).sum((1, 2)).mean()"
            ),
            "That is the variance, which leaves out the mean. The diagonal keeps it: the mean of the squares.": (
                "phi.square().mean() -> phi.var()"
            ),
            "The ratios are right; the *mean* of the weights should be 1, not the first or the largest of them.": Each(
                "weights.mean() -> weights[0]", "weights.mean() -> weights.max()", "weights.mean() -> weights.norm()"
            ),
        },
        hints=(
            "The diagonal's sum of a normalised Gram matrix is `phi.square().mean()`: exercise 5.2.",
            "Take one over it for each pool, stack the three, and divide by their mean.",
        ),
    ),
    Exercise(
        number="5.6",
        title="what the middle of the hole is told",
        mistakes={
            "The second is right. In the first network x4 is a skip connection, and it ends at the border of the "
            "hole.": (256, 256),
            "The first is right. The second network has one filter for both regions: x4 arrives everywhere.": (
                128,
                128,
            ),
            "Exchanged: the region-wise decoder is the first network's.": (256, 128),
            "384 channels go in: existing [x12 ‖ x4] and missing x12. In the middle of the hole the first 256 are "
            "zero.": (384, 256),
            "4c with c = 32 is 128 for x12 alone, and x4 has as many.": (32, 64),
            "At c = 32 there are 4c = 128 channels of x12 and as many of x4: multiples of 128.": Each(
                (96, 128), when=lambda a: any(value % 128 for value in a)
            ),
            "The first: where the hole is, the first network's existing-region channels are zero, and x12 alone is "
            "left, "
            "128.": Each((384, 384), when=lambda a: len(a) == 2 and a[0] != 128),
            "The second network does not separate regions: x12 and x4 both arrive, 256.": Each(
                (128, 384), when=lambda a: len(a) == 2 and a[0] == 128
            ),
        },
        hints=(
            "x12 and x4 have 4c = 128 channels each. Which of them reaches the hole?",
            "First network, missing region: x12 alone. Second network: [x12 ‖ x4] in both regions.",
        ),
    ),
    Exercise(
        number="5.7",
        title="two networks, two composites",
        cases=two_networks_and_a_hole,
        mistakes={
            "The second network is fed with I_p1. It should see I_c1: the true pixels where they exist.": (
                "second(I_c1, M) -> second(first(I_in, M), M)"
            ),
            "The second network is fed with I_in, as if there were no first one. It refines I_c1.": (
                "second(I_c1 -> second(I_in"
            ),
            "The first network is fed with I_gt: it sees what is missing. Erase the hole first, I_in = I_gt · M.": (
                "first(I_in -> first(I_gt"
            ),
            "The mask is the other way round: 1 exists. The predictions belong into the hole.": (
                "I_in, first(I_in, M), M -> first(I_in, M), I_in, M",
                "I_in, second(I_c1, M), M -> second(I_c1, M), I_in, M",
            ),
            "I_c2 has an empty hole: I_p2 · (1 − M) is missing.": "compose(I_in, second(I_c1, M), M) -> I_in",
            "I_c2 is I_c1 again: the second network's prediction is not used.": (
                "return I_c1, I_c2 -> return I_c1, I_c1"
            ),
            "Those are the predictions I_p1, I_p2. A composite takes the existing pixels from the input.": (
                "return I_c1, I_c2 -> return first(I_in, M), second(I_c1, M)"
            ),
            "I_c1 is right. I_c2 is still the prediction I_p2: it, too, needs the existing pixels from the input.": (
                "compose(I_in, second(I_c1, M), M) -> second(I_c1, M)"
            ),
            "The networks are exchanged: `first` infers, `second` refines.": (
                "first(I_in -> second(I_in",
                "second(I_c1 -> first(I_c1",
            ),
            "I_c2 comes first: return (I_c1, I_c2).": "return I_c1, I_c2 -> return I_c2, I_c1",
            "The second prediction is added on top of the first one's filling: a composite takes the existing "
            "pixels from "
            "I_in, where the hole is empty.": Each(
                "compose(I_in, second(I_c1, M), M) -> I_c1 + second(I_c1, M) * (1 - M)"
            ),
            "The second network gets a mask of ones: it still needs to know where the hole is, M.": (
                "second(I_c1, M) -> second(I_c1, torch.ones_like(M))"
            ),
            "The existing pixels are erased in place of the hole: I_in = I_gt · M.": "I_gt * M -> I_gt * (1 - M)",
        },
        hints=(
            "Four steps: I_in, I_p1 = first(I_in, M), I_c1, I_p2 = second(I_c1, M); then I_c2.",
            "`compose(I_in, I_p, M)` makes both composites; only I_p differs.",
        ),
    ),
    Exercise(
        number="5.8",
        title="which loss sees what",
        compare=same_table,
        mistakes={
            "L_c and L_s are exchanged: correlations for the semantic inferring network, style for the global "
            "perceiving one.": '"L_c": {"I_c1"}, "L_s": {"I_c2"} -> "L_c": {"I_c2"}, "L_s": {"I_c1"}',
            "L_s looks at the composite alone: “different from PConv”, which compares the prediction too.": (
                '"L_s": {"I_c2"} -> "L_s": {"I_c2", "I_p2"}'
            ),
            "L_c and L_s on the same image: that is Fig. 4(d), which the paper found worse.": (
                '"L_c": {"I_c1"} -> "L_c": {"I_c2"}'
            ),
            "L_c and L_s compare composites, eqs. (4) and (5). Algorithm 1 says predictions, but not the equations.": (
                '"L_c": {"I_c1"}, "L_s": {"I_c2"} -> "L_c": {"I_p1"}, "L_s": {"I_p2"}'
            ),
            "L_r compares predictions, existing pixels included. In composites those are right by construction.": (
                '"L_r": {"I_p1", "I_p2"} -> "L_r": {"I_c1", "I_c2"}'
            ),
            "L_r trains both networks: it compares both predictions.": '"L_r": {"I_p1", "I_p2"} -> "L_r": {"I_p2"}',
            "L_a judges the output of both networks.": '"L_a": {"I_p1", "I_p2"} -> "L_a": {"I_p2"}',
        },
        hints=(
            "Two losses get one composite each, two losses get both predictions.",
            "L_c belongs to the first network, L_s to the second; L_r and L_a to both.",
        ),
    ),
]
