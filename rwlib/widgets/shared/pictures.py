"""Pictures inside widgets: with a text for those who do not see them, and with a place that can be chosen.

No pyplot: callbacks run in another thread, where its global state leaves blank pictures.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
import traitlets
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from rwlib.conventions import tensor_to_image
from rwlib.notebook.figures import captioned
from rwlib.notebook.figures import picture as picture_html
from rwlib.widgets.shared.heat import enlarge


def to_png(picture: Figure | Tensor | np.ndarray, *, side_px: int = 0) -> bytes:
    """Encode a picture.

    Args:
        picture: a figure of its own (not pyplot's), a tensor (1, 3, h, w) in [-1, 1], or an array (h, w, 3) or (h, w)
            of uint8.
        side_px: enlarge by whole numbers, pixels staying square, until the longer side is about this; 0 does not.
    """
    png = io.BytesIO()
    if isinstance(picture, Figure):
        picture.savefig(png, format="png", bbox_inches="tight", dpi=100)
        return png.getvalue()
    pixels = tensor_to_image(picture) if isinstance(picture, Tensor) else picture
    Image.fromarray(enlarge(pixels, side_px)).save(png, "PNG")
    return png.getvalue()


class Picture(ipywidgets.HTML):
    """A picture that only shows.

    Args:
        width_px: width on a page that has room for it; a narrower page shows it as wide as the page. 0 takes the
            picture's own.

    Attributes:
        width: the same as CSS, for what depends on the page.
    """

    def __init__(self, *, width_px: int = 0) -> None:
        super().__init__()
        self.width = f"{width_px}px" if width_px else ""
        self.png = b""
        self.alt = ""

    def set_strip(self, pieces: Sequence[bytes], alt: str, caption: str = "") -> None:
        """Show the pieces of one picture, PNGs: side by side, and where the page is narrow on several lines.

        Letters then stay readable on a telephone: a piece gets as wide as the page, not the whole picture.
        """
        self.png, self.alt = b"".join(pieces), alt
        images = ""
        for i, png in enumerate(pieces):
            w = int.from_bytes(png[16:20], "big")  # where a PNG says how wide it is
            style = f"flex:{w} 1 {w}px;min-width:0;max-width:min(100%,{1.6 * w:.0f}px)"
            images += picture_html(png, alt, style=style) if not i else picture_html(png, "", style=style, part=True)
        width = f"width:100%;max-width:{self.width}" if self.width else ""
        self.value = captioned(f'<div style="display:flex;flex-wrap:wrap;{width}">{images}</div>', caption)

    def set(self, picture: Figure | Tensor | np.ndarray | bytes, alt: str, caption: str = "") -> None:
        """Show another picture, with the text that says what can be seen."""
        self.png, self.alt = picture if isinstance(picture, bytes) else to_png(picture), alt
        width = f"width:{self.width};max-width:100%" if self.width else ""
        self.value = captioned(picture_html(self.png, alt, style=width), caption)

    def clear(self) -> None:
        """Show nothing."""
        self.png, self.alt, self.value = b"", "", ""


def grid(*pictures: ipywidgets.Widget, least_px: int = 300) -> ipywidgets.GridBox:
    """Return pictures side by side, all as wide as the page lets them be, in lines where the page is narrow.

    Args:
        pictures: what to show.
        least_px: no picture gets narrower than this, unless the page itself is.
    """
    columns = f"repeat(auto-fit, minmax(min(100%, {least_px}px), 1fr))"
    layout = ipywidgets.Layout(grid_template_columns=columns, grid_gap="6px", align_items="flex-start", margin="6px 0")
    return ipywidgets.GridBox(pictures, layout=layout).add_class("rwlib-grid")


class PointPicture(anywidget.AnyWidget):
    """A picture on which a cell of a grid is chosen, by a click or with the arrow keys.

    `cell` is (row, column); a rectangle is drawn around it in the browser at once, before the kernel answers.

    Args:
        rows: cells down.
        columns: cells across.
        width_px: width on a page that has room for it.
        reach: cells on every side of the chosen one that the rectangle takes in, too.
    """

    _esm = Path(__file__).with_name("pictures.js")
    png = traitlets.Bytes(b"").tag(sync=True)
    alt = traitlets.Unicode("").tag(sync=True)
    rows = traitlets.Int(1).tag(sync=True)
    columns = traitlets.Int(1).tag(sync=True)
    reach = traitlets.Int(0).tag(sync=True)
    width_px = traitlets.Int(256).tag(sync=True)
    cell = traitlets.Tuple(traitlets.Int(), traitlets.Int(), default_value=(0, 0)).tag(sync=True)

    def __init__(self, rows: int, columns: int, *, width_px: int = 256, reach: int = 0) -> None:
        super().__init__(rows=rows, columns=columns, width_px=width_px, reach=reach, cell=(rows // 2, columns // 2))

    @traitlets.validate("cell")
    def _inside(self, proposal: dict) -> tuple[int, int]:
        row, column = proposal["value"]
        return min(max(row, 0), self.rows - 1), min(max(column, 0), self.columns - 1)

    def set(self, picture: Figure | Tensor | np.ndarray | bytes, alt: str) -> None:
        """Show another picture, with the text that says what can be seen."""
        self.alt = alt
        self.png = picture if isinstance(picture, bytes) else to_png(picture)
