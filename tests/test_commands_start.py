"""`rwlib start`: copies, completes what was cut short, and never overwrites."""

import errno
import io

import pytest

from rwlib.commands.main import main
from rwlib.commands.start import NOTEBOOKS, copy_notebooks
from rwlib.errors import InputError


def test_start_copies_adds_and_never_overwrites(tmp_path, capsys):
    mine = tmp_path / "my course"
    assert main(["start", str(mine)]) == 0
    names = sorted(file.name for file in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    assert sorted(file.name for file in mine.iterdir()) == names and "00_start_here.ipynb" in names
    said = capsys.readouterr().out
    assert f"{len(names)} notebooks copied" in said and f"rwlib lab '{mine}'\n" in said

    own = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    (mine / "00_start_here.ipynb").write_text(own)
    assert main(["start", str(mine)]) == 0
    assert (mine / "00_start_here.ipynb").read_text() == own
    said = capsys.readouterr().out
    assert f"0 notebooks copied to {mine}, {len(names) - 1} were there" in said
    assert said.count("kept your own 00_start_here.ipynb;") == 1


def test_start_adds_what_is_new(tmp_path):
    course, mine = tmp_path / "course", tmp_path / "mine"
    course.mkdir()
    (course / "01_a.ipynb").write_text('{"cells": 1}')
    assert copy_notebooks(mine, course) == {"01_a.ipynb": "copied"}
    (course / "02_b.ipynb").write_text('{"cells": 2}')
    (course / "01_a.ipynb").write_text('{"cells": 3}')
    assert copy_notebooks(mine, course) == {"01_a.ipynb": "kept", "02_b.ipynb": "copied"}
    assert copy_notebooks(mine, course) == {"01_a.ipynb": "kept", "02_b.ipynb": "unchanged"}


def test_start_refuses_what_cannot_work(tmp_path, capfd):
    (tmp_path / "file").touch()
    assert main(["start", str(tmp_path / "file")]) == 2
    assert "it is a file); choose another" in capfd.readouterr().err
    assert main(["start", str(NOTEBOOKS)]) == 2
    assert "the course's own folder" in capfd.readouterr().err
    with pytest.raises(InputError, match="install rwlib again"):
        copy_notebooks(tmp_path, tmp_path / "nothing")


@pytest.mark.parametrize("size", [0, 1, 5000])
def test_start_completes_a_notebook_that_was_cut_short(tmp_path, size):
    whole = (NOTEBOOKS / "00_start_here.ipynb").read_bytes()
    (tmp_path / "00_start_here.ipynb").write_bytes(whole[:size])
    assert copy_notebooks(tmp_path)["00_start_here.ipynb"] == "copied"
    assert (tmp_path / "00_start_here.ipynb").read_bytes() == whole


@pytest.mark.parametrize("content", ['{"cells": [', "[]", "7", "", "\x00" * 9, "[" * 100_000])
def test_start_says_that_a_notebook_is_damaged_and_keeps_it(tmp_path, capsys, content):
    file = tmp_path / "00_start_here.ipynb"
    file.write_text(content or "x")
    assert main(["start", str(tmp_path)]) == 0
    assert "kept your own 00_start_here.ipynb, which is no whole notebook; " in capsys.readouterr().out
    assert file.read_text() == (content or "x")


def test_start_on_a_full_disk_leaves_no_part_of_a_notebook(tmp_path, monkeypatch, capfd):
    write, room = io.FileIO.write, [100_000]

    def until_full(self, data):
        if not self.name.startswith(str(tmp_path)):
            return write(self, data)
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        n = write(self, bytes(data)[: room[0]])
        room[0] -= n
        return n

    monkeypatch.setattr("rwlib.files.whole.io.FileIO", type("FileIO", (io.FileIO,), {"write": until_full}))
    assert main(["start", str(tmp_path / "mine")]) == 2
    assert "DIR: cannot write" in capfd.readouterr().err
    monkeypatch.undo()
    for file in (tmp_path / "mine").iterdir():
        assert file.read_bytes() == (NOTEBOOKS / file.name).read_bytes()
    assert "copied" in copy_notebooks(tmp_path / "mine").values()
