"""A run survives what happens to runs: signals, kill -9 at any moment, damaged files, a loss that is not finite."""

import csv
import dataclasses
import errno
import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from accelerate.tracking import GeneralTracker
from conftest import PATIENCE_S
from safetensors.torch import load_file, save_file
from test_training_loop import Noise, curves, on_the_cpu, run, tiny  # noqa: F401 (a fixture)

from rwlib.checkpoints import checksum, load_generator, read_checkpoint, write_checkpoint
from rwlib.conventions import InputError
from rwlib.training.curves import Curves
from rwlib.training.loop import train
from rwlib.training.methods import METHODS
from rwlib.training.run_folder import read_record, write_record
from rwlib.training.signals import signal_watch
from rwlib.training.state import newest_state, read_step, save_state
from rwlib.training.timer import PartTimer

TESTS = Path(__file__).parent
START = """
import os, sys, time
sys.path[:0] = [sys.argv[2]]
from test_training_loop import Noise, tiny
from rwlib.training.loop import train
class Slow(Noise):
    def crop(self, *args):
        time.sleep(0.005)
        return super().crop(*args)
def go(folder):
    config = tiny(epochs=(300, 100), checkpoint_every=5, sample_every=50, ema_decay=0.5)
    train(config, Slow(), folder, resume=True, progress=False)
"""
ALONE = START + "go(sys.argv[1])"
# Importing torch takes seconds, so one process does it once and then forks: a child, in a group of its own, for each
# line that it reads. What the child prints goes to a file beside its folder.
NURSERY = (
    START
    + """
import torch._dynamo, torchvision.utils  # a training loads both, and else each fork would anew
for folder in map(str.strip, sys.stdin):
    pid = os.fork()
    if not pid:
        os.setsid()
        with open(folder + ".txt", "w") as printed:
            os.dup2(printed.fileno(), 1)
            os.dup2(printed.fileno(), 2)
        go(folder)
        sys.stdout.flush()
        os._exit(0)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
)
SIGNALS = ("SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP", "SIGXCPU")


def start(folder, code=ALONE, alone=False, *words):
    """Train 400 steps in a process of its own (in a group of its own), from where the folder's run stopped."""
    command = [sys.executable, "-c", code, str(folder), str(TESTS), *words]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, env=environment, cwd=TESTS.parent, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True,
        start_new_session=alone,
    )  # fmt: skip


def wait_for_steps(folder, n, process, timeout_s=PATIENCE_S):
    """Wait until the run has written at least n rows."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end and process.poll() is None:
        file = folder / "curves.csv"
        if file.exists() and file.read_bytes().count(b"\n") > n:
            return
        time.sleep(0.01)
    raise AssertionError(f"no {n} steps: {process.communicate(timeout=5)[0]}")


def born(nursery, folder):
    """Let the nursery train in a folder; return the number of the process that does."""
    nursery.stdin.write(f"{folder}\n")
    nursery.stdin.flush()
    return int(nursery.stdout.readline())


# --- signals


FAILURES = {
    "the training fails": ("stop", "raise MemoryError('no room')"),
    "the training fails while a worker waits for a disk that is gone": ("stop", "raise MemoryError('no room')"),
    "a worker is killed": ("crop", "os.kill(os.getpid(), 9)"),
    "the second worker cannot be started": ("start", "raise MemoryError('no room')"),
}
WAYS_TO_FAIL = """
import multiprocessing
from multiprocessing.process import BaseProcess
from rwlib.training import loop
way, deed = sys.argv[3:]
n = 0
def fail():
    print("failed at", time.time(), flush=True)
    exec(deed)
class Source(Slow):
    def crop(self, *args):
        global n
        n += 1
        if multiprocessing.parent_process() and way == "crop" and n > 20:
            fail()
        if multiprocessing.parent_process() and "gone" in sys.argv[1] and n > 6:  # 4 are those of the sample grid
            print("waits", flush=True)
            time.sleep(1e6)
        return super().crop(*args)
start, started = BaseProcess.start, []
def second_fails(self):
    started.append(self)
    fail() if len(started) == 2 else start(self)
if way == "start":
    BaseProcess.start = second_fails
def stop():
    if "gone" in sys.argv[1]:
        time.sleep(1)
    return way == "stop" and fail()
