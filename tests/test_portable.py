"""What differs on Windows and macOS, as far as it can be played through here: missing functions, locks, cp1252, spawn.

Nothing of rwlib was run on these systems for want of such a machine.
"""

import ast
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from test_imports import ROOT, sources

from rwlib import system
from rwlib.bench import measure
from rwlib.data import Facades, TrainingSamples
from rwlib.errors import InputError
from rwlib.files import replacing
from rwlib.training.signals import STOPPING
from rwlib.training.workers import leave_signals_to_training
from rwlib.widgets.shared import watch

POSIX_ALONE = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty", "syslog"}
GUARDED = {
    "os": set("fork getuid geteuid getpgid killpg setsid mkfifo sysconf statvfs sched_getaffinity nice".split()),
    "signal": set("SIGUSR1 SIGUSR2 SIGHUP SIGKILL SIGALRM SIGQUIT SIGPIPE alarm pause".split()),
}
"""Names that Windows lacks."""
LINUX_ALONE = {"rwlib.course.classroom.forks"}
"""Used only where its `can_fork` says so; elsewhere every page of the app has a kernel of its own."""


def test_no_module_imports_what_windows_lacks():
    for name, text in sources().items():
        tree = ast.parse(text)
        # An import that is tried, and may fail, stands in such a block.
        tried = {child for node in ast.walk(tree) if isinstance(node, ast.Try) for child in node.body
                 if any("ImportError" in ast.unparse(handler) for handler in node.handlers)}  # fmt: skip
        for node in {*ast.walk(tree)} - tried:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not POSIX_ALONE & {*names}, name


def test_every_use_of_a_name_that_windows_lacks_stands_in_a_function_that_asks_for_it():
    assert LINUX_ALONE <= sources().keys() and "sys.platform" in sources()["rwlib.course.classroom.forks"]
    for name, text in sources().items():
        if name in LINUX_ALONE:
            continue
        tree = ast.parse(text)
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        inner = {node for function in functions for node in ast.walk(function) if node is not function}
        for function in [function for function in functions if function not in inner]:
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    if node.attr in GUARDED.get(node.value.id, ()):
                        own = ast.unparse(function)
                        asked = f"hasattr({node.value.id}, '{node.attr}')" in own or "AttributeError" in own
                        assert asked or "sys.platform" in own, f"{name}.{function.name}: {node.attr}"


def test_a_file_that_is_being_read_is_replaced_a_moment_later(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    refusals, rename = [PermissionError(13, "in use"), PermissionError(13, "in use")], os.replace

    def busy(*places):
        if refusals:
            raise refusals.pop()
        return rename(*places)

    monkeypatch.setattr(os, "replace", busy)
    with replacing(tmp_path / "curves.csv") as file:
        file.write(b"new")
    assert (tmp_path / "curves.csv").read_bytes() == b"new" and os.listdir(tmp_path) == ["curves.csv"]


def test_a_file_that_stays_in_use_is_told_as_such(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr("rwlib.files.whole.PATIENCE_S", 0.1)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "in use")))
    with pytest.raises(InputError, match="cannot write .*in use"), replacing(tmp_path / "x") as file:
        file.write(b"new")
    assert os.listdir(tmp_path) == []


def test_a_machine_without_its_functions_is_described(monkeypatch):
    monkeypatch.delattr(os, "sysconf", raising=False)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    assert system.memory_gb() == 0 and system.usable_cores() == os.cpu_count()
    measure.steady_allocator()  # and there is no C library to ask


def test_training_is_asked_to_end_by_what_the_system_has(tmp_path, monkeypatch):
    assert "SIGBREAK" in STOPPING  # Windows
    sent = []
    process = type("Process", (), {"send_signal": lambda self, number: sent.append(number)})()
    run = watch.WatchedRun(tmp_path)
    monkeypatch.setattr(watch.WatchedRun, "process", lambda self: process)
    run.stop()
    monkeypatch.setattr(signal, "CTRL_BREAK_EVENT", 1, raising=False)
    run.stop()
    assert sent == [signal.SIGTERM, 1]


def test_samples_reach_a_process_that_is_spawned():
    """macOS and Windows start workers anew instead of copying this process."""
    samples = TrainingSamples(Facades(seed=0), 16, (0.1, 0.4), "both", 0)
    again, start = pickle.loads(pickle.dumps((samples, leave_signals_to_training)))
    assert all((a == b).all() for a, b in zip(again[3], samples[3], strict=True)) and callable(start)


@pytest.mark.slow  # starts processes
def test_a_run_with_spawned_workers_trains(tmp_path):
    code = (
        "import multiprocessing, sys; from rwlib.commands.main import main\n"
        "if __name__ == '__main__': multiprocessing.set_start_method('spawn'); sys.exit(main(sys.argv[1:]))"
    )
    (tmp_path / "run.py").write_text(code)
    words = f"train --data facades --run-dir {tmp_path / 'run'} --size tiny --width 4 --size-px 16 --batch-size 2"
    words += " --epochs 1 0 --steps-per-epoch 2 --workers 1"
    report = subprocess.run(
        [sys.executable, str(tmp_path / "run.py"), *words.split()],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert report.returncode == 0, report.stderr
    assert (tmp_path / "run/generator.safetensors").exists()
    assert multiprocessing.get_start_method(allow_none=True) != "spawn"


@pytest.mark.slow  # starts processes
def test_a_console_of_windows_shows_every_message():
    for words in (["doctor"], ["nonsense×→"], ["inpaint", "Ω.png", "--mask", "m.png", "-o", "o.png"]):
        report = subprocess.run(
            [sys.executable, "-m", "rwlib", *words], capture_output=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
        )  # fmt: skip
        said = (report.stdout + report.stderr).decode("cp1252")
        assert "Traceback" not in said and said.strip(), said


def test_texts_are_the_same_bytes_on_every_system():
    assert "* text=auto eol=lf" in (ROOT / ".gitattributes").read_text()
    names = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True).stdout.splitlines()
    if not names:
        pytest.skip("this is not a clone")
    assert len({name.lower() for name in names}) == len(names)  # a disk that knows no case
    assert all(len(name) < 120 for name in names)  # Windows allows 260 with the folder of the clone
    reserved = {"con", "prn", "aux", "nul"} | {f"{kind}{n}" for kind in ("com", "lpt") for n in range(1, 10)}
    parts = {part for name in names for part in Path(name).parts}
    assert not [part for part in parts if part.split(".")[0].lower() in reserved or set(part) & set('<>:"|?*\\')]
