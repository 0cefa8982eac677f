"""The benchmark: its straight port computes what rwlib computes, its measures measure, and a wrong answer is not timed.

No test looks at who is faster: machines are noisy.
"""

import csv
import itertools
import math
import os
import statistics
import sys
from functools import partial

import pytest
import torch
from PIL import Image

from rwlib import bench as benchmark
from rwlib import system
from rwlib.bench import bench, cases, check_agreement, count_tflop, difference, measure, report, straight_port
from rwlib.bench.cases import Case, Pair
from rwlib.bench.memory import MemoryProcess
from rwlib.config import make_config
from rwlib.conventions import InputError
from rwlib.losses import correlation_loss, reconstruction_loss, style_loss
from rwlib.masks import random_masks
from rwlib.networks.discriminator import RegionWiseDiscriminator
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.networks.vgg import VGGFeatures
from rwlib.training import setup, step

CPU = torch.device("cpu")
linux = pytest.mark.skipif(sys.platform != "linux", reason="memory of the CPU is measured on Linux only")
close = partial(torch.testing.assert_close, rtol=1e-9, atol=1e-11)


def data(b=2, h=16, w=16):
    I_gt = 2 * torch.rand(b, 3, h, w, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1
    return I_gt, random_masks(b, h, w, (0.2, 0.4), generator=torch.Generator().manual_seed(1)).double()


def case_named(name):
    return next(case for case in cases.all_cases(CPU, quick=True) if case.name == name)


# --- the straight port against rwlib, in float64


@pytest.mark.parametrize(("h", "w", "mode"), [(64, 64, False), (40, 24, True)])  # odd from the fourth layer on
def test_the_port_of_the_discriminator(h, w, mode):
    torch.manual_seed(0)
    D, (I_gt, M) = RegionWiseDiscriminator(4).double().train(mode), data(h=h, w=w)
    plain = straight_port.plain_copy(D)
    for _ in range(2):  # in training, the second call sees what the first left in u and v
        close(D(I_gt, M), straight_port.discriminator(plain, I_gt, M))


@pytest.mark.parametrize(("pools", "size_px"), [(2, 24), (3, 0)])
def test_the_port_of_vgg(pools, size_px):
    vgg, (I_gt, _) = VGGFeatures("random", size_px=size_px).double(), data()
    close(vgg(I_gt, pools), straight_port.vgg_features(vgg, I_gt, pools))


@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_sum"])
def test_the_port_of_the_losses(reduction):
    random = torch.Generator().manual_seed(0)
    phis = [torch.randn(2, 2, c, h, h + 1, generator=random, dtype=torch.float64) for c, h in ((4, 6), (6, 4), (8, 2))]
    phis_a, phis_b = ([phi[i] for phi in phis] for i in (0, 1))
    sides = (
        (straight_port.correlation_loss, correlation_loss, (phis_a[1], phis_b[1])),
        (straight_port.style_loss, style_loss, (phis_a, phis_b)),
        (straight_port.reconstruction_loss, reconstruction_loss, (phis_a[0], phis_a[0] ** 2, phis_b[0])),
    )
    phis_a[1].requires_grad_()
    for port, ours, arguments in sides:
        results = [loss(*arguments, reduction=reduction) for loss in (port, ours)]
        close(*results)
        if results[0].requires_grad:
            close(*(torch.autograd.grad(L, phis_a[1]) for L in results))


@pytest.mark.parametrize(
    ("phase", "preset", "changes"),
    [(1, "balanced", {}), (2, "paper", {}), (2, "release", {"vgg": "random"}), (2, "balanced", {"adversarial": "bce"})],
)
def test_the_port_of_the_training_step(monkeypatch, phase, preset, changes):
    """Two steps, so that the second sees what the first did to both networks."""
    config = make_config(
        preset, "full", **{"vgg": "random", "vgg_size_px": 0, "width": 4, "discriminator_width": 4, **changes}
    )
    make_double(monkeypatch)
    monkeypatch.setattr(cases, "image_and_mask", lambda size_px, b, device: data())
    pair = cases.step_pair(config, phase, device=CPU)
    for _ in range(2):
        ours, reference = pair.ours(), pair.reference()
        assert ours.keys() == reference.keys() and ours["L_c"].dtype == torch.float64
        close(ours, reference, rtol=1e-7 if phase == 1 else 1e-5)  # scores are brought to float32


def test_both_sides_keep_a_moving_average(monkeypatch):
    config = make_config("balanced", "full", vgg="random", width=4, discriminator_width=4, size_px=16, batch_size=1)
    averaged = []
    monkeypatch.setattr(step.AveragedModel, "update_parameters", lambda self, G: averaged.append((self, G)))
    pair = cases.step_pair(config, 1, device=CPU)
    pair.ours(), pair.reference()
    (ours, G), (reference, plain) = averaged
    assert ours is not reference and G is not plain and config.ema_decay > 0


def make_double(monkeypatch):
    """Let cases make their players in float64."""
    new_players = setup.new_players

    def double_players(*args, **options):
        players = new_players(*args, **options)
        for network in (players.G, players.D, players.vgg, players.ema):
            if network is not None:
                network.double()
        return players

    monkeypatch.setattr(setup, "new_players", double_players)


def test_a_plain_copy_is_stored_as_nchw_and_stands_alone():
    G = RegionWiseGenerator(4).to(memory_format=torch.channels_last)
    plain = straight_port.plain_copy(G)
    assert all(p.is_contiguous() for p in plain.parameters())
    assert not all(p.is_contiguous() for p in G.parameters())
    with torch.no_grad():
        plain.semantic_inferring.conv13.weight.zero_()
    assert G.semantic_inferring.conv13.weight.any()


# --- the cases


def test_names_are_unique_and_their_sizes_are_those_of_the_released_graph():
    names = [case.name for case in cases.all_cases(CPU, full=True)]
    assert len(set(names)) == len(names)
    assert {"generator forward 256x256 b1", "training step phase 2 256x256 b8", "decoder conv15 256x256 b1",
            "correlation loss n=4096 b4", "growth 512x512 b1"} <= set(names)  # fmt: skip


@pytest.mark.parametrize("name", ["conv13", "conv14", "conv15"])
def test_a_decoder_layer_alone_has_the_released_shapes(name):
    pair = cases.layer_pair(name, 16, device=CPU)
    ours, reference = pair.ours(), pair.reference()
    assert difference(ours, reference)[0] < 1e-5
    in_channels, side = {"conv13": (384, 8), "conv14": (320, 8), "conv15": (320, 16)}[name]
    assert ours["weight"].shape == (128, in_channels, 3, 3) and ours["y"].shape == (1, 128, side, side)
    assert ours.keys() == {"y", "x", "skip", "weight", "bias"}


def test_correlations_are_exact_so_that_gradients_can_be_compared():
    n, b = 256, 2
    pair = cases.correlation_pair(n, b, device=CPU)
    ours, reference = pair.ours(), pair.reference()
    assert difference(ours, reference)[0] < 1e-6
    sums = reference["phi_c1"] * (cases.CORRELATION_CHANNELS**2 * b * n**2)  # of features, with signs
    assert torch.equal(sums, sums.round()) and sums.abs().max() > n


def test_the_naive_side_is_left_out_where_it_does_not_fit(monkeypatch):
    monkeypatch.setattr(cases, "free_mb", lambda: 6000.0)
    monkeypatch.setattr(cases, "CORRELATION_CHANNELS", 1)
    assert cases.correlation_pair(16384, 1, device=CPU).reference is None
    monkeypatch.setattr(cases, "free_mb", lambda: 7000.0)
    assert cases.correlation_pair(16384, 1, device=CPU).reference is not None


@pytest.mark.parametrize("backward", [False, True])
def test_bf16_differs_by_its_rounding_only(backward):
    """What a GPU adds, on a CPU."""
    pair = cases.generator_pair(16, 1, backward=backward, device=CPU, precision="bf16")
    ours, reference = pair.ours(), pair.reference()
    assert ours["I_p1"].dtype == torch.bfloat16
    assert 1e-4 < difference(ours, reference)[0] < cases.TOLERANCE_BF16


def test_images_and_tflop_of_the_generator():
    """61.8 GMAC at 256x256, so 61.8 / 16 at 64x64, two operations each; two networks, 17 and 18 layers."""
    pair = cases.generator_pair(64, 1, backward=False, device=CPU)
    assert count_tflop(pair) == pytest.approx(2 * 61.8e9 / 16 / 1e12, rel=1e-3)
    row = report.Row("a", 100.0, 200.0, 2.0, 1.0, 2.0, "cpu")
    text = benchmark.throughput(row, images=4, tflop=2.0, ceiling_tflops=100.0)
    assert text.strip() == "ours 40 img/s, 20 %; reference 20 img/s, 10 % of 100 TFLOP/s (bf16 matrix product)"


# --- agreement


def test_the_difference_is_relative_to_the_largest_value():
    y = torch.tensor([1.0, -4.0])
    assert difference({"a": y, "b": y + 0.5}, {"a": y, "b": y}) == (0.125, "b")
    assert difference({"a": 0 * y}, {"a": 0 * y})[0] == 0
    for wrong in ({}, {"a": y, "b": y}, {"a": y[:1]}, {"a": y * math.nan}, {"a": y * math.inf}):
        assert difference(wrong, {"a": y})[0] == math.inf
    assert difference({"a": y}, {"a": y * math.nan})[0] == math.inf


def test_agreement_is_asked_to_the_case_s_tolerance():
    def case(tolerance):
        return Case("a", lambda: None, tolerance=tolerance)

    def pair(off):
        return Pair(lambda: {"y": torch.tensor(1 + off)}, lambda: {"y": torch.tensor(1.0)})

    check_agreement(case(1e-4), pair(5e-5))
    check_agreement(case(None), pair(1.0))
    check_agreement(case(1e-4), Pair(pair(1.0).ours, None))
    with pytest.raises(benchmark.DisagreementError, match="y differs by 0.0002 of its largest value, allowed 0.0001"):
        check_agreement(case(1e-4), pair(2e-4))


@pytest.mark.slow
def test_a_disagreement_is_one_line_and_is_not_timed(monkeypatch, tmp_path):
    naive, timed, lines = straight_port.correlation_loss, [], []
    monkeypatch.setattr(straight_port, "correlation_loss", lambda *a, **k: naive(*a, **k) * (1 + 3e-4 * wrong(a[0])))
    monkeypatch.setattr(benchmark, "interleaved", lambda *sides: timed.append(sides) or (1.0, 2.0))
    monkeypatch.setattr(MemoryProcess, "peaks_mb", lambda self, case: (1.0, 2.0))

    def wrong(phi):
        return phi.shape[-1] == 24  # n=576

    with pytest.raises(InputError, match="bench: not timed, .*correlation loss n=576 b4: .* differs by 0.0003 of"):
        bench(quick=True, pattern="correlation", out=tmp_path, device=CPU, print=lines.append)
    assert len(timed) == 2 and sum("n=576 b4: " in line for line in lines) == 1
    rows = (tmp_path / "bench.csv").read_text()
    assert "n=256" in rows and "n=1024" in rows and "n=576" not in rows


@pytest.mark.slow
def test_a_missing_optional_package_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "cv2", None)
    lines = []
    assert bench(quick=True, pattern="telea", out=tmp_path, device=CPU, print=lines.append) == []
    assert lines[-1].startswith("inpaint 64x64 beside telea: skipped (methods: telea needs OpenCV; install it with ")


