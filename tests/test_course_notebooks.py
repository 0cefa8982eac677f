"""Every notebook and every exercise of the course; ids begin with nb and the notebook's number."""

import ast
import functools
import importlib

import nbformat
import pytest

from rwlib.course import exercises
from rwlib.course.authoring import build, map, prove, rules

SOURCES = [pytest.param(file, id=f"nb{file.stem}") for file in build.sources()]


def declared():
    """Yield every exercise; a module that cannot be imported fails a test of its own, and no other notebook's."""
    for number in exercises.notebooks():
        try:
            found = [(exercise.number, exercise) for exercise in exercises.of_notebook(number)]
        except Exception as error:
            found = [("import", error)]
        for name, exercise in found:
            yield pytest.param(exercise, id=f"nb{number}-{name}")


read_source = functools.cache(build.read_source)  # read only, here


def remedy(file):
    return f"run `make notebooks NB={file.name[:2]}`"


def without_outputs(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


@pytest.mark.parametrize("file", SOURCES)
def test_the_notebook_keeps_the_rules(file):
    notebook = read_source(file)
    assert rules.violations(notebook, file.name[:2]) == []
    assert map.unknown_tags({file.stem: notebook}) == []


@pytest.mark.parametrize("file", SOURCES)
def test_the_learners_notebook_is_what_its_source_gives(file):
    built = build.NOTEBOOKS / f"{file.stem}.ipynb"
    assert built.exists(), remedy(file)
    expected = build.to_text(build.make_learners(read_source(file)))
    assert built.read_text(encoding="utf-8") == expected, remedy(file)
    assert '"outputs": []' in expected and '"execution_count": null' in expected


@pytest.mark.parametrize("file", SOURCES)
def test_the_solutions_are_what_their_source_gives_and_were_executed(file):
    built = build.NOTEBOOKS / "solutions" / f"{file.stem}.ipynb"
    assert built.exists(), remedy(file)
    notebook = nbformat.read(built, as_version=4)
    assert rules.output_violations(notebook) == []
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code"), remedy(file)
    assert build.to_text(without_outputs(notebook)) == build.to_text(read_source(file)), remedy(file)


@pytest.mark.slow
@pytest.mark.parametrize("file", SOURCES)
def test_solutions_pass_and_stubs_say_what_to_do(file):
    notebook = read_source(file)
    learners = nbformat.read(build.NOTEBOOKS / f"{file.stem}.ipynb", as_version=4)
    assert prove.notebook_flaws(notebook, learners, exercises.of_notebook(file.name[:2])) == []


@pytest.mark.slow
@pytest.mark.parametrize("exercise", declared())
def test_the_exercise_bites(exercise):
    if isinstance(exercise, Exception):
        raise exercise
    assert prove.exercise_flaws(exercise) == []


def test_every_exercise_belongs_to_a_notebook_and_stands_in_its_module():
    numbers = {file.name[:2] for file in build.sources()}
    for number in exercises.notebooks():
        assert number in numbers, f"nb{number}.py has no notebook"
        assert {exercise.notebook for exercise in exercises.of_notebook(number)} <= {number}


def test_every_notebook_has_a_source():
    names = {file.stem for file in build.sources()}
    for folder in (build.NOTEBOOKS, build.NOTEBOOKS / "solutions"):
        assert {file.stem for file in folder.glob("*.ipynb")} <= names
    assert len({name[:2] for name in names}) == len(names)


def test_no_function_stands_in_two_notebooks():
    assert rules.copied_functions({file.stem: read_source(file) for file in build.sources()}) == []


def test_the_map_is_what_the_sources_give():
    page = map.page({file.stem: read_source(file) for file in build.sources()})
    assert (build.NOTEBOOKS / "MAP.md").read_text(encoding="utf-8") == page, "run `make notebooks`"


@pytest.mark.parametrize(("tag", "place"), map.PLACES.items())
def test_every_place_of_the_map_is_there(tag, place):
    module, _, name = place.function.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))
    file, _, test = place.test.partition("::")
    tree = ast.parse((build.ROOT / "tests" / file).read_text(encoding="utf-8"))
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
