"""Evaluation: the same masks for every method, classical fills keep what exists, tables say what was measured."""

import csv
import re
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.measure import label

from rwlib.conventions import InputError, image_to_tensor
from rwlib.evaluation.mask_folder import MaskFolder
from rwlib.evaluation.protocol import (
    KINDS,
    METRICS,
    biharmonic_fill,
    classical_methods,
    evaluate,
    evaluation_mask,
    generator_method,
    mean_fill,
    opencv_fill,
    summarise,
    write_rows,
)
from rwlib.evaluation.tables import PLACE
from rwlib.inpainting import fill
from rwlib.masks import BUCKETS, hole_fraction
from rwlib.metrics import l1, psnr, quantise
from rwlib.networks.generator import RegionWiseGenerator


class Ramps:
    """A photo source of three smooth pictures."""

    def __len__(self):
        return 3

    def center(self, index, size_px):
        y, x = np.mgrid[:size_px, :size_px] / size_px
        return (255 * np.stack([x, y, (x + y + index) / 4], axis=2)).round().astype(np.uint8)


def ramp_and_hole(size_px=32):
    I_gt, M = image_to_tensor(Ramps().center(0, size_px)), torch.ones(1, 1, size_px, size_px)
    M[..., 8:20, 10:22] = 0
    return I_gt, M


# --- masks


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bucket", range(5))
def test_masks_lie_in_their_bucket_and_never_below_one_percent(kind, bucket):
    low, high = BUCKETS[bucket]
    for photo in range(40):
        M = evaluation_mask(32, photo, kind, bucket, seed=0)
        assert M.shape == (1, 1, 32, 32)
        assert max(low, 0.01) <= (M == 0).float().mean() <= high
        holes = label(M[0, 0].numpy() == 0, connectivity=1).max()
        assert holes == 1 if kind == "contiguous" else holes > 1


def test_a_mask_depends_on_seed_photograph_kind_and_bucket_alone():
    place = {"photo": 0, "kind": "contiguous", "bucket": 2, "seed": 0}
    M = evaluation_mask(64, **place)
    torch.rand(3)
    assert torch.equal(M, evaluation_mask(64, **place))
    for change in ({"photo": 1}, {"kind": "discontiguous"}, {"bucket": 3}, {"seed": 1}):
        assert not torch.equal(M, evaluation_mask(64, **place | change))


# --- classical fills


def test_mean_fill_by_hand():
    I_gt = torch.tensor([[0.0, 0.5], [1.0, -1.0]]).expand(1, 3, 2, 2) * torch.tensor([1.0, 0.5, -1.0]).view(1, 3, 1, 1)
    M = torch.tensor([[1.0, 1.0], [1.0, 0.0]]).view(1, 1, 2, 2)
    assert mean_fill(I_gt, M)[0].flatten(1).tolist() == [
        [0.0, 0.5, 1.0, 0.5],
        [0.0, 0.25, 0.5, 0.25],
        [0.0, -0.5, -1.0, -0.5],
    ]


def test_biharmonic_fill_keeps_what_exists_and_continues_a_ramp():
    I_gt, M = ramp_and_hole()
    I_c = biharmonic_fill(I_gt, M)
    assert I_c.shape == I_gt.shape and I_c.dtype == torch.float32
    assert torch.allclose(I_c * M, I_gt * M, atol=1e-6)
    assert (I_c - I_gt).abs().max() < 0.02  # a ramp is biharmonic; its 8-bit steps are 0.008


@pytest.mark.parametrize("name", ["telea", "navier-stokes"])
def test_opencv_fills_keep_what_exists_and_come_near_a_ramp(name):
    pytest.importorskip("cv2")
    I_gt, M = ramp_and_hole()
    I_c = opencv_fill(name)(I_gt, M)
    assert torch.equal(I_c * M, I_gt * M)
    assert (I_c - I_gt).abs().mean() < 0.1 < (mean_fill(I_gt, M) - I_gt).abs().max()
    other = {"telea": "navier-stokes", "navier-stokes": "telea"}[name]
    assert not torch.equal(I_c, opencv_fill(other)(I_gt, M))


def test_a_generator_gives_its_second_composite():
    torch.manual_seed(0)
    G = RegionWiseGenerator(4)
    I_gt, M = ramp_and_hole()
    assert torch.equal(generator_method(G)(I_gt, M), fill(G, I_gt, M).I_c2)


@pytest.mark.parametrize("method", ["mean", "biharmonic", "telea", "navier-stokes", "generator"])
def test_no_method_sees_the_content_of_the_hole(method):
    if method in ("telea", "navier-stokes"):
        pytest.importorskip("cv2")
    torch.manual_seed(0)
    run = (classical_methods() | {"generator": generator_method(RegionWiseGenerator(4))})[method]
    I_gt, M = ramp_and_hole()
    assert torch.equal(run(I_gt, M), run(torch.where(M.bool(), I_gt, 1.0), M))


def test_without_opencv_there_are_fewer_methods_and_a_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)  # the import fails
    assert list(classical_methods()) == ["mean", "biharmonic"]
    with pytest.raises(InputError, match=re.escape("methods: telea needs OpenCV; install it with `pip install rwlib[")):
        opencv_fill("telea")


