"""Who imports whom (imports run downward, floor by floor), and that every docstring is there and its example true.

The rules are checked on the syntax tree, so that an import inside a function counts too; each is also shown a text that
breaks it.
"""

import ast
import doctest
import functools
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parent.parent

FLOORS = [
    {"errors"},
    {"conventions"},
    {"config", "colors", "files", "randomness", "shipped", "system"},
    {"images", "masks", "metrics", "networks.fast"},
    {"networks", "losses"},
    {"data", "checkpoints"},
    {"training", "inpainting", "ablations", "export"},
    {"evaluation", "notebook", "rivals"},
    {"bench", "course", "widgets"},
    {"commands"},
    {"__main__"},
]
"""A room may import itself and every room of a lower floor; rooms of one floor do not know each other."""
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
STEP_SEES = {"errors", "conventions", "config", "networks", "losses", "masks"}
"""Algorithm 1 knows no disk, no data and no launcher; what it needs of them comes in as an argument."""
RIVALS_SEE = {"rwlib.training.step", "rwlib.training.players"}
"""The steps of its rivals see the same, and what they share with it."""
# Package -> the only rooms or modules of rwlib that may import it.
RESERVED = {
    "accelerate": {"training.launch", "training.loop", "training.update"},
    "IPython": {"notebook", "widgets", "course"},
    "ipywidgets": {"widgets", "course"},
    "anywidget": {"widgets"},
    "traitlets": {"widgets", "course"},
}


