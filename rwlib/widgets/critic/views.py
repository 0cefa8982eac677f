r"""What `CriticView` shows, drawn without any widget: curves of scores, score maps, sensitivities.

The maps are drawn as pixels, not as a figure, so that a slider can run through them.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from rwlib.notebook.figures import COLORS
from rwlib.widgets.critic.moments import CENTRES_PX, JUDGED, SIDE_PX, Moment, Scenes
from rwlib.widgets.shared.heat import DIVERGING, SEQUENTIAL

NAMES = {"I_gt": "real, I_gt", "I_p1": "first fake, I_p1", "I_p2": "second fake, I_p2"}
COLOR = {"I_gt": COLORS[2], "I_p1": COLORS[0], "I_p2": COLORS[1]}
MARGIN_PX, TITLE_PX, GAP_PX, BAR_PX = 24, 24, 12, 92
CHART_CUTS_PX = (484,)
"""Between the axes of `chart`."""
SHEET_CUTS_PX = (SIDE_PX + MARGIN_PX + GAP_PX, 2 * (SIDE_PX + MARGIN_PX + GAP_PX))
"""Between the pictures of `sheet`."""
EXISTING = np.array([112, 112, 112], np.uint8)
"""Grey of what the discriminator does not see."""


@dataclass
class Story:
    """All moments of a run, in order."""

    scenes: Scenes
    moments: list[Moment] = field(default_factory=list)
    batches: dict[str, list[float]] = field(default_factory=dict)
    """`step`, `D_gt`, `D_p2`: mean scores of the training batches."""
    form: str = "hinge"
    """Of the adversarial loss."""


def batch_means(curves: dict[str, list[float]], every: int = 5) -> dict[str, list[float]]:
    """Average the training batches' scores over blocks of steps; phase one has none."""
    columns = [curves.get(name, []) for name in ("step", "D_gt", "D_p2")]
    rows = [row for row in zip(*columns, strict=False) if all(map(math.isfinite, row))]
    blocks = [rows[i : i + every] for i in range(0, len(rows) - every + 1, every)]
    means = {name: [sum(row[i] for row in block) / every for block in blocks] for i, name in ((1, "D_gt"), (2, "D_p2"))}
    return {"step": [block[-1][0] + 1 for block in blocks]} | means


# --- curves


def chart(story: Story) -> tuple[np.ndarray, list[list[int]]]:
    """Draw the mean scores over the steps, and by how much real is ahead.

    Returns:
        Pixels (h, w, 3), and for each moment the columns at which it stands in the two axes.
    """
    fig = Figure(figsize=(9.4, 2.5))
    canvas = FigureCanvasAgg(fig)
    left, right = fig.subplots(1, 2)
    fig.subplots_adjust(left=0.065, right=0.985, bottom=0.19, top=0.88, wspace=0.2)
    moments, batches = story.moments, story.batches
    steps = [m.step for m in moments]
    for kind, marker in zip(JUDGED, "o^s", strict=True):
        left.plot(steps, [m.scores[kind] for m in moments], marker + "-", color=COLOR[kind], markersize=4, lw=1.2,
                  label=NAMES[kind])  # fmt: skip
        if kind != "I_gt":
            ahead = [m.scores["I_gt"] - m.scores[kind] for m in moments]
            right.plot(steps, ahead, marker + "-", color=COLOR[kind], markersize=4, lw=1.2, label=f"I_gt - {kind}")
    if batches.get("step"):
        for name, kind, style in (("D_gt", "I_gt", ":"), ("D_p2", "I_p2", "--")):
            left.plot(batches["step"], batches[name], style, color=COLOR[kind], lw=0.9, alpha=0.8)
        ahead = np.subtract(batches["D_gt"], batches["D_p2"])
        right.plot(batches["step"], ahead, "--", color=COLOR["I_p2"], lw=0.9, alpha=0.8, label="same, training batches")
    left.set_title("mean score (thin: training batches)", fontsize=9.5)
    right.set_title("how far real is ahead", fontsize=9.5)
    right.axhline(0, color=COLORS[6], lw=0.8)
    for axis in (left, right):
        low, high = axis.get_ylim()
        axis.set_ylim(low - 0.15 * (high - low), high + 0.5 * (high - low))  # room for words and the legend
        axis.set_xlabel("step", fontsize=9)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
        if moments:
            axis.legend(fontsize=7.5, loc="upper right")
    if story.form == "hinge":
        _draw_margins(left)
    canvas.draw()
    columns = [[round(axis.transData.transform((step, 0))[0]) for axis in (left, right)] for step in steps]
    return np.asarray(canvas.buffer_rgba())[..., :3].copy(), columns


def _draw_margins(axis: Axes) -> None:
    """Draw the margins of the hinge form at 1 and -1; those that lie outside are named at the edge.

    An axis that held them would press the scores of a short training, hundredths apart, onto each other.
    """
    low, high = axis.get_ylim()
    for margin, what in ((1, "real"), (-1, "fake")):
        inside, upper = low <= margin <= high, margin > high
        words = f"hinge margin, {what}" + ("" if inside else f": {margin}, {'above' if upper else 'below'}")
        if inside:
            axis.axhline(margin, color=COLORS[6], lw=0.8, ls="-.")
        down = upper or (inside and margin > 0)
        axis.annotate(
            words, (0, min(max(margin, low), high)), xytext=(4, -10 if down else 4), textcoords="offset points",
            fontsize=7.5, xycoords=("axes fraction", "data"),
        )  # fmt: skip


