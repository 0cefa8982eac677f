"""Grading: values cross as data alone, the edition holds no solutions, and marks are those of the checks."""

import ast
import csv
import io
import json
import os
import re
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from class_of_ten import NAMES, hand_in
from command_line import refused

from rwlib.course import exercises
from rwlib.course.authoring import build, stubs
from rwlib.course.checking.check import judge
from rwlib.course.checking.solutions import find_solution
from rwlib.course.grading import edition, fence, notes, report, wire
from rwlib.course.grading.grade import Graded, Mark
from rwlib.course.grading.process import LearnerProcess, Limits
from rwlib.course.grading.remote import RemoteAnswer, over_there, remote_error
from rwlib.course.grading.submissions import Submission, find_submissions, learner_of
from rwlib.errors import InputError

GRADING = Path(wire.__file__).parent

# --- the wire


def there_and_back(value):
    tree, blobs = wire.encode(value)
    stream = io.BytesIO()
    wire.write_frame(stream, {"tree": tree}, blobs)
    stream.seek(0)
    header, blobs = wire.read_frame(stream)
    return wire.decode(header["tree"], blobs)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -2.5, float("inf"), "ü", ..., (1, [2, {"a": (3,)}]), {"L_c", "L_s"}, {1: 2}, 1j, torch.float32,
        np.float32(0.5),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_plain_values_come_back(value):
    got = there_and_back(value)
    assert got == value and type(got) is type(value)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "complex128", "int64", "bool"])
def test_tensors_come_back(dtype):
    x = torch.tensor([[1.5, 0.0, -2.0], [float("nan"), 3.0, 1.0]]).to(getattr(torch, dtype)).T
    got = there_and_back(x)
    assert got.dtype == x.dtype and got.shape == x.shape and torch.equal(got.isnan(), x.isnan())
    assert torch.equal(got[~got.isnan()], x[~x.isnan()])
    assert there_and_back(torch.zeros(2, 0)).shape == (2, 0) and there_and_back(np.arange(3)).tolist() == [0, 1, 2]


def test_what_cannot_cross_becomes_its_name():
    got = there_and_back([object(), torch.nn.Linear(1, 1), lambda: 3, torch.zeros(2, 2).to_sparse()])
    assert [type(x).__name__ for x in got] == ["object", "Linear", "function", "Tensor"]
    assert there_and_back(torch.ones(1, requires_grad=True)).requires_grad
    endless = []
    endless.append(endless)
    for value in (endless, list(range(200_000))):
        with pytest.raises(wire.WireError, match="too many parts"):
            wire.encode(value)


@pytest.mark.parametrize(
    "tree",
    [
        None, 3, {}, {"kind": "tensor"}, {"kind": "tensor", "dtype": "object", "shape": [1], "blob": 0},
        {"kind": "tensor", "dtype": "float64", "shape": [10**12], "blob": 0},
        {"kind": "tensor", "dtype": "float64", "shape": [-1], "blob": 0},
        {"kind": "array", "dtype": "O", "shape": [], "blob": 0},
        {"kind": "tensor", "dtype": "float64", "shape": [1], "blob": 7},
        {"kind": "set", "items": [{"kind": "list", "items": []}]},
        {"kind": "dict", "items": [[1]]}, {"kind": "complex", "value": ["a", "b"]},
    ],
    ids=str,
)  # fmt: skip
def test_nonsense_is_refused(tree):
    with pytest.raises(wire.WireError):
        wire.decode(tree, [bytes(8)])


@pytest.mark.parametrize(
    "sent",
    [
        b"", b"abc", struct.pack(">Q", 2**40), struct.pack(">Q", 2) + b"[]", struct.pack(">Q", 3) + b"{}x",
        struct.pack(">Q", 13) + b'{"blobs":[-1]', struct.pack(">Q", 22) + b'{"blobs":[99999999999]}'[:22],
        struct.pack(">Q", 100_000) + b"[" * 100_000,
    ],
    ids=range(8),
)  # fmt: skip
def test_no_frame_is_read_that_is_none(sent):
    with pytest.raises((EOFError, wire.WireError)):
        wire.read_frame(io.BytesIO(sent))


