r"""House fronts drawn by a program: an unlimited photo source that needs no download.

The paper's own motif is the Paris StreetView data set, which cannot be passed on. These fronts have what its losses
are about: repetition (rows of windows, railings; correlation loss), texture (stone, brick, slate; style loss) and
structure that continues behind a hole (cornices, edges, perspective). They are a substitute, not photographs: a model
trained on them alone has seen no people and no cars.

A scene is laid out in metres, x to the right and y up from the pavement, and drawn at twice the wanted size in two
layers: `paint`, what things look like in plain light, and `shade`, where light falls. A last step multiplies the two,
tilts the camera, blurs, shrinks and adds sensor noise. Every choice is drawn before anything is painted, so that a
facade has the same windows at 64 and at 512 px and in every view of it.
"""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageFilter

from rwlib.conventions import InputError
from rwlib.data.facades.canvas import Canvas, Sun, pick
from rwlib.data.facades.house import House
from rwlib.data.facades.street import (
    paint_lamp,
    paint_sky,
    paint_street,
    paint_tree,
    shade_by_opposite,
    sky_colors,
)
from rwlib.data.facades.walls import paint_house
from rwlib.data.views import check_request, four_uniforms
from rwlib.randomness import check_seed


def render_facade(
    seed: int | Sequence[int],
    size_px: int = 256,
    *,
    zoom: float = 1.0,
    pan: tuple[float, float] = (0.5, 0.5),
) -> np.ndarray:
    """Draw a Paris-like house front.

    Args:
        seed: which one; a number or several, at least 0. The same arguments give the same bytes.
        size_px: side of the picture, at least 8.
        zoom: how much closer to look than the facade's own view, at least 1.
        pan: which part of that view to keep, from (0, 0), left and below, to (1, 1), right and above.

    Returns:
        (size_px, size_px, 3), uint8.

    Raises:
        InputError: a negative seed, a size below 8, a zoom below 1, or a place outside of the view.

    Example:
        >>> render_facade(7, 64).shape
        (64, 64, 3)
    """
    numbers = [seed] if isinstance(seed, int | np.integer) else list(seed)
    for number in numbers:
        check_seed(number)
    if size_px < 8:
        raise InputError(f"size_px: expected at least 8, got {size_px}")
    if not zoom >= 1:
        raise InputError(f"zoom: expected at least 1, got {zoom}")
    if not all(0 <= place <= 1 for place in pan):
        raise InputError(f"pan: expected two numbers from 0 to 1, got {pan}")
    rng, grain = np.random.default_rng([*numbers, 0]), np.random.default_rng([*numbers, 1])

    sun = Sun(rng)
    zenith, horizon = sky_colors(rng, sun.sunny)
    houses = [House(rng, 0.0, horizon)]
    houses.append(House(rng, houses[0].right, horizon))
    left = House(rng, 0.0, horizon)
    shift = left.right
    left.left, left.right = -shift, 0.0
    houses.append(left)
    main = houses[0]

    side_m = rng.uniform(8.5, 16.0)
    highest = main.top + main.roof_h + 1.5 - side_m
    bottom = pick(rng, [-0.8, rng.uniform(-0.8, max(-0.7, highest)), max(-0.8, highest)], [9, 8, 3])
    middle = rng.uniform(0.25, 0.75) * main.right
    left_m = middle - side_m / 2
    tilt = rng.normal(0, 1, 3) * (rng.random() < 0.7)
    exposure = rng.uniform(0.86, 1.1)
    warmth = rng.normal(0, 0.025)
    softness = rng.uniform(0.2, 0.5)
    noise = rng.uniform(1.0, 4.0)
    opposite = rng.random((2, 8))
    things = rng.random((2, 6)).tolist()

    # The camera: what is drawn is a little larger than the view, which leaves room to tilt.
    margin = 0.08
    view = side_m / zoom
    left_m += pan[0] * (side_m - view)
    bottom += pan[1] * (side_m - view)
    side_px = round(2 * size_px * (1 + 2 * margin))
    canvas = Canvas(side_px, left_m - margin * view, bottom - margin * view, view * (1 + 2 * margin))

    paint_sky(canvas, grain, zenith, horizon, sun.sunny)
    for house in houses:
        paint_house(canvas, sun, house, grain)
    paint_street(canvas, grain)
    paint_lamp(canvas, main, things[0])
    paint_tree(canvas, main, things[1], grain)
    if sun.sunny and opposite[0, 0] < 0.4:
        shade_by_opposite(canvas, opposite)
    picture = _photograph(canvas, sun, size_px, margin, tilt, softness)

    gain = exposure * np.array([1 + warmth, 1, 1 - warmth], np.float32)
    out = np.asarray(picture, np.float32) * gain
    out += grain.standard_normal((size_px, size_px, 3), dtype=np.float32) * (noise * 0.5)
    out += grain.standard_normal((size_px, size_px, 1), dtype=np.float32) * noise
    return np.clip(out + 0.5, 0, 255).astype(np.uint8)


