r"""Fig. 4 live: one photograph, one hole, all variants side by side, with their errors on common scales.

Computing and drawing without any widget; `rwlib.widgets.studio.widget` has the controls.
"""

import html
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
import torch
from torch import Tensor

from rwlib.ablations import ABLATIONS, load_ablation
from rwlib.conventions import InputError, image_to_tensor, tensor_to_image
from rwlib.data import make_generator
from rwlib.data.views import center_view
from rwlib.inpainting import fill
from rwlib.masks import random_mask
from rwlib.metrics import evaluate_pair
from rwlib.networks.generator import Outputs, RegionWiseGenerator
from rwlib.widgets.shared.holes import Source, shrink, to_photo
from rwlib.widgets.shared.pictures import to_png

OUTPUTS = {
    "I_c2, the result": "I_c2",
    "I_c1, first composite": "I_c1",
    "I_p2, second prediction": "I_p2",
    "I_p1, first prediction": "I_p1",
}
"""Words for a menu → field of `Outputs`."""
PAINTED_PX = 256
"""Side of the picture on which a hole is painted by hand."""


# --- what is computed


class Models:
    """The variants' generators, each loaded when it is first asked for.

    Args:
        folder: where `NAME.safetensors` lie.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._loaded: dict[str, RegionWiseGenerator] = {}

    def __getitem__(self, name: str) -> RegionWiseGenerator:
        """Return a variant's generator.

        Raises:
            InputError: its file is missing or damaged.
        """
        if name not in self._loaded:
            self._loaded[name] = load_ablation(name, self.folder)[0]
        return self._loaded[name]


class OnePhoto:
    """A photograph of one's own as a photo source of length one.

    Args:
        photo: path or content of a file, uint8 (h, w, 3), or tensor (1, 3, h, w) in [-1, 1].

    Raises:
        InputError: no picture, or a side under 8 px.
    """

    def __init__(self, photo: Source) -> None:
        self._photo = to_photo(photo).image

    def __len__(self) -> int:
        return 1

    def center(self, index: int, size_px: int) -> np.ndarray:
        """Return the middle of the photograph, uint8 (size_px, size_px, 3)."""
        return center_view(self._photo, size_px)


class Task(NamedTuple):
    """What every variant is given; the same numbers give the same pixels."""

    source: str
    """Name of a photo source."""
    photo: int
    """Number of a photograph in it."""
    size_px: int
    """Side of the square in its middle."""
    kind: str
    """Kind of hole."""
    percent: int
    """Missing part."""
    seed: int
    """Of the hole."""
    painted: bytes = b""
    """A hole painted by hand in place of a drawn one: PAINTED_PX rows of as many bits, 1 missing."""


def pixels_of(task: Task, sources: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """Return I_gt (1, 3, size_px, size_px) in [-1, 1] and M (1, 1, size_px, size_px), 1 existing, 0 missing.

    Raises:
        InputError: a painted hole that is empty, or covers everything.
    """
    I_gt = image_to_tensor(sources[task.source].center(task.photo, task.size_px))
    if task.painted:
        bits = np.unpackbits(np.frombuffer(task.painted, np.uint8)).astype(bool)
        hole = shrink(bits.reshape(PAINTED_PX, PAINTED_PX), (task.size_px, task.size_px))
        if hole.all() or not hole.any():
            what = "everything is missing; erase a part of the hole" if hole.any() else "nothing is painted yet"
            raise InputError(f"hole: {what}")
        return I_gt, torch.from_numpy(~hole).float()[None, None]
    fraction = round(task.percent / 100 * task.size_px**2) / task.size_px**2  # a whole number of pixels
    generator = make_generator(task.seed, 4)
    M = random_mask(task.size_px, task.size_px, (fraction, fraction), kind=task.kind, generator=generator)
    return I_gt, M[None]


class Filling(NamedTuple):
    """What one variant made of a task."""

    outputs: Outputs
    values: dict[str, dict[str, float]]
    """`"I_c1"` and `"I_c2"` → metric → value (`rwlib.metrics.evaluate_pair`)."""


@torch.no_grad()
def fill_task(G: RegionWiseGenerator, I_gt: Tensor, M: Tensor) -> Filling:
    """Fill a hole and measure both composites."""
    outputs = fill(G, I_gt, M)
    composites = {name: getattr(outputs, name) for name in ("I_c1", "I_c2")}
    found = {name: evaluate_pair(I_c, I_gt, M) for name, I_c in composites.items()}
    return Filling(outputs, {name: {k: float(v) for k, v in values.items()} for name, values in found.items()})


def error_of(I: Tensor, I_gt: Tensor) -> np.ndarray:
    """Return |I - I_gt| on [0, 1], mean over colours, (h, w)."""
    return ((I - I_gt).abs().mean(1)[0] / 2).numpy()


def scale_of(maps: list[np.ndarray]) -> float:
    """Return the end of a scale that maps share: the 99.5th percentile of what is not zero, on a round number."""
    values = np.abs(np.concatenate([x.ravel() for x in maps])) if maps else np.zeros(1)
    values = values[values > 0]
    top = float(np.percentile(values, 99.5)) if len(values) else 0.0
    return max(0.05, np.ceil(20 * top) / 20)


# --- what is drawn


def color_map(x: np.ndarray, low: float, high: float, name: str) -> np.ndarray:
    """Return uint8 colours (h, w, 3) of a map (h, w) on the scale from `low` to `high`."""
    return (matplotlib.colormaps[name](np.clip((x - low) / (high - low), 0, 1))[..., :3] * 255).astype(np.uint8)


def on_photo(colors: np.ndarray, I_gt: Tensor, shown: np.ndarray) -> np.ndarray:
    """Put colours where `shown` (h, w) says so, and a pale grey copy of the photograph elsewhere."""
    pale = 150 + 0.35 * tensor_to_image(I_gt).mean(axis=2, keepdims=True)
    return np.where(shown[..., None], colors, pale.astype(np.uint8))


def color_bar(low: str, high: str, name: str) -> str:
    """Return a colour scale with its ends as HTML."""
    stops = ",".join(matplotlib.colors.to_hex(matplotlib.colormaps[name](i / 8)) for i in range(9))
    bar = f'<span style="display:inline-block;width:8em;height:.8em;background:linear-gradient(90deg,{stops})"></span>'
    return f"{low} {bar} {high}"


def image_cell(picture: Tensor | np.ndarray, alt: str) -> str:
    """Return a table cell with a picture."""
    data = b64encode(to_png(picture)).decode()
    style = "width:100%;max-width:150px;image-rendering:pixelated;display:block"
    return f'<td><img alt="{html.escape(alt)}" src="data:image/png;base64,{data}" style="{style}"></td>'


def comparison(
    I_gt: Tensor, M: Tensor, fillings: Mapping[str, Filling], *, shown: str = "I_c2", maps: bool = True
) -> str:
    """Draw variants side by side.

    Args:
        I_gt: (1, 3, h, w) in [-1, 1].
        M: (1, 1, h, w), 1 existing, 0 missing.
        fillings: variant → filling.
        shown: which of `Outputs`.
        maps: add the errors, and how they differ from the full model's.

    Returns:
        An HTML table: pictures, PSNR and SSIM in the hole, errors on one scale, errors minus the full model's on one.
    """
    measured = shown.replace("p", "c")  # in the hole a prediction is its composite
    names = list(fillings)
    images = {name: getattr(fillings[name].outputs, shown) for name in names}
    values = {name: fillings[name].values[measured] for name in names}
    title = {name: ABLATIONS[name].title for name in names}
    heads = "".join(
        f'<th scope="col" title="{html.escape(ABLATIONS[name].change)}" style="vertical-align:bottom">'
        f"({ABLATIONS[name].panel}) {html.escape(title[name])}</th>"
        for name in names
    )
    hole = (M[0, 0] == 0).numpy()
    rows = [f'<tr><th scope="col" style="vertical-align:bottom">(a) input</th>{heads}</tr>']
    rows.append(
        f"<tr>{image_cell(torch.where(M.bool(), I_gt, 1.0), 'The photograph; its hole is white.')}"
        + "".join(image_cell(images[n], f"{shown} of: {title[n]}.") for n in names)
        + "</tr>"
    )
    rows.append("<tr><td></td>" + "".join(_numbers(values, name) for name in names) + "</tr>")
    if maps and names:
        where = hole if shown.startswith("I_c") else np.ones_like(hole)
        errors = {name: error_of(images[name], I_gt) for name in names}
        top = scale_of(list(errors.values()))
        rows.append(_section(names, "Error, mean over colours", color_bar("0", f"{top:.2f} of 1", "cividis")))
        rows.append(
            f"<tr>{image_cell(I_gt, 'The whole photograph.')}"
            + "".join(
                image_cell(on_photo(color_map(errors[n], 0, top, "cividis"), I_gt, where), f"Error of: {title[n]}.")
                for n in names
            )
            + "</tr>"
        )
        if "full" in names and len(names) > 1:
            excess = {name: errors[name] - errors["full"] for name in names if name != "full"}
            top = scale_of(list(excess.values()))
            bar = color_bar(f"−{top:.2f} better", f"worse +{top:.2f}", "PuOr_r")
            rows.append(_section(names, "Error minus the full model's", bar))
            cells = {
                n: image_cell(
                    on_photo(color_map(excess[n], -top, top, "PuOr_r"), I_gt, where),
                    f"Where {title[n]} is worse (orange) or better (purple) than the full model.",
                )
                for n in excess
            }
            rows.append("<tr><td></td>" + "".join(cells.get(n, "<td></td>") for n in names) + "</tr>")
    width = 130 * (len(names) + 1)
    style = f"table-layout:fixed;width:100%;max-width:{width}px;border-spacing:4px;line-height:1.25;font-size:90%"
    return f'<table class="rwlib-compare" style="{style}"><tbody>{"".join(rows)}</tbody></table>'


def _numbers(values: Mapping[str, Mapping[str, float]], name: str) -> str:
    text = f"{values[name]['hole_psnr']:.2f} dB<br>SSIM {values[name]['hole_ssim']:.3f}"
    if "full" in values and name != "full":
        text += f"<br>{values[name]['hole_psnr'] - values['full']['hole_psnr']:+.2f} dB".replace("-", "−")
    return f'<td style="vertical-align:top;text-align:center">{text}</td>'


def _section(names: list[str], title: str, bar: str) -> str:
    style = "text-align:left;padding-top:.6em;font-weight:600"
    scale = f'<span style="font-weight:400">&emsp;{bar}</span>'
    return f'<tr><th colspan="{len(names) + 1}" scope="colgroup" style="{style}">{title}{scale}</th></tr>'


def verdict(fillings: Mapping[str, Filling], shown: str) -> str:
    """Say in a sentence what the numbers under the pictures show, and what they do not."""
    others = [name for name in fillings if name != "full"]
    if "full" not in fillings or not others:
        return "PSNR and SSIM are those of the hole."
    psnr = {name: filling.values[shown.replace("p", "c")]["hole_psnr"] for name, filling in fillings.items()}
    ahead = [ABLATIONS[name].title for name in others if psnr[name] > psnr["full"]]
    who = f"ahead of it: {', '.join(ahead)}" if ahead else "none is ahead of it"
    return (
        f"PSNR and SSIM in the hole; third line: difference to the full model. On this picture, {who}. "
        "One picture with one hole proves nothing: change the seed, then see the table."
    )
