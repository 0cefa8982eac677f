"""The hole painter without a browser: holes and photographs, strokes and undo, filling, files, and bad input."""

import html
import io
import json
import re
import threading

import numpy as np
import pytest
import torch
from canvas_page import CanvasPage
from PIL import Image

from rwlib.ablations import ablation_config
from rwlib.checkpoints import save_generator
from rwlib.config import make_config
from rwlib.conventions import InputError, image_to_tensor
from rwlib.inpainting import inpaint, read_hole
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.widgets import HolePainter
from rwlib.widgets.painter import generators, results
from rwlib.widgets.shared import painting, panel, photos, previews

CONFIG = make_config("balanced", "tiny", width=4, size_px=32)


@pytest.fixture(autouse=True)
def no_faults():
    panel.FAULTS.clear()
    yield
    assert not panel.FAULTS


def noise(h, w, *, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (h, w, 3), dtype=np.uint8)


def block(h, w):
    hole = np.zeros((h, w), bool)
    hole[h // 3 : h // 2, w // 4 : w // 2] = True
    return hole


def save_small(path, name="full"):
    torch.manual_seed(0)
    config = ablation_config(name, CONFIG)
    save_generator(path, RegionWiseGenerator.from_config(config), config)
    return path


def png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def upload(control, name, content, part=1000):
    """Do what the browser does when a file is chosen."""
    about = {"kind": "part", "name": name, "size": len(content), "id": name}
    for start in range(0, max(1, len(content)), part):
        control._handle_custom_msg(about, [memoryview(content[start : start + part])])


def text(p):
    return p.message.value


# --- photographs and holes


@pytest.mark.parametrize("size", [(8, 8), (511, 300), (513, 20), (1000, 1500), (2000, 700), (8, 3000), (1001, 9)])
def test_a_stroke_survives_the_way_to_the_photograph_and_back(size):
    small = previews.preview_size(*size)
    assert (max(small) <= 512 or min(small) == 8) and abs(small[0] / small[1] - size[0] / size[1]) < 0.1 * size[
        0
    ] / size[1]
    painted = np.random.default_rng(0).random(small) > 0.7
    large = previews.enlarge(painted, size)
    assert large.shape == size and np.array_equal(previews.shrink(large, small), painted)
    assert abs(large.mean() - painted.mean()) < 0.02


def test_a_single_missing_pixel_of_a_large_photograph_is_seen_on_the_preview():
    for row, column in ((0, 0), (1999, 2999), (777, 1234)):
        hole = np.zeros((2000, 3000), bool)
        hole[row, column] = True
        seen = previews.shrink(hole, (341, 512))
        assert seen.sum() == 1 and seen[row * 341 // 2000, column * 512 // 3000]


def test_photographs_of_all_kinds(tmp_path):
    image = noise(20, 30)
    file = tmp_path / "a.png"
    Image.fromarray(image).save(file)
    for source in (image, file, str(file), file.read_bytes(), Image.fromarray(image), image_to_tensor(image)):
        photo = photos.to_photo(source)
        assert np.array_equal(photo.image, image) and photo.original_size == (20, 30)
    grey = np.full((9, 9), 65535, np.uint16)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    assert (photos.to_photo(tmp_path / "grey.png").image == 255).all()
    assert photos.to_photo("chelsea").image.shape == (300, 451, 3)


def test_masks_of_all_kinds_have_the_right_polarity(tmp_path):
    photo = photos.to_photo(noise(20, 30))
    hole = block(20, 30)
    Image.fromarray(hole.astype(np.uint8) * 255).save(tmp_path / "m.png")
    M = torch.from_numpy(~hole).float()[None, None]
    for source in (hole, M, tmp_path / "m.png", (tmp_path / "m.png").read_bytes()):
        assert np.array_equal(photos.to_hole(source, photo), hole)
    for bad, words in ((hole.T, "its size 20×30 is not"), (M * 0.5, "0 .missing. and 1"), (hole * 1, "booleans")):
        with pytest.raises(InputError, match=words):
            photos.to_hole(bad, photo)


@pytest.mark.parametrize("kind", ["contiguous", "discontiguous"])
@pytest.mark.parametrize("percent", [1, 60])
def test_random_holes_have_the_size_that_was_asked_for(kind, percent):
    for size in ((8, 9), (64, 80), (700, 900)):
        hole = previews.random_hole(size, percent, kind, torch.Generator().manual_seed(0))
        assert hole.shape == size and abs(100 * hole.mean() - percent) < max(1, 300 / (size[0] * size[1]))


# --- painting


def test_strokes_erasing_undo_clear_and_random_holes():
    p = HolePainter(noise(40, 50))
    a, b = np.zeros((40, 50), bool), np.zeros((40, 50), bool)
    a[3:9, 5:20] = True
    b[5:30, 10:12] = True
    CanvasPage(p.canvas).stroke(a, name="one")
    assert np.array_equal(p.canvas.hole, a) and p.canvas.taken == "one"
    assert torch.equal(p.M[0, 0] == 0, torch.from_numpy(a)) and p.M.shape == (1, 1, 40, 50)
    CanvasPage(p.canvas).stroke(b, erase=True, name="two")
    assert np.array_equal(p.state.hole, a & ~b) and p.canvas.taken == "two"
    p.controls.undo.click()
    assert np.array_equal(p.canvas.hole, a) and p.canvas.taken == "two"
    p.controls.percent.value, p.controls.kind.value = 10, "discontiguous"
    p.controls.random.click()
    assert abs(float(1 - p.M.mean()) - 0.1) < 0.002
    p.controls.clear.click()
    assert p.M.min() == 1
    p.controls.undo.click()
    p.controls.undo.click()
    assert np.array_equal(p.state.hole, a)
    CanvasPage(p.canvas).send("undo")
    assert not p.state.hole.any()
    p.controls.undo.click()
    assert "nothing to undo" in text(p)


def test_loading_is_undone_too():
    first, second = noise(40, 50), noise(64, 30, seed=1)
    p = HolePainter(first, mask=block(40, 50))
    upload(p.controls.own_photo, "second.png", png(second))
    p.wait()
    assert np.array_equal(p.state.photo.image, second) and p.controls.photo.value == "second.png"
    assert (p.canvas.width, p.canvas.height) == (30, 64) and not p.state.hole.any()
    upload(p.controls.own_mask, "m.png", png(block(64, 30).astype(np.uint8) * 255))
    p.wait()
    assert np.array_equal(p.state.hole, block(64, 30))
    p.controls.photo.value = "chelsea"
    assert p.state.photo.name == "chelsea" and p.canvas.width == 451
    for photo, hole in ((second, block(64, 30)), (second, None), (first, block(40, 50))):
        p.undo()
        assert np.array_equal(p.state.photo.image, photo)
        assert np.array_equal(p.state.hole, np.zeros(photo.shape[:2], bool) if hole is None else hole)
        assert p.controls.photo.value == p.state.photo.name
    p.controls.photo.value = "second.png"  # still there
    assert np.array_equal(p.state.photo.image, second)


def test_a_stroke_of_the_photograph_before_is_not_painted_on_this_one():
    p = HolePainter(noise(40, 50))
    CanvasPage(p.canvas).stroke(np.ones((20, 30), bool), name="late")
    assert not p.state.hole.any()


def test_a_large_photograph_is_painted_on_a_preview():
    p = HolePainter(noise(1024, 768))
    assert (p.canvas.height, p.canvas.width) == (512, 384)
    a = block(512, 384)
    CanvasPage(p.canvas).stroke(a)
    assert p.M.shape == (1, 1, 1024, 768) and np.array_equal(p.state.hole, a.repeat(2, 0).repeat(2, 1))


def test_controls_and_keys_set_the_same_brush():
    p = HolePainter()
    p.controls.brush.value = 31
    assert p.canvas.brush == 31
    p.canvas.brush = 29
    assert p.controls.brush.value == 29
    p.controls.tool.value = "Erase"
    assert p.canvas.erase
    p.canvas.erase = False
    assert p.controls.tool.value == "Paint"


def test_undo_goes_back_thirty_steps_and_says_so():
    p = HolePainter(noise(40, 50))
    for row in range(painting.LIMIT + 2):
        CanvasPage(p.canvas).stroke(np.arange(40)[:, None].repeat(50, 1) == row)
    for _ in range(painting.LIMIT):
        p.controls.undo.click()
    assert p.state.hole.any() and "missing" in text(p)
    p.controls.undo.click()
    assert "the last 30 steps" in text(p) and "Clear" in text(p) and p.state.hole.any()


def test_a_file_that_is_too_large_says_so():
    p = HolePainter(noise(40, 50))
    about = {"kind": "too large", "name": "huge.png", "size": 300_000_000, "id": "x"}
    p.controls.own_photo._handle_custom_msg(about, [])
    assert "huge.png has 300 MB, and 200 MB is the limit" in text(p) and "alert" in text(p)


def test_a_strip_is_painted_on_a_preview_of_several_rows():
    p = HolePainter(noise(8, 3000))
    assert (p.canvas.height, p.canvas.width) == (8, 3000)


# --- filling


def test_the_button_fills_the_hole_alone(tmp_path):
    image, hole = noise(60, 50), block(60, 50)
    p = HolePainter(image, mask=hole, checkpoint=save_small(tmp_path / "small.safetensors"))
    assert p.result is None and p.outputs is None
    p.controls.inpaint.click()
    p.wait()
    assert np.array_equal(p.result[~hole], image[~hole]) and (p.result[hole] != image[hole]).any()
    G, config = generators.load_generator(tmp_path / "small.safetensors")
    assert np.array_equal(p.result, inpaint(image, hole, G, config))
    shown = np.asarray(Image.open(io.BytesIO(p.controls.picture.png)))
    assert np.array_equal(shown, p.result)
    assert p.outputs.I_c1.shape[-2:] == p._filled.filled.M.shape[-2:]
    assert all(picture.alt.startswith(name) for name, picture in p.controls.steps.items())
    assert "filled in" in text(p) and "small.safetensors" == p._filled.model
    assert np.array_equal(p.inpaint(), p.result)


def test_a_click_during_work_is_not_lost(tmp_path, monkeypatch):
    p = HolePainter(noise(40, 50), mask=block(40, 50), checkpoint=save_small(tmp_path / "small.safetensors"))
    started, go_on, real = threading.Event(), threading.Event(), results.fill_photo

    def slow(*arguments):
        started.set()
        assert go_on.wait(20)
        return real(*arguments)

    monkeypatch.setattr(results, "fill_photo", slow)
    p.controls.inpaint.click()
    assert started.wait(20)
    p.controls.random.click()
    p.controls.inpaint.click()
    go_on.set()
    p.wait()
    assert np.array_equal(p._filled.hole, p.state.hole) and not np.array_equal(p.state.hole, block(40, 50))


def test_a_result_never_stands_beside_another_photograph(tmp_path, monkeypatch):
    p = HolePainter(noise(40, 50), mask=block(40, 50), checkpoint=save_small(tmp_path / "small.safetensors"))
    p.inpaint()
    assert p.controls.picture.value
    with panel.COMPUTING:  # somebody else computes, so this waits
        p.controls.inpaint.click()
        p.controls.photo.value = "chelsea"
        assert p.result is None and p.controls.picture.value == "" == p.controls.steps["I_p1"].value
    p.wait()
    assert p.result is None and p.outputs is None and p.controls.picture.value == ""
    assert "chelsea" in text(p) and "filled" not in text(p)
    with pytest.raises(InputError, match="press Inpaint first"):
        p.save(tmp_path / "out.png")


def test_a_photograph_that_is_chosen_while_a_result_is_being_shown_stands_alone(tmp_path, monkeypatch):
    p = HolePainter(noise(40, 50), mask=block(40, 50), checkpoint=save_small(tmp_path / "small.safetensors"))
    choose, show = threading.Thread(target=lambda: setattr(p.controls.photo, "value", "chelsea")), p.controls.show

    def choose_then_show(*arguments):
        choose.start()
        choose.join(1)  # the choice has to wait, however long
        show(*arguments)

    monkeypatch.setattr(p.controls, "show", choose_then_show)
    p.controls.inpaint.click()
    p.wait()
    choose.join(20)
    assert p.state.photo.name == "chelsea" and p.result is None and p.controls.picture.value == ""
    monkeypatch.undo()
    p.controls.random.click()
    p.controls.inpaint.click()
    p.wait()
    assert p._filled.photo is p.state.photo and p.controls.picture.alt.startswith("chelsea")


def test_a_result_of_another_hole_or_generator_says_so(tmp_path):
    p = HolePainter(noise(40, 50), mask=block(40, 50), checkpoint=save_small(tmp_path / "small.safetensors"))

    def marked():
        assert (panel.STALE in p._dom_classes) == ("press Inpaint for a new one" in text(p))
        return panel.STALE in p._dom_classes

    with panel.COMPUTING:  # somebody else computes, so this waits
        p.controls.inpaint.click()
        assert not marked(), "nothing is shown yet"
        CanvasPage(p.canvas).stroke(np.ones((40, 50), bool), erase=True)
        CanvasPage(p.canvas).stroke(block(40, 50))
    p.wait()
    assert marked() and "of another hole; press" in text(p) and p.controls.picture.value
    p.undo()
    p.undo()
    assert not marked()
    p.controls.generator.value = "shipped"
    assert marked() and "by another generator; press" in text(p)
    p.clear()
    assert marked() and "of another hole and by another generator" in text(p)
    p.controls.photo.value = "chelsea"
    assert not marked() and not p.controls.picture.value


def test_transparency_is_kept(tmp_path):
    rgba = np.dstack([noise(40, 50), noise(40, 50, seed=1)[..., 0]])
    p = HolePainter(noise(40, 50), checkpoint=save_small(tmp_path / "small.safetensors"))
    upload(p.controls.own_photo, "clear.png", png(rgba))
    p.wait()
    p.set_mask(block(40, 50))
    p.inpaint()
    picture, _ = p.save(tmp_path / "out.png")
    saved = np.asarray(Image.open(picture))
    assert np.array_equal(saved[..., 3], rgba[..., 3])
    assert np.array_equal(saved[~block(40, 50)], rgba[~block(40, 50)])
    reduced = photos.to_photo(Image.fromarray(np.zeros((2000, 3000, 4), np.uint8)))
    assert reduced.alpha.shape == reduced.size and not reduced.alpha.any()


def test_what_is_filled_is_what_was_there_at_the_click(tmp_path):
    p = HolePainter(noise(40, 50), mask=block(40, 50), checkpoint=save_small(tmp_path / "small.safetensors"))
    with panel.COMPUTING:  # somebody else computes
        p.controls.inpaint.click()
        p.clear()
    p.wait()
    assert np.array_equal(p._filled.hole, block(40, 50)) and not p.state.hole.any()


def test_variants_are_offered_where_their_weights_are(tmp_path, monkeypatch):
    monkeypatch.setattr(generators, "WEIGHTS", tmp_path)
    assert [key for _, key in HolePainter().controls.generator.options] == ["shipped"]
    save_small(tmp_path / "semantic_only.safetensors", "semantic_only")
    p = HolePainter(noise(40, 50), mask=block(40, 50))
    assert [key for _, key in p.controls.generator.options] == ["shipped", "semantic_only"]
    p.controls.generator.value = "semantic_only"
    p.inpaint()
    assert torch.equal(p.outputs.I_c1, p.outputs.I_c2) and "first network only" in p._filled.model


@pytest.mark.slow
def test_a_photograph_of_40_megapixels_is_reduced_and_says_so(tmp_path):
    image = np.zeros((5000, 8000, 3), np.uint8)
    image[:, 4000:] = 200
    p = HolePainter(image, checkpoint=save_small(tmp_path / "small.safetensors"))
    h, w = p.state.photo.size
    assert (
        3_900_000 < h * w <= 4_000_000 and f"8000×5000 is more than 4 megapixels; it is worked on at {w}×{h}" in text(p)
    )
    full = np.zeros((5000, 8000), bool)
    full[1000:1500, 3000:5000] = True
    p.set_mask(full)
    assert p.state.hole.shape == (h, w) and abs(p.state.hole.mean() - full.mean()) < 0.001
    p.inpaint()
    assert np.array_equal(p.result[~p.state.hole], p.state.photo.image[~p.state.hole])


# --- files


def test_what_is_saved_says_that_it_was_inpainted(tmp_path):
    image, hole = noise(40, 50), block(40, 50)
    p = HolePainter(image, mask=hole, checkpoint=save_small(tmp_path / "small.safetensors"))
    p.inpaint()
    p.clear()  # the mask that is saved is the one that was filled
    picture, mask = p.save(tmp_path / "out.png")
    opened = Image.open(picture)
    assert np.array_equal(np.asarray(opened), p.result) and np.array_equal(read_hole(mask), hole)
    note = json.loads(opened.text["Comment"])
    assert note["generated"].startswith(f"{100 * hole.mean():.2f} %") and note["model"] == "small.safetensors"
    assert "rwlib" in opened.text["Software"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out-mask.png", "out.png", "small.safetensors"]


def test_saving_is_refused(tmp_path):
    p = HolePainter(noise(40, 50), mask=block(40, 50), checkpoint=save_small(tmp_path / "small.safetensors"))
    with pytest.raises(InputError, match="press Inpaint first"):
        p.save(tmp_path / "out.png")
    p.inpaint()
    for path, words in ((tmp_path / "a.jpg", "does not end with .png"), (tmp_path / "no" / "a.png", "does not exist")):
        with pytest.raises(InputError, match=words):
            p.save(path)


def test_the_photograph_itself_is_never_overwritten(tmp_path):
    checkpoint = save_small(tmp_path / "small.safetensors")
    for photo, path in (("own.png", "own.png"), ("own.png", "link.png"), ("own-mask.png", "own.png")):
        Image.fromarray(noise(40, 50)).save(tmp_path / photo)
        if path == "link.png":
            (tmp_path / path).symlink_to(photo)
        p = HolePainter(tmp_path / photo, mask=block(40, 50), checkpoint=checkpoint)
        p.inpaint()
        before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        with pytest.raises(InputError, match="path: .* is the photograph itself, which would be lost; choose another"):
            p.save(tmp_path / path)
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
        for name in {photo, path} & {file.name for file in tmp_path.iterdir()}:
            (tmp_path / name).unlink()


def test_download_buttons_send_files(tmp_path, monkeypatch):
    p = HolePainter(noise(40, 50), mask=block(40, 50), checkpoint=save_small(tmp_path / "small.safetensors"))
    sent = {}
    monkeypatch.setattr(p.canvas, "send", lambda content, buffers: sent.update({content["name"]: buffers[0]}))
    p.controls.save_result.click()
    assert "press Inpaint first" in text(p) and not sent
    p.inpaint()
    p.controls.save_result.click()
    p.wait()
    p.controls.save_mask.click()
    p.wait()
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(sent["inpainted.png"]))), p.result)
    assert np.array_equal(read_hole(sent["mask.png"]), block(40, 50))


