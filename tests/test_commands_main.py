"""The command line as a whole: help, refused words, what ends a command, and what is loaded for it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import ROOT, flat, refused

import rwlib
from rwlib.commands.main import COMMANDS, main
from rwlib.commands.terminal import guarded

# --- help


def test_help_and_version(capfd):
    for arguments in (["--help"], ["-h"], []):
        assert main(arguments) == 0
        out = capfd.readouterr().out
        assert all(f" {command} " in out for command in COMMANDS) and out.count("\n") < 34
    assert main(["--version"]) == main(["-V"]) == 0
    assert capfd.readouterr().out == f"rwlib {rwlib.__version__}\n" * 2


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("inpaint", "--checkpoint PHOTO --white-is-existing"),
        ("evaluate", "--checkpoint --save-images"),
        ("export", "--onnx --checkpoint"),
        ("bench", "--quick --full --cases --out"),
        ("doctor", "remedy"),
        ("start", "DIR"),
        ("lab", "DIR --no-browser --port"),
        ("progress", "--reset"),
    ],
)
def test_help_of_a_command(capfd, command, words):
    assert main([command, "--help"]) == 0
    out = flat(capfd.readouterr().out)
    assert all(word in out for word in words.split())


# --- refused words


def test_an_unknown_command_is_one_line(capfd):
    expected = "train, inpaint, evaluate, export, bench, doctor, losses, start, lab, progress or grade"
    refused(capfd, ["nonsense"], f"command: expected {expected}; got 'nonsense'")


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ("inpaint", "PHOTO, --mask, --output: missing; see `rwlib inpaint --help`"),
        ("inpaint photo.png --mask mask.png", "--output: missing"),
        ("inpaint -photo.png --mask mask.png -o out.png", "-photo.png: unknown; .* write ./-photo.png"),
        ("inpaint --mask -mask.png photo.png -o out.png", "-mask.png: unknown; .* write ./-mask.png"),
        ("inpaint photo.png --mask mask.png --mask other.png -o out.png", "--mask: it is given twice"),
        ("inpaint photo.png --masc mask.png -o out.png", "--masc: unknown; do you mean --mask"),
        ("inpaint photo.png other.png --mask mask.png -o out.png", "other.png: one too many"),
        ("train --run-dir run --lr 1", "--lr: unknown; do you mean --label-resize or --learning-rate"),
        ("train --out run", "--out: unknown; do you mean --run-dir"),
        ("evaluate --data photos --output-dir out", "--output-dir: unknown; do you mean --out"),
        ("train --run-dir run --steps 1", "--steps: unknown; do you mean --steps-per-epoch"),
        ("train --run-dir run --zz 1", "--zz: unknown; see `rwlib train --help`"),
        ("train", "--run-dir: missing; see `rwlib train --help`"),
        ("train --run-dir run --width x", "--width: expected INT, got 'x'"),
        ("train --run-dir run --lambda-1 x", "--lambda-1: expected FLOAT, got 'x'"),
        ("train --run-dir run --precision fp8", "--precision: expected one of auto, fp32, bf16, fp16; got 'fp8'"),
        ("train --run-dir run --colour red", "--colour: unknown; "),
        ("train --run-dir run --lamda-1 1", "--lamda-1: unknown; do you mean --lambda-1"),
        ("train --run-dir run --preset", "--preset: expected {balanced,paper,release,red}, got fewer values"),
        ("train --run-dir run --epochs 1", r"epochs: expected two numbers, got \(1,\)"),
        ("train --run-dir run --epochs 1 2 3", "epochs: expected two numbers"),
        ("train --run-dir run --preset paper --preset=release", "--preset: it is given twice"),
        ("train --run-dir run --run_dir other", "--run-dir: it is given twice"),
        ("evaluate", "--data: missing"),
        ("evaluate --data photos --buckets a", "--buckets: expected .*INT.*, got 'a'"),
        ("progress now", "now: one too many"),
        ("start", "DIR: missing"),
    ],
)
def test_words_that_cannot_be_used_are_one_line(here, capfd, arguments, match):
    refused(capfd, arguments.split(), match)
    assert os.listdir("out") == [] and not os.path.exists("run")


PLACES = [
    "inpaint {} --mask mask.png -o out/out.png", "inpaint photo.png --mask {} -o out/out.png",
    "inpaint photo.png --mask mask.png -o {}", "inpaint photo.png --mask mask.png -o out/out.png --checkpoint {}",
    "train --run-dir {}", "train --run-dir run --data {}", "train --run-dir run --init {}",
    "evaluate --data {}", "evaluate --data photos --masks {}", "evaluate --data photos --checkpoint {}",
    "evaluate --data photos --csv {}", "evaluate --data photos --out {} --photos 1",
    "evaluate --data photos --save-images {} --photos 1",
    "export --onnx {}", "export --onnx out/G.onnx --checkpoint {}", "bench --out {}", "start {}", "lab {}",
    "progress --class {}", "grade {}", "grade class --out {}",
]  # fmt: skip
"""Wherever a name of a file or folder can be given."""
NAMES = {"empty": "", "too long": "x" * 300, "a link to itself": "loop", "below a file": "photo.png/x"}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("command", PLACES)
def test_a_name_that_cannot_be_one_is_one_line_wherever_it_is_given(here, capfd, command, name):
    os.symlink("loop", "loop")
    os.mkdir("class")
    Path("class/ann.ipynb").write_text('{"cells": []}')
    before = sorted(os.listdir())
    assert main([name if word == "{}" else word for word in command.split()]) == 2
    out, err = capfd.readouterr()
    assert re.fullmatch("rwlib: [^\n]{15,}\n", err), err
    assert sorted(os.listdir()) == before and os.listdir("out") == []


def test_a_flag_that_may_be_repeated(here, capfd):
    two = ["--checkpoint", "G.safetensors", "--checkpoint", "none.safetensors"]
    refused(capfd, ["evaluate", "--data", "photos", *two], "checkpoint: none.safetensors does not exist")


def test_names_do_not_command_the_terminal(here, capfd):
    name = "a\x1b[31m\nb.png"
    refused(capfd, ["inpaint", name, "--mask", "mask.png", "-o", "out.png"], r"image: a\\x1b\[31m\\nb.png does not")
    refused(capfd, [name], "command: ")


# --- what ends a command


@pytest.mark.parametrize(("command", "remedy"), [("train", "--resume"), ("evaluate", "--out"), ("progress", "")])
def test_ctrl_c_is_one_line_and_exit_status_130(monkeypatch, capfd, command, remedy):
    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(COMMANDS[command], "run", interrupt)
    assert main([command, *{"train": ["--run-dir", "run"], "evaluate": ["--data", "photos"]}.get(command, [])]) == 130
    err = capfd.readouterr().err
    assert err.startswith("rwlib: interrupted") and err.count("\n") == 1 and remedy in err


def shell(line, **env):
    line = line.replace("rwlib", f"{sys.executable} -m rwlib", 1)
    env = os.environ | {"PYTHONPATH": str(ROOT)} | env
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, errors="replace", env=env
    )


@pytest.mark.parametrize(("command", "unbuffered"), [("progress", ""), ("train --help", "1"), ("--version", "")])
def test_a_closed_pipe_is_no_error(command, unbuffered):
    report = shell(f"rwlib {command} | head -n 0", PYTHONUNBUFFERED=unbuffered)
    assert report.stderr == "" and report.returncode in (0, 1)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize(
    ("command", "unbuffered"),
    [("progress", ""), ("progress", "1"), ("--version", "")],  # more than a buffer, and less
)
def test_a_full_device_is_one_line(command, unbuffered):
    report = shell(f"rwlib {command} > /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert report.stderr == "rwlib: cannot write: No space left on device\n" and report.returncode == 1


@pytest.mark.parametrize(
    ("line", "status", "printed"),
    [
        ("rwlib --version >&-", 0, ""),
        ("rwlib nonsense >&-", 2, "rwlib: command: expected "),
        ("rwlib nonsense 2>&-", 2, ""),  # not to the results
        ("rwlib nonsense <&- >&- 2>&-", 2, ""),
    ],
)
def test_streams_that_are_closed_are_done_without(line, status, printed):
    report = shell(line)
    assert (report.returncode, report.stdout) == (status, "") and report.stderr.startswith(printed)
    assert len(report.stderr.splitlines()) == bool(printed)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "there is not enough memory; "),
        (
            RuntimeError("CPUAllocator: can't allocate memory: you tried to allocate 9 B"),
            "there is not enough",
        ),
        (ImportError("libtorch_cpu.so: failed to map segment"), r"a package .* \(libtorch_cpu.so.*\); `rwlib doctor`"),
    ],
)
def test_a_lack_of_memory_is_one_line(capfd, error, words):
    def work():
        raise error

    assert guarded(work) == 1
    assert re.fullmatch(f"rwlib: {words}.*\n", capfd.readouterr().err)


def test_any_other_failure_keeps_its_traceback():
    def work():
        raise RuntimeError("sizes of tensors must match")

    with pytest.raises(RuntimeError, match="must match"):
        guarded(work)


def test_a_terminal_without_unicode():
    report = shell("rwlib progress", LC_ALL="C", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert report.returncode == 0 and report.stderr == "" and "10.7" in report.stdout


# --- what is loaded


LIGHT = (
    "--help", "--version", "train --help", "progress", "start out", "inpaint none.png --mask mask.png -o out.png",
    "inpaint photo.png --mask mask.png -o none/out.png", "evaluate --data none", "train --run-dir run --width 3",
    "train --run-dir run --data none", "bench --out none",
)  # fmt: skip


def test_torch_is_loaded_only_where_it_is_needed(here):
    """It takes seconds; a wrong argument is said before."""
    code = (
        "import sys; from rwlib.commands.main import main\n"
        f"for arguments in {LIGHT}:\n"
        "    main(arguments.split())\n"
        "    heavy = {'torch', 'matplotlib', 'IPython', 'scipy', 'accelerate'} & set(sys.modules)\n"
        "    if heavy: sys.exit(f'{arguments} loaded {heavy}')\n"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    report = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert report.returncode == 0, report.stderr
