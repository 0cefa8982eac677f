"""Tests never write into the home of whoever runs them; files for the tests of the commands."""

import functools
import os
import shutil
import signal
import subprocess
import sys
from http.server import SimpleHTTPRequestHandler

import pytest

# nbformat's checker of addresses builds its grammar for two seconds when it is imported, and no notebook needs it.
sys.modules.setdefault("rfc3987_syntax", None)


TOGETHER = {
    "test_commands_lab": "wheel",
    "test_course_hostile": "exercises",
    "test_course_notebooks": "exercises",
    "test_course_wrong_answers": "exercises",
    "test_export": "export",
    "test_fuzz": "fuzz",
    "test_grading_hostile": "grading",
    "test_release": "release",
    "test_training_processes": "nursery",
}
"""Module → group: tests of a group run in one process, because they share what takes long to make."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Give the modules in TOGETHER their groups, which `pytest -n 2 --dist loadgroup` keeps together."""
    for item in items:
        if group := TOGETHER.get(item.module.__name__):
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True, scope="session")
def signals_as_in_a_terminal():
    """Under nohup or in the background of a script some are ignored, also in every process that is started."""
    for name, handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
            signal.signal(getattr(signal, name), handler)


@pytest.fixture(autouse=True, scope="session")
def home_for_progress(tmp_path_factory):
    os.environ["RWLIB_HOME"] = str(tmp_path_factory.mktemp("home"))


@pytest.fixture(autouse=True)
def no_fault_in_a_widget():
    """Errors in callbacks become messages in the widget; here none may be overlooked."""
    yield
    panel = sys.modules.get("rwlib.widgets.shared.panel")
    faults = list(panel.FAULTS) if panel else []
    if panel:
        panel.FAULTS.clear()
    assert not faults, faults


PATIENCE_S = 1800
"""How long a test waits for another process before it calls it hung: much longer than any takes on a busy machine."""


@pytest.fixture(scope="session")
def nursery():
    """A process that forks for tests which train in processes of their own."""
    from nursery import Nursery

    with Nursery() as made:
        yield made


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """A folder of good and bad files."""
    # Here, because pytest -n starts with a process that only hands out tests, and need not wait for torch.
    import numpy as np
    import torch
    from PIL import Image

    from rwlib.checkpoints import save_generator
    from rwlib.config import make_config
    from rwlib.networks.generator import RegionWiseGenerator

    folder = tmp_path_factory.mktemp("files")

    def write(array, name):
        Image.fromarray(array).save(folder / name)

    rng = np.random.default_rng(0)
    mask = np.zeros((20, 24), np.uint8)
    mask[5:12, 6:14] = 255
    write(rng.integers(0, 256, (20, 24, 3), dtype=np.uint8), "photo.png")
    write(mask, "mask.png")
    write(np.zeros_like(mask), "empty.png")
    write(np.full_like(mask, 255), "all.png")
    write(mask[:, :20], "narrow.png")
    write(np.zeros((3, 24, 3), np.uint8), "flat.png")
    write(mask[5:8], "flat_mask.png")
    (folder / "text.png").write_text("not a picture")
    write(np.where(mask > 0, np.nan, 0.5).astype(np.float32), "nan.tif")
    torch.manual_seed(0)
    config = make_config("balanced", "tiny", width=4, size_px=16)
    save_generator(folder / "G.safetensors", RegionWiseGenerator.from_config(config), config)
    whole = (folder / "G.safetensors").read_bytes()
    (folder / "truncated.safetensors").write_bytes(whole[: len(whole) // 2])
    (folder / "zero.safetensors").touch()
    (folder / "no_photos").mkdir()
    return folder


@pytest.fixture
def here(prepared, tmp_path, monkeypatch):
    """A fresh copy of the prepared folder, with an empty folder `out`, to work in."""
    folder = shutil.copytree(prepared, tmp_path / "work")
    (folder / "out").mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def mirror(tmp_path):
    """Serve the folder `tmp_path / "mirror"` on loopback; yields its address."""
    from data_script_helpers import loopback

    (tmp_path / "mirror").mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with loopback(functools.partial(Quiet, directory=str(tmp_path / "mirror"))) as server:
        yield server.url


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