def test_only_a_learners_process_reads_pickles():
    users = [f.name for f in GRADING.glob("*.py") if re.search(r"\bunpickled\(", f.read_text()) and f.name != "wire.py"]
    assert users == ["runner.py"]


# --- the edition


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    return edition.make_edition(tmp_path_factory.mktemp("edition").resolve() / "edition")


def test_the_edition_has_no_solutions_mistakes_and_hints(script):
    root = script.parents[3]
    text = "\n".join(file.read_text(encoding="utf-8") for file in (root / "rwlib" / "course").rglob("*.py"))
    assert not (root / "notebooks").exists() and not list(root.rglob("source"))
    for exercise in exercises.all_exercises():
        for said in [*exercise.mistakes, *exercise.hints]:
            assert json.dumps(said, ensure_ascii=False)[1:-1][:60] not in text and repr(said)[1:-1][:60] not in text
    for file in (root / "rwlib" / "course" / "exercises").glob("nb*.py"):
        calls = [
            n for n in ast.walk(ast.parse(file.read_text())) if getattr(getattr(n, "func", 0), "id", "") == "Exercise"
        ]
        assert calls and {k.arg for c in calls for k in c.keywords} <= edition.KEPT | {"mistakes", "hints"}


def test_a_closed_folder_is_left_out_of_what_may_be_read(tmp_path):
    for name in ("a/b/secret/x", "a/b/open/x", "a/c/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {str(p.relative_to(tmp_path)) for p in edition._without(tmp_path / "a", {tmp_path / "a/b/secret"})}
    assert found == {"a/b/open", "a/c"}
    read = edition.readable([])
    assert not any(str(path) in read for path in edition.hidden()) and any(
        p.endswith("torch") or "lib" in p for p in read
    )


# --- every exercise, judged from outside


@pytest.mark.slow
def test_every_answer_is_judged_as_in_the_notebook(script, tmp_path):
    """Solutions pass, stubs are not attempted, and a mistake gets its own message, all of it in another process."""
    wall = [*edition.readable([]), str(script.parents[3])] if fence.landlock_version() else None
    limits = Limits(notebook_s=1500, cell_s=300, answer_s=300)
    wrong = []
    with LearnerProcess(script, tmp_path, limits, wall, list(map(str, edition.hidden()))) as process:
        for file in build.sources():
            cells = [cell.source for cell in build.read_source(file).cells if cell.cell_type == "code"]
            imports = "\n".join(
                ast.unparse(n) for c in cells for n in ast.parse(c).body if isinstance(n, ast.Import | ast.ImportFrom)
            )
            process.ask({"do": "run", "source": imports}, seconds=300)
            for source in filter(stubs.has_solution, cells):
                number = re.search(r"Exercise (\d+\.\d+): ", source)[1]
                exercise, name = over_there(exercises.find(number)), find_solution(number).name
                for text, status in ((source, "passed"), (stubs.clear(source), "not attempted")):
                    result = _judged(process, exercise, text, name)
                    wrong += [f"{number}: {result}"] * (result.status != status)
                message, mistake = next(iter(exercise.mistakes.items()))
                if isinstance(mistake, str | tuple) and not exercise.is_prediction:
                    edited = find_solution(number).edited(mistake)
                    result = _judged(process, exercise, edited.before + edited.body, name)
                    wrong += [f"{number}: {result}"] * (result.message != message)
    assert wrong == []


def _judged(process, exercise, source, name):
    process.ask({"do": "run", "source": source}, seconds=60)
    reply, blobs = process.ask({"do": "describe", "name": name}, seconds=60)
    if "answer" in reply:
        return judge(exercise, RemoteAnswer(process, reply["answer"], reply["signature"]))
    return judge(exercise, wire.decode(reply["value"], blobs))


@pytest.mark.slow
def test_arguments_gradients_and_randomness_cross(script, tmp_path):
    cells = """import torch, random, numpy
def f(x, *, rng=None, k=2):
    x2 = x[0] ** k if isinstance(x, list) else x ** k
    return {"y": x2, "r": torch.rand(2, generator=rng), "g": torch.rand(1), "p": random.random()}
def changes(x):
    x += 1
def fails(x):
    raise KeyError("no")
"""
    with LearnerProcess(script, tmp_path, Limits(), None) as process:
        process.ask({"do": "run", "source": cells}, seconds=300)

        def answer(name):
            reply, _ = process.ask({"do": "describe", "name": name}, seconds=300)
            return RemoteAnswer(process, reply["answer"], reply["signature"])

        def f(x, rng, k=2):
            import random

            return {"y": x[0] ** k, "r": torch.rand(2, generator=rng), "g": torch.rand(1), "p": random.random()}

        remote, results = answer("f"), []
        for call in (lambda *a: remote([a[0]], rng=a[1], k=3), lambda *a: f([a[0]], a[1], 3)):
            import random

            torch.manual_seed(3), random.seed(4)
            leaf, rng = torch.tensor([1.0, 2.0], requires_grad=True), torch.Generator().manual_seed(5)
            out = [call(leaf * 2, rng), call(leaf, rng)]  # a tensor with a graph behind it, and a leaf
            (out[0]["y"].sum() + out[1]["y"].sum()).backward()
            results.append((leaf.grad.tolist(), [[float(o["p"]), o["g"].tolist(), o["r"].tolist()] for o in out]))
        assert results[0] == results[1]
        x = torch.zeros(2)
        assert answer("changes")(x) is None and x.tolist() == [1, 1]
        with pytest.raises(KeyError, match="no"):
            answer("fails")(x)
        with pytest.raises(TypeError):
            import inspect

            inspect.signature(answer("changes")).bind(1, 2)


def test_errors_keep_their_type():
    raised = {"type": "InputError", "text": "M: no", "where": ""}
    assert type(remote_error(raised, 5)) is InputError
    assert type(remote_error({"type": "KeyboardInterrupt"}, 5)) is TimeoutError
    assert type(remote_error({"type": "SystemExit"}, 5)).__name__ == "SystemExit"
    for odd in (None, {"type": "UnicodeDecodeError"}, {"type": "a b"}, {"type": ["x"]}):
        assert isinstance(remote_error(odd, 5), Exception)


# --- names, notes, the report


@pytest.mark.parametrize(
    ("file", "learner"),
    [
        ("ann/01_holes_and_masks.ipynb", "ann"), ("ann/week 1/x.ipynb", "ann"), ("01_holes_and_masks_bob.ipynb", "bob"),
        ("bob - 01_holes_and_masks.ipynb", "bob"), ("01_holes_and_masks (dan).ipynb", "dan"), ("eve.ipynb", "eve"),
        ("01_holes_and_masks.ipynb", "class"), ("x\x1b[31m/01.ipynb", "x\\x1b[31m"),
    ],
)  # fmt: skip
def test_names_come_from_folders_and_files(file, learner, tmp_path):
    assert learner_of(Path(file), tmp_path / "class") == learner


def test_what_is_no_notebook_is_said_and_not_read(tmp_path):
    (tmp_path / "link.ipynb").symlink_to("/dev/zero")
    (tmp_path / "deep.ipynb").write_text("[" * 100_000)
    (tmp_path / "list.ipynb").write_text("[]")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "a.ipynb").write_text("{}")
    found = find_submissions(tmp_path)
    assert [(one.file, bool(one.fault)) for one in found] == [
        ("deep.ipynb", True),
        ("link.ipynb", True),
        ("list.ipynb", True),
    ]


