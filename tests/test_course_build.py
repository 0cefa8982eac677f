"""The builder: stubs, stable cells, nbgrader's metadata, the map, and the rules, each shown a text that breaks it."""

import nbformat
import pytest

from rwlib.conventions import InputError
from rwlib.course.authoring import build, map, rules
from rwlib.course.authoring.stubs import clear

GOOD = '''# %% [markdown]
# # 07 · Toy
#
# | The cells alone | {{timings}} |

# %%
from rwlib.course import setup, show_images
from rwlib.course import check

ctx = setup("07")

# %% [markdown] tags=["eq-2"]
# Text.

# %%
def f(x):
    """Exercise 7.1: say "x".

    More.
    """
    y = x
    ### BEGIN SOLUTION
    return y
    ### END SOLUTION


# %%
check.ex_7_1(f)
'''


@pytest.fixture
def read(tmp_path):
    """Turn the text of a source into a notebook."""

    def read(text):
        file = tmp_path / "07_toy.py"
        file.write_text(text, encoding="utf-8")
        return build.read_source(file)

    return read


# --- stubs


def test_a_function_raises_the_first_line_of_its_docstring():
    source = GOOD[GOOD.index("def f") : GOOD.index("# %%\ncheck")]
    assert clear(source).rstrip().endswith("    y = x\n    raise NotImplementedError('Exercise 7.1: say \"x\".')")


def test_a_method_takes_its_own_docstring_or_its_classes():
    source = (
        'class A:\n    """Exercise 7.1: a class."""\n\n    def f(self):\n        ### BEGIN SOLUTION\n        return 1\n'
        '        ### END SOLUTION\n\n    def g(self):\n        """Exercise 7.1: part g."""\n'
        "        ### BEGIN SOLUTION\n        return 2\n        ### END SOLUTION"
    )
    cleared = clear(source)
    assert 'def f(self):\n        raise NotImplementedError("Exercise 7.1: a class.")' in cleared
    assert 'g."""\n        raise NotImplementedError("Exercise 7.1: part g.")' in cleared


def test_long_lines_stay_in_style():
    long = f'def f():\n    """Exercise 7.1: {"y" * 95}."""\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION'
    assert max(len(line) for line in clear(long).splitlines()) <= 120


def test_outside_a_function_names_are_left_open():
    source = "# Exercise 7.2: numbers.\n### BEGIN SOLUTION\na, b = 1, 2\nc: int = a + b\na = 3\n### END SOLUTION\nd = 1"
    assert clear(source) == "# Exercise 7.2: numbers.\na = ...\nb = ...\nc = ...\nd = 1"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("### BEGIN SOLUTION\na = 1", "without ### END"),
        ("### END SOLUTION", "without ### BEGIN"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "inside a solution"),
        ("### BEGIN SOLUTION\nprint(1)\n### END SOLUTION", "assign a name"),
        ("### BEGIN SOLUTION\ndef f():\n    pass\n### END SOLUTION", "f: put the markers inside"),
        (
            'def f():\n    """No number."""\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION',
            "f: expected a doc",
        ),
    ],
)
def test_misplaced_markers_are_refused(source, words):
    with pytest.raises(InputError, match=words):
        clear(source)


# --- the notebook's file


def test_cells_keep_their_ids_and_carry_tags_and_nbgraders_metadata(read):
    notebook = read(GOOD)
    assert [cell.id for cell in notebook.cells] == [f"07-{i:02}" for i in range(5)]
    assert notebook.cells[2].metadata.tags == ["eq-2"]
    answer, check = notebook.cells[3].metadata.nbgrader, notebook.cells[4].metadata.nbgrader
    assert (answer.solution, answer.grade, answer.grade_id) == (True, False, "ex-7-1")
    assert (check.solution, check.grade, check.points, check.grade_id) == (False, True, 1, "check-7-1")
    assert build.to_text(notebook) == build.to_text(read(GOOD))


