r"""What a drawn house front is painted on: a canvas in metres with two layers, light and shade, and a sun.

`paint` says what things look like in plain light, `shade` where light falls; `rwlib.data.facades` multiplies the two.
"""

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

Color = tuple[float, float, float]


def mix(a: Color, b: Color, t: float) -> Color:
    """Return the colour a fraction `t` of the way from `a` to `b`."""
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t


def tone(color: Color, factor: float) -> Color:
    """Return a colour made lighter (factor above 1) or darker."""
    return min(255.0, color[0] * factor), min(255.0, color[1] * factor), min(255.0, color[2] * factor)


def pick(rng: np.random.Generator, options: Sequence, weights: Sequence[float] | None = None) -> Any:
    """Draw one of `options`; ten times quicker than numpy's `choice`, which would be a tenth of the whole."""
    totals = list(accumulate(weights or [1.0] * len(options)))
    return options[min(bisect(totals, rng.random() * totals[-1]), len(options) - 1)]


def stripes(n: int, start: float, period: float, width: float) -> np.ndarray:
    """Return how much of each of `n` pixels is covered by bars, (n,) in [0, 1].

    Exact coverage, so that bars thinner than a pixel come out faint instead of broken.

    Args:
        n: number of pixels.
        start: position of a bar's beginning, in pixels.
        period: distance of the bars, in pixels.
        width: width of a bar, in pixels.
    """
    x = (np.arange(n + 1) - start) / period
    duty = min(1.0, width / period)
    covered = (np.floor(x) * duty + np.minimum(x - np.floor(x), duty)) * period  # bar length left of each pixel's edge
    return np.diff(covered)


def smooth_noise(rng: np.random.Generator, h: int, w: int, cell_h: float, cell_w: float) -> np.ndarray:
    """Return smooth noise (h, w), float32, mean 0 and deviation about 0.7, with blobs of the given size in pixels."""
    grid = rng.standard_normal((int(h / cell_h) + 3, int(w / cell_w) + 3), dtype=np.float32)
    box = (0.5, 0.5, 0.5 + min(w / cell_w, grid.shape[1] - 1), 0.5 + min(h / cell_h, grid.shape[0] - 1))
    return np.asarray(Image.fromarray(grid).resize((w, h), Image.Resampling.BICUBIC, box=box))


class Canvas:
    """A square view of `side_m` metres whose lower left corner is at (left, bottom)."""

    def __init__(self, side_px: int, left: float, bottom: float, side_m: float) -> None:
        self.side_px, self.px_per_m = side_px, side_px / side_m
        self.left, self.bottom, self.right, self.top = left, bottom, left + side_m, bottom + side_m
        self.paint = Image.new("RGB", (side_px, side_px))
        self.shade = Image.new("L", (side_px, side_px), 255)
        self._paint, self._shade = ImageDraw.Draw(self.paint), ImageDraw.Draw(self.shade)

    def sees(self, x0: float, y0: float, x1: float, y1: float) -> bool:
        """Say whether any part of a rectangle is in view."""
        return x0 < self.right and x1 > self.left and y0 < self.top and y1 > self.bottom

    def pixels(self, x0: float, y0: float, x1: float, y1: float) -> tuple[int, int, int, int]:
        """Return (left, top, right, bottom) in whole pixels, right and bottom exclusive, at least one pixel each."""
        k, left, top = self.px_per_m, self.left, self.top
        a, b, c, d = round((x0 - left) * k), round((top - y1) * k), round((x1 - left) * k), round((top - y0) * k)
        return a, b, c if c > a else a + 1, d if d > b else b + 1

    def rect(self, x0: float, y0: float, x1: float, y1: float, color: Color, rise: float = 0.0) -> None:
        """Paint a rectangle; with `rise`, its top is an arch that high (half an ellipse)."""
        if not self.sees(x0, y0, x1, y1):
            return
        a, b, c, d = self.pixels(x0, y0, x1, y1)
        fill = tuple(map(int, color))
        curve = round(rise * self.px_per_m)
        if curve > 1:
            self._paint.ellipse((a, b, c - 1, min(b + 2 * curve, d) - 1), fill)
            b = min(b + curve, d - 1)
        self._paint.rectangle((a, b, c - 1, d - 1), fill)

    def polygon(self, points: Sequence[tuple[float, float]], color: Color) -> None:
        """Paint a polygon of (x, y) in metres."""
        self._paint.polygon(self._corners(points), tuple(map(int, color)))

    def shadow(self, points: Sequence[tuple[float, float]], light: float = 0.0) -> None:
        """Let only a part `light` of the sun reach a polygon of (x, y) in metres."""
        self._shade.polygon(self._corners(points), int(255 * light))

    def lit(self, x0: float, y0: float, x1: float, y1: float, light: float = 1.0) -> None:
        """Set the light on a rectangle: 1 is full sun, 0 none."""
        a, b, c, d = self.pixels(x0, y0, x1, y1)
        self._shade.rectangle((a, b, c - 1, d - 1), int(255 * light))

    def stencil(self, x0: float, y0: float, x1: float, y1: float, color: Color, cover: np.ndarray) -> None:
        """Paint a rectangle through a mask (h, w) in [0, 1], cut to the rectangle's size."""
        if not self.sees(x0, y0, x1, y1):
            return
        a, b, c, d = self.pixels(x0, y0, x1, y1)
        mask = Image.fromarray((cover[: d - b, : c - a] * 255).astype(np.uint8))
        self.paint.paste(tuple(map(int, color)), (a, b, a + mask.width, b + mask.height), mask)

    def _corners(self, points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [((x - self.left) * self.px_per_m, (self.top - y) * self.px_per_m) for x, y in points]


class Sun:
    """Where the light comes from: something standing out by 1 m shades `side` m to the right and `drop` m down."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.sunny = rng.random() < 0.6
        self.side = pick(rng, [-1, 1]) * rng.uniform(0.3, 0.9)
        self.drop = rng.uniform(0.5, 1.2)
        self.strength = rng.uniform(0.38, 0.58) if self.sunny else rng.uniform(0.18, 0.3)

    def cast(
        self, canvas: Canvas, x0: float, y0: float, x1: float, y1: float, depth: float, light: float = 0.0
    ) -> None:
        """Cast the shadow of a rectangle that stands out by `depth` metres; the rectangle itself stays lit."""
        dx, dy = self.side * depth, self.drop * depth
        near, far = (x0, x1) if dx > 0 else (x1, x0)
        hull = [(near, y0), (near, y1), (far, y1), (far + dx, y1 - dy), (far + dx, y0 - dy), (near + dx, y0 - dy)]
        canvas.shadow(hull, light)
        canvas.lit(x0, y0, x1, y1)

    def recess(self, canvas: Canvas, x0: float, y0: float, x1: float, y1: float, depth: float) -> None:
        """Shade the top and one side of an opening that lies back by `depth` metres."""
        dx, dy = self.side * depth, self.drop * depth
        canvas.lit(x0, max(y0, y1 - dy), x1, y1, 0.15)
        canvas.lit(x0 if dx > 0 else x1 + dx, y0, x0 + dx if dx > 0 else x1, y1, 0.25)
