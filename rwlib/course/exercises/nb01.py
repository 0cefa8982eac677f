"""Exercises of notebook 01: holes, masks, and what a number says about a filling."""

import random
from collections.abc import Callable, Iterator

import numpy as np
import torch
from scipy.ndimage import label
from torch import Tensor

from rwlib.course.checking.cases import image, mask
from rwlib.course.checking.compare import kind
from rwlib.course.checking.exercise import Each, Exercise


def inputs_and_predictions(rng):
    """Not square, several images and one; holes of different sizes; some existing pixels are 0, mid-grey."""
    for b, h, w, fraction in ((2, 6, 3, 0.6), (3, 5, 5, 0.2), (1, 4, 7, 0.3)):
        M = mask(rng, b, h, w, hole_fraction=fraction)
        grey = mask(rng, b, h, w, hole_fraction=0.2)
        yield image(rng, b, h, w) * M * grey, image(rng, b, h, w), M


def masks_of_different_sizes(rng):
    """Several masks per batch, each with another fraction."""
    for h, w, fractions in ((6, 3, (0.1, 0.6)), (8, 7, (0.05, 0.3, 0.45)), (4, 5, (0.25,))):
        yield (torch.cat([mask(rng, 1, h, w, hole_fraction=fraction) for fraction in fractions]).float(),)


# --- 1.3: a contiguous mask

KIND = "Expected a tensor of floating-point numbers: `torch.ones(1, height, width)` is a good start."
SHAPE = "Expected the shape (1, height, width): one channel, then rows, then columns."
VALUES = "A mask holds 0 and 1 alone: a pixel is missing or it exists."
POLARITY = "The mask is the other way round: 1 where the image exists, 0 where it is missing."
TOO_FEW = (
    "Fewer pixels are missing than were asked for: does a pixel count twice when the track comes back to it? Count the "
    "zeros of the mask, not the steps."
)
TOO_MANY = (
    "More pixels are missing than were asked for: stop at exactly `missing` pixels, even in the middle of a brush dab."
)
PIECES = "The hole falls into several pieces: a new missing pixel must touch one that is missing already."
GLOBAL = (
    "It draws from a global source of random numbers: with the same `generator` it gives different masks. Hand "
    "`generator=generator` to every `torch.rand`, `torch.randint` or `torch.randperm`."
)
RESEEDED = "It moves a global source of random numbers on (or seeds it). Draw from `generator` alone."
ALWAYS_THE_SAME = "Every draw gives the same hole, whatever the generator: where does its place come from?"
NOT_MOVING = (
    "Two draws from one generator give the same hole: draw from the generator itself, not from a new one with its seed."
)
RUN = (
    "A run of pixels in reading order breaks where a row ends: its rest lies at the other side of the picture. Grow "
    "the "
    "hole from pixel to pixel."
)
RECTANGLE = (
    "A rectangle has a product of two whole numbers of pixels, so a square of side int(√missing) falls short: grow the "
    "hole pixel by pixel, until it has exactly `missing`."
)
SIZES = ((9, 14, 20), (16, 16, 64), (12, 20, 1), (13, 8, 41), *[(6, 7, 4)] * 9, (2, 40, 5), (40, 2, 5))


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def judge_contiguous_mask(draw: Callable) -> str | None:
    """Judge masks of several sizes, then where their randomness comes from."""
    for i, (height, width, missing) in enumerate(SIZES):
        if message := _flaw(draw(height, width, missing, _seeded(i)), height, width, missing):
            return message
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        return _flaw_of_randomness(draw)
    finally:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        random.setstate(states[2])


