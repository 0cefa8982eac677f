"""Notebooks that hang, eat memory, flood, delete, spy and lie: each costs itself its points, and nobody else."""

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from rwlib.course.grading import edition, fence
from rwlib.course.grading.grade import NOT_REACHED, grade_notebook
from rwlib.course.grading.process import Limits
from rwlib.course.grading.submissions import find_submissions

SETUP = "import torch\nfrom rwlib.course import check"
RIGHT = ["def composite(I_in, I_p, M):\n    return I_in + I_p * (1 - M)", "check.ex_1_1(composite)"]
PREDICTION = ["distances_px = [16, 2]", "check.ex_1_4(distances_px)"]
LIMITS = Limits(notebook_s=900, cell_s=300, answer_s=300, memory_mb=1500, output_mb=2, disk_mb=50)
TAKEN_S = []
"""How long notebooks that do not hang took to be graded."""
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the fence is Linux's")
fenced = pytest.mark.skipif(not fence.landlock_version(), reason="this system has no Landlock")
pytestmark = pytest.mark.slow


def write_notebook(path, cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    code = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in cells]
    path.write_text(json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    return edition.make_edition(tmp_path_factory.mktemp("edition").resolve() / "edition")


@pytest.fixture
def graded(script, tmp_path):
    """Grade a notebook of given cells; return what came out, and status by exercise."""

    def grade(*cells, limits=LIMITS, read=True):
        folder = tmp_path / "class"
        write_notebook(folder / "ann" / "01.ipynb", [SETUP, *cells])
        (submission,) = find_submissions(folder)
        wall = [*edition.readable([folder]), str(script.parents[3])] if read and fence.landlock_version() else None
        start = time.monotonic()
        result = grade_notebook(submission, script, limits, wall, list(map(str, edition.hidden())), None)
        if limits is LIMITS:
            TAKEN_S.append(time.monotonic() - start)
        return result, {mark.number: mark.status for mark in result.marks}

    return grade


def patience_s(graded):
    """Return a time in which every cell that does not hang ends, on a machine as busy as this one is now."""
    if not TAKEN_S:
        graded(*PREDICTION, *RIGHT)
    return max(8, 2 * max(TAKEN_S))


def test_right_wrong_missing_and_borrowed_answers_are_told_apart(graded):
    result, status = graded(
        *RIGHT, *PREDICTION,
        "def missing_fraction(M):\n    return M.mean((1, 2, 3))", "check.ex_1_2(missing_fraction)",
        "def diffuse(I_in, M, steps):\n    raise NotImplementedError('Exercise 1.5: later')", "check.ex_1_5(diffuse)",
        "from rwlib.metrics import psnr\ndef hole_psnr(I, I_gt, M):\n    return psnr(I, I_gt, M)",
        "1 / 0",
    )  # fmt: skip
    assert {n: status[n] for n in ("1.1", "1.2", "1.4", "1.5", "1.6", "1.7")} == {
        "1.1": "passed", "1.2": "failed", "1.4": "passed", "1.5": "not attempted", "1.6": "passed",
        "1.7": "not attempted",
    }  # fmt: skip
    messages = {mark.number: mark for mark in result.marks}
    assert "existing fraction" in messages["1.2"].message and messages["1.6"].notes == ["uses `rwlib.metrics.psnr`"]
    assert messages["1.1"].notes == [] and result.points == 3 and not result.stopped
    assert result.raised == ["code cell 11: ZeroDivisionError: division by zero"]


def test_a_cell_that_hangs_is_interrupted_and_the_rest_is_graded(graded):
    limits = Limits(notebook_s=900, cell_s=patience_s(graded))
    result, status = graded(*PREDICTION, "import time\ntime.sleep(3600)", *RIGHT, limits=limits)
    assert status["1.1"] == status["1.4"] == "passed" and not result.stopped
    assert result.raised == ["code cell 4: took too long"]


def test_a_cell_that_will_not_be_interrupted_costs_what_comes_after_it(graded):
    stubborn = "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException:\n        pass"
    result, status = graded(*PREDICTION, stubborn, *RIGHT, limits=Limits(cell_s=patience_s(graded)))
    assert status["1.4"] == "passed" and status["1.1"] == NOT_REACHED
    assert "could not be interrupted" in result.stopped


def test_an_answer_that_hangs_fails_and_the_rest_is_graded(graded):
    hanging = ["def composite(I_in, I_p, M):\n    while True:\n        pass", "check.ex_1_1(composite)"]
    _, status = graded(*hanging, *PREDICTION, limits=Limits(answer_s=8))
    assert status["1.1"] == "failed" and status["1.4"] == "passed"


def test_memory_is_limited(graded):
    result, status = graded(*PREDICTION, "x = []\nwhile True:\n    x.append(bytearray(b'x') * 50_000_000)", *RIGHT)
    assert status["1.4"] == "passed" and "memory" in result.stopped and result.mb < 2 * LIMITS.memory_mb


def test_a_gigabyte_of_text_is_not_kept(graded):
    before = psutil.Process().memory_info().rss
    result, status = graded(*PREDICTION, "for _ in range(1000):\n    print('x' * 1_000_000)", *RIGHT)
    assert status["1.4"] == "passed" and "printed more than 2 MB" in result.stopped
    assert psutil.Process().memory_info().rss < before + 300e6


def test_files_are_limited(graded):
    fill = "for i in range(100):\n    open(f'{i}', 'wb').write(bytes(10_000_000))\nimport time\ntime.sleep(60)"
    result, status = graded(*PREDICTION, fill)
    assert status["1.4"] == "passed" and "files take more than" in result.stopped


@linux
@pytest.mark.parametrize(
    ("open_one", "limit"),
    [("os.memfd_create('x')", "of memory"), ("gone()", "files take more than")],
    ids=["memory", "disk"],
)
def test_files_without_a_name_are_limited_too(graded, open_one, limit):
    """Memory that no process maps, and files that no folder lists."""
    gone = "import os, time\ndef gone():\n    fd = os.open('x', os.O_RDWR | os.O_CREAT)\n    os.unlink('x')\n"
    fill = f"for _ in range(60):\n    fd = {open_one}\n    [os.write(fd, bytes(1_000_000)) for _ in range(40)]\n"
    result, status = graded(*PREDICTION, f"{gone}    return fd\n{fill}time.sleep(60)")
    assert status["1.4"] == "passed" and limit in result.stopped


def test_a_notebook_may_delete_its_folder_and_what_was_handed_in_stays(graded, tmp_path):
    cell = "import os, shutil, pathlib\nfor x in pathlib.Path('.').iterdir():\n    "
    cell += "shutil.rmtree(x, True) if x.is_dir() else x.unlink()\nshutil.rmtree(os.getcwd(), True)"
    _, status = graded(*PREDICTION, cell, *RIGHT)
    assert status["1.1"] == status["1.4"] == "passed"
    assert (tmp_path / "class" / "ann" / "01.ipynb").exists()


@linux
def test_what_it_started_ends_with_it(graded):
    mark = f"rwlib-orphan-{os.getpid()}-{time.time_ns()}"
    detach = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import os, time\\n"
    detach += f"if os.fork(): os._exit(0)\\nos.setsid()\\ntime.sleep(600)', '{mark}'], start_new_session=True)"
    _, status = graded(detach, *PREDICTION)
    assert status["1.4"] == "passed"
    assert [p.pid for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or [])] == []


