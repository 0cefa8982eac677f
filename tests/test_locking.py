"""One writer a folder: a second process is refused, and one that was killed leaves no lock."""

import signal
import subprocess
import sys

import pytest

from rwlib import files as locking
from rwlib.conventions import InputError
from rwlib.files import only_writer

HOLD = """
import sys
from rwlib.files import only_writer
with only_writer(sys.argv[1], "run_dir"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(locking, "PATIENCE_S", 0.2)


@pytest.fixture
def holder(tmp_path):
    """A process that writes to tmp_path / "run"."""
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path / "run"], stdin=pipe, stdout=pipe, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_process_is_refused_until_the_first_has_ended(holder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for same in (tmp_path / "run", "run", "run/../run/."):
        with pytest.raises(InputError, match="out: another process is writing to .*; wait"), only_writer(same, "out"):
            pass
    with only_writer(tmp_path / "other", "out"):
        pass
    holder.communicate("")
    with only_writer("run", "out"):
        assert not list(tmp_path.iterdir()), "nothing is left in the folder"


def test_a_killed_process_leaves_no_lock(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with only_writer(tmp_path / "run", "run_dir"):
        pass


def test_it_is_given_back_after_an_error_and_refused_to_another_thread_of_the_same_process(tmp_path):
    with pytest.raises(ZeroDivisionError), only_writer(tmp_path, "run_dir"):
        raise ZeroDivisionError
    with only_writer(tmp_path, "run_dir"), pytest.raises(InputError), only_writer(tmp_path, "run_dir"):
        pass
