"""A training in the background, another process's training, and files that are read while they are being written."""

import gc
import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
from functools import partial

import pytest
import torch
from conftest import PATIENCE_S
from examples import tiny as smallest
from examples import until

from rwlib.conventions import InputError
from rwlib.data import Facades
from rwlib.training.run_folder import STATE, read_record
from rwlib.widgets.shared.background import Ticker
from rwlib.widgets.shared.follow import CurvesReader, RunFolder
from rwlib.widgets.shared.live import POLITE_S, STOP_FILE, LiveTraining, _Task, training_here
from rwlib.widgets.shared.panel import COMPUTING
from rwlib.widgets.shared.processes import is_training, run_dir_of, training_process
from rwlib.widgets.shared.watch import LOG, WatchedRun

tiny = partial(smallest, steps_per_epoch=3)


# --- curves.csv


def test_a_half_written_line_waits_for_its_end(tmp_path):
    file = tmp_path / "curves.csv"
    reader = CurvesReader(file)
    assert reader.read() == {}
    file.write_bytes(b"step,L")
    assert reader.read() == {}
    file.write_bytes(b"step,L,L_a\n0,1.5,\n1,1.2")
    first = reader.read()
    assert first["L"] == [1.5] and math.isnan(first["L_a"][0])
    with open(file, "ab") as opened:
        opened.write(b"5,0.5\n")
    assert reader.read()["L"] == [1.5, 1.25] and reader.read()["L_a"][1] == 0.5


def test_only_what_is_new_is_read(tmp_path, monkeypatch):
    file = tmp_path / "curves.csv"
    file.write_text("step,L\n" + "".join(f"{i},{i / 7}\n" for i in range(5000)))
    reader, taken = CurvesReader(file), []
    take = CurvesReader._take
    monkeypatch.setattr(CurvesReader, "_take", lambda self, line: taken.append(line) or take(self, line))
    assert len(reader.read()["step"]) == 5000 and len(taken) == 5001
    with open(file, "a") as opened:
        opened.write("5000,1\n")
    assert reader.read()["step"][-1] == 5000 and len(taken) == 5002
    reader.read()
    assert len(taken) == 5002


@pytest.mark.parametrize("rows", [[(0, 1), (1, 2)], [(0, 1), (1, 2), (2, 7), (3, 8), (4, 9), (5, 9)]])
def test_rows_that_a_resumed_run_takes_back_are_forgotten(tmp_path, rows):
    file = tmp_path / "curves.csv"
    file.write_text("step,L\n0,1\n1,2\n2,3\n3,4\n")
    reader = CurvesReader(file)
    assert reader.read()["L"] == [1, 2, 3, 4]
    file.write_text("step,L\n" + "".join(f"{step},{L}\n" for step, L in rows))
    assert reader.read()["L"] == [L for _, L in rows]


def test_the_newest_sheet_is_that_of_the_last_step(tmp_path):
    """As text, step 1,000,000 would come before step 999,500: the monitor would show that one for ever."""
    (tmp_path / "samples").mkdir()
    run = RunFolder(tmp_path)
    assert run.samples() is None
    for name in ("step_999500.png", "step_1000000.png", "step_000500.png", "step_of_mine.png"):
        (tmp_path / "samples" / name).touch()
    assert run.samples().name == "step_1000000.png"


def test_curves_that_cannot_be_read_are_none_yet(tmp_path):
    (tmp_path / "curves.csv").mkdir()
    for step in ("9" * 400, "-inf", "nan"):
        (tmp_path / step[:3]).mkdir()
        (tmp_path / step[:3] / "curves.csv").write_text(f"step,L\n0,1\n{step},1\n")
        assert RunFolder(tmp_path / step[:3]).step == 2
    assert RunFolder(tmp_path).step == 0 and RunFolder(tmp_path / ("x" * 300)).curves() == {}


def test_damaged_lines_are_left_out(tmp_path):
    file = tmp_path / "curves.csv"
    file.write_bytes(b"step,L\n0,1\n1\n\xff\xfe,\x00\n2,3,4\n3,4\n\n")
    reader = CurvesReader(file)
    found = reader.read()
    assert found["L"][0] == 1 and found["L"][-1] == 4 and len(found["step"]) == 3
    file.unlink()
    assert reader.read() == {}


