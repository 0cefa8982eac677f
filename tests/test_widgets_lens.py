"""RegionWiseLens: its numbers against rwlib's layers, to the last digit; its controls; its messages."""

import re
from decimal import Decimal

import numpy as np
import pytest
import torch

from rwlib.masks import contiguous_mask
from rwlib.networks.region_wise_conv import ChannelSeparatedConv2d, RegionWiseConv2d
from rwlib.widgets.lens.views import SAME, draw, scales, tables
from rwlib.widgets.lens.widget import RegionWiseLens
from rwlib.widgets.lens.windows import (
    FILTERS,
    SIDE,
    Layer,
    count,
    cut_window,
    first_cell,
    make_filter,
    make_map,
    readings,
    sentence,
    straddles,
    write,
)

CELLS = [(i, j) for i in range(SIDE) for j in range(SIDE)]


def make_layer(kernel=3, dilation=1, b_hat=0, *, zeros=False, W="blur", W_hat="edges across"):
    rng = torch.Generator().manual_seed(5)
    M = contiguous_mask(SIDE, SIDE, (0.2, 0.25), generator=rng)[None]
    X = make_map(torch.rand(1, 3, SIDE, SIDE, generator=rng), M, zeros_in_hole=zeros)
    return Layer(X, M, make_filter(W, kernel, 0), make_filter(W_hat, kernel, 1), b_hat, dilation)


@pytest.fixture(scope="module")
def layer():
    return make_layer()


# --- numbers


@pytest.mark.parametrize(("kernel", "dilation"), [(3, 1), (3, 2), (3, 4), (5, 1), (5, 4)])
@pytest.mark.parametrize("b_hat", [0, 3])
def test_every_window_has_the_layers_results_exactly(kernel, dilation, b_hat):
    layer = make_layer(kernel, dilation, b_hat, W="random", W_hat="random")
    # The layers as a network has them: decimal numbers, weights set from outside.
    by_location = RegionWiseConv2d(1, 1, kernel, dilation=dilation).double()
    by_channel = ChannelSeparatedConv2d(1, 1, kernel, dilation=dilation).double()
    W, W_hat = layer.W[None, None] / 10, layer.W_hat[None, None] / 10
    with torch.no_grad():
        by_location.existing.weight.copy_(W)
        by_location.missing.weight.copy_(W_hat)
        by_location.missing.bias.fill_(b_hat / 10)
        by_channel.weight.copy_(torch.cat([W, W_hat], dim=1))
        results = [net(layer.X / 10, layer.M)[0, 0] for net in (by_location, by_channel)]
    maps = readings(layer)
    for cell in CELLS:
        sums = cut_window(layer, cell).sums
        assert sums == tuple(int(reading[cell]) for reading in maps)  # exactly
        assert [s / 100 for s in sums] == pytest.approx([float(result[cell]) for result in results], abs=1e-12)


def test_a_window_by_hand():
    X, M = torch.zeros(1, 1, SIDE, SIDE), torch.ones(1, 1, SIDE, SIDE)
    M[..., 12:] = 0
    X[..., 11:14] = torch.tensor([2.0, 5.0, 7.0])  # existing, missing, missing
    layer = Layer(X, M, make_filter("blur", 3, 0), make_filter("left and right", 3, 0), 1)
    window = cut_window(layer, (8, 12))
    assert not window.exists and window.n_missing == 6
    assert window.by_location.tolist() == [[0, 0, 0], [10, 0, 35], [0, 0, 0]]  # Ŵ for all
    assert window.by_channel.tolist() == [[2, 0, 0], [2, 0, 35], [2, 0, 0]]  # W for the left column
    assert window.sums == (45 + 10, 41)
    outside = cut_window(layer, (8, 11))
    assert outside.exists and outside.sums == (2 * 4 + 5 * 3, 2 * 4 + 5 * 5), "the bias of W is 0"


@pytest.mark.parametrize(("kernel", "dilation"), [(3, 1), (3, 4), (5, 2)])
def test_the_readings_differ_exactly_where_windows_straddle(kernel, dilation):
    rng = torch.Generator().manual_seed(1)
    X = torch.randint(1, 10**5, (1, 1, SIDE, SIDE), generator=rng).double()  # so that nothing agrees by chance
    W, W_hat = torch.randint(1, 10**5, (2, kernel, kernel), generator=rng).double()
    layer = Layer(X, make_layer().M, W, W_hat, 0, dilation)
    by_location, by_channel = readings(layer)
    expected = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    for cell in CELLS:
        expected[cell] = 0 < cut_window(layer, cell).n_missing < kernel**2
    assert torch.equal(straddles(layer), expected)
    assert torch.equal(by_location != by_channel, expected)


def test_a_bias_of_the_hole_adds_the_whole_hole():
    layer = make_layer(b_hat=3)
    by_location, by_channel = readings(layer)
    inside = (layer.M[0, 0] == 0) & ~straddles(layer)
    assert inside.any() and ((by_location - by_channel)[inside] == 30).all()
    assert f"in {int(inside.sum())} inside the hole by the bias" in count(layer)


