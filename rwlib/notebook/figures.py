r"""Figures for notebooks, each with a text that says what can be seen.

A figure is drawn on a `matplotlib.figure.Figure` of its own, not through `pyplot`: JupyterLab runs widget callbacks in
a second thread, where pyplot's global state leaves blank pictures.
"""

import base64
import html
import io
from collections.abc import Mapping, Sequence

import numpy as np
from IPython.display import HTML
from matplotlib.figure import Figure
from torch import Tensor

from rwlib.colors import COLORS
from rwlib.conventions import InputError, tensor_to_image


def picture(image: bytes, alt: str, *, style: str = "", kind: str = "png", part: bool = False) -> str:
    """Return a picture as HTML.

    Args:
        image: content of a picture file.
        alt: what can be seen, in a sentence.
        style: CSS.
        kind: of file, `png` or `jpeg`.
        part: whether a picture before it has the sentence for both; then `alt` is empty.

    Raises:
        InputError: no alternative text; someone reads this with their ears.
    """
    if not alt.strip() and not part:
        raise InputError("alt: expected a sentence that says what the figure shows, got nothing")
    source = f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
    style = f' style="{style}"' if style else ""
    return f'<img alt="{html.escape(alt)}" src="{source}"{style}>'


def captioned(picture: str, caption: str = "") -> str:
    """Return `<figure>` with a picture and, if there is one, a text below it."""
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{picture}{below}</figure>"


def figure(fig: Figure, alt: str, caption: str = "") -> HTML:
    """Show a figure as `<figure><img alt=...><figcaption>`.

    Args:
        fig: made by `Figure(figsize=..., layout="constrained")`, not by pyplot.
        alt: what can be seen, in a sentence.
        caption: text below.

    Raises:
        InputError: no alternative text.
    """
    png = io.BytesIO()
    fig.savefig(png, format="png", bbox_inches="tight", dpi=100)
    return HTML(captioned(picture(png.getvalue(), alt), caption))


def show_images(
    images: Mapping[str, Tensor | np.ndarray],
    *,
    alt: str,
    caption: str = "",
    columns: int = 0,
    side_inches: float = 2.2,
) -> HTML:
    """Show pictures side by side.

    Args:
        images: title → tensor (1, 3, h, w) in [-1, 1], or array (h, w, 3) uint8.
        alt: what can be seen, in a sentence.
        caption: text below.
        columns: pictures per row; 0 puts all in one row.
        side_inches: width of a picture.

    Example:
        >>> show_images({"brick": np.zeros((8, 8, 3), np.uint8)}, alt="A black square.").data[:24]
        '<figure><img alt="A blac'
    """
    columns = columns or len(images)
    rows = -(-len(images) // columns)
    fig = Figure(figsize=(columns * side_inches, rows * (side_inches + 0.3)), layout="constrained")
    axes = np.atleast_1d(fig.subplots(rows, columns)).ravel()
    for axis in axes:
        axis.axis("off")
    for axis, (title, image) in zip(axes, images.items(), strict=False):
        axis.imshow(tensor_to_image(image) if isinstance(image, Tensor) else image, interpolation="nearest")
        axis.set_title(title, fontsize=10)
    return figure(fig, alt, caption)


def show_curves(
    curves: Mapping[str, Sequence[float]], *, alt: str, xlabel: str = "step", ylabel: str = "loss", caption: str = ""
) -> HTML:
    """Draw one line for each name.

    Args:
        curves: name → values at steps 0, 1, ...
        alt: what can be seen, in a sentence.
        xlabel: name of the horizontal axis.
        ylabel: name of the vertical axis.
        caption: text below.
    """
    fig = Figure(figsize=(6, 2.6), layout="constrained")
    axis = fig.subplots()
    styles = ("-", "--", ":", "-.")  # not by colour alone
    for i, (name, values) in enumerate(curves.items()):
        axis.plot(values, label=name, color=COLORS[i % len(COLORS)], linestyle=styles[i % len(styles)], marker=".")
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.grid(alpha=0.3)
    axis.legend()
    return figure(fig, alt, caption)
