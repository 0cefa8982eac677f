"""Exercises of notebook 08."""

import math

import torch
from scipy.special import stdtrit
from torch import Tensor

from rwlib.conventions import compose
from rwlib.course.checking.cases import image, mask, rand, randn
from rwlib.course.checking.exercise import Exercise
from rwlib.course.lessons.frechet import frechet_distance

# --- 8.1 buckets


def masks_at_the_edges(rng):
    """Exactly on an edge, one pixel beside it, and batches in which every mask is in another bucket."""
    for h, w, counts in ((10, 10, (10, 11)), (5, 8, (1, 4, 9, 20)), (10, 20, (20, 60, 100, 59)), (7, 9, (31, 30, 6))):
        order = torch.rand(len(counts), h * w, generator=rng).argsort(1)
        M = torch.ones(len(counts), h * w, dtype=torch.float64)
        for i, count in enumerate(counts):
            M[i, order[i, :count]] = 0
        yield (M.view(-1, 1, h, w),)


def bucket_of(M):
    """Return k with 10 k % < missing ≤ 10 (k + 1) %, in whole numbers."""
    missing = (M == 0).flatten(1).sum(1)
    return (10 * missing - 1).div(M[0].numel(), rounding_mode="floor")


def bucket_of_existing(M):
    """A mistake."""
    return bucket_of(1 - M)


def bucket_with_the_lower_edge(M):
    """A mistake."""
    return (10 * (M == 0).flatten(1).sum(1)).div(M[0].numel(), rounding_mode="floor")


def bucket_from_one(M):
    """A mistake."""
    return bucket_of(M) + 1


def bucket_rounded(M):
    """A mistake."""
    return (10 * (M == 0).double().flatten(1).mean(1)).round().long()


def bucket_of_the_batch(M):
    """A mistake."""
    return bucket_of(M.transpose(0, 1).flatten(2)[:, :, None]).expand(len(M))


# --- 8.2 PSNR of files


def pairs_of_images(rng):
    """Noise that the composite gets right up to a small or a large error; every image its own."""
    for b, h, w in ((1, 4, 7), (3, 5, 6), (2, 8, 3)):
        I_gt = image(rng, b, h, w)
        size = rand(rng, b, 1, 1, 1, low=0.01, high=0.4)
        yield (I_gt + size * randn(rng, b, 3, h, w)).clamp(-1, 1), I_gt


def on_255(I):
    """Round to whole numbers from 0 to 255."""
    return ((I + 1) * 127.5).round()


def mean_square(x):
    """Return each image's mean square."""
    return (x**2).flatten(1).mean(1)


def psnr_of_files(I_c, I_gt):
    """Return the PSNR of two images rounded to 8 bits."""
    return -10 * torch.log10(mean_square((on_255(I_c) - on_255(I_gt)) / 255))


def psnr_peak_one_range_two(I_c, I_gt):
    """A mistake."""
    return -10 * torch.log10(mean_square((on_255(I_c) - on_255(I_gt)) / 127.5))


def psnr_not_rounded(I_c, I_gt):
    """A mistake."""
    return -10 * torch.log10(mean_square((I_c - I_gt) / 2))