@pytest.mark.parametrize(
    "lie",
    [
        "import os\nos.environ.pop('RWLIB_STRICT', None)",
        "check.__class__.__getattr__ = lambda self, name: lambda answer: print('passed')",
        "import rwlib.course.checking.check as c\nc.judge = lambda *a: print('passed')",
        "from rwlib.course import progress\nfor i in range(1, 10):\n    progress.note(f'1.{i}', 'passed')",
        "from rwlib.course.grading import wire\nwire.encode = lambda value: ({'kind': 'plain', 'value': True}, [])",
        "for i in range(1, 10):\n    print(f'✓ Exercise 1.{i}: passed')",
    ],
    ids=["environment", "check", "judge", "progress", "wire", "text"],
)
def test_an_empty_notebook_gets_nothing_whatever_it_claims(graded, lie):
    calls = "\n".join(f"check.ex_1_{i}(None)" for i in range(1, 10))
    result, _ = graded(lie, "composite = missing_fraction = diffuse = lambda *a: None", calls)
    assert result.points == 0


def test_solutions_are_not_in_reach(graded):
    result, status = graded(
        "from rwlib.course import exercises\ncomposite = exercises.find('1.1').solution", "check.ex_1_1(composite)",
        "distances_px = exercises.find('1.4').solution", "check.ex_1_4(distances_px)",
        "print(len(exercises.find('1.1').mistakes), exercises.find('1.1').hints)",
    )  # fmt: skip
    assert result.points == 0 and status["1.1"] == "not attempted"
    assert result.raised[0].startswith("code cell 2: InputError") and len(result.raised) == 4
    assert "mentions `exercises.find`" in result.notes