config = tiny(epochs=(300, 100), workers=2)
train(config, Source(), sys.argv[1], progress=False, stop=stop)
"""


@pytest.mark.slow
@pytest.mark.parametrize("what", FAILURES)
def test_an_exception_ends_the_process_and_its_workers_within_ten_seconds(tmp_path, what):
    """They ignore signals, so Python's own way of ending them would wait for ever."""
    way, deed = FAILURES[what]
    folder = tmp_path / ("gone" if "gone" in what else "there")
    process = start(folder, START + WAYS_TO_FAIL, True, way, deed)
    printed = process.communicate(timeout=PATIENCE_S)[0]
    ended = time.time()
    assert process.returncode == 1, printed
    seconds = ended - float(re.search(r"failed at ([\d.]+)", printed)[1])
    print(f"{what}: {seconds:.1f} s")
    assert seconds < 10 * max(1, os.getloadavg()[0] / os.cpu_count()), printed
    assert printed.count("waits") == (2 if "gone" in what else 0)
    assert ("killed by signal" if way == "crop" else "MemoryError: no room") in printed
    assert read_record(folder)["status"] == "failed"
    with pytest.raises(ProcessLookupError):  # nobody of its group is left
        os.killpg(process.pid, 0)


@pytest.mark.slow
@pytest.mark.parametrize("to_all", [False, True])
def test_a_signal_ends_a_run_after_the_step_and_nothing_is_lost(tmp_path, to_all):
    """A terminal's Ctrl-C, `scancel` and systemd signal the whole group, with the processes that prepare data."""
    code = NURSERY.replace("checkpoint_every=5", "checkpoint_every=1000, workers=2") if to_all else NURSERY
    nursery = start(tmp_path, code)
    for name in SIGNALS:
        folder = tmp_path / name
        pid = born(nursery, folder)
        wait_for_steps(folder, 7, nursery)
        assert read_record(folder)["status"] == "running" and read_record(folder)["pid"] == pid
        (os.killpg if to_all else os.kill)(pid, getattr(signal, name))
        status, printed = nursery.stdout.readline(), Path(f"{folder}.txt").read_text()
        assert status == "0\n", printed
        step = read_step(folder / "training.safetensors")
        assert f"stopped after step {step} of 400 ({name})" in printed
        rows = curves(folder)
        assert len(rows) == step and rows[-1]["step"] == str(step - 1)
        assert read_record(folder)["status"] == "stopped"
    nursery.stdin.close()
    assert nursery.wait(PATIENCE_S) == 0


def test_a_second_signal_is_not_caught():
    with signal_watch() as came:
        assert came() == ""
        os.kill(os.getpid(), signal.SIGINT)
        assert came() == "SIGINT"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(not hasattr(signal, "SIGXCPU"), reason="Windows has no limit of processor time")
def test_a_limit_of_processor_time_is_told_every_second_but_ends_a_run_once():
    before = signal.getsignal(signal.SIGXCPU)
    try:
        with signal_watch() as came:
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGXCPU)
                time.sleep(0.01)
            assert came() == "SIGXCPU"
        os.kill(os.getpid(), signal.SIGXCPU)  # while it says what was written, and ends
    finally:
        signal.signal(signal.SIGXCPU, before)


@pytest.mark.slow
def test_asked_to_stop_it_stops_with_a_checkpoint_and_goes_on_bit_for_bit(tmp_path):
    config = tiny(epochs=(3, 2), ema_decay=0.5)
    run(config, tmp_path / "straight")
    asked = iter([False, True])
    run(config, tmp_path / "stopped", stop=lambda: next(asked))
    assert len(curves(tmp_path / "stopped")) == 2 and read_record(tmp_path / "stopped")["status"] == "stopped"
    run(config, tmp_path / "stopped", resume=True)
    one, other = (load_file(tmp_path / name / "training.safetensors") for name in ("straight", "stopped"))
    assert all(torch.equal(x, other[name]) for name, x in one.items())


# --- kill -9


