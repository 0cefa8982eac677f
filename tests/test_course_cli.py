"""`rwlib start` and `rwlib progress`."""

import pytest

from rwlib.commands.main import main
from rwlib.conventions import InputError
from rwlib.course import progress
from rwlib.course.start import NOTEBOOKS, copy_notebooks


def test_start_copies_adds_and_never_overwrites(tmp_path, capsys):
    mine = tmp_path / "my course"
    assert main(["start", str(mine)]) == 0
    names = sorted(file.name for file in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    assert sorted(file.name for file in mine.iterdir()) == names and "00_start_here.ipynb" in names
    said = capsys.readouterr().out
    assert f"{len(names)} notebooks copied" in said and f"jupyter lab '{mine}'" in said

    (mine / "00_start_here.ipynb").write_text("mine")
    assert main(["start", str(mine)]) == 0
    assert (mine / "00_start_here.ipynb").read_text() == "mine"
    said = capsys.readouterr().out
    assert f"0 notebooks copied to {mine}, {len(names) - 1} were there" in said
    assert said.count("kept your own 00_start_here.ipynb") == 1


def test_start_adds_what_is_new(tmp_path):
    course, mine = tmp_path / "course", tmp_path / "mine"
    course.mkdir()
    (course / "01_a.ipynb").write_text("one")
    assert copy_notebooks(mine, course) == {"01_a.ipynb": "copied"}
    (course / "02_b.ipynb").write_text("two")
    (course / "01_a.ipynb").write_text("new edition")
    assert copy_notebooks(mine, course) == {"01_a.ipynb": "kept", "02_b.ipynb": "copied"}
    assert copy_notebooks(mine, course) == {"01_a.ipynb": "kept", "02_b.ipynb": "unchanged"}


def test_start_refuses_what_cannot_work(tmp_path, capfd):
    (tmp_path / "file").touch()
    assert main(["start", str(tmp_path / "file")]) == 2
    assert "name another folder" in capfd.readouterr().err
    assert main(["start", str(NOTEBOOKS)]) == 2
    assert "the course's own folder" in capfd.readouterr().err
    with pytest.raises(InputError, match="needs a clone"):
        copy_notebooks(tmp_path, tmp_path / "nothing")


def test_progress_shows_and_resets(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RWLIB_HOME", str(tmp_path))
    progress.note("2.1", "passed")
    assert main(["progress"]) == 0
    assert capsys.readouterr().out.strip()
    assert progress.file().exists()
    assert main(["progress", "--reset"]) == 0
    assert "forgotten" in capsys.readouterr().out and not progress.file().exists()