# --- evaluate


def test_every_method_gets_the_same_photographs_and_masks():
    seen = {"a": [], "b": []}

    def watch(name):
        def method(I_gt, M):
            seen[name].append((I_gt, M))
            return mean_fill(I_gt, M)

        return method

    rows = evaluate({name: watch(name) for name in seen}, Ramps(), size_px=24, progress=False, buckets=[1, 4])
    assert len(seen["a"]) == 3 * 2 * 2 and len(rows) == 2 * len(seen["a"])
    for (I_a, M_a), (I_b, M_b) in zip(seen["a"], seen["b"], strict=True):
        assert torch.equal(I_a, I_b) and torch.equal(M_a, M_b)
    places = [(row["method"], row["photo"], row["kind"], row["bucket"]) for row in rows]
    assert len(set(places)) == len(rows)
    assert {place[1:] for place in places} == {(p, kind, b) for p in range(3) for kind in KINDS for b in (1, 4)}
    again = evaluate({"a": mean_fill}, Ramps(), size_px=24, progress=False, buckets=[1, 4])
    assert [row for row in rows if row["method"] == "a"] == again  # nor do the other methods matter


def test_a_row_holds_the_metrics_of_its_composite():
    row = evaluate(
        {"mean": mean_fill}, Ramps(), size_px=24, seed=5, kinds=["discontiguous"], buckets=[3], photos=1, progress=False
    )[0]
    assert row.keys() == {"method", "kind", "bucket", "photo", *METRICS}
    I_gt, M = image_to_tensor(Ramps().center(0, 24)), evaluation_mask(24, 0, "discontiguous", 3, seed=5)
    expected = float(psnr(mean_fill(I_gt, M), I_gt, M))
    assert row["hole_psnr"] == pytest.approx(expected, abs=0.02)  # of unrounded images
    assert row["l1"] < row["hole_l1"] and row["psnr"] > row["hole_psnr"]


def test_photos_takes_the_first_so_many():
    for photos, n in ((1, 1), (2, 2), (9, 3), (None, 3)):
        rows = evaluate(
            {"mean": mean_fill}, Ramps(), size_px=16, kinds=KINDS[:1], buckets=[1], photos=photos, progress=False
        )
        assert [row["photo"] for row in rows] == list(range(n))


def test_the_batch_changes_nothing_but_float32s_last_digits():
    """Up to one grey level where a value lies between two, hence the tolerance of 0.02 dB."""
    torch.manual_seed(0)
    G = RegionWiseGenerator(4)
    one, eight = (
        evaluate({"G": generator_method(G, batch=batch)}, Ramps(), size_px=24, photos=2, progress=False)
        for batch in (1, 8)
    )
    assert len(one) == len(eight) == 2 * 2 * 5
    for a, b in zip(one, eight, strict=True):
        assert [a[key] for key in PLACE] == [b[key] for key in PLACE]
        assert [a[metric] for metric in METRICS] == pytest.approx([b[metric] for metric in METRICS], rel=1e-3)


def test_only_methods_that_say_so_get_several_masks_at_once():
    sizes = {"one": [], "three": []}

    def remember(name):
        def method(I_gt, M):
            assert I_gt.shape[0] == M.shape[0]
            sizes[name].append(len(M))
            return mean_fill(I_gt, M)

        return method

    methods = {name: remember(name) for name in sizes}
    methods["three"].batch = 3
    rows = evaluate(methods, Ramps(), size_px=16, photos=1, progress=False)
    assert sizes == {"one": [1] * 10, "three": [3, 3, 3, 1]}
    for a, b in zip(rows[::2], rows[1::2], strict=True):
        assert a | {"method": ""} == b | {"method": ""}
        I_gt, M = image_to_tensor(Ramps().center(0, 16)), evaluation_mask(16, 0, a["kind"], a["bucket"], seed=0)
        assert a["l1"] == float(l1(quantise(mean_fill(I_gt, M)), I_gt))  # measured with its own mask
    sizes["three"].clear()
    evaluate(methods, Ramps(), size_px=400, photos=1, kinds=["contiguous"], buckets=[0, 1], progress=False)
    assert sizes["three"] == [1, 1]  # large pictures go one by one


def test_a_batch_below_one_is_refused():
    with pytest.raises(InputError, match="batch: expected at least 1, got 0"):
        generator_method(RegionWiseGenerator(4), batch=0)


def test_the_sixth_bucket_can_be_drawn_too():
    M = evaluation_mask(32, 0, "discontiguous", 5, seed=0)
    assert 0.5 <= float(hole_fraction(M)) <= 0.6
    rows = evaluate({"mean": mean_fill}, Ramps(), size_px=32, buckets=[5], photos=1, progress=False)
    assert [(row["kind"], row["bucket"]) for row in rows] == [("contiguous", 5), ("discontiguous", 5)]


