"""Who imports whom (STYLE's rule: imports run one way), and that every docstring is there and its example true.

The rules are checked on the syntax tree, so that an import inside a function counts too; each is also shown a text that
breaks it.
"""

import ast
import doctest
import graphlib
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parent.parent

ORDER = [
    {"conventions", "palette"},
    {"locking"},
    {"config"},
    {"masks", "padding", "upsampling", "layers", "vgg"},
    {"data", "generator", "discriminator"},
    {"losses"},
    {"metrics", "checkpoints", "frechet", "tables", "uids"},
    {"ablations", "runs", "schedule"},
    {"launch", "step", "validation"},
    {"train"},
    {"evaluate", "evaluation_files", "evaluation_run", "inpaint", "mask_folder", "perceptual"},
    {"doctor"},
    {"bench"},
    {"cli", "widgets", "course", "__main__"},
]
TIER = {part: tier for tier, parts in enumerate(ORDER) for part in parts}
# Package -> the only parts of rwlib that may import it.
RESERVED = {"accelerate": {"launch", "step", "train"}, "IPython": {"widgets", "course"},
            "ipywidgets": {"widgets", "course"}, "anywidget": {"widgets"}, "traitlets": {"widgets"}}  # fmt: skip


def sources():
    """Return {module name: text} of all modules of rwlib."""
    texts = {}
    for file in sorted((ROOT / "rwlib").rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        texts[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file.read_text()
    return texts


def imports(name, text, packages):
    """Return the absolute names of all modules that a module imports, wherever in its text."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = name.split(".") if name in packages else name.split(".")[:-1]
            parents = parents[: len(parents) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            # `from rwlib import masks` names a module only in its second half.
            found |= {f"{base}.{alias.name}" for alias in node.names} if base == "rwlib" else {base}
    return found


def violations(texts):
    """Return one sentence per broken rule."""
    packages = {name for name in texts if any(other.startswith(f"{name}.") for other in texts)}
    broken, graph = [], {}
    for name, text in texts.items():
        if name == "rwlib":
            continue
        part = name.split(".")[1]
        if part not in TIER:
            broken.append(f"{name}: give it a place in ORDER")
            continue
        for target in imports(name, text, packages):
            top, _, rest = target.partition(".")
            if top in RESERVED and part not in RESERVED[top]:
                broken.append(f"{name} imports {top}, which only {' and '.join(sorted(RESERVED[top]))} may")
            other = rest.split(".")[0]
            if top != "rwlib" or other not in TIER:
                continue
            if other != part:
                graph.setdefault(part, set()).add(other)
            if TIER[other] > TIER[part]:
                broken.append(f"{name} imports {target}, which comes after it")
            if part in ("losses", "metrics") and other in ("generator", "discriminator"):
                broken.append(f"{name} imports {target}, but takes tensors and features, never networks")
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        broken.append(f"a circle of imports: {' -> '.join(error.args[1])}")
    return broken


def test_rwlib_keeps_the_rules():
    assert violations(sources()) == []


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"rwlib.masks": "from rwlib.generator import RegionWiseGenerator"}, "which comes after it"),
        ({"rwlib.masks": "def f():\n    import rwlib.train"}, "which comes after it"),
        ({"rwlib.masks": "from rwlib import losses"}, "which comes after it"),
        ({"rwlib.masks": "from .losses.style import style_loss"}, "which comes after it"),
        ({"rwlib.data": "from . import cli", "rwlib.data.folder": "from ..cli import main"}, "which comes after it"),
        ({"rwlib.losses.style": "from rwlib.discriminator import Discriminator"}, "never networks"),
        ({"rwlib.metrics": "if True:\n    from rwlib.generator import x"}, "never networks"),
        ({"rwlib.evaluate": "import accelerate.utils"}, "only launch and step and train may"),
        ({"rwlib.inpaint": "from IPython.display import display"}, "only course and widgets may"),
        ({"rwlib.novelty": ""}, "give it a place"),
        ({"rwlib.layers": "import rwlib.masks", "rwlib.masks": "import rwlib.layers"}, "a circle"),
    ],
)
def test_the_rules_find_what_they_forbid(texts, words):
    assert any(words in sentence for sentence in violations(texts)), violations(texts)


def test_the_rules_allow_what_they_should():
    texts = {
        "rwlib.train": "import accelerate, torch\nfrom rwlib.losses import style\nfrom .generator import G",
        "rwlib.widgets.live": "import ipywidgets\nfrom IPython.display import display\nfrom . import base",
        "rwlib.widgets": "",
        "rwlib.cli": "from rwlib import __version__, doctor, train",
    }
    assert violations(texts) == []


def test_importing_rwlib_is_light():
    heavy = ["torch", "numpy", "matplotlib", "IPython", "ipywidgets", "jupyter_client", "accelerate"]
    code = f"import sys, rwlib, rwlib.doctor; print([name for name in {heavy} if name in sys.modules])"
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
