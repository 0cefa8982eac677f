"""Every rival's step: what it computes, who moves, what it makes of odd input; resumed and distributed runs."""

import csv
import dataclasses
import functools
import sys

import pytest
import torch
from safetensors.torch import load_file
from test_training_loop import Noise, curves, on_the_cpu, run  # noqa: F401 (on_the_cpu is a fixture)
from test_training_processes import DOUBLE, START, TRAIN, largest_difference, launch
from test_training_step import Plain

from rwlib.checkpoints import load_generator
from rwlib.config import MODELS, make_config
from rwlib.conventions import InputError, check_shape
from rwlib.networks.models import GENERATORS
from rwlib.training.launch import new_accelerator
from rwlib.training.loop import train
from rwlib.training.methods import METHODS
from rwlib.training.players import networks_of
from rwlib.training.run_folder import pictures_of
from rwlib.training.setup import new_players
from rwlib.training.step import Batch
from rwlib.training.update import Updater

RIVALS = [name for name in METHODS if name != "region-wise"]
IDLE = {"whole.linear.bias", "hole.linear.bias", "attention.query.weight", "attention.query.bias"}
"""Weights that cannot move: a Wasserstein critic's loss does not change with what is added to all its scores, and PIC's
attention begins with a weight of zero."""
MOVE = {
    ("pconv", 1): {"G"},
    ("pconv", 2): {"G"},
    ("ca", 1): {"G", "D"},
    ("gated", 1): {"G", "D"},
    ("ec", 1): {"edge_network", "D_edges"},
    ("ec", 2): {"completion_network", "D"},
    ("ec", 3): {"completion_network", "D"},
    ("pic", 1): {"G", "D", "D_rec"},
}
"""Model and phase -> the networks that a step moves."""
PHASES = [(name, phase) for name, phase in MOVE if name in RIVALS]
SIDE = 64
"""Of the pictures of one step; contextual attention finds no patch without a hole in smaller ones."""


class Held(Noise):
    """Photographs to validate on."""

    def center(self, index, size_px):
        return self.crop(index, size_px, torch.Generator().manual_seed(index))


def tiny(model, **changes):
    """One step per phase."""
    small = {"width": 4, "discriminator_width": 4, "size_px": 32, "batch_size": 2, "vgg": "random", "workers": 0}
    epochs = (1,) * len(MODELS[model].phases)
    small |= {"precision": "fp32", "epochs": epochs, "steps_per_epoch": 1, "ema_decay": 0.5}
    return make_config("balanced", "tiny", model=model, **small | changes)


def a_batch(b=2, hole="both"):
    """`hole`: "none", "all", or one of a few sizes in each picture."""
    generator = torch.Generator().manual_seed(0)
    I_gt = torch.rand(b, 3, SIDE, SIDE, generator=generator) * 2 - 1
    M = torch.zeros(b, 1, SIDE, SIDE) if hole == "all" else torch.ones(b, 1, SIDE, SIDE)
    for i in range(b if hole == "both" else 0):
        M[i, :, 6 + i : 20, 8 : 22 + i] = 0
    normal = lambda k, *shape: torch.randn(b, *shape, generator=torch.Generator().manual_seed(k))  # noqa: E731
    return Batch(I_gt, M, torch.rand(b, 1, 1, 1, generator=generator), normal=normal)


def step(config, phase=1, batch=None, players=None):
    players = players or new_players(config, torch.device("cpu"))
    return players, METHODS[config.model].training_step(players, config, phase, 0, Plain(batch or a_batch()))


@functools.cache
def shared_players(model):
    """Loss networks take a while to draw; several steps in a row are as good as one."""
    return new_players(tiny(model, size_px=SIDE), torch.device("cpu"))


# --- one step


def test_every_model_has_a_method_a_generator_and_names_for_its_losses():
    assert METHODS.keys() == GENERATORS.keys() <= MODELS.keys()
    for name, method in METHODS.items():
        assert set(MODELS[name].weights) < set(method.losses) and method.losses[0] == "L"
        assert len(MODELS[name].rates) == len(MODELS[name].phases)
        assert {len(epochs) for epochs in MODELS[name].epochs.values()} == {len(MODELS[name].phases)}


