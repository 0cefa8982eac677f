"""The exercises, a module for each notebook: `nb02.py` holds `EXERCISES`, a list of `Exercise`, for notebook 02.

Modules are found by their name, so a new one needs no change here. They are longer than others of rwlib, because they
are tables: of cases, hints, and wrong answers with their messages.
"""

import importlib
import pkgutil
import re

from rwlib.conventions import InputError
from rwlib.course.checking.exercise import Exercise


def notebooks() -> list[str]:
    """Return the numbers of the notebooks that have exercises, two digits each."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name[2:] for name in names if re.fullmatch(r"nb\d\d", name))


def of_notebook(number: str) -> list[Exercise]:
    """Return the exercises of notebook `number`, in order; none if it has no module."""
    if number not in notebooks():
        return []
    return list(importlib.import_module(f"{__name__}.nb{number}").EXERCISES)


def all_exercises() -> list[Exercise]:
    """Return every exercise of the course."""
    return [exercise for number in notebooks() for exercise in of_notebook(number)]


def find(number: str) -> Exercise:
    """Return exercise `number`, for instance `"2.1"`; loads its own notebook's module alone.

    Raises:
        InputError: there is none; the message lists those that there are.
    """
    chapter = re.fullmatch(r"(\d{1,2})\.\d{1,2}", str(number))
    for exercise in of_notebook(f"{int(chapter[1]):02}") if chapter else []:
        if exercise.number == str(number):
            return exercise
    there_are = ", ".join(exercise.number for exercise in all_exercises()) or "none yet"
    raise InputError(f"exercise: expected one of {there_are}; got {number!r}")
