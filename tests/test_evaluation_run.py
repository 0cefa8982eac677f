"""Evaluations in a folder: interrupted ones go on where they stopped, nothing is lost or mixed, memory is bounded."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import PATIENCE_S
from evaluation_examples import Ramps, dark_fill
from PIL import Image

from rwlib.conventions import InputError, image_to_tensor
from rwlib.evaluation import Method, Protocol, Summary, evaluate, evaluation_mask, mean_fill
from rwlib.evaluation.feature_networks import FeatureNetworks, SetFeatures
from rwlib.evaluation.files import ImageFolder
from rwlib.evaluation.frechet import distance_of_samples
from rwlib.evaluation.kernel import kernel_distance
from rwlib.evaluation.mask_folder import MaskFolder
from rwlib.evaluation.run import run_evaluation
from rwlib.evaluation.tables import ROW_KEYS
from rwlib.evaluation.uids import discriminative_scores
from rwlib.files import only_writer
from rwlib.metrics import METRICS, quantise

ROOT = Path(__file__).parents[1]
REQUEST = {"size_px": 24, "kinds": ["contiguous"], "buckets": [1, 3]}
ONES = torch.ones(1, 1, 8, 8)
FILLS = {"mean": mean_fill, "dark": dark_fill}


class ManyRamps(Ramps):
    """More pictures than `averages` has features, in colours of their own."""

    def __init__(self):
        super().__init__(12)

    def center(self, index, size_px):
        return np.roll(super().center(index % 5, size_px), index, axis=2) // (1 + index % 3)


class Counted:
    """A fill that counts its calls, and stops the machine at one of them."""

    def __init__(self, stop_at=None):
        self.calls, self.stop_at = 0, stop_at

    def __call__(self, I_gt, M):
        self.calls += 1
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        return dark_fill(I_gt, M)


def averages(I):
    return I.flatten(2).mean(2)


FEATURES = FeatureNetworks(SetFeatures("fid", "kid", 3, averages))


def contents(folder):
    return {file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}


def methods_of(fills):
    return [Method(name, fill) for name, fill in fills.items()]


def start(out, source=None, fills=FILLS, networks=None, images=None, about=None, **changes):
    protocol = Protocol(**REQUEST | changes)
    return run_evaluation(
        methods_of(fills), source or Ramps(5), protocol, out,
        networks=networks, images=images, about=about, progress=False,
    )  # fmt: skip


# --- the same numbers


def test_the_folder_has_the_rows_of_evaluate(tmp_path):
    summary = start(tmp_path / "new" / "out")
    rows = evaluate(methods_of(FILLS), Ramps(5), Protocol(**REQUEST), progress=False)
    written = (tmp_path / "new" / "out" / "rows.csv").read_text().splitlines()
    assert len(written) == 1 + len(rows) == 1 + 5 * 2 * 2
    for line, row in zip(written[1:], rows, strict=True):
        method, kind, bucket, photo, *values = line.split(",")
        assert [method, kind, int(bucket), int(photo)] == [row[key] for key in ROW_KEYS]
        assert [float(value) for value in values] == pytest.approx([row[metric] for metric in METRICS], rel=1e-5)
    expected = Summary()
    expected.add(rows)
    for metric in METRICS:
        assert summary.table(metric) == expected.table(metric)
        assert summary.paired(metric) == expected.paired(metric)
    assert summary.n == 5


def test_two_evaluations_in_one_folder_do_not_mix(tmp_path, monkeypatch):
    monkeypatch.setattr("rwlib.files.lock.PATIENCE_S", 0.1)
    with only_writer(tmp_path, "out"), pytest.raises(InputError, match="out: another process is writing to"):
        start(tmp_path)
    assert not list(tmp_path.iterdir()) and start(tmp_path).n == 5


def test_distances_are_those_of_all_composites_and_originals(tmp_path):
    summary = start(tmp_path, networks=FEATURES)
    originals = [image_to_tensor(Ramps(5).center(i, 24)) for i in range(5)]
    x = averages(torch.cat(originals))
    assert summary.distances.keys() == {(name, "contiguous", bucket) for name in FILLS for bucket in (1, 3)}
    for (name, kind, bucket), found in summary.distances.items():
        pairs = [(I_gt, evaluation_mask(24, i, kind, bucket, 0)) for i, I_gt in enumerate(originals)]
        y = averages(torch.cat([quantise(FILLS[name](*pair)) for pair in pairs]))
        assert found["fid"] == pytest.approx(distance_of_samples(x, y), rel=1e-4)
        assert "kid" not in found  # five pictures are more than three features
    assert (tmp_path / "features.f32").stat().st_size == 5 * (1 + 2 * 2) * 3 * 4


def test_below_as_many_pictures_as_features_the_kernel_distance_stands_beside(tmp_path):
    summary = start(tmp_path, networks=FEATURES, photos=3, fills={"dark": dark_fill})
    x = averages(torch.cat([image_to_tensor(Ramps(5).center(i, 24)) for i in range(3)]))
    pairs = [(image_to_tensor(Ramps(5).center(i, 24)), evaluation_mask(24, i, "contiguous", 3, 0)) for i in range(3)]
    y = averages(torch.cat([quantise(dark_fill(*pair)) for pair in pairs]))
    assert summary.distances["dark", "contiguous", 3]["kid"] == pytest.approx(
        kernel_distance(x, y, paired=True), rel=1e-4
    )
    assert start(tmp_path / "one", networks=FEATURES, photos=1).distances == {}  # one picture has no covariance


def wide(I):
    return 30 * averages(I)


CLASSIFIED = FeatureNetworks(SetFeatures("fid", "kid", 3, wide, classified=True))


def test_u_ids_stands_beside_fid_with_more_pictures_than_features(tmp_path):
    summary = start(tmp_path / "out", ManyRamps(), networks=CLASSIFIED)
    originals = [image_to_tensor(ManyRamps().center(i, 24)) for i in range(12)]
    x = wide(torch.cat(originals))
    for (name, kind, bucket), found in summary.distances.items():
        pairs = [(I_gt, evaluation_mask(24, i, kind, bucket, 0)) for i, I_gt in enumerate(originals)]
        y = wide(torch.cat([quantise(FILLS[name](*pair)) for pair in pairs]))
        assert (found["u_ids"], found["p_ids"]) == discriminative_scores(x, y)
        assert list(found) == ["fid", "u_ids", "p_ids"]
    assert 0 < summary.distances["mean", "contiguous", 3]["u_ids"] < 0.5
    assert summary.distance_table("u_ids").startswith("| u_ids, N = 12 | mean | dark |")
    assert summary.csv().count(",p_ids,12,") == 4
    few = start(tmp_path / "few", ManyRamps(), networks=CLASSIFIED, photos=3)  # three features
    assert all(list(found) == ["fid", "kid"] for found in few.distances.values())
    assert not (tmp_path / "few" / "ids.csv").exists()
    assert (tmp_path / "out" / "ids.csv").read_text().startswith("photographs,column,u_ids,p_ids\n12,1,0.")


def counted_scores(monkeypatch, stop_at=None):
    """Count the classifiers that are fitted, and stop the machine at one of them."""
    calls = []

    def scores(x, y):
        calls.append(len(x))
        if len(calls) == stop_at:
            raise KeyboardInterrupt
        return discriminative_scores(x, y)

    monkeypatch.setattr("rwlib.evaluation.run.discriminative_scores", scores)
    return calls


def test_u_ids_go_on_where_they_were_interrupted(tmp_path, monkeypatch):
    whole = start(tmp_path / "whole", networks=CLASSIFIED)
    counted_scores(monkeypatch, stop_at=3)
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path / "part", networks=CLASSIFIED)
    assert len((tmp_path / "part" / "ids.csv").read_text().splitlines()) == 1 + 2
    calls = counted_scores(monkeypatch)
    assert start(tmp_path / "part", networks=CLASSIFIED).distances == whole.distances
    assert len(calls) == 2 and contents(tmp_path / "part") == contents(tmp_path / "whole")
    four = start(tmp_path / "part", networks=CLASSIFIED, photos=4)
    assert calls == [5, 5, 4, 4, 4, 4] and four.distances != whole.distances  # of other pictures, so anew
    assert start(tmp_path / "part", networks=CLASSIFIED).distances == whole.distances
    assert start(tmp_path / "part", networks=CLASSIFIED, photos=4).distances == four.distances and len(calls) == 6


@pytest.mark.parametrize("cut", [1, 20, 75, 10_000])
def test_a_torn_line_of_u_ids_is_cut_off_and_measured_again(tmp_path, cut):
    start(tmp_path, networks=CLASSIFIED)
    before = contents(tmp_path)
    os.truncate(tmp_path / "ids.csv", max(0, len(before["ids.csv"]) - cut))
    start(tmp_path, networks=CLASSIFIED)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("old", "new", "line"), [("5,2,0", "5,2,x", 3), ("5,2,0", "5,2,7", 3), ("5,2,0", "5,0", 3), ("photog", "Photog", 1)]
)
def test_u_ids_that_were_changed_are_refused(tmp_path, old, new, line):
    start(tmp_path, networks=CLASSIFIED)
    text = (tmp_path / "ids.csv").read_text()
    assert old in text
    (tmp_path / "ids.csv").write_text(text.replace(old, new))
    with pytest.raises(InputError, match=f"out: line {line} of .*ids.csv was changed; delete it, it is made anew"):
        start(tmp_path, networks=CLASSIFIED)
    (tmp_path / "ids.csv").unlink()
    start(tmp_path, networks=CLASSIFIED)
    assert (tmp_path / "ids.csv").read_text() == text


def test_a_new_evaluation_takes_no_u_ids_of_another(tmp_path):
    (tmp_path / "ids.csv").write_text("photographs,column,u_ids,p_ids\n5,1,0.9,0.9\n")
    assert start(tmp_path, networks=CLASSIFIED).distances["mean", "contiguous", 1]["u_ids"] <= 0.5


# --- interrupted


def test_an_interrupted_evaluation_goes_on_where_it_stopped(tmp_path):
    whole = start(tmp_path / "whole", networks=FEATURES)
    stopped = {"mean": mean_fill, "dark": Counted(stop_at=6)}  # two calls a photograph: in the third photograph
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path / "part", networks=FEATURES, fills=stopped)
    lines = (tmp_path / "part" / "rows.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * 4 and {line.split(",")[3] for line in lines[1:]} == {"0", "1"}  # whole photographs
    going_on = {"mean": mean_fill, "dark": Counted()}
    summary = start(tmp_path / "part", networks=FEATURES, fills=going_on)
    assert going_on["dark"].calls == 3 * 2
    assert contents(tmp_path / "part") == contents(tmp_path / "whole")
    assert summary.table("psnr") == whole.table("psnr") and summary.distances == whole.distances
    idle = {"mean": mean_fill, "dark": Counted(stop_at=1)}
    assert start(tmp_path / "part", networks=FEATURES, fills=idle).table("l1") == whole.table("l1")


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_torn_line_is_cut_off_and_measured_again(tmp_path, cut):
    start(tmp_path, networks=FEATURES)
    before = contents(tmp_path)
    os.truncate(tmp_path / "rows.csv", len(before["rows.csv"]) - cut)
    again = {"mean": mean_fill, "dark": Counted()}
    start(tmp_path, networks=FEATURES, fills=again)
    assert contents(tmp_path) == before and again["dark"].calls == 2


def test_stopped_before_the_first_row(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path, networks=FEATURES, fills={"mean": mean_fill, "dark": Counted(stop_at=1)})
    assert sorted(contents(tmp_path)) == ["evaluation.json"]
    assert start(tmp_path, networks=FEATURES).n == 5


def test_more_photographs_later_and_fewer_again(tmp_path):
    two = start(tmp_path, photos=2)
    five = start(tmp_path)
    assert (two.n, five.n) == (2, 5)
    assert start(tmp_path, photos=2).table("psnr") == two.table("psnr")  # nothing is lost
    assert start(tmp_path).table("psnr") == five.table("psnr")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"size_px": 32}, "size_px"),
        ({"seed": 1}, "seed"),
        ({"buckets": [1]}, "cells"),
        ({"fills": {"dark": dark_fill, "mean": mean_fill}}, "methods"),
        ({"networks": FEATURES}, "features"),
        ({"about": {"checkpoints": {"G": "other"}}}, "checkpoints"),
        ({"source": Ramps(6)}, "photographs"),
    ],
)
def test_another_evaluation_does_not_go_on_in_the_folder(tmp_path, changes, key):
    start(tmp_path, about={"checkpoints": {"G": "one"}})
    before = contents(tmp_path)
    with pytest.raises(InputError, match=f"out: .* holds an evaluation with another {key} .*, not .*; choose another"):
        start(tmp_path, **{"about": {"checkpoints": {"G": "one"}}} | changes)
    assert contents(tmp_path) == before


def test_damaged_folders_are_refused_and_left_alone(tmp_path):
    start(tmp_path / "a", networks=FEATURES)

    def damaged(name, change):
        folder = Path(shutil.copytree(tmp_path / "a", tmp_path / name))
        change(folder)
        before = contents(folder)
        with pytest.raises(InputError) as caught:
            start(folder, networks=FEATURES)
        assert contents(folder) == before
        return str(caught.value)

    rows = (tmp_path / "a" / "rows.csv").read_text()
    swapped = rows.replace("mean,contiguous,1,2,", "mean,contiguous,3,2,")
    assert "line 10 of" in damaged("b", lambda folder: (folder / "rows.csv").write_text(swapped))
    assert "line 1 of" in damaged("c", lambda folder: (folder / "rows.csv").write_text("x" + rows))
    assert "but no evaluation.json" in damaged("d", lambda folder: (folder / "evaluation.json").unlink())
    assert "not one that rwlib wrote" in damaged("e", lambda folder: (folder / "evaluation.json").write_text("{}"))
    assert "has 0 photographs and rows.csv 5" in damaged("f", lambda folder: (folder / "features.f32").unlink())
    deep = "[" * 100_000
    assert "not one that rwlib wrote" in damaged("g", lambda folder: (folder / "evaluation.json").write_text(deep))
    assert "not one that rwlib wrote" in damaged("h", lambda folder: (folder / "evaluation.json").write_bytes(b"\xff"))
    assert "not one that rwlib wrote" in damaged("i", lambda folder: (folder / "evaluation.json").write_text("[1]"))


@pytest.mark.parametrize("name", ["evaluation.json", "rows.csv", "features.f32", "ids.csv"])
def test_a_folder_in_place_of_a_file_is_one_line(tmp_path, name):
    start(tmp_path, networks=CLASSIFIED)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=f"out: .*{name} "):
        start(tmp_path, networks=CLASSIFIED)


def test_names_that_are_not_utf8_are_no_obstacle(tmp_path):
    source = Ramps(5)
    source.names[2] = os.fsdecode(b"caf\xe9.jpg")
    assert start(tmp_path, source).n == start(tmp_path, source).n == 5
    with pytest.raises(InputError, match="another photographs"):
        start(tmp_path)


def test_a_disk_that_is_full_loses_nothing(tmp_path, monkeypatch):
    start(tmp_path, photos=2)
    before = contents(tmp_path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match="out: cannot write .*rows.csv .No space left on device.; free some"):
        start(tmp_path)
    assert contents(tmp_path) == before
    monkeypatch.undo()
    assert start(tmp_path).n == 5


@pytest.mark.parametrize("measured", [0, 2])
def test_a_disk_that_is_full_from_the_beginning_leaves_nothing_half_written(tmp_path, monkeypatch, measured):
    if measured:
        start(tmp_path, photos=measured, networks=CLASSIFIED)
    before = contents(tmp_path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    file = "features.f32" if measured else "evaluation.json"
    with pytest.raises(InputError, match=f"out: cannot write .*{file} .No space left on device."):
        start(tmp_path, networks=CLASSIFIED)
    with pytest.raises(InputError, match="images: cannot write .*00000-contiguous-1.png .No space left on device."):
        ImageFolder(tmp_path / "images", [("contiguous", 1)]).save(0, "a", *[torch.zeros(1, 3, 8, 8)] * 2, M=ONES)
    assert [file for file in (tmp_path / "images").rglob("*") if file.is_file()] == []
    shutil.rmtree(tmp_path / "images")
    assert contents(tmp_path) == before


def test_folders_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="out: the folder .*file/out cannot be written to .it is a file."):
        start(tmp_path / "file" / "out")
    with pytest.raises(InputError, match="images: the folder .* cannot be written to"):
        start(tmp_path / "out", images=tmp_path / "file" / "images")


# --- pictures


def test_saved_images_are_exact_and_their_masks_can_be_used_again(tmp_path):
    start(tmp_path / "out", images=tmp_path / "images", photos=2)
    names = sorted(str(file.relative_to(tmp_path / "images")) for file in (tmp_path / "images").rglob("*.png"))
    assert len(names) == 2 + 2 * 2 + 2 * 2 * 2 and names[0] == "composites/dark/00000-contiguous-1.png"
    I_gt, M = image_to_tensor(Ramps(5).center(1, 24)), evaluation_mask(24, 1, "contiguous", 3, 0)
    saved = image_to_tensor(np.array(Image.open(tmp_path / "images" / "composites/dark/00001-contiguous-3.png")))
    assert torch.equal(saved, quantise(dark_fill(I_gt, M)))
    assert torch.equal(image_to_tensor(np.array(Image.open(tmp_path / "images/originals/00001.png"))), I_gt)
    masks = MaskFolder(tmp_path / "images" / "masks", 24)
    assert {cell: len(found) for cell, found in masks.cells.items() if found} == {
        ("contiguous", 1): 2, ("contiguous", 3): 2,
    }  # fmt: skip
    given = [masks.mask(photo, "contiguous", 3) for photo in range(2)]
    assert sum(torch.equal(mask, M) for mask in given) == 1
    start(tmp_path / "again", masks=masks, photos=2)
    rows = evaluate(methods_of(FILLS), Ramps(5), Protocol(**REQUEST, masks=masks, photos=2), progress=False)
    lines = (tmp_path / "again" / "rows.csv").read_text().splitlines()[1:]
    assert [line.split(",")[4] for line in lines] == [f"{row['l1']:.6g}" for row in rows]
    with pytest.raises(InputError, match="out: .* holds an evaluation with another masks"):
        start(tmp_path / "again", photos=2)


# --- memory


@pytest.mark.slow
def test_ten_times_the_photographs_take_no_more_memory(tmp_path):
    """Rows of 150 photographs would be 200 kB of Python objects, their composites and originals 15 MB of tensors."""
    program = """
