r"""A panel's part in the browser: its script and style, and a page that was late.

A page that comes after its widgets (a reload, Voilà) asks for their states, and some time later has made widgets of
them. What changes between the two reaches nobody: ten pages of the app at once, and one never showed the picture that
was computed just then. So a page says when it has drawn a panel, and is sent everything again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets


class Page(anywidget.AnyWidget):
    """The panel's script and style in the browser, see `panel.js`."""

    _esm = Path(__file__).with_name("panel.js")
    _css = Path(__file__).with_name("panel.css")
    panel = traitlets.Unicode().tag(sync=True)
    """The panel's `model_id`; the still picture with this name hides wherever the panel can be seen."""

    def __init__(self) -> None:
        self._asked = False  # a page has asked for the state, and has not drawn the panel since
        super().__init__()

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the state, or a part of it; note that a page asks for all of it."""
        self._asked |= key is None and self.comm is not None
        return super().get_state(key, drop_defaults)

    def catch_up(self, panel: ipywidgets.Widget, but: type[ipywidgets.Widget]) -> None:
        """Send all of a panel, as it is now, to a page that has drawn it and that was late.

        Args:
            panel: what the page has drawn.
            but: leave out what is in another widget of this type; it has a `Page` of its own.
        """
        if not self._asked:
            return
        self._asked = False
        for part in _parts(panel, but):
            part.send_state([name for name in part.keys if name != "_view_count"])  # that one is the page's


def _parts(widget: ipywidgets.Widget, but: type[ipywidgets.Widget]) -> Iterator[ipywidgets.Widget]:
    """Yield a widget and all that it holds."""
    yield widget
    for name in widget.keys:
        value = getattr(widget, name)
        for part in value if isinstance(value, list | tuple) else [value]:
            if isinstance(part, ipywidgets.Widget) and not isinstance(part, but):
                yield from _parts(part, but)
