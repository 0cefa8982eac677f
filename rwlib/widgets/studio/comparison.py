r"""Fig. 4 live: all variants side by side, with their errors on common scales, as HTML."""

import html
from collections.abc import Mapping

import matplotlib
import numpy as np
import torch
from torch import Tensor

from rwlib.conventions import tensor_to_image
from rwlib.notebook.figures import picture
from rwlib.notebook.tables import Cell, table
from rwlib.widgets.shared.heat import DIVERGING, SEQUENTIAL, heat
from rwlib.widgets.shared.pictures import to_png
from rwlib.widgets.studio.fillings import Filling, variant_of

OUTPUTS = {
    "I_c2, the result": "I_c2",
    "I_c1, first composite": "I_c1",
    "I_p2, second prediction": "I_p2",
    "I_p1, first prediction": "I_p1",
}
"""Words for a menu → field of `Outputs`."""


def error_of(I: Tensor, I_gt: Tensor) -> np.ndarray:
    """Return |I - I_gt| on [0, 1], mean over colours, (h, w)."""
    return ((I - I_gt).abs().mean(1)[0] / 2).numpy()


def scale_of(maps: list[np.ndarray]) -> float:
    """Return the end of a scale that maps share: the 99.5th percentile of what is not zero, on a round number."""
    values = np.abs(np.concatenate([x.ravel() for x in maps])) if maps else np.zeros(1)
    values = values[values > 0]
    top = float(np.percentile(values, 99.5)) if len(values) else 0.0
    return max(0.05, np.ceil(20 * top) / 20)


def on_photo(colors: np.ndarray, I_gt: Tensor, visible: np.ndarray) -> np.ndarray:
    """Put colours where `visible` (h, w) is true, and a pale grey copy of the photograph elsewhere."""
    pale = 150 + 0.35 * tensor_to_image(I_gt).mean(axis=2, keepdims=True)
    return np.where(visible[..., None], colors, pale.astype(np.uint8))


def comparison(
    I_gt: Tensor, M: Tensor, fillings: Mapping[str, Filling], *, output: str = "I_c2", maps: bool = True
) -> str:
    """Draw variants side by side.

    Args:
        I_gt: (1, 3, h, w) in [-1, 1].
        M: (1, 1, h, w), 1 existing, 0 missing.
        fillings: variant → filling.
        output: which of `Outputs`.
        maps: add the errors, and how they differ from the full model's.

    Returns:
        An HTML table: pictures, PSNR and SSIM in the hole, errors on one scale, errors minus the full model's on one.
    """
    measured = output.replace("p", "c")  # in the hole a prediction is its composite
    images = {name: getattr(filling.outputs, output) for name, filling in fillings.items()}
    values = {name: filling.values[measured] for name, filling in fillings.items()}
    title = {name: variant_of(name).title for name in fillings}
    heads = [
        Cell(f"({variant_of(name).panel}) {html.escape(title[name])}", "col", title=variant_of(name).change)
        for name in fillings
    ]
    rows = [
        [Cell("(a) input", "col"), *heads],
        [
            _picture(torch.where(M.bool(), I_gt, 1.0), "The photograph; its hole is white."),
            *(_picture(I, f"{output} of: {title[name]}.") for name, I in images.items()),
        ],
        ["", *(_numbers(values, name) for name in fillings)],
    ]
    if maps and fillings:
        visible = (M[0, 0] == 0).numpy() if output.startswith("I_c") else np.ones(M.shape[-2:], bool)
        errors = {name: error_of(I, I_gt) for name, I in images.items()}

        def error_map(x: np.ndarray, low: float, high: float, palette: str, alt: str) -> str:
            return _picture(on_photo(heat(torch.from_numpy(x), low, high, palette), I_gt, visible), alt)

        top = scale_of(list(errors.values()))
        scale = _scale("0", f"{top:.2f} of 1", SEQUENTIAL)
        rows.append([_section(len(heads), "Error, mean over colours", scale)])
        rows.append(
            [_picture(I_gt, "The whole photograph.")]
            + [error_map(x, 0, top, SEQUENTIAL, f"Error of: {title[name]}.") for name, x in errors.items()]
        )
        if "full" in fillings and len(fillings) > 1:
            excess = {name: x - errors["full"] for name, x in errors.items() if name != "full"}
            top = scale_of(list(excess.values()))
            scale = _scale(f"−{top:.2f} better", f"worse +{top:.2f}", DIVERGING)
            rows.append([_section(len(heads), "Error minus the full model's", scale)])
            alt = "Where {} is worse (orange) or better (purple) than the full model."
            maps_of = {n: error_map(x, -top, top, DIVERGING, alt.format(title[n])) for n, x in excess.items()}
            rows.append(["", *(maps_of.get(name, "") for name in fillings)])
    return table(rows, "rwlib-compare", style=f"max-width:{230 * len(rows[0])}px")


def _picture(I: Tensor | np.ndarray, alt: str) -> str:
    return picture(to_png(I), alt)


def _scale(low: str, high: str, palette: str) -> str:
    stops = ",".join(matplotlib.colors.to_hex(matplotlib.colormaps[palette](i / 8)) for i in range(9))
    return f'{low} <span class="rwlib-scale" style="background:linear-gradient(90deg,{stops})"></span> {high}'


def _numbers(values: Mapping[str, Mapping[str, float]], name: str) -> str:
    text = f"{values[name]['hole_psnr']:.2f} dB<br>SSIM {values[name]['hole_ssim']:.3f}"
    if "full" in values and name != "full":
        text += f"<br>{values[name]['hole_psnr'] - values['full']['hole_psnr']:+.2f} dB".replace("-", "−")
    return text


def _section(columns: int, title: str, scale: str) -> Cell:
    return Cell(f"{title}<span>&emsp;{scale}</span>", "colgroup", span=columns + 1)


def verdict(fillings: Mapping[str, Filling], output: str) -> str:
    """Say in a sentence what the numbers under the pictures show, and what they do not."""
    others = [name for name in fillings if name != "full"]
    if "full" not in fillings or not others:
        return "PSNR and SSIM are those of the hole."
    psnr = {name: filling.values[output.replace("p", "c")]["hole_psnr"] for name, filling in fillings.items()}
    ahead = [variant_of(name).title for name in others if psnr[name] > psnr["full"]]
    better = f"ahead of it: {', '.join(ahead)}" if ahead else "none is ahead of it"
    return (
        f"PSNR and SSIM in the hole; third line: difference to the full model. On this picture, {better}. "
        "One picture with one hole proves nothing: change the seed, then see the table."
    )