def test_the_title_tells_time_and_memory(read, monkeypatch, tmp_path):
    file = tmp_path / "timings.json"
    monkeypatch.setattr(build.context, "TIMINGS", file)
    file.write_text("{}")
    assert "| not measured |" in read(GOOD).cells[0].source
    file.write_text('{"07": {"cpu": {"seconds": 40, "mb": 1300}}}')
    assert "| cpu 40 s, 1.3 GB |" in read(GOOD).cells[0].source


def test_learners_get_no_solution_and_no_output(read):
    notebook = build.make_learners(read(GOOD))
    assert "SOLUTION" not in build.to_text(notebook)
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in notebook.cells)


def test_a_cell_with_misplaced_markers_is_named(read):
    with pytest.raises(InputError, match="cell 3: line"):
        build.make_learners(read(GOOD.replace("    ### END SOLUTION\n", "")))


@pytest.mark.slow
def test_executing_measures_and_stores_outputs(read):
    executed, needed = build.execute(
        read('# %%\nimport os\n\nos.environ["RWLIB_TIER"]\n\n# %%\nprint(1)\nprint(2)\n'), "smoke"
    )
    assert executed.cells[0].outputs[0].data["text/plain"] == "'smoke'"
    assert executed.cells[1].outputs[0].text == "1\n2\n" and len(executed.cells) == 2
    assert [cell.execution_count for cell in executed.cells] == [1, 2]
    assert 10 < needed["mb"] < 5000 and 0 <= needed["seconds"] < 100
    with pytest.raises(InputError, match="ZeroDivisionError"):
        build.execute(read("# %%\n1 / 0\n"), "smoke")


def test_numbers_without_a_source_are_refused(capsys):
    assert build.main(["77"]) == 2
    assert "expected one of 00" in capsys.readouterr().err


# --- rules


def test_the_good_notebook_keeps_the_rules(read):
    assert rules.violations(read(GOOD), "07") == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("# # 07 · Toy", "# # Toy", "expected a title"),
        ("{{timings}}", "a minute", "expected {{timings}}"),
        ('setup("07")', 'setup("08")', 'ctx = setup("07")'),
        ("# Text.", "# " + "word " * 91, "91 words"),
        ("# Text.", "# ![](a.png)", "without alternative text"),
        ("# Text.", "# See /opt/somebody/x.", "somebody's machine"),
        ("check.ex_7_1(f)", "check.ex_8_1(f)", "another notebook"),
        ("check.ex_7_1(f)", "check.ex_7_1(f(1))", "plain name"),
        ("check.ex_7_1(f)", "check.ex_7_1(f)\ncheck.ex_7_2(f)", "cell of its own"),
        ("check.ex_7_1(f)", "\n".join(f"a{i} = 1" for i in range(16)), "16 lines"),
        ("check.ex_7_1(f)", "show_images({})", "without alt="),
        ("check.ex_7_1(f)", 'show_images({}, alt=" ")', "without alt="),
        ("check.ex_7_1(f)", 'axis.bar([1], [1], color="red")', "raw colour"),
        ("check.ex_7_1(f)", 'axis.scatter([1], [1], c=["k"])', "raw colour"),
        ("check.ex_7_1(f)", 'axis.plot([1], "r--")', "COLORS"),
        ("check.ex_7_1(f)", "# !ls", "shell or magic"),
        ("check.ex_7_1(f)", "# %matplotlib inline", "shell or magic"),
        ("check.ex_7_1(f)", "get_ipython().system('ls')", "shell or magic"),
        ("check.ex_7_1(f)", "import matplotlib.pyplot as plt", "pyplot"),
        ("check.ex_7_1(f)", "from matplotlib import pyplot", "pyplot"),
        ("check.ex_7_1(f)", "from tqdm import tqdm", "tqdm"),
        ("check.ex_7_1(f)", 'open("/opt/me/x")', "somebody's machine"),
    ],
)
def test_each_rule_finds_what_it_forbids(read, old, new, words):
    broken = rules.violations(read(GOOD.replace(old, new)), "07")
    assert len(broken) == 1 and words in broken[0], broken