def test_further_metrics_see_rounded_composites():
    seen = []

    def largest(I_c, I_gt):
        seen.append((I_c, I_gt))
        return (I_c - I_gt).abs().flatten(1).amax(1)

    row = evaluate(
        {"mean": mean_fill}, Ramps(), size_px=24, kinds=["contiguous"], buckets=[2], photos=1, progress=False,
        pair_metrics={"largest": largest},
    )[0]  # fmt: skip
    ((I_c, I_gt),) = seen
    assert torch.equal(I_c, quantise(I_c)) and row["largest"] == float((I_c - I_gt).abs().max()) > 0


def test_a_composite_that_changes_existing_pixels_is_refused():
    for wrong in (lambda I_gt, M: mean_fill(I_gt, 1 - M), lambda I_gt, M: I_gt * 0.9):
        with pytest.raises(InputError, match="I_c: differs from I_gt at existing pixels"):
            evaluate({"wrong": wrong}, Ramps(), size_px=24, photos=1, progress=False)


@pytest.fixture
def few_masks(tmp_path):
    """Five contiguous masks of 20-30 % and one of 50-60 %, nothing else."""
    for i, rows in enumerate((7, 8, 7, 8, 9, 17)):
        hole = np.zeros((32, 32), np.uint8)
        hole[i : i + rows] = 255
        Image.fromarray(hole).save(tmp_path / f"{i}.png")
    return tmp_path


def test_masks_of_a_folder(few_masks):
    masks = MaskFolder(few_masks, 32)
    seen = []

    def method(I_gt, M):
        seen.append(M)
        return mean_fill(I_gt, M)

    rows = evaluate({"m": method}, Ramps(), size_px=32, masks=masks, progress=False)
    assert [(row["photo"], row["kind"], row["bucket"]) for row in rows] == [
        (photo, "contiguous", bucket) for photo in range(3) for bucket in (2, 5)
    ]  # cells without masks are left out
    for M, row in zip(seen, rows, strict=True):
        assert torch.equal(M, masks.mask(row["photo"], row["kind"], row["bucket"]))
    assert len({tuple(M.flatten().tolist()) for M in seen[::2]}) == 3  # no mask twice while there are others


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"buckets": [2, 4]}, "buckets: no mask in .* is of bucket 4; found are 6 masks, white is missing"),
        ({"kinds": ["discontiguous"]}, "kinds: no mask in .* is discontiguous; found are 6 masks"),
        ({"size_px": 24}, "masks: they were read for 32 px, expected size_px 24"),
    ],
)
def test_masks_that_are_not_there_are_refused(few_masks, change, match):
    with pytest.raises(InputError, match=match):
        evaluate({"m": mean_fill}, Ramps(), **{"size_px": 32, "masks": MaskFolder(few_masks, 32)} | change)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"photos": 0}, "photos: expected at least 1, got 0; leave it out"),
        ({"size_px": 10}, "size_px: expected at least 11, .*got 10"),
        ({"seed": -1}, "seed: expected a whole number of at least 0, got -1"),
        ({"kinds": ["both"]}, "kinds: expected one of contiguous, discontiguous; got 'both'"),
        ({"buckets": [0, 6]}, "buckets: expected numbers 0 .* to 5 .50–60 %., got 6"),
    ],
)
def test_requests_that_cannot_be_met_are_refused(change, match):
    with pytest.raises(InputError, match=match):
        evaluate({"mean": mean_fill}, Ramps(), **{"size_px": 16} | change)


# --- tables


def rows_of(values, method="ours", kind="contiguous", bucket=2):
    return [
        {"method": method, "kind": kind, "bucket": bucket, "photo": i} | dict.fromkeys(METRICS, x)
        for i, x in enumerate(values)
    ]


def test_summarise_by_hand():
    """1, 2, 3 have mean 2 and interval t(0.975, 2) s / sqrt(3) = 4.3027 / 1.7321 = 2.484; 4, 4 have 4 and 0."""
    rows = rows_of([1.0, 2.0, 3.0]) + rows_of([4.0, 4.0], method="mean")
    rows += rows_of([0.5], kind="discontiguous") + rows_of([9.0, 9.0], "mean", "discontiguous")
    assert summarise(rows, "hole_psnr").splitlines() == [
        "| hole_psnr | ours | mean |",
        "|---|---|---|",
        "| contiguous 20–30 % | 2.00 ± 2.48 | 4.00 ± 0.00 |",
        "| discontiguous 20–30 % | 0.50 ± nan | 9.00 ± 0.00 |",
    ]
    assert "| contiguous 20–30 % | 2.0000 ± 2.4841 |" in summarise(rows, "hole_ssim")


def test_written_rows_read_back(tmp_path):
    rows = rows_of([1.25, 1 / 3])
    write_rows(rows, tmp_path / "rows.csv")
    with open(tmp_path / "rows.csv", newline="") as opened:
        read = list(csv.DictReader(opened))
    assert list(read[0]) == ["method", "kind", "bucket", "photo", *METRICS]
    assert [(row["method"], row["photo"], row["hole_ssim"]) for row in read] == [
        ("ours", "0", "1.25"),
        ("ours", "1", "0.333333"),
    ]
