"""What the notebooks share: their setup, checks and hints for exercises, and figures that everyone can read.

`AUTHORS.md` in this folder says how to write a notebook and its exercises.
"""

from rwlib.course.checking.check import check, hint
from rwlib.course.checking.exercise import Exercise, Result
from rwlib.notebook.context import Context, setup
from rwlib.notebook.figures import COLORS, figure, show_curves, show_images

__all__ = ["COLORS", "Context", "Exercise", "Result", "check", "figure", "hint", "setup", "show_curves", "show_images"]
