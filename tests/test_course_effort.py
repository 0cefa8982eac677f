"""Every exercise says how long it takes and how hard it is, and every notebook what it needs."""

import re

import pytest

from rwlib.course import exercises
from rwlib.course.authoring import build, effort

SOURCES = [pytest.param(file, id=f"nb{file.stem}") for file in build.sources()]


def test_every_exercise_has_minutes_and_a_difficulty():
    assert set(effort.EFFORT) == {exercise.number for exercise in exercises.all_exercises()}
    for minutes, difficulty in effort.EFFORT.values():
        assert 1 <= minutes <= 20 and difficulty in (1, 2, 3)


@pytest.mark.parametrize("file", SOURCES)
def test_a_title_says_what_the_notebook_takes_and_needs(file):
    notebook = build.read_source(file)
    title = notebook.cells[0].source
    minutes = int(re.search(r"^\| Time \| about (\d+) minutes", title, re.MULTILINE)[1])
    numbers = [exercise.number for exercise in exercises.of_notebook(file.name[:2])]
    assert f"| Exercises | {effort.summary(numbers)} |" in title
    assert minutes > sum(effort.EFFORT[number][0] for number in numbers), "reading takes time, too"
    needs = re.search(r"^\| Needs \| (.+) \|$", title, re.MULTILINE)[1]
    there_are = {source.name[:2] for source in build.sources()}
    assert {n for n in re.findall(r"\b\d\d\b", needs)} <= {n for n in there_are if n < file.name[:2]}


@pytest.mark.parametrize("file", SOURCES)
def test_the_cell_of_an_exercise_begins_with_its_effort(file):
    notebook = build.make_learners(build.read_source(file))
    for number in (exercise.number for exercise in exercises.of_notebook(file.name[:2])):
        cell = next(cell for cell in notebook.cells if f"Exercise {number}: " in cell.source)
        assert cell.source.startswith(effort.line(number))


def test_an_exercise_without_an_effort_is_left_as_it_is():
    assert effort.line("13.1") == "" and effort.summary(["13.1"]) == "none"
