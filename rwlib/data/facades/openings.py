"""Windows of a drawn house with their shutters, railings and balconies, and the mouldings above and below them."""

import numpy as np

from rwlib.data.facades.canvas import Canvas, Sun, mix, stripes, tone
from rwlib.data.facades.house import IRON, House


def paint_ledge(c: Canvas, sun: Sun, house: House, x0: float, x1: float, y: float, height: float, depth: float) -> None:
    """Paint a moulding: lit on top, dark below, with its shadow."""
    if c.sees(x0, y - 1, x1, y + height):
        sun.cast(c, x0, y, x1, y + height, depth)
        c.rect(x0, y, x1, y + height, house.stone)
        c.rect(x0, y + 0.65 * height, x1, y + height, tone(house.stone, 1.08))
        c.rect(x0, y, x1, y + 0.25 * height, tone(house.stone, 0.74))


def paint_window(
    c: Canvas, sun: Sun, house: House, x: float, y: float, w: float, h: float, u: list[float], plain: bool = False
) -> None:
    """Paint a window with its middle at `x` and its sill at `y`; `u` are its own twelve random numbers."""
    x0, x1, y1 = x - w / 2, x + w / 2, y + h
    if not c.sees(x0 - 1, y - 0.5, x1 + 1, y1 + 1):
        return
    rise = min(house.rise, 0.4 * h)
    if house.surround and not plain:
        s = house.surround
        c.rect(x0 - s, y - 0.02, x1 + s, y1 + s, house.stone, rise + s if rise else 0)
        c.rect(x0 - s, y - 0.02, x0 - s + 0.03, y1, tone(house.stone, 0.8))
    if house.head == "keystone" and not plain:
        c.polygon([(x - 0.1, y1 - 0.05), (x - 0.17, y1 + 0.32), (x + 0.17, y1 + 0.32), (x + 0.1, y1 - 0.05)],
                  tone(house.stone, 1.05))  # fmt: skip
    elif house.head in ("ledge", "pediment") and not plain and not rise:
        reach = w / 2 + 0.25
        paint_ledge(c, sun, house, x - reach, x + reach, y1 + 0.16, 0.14, 0.2)
        if house.head == "pediment":
            c.polygon([(x - reach, y1 + 0.3), (x, y1 + 0.62), (x + reach, y1 + 0.3)], tone(house.stone, 0.78))
            c.polygon([(x - reach + 0.2, y1 + 0.31), (x, y1 + 0.53), (x + reach - 0.2, y1 + 0.31)], house.stone)
    if not plain:
        paint_ledge(c, sun, house, x0 - 0.12, x1 + 0.12, y - 0.12, 0.12, 0.12)
    c.rect(x0, y, x1, y1, tone(house.frame, 0.55), rise)
    t = 0.05  # frame
    _paint_glass(c, house, x0 + t, y + t, x1 - t, y1 - t, max(0.0, rise - t), u)
    for x_bar in (x0 + t, x - 0.035, x1 - 2 * t):
        c.rect(x_bar, y + t, x_bar + (0.07 if x_bar == x - 0.035 else t), y1 - t - 0.8 * rise, house.frame)
    for i in range(house.panes + 1):
        y_bar = y + t + (h - 3 * t) * i / house.panes
        if i == house.panes and rise:
            continue
        c.rect(x0 + t, y_bar, x1 - t, y_bar + (0.045 if 0 < i < house.panes else 0.06), house.frame)
    sun.recess(c, x0, y, x1, y1, 0.2)
    if house.shutters and not plain:
        _paint_shutters(c, sun, house, x0, y, x1, y1 - 0.5 * rise, u)


def _paint_glass(
    c: Canvas, house: House, x0: float, y0: float, x1: float, y1: float, rise: float, u: list[float]
) -> None:
    """Paint panes: a dark room, perhaps curtains or a blind, and the sky over the opposite houses mirrored."""
    room = mix((30, 34, 40), (74, 72, 68), u[0])
    if u[1] < 0.04:
        room = (178, 150, 108)  # a lamp is on
    c.rect(x0, y0, x1, y1, room, rise)
    w, h = x1 - x0, y1 - y0
    edge = y0 + h * (0.2 + 0.5 * u[2])
    c.polygon([(x0, edge), (x1, edge + (u[3] - 0.5) * h * 0.5), (x1, y1 - rise), (x0, y1 - rise)],
              mix(room, house.sky, 0.15 + 0.5 * u[4]))  # fmt: skip
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
                  mix(room, house.sky, 0.75))  # fmt: skip