def test_writing_on_the_graders_line_costs_the_writer(graded):
    flood = "import os\nfor fd in range(3, 20):\n    try:\n        os.write(fd, b'x' * 100)\n"
    flood += "    except OSError:\n        pass"
    result, status = graded(*PREDICTION, flood, *RIGHT)
    assert status["1.4"] == "passed" and status["1.1"] == NOT_REACHED and result.stopped


def test_a_process_that_ends_itself_keeps_what_it_had(graded):
    result, status = graded(*PREDICTION, "import os\nos._exit(0)", *RIGHT)
    assert status["1.4"] == "passed" and status["1.1"] == NOT_REACHED and "ended by itself" in result.stopped


@fenced
def test_the_fence_holds(graded, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the teacher's")
    root = Path(edition.PACKAGE).parent
    attempts = [
        f"open({str(secret)!r}).read()", f"open({str(secret)!r}, 'w')", f"import os\nos.unlink({str(secret)!r})",
        f"open({str(root / 'notebooks' / 'MAP.md')!r}).read()",
        f"open({str(tmp_path / 'class' / 'ann' / '01.ipynb')!r}).read()",
        f"open({str(edition.PACKAGE / 'course' / 'exercises' / 'nb01.py')!r}).read()",
        "open(os.__file__, 'a')", "open(torch.__file__.replace('__init__', 'evil'), 'w')",
    ]  # fmt: skip
    if fence.landlock_version() >= fence.TCP_SINCE:
        attempts.append("import socket\nsocket.create_connection(('127.0.0.1', 9), timeout=3)")
    if fence.landlock_version() >= fence.SIGNALS_SINCE:
        attempts.append(f"os.kill({os.getpid()}, 0)")
    result, status = graded("import os", *attempts, *PREDICTION)
    assert status["1.4"] == "passed" and secret.read_text() == "the teacher's"
    assert len(result.raised) == len(attempts) and all("ermi" in line for line in result.raised), result.raised


def test_without_a_fence_points_are_the_same(graded):
    _, status = graded(*PREDICTION, *RIGHT, read=False)
    assert status["1.1"] == status["1.4"] == "passed"


def test_a_class_is_graded_by_the_command(tmp_path):
    """Names from folders and files, odd ones among them; a broken file and a hostile one beside an honest one."""
    folder = tmp_path / "class"
    write_notebook(folder / "ann <b>" / "week1" / "01.ipynb", [SETUP, *RIGHT])
    write_notebook(folder / "01_holes_and_masks_bob.ipynb", [SETUP, *PREDICTION, "import os\nos._exit(1)"])
    write_notebook(folder / "=cmd" / "x.ipynb", ["print('no course')"])
    (folder / "dora").mkdir()
    (folder / "dora" / "01.ipynb").write_text('{"cells": [')
    command = [sys.executable, "-m", "rwlib", "grade", str(folder), "-o", str(tmp_path / "out"), "--minutes", "5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    with open(tmp_path / "out" / "points.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    points = {}
    for row in rows:
        points[row["learner"]] = points.get(row["learner"], 0) + int(row["points"])
    assert points == {"ann <b>": 1, "bob": 1, "'=cmd": 0, "dora": 0}
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "ann &lt;b&gt;" in page and "<b>" not in page and "no whole notebook" in page
    assert sorted(os.listdir(folder)) == ["01_holes_and_masks_bob.ipynb", "=cmd", "ann <b>", "dora"]