@pytest.mark.parametrize(("model", "phase"), PHASES)
def test_a_step_moves_its_own_players_and_no_others(model, phase):
    config = tiny(model, size_px=SIDE)
    players = new_players(config, torch.device("cpu"))
    before = {name: [p.clone() for p in network.parameters()] for name, network in networks_of(players).items()}
    frozen = {name: x.clone() for name, x in players.vgg.state_dict().items()} if hasattr(players, "vgg") else {}
    _, losses = step(config, phase, players=players)
    assert all(x.isfinite() and x.ndim == 0 and not x.requires_grad for x in losses.values()), losses
    assert set(losses) <= set(METHODS[model].losses)

    # Every weight of those who move, no weight of the others; the average follows.
    moved = {name: [not torch.equal(p, q) for p, q in zip(before[name], network.parameters(), strict=True)]
             for name, network in networks_of(players).items()}  # fmt: skip
    ema = moved.pop("ema")
    assert {name for name, which in moved.items() if any(which)} == MOVE[model, phase]
    for name in MOVE[model, phase]:
        still = [n for (n, _), m in zip(getattr(players, name).named_parameters(), moved[name], strict=True) if not m]
        assert all(n.endswith(tuple(IDLE)) for n in still), (name, still)
    assert any(ema) and all(torch.equal(x, players.vgg.state_dict()[name]) for name, x in frozen.items())


@pytest.mark.parametrize(("model", "phase"), PHASES)
def test_L_is_the_sum_of_its_terms_with_the_weights_of_the_paper_or_a_users(model, phase):
    own = {name: 0.5 + i for i, name in enumerate(MODELS[model].weights)}
    for weights in (dict(MODELS[model].weights), own):
        given = tuple(own.items()) if weights is own else ()
        _, losses = step(tiny(model, size_px=SIDE, weights=given), phase, players=shared_players(model))
        expected = sum(weights[name] * float(losses[name]) for name in weights if name in losses)
        assert float(losses["L"]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("model", "phase"), PHASES)
@pytest.mark.parametrize("hole", ["none", "all", "both"])
def test_odd_input_gives_finite_losses(model, phase, hole):
    """A batch of one; no hole; nothing but hole."""
    batch = a_batch(1, hole)
    players, losses = step(tiny(model, size_px=SIDE), phase, batch, shared_players(model))
    assert all(x.isfinite() for x in losses.values()), losses
    assert all(p.isfinite().all() for network in networks_of(players).values() for p in network.parameters())
    G = METHODS[model].generator(players).eval()
    assert G.fill(batch.I_gt, batch.M).isfinite().all()


@pytest.mark.parametrize(("model", "phase"), PHASES)
def test_no_tensor_is_checked_twice_but_at_the_door_of_a_discriminator(model, phase):
    """That of gated convolution is given M itself, that of PIC I_gt itself, which the generator has checked."""
    players, batch, checked = shared_players(model), a_batch(), []

    def look(frame, event, argument):
        if event == "call" and frame.f_code is check_shape.__code__:
            checked.append(frame.f_locals["x"])

    sys.setprofile(look)
    try:  # in the fifth step CA's generator moves, too
        METHODS[model].training_step(players, tiny(model, size_px=SIDE), phase, 4, Plain(batch))
    finally:
        sys.setprofile(None)
    assert len(checked) > 4
    again = [x for i, x in enumerate(checked) if any(x is y for y in checked[:i])]
    allowed = {"gated": [batch.M], "pic": [batch.I_gt]}.get(model, [])
    assert [*map(id, again)] == [*map(id, allowed)]


def cut(config, n):
    """An update on n parts, all of them the same pictures."""
    return Updater(new_accelerator(config, cpu=True), config, [a_batch() for _ in range(n)])


@pytest.mark.slow
@pytest.mark.parametrize(("model", "phase"), [("gated", 1), ("ec", 1), ("ec", 2), ("pic", 1)])
def test_the_power_iteration_advances_once_for_all_parts(model, phase):
    config, seen = tiny(model, size_px=SIDE), []
    for n in (1, 2):
        players = new_players(config, torch.device("cpu"))
        judges = [getattr(players, name) for name in sorted(MOVE[model, phase]) if name.startswith("D")]
        for D in judges:
            D.eval()  # as the step before leaves it
        vectors = [x for D in judges for name, x in D.named_buffers() if name.endswith("._u") and len(x) > 1]
        before = [x.clone() for x in vectors]
        METHODS[model].training_step(players, config, phase, 0, cut(config, n))
        assert len(vectors) > 3 and not any(map(torch.equal, before, vectors))
        seen.append(vectors)
    assert all(map(torch.equal, *seen))


@pytest.mark.parametrize("n", [1, 2])
def test_a_graph_is_kept_only_for_a_generator_that_moves(n):
    config, graphs = tiny("ca", size_px=SIDE, generator_every=2), []
    players = new_players(config, torch.device("cpu"))
    players.G.register_forward_hook(lambda *_: graphs.append(torch.is_grad_enabled()))
    for number in range(2):  # the critics alone, then all
        METHODS["ca"].training_step(players, config, 1, number, cut(config, n))
    assert graphs == ([False, True] if n == 1 else [False] * 4 + [True] * 2)


