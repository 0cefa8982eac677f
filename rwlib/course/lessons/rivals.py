"""What notebook 11 needs around its exercises: four layers with filters set by hand, numbers in maps, false edges."""

from collections.abc import Callable, Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from rwlib.networks.layers.gated_conv import GatedConv2d
from rwlib.networks.layers.partial_conv import PartialConv2d
from rwlib.networks.region_wise_conv import ReflectConv2d, RegionWiseConv2d
from rwlib.notebook.figures import COLORS

Layer = Callable[[Tensor, Tensor], Tensor]
"""Takes x (b, 1, h, w) and M (b, 1, h, w); returns (b, 1, h, w)."""


@torch.no_grad()
def four_layers() -> dict[str, Layer]:
    """Return a standard, a partial, a gated and a region-wise 3x3 convolution of one channel, filters set by hand.

    The first three have the mean of the window as their filter. The gate is 0.98 where the mask is 1 and 0.02 where it
    is 0. Region-wise (by location, equation (1)): W copies its centre, W_hat is three times the mean. No bias but the
    gate's.

    Example:
        >>> layers = four_layers()
        >>> x, M = torch.full((1, 1, 3, 3), 6.0), torch.ones(1, 1, 3, 3)
        >>> [round(layer(x, M)[0, 0, 1, 1].item(), 1) for layer in layers.values()]
        [6.0, 6.0, 5.9, 6.0]
    """
    mean = torch.full((1, 1, 3, 3), 1 / 9)
    centre = torch.zeros(1, 1, 3, 3)
    centre[..., 1, 1] = 1

    standard, partial = ReflectConv2d(1, 1, 3), PartialConv2d(1, 1, 3, bias=False)
    gated = GatedConv2d(2, 1, 3, activation="none")  # of [x ‖ M]; feature first, then gate
    region_wise = RegionWiseConv2d(1, 1, 3)
    standard.weight.copy_(mean)
    partial.weight.copy_(mean)
    gated.weight.copy_(torch.cat([torch.cat([mean, 0 * mean], 1), torch.cat([0 * mean, 8 * centre], 1)]))
    gated.bias.copy_(torch.tensor([0.0, -4.0]))
    region_wise.existing.weight.copy_(centre)
    region_wise.missing.weight.copy_(3 * mean)
    for layer in (standard, region_wise.existing, region_wise.missing):
        layer.bias.zero_()
    return {
        "standard": lambda x, M: standard(x),
        "partial": lambda x, M: partial(x, M)[0],
        "gated": lambda x, M: gated(torch.cat([x, M], dim=1)),
        "region-wise": region_wise,
    }


def draw_numbers(maps: Mapping[str, Tensor], M: Tensor, *, top: float, columns: int = 3) -> Figure:
    """Draw small maps with their numbers; the hole's border is a line.

    Args:
        maps: title → (h, w) or (1, 1, h, w), values from 0 to `top`.
        M: (1, 1, h, w), 1 existing, 0 missing.
        top: value of the brightest colour.
        columns: maps in a row.
    """
    rows = -(-len(maps) // columns)
    fig = Figure(figsize=(3.3 * columns, 3.4 * rows), layout="constrained")
    axes = fig.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.axis("off")
    for axis, (title, values) in zip(axes, maps.items(), strict=False):
        values = values.reshape(values.shape[-2:]).detach().cpu()
        axis.imshow(values, cmap="cividis", vmin=0, vmax=top)
        for i, row in enumerate(values.tolist()):
            for j, value in enumerate(row):
                dark = (0.0, 0.0, 0.0) if value > 0.55 * top else (1.0, 1.0, 1.0)
                axis.text(j, i, f"{value:.1f}".removesuffix(".0"), ha="center", va="center", fontsize=9, color=dark)
        outline(axis, M)
        axis.set_title(title, fontsize=11)
    return fig


def outline(axis, M: Tensor) -> None:
    """Draw the border of the hole of M (1, 1, h, w) along its pixels, on an axis that shows a map of that size."""
    hole = M[0, 0].cpu() == 0
    h, w = hole.shape
    style = {"color": COLORS[1], "linewidth": 2.5}
    for i in range(h):
        for j in range(w):
            if not hole[i, j]:
                continue
            for di, dj, x, y in ((-1, 0, (-0.5, 0.5), (-0.5, -0.5)), (1, 0, (-0.5, 0.5), (0.5, 0.5)),
                                 (0, -1, (-0.5, -0.5), (-0.5, 0.5)), (0, 1, (0.5, 0.5), (-0.5, 0.5))):  # fmt: skip
                inside = 0 <= i + di < h and 0 <= j + dj < w and hole[i + di, j + dj]
                if not inside:
                    axis.plot([j + t for t in x], [i + t for t in y], **style)


def with_false_edge(C: Tensor, M: Tensor) -> Tensor:
    """Return edges (1, 1, h, w) with those of the hole replaced by one straight line through it, from corner to corner.

    Args:
        C: edges, 1 on a line.
        M: (1, 1, h, w), 1 existing, 0 missing.
    """
    rows, columns = (M[0, 0] == 0).nonzero(as_tuple=True)
    drawn = C * M
    n = 4 * max(C.shape[-2:])
    for t in torch.linspace(0, 1, n).tolist():
        i = round(rows.min().item() + t * (rows.max() - rows.min()).item())
        j = round(columns.min().item() + t * (columns.max() - columns.min()).item())
        if M[0, 0, i, j] == 0:
            drawn[0, 0, i, j] = 1
    return drawn
