"""Stands for `rwlib.course.checking.check` while a class is graded: it takes every answer and judges none.

The grader looks at the answers from outside; see `rwlib/course/grading/`.
"""

from collections.abc import Callable
from typing import Any

from rwlib.course.checking.exercise import HINT, OPEN, Result


class Check:
    """One attribute for each exercise, as in the course."""

    def __getattr__(self, name: str) -> Callable[[Any], Result]:
        """Return a check that says that it does not judge."""
        if not name.startswith("ex_"):
            raise AttributeError(f"check: expected an exercise such as check.ex_2_1, got check.{name}")
        number = name.removeprefix("ex_").replace("_", ".")
        return lambda answer=None: Result(OPEN, "It is being graded; the grader judges.", f"Exercise {number}")

    def hint(self, number: str) -> Result:
        """Say that there are no hints now."""
        return hint(number)


check = Check()
"""The checks of all exercises."""


def hint(number: str) -> Result:
    """Say that there are no hints now."""
    return Result(HINT, "There are no hints while a class is graded.", f"Exercise {number}")
