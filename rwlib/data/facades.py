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

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter

from rwlib.conventions import InputError
from rwlib.data.folder import check_request, check_seed, four_uniforms

Color = tuple[float, float, float]

# (weight, walls) with typical sRGB colours: limestone cream, grey stone, plaster in white, ochre, rose, and brick.
WALLS: list[tuple[float, str, Color]] = [
    (5, "ashlar", (214, 199, 168)), (4, "ashlar", (200, 184, 154)), (3, "ashlar", (188, 178, 160)),
    (2, "plaster", (222, 214, 196)), (2, "plaster", (206, 178, 132)), (1.5, "plaster", (206, 168, 148)),
    (1, "plaster", (176, 182, 178)), (2, "brick", (164, 96, 72)), (1, "brick", (178, 128, 96)),
]  # fmt: skip
SHUTTERS: list[Color] = [
    (232, 230, 222),
    (196, 200, 198),
    (128, 150, 160),
    (86, 110, 96),
    (110, 82, 62),
    (150, 160, 150),
]
SHOPS: list[Color] = [
    (38, 42, 44),
    (28, 62, 52),
    (112, 30, 34),
    (30, 44, 82),
    (214, 206, 190),
    (92, 58, 36),
    (150, 120, 60),
]
DOORS: list[Color] = [(32, 58, 48), (34, 44, 70), (88, 28, 26), (84, 56, 36), (40, 40, 42), (70, 88, 96)]
AWNINGS: list[Color] = [(164, 34, 38), (112, 24, 36), (28, 84, 62), (34, 56, 104), (206, 122, 42), (60, 62, 66)]
IRON: Color = (34, 36, 38)


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


