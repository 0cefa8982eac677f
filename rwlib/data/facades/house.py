"""One house of a drawn street: every measure and colour of it, drawn by lot."""

import numpy as np

from rwlib.data.facades.canvas import Color, mix, pick, tone

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
    """The measures of one house, all drawn at construction; `rwlib.data.facades.walls.paint_house` only paints."""

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
