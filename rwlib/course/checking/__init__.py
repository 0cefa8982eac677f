"""Checks of exercises: run an answer, compare it, and say what is wrong with it."""