# --- a ticker


class Counter:
    n = 0

    def count(self):
        self.n += 1


def test_a_ticker_ends_with_its_object_or_when_it_is_stopped():
    counter = Counter()
    ticker = Ticker(counter.count, 0.01)
    until(lambda: counter.n > 2)
    ticker.stop()
    ticker.thread.join(5)
    assert not ticker.thread.is_alive()
    other = Counter()
    ticker = Ticker(other.count, 0.01)
    del other
    gc.collect()
    ticker.thread.join(5)
    assert not ticker.thread.is_alive()


# --- in this kernel


@pytest.mark.slow
def test_a_stopped_training_goes_on_where_it_stopped_and_ends_as_if_it_never_had(tmp_path, capsys):
    whole, parts = LiveTraining(tiny(), Facades(0), tmp_path / "a"), LiveTraining(tiny(), Facades(0), tmp_path / "b")
    assert whole.state()[0] == "ready" and whole.total == 9 and not whole.running and whole.samples() is None
    whole.start()
    assert whole.running
    assert whole.join(120) and whole.error is None
    assert whole.state()[0] == "finished" and whole.step == 9 and whole.samples().name == "step_000009.png"

    parts.start()
    until(lambda: parts.step >= 2)
    parts.stop()
    assert parts.state()[0] in ("stopping", "stopped")
    parts.stop(wait=True)
    stopped_at = parts.step
    assert 2 <= stopped_at < 9 and parts.state()[0] == "stopped" and parts.resumable
    parts.start()
    assert parts.join(120) and parts.state()[0] == "finished"
    a, b = whole.curves(), parts.curves()
    assert a["L"] == b["L"] and a["step"] == b["step"] == list(range(9))
    assert all(map(math.isnan, a["L_a"][:6])) and all(map(math.isfinite, a["L_a"][6:]))
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_one_training_at_a_time_and_a_forgotten_one_stops(tmp_path):
    first = LiveTraining(tiny(steps_per_epoch=10_000), Facades(0))
    second = LiveTraining(tiny(), Facades(0), tmp_path)
    folder = first.run_dir
    first.start()
    first.start()  # a second click
    assert training_here() is first and second.state()[0] == "occupied" and "Stop ends it" in second.state()[1]
    with pytest.raises(InputError, match="training: another one runs in this kernel; stop it first"):
        second.start()
    ended = first._task.ended
    del first
    gc.collect()
    assert ended.wait(60)
    until(lambda: gc.collect() is not None and not folder.exists())  # a temporary folder goes with its training
    second.start()
    assert second.join(60) and second.state()[0] == "finished"


def test_a_training_is_stopped_from_another_process_by_a_file(tmp_path):
    live = LiveTraining(tiny(steps_per_epoch=10_000), Facades(0), tmp_path)
    live.start()
    until(lambda: live.step >= 1)
    (tmp_path / STOP_FILE).touch()
    assert live.join(60) and live.state()[0] == "stopped" and live.resumable
    assert not (tmp_path / STOP_FILE).exists() and training_here() is None
    (tmp_path / STOP_FILE).touch()  # an old one
    step = live.step
    live.start()
    until(lambda: live.step > step)
    live.stop(wait=True)


def test_a_training_takes_half_of_the_cores_and_leaves_the_other_threads_theirs(tmp_path, monkeypatch):
    from rwlib.widgets.shared import live

    def cores():
        torch.ones(300, 300) @ torch.ones(300, 300)  # a thread looks up its number when it first computes
        return torch.get_num_threads()

    found, go_on = {}, threading.Event()

    def train(*args, **kwargs):
        found["first"] = cores()
        go_on.wait(30)
        found["later"] = cores()

    monkeypatch.setattr(live, "train", train)
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        training = LiveTraining(tiny(), Facades(0), tmp_path)
        training.start()
        other = threading.Thread(target=lambda: found.update(other=cores()))
        other.start()
        other.join()
        go_on.set()
        assert training.join(30)
        assert found == {"first": 2, "other": 4, "later": 2} and cores() == 4
    finally:
        torch.set_num_threads(before)


