"""Slides for each notebook: `python -m rwlib.course.teaching.slides DIR [NN ...]`, or `make slides`.

One HTML file a notebook, which needs nothing else: text, equations and stubs come from `notebooks/source/`, pictures
and printed numbers from the solved notebook. Speaker notes hold the answer, the solution, the mistakes to expect, and
the questions of the bank that belong to the cell. Needs the extra `slides`.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import mistune
import nbformat

from rwlib.course.authoring import build
from rwlib.course.authoring.rules import CHECK
from rwlib.course.authoring.stubs import clear, has_solution
from rwlib.course.checking.solutions import EXERCISE, find_solution
from rwlib.course.exercises import find
from rwlib.course.program import exit_status
from rwlib.course.teaching import material
from rwlib.errors import InputError
from rwlib.files import writable_folder, write_text

HERE = Path(__file__).parent
MATH = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)
DETAILS = re.compile(r"<details><summary>(.*?)</summary>\n*(.*?)</details>", re.DOTALL)
HEADING = re.compile(r"^#{1,3} (.+)$", re.MULTILINE)
MOST_MISTAKES = 4


def deck(file: Path) -> str:
    """Return the slides of a notebook as one HTML page.

    Args:
        file: its source.

    Raises:
        InputError: its solved notebook is missing, or has other cells than the source.
    """
    source = build.read_source(file)
    solved_file = build.NOTEBOOKS / "solutions" / f"{file.stem}.ipynb"
    try:
        solved = nbformat.read(solved_file, as_version=4)
    except OSError as error:
        raise InputError(f"{solved_file.name}: cannot be read ({error.strerror}); run `make notebooks`") from None
    if [cell.id for cell in solved.cells] != [cell.id for cell in source.cells]:
        raise InputError(f"{solved_file.name}: other cells than {file.name}; run `make notebooks NB={file.name[:2]}`")
    title = source.cells[0].source.split("\n")[0].removeprefix("# ")
    made = list(_slides(source, solved, title, _asked(file.name[:2])))
    pairs = "\n".join(
        f'<div class="pair">{slide.replace("@@", f"{i} / {len(made)}")}</div>' for i, slide in enumerate(made, 1)
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        f"<style>\n{(HERE / 'slides.css').read_text(encoding='utf-8')}</style></head>\n<body>\n<main>{pairs}</main>\n"
        '<p id="said" role="status" style="position: absolute; left: -9999px"></p>\n'
        '<nav aria-label="Slides"><button id="back">back ←</button><button id="next">next →</button>'
        '<button id="notes">notes (n)</button><button id="present">window with notes (p)</button></nav>\n'
        f"<script>\n{(HERE / 'slides.js').read_text(encoding='utf-8')}</script>\n</body></html>\n"
    )


def _slides(source: Any, solved: Any, title: str, asked: dict[int, list[str]]) -> Iterator[str]:
    section = title
    for i, (cell, done) in enumerate(zip(source.cells, solved.cells, strict=True)):
        notes = [f"<p>{cell.id[:2]}, cell {i}</p>", *asked.get(i, [])]
        if i == 0:
            text = re.sub(r"^\|.*$\n?", "", cell.source.partition("\n")[2], flags=re.MULTILINE)
            yield _slide("title", "", escape(title), markdown(text), notes)
        elif cell.cell_type == "markdown":
            if heading := HEADING.search(cell.source):
                section = heading[1]
            yield from _text_slides(cell.source, title, section, notes)
        elif has_solution(cell.source):
            yield _exercise(cell.source, title, section, notes)
        else:
            pictures = [
                o.data["text/html"] for o in done.outputs if "<figure>" in o.get("data", {}).get("text/html", "")
            ]
            printed = "".join(o.get("text", "") for o in done.outputs)
            notes += [f"<h3>Printed</h3><pre>{escape(printed)}</pre>"] * bool(printed.strip())
            for picture in pictures:
                code = f"<h3>Code</h3><pre>{escape(cell.source)}</pre>"
                figure = re.search(r"<figure>.*?</figure>", picture, flags=re.DOTALL)
                yield _slide("picture", title, markdown_line(section), figure[0], [*notes, code])
            if printed.strip() and not pictures and not CHECK.search(cell.source) and i in asked:
                yield _slide("printed", title, markdown_line(section), f"<pre>{escape(printed.strip())}</pre>", notes)


def _text_slides(text: str, title: str, section: str, notes: list[str]) -> Iterator[str]:
    answers = DETAILS.findall(text)
    body = HEADING.sub("", DETAILS.sub("", text), count=1).strip()
    kind = "predict" if "**Predict" in text or answers else "text"
    hidden = "".join(f'<div class="answer">{markdown(answer)}</div>' for _, answer in answers)
    notes = notes + [f"<h3>{escape(name)}</h3>{markdown(answer)}" for name, answer in answers]
    if body or hidden:
        yield _slide(kind, title, markdown_line(section), markdown(body) + hidden, notes)
    elif HEADING.search(text):
        yield _slide("title", "", markdown_line(section), "", notes)


def _exercise(source: str, title: str, section: str, notes: list[str]) -> str:
    number = EXERCISE.search(source)[1]
    exercise = find(number)
    mistakes = "".join(f"<li>{markdown_line(message)}</li>" for message in list(exercise.mistakes)[:MOST_MISTAKES])
    hints = "".join(f"<li>{markdown_line(hint)}</li>" for hint in exercise.hints)
    notes = [
        *notes, f"<h3>Solution</h3><pre>{escape(find_solution(number).body.rstrip())}</pre>",
        f"<h3>Mistakes that will come</h3><ul>{mistakes}</ul>", f"<h3>Hints</h3><ol>{hints}</ol>",
    ]  # fmt: skip
    # The docstring says what to do; on a slide the stub need not say it again.
    stub = re.sub(r"raise NotImplementedError\(.*\)", "...", clear(source), flags=re.DOTALL)
    body = f'<p class="tag">Exercise {number}: {escape(exercise.title)}</p><pre>{escape(stub)}</pre>'
    return _slide("exercise", title, markdown_line(section), body, notes)


def _slide(kind: str, above: str, heading: str, body: str, notes: Sequence[str]) -> str:
    header = f"<header>{escape(above)}</header>" * (kind != "title")
    return (
        f'<section class="slide {kind}" aria-roledescription="slide">{header}<h2>{heading}</h2>'
        f'<div class="body">{body}</div><span class="number">@@</span></section>'
        f'<aside class="notes" aria-label="Speaker notes">{"".join(notes)}</aside>'
    )


def markdown(text: str) -> str:
    """Return Markdown as HTML, with equations as MathML, which browsers draw by themselves."""
    from latex2mathml.converter import convert

    equations: list[str] = []

    def keep(match: re.Match) -> str:
        equations.append(convert(match[1] or match[2], display="block" if match[1] else "inline"))
        return f"EQUATION{len(equations) - 1}X"

    html = _MARKDOWN(MATH.sub(keep, text))
    return re.sub(r"EQUATION(\d+)X", lambda match: equations[int(match[1])], html)


def markdown_line(text: str) -> str:
    """Return one line of Markdown as HTML without its paragraph."""
    return markdown(text).strip().removeprefix("<p>").removesuffix("</p>")


_MARKDOWN = mistune.create_markdown(plugins=["table"])


def _asked(number: str) -> dict[int, list[str]]:
    """Return cell → the questions of the bank that it answers."""
    questions: dict[int, list[str]] = {}
    for one in material.read_questions().values():
        if one.notebook == number:
            text = f"<h3>Ask: {escape(one.ask)}</h3><p>{escape(one.answer)}</p>"
            questions.setdefault(material.cell_number(one.cell), []).append(text)
    return questions


def main(args: Sequence[str] | None = None) -> int:
    """Write the slides that the command line asks for; return 0, or 2 with one line on stderr."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the HTML files go; made if need be")
    parser.add_argument("numbers", nargs="*", metavar="NN", help="notebooks; all without one")
    options = parser.parse_args(args)
    return exit_status(lambda: write_slides(options.folder, options.numbers))


def write_slides(folder: Path, numbers: Sequence[str]) -> None:
    """Write the slides of some notebooks, or of all, and print the name of each file."""
    writable_folder(folder, "DIR", make=True)
    for file in build.sources(numbers):
        write_text(folder / f"{file.stem}.html", deck(file), "DIR")
        print(folder / f"{file.stem}.html")


if __name__ == "__main__":
    sys.exit(main())
