"""What the notebooks share: their setup, checks and hints for exercises, and figures that everyone can read.

`AUTHORS.md` in this folder says how to write a notebook and its exercises.
"""

from typing import Any

__all__ = ["COLORS", "Context", "Exercise", "Result", "check", "figure", "hint", "setup", "show_curves", "show_images"]


def __getattr__(name: str) -> Any:
    """Load these names when they are asked for: `rwlib progress` needs none of them, and torch takes seconds."""
    if name in __all__:
        from rwlib.course.checking import check, exercise
        from rwlib.notebook import context, figures

        return next(getattr(module, name) for module in (check, exercise, context, figures) if hasattr(module, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
