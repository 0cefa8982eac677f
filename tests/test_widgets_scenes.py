"""The photograph and the hole of explorer and lens, and numbers as colours."""

import numpy as np
import pytest
import torch
from PIL import Image

from rwlib.conventions import InputError, image_to_tensor
from rwlib.data import Facades
from rwlib.data.bundled import NAMES
from rwlib.masks import hole_fraction
from rwlib.widgets.shared.heat import color_bar, enlarge, heat, mix, outline
from rwlib.widgets.shared.scenes import HOUSES, OWN, Choice, SceneMenu, make_scene

PHOTO = np.arange(20 * 30 * 3, dtype=np.uint32).reshape(20, 30, 3).astype(np.uint8)
HOLE = torch.ones(1, 1, 20, 30)
HOLE[..., 5:9, 10:20] = 0


def test_a_house_and_a_hole_of_the_wanted_size():
    I_gt, M = make_scene(Choice("house front 2", "contiguous", 30, 5), 64)
    assert torch.equal(I_gt, image_to_tensor(Facades(seed=0).center(HOUSES["house front 2"], 64)))
    assert M.shape == (1, 1, 64, 64) and abs(hole_fraction(M).item() - 0.3) <= 0.005
    assert torch.equal(M, make_scene(Choice("brick", "contiguous", 30, 5), 64)[1])
    assert not torch.equal(M, make_scene(Choice("brick", "contiguous", 30, 6), 64)[1])


@pytest.mark.parametrize("side", [24, 64, 96, 192])
@pytest.mark.parametrize("percent", [1, 33, 60])
@pytest.mark.parametrize("kind", ["contiguous", "discontiguous"])
def test_every_setting_of_the_menu_gives_a_hole(side, percent, kind):
    _, M = make_scene(Choice("house front 1", kind, percent, 0), side)
    assert abs(hole_fraction(M).item() - percent / 100) <= 0.0051


def test_an_own_photograph_and_mask_keep_together(tmp_path):
    photo = np.zeros((20, 30, 3), np.uint8)
    photo[HOLE[0, 0].numpy() == 0] = 255  # white where it is missing
    Image.fromarray(photo).save(tmp_path / "photo.png")
    for given in (photo, Image.fromarray(photo), image_to_tensor(photo), str(tmp_path / "photo.png")):
        I_gt, M = make_scene(Choice(OWN, OWN), 20, given, HOLE)
        assert torch.equal((I_gt > 0)[:, :1].float(), 1 - M)


def test_sixteen_bits_and_transparency_are_read(tmp_path):
    Image.fromarray(np.full((16, 16), 65535, np.uint16)).save(tmp_path / "deep.png")
    Image.new("RGBA", (16, 16), (255, 255, 255, 0)).save(tmp_path / "clear.png")
    for name in ("deep.png", "clear.png"):
        assert make_scene(Choice(OWN), 16, tmp_path / name)[0].min() == 1


@pytest.mark.parametrize(
    ("photo", "M", "words"),
    [
        (np.zeros((1, 1, 3), np.uint8), None, "at least 8 px"),
        (np.zeros((20, 30), np.uint8), None, "expected uint8"),
        (5, None, "photo: expected an array"),
        (torch.full((1, 3, 16, 16), torch.nan), None, "NaN"),
        ("nowhere.png", None, "does not exist"),
        (PHOTO, torch.ones(1, 1, 20, 30), "no hole"),
        (PHOTO, torch.zeros(1, 1, 20, 30), "everything is missing"),
        (PHOTO, torch.ones(1, 1, 20, 31), "the photo's size"),
        (PHOTO, torch.ones(20, 30), "expected shape"),
        (PHOTO, HOLE * 0.5, "0 \\(missing\\) and 1"),
        (PHOTO, 5, "expected a tensor"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(photo, M, words):
    with pytest.raises(InputError, match=words) as caught:
        make_scene(Choice(OWN, "contiguous" if M is None else OWN), 24, photo, M)
    assert "\n" not in str(caught.value)


def test_the_menu_says_what_is_chosen():
    menu = SceneMenu(PHOTO, HOLE)
    assert menu.choice == Choice(OWN, OWN, 20, 1)
    assert OWN not in SceneMenu().photo.options and SceneMenu().choice == Choice()
    menu.photo.value, menu.hole.value, menu.percent.value, menu.seed.value = "coffee", "discontiguous", 40, 9
    assert menu.choice == Choice("coffee", "discontiguous", 40, 9)
    assert set(NAMES) < set(menu.photo.options)
    I_gt, M = menu.scene(menu.choice, 24)
    assert I_gt.shape == (1, 3, 24, 24) and abs(hole_fraction(M).item() - 0.4) < 0.006


# --- colours


def test_heat_is_linear_and_cut_at_both_ends():
    values = torch.tensor([[-9.0, -1.0, 0.0, 1.0, 9.0]])
    low, first, middle, last, high = heat(values, -1, 1, "gray")[0, :, 0].tolist()
    assert (low, first, last, high) == (0, 0, 255, 255) and abs(middle - 128) <= 1
    assert heat(torch.zeros(2, 2), 0, 0).shape == (2, 2, 3)  # no scale at all, no warning


def test_enlarging_repeats_pixels():
    pixels = np.arange(4, dtype=np.uint8).reshape(2, 2)
    assert enlarge(pixels, 4).tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    assert enlarge(pixels, 1).tolist() == pixels.tolist()


def test_mixing_weighs_both_pictures():
    black, white = np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)
    assert mix(black, white, 0.2).tolist() == [[[51, 51, 51]]]


def test_the_outline_lies_inside_the_hole_and_not_at_the_pictures_edge():
    M = torch.ones(1, 1, 4, 4)
    M[..., :3, :3] = 0  # touches two edges of the picture
    drawn = (outline(np.zeros((40, 40, 3), np.uint8), M, "#FF8000") == (255, 128, 0)).all(2)
    expected = np.zeros((40, 40), bool)
    expected[28:30, :30] = expected[:30, 28:30] = True
    assert (drawn == expected).all()


def test_a_color_bar_has_both_ends_and_its_texts():
    bar = color_bar("gray", "zero", "ten", title="what", note="how")
    assert all(text in bar for text in ("zero", "ten", "what", "how", "rgb(0, 0, 0)", "rgb(255, 255, 255)"))