def test_zeros_in_the_hole_leave_the_missing_filter_nothing_to_see():
    layer = make_layer(zeros=True)
    assert (layer.X[layer.M == 0] == 0).all()
    by_channel = readings(layer)[1]
    assert torch.equal(by_channel, readings(make_layer(zeros=True, W_hat="random"))[1])
    assert not torch.equal(readings(make_layer())[1], readings(make_layer(W_hat="random"))[1])


@pytest.mark.parametrize("kernel", [3, 5])
def test_filters_are_what_they_are_called(kernel):
    filters = {name: make_filter(name, kernel, 0) for name in FILTERS}
    assert {tuple(f.shape) for f in filters.values()} == {(kernel, kernel)}
    assert [int(filters[name].sum()) for name in FILTERS[:5]] == [10, 10, 0, 0, 10]
    assert torch.equal(filters["edges across"], filters["edges down"].T)
    assert filters["left and right"].flip(1).equal(filters["left and right"])
    assert torch.equal(filters["random"], make_filter("random", kernel, 0))
    assert not torch.equal(filters["random"], make_filter("random", kernel, 1))


def test_a_map_is_stretched_and_rounded_to_tenths():
    I = torch.zeros(1, 3, SIDE, SIDE)
    I[..., 0], I[..., 1] = 0.5, -0.25
    x = make_map(I, torch.ones(1, 1, SIDE, SIDE), zeros_in_hole=False)
    assert x[0, 0, 0, :3].tolist() == [10, -10, -3]
    assert make_map(torch.zeros_like(I), torch.ones(1, 1, SIDE, SIDE), zeros_in_hole=False).unique().tolist() == [-10]


# --- words, tables and pictures


def test_the_sentence_counts_missing_pixels(layer):
    seen = set()
    for cell in CELLS:
        window = cut_window(layer, cell)
        text, (a, b) = sentence(layer, window), window.sums
        if 0 < window.n_missing < 9:
            assert f"{window.n_missing} of 9 pixels are missing" in text
            assert f"its centre {'exists, so W' if window.exists else 'is missing, so Ŵ'}" in text
            assert (f"differ by {write(abs(a - b), 100)}." in text) == (a != b)
            seen.add("straddles")
        else:
            kind = "are missing: Ŵ" if window.n_missing else "of this window exist: W"
            assert kind in text and f"both readings give {write(a, 100)}." in text
            seen.add(kind)
    assert len(seen) == 3
    biased = make_layer(b_hat=-3)
    hole = next(cell for cell in CELLS if cut_window(biased, cell).n_missing == 9)
    assert "differ by 0.30, the bias" in sentence(biased, cut_window(biased, hole))


def test_the_count_is_a_count(layer):
    windows = [cut_window(layer, cell) for cell in CELLS]
    both = [w for w in windows if 0 < w.n_missing < 9]
    differ = sum(w.sums[0] != w.sums[1] for w in both)
    assert count(layer).startswith(f"{len(both)} of 576 windows ({len(both) / 576:.1%}) straddle")
    assert count(layer).endswith(f"in {differ} the readings differ, and nowhere else.")


def test_the_lens_begins_where_the_readings_differ_most():
    for W_hat in FILTERS:
        layer = make_layer(W_hat=W_hat)
        apart = {cell: abs(a - b) for cell in CELLS for a, b in [cut_window(layer, cell).sums]}
        assert apart[first_cell(layer)] == max(apart.values())


def test_the_products_on_the_screen_add_up_to_the_sums_on_the_screen():
    for kernel in (3, 5):
        layer = make_layer(kernel, b_hat=-4)
        for cell in CELLS[::7]:
            window = cut_window(layer, cell)
            html = tables(layer, window).replace("−", "-")
            *_, location, channel = re.findall(r"<table>(.*?)</table>", html)
            for part, result in zip((location, channel), window.sums, strict=True):
                products = [Decimal(x) for x in re.findall(r'<td class="[^"]*">(.*?)</td>', part)]
                bias = re.search(r"b̂ (-?[\d.]+)", part)
                total = Decimal(re.search(r"<b>(.*?)</b>", part)[1])
                assert len(products) == kernel**2
                assert sum(products) + (Decimal(bias[1]) if bias else 0) == total == Decimal(result) / 100


def test_the_tables_mark_missing_pixels_and_their_filters(layer):
    window = cut_window(layer, first_cell(layer))
    x, m, W, W_hat, location, channel = re.findall(r"<table>(.*?)</table>", tables(layer, window))
    assert x.count('class="missing"') == m.count('class="missing"') == window.n_missing
    assert W.count('class="w"') == W_hat.count('class="w-hat"') == 9
    assert location.count("w-hat") == (0 if window.exists else 9)
    assert channel.count("w-hat") == window.n_missing


@pytest.mark.parametrize(
    ("x", "unit", "text"), [(-10, 10, "−1.0"), (0, 10, "0.0"), (-3, 100, "−0.03"), (120, 100, "1.20")]
)
def test_numbers_are_written_in_full(x, unit, text):
    assert write(x, unit) == write(float(x), unit) == text


