"""Masks from a folder: sorted by what they are, never by name, the polarity checked, resized without grey."""

from collections import Counter

import numpy as np
import pytest
import torch
from evaluation_examples import Ramps
from PIL import Image

from rwlib.conventions import InputError
from rwlib.evaluation import Method, Protocol, mean_fill
from rwlib.evaluation.mask_folder import MaskFolder, bucket_of, kind_of
from rwlib.evaluation.run import run_evaluation
from rwlib.masks import ALL_BUCKETS, KINDS, hole_fraction, random_mask, resize_mask


def save(hole, file):
    """White is the hole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((np.asarray(hole) * 255).astype(np.uint8)).save(file)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Three masks of 48 px for each kind and each of six buckets, in folders whose names lie."""
    folder, expected = tmp_path_factory.mktemp("masks"), {}
    for kind in KINDS:
        for bucket, (low, high) in enumerate(ALL_BUCKETS):
            for i in range(3):
                generator = torch.Generator().manual_seed(100 * KINDS.index(kind) + 10 * bucket + i)
                fractions = (max(low, 0.01) + 0.002, high - 0.002)
                M = random_mask(48, 48, fractions, kind=kind, generator=generator)
                name = f"{bucket * 7 % 6}0-percent/{KINDS[bucket % 2]}/{i}{kind[0]}{bucket}.png"
                save(M[0] == 0, folder / name)
                expected[name] = (kind, bucket, M[None])
    (folder / ".hidden").mkdir()
    save(np.zeros((4, 4)), folder / ".hidden" / "x.png")
    (folder / "readme.txt").write_text("no mask")
    return folder, expected


def test_masks_are_sorted_by_what_they_are(drawn):
    folder, expected = drawn
    masks = MaskFolder(folder, 48)
    assert masks.n_masks == masks.n_used == 36
    for name, (kind, bucket, _) in expected.items():
        assert name in masks.cells[kind, bucket], (name, kind, bucket)
    assert all(len(names) == 3 for names in masks.cells.values())
    assert masks.about().startswith("36 masks, white is missing, ") and "discontiguous 50–60 %: 3" in masks.about()


def test_a_mask_comes_back_as_it_was_drawn_each_once_before_any_twice(drawn):
    folder, expected = drawn
    masks = MaskFolder(folder, 48)
    originals = [M for kind, bucket, M in expected.values() if (kind, bucket) == ("contiguous", 3)]
    given = [masks.mask(photo, "contiguous", 3) for photo in range(6)]
    used = [next(i for i, M in enumerate(originals) if torch.equal(M, mask)) for mask in given]
    assert sorted(used[:3]) == [0, 1, 2] and used[3:] == used[:3]
    assert given[0].shape == (1, 1, 48, 48) and given[0].dtype == torch.float32
    again = MaskFolder(folder, 48)
    assert torch.equal(again.mask(1, "contiguous", 3), given[1])


def test_the_seed_says_who_gets_which(drawn):
    folder, _ = drawn

    def order(seed):
        masks = MaskFolder(folder, 48, seed=seed)
        return [float(masks.mask(photo, kind, b).mean()) for kind in KINDS for b in range(6) for photo in range(3)]

    assert order(0) == order(0) != order(1)


def test_the_digest_says_which_photograph_gets_which_mask(drawn, tmp_path):
    folder, expected = drawn
    digest = MaskFolder(folder, 48).digest()
    assert digest == MaskFolder(folder, 48).digest() != MaskFolder(folder, 48, seed=1).digest()
    for name, (_, _, M) in list(expected.items())[:-1]:
        save(M[0, 0] == 0, tmp_path / name)
    assert MaskFolder(tmp_path, 48).digest() != digest


def test_an_evaluation_with_masks_in_another_order_does_not_go_on(drawn, tmp_path, monkeypatch):
    """As one of an older version, whose order came from another stream: photographs would get masks of two orders."""

    def run():
        protocol = Protocol(48, kinds=["contiguous"], buckets=[1], photos=1, masks=MaskFolder(drawn[0], 48))
        run_evaluation([Method("mean", mean_fill)], Ramps(), protocol, tmp_path, progress=False)

    run()
    run()
    backwards = MaskFolder._in_turn
    monkeypatch.setattr(MaskFolder, "_in_turn", lambda self, *cell: backwards(self, *cell)[::-1])
    with pytest.raises(InputError, match="holds an evaluation with another masks"):
        run()