class House:
    """One house: every measure is drawn at construction; `draw` only paints."""

    def __init__(self, rng: np.random.Generator, left: float, sky: Color) -> None:
        _, self.wall, base = pick(rng, WALLS, [weight for weight, _, _ in WALLS])
        base = np.array(base) * rng.uniform(0.8, 1.08) + np.array([5, 0, -6]) * rng.normal()  # warmer or cooler
        self.color = tuple((base + rng.normal(0, 1.5, 3)).clip(30, 245).tolist())
        self.stone = mix(self.color, (226, 216, 194), 0.75) if self.wall != "ashlar" else tone(self.color, 1.1)
        self.sky = sky
        spacing = rng.uniform(1.9, 2.9)
        self.bays = int(rng.integers(3, 8))
        self.edge = rng.uniform(0.4, 0.9)  # wall left of the first and right of the last bay
        self.spacing = spacing
        self.left, self.right = left, left + self.bays * spacing + 2 * self.edge
        floors = int(rng.integers(3, 7))
        height = rng.uniform(2.9, 3.5)
        heights = [rng.uniform(3.5, 4.5)] + [height * (1.06 - 0.05 * floor) for floor in range(floors)]
        self.floors = np.concatenate([[0.0], np.cumsum(heights)])  # y of each floor; 0 is the ground floor
        self.top = self.floors[-1] + rng.uniform(0.25, 0.6)
        # windows
        self.window_w = rng.uniform(0.42, 0.58) * spacing
        self.window_h = rng.uniform(0.6, 0.72) * height
        self.rise = pick(rng, [0, 0, 0.12, 0.5]) * self.window_w
        self.surround = pick(rng, [0.0, 0.12, 0.16, 0.22])
        self.head = pick(rng, ["plain", "keystone", "ledge", "pediment"], [7, 5, 5, 3])
        self.frame = mix((236, 234, 226), pick(rng, SHUTTERS), pick(rng, [0.0, 0.1, 0.7]))
        self.panes = int(rng.integers(2, 5))
        self.shutters = rng.random() < 0.5 and self.window_w < 0.5 * spacing
        self.shutter = pick(rng, SHUTTERS)
        self.balcony = pick(rng, ["none", "rail", "floors", "all"], [4, 7, 5, 4])
        self.balcony_floors = {1, floors - 1} if rng.random() < 0.6 else {1}
        self.rail_period, self.rail_bar = rng.uniform(0.11, 0.16), rng.uniform(0.025, 0.04)
        self.rail_rings = rng.random() < 0.5
        # walls
        self.course, self.block = rng.uniform(0.34, 0.5), rng.uniform(0.8, 1.3)
        self.bands = rng.random() < 0.75
        self.quoins = rng.random() < (0.7 if self.wall == "brick" else 0.3)
        self.pilasters = rng.random() < 0.15
        self.dirt = rng.uniform(0.3, 1.0)
        self.dentils = rng.random() < 0.5
        # ground floor
        self.door_bay = int(rng.integers(self.bays))
        self.shops = rng.random() < 0.65
        self.shop = [pick(rng, SHOPS), pick(rng, SHOPS)]  # left and right of the door
        self.awning = [pick(rng, AWNINGS), pick(rng, AWNINGS)]
        self.awning_kind = [pick(rng, ["none", "plain", "striped"], [4, 3, 3]) for _ in range(2)]
        self.door = pick(rng, DOORS)
        self.rusticated = rng.random() < 0.6
        # roof
        self.roof_h = rng.uniform(2.4, 3.2)
        self.slate = rng.random() < 0.5
        self.roof = tone((88, 94, 104) if self.slate else (142, 152, 162), rng.uniform(0.85, 1.15))
        self.dormers = pick(rng, ["none", "pointed", "arched", "flat"], [2, 7, 6, 5])
        self.dormer_step = int(rng.integers(1, 3))
        self.chimneys = rng.random((3, 3)).tolist()
        self.pipe = rng.random() < 0.6
        self.u = rng.random((len(self.floors) + 1, self.bays, 12)).tolist()  # each window's own choices

    def bay(self, b: int) -> float:
        """Return the x of the middle of bay `b`."""
        return self.left + self.edge + (b + 0.5) * self.spacing

    def draw(self, c: Canvas, sun: Sun, rng: np.random.Generator) -> None:
        """Paint the house; `rng` is for the grain of surfaces alone."""
        if not c.sees(self.left - 2, 0, self.right + 2, self.top + self.roof_h + 3):
            return
        self._roof(c, sun, rng)
        self._wall(c, rng)
        if self.pilasters:
            for b in range(self.bays + 1):
                x = self.left + self.edge + b * self.spacing
                sun.cast(c, x - 0.17, self.floors[1], x + 0.17, self.floors[-1], 0.12, 0.4)
                c.rect(x - 0.17, self.floors[1], x + 0.17, self.floors[-1], tone(self.stone, 1.02))
        if self.quoins:
            self._quoins(c)
        for floor in range(1, len(self.floors) - 1):
            self._floor(c, sun, floor)
        self._ground(c, sun)
        self._cornice(c, sun)
        if self.pipe:
            sun.cast(c, self.right - 0.12, 0, self.right - 0.02, self.top, 0.2, 0.3)
            c.rect(self.right - 0.12, 0, self.right - 0.02, self.top, tone(self.color, 0.72))
            c.rect(self.right - 0.12, 0, self.right - 0.09, self.top, tone(self.color, 0.95))

    def _wall(self, c: Canvas, rng: np.random.Generator) -> None:
        """Paint the wall's surface: blocks and joints, stains, and grain."""
        a, b, right, bottom = c.pixels(self.left, 0, self.right, self.top)
        a, b, right, bottom = max(a, 0), max(b, 0), min(right, c.side_px), min(bottom, c.side_px)
        h, w = bottom - b, right - a
        if h < 1 or w < 1:
            return
        k = c.px_per_m
        y = c.top - (np.arange(b, bottom, dtype=np.float32)[:, None] + 0.5) / k
        x = c.left + (np.arange(a, right, dtype=np.float32)[None] + 0.5) / k - self.left
        factor = 1 + 0.045 * smooth_noise(rng, h, w, 1.5 * k, 2.5 * k)
        factor += 0.03 * self.dirt * smooth_noise(rng, h, w, 3 * k, 0.25 * k)  # rain runs down
        factor += 0.025 * smooth_noise(rng, h, w, 0.1 * k + 1, 0.1 * k + 1)
        factor += rng.standard_normal((h, w), dtype=np.float32) * 0.018
        factor -= 0.16 * self.dirt * np.exp(-np.maximum(y, 0) / 1.2)  # splashes from the street
        if self.wall != "plaster":
            course, block, joint = (0.075, 0.24, 0.014) if self.wall == "brick" else (self.course, self.block, 0.025)
            row = np.floor(y / course).astype(np.int32)
            column = np.floor(x / block + 0.5 * (row % 2)).astype(np.int32)
            tones = rng.standard_normal((64, 64), dtype=np.float32) * (0.09 if self.wall == "brick" else 0.035)
            factor += tones[row % 64, column % 64]
            depth = 0.5 if self.wall == "brick" else 0.22
            lines = stripes(h, c.top * k - b, course * k, joint * k)[:, None]
            period = block * k
            even = stripes(w, (self.left - c.left) * k - a, period, joint * k)
            odd = stripes(w, (self.left - c.left) * k - a - period / 2, period, joint * k)
            factor *= 1 - depth * np.maximum(lines, np.where(row % 2 == 0, even[None], odd[None]))
        wall = np.clip(factor[..., None] * np.array(self.color, np.float32), 0, 255).astype(np.uint8)
        c.paint.paste(Image.fromarray(wall), (a, b))

    def _quoins(self, c: Canvas) -> None:
        for i in range(int(self.floors[-1] / 0.42)):
            y, wide = i * 0.42, 0.55 if i % 2 else 0.34
            if c.sees(self.left, y, self.right, y + 0.4):
                stone = tone(self.stone, 0.96 + 0.08 * self.u[i % len(self.u)][0][i % 12])
                c.rect(self.left, y, self.left + wide, y + 0.39, stone)
                c.rect(self.right - wide, y, self.right, y + 0.39, stone)

    def _ledge(self, c: Canvas, sun: Sun, x0: float, x1: float, y: float, height: float, depth: float) -> None:
        """Paint a moulding: lit on top, dark below, with its shadow."""
        if c.sees(x0, y - 1, x1, y + height):
            sun.cast(c, x0, y, x1, y + height, depth)
            c.rect(x0, y, x1, y + height, self.stone)
            c.rect(x0, y + 0.65 * height, x1, y + height, tone(self.stone, 1.08))
            c.rect(x0, y, x1, y + 0.25 * height, tone(self.stone, 0.74))

    def _floor(self, c: Canvas, sun: Sun, floor: int) -> None:
        y, y1 = self.floors[floor], self.floors[floor + 1]
        if not c.sees(self.left, y - 1, self.right, y1):
            return
        if self.bands and floor != 1:
            self._ledge(c, sun, self.left, self.right, y - 0.12, 0.2, 0.14)
        french = self.balcony == "all" or (self.balcony == "floors" and floor in self.balcony_floors)
        sill = y + (0.12 if french else 0.42 if self.balcony == "rail" else 0.75)
        height = min(self.window_h + (0.35 if french else 0), y1 - sill - 0.4)
        for b in range(self.bays):
            self._window(c, sun, self.bay(b), sill, self.window_w, height, self.u[floor][b])
            if self.balcony == "rail" and not french:
                self._railing(c, self.bay(b) - self.window_w / 2, self.bay(b) + self.window_w / 2, sill, 0.5)
        if french and floor in self.balcony_floors:
            self._balcony(c, sun, self.left + 0.3, self.right - 0.3, y)
        elif french:
            for b in range(self.bays):
                reach = self.window_w / 2 + 0.25
                self._balcony(c, sun, self.bay(b) - reach, self.bay(b) + reach, y)

    def _window(
        self, c: Canvas, sun: Sun, x: float, y: float, w: float, h: float, u: list[float], plain: bool = False
    ) -> None:
        """Paint a window with its middle at `x` and its sill at `y`; `u` are its own twelve random numbers."""
        x0, x1, y1 = x - w / 2, x + w / 2, y + h
        if not c.sees(x0 - 1, y - 0.5, x1 + 1, y1 + 1):
            return
        rise = min(self.rise, 0.4 * h)
        if self.surround and not plain:
            s = self.surround
            c.rect(x0 - s, y - 0.02, x1 + s, y1 + s, self.stone, rise + s if rise else 0)
            c.rect(x0 - s, y - 0.02, x0 - s + 0.03, y1, tone(self.stone, 0.8))
        if self.head == "keystone" and not plain:
            c.polygon([(x - 0.1, y1 - 0.05), (x - 0.17, y1 + 0.32), (x + 0.17, y1 + 0.32), (x + 0.1, y1 - 0.05)],
                      tone(self.stone, 1.05))  # fmt: skip
        elif self.head in ("ledge", "pediment") and not plain and not rise:
            reach = w / 2 + 0.25
            self._ledge(c, sun, x - reach, x + reach, y1 + 0.16, 0.14, 0.2)
            if self.head == "pediment":
                c.polygon([(x - reach, y1 + 0.3), (x, y1 + 0.62), (x + reach, y1 + 0.3)], tone(self.stone, 0.78))
                c.polygon([(x - reach + 0.2, y1 + 0.31), (x, y1 + 0.53), (x + reach - 0.2, y1 + 0.31)], self.stone)
        if not plain:
            self._ledge(c, sun, x0 - 0.12, x1 + 0.12, y - 0.12, 0.12, 0.12)
        c.rect(x0, y, x1, y1, tone(self.frame, 0.55), rise)
        t = 0.05  # frame
        self._glass(c, x0 + t, y + t, x1 - t, y1 - t, max(0.0, rise - t), u)
        for x_bar in (x0 + t, x - 0.035, x1 - 2 * t):
            c.rect(x_bar, y + t, x_bar + (0.07 if x_bar == x - 0.035 else t), y1 - t - 0.8 * rise, self.frame)
        for i in range(self.panes + 1):
            y_bar = y + t + (h - 3 * t) * i / self.panes
            if i == self.panes and rise:
                continue
            c.rect(x0 + t, y_bar, x1 - t, y_bar + (0.045 if 0 < i < self.panes else 0.06), self.frame)
        sun.recess(c, x0, y, x1, y1, 0.2)
        if self.shutters and not plain:
            self._shutters(c, sun, x0, y, x1, y1 - 0.5 * rise, u)

    def _glass(self, c: Canvas, x0: float, y0: float, x1: float, y1: float, rise: float, u: list[float]) -> None:
        """Paint panes: a dark room, perhaps curtains or a blind, and the sky over the opposite houses mirrored."""
        room = mix((30, 34, 40), (74, 72, 68), u[0])
        if u[1] < 0.04:
            room = (178, 150, 108)  # a lamp is on
        c.rect(x0, y0, x1, y1, room, rise)
        w, h = x1 - x0, y1 - y0
        edge = y0 + h * (0.2 + 0.5 * u[2])
        c.polygon([(x0, edge), (x1, edge + (u[3] - 0.5) * h * 0.5), (x1, y1 - rise), (x0, y1 - rise)],
                  mix(room, self.sky, 0.15 + 0.5 * u[4]))  # fmt: skip
        if u[5] < 0.55:
            cloth = mix((236, 232, 222), (206, 190, 160), u[6])
            cloth = mix(room, cloth, 0.55 + 0.4 * u[7])
            drawn = w * (0.14 + 0.3 * u[8])
            low = y0 if u[9] < 0.7 else y0 + 0.45 * h
            for a, b in ((x0, x0 + drawn), (x1 - drawn, x1)):
                c.rect(a, low, b, y1 - rise, cloth)
                for fold in (0.3, 0.7):
                    c.rect(a + fold * (b - a), low, a + fold * (b - a) + 0.03, y1 - rise, tone(cloth, 0.82))
        elif u[5] < 0.68:  # a blind
            c.rect(x0, y1 - h * (0.25 + 0.6 * u[8]), x1, y1 - rise, mix((222, 216, 200), room, 0.2))
        elif u[5] < 0.8:
            c.polygon([(x0 + 0.2 * w, y0), (x0 + 0.4 * w, y0), (x0 + 0.9 * w, y1 - rise), (x0 + 0.7 * w, y1 - rise)],
                      mix(room, self.sky, 0.75))  # fmt: skip

    def _shutters(self, c: Canvas, sun: Sun, x0: float, y0: float, x1: float, y1: float, u: list[float]) -> None:
        leaf = min((x1 - x0) / 2, (self.spacing - (x1 - x0)) / 2 - 0.04)
        closed = u[10] < 0.12
        half = not closed and u[10] < 0.2
        for k, x in enumerate((x0 - leaf, x1)):
            if closed or (half and k == 0):
                x = x0 if k == 0 else (x0 + x1) / 2
                a, b = x, x + (x1 - x0) / 2
            else:
                a, b = x, x + leaf
            color = tone(self.shutter, 0.95 + 0.1 * u[11])
            sun.cast(c, a, y0, b, y1, 0.06)
            c.rect(a, y0, b, y1, tone(color, 0.85))
            _, top, _, bottom = c.pixels(a, y0, b, y1)
            slats = stripes(bottom - top, 0, 0.075 * c.px_per_m, 0.03 * c.px_per_m)
            inset = 0.05
            for low, high in ((y0 + inset, (y0 + y1) / 2 - 0.03), ((y0 + y1) / 2 + 0.03, y1 - inset)):
                c.rect(a + inset, low, b - inset, high, color)
                left, upper, right, lower = c.pixels(a + inset, low, b - inset, high)
                cover = np.broadcast_to(
                    slats[: lower - upper, None] * 0.5, (min(lower - upper, len(slats)), right - left)
                )
                c.stencil(a + inset, low, b - inset, high, tone(color, 0.45), cover)

    def _railing(self, c: Canvas, x0: float, x1: float, y: float, height: float) -> None:
        """Paint an iron railing: bars, a handrail, and perhaps rings between two bands."""
        a, b, right, bottom = c.pixels(x0, y, x1, y + height)
        h, w, k = bottom - b, right - a, c.px_per_m
        cover = np.repeat(stripes(w, 0, self.rail_period * k, self.rail_bar * k)[None], h, axis=0)
        if self.rail_rings:
            yy, xx = np.mgrid[:h, :w]
            radius = 0.11 * k
            distance = np.hypot((xx % (2.2 * radius)) - 1.1 * radius, yy - 0.5 * h)
            cover = np.maximum(cover, 0.8 * np.clip(1.2 - abs(distance - radius) / max(0.6, 0.03 * k), 0, 1))
        for low, thick in ((0.0, 0.06), (0.16 * height, 0.025), (height - 0.09, 0.04)):
            cover[round(low * k) : max(round(low * k) + 1, round((low + thick) * k))] = min(1.0, thick * k)
        c.stencil(x0, y, x1, y + height, IRON, cover)

    def _balcony(self, c: Canvas, sun: Sun, x0: float, x1: float, y: float) -> None:
        if not c.sees(x0, y - 1.5, x1, y + 1.2):
            return
        sun.cast(c, x0, y - 0.1, x1, y + 0.1, 0.75)
        n = max(2, round((x1 - x0) / self.spacing) + 1)
        for i in range(n):  # consoles
            x = x0 + 0.12 + (x1 - x0 - 0.24) * i / (n - 1)
            c.polygon([(x - 0.1, y - 0.1), (x + 0.1, y - 0.1), (x + 0.08, y - 0.4), (x - 0.08, y - 0.5)],
                      tone(self.stone, 0.85))  # fmt: skip
        c.rect(x0, y - 0.1, x1, y + 0.1, self.stone)
        c.rect(x0, y - 0.1, x1, y - 0.03, tone(self.stone, 0.6))
        self._railing(c, x0 + 0.05, x1 - 0.05, y + 0.1, 0.95)

    def _cornice(self, c: Canvas, sun: Sun) -> None:
        y, x0, x1 = self.floors[-1], self.left - 0.1, self.right + 0.1
        if not c.sees(x0, y - 1, x1, self.top + 0.3):
            return
        self._ledge(c, sun, x0, x1, y - 0.25, 0.1, 0.1)
        self._ledge(c, sun, x0, x1, self.top - 0.25, 0.25, 0.6)
        if self.dentils:
            for i in range(int((x1 - x0) / 0.3)):
                c.rect(x0 + 0.3 * i, self.top - 0.42, x0 + 0.3 * i + 0.16, self.top - 0.25, tone(self.stone, 0.95))

    def _roof(self, c: Canvas, sun: Sun, rng: np.random.Generator) -> None:
        x0, x1, y, ridge = self.left, self.right, self.top, self.top + self.roof_h
        if not c.sees(x0, y, x1, ridge + 4):
            return
        for place, wide, tall in self.chimneys:
            x, w, h = x0 + (x1 - x0 - 2) * place, 0.7 + wide, 0.9 + 1.2 * tall
            brick = mix((150, 96, 76), self.color, 0.3 + 0.4 * tall)
            c.rect(x, ridge - 1, x + w, ridge + h, brick)
            c.rect(x, ridge - 1, x + 0.25 * w, ridge + h, tone(brick, 0.8))
            for i in range(int(h / 0.2)):
                c.rect(x, ridge + 0.2 * i, x + w, ridge + 0.2 * i + 0.03, tone(brick, 0.86))
            c.rect(x - 0.06, ridge + h - 0.12, x + w + 0.06, ridge + h, tone(brick, 1.15))
            for i in range(int(w / 0.32)):
                c.rect(x + 0.06 + 0.32 * i, ridge + h, x + 0.26 + 0.32 * i, ridge + h + 0.45, (176, 104, 72))
        slope = 0.5
        c.polygon([(x0, y), (x0 + slope, ridge), (x1 - slope, ridge), (x1, y)], self.roof)
        c.rect(x0 + slope, ridge, x1 - slope, ridge + 0.35, tone(self.roof, 1.12))
        c.rect(x0 + slope, ridge - 0.06, x1 - slope, ridge, tone(self.roof, 0.7))
        k = c.px_per_m
        a, b, right, bottom = c.pixels(x0 + slope, y, x1 - slope, ridge)
        a, b, right, bottom = max(a, 0), max(b, 0), min(right, c.side_px), min(bottom, c.side_px)
        if a < right and b < bottom:
            old = np.asarray(c.paint.crop((a, b, right, bottom)), np.float32)
            h, w = bottom - b, right - a
            if self.slate:
                lines = stripes(h, c.top * k - b, 0.22 * k, 0.04 * k)[:, None] * 0.35
                lines = lines + 0.05 * smooth_noise(rng, h, w, 0.22 * k, 0.3 * k)
            else:
                lines = stripes(w, (x0 - c.left) * k - a, 0.62 * k, 0.06 * k)[None] * 0.3
                lines = lines + 0.05 * smooth_noise(rng, h, w, 1.2 * k, 0.2 * k)
            old *= 1 - lines[..., None]
            c.paint.paste(Image.fromarray(np.clip(old, 0, 255).astype(np.uint8)), (a, b))
        if self.dormers != "none":
            for bay in range(0, self.bays, self.dormer_step):
                self._dormer(c, sun, self.bay(bay), y + 0.25, self.u[-1][bay])

    def _dormer(self, c: Canvas, sun: Sun, x: float, y: float, u: list[float]) -> None:
        w, h = 0.85 * self.window_w, 0.6 * self.roof_h
        reach = w / 2 + 0.16
        sun.cast(c, x - reach, y, x + reach, y + h + 0.1, 0.5)
        c.rect(x - reach, y - 0.1, x + reach, y + h + 0.1, mix(self.stone, self.roof, 0.25))
        self._window(c, sun, x, y, w, h, u, plain=True)
        cap = mix(self.roof, (255, 255, 255), 0.15)
        if self.dormers == "pointed":
            c.polygon([(x - reach - 0.12, y + h + 0.05), (x, y + h + 0.55), (x + reach + 0.12, y + h + 0.05)], cap)
            c.polygon([(x - reach + 0.12, y + h + 0.1), (x, y + h + 0.42), (x + reach - 0.12, y + h + 0.1)], self.stone)
        elif self.dormers == "arched":
            c.rect(x - reach - 0.1, y + h, x + reach + 0.1, y + h + 0.45, cap, 0.4)
        else:
            c.rect(x - reach - 0.12, y + h, x + reach + 0.12, y + h + 0.16, cap)

    def _ground(self, c: Canvas, sun: Sun) -> None:
        y1 = self.floors[1]
        if not c.sees(self.left, -0.5, self.right, y1 + 0.5):
            return
        if self.rusticated or self.shops:
            c.rect(self.left, 0, self.right, y1 - 0.1, tone(self.stone, 0.96))
            for i in range(int(y1 / 0.4)):
                c.rect(self.left, 0.4 * i + 0.36, self.right, 0.4 * i + 0.4, tone(self.stone, 0.66))
        c.rect(self.left, 0, self.right, 0.35, tone(mix(self.stone, (120, 120, 120), 0.5), 0.85))
        start = 0
        for b in [*range(self.bays), self.bays]:
            if b in (self.door_bay, self.bays):
                if self.shops and b > start:
                    reach = self.spacing / 2 - 0.15
                    self._shop(c, sun, self.bay(start) - reach, self.bay(b - 1) + reach, int(b == self.bays))
                start = b + 1
            elif not self.shops:
                self._window(c, sun, self.bay(b), 1.1, self.window_w, y1 - 1.9, self.u[0][b])
                if self.u[0][b][10] < 0.3:
                    self._railing(c, self.bay(b) - self.window_w / 2, self.bay(b) + self.window_w / 2, 1.1, 0.9)
        self._door(c, sun, self.bay(self.door_bay), min(1.7, self.spacing - 0.5), y1 - 0.75)
        self._ledge(c, sun, self.left, self.right, y1 - 0.3, 0.3, 0.22)

    def _door(self, c: Canvas, sun: Sun, x: float, w: float, h: float) -> None:
        x0, x1, rise = x - w / 2, x + w / 2, 0.35 * w
        c.rect(x0 - 0.2, 0, x1 + 0.2, h + 0.2, tone(self.stone, 1.03), rise + 0.2)
        c.rect(x0, 0, x1, h, tone(self.door, 0.6), rise)
        c.rect(x0 + 0.08, 0, x1 - 0.08, h - 0.08, mix((40, 46, 54), self.sky, 0.3), rise - 0.04)
        split = h - rise - 0.25
        c.rect(x0 + 0.08, 0, x1 - 0.08, split, self.door)
        for i in range(1, 4):  # bars of the fanlight
            c.rect(x0 + w * i / 4 - 0.02, split, x0 + w * i / 4 + 0.02, h - 0.3, self.door)
        for a, b in ((x0 + 0.2, x - 0.1), (x + 0.1, x1 - 0.2)):
            for low, high in ((0.2, 0.42 * split), (0.5 * split, split - 0.2)):
                c.rect(a, low, b, high, tone(self.door, 0.7))
                c.rect(a + 0.05, low, b, high - 0.05, tone(self.door, 1.25))
        c.rect(x - 0.02, 0, x + 0.02, split, tone(self.door, 0.5))
        c.rect(x + 0.06, 0.46 * split, x + 0.12, 0.49 * split, (206, 170, 88))
        sun.recess(c, x0, 0, x1, h, 0.35)

    def _shop(self, c: Canvas, sun: Sun, x0: float, x1: float, side: int) -> None:
        y1, panel, u = self.floors[1] - 0.4, self.shop[side], self.u[0][side]
        if not c.sees(x0, 0, x1, y1):
            return
        c.rect(x0, 0, x1, y1, panel)
        c.rect(x0, y1 - 0.08, x1, y1, tone(panel, 1.3))
        sign, sill = y1 - 0.75, 0.3 + 0.4 * u[0]
        n = max(1, round((x1 - x0) / 1.7))
        goods = ("poster", "cafe", "shelf", "shelf")[int(4 * u[3])]
        ink = (236, 226, 196) if sum(panel) < 380 else (60, 44, 36)
        for i in range(n):
            a, b = x0 + 0.15 + (x1 - x0 - 0.15) * i / n, x0 + (x1 - x0 - 0.15) * (i + 1) / n
            v = self.u[1 + i % 2][i % self.bays]
            door = u[1] * n // 1 == i
            low = 0.08 if door else sill
            c.rect(a, low, b, sign, mix((34, 36, 40), (110, 96, 72), 0.5 * v[0]))
            tall = sign - low
            c.polygon([(a, sign), (a + (0.2 + 0.5 * v[8]) * (b - a), sign), (a + 0.4 * v[9] * (b - a), low), (a, low)],
                      mix((60, 64, 70), self.sky, 0.3 * v[7]))  # fmt: skip
            if goods == "poster" and not door:
                ad = mix((40 + 190 * v[0], 40 + 180 * v[1], 40 + 180 * v[2]), (196, 186, 168), 0.5 + 0.3 * v[3])
                c.rect(a + 0.2 * (b - a), low + 0.15 * tall, b - 0.2 * (b - a), sign - 0.12 * tall, ad)
                c.rect(a + 0.28 * (b - a), low + 0.5 * tall, b - 0.28 * (b - a), low + 0.62 * tall, mix(ad, ink, 0.8))
            elif goods == "cafe":
                c.rect(a, low, b, low + 0.35 * tall, mix((228, 220, 202), panel, 0.25))
                for j in (0.25, 0.75):
                    c.rect(a + j * (b - a) - 0.08, sign - 0.35, a + j * (b - a) + 0.08, sign - 0.2, (232, 196, 128))
            else:
                for j in range(4):
                    thing = mix((50 + 170 * v[j], 50 + 150 * v[j + 1], 50 + 140 * v[j + 2]), (90, 84, 76), 0.45)
                    at, wide = a + (b - a) * (0.06 + 0.23 * j), (b - a) * (0.08 + 0.13 * v[j + 4])
                    c.rect(at, low, at + wide, low + (0.12 + 0.4 * v[j + 3]) * tall, thing, 0.4 * wide)
            if door:
                c.rect((a + b) / 2 - 0.04, low, (a + b) / 2 + 0.04, sign, panel)
            sun.recess(c, a, low, b, sign, 0.2)
        letters = int(5 + 7 * u[2])
        width = min(0.36, 0.75 * (x1 - x0) / letters)
        x = (x0 + x1) / 2 - letters * width / 2
        for i in range(letters):  # letters are a stem and a stroke
            if self.u[2][i % self.bays][i % 12] > 0.12:
                c.rect(x, sign + 0.18, x + 0.25 * width, sign + 0.55, ink)
                stroke = sign + (0.18, 0.33, 0.46)[int(3 * self.u[1][i % self.bays][i % 12])]
                c.rect(x, stroke, x + 0.7 * width, stroke + 0.09, ink)
                if self.u[1][i % self.bays][(i + 5) % 12] > 0.5:
                    c.rect(x + 0.48 * width, sign + 0.18, x + 0.7 * width, sign + 0.55, ink)
            x += width
        if self.awning_kind[side] != "none":
            self._awning(
                c, sun, x0 + 0.05, x1 - 0.05, sign + 0.1, self.awning[side], self.awning_kind[side] == "striped"
            )

    def _awning(self, c: Canvas, sun: Sun, x0: float, x1: float, y: float, color: Color, striped: bool) -> None:
        low = y - 0.75
        sun.cast(c, x0, low - 0.2, x1, low, 0.9)
        c.lit(x0, low, x1, y)
        n = max(3, round((x1 - x0) / 0.35))
        for i in range(n):
            cloth = mix(color, (240, 234, 222), 0.9) if striped and i % 2 else color
            a, b = x0 + (x1 - x0) * i / n, x0 + (x1 - x0) * (i + 1) / n
            squeeze = 0.97
            mid = (x0 + x1) / 2
            c.polygon([(mid + (a - mid) * squeeze, y), (mid + (b - mid) * squeeze, y), (b, low), (a, low)],
                      tone(cloth, 1.05))  # fmt: skip
            c.rect(a, low - 0.2, b - 0.03, low, tone(cloth, 0.75))


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
    zenith, horizon = _sky_colors(rng, sun.sunny)
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

    _paint_sky(canvas, grain, zenith, horizon, sun.sunny)
    for house in houses:
        house.draw(canvas, sun, grain)
    _paint_street(canvas, grain)
    _paint_lamp(canvas, main, things[0])
    _paint_tree(canvas, main, things[1], grain)
    if sun.sunny and opposite[0, 0] < 0.4:
        _shade_by_opposite(canvas, opposite)
    picture = _photograph(canvas, sun, size_px, margin, tilt, softness)

    gain = exposure * np.array([1 + warmth, 1, 1 - warmth], np.float32)
    out = np.asarray(picture, np.float32) * gain
    out += grain.standard_normal((size_px, size_px, 3), dtype=np.float32) * (noise * 0.5)
    out += grain.standard_normal((size_px, size_px, 1), dtype=np.float32) * noise
    return np.clip(out + 0.5, 0, 255).astype(np.uint8)


