"""Exercises of notebook 09."""

from dataclasses import replace

import torch

from rwlib.ablations import ABLATIONS
from rwlib.config import make_config
from rwlib.course.checking.cases import rand, randn
from rwlib.course.checking.compare import kind
from rwlib.course.checking.describe import short
from rwlib.course.checking.exercise import Each, Exercise


def pairs_of_configs(rng):
    """Nothing, one thing, several, a pair of numbers, and every variant."""
    full = make_config("balanced", "tiny")
    yield full, full
    yield full, replace(full, lambda_1=0.0)
    yield (
        replace(full, lambda_1=float("0.125"), epochs=tuple([5, 2])),
        replace(full, lambda_1=float("0.125"), epochs=tuple([5, 2])),
    )
    yield replace(full, seed=3), full
    yield full, replace(full, width=8, epochs=(3, 1), region_wise="none")
    yield make_config("paper", "full"), make_config("release", "small")
    for variant in ABLATIONS.values():
        yield full, variant.apply(full)


def same_list(got, expected):
    """Compare lists of names, and say which are missing or too many."""
    if not isinstance(got, list | tuple) or not all(isinstance(name, str) for name in got):
        what = "Expected a list of the fields' names (not their values), in alphabetical order"
        return f"{what}; got {kind(got)}, `{short(got)}`."
    if list(got) == expected:
        return None
    missing, extra = sorted(set(expected) - set(got)), sorted(set(got) - set(expected))
    words = [f"{', '.join(missing)} missing"] * bool(missing) + [f"{', '.join(extra)} too many"] * bool(extra)
    return f"Compared with what differs: {'; '.join(words) or 'the order is another one, sort it'}."


def differences(rng):
    """Differences of two methods on a few pictures, and how many are looked at."""
    for n, k in ((5, 2), (4, 1), (6, 4), (7, 7), (12, 3)):
        yield 0.3 + randn(rng, n), k


def two_columns(rng):
    """PSNR of two methods on the same photographs, and a difference that shall be seen."""
    for n, wanted in ((8, 0.2), (12, 0.5), (30, 0.1), (60, 0.05)):
        photo = 20 + 3 * randn(rng, n)
        yield photo + 0.4 + 0.5 * randn(rng, n), photo + 0.5 * randn(rng, n), wanted


def trainings(rng):
    """Trainings down, photographs across; photographs differ more than trainings do."""
    for seeds, photos in ((3, 6), (4, 9), (5, 20)):
        yield (20 + 3 * randn(rng, 1, photos) + 0.5 * randn(rng, seeds, 1) + 0.3 * randn(rng, seeds, photos),)


def variances(rng):
    """Three variances and how many trainings and photographs there were."""
    for S, P in ((3, 60), (1, 60), (3, 600), (10, 7)):
        a, b, e = rand(rng, 3, low=0.01, high=2.0).tolist()
        yield a, b, e, S, P


def p_values(rng):
    """A few p-values in no order: some clear, some between the two corrections, some not."""
    yield (torch.tensor([0.04, 0.001, 0.03], dtype=torch.float64),)
    yield (torch.tensor([0.012, 0.20, 0.016, 0.02, 0.6], dtype=torch.float64),)  # Holm stops at the second
    yield (torch.tensor([0.0249, 0.01], dtype=torch.float64),)
    yield (torch.tensor([0.3, 0.015, 0.02], dtype=torch.float64),)
    yield (torch.tensor([0.9, 0.5], dtype=torch.float64),)
    yield (torch.tensor([0.4, 0.0125, 0.3, 0.5], dtype=torch.float64),)  # 0.05 / 4, which is at most 0.05 / 4
    for n in (6, 9):
        yield (rand(rng, n, high=1.0) ** 4,)


