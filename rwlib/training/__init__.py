"""Algorithm 1: one step, the loop around it, and what a run leaves in its folder."""

from rwlib.training.loop import train

__all__ = ["train"]
