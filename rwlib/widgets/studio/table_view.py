"""The variants' means and intervals as an HTML table, with a whisker for each difference to the full model."""

import html
import math
from collections.abc import Mapping

from rwlib.ablations import ABLATIONS
from rwlib.notebook.tables import Cell, table
from rwlib.widgets.studio.table import Line


def table_html(lines: Mapping[str, Line], *, unit: str, metric: str, caption: str) -> str:
    """Draw lines as an HTML table with a whisker for each difference.

    Args:
        lines: see `lines_of`.
        unit: what an interval is over, in the plural.
        metric: column, decides the number of digits.
        caption: above the table.
    """
    digits = 2 if "psnr" in metric else 4
    sign = f"+.{digits}f"
    reach = max([abs(x.difference) + _finite(x.difference_half_width) for x in lines.values()], default=0, key=_finite)
    heads = ("variant", "mean ± 95 %", "minus full, paired", f"better {unit}", "the same, drawn")
    rows = [[Cell(head, "col") for head in heads]]
    for name, line in lines.items():
        cells = [f"{line.mean:.{digits}f} ± {line.half_width:.{digits}f}", "", "", ""]
        if not math.isnan(line.difference):
            difference = f"{line.difference:{sign}} ± {line.difference_half_width:.{digits}f}".replace("-", "−")
            cells[1:] = [difference, f"{line.wins} of {len(line.values)}", whisker(line, _finite(reach))]
        variant = ABLATIONS.get(name)
        title = Cell(html.escape(variant.title if variant else name), "row", title=variant.change if variant else "")
        rows.append([title, *cells])
    return table(rows, "rwlib-table", caption=html.escape(caption))


def whisker(line: Line, reach: float) -> str:
    """Draw a difference with its interval beside zero as inline SVG, in the colour of the text."""
    width, height = 150, 16

    def x(value: float) -> float:
        return width / 2 + (width / 2 - 6) * value / (reach or 1)

    half = _finite(line.difference_half_width)
    low, high = x(line.difference - half), x(line.difference + half)
    alt = f"{line.difference:+.3g} plus or minus {half:.3g}"
    return (
        f'<svg role="img" aria-label="{alt}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" style="min-width:60px;vertical-align:middle">'
        f'<g stroke="currentColor"><line x1="{x(0)}" x2="{x(0)}" y1="0" y2="{height}" stroke-dasharray="2 2"/>'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="8" y2="8" stroke-width="2"/></g>'
        f'<circle cx="{x(line.difference):.1f}" cy="8" r="4" fill="currentColor"/></svg>'
    )


def _finite(x: float) -> float:
    return x if math.isfinite(x) else 0.0