def _flaw(M: object, height: int, width: int, missing: int) -> str | None:
    if M is None:
        return "It returned None: is there a `return`?"
    if not isinstance(M, Tensor) or not M.is_floating_point():
        return KIND
    if M.shape != (1, height, width):
        return f"{SHAPE} Got {kind(M)} for height {height} and width {width}."
    if not bool(((M == 0) | (M == 1)).all()):
        return VALUES
    zeros = int((M == 0).sum())
    if zeros != missing and height * width - zeros == missing:
        return POLARITY
    hole = M[0] == 0
    rows, columns = hole.any(1).sum(), hole.any(0).sum()
    if zeros < missing:
        return RECTANGLE if zeros > 3 and abs(int(rows - columns)) < 2 and int(rows * columns) == zeros else TOO_FEW
    if zeros > missing:
        return TOO_MANY
    if label(hole.numpy(), np.ones((3, 3)))[1] == 1:
        return None
    places = hole.flatten().nonzero()
    return RUN if int(places[-1] - places[0]) == missing - 1 else PIECES


def _flaw_of_randomness(draw: Callable) -> str | None:
    size = SIZES[1]
    before = [part.tobytes() for part in _global_states()]
    one = draw(*size, _seeded(0))
    moved = [part.tobytes() for part in _global_states()] != before
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    if not torch.equal(draw(*size, _seeded(0)), one):
        return GLOBAL
    if moved:
        return RESEEDED
    if all(torch.equal(draw(*size, _seeded(seed)), one) for seed in (1, 2, 3)):
        return ALWAYS_THE_SAME
    generator = _seeded(4)
    first, *others = (draw(*size, generator) for _ in range(4))
    return NOT_MOVING if all(torch.equal(first, other) for other in others) else None


def _global_states() -> Iterator[np.ndarray]:
    yield torch.get_rng_state().numpy()
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    yield keys
    yield np.array(rest, dtype=float)
    yield np.array(random.getstate()[1])


def inputs_and_steps(rng):
    """Holes that touch the image's border; one step and several."""
    for b, h, w, steps in ((2, 7, 5, 3), (1, 4, 6, 1), (3, 6, 6, 8)):
        M = mask(rng, b, h, w, hole_fraction=0.5)
        yield image(rng, b, h, w) * M, M, steps


def fillings_and_truths(rng):
    """Fillings that also differ from the truth where the image exists, so that the region matters; one is good."""
    for h, w, fractions in ((6, 3, (0.1, 0.6)), (8, 7, (0.05, 0.3, 0.45)), (4, 5, (0.25,))):
        b = len(fractions)
        M = torch.cat([mask(rng, 1, h, w, hole_fraction=fraction) for fraction in fractions])
        yield image(rng, b, h, w), image(rng, b, h, w), M
    I_gt = image(rng, 2, 5, 4)
    yield 0.99 * I_gt + 0.01 * image(rng, 2, 5, 4), I_gt, mask(rng, 2, 5, 4)  # in [-1, 1], which rwlib.metrics asks for


