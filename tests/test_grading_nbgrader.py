"""The course folder for nbgrader: its source version works without the environment's help, and real nbgrader takes it.

nbgrader is no dependency: the last test runs where it is installed beside rwlib.
"""

import importlib.util
import json
import os
import subprocess
import sys

import nbformat
import pytest
from class_of_ten import hand_in
from conftest import PATIENCE_S

from rwlib.course.authoring import build, stubs
from rwlib.course.authoring.rules import CHECK
from rwlib.course.exercises import of_notebook
from rwlib.course.grading import nbgrader_course
from rwlib.errors import InputError

SOURCES = [file for file in build.sources() if of_notebook(file.name[:2])]


def released(cell):
    """Cut out what nbgrader cuts out: solutions, for which it puts an empty line, and hidden tests."""
    kept, inside = [], ""
    for line in cell.source.split("\n"):
        if "BEGIN SOLUTION" in line or "BEGIN HIDDEN TESTS" in line:
            inside = line.split("BEGIN")[1]
            kept += [""] * ("SOLUTION" in line)
        elif inside and f"END{inside}" in line:
            inside = ""
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.stem)
def test_what_is_released_is_the_learners_notebook(file):
    source, learners = nbgrader_course.source_for_nbgrader(file), build.make_learners(build.read_source(file))
    for one, other in zip(source.cells, learners.cells, strict=True):
        lines = [line for line in released(one).split("\n") if line.strip()]
        assert lines == [line for line in other.source.split("\n") if line.strip()]
    checks = [cell for cell in source.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert len(checks) == len(of_notebook(file.name[:2]))
    assert all("BEGIN HIDDEN TESTS" in cell.source and CHECK.search(cell.source) for cell in checks)


@pytest.mark.parametrize(("answer", "right"), [("lambda I_in, I_p, M: I_in + I_p * (1 - M)", True), ("None", False)])
def test_hidden_tests_need_no_environment(answer, right, monkeypatch):
    """An empty notebook that removes RWLIB_STRICT earns nothing."""
    monkeypatch.delenv("RWLIB_STRICT", raising=False)
    (file,) = build.sources(["01"])
    (cell,) = (c for c in nbgrader_course.source_for_nbgrader(file).cells if "check.ex_1_1(" in c.source)
    code = f"from rwlib.course import check\ncomposite = {answer}\n{cell.source}"
    if right:
        exec(code, {})
    else:
        with pytest.raises(AssertionError):
            exec(code, {})


def test_a_stub_needs_a_solution_that_returns():
    cell = 'def f(x):\n    """Exercise 1.1: do."""\n    ### BEGIN SOLUTION\n    x += 1\n    ### END SOLUTION'
    with pytest.raises(InputError, match="does not end with"):
        nbgrader_course.with_stub(cell)
    assert stubs.has_solution(nbgrader_course.with_stub(cell.replace("x += 1", "return x")))


def test_the_folder_is_written(tmp_path, capsys):
    assert nbgrader_course.main([str(tmp_path / "new"), "04"]) == 0
    assert sorted(f.name for f in (tmp_path / "new").iterdir()) == ["README.md", "nbgrader_config.py", "source"]
    (notebook,) = (tmp_path / "new" / "source").rglob("*.ipynb")
    assert notebook.parent.name == notebook.stem == "04_correlation_loss"
    nbformat.validate(nbformat.read(notebook, as_version=4))
    assert nbgrader_course.main([str(tmp_path), "99"]) == 2 and "99" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("nbgrader"), reason="nbgrader is not installed")
def test_real_nbgrader_gives_the_points_that_learners_deserve(tmp_path):
    nbgrader_course.write_course(tmp_path, ["09"])
    (file,) = build.sources(["09"])
    name = file.stem
    env = os.environ | {"OMP_NUM_THREADS": "1", "RWLIB_TIER": "smoke"}

    def nbgrader(*words):
        command = [sys.executable, "-m", "nbgrader", *words]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr[-3000:]

    nbgrader("generate_assignment", name)
    deserved = {}
    for k in (0, 4, 9):
        base = nbformat.read(tmp_path / "release" / name / f"{name}.ipynb", as_version=4)
        notebook, points = hand_in("09", k, base=base)
        to = tmp_path / "submitted" / f"learner{k}" / name
        to.mkdir(parents=True)
        nbformat.write(notebook, to / f"{name}.ipynb")
        deserved[f"learner{k}"] = sum(points.values())
    nbgrader("autograde", name)
    nbgrader("generate_feedback", name)
    code = (
        "import json\nfrom nbgrader.api import Gradebook\n"
        f"with Gradebook('sqlite:///gradebook.db') as g:\n"
        f"    print(json.dumps({{s.student.id: s.score for s in g.assignment_submissions({name!r})}}))"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == deserved
    assert len(list((tmp_path / "feedback").rglob("*.html"))) == 3