def test_nobody_is_left_out_because_a_folder_cannot_be_read(tmp_path, monkeypatch):
    for name in ("ann", "bob.b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "01.ipynb").write_text(json.dumps({"cells": []}))
    real = os.scandir

    def deny(path):  # whoever runs the tests may be root, who reads everything
        if os.path.basename(path) in closed:
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", deny)
    closed = {"bob.b"}
    found = find_submissions(tmp_path)
    assert [(one.learner, one.file) for one in found] == [("ann", "ann/01.ipynb"), ("bob.b", "bob.b")]
    assert found[1].fault == "this folder cannot be read (Permission denied)"
    closed = {tmp_path.name}
    with pytest.raises(InputError, match="FOLDER: .* cannot be read .Permission denied."):
        find_submissions(tmp_path)


def test_borrowed_answers_are_noted():
    cells = [
        "from rwlib import masks as m\nimport rwlib.metrics\nfrom rwlib.losses.style import gram",
        "def helper(x):\n    return m.hole_fraction(x)", "def missing_fraction(M):\n    return helper(M)",
        "%matplotlib inline\nhole_psnr = lambda *a: rwlib.metrics.psnr(*a)",
        "def my_style_loss(a, b):\n    return gram(a)", "this is no python",
    ]  # fmt: skip
    assert notes.borrowed(cells, "1.2", "missing_fraction") == ["uses `rwlib.masks.hole_fraction`"]
    cells += ["M = m.random_mask(9, 9)", "composite = m.hole_fraction", "def hole_label(M):\n    x = M\n    return x"]
    assert notes.borrowed(cells, "1.1", "composite") == ["uses `rwlib.masks.hole_fraction`"]
    assert notes.borrowed(cells, "6.9", "hole_label") == []  # its M is the parameter
    assert notes.borrowed(cells, "1.6", "hole_psnr") == ["uses `rwlib.metrics`"]
    assert notes.borrowed(cells, "5.4", "my_style_loss") == []  # the author's solution uses it, too


def test_the_report_lets_no_file_speak(tmp_path):
    mark = Mark("1.1", "the composite", "failed", '<script>alert("x")</script>\u202e', ["uses `<b>`"])
    one = Graded(
        Submission("=HYPERLINK()", "a<b>/01.ipynb", Path("x"), "01"), [mark], "it <hung>", ["cell 1: <i>"], ["+1"]
    )
    report.write_report([one], tmp_path, ["closed <1>"], ["open"])
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    for bad in ("<script", "<b>", "<i>", "<hung>", "<1>", "\u202e"):
        assert bad not in page
    (row,) = csv.DictReader(io.StringIO((tmp_path / "points.csv").read_text(encoding="utf-8")))
    assert row["learner"] == "'=HYPERLINK()" and row["points"] == "0" and row["out_of"] == "1"


def test_bad_words_are_one_line(tmp_path, capfd):
    folder = tmp_path / "class"
    refused(capfd, ["grade", str(folder)], "FOLDER: .* is no folder")
    folder.mkdir()
    refused(capfd, ["grade", str(folder)], "FOLDER: no notebook")
    (folder / "ann.ipynb").write_text(json.dumps({"cells": []}))
    refused(capfd, ["grade", str(folder), "-o", str(folder / "out")], "--out: .* lies in the class's folder")
    refused(capfd, ["grade", str(folder), "--only", "1"], "--only: expected numbers")
    refused(capfd, ["grade", str(folder), "--only", "07"], "--only: no notebook of 07")
    refused(capfd, ["grade", str(folder), "--memory-mb", "0"], "--memory-mb: expected more than 0")
    refused(capfd, ["grade", str(folder), "--tier", "fast"], "--tier: expected one of")


@pytest.mark.parametrize("file", build.sources(), ids=lambda file: file.stem)
def test_the_authors_own_answers_earn_no_note(file):
    cells = [cell.source for cell in build.read_source(file).cells if cell.cell_type == "code"]
    numbers = [one.number for one in exercises.of_notebook(file.name[:2])]
    assert [(n, found) for n in numbers if (found := notes.borrowed(cells, n, find_solution(n).name))] == []
    assert notes.prying(cells) == []


def test_ten_learners_deserve_what_the_checks_say():
    """The sample class itself: each answer, judged here, gives the points that it is said to deserve."""
    everybody = [hand_in("01", k) for k in range(len(NAMES))]
    points = [sum(deserved.values()) for _, deserved in everybody]
    assert points[0] == len(everybody[0][1]) and points[9] == 0 and len(set(points)) > 3
    notebook, deserved = everybody[3]
    space = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and re.search(r"Exercise 1\.\d: ", cell.source):
            exec("import torch\nimport torch.nn.functional as F\n" + cell.source, space)
    for number, one in deserved.items():
        exercise = exercises.find(number)
        if exercise.cases or exercise.is_prediction:
            assert (judge(exercise, space[find_solution(number).name]).status == "passed") == bool(one), number
