"""Exercises of notebook 02."""

from rwlib.course.checking.cases import mask, randn
from rwlib.course.checking.exercise import Each, Exercise


def maps_and_filters(rng):
    """Not square, several images and one, 3x3 and 5x5, float64; at last a small one, on which mistakes are tried."""
    for b, c, o, h, w, k in ((2, 2, 3, 4, 5, 3), (3, 1, 2, 5, 4, 3), (1, 3, 2, 5, 6, 5), (2, 2, 2, 2, 3, 3)):
        filters = randn(rng, o, c, k, k), randn(rng, o), randn(rng, o, c, k, k), randn(rng, o)
        yield randn(rng, b, c, h, w), mask(rng, b, h, w, hole_fraction=0.4), *filters


def masks_and_sizes(rng):
    """Smaller and larger. The new sizes are even: then no position lies half-way, and every way of rounding agrees."""
    for b, H, W, h, w in ((2, 9, 20, 4, 8), (1, 16, 13, 4, 6), (2, 12, 11, 10, 4), (1, 5, 7, 8, 12)):
        yield mask(rng, b, H, W, hole_fraction=0.4), h, w


def maps_and_filters_one_bias(rng):
    """As for equation (1), with one bias."""
    for x, M, W, b, W_hat, _ in maps_and_filters(rng):
        yield x, M, W, W_hat, b


