"""The queue of trainings: whatever is killed goes on, a pause stands still, a finished run has its row once."""

import csv
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rwlib.errors import InputError
from rwlib.training.timer import PARTS

SCRIPTS = Path(__file__).parents[1] / "data_scripts"
CONFIG = "{ size_px = 16, width = 2, discriminator_width = 2, batch_size = 2, vgg_every = 2, checkpoint_every = 4 }"


@pytest.fixture(scope="module")
def study():
    sys.path.insert(0, str(SCRIPTS))
    try:
        spec = importlib.util.spec_from_file_location("study_script", SCRIPTS / "study.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(SCRIPTS))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("noise")
    draw = np.random.default_rng(0)
    for part in ("train", "val"):
        (folder / part).mkdir()
        for i in range(3):
            Image.fromarray(draw.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(folder / part / f"{i}.png")
    return folder


def row(name, steps="[3, 2]", **more):
    lines = {"name": f'"{name}"', "why": '"To be tested."', "data": '"noise"', "steps": steps, "config": CONFIG} | more
    return "\n".join(["[[run]]", *(f"{key} = {value}" for key, value in lines.items() if value)]) + "\n"


def words(tmp_path, data, *more):
    """Return the options of the command line; those given last win."""
    options = ["--table", tmp_path / "table.toml", "--runs", tmp_path / "runs", "--data", f"noise={data}", *more]
    return [str(option) for option in options]


def start(tmp_path, data, *more):
    """Start a queue in a process of its own."""
    command = [sys.executable, str(SCRIPTS / "study.py"), "run", *words(tmp_path, data, *more)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def steps(folder):
    try:
        with open(folder / "curves.csv", newline="") as opened:
            return [int(row["step"]) for row in csv.DictReader(opened) if row["ms_update"]]
    except OSError:
        return []


def wait_for(condition, queue):
    while not condition():
        assert queue.poll() is None, queue.communicate()[0]
        time.sleep(0.05)


def kill(study, queue, folder):
    """Kill a queue and the process of a run at once, as a machine that loses power does."""
    training = study.process_of(folder)
    queue.kill()
    if training:
        os.kill(training, signal.SIGKILL)
    queue.wait()
    while study.process_of(folder):
        time.sleep(0.05)


def results(tmp_path):
    with open(tmp_path / "runs" / "results.csv", newline="") as opened:
        return list(csv.DictReader(opened))


# --- the queue


@pytest.mark.slow
def test_killed_it_goes_on_and_each_finished_run_has_one_row(study, data, tmp_path):
    (tmp_path / "table.toml").write_text(row("long", "[30, 30]") + row("short") + row("after", init='"short"'))
    folder = tmp_path / "runs" / "long"
    queue = start(tmp_path, data, "--at-once", 1, "--nice", 0)
    wait_for(lambda: len(steps(folder)) > 9, queue)
    kill(study, queue, folder)
    assert len(steps(folder)) < 60 and not study.read_result(folder)

    queue = start(tmp_path, data, "--at-once", 1, "--nice", 0)
    out = queue.communicate()[0]
    assert queue.returncode == 0, out
    assert [line for line in out.splitlines() if line.endswith("finished")] == [
        "long finished", "short finished", "after finished",
    ]  # fmt: skip
    assert steps(folder) == list(range(60))  # each once, from the checkpoint on

    rows = results(tmp_path)
    assert [(row["name"], row["measured_on"], row["steps"], row["init"]) for row in rows] == [
        ("long", "noise", "30+30", ""), ("short", "noise", "3+2", ""), ("after", "noise", "3+2", "short"),
    ]  # fmt: skip
    for found in rows:
        assert 0 < float(found["psnr_c0"]) < 60 and -1 < float(found["ssim_d40"]) < 1
        assert float(found["frechet_c40"]) > 0
        assert found["precision"] in ("fp32", "bf16") and float(found["hours"]) > 0
    assert study.main(["run", *words(tmp_path, data)]) == 0 and results(tmp_path) == rows  # nothing is left to do
    assert (tmp_path / "runs" / "curves.png").read_bytes()[:4] == b"\x89PNG"
    with open(tmp_path / "runs" / "curves.csv", newline="") as opened:
        points = [(row["name"], int(row["step"])) for row in csv.DictReader(opened)]
    assert points[:3] == [("long", 4), ("long", 8), ("long", 12)] and ("short", 5) in points

    page = study.status_page(study.read_table(tmp_path / "table.toml", None), tmp_path / "runs").splitlines()
    assert page[1].split()[:3] == ["long", "done", "60/60"] and page[1].endswith("dB")


@pytest.mark.slow
def test_a_pause_stands_still_and_a_training_ends_with_its_queue(study, data, tmp_path):
    (tmp_path / "table.toml").write_text(row("long", "[2000, 0]"))
    runs, folder = tmp_path / "runs", tmp_path / "runs" / "long"
    queue = start(tmp_path, data)
    wait_for(lambda: len(steps(folder)) > 2, queue)
    assert os.getpriority(os.PRIO_PROCESS, study.process_of(folder)) == 19

    assert study.main(["pause", *words(tmp_path, data)]) == 0 and not study.process_of(folder)
    stood = steps(folder)
    assert study.state(study.read_table(tmp_path / "table.toml", None)[0], runs)[0] == "stopped"
    assert "paused" in study.status_page(study.read_table(tmp_path / "table.toml", None), runs)
    time.sleep(2.5)  # two looks of the queue
    assert queue.poll() is None and steps(folder) == stood and not study.process_of(folder)

    assert study.main(["resume", *words(tmp_path, data)]) == 0
    wait_for(lambda: len(steps(folder)) > len(stood), queue)
    assert steps(folder)[: len(stood)] == stood  # nothing was lost: it had stopped with a checkpoint
    queue.kill()  # the queue alone
    queue.wait()
    while study.process_of(folder):
        time.sleep(0.1)
    assert json.loads((folder / "run.json").read_text())["status"] == "stopped"


@pytest.mark.slow
def test_a_run_that_cannot_go_on_does_not_stop_the_others(study, data, tmp_path):
    (tmp_path / "table.toml").write_text(
        row("hot", config=CONFIG.replace("}", ", learning_rate = 1e30 }")) + row("cold")
    )
    queue = start(tmp_path, data, "--nice", 0)
    out = queue.communicate()[0]
    assert "hot failed" in out and "cold finished" in out, out
    page = study.status_page(study.read_table(tmp_path / "table.toml", None), tmp_path / "runs")
    assert "failed" in page and "lower learning_rate" in page
    assert [row["name"] for row in results(tmp_path)] == ["cold"]


def test_what_comes_next(study, tmp_path):
    (tmp_path / "table.toml").write_text(row("a") + row("b", init='"a"') + row("c", init='"facades64"'))
    table = study.read_table(tmp_path / "table.toml", None)
    assert study.next_run(table, tmp_path, []).name == "a"
    assert study.next_run(table, tmp_path, ["a"]).name == "c"  # b waits for a, c starts from a shipped generator
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "result.json").write_text("[{}]")
    assert study.next_run(table, tmp_path, []).name == "b"
    assert study.next_run(table, tmp_path, ["b", "c"]) is None


def test_one_training_on_a_gpu_else_one_per_core(study, monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    assert study.default_at_once() == 1
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 5}, raising=False)
    assert study.default_at_once() == 3


# --- tables


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[run]", "is not TOML"),
        ("", "has no runs"),
        ("run = 3", "has no runs"),
        (row("a", why=""), r"run 1 \(a\): why: expected a str that is not empty, got None"),
        (row("a") + row("a"), r"run 2 \(a\): name: expected .* each name once"),
        (row("../a"), "name: expected up to 20 letters"),
        (row("a" * 21), "name: expected up to 20 letters"),
        (row("a", steps="[1]"), r"steps: expected a number for each phase \(without L_a, with L_a\), got \[1\]"),
        (row("a", model='"ec"'), r"steps: expected a number for each phase \(edges, completion on true edges,"),
        (row("a", done="3"), "done: expected true or false, got 3"),
        (row("a", steps="[0, 0]"), "epochs: expected at least one epoch"),
        (row("a", data='"noise+snow"'), "data: snow is not given; say --data snow=FOLDER"),
        (row("a", init='"b"') + row("b"), r"run 1 \(a\): init: expected the name of a run above"),
        (row("a", model='"edges"'), "model: expected one of region-wise"),
        (row("a", preset='"best"'), "preset: expected one of"),
        (row("a", config="{ colour = 1 }"), "unknown fields colour"),
        (row("a", config="{ width = 3 }"), "width: expected an even number"),
        (row("a", config="{ seed = 3 }"), "config: seed follows from"),
        (row("a", config="3"), "config: expected a table"),
        (row("a", note='"?"'), "unknown fields note; known are"),
    ],
)
def test_a_bad_table_gives_one_line(study, tmp_path, text, says):
    (tmp_path / "table.toml").write_text(text)
    with pytest.raises(InputError, match=f"^table: .*{says}[^\n]*$"):
        study.read_table(tmp_path / "table.toml", {"noise": tmp_path})