@pytest.mark.slow
def test_thirty_times_kill_9_at_any_moment_and_the_run_always_goes_on(tmp_path):
    """Half of the moments are while a checkpoint is being written: right after its temporary file appears."""
    rng, seen, step = random.Random(0), [], 0
    nursery = start(tmp_path, NURSERY)
    for k in range(30):
        pid = born(nursery, tmp_path)
        wait_for_steps(tmp_path, step + 1 + rng.randrange(4), nursery)
        if k % 2:
            end = time.monotonic() + 20
            while time.monotonic() < end and not list(tmp_path.rglob(".training*.part")):
                pass
        else:
            time.sleep(rng.random() * 0.1)
        os.kill(pid, signal.SIGKILL)
        assert nursery.stdout.readline() == f"{-signal.SIGKILL}\n"  # it is gone
        seen.append(bool(list(tmp_path.rglob("*.part"))))
        before, state = step, newest_state(tmp_path)
        rows, step = (tmp_path / "curves.csv").read_bytes().count(b"\n") - 1, state[3]["step"] if state else 0
        assert step >= before and rows - step <= 5, "it loses at most the steps since the last checkpoint"
        assert all(x.isfinite().all() for x in (state[1].values() if state else ()) if x.is_floating_point())
    nursery.stdin.close()
    nursery.wait(PATIENCE_S)
    assert any(seen), "no kill came while a checkpoint was being written"
    process = start(tmp_path)
    wait_for_steps(tmp_path, step + 6, process)
    process.terminate()
    assert process.wait(PATIENCE_S) == 0, process.communicate()[0]
    assert not list(tmp_path.rglob("*.part*"))
    with open(tmp_path / "curves.csv", newline="") as opened:
        assert [int(row["step"]) for row in csv.DictReader(opened)] == list(range(len(curves(tmp_path))))


# --- checkpoints


