"""The ablation studio: what it computes, what its tables say, and what its controls do."""

import csv
import math
import re
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from rwlib.ablations import ABLATIONS, ablation_config
from rwlib.checkpoints import save_generator
from rwlib.config import make_config
from rwlib.conventions import InputError, image_to_tensor
from rwlib.data import Facades
from rwlib.evaluation import Protocol, evaluate, generator_method
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.widgets import AblationStudio
from rwlib.widgets.shared import panel
from rwlib.widgets.shared.heat import heat
from rwlib.widgets.studio import comparison, fillings, measure, table, table_view
from rwlib.widgets.studio import train as studio_train
from rwlib.widgets.studio import training as studio_training
from rwlib.widgets.studio.train import Recipe, difference_in_words, draw_curves, smoothed

TASK = fillings.Task("fronts", 0, 64, "contiguous", 25, 0)
SOURCES = {"fronts": Facades(9)}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder with six small untrained variants, each its own."""
    folder = tmp_path_factory.mktemp("weights")
    for i, name in enumerate(ABLATIONS):
        torch.manual_seed(i)
        config = ablation_config(name, make_config("balanced", "tiny", width=2))
        save_generator(folder / f"{name}.safetensors", RegionWiseGenerator.from_config(config), config)
    return folder


@pytest.fixture
def studio(weights):
    made = AblationStudio(weights=weights)
    made.wait(300)
    yield made
    made.close()
    made.wait(300)
    assert not panel.FAULTS


# --- views


def test_a_task_is_a_function_of_its_numbers():
    I_gt, M = fillings.pixels_of(TASK, SOURCES)
    assert I_gt.shape == (1, 3, 64, 64) and M.shape == (1, 1, 64, 64)
    assert int((M == 0).sum()) == 1024, "exactly 25 %"
    again, M_again = fillings.pixels_of(TASK, SOURCES)
    assert torch.equal(I_gt, again) and torch.equal(M, M_again)
    assert not torch.equal(M, fillings.pixels_of(TASK._replace(seed=1), SOURCES)[1])
    for percent in (1, 33, 60):
        for size_px in (64, 128):
            M = fillings.pixels_of(TASK._replace(percent=percent, size_px=size_px), SOURCES)[1]
            assert float((M == 0).float().mean()) == pytest.approx(percent / 100, abs=0.5 / size_px**2)


def test_a_painted_hole_is_missing_where_it_was_painted():
    hole = np.zeros((fillings.PAINTED_PX, fillings.PAINTED_PX), bool)
    hole[40:80, 100:120] = True  # in pixels of 64: rows 10 to 19, columns 25 to 29
    _, M = fillings.pixels_of(TASK._replace(painted=np.packbits(hole).tobytes()), SOURCES)
    expected = torch.ones(64, 64)
    expected[10:20, 25:30] = 0
    assert torch.equal(M[0, 0], expected)
    for empty, words in ((np.zeros_like(hole), "nothing is painted"), (np.ones_like(hole), "everything is missing")):
        with pytest.raises(InputError, match=words):
            fillings.pixels_of(TASK._replace(painted=np.packbits(empty).tobytes()), SOURCES)


def test_a_filling_is_measured_in_the_hole(weights):
    I_gt, M = fillings.pixels_of(TASK, SOURCES)
    G = fillings.Models(weights)["full"]
    filling = fillings.fill_task(G, I_gt, M)
    assert torch.equal(filling.outputs.I_c2, G(I_gt, M).I_c2)
    error = ((filling.outputs.I_c1 - I_gt) / 2 * (1 - M)).pow(2).sum() / (3 * (1 - M).sum())
    assert filling.values["I_c1"]["hole_psnr"] == pytest.approx(-10 * math.log10(error), abs=0.05)
    assert filling.values["I_c1"] != filling.values["I_c2"]


def test_errors_share_one_scale():
    a, b = torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 2)
    a[0, :, 0, 1] = torch.tensor([0.3, 0.6, 0.0])
    assert np.allclose(comparison.error_of(a, b), [[0, 0.15], [0, 0]])
    assert comparison.scale_of([np.zeros((2, 2))]) == 0.05
    assert comparison.scale_of([np.full((2, 2), 0.12), np.full((2, 2), -0.31)]) == pytest.approx(0.35)
    low, middle, high = heat(torch.tensor([[-9.0, 0.0, 0.2]]), -0.2, 0.2, "PuOr_r")[0].astype(int)
    assert low[2] > low[1] and high[0] > high[2], "purple is better, orange is worse"
    assert min(middle) > 230, "no difference is nearly white"


def test_the_comparison_shows_what_it_was_given():
    I_gt, M = fillings.pixels_of(TASK, SOURCES)
    outputs = [fillings.Outputs(*(I_gt * M + shift * (1 - M) for shift in (0.1, 0.2, 0.3, s))) for s in (0.5, -0.5)]
    values = [
        {"I_c1": {"hole_psnr": 9.0, "hole_ssim": 0.1}, "I_c2": {"hole_psnr": p, "hole_ssim": 0.25}} for p in (20, 18.5)
    ]
    filled = {n: fillings.Filling(o, v) for n, o, v in zip(("full", "no_adversarial"), outputs, values, strict=True)}
    html = comparison.comparison(I_gt, M, filled, output="I_c2")
    assert "20.00 dB" in html and "18.50 dB" in html and "−1.50 dB" in html and "(f) without L_a (RED)" in html
    assert html.count("<img") == 3 + 3 + 1, "input and results; photograph and errors; one difference"
    assert len(re.findall(r'alt="[^"]{10,}"', html)) == html.count("<img")
    assert comparison.comparison(I_gt, M, filled, output="I_p1", maps=False).count("<img") == 3
    html = comparison.comparison(I_gt, M, filled, output="I_p1")
    assert "9.00 dB" in html, "a prediction is measured by its composite"
    assert "none is ahead" in comparison.verdict(filled, "I_c2")
    swapped = {"full": filled["no_adversarial"], "no_adversarial": filled["full"]}
    assert "ahead of it: without L_a" in comparison.verdict(swapped, "I_c2")


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        (np.zeros((1, 1, 3), np.uint8), "sides of at least 8 px"),
        (np.zeros((20, 20), np.float32), "expected uint8"),
        ("no/such/file.png", "does not exist"),
    ],
)
def test_bad_photographs_are_a_message(photo, words, weights):
    studio = AblationStudio(photo, weights=weights)
    studio.wait()
    assert words in studio.message.value and studio.compare.source.value == "drawn house fronts"
    assert "<img" in studio.compare.picture.value


def test_a_photograph_of_forty_megapixels_is_taken(weights):
    studio = AblationStudio(np.full((5000, 8000, 3), 90, np.uint8), weights=weights)
    studio.wait()
    assert studio.compare.source.value == "your photograph" and "<img" in studio.compare.picture.value
    assert not studio.message.value


# --- tables


def rows_of(values, metric="hole_psnr"):
    """Rows from {variant: {seed: [a value a photograph]}}."""
    return [
        {"variant": name, "seed": seed, "kind": "contiguous", "bucket": 2, "photo": photo, metric: value}
        for name, seeds in values.items()
        for seed, photos in seeds.items()
        for photo, value in enumerate(photos)
    ]


def test_seeds_are_summarised_as_by_hand():
    lines = table.summarise_seeds(
        rows_of(
            {
                "no_correlation": {0: [10, 14], 1: [12, 16], 2: [14, 12]},  # means 12, 14, 13
                "full": {0: [13, 17], 1: [14, 16], 2: [16, 16]},  # means 15, 15, 16; differences -3, -1, -3
            }
        )
    )
    assert list(lines) == ["full", "no_correlation"], "the full model first"
    t = 4.302652729911275  # Student's quantile at 0.975, two degrees of freedom
    full, other = lines["full"], lines["no_correlation"]
    assert full.values == [15, 15, 16] and math.isnan(full.difference)
    assert full.mean == pytest.approx(46 / 3) and full.half_width == pytest.approx(t * math.sqrt(1 / 3) / math.sqrt(3))
    assert other.mean == 13 and other.half_width == pytest.approx(t * 1 / math.sqrt(3))
    assert other.difference == pytest.approx(-7 / 3)
    assert other.difference_half_width == pytest.approx(t * math.sqrt(4 / 3) / math.sqrt(3))
    assert other.wins == 0


def test_lower_l1_wins():
    rows = rows_of({"full": {0: [0.3], 1: [0.2]}, "semantic_only": {0: [0.2], 1: [0.3]}}, "hole_l1")
    assert table.summarise_seeds(rows, "hole_l1")["semantic_only"].wins == 1
    rows = rows_of({"full": {0: [0.3], 1: [0.2]}, "semantic_only": {0: [0.1], 1: [0.1]}}, "hole_l1")
    assert table.summarise_seeds(rows, "hole_l1")["semantic_only"].wins == 2


def test_one_training_has_no_interval():
    line = table.summarise_seeds(rows_of({"full": {0: [1, 2]}, "semantic_only": {0: [1, 1]}}))["semantic_only"]
    assert line.difference == -0.5 and math.isnan(line.difference_half_width) and math.isnan(line.half_width)


def test_one_training_is_summarised_over_photographs():
    rows = rows_of({"full": {5: [1, 2, 4]}, "semantic_only": {5: [2, 1, 1]}})
    rows += [row | {"bucket": 3, "hole_psnr": row["hole_psnr"] + 2} for row in rows]
    lines, unit = table.summarise_results(rows)
    assert unit == "photographs" and lines["full"].values == [2, 3, 5], "each photograph's buckets are averaged"
    t = 4.302652729911275
    assert lines["semantic_only"].difference == -1 and lines["semantic_only"].wins == 1  # 1, -1, -3
    assert lines["semantic_only"].difference_half_width == pytest.approx(t * 2 / math.sqrt(3))
    several = rows_of({"full": {0: [1, 3], 1: [2, 4]}})
    assert table.summarise_results(several) == (table.summarise_seeds(several), "trainings")


def test_only_what_fits_is_paired():
    with pytest.raises(InputError, match="not measured on the same"):
        table.summarise_seeds(rows_of({"full": {0: [1], 1: [2]}, "semantic_only": {0: [1], 2: [2]}}))
    with pytest.raises(InputError, match="got none"):
        table.summarise_seeds([])
    alone = table.summarise_seeds(rows_of({"semantic_only": {0: [1], 1: [3]}}))["semantic_only"]
    assert alone.mean == 2 and math.isnan(alone.difference)


def test_components_are_found_again():
    generator = torch.Generator().manual_seed(0)
    S, P = 300, 400
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)  # noqa: E731
    found = table.components(20 + 0.5 * draw(S, 1) + 3 * draw(1, P) + 1.5 * draw(S, P))
    assert found.trainings == pytest.approx(0.25, rel=0.3) and found.photos == pytest.approx(9, rel=0.3)
    assert found.rest == pytest.approx(2.25, rel=0.05)
    assert table.Components(0.4, 9.0, 2.0).standard_error(2, 10) == pytest.approx(math.sqrt(0.2 + 0.9 + 0.1))
    # Row means 2 and 6, variance 8; column means 2, 5, 5, variance 3; rests ±1, ±1, 0: 4 / (1 · 2).
    by_hand = table.components(torch.tensor([[1.0, 2.0, 3.0], [3.0, 8.0, 7.0]]))
    assert by_hand == pytest.approx((8 - 2 / 3, 3 - 2 / 2, 2))
    with pytest.raises(InputError, match="at least 2 trainings"):
        table.components(torch.zeros(1, 5))


def test_results_are_read_and_damage_is_said(tmp_path):
    file = tmp_path / "results.csv"
    columns = ["variant", "seed", "kind", "bucket", "photo", "hole_psnr", "hole_ssim", "hole_l1"]
    with open(file, "w", newline="") as opened:
        csv.writer(opened).writerows([columns, ["full", 2, "contiguous", 3, 7, "19.5", "0.5", "0.1"]])
    (row,) = table.read_results(file)
    assert (row["seed"], row["bucket"], row["photo"], row["hole_psnr"]) == (2, 3, 7, 19.5)
    file.write_text(file.read_text().replace("19.5", "nothing"))
    with pytest.raises(InputError, match="not a number"):
        table.read_results(file)
    file.write_text("variant,seed\n")
    with pytest.raises(InputError, match="lacks the columns kind, bucket"):
        table.read_results(file)
    with pytest.raises(InputError, match="is missing"):
        table.read_results(tmp_path / "other.csv")


def test_measuring_is_evaluates_and_can_be_stopped(weights):
    models = fillings.Models(weights)
    methods = [generator_method(models[name], name=name) for name in ("full", "no_correlation")]
    seen = []
    rows = measure.measure(methods, Facades(9), kind="contiguous", bucket=2, photos=2, on_photo=seen.append)
    protocol = Protocol(64, kinds=["contiguous"], buckets=[2], photos=2)
    expected = evaluate(methods, Facades(9), protocol, progress=False)
    assert rows == expected and seen == [0, 1]
    line = table.summarise_photos(rows)["no_correlation"]
    values = {method.name: [row["hole_psnr"] for row in rows if row["method"] == method.name] for method in methods}
    assert line.difference == pytest.approx(np.subtract(values["no_correlation"], values["full"]).mean())
    assert line.values == values["no_correlation"]
    with pytest.raises(measure.Stopped):
        measure.measure(
            methods, Facades(9), kind="contiguous", bucket=2, photos=5, stop=lambda: len(seen) > 3, on_photo=seen.append
        )
    assert len(seen) == 4


def test_a_whisker_stands_beside_zero():
    def places(difference, half_width):
        line = table.Line(20, 1, difference, half_width, 1, [1, 2])
        svg = table_view.whisker(line, 1.0)
        low, high = (float(x) for x in re.search(r'x1="([\d.]+)" x2="([\d.]+)" y1="8"', svg).groups())
        return low, high, float(re.search(r'cx="([\d.]+)"', svg).group(1))

    assert places(0, 1) == (6, 144, 75)
    low, high, dot = places(-0.5, 0.25)
    assert low < dot < high < 75
    lines = {"full": table.Line(20, 1, math.nan, math.nan, 0, [1])}
    lines["semantic_only"] = table.Line(19, 1, -1, 0.5, 2, [1, 2, 3])
    html = table_view.table_html(lines, unit="photographs", metric="hole_psnr", caption="<b>")
    assert "−1.00 ± 0.50" in html and "2 of 3" in html and "&lt;b&gt;" in html


# --- trainings


def test_a_recipe_becomes_a_configuration():
    full = Recipe().config()
    assert sum(full.epochs) == 150 and full.epochs == (103, 47) and full.steps_per_epoch == 1
    assert replace(Recipe(), use_L_c=False).config() == replace(full, lambda_1=0.0)
    assert replace(Recipe(), use_L_s=False).config() == replace(full, lambda_2=0.0)
    assert replace(Recipe(), use_L_a=False).config() == replace(full, epochs=(150, 0))
    assert replace(Recipe(), region_wise="none").config() == ABLATIONS["standard_conv"].apply(full)
    assert replace(Recipe(), correlation_on="I_c2").config() == ABLATIONS["same_network"].apply(full)
    assert replace(Recipe(), networks="semantic").config() == ABLATIONS["semantic_only"].apply(full)
    assert Recipe(steps=2).config().epochs == (1, 1)


def test_differences_are_told_in_words():
    assert difference_in_words(Recipe(), Recipe()) == []
    new = Recipe(lambda_2=1e-4, region_wise="none", use_L_a=False, seed=3)
    assert difference_in_words(Recipe(), new) == [
        "L_a: on → off", "λ₂: 3e-06 → 0.0001", "convolution: region-wise by channel → standard", "seed: 0 → 3",
    ]  # fmt: skip


def test_curves_are_smoothed_and_drawn():
    values = [math.nan, *range(1, 12)]
    steps, mean = smoothed(range(12), values)
    assert steps == list(range(1, 12)) and mean[0] == 1 and mean[1] == 1.5
    assert mean[-1] == pytest.approx(sum(range(3, 12)) / 9)
    new = {"step": [0, 1, 2, 3], "phase": [1, 1, 2, 2], "L_r": [4.0, 3.0, 2.0, 1.0]}
    svg = draw_curves([("run 1", {"step": [0, 1], "phase": [1, 1], "L_r": [1.0, 1.0]}), ("run 2", new)], "L_r")
    assert svg.count("<polyline") == 2 and svg.count("stroke-dasharray") == 2 and svg.count("phase two") == 1
    ys = [float(p.split(",")[1]) for p in re.findall(r'points="([^"]+)"', svg)[1].split()]
    assert ys == sorted(ys), "a falling loss goes down on the page"
    assert "no value yet" in draw_curves([("run 1", {})], "L_a")
    assert "<polyline" in draw_curves([("run 1", {"step": [0], "L_r": [0.0]})], "L_r"), "one step is a picture, too"


@pytest.mark.slow
def test_two_short_trainings_are_compared(studio, weights, monkeypatch):
    monkeypatch.setattr(studio_training, "LOOK_EVERY_S", 0.05)
    training = studio.training
    tiny = replace(Recipe().config(), size_px=32, width=2, discriminator_width=2, precision="fp32", vgg="random")
    monkeypatch.setattr(
        Recipe, "config", lambda r: replace(tiny, epochs=(r.steps, 0), lambda_1=4e-5 * r.use_L_c, sample_every=1)
    )
    monkeypatch.setattr(studio_train, "HELD_OUT", 2)
    training.steps.value = 2
    training.train.click()
    assert training.train.disabled and not training.end.disabled
    training.wait(120)
    assert "run 1: done, 2 steps" in training.message.value and not training.train.disabled
    assert "<polyline" in training.curves.value and training.samples[0].png[:4] == b"\x89PNG"
    assert "dB in the hole of 2 unseen fronts" in training.words.value
    training.use["L_c"].value = False
    training.steps.value = 500
    training.train.click()
    while training.runs[-1].live.step < 1:
        time.sleep(0.02)
    training.train.disabled = False
    training.train.click()  # a second click during work
    assert len(training.runs) == 2
    again = AblationStudio(weights=weights)  # its cell runs twice
    assert not again.training.end.disabled and "runs in this kernel already" in again.training.message.value
    again.close()
    assert not training.runs[-1].live._task.wish_to_stop.is_set(), "closing one studio leaves the other's training"
    before = studio.compare.picture.value
    studio.compare.output.value = "I_p1"  # the other views go on
    studio.compare.wait()
    assert studio.compare.picture.value != before and training.runs[-1].live.running
    last = AblationStudio(weights=weights)
    last.training.end.click()
    training.wait(60)
    last.close()
    assert 1 <= training.runs[-1].live.step < 500
    words = training.words.value
    assert "L_c: on → off; steps: 2 → 500" in words and "2 things at once" in words and "Paired difference" in words
    assert f"run 2, stopped after {training.runs[-1].live.step} steps" in words
    assert len({training.samples[0].png, training.samples[1].png}) == 2
    first = training.curves.value
    training.curve.value = "L"
    training.wait()
    assert training.curves.value != first


# --- controls


def test_controls_change_the_picture(studio):
    compare, shown = studio.compare, set()
    for control, value in (
        (compare.output, "I_p1"), (compare.output, "I_c2"), (compare.percent, 40), (compare.seed, 5),
        (compare.kind, "discontiguous"), (compare.number, 2), (compare.size, 128), (compare.maps, False),
        (studio.variants["no_correlation"], False), (compare.source, "bundled photographs"),
    ):  # fmt: skip
        shown.add(compare.picture.value)
        control.value = value
        compare.wait()
        assert not compare.message.value
    assert len(shown) == 9, "nine different pictures: I_c2 was shown twice"
    assert compare.number.max == 7 and compare.picture.value.count("<img") == 6
    assert compare.task == fillings.Task("bundled photographs", 2, 128, "discontiguous", 40, 5)


def test_nothing_is_computed_twice(studio, monkeypatch):
    calls = []
    monkeypatch.setattr("rwlib.widgets.studio.compare.fill_task", lambda *a: calls.append(a) or fillings.fill_task(*a))
    for seed in (0, 1, 0, 1):
        studio.compare.seed.value = seed
        studio.compare.wait()
    studio.compare.output.value = "I_c1"
    studio.variants["full"].value = False
    studio.wait()
    assert len(calls) == 6, "six variants, one new hole"


class Gate:
    """A slow `fill_task`: it waits where it is told to."""

    def __init__(self, monkeypatch):
        self.entered, self.go_on, self.wait = threading.Event(), threading.Event(), False
        monkeypatch.setattr("rwlib.widgets.studio.compare.fill_task", self)

    def __call__(self, *arguments):
        if self.wait:
            self.entered.set()
            assert self.go_on.wait(300)
        return fillings.fill_task(*arguments)

    def close(self):
        """Let the next filling wait."""
        self.wait = True
        self.entered.clear()
        self.go_on.clear()

    def open(self):
        """Let all of them go on."""
        self.wait = False
        self.go_on.set()


def expected(compare):
    """Return what has to stand in the page: all computed anew."""
    I_gt, M = fillings.pixels_of(compare.task, compare.sources)
    filled = {name: fillings.fill_task(compare.models[name], I_gt, M) for name in compare.chosen}
    return comparison.comparison(I_gt, M, filled, output=compare.output.value, maps=compare.maps.value)


@pytest.mark.parametrize("change", ["number", "seed", "size", "source", "variant"])
def test_a_comparison_never_stands_beside_another_photograph_or_hole(studio, monkeypatch, change):
    compare, gate, shown = studio.compare, Gate(monkeypatch), []
    assert panel.STALE not in compare._dom_classes
    gate.close()
    compare.seed.value = 3
    assert gate.entered.wait(300) and panel.STALE in compare._dom_classes, "what is shown is marked as old"
    compare.picture.observe(lambda event: shown.append(event["new"]), "value")
    if change == "variant":
        studio.variants["no_correlation"].value = False
    else:
        value = {"number": 2, "seed": 5, "size": 128, "source": "bundled photographs"}[change]
        getattr(compare, change).value = value
    gate.open()
    compare.wait(300)
    assert shown == [expected(compare)], "the old one was dropped, the new one computed"
    assert panel.STALE not in compare._dom_classes and compare.message.value == ""


def test_a_photograph_that_is_loaded_while_another_is_filled_gets_its_own_filling(studio, monkeypatch, tmp_path):
    compare, gate = studio.compare, Gate(monkeypatch)
    files = []
    for grey in (60, 200):
        files.append(tmp_path / f"{grey}.png")
        pixels = np.random.default_rng(grey).integers(grey - 50, grey + 50, (70, 70, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(files[-1])
    compare.take_upload(files[1].read_bytes())
    compare.wait(300)
    gate.close()
    compare.take_upload(files[0].read_bytes())
    assert gate.entered.wait(300)
    compare.take_upload(files[1].read_bytes())
    gate.open()
    compare.wait(300)
    assert compare.picture.value == expected(compare)


def test_painting_and_loading(studio, tmp_path):
    compare = studio.compare
    before = compare.picture.value
    compare.kind.value = "painted"
    compare.wait()
    assert "nothing is painted yet" in compare.message.value and compare.picture.value == ""
    pixels = np.zeros((fillings.PAINTED_PX, fillings.PAINTED_PX), bool)
    pixels[:64] = True
    compare._paint(pixels, False)
    compare.wait()
    assert not compare.message.value and compare.picture.value != before
    compare._paint(pixels, True)
    compare.wait()
    assert "nothing is painted yet" in compare.message.value
    compare.kind.value = "contiguous"
    Image.fromarray(np.full((40, 30, 3), 200, np.uint8)).save(tmp_path / "own.png")
    compare.take_upload((tmp_path / "own.png").read_bytes())
    compare.wait()
    assert compare.source.value == "your photograph" and compare.number.disabled and not compare.message.value
    shown = compare.picture.value
    compare.attempt(lambda: compare.take_upload(b"no picture"))
    assert "not an image" in compare.message.value and compare.picture.value == shown


def test_a_missing_variant_is_named_and_the_others_shown(weights, tmp_path):
    for name in ("full", "standard_conv"):
        (tmp_path / f"{name}.safetensors").write_bytes((weights / f"{name}.safetensors").read_bytes())
    (tmp_path / "no_correlation.safetensors").write_bytes(b"")
    studio = AblationStudio(weights=tmp_path)
    studio.wait()
    assert "semantic_only.safetensors does not exist" in studio.compare.message.value
    assert "no_correlation.safetensors is empty" in studio.compare.message.value
    assert studio.compare.picture.value.count("<img") == 3 + 3 + 1
    assert "No table of trainings" in studio.table.shipped.value


def test_the_table_is_measured_in_the_background(studio):
    measured = studio.table
    measured.photos.value = 2
    for name in list(ABLATIONS)[2:]:
        studio.variants[name].value = False
    measured.start.click()
    measured.wait()
    assert "Measured now: 2 of drawn house fronts, contiguous holes, 20–30 % missing" in measured.measured.value
    assert "standard convolution" in measured.measured.value and measured.progress.value == 2
    before = measured.measured.value
    measured.metric.value = "hole_l1"
    measured.wait()
    assert measured.measured.value != before and not measured.start.disabled
    before = measured.measured.value
    measured.photos.value = 200
    measured.start.click()
    measured.end.click()
    measured.wait()
    assert "Stopped" in measured.message.value and measured.measured.value == before
    for box in studio.variants.values():
        box.value = False
    measured.start.click()
    measured.wait()
    assert "tick at least one" in measured.message.value


def test_the_shipped_table_follows_the_menus(weights, tmp_path):
    columns = ["variant", "seed", "kind", "bucket", "photo", "hole_psnr", "hole_ssim", "hole_l1"]
    with open(tmp_path / "results.csv", "w", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(columns)
        for name, gain in (("full", 0), ("standard_conv", -1), ("no_correlation", 0.5)):
            for seed in range(3):
                for photo in range(4):
                    rows.writerow([name, seed, "contiguous", 2, photo, 20 + gain + seed + photo, 0.5, 0.1])
    studio = AblationStudio(weights=tmp_path)
    studio.wait()
    shipped = studio.table.shipped.value
    assert "3 trainings of each variant, 4 held-out photographs" in shipped and "−1.00 ± 0.00" in shipped
    assert "0 of 3" in shipped and "3 of 3" in shipped and "10 % of such tables" in shipped
    assert "t, 2 degrees of freedom)" in shipped
    studio.table.bucket.value = 3
    studio.wait()
    assert "No table of trainings: rows: expected at least one" in studio.table.shipped.value


def test_one_view_is_open(studio):
    for name, view in studio._views.items():
        studio.view.value = name
        assert [v.layout.display for v in studio._views.values()].count("none") == 2 and view.layout.display == ""
        assert all(child.layout.display != "none" for child in view.children[:2])


def test_without_a_kernel_stands_the_first_comparison(studio, tmp_path):
    html = studio.static().data
    assert "still picture" in html and "make lab" in html and 20_000 < len(html) < 150_000
    empty = AblationStudio(weights=tmp_path)
    empty.wait()
    assert "still picture" in empty.static().data, "without weights the input alone"


def test_a_tensor_is_taken_as_a_photograph(weights):
    I = image_to_tensor(Facades(1).center(0, 64))
    studio = AblationStudio(I, weights=weights)
    studio.wait()
    assert torch.allclose(studio.compare._pixels[studio.compare.task][0], I, atol=1e-6)


def test_a_network_of_ones_own_stands_beside_the_variants(weights):
    studio = AblationStudio(weights=weights, own=weights / "full.safetensors")
    studio.wait()
    assert studio.compare.chosen[-1] == fillings.OWN and "(own) your network" in studio.compare.picture.value
    same = studio.compare.compute(studio.compare.task, ["full", fillings.OWN])[2]
    assert torch.equal(same["full"].outputs.I_c2, same[fillings.OWN].outputs.I_c2)
    studio.close()
    missing = AblationStudio(weights=weights, own=weights / "nothing.safetensors")
    missing.wait()
    assert "nothing.safetensors does not exist" in missing.compare.message.value
    missing.close()
