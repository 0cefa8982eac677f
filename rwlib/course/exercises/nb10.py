"""Exercises of notebook 10."""

from rwlib.course.checking.cases import image, mask, rand
from rwlib.course.checking.exercise import Each, Exercise


def masks_and_radii(rng):
    """Holes in the middle and at the border, several masks, several radii."""
    for b, h, w, r in ((2, 11, 7, 2), (1, 9, 12, 1), (3, 8, 10, 3)):
        M = mask(rng, b, h, w, hole_fraction=0.04)
        M[0, 0, 0, w - 1] = 0
        yield M, r


def watermarked(rng):
    """Opacities between 0 and 1, and opaque pixels."""
    for b, h, w in ((2, 5, 3), (1, 4, 7), (3, 6, 6)):
        a = rand(rng, b, 1, h, w) * (rand(rng, b, 1, h, w) > 0.3)
        a[..., 1:3, 1] = 1
        W = image(rng, b, h, w)
        yield (1 - a) * image(rng, b, h, w) + a * W, W, a


def marks_in_pictures(rng):
    """A mark that was stamped on noise, not quite exactly; elsewhere a strong place, and the mark on its head.

    Then one that one pixel spoils much, while every pixel of another place is a little off; one in one colour only; and
    one in the last corner.
    """
    for h, w, k, m, row, column in ((9, 14, 3, 4, 5, 2), (16, 11, 4, 2, 1, 7), (13, 13, 3, 3, 9, 4)):
        T = image(rng, 1, k, m)
        I = 0.5 * image(rng, 1, h, w)
        far = 0 if row > h // 2 else h - k
        I[..., far : far + k, :m] = T.sign()
        I[..., far : far + k, w - m :] = T.flip(2, 3)
        I[..., row : row + k, column : column + m] = T + 0.05 * rand(rng, 1, 3, k, m)
        yield I, T
    T = image(rng, 1, 3, 4)
    I = 0.5 * image(rng, 1, 12, 17)
    I[..., 1:4, 2:6] = T
    I[..., 2, 3] += 3.0
    I[..., 7:10, 11:15] = T + 0.5
    yield I, T
    I = 0.5 * image(rng, 1, 12, 17)
    I[..., 1:4, 2:6] = T
    I[0, 0, 2, 3] += 0.6
    I[..., 7:10, 11:15] = T + 0.3
    yield I, T
    I = 0.5 * image(rng, 1, 12, 17)
    I[:, :1, 1:4, 2:6] = T[:, :1]
    I[..., 7:10, 11:15] = T + 0.1
    yield I, T
    I = 0.5 * image(rng, 1, 8, 10)
    I[..., 5:, 6:] = T
    yield I, T


def as_numbers(answer, *case):
    """Call an answer; a tuple, a list, a tensor and tensors with one entry are all welcome."""
    value = answer(*case)
    try:
        return tuple(int(x) for x in value)
    except (TypeError, ValueError, RuntimeError):  # no two numbers
        return value


def fillings(rng):
    """Predictions, colours of the nearest existing pixels, depths and widths of the border."""
    for b, h, w, r in ((2, 5, 6, 3), (1, 4, 7, 2), (3, 6, 3, 4)):
        d = rand(rng, b, 1, h, w, high=8) * (rand(rng, b, 1, h, w) > 0.4)
        yield image(rng, b, h, w), image(rng, b, h, w), d, r


def crooked(I, M):
    """Fill with what stands left of and above a pixel: a stand-in for a network, sensitive to every direction."""
    I_in = I * M
    return I_in + (1 - M) * (0.6 * I_in.roll(1, 3) + 0.3 * I_in.roll(1, 2) + 0.1 * M.roll(2, 3))


def pictures_to_mirror(rng):
    """Not square, several and one."""
    for b, h, w in ((2, 5, 3), (1, 4, 7), (2, 6, 8)):
        yield crooked, image(rng, b, h, w), mask(rng, b, h, w)


