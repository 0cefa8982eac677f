"""Exercises of notebook 08."""

import math

import torch
from torch import Tensor

from rwlib.conventions import compose
from rwlib.course.checking.cases import image, mask, rand, randn
from rwlib.course.checking.exercise import Each, Exercise


def masks_at_the_edges(rng):
    """Exactly on an edge, one pixel beside it, and batches in which every mask is in another bucket."""
    for h, w, counts in ((10, 10, (10, 51)), (5, 8, (1, 4, 9, 23)), (10, 20, (20, 60, 115, 59)), (7, 9, (31, 37, 6))):
        order = torch.rand(len(counts), h * w, generator=rng).argsort(1)
        M = torch.ones(len(counts), h * w, dtype=torch.float64)
        for i, count in enumerate(counts):
            M[i, order[i, :count]] = 0
        yield (M.view(-1, 1, h, w),)


def pairs_of_images(rng):
    """Noise that the composite gets right up to a small or a large error; every image its own."""
    for b, h, w in ((3, 5, 6), (1, 4, 7), (2, 8, 3)):
        I_gt = image(rng, b, h, w)
        size = rand(rng, b, 1, 1, 1, low=0.01, high=0.4)
        yield (I_gt + size * randn(rng, b, 3, h, w)).clamp(-1, 1), I_gt


def composites(rng):
    """Composites with a hole, every image its own."""
    for h, w, fractions in ((6, 5, (0.2, 0.5)), (4, 7, (0.3,)), (3, 8, (0.1, 0.4, 0.7))):
        b = len(fractions)
        I_gt, M = image(rng, b, h, w), torch.cat([mask(rng, 1, h, w, hole_fraction=fraction) for fraction in fractions])
        yield compose(I_gt, image(rng, b, h, w), M), I_gt, M


def samples(rng):
    """Few numbers and more."""
    for n in (3, 5, 12, 40):
        yield (4 + 2 * randn(rng, n),)


def tables(rng):
    """Photographs down, masks across; photographs differ more than masks do."""
    for photos, masks in ((4, 3), (6, 2), (9, 5)):
        yield (20 + 3 * randn(rng, photos, 1) + randn(rng, photos, masks),)


def two_methods(rng):
    """Two methods on the same photographs."""
    for n in (4, 7, 20):
        photo = 20 + 3 * randn(rng, n)
        yield photo + 0.5 + 0.3 * randn(rng, n), photo + 0.3 * randn(rng, n)


def gaussians(rng):
    """Two Gaussians whose covariances do not commute."""
    for d in (2, 3, 6):
        A, B = randn(rng, d, d), randn(rng, d, d)
        eye = torch.eye(d, dtype=torch.float64)
        yield randn(rng, d), A @ A.T + eye, randn(rng, d), B @ B.T + eye / 2


def number(answer, *case):
    """Call an answer; a number is welcome, a tensor with one entry, and a complex one without imaginary part."""
    value = answer(*case)
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.detach().reshape(()).item()
    if isinstance(value, complex) and abs(value.imag) <= 1e-9 * abs(value):
        value = value.real
    try:
        return float(value) if isinstance(value, float | int) else value
    except OverflowError:  # a whole number beyond any float
        return value


