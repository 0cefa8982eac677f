"""The rival gallery without a browser: holes, fillings, what belongs to which photograph, PIC's answers, bad input."""

import re

import numpy as np
import pytest
import torch
from canvas_page import CanvasPage

from rwlib import rivals
from rwlib.checkpoints import save_generator
from rwlib.config import make_config
from rwlib.conventions import InputError, image_to_tensor
from rwlib.networks.models import new_generator
from rwlib.widgets import RivalGallery
from rwlib.widgets.rivals import fillings
from rwlib.widgets.shared import panel
from rwlib.widgets.shared.painting import State
from rwlib.widgets.shared.photos import to_photo
from rwlib.widgets.shared.pictures import to_png


@pytest.fixture(autouse=True)
def no_faults():
    panel.FAULTS.clear()
    yield
    assert not panel.FAULTS


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Three small models of random weights in place of those that ship."""
    for name, width in (("pconv", 4), ("pic", 4), ("region-wise", 4)):
        torch.manual_seed(0)
        config = make_config("paper", "tiny", model=name, width=width)
        save_generator(tmp_path / f"{name}.safetensors", new_generator(config), config, about={"step": 3})
    files = {name: tmp_path / f"{name}.safetensors" for name in ("pconv", "pic", "region-wise")}
    monkeypatch.setattr(rivals, "weights_file", lambda name, folder=None: files.get(name))


def noise(h, w, *, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (h, w, 3), dtype=np.uint8)


def opened(*arguments, **named):
    g = RivalGallery(*arguments, **named)
    g.wait()
    return g


def test_it_opens_with_every_method_seconds_and_weights(small):
    g = opened()
    assert list(g.fillings.by) == ["pconv", "pic", "region-wise"]
    text = g.pictures.value
    assert text.count("<figure>") == 5 and len(re.findall(r"\d\.\d+ s<", text)) == 3
    for filling in g.fillings.by.values():
        assert f"{filling.rival.weights:,} weights" in text and filling.seconds > 0
    assert "Left out" in g.note.value and "CA, Gated, EC, RED" in g.note.value
    assert all(re.findall(r'<img alt="([^"]+)"', text))
    assert "A still picture of the gallery" in g.static().data


def test_a_machine_that_is_too_slow_gets_no_still_picture_and_no_error(small, monkeypatch):
    def too_slow(self, timeout_s=60):
        raise TimeoutError("still busy")

    g = opened()
    g.fillings = None
    monkeypatch.setattr(RivalGallery, "wait", too_slow)
    assert g.static() is None


def test_existing_pixels_stay_and_the_hole_is_that_of_the_canvas(small):
    g = opened(noise(64, 64), mask=np.eye(64, dtype=bool))
    shown = g.fillings
    assert torch.equal(shown.M[0, 0] == 0, torch.eye(64) > 0)
    assert torch.equal(shown.I_gt, image_to_tensor(noise(64, 64))), "64 px are not resampled"
    exists = shown.M.bool().expand(-1, 3, -1, -1)
    for filling in shown.by.values():
        assert torch.allclose(filling.I_c[exists], shown.I_gt[exists]) and filling.I_c.abs().max() <= 1


def test_the_middle_of_any_photograph_and_of_its_hole():
    hole = np.zeros((300, 500), bool)
    hole[100:110, 250:260] = True
    cut = fillings.middle(hole)
    assert cut.shape == (256, 256) and cut.any() and not cut[:70].any() and not cut[:, 150:].any()
    one = fillings.square(to_photo(noise(300, 500)))
    assert one.image.shape == (256, 256, 3) and one.seen.shape == (64, 64, 3)
    I_gt, M = fillings.pixels_of(State(one, cut))
    assert I_gt.shape == (1, 3, 64, 64) and 0 < (M == 0).sum() < 30


def test_another_photograph_takes_the_pictures_away_and_keeps_the_hole(small):
    g = opened()
    hole, before = g.state.hole, g.fillings
    g.controls.photo.value = "brick"
    assert g.fillings is None and g.pictures.value == "" and np.array_equal(g.state.hole, hole)
    g._show(before)  # a result that comes late, of the former photograph
    assert g.fillings is None and g.pictures.value == ""
    assert g.fill().state.photo.name == "brick" and "<figure>" in g.pictures.value
    g.undo()
    assert g.controls.photo.value != "brick" and g.fillings is None


def test_of_an_own_photograph_the_middle_is_taken_and_the_hole_stays(small):
    g = opened()
    hole = g.state.hole
    g.controls.own_photo._take("own.png", to_png(noise(300, 500)))
    g.wait()
    seen = fillings.square(to_photo(noise(300, 500))).seen
    assert g.state.photo.name == "own.png" and np.array_equal(g.state.photo.seen, seen)
    assert np.array_equal(g.state.hole, hole)


def test_strokes_change_the_hole_and_say_that_the_pictures_are_old(small):
    g = opened()
    pixels = np.zeros((256, 256), bool)
    pixels[:40, :40] = True
    g.clear()
    CanvasPage(g.canvas).stroke(pixels)
    assert np.array_equal(g.state.hole, pixels) and "of the hole before" in g.message.value
    g.fill_button.click()
    g.wait()
    assert (g.fillings.M == 0).sum() == 100 and "filled by 3 methods" in g.message.value
    CanvasPage(g.canvas).stroke(pixels, erase=True, name="t")
    assert not g.state.hole.any()


def test_the_slider_changes_pics_answer_alone(small):
    g = opened()
    before = g.fillings.by
    g.sample.value = 3
    g.wait()
    after = g.fillings.by
    assert after["pconv"] is before["pconv"] and not torch.equal(after["pic"].I_c, before["pic"].I_c)
    assert "answer 3" in g.pictures.value and g.fillings.sample == 3
    g.sample.value = 0
    g.wait()
    assert torch.equal(g.fillings.by["pic"].I_c, before["pic"].I_c) and "the mean code" in g.pictures.value
    g.sample.value = 3
    g.wait()
    assert torch.equal(g.fillings.by["pic"].I_c, after["pic"].I_c), "the same number, the same answer"


def test_the_slider_that_moves_while_all_fill_is_not_forgotten(small):
    g = opened()
    job = g._job()
    g.sample.value = 5
    g.wait()
    g._show(job())  # was asked for when the slider stood at 0
    g.wait()
    assert g.fillings.sample == 5 and "answer 5" in g.pictures.value


@pytest.mark.parametrize(
    ("photo", "mask", "words"),
    [
        (np.zeros((4, 4, 3), np.uint8), None, "sides of at least 8 px"),
        (noise(20, 20), np.ones((20, 20)), "expected booleans"),
        (noise(20, 20), np.ones((9, 20), bool), "its size 20×9 is not"),
        ("nowhere.jpg", None, "nowhere.jpg"),
    ],
)
def test_bad_arguments_become_a_message(small, photo, mask, words):
    g = opened(photo, mask=mask)
    assert words in g.message.value and 'role="alert"' in g.message.value


def test_no_hole_and_nothing_but_hole(small):
    g = opened()
    shown = g.pictures.value
    g.clear()
    with pytest.raises(InputError, match="hole: nothing is missing yet"):
        g.fill()
    g.fill_button.click()
    g.wait()
    assert "nothing is missing yet" in g.message.value and g.pictures.value == shown
    CanvasPage(g.canvas).stroke(np.ones((256, 256), bool))
    g.fill_button.click()
    g.wait()
    assert "everything is missing" in g.message.value


def test_without_pic_there_is_no_slider_for_it(monkeypatch):
    monkeypatch.setattr(rivals, "weights_file", lambda name, folder=None: None)
    g = opened()
    assert g.sample.disabled and "filled by 0 methods" in g.message.value
