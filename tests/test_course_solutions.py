"""Solutions are read from the notebooks' sources, an edit puts a mistake into one, and a wheel has them, too."""

import os
import subprocess
import sys

import pytest

from rwlib.conventions import InputError
from rwlib.course import exercises
from rwlib.course.authoring import build, prove
from rwlib.course.checking import solutions
from rwlib.course.checking.exercise import Exercise
from rwlib.course.checking.solutions import find_solution, read_solutions

SOURCE = '''# %%
import a_module_that_is_not_there
import os.path
from math import pi, sqrt as root

# %% [markdown]
# # 99 · Toys

# %%
# Exercise 99.1: a number.
### BEGIN SOLUTION
area = 2 * pi
### END SOLUTION


# %%
def length(x, y):
    """Exercise 99.2: return the length.

    Of a vector.
    """
    half = 0.5
    ### BEGIN SOLUTION
    total = x**2
    total = total + y**2
    return total**half
    ### END SOLUTION


# %%
class Twice:
    """Exercise 99.3: double it."""

    ### BEGIN SOLUTION
    def __call__(self, x):
        return 2 * x
    ### END SOLUTION


# %%
from math import hypot
'''


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """Make SOURCE the only notebook."""
    (tmp_path / "99_toys.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.setattr(solutions, "FOLDERS", [tmp_path])


def test_values_functions_and_classes_are_read():
    value, function, cls = read_solutions(SOURCE)
    assert [(one.number, one.name) for one in (value, function, cls)] == [
        ("99.1", "area"),
        ("99.2", "length"),
        ("99.3", "Twice"),
    ]
    assert value.answer() == pytest.approx(6.28319) and function.answer()(3, 4) == 5 and cls.answer()()(3) == 6
    assert function.answer().__doc__.startswith("Exercise 99.2: ")


def test_only_what_a_solution_names_is_imported(toys):
    """One of the notebook's imports cannot be had: it does no harm until it is needed."""
    assert find_solution("99.2").answer()(0, 2) == 2
    with pytest.raises(ModuleNotFoundError):
        find_solution("99.2").edited("return a_module_that_is_not_there.length(x, y)").answer()


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ("y**2 -> y", 13**0.5),
        ("**half ->", 25),
        (("x**2 -> x", "y**2 -> y"), 7**0.5),
        (("y**2 -> y**3", "y**3 -> y**4"), 265**0.5),
        ("return 3 if x < y else half", 3),
        ("difference = y - x\nreturn root(difference)", 1),
        ("\n    if x < y:\n        return hypot(x, 2 * y)\n", 73**0.5),
    ],
)
def test_an_edit_puts_a_mistake_into_a_solution(toys, edits, expected):
    solution = find_solution("99.2")
    assert solution.edited(edits).answer()(3, 4) == pytest.approx(expected)
    assert solution.answer()(3, 4) == 5, "the solution itself stays"


def test_an_edit_that_fits_twice_is_refused(toys):
    with pytest.raises(InputError, match=r"exercise 99\.2: 'total -> x': expected 'total' once in the solution, got 4"):
        find_solution("99.2").edited("total -> x")


def test_an_edit_reaches_no_line_outside_the_markers(toys):
    with pytest.raises(InputError, match="got 0"):
        find_solution("99.2").edited("0.5 -> 0.25")


def test_an_unfit_edit_is_a_flaw_of_its_exercise(toys):
    toy = Exercise("99.2", "toy", {"No.": "z -> y"}, ("a", "b"), cases=lambda rng: [(1.0, 2.0), (3.0, 1.0)])
    assert any("expected 'z' once" in flaw for flaw in prove.exercise_flaws(toy))


def test_predictions_have_values_or_edits_as_mistakes(toys):
    toy = Exercise("99.1", "toy", {"Once.": "2 * pi -> pi", "No pi.": 2, "A word.": "two"}, ("a", "b"))
    assert [wrong for _, wrong in toy.wrong_answers()] == [pytest.approx(3.14159), 2, "two"]


def test_a_solution_that_is_not_there_is_named(toys):
    with pytest.raises(InputError, match=r"99_toys\.py has no solution of it"):
        find_solution("99.4")
    with pytest.raises(InputError, match="found no source of notebook 01"):
        find_solution("1.1")


@pytest.mark.parametrize("number", exercises.notebooks())
def test_every_solution_of_a_notebook_has_its_exercise_and_is_written_nowhere_else(number):
    (source,) = build.sources([number])
    of_source = [one.number for one in read_solutions(source.read_text(encoding="utf-8"))]
    assert of_source == [exercise.number for exercise in exercises.of_notebook(number)]
    assert all(exercise.given is None for exercise in exercises.of_notebook(number))


@pytest.mark.slow
def test_an_installed_package_checks_answers_without_the_repository(tmp_path):
    """Build as `pip install` does, and check an answer where no notebooks/ is near."""
    made = tmp_path / "built"
    command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", tmp_path, "build_py", "--build-lib", made]
    subprocess.run(command, cwd=build.ROOT, check=True, capture_output=True)
    code = """
import rwlib
from rwlib.course import check
assert check.ex_1_1(lambda I_in, I_p, M: I_in + I_p * (1 - M)).status == "passed"
print(check.ex_1_1(lambda I_in, I_p, M: I_in + I_p * M).message, rwlib.__file__)
"""
    env = os.environ | {"PYTHONPATH": str(made), "RWLIB_HOME": str(tmp_path / "home")}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "The mask is the other way round" in done.stdout and str(made) in done.stdout