def maps_with_large_holes(rng):
    """Sparse masks, so that some windows have no existing pixel at all."""
    for b, c, o, h, w, k in ((2, 2, 3, 6, 8, 3), (3, 1, 2, 8, 5, 3), (1, 3, 2, 9, 7, 5)):
        M = mask(rng, b, h, w, hole_fraction=0.9)
        M[:, :, :, w // 2 :] = 0.0
        M[:, :, 0, 0] = 1.0
        yield randn(rng, b, c, h, w), M, randn(rng, o, c, k, k), randn(rng, o)


def filters_3x3(rng):
    """Several widths, float64."""
    for o, c in ((2, 3), (4, 2), (1, 1)):
        yield (randn(rng, o, c, 3, 3),)


def filters_3(rng):
    """1-D filters, float64."""
    for o, c in ((2, 3), (4, 2), (1, 1)):
        yield (randn(rng, o, c, 3),)


EXERCISES = [
    Exercise(
        number="2.1",
        title="how many outputs use the filters of the hole",
        mistakes={
            "25 windows touch the hole, but equation (1) asks where the window's output location lies.": 25,
            "Only one window lies in the hole altogether. Equation (1) asks for its centre, the output location.": 1,
            "40 are the existing locations; they use `W` and `b`.": 40,
            "The window has 9 taps in each of 49 places, but filters are chosen once for each output.": 81,
            "Those are all output locations. `W_hat` is used where the output lies in the hole.": 49,
            "That is the ring around the hole: those windows see it, but their output locations exist.": Each(16, 24),
            "That is one side of the hole: count the area, rows times columns.": Each(3, 5),
            "The map keeps its size: there are 49 output locations in all, each with one choice.": Each(
                100, when=lambda answer: answer > 49
            ),
            "Is a location of the hole left without an output? Every one of them has one.": Each(
                0, when=lambda answer: answer < 9
            ),
        },
        hints=(
            "Does the window matter, or only the place where its result is written?",
            "The map keeps its size, so there is one output location for each pixel of the mask.",
        ),
    ),
    Exercise(
        number="2.2",
        title="equation (1) by loops",
        cases=maps_and_filters,
        mistakes={
            "The regions are exchanged: where `M` is 1 the picture exists, and `W`, `b` apply.": "== 1 -> == 0",
            "Both regions got the bias `b`; the hole has one of its own, `b_hat`.": "b_hat[m]) -> b[m])",
            "Not the window decides but its output location: look at `M` at (i, j) alone.": (
                "M[n, 0, i, j] == 1 -> pad_reflect(M, k // 2)[n, 0, i : i + k, j : j + k].min() == 1"
            ),
            "Every image has its own mask: index `M` by the image too.": "M[n, 0 -> M[0, 0",
            "The filters are turned round. In deep learning a convolution multiplies window and filter as they lie.": (
                "window * weight -> window * weight.flip(1, 2)"
            ),
            "That is the mean of the products; `W^T x` is their sum, over channels, rows and columns.": (
                ".sum() -> .mean()"
            ),
            "The bias is missing: each region adds its own, `b` or `b_hat`.": (
                "(window * weight).sum() + bias -> (window * weight).sum()"
            ),
            "The border is padded with zeros; the course mirrors it, `pad_reflect(x, k // 2)`.": """
                k = W.shape[-1]
                x_pad = F.pad(x, (k // 2,) * 4)
                out = x.new_zeros(len(x), len(W), *x.shape[-2:])
                for n, m, i, j in product(*map(range, out.shape)):
                    window = x_pad[n, :, i : i + k, j : j + k]
                    weight, bias = (W[m], b[m]) if M[n, 0, i, j] == 1 else (W_hat[m], b_hat[m])
                    out[n, m, i, j] = (window * weight).sum() + bias
                return out
            """,
            "Rows and columns of the window are exchanged: rows are i, columns j.": (
                "x_pad[n, :, i : i + k, j : j + k] -> x_pad[n, :, i : i + k, j : j + k].mT"
            ),
        },
        hints=(
            "The window of output (i, j) is `x_pad[n, :, i : i + k, j : j + k]`: all channels, k rows, k columns.",
            "`(window * W[m]).sum() + b[m]` where `M[n, 0, i, j] == 1`, else the same with `W_hat`, `b_hat`.",
        ),
    ),
    Exercise(
        number="2.3",
        title="equation (1) without loops",
        cases=maps_and_filters,
        mistakes={
            "The regions are exchanged: `M` is 1 where the picture exists, so it multiplies the result of `W`.": (
                "existing * M + missing * (1 - M) -> existing * (1 - M) + missing * M"
            ),
            "Both regions got the bias `b`; the hole has one of its own, `b_hat`.": "b_hat) -> b)",
            "The biases are right, but `W` and `W_hat` are exchanged.": (
                "(x, W, b) -> (x, W_hat, b)",
                "W_hat, b_hat -> W, b_hat",
            ),
            "The mask was applied to the input. Equation (1) lets both filters see the whole map and masks the "
            "output.": (
                "(x, W, b) -> (x * M, W, b)",
                "(x, W_hat -> (x * (1 - M), W_hat",
                "existing * M + missing * (1 - M) -> existing + missing",
            ),
            "The mask was applied to input and output. Near the border, windows lost the other region's pixels: mask "
            "the output alone.": (
                "(x, W, b) -> (x * M, W, b)",
                "(x, W_hat -> (x * (1 - M), W_hat",
            ),
            "The biases stand outside the choice: each belongs to one region, so it must be masked too.": (
                "W, b) -> W, 0 * b)",
                "b_hat) -> 0 * b_hat)",
                "(1 - M) -> (1 - M) + (b + b_hat).view(1, -1, 1, 1)",
            ),
            "Both regions' results are added everywhere: each counts in its own region alone, so multiply by `M` and "
            "by `1 - M`.": "existing * M + missing * (1 - M) -> existing + missing",
            "The hole stays empty: the result of `W_hat` is missing there.": " + missing * (1 - M) ->",
            "The existing region stays empty: the result of `W` is missing there.": "existing * M + ->",
            "Both biases are missing.": ("W, b) -> W, 0 * b)", "b_hat) -> 0 * b_hat)"),
            "One region alone sees the whole map: the other one's input was masked. Mask the outputs only.": Each(
                "(x, W_hat -> (x * (1 - M), W_hat", "(x, W, b) -> (x * M, W, b)"
            ),
        },
        hints=(
            "Convolve the whole map twice, once with each set of filters. Only then choose.",
            "`M` has one channel and broadcasts: `existing * M + missing * (1 - M)`.",
        ),
    ),
    Exercise(
        number="2.4",
        title="a mask of another size",
        cases=masks_and_sizes,
        mistakes={
            "That takes row floor(i H / h), as `F.interpolate(mode='nearest')` does: the last rows are never seen.": (
                "(H - 1) / (h - 1) + 0.5 -> H / h",
                "(W - 1) / (w - 1) + 0.5 -> W / w",
            ),
            "Those are half-pixel centres, floor((i + 1/2) H / h). Here the first and the last row stay where they "
            "are.": (
                "torch.arange(h, device=M.device) * (H - 1) / (h - 1) + 0.5 -> (torch.arange(h) + 0.5) * H / h",
                "torch.arange(w, device=M.device) * (W - 1) / (w - 1) + 0.5 -> (torch.arange(w) + 0.5) * W / w",
            ),
            "Off by one: there are h - 1 steps between h rows, and H - 1 between H.": (
                "(H - 1) / (h - 1) + 0.5).long() -> H / (h - 1) + 0.5).long().clamp(max=H - 1)",
                "(W - 1) / (w - 1) + 0.5).long() -> W / (w - 1) + 0.5).long().clamp(max=W - 1)",
            ),
            "Rounded down, not to the nearest: add 1/2 before `floor`.": (
                "(h - 1) + 0.5 -> (h - 1)",
                "(w - 1) + 0.5 -> (w - 1)",
            ),
            "Between 0 and 1 there are new values: a mask must stay 0 or 1, so pick rows, do not mix them.": (
                'return F.interpolate(M, (h, w), mode="bilinear", align_corners=True)'
            ),
            "Interpolated values were rounded down: every cell that touches the hole became hole.": (
                'return F.interpolate(M, (h, w), mode="bilinear", align_corners=True).add(1e-9).floor()'
            ),
            "That averages four pixels, or two, and rounds: an output shows *one* pixel, the nearest. Rounding the "
            "index is meant, not the value.": (
                'return F.interpolate(M, (h, w), mode="bilinear", align_corners=True).round()'
            ),
            "That asks which kind is more frequent in a cell: the nearest *pixel* is meant.": Each(
                "return (F.adaptive_avg_pool2d(M, (h, w)) > 0.5).to(M.dtype)",
                "return F.adaptive_avg_pool2d(M, (h, w)).round()",
            ),
            "Cells are averaged, which gives values between 0 and 1: a mask must stay 0 or 1, so pick pixels.": Each(
                "return F.adaptive_avg_pool2d(M, (h, w))", 'return F.interpolate(M, (h, w), mode="area")'
            ),
            "Rows are right, columns not (or the reverse): both run evenly from the first to the last and are rounded "
            "to the nearest.": Each(
                "(H - 1) / (h - 1) + 0.5 -> (H - 1) / (h - 1)",
                "(W - 1) / (w - 1) + 0.5 -> (W - 1) / (w - 1)",
                "(H - 1) / (h - 1) + 0.5 -> H / h",
                "(W - 1) / (w - 1) + 0.5 -> W / w",
            ),
        },
        hints=(
            "Which row of M shows row i of the result? Row 0 for i = 0, row H - 1 for i = h - 1, evenly in between.",
            "`rows = torch.floor(torch.arange(h) * (H - 1) / (h - 1) + 0.5).long()`, then `M[:, :, rows]`.",
        ),
    ),
    Exercise(
        number="2.5",
        title="regions separated by channel",
        cases=maps_and_filters_one_bias,
        mistakes={
            "The regions are exchanged: the channels that meet `W` must be zero in the hole.": (
                "[x * M, x * (1 - M)] -> [x * (1 - M), x * M]"
            ),
            "That is equation (1): it masks the output. By channel, the mask is applied before the convolution.": (
                "return reflect_conv2d(x, W, b) * M + reflect_conv2d(x, W_hat, b) * (1 - M)"
            ),
            "The bias was added twice: there is one convolution, so there is one bias.": (
                "filters, b) -> filters, 2 * b)"
            ),
            "The channels were stacked unmasked, so both filters see both regions.": "[x * M, x * (1 - M)] -> [x, x]",
            "Only the existing region's channels were masked; those that meet `W_hat` must be zero outside the hole.": (
                "x * (1 - M)] -> x]"
            ),
            "The bias is missing; it is added once, by the one convolution.": "filters, b) -> filters, 0 * b)",
            "The border is padded with zeros; the course mirrors it, `reflect_conv2d`.": (
                "reflect_conv2d(stacked, filters, b) -> F.conv2d(stacked, filters, b, padding=W.shape[-1] // 2)"
            ),
        },
        hints=(
            "Stack `x * M` and `x * (1 - M)` along the channels, and the filters along *their* input channels.",
            "Both are `dim=1`: (b, 2 c, h, w) meets (o, 2 c, k, k).",
        ),
    ),
    Exercise(
        number="2.6",
        title="how wide the two readings differ",
        mistakes={
            "That is one side of the border. Windows straddle it from both sides.": (1, 2),
            "A window is that wide, but the border runs between two columns: its reach counts, once on each side.": (
                3,
                5,
            ),
            "Half the kernel's width on each side is right for 3×3; a 5×5 window reaches two columns far.": (2, 2),
            "Far from the border they agree, but a window that straddles it meets other filters in each reading.": (
                0,
                0,
            ),
            "Too wide: from `k - 1` columns away no tap reaches across; it is `(k - 1) / 2` on each side.": (4, 8),
            "A 5×5 window reaches two columns far, a 3×3 window one; and windows straddle the border from both "
            "sides.": Each((1, 1), when=lambda answer: len(answer) == 2 and answer != (4, 2)),
            "The order: first 3×3, then 5×5.": (4, 2),
        },
        hints=(
            "An output differs if its window contains pixels of both regions.",
            "How far from its centre does a 3×3 window reach? Count such columns left and right of the border.",
        ),
    ),
    Exercise(
        number="2.7",
        title="partial convolution",
        cases=maps_with_large_holes,
        mistakes={
            "The sum is not rescaled: a window with three existing taps of nine must count three times.": (
                "sums * k**2 / taps.clamp(min=1) -> sums"
            ),
            "The bias was rescaled too: only the sum over the window is, b is added afterwards.": (
                "sums * k**2 / taps.clamp(min=1) + b.view(1, -1, 1, 1) -> "
                "(sums + b.view(1, -1, 1, 1)) * k**2 / taps.clamp(min=1)"
            ),
            "The factor is turned round: all taps divided by the existing ones, so few taps count more.": (
                "k**2 / taps.clamp(min=1) -> taps / k**2"
            ),
            "Where no tap exists the result is 0, not b.": "out * M_new, -> out,",
            "The new mask is too strict: one existing pixel in the window is enough.": (
                ", M_new -> , (taps > k**2 - 0.5).to(x.dtype)"
            ),
            "The new mask is the old one: it must grow where a window has found something.": ", M_new -> , M",
            "The hole was read: multiply `x` by `M` before the convolution.": "x * M, W -> x, W",
            "The bias is missing: it is added after the rescaling.": "+ b.view(1, -1, 1, 1) ->",
            "The second result counts taps; a mask is 1 where at least one was found, and 0 elsewhere.": (
                ", M_new -> , taps"
            ),
            "The share of existing taps was compared with 0.5: one existing pixel is enough to make a window count, so "
            "compare the *number* of taps.": """
                k = W.shape[-1]
                sums = reflect_conv2d(x * M, W, torch.zeros_like(b))
                taps = reflect_conv2d(M, torch.ones_like(W[:1, :1]), torch.zeros_like(b[:1])) / k**2
                M_new = (taps > 0.5).to(x.dtype)
                return (sums / taps.clamp(min=1 / k**2) + b.view(1, -1, 1, 1)) * M_new, M_new
            """,
            "The bias was added by the convolution, and again after the rescaling, or it was rescaled with the sum.": (
                "x * M, W, torch.zeros_like(b)) -> x * M, W, b)"
            ),
        },
        hints=(
            "Convolve the mask with ones: that counts the existing taps of every window.",
            "`sums * k * k / taps.clamp(min=1)`, plus the bias, all times `M_new = taps > 0` as a number.",
        ),
    ),
    Exercise(
        number="2.8",
        title="phase filters",
        cases=filters_3x3,
        mistakes={
            "The phases are exchanged: the window of an even output covers pixel i - 1 once and pixel i twice.": (
                "dim=1) -> dim=1).flip(0, 1)"
            ),
            "Taps were dropped: two of them fall on the same pixel, and both count, so add them.": (
                "w[:, :, 1] + w[:, :, 2] -> w[:, :, 1]",
                "w[:, :, 0] + w[:, :, 1] -> w[:, :, 1]",
                "r[..., 1] + r[..., 2] -> r[..., 1]",
                "r[..., 0] + r[..., 1] -> r[..., 1]",
            ),
            "Rows and columns are exchanged: the first index is the row's phase.": "dim=1) -> dim=0)",
            "The taps were averaged. The pixel stands twice, so its weight is their sum.": (
                "w[:, :, 1] + w[:, :, 2] -> (w[:, :, 1] + w[:, :, 2]) / 2",
                "w[:, :, 0] + w[:, :, 1] -> (w[:, :, 0] + w[:, :, 1]) / 2",
                "r[..., 1] + r[..., 2] -> (r[..., 1] + r[..., 2]) / 2",
                "r[..., 0] + r[..., 1] -> (r[..., 0] + r[..., 1]) / 2",
            ),
            "The middle tap counts twice: of three taps one falls on one pixel and two on the other.": (
                "[w[:, :, 0], -> [w[:, :, 0] + w[:, :, 1],",
                ", w[:, :, 2]] -> , w[:, :, 1] + w[:, :, 2]]",
                "[r[..., 0], -> [r[..., 0] + r[..., 1],",
                ", r[..., 2]] -> , r[..., 1] + r[..., 2]]",
            ),
            "Only along the columns is that right; along the rows the same sums are needed.": (
                "w[:, :, 0] + w[:, :, 1], w[:, :, 2] -> w[:, :, 0], w[:, :, 1] + w[:, :, 2]"
            ),
            "In one place two taps are averaged: the pixel stands twice, so its weight is their sum.": Each(
                "r[..., 1] + r[..., 2] -> (r[..., 1] + r[..., 2]) / 2",
                "r[..., 0] + r[..., 1] -> (r[..., 0] + r[..., 1]) / 2",
                "w[:, :, 1] + w[:, :, 2] -> (w[:, :, 1] + w[:, :, 2]) / 2",
                "w[:, :, 0] + w[:, :, 1] -> (w[:, :, 0] + w[:, :, 1]) / 2",
            ),
            "In one place a tap was dropped, the middle one perhaps: two taps fall on one pixel, and both count.": Each(
                "w[:, :, 1] + w[:, :, 2] -> w[:, :, 2]",
                "w[:, :, 0] + w[:, :, 1] -> w[:, :, 0]",
                "r[..., 1] + r[..., 2] -> r[..., 2]",
                "r[..., 0] + r[..., 1] -> r[..., 0]",
            ),
            "Both row phases are the odd one's: for even rows the first tap stands alone.": (
                "w[:, :, 0], w[:, :, 1] + w[:, :, 2] -> w[:, :, 0] + w[:, :, 1], w[:, :, 2]"
            ),
            "The first phase is the rows', 0 for even: the phases of the columns are exchanged.": (
                "torch.stack(even), torch.stack(odd) -> torch.stack(odd), torch.stack(even)"
            ),
        },
        hints=(
            "First along the rows: even `[w[:, :, 0], w[:, :, 1] + w[:, :, 2]]`, odd `[w[:, :, 0] + w[:, :, 1], ...]`.",
            "Then do the same to each of the two results along the last axis, and `torch.stack` phases in front.",
        ),
    ),
    Exercise(
        number="2.9",
        title="three products in place of four",
        cases=filters_3,
        mistakes={
            "The sign of A: x[i-1] = x[i] - d[i-1], so the step before enters with a minus.": "-w0 -> w0",
            "S lost a tap: on a flat row all steps are 0, and the result must be (w0 + w1 + w2) x[i].": (
                "w0 + w1 + w2 -> w1 + w2"
            ),
            "A and C are exchanged: the step before meets the first tap, the step after the last one.": (
                "-w0, w0 + w1 + w2, w2 -> -w2, w0 + w1 + w2, w0"
            ),
            "The sign of C: x[i+1] = x[i] + d[i], so the step after enters with a plus.": "w2, w2 -> w2, -w2",
            "Those are the four-product filters; replace x[i-1] by x[i] - d[i-1] and collect what meets x[i].": (
                "-w0, w0 + w1 + w2, w2 -> w0, w1 + w2, w0 + w1"
            ),
            "S is the middle tap alone: x[i] meets all three, w0 + w1 + w2, when the steps are put in.": (
                "w0 + w1 + w2 -> w1"
            ),
            "S lacks the middle tap: x[i] meets all three, w0 + w1 + w2.": "w0 + w1 + w2 -> w0 + w2",
            "The middle tap needs no step: it meets x[i] itself. A is −w0, C is w2.": (
                "-w0, w0 + w1 + w2, w2 -> w0 - w1, w0 + w1 + w2, w2 - w1"
            ),
            "C is the last tap, w2: the step after pixel i enters x[i+1].": Each(
                "-w0, w0 + w1 + w2, w2 -> -w0, w0 + w1 + w2, w0", "-w0, w0 + w1 + w2, w2 -> -w0, w0 + w1 + w2, w1"
            ),
            "S is the sum of the three taps, not their mean.": "w0 + w1 + w2 -> (w0 + w1 + w2) / 3",
        },
        hints=(
            "Put `x[i-1] = x[i] - d[i-1]` into even(i), and `x[i+1] = x[i] + d[i]` into odd(i).",
            "Both times x[i] meets the sum of all three taps. What meets the steps?",
        ),
    ),
]