def test_what_the_rules_allow(read):
    text = (
        "# <details><summary>Answer</summary>\n#\n# "
        + "word " * 200
        + "\n# </details>\n#\n# $$"
        + "x " * 99
        + "$$\n#\n"
        "# $M: \\mathbb{R} \\to \\{0, 1\\}$, existing/missing, 1/n"
    )
    code = 'axis.plot([1], color=COLORS[0], linestyle="--")\nshow_images({}, **options)\nshow_images({}, alt=text)'
    assert rules.violations(read(GOOD.replace("# Text.", text).replace("check.ex_7_1(f)", code)), "07") == []


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (nbformat.v4.new_output("error", ename="KeyError", evalue="x", traceback=[]), "raised KeyError"),
        (nbformat.v4.new_output("stream", name="stderr", text="Warning: x"), "stderr"),
        (nbformat.v4.new_output("stream", name="stdout", text="saved to /tmp/abc/x"), "path"),
        (nbformat.v4.new_output("stream", name="stdout", text="saved to D:|mine"), "path"),
        (nbformat.v4.new_output("stream", name="stdout", text="10/10 [00:01, 9.9it/s]"), "progress bar"),
        (nbformat.v4.new_output("display_data", data={"text/plain": "<X at 0x7f00aa>"}), "address in memory"),
    ],
)
def test_outputs_that_must_not_be_stored(output, words):
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    broken = rules.output_violations(nbformat.v4.new_notebook(cells=[cell]), ("D:|mine",))
    assert len(broken) >= 1 and words in broken[0]


def test_pictures_may_hold_any_letters():
    output = nbformat.v4.new_output("display_data", data={"text/html": '<img src="data:image/png;base64,/opt/a">'})
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    assert rules.output_violations(nbformat.v4.new_notebook(cells=[cell])) == []


def test_functions_that_stand_in_two_notebooks(read):
    one = read("# %%\ndef f(x):\n    return x + 1\n")
    other = read('# %%\ndef f(x):\n    """Same."""\n    return x + 1\n')
    another = read("# %%\ndef f(x):\n    return x + 2\n")
    assert rules.copied_functions({"01": one, "02": another}) == []
    assert rules.copied_functions({"01": one, "02": other}) == ["02: `f` already stands in 01; import it from rwlib"]


# --- timings and the map


def test_a_measurement_keeps_the_others(monkeypatch, tmp_path):
    file = tmp_path / "timings.json"
    file.write_text('{"01": {"cpu": {"seconds": 1, "mb": 2}}}')
    monkeypatch.setattr(build.context, "TIMINGS", file)
    build.note_timing("02", "smoke", {"seconds": 3, "mb": 1500})
    assert build.context.describe_timings("01") == "cpu 1 s, 0.0 GB"
    assert build.context.describe_timings("02") == "smoke 3 s, 1.5 GB"
    assert list(tmp_path.iterdir()) == [file]


def test_the_map_links_cells_and_leaves_out_what_is_not_written(read):
    page = map.page({"07_toy": read(GOOD)})
    row = next(line for line in page.splitlines() if "Eq. (2)" in line)
    assert "[07, cell 2](07_toy.ipynb#cell-id=07-02)" in row and "reconstruction_loss" in row
    assert "| Eq. (3): correlation f_ij | – |" in page


def test_unknown_places_are_reported(read):
    assert map.unknown_tags({"07_toy": read(GOOD)}) == []
    assert "needs a line" in map.unknown_tags({"07_toy": read(GOOD.replace("eq-2", "eq-99"))})[0]
    assert map.unknown_tags({"07_toy": read(GOOD.replace("eq-2", "slow"))}) == []