import gc, resource, sys, tracemalloc
import numpy as np
from rwlib.data import make_generator
from rwlib.evaluation import Method, Protocol, mean_fill
from rwlib.evaluation.run import run_evaluation
from rwlib.evaluation.feature_networks import FeatureNetworks, SetFeatures

class Noise:
    def __len__(self):
        return 100000
    def center(self, index, size_px):
        return np.random.default_rng(index).integers(0, 256, (size_px, size_px, 3), dtype=np.uint8)

networks = FeatureNetworks(SetFeatures("fid", "kid", 48, lambda I: I[:, :, :4, :4].flatten(1)))
def run(photos):
    protocol = Protocol(64, photos=photos, kinds=["contiguous"], buckets=[1])
    run_evaluation([Method("a", mean_fill)], Noise(), protocol, sys.argv[1] + str(photos), networks=networks,
                   progress=False)
run(10)
peaks = []
for photos in (15, 150):
    gc.collect()
    tracemalloc.start()
    run(photos)
    peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
print(*peaks)
"""
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program, str(tmp_path / "out")]
    report = subprocess.run(command, capture_output=True, text=True, env=env, timeout=PATIENCE_S)
    assert report.returncode == 0, report.stderr
    python_few, all_few, python_many, all_many = map(int, report.stdout.split())
    assert python_many < python_few + 5e4, (python_few, python_many)
    assert all_many < all_few + 1e7, (all_few, all_many)


def test_the_settings_say_which_versions_measured(tmp_path):
    start(tmp_path)
    written = json.loads((tmp_path / "evaluation.json").read_text())
    assert written["versions"]["torch"] == torch.__version__ and written["settings"]["metrics"] == list(METRICS)
