"""The plan for one hour of GPU, at toy size on whatever this machine is: it ends, goes on, and says what it found."""

import csv
import json
import os
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


def hour(out, photographs, *parts, **environment):
    """Call the script as its first lines say."""
    settings = {"TOY": "1", "PYTHON": sys.executable, "OMP_NUM_THREADS": "1", **environment}
    inherited = {name: value for name, value in os.environ.items() if name != "ACCELERATE_USE_CPU"}
    return subprocess.run(
        [SCRIPTS / "gpu_hour.sh", out, photographs, *parts],
        env={**inherited, **settings}, capture_output=True, text=True, timeout=5 * PATIENCE_S,
    )  # fmt: skip


@pytest.mark.slow
def test_the_whole_hour_at_toy_size(tmp_path, photographs):
    out = tmp_path / "hour"
    done = hour(out, photographs)
    assert done.returncode == 0, done.stdout + done.stderr

    results = {row["name"]: row for row in csv.DictReader((out / "results.csv").open())}
    for name in MEASURED:
        assert next(float(row["ms"]) for key, row in results.items() if key.startswith(name)) > 0
    for phase in (1, 2):
        assert float(results[f"step of phase {phase} beside a CPU: largest relative difference"]["number"]) < 1e-3
    # They train together without being told to use CPUs: each of them used to train alone, in the same folder.
    assert float(results["two processes"]["number"]) < 1e-2
    assert json.loads((out / "processes-2" / "run.json").read_text())["processes"] == 2
    assert (out / "processes.log").read_text().count("Written to") == 2
    report = (out / "report.md").read_text()
    assert "held-out hole PSNR" in report and all(name in report for name in results)

    # A second call measures nothing again, and goes on with the training, which is at its end.
    before = (out / "results.csv").read_bytes()
    assert hour(out, photographs, "speed", "training").returncode == 0
    assert (out / "results.csv").read_bytes() == before


def test_without_photographs_it_says_so_and_writes_nothing(tmp_path):
    done = hour(tmp_path / "hour", tmp_path)
    assert done.returncode == 1 and "has no folder train" in done.stderr
    assert not (tmp_path / "hour").exists()
