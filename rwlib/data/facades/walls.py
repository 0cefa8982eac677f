"""A whole drawn house, from its roof and its walls to the cornice."""

import numpy as np
from PIL import Image

from rwlib.data.facades.canvas import Canvas, Sun, smooth_noise, stripes, tone
from rwlib.data.facades.ground_floor import paint_ground
from rwlib.data.facades.house import House
from rwlib.data.facades.openings import paint_balcony, paint_ledge, paint_railing, paint_window
from rwlib.data.facades.roof import paint_roof


def paint_house(c: Canvas, sun: Sun, house: House, rng: np.random.Generator) -> None:
    """Paint the house; `rng` is for the grain of surfaces alone."""
    if not c.sees(house.left - 2, 0, house.right + 2, house.top + house.roof_h + 3):
        return
    paint_roof(c, sun, house, rng)
    _paint_wall(c, house, rng)
    if house.pilasters:
        for b in range(house.bays + 1):
            x = house.left + house.edge + b * house.spacing
            sun.cast(c, x - 0.17, house.floors[1], x + 0.17, house.floors[-1], 0.12, 0.4)
            c.rect(x - 0.17, house.floors[1], x + 0.17, house.floors[-1], tone(house.stone, 1.02))
    if house.quoins:
        _paint_quoins(c, house)
    for floor in range(1, len(house.floors) - 1):
        _paint_floor(c, sun, house, floor)
    paint_ground(c, sun, house)
    _paint_cornice(c, sun, house)
    if house.pipe:
        sun.cast(c, house.right - 0.12, 0, house.right - 0.02, house.top, 0.2, 0.3)
        c.rect(house.right - 0.12, 0, house.right - 0.02, house.top, tone(house.color, 0.72))
        c.rect(house.right - 0.12, 0, house.right - 0.09, house.top, tone(house.color, 0.95))


def _paint_wall(c: Canvas, house: House, rng: np.random.Generator) -> None:
    """Paint the wall's surface: blocks and joints, stains, and grain."""
    a, b, right, bottom = c.pixels(house.left, 0, house.right, house.top)
    a, b, right, bottom = max(a, 0), max(b, 0), min(right, c.side_px), min(bottom, c.side_px)
    h, w = bottom - b, right - a
    if h < 1 or w < 1:
        return
    k = c.px_per_m
    y = c.top - (np.arange(b, bottom, dtype=np.float32)[:, None] + 0.5) / k
    x = c.left + (np.arange(a, right, dtype=np.float32)[None] + 0.5) / k - house.left
    factor = 1 + 0.045 * smooth_noise(rng, h, w, 1.5 * k, 2.5 * k)
    factor += 0.03 * house.dirt * smooth_noise(rng, h, w, 3 * k, 0.25 * k)  # rain runs down
    factor += 0.025 * smooth_noise(rng, h, w, 0.1 * k + 1, 0.1 * k + 1)
    factor += rng.standard_normal((h, w), dtype=np.float32) * 0.018
    factor -= 0.16 * house.dirt * np.exp(-np.maximum(y, 0) / 1.2)  # splashes from the street
    if house.wall != "plaster":
        course, block, joint = (0.075, 0.24, 0.014) if house.wall == "brick" else (house.course, house.block, 0.025)
        row = np.floor(y / course).astype(np.int32)
        column = np.floor(x / block + 0.5 * (row % 2)).astype(np.int32)
        tones = rng.standard_normal((64, 64), dtype=np.float32) * (0.09 if house.wall == "brick" else 0.035)
        factor += tones[row % 64, column % 64]
        depth = 0.5 if house.wall == "brick" else 0.22
        lines = stripes(h, c.top * k - b, course * k, joint * k)[:, None]
        period = block * k
        even = stripes(w, (house.left - c.left) * k - a, period, joint * k)
        odd = stripes(w, (house.left - c.left) * k - a - period / 2, period, joint * k)
        factor *= 1 - depth * np.maximum(lines, np.where(row % 2 == 0, even[None], odd[None]))
    wall = np.clip(factor[..., None] * np.array(house.color, np.float32), 0, 255).astype(np.uint8)
    c.paint.paste(Image.fromarray(wall), (a, b))


def _paint_quoins(c: Canvas, house: House) -> None:
    for i in range(int(house.floors[-1] / 0.42)):
        y, wide = i * 0.42, 0.55 if i % 2 else 0.34
        if c.sees(house.left, y, house.right, y + 0.4):
            stone = tone(house.stone, 0.96 + 0.08 * house.u[i % len(house.u)][0][i % 12])
            c.rect(house.left, y, house.left + wide, y + 0.39, stone)
            c.rect(house.right - wide, y, house.right, y + 0.39, stone)


def _paint_floor(c: Canvas, sun: Sun, house: House, floor: int) -> None:
    y, y1 = house.floors[floor], house.floors[floor + 1]
    if not c.sees(house.left, y - 1, house.right, y1):
        return
    if house.bands and floor != 1:
        paint_ledge(c, sun, house, house.left, house.right, y - 0.12, 0.2, 0.14)
    french = house.balcony == "all" or (house.balcony == "floors" and floor in house.balcony_floors)
    sill = y + (0.12 if french else 0.42 if house.balcony == "rail" else 0.75)
    height = min(house.window_h + (0.35 if french else 0), y1 - sill - 0.4)
    for b in range(house.bays):
        paint_window(c, sun, house, house.bay(b), sill, house.window_w, height, house.u[floor][b])
        if house.balcony == "rail" and not french:
            paint_railing(c, house, house.bay(b) - house.window_w / 2, house.bay(b) + house.window_w / 2, sill, 0.5)
    if french and floor in house.balcony_floors:
        paint_balcony(c, sun, house, house.left + 0.3, house.right - 0.3, y)
    elif french:
        for b in range(house.bays):
            reach = house.window_w / 2 + 0.25
            paint_balcony(c, sun, house, house.bay(b) - reach, house.bay(b) + reach, y)


def _paint_cornice(c: Canvas, sun: Sun, house: House) -> None:
    y, x0, x1 = house.floors[-1], house.left - 0.1, house.right + 0.1
    if not c.sees(x0, y - 1, x1, house.top + 0.3):
        return
    paint_ledge(c, sun, house, x0, x1, y - 0.25, 0.1, 0.1)
    paint_ledge(c, sun, house, x0, x1, house.top - 0.25, 0.25, 0.6)
    if house.dentils:
        for i in range(int((x1 - x0) / 0.3)):
            c.rect(x0 + 0.3 * i, house.top - 0.42, x0 + 0.3 * i + 0.16, house.top - 0.25, tone(house.stone, 0.95))
