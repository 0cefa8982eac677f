"""What stands around a drawn house: sky and street, a lamp or a tree before it, the shade of the houses opposite."""

import numpy as np
from PIL import Image

from rwlib.data.facades.canvas import Canvas, Color, mix, smooth_noise, tone
from rwlib.data.facades.house import IRON, House


def sky_colors(rng: np.random.Generator, sunny: bool) -> tuple[Color, Color]:
    """Draw the colours of the sky above and at the horizon."""
    if sunny:
        return tone((92, 138, 200), rng.uniform(0.85, 1.15)), tone((188, 208, 226), rng.uniform(0.95, 1.05))
    return tone((176, 184, 194), rng.uniform(0.9, 1.1)), tone((216, 218, 218), rng.uniform(0.95, 1.05))


def paint_sky(c: Canvas, rng: np.random.Generator, zenith: Color, horizon: Color, sunny: bool) -> None:
    """Paint the sky with soft clouds."""
    n = c.side_px // 4  # clouds are soft: a quarter of the size is enough
    y = c.top - (np.arange(n, dtype=np.float32)[:, None] + 0.5) * 4 / c.px_per_m
    t = np.clip((y - 12) / 20, 0, 1)[..., None]
    sky = np.array(horizon, np.float32) * (1 - t) + np.array(zenith, np.float32) * t
    m = smooth_noise(rng, n, n, 0.12 * n, 0.3 * n) + 0.5 * smooth_noise(rng, n, n, 0.05 * n, 0.1 * n)
    cloud = np.clip(m - 0.1, 0, 1)[..., None] * (0.8 if sunny else 0.35)
    sky = sky * (1 - cloud) + 246 * cloud
    image = Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8))
    c.paint.paste(image.resize((c.side_px, c.side_px), Image.Resampling.BILINEAR))


def paint_street(c: Canvas, rng: np.random.Generator) -> None:
    """Paint pavement, kerb and roadway, if they are in view."""
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


def paint_lamp(c: Canvas, house: House, u: list[float]) -> None:
    """Put a street lamp before one house in five; a model has to learn that things stand before the wall, too."""
    x, y = house.right * u[1], 3.2 + 1.2 * u[2]
    if u[0] > 0.2 or not c.sees(x - 0.5, -0.3, x + 0.5, y + 1):
        return
    c.rect(x - 0.12, -0.3, x + 0.12, 0.5, IRON)
    c.rect(x - 0.05, -0.3, x + 0.05, y, IRON)
    c.polygon([(x - 0.12, y), (x - 0.24, y + 0.55), (x + 0.24, y + 0.55), (x + 0.12, y)], (196, 194, 180))
    c.polygon([(x - 0.26, y + 0.53), (x, y + 0.8), (x + 0.26, y + 0.53)], IRON)


def paint_tree(c: Canvas, house: House, u: list[float], rng: np.random.Generator) -> None:
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


def shade_by_opposite(c: Canvas, u: np.ndarray) -> None:
    """Let the roofs of the houses opposite shade the lower part of the street's sunny side."""
    height, x, points = 3 + 9 * u[0, 1], -30.0, [(-30.0, -5.0)]
    for wide, step in zip(u[0], u[1], strict=True):
        y = height + 3 * step
        points += [(x, y), (x + 5 + 8 * wide, y + 0.8)]
        x += 5 + 8 * wide
    c.shadow([*points, (x, -5.0)], 0.25)
