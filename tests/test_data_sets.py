"""`paris.py` and `masks.py`, on archives that the tests make."""

import io
import re
from importlib import import_module as load

import numpy as np
import pytest
from data_script_helpers import error_of, index_of, make_tar, make_zip, names, picture
from PIL import Image

# --- Paris


def test_paris(tmp_path, capsys):
    script = load("paris")
    train = {f"p/paris_train_original/IMG_{k}.JPG": picture(k, (93, 53)) for k in range(4)}
    test = {f"p/paris_eval/paris_eval_gt/00{k}_im.png": picture(9 + k, (22, 22), form="PNG") for k in range(2)}
    holes = {f"p/paris_eval/paris_eval_corrupted/00{k}_im.png": picture(99, (22, 22), form="PNG") for k in range(2)}
    counts = {"train": 4, "test": 2}
    one = make_zip(tmp_path / "paris.zip", train | test | holes)
    two = [make_tar(tmp_path / "train.tar", train), make_tar(tmp_path / "eval.tar", test | holes)]
    for i, sources in enumerate([[one], two]):
        to = tmp_path / f"paris{i}"
        assert script.main(["--to", str(to), "--size", "32", "--from", *map(str, sources)], counts) == 0
        assert [(r["split"], r["file"], r["width"], r["height"]) for r in index_of(to)] == [
            *(("train", f"IMG_{k}.jpg", "32", "32") for k in range(4)),
            *(("test", f"00{k}_im.jpg", "22", "22") for k in range(2)),
        ]
    call = ["--to", str(tmp_path / "wide"), "--size", "32", "--whole", "--from", str(one)]
    assert script.main(call, counts) == 0
    assert index_of(tmp_path / "wide")[0]["width"] == "56"
    assert script.main(["--to", str(tmp_path / "x"), "--from", str(two[0])], counts) == 1
    assert "0 pictures for test, expected 2" in error_of(capsys)
    assert script.main(["--to", str(tmp_path / "x"), "--from", str(one), str(two[0])], counts) == 1
    assert "two pictures for train/IMG_0.jpg" in error_of(capsys)
    assert script.COUNTS == {"train": 14_900, "test": 100}


# --- masks


def mask(fraction, seed, border=0, size_px=100):
    """A hole of a fraction of the picture, in white: rows from the top, or away from the border."""
    hole = np.zeros((size_px, size_px), np.uint8)
    inner = hole[border : size_px - border, border : size_px - border]
    n = round(fraction * hole.size)
    flat = np.zeros(inner.size, np.uint8)
    flat[:n] = 255
    inner[:] = flat.reshape(inner.shape)
    hole[border, border] = 254 - seed % 100 if hole[border, border] else 0  # no two files alike
    buffer = io.BytesIO()
    Image.fromarray(hole.repeat(2, axis=0).repeat(2, axis=1)).save(buffer, "PNG")
    return buffer.getvalue()


FRACTIONS = [0.0101, 0.1, 0.1001, 0.2, 0.2001, 0.3, 0.3001, 0.4, 0.4001, 0.5, 0.5001, 0.6]


def test_masks(tmp_path, mirror, capsys):
    script = load("masks")
    members = {f"mask/testing_mask_dataset/{i:05d}.png": mask(f, i, 5 * (i % 2)) for i, f in enumerate(FRACTIONS)}
    make_zip(tmp_path / "mirror" / "test_mask.zip", members | {"mask/readme.txt": b"licence"})
    to = tmp_path / "masks"
    call = ["--to", str(to), "--from", mirror + "test_mask.zip?dl=1", "--size", "100"]
    assert script.main(call, 2) == 0
    out = capsys.readouterr().out
    assert "CC BY-NC-SA 4.0" in out and "2 0.01-0.1" in out
    rows = index_of(to)
    assert [r["bin"] for r in rows] == [name for name in script.BINS for _ in range(2)]
    assert [int(r["border_px"]) for r in rows] == [0, 10] * 6
    for row, fraction in zip(rows, FRACTIONS, strict=True):
        with Image.open(to / row["bin"] / row["file"]) as image:
            values = np.asarray(image.convert("L"))
        assert values.shape == (100, 100) and set(np.unique(values)) == {0, 255}
        assert (values == 255).mean() == pytest.approx(float(row["hole_fraction"]), abs=1e-4)
        assert float(row["hole_fraction"]) == pytest.approx(fraction, abs=0.02)
    from rwlib.inpainting import read_hole

    assert read_hole(to / rows[5]["bin"] / rows[5]["file"]).mean() == pytest.approx(0.3, abs=0.02)
    assert script.main(call, 2) == 0 and "nothing to do" in capsys.readouterr().out


def test_border_distance():
    hole = np.zeros((20, 30), bool)
    hole[7:12, 8:19] = True
    distance = load("masks").border_distance
    assert [distance(h) for h in (hole, hole[2:], hole[:, 5:], hole[:14], hole[:, :21])] == [7, 5, 3, 2, 2]
    assert distance(hole[:12]) == distance(hole[7:]) == 0


@pytest.mark.parametrize(("change", "words"), [
    ({"a/00003.png": None}, "1 pictures for 0.1-0.2, expected 2; is it the test set"),
    ({"a/00003.png": mask(0.15, 77), "a/00004.png": mask(0.15, 88)}, "3 pictures for 0.1-0.2, expected 2"),
    ({"a/00003.png": mask(0.61, 1)}, "00003.png has a hole of 0.610, expected 0.01 to 0.6, in white"),
    ({"a/00003.png": mask(0.01, 1)}, "has a hole of 0.010"),
    ({"a/00003.png": b"no"}, "cannot read the mask a/00003.png"),
    ({"b/00003.png": mask(0.2, 5)}, "two pictures for 0.1-0.2/00003.png"),
])  # fmt: skip
def test_masks_that_are_not_the_test_set(tmp_path, capsys, change, words):
    members = {f"a/{i:05d}.png": mask(f, i) for i, f in enumerate(FRACTIONS)} | change
    make_zip(tmp_path / "m.zip", {name: data for name, data in members.items() if data is not None})
    assert load("masks").main(["--to", str(tmp_path / "masks"), "--from", str(tmp_path / "m.zip")], 2) == 1
    assert re.search(words, error_of(capsys))
    assert names(tmp_path) == ["m.zip"]  # a wrong archive is not noted as the first