EXERCISES = [
    Exercise(
        number="8.1",
        title="the bucket of a mask",
        cases=masks_at_the_edges,
        mistakes={
            "That is the bucket of what *exists*: `M` is 1 there. Count the zeros.": "== 0 -> == 1",
            "Inside the buckets it is right, on an edge one too high: exactly 10 % belongs to 0–10 %, because the "
            "upper edge belongs to a bucket and the lower one does not.": " - 1 ->",
            "One too high everywhere: the first bucket, 0–10 %, has the number 0.": '"floor") -> "floor") + 1',
            "Rounding puts 16 % into the bucket of 20–30 %: a bucket is an interval, so go up to the next edge, not to "
            "the nearest.": (
                '(10 * missing - 1).div(M[0].numel(), rounding_mode="floor") -> '
                "(10 * missing / M[0].numel()).round().long()"
            ),
            "The masks of a batch share one number here: every mask has its own missing fraction, and one bucket.": (
                "flatten(1).sum(1) -> sum().expand(len(M))",
                "M[0].numel() -> M.numel()",
            ),
            "Divided by the pixels of the whole batch: each mask is a share of its own pixels.": (
                "M[0].numel() -> M.numel()"
            ),
            "A hole of more than half of the picture has a bucket, too: 50–60 % is number 5.": (
                'rounding_mode="floor") -> rounding_mode="floor").clamp(max=4)'
            ),
            "There are ten buckets, of a tenth each: ten times the missing share is counted.": (
                "(10 * missing - 1) -> (missing - 1)"
            ),
        },
        hints=(
            "How many of the ten tenths does the hole need, if a started one counts? Then count from 0.",
            "`(M == 0).flatten(1).sum(1)` counts the missing pixels of each mask, `M[0].numel()` all of one.",
            "With m of p pixels missing it is floor((10 m − 1) / p): whole numbers know no rounding at the edges.",
        ),
    ),
    Exercise(
        number="8.2",
        title="PSNR of two files",
        cases=pairs_of_images,
        mistakes={
            "6.02 dB too low everywhere, that is 10 log10(4): the difference was taken on [-1, 1], whose range is 2, "
            "and the peak as 1.": "255 -> 127.5",
            "The images were not rounded to the 256 values that a file can hold; near 59 dB there is nothing but that "
            "rounding.": "a.round() - b.round() -> a - b",
            "`.to(torch.uint8)` or `floor` cuts the fraction off: a file holds the *nearest* value, so `.round()` "
            "first.": "a.round() - b.round() -> a.floor() - b.floor()",
            "The mean went over the batch before the logarithm: that is one PSNR of the pooled error. Every image has "
            "its own; return (b,).": "log10(l2) -> log10(l2.mean())",
            "Every image gets the PSNR of the whole batch's error: take the mean over an image, then the "
            "logarithm.": "log10(l2) -> log10(l2.mean()).expand(len(I_c))",
            "uint8 knows no negative numbers: 3 − 5 is 254 there. Subtract floating point numbers.": (
                "(a.round() - b.round()) -> (a.round().to(torch.uint8) - b.round().to(torch.uint8)).to(I_c.dtype)"
            ),
            "`torch.log` is the natural logarithm; decibels are 10 times the one to base 10.": "log10 -> log",
            "20 log10 is for the root of the mean square; of the mean square itself take 10 log10.": (
                "-10 * torch.log10 -> -20 * torch.log10"
            ),
            "[−1, 1] becomes [0, 255] by adding 1 first: without it, zero is rounded as a border, and other values "
            "than in "
            "the file.": "(I + 1) * 127.5 -> I * 127.5",
            "[−1, 1] has the range 2: 255 grey levels are (I + 1) · 127.5, not · 255.": (
                "(I + 1) * 127.5 -> (I + 1) * 255"
            ),
            "Differences are on 0 ... 255 there; divide by 255, the peak, or 48.13 dB are lost.": " / 255 ->",
        },
        hints=(
            "Three steps: to 0 ... 255 and round; mean square of the difference for each image; logarithm.",
            "`((I + 1) * 127.5).round()` is what the file holds. The peak is then 255.",
            "−10 log10 of the mean of ((a − b) / 255)², over channels and pixels, not over the batch.",
        ),
    ),
    Exercise(
        number="8.3",
        title="mean absolute difference in the hole",
        cases=composites,
        mistakes={
            "Twice too large: the images are on [-1, 1], the metric is meant on [0, 1].": " / 2 ->",
            "That is Σ|a − b| / Σ(a + b), which some programs call MAE: it punishes the same error harder in a dark "
            "picture than in a bright one.": (
                "3 * (1 - M).flatten(1).sum(1) -> ((I_c + I_gt) / 2 + 1).mul(1 - M).flatten(1).sum(1)"
            ),
            "Divided by all pixels of the image: that is the error over the whole image, and small holes make it "
            "small.": "difference.flatten(1).sum(1) / (3 * (1 - M).flatten(1).sum(1)) -> difference.flatten(1).mean(1)",
            "Three times too large: a missing pixel has three channels, so three values are missing with it.": "3 * ->",
            "One number for the whole batch: large holes then count more than small ones. Divide image by image.": (
                "difference.flatten(1).sum(1) / (3 * (1 - M).flatten(1).sum(1)) -> "
                "(difference.sum() / (3 * (1 - M).sum())).expand(len(M))"
            ),
            "The mask is the other way round: that is the existing region, where a composite is right anyway.": Each(
                " / 2 * (1 - M) -> / 2 * M"
            ),
            "Divided by the missing pixels of the whole batch: each image has a hole of its own.": (
                "(3 * (1 - M).flatten(1).sum(1)) -> (3 * (1 - M).sum())"
            ),
            "Squares; the metric is the mean *absolute* difference.": (
                "(I_c - I_gt).abs() / 2 -> ((I_c - I_gt) / 2).square()"
            ),
            "The absolute value is missing: too bright and too dark cancel.": "(I_c - I_gt).abs() -> (I_c - I_gt)",
            "That is the sum over the hole; divide by the number of its values, three for each missing pixel.": (
                " / (3 * (1 - M).flatten(1).sum(1)) ->"
            ),
        },
        hints=(
            "A sum over the hole, divided by how many values the hole has; for each image.",
            "`.abs() / 2` brings the difference from [-1, 1] to [0, 1].",
            "`((I_c - I_gt).abs() / 2 * (1 - M)).flatten(1).sum(1)`, divided by three times the missing pixels.",
        ),
    ),
    Exercise(
        number="8.4",
        title="half the width of a 95 % interval",
        cases=samples,
        mistakes={
            "That is the spread of the *photographs*, not the uncertainty of their mean: divide the standard "
            "deviation by √n.": " / math.sqrt(n) ->",
            "1.96 is for a known spread or for many values. Yours was estimated from few: Student's t with n − 1 "
            "degrees of freedom; 4.30 for three values.": "stdtrit(n - 1, 0.975) -> 1.96",
            "The standard deviation divides by n − 1, not by n, because the mean comes from the same "
            "values.": "std() -> std(correction=0)",
            "That is made of the variance: its unit is dB², take its root.": "std() -> var()",
            "Variance over n, and no root of it: the standard error is the root of both.": (
                "std() / math.sqrt(n) -> var() / n"
            ),
            "The quantile at 0.95 leaves 5 % above *and* 5 % below: 90 %. For 95 % take 0.975.": "0.975 -> 0.95",
            "n values leave n − 1 degrees of freedom, because the mean is estimated too.": "n - 1 -> n",
            "That is the whole width, from end to end; half of it is asked for.": "return -> return 2 *",
            "Student's t is missing: one standard error to each side holds about two thirds.": (
                "stdtrit(n - 1, 0.975) * ->"
            ),
            "Divided by n, not by √n: the mean of n values scatters by 1 / √n of one.": "math.sqrt(n) -> n",
            "`std()` divides by n − 1 already; the standard error is that over √n.": "math.sqrt(n) -> math.sqrt(n - 1)",
        },
        hints=(
            "The mean of n values is uncertain by their standard deviation over √n; the half-width is t times that.",
            "`stdtrit(n - 1, 0.975)` is Student's quantile; `values.std()` divides by n − 1 already.",
        ),
    ),
    Exercise(
        number="8.5",
        title="several masks on each photograph",
        cases=tables,
        mistakes={
            "All values in one heap: three masks on one photograph are not three photographs. They share what is hard "
            "about it, so the interval comes out too narrow.": "values.mean(1) -> values.flatten()",
            "Averaged over the photographs first: that is the interval for another set of masks on the *same* "
            "photographs.": "mean(1) -> mean(0)",
            "One mask of each photograph was used and the others thrown away: average them.": (
                "values.mean(1) -> values[:, 0]"
            ),
            "The mean of the intervals of each photograph: that measures how masks differ, not photographs.": (
                "return float(values.mean()), sum(mean_and_interval(row)[1] for row in values) / len(values)"
            ),
            "The median of each photograph's masks; asked for is their mean.": (
                "values.mean(1) -> values.median(1).values"
            ),
            "1.96 is for many values: of few, take Student's t, as `mean_and_interval` does.": (
                "return float(values.mean()), float(1.96 * values.mean(1).std() / math.sqrt(len(values)))"
            ),
            "That is the spread of the photographs; the half-width of their mean is t times that, over √n.": (
                "return float(values.mean()), float(values.mean(1).std())"
            ),
            "The best mask of each photograph is no fair sample: average them.": Each(
                "values.mean(1) -> values.max(1).values", "values.mean(1) -> values.amin(1)"
            ),
            "The masks are added up; average them, so that the number stays in dB.": "values.mean(1) -> values.sum(1)",
        },
        hints=(
            "What was drawn at random from the world you speak about: photographs, or rows of a table?",
            "Average over the masks first (axis 1): one number a photograph. Then as in exercise 8.4.",
        ),
    ),
    Exercise(
        number="8.6",
        title="the paired difference",
        cases=two_methods,
        mistakes={
            "That half-width treats the two columns as if each method had been given photographs of its own: "
            "√(h_a² + h_b²). They were the same photographs; subtract first.": (
                "return float((a - b).mean()), math.hypot(mean_and_interval(a)[1], mean_and_interval(b)[1])"
            ),
            "Half-widths must not be added, and not at all here: the photographs are the same, so subtract first and "
            "take one interval.": "return float((a - b).mean()), mean_and_interval(a)[1] + mean_and_interval(b)[1]",
            "The sign is the other way round: positive means that `a` is better.": "a - b -> b - a",
            "The absolute value makes every difference a gain; it can never come out as nothing.": (
                "a - b -> (a - b).abs()"
            ),
            "The difference of the half-widths says which method scatters more, not how sure their difference "
            "is.": "return float((a - b).mean()), abs(mean_and_interval(a)[1] - mean_and_interval(b)[1])",
            "The half-width belongs to one method alone; take that of the differences, a − b.": Each(
                "return float((a - b).mean()), mean_and_interval(a)[1]",
                "return float((a - b).mean()), mean_and_interval(b)[1]",
            ),
            "Both columns in one heap: for each photograph subtract first, then there are n numbers.": (
                "mean_and_interval(a - b) -> mean_and_interval(torch.cat([a, -b]))"
            ),
            "Sorted, a best is compared with a best: keep the pairs, the same photograph in both columns.": (
                "a - b -> a.sort().values - b.sort().values"
            ),
            "A ratio of decibels means nothing: they are logarithms already, so subtract.": Each(
                "a - b -> a / b", "a - b -> a / b - 1"
            ),
            "That is the spread of the differences; the half-width of their mean is t times that, over √n.": (
                "return float((a - b).mean()), float((a - b).std())"
            ),
            "That counts how often `a` wins; asked for is *how much* better it is.": "a - b -> (a > b).double()",
        },
        hints=("For each photograph: how much better is a than b?", "One new column a − b, then as in exercise 8.4."),
    ),
    Exercise(
        number="8.7",
        title="Fréchet distance of two Gaussians",
        cases=gaussians,
        call=number,
        tolerance=1e-6,
        mistakes={
            "`.sqrt()` takes the root of each entry. The root of a *matrix* R satisfies R R = S_1 S_2; its eigenvalues "
            "are the roots.": "roots.sum() -> (S_1 @ S_2).sqrt().trace()",
            "The trace adds up the diagonal alone, not all entries.": """
                values, vectors = torch.linalg.eig(S_1 @ S_2)
                root = (vectors @ values.sqrt().diag() @ vectors.inverse()).real
                return ((mu_1 - mu_2) ** 2).sum() + (S_1 + S_2 - 2 * root).sum()
            """,
            "The distance of the means enters *squared*.": "((mu_1 - mu_2) ** 2).sum() -> (mu_1 - mu_2).norm()",
            "The root of the product is subtracted twice; without the 2 equal Gaussians would not be at distance "
            "0.": "2 * roots -> roots",
            "The product of the roots is the root of the product only if the covariances commute; in general they do "
            "not.": """
                root_1, root_2 = (v * values.sqrt() @ v.T for values, v in map(torch.linalg.eigh, (S_1, S_2)))
                return ((mu_1 - mu_2) ** 2).sum() + S_1.trace() + S_2.trace() - 2 * (root_1 @ root_2).trace()
            """,
            "The means are left out: two equal clouds at different places would be the same.": (
                "((mu_1 - mu_2) ** 2).sum() + ->"
            ),
            "d is returned; asked for is d², so no root of the whole.": (
                "return ((mu_1 - mu_2) ** 2).sum() + S_1.trace() + S_2.trace() - 2 * roots.sum() -> "
                "return (((mu_1 - mu_2) ** 2).sum() + S_1.trace() + S_2.trace() - 2 * roots.sum()).sqrt()"
            ),
            "`eigvalsh` is for symmetric matrices, and the product of two mostly is not: `eigvals`.": (
                "torch.linalg.eigvals(S_1 @ S_2).real -> torch.linalg.eigvalsh(S_1 @ S_2)"
            ),
            "S_1 * S_2 multiplies entry by entry; the *matrix* product is S_1 @ S_2.": Each(
                "torch.linalg.eigvals(S_1 @ S_2).real -> (S_1 * S_2).diagonal()",
                "S_1 @ S_2 -> S_1 * S_2",
            ),
            "The root is missing: the eigenvalues of the root are the roots of the eigenvalues.": (
                ".clamp(min=0).sqrt() ->"
            ),
            "The trace of a covariance is the sum of its diagonal, not of all entries.": (
                "S_1.trace() + S_2.trace() -> S_1.sum() + S_2.sum()"
            ),
            "The squared distance of the means is a sum over the features, not a mean.": (
                "((mu_1 - mu_2) ** 2).sum() -> ((mu_1 - mu_2) ** 2).mean()"
            ),
            "The root of the product is subtracted, not added: equal Gaussians are at distance 0.": (
                "- 2 * roots -> + 2 * roots"
            ),
        },
        hints=(
            "The trace of a matrix is the sum of its eigenvalues; what are the eigenvalues of a root?",
            "The roots of the eigenvalues. `torch.linalg.eigvals(S_1 @ S_2)` are complex by type, real in fact.",
            "`torch.linalg.eigvals(S_1 @ S_2).real.clamp(min=0).sqrt().sum()` is the trace of the root.",
        ),
    ),
    Exercise(
        number="8.8",
        title="rank of a covariance",
        mistakes={
            "Nearly: the mean was subtracted from all 100 rows, so they add up to zero and one of them says nothing "
            "new.": 100,
            "A matrix of that size *can* have that rank, but 100 rows span at most 100 directions.": 2048,
            "2,048 − 100 is how many directions are *missing*, nearly: how many are there?": 1948,
            "99 directions, not 99 times something: the rank counts directions.": 9900,
            "100 rows span at most 100 directions, whatever the number of features.": Each(
                2047, when=lambda answer: answer > 100
            ),
            "The rows are as good as random, so they are independent, but for one: their mean was subtracted, and "
            "nothing else.": Each(98, when=lambda answer: answer < 99),
        },
        hints=(
            "How many directions do 100 points span at most?",
            "Two points span one line once their mean is subtracted. And 100?",
        ),
    ),
    Exercise(
        number="8.9",
        title="Fréchet distance and the number of pictures",
        choices=("rises", "falls", "stays"),
        mistakes={
            "Chance does not cancel here: the distance is squared, never negative, and every error of mean and "
            "covariance adds to it.": "stays",
            "Fewer pictures mean *worse* estimates of both covariances, and every error pushes the two apart.": "falls",
        },
        hints=(
            "The true distance is 0. Can an estimate be below it?",
            "With N pictures the two means differ by about 1 / N in square. What happens when N falls?",
        ),
    ),
    Exercise(
        number="8.10",
        title="PSNR of a printed ℓ2",
        tolerance=0.005,
        mistakes={
            "The table's column says (10⁻³): ℓ2 is 0.00027, not 0.27.": -10 * math.log10(0.27),
            "That is with the natural logarithm; decibels take the one to base 10.": -10 * math.log(0.27e-3),
            "20 log10 is for the *root* of the mean square; ℓ2 is already squared.": -20 * math.log10(0.27e-3),
            "That is what the table prints. What does the formula give for an ℓ2 of 0.27 · 10⁻³?": 49.73,
            "The sign: the logarithm of a small number is negative, PSNR is minus ten times it.": (
                10 * math.log10(0.27e-3)
            ),
            "Too many zeros: 0.27 · 10⁻³ is 0.00027. Each factor of ten is 10 dB.": Each(
                65.7, 45.7, 25.7, when=lambda answer: round(answer - 5.687, 1) % 10 == 0
            ),
            "Ten times the logarithm, once: decibels are tenths of a bel.": Each(
                3.57, 357, 3568.6, when=lambda answer: str(round(answer, 1)).startswith("35") and not 35 <= answer < 36
            ),
            "Nearly; a tenth of a decibel is asked for.": Each(35.0, 36, when=lambda answer: 34.5 <= answer <= 36.9),
            "Images on [0, 1] have the peak 1: nothing is added for a range of 2 or of 255.": Each(
                41.71, 29.67, 83.8, when=lambda answer: any(abs(answer - value) < 0.2 for value in (41.7, 29.7, 83.8))
            ),
            "Three channels, or a half, play no part: ℓ2 is a mean already.": Each(
                32.7, 30.9, when=lambda answer: any(abs(answer - value) < 0.2 for value in (32.7, 38.7, 30.9, 40.5))
            ),
        },
        hints=("PSNR = −10 log10(ℓ2), for images on [0, 1].", "The printed number is to be multiplied by 10⁻³ first."),
    ),
]