EXERCISES = [
    Exercise(
        number="9.1",
        title="panels that are not described",
        mistakes={
            "One of the two. The caption of (d) says that L_c and L_s are at the same networks; but at which one? Now "
            "look at (e): was that network trained for this panel, or taken out of the full model?": "d",
            "One of the two. (e) may be a training of its own, or the first half of the full model. Now look at (d): "
            "which of the two networks do both losses see?": "e",
            "(b) is described: standard in place of region-wise convolutions. (How many channels they have is not "
            "said.) Look for a panel for which you could not say what was *trained*.": "b",
            "(f) is named after another paper, RED, where the training is described: all but the discriminator.": "f",
            "The right two, in the wrong order: as in the figure.": "ed",
            "(f) is named after another paper, RED, where its training is described; (b) changes the convolutions "
            "alone, "
            "(c) leaves out a loss. Look for the two of which you could not say what was *trained*.": Each(
                "bc", "bf", when=lambda answer: len(answer) == 2 and not set(answer) & set("de")
            ),
            "(d) is one. The other is a panel whose picture may come from a training of its own or be taken out of the "
            "full model.": Each("df", when=lambda answer: len(answer) == 2 and "d" in answer),
            "(e) is one. The other is a panel of which two losses are named, and not at which network they are.": Each(
                "ef", when=lambda answer: len(answer) == 2 and "e" in answer
            ),
            "Two letters, in order, without anything between them.": Each(
                "bcdef", when=lambda answer: len(answer) != 2
            ),
        },
        hints=(
            "For which panels would two honest people train different things?",
            "Both stand beside each other. One is about losses, one about a network.",
        ),
    ),
    Exercise(
        number="9.2",
        title="one change at a time",
        cases=pairs_of_configs,
        compare=same_list,
        mistakes={
            "Only numbers are compared: a variant may also differ in a word, such as `region_wise`.": (
                "if getattr(a -> if isinstance(getattr(a, field.name), int | float) and getattr(a"
            ),
            "Only the weights λ are compared. Anything that differs may be the cause, the seed too.": (
                'if getattr(a -> if field.name.startswith("lambda") and getattr(a'
            ),
            "Those are the fields that *agree*.": "!= -> ==",
            "The seed is left out. Two runs with different seeds differ in their weights, photographs and holes; a "
            "difference between them may be nothing else.": 'if getattr(a -> if field.name != "seed" and getattr(a',
            "`is not` asks whether two values are one and the same object; two equal numbers need not be. Compare with "
            "`!=`.": "!= getattr -> is not getattr",
            "The names must be in alphabetical order: `sorted`.": Each(
                "return [field.name for field in fields(Config) if getattr(a, field.name) != getattr(b, field.name)]",
                "return sorted(\n    (field.name for field in fields(Config) if getattr(a, field.name) != "
                "getattr(b, field.name)),\n    reverse=True,\n)",
            ),
            "Compared with the default configuration: compare a with b.": "!= getattr(b, -> != getattr(Config(),",
        },
        hints=(
            "`dataclasses.asdict(config)` turns a configuration into a dictionary: name → value.",
            "Go through the names, keep those whose values differ, and sort them.",
        ),
    ),
    Exercise(
        number="9.3",
        title="the best of k pictures",
        cases=differences,
        tolerance=1e-6,
        mistakes={
            "That is the largest of *all* values, whatever k. Only k of them are looked at.": (
                "return float(values.max())"
            ),
            "That is the mean: what one honest picture shows. Whoever chooses shows the largest of k.": (
                "return float(values.mean())"
            ),
            "The same picture is drawn twice here; k *different* ones are looked at.": (
                "math.comb(i, k - 1) -> ((i + 1) ** k - i**k)",
                "math.comb(n, k) -> n**k",
            ),
            "That is the *smallest* of k: the choice of somebody who dislikes the method.": (
                "sort() -> sort(descending=True)"
            ),
            "Those are the first k pictures alone. The mean is over all choices of k.": (
                "return float(values[:k].max())"
            ),
            "That is the mean of the k largest. Only one picture is shown: the largest of k that were drawn.": (
                "return float(values.sort(descending=True).values[:k].mean())"
            ),
            "Of the i smaller ones, k − 1 are chosen to go with it: C(i, k − 1), not C(i, k).": (
                "math.comb(i, k - 1) -> math.comb(i, k)"
            ),
            "The values must be sorted first: the count i of smaller ones is the place in the sorted list.": (
                "values.sort().values -> values"
            ),
            "k different pictures: there are C(n, k) choices to divide by, not nᵏ.": "math.comb(n, k) -> n**k",
            "That is a sum over all choices; divide by their number, C(n, k).": " / math.comb(n, k) ->",
            "Draws at random give another number each time: the average over *all* choices is exact.": """
                draws = [values[torch.randperm(len(values))[:k]].max() for _ in range(200)]
                return float(torch.stack(draws).mean())
            """,
        },
        hints=(
            "`itertools.combinations(values.tolist(), k)` goes through all choices; few enough here.",
            "The largest of each choice, and the mean of those.",
            "Without going through all: the i-th smallest (from 0) is the largest of C(i, k − 1) of C(n, k) choices.",
        ),
    ),
    Exercise(
        number="9.4",
        title="how many photographs",
        cases=two_columns,
        mistakes={
            "That is for two groups of *different* photographs. Here both methods fill the same ones: what makes a "
            "photograph hard drops out of a − b.": "float((a - b).std()) -> math.sqrt(a.var() + b.var())",
            "Half-widths shrink with the *root* of n, so n grows with the square.": " ** 2 ->",
            "Without 1.96 the interval is one of 68 %.": "1.96 * ->",
            "The smallest whole number that is enough: round up.": "ceil -> floor",
            "The spread of `a` alone says how different photographs are, not how different the methods are on one.": (
                "(a - b).std() -> a.std()"
            ),
            "The square goes around the whole fraction, 1.96 s / half-width.": Each(
                "(1.96 * s / half_width) ** 2 -> 1.96 * s / half_width**2",
                "(1.96 * s / half_width) ** 2 -> 1.96 * (s / half_width) ** 2",
            ),
            "The variance in the place of the standard deviation: s is its root.": "(a - b).std() -> (a - b).var()",
            "`half_width` is half of the interval already: no factor 2.": (
                "1.96 * s / half_width -> 2 * 1.96 * s / half_width"
            ),
            "The fraction is upside down: a narrower interval needs *more* photographs.": (
                "(1.96 * s / half_width) ** 2 -> (half_width / (1.96 * s)) ** 2"
            ),
            "A whole number of photographs is asked for, rounded up.": (
                "return math.ceil((1.96 * s / half_width) ** 2) -> return (1.96 * s / half_width) ** 2"
            ),
        },
        hints=(
            "The half-width with n photographs is 1.96 s / √n. Solve for n.",
            "s is the standard deviation of the column a − b; `math.ceil` rounds up.",
        ),
    ),
    Exercise(
        number="9.5",
        title="an interval over trainings",
        cases=trainings,
        mistakes={
            "All values in one heap: the photographs of one training share its luck, so they are not so many "
            "trainings.": "values.mean(1) -> values.flatten()",
            "Averaged over the trainings first: that is the interval for other *photographs*, with these very "
            "trainings.": "mean(1) -> mean(0)",
            "One training alone: its interval cannot know how another would have turned out.": (
                "values.mean(1) -> values[0]"
            ),
            "1.96 is for many values. Of three trainings the spread is hardly known: Student's t is 4.30 with two "
            "degrees of freedom.": (
                "return float(values.mean()), float(1.96 * values.mean(1).std() / math.sqrt(len(values)))"
            ),
            "One photograph alone says little: average over all of them, training by training.": (
                "values.mean(1) -> values[:, 0]"
            ),
            "That is the spread of the trainings; the half-width of their mean is t times that, over √n.": (
                "return float(values.mean()), float(values.mean(1).std())"
            ),
            "The best photograph of each training is no fair sample: average them.": (
                "values.mean(1) -> values.max(1).values"
            ),
            "That is how much photographs differ within a training; the mean of each training is asked for.": (
                "values.mean(1) -> values.std(1)"
            ),
        },
        hints=(
            "What was drawn at random, if the sentence is to be about the *method*?",
            "One number a training: average over photographs (axis 1). Then `mean_and_interval`.",
        ),
    ),
    Exercise(
        number="9.6",
        title="two sources of chance",
        cases=variances,
        tolerance=1e-9,
        mistakes={
            "That is the variance; the standard error is its root.": "math.sqrt( -> (",
            "Every variance is divided by trainings × photographs, as if each value were drawn anew. The luck of a "
            "training is the same on all its photographs; it averages out over trainings.": (
                "var_training / trainings + var_photo / photos + var_rest -> (var_training + var_photo + var_rest)"
            ),
            "Trainings and photographs are exchanged: the variance between trainings is divided by the number of "
            "trainings.": (
                "/ trainings -> / photos",
                "var_photo / photos -> var_photo / trainings",
            ),
            "The rest was left out: what neither the training nor the photograph explains.": (
                " + var_rest / (trainings * photos) ->"
            ),
            "Standard errors do not add up, variances do: √(x + y) is not √x + √y.": (
                "/ trainings + -> / trainings) + math.sqrt(",
                "/ photos + -> / photos) + math.sqrt(",
            ),
            "The rest is drawn anew for each of S · P values: divide by their product.": Each(
                "var_rest / (trainings * photos) -> var_rest / (trainings + photos)",
                "var_rest / (trainings * photos) -> var_rest / trainings",
                "var_rest / (trainings * photos) -> var_rest / photos",
                "var_rest / (trainings * photos) -> var_rest",
            ),
            "A variance is divided by the number of its independent draws, S, not by S − 1: that correction belongs to "
            "estimating it.": "var_training / trainings -> var_training / max(trainings - 1, 0.5)",
            "The variance of a mean shrinks with the number of draws: divide each by its own.": Each(
                "var_training / trainings -> var_training",
                "var_photo / photos -> var_photo",
                "var_training / trainings + var_photo / photos + var_rest / (trainings * photos) -> "
                "var_training + var_photo + var_rest",
            ),
        },
        hints=(
            "Independent variances add up; a mean of n independent values has an nth of their variance.",
            "There are S values of a, P of b, and S P of the rest.",
        ),
    ),
    Exercise(
        number="9.7",
        title="many comparisons",
        cases=p_values,
        mistakes={
            "Each is compared with 5 % by itself. With 20 true zeros one of them passes on average.": (
                "return p <= 0.05"
            ),
            "That is Bonferroni: all are compared with 5 % / n. It is valid, but Holm's is too and rejects more: after "
            "the smallest only n − 1 are left.": "len(p) - step -> len(p)",
            "Holm *stops* at the first that fails: every larger one fails with it.": "break -> continue",
            "The answer is in the order of sorted p-values; put it back into theirs.": "rejected[i] -> rejected[step]",
            "Inverted: True shall mean that the hypothesis of no difference is rejected.": (
                "return rejected -> return ~rejected"
            ),
            "The smallest p-value comes first: `argsort` in ascending order.": (
                "p.argsort() -> p.argsort(descending=True)"
            ),
            "That is the procedure of Benjamini and Hochberg, or like it: it bounds the share of false discoveries. "
            "Holm's compares with 0.05 / (n − step).": Each("0.05 / (len(p) - step) -> 0.05 * (step + 1) / len(p)"),
            "Off by one: the smallest is compared with 0.05 / n, the next with 0.05 / (n − 1).": (
                "len(p) - step -> len(p) - step + 1"
            ),
        },
        hints=(
            "Begin with the smallest: compare it with 0.05 / n, the next with 0.05 / (n − 1), and stop at a failure.",
            "`p.argsort()` gives the order; write True at those places of a tensor of False.",
        ),
    ),
]
