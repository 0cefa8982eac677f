"""`rwlib lab`: what JupyterLab is started with, and a wheel in an environment of its own, far from any clone."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest
from command_line import refused
from conftest import PATIENCE_S

from rwlib.commands.main import main
from rwlib.course.notebooks import NOTEBOOKS

ROOT = Path(__file__).parent.parent


@pytest.fixture
def started(monkeypatch):
    """Catch what JupyterLab would be started with."""
    from jupyterlab.labapp import LabApp

    words = []
    monkeypatch.setattr(LabApp, "launch_instance", classmethod(lambda _, argv: words.extend(argv)))
    return words


def test_it_copies_the_notebooks_and_starts_jupyterlab_on_them(tmp_path, monkeypatch, started):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "elsewhere")
    assert main(["lab"]) == 0
    assert len(list(Path("rwlib-course").glob("*.ipynb"))) == len(list(NOTEBOOKS.glob("*.ipynb"))) > 10
    assert f"--ServerApp.root_dir={tmp_path / 'rwlib-course'}" in started
    assert "--ServerApp.tornado_settings={'websocket_max_message_size': 100_000_000}" in started
    assert not any(word.startswith(("--port", "--no-browser")) for word in started)
    assert os.environ["PATH"].split(os.pathsep) == [str(Path(sys.executable).parent), "elsewhere"]


def test_its_options_reach_jupyterlab(tmp_path, monkeypatch, started):
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert main(["lab", str(tmp_path / "my course"), "--no-browser", "--port", "8899", "--ip", "0.0.0.0"]) == 0
    assert {"--no-browser", "--port=8899", "--ServerApp.ip=0.0.0.0", "--allow-root"} <= {*started}
    started.clear()
    monkeypatch.delattr(os, "geteuid")  # as on Windows
    assert main(["lab", str(tmp_path / "my course")]) == 0
    assert "--allow-root" not in started


def test_a_learners_own_work_is_kept(tmp_path, capsys, started):
    own = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    (tmp_path / "00_start_here.ipynb").write_text(own)
    assert main(["lab", str(tmp_path)]) == 0
    assert (tmp_path / "00_start_here.ipynb").read_text() == own
    said = capsys.readouterr().out
    assert "kept your own 00_start_here.ipynb" in said and "Open them with" not in said


def test_bad_input_is_one_line_and_nothing_is_started(tmp_path, capfd, started):
    (tmp_path / "file").touch()
    refused(capfd, ["lab", str(tmp_path / "file")], "DIR: the folder .* cannot be written to .it is a file")
    refused(capfd, ["lab", str(tmp_path / "new"), "--port", "70000"], "port: expected 0 to 65535, got 70000")
    refused(capfd, ["lab", str(tmp_path / "new"), "--ip", "a b"], "ip: expected an address such as 0.0.0.0, got a b")
    assert started == [] and not (tmp_path / "new").exists()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from a copy of what a clone has, so that no build folder stays behind."""
    copy, out = tmp_path_factory.mktemp("clone") / "rwlib", tmp_path_factory.mktemp("wheel")
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info", "solutions", "images")
    for name in ("rwlib", "notebooks"):
        shutil.copytree(ROOT / name, copy / name, ignore=unwanted)
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    code = f"import setuptools.build_meta as b; print(b.build_wheel({str(out)!r}))"
    report = subprocess.run([sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, timeout=PATIENCE_S)
    assert report.returncode == 0, report.stderr
    (file,) = out.glob("*.whl")
    return file


@pytest.mark.slow  # builds the wheel
def test_the_wheel_carries_the_notebooks_and_no_stray_file(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    carried = {Path(name).name for name in names if name.startswith("rwlib/course/notebooks/")}
    assert carried == {file.name for file in (ROOT / "notebooks").glob("*.ipynb")} and len(carried) > 10
    assert {name.split("/")[0] for name in names} == {
        "rwlib",
        next(n for n in names if ".dist-info/" in n).split("/")[0],
    }
    too_long = [name for name in names if len(name) > 120]  # Windows allows 260 with the environment's own folder
    assert too_long == [] and len({name.lower() for name in names}) == len(names)  # for disks that know no case


@pytest.mark.slow  # starts JupyterLab
def test_from_a_wheel_without_a_clone_the_page_answers(wheel, tmp_path):
    place = tmp_path / "venv"
    venv.create(place, with_pip=False)
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    packages = sysconfig.get_path("purelib", "venv", {"base": str(place)})
    with zipfile.ZipFile(wheel) as content:
        content.extractall(packages)
    # The dependencies are those of this environment; rwlib itself is not, because only folders are taken from it.
    Path(packages, "dependencies.pth").write_text(
        "\n".join({sysconfig.get_path(kind) for kind in ("purelib", "platlib")})
    )
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "RWLIB_HOME")}
    env |= {f"JUPYTER_{name}_DIR": str(tmp_path / name.lower()) for name in ("CONFIG", "RUNTIME", "DATA")}
    env["JUPYTER_PATH"] = str(Path(sys.prefix, "share/jupyter"))
    where = subprocess.check_output(
        [python, "-c", "import rwlib; print(rwlib.__file__)"], text=True, env=env, cwd=tmp_path
    )
    assert Path(where.strip()).is_relative_to(packages)

    log = tmp_path / "log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [python, "-m", "rwlib", "lab", "mine", "--no-browser"], cwd=tmp_path, env=env, stdout=output, stderr=output
        )
    try:
        end = time.monotonic() + PATIENCE_S
        while not (found := re.search(r"(http://(?:127\.0\.0\.1|localhost):\d+/)lab\?token=(\w+)", log.read_text())):
            assert server.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.2)
        address, token = found.groups()
        address = address.replace("localhost", "127.0.0.1")
        while True:  # the address is printed a moment before somebody listens there
            try:
                urllib.request.urlopen(f"{address}api?token={token}").close()
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < end, log.read_text()
                time.sleep(0.2)
        with urllib.request.urlopen(f"{address}api/contents?token={token}") as answer:
            listed = {item["name"] for item in json.load(answer)["content"]}
        with urllib.request.urlopen(f"{address}lab?token={token}") as answer:
            page = answer.read().decode()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(PATIENCE_S)
    assert listed == {file.name for file in (ROOT / "notebooks").glob("*.ipynb")}
    assert "jupyter-config-data" in page
