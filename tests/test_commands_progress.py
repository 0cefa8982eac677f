"""`rwlib progress`: shows, resets, adds up, collects a class, and knows every exercise without loading one."""

import json
import os
import subprocess
import sys

import pytest
from command_line import refused

from rwlib.commands.main import main
from rwlib.course import exercises, progress


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RWLIB_HOME", str(tmp_path / "home"))
    return tmp_path


def test_progress_shows_and_resets(home, capsys):
    progress.note("2.1", "passed")
    assert main(["progress"]) == 0
    assert capsys.readouterr().out.strip()
    assert progress.file().exists()
    assert main(["progress", "--reset"]) == 0
    assert "forgotten" in capsys.readouterr().out and not progress.file().exists()


def test_the_outline_is_that_of_the_exercises():
    expected = {exercise.number: exercise.title for exercise in exercises.all_exercises()}
    assert progress.outline() == expected and list(progress.outline()) == list(expected)


def test_a_record_that_cannot_be_deleted_is_one_line(home, capfd):
    progress.file().mkdir(parents=True)
    assert main(["progress"]) == 0
    assert main(["progress", "--reset"]) == 2
    assert capfd.readouterr().err.startswith("rwlib: RWLIB_HOME: cannot delete")


def test_totals_are_added_up(home, capsys):
    for number, event in (("2.1", "failed"), ("2.1", "passed"), ("1.4", "hint"), ("99.1", "passed")):
        progress.note(number, event)
    assert main(["progress"]) == 0
    n = len(progress.outline())
    assert f"all notebooks: 1 of {n} exercises passed, 2 attempts, 1 hints" in capsys.readouterr().out
    assert main(["progress", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["total"] == {"passed": 1, "exercises": n, "attempts": 2, "hints": 1}
    assert data["exercises"]["2.1"]["passed"] and data["exercises"]["2.1"]["last"] > 1.7e9
    assert sum(notebook["exercises"] for notebook in data["notebooks"].values()) == n


def test_it_starts_without_anything_heavy(home):
    code = "import sys\nfrom rwlib.commands.main import main\nmain(['progress', '--json'])\n"
    code += "print([m for m in ('torch', 'numpy', 'matplotlib', 'IPython') if m in sys.modules], file=sys.stderr)\n"
    code += "import time\nprint(time.process_time(), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    modules, seconds = done.stderr.strip().splitlines()
    assert modules == "[]" and float(seconds) < 1


# --- a class


def write(path, *events):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join("\n" + json.dumps({"exercise": n, "event": e, "time": 1_800_000_000}) for n, e in events))


@pytest.fixture
def school(tmp_path):
    """Two homes, a file that was sent in, one that is broken, one that is a link, and a folder without any."""
    folder = tmp_path / "class"
    write(folder / "ann" / ".local/share/rwlib/progress.jsonl", ("1.1", "failed"), ("1.1", "passed"), ("2.1", "passed"))
    write(folder / "bob" / "progress.jsonl", ("1.1", "failed"), ("1.1", "failed"), ("1.1", "failed"), ("1.1", "failed"))
    write(folder / "cy.jsonl", ("2.1", "hint"), ("2.1", "passed"))
    (folder / "dan.jsonl").write_text('[1]\n{"exercise": 3}\n' + "[" * 100_000)
    (folder / "eve").mkdir()
    (folder / "eve" / "progress.jsonl").symlink_to(folder / "ann" / ".local/share/rwlib/progress.jsonl")
    (folder / "fay").mkdir()
    return folder


def test_a_class_is_collected(school, capsys):
    assert main(["progress", "--class", str(school), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    passed = {name: one["passed_exercises"] for name, one in data["learners"].items()}
    assert passed == {"ann": ["1.1", "2.1"], "bob": [], "cy": ["2.1"], "dan": []}
    assert data["exercises"]["1.1"] == {"title": "the composite", "attempts_each": 3.0, "tried": 2, "passed": 1}
    assert data["learners"]["ann"]["last"] == 1_800_000_000
    assert main(["progress", "--class", str(school)]) == 0
    text = capsys.readouterr().out
    assert "1.1   the composite" in text and "3.0 attempts each; 1 of 2 passed it" in text
    expected = ["1" if number in ("01", "02") else "·" for number in progress.by_notebook()]
    assert text.splitlines()[2].split() == ["ann", *expected, "2"]


def test_learners_whose_folders_cannot_be_read_are_counted(school, monkeypatch, capfd):
    real = os.lstat

    def deny(path, **options):  # whoever runs the tests may be root, who reads everything
        if "bob" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **options)

    monkeypatch.setattr(os, "lstat", deny)
    with pytest.warns(UserWarning, match=r"1 in .*class cannot be read and are skipped \(bob\)"):
        assert main(["progress", "--class", str(school), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["learners"].keys() == {"ann", "cy", "dan"}


def test_a_class_that_cannot_be_read_is_one_line(tmp_path, capfd):
    refused(capfd, ["progress", "--class", str(tmp_path / "none")], "--class: .* is no folder")
    refused(capfd, ["progress", "--class", str(tmp_path)], "--class: no record")
    refused(capfd, ["progress", "--class", str(tmp_path), "--reset"], "--reset: it forgets your own record")
