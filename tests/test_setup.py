"""The files of the set-up agree: pyproject.toml, environment.yml, requirements.lock, CITATION.cff and the Makefile."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from conftest import PATIENCE_S
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import rwlib

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {"torch": "pytorch", "opencv-python-headless": "py-opencv"}
URL_OR_PATH = re.compile(r"://|@|/|\\\w|^-", re.MULTILINE)


def declared():
    """Return {name: range} of what `make install` installs: dependencies and the extras `test`, `opencv`, `onnx`."""
    extras = PROJECT["optional-dependencies"]
    lines = [*PROJECT["dependencies"], *extras["test"], *extras["opencv"], *extras["onnx"]]
    return {requirement.name: requirement.specifier for requirement in map(Requirement, lines)}


def locked():
    """Return the requirements of the lock, one a line."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


# --- pyproject.toml and environment.yml


def test_conda_has_the_same_packages_and_ranges():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *plain, pip = environment["dependencies"]
    conda = {item.name: item.specifier for item in map(Requirement, [*plain, *pip["pip"][:-1]])}
    assert pip["pip"][-1] == "-e ." and environment["name"] == "rwlib" and environment["channels"] == ["conda-forge"]
    assert conda.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert conda.pop("pip") == SpecifierSet()
    assert conda == {CONDA_NAMES.get(name, name): specifier for name, specifier in declared().items()}


def test_binder_has_what_the_course_needs_and_one_python_that_repo2docker_finds():
    environment = yaml.safe_load((ROOT / ".binder/environment.yml").read_text())
    python, *plain, pip = environment["dependencies"]
    assert re.fullmatch(r"python=3\.1[1-3]", python) and python.split("=")[1] in SpecifierSet(
        PROJECT["requires-python"]
    )
    found = {item.name: item.specifier for item in map(Requirement, [*plain, *pip["pip"]])}
    wanted = {item.name: item.specifier for item in map(Requirement, PROJECT["dependencies"])}
    assert found.pop("pip") == SpecifierSet()
    assert found == {CONDA_NAMES.get(name, name): specifier for name, specifier in wanted.items()}
    assert os.access(ROOT / ".binder/postBuild", os.X_OK)


def test_files_for_other_machines_name_what_is_there():
    """They cannot be tried here, but what they call must exist: targets of the Makefile, commands, folders."""
    files = {
        place: (ROOT / place).read_text()
        for place in (
            ".github/workflows/ci.yml",
            ".github/workflows/site.yml",
            "deploy/Dockerfile",
            ".devcontainer/devcontainer.json",
        )
    }
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = set(
        re.findall(
            r"\bmake ([a-z-]+)",
            "\n".join(
                line for text in files.values() for line in text.splitlines() if not line.lstrip().startswith("#")
            ),
        )
    )
    assert called >= {"install", "test", "site"} and called <= targets | {"in"}
    assert all(yaml.safe_load(files[place])["jobs"] for place in files if place.endswith(".yml"))
    container = json.loads(
        "\n".join(line for line in files[".devcontainer/devcontainer.json"].splitlines() if not line.startswith("//"))
    )
    assert container["postCreateCommand"] == "make install CPU=1"
    copied = re.findall(r"^COPY --chown=learner (.+) \./$", files["deploy/Dockerfile"], re.MULTILINE)[0].split()
    assert all((ROOT / name).exists() for name in copied)
    command = json.loads(re.search(r"^CMD (\[.*\])$", files["deploy/Dockerfile"], re.MULTILINE)[1])
    from rwlib.commands.lab import Lab

    assert command[:2] == ["rwlib", "lab"]
    assert {word.removeprefix("--").removeprefix("no-") for word in command if word.startswith("--")} <= set(
        Lab.__annotations__
    )


@pytest.mark.parametrize(("name", "version"), [("torch", "2.11.0"), ("torchvision", "0.26.0"), ("torch", "2.99.0")])
def test_ranges_are_wide_enough(name, version):
    assert version in declared()[name]


def test_versions_of_rwlib_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert PROJECT["version"] == rwlib.__version__ == citation["version"]
    assert citation["references"][0]["identifiers"][0]["value"] == "arXiv:1909.12507"


# --- requirements.lock


def test_lock_has_exact_versions_and_no_address():
    text = (ROOT / "requirements.lock").read_text()
    assert not URL_OR_PATH.search(text)
    assert all(re.fullmatch(r"==[\w.]+", str(line.specifier)) and not line.url for line in locked())