def psnr_cut_off(I_c, I_gt):
    """A mistake."""
    a, b = ((I + 1) * 127.5 // 1 for I in (I_c, I_gt))
    return -10 * torch.log10(mean_square((a - b) / 255))


def psnr_of_the_batch(I_c, I_gt):
    """A mistake."""
    return -10 * torch.log10(mean_square((on_255(I_c) - on_255(I_gt)) / 255).mean())


def psnr_of_the_batch_repeated(I_c, I_gt):
    """A mistake."""
    return psnr_of_the_batch(I_c, I_gt).expand(len(I_c))


def psnr_wrapped(I_c, I_gt):
    """A mistake: uint8 has no negative numbers."""
    difference = on_255(I_c).to(torch.uint8) - on_255(I_gt).to(torch.uint8)
    return -10 * torch.log10(mean_square(difference.to(I_c.dtype) / 255))


def psnr_natural(I_c, I_gt):
    """A mistake."""
    return -10 * torch.log(mean_square((on_255(I_c) - on_255(I_gt)) / 255))


# --- 8.3 mean absolute difference in the hole


def composites(rng):
    """Composites with a hole, every image its own."""
    for b, h, w in ((1, 4, 7), (2, 6, 5), (3, 3, 8)):
        I_gt, M = image(rng, b, h, w), mask(rng, b, h, w, hole_fraction=0.25 + 0.1 * b)
        yield compose(I_gt, image(rng, b, h, w), M), I_gt, M


def l1_in_the_hole(I_c, I_gt, M):
    """Return the mean absolute difference on [0, 1] over the missing pixels' channels."""
    difference = (I_c - I_gt).abs() / 2 * (1 - M)
    return difference.flatten(1).sum(1) / (3 * (1 - M).flatten(1).sum(1))


def ratio_of_sums(I_c, I_gt, M):
    """A mistake: what some programs call MAE."""
    x, y = (I_c + 1) / 2 * (1 - M), (I_gt + 1) / 2 * (1 - M)
    return (x - y).abs().flatten(1).sum(1) / (x + y).flatten(1).sum(1)


# --- 8.4 to 8.6 intervals


def samples(rng):
    """Few numbers and more."""
    for n in (3, 5, 12, 40):
        yield (4 + 2 * randn(rng, n),)


def half_width(values):
    """Return half the width of the 95 % interval of the mean."""
    n = len(values)
    return float(stdtrit(n - 1, 0.975) * values.std() / math.sqrt(n))


def tables(rng):
    """Photographs down, masks across; photographs differ more than masks do."""
    for photos, masks in ((4, 3), (6, 2), (9, 5)):
        yield (20 + 3 * randn(rng, photos, 1) + randn(rng, photos, masks),)


def interval_over_photographs(values):
    """Return mean and half-width with the photographs as what was sampled."""
    per_photo = values.mean(1)
    return float(per_photo.mean()), half_width(per_photo)


def two_methods(rng):
    """Two methods on the same photographs."""
    for n in (4, 7, 20):
        photo = 20 + 3 * randn(rng, n)
        yield photo + 0.5 + 0.3 * randn(rng, n), photo + 0.3 * randn(rng, n)


def paired_difference(a, b):
    """Return mean and half-width of a − b."""
    return float((a - b).mean()), half_width(a - b)


# --- 8.7 Fréchet distance


def gaussians(rng):
    """Two Gaussians whose covariances do not commute."""
    for d in (2, 3, 6):
        A, B = randn(rng, d, d), randn(rng, d, d)
        eye = torch.eye(d, dtype=torch.float64)
        yield randn(rng, d), A @ A.T + eye, randn(rng, d), B @ B.T + eye / 2


def number(answer, *case):
    """Call an answer; a number and a tensor with one entry are both welcome."""
    value = answer(*case)
    one = isinstance(value, float) or (isinstance(value, Tensor) and value.ndim == 0 and not value.is_complex())
    return float(value) if one else value


def symmetric_root(S):
    """Return the root of a symmetric matrix."""
    values, vectors = torch.linalg.eigh(S)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def trace_of_root(S_1, S_2):
    """Return tr (S_1 S_2)^½."""
    return torch.linalg.eigvals(S_1 @ S_2).real.sqrt().sum()


def spread(S_1, S_2):
    """Return tr(S_1 + S_2 − 2 (S_1 S_2)^½)."""
    return S_1.trace() + S_2.trace() - 2 * trace_of_root(S_1, S_2)


def square(x):
    """Return the squared length."""
    return (x**2).sum()


def elementwise_root(mu_1, S_1, mu_2, S_2):
    """A mistake."""
    return square(mu_1 - mu_2) + (S_1 + S_2 - 2 * (S_1 @ S_2).sqrt()).trace()


def without_trace(mu_1, S_1, mu_2, S_2):
    """A mistake: all entries are added up, not those on the diagonal."""
    values, vectors = torch.linalg.eig(S_1 @ S_2)
    root = (vectors @ torch.diag(values.sqrt()) @ torch.linalg.inv(vectors)).real
    return square(mu_1 - mu_2) + (S_1 + S_2 - 2 * root).sum()


def mean_not_squared(mu_1, S_1, mu_2, S_2):
    """A mistake."""
    return square(mu_1 - mu_2).sqrt() + spread(S_1, S_2)


def factor_two_missing(mu_1, S_1, mu_2, S_2):
    """A mistake."""
    return square(mu_1 - mu_2) + spread(S_1, S_2) + trace_of_root(S_1, S_2)


def product_of_roots(mu_1, S_1, mu_2, S_2):
    """A mistake: right only where the covariances commute."""
    cross = (symmetric_root(S_1) @ symmetric_root(S_2)).trace()
    return square(mu_1 - mu_2) + S_1.trace() + S_2.trace() - 2 * cross


def without_means(mu_1, S_1, mu_2, S_2):
    """A mistake."""
    return spread(S_1, S_2)


EXERCISES = [
    Exercise(
        number="8.1",
        title="the bucket of a mask",
        solution=bucket_of,
        cases=masks_at_the_edges,
        mistakes={
            "That is the bucket of what *exists*: `M` is 1 there. Count the zeros.": bucket_of_existing,
            "Inside the buckets it is right, on an edge one too high: exactly 10 % belongs to 0–10 %, because the "
            "upper edge belongs to a bucket and the lower one does not.": bucket_with_the_lower_edge,
            "One too high everywhere: the first bucket, 0–10 %, has the number 0.": bucket_from_one,
            "Rounding puts 16 % into the bucket of 20–30 %: a bucket is an interval, so go up to the next edge, not to "
            "the nearest.": bucket_rounded,
            "The masks of a batch share one number here: every mask has its own missing fraction, and one "
            "bucket.": bucket_of_the_batch,
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
        solution=psnr_of_files,
        cases=pairs_of_images,
        mistakes={
            "6.02 dB too low everywhere, that is 10 log10(4): the difference was taken on [-1, 1], whose range is 2, "
            "and the peak as 1.": psnr_peak_one_range_two,
            "The images were not rounded to the 256 values that a file can hold; near 59 dB there is nothing but that "
            "rounding.": psnr_not_rounded,
            "`.to(torch.uint8)` or `floor` cuts the fraction off: a file holds the *nearest* value, so `.round()` "
            "first.": psnr_cut_off,
            "The mean went over the batch before the logarithm: that is one PSNR of the pooled error. Every image has "
            "its own; return (b,).": psnr_of_the_batch,
            "Every image gets the PSNR of the whole batch's error: take the mean over an image, then the "
            "logarithm.": psnr_of_the_batch_repeated,
            "uint8 knows no negative numbers: 3 − 5 is 254 there. Subtract floating point numbers.": psnr_wrapped,
            "`torch.log` is the natural logarithm; decibels are 10 times the one to base 10.": psnr_natural,
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
        solution=l1_in_the_hole,
        cases=composites,
        mistakes={
            "Twice too large: the images are on [-1, 1], the metric is meant on [0, 1].": (
                lambda I_c, I_gt, M: 2 * l1_in_the_hole(I_c, I_gt, M)
            ),
            "That is Σ|a − b| / Σ(a + b), which some programs call MAE: it punishes the same error harder in a dark "
            "picture than in a bright one.": ratio_of_sums,
            "Divided by all pixels of the image: that is the error over the whole image, and small holes make it "
            "small.": lambda I_c, I_gt, M: (I_c - I_gt).abs().flatten(1).mean(1) / 2,
            "Three times too large: a missing pixel has three channels, so three values are missing with it.": (
                lambda I_c, I_gt, M: 3 * l1_in_the_hole(I_c, I_gt, M)
            ),
            "One number for the whole batch: large holes then count more than small ones. Divide image by image.": (
                lambda I_c, I_gt, M: ((I_c - I_gt).abs().sum() / 6 / (1 - M).sum()).expand(len(M))
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
        solution=half_width,
        cases=samples,
        mistakes={
            "That is the spread of the *photographs*, not the uncertainty of their mean: divide the standard "
            "deviation by √n.": lambda values: half_width(values) * math.sqrt(len(values)),
            "1.96 is for a known spread or for many values. Yours was estimated from few: Student's t with n − 1 "
            "degrees of freedom; 4.30 for three values.": lambda values: float(
                1.96 * values.std() / math.sqrt(len(values))
            ),
            "The standard deviation divides by n − 1, not by n, because the mean comes from the same "
            "values.": lambda values: half_width(values) * math.sqrt((len(values) - 1) / len(values)),
            "That is made of the variance: its unit is dB², take its root.": (
                lambda values: float(stdtrit(len(values) - 1, 0.975) * values.var() / math.sqrt(len(values)))
            ),
            "Variance over n, and no root of it: the standard error is the root of both.": (
                lambda values: float(stdtrit(len(values) - 1, 0.975) * values.var() / len(values))
            ),
            "The quantile at 0.95 leaves 5 % above *and* 5 % below: 90 %. For 95 % take 0.975.": (
                lambda values: float(stdtrit(len(values) - 1, 0.95) * values.std() / math.sqrt(len(values)))
            ),
            "n values leave n − 1 degrees of freedom, because the mean is estimated too.": (
                lambda values: float(stdtrit(len(values), 0.975) * values.std() / math.sqrt(len(values)))
            ),
            "That is the whole width, from end to end; half of it is asked for.": (
                lambda values: 2 * half_width(values)
            ),
        },
        hints=(
            "The mean of n values is uncertain by their standard deviation over √n; the half-width is t times that.",
            "`stdtrit(n - 1, 0.975)` is Student's quantile; `values.std()` divides by n − 1 already.",
        ),
    ),
    Exercise(
        number="8.5",
        title="several masks on each photograph",
        solution=interval_over_photographs,
        cases=tables,
        mistakes={
            "All values in one heap: three masks on one photograph are not three photographs. They share what is hard "
            "about it, so the interval comes out too narrow.": lambda values: (
                float(values.mean()),
                half_width(values.flatten()),
            ),
            "Averaged over the photographs first: that is the interval for another set of masks on the *same* "
            "photographs.": lambda values: (float(values.mean()), half_width(values.mean(0))),
            "One mask of each photograph was used and the others thrown away: average them.": lambda values: (
                float(values[:, 0].mean()),
                half_width(values[:, 0]),
            ),
            "The mean of the intervals of each photograph: that measures how masks differ, not photographs.": (
                lambda values: (float(values.mean()), sum(half_width(row) for row in values) / len(values))
            ),
        },
        hints=(
            "What was drawn at random from the world you speak about: photographs, or rows of a table?",
            "Average over the masks first (axis 1): one number a photograph. Then as in exercise 8.4.",
        ),
    ),
    Exercise(
        number="8.6",
        title="the paired difference",
        solution=paired_difference,
        cases=two_methods,
        mistakes={
            "That half-width treats the two columns as if each method had been given photographs of its own: "
            "√(h_a² + h_b²). They were the same photographs; subtract first.": lambda a, b: (
                float((a - b).mean()),
                math.hypot(half_width(a), half_width(b)),
            ),
            "Half-widths must not be added, and not at all here: the photographs are the same, so subtract first and "
            "take one interval.": lambda a, b: (float((a - b).mean()), half_width(a) + half_width(b)),
            "The sign is the other way round: positive means that `a` is better.": lambda a, b: (
                float((b - a).mean()),
                half_width(b - a),
            ),
            "The absolute value makes every difference a gain; it can never come out as nothing.": lambda a, b: (
                float((a - b).abs().mean()),
                half_width((a - b).abs()),
            ),
            "The difference of the half-widths says which method scatters more, not how sure their difference "
            "is.": lambda a, b: (float((a - b).mean()), abs(half_width(a) - half_width(b))),
        },
        hints=("For each photograph: how much better is a than b?", "One new column a − b, then as in exercise 8.4."),
    ),
    Exercise(
        number="8.7",
        title="Fréchet distance of two Gaussians",
        solution=frechet_distance,
        cases=gaussians,
        call=number,
        tolerance=1e-6,
        mistakes={
            "`.sqrt()` takes the root of each entry. The root of a *matrix* R satisfies R R = S_1 S_2; its eigenvalues "
            "are the roots.": elementwise_root,
            "The trace adds up the diagonal alone, not all entries.": without_trace,
            "The distance of the means enters *squared*.": mean_not_squared,
            "The root of the product is subtracted twice; without the 2 equal Gaussians would not be at distance "
            "0.": factor_two_missing,
            "The product of the roots is the root of the product only if the covariances commute; in general they do "
            "not.": product_of_roots,
            "The means are left out: two equal clouds at different places would be the same.": without_means,
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
        solution=99,
        mistakes={
            "Nearly: the mean was subtracted from all 100 rows, so they add up to zero and one of them says nothing "
            "new.": 100,
            "A matrix of that size *can* have that rank, but 100 rows span at most 100 directions.": 2048,
            "2,048 − 100 is how many directions are *missing*, nearly: how many are there?": 1948,
            "99 directions, not 99 times something: the rank counts directions.": 9900,
        },
        hints=(
            "How many directions do 100 points span at most?",
            "Two points span one line once their mean is subtracted. And 100?",
        ),
    ),
    Exercise(
        number="8.9",
        title="Fréchet distance and the number of pictures",
        solution="rises",
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
        solution=-10 * math.log10(0.27e-3),
        tolerance=0.005,
        mistakes={
            "The table's column says (10⁻³): ℓ2 is 0.00027, not 0.27.": -10 * math.log10(0.27),
            "That is with the natural logarithm; decibels take the one to base 10.": -10 * math.log(0.27e-3),
            "20 log10 is for the *root* of the mean square; ℓ2 is already squared.": -20 * math.log10(0.27e-3),
            "That is what the table prints. What does the formula give for an ℓ2 of 0.27 · 10⁻³?": 49.73,
            "The sign: the logarithm of a small number is negative, PSNR is minus ten times it.": (
                10 * math.log10(0.27e-3)
            ),
        },
        hints=("PSNR = −10 log10(ℓ2), for images on [0, 1].", "The printed number is to be multiplied by 10⁻³ first."),
    ),
]
