"""Exercises of notebook 02."""

import torch
import torch.nn.functional as F

from rwlib.course.checking.cases import mask, randn
from rwlib.course.checking.exercise import Exercise
from rwlib.course.lessons.convolutions import partial_conv, phase_filters
from rwlib.masks import resize_mask
from rwlib.networks.fast.reflect_conv import pad_reflect


def conv(x, W, b=None):
    """Convolve (b, c, h, w), its border mirrored."""
    return F.conv2d(pad_reflect(x, W.shape[-1] // 2), W, b)


# --- 2.2 and 2.3: equation (1)


def region_wise(x, M, W, b, W_hat, b_hat):
    """Equation (1): the output location chooses."""
    return conv(x, W, b) * M + conv(x, W_hat, b_hat) * (1 - M)


def by_window(x, M, W, b, W_hat, b_hat):
    """Wrong: a window that touches the hole anywhere gets W_hat."""
    hole = F.max_pool2d(pad_reflect(1 - M, W.shape[-1] // 2), W.shape[-1], stride=1)
    return region_wise(x, 1 - hole, W, b, W_hat, b_hat)


def masked_input(x, M, W, b, W_hat, b_hat):
    """Wrong: masks what goes in."""
    return conv(x * M, W, b) + conv(x * (1 - M), W_hat, b_hat)


def masked_input_and_output(x, M, W, b, W_hat, b_hat):
    """Wrong: masks both."""
    return conv(x * M, W, b) * M + conv(x * (1 - M), W_hat, b_hat) * (1 - M)


def maps_and_filters(rng):
    """Not square, one image and several, 3x3 and 5x5, float64."""
    for b, c, o, h, w, k in ((1, 2, 3, 4, 6, 3), (3, 1, 2, 6, 4, 3), (2, 3, 1, 5, 7, 5)):
        filters = randn(rng, o, c, k, k), randn(rng, o), randn(rng, o, c, k, k), randn(rng, o)
        yield randn(rng, b, c, h, w), mask(rng, b, h, w, hole_fraction=0.4), *filters


# --- 2.4: masks of another size


def take(M, rows, columns):
    """Pick rows and columns of a mask, those beyond the last one being the last one."""
    rows, columns = rows.long().clamp(max=M.shape[-2] - 1), columns.long().clamp(max=M.shape[-1] - 1)
    return M[:, :, rows][:, :, :, columns]


def resized_by(rule):
    """Make a resize from rule(i, old, new), the row that row i of the result shows."""

    def resize(M, h, w):
        H, W = M.shape[-2:]
        return take(M, rule(torch.arange(h), H, h), rule(torch.arange(w), W, w))

    return resize


def masks_and_sizes(rng):
    """Smaller and larger. The new sizes are even: then no position lies half-way, and every way of rounding agrees."""
    for b, H, W, h, w in ((1, 16, 13, 4, 6), (2, 9, 20, 4, 8), (2, 12, 11, 10, 4), (1, 5, 7, 8, 12)):
        yield mask(rng, b, H, W, hole_fraction=0.4), h, w


# --- 2.5: by channel


def channel_separated(x, M, W, W_hat, b):
    """Section 3.2, "in practice": one convolution over both regions' channels."""
    return conv(torch.cat([x * M, x * (1 - M)], dim=1), torch.cat([W, W_hat], dim=1), b)


def maps_and_filters_one_bias(rng):
    """As for equation (1), with one bias."""
    for x, M, W, b, W_hat, _ in maps_and_filters(rng):
        yield x, M, W, W_hat, b


# --- 2.7: partial convolution


def partial_parts(x, M, W):
    """Return the convolution of the masked map, and how many taps of each window exist."""
    return conv(x * M, W), conv(M, torch.ones_like(W[:1, :1]))


def partial_without_rescaling(x, M, W, b):
    """Wrong: windows with few taps give small sums."""
    sums, taps = partial_parts(x, M, W)
    M_new = (taps > 0.5).to(x.dtype)
    return (sums + b.view(1, -1, 1, 1)) * M_new, M_new


def partial_scaled_bias(x, M, W, b):
    """Wrong: the bias is scaled as well."""
    sums, taps = partial_parts(x, M, W)
    M_new = (taps > 0.5).to(x.dtype)
    return (sums + b.view(1, -1, 1, 1)) * W.shape[-1] ** 2 / taps.clamp(min=1) * M_new, M_new


def partial_share(x, M, W, b):
    """Wrong: the factor is turned round."""
    sums, taps = partial_parts(x, M, W)
    M_new = (taps > 0.5).to(x.dtype)
    return (sums * taps / W.shape[-1] ** 2 + b.view(1, -1, 1, 1)) * M_new, M_new


def partial_bias_in_the_hole(x, M, W, b):
    """Wrong: windows without any tap give b."""
    sums, taps = partial_parts(x, M, W)
    return sums * W.shape[-1] ** 2 / taps.clamp(min=1) + b.view(1, -1, 1, 1), (taps > 0.5).to(x.dtype)


def partial_strict(x, M, W, b):
    """Wrong: only full windows count as existing."""
    out, _ = partial_conv(x, M, W, b)
    return out, (partial_parts(x, M, W)[1] > W.shape[-1] ** 2 - 0.5).to(x.dtype)


def partial_unmasked(x, M, W, b):
    """Wrong: reads the hole."""
    _, taps = partial_parts(x, M, W)
    M_new = (taps > 0.5).to(x.dtype)
    return (conv(x, W) * W.shape[-1] ** 2 / taps.clamp(min=1) + b.view(1, -1, 1, 1)) * M_new, M_new


def maps_with_large_holes(rng):
    """Sparse masks, so that some windows have no existing pixel at all."""
    for b, c, o, h, w, k in ((1, 2, 3, 6, 8, 3), (3, 1, 2, 8, 5, 3), (2, 3, 1, 9, 7, 5)):
        M = mask(rng, b, h, w, hole_fraction=0.9)
        M[:, :, :, w // 2 :] = 0.0
        M[:, :, 0, 0] = 1.0
        yield randn(rng, b, c, h, w), M, randn(rng, o, c, k, k), randn(rng, o)


# --- 2.8 and 2.9: upsampling


def phases_by(even, odd):
    """Make phase filters from the taps (before, at) of even outputs and (at, after) of odd ones."""

    def filters(w):
        def along(w, axis):
            w0, w1, w2 = w.unbind(axis)
            return [torch.stack(taps(w0, w1, w2), dim=axis) for taps in (even, odd)]

        return torch.stack([torch.stack([along(rows, 3)[q] for q in range(2)]) for rows in along(w, 2)])

    return filters


def filters_3x3(rng):
    """Several widths, float64."""
    for o, c in ((1, 1), (2, 3), (4, 2)):
        yield (randn(rng, o, c, 3, 3),)


def filters_3(rng):
    """1-D filters, float64."""
    for o, c in ((1, 1), (2, 3), (4, 2)):
        yield (randn(rng, o, c, 3),)


EXERCISES = [
    Exercise(
        number="2.1",
        title="how many outputs use the filters of the hole",
        solution=9,
        mistakes={
            "25 windows touch the hole, but equation (1) asks where the window's output location lies.": 25,
            "Only one window lies in the hole altogether. Equation (1) asks for its centre, the output location.": 1,
            "40 are the existing locations; they use `W` and `b`.": 40,
            "The window has 9 taps in each of 49 places, but filters are chosen once for each output.": 81,
        },
        hints=(
            "Does the window matter, or only the place where its result is written?",
            "The map keeps its size, so there is one output location for each pixel of the mask.",
        ),
    ),
    Exercise(
        number="2.2",
        title="equation (1) by loops",
        solution=region_wise,
        cases=maps_and_filters,
        mistakes={
            "The regions are exchanged: where `M` is 1 the picture exists, and `W`, `b` apply.": (
                lambda x, M, W, b, W_hat, b_hat: region_wise(x, 1 - M, W, b, W_hat, b_hat)
            ),
            "Both regions got the bias `b`; the hole has one of its own, `b_hat`.": (
                lambda x, M, W, b, W_hat, b_hat: region_wise(x, M, W, b, W_hat, b)
            ),
            "Not the window decides but its output location: look at `M` at (i, j) alone.": by_window,
            "Every image has its own mask: index `M` by the image too.": (
                lambda x, M, W, b, W_hat, b_hat: region_wise(x, M[:1], W, b, W_hat, b_hat)
            ),
            "The filters are turned round. In deep learning a convolution multiplies window and filter as they lie.": (
                lambda x, M, W, b, W_hat, b_hat: region_wise(x, M, W.flip(2, 3), b, W_hat.flip(2, 3), b_hat)
            ),
            "That is the mean of the products; `W^T x` is their sum, over channels, rows and columns.": (
                lambda x, M, W, b, W_hat, b_hat: region_wise(x, M, W / W[0].numel(), b, W_hat / W_hat[0].numel(), b_hat)
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
        solution=region_wise,
        cases=maps_and_filters,
        mistakes={
            "The regions are exchanged: `M` is 1 where the picture exists, so it multiplies the result of `W`.": (
                lambda x, M, W, b, W_hat, b_hat: region_wise(x, 1 - M, W, b, W_hat, b_hat)
            ),
            "Both regions got the bias `b`; the hole has one of its own, `b_hat`.": (
                lambda x, M, W, b, W_hat, b_hat: region_wise(x, M, W, b, W_hat, b)
            ),
            "The biases are right, but `W` and `W_hat` are exchanged.": (
                lambda x, M, W, b, W_hat, b_hat: region_wise(x, M, W_hat, b, W, b_hat)
            ),
            "The mask was applied to the input. Equation (1) lets both filters see the whole map and masks the "
            "output.": masked_input,
            "The mask was applied to input and output. Near the border, windows lost the other region's pixels: mask "
            "the output alone.": masked_input_and_output,
            "The biases stand outside the choice: each belongs to one region, so it must be masked too.": (
                lambda x, M, W, b, W_hat, b_hat: region_wise(x, M, W, None, W_hat, None) + (b + b_hat).view(1, -1, 1, 1)
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
        solution=lambda M, h, w: resize_mask(M, (h, w)),
        cases=masks_and_sizes,
        mistakes={
            "That takes row floor(i H / h), as `F.interpolate(mode='nearest')` does: the last rows are never seen.": (
                resized_by(lambda i, old, new: i * old // new)
            ),
            "Those are half-pixel centres, floor((i + 1/2) H / h). Here the first and the last row stay where they "
            "are.": resized_by(lambda i, old, new: (2 * i + 1) * old // (2 * new)),
            "Off by one: there are h - 1 steps between h rows, and H - 1 between H.": (
                resized_by(lambda i, old, new: torch.floor(i * old / (new - 1) + 0.5))
            ),
            "Rounded down, not to the nearest: add 1/2 before `floor`.": (
                resized_by(lambda i, old, new: i * (old - 1) // (new - 1))
            ),
            "Between 0 and 1 there are new values: a mask must stay 0 or 1, so pick rows, do not mix them.": (
                lambda M, h, w: F.interpolate(M, (h, w), mode="bilinear", align_corners=True)
            ),
            "Interpolated values were rounded down: every cell that touches the hole became hole.": (
                lambda M, h, w: F.interpolate(M, (h, w), mode="bilinear", align_corners=True).add(1e-9).floor()
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
        solution=channel_separated,
        cases=maps_and_filters_one_bias,
        mistakes={
            "The regions are exchanged: the channels that meet `W` must be zero in the hole.": (
                lambda x, M, W, W_hat, b: channel_separated(x, 1 - M, W, W_hat, b)
            ),
            "That is equation (1): it masks the output. By channel, the mask is applied before the convolution.": (
                lambda x, M, W, W_hat, b: region_wise(x, M, W, b, W_hat, b)
            ),
            "The bias was added twice: there is one convolution, so there is one bias.": (
                lambda x, M, W, W_hat, b: masked_input(x, M, W, b, W_hat, b)
            ),
            "The channels were stacked unmasked, so both filters see both regions.": (
                lambda x, M, W, W_hat, b: conv(x, W + W_hat, b)
            ),
            "Only the existing region's channels were masked; those that meet `W_hat` must be zero outside the hole.": (
                lambda x, M, W, W_hat, b: conv(torch.cat([x * M, x], dim=1), torch.cat([W, W_hat], dim=1), b)
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
        solution=(2, 4),
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
        },
        hints=(
            "An output differs if its window contains pixels of both regions.",
            "How far from its centre does a 3×3 window reach? Count such columns left and right of the border.",
        ),
    ),
    Exercise(
        number="2.7",
        title="partial convolution",
        solution=partial_conv,
        cases=maps_with_large_holes,
        mistakes={
            "The sum is not rescaled: a window with three existing taps of nine must count three times.": (
                partial_without_rescaling
            ),
            "The bias was rescaled too: only the sum over the window is, b is added afterwards.": partial_scaled_bias,
            "The factor is turned round: all taps divided by the existing ones, so few taps count more.": partial_share,
            "Where no tap exists the result is 0, not b.": partial_bias_in_the_hole,
            "The new mask is too strict: one existing pixel in the window is enough.": partial_strict,
            "The new mask is the old one: it must grow where a window has found something.": (
                lambda x, M, W, b: (partial_conv(x, M, W, b)[0], M)
            ),
            "The hole was read: multiply `x` by `M` before the convolution.": partial_unmasked,
        },
        hints=(
            "Convolve the mask with ones: that counts the existing taps of every window.",
            "`sums * k * k / taps.clamp(min=1)`, plus the bias, all times `M_new = taps > 0` as a number.",
        ),
    ),
    Exercise(
        number="2.8",
        title="phase filters",
        solution=phase_filters,
        cases=filters_3x3,
        mistakes={
            "The phases are exchanged: the window of an even output covers pixel i - 1 once and pixel i twice.": (
                lambda w: phase_filters(w).flip(0, 1)
            ),
            "Taps were dropped: two of them fall on the same pixel, and both count, so add them.": (
                phases_by(lambda w0, w1, w2: [w0, w1], lambda w0, w1, w2: [w1, w2])
            ),
            "Rows and columns are exchanged: the first index is the row's phase.": (
                lambda w: phase_filters(w).transpose(0, 1)
            ),
            "The taps were averaged. The pixel stands twice, so its weight is their sum.": (
                phases_by(lambda w0, w1, w2: [w0, (w1 + w2) / 2], lambda w0, w1, w2: [(w0 + w1) / 2, w2])
            ),
            "The middle tap counts twice: of three taps one falls on one pixel and two on the other.": (
                phases_by(lambda w0, w1, w2: [w0 + w1, w1 + w2], lambda w0, w1, w2: [w0 + w1, w1 + w2])
            ),
            "Only along the columns is that right; along the rows the same sums are needed.": (
                lambda w: phase_filters(w)[:1].expand(2, -1, -1, -1, -1, -1)
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
        solution=lambda w: (-w[..., 0], w.sum(-1), w[..., 2]),
        cases=filters_3,
        mistakes={
            "The sign of A: x[i-1] = x[i] - d[i-1], so the step before enters with a minus.": (
                lambda w: (w[..., 0], w.sum(-1), w[..., 2])
            ),
            "S lost a tap: on a flat row all steps are 0, and the result must be (w0 + w1 + w2) x[i].": (
                lambda w: (-w[..., 0], w[..., 1] + w[..., 2], w[..., 2])
            ),
            "A and C are exchanged: the step before meets the first tap, the step after the last one.": (
                lambda w: (-w[..., 2], w.sum(-1), w[..., 0])
            ),
            "The sign of C: x[i+1] = x[i] + d[i], so the step after enters with a plus.": (
                lambda w: (-w[..., 0], w.sum(-1), -w[..., 2])
            ),
            "Those are the four-product filters; replace x[i-1] by x[i] - d[i-1] and collect what meets x[i].": (
                lambda w: (w[..., 0], w[..., 1] + w[..., 2], w[..., 0] + w[..., 1])
            ),
        },
        hints=(
            "Put `x[i-1] = x[i] - d[i-1]` into even(i), and `x[i+1] = x[i] + d[i]` into odd(i).",
            "Both times x[i] meets the sum of all three taps. What meets the steps?",
        ),
    ),
]
