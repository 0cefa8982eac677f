"""What is measured: masks lie in their buckets and never change, and requests that cannot be met are refused."""

import numpy as np
import pytest
import torch
from evaluation_examples import Ramps
from PIL import Image
from skimage.measure import label

from rwlib.conventions import InputError
from rwlib.evaluation import Method, Protocol, evaluate, evaluation_mask, mean_fill
from rwlib.evaluation.mask_folder import MaskFolder
from rwlib.masks import BUCKETS, KINDS, hole_fraction


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


def test_the_sixth_bucket_can_be_drawn_too():
    M = evaluation_mask(32, 0, "discontiguous", 5, seed=0)
    assert 0.5 <= float(hole_fraction(M)) <= 0.6
    assert Protocol(32, buckets=[5]).cells == [("contiguous", 5), ("discontiguous", 5)]


def test_without_a_choice_every_cell_of_the_papers_tables_is_measured():
    protocol = Protocol(32, seed=4)
    assert protocol.cells == [(kind, bucket) for kind in KINDS for bucket in range(5)]
    assert torch.equal(protocol.mask(7, "discontiguous", 3), evaluation_mask(32, 7, "discontiguous", 3, seed=4))


@pytest.mark.parametrize(("photos", "n"), [(1, 1), (2, 2), (9, 3), (None, 3)])
def test_photos_takes_the_first_so_many(photos, n):
    protocol = Protocol(16, kinds=["contiguous"], buckets=[1], photos=photos)
    assert protocol.n_photos(Ramps()) == n
    rows = evaluate([Method("mean", mean_fill)], Ramps(), protocol, progress=False)
    assert [row["photo"] for row in rows] == list(range(n))


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

    rows = evaluate([Method("m", method)], Ramps(), Protocol(32, masks=masks), progress=False)
    assert [(row["photo"], row["kind"], row["bucket"]) for row in rows] == [
        (photo, "contiguous", bucket) for photo in range(3) for bucket in (2, 5)
    ]  # cells without masks are left out
    for M, row in zip(seen, rows, strict=True):
        assert torch.equal(M, masks.mask(row["photo"], row["kind"], row["bucket"]))
    assert len({tuple(M.flatten().tolist()) for M in seen[::2]}) == 3  # no mask twice while there are others


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"buckets": [2, 4]}, "buckets: no mask in .* is of bucket 4; the folder has 6 masks, white is missing"),
        ({"kinds": ["discontiguous"]}, "kinds: no mask in .* is discontiguous; the folder has 6 masks"),
        ({"size_px": 24}, "masks: they were read for 32 px, expected size_px 24"),
    ],
)
def test_masks_that_are_not_there_are_refused(few_masks, change, match):
    with pytest.raises(InputError, match=match):
        Protocol(**{"size_px": 32, "masks": MaskFolder(few_masks, 32)} | change)


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
        Protocol(**{"size_px": 16} | change)
