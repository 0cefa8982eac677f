"""The ground floor of a drawn house: its door, and windows or shops."""

from rwlib.data.facades.canvas import Canvas, Color, Sun, mix, tone
from rwlib.data.facades.house import House
from rwlib.data.facades.openings import paint_ledge, paint_railing, paint_window


def paint_ground(c: Canvas, sun: Sun, house: House) -> None:
    """Paint everything below the first floor's ledge; shops stand left and right of the door."""
    y1 = house.floors[1]
    if not c.sees(house.left, -0.5, house.right, y1 + 0.5):
        return
    if house.rusticated or house.shops:
        c.rect(house.left, 0, house.right, y1 - 0.1, tone(house.stone, 0.96))
        for i in range(int(y1 / 0.4)):
            c.rect(house.left, 0.4 * i + 0.36, house.right, 0.4 * i + 0.4, tone(house.stone, 0.66))
    c.rect(house.left, 0, house.right, 0.35, tone(mix(house.stone, (120, 120, 120), 0.5), 0.85))
    start = 0
    for b in [*range(house.bays), house.bays]:
        if b in (house.door_bay, house.bays):
            if house.shops and b > start:
                reach = house.spacing / 2 - 0.15
                _paint_shop(c, sun, house, house.bay(start) - reach, house.bay(b - 1) + reach, int(b == house.bays))
            start = b + 1
        elif not house.shops:
            paint_window(c, sun, house, house.bay(b), 1.1, house.window_w, y1 - 1.9, house.u[0][b])
            if house.u[0][b][10] < 0.3:
                paint_railing(c, house, house.bay(b) - house.window_w / 2, house.bay(b) + house.window_w / 2, 1.1, 0.9)
    _paint_door(c, sun, house, house.bay(house.door_bay), min(1.7, house.spacing - 0.5), y1 - 0.75)
    paint_ledge(c, sun, house, house.left, house.right, y1 - 0.3, 0.3, 0.22)


def _paint_door(c: Canvas, sun: Sun, house: House, x: float, w: float, h: float) -> None:
    x0, x1, rise = x - w / 2, x + w / 2, 0.35 * w
    c.rect(x0 - 0.2, 0, x1 + 0.2, h + 0.2, tone(house.stone, 1.03), rise + 0.2)
    c.rect(x0, 0, x1, h, tone(house.door, 0.6), rise)
    c.rect(x0 + 0.08, 0, x1 - 0.08, h - 0.08, mix((40, 46, 54), house.sky, 0.3), rise - 0.04)
    split = h - rise - 0.25
    c.rect(x0 + 0.08, 0, x1 - 0.08, split, house.door)
    for i in range(1, 4):  # bars of the fanlight
        c.rect(x0 + w * i / 4 - 0.02, split, x0 + w * i / 4 + 0.02, h - 0.3, house.door)
    for a, b in ((x0 + 0.2, x - 0.1), (x + 0.1, x1 - 0.2)):
        for low, high in ((0.2, 0.42 * split), (0.5 * split, split - 0.2)):
            c.rect(a, low, b, high, tone(house.door, 0.7))
            c.rect(a + 0.05, low, b, high - 0.05, tone(house.door, 1.25))
    c.rect(x - 0.02, 0, x + 0.02, split, tone(house.door, 0.5))
    c.rect(x + 0.06, 0.46 * split, x + 0.12, 0.49 * split, (206, 170, 88))
    sun.recess(c, x0, 0, x1, h, 0.35)


def _paint_shop(c: Canvas, sun: Sun, house: House, x0: float, x1: float, side: int) -> None:
    y1, panel, u = house.floors[1] - 0.4, house.shop[side], house.u[0][side]
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
        v = house.u[1 + i % 2][i % house.bays]
        door = u[1] * n // 1 == i
        low = 0.08 if door else sill
        c.rect(a, low, b, sign, mix((34, 36, 40), (110, 96, 72), 0.5 * v[0]))
        tall = sign - low
        c.polygon([(a, sign), (a + (0.2 + 0.5 * v[8]) * (b - a), sign), (a + 0.4 * v[9] * (b - a), low), (a, low)],
                  mix((60, 64, 70), house.sky, 0.3 * v[7]))  # fmt: skip
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
        if house.u[2][i % house.bays][i % 12] > 0.12:
            c.rect(x, sign + 0.18, x + 0.25 * width, sign + 0.55, ink)
            stroke = sign + (0.18, 0.33, 0.46)[int(3 * house.u[1][i % house.bays][i % 12])]
            c.rect(x, stroke, x + 0.7 * width, stroke + 0.09, ink)
            if house.u[1][i % house.bays][(i + 5) % 12] > 0.5:
                c.rect(x + 0.48 * width, sign + 0.18, x + 0.7 * width, sign + 0.55, ink)
        x += width
    if house.awning_kind[side] != "none":
        _paint_awning(
            c, sun, house, x0 + 0.05, x1 - 0.05, sign + 0.1, house.awning[side], house.awning_kind[side] == "striped"
        )


def _paint_awning(
    c: Canvas, sun: Sun, house: House, x0: float, x1: float, y: float, color: Color, striped: bool
) -> None:
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
