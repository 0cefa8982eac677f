"""The plan for one hour of GPU, at toy size on whatever this machine is: it ends, goes on, and says what it found."""

import csv
import importlib
import json
import os
import signal
import subprocess
import sys

import pytest
from conftest import PATIENCE_S
from data_script_helpers import SCRIPTS, picture

MEASURED = ("ceiling fp32", "input pipeline", "forward 32 px b2 fp32", "step phase 2 32 px b2 fp32", "L_c 32 px b2")


@pytest.fixture
def photographs(tmp_path):
    for part in ("train", "val"):
        (tmp_path / "photos" / part).mkdir(parents=True)
        for k in range(3):
            (tmp_path / "photos" / part / f"{k}.jpg").write_bytes(picture(k, (48, 40)))
    return tmp_path / "photos"


RECORDER = """#!{python}
import json, os, sys
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
sys.exit(3 if os.environ.get("FAILS") in sys.argv else 0)
"""
"""Stands in for Python: notes how it is called."""


@pytest.fixture
def hour(tmp_path):
    """Return `hour(out, photographs, *parts)`: call the script as its first lines say.

    Its Python only notes what it is given. Back comes how the script ended, and the words that each part got.
    """
    stand_in, calls = tmp_path / "python", tmp_path / "calls"
    stand_in.write_text(RECORDER.format(python=sys.executable))
    stand_in.chmod(0o755)

    def call(out, photographs, *parts, **environment):
        calls.write_text("")
        done = subprocess.run(
            [SCRIPTS / "gpu_hour.sh", out, photographs, *parts], capture_output=True, text=True, timeout=PATIENCE_S,
            env={**os.environ, "TOY": "1", "PYTHON": str(stand_in), "CALLS": str(calls), **environment},
        )  # fmt: skip
        given = [json.loads(line) for line in calls.read_text().splitlines()]
        assert all(words[0] == str(SCRIPTS / "gpu_hour.py") for words in given)
        return done, [words[1:] for words in given]

    return call


@pytest.fixture
def part(monkeypatch):
    """Return `gpu_hour.main`, which does one part; here all share a process, as each of its own would load torch."""
    monkeypatch.delenv("ACCELERATE_USE_CPU", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    handler = signal.getsignal(signal.SIGTERM)
    yield importlib.import_module("gpu_hour").main
    signal.signal(signal.SIGTERM, handler)


@pytest.mark.slow
def test_the_whole_hour_at_toy_size(tmp_path, photographs, hour, part, capfd):
    out = tmp_path / "hour"
    done, parts = hour(out, photographs)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [words[0] for words in parts] == list(importlib.import_module("gpu_hour").PARTS)
    for words in parts:
        assert part(words) == 0, words[0]
    printed = capfd.readouterr().out

    results = {row["name"]: row for row in csv.DictReader((out / "results.csv").open())}
    for name in MEASURED:
        assert next(float(row["ms"]) for key, row in results.items() if key.startswith(name)) > 0
    for phase in (1, 2):
        assert float(results[f"step of phase {phase} beside a CPU: largest relative difference"]["number"]) < 1e-3
    # They train together without being told to use CPUs: each of them used to train alone, in the same folder.
    assert float(results["two processes"]["number"]) < 1e-2
    assert json.loads((out / "processes-2" / "run.json").read_text())["processes"] == 2
    assert printed.count("Written to") == 3  # one process, two processes, and the training
    assert "rwlib" in (out / "doctor.txt").read_text()
    report = (out / "report.md").read_text()
    assert "held-out hole PSNR" in report and all(name in report for name in results)

    # A second call measures nothing again, and goes on with the training, which is at its end.
    before = (out / "results.csv").read_bytes()
    again = [words for words in parts if words[0] in ("speed", "training")]
    assert [part(words) for words in again] == [0, 0]
    assert (out / "results.csv").read_bytes() == before


def test_one_part_after_the_other_and_one_that_fails_stops_none(tmp_path, photographs, hour):
    done, parts = hour(tmp_path / "hour", photographs, "speed", "report", FAILS="speed", PART_SECONDS="40", TOY="")
    assert done.returncode == 1 and "speed ended with status 3; see speed.log" in done.stdout
    common = ["--out", str(tmp_path / "hour"), "--photographs", str(photographs), "--seconds", "40"]
    assert parts == [[name, *common, "--size-px", "256", "--batch-size", "16"] for name in ("speed", "report")]


def test_without_photographs_it_says_so_and_writes_nothing(tmp_path, hour):
    done, parts = hour(tmp_path / "hour", tmp_path)
    assert parts == [] and done.returncode == 1 and "has no folder train" in done.stderr
    assert not (tmp_path / "hour").exists()