@pytest.mark.parametrize("line", ["torch @ file", "-e .", "a==1 # b/c", "--index-url x", "x://y"])
def test_an_address_would_be_seen(line):
    assert URL_OR_PATH.search(f"numpy==2.0\n{line}\n")


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize(("system", "machine"), [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64")])
def test_lock_has_one_version_in_range_of_each_package(python, system, machine):
    marker = {
        "python_version": python, "python_full_version": f"{python}.9", "sys_platform": system, "os_name": "posix",
        "platform_machine": machine, "platform_system": system.capitalize(), "extra": "",
    }  # fmt: skip
    versions = {}
    for line in locked():
        if line.marker is None or line.marker.evaluate(marker):
            assert line.name not in versions
            versions[canonicalize_name(line.name)] = str(line.specifier).removeprefix("==")
    for name, specifier in declared().items():
        assert versions[canonicalize_name(name)] in specifier
    assert "setuptools" in versions  # rwlib itself is built with it, without a download of its own


# --- every file


def test_no_file_holds_a_path_of_somebodys_machine_or_a_private_index():
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a clone")
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = [ROOT / name for name in subprocess.check_output(command, text=True).split("\0") if name]
    assert ROOT / "Makefile" in files
    homes, options = (b"home", b"root", b"work", b"Users"), (b"index-url", b"find-links", b"/simple")
    words = (*(b"/%b/" % home for home in homes), *options)  # sought first, because that is much faster
    private = re.compile(rb"(?<![\w.:/-])/(?:%b)/\w|index-url|find-links|/simple/?\b" % b"|".join(homes))
    this = Path(__file__)
    found = {}
    for file in files:
        text = file.read_bytes() if file.is_file() and file != this else b""
        if any(word in text for word in words) and (match := private.search(text)):
            found[str(file.relative_to(ROOT))] = match.group()
    assert found == {}


# --- the Makefile: how it finds Python, played through with stand-ins

posix = pytest.mark.skipif(not shutil.which("make"), reason="needs make")


def make(folder, *arguments, path=None):
    """Run make on a virtual environment inside `folder`, never on the repository's own."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    env["PATH"] = path or env["PATH"]
    venv = folder / "venv"
    return subprocess.run(
        [shutil.which("make"), f"VENV={venv}", *arguments, str(venv / "bin/python")],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip


def stand_in(file, lie="pass"):
    """Write a command in place of Python, which may lie about itself; `-m venv` only leaves an empty folder."""
    code = f"import importlib.util, sys; sys._base_executable = {str(file)!r}; {lie}; exec(sys.argv[1])"
    file.parent.mkdir(exist_ok=True)
    file.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = -m ]; then mkdir -p "$3/bin"; touch "$3/bin/python"; exit; fi\n'
        f'exec "{sys.executable}" -c "{code}" "$2"\n'
    )
    file.chmod(0o755)
    return file


def commands(tmp_path):
    """Return a PATH without any Python, for stand-ins to be added to."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "rm", "mkdir", "touch", "head", "cat", "id"):
        (folder / tool).symlink_to(shutil.which(tool))
    return folder


@posix
def test_make_takes_the_first_python_that_runs(tmp_path):
    """A version manager's command that exists but cannot run is passed over, and so is one that is too old."""
    folder = commands(tmp_path)
    (folder / "python3.13").write_text("#!/bin/sh\necho 'command not found' >&2; exit 127")
    (folder / "python3.13").chmod(0o755)
    stand_in(folder / "python3.12", "sys.version_info = (3, 10)")
    chosen = stand_in(folder / "python3")
    report = make(tmp_path, path=str(folder))
    assert report.returncode == 0, report.stderr
    assert f"with {chosen}\n" in report.stdout
    assert (tmp_path / "venv/.unfinished").exists()  # until the packages are there, too


@posix
@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ("sys.version_info = (3, 9)", "is Python 3.9"),
        ("sys.version_info = (3, 14)", "is Python 3.14"),
        ("importlib.util.find_spec = lambda name: None", "has no venv module"),
    ],
)
def test_make_says_why_a_python_will_not_do(tmp_path, lie, reason):
    python = stand_in(tmp_path / "bin/mypython", lie)
    report = make(tmp_path, f"PYTHON={python}")
    assert report.returncode != 0
    assert f"{python}: {reason}\n" in report.stderr and "needs Python 3.11, 3.12 or 3.13" in report.stderr
    assert "PYTHON=/path/to" in report.stderr and not (tmp_path / "venv").exists()


@posix
def test_make_lists_every_python_that_it_tried(tmp_path):
    report = make(tmp_path, path=str(commands(tmp_path)))
    assert report.returncode != 0
    assert all(
        f"  {name}: " in report.stderr for name in ("python3.13", "python3.12", "python3.11", "python3", "python")
    )


@posix
def test_make_begins_anew_what_was_broken_off(tmp_path):
    left = stand_in(tmp_path / "venv/left")
    (tmp_path / "venv/.unfinished").touch()
    assert make(tmp_path, f"PYTHON={stand_in(tmp_path / 'bin/mypython')}").returncode == 0
    assert not left.exists()


@posix
def test_make_leaves_a_working_environment_alone(tmp_path):
    mine = tmp_path / "venv/bin/python"
    mine.parent.mkdir(parents=True)
    mine.symlink_to(sys.executable)
    assert make(tmp_path, "PYTHON=none").returncode == 0 and mine.is_symlink()


@posix
def test_make_alone_lists_the_targets():
    report = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    assert report.returncode == 0 and all(f"make {name} " in report.stdout for name in ("lab", "test", "lint", "lock"))


def test_continuous_integration_calls_make_test():
    script = ROOT / ".ci/run"
    lines = script.read_text().splitlines()
    assert "make test" in lines and lines[-1].startswith("make test-browser") and os.access(script, os.X_OK)