def _sky_colors(rng: np.random.Generator, sunny: bool) -> tuple[Color, Color]:
    """Draw the colours of the sky above and at the horizon."""
    if sunny:
        return tone((92, 138, 200), rng.uniform(0.85, 1.15)), tone((188, 208, 226), rng.uniform(0.95, 1.05))
    return tone((176, 184, 194), rng.uniform(0.9, 1.1)), tone((216, 218, 218), rng.uniform(0.95, 1.05))


def _paint_sky(c: Canvas, rng: np.random.Generator, zenith: Color, horizon: Color, sunny: bool) -> None:
    n = c.side_px // 4  # clouds are soft: a quarter of the size is enough
    y = c.top - (np.arange(n, dtype=np.float32)[:, None] + 0.5) * 4 / c.px_per_m
    t = np.clip((y - 12) / 20, 0, 1)[..., None]
    sky = np.array(horizon, np.float32) * (1 - t) + np.array(zenith, np.float32) * t
    m = smooth_noise(rng, n, n, 0.12 * n, 0.3 * n) + 0.5 * smooth_noise(rng, n, n, 0.05 * n, 0.1 * n)
    cloud = np.clip(m - 0.1, 0, 1)[..., None] * (0.8 if sunny else 0.35)
    sky = sky * (1 - cloud) + 246 * cloud
    image = Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8))
    c.paint.paste(image.resize((c.side_px, c.side_px), Image.Resampling.BILINEAR))