EXERCISES = [
    Exercise(
        number="1.1",
        title="the composite",
        cases=inputs_and_predictions,
        mistakes={
            "The mask is the other way round: the prediction was added where the image exists. M is 1 where it exists, "
            "so the hole is 1 − M.": "1 - M -> M",
            "That is the whole prediction: the existing pixels are known, so they must come from the picture, not from "
            "the network.": "I_in + I_p * (1 - M) -> I_p",
            "That is the hole alone: outside it the composite shows the picture, so add I_in.": "I_in + I_p -> I_p",
            "The prediction was added everywhere, also on top of what exists.": "I_p * (1 - M) -> I_p",
            "Which pixels exist, M says, not I_in: an existing pixel may itself be 0, which is mid-grey, and it must "
            "stay.": "return torch.where(I_in == 0, I_p, I_in)",
        },
        hints=(
            "Two summands: what exists, and what was predicted for the hole.",
            "I_in is zero in the hole already. 1 − M is 1 there, and 0 elsewhere.",
        ),
    ),
    Exercise(
        number="1.2",
        title="the missing fraction of each image",
        cases=masks_of_different_sizes,
        mistakes={
            "That is the existing fraction: M is 1 where the image exists, so the mean of M counts what is there, not "
            "what is missing.": "1 - M -> M",
            "One number for the whole batch: a 5 % hole and a 45 % hole would both be called 25 %. Keep the first "
            "axis.": ".mean((1, 2, 3)) -> .mean()",
            "That is the number of missing pixels, not their share: divide by height · width.": ".mean -> .sum",
            "Divided by the existing pixels: a share of the *whole* image is asked for, of height · width.": (
                ".mean((1, 2, 3)) -> .sum((1, 2, 3)) / M.sum((1, 2, 3))"
            ),
            "Divided by the pixels of the whole batch: each image has height · width pixels of its own, whatever comes "
            "with it.": ".mean((1, 2, 3)) -> .sum((1, 2, 3)) / M.numel()",
        },
        hints=(
            "1 − M is 1 at missing pixels: what is its mean?",
            "`x.mean((1, 2, 3))` averages over all axes but the batch.",
        ),
    ),
    Exercise(
        number="1.3",
        title="a contiguous hole of exactly so many pixels",
        judge=judge_contiguous_mask,
        mistakes={
            POLARITY: "return M -> return 1 - M",
            PIECES: "rim = [(y, x)] -> rim = [(i, j) for i in range(height) for j in range(width)]",
            TOO_FEW: "width and M[0, y, x] == 1 -> width",
            TOO_MANY: "M[0, y, x] = 0 -> M[0, y : y + 2, x : x + 2] = 0",
            GLOBAL: "len(rim), (), generator=generator -> len(rim), ()",
            ALWAYS_THE_SAME: (
                "M = torch.ones(1, height, width) -> "
                "M, generator = torch.ones(1, height, width), torch.Generator().manual_seed(0)"
            ),
            NOT_MOVING: (
                "M = torch.ones(1, height, width) -> "
                "M, generator = torch.ones(1, height, width), torch.Generator().manual_seed(generator.initial_seed())"
            ),
            VALUES: "return M -> return 255 * M",
            RUN: (
                "M = torch.ones(1, height, width)\n"
                "start = int(torch.randint(height * width - missing + 1, (), generator=generator))\n"
                "M.view(-1)[start : start + missing] = 0\n"
                "return M"
            ),
            RECTANGLE: (
                "M = torch.ones(1, height, width)\n"
                "side = int(missing**0.5)\n"
                "y, x = (int(torch.randint(n - side + 1, (), generator=generator)) for n in (height, width))\n"
                "M[0, y : y + side, x : x + side] = 0\n"
                "return M"
            ),
        },
        hints=(
            "Begin with one random missing pixel, and keep a list of the pixels that touch the hole.",
            "Take a random entry of the list. If it lies in the image and still exists, remove it and put its four "
            "neighbours on the list; count down only then.",
            "`int(torch.randint(len(rim), (), generator=generator))` is a random place in the list `rim`.",
        ),
    ),
    Exercise(
        number="1.4",
        title="how far the middle is",
        mistakes={
            "You counted the missing pixels on the way out. The nearest existing pixel is one step further than the "
            "last missing one.": [15, 1],
            "Half the width is where the hole's edge runs. Distances here go from the middle of a pixel to the middle "
            "of a pixel, half a pixel further.": [15.5, 1.5],
            "That is the way across the whole hole. From the middle it is half as far, in any direction.": [31, 3],
            "You went to the far side: from the middle pixel, the first existing pixel is on the way to either side.": [
                32,
                4,
            ],
            "One step too many: the middle pixel itself counts as 0, the one beside it as 1.": [17, 3],
            "That leads to a corner. The *nearest* existing pixel lies straight above, below or beside the middle.": [
                22.6,
                2.8,
            ],
            "A line may be as long as it likes: from its middle the nearest existing pixel lies beside it.": Each(
                [16, 16], when=lambda answer: answer[0] == 16 and answer[1] > 4
            ),
            "The corners of the square are farther away than its sides: count straight to a side.": Each(
                [23, 2], when=lambda answer: 18 <= answer[0] <= 24 and answer[1] == 2
            ),
        },
        hints=(
            "Draw a row of three missing pixels with existing ones on both sides. How many steps from the middle one?",
            "31 = 15 + 1 + 15: fifteen missing pixels, then the first that exists.",
        ),
    ),
    Exercise(
        number="1.5",
        title="diffusion",
        cases=inputs_and_steps,
        mistakes={
            "The existing pixels were smoothed, too: put them back after every step.": "I_in + mean * (1 - M) -> mean",
            "The existing pixels come back only after the last step. In between they were smoothed, so the wrong "
            "colours flowed into the hole: put them back in every step.": (
                "I_in + mean * (1 - M) -> mean",
                "return I -> return I_in + I * (1 - M)",
            ),
            "The mask is the other way round: the hole was kept, the rest replaced.": (
                "I_in + mean * (1 - M) -> I_in * (1 - M) + mean * M"
            ),
            "The four neighbours were added up, not averaged: divide by 4.": ") / 4 -> )",
            'Beyond the image\'s border there are zeros (mid-grey), and they flow in. Pad with `mode="replicate"`: '
            "then nothing flows over the border.": 'mode="replicate" -> mode="constant"',
            "The mean runs over nine pixels, diagonals and the pixel itself included; here it is the four neighbours "
            "alone.": (
                "(P[..., :-2, 1:-1] + P[..., 2:, 1:-1] + P[..., 1:-1, :-2] + P[..., 1:-1, 2:]) / 4 -> "
                "F.avg_pool2d(P, 3, 1)"
            ),
            "Only one step was taken, however many were asked for: the next step must begin with the result of the one "
            "before.": "range(steps) -> range(1)",
            "The picture is changed while it is read: pixels that are already new flow into the next ones within the "
            "same sweep. Take all means from the old picture, then replace it.": """
                I = I_in.clone()
                h, w = I.shape[-2:]
                for _ in range(steps):
                    P = F.pad(I, (1, 1, 1, 1), mode="replicate")
                    for i in range(h):
                        for j in range(w):
                            mean = P[..., i, j + 1] + P[..., i + 2, j + 1] + P[..., i + 1, j] + P[..., i + 1, j + 2]
                            new = I_in[..., i, j] + mean / 4 * (1 - M[..., i, j])
                            P[..., i + 1, j + 1] = I[..., i, j] = new
                return I
            """,
            "The border is mirrored without its own pixel (`reflect`), so what flows in there comes from one row "
            'further inside: pad with `mode="replicate"`.': 'mode="replicate" -> mode="reflect"',
            "What leaves at one border comes back at the opposite one (`circular`): nothing may flow over the "
            'border, so pad with `mode="replicate"`.': 'mode="replicate" -> mode="circular"',
            "Eight neighbours, the diagonal ones among them: here it is the four that share a side.": (
                "(P[..., :-2, 1:-1] + P[..., 2:, 1:-1] + P[..., 1:-1, :-2] + P[..., 1:-1, 2:]) / 4 -> "
                "(F.avg_pool2d(P, 3, 1) * 9 - I) / 8"
            ),
            "Those are the four diagonal neighbours: slice one axis `1:-1` and shift the other.": (
                "(P[..., :-2, 1:-1] + P[..., 2:, 1:-1] + P[..., 1:-1, :-2] + P[..., 1:-1, 2:]) / 4 -> "
                "(P[..., :-2, :-2] + P[..., 2:, 2:] + P[..., 2:, :-2] + P[..., :-2, 2:]) / 4"
            ),
            "Two of the four neighbours are missing: above and below, left and right.": Each(
                "P[..., 1:-1, :-2] + P[..., 1:-1, 2:]) / 4 -> 2 * I) / 4",
                "P[..., 1:-1, :-2] + P[..., 1:-1, 2:]) / 4 -> 0) / 2",
                "P[..., :-2, 1:-1] + P[..., 2:, 1:-1] + -> 2 * I +",
            ),
            "The pixel itself is in the mean, as a fifth: here it is the four neighbours alone.": (
                "P[..., 1:-1, 2:]) / 4 -> P[..., 1:-1, 2:] + I) / 5"
            ),
        },
        hints=(
            "Pad by one pixel, then add four shifted views: `P[..., :-2, 1:-1]` is the upper neighbour.",
            "In a loop: pad the current picture, take the mean of four views, and compose it with I_in.",
            "`I = I_in * M + mean * (1 - M)` at the end of each step.",
        ),
    ),
    Exercise(
        number="1.6",
        title="PSNR in the hole",
        cases=fillings_and_truths,
        mistakes={
            "That is the PSNR of the whole image. The existing pixels dilute the error: multiply the squares by 1 − M "
            "and divide by the number of missing values.": (
                " ** 2 * (1 - M) -> ** 2",
                "squares.sum((1, 2, 3)) / (3 * (1 - M).sum((1, 2, 3))) -> squares.mean((1, 2, 3))",
            ),
            "The squares outside the hole are gone, but you still divide by all pixels: the smaller the hole, the "
            "better any filling would look.": (
                "squares.sum((1, 2, 3)) / (3 * (1 - M).sum((1, 2, 3))) -> squares.mean((1, 2, 3))"
            ),
            "The mask is the other way round: you measured the existing pixels.": (
                "** 2 * (1 - M) -> ** 2 * M",
                "3 * (1 - M).sum -> 3 * M.sum",
            ),
            "The pictures run from −1 to 1, a range of 2, and the peak is taken as 1: 6.02 dB too low. Halve the "
            "differences, so that they are on [0, 1].": "(I - I_gt) / 2 -> I - I_gt",
            "The logarithm to base e: decibels are ten times the one to base 10.": "log10 -> log",
            "20 log10 belongs to the root of the mean square; here it is 10.": "-10 -> -20",
            "The errors of the batch were averaged before the logarithm: then every image's number depends on its "
            "neighbours. Take the logarithm image by image.": "log10(l2) -> log10(l2.mean())",
            "Averaged over the batch: return one number for each image; averages come later.": (
                "log10(l2) -> log10(l2).mean()"
            ),
            "Three channels' squares, divided by the number of pixels of one: 4.77 dB too low.": (
                "3 * (1 - M) -> (1 - M)"
            ),
            "The sign: PSNR is −10 log10 of the error, more is better.": "-10 -> 10",
            "That is the mean square itself: its logarithm makes decibels of it, −10 log10.": (
                "-10 * torch.log10(l2) -> l2"
            ),
            "Divided by the missing pixels of the whole batch: each image has a hole of its own.": Each(
                "(3 * (1 - M).sum((1, 2, 3))) -> (3 * (1 - M).sum())",
                "(3 * (1 - M).sum((1, 2, 3))) -> (1 - M).sum()",
            ),
            "Absolute differences: PSNR takes the mean of *squares*.": (
                "((I - I_gt) / 2) ** 2 -> ((I - I_gt) / 2).abs()"
            ),
            "Something is added to the error before the logarithm (an eps?), or the error is limited from below "
            "(`clamp`): a good filling gets less than it deserves.": Each(
                "torch.log10(l2) -> torch.log10(l2 + 1e-3)",
                "torch.log10(l2) -> torch.log10(l2.clamp(min=1e-2))",
                "torch.log10(l2) -> torch.log10(l2 + 1e-6)",
            ),
            "Differences of values in [−1, 1] were divided by 255; their range is 2.": (
                "(I - I_gt) / 2 -> (I - I_gt) / 255"
            ),
        },
        hints=(
            "First the mean square over the hole, one number an image; then the logarithm.",
            "Differences on [0, 1] are half those on [−1, 1]. The sum over axes 1, 2, 3 goes over channels, too.",
            "There are 3 · (1 − M).sum((1, 2, 3)) missing values in each image.",
        ),
    ),
    Exercise(
        number="1.7",
        title="PSNR of the whole image",
        tolerance=1e-3,
        mistakes={
            "20 dB is what the hole's own PSNR says. The whole image averages its error with all the zeros outside.": [
                20,
                20,
                20,
            ],
            "The mean square over the whole image is the hole's, times the hole's fraction. One tenth of it is 10 dB, "
            "not 20.": [40, 60, 80],
            "A smaller hole leaves a smaller error on average, and a smaller error is a higher PSNR.": [10, 0, -10],
            "The existing pixels are right: their error is zero, and only a fraction of the pixels carries the hole's. "
            "Each factor of ten adds 10 dB, from 20 dB on.": [20, 30, 40],
            "That is 3 dB for each step. 3 dB are a factor of two; a factor of ten is 10 dB.": [23, 26, 29],
            "Decibels are a logarithm: a tenth of the error *adds* 10 dB. They are neither multiplied nor divided by "
            "the hole's fraction.": Each(
                [200, 2000, 20000],
                when=lambda answer: any(value > 90 or 0 < value < 9 or 20 < value < 30 for value in answer),
            ),
            "The other way round: the smaller the hole, the smaller the whole image's error, the *higher* its PSNR.": (
                [50, 40, 30]
            ),
        },
        hints=(
            "The mean square over the whole image is fraction × 0.01, since it is zero elsewhere.",
            "−10 log10(0.1 × 0.01) = −10 log10(0.001) = 30.",
        ),
    ),
    Exercise(
        number="1.8",
        title="two ways to average",
        tolerance=0.01,
        mistakes={
            "Averaging and the logarithm do not commute: the mean square of the two is 0.00505, and −10 log10 of that "
            "is not 30.": [30, 30],
            "The other way round: averaging the squares first lets the worst image decide.": [23, 30],
            "The worst image decides, but it is only half of the average: 0.01 / 2 gives 3 dB more than 20.": [30, 20],
            "The first is the mean of the two PSNRs, 20 and 40 dB: their sum, halved.": Each(
                [60, 23], when=lambda answer: answer[0] != 30 and round(answer[1]) == 23
            ),
            "The second is not −10 log10(0.00505): the mean of both squares is about half of the worse one, 3 dB "
            "better "
            "than 20.": Each([30, 26], when=lambda answer: answer[0] == 30 and round(answer[1]) != 23),
            "Neither: one PSNR is 20 dB, the other 40 dB. First average these; then average the squared errors, and "
            "take "
            "the logarithm of that.": Each([40, 20], when=lambda answer: len(answer) == 2),
        },
        hints=(
            "PSNRs are 20 and 40 dB. The mean of the squares is (0.01 + 0.0001) / 2.",
            "−10 log10(0.00505): half of 0.01 is 3 dB better than 20 dB.",
        ),
    ),
    Exercise(
        number="1.9",
        title="grey or stripes",
        tolerance=1e-3,
        mistakes={
            "0.5 is the absolute difference between grey and either stripe; the mean *square* is asked for.": [
                0.5,
                1.0,
            ],
            "Shifted by one pixel, every black line lies on a white one: not half of the pixels are wrong, but all.": [
                0.25,
                0.5,
            ],
            "It is the other way round: grey is never off by more than 0.5.": [1.0, 0.25],
            "Sharp and of the right kind, but black where there is white, everywhere: an error of 1 at every pixel.": [
                0.25,
                0.0,
            ],
            "Squared errors of pictures in [0, 1] lie between 0 and 1, and so does their mean.": Each(
                [0.25, 2.0], when=lambda answer: any(not 0 <= value <= 1 for value in answer)
            ),
            "Look at guess A again: grey is off by 0.5 at *every* pixel, and the error is squared.": Each(
                [0.125, 1.0], when=lambda answer: answer[0] != 0.25 and answer[1] == 1
            ),
            "Look at guess B again: moved by one pixel, each stripe lies on one of the other colour, at *every* "
            "pixel.": Each([0.25, 0.75], when=lambda answer: answer[0] == 0.25 and answer[1] != 1),
            "Write down a few pixels: the truth 0 1 0 1, grey 0.5 0.5 0.5 0.5, and the shifted stripes 1 0 1 0. Every "
            "pixel is off in both: square that, and take the mean.": Each(
                [0.0, 0.0], when=lambda answer: len(answer) == 2
            ),
        },
        hints=(
            "Write four pixels of the truth, 0 1 0 1, and both guesses below.",
            "Grey: (0.5)² everywhere. Shifted: 1 0 1 0 against 0 1 0 1.",
        ),
    ),
]