# --- measuring


def test_both_sides_run_alternately_after_a_warm_up(monkeypatch):
    calls, now = [], itertools.count()
    monkeypatch.setattr("torch.utils.benchmark.timer", lambda: calls.append(".") or next(now))
    times = measure.interleaved(lambda: calls.append("o"), lambda: calls.append("r"), runs=2)
    assert "".join(calls) == "or" + ".o..r." * 2 and times == (1000, 1000)
    ours_ms, reference_ms = measure.interleaved(lambda: None, None, runs=2)
    assert ours_ms == 1000 and math.isnan(reference_ms)


def test_the_median_is_taken(monkeypatch):
    taken = {"ours": [5.0, 1.0, 2.0], "reference": [7.0, 9.0, 8.0]}
    monkeypatch.setattr(measure, "time_ms", lambda fn: fn().pop(0))
    times = measure.interleaved(lambda: taken["ours"], lambda: taken["reference"], runs=3)
    assert times == (statistics.median([5, 1, 2]), 8.0)


@linux
def test_peak_mb_sees_a_tensor_that_comes_and_goes():
    kept = torch.ones(25_000_000)  # 100 MB from before do not count
    one_after_the_other = measure.peak_mb(lambda: [torch.ones(50_000_000).sum(), torch.ones(25_000_000)])
    assert one_after_the_other == pytest.approx(200, rel=0.1)
    assert measure.peak_mb(lambda: kept.sum()) < 20


