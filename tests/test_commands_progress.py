"""`rwlib progress`: shows, resets, and knows every exercise without loading one."""

from rwlib.commands.main import main
from rwlib.course import exercises, progress


def test_progress_shows_and_resets(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RWLIB_HOME", str(tmp_path))
    progress.note("2.1", "passed")
    assert main(["progress"]) == 0
    assert capsys.readouterr().out.strip()
    assert progress.file().exists()
    assert main(["progress", "--reset"]) == 0
    assert "forgotten" in capsys.readouterr().out and not progress.file().exists()


def test_the_outline_is_that_of_the_exercises():
    expected = {exercise.number: exercise.title for exercise in exercises.all_exercises()}
    assert progress.outline() == expected and list(progress.outline()) == list(expected)


def test_a_record_that_cannot_be_deleted_is_one_line(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("RWLIB_HOME", str(tmp_path))
    progress.file().mkdir()
    assert main(["progress"]) == 0
    assert main(["progress", "--reset"]) == 2
    assert capfd.readouterr().err.startswith("rwlib: RWLIB_HOME: cannot delete")