def _paint_shutters(
    c: Canvas, sun: Sun, house: House, x0: float, y0: float, x1: float, y1: float, u: list[float]
) -> None:
    leaf = min((x1 - x0) / 2, (house.spacing - (x1 - x0)) / 2 - 0.04)
    closed = u[10] < 0.12
    half = not closed and u[10] < 0.2
    for k, x in enumerate((x0 - leaf, x1)):
        if closed or (half and k == 0):
            x = x0 if k == 0 else (x0 + x1) / 2
            a, b = x, x + (x1 - x0) / 2
        else:
            a, b = x, x + leaf
        color = tone(house.shutter, 0.95 + 0.1 * u[11])
        sun.cast(c, a, y0, b, y1, 0.06)
        c.rect(a, y0, b, y1, tone(color, 0.85))
        _, top, _, bottom = c.pixels(a, y0, b, y1)
        slats = stripes(bottom - top, 0, 0.075 * c.px_per_m, 0.03 * c.px_per_m)
        inset = 0.05
        for low, high in ((y0 + inset, (y0 + y1) / 2 - 0.03), ((y0 + y1) / 2 + 0.03, y1 - inset)):
            c.rect(a + inset, low, b - inset, high, color)
            left, upper, right, lower = c.pixels(a + inset, low, b - inset, high)
            cover = np.broadcast_to(slats[: lower - upper, None] * 0.5, (min(lower - upper, len(slats)), right - left))
            c.stencil(a + inset, low, b - inset, high, tone(color, 0.45), cover)


def paint_railing(c: Canvas, house: House, x0: float, x1: float, y: float, height: float) -> None:
    """Paint an iron railing: bars, a handrail, and perhaps rings between two bands."""
    a, b, right, bottom = c.pixels(x0, y, x1, y + height)
    h, w, k = bottom - b, right - a, c.px_per_m
    cover = np.repeat(stripes(w, 0, house.rail_period * k, house.rail_bar * k)[None], h, axis=0)
    if house.rail_rings:
        yy, xx = np.mgrid[:h, :w]
        radius = 0.11 * k
        distance = np.hypot((xx % (2.2 * radius)) - 1.1 * radius, yy - 0.5 * h)
        cover = np.maximum(cover, 0.8 * np.clip(1.2 - abs(distance - radius) / max(0.6, 0.03 * k), 0, 1))
    for low, thick in ((0.0, 0.06), (0.16 * height, 0.025), (height - 0.09, 0.04)):
        cover[round(low * k) : max(round(low * k) + 1, round((low + thick) * k))] = min(1.0, thick * k)
    c.stencil(x0, y, x1, y + height, IRON, cover)


def paint_balcony(c: Canvas, sun: Sun, house: House, x0: float, x1: float, y: float) -> None:
    """Paint a slab at height `y`, the consoles below it, and its railing."""
    if not c.sees(x0, y - 1.5, x1, y + 1.2):
        return
    sun.cast(c, x0, y - 0.1, x1, y + 0.1, 0.75)
    n = max(2, round((x1 - x0) / house.spacing) + 1)
    for i in range(n):  # consoles
        x = x0 + 0.12 + (x1 - x0 - 0.24) * i / (n - 1)
        c.polygon([(x - 0.1, y - 0.1), (x + 0.1, y - 0.1), (x + 0.08, y - 0.4), (x - 0.08, y - 0.5)],
                  tone(house.stone, 0.85))  # fmt: skip
    c.rect(x0, y - 0.1, x1, y + 0.1, house.stone)
    c.rect(x0, y - 0.1, x1, y - 0.03, tone(house.stone, 0.6))
    paint_railing(c, house, x0 + 0.05, x1 - 0.05, y + 0.1, 0.95)
