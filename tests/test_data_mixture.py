"""A mixture: each source in turn, however many photographs it has, and every crop the source's own."""

import numpy as np
import pytest
import torch
from PIL import Image

from rwlib.commands.train import absolute
from rwlib.conventions import InputError
from rwlib.data import Facades, Mixture, PhotoFolder, TrainingSamples, open_source


@pytest.fixture
def folders(tmp_path):
    """Two photographs under `few`, five under `many`, each of a grey of its own."""
    for name, n, start in (("few", 2, 10), ("many", 5, 100)):
        (tmp_path / name).mkdir()
        for i in range(n):
            Image.new("RGB", (40, 40), (start + i,) * 3).save(tmp_path / name / f"{i}.png")
    return tmp_path


def grey(picture):
    return int(picture[0, 0, 0])


def test_sources_take_turns_and_the_small_one_begins_anew(folders):
    mixture = open_source(f"{folders / 'few'} + {folders / 'many'}")
    assert isinstance(mixture, Mixture) and len(mixture) == 10
    centers = [grey(mixture.center(i, 16)) for i in range(10)]
    assert centers == [10, 100, 11, 101, 10, 102, 11, 103, 10, 104]
    assert mixture.names == ["0.png", "0.png", "1.png", "1.png", "0.png", "2.png", "1.png", "3.png", "0.png", "4.png"]


def test_a_crop_is_the_source_s_own(folders):
    draw = np.random.default_rng(0)
    Image.fromarray(draw.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(folders / "many" / "2.png")
    mixture, alone = open_source(f"{folders / 'few'} + {folders / 'many'}"), PhotoFolder(folders / "many")
    crop = mixture.crop(5, 16, torch.Generator().manual_seed(3))
    assert np.array_equal(crop, alone.crop(2, 16, torch.Generator().manual_seed(3)))


def test_an_epoch_of_training_shows_both_equally_often(folders):
    samples = TrainingSamples(open_source(f"{folders / 'few'} + {folders / 'many'}"), 16, (0.1, 0.2), "both", seed=0)
    greys = [round((float(samples[k][0][0, 0, 0]) + 1) * 127.5) for k in range(10)]
    assert sum(value < 50 for value in greys) == 5 and sorted(set(greys)) == [10, 11, 100, 101, 102, 103, 104]


def test_a_folder_may_have_a_plus_in_its_name(folders):
    (folders / "few").rename(folders / "a + b")
    assert isinstance(open_source(str(folders / "a + b")), PhotoFolder)


def test_one_source_or_one_without_end_is_refused(folders):
    with pytest.raises(InputError, match="sources: expected two or more photo sources that have an end"):
        Mixture([PhotoFolder(folders / "few")])
    with pytest.raises(InputError, match="that have an end"):
        open_source(f"{folders / 'few'} + facades")
    with pytest.raises(InputError, match="that have an end"):
        Mixture([Facades(), Facades()])
    mixture = open_source(f"{folders / 'few'} + photos")
    for index in (-1, 16):
        with pytest.raises(InputError, match="index: expected 0 to 15"):
            mixture.center(index, 16)


def test_a_resumed_run_finds_both_from_another_folder(folders, monkeypatch):
    monkeypatch.chdir(folders)
    assert absolute("few + many") == f"{folders / 'few'} + {folders / 'many'}"
