"""CorrelationExplorer: its numbers against equations (3) and (4), its controls, its messages."""

import re

import numpy as np
import pytest
import torch

from rwlib.checkpoints import load_generator, save_generator
from rwlib.config import Config
from rwlib.course.lessons.tensor_memory import peak_tensor_mb
from rwlib.losses import correlation, correlation_loss
from rwlib.masks import hole_fraction
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.networks.vgg import VGGFeatures
from rwlib.widgets.explorer import correlations, networks
from rwlib.widgets.explorer import widget as explorer
from rwlib.widgets.explorer.correlations import (
    correlation_loss_of,
    difference_row,
    explore,
    look,
    sentence,
    where_from,
    worst_cell,
)
from rwlib.widgets.explorer.networks import untrained
from rwlib.widgets.explorer.views import draw, number, scales, table
from rwlib.widgets.explorer.widget import CorrelationExplorer
from rwlib.widgets.shared.heat import heat

SIDE = 48


@pytest.fixture(scope="module")
def vgg():
    return VGGFeatures("random", size_px=0).to(memory_format=torch.channels_last)


@pytest.fixture(scope="module")
def scene(vgg):
    rng = torch.Generator().manual_seed(0)
    I_gt, M = torch.rand(1, 3, SIDE, SIDE, generator=rng) * 2 - 1, torch.ones(1, 1, SIDE, SIDE)
    M[..., 4:12, 16:32] = 0  # rows 1 and 2, columns 4 to 7 of pool 2
    G = untrained(RegionWiseGenerator(8))
    with torch.no_grad():
        return explore(I_gt, M, {"left": G, "right": untrained(G, seed=1)}, vgg)


@pytest.fixture
def light(monkeypatch, vgg):
    """Make the widget begin at once: a small generator and a random VGG."""
    G = untrained(RegionWiseGenerator(8))
    monkeypatch.setattr(
        networks, "load_generator", lambda file=None: (G, Config()) if file is None else load_generator(file)
    )
    monkeypatch.setattr(explorer, "own_size_vgg", lambda: vgg)


# --- numbers


def phi_of(I, vgg):
    return vgg(I, pools=2)[1]


@pytest.mark.parametrize("cell", [(0, 0), (2, 5), (11, 3)])
@pytest.mark.parametrize("cosine", [False, True])
def test_a_view_is_a_row_of_f(scene, vgg, cell, cosine):
    view, i = look(scene, cell, cosine), cell[0] * 12 + cell[1]
    phis = {"truth": phi_of(scene.I_gt, vgg)}
    phis |= {name: phi_of(composite.I_c1, vgg) for name, composite in scene.composites.items()}
    if cosine:
        phis = {name: torch.nn.functional.normalize(phi, dim=1) for name, phi in phis.items()}
    f = {name: correlation(phi.double())[0] for name, phi in phis.items()}
    close = {"rtol": 1e-4, "atol": 1e-5 * float(f["truth"].max())}
    torch.testing.assert_close(view.f_gt.flatten().double(), f["truth"][i], **close)
    for name in ("left", "right"):
        D = f[name] - f["truth"]
        torch.testing.assert_close(view.f[name].flatten().double(), f[name][i], **close)
        torch.testing.assert_close(view.difference[name].flatten().double(), D[i], **close)
        torch.testing.assert_close(view.where[name].flatten().double(), D.abs().sum(1), rtol=1e-4, atol=1e-3)
        assert view.total(name) == pytest.approx(float(D[i].abs().sum()), rel=1e-4)
        assert view.share(name) == pytest.approx(float(D[i].abs().sum() / D.abs().sum()), rel=1e-4)


def test_all_positions_together_are_the_correlation_loss(scene, vgg):
    for name, composite in scene.composites.items():
        expected = correlation_loss(phi_of(composite.I_c1, vgg), phi_of(scene.I_gt, vgg)).item()
        assert correlation_loss_of(scene, name) == pytest.approx(expected, rel=1e-5)
        shares = [look(scene, (i, j)).share(name) for i in range(12) for j in range(12)]
        assert sum(shares) == pytest.approx(1, rel=1e-4)
        assert max(shares) == look(scene, worst_cell(scene, name)).share(name)


@pytest.mark.parametrize("changed", [(), (3,), (0, 2, 5, 6, 9), tuple(range(10))])
@pytest.mark.parametrize("tile", [2, 256])
def test_where_the_loss_comes_from_against_the_whole_matrix(monkeypatch, changed, tile):
    monkeypatch.setattr(correlations, "TILE", tile)
    rng = torch.Generator().manual_seed(1)
    B = torch.randn(10, 4, generator=rng, dtype=torch.float64)
    A = B.clone()
    A[list(changed)] += torch.randn(len(changed), 4, generator=rng, dtype=torch.float64)
    torch.testing.assert_close(where_from(A, B).double(), (A @ A.T - B @ B.T).abs().sum(1), rtol=1e-6, atol=1e-6)