def pieces(pixels: np.ndarray, cuts: Sequence[int]) -> list[bytes]:
    """Cut a picture (h, w, 3) at some columns, and return a PNG of each piece."""
    return [to_bytes(piece) for piece in np.split(pixels, cuts, axis=1)]


def mark(pixels: np.ndarray, columns: Sequence[int]) -> np.ndarray:
    """Return a chart with a vertical line through the moment that is shown."""
    out = pixels.copy()
    h = len(out)
    for x in columns:
        out[round(0.12 * h) : round(0.81 * h), max(0, x - 1) : x + 1] = (90, 90, 90)
    return out


# --- maps


@cache
def _font(size: int) -> ImageFont.ImageFont:
    return ImageFont.load_default(size)


def score_picture(scenes: Scenes, moment: Moment, kind: str, photo: int, largest: float) -> np.ndarray:
    """Draw what D sees of one picture, and its 4x4 scores where their receptive fields are centred.

    Returns:
        (280, 280, 3), uint8: the picture, and a margin on the right and below for the last row and column of scores.
    """
    picture = scenes.I_gt[photo] if kind == "I_gt" else moment.predictions[kind][photo]
    picture = np.where(scenes.M[photo][..., None], EXISTING, picture)
    side = SIDE_PX + MARGIN_PX
    image = Image.new("RGB", (side, side), (255, 255, 255))
    image.paste(Image.fromarray(picture))
    draw = ImageDraw.Draw(image)
    for row, y in enumerate(CENTRES_PX):
        for column, x in enumerate(CENTRES_PX):
            score = float(moment.maps[kind][photo, row, column])
            r, g, b, _ = colormaps[DIVERGING](0.5 + 0.5 * score / largest, bytes=True)
            draw.ellipse((x - 20, y - 20, x + 20, y + 20), fill=(int(r), int(g), int(b)), outline=(0, 0, 0))
            ink = (0, 0, 0) if abs(score) < 0.6 * largest else (255, 255, 255)
            draw.text((x, y), f"{score:+.2f}", ink, _font(13), anchor="mm")
    return np.asarray(image)


def care_picture(scenes: Scenes, moment: Moment, kind: str, photo: int, top: float) -> np.ndarray:
    """Draw the sensitivity in the hole on a square-root scale up to `top`; the rest is grey.

    Returns:
        (256, 256, 3), uint8.
    """
    share = moment.care[kind][photo] / 255.0 * math.sqrt(moment.care_max[photo] / max(top, 1e-30))
    heat = colormaps[SEQUENTIAL](np.minimum(share, 1.0), bytes=True)[..., :3].repeat(2, 0).repeat(2, 1)
    return np.where(scenes.M[photo][..., None], EXISTING, heat)


def sheet(story: Story, index: int, photo: int, *, one_scale: bool = False) -> np.ndarray:
    """Draw score maps (above) and sensitivities (below) of real and both fakes at one moment.

    Args:
        story: what there is.
        index: number of the moment.
        photo: number of the photograph.
        one_scale: colours mean the same at all moments, not only within this one.
    """
    scenes, moment = story.scenes, story.moments[index]
    scaled_by = story.moments if one_scale else [moment]
    largest = max(max(float(np.abs(m.maps[kind][photo]).max()) for kind in JUDGED) for m in scaled_by) or 1.0
    top = max(m.care_max[photo] for m in scaled_by) or 1.0
    side = SIDE_PX + MARGIN_PX
    w, h = 3 * (side + GAP_PX) + BAR_PX, 2 * TITLE_PX + side + SIDE_PX + GAP_PX
    page = Image.new("RGB", (w, h), (255, 255, 255))
    draw = ImageDraw.Draw(page)
    lower = TITLE_PX + side + GAP_PX
    for i, kind in enumerate(JUDGED):
        x = i * (side + GAP_PX)
        draw.text((x, 4), f"{NAMES[kind]}: scores", (0, 0, 0), _font(14))
        page.paste(Image.fromarray(score_picture(scenes, moment, kind, photo, largest)), (x, TITLE_PX))
        draw.text((x, lower), f"{kind}: what its verdict hangs on", (0, 0, 0), _font(14))
        page.paste(Image.fromarray(care_picture(scenes, moment, kind, photo, top)), (x, lower + TITLE_PX))
    x = 3 * (side + GAP_PX)
    _bar(page, x, TITLE_PX, DIVERGING, (f"+{largest:.2f}", "0", f"-{largest:.2f}"), ("real", "", "fake"))
    _bar(page, x, lower + TITLE_PX, SEQUENTIAL, (f"{top:.1e}", f"{top / 4:.1e}", "0"), ("", "", ""))
    return np.asarray(page)


def _bar(page: Image.Image, x: int, y: int, colors: str, labels: Sequence[str], words: Sequence[str]) -> None:
    """Draw a colour bar 256 px high with three labels."""
    ramp = colormaps[colors](np.linspace(1, 0, SIDE_PX), bytes=True)[:, None, :3].repeat(16, 1)
    page.paste(Image.fromarray(ramp), (x, y))
    draw = ImageDraw.Draw(page)
    for share, label, word in zip((0.03, 0.5, 0.97), labels, words, strict=True):
        draw.text((x + 21, y + share * SIDE_PX), f"{label} {word}".strip(), (0, 0, 0), _font(12), anchor="lm")


def to_bytes(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    """Encode quickly as PNG, or small as JPEG."""
    out = io.BytesIO()
    options = {"compress_level": 1} if kind == "PNG" else {"quality": 62}
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()
