"""What a teacher gets: `points.csv`, a line for each exercise of each notebook, and `index.html`, the same to read.

Names and messages come from files of others: in HTML they are escaped, and no CSV cell can be taken for a formula.
"""

import csv
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

from rwlib.course.checking.exercise import FAILED, OPEN, PASSED
from rwlib.course.grading.grade import NOT_REACHED, Graded
from rwlib.errors import printable
from rwlib.files import write_text
from rwlib.notebook.tables import Cell, Row, table

COLUMNS = ("learner", "notebook", "file", "exercise", "title", "points", "out_of", "status", "message", "notes")
SIGNS = {PASSED: "✓", FAILED: "✗", OPEN: "·", NOT_REACHED: "–"}
STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 } caption { text-align: left; font-weight: bold; padding: .3rem 0 }
th, td { border: 1px solid #8888; padding: .2rem .6rem; text-align: left; vertical-align: top }
td.n { text-align: right; font-variant-numeric: tabular-nums }
.wide { overflow-x: auto } pre { white-space: pre-wrap; margin: 0; font: inherit }
"""


def write_report(results: Sequence[Graded], folder: Path, closed: Sequence[str], left_open: Sequence[str]) -> None:
    """Write both files.

    Args:
        results: of every notebook.
        folder: where; must be there.
        closed: what a notebook could not do while it was graded, a sentence each.
        left_open: what it could.

    Raises:
        InputError: they cannot be written.
    """
    write_text(folder / "points.csv", points_csv(results), "output")
    write_text(folder / "index.html", page(results, closed, left_open), "output")


def points_csv(results: Sequence[Graded]) -> str:
    """Return the CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in results:
        mine = [one.submission.learner, one.submission.number, one.submission.file]
        for mark in one.marks:
            exercise = [mark.number, mark.title, mark.points, 1, mark.status]
            notes = "; ".join([*mark.notes, *one.notes])
            writer.writerow(map(_harmless, [*mine, *exercise, mark.message.replace("\n", " "), notes]))
        if not one.marks:
            writer.writerow(map(_harmless, [*mine, "", "", 0, 0, NOT_REACHED, one.stopped, ""]))
    return text.getvalue()


def page(results: Sequence[Graded], closed: Sequence[str], left_open: Sequence[str]) -> str:
    """Return the HTML page."""
    parts = [
        "<!doctype html>", '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Points of a class</title><style>{STYLE}</style></head><body><main>", "<h1>Points of a class</h1>",
        _overview(results), "<h2>Notebook by notebook</h2>", *map(_details, results),
        "<h2>How far these points can be trusted</h2>",
        "<p>Every answer was called in a process of its learner and judged outside it. What a notebook printed,",
        "reported or wrote down had no influence.</p>",
        _list("Closed while these notebooks ran", closed), _list("Not closed", left_open),
        "</main></body></html>",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def _overview(results: Sequence[Graded]) -> str:
    numbers = sorted({one.submission.number for one in results if one.marks})
    learners = sorted({one.submission.learner for one in results})
    best: dict[tuple[str, str], Graded] = {}
    for one in results:
        key = one.submission.learner, one.submission.number
        if one.marks and (key not in best or one.points > best[key].points):
            best[key] = one
    rows: list[Row] = [[Cell(name, "col") for name in ("Learner", *numbers, "Total")]]
    for learner in learners:
        versions = [best.get((learner, number)) for number in numbers]
        points = [Cell(f"{one.points} / {len(one.marks)}" if one else "", css="n") for one in versions]
        total = Cell(str(sum(one.points for one in versions if one)), css="n")
        rows.append([Cell(escape(learner), "row"), *points, total])
    caption = "Points in each notebook; of several versions the best counts"
    return f'<div class="wide">{table(rows, caption=caption)}</div>'


def _details(one: Graded) -> str:
    title = f"{one.submission.learner}: {one.submission.file}, {one.points} of {len(one.marks)}"
    rows: list[Row] = [[Cell(name, "col") for name in ("Exercise", "About", "Result", "What was said", "Look at")]]
    for mark in one.marks:
        message, notes = f"<pre>{escape(_clean(mark.message))}</pre>", escape("; ".join(mark.notes))
        result = f"{SIGNS[mark.status]} {mark.status}"
        rows.append([Cell(mark.number, "row"), escape(mark.title), result, message, notes])
    about = [f"stopped: {one.stopped}"] * bool(one.stopped) + [f"the notebook {note}" for note in one.notes]
    about += [f"{one.seconds:.0f} s, {one.mb:.0f} MB"] * bool(one.seconds)
    parts = [f"<summary>{escape(title)}</summary>"]
    parts += [f"<p>{escape(_clean('; '.join(about)))}</p>"] * bool(about)
    parts += [f'<div class="wide">{table(rows)}</div>'] * bool(one.marks)
    parts += [_list("Cells that raised", one.raised)] * bool(one.raised)
    return f"<details>{''.join(parts)}</details>"


def _list(title: str, items: Sequence[str]) -> str:
    lines = "".join(f"<li>{escape(_clean(item))}</li>" for item in items) or "<li>Nothing that we know of.</li>"
    return f"<h3>{title}</h3><ul>{lines}</ul>"


def _clean(text: str) -> str:
    """Return a text without signs that turn the direction of writing or command a terminal; line ends stay."""
    return "\n".join(map(printable, text.split("\n")))


def _harmless(value: object) -> str:
    """Return a CSV cell that no spreadsheet takes for a formula."""
    text = _clean(str(value))
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text