def _paint_street(c: Canvas, rng: np.random.Generator) -> None:
    if c.bottom >= 0:
        return
    c.rect(c.left, -0.45, c.right, 0, (150, 146, 140))
    c.rect(c.left, -0.56, c.right, -0.45, (184, 180, 172))
    c.rect(c.left, c.bottom - 1, c.right, -0.56, (92, 92, 94))
    a, b, right, bottom = c.pixels(c.left, c.bottom, c.right, 0)
    b, bottom = max(b, 0), min(bottom, c.side_px)
    if b < bottom:
        street = np.asarray(c.paint.crop((0, b, c.side_px, bottom)), np.float32)
        street *= 1 + 0.06 * rng.standard_normal((bottom - b, c.side_px, 1), dtype=np.float32)
        c.paint.paste(Image.fromarray(np.clip(street, 0, 255).astype(np.uint8)), (0, b))


def _paint_lamp(c: Canvas, house: House, u: list[float]) -> None:
    """Put a street lamp before one house in five; a model has to learn that things stand before the wall, too."""
    x, y = house.right * u[1], 3.2 + 1.2 * u[2]
    if u[0] > 0.2 or not c.sees(x - 0.5, -0.3, x + 0.5, y + 1):
        return
    c.rect(x - 0.12, -0.3, x + 0.12, 0.5, IRON)
    c.rect(x - 0.05, -0.3, x + 0.05, y, IRON)
    c.polygon([(x - 0.12, y), (x - 0.24, y + 0.55), (x + 0.24, y + 0.55), (x + 0.12, y)], (196, 194, 180))
    c.polygon([(x - 0.26, y + 0.53), (x, y + 0.8), (x + 0.26, y + 0.53)], IRON)