def test_what_ends_a_training_is_one_line(tmp_path):
    with pytest.raises(InputError, match="the data has no end"):
        LiveTraining(tiny(steps_per_epoch=0), Facades(0))
    LiveTraining(tiny(), Facades(0), tmp_path).run_dir.mkdir(exist_ok=True)
    first = LiveTraining(tiny(), Facades(0), tmp_path)
    first.start()
    first.join(60)
    other = LiveTraining(tiny(seed=1), Facades(0), tmp_path)
    other.start()
    assert other.join(60) and "seed 0 -> 1" in other.error and "\n" not in other.error
    assert other.state()[0] == "failed"


def test_an_error_that_was_not_foreseen_is_no_secret(tmp_path, monkeypatch):
    from rwlib.widgets.shared import live
    from rwlib.widgets.shared.panel import FAULTS

    def broken(*args, **kwargs):
        raise RuntimeError("the roof fell in")

    monkeypatch.setattr(live, "train", broken)
    training = LiveTraining(tiny(), Facades(0), tmp_path)
    training.start()
    assert training.join(10) and training.error == "RuntimeError: the roof fell in"
    assert [str(fault) for fault in FAULTS] == ["the roof fell in"]
    FAULTS.clear()


@pytest.mark.slow
def test_a_kernel_that_ends_leaves_a_checkpoint(tmp_path):
    settings = json.loads(tiny(steps_per_epoch=10_000).to_json())
    code = f"""
import time
from rwlib.config import Config
from rwlib.data import Facades
from rwlib.widgets.shared.live import LiveTraining
live = LiveTraining(Config.from_dict({settings!r}), Facades(0), {str(tmp_path)!r})
live.start()
while live.step < 2 and live.running: time.sleep(0.02)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0 and done.stderr == ""
    assert read_record(tmp_path)["status"] == "stopped" and (tmp_path / STATE).exists()


# --- in another process


@pytest.mark.parametrize(
    ("command", "yes"),
    [
        (["python", "-m", "rwlib", "train", "--run-dir", "x"], True),
        (["/usr/bin/python3", "/elsewhere/me/.venv/bin/rwlib", "train", "--run-dir=x"], True),
        (["python", "/site-packages/rwlib/__main__.py", "train"], True),
        (["python", "-m", "rwlib", "evaluate", "--data", "train"], False),
        (["python", "train.py"], False),
        (["train"], False),
        ([], False),
        (["python", "-m", "ipykernel_launcher", "-f", "x.json"], False),
    ],
)
def test_which_command_lines_are_trainings(command, yes):
    assert is_training(command) is yes


def test_the_folder_in_a_command_line():
    assert run_dir_of(["rwlib", "train", "--run-dir", "a b"]) == run_dir_of(["--run-dir=a b"]) == "a b"
    assert run_dir_of(["rwlib", "train", "--run-dir"]) is None and run_dir_of([]) is None


@pytest.mark.parametrize("pid", [None, 0, -1, True, "7", 2**31, "own"])
def test_no_other_process_is_taken_for_a_training(tmp_path, pid):
    assert training_process(os.getpid() if pid == "own" else pid, tmp_path) is None


def record(folder, **values):
    folder.mkdir(exist_ok=True)
    run = {"config": json.loads(tiny().to_json()), "total_steps": 9, "host": socket.gethostname(), "status": "stopped"}
    (folder / "run.json").write_text(json.dumps(run | values))


def curve(folder, steps):
    (folder / "curves.csv").write_text("step,L\n" + "".join(f"{i},1\n" for i in range(steps)))


def test_every_state_of_a_folder_has_its_words(tmp_path):
    folder = tmp_path / "run"
    run = WatchedRun(folder)
    assert run.state()[0] == "empty" and run.config is None and run.schedule is None and run.step == 0
    folder.mkdir()
    (folder / "run.json").write_text('{"config"')
    assert run.state()[0] == "damaged"
    record(folder, pid=2**22 + 1, status="running")
    curve(folder, 4)
    word, sentence = run.state()
    assert word == "dead" and "after step 4" in sentence and "left no checkpoint" in sentence
    assert run.schedule.ends == (6, 9) and run.total == 9
    (folder / STATE).touch()
    assert "Resume goes on" in run.state()[1]
    record(folder, pid=os.getpid(), status="running")
    assert run.state()[0] == "foreign" and "not `rwlib train`" in run.state()[1]
    record(folder, pid=os.getpid(), status="running", started=1.0)
    assert run.state()[0] == "dead", "a number that was given to another process since"
    record(folder, pid=1, status="running", host="elsewhere.example")
    assert run.state()[0] == "elsewhere" and "elsewhere.example" in run.state()[1]
    record(folder)
    assert run.state()[0] == "stopped" and "step 4 of 9" in run.state()[1]
    curve(folder, 9)
    assert run.state()[0] == "finished" and not run.running


def test_what_cannot_be_done_is_said_and_nobody_gets_a_signal(tmp_path, monkeypatch):
    sent = []
    monkeypatch.setattr("psutil.Process.terminate", lambda self: sent.append(self.pid))
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="run: .*is a file"):
        WatchedRun(tmp_path / "file")
    folder = tmp_path / "run"
    record(folder, pid=os.getpid(), status="running")
    curve(folder, 2)
    WatchedRun(folder).stop()
    assert (folder / STOP_FILE).exists(), "another notebook's training looks for it"
    record(folder)
    with pytest.raises(InputError, match="Stopped after step 2"):
        WatchedRun(folder).stop()
    with pytest.raises(InputError, match="no checkpoint to go on from"):
        WatchedRun(folder).start()
    (folder / STATE).write_bytes(b"")
    with pytest.raises(InputError, match="is empty .zero bytes."):
        WatchedRun(folder).start()
    with pytest.raises(InputError, match="holds no run yet"):
        WatchedRun(tmp_path / "none").start()
    assert sent == []


@pytest.mark.slow
def test_a_real_training_is_watched_stopped_killed_and_resumed(tmp_path):
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "rwlib", "train", "--run-dir", str(folder), "--size", "tiny"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    options = {"width": 4, "discriminator-width": 4, "size-px": 16, "batch-size": 1, "vgg": "random", "vgg-size-px": 0,
               "steps-per-epoch": 20_000, "checkpoint-every": 5, "sample-every": 5}  # fmt: skip
    command += [word for name, value in options.items() for word in (f"--{name}", str(value))]
    run = WatchedRun(folder)
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        until(lambda: run.step > 5)
        assert run.state() == ("running", f"Process {started.pid} trains.") and run.process().pid == started.pid
        assert run.samples() is not None
        run.stop()
        assert started.wait(60) == 0
        until(lambda: run.state()[0] == "stopped")
        stopped_at = run.step
        assert read_record(folder)["status"] == "stopped" and run.resumable

        run.start()
        assert run.state()[0] in ("starting", "running")
        until(lambda: run.step > stopped_at + 5)
        assert run.state()[0] == "running"
        own = run._started or run.process()
        os.kill(own.pid, signal.SIGKILL)  # as if the power failed
        until(lambda: run.state()[0] not in ("running", "starting"))
        word, sentence = run.state()
        assert not run.running and (word == "dead") and run.step > stopped_at, sentence
    finally:
        started.kill()
        if run.process():
            run.process().kill()
    assert (folder / LOG).exists()


@pytest.mark.slow
def test_a_resume_that_fails_says_why(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    record(folder, status="running", pid=2**22 + 1, source="nowhere/at/all", val="")
    curve(folder, 2)
    (folder / STATE).touch()
    run = WatchedRun(folder)
    monkeypatch.setattr("rwlib.widgets.shared.watch.newest_state", lambda folder: "there is one")
    run.start()
    until(lambda: run.state()[0] not in ("starting", "running"))
    assert run.state()[0] == "stopped" and "ended with status 2: rwlib: " in run.error and "\n" not in run.error
    assert threading.active_count() < 50


def test_a_step_waits_a_little_for_what_a_panel_computes_and_not_for_long(tmp_path):
    task = _Task(None, None, tmp_path, None)
    with COMPUTING:
        waited = threading.Thread(target=task.asked_to_stop)
        waited.start()
        waited.join(POLITE_S / 2)
        assert waited.is_alive(), "a light control goes first"
        waited.join(30)
        assert not waited.is_alive(), "a long measurement is not waited for"
