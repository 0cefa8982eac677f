"""Files from elsewhere: none is run, and none that is damaged or cut short is taken for a whole one.

The sources are scanned for loads that could run code; a pickle that would leave a trace is then given wherever a file
is read; and a small checkpoint is cut at every length and damaged at random.
"""

import ast
import os
import pickle
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from examples import Trap
from PIL import Image
from test_release import draw  # noqa: F401 (puts data_scripts on the path)

from rwlib.checkpoints import load_generator, read_checkpoint, write_checkpoint
from rwlib.commands.main import main
from rwlib.config import make_config
from rwlib.conventions import InputError
from rwlib.networks import vgg_weights
from rwlib.networks.vgg import VGGFeatures

import convert_release  # isort: skip

ROOT = Path(__file__).parent.parent
RUNS_CODE_ON_PURPOSE = {
    "data_scripts/convert_rival.py": {"pickle"},
    "rwlib/course/authoring/prove.py": {"exec"},
    "rwlib/course/checking/mutants.py": {"exec"},
    "rwlib/course/checking/solutions.py": {"exec"},
    "rwlib/course/checking/whatif.py": {"exec"},
    "rwlib/course/classroom/forks.py": {"exec"},
    "rwlib/course/grading/wire.py": {"pickle"},
}
"""The course's own notebooks, and arguments from a grader to a process of its own; nothing that a user gives.

`convert_rival.py` needs the name of an error alone, `pickle.UnpicklingError`: it reads with `weights_only=True`.
`mutants.py` and `whatif.py` run the course's own solutions with one step or one value changed; what a learner wrote is
never in them. `forks.py` runs the import statements of the course's own notebook.
"""

# --- (a) the sources

PICKLES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "jsonpickle"}
NEVER = {
    "eval", "exec", "os.system", "torch.hub.load", "torch.jit.load", "torch.package.PackageImporter",
    "pandas.read_pickle", "yaml.unsafe_load", "numpy.lib.format.read_array", "shutil.unpack_archive",
}  # fmt: skip
WEIGHTS_ONLY = ("torch.load", "load_state_dict_from_url", "get_state_dict")


def dotted(function):
    """Return the name of a called function, `a.b.c`; what is not a name itself is `?`, as in `?.c`."""
    names = []
    while isinstance(function, ast.Attribute):
        names.append(function.attr)
        function = function.value
    return ".".join([function.id if isinstance(function, ast.Name) else "?", *reversed(names)])


def dangers(text):
    """Return the names of the calls and imports of a source that could run code from a file."""
    found, meaning = [], {}
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in PICKLES]
            for alias in node.names:  # import numpy as np: np means numpy
                top = alias.name.split(".")[0]
                meaning[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module] if node.module.split(".")[0] in PICKLES else []
            meaning |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        first, dot, rest = dotted(node.func).partition(".")
        name = meaning.get(first, first) + dot + rest
        given = {word.arg: getattr(word.value, "value", None) for word in node.keywords}
        if name in NEVER or given.get("shell") not in (None, False):
            found.append(name)
        if name.endswith(WEIGHTS_ONLY) and given.get("weights_only") is not True:
            found.append(name)
        if "allow_pickle" in given and given["allow_pickle"] is not False:
            found.append(name)
        if name == "yaml.load" or (name.endswith(".extractall") and given.get("filter") != "data"):
            found.append(name)
    return found


SOURCES = sorted(file for folder in ("rwlib", "data_scripts") for file in (ROOT / folder).rglob("*.py"))


def test_no_source_loads_files_that_could_run_code():
    found = {file.relative_to(ROOT).as_posix(): set(dangers(file.read_text(encoding="utf-8"))) for file in SOURCES}
    assert len(found) > 200 and {file: calls for file, calls in found.items() if calls} == RUNS_CODE_ON_PURPOSE


@pytest.mark.parametrize(
    "text",
    [
        "import torch\ntorch.load(file)",
        "import torch\ntorch.load(file, weights_only=False)",
        "import torch\ndef f(only):\n    return torch.load(file, weights_only=only)",
        "import torch as t\nt.load(file)",
        "from torch import load\nload(file)",
        "from torch import load as get\nget(file, map_location='cpu')",
        "import numpy as np\nnp.load(file, allow_pickle=True)",
        "import numpy as np\nnp.load(file, allow_pickle=anything)",
        "import pickle",
        "from pickle import load",
        "def f():\n    import joblib",
        "from torch.hub import load_state_dict_from_url as get\nget(url)",
        "VGG16_Weights.IMAGENET1K_FEATURES.get_state_dict(progress=True)",
        "import torch\ntorch.hub.load('a/b', 'c')",
        "import yaml\nyaml.load(text, yaml.Loader)",
        "eval(text)",
        "archive.extractall(folder)",
        "import subprocess\nsubprocess.run(line, shell=True)",
    ],
)
def test_the_scan_finds_what_it_should(text):
    assert dangers(text)


@pytest.mark.parametrize(
    "text",
    [
        "import torch\ntorch.load(file, map_location='cpu', weights_only=True)",
        "import numpy as np\nnp.load(file)\nnp.load(file, allow_pickle=False)",  # False is numpy's default
        "G.eval()\njson.load(file)\nG.load_state_dict(weights)",
        "get_state_dict(progress=True, weights_only=True)",
        "archive.extractall(folder, filter='data')",
    ],
)
def test_the_scan_lets_pass_what_it_should(text):
    assert dangers(text) == []


# --- (b) files with code in them


