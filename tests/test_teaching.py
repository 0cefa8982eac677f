"""The teacher's material fits the notebooks: cells exist, minutes add up, nothing is missing, slides are whole."""

import re
from pathlib import Path

import pytest

from rwlib.course.authoring import build
from rwlib.course.exercises import all_exercises
from rwlib.course.progress import outline
from rwlib.course.teaching import material, pages
from rwlib.errors import InputError

QUESTIONS = list(material.read_questions().values())
PLANS = [material.read_plan(name) for name in material.PLANS]


@pytest.fixture(scope="module")
def made():
    return pages.pages()


def without_numbers(text):
    """Leave out what changes with every cell that is put into a notebook."""
    return re.sub(r"cell \d+|cell-id=\d\d-\d+", "cell", text)


def test_the_bank_has_questions_on_every_notebook():
    known = [file.name[:2] for file in build.sources()]
    assert len(QUESTIONS) >= 40
    assert {number: sum(one.notebook == number for one in QUESTIONS) >= 3 for number in known} == dict.fromkeys(
        known, True
    )


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.id)
def test_the_cell_of_a_question_exists(question):
    assert material.cell_number(question.cell) >= 0
    assert question.ask.endswith(("?", ".")) and len(question.answer.split()) > 8


@pytest.mark.parametrize(
    "cell",
    [cell for plan in PLANS for session in plan.sessions for _, _, cell in session.steps if cell],
)
def test_the_cell_of_a_step_exists(cell):
    assert material.cell_number(cell) >= 0


def test_a_semester_has_fourteen_weeks_and_every_exercise():
    (semester,) = (plan for plan in PLANS if plan.name == "semester")
    assert len(semester.sessions) == 14 and {session.minutes for session in semester.sessions} == {90}
    given = [number for session in semester.sessions for number in session.exercises]
    assert sorted(given) == sorted(outline())


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_a_plan_asks_and_leaves_out(plan):
    for session in plan.sessions:
        assert session.aims and session.questions and session.skip, session.title


def test_what_does_not_fit_is_refused(tmp_path):
    (tmp_path / "questions.toml").write_text('[[question]]\nid = "a"\nask = "b"\nanswer = "c"\n')
    with pytest.raises(InputError, match="expected answer, ask, cell, id"):
        material.read_questions(tmp_path)
    source = (material.TEACHING / "source" / "afternoon.toml").read_text(encoding="utf-8")
    questions = (material.TEACHING / "source" / "questions.toml").read_text(encoding="utf-8")
    (tmp_path / "questions.toml").write_text(questions)
    for old, new, words in (("minutes = 105", "minutes = 104", "not 104"), ('"00-a"', '"00-z"', "no question 00-z")):
        (tmp_path / "afternoon.toml").write_text(source.replace(old, new, 1))
        with pytest.raises(InputError, match=words):
            material.read_plan("afternoon", tmp_path)
    for cell in ("01: no cell says this", "01: import"):
        with pytest.raises(InputError, match="expected one cell"):
            material.cell_number(cell)


def test_the_pages_are_what_their_sources_give(made):
    for name, text in made.items():
        if name != "mistakes.md":
            stored = (material.TEACHING / name).read_text(encoding="utf-8")
            lines = re.compile(r"^- \[\d+\.\d+\]\(mistakes.*$", re.MULTILINE)  # a mistake's words may change any day
            assert without_numbers(lines.sub("", stored)) == without_numbers(lines.sub("", text)), "run `make teaching`"


def test_the_mistakes_are_those_of_the_exercises(made):
    for exercise in all_exercises():
        assert f"### {exercise.number} · {exercise.title}\n" in made["mistakes.md"]
        for message in exercise.mistakes:
            assert f"- {' '.join(message.split())}\n" in made["mistakes.md"] + "\n"


def test_links_lead_somewhere(made):
    for name, text in [
        *made.items(),
        *((f.name, f.read_text(encoding="utf-8")) for f in material.TEACHING.glob("*.md")),
    ]:
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            assert (material.TEACHING / target).exists() or target in made, (name, target)


def test_nothing_there_is_taken_for_a_notebook():
    assert not list(material.TEACHING.rglob("*.ipynb"))


def test_the_exam_has_sixty_points_and_the_rubrics_fourteen():
    exam = (material.TEACHING / "exam.md").read_text(encoding="utf-8")
    assert sum(map(int, re.findall(r"\((\d+) points\)", exam))) == 60
    answers = (material.TEACHING / "exam-answers.md").read_text(encoding="utf-8")
    assert re.findall(r"^\*\*(\d+) · ([\w\s?]+)\.?", exam, re.MULTILINE)[0][0] == "1"
    assert (
        len(re.findall(r"^\*\*\d+ · ", exam, re.MULTILINE))
        == len(re.findall(r"^\*\*\d+ · ", answers, re.MULTILINE))
        == 10
    )
    for project in (material.TEACHING / "projects.md").read_text(encoding="utf-8").split("\n## ")[1:]:
        assert len(re.findall(r"^\| [a-z ]+ \|.*\|.*\|.*\|$", project, re.MULTILINE)) - 1 == 7  # without the head


# --- slides


@pytest.fixture(scope="module")
def slides():
    pytest.importorskip("latex2mathml")
    return pytest.importorskip("rwlib.course.teaching.slides")


@pytest.mark.parametrize("file", build.sources(), ids=lambda file: file.stem)
def test_the_slides_need_nothing_else_and_have_every_exercise(file, slides):
    page = slides.deck(file)
    assert not re.search(r"(?:src|href)=[\"'](?!data:)", page) and "@import" not in page and "url(" not in page
    shown = set(
        re.findall(r"Exercise (\d+\.\d+): ", re.sub(r'<aside class="notes".*?</aside>', "", page, flags=re.DOTALL))
    )
    assert shown == {one.number for one in all_exercises() if one.notebook == file.name[:2]}
    assert page.count('<section class="slide') == page.count('<aside class="notes"') > 10
    assert "EQUATION" not in page and "<math" in page or file.name.startswith("00")
    assert all(alt.strip() for alt in re.findall(r'<img alt="([^"]*)"', page)) and "<img" in page


def test_solutions_stand_in_the_notes_alone(slides):
    (file,) = build.sources(["02"])
    page = slides.deck(file)
    shown = re.sub(r'<aside class="notes".*?</aside>', "", page, flags=re.DOTALL)
    assert "existing * M + missing * (1 - M)" in page and "existing * M + missing * (1 - M)" not in shown
    assert "BEGIN SOLUTION" not in page


def test_markdown_becomes_html_with_equations(slides):
    html = slides.markdown(r"**a** $\mathbf{I}_g \odot \mathbf{M}$ `x < 3`" + "\n\n$$\n\\frac{1}{4}\n$$")
    assert "<strong>a</strong>" in html and "&lt; 3" in html and html.count("<math") == 2 and "&#x02299;" in html
    assert Path(slides.HERE / "slides.js").exists()
