"""How long each exercise takes and how hard it is: one table, from which every notebook is told.

Minutes are for somebody who has read the text above the exercise and knows PyTorch; they are estimates, to be corrected
when people have been timed. Difficulty is 1 (a line that follows from the text), 2 (several steps) or 3 (think first).
"""

from collections.abc import Sequence

EFFORT: dict[str, tuple[int, int]] = {
    "0.1": (3, 1),
    "1.1": (3, 1), "1.2": (3, 1), "1.3": (12, 3), "1.4": (3, 1), "1.5": (8, 2), "1.6": (6, 2), "1.7": (3, 1),
    "1.8": (3, 1), "1.9": (3, 1),
    "2.1": (2, 1), "2.2": (10, 2), "2.3": (5, 1), "2.4": (8, 2), "2.5": (6, 2), "2.6": (4, 2), "2.7": (10, 3),
    "2.8": (12, 3), "2.9": (6, 2),
    "3.1": (2, 1), "3.2": (6, 2), "3.3": (6, 2), "3.4": (2, 1), "3.5": (6, 2), "3.6": (3, 1), "3.7": (8, 2),
    "3.8": (5, 1), "3.9": (3, 2),
    "4.1": (5, 2), "4.2": (5, 2), "4.3": (3, 1), "4.4": (3, 1), "4.5": (4, 1), "4.6": (12, 3), "4.7": (6, 2),
    "4.8": (10, 3),
    "5.1": (4, 1), "5.2": (3, 1), "5.3": (4, 2), "5.4": (6, 2), "5.5": (6, 2), "5.6": (3, 1), "5.7": (5, 1),
    "5.8": (3, 1),
    "6.1": (4, 1), "6.2": (2, 1), "6.3": (8, 2), "6.4": (2, 1), "6.5": (4, 1), "6.6": (4, 2), "6.7": (6, 2),
    "6.8": (3, 1), "6.9": (5, 2), "6.10": (4, 2), "6.11": (4, 2), "6.12": (4, 3), "6.13": (10, 3),
    "7.1": (3, 1), "7.2": (4, 1), "7.3": (10, 2), "7.4": (10, 3), "7.5": (4, 1), "7.6": (5, 2), "7.7": (4, 1),
    "7.8": (4, 1), "7.9": (5, 3), "7.10": (4, 2), "7.11": (4, 2), "7.12": (4, 2), "7.13": (10, 3),
    "8.1": (5, 2), "8.2": (5, 1), "8.3": (5, 1), "8.4": (5, 2), "8.5": (4, 2), "8.6": (3, 1), "8.7": (8, 3),
    "8.8": (3, 2), "8.9": (2, 1), "8.10": (3, 1),
    "9.1": (2, 1), "9.2": (4, 1), "9.3": (10, 3), "9.4": (5, 2), "9.5": (3, 1), "9.6": (4, 2), "9.7": (8, 2),
    "10.1": (5, 2), "10.2": (4, 1), "10.3": (4, 2), "10.4": (10, 3), "10.5": (4, 1), "10.6": (4, 1), "10.7": (8, 2),
    "11.1": (4, 2), "11.2": (5, 2), "11.3": (8, 2), "11.4": (4, 1), "11.5": (10, 3), "11.6": (5, 1), "11.7": (5, 2),
    "12.1": (5, 1), "12.2": (5, 2), "12.3": (4, 2),
}  # fmt: skip
"""Exercise → minutes, difficulty."""

MARK = "# about "


def line(number: str) -> str:
    r"""Return the comment above an exercise's cell; empty for one that has no effort yet.

    Example:
        >>> line("2.2")
        '# about 10 minutes, difficulty 2 of 3\n'
    """
    if number not in EFFORT:
        return ""
    minutes, difficulty = EFFORT[number]
    return f"{MARK}{minutes} minutes, difficulty {difficulty} of 3\n"


def summary(numbers: Sequence[str]) -> str:
    """Return what a notebook's title says of its exercises.

    Example:
        >>> summary(["1.1", "1.3"])
        '2, about 15 minutes; the hardest: 1.3'
    """
    efforts = {number: EFFORT[number] for number in numbers if number in EFFORT}
    if not efforts:
        return "none"
    top = max(difficulty for _, difficulty in efforts.values())
    hardest = [number for number, (_, difficulty) in efforts.items() if difficulty == top]
    text = f"{len(numbers)}, about {sum(minutes for minutes, _ in efforts.values())} minutes"
    return text + (f"; the hardest: {', '.join(hardest)}" if len(hardest) < len(efforts) else "")