def test_the_last_few_checkpoints_are_kept_and_the_newest_whole_one_is_used(tmp_path):
    config = tiny(epochs=(6, 0), checkpoint_every=1, ema_decay=0.0)
    run(config, tmp_path, keep=3)
    assert sorted(file.name for file in (tmp_path / "older").iterdir()) == [
        "step_000004.safetensors", "step_000005.safetensors"
    ]  # fmt: skip
    assert [read_step(file) for file in sorted((tmp_path / "older").iterdir())] == [4, 5]
    whole = (tmp_path / "training.safetensors").read_bytes()
    (tmp_path / "training.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.warns(UserWarning, match="training.safetensors.*going on from the checkpoint before it"):
        run(config, tmp_path, resume=True)
    (tmp_path / "whole").write_bytes(whole)
    one, other = load_file(tmp_path / "whole"), load_file(tmp_path / "training.safetensors")
    assert one.keys() == other.keys() and all(torch.equal(x, other[name]) for name, x in one.items())
    (tmp_path / "training.safetensors").write_bytes(b"not even a header")
    with pytest.warns(UserWarning, match="training.safetensors"):
        run(config, tmp_path, resume=True)
    assert read_step(tmp_path / "training.safetensors") == 6
    for file in tmp_path.rglob("*.safetensors"):
        file.write_bytes(b"x")
    with pytest.warns(UserWarning), pytest.raises(InputError, match="checkpoint: "):
        run(config, tmp_path, resume=True)


@pytest.mark.parametrize("what", ["field", "format", "folder"])
def test_a_checkpoint_that_is_whole_but_not_understood_is_never_taken_for_damaged(tmp_path, what):
    """A newer rwlib wrote it, or a disk does not answer: going on from an older one would lose work."""
    run(tiny(checkpoint_every=1), tmp_path, steps=2)
    file = tmp_path / "training.safetensors"
    tensors, config, about = read_checkpoint(file)
    header = {"format": "rwlib-1", "kind": "training", "config": config.to_json(), "about": json.dumps(about)}
    if what == "field":
        header["config"] = json.dumps(json.loads(header["config"]) | {"from_the_future": 1})
    if what == "format":
        header["format"] = "rwlib-2"
    header["sha256"] = checksum(header, tensors)
    save_file(tensors, file, metadata=header)
    if what == "folder":
        file.unlink()
        file.mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="from_the_future|expected format rwlib-1|is a folder"):
        run(tiny(checkpoint_every=1), tmp_path, resume=True)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_disk_that_does_not_answer_is_no_reason_to_go_on_from_an_older_checkpoint(tmp_path, monkeypatch):
    run(tiny(checkpoint_every=1), tmp_path, steps=2)
    before, real = sorted(tmp_path.rglob("*")), os.stat

    def stale(path, *arguments, **options):
        if str(path).endswith("training.safetensors"):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
        return real(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", stale)
        with pytest.raises(InputError, match="checkpoint: .*training.safetensors cannot be opened .*; try again"):
            newest_state(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_other_settings_are_refused_before_a_damaged_checkpoint_is_set_aside(tmp_path):
    run(tiny(checkpoint_every=1), tmp_path, steps=2)
    (tmp_path / "training.safetensors").write_bytes(b"x")
    before = sorted(tmp_path.rglob("*"))
    with pytest.warns(UserWarning, match="going on from"), pytest.raises(InputError, match="width 4 -> 6"):
        run(tiny(checkpoint_every=1, width=6), tmp_path, resume=True)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("rng.cpu", "lacks the state of the random numbers; go on from an older one"),
        ("opt_", "lacks the optimisers' state; go on from an older one, or start anew"),
        ("opt_G", "lacks the optimisers' state; go on from an older one, or start anew"),
        ("opt_G.0.exp_avg_sq", "has no whole state of opt_G; go on from an older one, or start anew"),
        ("opt_D.3.step", "has no whole state of opt_D; "),
        ("step", "does not say its step; "),
        ("G.semantic_inferring", "does not fit the network: .* is missing"),
    ],
)
def test_a_checkpoint_that_lacks_a_part_is_never_gone_on_from(tmp_path, lost, words):
    """Its SHA-256 is right: a program wrote it so. With fresh optimisers a run would go on, and be another one."""
    run(tiny(epochs=(1, 2)), tmp_path, steps=2)
    file = tmp_path / "training.safetensors"
    tensors, config, about = read_checkpoint(file)
    kept = {name: x for name, x in tensors.items() if lost == "step" or not name.startswith(lost)}
    about = {name: x for name, x in about.items() if name != lost}
    write_checkpoint(file, kept, kind="training", config=config, about=about)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=f"checkpoint: .*training.safetensors {words}"):
        run(tiny(epochs=(1, 2)), tmp_path, resume=True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("name", "value"),
    [("opt_G.0.more", torch.zeros(1)), ("opt_G.a.step", torch.zeros(1)), ("opt_G.999.step", torch.zeros(1)),
     ("opt_G.0.exp_avg", torch.zeros(2))],
)  # fmt: skip
def test_an_optimisers_state_of_another_kind_is_refused(tmp_path, name, value):
    run(tiny(), tmp_path, steps=1)
    file = tmp_path / "training.safetensors"
    tensors, config, about = read_checkpoint(file)
    write_checkpoint(file, tensors | {name: value}, kind="training", config=config, about=about)
    with pytest.raises(InputError, match="has no whole state of opt_G"):
        run(tiny(), tmp_path, resume=True)


@pytest.mark.parametrize("name", ["run.json", "curves.csv", "step_000001.png", "generator", "training"])
def test_a_disk_that_is_full_ends_a_run_in_one_line(tmp_path, monkeypatch, name):
    """Whichever file is the first that finds no room."""
    real = os.fsync

    def full(number):
        if name in os.path.basename(os.readlink(f"/proc/self/fd/{number}")):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(number)

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"cannot write .* \(No space left on device\); free some") as caught:
        run(tiny(sample_every=1, checkpoint_every=1), tmp_path / "run")
    assert "\n" not in str(caught.value) and not list(tmp_path.rglob("*.part*"))
    monkeypatch.undo()
    run(tiny(sample_every=1, checkpoint_every=1), tmp_path / "run", resume=True)
    assert len(curves(tmp_path / "run")) == 3


def test_older_checkpoints_are_sorted_by_their_steps(tmp_path):
    (tmp_path / "older").mkdir()
    for step in (999_000, 1_000_000, 1_000_500):
        (tmp_path / "older" / f"step_{step:06d}.safetensors").touch()
    for step in (1_001_000, 1_001_500):
        save_state(tmp_path, {"G.weight": torch.ones(3)}, tiny(), {"step": step}, keep=3)
    kept = sorted(file.name for file in (tmp_path / "older").iterdir())
    assert kept == ["step_1000500.safetensors", "step_1001000.safetensors"]