def test_the_difference_is_grey_where_a_window_sees_one_region(layer):
    maps, scale = draw(layer), scales(layer)
    by_location, by_channel = readings(layer)
    assert scale[1] == float((by_location - by_channel).abs().max())
    middle = maps["difference"][3::7, 3::7]  # of each cell, away from the outline
    grey = torch.from_numpy((middle == SAME).all(2))
    assert torch.equal(grey, ~straddles(layer))
    assert {pixels.shape for pixels in maps.values()} == {(168, 168, 3)}


# --- the widget


def test_the_controls_set_the_state():
    lens = RegionWiseLens()
    lens.wait()
    assert lens.layer.kernel == 3 and lens.cell == first_cell(lens.layer)
    assert "straddles the border" in lens.sentence.value and not lens.message.value
    before = {name: picture.png for name, picture in lens.pictures.items()}

    lens.pictures["difference"].cell = (2, 3)
    lens.wait()
    assert lens.cell == (2, 3) and {picture.cell for picture in lens.pictures.values()} == {(2, 3)}
    assert torch.equal(lens.window.x, cut_window(lens.layer, (2, 3)).x)

    lens.kernel.value, lens.dilation.value = 5, 2
    lens.W.value, lens.W_hat.value, lens.b_hat.value, lens.zeros.value = "copy", "random", 0.3, True
    lens.wait()
    layer = lens.layer
    assert (layer.kernel, layer.dilation, layer.b_hat) == (5, 2, 3) and (layer.X[layer.M == 0] == 0).all()
    assert torch.equal(layer.W, make_filter("copy", 5, 0)) and torch.equal(layer.W_hat, make_filter("random", 5, 1))
    assert lens.pictures["X"].reach == 4 and lens.pictures["location"].reach == 0
    assert lens.cell == (2, 3) and torch.equal(lens.window.x, cut_window(layer, (2, 3)).x)
    assert all(picture.png != before[name] for name, picture in lens.pictures.items() if name != "M")
    lens.seed.value = 4
    lens.menu.photo.value, lens.menu.percent.value = "brick", 40
    lens.wait()
    assert torch.equal(lens.layer.W_hat, make_filter("random", 5, 5))
    assert int((lens.layer.M == 0).sum()) == pytest.approx(0.4 * SIDE**2, abs=3)
    assert all("40 % of it" in lens.pictures[name].alt for name in ("X", "M"))


def test_the_last_of_many_steps_counts():
    lens = RegionWiseLens()
    for column in range(SIDE):
        lens.pictures["X"].cell = (4, column)
    lens.wait()
    lens.kernel.value = 5
    for column in range(10):
        lens.pictures["M"].cell = (7, column)
    lens.wait()
    assert lens.cell == (7, 9) and torch.equal(lens.window.x, cut_window(lens.layer, (7, 9)).x)


BAD = [
    ({"photo": np.zeros((1, 1, 3), np.uint8)}, "at least 8 px"),
    ({"photo": 5}, "photo: expected"),
    ({"M": torch.ones(1, 1, 32, 32)}, "no hole"),
    ({"M": torch.zeros(1, 1, 32, 32)}, "everything is missing"),
    ({"M": torch.ones(3)}, "M: expected shape"),
    ({"kernel": 4}, "kernel: expected 3 or 5"),
    ({"kernel": None}, "kernel: expected 3 or 5"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_bad_input_is_a_message_and_the_menus_go_on(arguments, words):
    lens = RegionWiseLens(**arguments)
    lens.wait()
    assert words in lens.message.value and 'role="alert"' in lens.message.value
    assert (lens.layer is None) == ("kernel" not in arguments)
    lens.menu.photo.value, lens.menu.hole.value = "brick", "contiguous"
    lens.wait()
    assert lens.layer is not None and not lens.message.value


def test_own_pictures_and_kernel_are_taken():
    M = torch.ones(1, 1, 48, 48)
    M[..., :24] = 0
    lens = RegionWiseLens(np.broadcast_to(np.arange(48, dtype=np.uint8)[:, None, None], (48, 48, 3)), M, kernel=5)
    lens.wait()
    assert lens.layer.kernel == 5 and lens.layer.M[..., :12].max() == 0 and lens.layer.M[..., 12:].min() == 1
    assert (lens.layer.X[0, 0, 1:] - lens.layer.X[0, 0, :-1] >= 0).all()


def test_a_large_photograph_is_made_smaller():
    lens = RegionWiseLens(np.broadcast_to(np.arange(8000, dtype=np.uint8)[:, None], (5000, 8000, 3)))
    lens.wait()
    assert lens.layer.X.shape == (1, 1, SIDE, SIDE) and not lens.message.value


def test_the_static_picture_says_that_it_is_one():
    html = RegionWiseLens().static().data
    assert "alt=" in html and "make lab" in html and "straddles" in html and len(html) < 150_000
    assert RegionWiseLens(M=torch.ones(1, 1, 8, 8)).static() is None