def test_where_the_loss_comes_from_takes_no_n_by_n_memory():
    rng = torch.Generator().manual_seed(2)
    A, B = torch.rand(2, 4096, 8, generator=rng)  # n² float32 would take 67 MB
    assert peak_tensor_mb(lambda: where_from(A, B)) < 30


def test_a_difference_of_nearly_equal_features_keeps_its_digits():
    rng = torch.Generator().manual_seed(3)
    B = 1000 * torch.rand(50, 64, generator=rng)
    A = B + 1e-2 * torch.rand(50, 64, generator=rng)
    exact = A.double() @ A[7].double() - B.double() @ B[7].double()
    assert (difference_row(A, B, 7).double() / exact - 1).abs().max() < 1e-4
    assert ((A @ A[7] - B @ B[7]).double() / exact - 1).abs().max() > 1e-4  # what it is for


def test_fresh_weights_are_reproducible_and_leave_the_global_stream_alone():
    G = RegionWiseGenerator(8)
    state = torch.get_rng_state()
    first, again, other = untrained(G), untrained(G), untrained(G, seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    weights = [network.semantic_inferring.conv13.weight for network in (first, again, other, G)]
    assert torch.equal(weights[0], weights[1])
    assert not any(torch.equal(weights[0], weight) for weight in weights[2:])
    assert all((p == 0).all() for p in first.parameters() if p.ndim == 1)


# --- words and pictures


def test_the_sentence_knows_where_a_position_lies(scene):
    assert "lies in the hole" in sentence(scene, look(scene, (1, 7)))
    assert "This position exists, but its 16×16 pixels reach" in sentence(scene, look(scene, (1, 8)))
    assert "sees nothing of the hole" in sentence(scene, look(scene, (7, 1)))
    half = scene.M.clone()
    half[..., 4:6, 16:20] = 1
    straddling = correlations.Scene(scene.I_gt, half, scene.psi, scene.composites)
    assert "straddles the border" in sentence(straddling, look(straddling, (1, 4)))


def test_the_sentence_compares_both_networks(scene):
    view = look(scene, (1, 5))
    percent = round(100 * (view.total("right") / view.total("left") - 1))
    words = re.search(r"is (\d+) % (smaller|larger) with “right” than with “left”", sentence(scene, view))
    assert int(words[1]) == abs(percent) and words[2] == ("smaller" if percent < 0 else "larger")
    same = correlations.Scene(scene.I_gt, scene.M, scene.psi, dict.fromkeys(("a", "b"), scene.composites["left"]))
    assert "the same for both" in sentence(same, look(same, (1, 5)))


def test_the_sentence_warns_of_strong_and_weak_features_under_raw_products_alone(scene):
    strength = scene.psi[False].norm(dim=1)
    weakest, strongest = (divmod(int(i), 12) for i in (strength.argmin(), strength.argmax()))
    assert "weak" in sentence(scene, look(scene, weakest)) and "strong" in sentence(scene, look(scene, strongest))
    assert "compare the cosine" not in sentence(scene, look(scene, strongest, cosine=True))


def test_maps_of_a_row_have_one_scale(scene):
    view = look(scene, (10, 10))
    top, most, worst = scales(view)
    assert top == max(float(f.max()) for f in (view.f_gt, *view.f.values()))
    assert most == max(float(d.abs().max()) for d in view.difference.values()) > 0
    assert worst == max(float(where.max()) for where in view.where.values())
    maps = draw(scene, view, over_photo=False)
    far = (16 * 9 + 8, 16 * 9 + 8)  # neither i nor this j changed: the same f in all columns, and so the same colour
    assert len({tuple(maps["f", name][far]) for name in ("truth", "left", "right")}) == 1
    assert np.abs(maps["difference", "left"][far] - 246.0).max() <= 1  # the palette's middle: no difference
    assert {pixels.shape for pixels in maps.values()} == {(192, 192, 3)}

    view = look(scene, (1, 5))  # in the hole: f differs
    maps, top = draw(scene, view, over_photo=False), scales(view)[0]
    for name, f in {"truth": view.f_gt, **view.f}.items():
        row, column = divmod(int(f.argmax()), 12)
        assert (
            maps["f", name][16 * row + 8, 16 * column + 8].tolist() == heat(f.max()[None, None], 0, top)[0, 0].tolist()
        )
    assert len({float(f.max()) for f in (view.f_gt, *view.f.values())}) == 3
    assert not np.array_equal(maps["f", "truth"], draw(scene, view)["f", "truth"])


def test_the_table_holds_the_numbers(scene):
    view = look(scene, (1, 5))
    html = table(scene, view)
    for name in ("left", "right"):
        assert f">{number(view.total(name))}<" in html and f">{view.share(name):.2%}<" in html
        assert f">{number(correlation_loss_of(scene, name))}<" in html


# --- the widget


def test_the_controls_set_the_state(light):
    widget = CorrelationExplorer()
    widget.wait()
    assert widget.scene.side == 24 and list(widget.scene.composites) == ["untrained", "shipped"]
    assert widget.cell == widget.view.cell == worst_cell(widget.scene, "untrained")
    share = f"; {100 * float((widget.scene.M == 0).float().mean()):.0f} % are missing"
    assert all(share in widget.pictures["picture", column].alt for column in ("truth", "left", "right"))

    widget.kind.value = True
    widget.wait()
    assert widget.view.cosine and "cos" in widget.bars["f"].value and float(widget.view.f_gt.max()) < 1.001
    widget.kind.value = False

    pngs = {key: picture.png for key, picture in widget.pictures.items()}
    widget.pictures["where", "right"].cell = (5, 6)
    widget.wait()
    assert widget.view.cell == (5, 6) and not widget.view.cosine
    assert {picture.cell for picture in widget.pictures.values()} == {(5, 6)}
    changed = {key[0] for key, picture in widget.pictures.items() if picture.png != pngs[key]}
    assert {"f", "difference"} <= changed and "picture" not in changed

    widget.over_photo.value = False
    widget.wait()
    assert widget.pictures["f", "truth"].png != pngs["f", "truth"]

    widget.worst.click()
    widget.wait()
    assert widget.view.cell == worst_cell(widget.scene, "shipped")


def test_the_scene_follows_its_menus(light):
    widget = CorrelationExplorer()
    widget.pictures["picture", "truth"].cell = (8, 4)
    widget.wait()
    widget.choose((8, 4))
    widget.size.value = 192
    widget.wait()
    assert widget.scene.side == 48 and widget.view.cell == (16, 8), "the same place on a finer grid"
    widget.size.value = 64
    widget.menu.photo.value, widget.menu.percent.value, widget.menu.hole.value = "brick", 40, "discontiguous"
    widget.wait()
    assert widget.scene.side == 16 and abs(hole_fraction(widget.scene.M).item() - 0.4) < 0.006
    assert all((picture.rows, picture.columns) == (16, 16) for picture in widget.pictures.values())
    widget.left.value = "shipped"
    widget.wait()
    assert list(widget.scene.composites) == ["shipped", "shipped (same)"]
    assert widget.view.total("shipped") == widget.view.total("shipped (same)")


def test_the_last_of_many_clicks_counts(light):
    widget = CorrelationExplorer()
    widget.wait()
    for column in range(20):
        widget.pictures["f", "left"].cell = (3, column)
    widget.size.value = 64  # and one while another picture is being computed
    widget.pictures["f", "left"].cell = (12, 12)
    widget.wait()
    assert widget.scene.side == 16 and widget.view.cell == widget.cell == (8, 8)


def test_variants_and_files_join_the_menus(light, monkeypatch, tmp_path):
    config = Config(width=8)
    for name in ("full", "no_correlation"):
        save_generator(tmp_path / f"{name}.safetensors", untrained(RegionWiseGenerator(8), seed=3), config)
    monkeypatch.setattr(networks, "WEIGHTS", tmp_path)
    widget = CorrelationExplorer(before="no_correlation", after=tmp_path / "full.safetensors")
    widget.wait()
    assert {"untrained", "shipped", "full", "no_correlation", "own, right"} == set(widget._networks)
    assert list(widget.scene.composites) == ["no_correlation", "own, right"]
    widget.right.value = "full"
    widget.wait()
    assert list(widget.scene.composites) == ["no_correlation", "full"] and not widget.message.value


BAD = [
    ({"photo": np.zeros((1, 1, 3), np.uint8)}, "at least 8 px"),
    ({"photo": 5}, "photo: expected"),
    ({"M": torch.ones(1, 1, 32, 32)}, "no hole"),
    ({"M": torch.zeros(1, 1, 32, 32)}, "everything is missing"),
    ({"M": "x"}, "M: expected a tensor"),
    ({"after": "nowhere.safetensors"}, "does not exist"),
    ({"before": [1]}, "before, after: expected"),
    ({"before": np.zeros(3)}, "before, after: expected"),
    ({"after": "same_network"}, "does not exist"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_bad_input_is_a_message_and_the_menus_go_on(light, monkeypatch, tmp_path, arguments, words):
    monkeypatch.setattr(networks, "WEIGHTS", tmp_path)
    widget = CorrelationExplorer(**arguments)
    widget.wait()
    assert words in widget.message.value and 'role="alert"' in widget.message.value
    assert widget.scene is None and widget.static() is None
    widget.menu.photo.value, widget.menu.hole.value = "brick", "contiguous"
    widget.left.value, widget.right.value = "untrained", "shipped"
    widget.wait()
    assert widget.scene is not None and not widget.message.value


def test_a_large_photograph_is_made_smaller(light):
    widget = CorrelationExplorer(np.broadcast_to(np.arange(8000, dtype=np.uint8)[:, None], (5000, 8000, 3)))
    widget.wait()
    assert widget.scene.I_gt.shape[-1] == 96 and not widget.message.value


def test_the_static_picture_says_that_it_is_one(light):
    html = CorrelationExplorer().static().data
    assert "alt=" in html and "make lab" in html and len(html) < 150_000


def test_it_begins_with_what_ships():
    widget = CorrelationExplorer()
    widget.wait()
    assert correlation_loss_of(widget.scene, "shipped") < correlation_loss_of(widget.scene, "untrained")
    assert len(widget.static().data) < 150_000