@functools.cache
def _sources():
    texts = {}
    for file in sorted((ROOT / "rwlib").rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        texts[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file.read_text()
    return texts


def sources():
    """Return {module name: text} of all modules of rwlib."""
    return dict(_sources())


@functools.cache
def import_statements(text):
    """Return all statements of a module that import, wherever in its text."""
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]


def imports(name, text, packages):
    """Return the absolute names of all modules that a module imports."""
    found = set()
    for node in import_statements(text):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        else:
            parents = name.split(".") if name in packages else name.split(".")[:-1]
            parents = parents[: len(parents) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            # `from rwlib import masks` names a module only in its second half.
            found |= {f"{base}.{alias.name}" for alias in node.names} if base == "rwlib" else {base}
    return found


def room_of(module):
    """Return the innermost room that a module of rwlib stands in; None for rwlib itself."""
    parts = module.split(".")[1:]
    rooms = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    return next((room for room in rooms if room in FLOOR), parts[0] if parts else None)


def violations(texts):
    """Return one sentence per broken rule."""
    packages = {name for name in texts if any(other.startswith(f"{name}.") for other in texts)}
    broken = []
    for name, text in texts.items():
        if name == "rwlib":
            continue
        room = room_of(name)
        if room not in FLOOR:
            broken.append(f"{name}: give it a place in FLOORS")
            continue
        for target in imports(name, text, packages):
            package = target.split(".")[0]
            if package in RESERVED and not RESERVED[package] & {room, name.removeprefix("rwlib.")}:
                broken.append(f"{name} imports {package}, which only {' and '.join(sorted(RESERVED[package]))} may")
            other = room_of(target) if package == "rwlib" else None
            if other not in FLOOR or other == room:
                continue
            if FLOOR[other] > FLOOR[room]:
                broken.append(f"{name} imports {target}, which stands on a higher floor")
            if FLOOR[other] == FLOOR[room]:
                broken.append(f"{name} imports {target}, its neighbour on the same floor")
            if room in ("losses", "metrics") and other not in ("errors", "conventions", "config"):
                broken.append(f"{name} imports {target}, but sees tensors, conventions and the configuration only")
            if _is_step(name) and other not in STEP_SEES:
                broken.append(f"{name} imports {target}, but sees networks, losses and masks only")
        if _is_step(name):  # rooms of its own floor, too
            allowed = set() if name == "rwlib.training.step" else RIVALS_SEE
            broken += [f"{name} imports {x}, but sees networks, losses and masks only"
                       for x in imports(name, text, packages) - allowed if x.startswith("rwlib.training.")]  # fmt: skip
    return broken


def _is_step(name):
    return name == "rwlib.training.step" or name.startswith("rwlib.training.rivals.")


def test_rwlib_keeps_the_rules():
    assert violations(sources()) == []


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"rwlib.masks": "from rwlib.networks.generator import RegionWiseGenerator"}, "higher floor"),
        ({"rwlib.masks": "def f():\n    import rwlib.training.loop"}, "higher floor"),
        ({"rwlib.masks": "from rwlib import losses"}, "higher floor"),
        ({"rwlib.masks": "from .losses.style import style_loss"}, "higher floor"),
        ({"rwlib.masks.resize": "", "rwlib.masks": "from ..losses import style_loss"}, "higher floor"),
        ({"rwlib.data": "from . import commands", "rwlib.data.folder": "from ..commands import main"}, "higher floor"),
        ({"rwlib.networks.fast.reflect_conv": "from rwlib.networks.generator import elu"}, "higher floor"),
        ({"rwlib.widgets.panel": "from rwlib.course import check"}, "neighbour"),
        ({"rwlib.losses.style": "from rwlib.masks import resize_mask"}, "tensors, conventions"),
        ({"rwlib.metrics": "if True:\n    from rwlib.files import x"}, "tensors, conventions"),
        (
            {"rwlib.training.schedule": "import accelerate"},
            "only training.launch and training.loop and training.update may",
        ),
        ({"rwlib.training.step": "from rwlib.checkpoints import write_checkpoint"}, "networks, losses and masks only"),
        ({"rwlib.training.step": "from rwlib.training.timer import PartTimer"}, "networks, losses and masks only"),
        ({"rwlib.training.rivals.ca": "from rwlib.data import open_source"}, "networks, losses and masks only"),
        ({"rwlib.training.rivals.ca": "from rwlib.training.loop import train"}, "networks, losses and masks only"),
        (
            {"rwlib.evaluation.protocol": "import accelerate.utils"},
            "only training.launch and training.loop and training.update may",
        ),
        ({"rwlib.inpainting": "from IPython.display import display"}, "only course and notebook and widgets may"),
        ({"rwlib.novelty": ""}, "give it a place"),
    ],
)
def test_the_rules_find_what_they_forbid(texts, words):
    assert any(words in sentence for sentence in violations(texts)), violations(texts)


def test_the_rules_allow_what_they_should():
    texts = {
        "rwlib.training.loop": "import accelerate, torch\nfrom rwlib.losses import style\nfrom .step import G",
        "rwlib.training": "",
        "rwlib.networks.generator": "from rwlib.networks.fast.reflect_conv import reflect_conv2d",
        "rwlib.widgets.shared.live": "import ipywidgets\nfrom IPython.display import display\nfrom . import base",
        "rwlib.widgets": "",
        "rwlib.commands.main": "from rwlib import __version__, bench, training",
    }
    assert violations(texts) == []


def test_importing_rwlib_is_light():
    heavy = ["torch", "numpy", "matplotlib", "IPython", "ipywidgets", "jupyter_client", "accelerate"]
    code = f"import sys, rwlib, rwlib.commands.doctor; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_ruff_finds_nothing():
    """Style, import order and the docstring of every public name (D)."""
    for command in (["check"], ["format", "--check"]):
        report = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "."], cwd=ROOT, capture_output=True, text=True
        )  # fmt: skip
        assert report.returncode == 0, f"`make lint` finds:\n{report.stdout}{report.stderr}"


@pytest.mark.parametrize("name", [name for name, text in sources().items() if ">>> " in text])
def test_the_examples_in_docstrings_are_true(name):
    assert doctest.testmod(importlib.import_module(name), extraglobs={"torch": torch}).failed == 0