def _paint_tree(c: Canvas, house: House, u: list[float], rng: np.random.Generator) -> None:
    """Put a tree before one house in seven."""
    x, y, reach = house.right * u[1], 5 + 3 * u[2], 1.4 + 1.2 * u[3]
    if u[0] > 0.14 or not c.sees(x - reach, -0.3, x + reach, y + reach):
        return
    c.polygon([(x - 0.17, -0.3), (x - 0.07, y), (x + 0.07, y), (x + 0.15, -0.3)], (74, 66, 58))
    box = (x - 1.3 * reach, y - 1.6 * reach, x + 1.3 * reach, y + 1.6 * reach)
    a, b, right, bottom = c.pixels(*box)
    h, w, k = bottom - b, right - a, c.px_per_m
    across = np.linspace(-1.3, 1.3, w, dtype=np.float32)[None]
    down = np.linspace(-1.3, 1.3, h, dtype=np.float32)[:, None]
    crown = 1 - across**2 - down**2 + 0.3 * smooth_noise(rng, h, w, 0.6 * k, 0.6 * k)
    green = mix((62, 84, 44), (104, 112, 50), u[4])
    for threshold, light in ((0.0, 0.5), (0.2, 0.75), (0.5, 1.0), (0.8, 1.3)):
        leaves = 0.5 * smooth_noise(rng, h, w, 0.11 * k, 0.11 * k)
        cover = np.clip(4 * (np.minimum(1.5 * crown, 0.6) + leaves - threshold - 0.25 * down), 0, 1)
        c.stencil(*box, tone(green, light), cover * (crown > -0.3))


def _shade_by_opposite(c: Canvas, u: np.ndarray) -> None:
    """Let the roofs of the houses opposite shade the lower part of the street's sunny side."""
    height, x, points = 3 + 9 * u[0, 1], -30.0, [(-30.0, -5.0)]
    for wide, step in zip(u[0], u[1], strict=True):
        y = height + 3 * step
        points += [(x, y), (x + 5 + 8 * wide, y + 0.8)]
        x += 5 + 8 * wide
    c.shadow([*points, (x, -5.0)], 0.25)


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
    """House fronts without end, as a photo source (see `rwlib.data.folder`): facade `index` of a seed.

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