def test_weights_that_are_not_finite_are_never_written(tmp_path):
    config = tiny()
    (tmp_path / "older").mkdir()
    save_state(tmp_path, {"G.weight": torch.ones(3)}, config, {"step": 1}, 2)
    with pytest.raises(InputError, match="training: after step 2 D.bias is not finite; no checkpoint was written"):
        save_state(tmp_path, {"D.bias": torch.tensor([1.0, float("nan")])}, config, {"step": 2}, 2)
    assert read_step(tmp_path / "training.safetensors") == 1 and not list((tmp_path / "older").iterdir())


def test_weights_that_are_not_finite_do_not_replace_the_generator(tmp_path, monkeypatch):
    """The losses of a step are those before its update: they may be finite where the weights no longer are."""
    method = METHODS["region-wise"]

    def burst(players, config, phase, number, update):
        losses = method.training_step(players, config, phase, number, update)
        with torch.no_grad():
            next(iter(players.G.parameters())).mul_(1.0 if number == 0 else float("inf"))
        return losses

    monkeypatch.setitem(METHODS, "region-wise", dataclasses.replace(method, training_step=burst))
    with pytest.raises(InputError, match="after step 2 G.* is not finite; no checkpoint was written"):
        run(tiny(checkpoint_every=1, ema_decay=0.0, epochs=(2, 0)), tmp_path)
    assert read_step(tmp_path / "training.safetensors") == 1 and load_generator(tmp_path / "generator.safetensors")


