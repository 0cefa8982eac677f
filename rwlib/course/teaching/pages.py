"""Write the teacher's pages: `python -m rwlib.course.teaching.pages`, or `make teaching`.

From `notebooks/teaching/source/*.toml` and the exercises come the three plans, the question bank, and the list of the
mistakes that will come. The mistakes are those of the exercises themselves, so they are never copied by hand.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from rwlib.course.authoring import build
from rwlib.course.checking.exercise import Exercise
from rwlib.course.exercises import all_exercises, find
from rwlib.course.program import exit_status
from rwlib.course.teaching import material
from rwlib.course.teaching.material import Plan, Question, Session
from rwlib.files import writable_folder, write_text

MADE = "<!-- made by `make teaching` from notebooks/teaching/source/ and the exercises: edit these, not this page -->"


def pages() -> dict[str, str]:
    """Return file name → text of every page.

    Raises:
        InputError: the material does not fit the notebooks.
    """
    questions = material.read_questions()
    plans = {name: material.read_plan(name) for name in material.PLANS}
    made = {f"{name}.md": "\n".join(_plan(plan, questions)) for name, plan in plans.items()}
    made["questions.md"] = "\n".join(_bank(questions))
    made["mistakes.md"] = "\n".join(_mistakes(all_exercises()))
    return {name: text.rstrip("\n") + "\n" for name, text in made.items()}


def write_pages(folder: Path = material.TEACHING) -> list[str]:
    """Write every page; return their names."""
    writable_folder(folder, "DIR", make=True)
    made = pages()
    for name, text in made.items():
        write_text(folder / name, text, "DIR")
    return list(made)


def _plan(plan: Plan, questions: dict[str, Question]) -> Iterator[str]:
    yield from (f"# {plan.title}", "", MADE, "", plan.intro, "")
    yield from ("| | minutes | exercises |", "|---|---|---|")
    for i, session in enumerate(plan.sessions, 1):
        yield f"| {i} [{session.title}](#{i}) | {session.minutes} | {_spans(session.exercises)} |"
    for i, session in enumerate(plan.sessions, 1):
        yield from ("", f'<a id="{i}"></a>', "", f"## {i} · {session.title}", "")
        yield from _session(session, questions)


def _session(session: Session, questions: dict[str, Question]) -> Iterator[str]:
    yield from ("**Afterwards they can**", "", *(f"- {aim};" for aim in session.aims[:-1]), f"- {session.aims[-1]}.")
    yield from ("", "| minutes | what | show |", "|---|---|---|")
    for minutes, what, cell in session.steps:
        yield f"| {minutes} | {what} | {material.link(cell) if cell else ''} |"
    yield from ("", "**Ask**", "")
    for one in session.questions:
        yield from _question(questions[one])
    if session.exercises:
        yield from ("", "**Mistakes that will come**", "")
        for number in session.exercises:
            exercise = find(number)
            first = _one_line(next(iter(exercise.mistakes)))
            yield f"- [{number}](mistakes.md#e{number.replace('.', '-')}), {exercise.title}: {first}"
    yield from ("", "**Leave out**", "", *(f"- {one};" for one in session.skip[:-1]), f"- {session.skip[-1]}.")
    if session.home:
        yield from ("", f"**At home.** {session.home}")


def _question(question: Question) -> Iterator[str]:
    yield from (f"<details><summary>{question.ask}</summary>", "", question.answer)
    yield from ("", f"It is shown in {material.link(question.cell)}.", "", "</details>", "")


def _bank(questions: dict[str, Question]) -> Iterator[str]:
    yield from (f"# {len(questions)} questions", "", MADE, "")
    yield from (
        "To ask in class, on paper, or in a conversation at the end. Each can be thought about without a computer; the",
        "cell shows that the answer is true.", "",
    )  # fmt: skip
    for file in build.sources():
        mine = [one for one in questions.values() if one.notebook == file.name[:2]]
        if mine:
            title = material.title_of(file)
            yield from (f"## {title}", "")
            for one in mine:
                yield from _question(one)


def _mistakes(exercises: list[Exercise]) -> Iterator[str]:
    yield from ("# Mistakes that will come", "", MADE, "")
    yield from (
        "What the checks tell a learner who makes one of the foreseen mistakes, exercise by exercise. Read those of a",
        "session before it: most wrong answers in class will be one of them.",
    )  # fmt: skip
    chapter = ""
    for exercise in exercises:
        if exercise.notebook != chapter:
            chapter = exercise.notebook
            (file,) = build.sources([chapter])
            yield from ("", f"## {material.title_of(file)}")
        name = f"e{exercise.number.replace('.', '-')}"
        yield from ("", f'<a id="{name}"></a>', "", f"### {exercise.number} · {exercise.title}", "")
        yield from (f"- {_one_line(message)}" for message in exercise.mistakes)


def _spans(numbers: list[str]) -> str:
    """Return `2.7 – 2.9, 3.1` for a list of exercises that follow each other.

    Example:
        >>> _spans(["2.7", "2.8", "2.9", "3.1"])
        '2.7 – 2.9, 3.1'
    """
    spans: list[list[str]] = []
    for number in numbers:
        chapter, _, place = number.partition(".")
        if spans and spans[-1][-1] == f"{chapter}.{int(place) - 1}":
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(span[0] if len(span) == 1 else f"{span[0]} – {span[-1]}" for span in spans) or "none"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def main() -> int:
    """Write all pages; return 0, or 2 with one line on stderr."""
    where = material.TEACHING.relative_to(build.ROOT)
    return exit_status(lambda: print(f"{', '.join(write_pages())}: written to {where}"))


if __name__ == "__main__":
    sys.exit(main())
