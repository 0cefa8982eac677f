"""`rwlib inpaint`: fills the hole; bad input is one line, and nothing is written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import ROOT, inpaint_arguments, refused, rwlib_process
from PIL import Image

from rwlib.commands.main import main

READ_ONLY = [folder for folder in ("/sys", "/proc") if Path(folder).is_dir()]  # even for root, on Linux

INPAINT = [
    ({"photo": "none.png"}, "image: none.png does not exist; give a picture"),
    ({"photo": "out"}, "image: out is a folder; give a picture"),
    ({"photo": "text.png"}, "image: text.png is not an image .*; give a PNG"),
    ({"photo": "nan.tif"}, "image: nan.tif: it has 56 NaN pixels; save it"),
    ({"photo": "flat.png", "mask": "flat_mask.png"}, "image: flat.png: expected sides .*, got 24x3 .*; enlarge it"),
    ({"mask": "none.png"}, "mask: none.png does not exist; give a picture"),
    ({"mask": "text.png"}, "mask: text.png is not an image .*; give a PNG"),
    ({"mask": "empty.png"}, "mask: empty.png: it has no hole.*; mark what is missing"),
    ({"mask": "all.png"}, "mask: all.png: everything is missing.*; leave some of"),
    ({"mask": "narrow.png"}, "mask: narrow.png: its size 20x20 is not the image's 24x20 .*; resize the mask"),
    ({"checkpoint": "none.safetensors"}, "checkpoint: none.safetensors does not exist; give"),
    ({"checkpoint": "facades"}, "checkpoint: 'facades' is neither .* ships; give a .safetensors.* facades64, .* pic64"),
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


def test_a_sample_of_a_model_with_one_answer_is_one_line(here, capfd):
    refused(capfd, [*inpaint_arguments(), "--sample", "2"], "sample: this model has one answer .*, got 2; .*pic")


def test_an_old_result_survives_bad_input(here, capfd):
    Path("out/out.png").write_bytes(b"old")
    refused(capfd, inpaint_arguments(mask="empty.png"), "mask: ")
    assert os.listdir("out") == ["out.png"] and Path("out/out.png").read_bytes() == b"old"


def test_inpaint_fills_the_hole_and_honours_the_polarity(here):
    assert main(inpaint_arguments()) == 0
    photo, result = (np.asarray(Image.open(file)) for file in ("photo.png", "out/out.png"))
    hole = np.asarray(Image.open("mask.png")) > 0
    assert np.array_equal(result[~hole], photo[~hole]) and (result[hole] != photo[hole]).mean() > 0.9
    assert main([*inpaint_arguments(output="out/other.png"), "--white-is-existing"]) == 0
    other = np.asarray(Image.open("out/other.png"))
    assert np.array_equal(other[hole], photo[hole]) and (other[~hole] != photo[~hole]).mean() > 0.9


def test_bad_input_to_a_process_of_its_own(here):
    report = rwlib_process(*inpaint_arguments(photo="text.png"))
    assert report.returncode == 2 and report.stdout == "" and os.listdir("out") == []
    assert report.stderr == (
        "rwlib: image: text.png is not an image (or of an unknown kind); give a PNG, JPEG, TIFF or WebP\n"
    )


ABOVE_TORCH = """
import resource, sys, torch
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
before = peak()
from rwlib.commands.main import main
status = main(sys.argv[1:])
print(status, peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells no peak in this way")
@pytest.mark.parametrize("size", [(1000, 750), (3000, 2000)])
def test_memory_above_that_of_torch_is_bounded(tmp_path, size):
    photo = Image.radial_gradient("L").convert("RGB").resize(size)
    hole = np.zeros(size[::-1], np.uint8)
    hole[size[1] // 4 : size[1] // 2, size[0] // 3 : size[0] // 2] = 255  # for the network
    hole[:, size[0] // 10 : size[0] // 10 + 3] = 255  # a scratch
    photo.save(tmp_path / "photo.png")
    Image.fromarray(hole).save(tmp_path / "mask.png")
    arguments = ["inpaint", "photo.png", "--mask", "mask.png", "-o", "out.png"]
    report = subprocess.run(
        [sys.executable, "-c", ABOVE_TORCH, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    status, more = report.stdout.splitlines()[-1].split()
    assert status == "0"
    assert int(more) < 150e6 + 60 * size[0] * size[1], f"{int(more) / 1e6:.0f} MB more than torch itself"