@pytest.mark.parametrize("source", ["chelsea", "gravel"])
def test_the_still_picture(source):
    p = HolePainter(source)
    p.controls.random.click()
    p.inpaint()
    still = p.static().data
    assert "make lab" in still and "<img alt=" in still and len(still) < 200_000  # base64: 150 KB of PNG


def test_stripes_are_in_the_hole_alone():
    image, hole = noise(64, 64), block(64, 64)
    shown = previews.with_hole(image, hole)
    assert np.array_equal(shown[~hole], image[~hole]) and (shown[hole] != image[hole]).any(1).all()


# --- bad input: a message, and what was there stays


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"photo": 5}, "photo: expected a path, an array or a tensor; got int 5"),
        ({"mask": [1]}, r"mask: expected a path, an array or a tensor; got list \[1\]"),
        ({"photo": np.zeros((1, 1, 3), np.uint8)}, "at least 8 px, got 1×1"),
        ({"photo": "no-such-file.jpg"}, "no-such-file.jpg does not exist"),
        ({"photo": np.zeros((20, 20), np.float32)}, "expected uint8"),
        ({"photo": torch.zeros(3, 8, 8)}, r"expected shape \(1, 3, h, w\)"),
        ({"mask": np.zeros((3, 4), bool)}, "its size 4×3 is not the photograph's 256×256"),
        ({"checkpoint": "no-such.safetensors"}, "no-such.safetensors does not exist"),
    ],
)
def test_bad_arguments_become_a_message(arguments, words):
    p = HolePainter(**arguments)
    assert re.search(words, html.unescape(text(p))) and "alert" in text(p)
    assert p.state.photo.name == photos.HOUSE and p.controls.generator.value == "shipped"


