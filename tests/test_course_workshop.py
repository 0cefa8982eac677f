"""What passes is kept, nothing changed by hand is lost, and a system of the learner's parts is Algorithm 1."""

import ast
import importlib.util
import linecache
from itertools import count
from pathlib import Path

import pytest
import torch

from rwlib.checkpoints import load_generator
from rwlib.conventions import InputError
from rwlib.course import check, exercises
from rwlib.course.checking.solutions import find_solution
from rwlib.course.workshop import kept
from rwlib.course.workshop.parts import PARTS, Parts, gather
from rwlib.course.workshop.solved import as_written, keep_solutions
from rwlib.course.workshop.system import GENERATOR, Judge, MySystem, OwnGenerator, own_config
from rwlib.course.workshop.written import write_out
from rwlib.data import Facades, TrainingSamples
from rwlib.networks.discriminator import RegionWiseDiscriminator
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.networks.vgg import VGGFeatures
from rwlib.training.step import Batch, discriminator_step, generator_step

NUMBERS = count()
RWLIBS = Parts({name: part.rwlib for name, part in PARTS.items()})
CELL = """import torch
from rwlib.losses.style import gram

SCALE = 1.0
other_cells = torch.zeros(3)


def total_of(pairs):
    return sum((gram(a) - gram(b)).abs().sum((1, 2)).mean() for a, b in pairs)


def my_style_loss(phis_c2, phis_gt):
    return SCALE * total_of(zip(phis_c2, phis_gt, strict=True))


def newer(phis_c2, phis_gt):
    return total_of(list(zip(phis_c2, phis_gt)))


def needs_another_cell(x):
    return x + other_cells


def has_its_own(other_cells, y=1):
    SCALE = 3
    return [gram(SCALE * x) for x in (other_cells, y)]
"""


@pytest.fixture
def cell():
    """Run the text of a cell as IPython does, so that its source can be found; return its names."""

    def run(text=CELL):
        name = f"<cell {next(NUMBERS)}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        space = {"__name__": "__main__"}
        exec(compile(text, name, "exec"), space)
        return space

    return run


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The package's folder for a learner who starts."""
    monkeypatch.delenv("RWLIB_HOME")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "my_rwlib"


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("solved") / "my_rwlib"
    keep_solutions(folder)
    return folder