def pictures_and_windows(rng):
    """Windows of odd side, smaller than the picture."""
    for b, h, w, k in ((2, 8, 11, 5), (1, 9, 12, 3), (3, 10, 7, 3)):
        yield image(rng, b, h, w), k


EXERCISES = [
    Exercise(
        number="10.1",
        title="a hole that is wide enough",
        cases=masks_and_radii,
        mistakes={
            "That lets the *existing* region grow: the maximum spreads ones, and ones exist. Missing pixels are the "
            "zeros.": "-F.max_pool2d(-M -> F.max_pool2d(M",
            "It grows half as far as it should, or not to all sides: r to the left and r to the right make a window "
            "of 2 r + 1.": "2 * r + 1, stride=1, padding=r -> 2 * (r // 2) + 1, stride=1, padding=r // 2",
            "The result is the hole, not the mask: 1 must mean existing. Take it from 1 again.": (
                "-F.max_pool2d(-M -> F.max_pool2d(1 - M"
            ),
            "An average gives values between 0 and 1; a mask has none. Any missing pixel in the window makes this one "
            "missing.": "return F.avg_pool2d(M, 2 * r + 1, stride=1, padding=r, count_include_pad=False)",
            "It grew by one pixel only, whatever r is.": "2 * r + 1, stride=1, padding=r -> 3, stride=1, padding=1",
            "The hole grows up and down, or left and right, but not to both: a square window has 2 r + 1 rows *and* "
            "columns.": Each(
                "-F.max_pool2d(-M, 2 * r + 1, stride=1, padding=r) -> -F.max_pool2d(-M, (2 * r + 1, 1), stride=1, "
                "padding=(r, 0))",
                "-F.max_pool2d(-M, 2 * r + 1, stride=1, padding=r) -> -F.max_pool2d(-M, (1, 2 * r + 1), stride=1, "
                "padding=(0, r))",
            ),
            "The hole grows as a diamond: corners are missing. Rows and columns count each for itself, so the "
            "window is a "
            "square.": """
                for _ in range(r):
                    rows = -F.max_pool2d(-M, (3, 1), stride=1, padding=(1, 0))
                    M = torch.minimum(rows, -F.max_pool2d(-M, (1, 3), stride=1, padding=(0, 1)))
                return M
            """,
            "The majority of the window decides, and beyond the border nothing exists: one missing pixel is enough, "
            "and "
            "the border is no hole.": "return (F.avg_pool2d(M, 2 * r + 1, stride=1, padding=r) > 0.5).to(M.dtype)",
            "Beyond the picture's border the padding counts as missing, so a hole grows in from there: the border "
            "is no "
            "hole.": "return (F.avg_pool2d(M, 2 * r + 1, stride=1, padding=r) > 0.999).to(M.dtype)",
            "One pixel too far: r to each side make a window of 2 r + 1.": (
                "2 * r + 1, stride=1, padding=r -> 2 * r + 3, stride=1, padding=r + 1"
            ),
        },
        hints=(
            "A pixel exists afterwards only if *all* pixels around it exist: that is a minimum over a window.",
            "torch has `F.max_pool2d` and no minimum; but the minimum of M is −max(−M).",
            "`-F.max_pool2d(-M, 2 * r + 1, stride=1, padding=r)`. The padding never wins a maximum.",
        ),
    ),
    Exercise(
        number="10.2",
        title="taking a watermark off by algebra",
        cases=watermarked,
        differentiate=(),  # nothing is trained here, and 0 / 0 in the branch that is not chosen makes slopes nan
        mistakes={
            "a W is gone, but what remains is (1 − a) J: too dark. Divide by 1 − a.": " / (1 - a).clamp(min=1e-12) ->",
            "Divided by a: that would bring back the mark. J is weighted with 1 − a.": (
                "(I - a * W) / (1 - a).clamp(min=1e-12) -> "
                "torch.where(a > 0, (I - (1 - a) * W) / a.clamp(min=1e-12), I)"
            ),
            "The mark is in the picture only to the share a: subtract a W, not W.": "a * W -> W",
            "The mark makes the picture what it is by *adding* a W; so subtract it.": "I - a * W -> I + a * W",
            "Where a is 1 nothing of J is left: return 0 there, and not the mark.": ", 0) -> , I)",
            "The condition is another one: J is wanted wherever a < 1, also without a mark, a = 0.": Each(
                "torch.where(a < 1, -> torch.where(a > 0,", "torch.where(a < 1, -> torch.where(a >= 1,"
            ),
            "1 − a is limited from below, so strong marks come off by halves: the limit may only keep from dividing by "
            "zero.": Each("clamp(min=1e-12) -> clamp(min=0.2)", "clamp(min=1e-12) -> clamp(min=0.05)"),
            "The result is cut off: what algebra gives is asked for, without a limit.": Each(
                "return torch.where(a < 1, (I - a * W) / (1 - a).clamp(min=1e-12), 0).clamp(-0.5, 0.5)",
                "return torch.where(a < 1, (I - a * W) / (1 - a).clamp(min=1e-12), 0).clamp(0, 1)",
            ),
            "The weights are exchanged: the mark W has the weight a, J has 1 − a.": Each(
                "I - a * W -> I - (1 - a) * W",
                "return torch.where(a > 0, (I - (1 - a) * W) / a.clamp(min=1e-12), 0)",
            ),
        },
        hints=(
            "Solve I = (1 − a) J + a W for J.",
            "J = (I − a W) / (1 − a). What happens where a is 1?",
            "`torch.where(a < 1, (I - a * W) / (1 - a).clamp(min=1e-12), 0)`",
        ),
    ),
    Exercise(
        number="10.3",
        title="rounding, magnified",
        mistakes={
            "That is the error of the *file*. Dividing by 1 − a makes it larger.": [0.5, 0.5],
            "Divided by a: J is weighted with 1 − a, so the stronger the mark, the more an error is magnified.": [
                1.0,
                0.5 / 0.9,
            ],
            "Twice too much: rounding to whole levels is off by half a level at most.": [2.0, 10.0],
            "Multiplied by 1 − a; the recovered picture was *divided* by it.": [0.25, 0.05],
            "At a = 0.9 the error is divided by 1 − a = 0.1: ten times half a level.": Each(
                [1, 0.56], when=lambda answer: len(answer) == 2 and answer[0] == 1
            ),
            "At a = 0.5 the error is divided by 1 − a = 0.5: twice half a level.": Each(
                [0.5, 5], when=lambda answer: len(answer) == 2 and answer[1] == 5
            ),
            "Half a level at most is rounded away, and that is divided by 1 − a.": Each(
                [0, 0], when=lambda answer: len(answer) == 2 and answer != [5, 1]
            ),
            "The order: first a = 0.5, then a = 0.9.": [5, 1],
        },
        tolerance=0.001,
        hints=(
            "How far can a number be from the nearest whole one?",
            "An error e in I becomes e / (1 − a) in J.",
        ),
    ),
    Exercise(
        number="10.4",
        title="finding a mark",
        cases=marks_in_pictures,
        call=as_numbers,
        mistakes={
            "Row and column are exchanged: the row comes first.": "shape[1]) -> shape[1])[::-1]",
            "The product with the mark is largest where the picture is *strong*, not where it is equal: that place has "
            "saturated colours. Compare differences.": (
                "(windows - T[:, :, None, None]).square().sum((1, 4, 5))[0] -> -F.conv2d(I, T)[0, 0]"
            ),
            "Positive and negative differences cancel here: square them before they are added up.": (
                ".square() ->",
                "[0] -> [0].abs()",
            ),
            "The smallest *signed* sum is where the picture is darkest. Square the differences.": ".square() ->",
            "That is where the mark is *least* alike: take the smallest difference.": "argmin -> argmax",
            "That is the middle of the mark; asked for is its upper left corner.": (
                "return divmod -> row, column = divmod",
                "shape[1]) -> shape[1]); return row + k // 2, column + m // 2",
            ),
            "Divide by the length of a *row* of the differences, which is their number of columns.": (
                "differences.shape[1]) -> differences.shape[0])"
            ),
            "That is one number, the place in reading order: row and column are its quotient and remainder.": (
                "return divmod(int(differences.argmin()), differences.shape[1]) -> return int(differences.argmin())"
            ),
            "Rows and columns count from 0.": (
                "return divmod(int(differences.argmin()), differences.shape[1]) -> "
                "row, column = divmod(int(differences.argmin()), differences.shape[1]); return row + 1, column + 1"
            ),
            "Absolute differences; the sum of *squares* is asked for, and another place has the smallest.": (
                ".square() -> .abs()"
            ),
            "One colour alone is compared: add up all three.": (
                "(windows - T[:, :, None, None]).square().sum((1, 4, 5))[0] -> "
                "(windows - T[:, :, None, None]).square()[:, 0].sum((3, 4))[0]"
            ),
            "Not every place was tried: the window moves by one pixel, not by its own size.": Each(
                "I.unfold(2, k, 1).unfold(3, m, 1) -> I.unfold(2, k, k).unfold(3, m, m)",
            ),
            "The last row and the last column of places are left out: there are h − k + 1 rows of them.": (
                "differences.argmin()) -> differences[:-1, :-1].argmin())",
                "differences.shape[1]) -> differences.shape[1] - 1)",
            ),
            "Sums are compared in the place of differences: subtract T from each window.": "windows - T -> windows + T",
        },
        hints=(
            "Lay the mark on every place, and measure how much it differs there.",
            "`I.unfold(2, k, 1).unfold(3, m, 1)` gives all windows, (1, 3, h − k + 1, w − m + 1, k, m).",
            "The sum of squares over colours and window; `argmin()` counts row by row, so divide by the row's length: "
            "quotient and remainder.",
        ),
    ),
    Exercise(
        number="10.5",
        title="a soft border inside the hole",
        cases=fillings,
        mistakes={
            "The other way round: at the border (d = 0) the existing colour, deep inside the prediction.": (
                "near + weight * (I_p - near) -> I_p + weight * (near - I_p)"
            ),
            "Beyond r the weight goes on growing above 1: stop it there.": ".clamp(max=1) ->",
            "This blends existing pixels, too: where d is 0 they get half of the prediction. They must stay as they "
            "are.": "d / r -> 0.5 + 0.5 * d / r",
            "That is a step, not a slope: nothing between the two.": "(d / r).clamp(max=1) -> (d >= r).to(d.dtype)",
            "The slope is 1 pixel wide, whatever r is.": "d / r -> d",
            "That is a step at the hole's border, not a slope: the weight grows from 0 at d = 0 to 1 at d = r.": (
                "(d / r).clamp(max=1) -> (d > 0).to(d.dtype)"
            ),
            "The fraction is upside down: d / r grows with the depth.": "d / r -> r / d.clamp(min=1e-6)",
            "The slope is a straight one: no smoothing of it.": Each(
                "weight = (d / r).clamp(max=1) -> weight = 3 * (d / r).clamp(max=1) ** 2 - 2 * (d / r).clamp(max=1) "
                "** 3",
                "(d / r).clamp(max=1) -> (d / r).clamp(max=1) ** 2",
            ),
            "Near the border the existing colour must fade as the prediction comes in: its weight is 1 − d / r.": (
                "near + weight * (I_p - near) -> near + weight * I_p"
            ),
            "The prediction alone: the mixture has the colour of the border, too.": (
                "near + weight * (I_p - near) -> I_p"
            ),
            "1 − d / r is the weight of the existing colour; the prediction has d / r.": "d / r -> 1 - d / r",
        },
        hints=(
            "A weight that is 0 where d is 0, and 1 from d = r on.",
            "`(d / r).clamp(max=1)`; then `near + weight * (I_p - near)`, which is `torch.lerp`.",
        ),
    ),
    Exercise(
        number="10.6",
        title="a second opinion",
        cases=pictures_to_mirror,
        mistakes={
            "The mask was not mirrored: the hole is now in another place than what is to be replaced.": (
                "M.flip(3) -> M"
            ),
            "The picture was not mirrored, only its mask.": "I.flip(3) -> I",
            "Mirror the result back, or it cannot be compared with the first.": ").flip(3) -> )",
            "That stands on its head: left and right are axis 3, top and bottom axis 2. House fronts have a top.": (
                "return fill(I.flip(2), M.flip(2)).flip(2)"
            ),
            "That is the first opinion: nothing was mirrored.": "return fill(I, M)",
            "The picture and the mask were not mirrored before the filling, only its result.": (
                "return fill(I, M).flip(3)"
            ),
            "That is the mean of both opinions; the mirrored one alone is asked for.": (
                "return (fill(I, M) + fill(I.flip(3), M.flip(3)).flip(3)) / 2"
            ),
            "Transposed, not mirrored: left and right are exchanged by `flip(3)`.": "return fill(I.mT, M.mT).mT",
            "Mirrored both ways, which turns the picture on its head: left to right alone, axis 3.": (
                "return fill(I.flip((2, 3)), M.flip((2, 3))).flip((2, 3))"
            ),
            "The mask is the other way round: 1 exists, mirrored or not.": "M.flip(3) -> 1 - M.flip(3)",
        },
        hints=(
            "Three mirrors: picture, mask, and the result.",
            "`x.flip(3)` mirrors left and right of (b, c, h, w).",
        ),
    ),
    Exercise(
        number="10.7",
        title="roughness",
        cases=pictures_and_windows,
        mistakes={
            "Without the absolute value, positive and negative cancel in the window.": ".abs() ->",
            "The absolute value comes too late: inside the window the signs have cancelled already.": (
                ".abs() ->",
                "count_include_pad=False) -> count_include_pad=False).abs()",
            ),
            "The mean over the window is missing: a single pixel says little.": (
                "F.avg_pool2d(x, k, stride=1, padding=k // 2, count_include_pad=False) -> x"
            ),
            "That is how bright it is around here, not how rough: subtract the mean of the neighbours first.": (
                "(I - mean) -> I"
            ),
            "One map for each colour came back; take their mean.": ".mean(1, keepdim=True) ->",
            "Squares; the *size* of a difference is its absolute value.": ".abs() -> .square()",
            "The colours are added up: average them.": ".mean(1, keepdim=True) -> .sum(1, keepdim=True)",
            "At the border the window's mean counts zeros of the padding: `count_include_pad=False`.": (
                ", count_include_pad=False ->"
            ),
            "Beyond the border there are zeros: repeat the border pixels.": 'mode="replicate" -> mode="constant"',
            "Beyond the border the picture is mirrored: repeat the border pixels.": (
                'mode="replicate" -> mode="reflect"'
            ),
            "The mean of nine pixels, the diagonal ones and the pixel itself among them: four neighbours are meant.": (
                "(P[..., :-2, 1:-1] + P[..., 2:, 1:-1] + P[..., 1:-1, :-2] + P[..., 1:-1, 2:]) / 4 -> "
                "F.avg_pool2d(P, 3, 1)"
            ),
        },
        hints=(
            "Three steps: what the four neighbours do not explain; its size; its mean around here.",
            "`rwlib.course.lessons.fills.diffusion_fill` has the neighbours' mean; "
            "`F.pad(I, (1, 1, 1, 1), mode='replicate')`.",
            "`F.avg_pool2d(x, k, stride=1, padding=k // 2, count_include_pad=False)` is the mean over a window.",
        ),
    ),
]
