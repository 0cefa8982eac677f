"""Tables in HTML; how they look stands in `panel.css`."""

import html
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """A cell of a table."""

    html: str = ""
    scope: str = ""
    """Of a heading: `row`, `col` or `colgroup`; empty for data."""
    css: str = ""
    """Its classes."""
    title: str = ""
    """What it says under the mouse."""
    span: int = 1
    """Columns that it takes."""

    def __str__(self) -> str:
        tag = "th" if self.scope else "td"
        attributes = {"scope": self.scope, "class": self.css, "title": self.title}
        attributes["colspan"] = str(self.span) if self.span > 1 else ""
        words = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items() if value)
        return f"<{tag}{words}>{self.html}</{tag}>"


Row = Sequence[Cell | str]


def table(rows: Sequence[Row], css: str = "", *, caption: str = "", foot: str = "", style: str = "") -> str:
    """Return a table.

    Args:
        rows: of cells; a text is the HTML of a cell of data.
        css: its class.
        caption: HTML above it.
        foot: HTML below it.
        style: more CSS of the table itself.

    Example:
        >>> table([[Cell("a", "row"), "1"]], "numbers")
        '<table class="numbers"><tbody><tr><th scope="row">a</th><td>1</td></tr></tbody></table>'
    """

    def write(row: Row) -> str:
        return f"<tr>{''.join(str(x if isinstance(x, Cell) else Cell(x)) for x in row)}</tr>"

    above = f"<caption>{caption}</caption>" if caption else ""
    below = f"<tfoot>{write([Cell(foot, span=len(rows[0]))])}</tfoot>" if foot else ""
    attributes = "".join(f' {name}="{value}"' for name, value in (("class", css), ("style", style)) if value)
    return f"<table{attributes}>{above}<tbody>{''.join(map(write, rows))}</tbody>{below}</table>"