# --- runs


LARGE = {"ca", "ec", "pic"}
"""Their runs take seconds each."""


@pytest.mark.parametrize("model", [pytest.param(x, marks=[pytest.mark.slow] if x in LARGE else []) for x in RIVALS])
def test_a_run_leaves_curves_samples_and_a_generator_and_resumes_bit_for_bit(tmp_path, model):
    each = 2 if len(MODELS[model].phases) == 1 else 1
    config, total = tiny(model, steps_per_epoch=each), each * len(MODELS[model].phases)
    run(config, tmp_path / "straight", val=Held())
    for stop in (*range(1, total), None):  # stopped after every step
        run(config, tmp_path / "resumed", resume=True, steps=stop, val=Held())
    assert largest_difference(tmp_path / "straight", tmp_path / "resumed")[0] == 0
    rows, others = curves(tmp_path / "straight"), curves(tmp_path / "resumed")
    assert all(row.pop("val_hole_psnr") for row in others) and rows.pop()["val_hole_psnr"]  # at every checkpoint
    assert [row | {"val_hole_psnr": ""} for row in others[:-1]] == rows

    with open(tmp_path / "straight" / "curves.csv", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == total and [int(row["phase"]) for row in rows] == [1 + k // each for k in range(total)]
    assert all(any(row[name] for row in rows) for name in METHODS[model].losses)
    assert all(float(row["ms_update"]) > 0 and float(row["ms_forward"]) > 0 for row in rows)
    G, saved = load_generator(tmp_path / "straight" / "generator.safetensors")
    assert saved == config and type(G) is GENERATORS[model]
    assert (tmp_path / "straight" / f"samples/step_{total:06d}.png").exists()
    out = G(a_batch().I_gt, a_batch().M)
    assert torch.equal(getattr(out, pictures_of(out)[-1]), out.I_c)


def test_a_run_of_another_model_is_not_gone_on_with_nor_started_from(tmp_path):
    one, other = RIVALS[0], "region-wise"
    run(tiny(one), tmp_path / "run")
    mine = make_config("balanced", "tiny", width=4, discriminator_width=4, size_px=32, vgg="random", precision="fp32")
    with pytest.raises(
        InputError, match=rf"^model: the run in .* trains {one}, not {other}; choose another run folder$"
    ):
        train(mine, Noise(), tmp_path / "run", resume=True, progress=False)
    for file in ("generator", "training"):
        with pytest.raises(
            InputError, match=rf"^init: .*{file}.safetensors holds {one}, this run trains {other}; give"
        ):
            train(mine, Noise(), tmp_path / "new", init=tmp_path / "run" / f"{file}.safetensors", progress=False)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("model", RIVALS)
def test_a_run_starts_from_a_generator_or_a_run_of_its_model(tmp_path, model):
    config = tiny(model, ema_decay=0.0)
    run(config, tmp_path / "run", steps=1)
    drawn = METHODS[model].generator(new_players(dataclasses.replace(config, seed=1), torch.device("cpu")))
    for file in ("generator", "training"):
        players = new_players(
            dataclasses.replace(config, seed=1), torch.device("cpu"), init=tmp_path / "run" / f"{file}.safetensors"
        )
        G, learned = METHODS[model].generator(players), load_file(tmp_path / "run" / "generator.safetensors")
        assert all(torch.equal(x, learned[name]) for name, x in G.state_dict().items())
        assert not all(torch.equal(x, learned[name]) for name, x in drawn.state_dict().items())


@pytest.mark.slow
def test_two_processes_equal_one_at_double_the_batch(nursery, tmp_path):
    """In float64 (`test_training_processes.py`), three steps of each phase, in one pair of processes for all models."""

    def runs(folder, **changes):
        return [(tmp_path / folder / model, tiny(model, steps_per_epoch=3, **changes), [None]) for model in RIVALS]

    launch(nursery, START + DOUBLE + TRAIN, runs("two", batch_size=1), 2)
    launch(nursery, START + DOUBLE + TRAIN, runs("one", batch_size=2), 1)
    for model in RIVALS:
        difference, where = largest_difference(tmp_path / "one" / model, tmp_path / "two" / model)
        assert difference < 1e-6, (model, where, difference)
        for a, b in zip(curves(tmp_path / "one" / model), curves(tmp_path / "two" / model), strict=True):
            a, b = ({k: float(v) for k, v in row.items() if v} for row in (a, b))
            assert a == pytest.approx(b, rel=1e-4, abs=1e-6), model
