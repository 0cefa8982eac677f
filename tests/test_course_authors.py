"""The page for authors is true: its two examples, as printed, build, run, and keep every rule."""

import re
import sys
from pathlib import Path

import jupytext
import pytest

from rwlib.course import exercises
from rwlib.course.authoring import build, map, prove, rules
from rwlib.course.checking import solutions

PAGE = (Path(build.ROOT) / "rwlib/course/AUTHORS.md").read_text(encoding="utf-8")
SOURCE, EXERCISES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def example(tmp_path, monkeypatch):
    """(notebook with solutions, learner's notebook, exercises)."""
    file = tmp_path / "13_composites.py"
    file.write_text(SOURCE, encoding="utf-8")
    with_solutions = build.read_source(file)
    (tmp_path / "nb13.py").write_text(EXERCISES, encoding="utf-8")
    monkeypatch.setattr(solutions, "FOLDERS", [tmp_path])
    monkeypatch.setattr(exercises, "__path__", [*exercises.__path__, str(tmp_path)])
    yield with_solutions, build.make_learners(with_solutions), exercises.of_notebook("13")
    sys.modules.pop("rwlib.course.exercises.nb13")


def test_the_example_keeps_every_rule(example):
    with_solutions, _, _ = example
    assert rules.violations(with_solutions, "13") == []
    assert map.unknown_tags({"13_composites": with_solutions}) == []


def test_the_examples_exercises_bite(example):
    with_solutions, learners, its = example
    assert [flaw for exercise in its for flaw in prove.exercise_flaws(exercise)] == []
    assert prove.notebook_flaws(with_solutions, learners, its) == []


def test_the_examples_stubs_say_what_to_do(example):
    _, learners, _ = example
    text = jupytext.writes(learners, fmt="py:percent")
    assert "black_pixels = ...\n" in text and "SOLUTION" not in text
    assert 'raise NotImplementedError("Exercise 13.2: return I_gt where M is 1 and I_p where it is 0.")' in text


def test_the_page_names_the_tags_that_the_map_knows():
    known = re.search(r"Known are (.*?);", PAGE, re.DOTALL)[1].replace(
        "eq-1 … eq-7", "eq-1, eq-2, eq-3, eq-4, eq-5, eq-6, eq-7"
    )
    assert set(re.split(r",\s+", known)) == set(map.PLACES)


@pytest.mark.parametrize(("version", "status"), [(0, "passed"), (1, "not attempted")])
def test_the_example_runs_from_top_to_bottom_and_unfinished_exercises_break_nothing(
    example, version, status, monkeypatch
):
    monkeypatch.setenv("RWLIB_TIER", "smoke")
    space = {"__name__": "__main__"}
    found = []
    for cell in example[version].cells:
        if cell.cell_type == "code":
            exec(cell.source, space)
            found += [eval(cell.source, space).status] if cell.source.startswith("check.") else []
    assert found == [status] * 2
