"""Controls as wide as all of the studio's are."""

from typing import Any

from ipywidgets import Button, HBox, Layout


def control(kind: type, *arguments: Any, **traits: Any) -> Any:
    """Return a menu, a slider or a field, as wide as all of the studio's are."""
    return kind(*arguments, layout=Layout(width="290px"), style={"description_width": "6.2em"}, **traits)


def row(*children: Any) -> HBox:
    """Return controls side by side, broken into lines where the page is narrow."""
    return HBox(children, layout=Layout(flex_flow="row wrap", align_items="center", grid_gap="2px 10px"))


def button(text: str, tooltip: str, **traits: Any) -> Button:
    """Return a button as all of the studio's are."""
    return Button(description=text, tooltip=tooltip, layout=Layout(width="110px"), **traits)
