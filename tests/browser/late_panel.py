"""An app whose picture is there when a test lets it: `python -m late_panel [voila's options]`.

In the folder in which it was started, it waits for the file `compute`, and then makes the file `computed`.
"""

import sys
import time
from pathlib import Path

import ipywidgets
import nbformat

from rwlib.course.app import TAG, serve
from rwlib.widgets.shared.panel import Panel

HERE = Path.cwd()
CELL = "from late_panel import LatePanel\n\nLatePanel()"


class LatePanel(Panel):
    """A panel without a picture, which gets one."""

    def __init__(self):
        super().__init__(title="Late")
        self.picture = ipywidgets.HTML()
        self.show(self.picture)
        self.later("picture", self.compute, self.take)

    def compute(self):
        """Wait for the test."""
        while not (HERE / "compute").exists():
            time.sleep(0.01)
        return "the picture"

    def take(self, picture):
        """Show the picture, and tell the test."""
        self.picture.value = picture
        (HERE / "computed").touch()


if __name__ == "__main__":
    cell = nbformat.v4.new_code_cell(CELL, metadata={"tags": [TAG]})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Late"), cell])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, HERE / "late.ipynb")
    serve(HERE / "late.ipynb", sys.argv[1:], pages=2)
