"""The command line: commands work from start to end, and bad input is exit status 2 with one line on stderr."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import rwlib
from rwlib.checkpoints import load_generator, save_generator
from rwlib.commands.main import main
from rwlib.config import Config, make_config
from rwlib.networks.generator import RegionWiseGenerator

ROOT = Path(rwlib.__file__).parents[1]


def write(array, file):
    Image.fromarray(array).save(file)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder of good and bad files."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    mask = np.zeros((20, 24), np.uint8)
    mask[5:12, 6:14] = 255
    write(rng.integers(0, 256, (20, 24, 3), dtype=np.uint8), folder / "photo.png")
    write(mask, folder / "mask.png")
    write(np.zeros_like(mask), folder / "empty.png")
    write(np.full_like(mask, 255), folder / "all.png")
    write(mask[:, :20], folder / "narrow.png")
    write(np.zeros((3, 24, 3), np.uint8), folder / "flat.png")
    write(mask[5:8], folder / "flat_mask.png")
    (folder / "text.png").write_text("not a picture")
    write(np.where(mask > 0, np.nan, 0.5).astype(np.float32), folder / "nan.tif")
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


def inpaint_arguments(photo="photo.png", mask="mask.png", output="out/out.png", checkpoint="G.safetensors"):
    return ["inpaint", str(photo), "--mask", str(mask), "-o", str(output), "--checkpoint", str(checkpoint)]


def refused(capfd, arguments, match):
    """Check exit status 2 and the one line on stderr."""
    assert main(arguments) == 2
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1 and err.endswith("\n")
    assert re.match(f"rwlib: {match}", err), err


# --- bad input


READ_ONLY = [folder for folder in ("/sys", "/proc") if Path(folder).is_dir()]  # even for root, on Linux

INPAINT = [
    ({"photo": "none.png"}, "image: none.png does not exist; give a picture"),
    ({"photo": "out"}, "image: out is a folder; give a picture"),
    ({"photo": "text.png"}, "image: text.png is not an image .*; give a PNG"),
    ({"photo": "nan.tif"}, "image: nan.tif: it has 56 NaN pixels; save it"),
    ({"photo": "flat.png", "mask": "flat_mask.png"}, "image: flat.png: expected sides .*, got 24x3 .*; enlarge it"),
    ({"mask": "none.png"}, "mask: none.png does not exist; give a picture"),
    ({"mask": "text.png"}, "mask: text.png is not an image .*; give a PNG"),
    ({"mask": "empty.png"}, "mask: empty.png: it has no hole.*; is its polarity"),
    ({"mask": "all.png"}, "mask: all.png: everything is missing.*; is its polarity"),
    ({"mask": "narrow.png"}, "mask: narrow.png: its size 20x20 is not the image's 24x20 .*; resize the mask"),
    ({"checkpoint": "none.safetensors"}, "checkpoint: none.safetensors does not exist; give"),
    ({"checkpoint": "zero.safetensors"}, "checkpoint: zero.safetensors is empty .*; .*use another copy"),
    ({"checkpoint": "truncated.safetensors"}, "checkpoint: truncated.safetensors is truncated .*; get it again"),
    ({"checkpoint": "photo.png"}, "checkpoint: photo.png is .*not a safetensors file .*; get it again"),
    ({"output": "none/out.png"}, "output: the folder none does not exist; make it first"),
    ({"output": "out/out.jpg"}, "output: out/out.jpg would be lossy .*; take one"),
    ({"output": "out/out"}, "output: out/out would be lossy or of unknown kind; take one"),
    *(
        ({"output": f"{folder}/out.png"}, f"output: the folder {folder} cannot be written to .*; choose another")
        for folder in READ_ONLY
    ),
]


@pytest.mark.parametrize(("change", "match"), INPAINT, ids=[re.sub(r"\W+", "_", str(c)) for c, _ in INPAINT])
def test_bad_input_to_inpaint_is_one_line_and_nothing_is_written(here, capfd, change, match):
    refused(capfd, inpaint_arguments(**change), match)
    assert os.listdir("out") == []


def test_a_bad_work_side_is_one_line(here, capfd):
    refused(capfd, [*inpaint_arguments(), "--work-side-px", "3"], "work_side_px: expected 0 or at least 8, got 3")


def test_an_old_result_survives_bad_input(here, capfd):
    Path("out/out.png").write_bytes(b"old")
    refused(capfd, inpaint_arguments(mask="empty.png"), "mask: ")
    assert os.listdir("out") == ["out.png"] and Path("out/out.png").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ("--preset nonsense", "preset: expected one of balanced, paper, release; got 'nonsense'"),
        ("--preset=nonsense", "preset: expected one of balanced, paper, release; got 'nonsense'"),
        ("--size nonsense", "size: expected one of tiny, small, full; got 'nonsense'"),
        ("--width 3", "width: expected an even number of at least 2, got 3"),
        ("--width 3 --size-px 5", "width: .*, got 3; size_px: expected a multiple of 4.*, got 5"),
        ("--hole-fraction 0.5 0.1", "hole_fraction: expected 0 <= low <= high < 1, got 0.5 0.1"),
        ("--data none", "directory: none does not exist; give a folder"),
        ("--data no_photos", "directory: no images .* in no_photos; give a folder"),
        ("--data facades:x", "spec: expected 'facades:SEED'.*, got 'facades:x'"),
        ("--data photos --stop-after 0", "steps: expected at least 1 step.*, got 0"),
        ("--data photos --init zero.safetensors", "checkpoint: zero.safetensors is empty .*; .*use another copy"),
        ("--data photos --init G.safetensors", "checkpoint: G.safetensors does not fit .*; check width"),
    ],
)
def test_bad_input_to_train_is_one_line_and_makes_no_folder(here, capfd, arguments, match):
    short = "--run-dir run --vgg random --size-px 16 --epochs 1 0 --steps-per-epoch 1"  # should it start after all
    refused(capfd, ["train", *short.split(), *arguments.split()], match)
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ("--data none", "directory: none does not exist; give a folder"),
        ("--data photos --checkpoint zero.safetensors", "checkpoint: zero.safetensors is empty .*; .*use another"),
        ("--data photos --csv none/rows.csv", "csv: the folder none does not exist; make it first"),
        ("--data photos --photos -1", "photos: expected at least 1, got -1; "),
        ("--data photos --size-px 5", "size_px: expected at least 11, .*got 5"),
        ("--data photos --seed -1", "seed: expected a whole number of at least 0, got -1"),
        ("--data photos --checkpoint none.safetensors", "checkpoint: none.safetensors does not exist"),
        ("--data photos --checkpoint ./G.safetensors", "checkpoint: G.safetensors and .* would both be called G"),
        ("--data photos --masks no_photos", "masks: no pictures .* in no_photos; give a folder of mask pictures"),
        ("--data photos --masks none", "masks: none does not exist; give a folder of mask pictures"),
        ("--data photos --buckets 7", "buckets: expected numbers 0 .* to 5 .*, got 7"),
        ("--data photos --out photo.png", "out: the folder photo.png cannot be written to .*; choose another"),
    ],
)
def test_bad_input_to_evaluate_is_one_line(here, capfd, arguments, match):
    refused(capfd, ["evaluate", "--checkpoint", "G.safetensors", *arguments.split()], match)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ("--cases nonsense", "cases: none contains 'nonsense'; there are generator forward 64x64 b1, "),
        ("--cases (", "cases: '\\(' is not a regular expression "),
        ("--out none", "out: the folder none does not exist; make it first"),
    ],
)
def test_bad_input_to_bench_is_one_line(here, capfd, arguments, match):
    refused(capfd, ["bench", "--quick", *arguments.split()], match)


def test_an_unknown_command_is_one_line(capfd):
    expected = "train, inpaint, evaluate, bench, doctor, start or progress"
    refused(capfd, ["nonsense"], f"command: expected {expected}; got 'nonsense'")


@pytest.mark.parametrize(
    "arguments",
    ["inpaint", "train", "evaluate", "inpaint photo.png --mask mask.png", "train --run-dir run --width x",
     "train --run-dir run --precision fp8", "train --run-dir run --colour red", "train --run-dir run --preset"],
)  # fmt: skip
def test_arguments_that_do_not_parse_are_exit_status_2(here, capfd, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments.split())
    out, err = capfd.readouterr()
    assert caught.value.code == 2 and out == "" and "Traceback" not in err
    assert not Path("run").exists()


def test_ctrl_c_is_one_line_and_exit_status_130(monkeypatch, capfd):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(rwlib.commands.main, "_train", interrupt)
    assert main(["train"]) == 130
    assert capfd.readouterr().err.count("\n") == 1


# --- help


def test_help_and_version(capfd):
    for arguments in (["--help"], ["-h"], []):
        assert main(arguments) == 0
        out = capfd.readouterr().out
        assert all(f"rwlib {command}" in out for command in ("train", "inpaint", "evaluate", "bench", "doctor"))
    assert main(["--version"]) == main(["-V"]) == 0
    assert capfd.readouterr().out == f"rwlib {rwlib.__version__}\n" * 2


def flat(text):
    """Take the boxes and line breaks out of a help text."""
    return " ".join(re.sub(r"[^\x20-\x7e]", " ", text).split())


def test_train_help_has_every_field_with_the_presets_default(capfd):
    with pytest.raises(SystemExit) as caught:
        main(["train", "--preset", "paper", "--size", "full", "--help"])
    assert caught.value.code == 0
    out = flat(capfd.readouterr().out)
    for field in dataclasses.fields(Config):
        assert re.search(rf"--{field.name.replace('_', '-')}[ ,]", out)
    for flag in ("--run-dir", "--data", "--resume", "--init", "--stop-after", "--preset", "--size"):
        assert re.search(f"{flag}[ ,]", out)
    assert "Weight of the correlation loss L_c, eq. (7). (default: 1e-05)" in out
    assert "--run-dir PATH Folder for checkpoints, curves and samples. (required)" in out


@pytest.mark.parametrize("command", ["inpaint", "evaluate"])
def test_help_of_the_other_commands(capfd, command):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    out = flat(capfd.readouterr().out)
    assert caught.value.code == 0 and "--checkpoint" in out and "by default the one that ships with rwlib" in out


def test_help_of_bench(capfd):
    with pytest.raises(SystemExit) as caught:
        main(["bench", "--help"])
    out = flat(capfd.readouterr().out)
    assert caught.value.code == 0 and all(f"--{flag}" in out for flag in ("quick", "full", "cases", "out"))


# --- from start to end


def test_a_flag_reaches_the_run_over_preset_and_size(monkeypatch, here):
    asked = {}
    monkeypatch.setattr("rwlib.training.loop.train", lambda *args, **kwargs: asked.update(kwargs, args=args))
    flags = "--preset=paper --size tiny --lambda-2 0.5 --epochs 3 1 --data photos --resume --stop-after 7 --init G"
    assert main(["train", "--run-dir", "run", *flags.split()]) == 0
    config, source, run_dir = asked.pop("args")
    assert config == make_config("paper", "tiny", lambda_2=0.5, epochs=(3, 1)) and type(config) is Config
    assert len(source) == 8 and run_dir == Path("run")
    kept = {"val": None, "keep": 2, "trackers": (), "about": {"source": "photos", "val": ""}}
    assert asked == {"data_name": "photos", "resume": True, "init": Path("G"), "steps": 7} | kept


def test_inpaint_fills_the_hole_and_honours_the_polarity(here):
    assert main(inpaint_arguments()) == 0
    photo, result = (np.asarray(Image.open(file)) for file in ("photo.png", "out/out.png"))
    hole = np.asarray(Image.open("mask.png")) > 0
    assert np.array_equal(result[~hole], photo[~hole]) and (result[hole] != photo[hole]).mean() > 0.9
    assert main([*inpaint_arguments(output="out/other.png"), "--white-is-existing"]) == 0
    other = np.asarray(Image.open("out/other.png"))
    assert np.array_equal(other[hole], photo[hole]) and (other[~hole] != photo[~hole]).mean() > 0.9


def test_evaluate_prints_the_tables_and_writes_every_measurement(here, capfd):
    flags = "--data photos --checkpoint G.safetensors --photos 1 --features none --csv out/rows.csv"
    assert main(["evaluate", *flags.split()]) == 0
    out = capfd.readouterr().out
    for metric in ("hole_psnr", "hole_ssim", "psnr", "ssim", "l1, 10⁻³", "l2, 10⁻³"):
        assert f"| {metric} | G | mean | biharmonic |" in out
    for kind in ("contiguous", "discontiguous"):
        assert out.count(f"\n| {kind} 40–50 % | ") == 6 + 2  # and two tables of paired differences
    measured = [line.split(",")[0] for line in Path("out/rows.csv").read_text().splitlines()[1:]]
    assert measured.count("G") == 10  # two kinds, five buckets
    assert os.listdir("out") == ["rows.csv"]


def test_evaluate_into_a_folder_goes_on_there(here, capfd):
    shutil.copyfile("G.safetensors", "H.safetensors")
    (Path("masks")).mkdir()
    hole = np.zeros((20, 20), np.uint8)
    hole[:5] = 255
    write(hole, "masks/quarter.png")
    flags = "--data photos --checkpoint G.safetensors --checkpoint H.safetensors --no-classical --masks masks"
    flags += " --beside-paper paris --features vgg --save-images out/images --out out/new"
    assert main(["evaluate", *flags.split(), "--photos", "2"]) == 0
    out = capfd.readouterr().out
    assert "1 mask, white is missing, 25.0 % missing on average; contiguous 20–30 %: 1" in out
    assert "| hole_psnr | G | H |" in out and "| hole_psnr, G minus | H |" in out and "small N (2 ≤ 256)" in out
    assert "table 2: ours |" in out and "How to read the paper's columns" in out and "table 3: ours" not in out
    assert sorted(os.listdir("out/new")) == [
        "evaluation.json", "features.f32", "rows.csv", "summary.csv", "tables.md", "tables.png",
    ]  # fmt: skip
    first = Path("out/new/rows.csv").read_text()
    assert len(first.splitlines()) == 1 + 2 * 2 and len(os.listdir("out/images/composites/H")) == 2
    assert main(["evaluate", *flags.split(), "--photos", "3"]) == 0
    assert Path("out/new/rows.csv").read_text().startswith(first)
    assert "- 3 photographs" in Path("out/new/tables.md").read_text()
    capfd.readouterr()
    refused(capfd, ["evaluate", *flags.split(), "--seed", "1"], "out: out/new holds an evaluation with another seed")


def test_bench_prints_its_rows_and_writes_both_files(here, capfd):
    assert main(["bench", "--quick", "--cases", "correlation loss n=256", "--out", "out"]) == 0
    _, heading, row = capfd.readouterr().out.splitlines()
    assert heading.split() == ["case", "ours", "reference", "time", "ours", "reference", "memory"]
    assert row.startswith("correlation loss n=256 b4 ") and row.count(" ms ") == 2
    assert sorted(os.listdir("out")) == ["bench.csv", "bench.png"]


def rwlib_process(*arguments):
    """Run the command in a process of its own, as a user does."""
    command = [sys.executable, "-m", "rwlib", *map(str, arguments)]
    env = os.environ | {"PYTHONPATH": str(ROOT), "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=env)


def test_train_then_inpaint_in_processes_of_their_own(here):
    flags = "--data photos --size tiny --width 4 --discriminator-width 4 --size-px 16 --batch-size 1 --vgg random"
    trained = rwlib_process("train", "--run-dir", "run", *flags.split(), "--epochs", 1, 1, "--steps-per-epoch", 1)
    assert trained.returncode == 0, trained.stderr
    G, config = load_generator("run/generator.safetensors")
    assert config.width == 4 and len(Path("run/curves.csv").read_text().splitlines()) == 3
    filled = rwlib_process(*inpaint_arguments(checkpoint="run/generator.safetensors"))
    assert (filled.returncode, filled.stdout, filled.stderr) == (0, "", "")
    assert Image.open("out/out.png").size == (24, 20)


@pytest.mark.skipif(torch.accelerator.is_available(), reason="two processes need two GPUs, or none at all")
def test_torchruns_processes_train_together(here):
    """Without being told to use CPUs: each of them used to train alone, in the same folder."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    flags = "--data photos --size tiny --width 4 --discriminator-width 4 --size-px 16 --batch-size 1 --vgg random"
    end = "--epochs 1 1 --steps-per-epoch 1 --workers 0 --run-dir run"
    env = {k: v for k, v in os.environ.items() if k != "ACCELERATE_USE_CPU"} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *launcher, "-m", "rwlib", "train", *flags.split(), *end.split()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=env | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert json.loads(Path("run/run.json").read_text())["processes"] == 2


def test_bad_input_to_a_process_of_its_own(here):
    report = rwlib_process(*inpaint_arguments(photo="text.png"))
    assert report.returncode == 2 and report.stdout == "" and os.listdir("out") == []
    assert report.stderr == (
        "rwlib: image: text.png is not an image (or of an unknown kind); give a PNG, JPEG, TIFF or WebP\n"
    )