def test_peak_mb_is_nan_where_nobody_knows(monkeypatch):
    monkeypatch.setattr(measure.sys, "platform", "darwin")
    assert math.isnan(measure.peak_mb(lambda: pytest.fail("called for nothing")))


@pytest.mark.slow
@linux
def test_memory_is_measured_in_another_process_and_its_end_is_not_ours():
    case = case_named("correlation loss n=576 b4")
    with MemoryProcess(CPU, quick=True) as memory:
        first, second = memory.peaks_mb(case), memory.peaks_mb(case)
        assert first == pytest.approx(second, rel=0.1)
        assert first[1] > 3 * 4 * 4 * 576**2 / 1e6  # both f and their difference
        assert memory.pool.submit(os._exit, 1).exception()
        assert all(map(math.isnan, memory.peaks_mb(case)))


@linux
def test_free_memory_is_some():
    assert 10 < system.free_mb() < 1e8


def test_exact_float32_ends_where_it_began():
    backends = (torch.backends.cudnn, torch.backends.cuda.matmul)
    before = [backend.allow_tf32 for backend in backends]
    with pytest.raises(ZeroDivisionError), measure.exact_float32():
        assert not any(backend.allow_tf32 for backend in backends)
        raise ZeroDivisionError
    assert [backend.allow_tf32 for backend in backends] == before


