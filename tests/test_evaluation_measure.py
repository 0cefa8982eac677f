"""Measuring: every method gets the same photographs and masks, and a row holds the metrics of its composite."""

import pytest
import torch
from evaluation_examples import Ramps

from rwlib.conventions import InputError, image_to_tensor
from rwlib.evaluation import Method, Protocol, evaluate, evaluation_mask, generator_method, mean_fill
from rwlib.evaluation.tables import ROW_KEYS
from rwlib.masks import KINDS
from rwlib.metrics import METRICS, l1, psnr, quantise
from rwlib.networks.generator import RegionWiseGenerator


def measure(methods, size_px, pair_metrics=None, **request):
    """Measure {name: fill} or methods on three ramps."""
    if isinstance(methods, dict):
        methods = [Method(name, fill) for name, fill in methods.items()]
    return evaluate(methods, Ramps(), Protocol(size_px, **request), progress=False, pair_metrics=pair_metrics)


def test_every_method_gets_the_same_photographs_and_masks():
    seen = {"a": [], "b": []}

    def watch(name):
        def method(I_gt, M):
            seen[name].append((I_gt, M))
            return mean_fill(I_gt, M)

        return method

    rows = measure({name: watch(name) for name in seen}, 24, buckets=[1, 4])
    assert len(seen["a"]) == 3 * 2 * 2 and len(rows) == 2 * len(seen["a"])
    for (I_a, M_a), (I_b, M_b) in zip(seen["a"], seen["b"], strict=True):
        assert torch.equal(I_a, I_b) and torch.equal(M_a, M_b)
    places = [(row["method"], row["photo"], row["kind"], row["bucket"]) for row in rows]
    assert len(set(places)) == len(rows)
    assert {place[1:] for place in places} == {(p, kind, b) for p in range(3) for kind in KINDS for b in (1, 4)}
    again = measure({"a": mean_fill}, 24, buckets=[1, 4])
    assert [row for row in rows if row["method"] == "a"] == again  # nor do the other methods matter


def test_a_row_holds_the_metrics_of_its_composite():
    (row,) = measure({"mean": mean_fill}, 24, seed=5, kinds=["discontiguous"], buckets=[3], photos=1)
    assert row.keys() == {"method", "kind", "bucket", "photo", *METRICS}
    I_gt, M = image_to_tensor(Ramps().center(0, 24)), evaluation_mask(24, 0, "discontiguous", 3, seed=5)
    expected = float(psnr(mean_fill(I_gt, M), I_gt, M))
    assert row["hole_psnr"] == pytest.approx(expected, abs=0.02)  # of unrounded images
    assert row["l1"] < row["hole_l1"] and row["psnr"] > row["hole_psnr"]


def test_the_batch_changes_nothing_but_float32s_last_digits():
    """Up to one grey level where a value lies between two, hence the tolerance of 0.02 dB."""
    torch.manual_seed(0)
    G = RegionWiseGenerator(4)
    one, eight = (measure([generator_method(G, batch=batch)], 24, photos=2) for batch in (1, 8))
    assert len(one) == len(eight) == 2 * 2 * 5
    for a, b in zip(one, eight, strict=True):
        assert [a[key] for key in ROW_KEYS] == [b[key] for key in ROW_KEYS]
        assert [a[metric] for metric in METRICS] == pytest.approx([b[metric] for metric in METRICS], rel=1e-3)


def test_only_methods_that_say_so_get_several_masks_at_once():
    sizes = {"one": [], "three": []}

    def remember(name):
        def method(I_gt, M):
            assert I_gt.shape[0] == M.shape[0]
            sizes[name].append(len(M))
            return mean_fill(I_gt, M)

        return method

    methods = [Method("one", remember("one")), Method("three", remember("three"), batch=3)]
    rows = measure(methods, 16, photos=1)
    assert sizes == {"one": [1] * 10, "three": [3, 3, 3, 1]}
    for a, b in zip(rows[::2], rows[1::2], strict=True):
        assert a | {"method": ""} == b | {"method": ""}
        I_gt, M = image_to_tensor(Ramps().center(0, 16)), evaluation_mask(16, 0, a["kind"], a["bucket"], seed=0)
        assert a["l1"] == float(l1(quantise(mean_fill(I_gt, M)), I_gt))  # measured with its own mask
    sizes["three"].clear()
    measure(methods, 400, photos=1, kinds=["contiguous"], buckets=[0, 1])
    assert sizes["three"] == [1, 1]  # large pictures go one by one


def test_further_metrics_see_rounded_composites():
    seen = []

    def largest(I_c, I_gt):
        seen.append((I_c, I_gt))
        return (I_c - I_gt).abs().flatten(1).amax(1)

    request = {"kinds": ["contiguous"], "buckets": [2], "photos": 1}
    (row,) = measure({"mean": mean_fill}, 24, pair_metrics={"largest": largest}, **request)
    ((I_c, I_gt),) = seen
    assert torch.equal(I_c, quantise(I_c)) and row["largest"] == float((I_c - I_gt).abs().max()) > 0


def test_a_composite_that_changes_existing_pixels_is_refused():
    for wrong in (lambda I_gt, M: mean_fill(I_gt, 1 - M), lambda I_gt, M: I_gt * 0.9):
        with pytest.raises(InputError, match="I_c: differs from I_gt at existing pixels"):
            measure({"wrong": wrong}, 24, photos=1)
