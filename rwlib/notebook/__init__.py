"""What notebooks and widgets share: the setup of a notebook, and figures that everyone can read."""

from rwlib.notebook.context import Context, setup
from rwlib.notebook.figures import COLORS, figure, show_curves, show_images

__all__ = ["COLORS", "Context", "figure", "setup", "show_curves", "show_images"]