def imported(file):
    spec = importlib.util.spec_from_file_location("kept_by_a_test", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- keeping


def test_a_pass_keeps_the_function_with_all_that_it_needs(mine, cell):
    result = check.ex_5_4(cell()["my_style_loss"])
    assert result.status == "passed" and result.message == "Kept in `my_rwlib/style.py`."
    module = imported(mine / "style.py")
    phis = [torch.rand(2, 3, 4, 5), torch.rand(2, 4, 2, 2)]
    assert module.my_style_loss(phis, phis) == 0
    text = (mine / "style.py").read_text()
    assert "from rwlib.losses.style import gram" in text and "def total_of" in text and "SCALE = 1.0" in text
    assert (mine / "__init__.py").exists()


def test_what_fails_or_is_a_prediction_is_not_kept(mine, cell):
    check.ex_5_4(lambda phis_c2, phis_gt: 0)
    check.ex_2_1(9)
    assert not mine.exists()


def test_a_newer_version_takes_the_place_of_one_that_nobody_changed(mine, cell):
    space = cell()
    check.ex_5_4(space["my_style_loss"])
    check.ex_5_4(space["newer"])
    assert "def newer" in (mine / "style.py").read_text() and "def my_style_loss" not in (mine / "style.py").read_text()
    assert "def my_style_loss" in (mine / "earlier" / "style.py").read_text()


def test_what_was_changed_by_hand_stays_until_its_owner_says_otherwise(mine, cell):
    space = cell()
    check.ex_5_4(space["my_style_loss"])
    file = mine / "style.py"
    changed = file.read_text().replace("return SCALE", "# my own remark\n    return SCALE")
    file.write_text(changed)
    message = check.ex_5_4(space["newer"]).message
    assert file.read_text() == changed and 'check.keep("5.4")' in message
    check.keep("5.4")
    assert "def newer" in file.read_text() and "my own remark" in (mine / "earlier" / "style.py").read_text()
    with pytest.raises(InputError, match="no version of exercise '5.4' waits"):
        check.keep("5.4")


def test_a_function_that_has_its_own_names_needs_none_of_other_cells(cell):
    written = write_out(cell()["has_its_own"])
    assert written.imports == ("from rwlib.losses.style import gram",) and written.text.startswith("def has_its_own")


def test_other_exercises_and_lines_of_a_module_stay(mine):
    for number in ("5.1", "5.7"):
        kept.keep_text(exercises.find(number), as_written(find_solution(number)), mine)
    file = mine / "style.py"
    file.write_text(file.read_text().replace('words."""\n', 'words."""\n\nMY_CONSTANT = 3\n'))
    kept.keep_text(exercises.find("5.4"), as_written(find_solution("5.4")), mine)
    module = imported(file)
    assert module.MY_CONSTANT == 3
    names = [kept.defined_name(block.text) for block in kept.read_blocks(file)[1]]
    assert names == ["my_gram", "my_style_loss", "my_two_composites"]


def test_what_cannot_be_kept_is_told_and_breaks_nothing(mine, cell):
    with pytest.raises(InputError, match="not kept, because it uses `other_cells` of another cell"):
        write_out(cell()["needs_another_cell"])
    space = {}
    exec("def without_source(x):\n    return x", space)
    assert "no source" in kept.keep(exercises.find("5.4"), space["without_source"])
    assert "write it as `def`" in kept.keep(exercises.find("5.4"), lambda phis_c2, phis_gt: 0)
    mine.write_text("a file in the folder's place")
    assert check.ex_5_4(cell()["my_style_loss"]).status == "passed"


def test_with_a_home_for_progress_nothing_is_written_beside_the_notebook(tmp_path, monkeypatch):
    monkeypatch.setenv("RWLIB_HOME", str(tmp_path / "home"))
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert kept.folder() == tmp_path / "home" / "notebooks" / "my_rwlib"


def test_every_solution_can_be_kept_and_still_passes(solved):
    for file in sorted(solved.glob("*.py")):
        if file.name != "__init__.py":
            imported(file)
    parts = gather(solved)
    assert parts.yours == set(PARTS) and parts.problems == ()


@pytest.mark.parametrize(
    "number", [exercise.number for exercise in exercises.all_exercises() if not exercise.is_prediction]
)
def test_every_solution_can_be_kept_as_its_cell_has_it(number, cell):
    """With the notebook's names around it, as in a kernel that has run all cells."""
    solution = find_solution(number)
    imports = "\n".join(map(ast.unparse, solution.imports))
    written = write_out(cell(f"{imports}\n\n{solution.before}{solution.body}")[solution.name])
    space = {}
    exec("\n".join(written.imports) + "\n" + written.text, space)
    assert callable(space[solution.name])
    assert all(line.startswith("import ") or "__main__" not in line for line in written.imports)


# --- gathering


def test_without_a_package_all_parts_are_rwlibs(tmp_path):
    parts = gather(tmp_path)
    assert parts.functions == RWLIBS.functions and repr(parts).startswith(f"yours: 0 of {len(PARTS)} parts; from")


def test_what_is_written_is_taken_and_the_rest_is_rwlibs(tmp_path):
    kept.keep_text(exercises.find("5.4"), as_written(find_solution("5.4")), tmp_path)
    parts = gather(tmp_path)
    assert parts.yours == {"L_s"} and parts.L_s.__name__ == "my_style_loss" and parts.L_c is PARTS["L_c"].rwlib
    assert f"yours: 1 of {len(PARTS)} parts" in repr(parts) and "style loss" not in repr(parts)
    with pytest.raises(AttributeError, match="expected one of resize_mask"):
        parts.no_such_part  # noqa: B018


def test_a_function_that_was_spoilt_by_hand_is_named_and_replaced(tmp_path):
    kept.keep_text(exercises.find("5.4"), as_written(find_solution("5.4")), tmp_path)
    kept.keep_text(exercises.find("4.2"), as_written(find_solution("4.2")), tmp_path)
    file = tmp_path / "style.py"
    file.write_text(file.read_text().replace(".abs()", ""))
    (tmp_path / "correlation.py").write_text((tmp_path / "correlation.py").read_text() + "\nthis is no Python\n")
    parts = gather(tmp_path)
    assert parts.yours == set() and len(parts.problems) == 2
    assert "no longer passes the check 5.4" in repr(parts) and "correlation.py does not run (SyntaxError" in repr(parts)


# --- systems

TINY = {"vgg": "random", "discriminator_layers": 2}


def sixteen_px(**fields):
    return own_config(16, 4, 2, (1, 1), 3, **TINY, **fields)


@pytest.mark.slow
def test_a_system_of_solutions_has_the_losses_of_rwlibs_bit_for_bit(solved, tmp_path):
    config = sixteen_px()
    mine = MySystem(gather(solved), tmp_path / "one").train(Facades(seed=0), config)
    rwlibs = MySystem(RWLIBS, tmp_path / "two").train(Facades(seed=0), config)
    assert len(mine.losses) == 6 and len(mine.judged) == 3
    assert mine.losses == rwlibs.losses and mine.judged == rwlibs.judged
    assert len(set(mine.losses)) == 6, "it learns, so no two losses are the same"


def batch(config):
    samples = TrainingSamples(Facades(seed=0), config.size_px, (0.2, 0.4), "both", seed=0)
    return (torch.stack(x) for x in zip(*(samples[k] for k in range(2)), strict=True))


@pytest.mark.parametrize("phase", [1, 2])
def test_a_step_is_that_of_rwlibs_training(phase):
    """The same loss as `rwlib train` has, whose forms are faster, and gradients in the same place."""
    config = sixteen_px()
    I_gt, M = batch(config)
    torch.manual_seed(0)
    G, D = OwnGenerator(RWLIBS, 4), RegionWiseDiscriminator.from_config(config).eval()
    theirs = RegionWiseGenerator(4, output="tanh")
    theirs.load_state_dict(G.state_dict())
    vgg, still = VGGFeatures("random", size_px=0), torch.optim.SGD(G.parameters(), lr=0.0)
    system = MySystem(RWLIBS, Path("nowhere"))
    arguments = (vgg, still, I_gt, M, config, system.losses)
    if phase == 1:
        L = system.parts.generator_step(G, *arguments)
    else:
        L = system.parts.generator_step_two(G, Judge(D), *arguments)
    expected = generator_step(D, vgg, Batch(I_gt, M, u=None), theirs(I_gt, M), config, phase)["L"]
    expected.backward()
    assert torch.allclose(L, expected, rtol=1e-5)
    for (name, x), y in zip(G.named_parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(x.grad, y.grad, rtol=1e-3, atol=1e-4 * float(y.grad.abs().max())), name


def test_the_discriminators_step_is_that_of_rwlibs_training():
    config = sixteen_px()
    I_gt, M = batch(config)
    torch.manual_seed(0)
    G, D = RegionWiseGenerator(4, output="tanh"), RegionWiseDiscriminator.from_config(config)
    still = torch.optim.SGD(D.parameters(), lr=0.0)
    out = G(I_gt, M)
    expected = discriminator_step(D, Batch(I_gt, M, u=None), out, config)["L_D"]
    D.eval()
    L_a = RWLIBS.discriminator_step(Judge(D), still, I_gt, out.I_p1, out.I_p2, M, config.alpha)
    assert torch.allclose(-L_a, expected, rtol=1e-4)


def test_what_was_trained_is_a_generator_like_any_other(solved, tmp_path):
    system = MySystem(gather(solved), tmp_path / "my_rwlib")
    config = sixteen_px()
    G, sentence = system.trained(Facades(seed=0), config)
    assert "was trained now, for 6 steps" in sentence
    loaded, read = load_generator(tmp_path / "my_rwlib" / GENERATOR)
    assert read == config
    I_gt, M = batch(config)
    with torch.no_grad():
        assert torch.allclose(loaded(I_gt, M).I_c2, G(I_gt, M).I_c2, atol=2e-2), "but for half precision"
    again, sentence = system.trained(None, config)
    assert sentence == "your network from notebook 07, 6 steps"
    with torch.no_grad():
        assert torch.allclose(again(I_gt, M).I_c2, loaded(I_gt, M).I_c2, atol=1e-5)


def test_a_loss_that_is_not_finite_ends_the_training(tmp_path):
    parts = RWLIBS
    parts.functions["L_s"] = lambda phis_c2, phis_gt: phis_c2[0].sum() * float("nan")
    with pytest.raises(InputError, match="step 0: L = nan"):
        MySystem(parts, tmp_path).train(Facades(seed=0), sixteen_px())


def test_the_weights_are_those_of_balanced_for_sums():
    config = own_config(64)
    assert config.lambda_3 == pytest.approx(0.03 * 3 * 64 * 64) and config.alpha == 2
    assert config.lambda_1 == pytest.approx(4e-5 * 3 * 64 * 64 / (16 * 16) ** 2)