def test_a_disk_that_takes_no_second_checkpoint_ends_in_one_line(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    save_state(tmp_path, {"G.weight": torch.ones(3)}, tiny(), {"step": 1}, 2)
    monkeypatch.setattr("rwlib.training.state.os.link", full)
    monkeypatch.setattr("rwlib.training.state.shutil.copyfile", full)
    with pytest.raises(InputError, match=r"run_dir: cannot write .*\(No space left on device\); free some space"):
        save_state(tmp_path, {"G.weight": torch.ones(3)}, tiny(), {"step": 2}, 2)
    assert read_step(tmp_path / "training.safetensors") == 1


def test_rows_of_a_step_that_came_already_are_left_out(tmp_path):
    Curves(tmp_path / "curves.csv", 0, ["L"]).close()
    header = (tmp_path / "curves.csv").read_text().strip()
    rows = [f"{step},1{',0.5' * (header.count(',') - 1)}" for step in (0, 1, 1, 0, 2, 7)]
    (tmp_path / "curves.csv").write_text("\n".join([header, *rows]) + "\n")
    Curves(tmp_path / "curves.csv", 4, ["L"]).close()
    assert [line.split(",")[0] for line in (tmp_path / "curves.csv").read_text().splitlines()[1:]] == ["0", "1", "2"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_is_told_of_by_the_row_and_not_by_closing(tmp_path):
    curves_file = Curves(tmp_path / "curves.csv", 0, ["L"])
    curves_file.close()
    curves_file.file = open("/dev/full", "a", buffering=1)  # noqa: SIM115
    with pytest.raises(InputError, match="run_dir: cannot write"):
        curves_file.write({"step": 1})
    curves_file.close()


def test_a_damaged_checkpoint_is_set_aside_and_a_run_below_keeps_its_part_files(tmp_path):
    config = tiny(epochs=(3, 0), checkpoint_every=1)
    run(config, tmp_path)
    (tmp_path / "training.safetensors").write_bytes(b"x")
    (tmp_path / "other").mkdir()
    for place in (tmp_path, tmp_path / "samples", tmp_path / "older", tmp_path / "other"):
        (place / ".x.part").touch()
    with pytest.warns(UserWarning, match="going on from the checkpoint before it"):
        assert newest_state(tmp_path)[3]["step"] == 2
    assert not list(tmp_path.glob("*.damaged")), "other processes may be reading"
    with pytest.warns(UserWarning, match="going on from the checkpoint before it"):
        run(config, tmp_path, resume=True)
    assert (tmp_path / "training.safetensors.damaged").read_bytes() == b"x"
    assert list(tmp_path.rglob(".*.part")) == [tmp_path / "other" / ".x.part"]


def test_a_run_that_is_asked_to_stop_at_its_last_step_has_finished(tmp_path):
    run(tiny(epochs=(1, 0)), tmp_path, stop=lambda: True)
    assert read_record(tmp_path)["status"] == "finished"


def test_a_loss_that_is_not_finite_names_step_term_and_photographs(tmp_path, monkeypatch):
    class Poisoned(Noise):
        names = ["red.jpg", "green.jpg", "blue.jpg", "grey.jpg", "pink.jpg"]

    config = tiny(checkpoint_every=1, ema_decay=0.0, epochs=(0, 4))
    poisoned = iter([1.0, 1.0, float("nan")])

    method = METHODS["region-wise"]

    def poison(players, *args):
        with torch.no_grad():
            next(iter(players.D.parameters())).mul_(next(poisoned))
        return method.training_step(players, *args)

    monkeypatch.setitem(METHODS, "region-wise", dataclasses.replace(method, training_step=poison))
    with pytest.raises(InputError) as caught:
        run(config, tmp_path, Poisoned())
    message = str(caught.value)
    assert re.match(
        r"training: step 2, phase 2: L_D = nan, .*L_a = nan, L = nan on (\w+\.jpg), (\w+\.jpg); lower", message
    ), message
    assert "training.safetensors is the last good checkpoint" in message and "\n" not in message
    assert read_checkpoint(tmp_path / "training.safetensors")[2]["step"] == 2
    assert read_record(tmp_path)["status"] == "failed"


def test_the_best_generator_on_held_out_photographs_is_kept(tmp_path):
    class HeldOut(Noise):
        def center(self, index, size_px):
            return self.crop(index, size_px, torch.Generator().manual_seed(index))

    config = tiny(epochs=(8, 0), checkpoint_every=2, ema_decay=0.0, learning_rate=3e-3)
    run(config, tmp_path, val=HeldOut())
    scores = {row["step"]: float(row["val_hole_psnr"]) for row in curves(tmp_path) if row["val_hole_psnr"]}
    assert list(scores) == ["1", "3", "5", "7"] and 3 < min(scores.values()) < max(scores.values()) < 40
    _, _, about = read_checkpoint(tmp_path / "best.safetensors", kind="generator")
    step, best = max(scores.items(), key=lambda item: item[1])
    assert about["step"] == int(step) + 1 and about["val_hole_psnr"] == pytest.approx(best, abs=1e-3)
    (tmp_path / "best.safetensors").write_bytes(b"")  # a damaged one is replaced, not fatal
    run(tiny(epochs=(8, 0), checkpoint_every=2, ema_decay=0.0, learning_rate=3e-3), tmp_path, resume=True)


# --- fp16


@pytest.fixture
def fp16_on_the_cpu(monkeypatch):
    """Accelerate scales the gradients of fp16 on GPUs only; here a CPU does the same arithmetic."""

    def scaling(**options):
        accelerator = Accelerator(**options)
        # It begins so high that some gradients overflow, and grows again after three steps that went well.
        accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**22, growth_interval=3)
        accelerator.native_amp = True
        return accelerator

    monkeypatch.setattr("rwlib.training.launch.Accelerator", scaling)


@pytest.mark.slow
def test_a_resumed_fp16_run_goes_on_with_the_same_scale_and_skips_the_same_steps(tmp_path, fp16_on_the_cpu):
    config = tiny(epochs=(8, 6), precision="fp16", ema_decay=0.5, checkpoint_every=1)
    run(config, tmp_path / "straight", keep=20)
    for stop in (2, 6, 9, 11, None):
        run(config, tmp_path / "resumed", resume=True, steps=stop)
    one, other = (load_file(tmp_path / name / "training.safetensors") for name in ("straight", "resumed"))
    assert one.keys() == other.keys() and all(torch.equal(x, other[name]) for name, x in one.items())
    assert curves(tmp_path / "straight") == curves(tmp_path / "resumed")
    older = sorted((tmp_path / "straight" / "older").iterdir())
    states = [*map(load_file, older), one]
    scales = [float(state["scaler.scale"]) for state in states]
    changes = [b / a for a, b in itertools.pairwise(scales)]
    assert min(changes) < 1 < max(changes), f"the scale must fall and grow in this test: {scales}"
    # A step of phase one whose gradients overflowed moves no weight and not Adam's count; its loss is finite.
    skipped = [k for k in range(7) if changes[k] < 1]
    assert skipped
    for k in skipped:
        for name, x in states[k].items():
            if name.startswith(("G.", "opt_G.")):
                assert torch.equal(x, states[k + 1][name]), name


def test_a_checkpoint_without_a_scale_still_loads(tmp_path, fp16_on_the_cpu):
    config = tiny(epochs=(4, 0), precision="fp16")
    run(config, tmp_path, steps=2)
    tensors, saved, about = read_checkpoint(tmp_path / "training.safetensors")
    assert "scaler.scale" in tensors
    tensors = {name: x for name, x in tensors.items() if not name.startswith("scaler.")}
    save_state(tmp_path, tensors, saved, about, 1)
    run(config, tmp_path, resume=True)
    assert len(curves(tmp_path)) == 4


# --- accumulation, time, trackers


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"adversarial": "wgan-gp", "alpha": 0.5}], ids=["hinge", "penalty"])
def test_accumulated_parts_equal_the_whole_batch(tmp_path, changes):
    """The first moments after one step of phase two are the gradients; four steps agree in the losses."""
    for folder, epochs in (("one", (0, 1)), ("four", (2, 2))):
        shared = {"epochs": epochs, "ema_decay": 0.5, "discriminator_width": 8} | changes
        run(tiny(batch_size=4, **shared), tmp_path / folder / "whole")
        run(tiny(batch_size=2, accumulate=2, **shared), tmp_path / folder / "parts")
    whole, parts = (load_file(tmp_path / "one" / name / "training.safetensors") for name in ("whole", "parts"))
    gradients = [name for name in whole if name.endswith("exp_avg")]
    # With alpha = 1 the gradients of D's last bias cancel, and only rounding is left of them.
    gradients = [name for name in gradients if whole[name].norm() > 1e-6]
    assert len(gradients) > 70
    for name in gradients:
        assert float((parts[name] - whole[name]).norm() / whole[name].norm()) < 1e-4, name
    whole, parts = (curves(tmp_path / "four" / name) for name in ("whole", "parts"))
    for a, b in zip(whole, parts, strict=True):
        a, b = ({k: float(v) for k, v in row.items() if v} for row in (a, b))
        assert b == pytest.approx(a, rel=1e-3, abs=1e-4)