def test_all_bad_arguments_are_named(tmp_path):
    (tmp_path / "bad.safetensors").write_bytes(b"not a checkpoint")
    p = HolePainter("none.png", mask="none-either.png", checkpoint=tmp_path / "bad.safetensors")
    assert all(words in text(p) for words in ("none.png does", "none-either.png does", "bad.safetensors is trunc"))


def test_an_upload_that_is_no_picture_leaves_all_as_it_was():
    p = HolePainter(noise(40, 50), mask=block(40, 50))
    before = p.state
    for control in (p.controls.own_photo, p.controls.own_mask):
        upload(control, "notes.txt", b"no picture")
        p.wait()
        assert "is not an image" in text(p) and p.state is before
    upload(p.controls.own_photo, "dot.png", png(noise(1, 1)))
    p.wait()
    assert "got 1×1" in text(p) and p.state is before


def test_empty_and_full_holes_and_a_missing_generator(tmp_path, monkeypatch):
    p = HolePainter(noise(40, 50), checkpoint=save_small(tmp_path / "small.safetensors"))
    p.controls.inpaint.click()
    p.wait()
    assert "it has no hole" in text(p)
    CanvasPage(p.canvas).stroke(np.ones((40, 50), bool))
    p.controls.inpaint.click()
    p.wait()
    assert "everything is missing" in text(p) and p.result is None
    monkeypatch.setattr(generators, "WEIGHTS", tmp_path)
    save_small(tmp_path / "full.safetensors")
    p = HolePainter(noise(40, 50), mask=block(40, 50))
    (tmp_path / "full.safetensors").unlink()
    p.controls.generator.value = "full"
    p.controls.inpaint.click()
    p.wait()
    assert "full.safetensors does not exist" in text(p) and p.result is None
    p.controls.generator.value = "shipped"
    p.controls.inpaint.click()
    p.wait()
    assert p.result is not None


def test_a_photograph_with_values_that_are_not_finite_is_refused():
    spoilt = torch.zeros(1, 3, 16, 16)
    spoilt[0, 1, 2, 3] = torch.nan
    with pytest.raises(InputError, match="photo: has values that are not finite"):
        photos.to_photo(spoilt)