# --- what is left


@pytest.mark.slow
def test_a_quick_benchmark_writes_both_files(tmp_path):
    lines = []
    rows = bench(quick=True, pattern="n=256|growth 64x64 b1", out=tmp_path, device=CPU, print=lines.append)
    assert [row.case for row in rows] == ["correlation loss n=256 b4", "growth 64x64 b1"]
    with open(tmp_path / "bench.csv", newline="") as opened:
        header, *written = csv.reader(opened)
    assert header == ["case", "ours_ms", "reference_ms", "ratio", "ours_mb", "reference_mb", "device"]
    for row, texts in zip(rows, written, strict=True):
        assert texts[0] == row.case and float(texts[3]) == pytest.approx(float(texts[2]) / float(texts[1]), rel=1e-4)
        assert row.ours_ms > 0 and (sys.platform != "linux" or row.ours_mb > 0)
    assert {file.name for file in tmp_path.iterdir()} == {"bench.csv", "bench.png"}
    assert Image.open(tmp_path / "bench.png").size[0] > 1000
    assert len(lines) == 4 and len({len(line) for line in lines[1:]}) == 1  # aligned


def test_what_was_not_measured_is_a_dash_and_an_empty_field(tmp_path):
    row = report.Row("a", 1.5, math.nan, math.nan, math.nan, math.nan, "cpu")
    assert report.line(row, 1).split() == ["a", "1.5", "ms", "-", "-", "-", "-", "-"]
    report.write_csv([row], tmp_path / "bench.csv")
    assert (tmp_path / "bench.csv").read_text().splitlines()[1] == "a,1.5,,,,,cpu"


@pytest.mark.parametrize("measured", [0, 2])
def test_any_rows_can_be_drawn(tmp_path, measured):
    nothing = report.Row("growth 64x64 b1", 1.0, math.nan, math.nan, math.nan, math.nan, "cpu")
    bar = report.Row("correlation loss", 1.0, 0.5, 0.5, math.nan, math.nan, "cpu")
    report.write_plot([bar, nothing][:measured], tmp_path / "bench.png")
    assert Image.open(tmp_path / "bench.png").format == "PNG"
