"""`rwlib evaluate`: tables, files, going on; bad input is one line."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from command_line import refused
from PIL import Image

from rwlib.commands.main import main


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ("--data none", "data: none does not exist; give a folder"),
        ("--data photos --checkpoint zero.safetensors", "checkpoint: zero.safetensors is empty .*; .*use another"),
        ("--data photos --csv none/rows.csv", "csv: the folder none does not exist; make it first"),
        ("--data photos --photos -1", "photos: expected at least 1, got -1; "),
        ("--data photos --size-px 5", "size_px: expected at least 11, .*got 5"),
        ("--data photos --seed -1", "seed: expected a whole number of at least 0, got -1"),
        ("--data photos --checkpoint none.safetensors", "checkpoint: none.safetensors does not exist"),
        ("--data photos --checkpoint facades", "checkpoint: 'facades' is neither .*; give .* facades64, "),
        ("--data photos --checkpoint ./G.safetensors", "checkpoint: G.safetensors is named twice; name it once"),
        ("--data photos --masks no_photos", "masks: no images .* in no_photos; give a folder of mask pictures"),
        ("--data photos --masks none", "masks: none does not exist; give a folder of mask pictures"),
        ("--data photos --masks photo.png", "masks: photo.png is a file; give a folder of mask pictures"),
        ("--data no_photos --out no_photos/out", "out: no_photos/out lies in no_photos, .* the photographs, .*outside"),
        ("--data photos --masks no_photos --save-images no_photos", "save_images: no_photos lies .* the masks, "),
        ("--data photos --buckets 7", "buckets: expected numbers 0 .* to 5 .*, got 7"),
        ("--data photos --out photo.png", "out: the folder photo.png cannot be written to .*; choose another"),
    ],
)
def test_bad_input_to_evaluate_is_one_line(here, capfd, arguments, match):
    refused(capfd, ["evaluate", "--checkpoint", "G.safetensors", *arguments.split()], match)


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


@pytest.mark.parametrize(("csv", "words"), [("taken", "taken is a folder"), ("x" * 300, "cannot write x.*too long")])
def test_a_csv_that_cannot_be_written_is_a_line_before_the_work(here, capfd, monkeypatch, csv, words):
    Path("taken").mkdir()
    monkeypatch.setattr("rwlib.evaluation.run.measure_photo", lambda *_, **__: pytest.fail("it was measured"))
    refused(capfd, ["evaluate", "--data", "photos", "--checkpoint", "G.safetensors", "--csv", csv], f"csv: {words}.*; ")


@pytest.mark.slow
def test_evaluate_into_a_folder_goes_on_there(here, capfd):
    shutil.copyfile("G.safetensors", "H.safetensors")
    (Path("masks")).mkdir()
    hole = np.zeros((20, 20), np.uint8)
    hole[:5] = 255
    Image.fromarray(hole).save("masks/quarter.png")
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
