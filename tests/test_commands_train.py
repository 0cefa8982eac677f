"""`rwlib train`: presets, sizes and flags reach the run; bad input is one line, and no folder is made."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
from command_line import flat, inpaint_arguments, refused, rwlib_process
from PIL import Image

from rwlib.checkpoints import load_generator
from rwlib.commands.look import check_outside
from rwlib.commands.main import main
from rwlib.commands.train import settings_of_run
from rwlib.config import Config, make_config


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ("--preset nonsense", "--preset: expected one of balanced, paper, release, red; got 'nonsense'"),
        ("--preset=nonsense", "--preset: expected one of balanced, paper, release, red; got 'nonsense'"),
        ("--size nonsense", "--size: expected one of tiny, small, full; got 'nonsense'"),
        ("--width 3", "width: expected an even number of at least 2, got 3"),
        ("--width 3 --betas 1 1", "width: .*, got 3; betas: expected .*, got"),
        ("--hole-fraction 0.5 0.1", "hole_fraction: expected 0 <= low <= high < 1, got 0.5 0.1"),
        ("--data none", "data: none does not exist; give a folder"),
        ("--data photo.png", "data: photo.png is a file; give a folder"),
        ("--data=", "data: it is empty; give a folder"),
        ("--data shards:none", "data: none does not exist; give a folder"),
        ("--data none/none", "data: none/none does not exist; give a folder"),
        ("--data facades --val none", "val: none does not exist; give a folder"),
        ("--data no_photos", "directory: no images .* in no_photos; give a folder"),
        ("--data facades:x", "spec: expected 'facades:SEED'.*, got 'facades:x'"),
        ("--data photos --stop-after 0", "stop_after: expected at least 1 step, got 0"),
        ("--data photos --init facades", "init: 'facades' is neither .*; give .* facades64, "),
        ("--data photos --init zero.safetensors", "init: zero.safetensors is empty .*; .*use another copy"),
        ("--data photos --init G.safetensors", "init: G.safetensors has width .*; give --width"),
    ],
)
def test_bad_input_to_train_is_one_line_and_makes_no_folder(here, capfd, arguments, match):
    short = "--run-dir run --vgg random --size-px 16 --epochs 1 0 --steps-per-epoch 1"  # should it start after all
    refused(capfd, ["train", *short.split(), *arguments.split()], match)
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("words", "place"), [("--data no_photos", "no_photos"), ("--val no_photos", "no_photos"), ("--data .", ".")]
)
def test_a_run_within_its_photographs_is_refused(here, capfd, words, place):
    """Its grids of samples are pictures, too: after `--resume` the run would learn from them."""
    Image.new("RGB", (40, 40)).save("no_photos/a.png")
    expected = f"run_dir: {place}/run lies in .*, whose pictures are the photographs, .*; choose a folder outside it"
    refused(capfd, ["train", "--run-dir", f"{place}/run", *words.split()], expected.replace("./run", "run"))
    assert not Path(place, "run").exists()


def test_a_run_in_a_hidden_folder_of_its_photographs_is_none_of_them(here):
    check_outside("run_dir", Path("no_photos/.runs/one"), "photographs", ["no_photos"])
    check_outside("run_dir", Path("no_photos2"), "photographs", ["no_photos + photos", "", "shards:no_photos2"])


def test_train_help_has_every_field_with_the_presets_default(capfd):
    assert main(["train", "--preset", "paper", "--size", "full", "--help"]) == 0
    out = flat(capfd.readouterr().out)
    for field in dataclasses.fields(Config):
        assert re.search(rf"--{field.name.replace('_', '-')}[ ,]", out)
    for flag in ("--run-dir", "--data", "--resume", "--init", "--stop-after", "--preset", "--size"):
        assert re.search(f"{flag}[ ,]", out)
    assert "Weight of the correlation loss L_c, eq. (7). (default: 1e-05)" in out
    assert "--run-dir PATH Folder for checkpoints, curves and samples. (required)" in out


def test_a_flag_reaches_the_run_over_preset_and_size(monkeypatch, here):
    asked = {}
    monkeypatch.setattr(
        "rwlib.training.loop.train", lambda *args, **kwargs: (asked.update(kwargs, args=args), "G.safetensors")[1]
    )
    monkeypatch.setattr("rwlib.checkpoints.read_checkpoint", lambda file: ({}, None, {"step": 7, "total_steps": 9}))
    Path("G").write_text("looked at, not read")
    flags = "--preset=paper --size tiny --lambda-2 0.5 --epochs 3 1 --data photos --resume --stop-after 7 --init G"
    assert main(["train", "--run-dir", "run", *flags.split()]) == 0
    config, source, run_dir = asked.pop("args")
    assert config == make_config("paper", "tiny", lambda_2=0.5, epochs=(3, 1)) and type(config) is Config
    assert len(source) == 8 and run_dir == Path("run")
    kept = {"val": None, "keep": 2, "trackers": (), "about": {"source": "photos", "val": ""}}
    assert asked == {"data_name": "photos", "resume": True, "init": Path("G"), "steps": 7} | kept


@pytest.mark.slow
def test_train_stop_go_on_and_inpaint_in_processes_of_their_own(here):
    flags = "--data photos --size tiny --width 4 --discriminator-width 4 --size-px 16 --batch-size 1 --vgg random"
    steps = ("--epochs", 1, 1, "--steps-per-epoch", 1, "--stop-after", 1)
    first = rwlib_process("train", "--run-dir", "run", *flags.split(), *steps)
    assert first.returncode == 0, first.stderr
    written = r"Written to run/generator\.safetensors after step {} of 2, in \d+:\d\d:\d\d\n"
    go_on = "go on with: rwlib train --resume --run-dir run\n"
    assert re.fullmatch(written.format(1) + go_on, first.stdout), first.stdout
    second = rwlib_process("train", "--run-dir", "run", "--resume")  # settings and data are those of the run
    assert second.returncode == 0, second.stderr
    assert re.fullmatch(written.format(2), second.stdout), second.stdout
    record = json.loads(Path("run/run.json").read_text())
    assert (record["status"], record["source"]) == ("finished", "photos")
    G, config = load_generator("run/generator.safetensors")
    assert config.width == 4 and len(Path("run/curves.csv").read_text().splitlines()) == 3
    filled = rwlib_process(*inpaint_arguments(checkpoint="run/generator.safetensors"))
    assert (filled.returncode, filled.stderr) == (0, "")
    assert re.fullmatch(r"Written to out/out\.png in \d+\.\d s\n", filled.stdout), filled.stdout
    assert Image.open("out/out.png").size == (24, 20)


@pytest.mark.parametrize("value", [["a"], 3.5, None, {}])
def test_a_source_in_run_json_that_is_no_text_counts_as_none(tmp_path, value):
    (tmp_path / "run.json").write_text(json.dumps({"source": value, "val": value}))
    assert settings_of_run(tmp_path, make_config("balanced", "tiny")).keys() & {"data", "val"} == set()
    (tmp_path / "run.json").write_text(json.dumps({"source": "photos", "val": ""}))
    settings = settings_of_run(tmp_path, make_config("balanced", "tiny"))
    assert (settings["data"], settings["val"]) == ("photos", "")
