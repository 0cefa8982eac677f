r"""Irregular holes: one connected hole, or several separate ones, with the missing fraction drawn first and then met.

A mask `M` is 1 where the image exists and 0 where it is missing (paper, section 3.1). Section 3.5 trains on masks that
miss 0 to 40 % of the image; tables 2 and 3 report five ranges, each for contiguous and for discontiguous holes, because
the two differ in difficulty: inside one large hole most pixels are far from anything that exists.

The paper does not say how its masks were drawn. The released program draws a random number of strokes and takes the
missing fraction that comes out of it (12 % on average for contiguous holes). Here the number of missing pixels is drawn
first, uniformly from the range, and met exactly, so that a batch covers the range evenly and a bucket holds what its
name says.
"""

import math
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from rwlib.conventions import InputError, check_shape, one_of

BUCKETS: tuple[tuple[float, float], ...] = ((0.0, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, 0.4), (0.4, 0.5))
"""The five ranges of the missing fraction in tables 2 and 3. Very small holes make PSNR meaningless: evaluate the first
bucket from 0.01."""

TRAINING_RANGE: tuple[float, float] = (0.0, 0.4)
"""Range of the missing fraction during training (section 3.5)."""

KINDS: tuple[str, ...] = ("contiguous", "discontiguous", "both")
"""Kinds of holes that `random_mask` knows; `both` tosses a coin for each mask."""


# ---------------------------------------------------------------------------------------------------------------------
# One hole


def contiguous_mask(
    height: int, width: int, hole_fraction: tuple[float, float] = TRAINING_RANGE, *, generator: torch.Generator
) -> Tensor:
    r"""Draw a mask with one 4-connected hole: the track of a round brush that walks, turns and branches.

    Every dab of the brush is centred on a pixel that is already missing, and the last one is cut to the pixels nearest
    to its centre, as many as are still needed. The hole is 4-connected, because of any new pixel's four neighbours one
    is strictly nearer to the dab's centre. That neighbour lies inside the image (it is on the way to the centre) and
    inside the dab (it is nearer), and it survives the cut (what is cut is at least as far as what stays). Going on from
    neighbour to neighbour ends at the centre, which the hole had before the dab.

    Args:
        height: of the mask, in pixels.
        width: of the mask, in pixels.
        hole_fraction: lowest and highest missing fraction, 0 <= low <= high < 1. The number of missing pixels is drawn
            uniformly from the whole numbers in between, and is at least 1.
        generator: source of randomness; its state moves on by one draw.

    Returns:
        (1, h, w), float32, values {0., 1.}, 1 existing, 0 missing.

    Raises:
        InputError: a size below 1, a refused range, a range without a whole number of pixels, no generator.

    Example:
        >>> M = contiguous_mask(64, 64, (0.25, 0.25), generator=torch.Generator().manual_seed(0))
        >>> int((M == 0).sum())
        1024
    """
    low, high = _count_range(height, width, hole_fraction, at_least=1, at_most=height * width)
    rng = _numpy_generator(generator)
    need = int(rng.integers(low, high + 1))
    hole = np.zeros((height, width), bool)

    # The radius decides the character of the hole: one disc of it holds between all (a blob) and 1/30 (a snake) of the
    # missing pixels. These numbers, and those below, were chosen by eye.
    radius = max(1.5, math.sqrt(need / (math.pi * math.exp(rng.uniform(0, math.log(30))))))
    turn, branching = rng.uniform(0.1, 0.7), rng.uniform(0, 0.15)
    cy, cx, angle = int(rng.integers(height)), int(rng.integers(width)), rng.uniform(0, 2 * math.pi)
    swell = 1.0
    centres = []
    while True:
        # A dab that leaves nothing new widens the brush; in the end one dab covers the image, so the loop ends.
        painted = _paint_dab(hole, cy, cx, radius * swell, need)
        need -= painted
        if need == 0:
            return _to_mask(hole)
        if painted == 0:
            radius *= 1.1
        centres.append((cy, cx))
        if rng.random() < branching:
            cy, cx = centres[rng.integers(len(centres))]
            angle = rng.uniform(0, 2 * math.pi)
        # Rounding the step towards zero keeps the next centre inside this dab, and so does pulling it into the image.
        step = rng.uniform(0.5, 1.0) * radius * swell if (cy, cx) == centres[-1] else 0.0
        y, x = cy + int(step * math.sin(angle)), cx + int(step * math.cos(angle))
        cy, cx = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
        if (cy, cx) != (y, x):  # off the image: turn back towards a random point of it
            angle = math.atan2(rng.uniform(0, height) - cy, rng.uniform(0, width) - cx)
        angle += turn * rng.standard_normal()
        swell = min(max(swell * math.exp(0.15 * rng.standard_normal()), 0.6), 1.6)


