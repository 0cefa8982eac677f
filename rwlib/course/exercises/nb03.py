"""Exercises of notebook 03: the semantic inferring network."""

import torch
from torch import nn

from rwlib.course.checking.cases import image, mask, randn
from rwlib.course.checking.exercise import Each, Exercise


def pictures_and_masks(rng):
    """Not square, several pictures and one, float64."""
    for b, h, w in ((2, 5, 3), (1, 4, 7), (3, 6, 6)):
        yield image(rng, b, h, w), mask(rng, b, h, w)


def stacks(rng):
    """From one layer to seven, with strides first, last and in between."""
    yield ([(3, 1, 1)],)
    yield ([(5, 1, 1), (3, 2, 1)],)
    yield ([(3, 2, 1), (3, 1, 1), (3, 1, 4)],)
    yield ([(5, 2, 2), (3, 2, 1), (1, 1, 1), (3, 2, 1), (3, 1, 1)],)
    for n in (4, 7):
        kernels = (2 * torch.randint(1, 4, (n,), generator=rng) + 1).tolist()
        strides = torch.randint(1, 4, (n,), generator=rng).tolist()
        dilations = torch.randint(1, 5, (n,), generator=rng).tolist()
        yield (list(zip(kernels, strides, dilations, strict=True)),)


def _convolution(rng, c_in, c_out, kernel, **options):
    layer = nn.Conv2d(c_in, c_out, kernel, dtype=torch.float64, **options)
    layer.weight.data = randn(rng, *layer.weight.shape)
    layer.bias.data = randn(rng, c_out)
    return layer


def networks(rng):
    """Two channels of which the first sees less and shows less, a deeper network, and one whose channels cancel."""
    layer = _convolution(rng, 2, 3, 3, padding=1)
    layer.weight.data[:, 0, [0, 2]] = 0
    layer.weight.data[0, :, :, 0] = 0
    yield layer, randn(rng, 2, 2, 9, 7), 4, 3
    deep = nn.Sequential(
        _convolution(rng, 3, 2, 3, padding=1, stride=2), nn.ELU(), _convolution(rng, 2, 2, 3, padding=2, dilation=2)
    )
    yield deep, randn(rng, 1, 3, 14, 20), 2, 5
    opposite = _convolution(rng, 2, 1, 5, padding=2)
    opposite.weight.data[:, 1] = -opposite.weight.data[:, 0]
    yield opposite, randn(rng, 3, 2, 8, 11), 1, 6


def places(rng):
    """From three maps before the first pixel to three after the last."""
    for n in (2, 3, 5, 16):
        for i in range(-3 * n, 4 * n):
            yield i, n


def features_and_masks(rng):
    """Maps at a quarter of the mask's size."""
    for b, c, h, w in ((2, 3, 5, 3), (1, 2, 4, 7), (3, 2, 6, 6)):
        x, skip = randn(rng, b, c, h, w), randn(rng, b, c + 1, h, w)
        weight, bias = randn(rng, c + 2, 3 * c + 1, 3, 3), randn(rng, c + 2)
        yield x, skip, mask(rng, b, 4 * h, 4 * w), weight, bias


def predictions(rng):
    """Two predictions that carry gradients, a truth, a mask."""
    for b, h, w in ((2, 5, 3), (1, 4, 7), (3, 6, 6)):
        I_p1, I_p2 = (image(rng, b, h, w).requires_grad_() for _ in range(2))
        yield I_p1, I_p2, image(rng, b, h, w), mask(rng, b, h, w)


