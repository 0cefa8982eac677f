"""A button with which a picture file is loaded into the kernel, in parts that every server lets through."""

from collections.abc import Callable
from pathlib import Path

import anywidget
import traitlets

from rwlib.widgets.shared.panel import Panel

LIMIT_MB = 200


class Upload(anywidget.AnyWidget):
    """A button that opens the browser's choice of files.

    Args:
        description: text on the button.
        tooltip: more of it.
        width: CSS length.
    """

    _esm = Path(__file__).with_name("upload.js")
    description = traitlets.Unicode().tag(sync=True)
    tooltip = traitlets.Unicode().tag(sync=True)
    limit_mb = traitlets.Int(LIMIT_MB).tag(sync=True)

    def __init__(self, description: str, tooltip: str, *, width: str = "142px") -> None:
        super().__init__(description=description, tooltip=tooltip)
        self.layout.width = width
        self._id, self._parts = "", []
        self.on_msg(self._receive)

    def connect(self, panel: Panel, take: Callable[[str, bytes], None]) -> None:
        """Call `take(name, content)` with each file; a panel says what goes wrong, and which file is too large."""
        self._panel, self._take = panel, take

    def _receive(self, _: "Upload", content: dict, buffers: list) -> None:
        name, size = content["name"], content["size"]
        if content["kind"] == "too large":
            megabytes = f"{name} has {size / 1e6:.0f} MB, and {self.limit_mb} MB is the limit"
            self._panel.say(f"upload: {megabytes}; open it from code, by its path, or make it smaller", error=True)
            return
        if content["id"] != self._id:
            self._id, self._parts = content["id"], []
        self._parts.append(bytes(buffers[0]))
        if sum(map(len, self._parts)) == size:
            file, self._parts = b"".join(self._parts), []
            self._panel.attempt(lambda: self._take(name, file))
