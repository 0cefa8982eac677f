"""Answers of four letters, one for each thing that was asked about; rules ask here which letter stands where."""

from typing import Any


def four_letters(answer: Any) -> str | None:
    """Return four letters from a to e, of a text or a list of letters, in small letters; None for anything else."""
    text = "".join(answer) if isinstance(answer, list | tuple) and all(isinstance(x, str) for x in answer) else answer
    letters = text.strip().lower() if isinstance(text, str) else ""
    return letters if len(letters) == 4 and set(letters) <= set("abcde") else None


def letter(answer: Any, place: int) -> str:
    """Return the letter at a place, counted from 0; empty if the answer is not four letters."""
    letters = four_letters(answer)
    return letters[place] if letters else ""