@pytest.fixture(params=["pickle", "torch", "npz", "npy"])
def trap(request, tmp_path):
    """A file of each kind that pickles can be in, and a check that its code has not run."""
    trace, file = tmp_path / "it_ran", tmp_path / "trap"
    if request.param == "pickle":
        file.write_bytes(pickle.dumps(Trap(trace)))
    elif request.param == "torch":
        torch.save({"features.0.weight": Trap(trace)}, file)
    else:
        value = np.empty(1, object)
        value[0] = Trap(trace)
        with file.open("wb") as opened:
            np.savez(opened, weights=value) if request.param == "npz" else np.save(opened, value)
    yield file
    assert not trace.exists(), "code from the file has run"


def test_the_trap_would_spring(tmp_path):
    pickle.loads(pickle.dumps(Trap(tmp_path / "it_ran"))).close()
    assert (tmp_path / "it_ran").exists()


def test_code_given_as_a_checkpoint_does_not_run(trap, tmp_path, capfd):
    for load in (read_checkpoint, load_generator):
        with pytest.raises(InputError, match=r"^checkpoint: [^\n]*not a safetensors file[^\n]*; get it again$"):
            load(trap)
    assert main(["inpaint", "photo.png", "--mask", "mask.png", "-o", "out.png", "--checkpoint", str(trap)]) == 2
    assert capfd.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("place", ["photo", "mask"])
def test_code_given_as_a_picture_does_not_run(trap, tmp_path, capfd, place):
    Image.new("L", (24, 16)).save(tmp_path / "good.png")
    files = {"photo": tmp_path / "good.png", "mask": tmp_path / "good.png"}
    for name in ("trap.png", "trap.npz", "trap.npy"):
        os.link(trap, tmp_path / name)
        files[place] = tmp_path / name
        assert (
            main(["inpaint", str(files["photo"]), "--mask", str(files["mask"]), "-o", str(tmp_path / "out.png")]) == 2
        )
        assert f"{name} is not an image" in capfd.readouterr().err


def test_code_given_as_data_does_not_run(trap, tmp_path, capfd):
    (tmp_path / "photos").mkdir()
    os.link(trap, tmp_path / "photos" / "photo.png")
    assert main(["evaluate", "--data", str(tmp_path / "photos")]) == 2
    assert capfd.readouterr().err.count("\n") == 1


def test_code_given_as_bundled_vgg_weights_does_not_run(trap, monkeypatch):
    monkeypatch.setattr(vgg_weights, "bundled_file", lambda: trap)
    vgg_weights.bundled_weights.cache_clear()
    with pytest.raises(InputError, match=r"^vgg: the bundled weights cannot be read [^\n]*; reinstall them"):
        VGGFeatures("bundled")
    vgg_weights.bundled_weights.cache_clear()


def test_code_in_torchs_cache_does_not_run_as_torchvisions_weights(trap, tmp_path, monkeypatch):
    from torchvision.models import VGG16_Weights

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    os.link(trap, tmp_path / "hub" / "checkpoints" / Path(VGG16_Weights.IMAGENET1K_FEATURES.url).name)
    with pytest.raises(InputError, match=r"^vgg: torchvision's VGG-16 is damaged [^\n]*; delete it from [^\n]*hub"):
        VGGFeatures("torchvision")


def test_code_given_as_the_authors_checkpoint_does_not_run(trap, tmp_path, capfd):
    os.link(trap, tmp_path / "v1.ckpt-3.index")
    for given in (tmp_path / "v1.ckpt-3", trap):
        assert convert_release.main([str(given), "-o", str(tmp_path / "x.safetensors")]) == 1
        assert capfd.readouterr().err.count("\n") == 1


# --- (c) partial and damaged files


@pytest.fixture
def whole(tmp_path):
    """A small checkpoint, and its bytes."""
    file, config = tmp_path / "x.safetensors", make_config("balanced", "tiny", width=4, size_px=16)
    tensors = {"weight": torch.arange(6.0).reshape(2, 3), "step": torch.tensor(7), "half": torch.ones(3).half()}
    write_checkpoint(file, tensors, kind="training", config=config, about={"step": 7})
    return file, file.read_bytes()


def refusal(file, data):
    """Read a bad file; return what was said, which must be one line, or None if it was read."""
    file.write_bytes(data)
    try:
        read_checkpoint(file)
    except InputError as error:
        assert str(error).startswith("checkpoint: ") and str(file) in str(error) and "\n" not in str(error)
        return str(error)


def test_no_part_of_a_checkpoint_is_taken_for_the_whole(whole):
    file, good = whole
    assert [size for size in range(len(good)) if not refusal(file, good[:size])] == []
    assert not refusal(file, good)


def test_no_flipped_bit_goes_unnoticed(whole):
    """At random places here, because all 11,000 take a minute: of these, too, none went unnoticed."""
    file, good = whole
    for bit in random.Random(0).sample(range(8 * len(good)), 600):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        assert refusal(file, bad), f"bit {bit % 8} of byte {bit // 8}"


def test_no_scribble_goes_unnoticed(whole):
    file, good = whole
    chance = random.Random(1)
    for _ in range(200):
        bad = bytearray(good)
        for _ in range(chance.choice([2, 5, 20])):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        assert bytes(bad) == good or refusal(file, bad)


def test_two_checkpoints_run_together_are_none(whole):
    file, good = whole
    half = len(good) // 2
    for bad in (
        good + good,
        good + b"more",
        good[half:] + good[:half],
        good[:half] + bytes(len(good) - half),
        bytes(len(good)),
    ):
        assert refusal(file, bad)


def test_a_zip_of_a_checkpoint_is_none(whole, tmp_path):
    file, good = whole
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("x.safetensors", good)
    assert "is truncated or not a safetensors file" in refusal(file, (tmp_path / "x.zip").read_bytes())
