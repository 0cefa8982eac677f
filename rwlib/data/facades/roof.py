"""The roof of a drawn house: chimneys, slates or zinc, and dormers."""

import numpy as np
from PIL import Image

from rwlib.data.facades.canvas import Canvas, Sun, mix, smooth_noise, stripes, tone
from rwlib.data.facades.house import House
from rwlib.data.facades.openings import paint_window


def paint_roof(c: Canvas, sun: Sun, house: House, rng: np.random.Generator) -> None:
    """Paint everything above the cornice; `rng` is for the grain of slates and zinc alone."""
    x0, x1, y, ridge = house.left, house.right, house.top, house.top + house.roof_h
    if not c.sees(x0, y, x1, ridge + 4):
        return
    for place, wide, tall in house.chimneys:
        x, w, h = x0 + (x1 - x0 - 2) * place, 0.7 + wide, 0.9 + 1.2 * tall
        brick = mix((150, 96, 76), house.color, 0.3 + 0.4 * tall)
        c.rect(x, ridge - 1, x + w, ridge + h, brick)
        c.rect(x, ridge - 1, x + 0.25 * w, ridge + h, tone(brick, 0.8))
        for i in range(int(h / 0.2)):
            c.rect(x, ridge + 0.2 * i, x + w, ridge + 0.2 * i + 0.03, tone(brick, 0.86))
        c.rect(x - 0.06, ridge + h - 0.12, x + w + 0.06, ridge + h, tone(brick, 1.15))
        for i in range(int(w / 0.32)):
            c.rect(x + 0.06 + 0.32 * i, ridge + h, x + 0.26 + 0.32 * i, ridge + h + 0.45, (176, 104, 72))
    slope = 0.5
    c.polygon([(x0, y), (x0 + slope, ridge), (x1 - slope, ridge), (x1, y)], house.roof)
    c.rect(x0 + slope, ridge, x1 - slope, ridge + 0.35, tone(house.roof, 1.12))
    c.rect(x0 + slope, ridge - 0.06, x1 - slope, ridge, tone(house.roof, 0.7))
    k = c.px_per_m
    a, b, right, bottom = c.pixels(x0 + slope, y, x1 - slope, ridge)
    a, b, right, bottom = max(a, 0), max(b, 0), min(right, c.side_px), min(bottom, c.side_px)
    if a < right and b < bottom:
        old = np.asarray(c.paint.crop((a, b, right, bottom)), np.float32)
        h, w = bottom - b, right - a
        if house.slate:
            lines = stripes(h, c.top * k - b, 0.22 * k, 0.04 * k)[:, None] * 0.35
            lines = lines + 0.05 * smooth_noise(rng, h, w, 0.22 * k, 0.3 * k)
        else:
            lines = stripes(w, (x0 - c.left) * k - a, 0.62 * k, 0.06 * k)[None] * 0.3
            lines = lines + 0.05 * smooth_noise(rng, h, w, 1.2 * k, 0.2 * k)
        old *= 1 - lines[..., None]
        c.paint.paste(Image.fromarray(np.clip(old, 0, 255).astype(np.uint8)), (a, b))
    if house.dormers != "none":
        for bay in range(0, house.bays, house.dormer_step):
            _paint_dormer(c, sun, house, house.bay(bay), y + 0.25, house.u[-1][bay])


def _paint_dormer(c: Canvas, sun: Sun, house: House, x: float, y: float, u: list[float]) -> None:
    w, h = 0.85 * house.window_w, 0.6 * house.roof_h
    reach = w / 2 + 0.16
    sun.cast(c, x - reach, y, x + reach, y + h + 0.1, 0.5)
    c.rect(x - reach, y - 0.1, x + reach, y + h + 0.1, mix(house.stone, house.roof, 0.25))
    paint_window(c, sun, house, x, y, w, h, u, plain=True)
    cap = mix(house.roof, (255, 255, 255), 0.15)
    if house.dormers == "pointed":
        c.polygon([(x - reach - 0.12, y + h + 0.05), (x, y + h + 0.55), (x + reach + 0.12, y + h + 0.05)], cap)
        c.polygon([(x - reach + 0.12, y + h + 0.1), (x, y + h + 0.42), (x + reach - 0.12, y + h + 0.1)], house.stone)
    elif house.dormers == "arched":
        c.rect(x - reach - 0.1, y + h, x + reach + 0.1, y + h + 0.45, cap, 0.4)
    else:
        c.rect(x - reach - 0.12, y + h, x + reach + 0.12, y + h + 0.16, cap)