def _photograph(c: Canvas, sun: Sun, size_px: int, margin: float, tilt: np.ndarray, softness: float) -> Image.Image:
    """Put paint and light together and take a picture of it.

    Args:
        c: what is painted, with a margin around the view.
        sun: gives the strength of shadows.
        size_px: side of the picture; the canvas has more than twice as many pixels.
        margin: as a fraction of the view.
        tilt: (3,), how much the camera looks up, sideways, and is rolled; normal numbers.
        softness: radius of the lens's blur, in pixels.
    """
    soft = c.shade.filter(ImageFilter.BoxBlur(0.02 * c.px_per_m if sun.sunny else 0.12 * c.px_per_m))
    dark = (1 - np.asarray(soft, np.float32) / 255)[..., None] * sun.strength
    lit = np.asarray(c.paint, np.float32) * (1 - dark * np.array([1.0, 0.95, 0.86], np.float32))
    image = Image.fromarray(lit.astype(np.uint8))

    # Corners of the picture on the canvas, in margins: looking up shows more at the top, to the side more there.
    up, side, roll = np.clip(tilt * [0.5, 0.5, 0.25], -0.75, 0.75) * margin
    lo, hi = margin, 1 + margin
    quad = np.array([
        [lo - up, lo - side + roll], [lo + up, hi + side + roll],
        [hi - up, hi - side - roll], [hi + up, lo + side - roll],
    ]) / (1 + 2 * margin) * c.side_px  # fmt: skip
    twice = 2 * size_px
    flat = np.array([[0, 0], [0, 1], [1, 1], [1, 0]]) * float(twice)
    rows = []
    for (x, y), (u, v) in zip(flat, quad, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    coefficients = np.linalg.solve(np.array(rows), quad.reshape(-1)).tolist()
    image = image.transform((twice, twice), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)
    return image.reduce(2).filter(ImageFilter.GaussianBlur(softness))


class _Names(Sequence):
    """The names of the facades of a street, made when asked for."""

    def __init__(self, seed: int, n: int) -> None:
        self.seed, self.n = seed, n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < self.n:
            raise IndexError(index)
        return f"facade {self.seed}/{index}"


class Facades:
    """House fronts without end, as a photo source (see `rwlib.data.views`): facade `index` of a seed.

    Args:
        seed: which street, at least 0.

    Example:
        >>> Facades(seed=1).center(5, 64).shape
        (64, 64, 3)
    """

    unlimited = True
    """`TrainingSamples` goes through the facades in order: they are random already."""

    def __init__(self, seed: int = 0) -> None:
        check_seed(seed)
        self.seed = seed
        self.names = _Names(seed, len(self))
        """Name of each facade."""

    def __len__(self) -> int:
        return 1_000_000

    def crop(self, index: int, size_px: int, generator: torch.Generator) -> np.ndarray:
        """Return a random view of facade `index`, up to 1.5 times closer, flipped left to right half of the time.

        Returns:
            (size_px, size_px, 3), uint8.

        Raises:
            InputError: no such facade, or a size below 8.
        """
        check_request(index, len(self), size_px)
        u_zoom, u_x, u_y, u_flip = four_uniforms(generator)
        view = render_facade((self.seed, index), size_px, zoom=1 + 0.5 * u_zoom, pan=(u_x, u_y))
        return np.ascontiguousarray(view[:, ::-1]) if u_flip < 0.5 else view

    def center(self, index: int, size_px: int) -> np.ndarray:
        """Return facade `index` in its own view, uint8 (size_px, size_px, 3), without randomness.

        Raises:
            InputError: as for `crop`.
        """
        check_request(index, len(self), size_px)
        return render_facade((self.seed, index), size_px)


def facades(seed: int = 0) -> Facades:
    """Return the house fronts of a seed as a photo source; the same as `Facades(seed)`."""
    return Facades(seed)