def test_a_row_that_is_done_never_runs_again(study, tmp_path):
    (tmp_path / "table.toml").write_text(row("a", done="true") + row("b"))
    table = study.read_table(tmp_path / "table.toml", {"noise": tmp_path})
    assert study.next_run(table, tmp_path, []).name == "b" and study.next_run(table, tmp_path, ["b"]) is None
    assert study.state(table[0], tmp_path)[0] == "done" and study.state(table[1], tmp_path)[0] == "waiting"


def test_curves_of_a_model_without_l_r_are_read(study, tmp_path):
    (tmp_path / "pconv").mkdir()
    times = {f"ms_{part}": 10.0 for part in PARTS} | {"dataloader_wait_s": 0.0}
    with open(tmp_path / "pconv" / "curves.csv", "w", newline="") as opened:
        writer = csv.DictWriter(opened, ["step", "phase", "L", *times, "val_hole_psnr"])
        writer.writeheader()
        for step in range(2):
            writer.writerow({"step": step, "phase": 1, "L": 1.0, **times, "val_hole_psnr": 15.0 if step else ""})
    (tmp_path / "table.toml").write_text(row("pconv", model='"pconv"', config="{ batch_size = 2 }"))
    study.write_results(study.read_table(tmp_path / "table.toml", {"noise": tmp_path}), tmp_path)
    (point,) = csv.DictReader(open(tmp_path / "curves.csv", newline=""))
    assert (point["name"], point["step"], point["L_r"], point["val_hole_psnr"]) == ("pconv", "2", "", "15.000")


def test_bad_command_lines_give_one_line(study, data, tmp_path, capsys):
    (tmp_path / "table.toml").write_text(row("a"))
    for options, says in [
        (["--table", str(tmp_path / "none.toml")], "cannot read"),
        (["--data", "noise"], "data: expected NAME=FOLDER, got 'noise'"),
        (["--data", f"noise={tmp_path}"], "has no folder train"),
    ]:
        assert study.main(["run", *words(tmp_path, data), *options]) == 1
        shown = capsys.readouterr().err
        assert says in shown and shown.count("\n") == 1, shown
    assert not (tmp_path / "runs").exists()


def test_the_table_of_this_project_is_sound(study):
    table = study.read_table(SCRIPTS / "study.toml", None)
    assert all(run.why.endswith((".", "?")) and len(run.why) < 160 for run in table)
