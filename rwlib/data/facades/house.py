"""One house of a drawn street: its measures, drawn by lot at construction, and how it is painted."""

import numpy as np
from PIL import Image

from rwlib.data.facades.canvas import Canvas, Color, Sun, mix, pick, smooth_noise, stripes, tone

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