EXERCISES = [
    Exercise(
        number="3.1",
        title="what goes in",
        cases=pictures_and_masks,
        mistakes={
            "The hole leaks: the network sees the true pixels that it is meant to invent. Erase them with I_gt · M "
            "before anything else.": "I_gt * M -> I_gt",
            "The fourth channel is the other way round: M itself, 1 where the image exists.": ", M] -> , 1 - M]",
            "The wrong region is erased: I_gt · (1 - M) is what is *missing*. The input is what exists, I_gt · M.": (
                "I_gt * M -> I_gt * (1 - M)"
            ),
            "Picture first, mask last: the mask is the *fourth* channel, and trained filters count on it.": (
                "[I_gt * M, M] -> [M, I_gt * M]"
            ),
            "Three channels only. Zero is also a colour, mid-grey: without the mask as fourth channel nobody can tell "
            "a grey pixel from a missing one.": "return I_gt * M",
            "Stacked along the batch or the rows? Channels are axis 1.": "M], dim=1 -> M.expand_as(I_gt)], dim=0",
            "The hole is filled with 1 (white): what is missing is 0 in the input.": "I_gt * M, -> I_gt * M + (1 - M),",
            "The mask stands there three times: one channel is enough, four in all.": "M], -> M.expand_as(I_gt)],",
        },
        hints=(
            "Two things are stacked along the channels: what exists of the picture, and where it exists.",
            "torch.cat([..., M], dim=1), and what stands before M is zero in the hole.",
        ),
    ),
    Exercise(
        number="3.2",
        title="the receptive field by formula",
        cases=stacks,
        mistakes={
            "Strides are forgotten. Behind a stride of 2, neighbouring outputs are 2 input pixels apart, and every "
            "later layer reaches twice as far: keep the product of the strides so far.": "step *= stride -> pass",
            "A kernel of k adds k - 1 pixels, not k: its centre was there already.": "(kernel - 1) -> kernel",
            "Dilation is ignored: a kernel of 3 with dilation d spans 2 · d + 1 pixels.": "* dilation * step -> * step",
            "A layer's own stride does not widen its window, only those of the layers *behind* it: add first, multiply "
            "the step afterwards.": "* step -> * step * stride",
            "Strides multiply, they do not add: two layers of stride 2 make steps of 4 pixels, three make 8.": (
                "step *= stride -> step += stride - 1"
            ),
            "One pixel too many for each layer: a window of k spans k - 1 steps; the centre was there before.": Each(
                "(kernel - 1) * dilation * step -> ((kernel - 1) * dilation + 1) * step"
            ),
            "Strides were added up: they multiply. Two layers of stride 2 make steps of 4 pixels, three make 8.": (
                "step *= stride -> step += stride"
            ),
            "The loop ends after the first layer: is `return` inside it?": (
                "        step *= stride ->         return side + 0 * (step * stride)"
            ),
            "Without any layer an output sees one pixel, itself: begin with 1.": (
                "side, step = 1, 1 -> side, step = 0, 1"
            ),
            "The layers come in the wrong order: the first is the one at the picture.": (
                "dilation in layers -> dilation in layers[::-1]"
            ),
        },
        hints=(
            "Walk through the layers with two numbers: the side so far (at first 1), and the step, which is how many "
            "input pixels lie between neighbours of the map (at first 1).",
            "Each layer adds (kernel - 1) · dilation · step to the side; then step is multiplied by its stride.",
        ),
    ),
    Exercise(
        number="3.3",
        title="the receptive field by gradient",
        cases=networks,
        mistakes={
            "Negative gradients count as well: ask for `!= 0`, not for `> 0`.": "!= 0 -> > 0",
            "That is the gradient of the whole output. Take one output pixel first: network(x)[..., row, column].": (
                "[..., row, column].sum() -> .sum()"
            ),
            "Row and column are exchanged: axis 2 is the row, axis 3 the column.": "row, column -> column, row",
            "Only the input's first channel was asked. A pixel is reached if *any* of its channels is.": (
                "(x.grad != 0).any(dim=1) -> x.grad[:, 0] != 0"
            ),
            "The channels are summed with their signs, and opposite gradients cancel: ask each channel, or sum "
            "absolute values.": "(x.grad != 0).any(dim=1) -> x.grad.sum(dim=1) != 0",
            "Only the output's first channel was asked: sum its channels at (row, column).": (
                "[..., row, column] -> [:, 0, row, column]"
            ),
        },
        hints=(
            "Give x `requires_grad_()` (on a copy), take one pixel of network(x), sum its channels, and go backward.",
            "x.grad has the shape of x; (x.grad != 0).any(dim=1) says which pixels matter.",
        ),
    ),
    Exercise(
        number="3.4",
        title="the middle of a large hole",
        mistakes={
            "Without dilation as well? Then 5 + 2 + 4 + 4 + 8 + 8 + 6 · 8 = 79 px would have to be more than the "
            "hole's 128.": (True, True),
            "The dilated layers do reach: they alone add 8 · (2 + 4 + 8 + 16) = 240 px to the receptive field, and the "
            "hole has 128.": (False, False),
            "The other way round: larger dilation reaches further.": (False, True),
        },
        hints=(
            "The centre is 64 px from the nearest existing pixel. Half the receptive field must be more than that.",
            "receptive_field_px of the 12 layers, once with dilations 2, 4, 8, 16 in layers 7 to 10, once with 1.",
        ),
    ),
    Exercise(
        number="3.5",
        title="a mirror behind a mirror",
        cases=places,
        mistakes={
            "The border pixel appears twice (numpy calls that `symmetric`). Mirrored *at* that pixel, row -1 is 1.": (
                "2 * (n - 1) -> 2 * n",
                "period - i) -> period - 1 - i)",
            ),
            "That continues on the other side of the map, as on a globe: the left border would see the right one. "
            "Mirror instead.": "return i % n",
            "That repeats the border pixel for ever (`replicate`). Mirrored, rows come back inward.": (
                "return min(max(i, 0), n - 1)"
            ),
            "One mirror is not enough: where the padding is larger than the map, the index leaves at the other end. "
            "Mirror again, or use the period 2 · (n - 1).": "i % period -> abs(i)",
            "The pattern repeats after 2 · (n - 1) rows, not 2 · n: neither end is seen twice.": "2 * (n - 1) -> 2 * n",
            "One mirror at each end is not enough: for an index far outside, the mirrored one is outside again. Mirror "
            "as often as needed, or use the period 2 · (n - 1).": Each(
                "return abs(i) if i < n else 2 * (n - 1) - i",
                "return -i if i < 0 else 2 * (n - 1) - i if i >= n else i",
            ),
            "Beyond row n - 1 it goes on counting: the second half of the period comes back, period - i.": (
                "min(i, period - i) -> i"
            ),
            "That is the larger of the two; it lies beyond row n - 1. Take the smaller.": (
                "min(i, period - i) -> max(i, period - i)"
            ),
            "Off by one on the way back: i and period - i show the same row, period - i - 1 another one.": Each(
                "min(i, period - i) -> min(i, period - i - 1)", "min(i, period - i) -> min(i, period - i + 1)"
            ),
            "The pattern repeats after 2 · (n - 1) rows, there and back; n - 1 are one way.": (
                "2 * (n - 1) -> (n - 1)"
            ),
        },
        hints=(
            "Write the row of indices for n = 3: ... 2 1 0 1 2 1 0 1 2 ... After how many entries does it repeat?",
            "With period = 2 · (n - 1): take i % period, then the smaller of that and period minus that.",
        ),
    ),
    Exercise(
        number="3.6",
        title="input channels of layer 13",
        mistakes={
            "x12 is needed twice: once zeroed in the hole, once zeroed outside it. That is how one convolution holds "
            "two regions' filters.": 256,
            "The skip connection goes to the existing region alone, not to both: x4 enters once.": 512,
            "That is x12 alone. Each region brings its own channels, and the existing one has a skip connection.": 128,
            "That is the number of channels for c = 1; here c = 32.": 12,
            "The mask chooses, it is not a channel here: only layer 1 gets it as one.": 385,
            "x12 and x4 have 4c = 128 channels each at c = 32, so the number is a multiple of 128.": Each(
                96, when=lambda answer: answer % 128 != 0
            ),
            "Count parts of 128: x12 and x4 for the existing region, x12 for the hole.": Each(
                640, when=lambda answer: answer % 128 == 0
            ),
        },
        hints=(
            "x12 and x4 have 4 · 32 = 128 channels each.",
            "Existing: x12 and x4. Missing: x12. Stack all of them.",
        ),
    ),
    Exercise(
        number="3.7",
        title="one step of the decoder",
        cases=features_and_masks,
        mistakes={
            "The skip connection reaches the hole too. There it carries the erased zeros, nothing else: multiply it by "
            "M.": "skip * M -> skip",
            "The mask is the other way round: M is 1 where the image exists, so `x * M` is the existing region.": (
                "resize_mask(M, -> resize_mask(1 - M,"
            ),
            "The skip connection makes no difference: its channels belong between those of the two regions.": (
                "skip * M -> skip * 0"
            ),
            "The skip connection goes to the wrong region: the existing one needs it, to reconstruct details.": (
                "skip * M -> skip * (1 - M)"
            ),
            "x is not separated: the existing region's copy must be zero in the hole, and the other one outside it.": (
                "[x * M, skip * M, x * (1 - M)] -> [x, skip * M, x]"
            ),
            "The mask was resized in another way: `resize_mask` keeps the first and the last row where they are.": (
                'resize_mask(M, x.shape[-2:]) -> F.interpolate(M, x.shape[-2:], mode="nearest")'
            ),
            "The map keeps its size: layer 13 doubles it, with `upsample_nearest(..., 2)` before the convolution.": (
                "upsample_nearest(regions, 2) -> regions"
            ),
            "The ELU behind the convolution is missing: without it, many layers are worth one.": "F.elu( -> (",
            "The channels are stacked in another order: x in the existing region, skip in the existing region, x in "
            "the hole. The filters' channels are in this order, too.": Each(
                "[x * M, skip * M, x * (1 - M)] -> [x * M, x * (1 - M), skip * M]",
                "[x * M, skip * M, x * (1 - M)] -> [skip * M, x * M, x * (1 - M)]",
                "[x * M, skip * M, x * (1 - M)] -> [x * (1 - M), skip * M, x * M]",
                "[x * M, skip * M, x * (1 - M)] -> [x * (1 - M), x * M, skip * M]",
                "[x * M, skip * M, x * (1 - M)] -> [skip * M, x * (1 - M), x * M]",
            ),
            "The bias is missing: `reflect_conv2d(x, weight, bias)`.": "weight, bias) -> weight, 0 * bias)",
            "Upsampled after the convolution: the filters should meet the doubled map, so upsample first.": Each(
                "F.elu(reflect_conv2d(upsample_nearest(regions, 2), weight, bias)) -> "
                "upsample_nearest(F.elu(reflect_conv2d(regions, weight, bias)), 2)"
            ),
            "Upsampled before the regions are separated, with a mask of that size: separate first, at the size of "
            "x, or "
            "the border runs elsewhere.": """
                x, skip = upsample_nearest(x, 2), upsample_nearest(skip, 2)
                M = resize_mask(M, x.shape[-2:])
                return F.elu(reflect_conv2d(torch.cat([x * M, skip * M, x * (1 - M)], dim=1), weight, bias))
            """,
            "The activation is a ReLU: it loses everything negative. The ELU keeps some of it.": "F.elu( -> F.relu(",
        },
        hints=(
            "In this order: resize_mask(M, x.shape[-2:]), three products, torch.cat, upsample_nearest, reflect_conv2d, "
            "F.elu.",
            "The stack is [x * M, skip * M, x * (1 - M)] along dim 1.",
        ),
    ),
    Exercise(
        number="3.8",
        title="the reconstruction loss",
        cases=predictions,
        mistakes={
            "That is the hole alone: either the difference was multiplied by 1 - M, or *composites* were compared, "
            "which equal I_gt elsewhere. Eq. (2) takes the predictions, and all pixels.": (
                "(I_p1 - I_gt) -> ((I_p1 - I_gt) * (1 - M))",
                "(I_p2 - I_gt) -> ((I_p2 - I_gt) * (1 - M))",
            ),
            "That is the existing region alone: nothing would ask for a good hole.": (
                "(I_p1 - I_gt) -> ((I_p1 - I_gt) * M)",
                "(I_p2 - I_gt) -> ((I_p2 - I_gt) * M)",
            ),
            "A mean over the entries; the paper's norm is their *sum* (only images are averaged).": (
                "((I_p1 - I_gt).abs().sum() + (I_p2 - I_gt).abs().sum()) / len(I_gt) -> "
                "(I_p1 - I_gt).abs().mean() + (I_p2 - I_gt).abs().mean()"
            ),
            "Summed over the batch too: divide by the number of images, or the loss grows with the batch.": (
                " / len(I_gt) ->"
            ),
            "Squares: the 1 below the norm's bars means absolute values. Squares care about few large errors and let "
            "small ones pass, which blurs.": (
                "(I_p1 - I_gt).abs() -> (I_p1 - I_gt).square()",
                "(I_p2 - I_gt).abs() -> (I_p2 - I_gt).square()",
            ),
            "Only the first prediction: eq. (2) has a second term, with I_p2.": " + (I_p2 - I_gt).abs().sum() ->",
            "Only the second prediction: the first network would be trained through the second alone.": (
                "(I_p1 - I_gt).abs().sum() + ->"
            ),
            "Absolute values come before the sum: otherwise too bright and too dark cancel.": (
                "(I_p1 - I_gt).abs() -> (I_p1 - I_gt)",
                "(I_p2 - I_gt).abs() -> (I_p2 - I_gt)",
            ),
            "One of the two terms counts a region alone: both take all pixels, the mask is of no use.": Each(
                "(I_p1 - I_gt) -> ((I_p1 - I_gt) * (1 - M))",
                "(I_p2 - I_gt) -> ((I_p2 - I_gt) * (1 - M))",
                "(I_p1 - I_gt) -> ((I_p1 - I_gt) * M)",
                "(I_p2 - I_gt) -> ((I_p2 - I_gt) * M)",
            ),
            "That is the Euclidean norm, the root of a sum of squares; the 1 at the bars means absolute values.": Each(
                "((I_p1 - I_gt).abs().sum() + (I_p2 - I_gt).abs().sum()) -> ((I_p1 - I_gt).norm() + (I_p2 - "
                "I_gt).norm())"
            ),
            "The two predictions were averaged; eq. (2) adds their terms.": " / len(I_gt) -> / len(I_gt) / 2",
            "The absolute value comes after the sum: by then too bright and too dark have cancelled.": (
                "((I_p1 - I_gt).abs().sum() + (I_p2 - I_gt).abs().sum()) -> "
                "((I_p1 - I_gt).sum().abs() + (I_p2 - I_gt).sum().abs())"
            ),
        },
        hints=(
            "Absolute differences, summed over channels, rows and columns; two terms. Is M needed?",
            "((I_p1 - I_gt).abs().sum() + the same with I_p2) / number of images.",
        ),
    ),
    Exercise(
        number="3.9",
        title="which activations still learn",
        mistakes={
            "Above 0 the ELU is the identity, but the clip behind it is flat above 1: no gradient at 1.5.": (
                {"elu_clip", "tanh"},
                {"elu_clip", "tanh"},
            ),
            "At -3 the ELU has already bent to exp(-3) - 1 = -0.95, inside [-1, 1]: the clip does not touch it, and "
            "the slope is exp(-3) = 0.05.": ({"tanh"}, {"tanh"}),
            "A clip is flat on both sides: at -3 it learns nothing either.": ({"tanh"}, {"clip", "elu_clip", "tanh"}),
            "tanh saturates, but it is never flat: its slope at 1.5 is 0.18.": (set(), {"elu_clip", "tanh"}),
            "tanh saturates, but it is never flat: its slope is 0.18 at 1.5 and 0.01 at -3.": (set(), {"elu_clip"}),
            "A plain clip is flat above 1 and below −1: `clip` has no slope at 1.5 and none at −3.": Each(
                ({"clip", "tanh"}, {"clip", "tanh", "elu_clip"}),
                when=lambda answer: any("clip" in ([names] if isinstance(names, str) else names) for names in answer),
            ),
            "At −3 there are two: tanh, never flat, and the ELU, which has bent to −0.95, inside [−1, 1].": Each(
                ({"tanh"}, {"elu_clip"}),
                when=lambda answer: answer[0] in ("tanh", {"tanh"}, ["tanh"], ("tanh",)),
            ),
            "At 1.5 the ELU gives 1.5, which is clipped, so `elu_clip` is flat there; tanh is flat nowhere.": Each(
                ({"elu_clip"}, {"tanh", "elu_clip"}), when=lambda answer: len(answer) == 2
            ),
        },
        hints=(
            "A clip has slope 1 inside [-1, 1] and 0 outside. What does an ELU make of 1.5 and of -3, before the clip?",
            "elu(1.5) = 1.5 lies outside [-1, 1]; elu(-3) = -0.95 lies inside.",
        ),
    ),
]