def _paint_dab(hole: np.ndarray, cy: int, cx: int, radius: float, need: int) -> int:
    """Add to `hole` the at most `need` new pixels of a disc that are nearest to its centre; return how many."""
    reach = int(radius)
    top, left = max(cy - reach, 0), max(cx - reach, 0)
    window = hole[top : cy + reach + 1, left : cx + reach + 1]
    dy, dx = np.arange(top, top + window.shape[0]) - cy, np.arange(left, left + window.shape[1]) - cx
    distance2 = (dy * dy)[:, None] + dx * dx  # whole numbers: nearer and farther are exact
    new = (distance2 <= radius * radius) & ~window
    painted = int(np.count_nonzero(new))
    if painted > need:
        _keep_first(new, distance2, need)
        painted = need
    window |= new
    return painted


# ---------------------------------------------------------------------------------------------------------------------
# Several holes


def discontiguous_mask(
    height: int, width: int, hole_fraction: tuple[float, float] = TRAINING_RANGE, *, generator: torch.Generator
) -> Tensor:
    """Draw a mask with several separate holes: strokes, ellipses and rectangles of different sizes.

    Shapes are drawn until the drawn number of pixels is missing; the last one is cut off along a line. The first few
    shapes are islands: a moat is kept free around each, so no later shape touches them, not even at a corner. At least
    two holes are therefore separate (8-connectivity), whatever the fraction; usually it is many.

    Args:
        height: of the mask, in pixels.
        width: of the mask, in pixels.
        hole_fraction: lowest and highest missing fraction, 0 <= low <= high < 1. The number of missing pixels is drawn
            uniformly from the whole numbers in between, is at least 2, and leaves room for the smallest moat.
        generator: source of randomness; its state moves on by one draw.

    Returns:
        (1, h, w), float32, values {0., 1.}, 1 existing, 0 missing.

    Raises:
        InputError: a size below 1, a refused range, a range or size that leaves no room for two holes, no generator.

    Example:
        >>> M = discontiguous_mask(64, 64, (0.25, 0.25), generator=torch.Generator().manual_seed(0))
        >>> int((M == 0).sum())
        1024
    """
    # The smallest island is one corner pixel; its moat is the rest of the 2x2 corner.
    corner = min(2, height) * min(2, width)
    room = height * width - corner + 1
    low, high = _count_range(height, width, hole_fraction, at_least=2, at_most=room if room > 1 else 0)
    rng = _numpy_generator(generator)
    count = need = int(rng.integers(low, high + 1))
    hole, free = np.zeros((height, width), bool), np.ones((height, width), bool)

    # Chosen by eye: an average shape holds 1/6 to 1/30 of the missing pixels, a moat is 1/64 to 1/20 of the image wide.
    area, islands = count / rng.uniform(6, 30), int(rng.integers(2, 13))
    widths_px = max(1, min(height, width) // 64), max(1, min(height, width) // 20)
    while need:
        new = _draw_shape(rng, free, area * math.exp(rng.uniform(-1, 1))) & free
        at_most = need if hole.any() else count // 2  # the first island leaves something for the others
        if np.count_nonzero(new) > at_most:
            angle = rng.uniform(0, 2 * math.pi)
            position = np.arange(height)[:, None] * math.sin(angle) + np.arange(width) * math.cos(angle)
            _keep_first(new, position, at_most)
        if islands and new.any():
            islands -= 1
            moat = _grow(new, int(rng.integers(*widths_px, endpoint=True)))
            left = need - np.count_nonzero(new)
            if not hole.any() and np.count_nonzero(free & ~moat) < left:  # no room for this one: the smallest island
                new[:] = False
                new[rng.choice([0, height - 1]), rng.choice([0, width - 1])] = True
                moat = _grow(new, 1)
                left = need - 1
            if np.count_nonzero(free & ~moat) >= left:  # otherwise the shape stays, without a moat
                free &= ~moat
        hole |= new
        free &= ~new
        need = count - int(np.count_nonzero(hole))
        area *= 1.05  # ever larger shapes: in the end one covers the image, so the loop ends
    return _to_mask(hole)


def _draw_shape(rng: np.random.Generator, free: np.ndarray, area: float) -> np.ndarray:
    """Draw a stroke, an ellipse or a rectangle of about `area` pixels from a random free pixel, as (h, w) of bool."""
    height, width = free.shape
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    y, x = rng.integers(height), rng.integers(width)
    while not free[y, x]:
        y, x = rng.integers(height), rng.integers(width)
    kind = rng.choice(3, p=[0.6, 0.2, 0.2])
    if kind == 0:
        # A polyline of given width with round ends; its length is 2 to 20 times the width.
        thickness = math.sqrt(area / math.exp(rng.uniform(math.log(2), math.log(20))))
        angles = rng.uniform(0, 2 * math.pi) + np.cumsum(rng.normal(0, 0.6, size=rng.integers(2, 7)))
        step = area / thickness / len(angles)
        xs, ys = x + step * np.cumsum(np.cos(angles)), y + step * np.cumsum(np.sin(angles))
        points = [(x, y), *zip(xs.tolist(), ys.tolist(), strict=True)]
        draw.line(points, fill=1, width=max(1, round(thickness)), joint="curve")
        for px, py in (points[0], points[-1]):
            r = thickness / 2
            draw.ellipse((px - r, py - r, px + r, py + r), fill=1)
    elif kind == 1:
        a, b = _half_sides(rng, area / math.pi)
        tilt, t = rng.uniform(0, math.pi), np.linspace(0, 2 * math.pi, 32, endpoint=False)
        xs = x + a * np.cos(t) * math.cos(tilt) - b * np.sin(t) * math.sin(tilt)
        ys = y + a * np.cos(t) * math.sin(tilt) + b * np.sin(t) * math.cos(tilt)
        draw.polygon(list(zip(xs.tolist(), ys.tolist(), strict=True)), fill=1)
    else:
        a, b = _half_sides(rng, area / 4)
        draw.rectangle((x - a, y - b, x + a, y + b), fill=1)
    return np.asarray(image).view(bool)  # 0 and 1 as they are


def _half_sides(rng: np.random.Generator, product: float) -> tuple[float, float]:
    """Return two lengths with the given product, one at most three times the other."""
    ratio = math.sqrt(3 ** rng.uniform(-1, 1))
    return math.sqrt(product) * ratio, math.sqrt(product) / ratio


def _grow(region: np.ndarray, by: int) -> np.ndarray:
    """Add to a region (h, w), not empty, all pixels at most `by` away along both axes."""
    grown = region.copy()
    rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    window = grown[max(rows[0] - by, 0) : rows[-1] + by + 1, max(columns[0] - by, 0) : columns[-1] + by + 1]
    for _ in range(by):
        old = window.copy()
        window[:, 1:] |= old[:, :-1]
        window[:, :-1] |= old[:, 1:]
        old = window.copy()
        window[1:] |= old[:-1]
        window[:-1] |= old[1:]
    return grown


# ---------------------------------------------------------------------------------------------------------------------
# Either kind, batches


def random_mask(
    height: int,
    width: int,
    hole_fraction: tuple[float, float] = TRAINING_RANGE,
    *,
    kind: str = "both",
    generator: torch.Generator,
) -> Tensor:
    """Draw one mask (1, h, w) of the given kind: `contiguous`, `discontiguous`, or one of the two at random (`both`).

    Raises:
        InputError: an unknown kind, or what `contiguous_mask` and `discontiguous_mask` refuse.

    Example:
        >>> random_mask(8, 12, (0.1, 0.4), kind="both", generator=torch.Generator().manual_seed(0)).shape
        torch.Size([1, 8, 12])
    """
    one_of("kind", kind, KINDS)
    _check_generator(generator)
    if kind == "both":
        coin = torch.randint(2, (), generator=generator, device=generator.device)
        kind = KINDS[int(coin)]
    draw = contiguous_mask if kind == "contiguous" else discontiguous_mask
    return draw(height, width, hole_fraction, generator=generator)


def random_masks(
    batch: int,
    height: int,
    width: int,
    hole_fraction: tuple[float, float] = TRAINING_RANGE,
    *,
    kind: str = "both",
    generator: torch.Generator,
) -> Tensor:
    """Draw `batch` independent masks (b, 1, h, w); see `random_mask`. A larger batch begins with a smaller one's masks.

    Raises:
        InputError: `batch` below 1, or what `random_mask` refuses.

    Example:
        >>> random_masks(2, 8, 12, (0.1, 0.4), generator=torch.Generator().manual_seed(0)).shape
        torch.Size([2, 1, 8, 12])
    """
    if not _is_whole(batch) or batch < 1:
        raise InputError(f"batch: expected a whole number of at least 1, got {batch!r}")
    masks = [random_mask(height, width, hole_fraction, kind=kind, generator=generator) for _ in range(batch)]
    return torch.stack(masks)


# ---------------------------------------------------------------------------------------------------------------------
# Using masks


def hole_fraction(M: Tensor) -> Tensor:
    """Return the missing fraction of each mask.

    Args:
        M: (b, 1, h, w), 1 existing, 0 missing.

    Returns:
        (b,), float32, in [0, 1].

    Raises:
        InputError: `M` is not (b, 1, h, w).

    Example:
        >>> hole_fraction(torch.tensor([1.0, 1.0, 0.0, 1.0]).reshape(1, 1, 2, 2))
        tensor([0.2500])
    """
    sizes = check_shape("M", M, "b 1 h w")
    return (M == 0).flatten(1).sum(1).float() / (sizes["h"] * sizes["w"])


def resize_mask(M: Tensor, size: int | tuple[int, int]) -> Tensor:
    r"""Resize a mask by nearest neighbour with aligned corners, for feature maps of another size (section 3.2).

    Row i of the result is row floor(i (H - 1) / (h - 1) + 1/2) of the mask (row 0 if h = 1), columns likewise: the
    first and the last row stay where they are, as in the released program. `F.interpolate(mode="nearest")` takes row
    floor(i H / h) instead and never sees the last rows. The two disagree at borders of holes, which is where
    region-wise layers differ from standard ones: from 256 to 64 pixels in 1 % of the cells for contiguous training
    masks, in 4 % for discontiguous ones (measured; 1.6 % for the released program's masks).

    Args:
        M: (b, 1, H, W), any device and dtype.
        size: h and w, or one number for both.

    Returns:
        (b, 1, h, w), device and dtype of `M`, values taken from `M`.

    Raises:
        InputError: `M` is not (b, 1, H, W), or a size below 1.

    Example:
        >>> resize_mask(torch.tensor([1.0, 1.0, 1.0, 0.0]).reshape(1, 1, 1, 4), (1, 2))
        tensor([[[[1., 0.]]]])
    """
    sizes = check_shape("M", M, "b 1 h w")
    h, w = _size_pair(size)
    rows, columns = _aligned_index(sizes["h"], h, M.device), _aligned_index(sizes["w"], w, M.device)
    return M.index_select(2, rows).index_select(3, columns)


def _aligned_index(old: int, new: int, device: torch.device) -> Tensor:
    """Return floor(i (old - 1) / (new - 1) + 1/2) for i = 0 ... new - 1, in whole numbers, hence without rounding."""
    steps = max(new - 1, 1)
    return (2 * torch.arange(new, device=device) * (old - 1) + steps) // (2 * steps)


def label_from_mask(M: Tensor, size: int | tuple[int, int], mode: str = "area") -> Tensor:
    """Bring the hole label 1 - M to the size of the discriminator's score map (section 3.4).

    The released program resizes by nearest neighbour: a 4x4 map then samples 16 pixels of the mask, and a hole that
    misses all of them (36 % of its masks with less than 10 % missing) gives no adversarial signal at all. The paper
    does not say; the mean over each cell keeps every hole.

    Args:
        M: (b, 1, H, W), 1 existing, 0 missing.
        size: h and w of the score map, or one number for both.
        mode: `"area"`: the mean of 1 - M over each cell; `"nearest"`: as `resize_mask`.

    Returns:
        (b, 1, h, w), in [0, 1]: 1 where a cell is missing altogether.

    Raises:
        InputError: an unknown mode, `M` is not (b, 1, H, W), or a size below 1.

    Example:
        >>> label_from_mask(torch.tensor([1.0, 1.0, 1.0, 0.0]).reshape(1, 1, 1, 4), (1, 2))
        tensor([[[[0.0000, 0.5000]]]])
    """
    one_of("mode", mode, ("area", "nearest"))
    check_shape("M", M, "b 1 h w")
    if mode == "nearest":
        return 1 - resize_mask(M, size)
    return F.adaptive_avg_pool2d(1 - M, _size_pair(size))


# ---------------------------------------------------------------------------------------------------------------------
# Checks and small helpers


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _size_pair(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return `size` as (h, w), one number standing for both."""
    pair = (size, size) if _is_whole(size) else size
    if (
        not isinstance(pair, tuple | list | torch.Size)
        or len(pair) != 2
        or not all(_is_whole(s) and s > 0 for s in pair)
    ):
        raise InputError(f"size: expected one or two whole numbers of at least 1, got {size!r}")
    return int(pair[0]), int(pair[1])


def _count_range(
    height: int, width: int, hole_fraction: tuple[float, float], *, at_least: int, at_most: int
) -> tuple[int, int]:
    """Return the lowest and highest number of missing pixels that the range of fractions allows."""
    for name, value in (("height", height), ("width", width)):
        if not _is_whole(value) or value < 1:
            raise InputError(f"{name}: expected a whole number of at least 1, got {value!r}")
    try:
        low, high = (float(fraction) for fraction in hole_fraction)
    except (TypeError, ValueError):
        raise InputError(
            f"hole_fraction: expected two numbers (low, high), got {hole_fraction!r}; for one value give it twice"
        ) from None
    if not 0 <= low <= high < 1:
        raise InputError(f"hole_fraction: expected 0 <= low <= high < 1, got {low} {high}; 0.25 means 25 % missing")
    # In decimals, as written: in binary 0.07 * 100 is a little above 7, and its ceiling would be 8.
    pixels = height * width
    first = max(math.ceil(Fraction(repr(low)) * pixels), at_least)
    last = min(math.floor(Fraction(repr(high)) * pixels), at_most)
    if first > last:
        raise InputError(
            f"hole_fraction: no number of pixels of a {height}x{width} mask lies between {low} and {high} and allows "
            f"this kind of hole (at least {at_least}, at most {at_most} pixels); widen the range or enlarge the mask"
        )
    return first, last


def _check_generator(generator: torch.Generator) -> None:
    if not isinstance(generator, torch.Generator):
        raise InputError(
            f"generator: expected a torch.Generator, got {type(generator).__name__}; "
            "pass torch.Generator().manual_seed(seed)"
        )


def _numpy_generator(generator: torch.Generator) -> np.random.Generator:
    """Derive a numpy generator from one draw of a torch generator."""
    _check_generator(generator)
    seed = torch.randint(2**63 - 1, (), generator=generator, device=generator.device)
    return np.random.default_rng(int(seed))


def _keep_first(new: np.ndarray, order: np.ndarray, keep: int) -> None:
    """Switch off all but `keep` of the pixels that are on in `new` (h, w): those with the lowest `order` stay."""
    on = np.flatnonzero(new)
    ranked = on[np.argsort(order.reshape(-1)[on], kind="stable")]
    new.reshape(-1)[ranked[keep:]] = False


def _to_mask(hole: np.ndarray) -> Tensor:
    """Turn missing pixels (h, w) of bool into a mask (1, h, w) of float32."""
    return torch.from_numpy((~hole).astype(np.float32))[None]  # numpy: torch would wake its threads for 64k elements
