"""What the notebooks share: figures that everyone can read."""

from rwlib.course.figures import show_curves, show_images

__all__ = ["show_curves", "show_images"]