def test_the_parts_of_a_step_are_timed():
    timer = PartTimer(torch.device("cpu"))
    for part, pause_s in (("start", 0.0), ("forward", 0.02), ("losses", 0.0), ("forward", 0.02), ("update", 0.01)):
        time.sleep(pause_s)
        timer.mark(part)
    spent = timer.read()
    assert 40 <= spent["ms_forward"] < 400 and spent["ms_update"] >= 10 and spent["ms_losses"] < 20
    assert spent["ms_discriminator"] == 0 and not any(timer.read().values())


def test_what_lies_between_two_steps_belongs_to_no_part():
    timer = PartTimer(torch.device("cpu"))
    for _ in range(2):
        timer.start()
        timer.mark("forward")
        timer.mark("forward")  # a sample grid, a validation
        time.sleep(0.02)
        timer.mark("forward")
    assert len(timer.marks) == 4, "a process that reads nothing keeps nothing"
    timer.start()
    assert timer.read()["ms_forward"] == 0


def test_a_runs_rows_have_the_parts_times(tmp_path):
    run(tiny(), tmp_path)
    with open(tmp_path / "curves.csv", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert all(float(row["ms_forward"]) > 0 and float(row["ms_backward"]) > 0 for row in rows)
    assert [float(row["ms_discriminator"]) > 0 for row in rows] == [False, False, True]


def test_a_tracker_gets_every_steps_losses(tmp_path):
    from accelerate.tracking import GeneralTracker

    class Notes(GeneralTracker):
        name, requires_logging_directory = "notes", False

        def __init__(self):
            super().__init__()
            self.rows = []

        @property
        def tracker(self):
            return self

        def store_init_configuration(self, values):
            self.values = values

        def log(self, values, step=None, **kwargs):
            self.rows.append((step, values))

    notes = Notes()
    run(tiny(), tmp_path, trackers=[notes])
    assert [step for step, _ in notes.rows] == [0, 1, 2]
    assert {"L", "L_r", "learning_rate"} <= notes.rows[0][1].keys() and "L_D" in notes.rows[2][1]


class Diary(GeneralTracker):
    """A tracker that keeps what it is told, or does not start."""

    name, requires_logging_directory, tracker = "diary", False, None

    def __init__(self, trouble=""):
        super().__init__()
        self.trouble, self.rows = trouble, {}

    def start(self):
        if self.trouble:
            raise RuntimeError(self.trouble)

    def store_init_configuration(self, values):
        self.values = values

    def log(self, values, step=None, **kwargs):
        self.rows[step] = values


def test_a_tracker_gets_the_configuration_in_plain_values_and_the_validation_score(tmp_path):
    class HeldOut(Noise):
        def center(self, index, size_px):
            return self.crop(index, size_px, torch.Generator().manual_seed(index))

    diary = Diary()
    run(tiny(epochs=(4, 0), checkpoint_every=2), tmp_path, val=HeldOut(), trackers=[diary])
    assert diary.values.keys() == read_record(tmp_path)["config"].keys()
    assert (diary.values["width"], diary.values["epochs"], diary.values["precision"]) == (4, "[4, 0]", "fp32")
    assert {type(x) for x in diary.values.values()} == {bool, int, float, str}  # TensorBoard takes no lists
    scores = {str(step): row["val_hole_psnr"] for step, row in diary.rows.items() if "val_hole_psnr" in row}
    assert scores.keys() == {"1", "3"}
    assert all(
        float(row["val_hole_psnr"]) == pytest.approx(scores[row["step"]], rel=1e-5) for row in curves(tmp_path)[1::2]
    )


def test_a_tracker_without_its_package_gets_one_line(tmp_path, recwarn):
    with pytest.raises(InputError, match="^trackers: aim is not installed; `pip install aim`, or leave it out$"):
        run(tiny(), tmp_path / "run", trackers=["aim"])
    assert not [warned for warned in recwarn if "log_with" in str(warned.message)]
    assert not (tmp_path / "run").exists()


def test_a_tracker_that_does_not_start_gets_one_line_and_no_run_that_seems_to_run(tmp_path):
    with pytest.raises(InputError, match=r"^trackers: No API key configured\. \(or leave --track out.*\)$"):
        run(tiny(), tmp_path, trackers=[Diary("No API key configured.\nAnd more")])
    assert read_record(tmp_path)["status"] == "failed" and not list(tmp_path.rglob("*.safetensors"))
    run(tiny(), tmp_path)  # nothing stands in the way of the next one
    assert read_record(tmp_path)["status"] == "finished" and "wandb_id" not in read_record(tmp_path)


def test_a_resumed_run_stays_one_run_at_weights_and_biases(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    run(tiny(), tmp_path, steps=2, trackers=["wandb"])
    first = read_record(tmp_path)["wandb_id"]
    run(tiny(), tmp_path, resume=True, trackers=["wandb"])
    assert read_record(tmp_path)["wandb_id"] == first
    assert {file.name for file in (tmp_path / "wandb").rglob("run-*.wandb")} == {f"run-{first}.wandb"}
    for file in tmp_path.glob("*.safetensors"):
        file.unlink()
    run(tiny(), tmp_path, trackers=["wandb"])
    assert read_record(tmp_path)["wandb_id"] != first


def test_an_unknown_tracker_is_refused(tmp_path):
    with pytest.raises(InputError, match="trackers: "):
        run(tiny(), tmp_path / "run", trackers=["paper-and-pencil"])
    assert not (tmp_path / "run").exists()


def test_records_are_renewed_and_never_half_read(tmp_path):
    assert read_record(tmp_path) == {}
    write_record(tmp_path, a=1, b=2)
    write_record(tmp_path, b=3)
    assert read_record(tmp_path) == {"a": 1, "b": 3}
    (tmp_path / "run.json").write_text('{"a":')
    assert read_record(tmp_path) == {}


def test_in_a_thread_a_run_trains_too(tmp_path):
    """As widgets do it; Python delivers signals to the main thread only."""
    import threading

    thread = threading.Thread(target=train, args=(tiny(), Noise(), tmp_path), kwargs={"progress": False})
    thread.start()
    thread.join(60)
    assert load_generator(tmp_path / "generator.safetensors") and len(curves(tmp_path)) == 3