def test_the_other_polarity(drawn, tmp_path):
    folder, expected = drawn
    for name, (_, _, M) in expected.items():
        save(M[0, 0] == 1, tmp_path / name)
    with pytest.raises(InputError, match="most of the 36 masks .* is the other way round, add --white-is-existing"):
        MaskFolder(tmp_path, 48)
    turned, masks = MaskFolder(tmp_path, 48, white_is_existing=True), MaskFolder(folder, 48)
    assert turned.cells == masks.cells and "white is existing" in turned.about()
    assert torch.equal(turned.mask(2, "discontiguous", 1), masks.mask(2, "discontiguous", 1))
    with pytest.raises(InputError, match="polarity is the other way round, leave out --white-is-existing"):
        MaskFolder(folder, 48, white_is_existing=True)


def test_resized_by_nearest_neighbour_and_measured_afterwards(tmp_path):
    hole = np.zeros((120, 200), bool)
    hole[:, :40] = True  # outside the middle square
    hole[10:40, 70:100] = True
    save(hole, tmp_path / "wide.png")
    masks = MaskFolder(tmp_path, 30)
    M = masks.mask(0, "contiguous", 0)
    assert set(M.unique().tolist()) == {0.0, 1.0}
    square = torch.from_numpy(~hole[:, 40:160]).float()[None, None]
    assert torch.equal(M, resize_mask(square, 30))
    assert 0.05 < float(hole_fraction(M)) < 0.08  # 900 of 14400 pixels
    assert masks.cells["contiguous", 0] == ["wide.png"] and masks.n_used == 1


@pytest.mark.parametrize(
    ("fraction", "bucket"),
    [(0.0, None), (0.0099, None), (0.01, 0), (0.1, 0), (0.1001, 1), (0.5, 4), (0.5001, 5), (0.6, 5), (0.6001, None)],
)
def test_edges_of_the_buckets(fraction, bucket):
    assert bucket_of(fraction) == bucket


def test_specks_do_not_make_a_hole_discontiguous():
    hole = np.zeros((40, 40), bool)
    hole[5:25, 5:25] = True
    hole[30, 30] = hole[35, 2] = True
    assert kind_of(hole) == "contiguous"
    hole[30:33, 30:33] = True
    assert kind_of(hole) == "discontiguous"


def test_masks_outside_the_buckets_are_counted(tmp_path):
    for i, height in enumerate((0, 2, 10, 15, 20)):
        hole = np.zeros((20, 20), bool)
        hole[:height] = True
        save(hole, tmp_path / f"{i}.png")
    masks = MaskFolder(tmp_path, 20)
    assert Counter({cell: len(names) for cell, names in masks.cells.items() if names}) == {
        ("contiguous", 0): 1,
        ("contiguous", 4): 1,
    }
    assert "3 belong to no bucket" in masks.about()
    with pytest.raises(InputError, match="has no discontiguous mask of 20–30 %; leave that bucket out"):
        masks.mask(0, "discontiguous", 2)


def test_bad_folders_are_one_line(tmp_path):
    with pytest.raises(InputError, match="masks: .*none does not exist; give a folder of mask pictures"):
        MaskFolder(tmp_path / "none", 16)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"masks: no images \(.jpg, .* in .*empty; give a folder of mask pictures"):
        MaskFolder(tmp_path / "empty", 16)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="masks: .*file is a file; give a folder"):
        MaskFolder(tmp_path / "file", 16)
    save(np.eye(16), tmp_path / "torn" / "a.png")
    whole = (tmp_path / "torn" / "a.png").read_bytes()
    (tmp_path / "torn" / "a.png").write_bytes(whole[:40])
    with pytest.raises(InputError, match="mask: .*a.png "):
        MaskFolder(tmp_path / "torn", 16)
    with pytest.raises(InputError, match="seed: expected a whole number"):
        MaskFolder(tmp_path / "torn", 16, seed=-1)


def test_masks_of_zeros_and_ones_are_not_taken_for_empty(tmp_path):
    (tmp_path / "m").mkdir()
    Image.fromarray(np.eye(16, dtype=np.uint8)).save(tmp_path / "m" / "a.png")
    with pytest.raises(InputError, match="a.png has values from 0 to 1 of 255, .*; multiply them"):
        MaskFolder(tmp_path / "m", 16)
