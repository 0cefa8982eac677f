"""One step of Algorithm 1: which loss sees what, eq. (7), whose turn it is, and what stands still meanwhile."""

import dataclasses
import sys

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel
from waits import Waits

from rwlib.config import PRESETS, Config, make_config
from rwlib.conventions import compose
from rwlib.losses import (
    FORMS,
    adversarial_loss_discriminator,
    adversarial_loss_generator,
    correlation_loss,
    gradient_penalty,
    reconstruction_loss,
    style_loss,
)
from rwlib.masks import label_from_mask
from rwlib.networks.discriminator import RegionWiseDiscriminator
from rwlib.networks.generator import Outputs, RegionWiseGenerator
from rwlib.networks.vgg import VGGFeatures
from rwlib.training.launch import new_accelerator
from rwlib.training.step import (
    Batch,
    Players,
    discriminator_step,
    generator_step,
    standing_still,
    training_step,
)
from rwlib.training.update import Updater

VGG = VGGFeatures("random", size_px=0)


def tiny(preset="balanced", **changes):
    small = {"width": 4, "discriminator_width": 4, "discriminator_layers": 2, "size_px": 16, "vgg": "random"}
    return make_config(preset, "tiny", **small | {"vgg_size_px": 0} | changes)


def players_of(config, G=None):
    torch.manual_seed(config.seed)
    G = G or RegionWiseGenerator.from_config(config)
    D = RegionWiseDiscriminator.from_config(config)
    opt_G, opt_D = (torch.optim.Adam(network.parameters(), lr=1e-3) for network in (G, D))
    return Players(G, D, VGG, opt_G, opt_D, None)


def a_batch(b=2):
    generator = torch.Generator().manual_seed(0)
    I_gt = torch.rand(b, 3, 16, 16, generator=generator) * 2 - 1
    M = torch.ones(b, 1, 16, 16)
    for i in range(b):
        M[i, :, 3 + i : 11, 4 : 12 + i % 3] = 0
    return Batch(I_gt, M, torch.rand(b, 1, 1, 1, generator=generator))


class Plain:
    """An `Update` on a single batch, as plain as it can be."""

    def __init__(self, batch):
        self.batch, self.turns, self.out = batch, [], None

    def __call__(self, player, optimiser, descended, generate, losses_of):
        self.turns.append(descended)
        optimiser.zero_grad()
        self.out = generate(self.batch) if self.out is None else self.out
        losses = losses_of(self.batch, self.out)
        losses[descended].backward()
        optimiser.step()
        return {name: x.detach() for name, x in losses.items()}


def of_generator(players, batch, config, phase):
    """Losses of the generator's step."""
    return generator_step(players.D, players.vgg, batch, players.G(batch.I_gt, batch.M), config, phase)


def of_discriminator(players, batch, config):
    """Losses of the discriminator's step."""
    return discriminator_step(players.D, batch, players.G(batch.I_gt, batch.M), config)


class Two(nn.Module):
    """A generator that is nothing but its two predictions, so that gradients can be told apart."""

    def __init__(self, batch):
        super().__init__()
        self.I_p1, self.I_p2 = (nn.Parameter(torch.rand_like(batch.I_gt) * 2 - 1) for _ in range(2))

    def forward(self, I_gt, M):
        return Outputs(self.I_p1, compose(I_gt, self.I_p1, M), self.I_p2, compose(I_gt, self.I_p2, M))


def gradients(loss, G):
    """Gradients of a loss with respect to both predictions; zeros where there is no path."""
    return torch.autograd.grad(loss, (G.I_p1, G.I_p2), allow_unused=True, materialize_grads=True, retain_graph=True)


@pytest.fixture
def seen():
    """Losses of a generator's step, and the generator."""
    batch = a_batch()
    torch.manual_seed(1)
    G = Two(batch)
    return batch, G, of_generator(players_of(tiny(), G), batch, tiny(), phase=2)


# --- which loss sees what


def where(gradient):
    return (gradient != 0).any(dim=1, keepdim=True)


def test_the_reconstruction_loss_sees_all_of_both_predictions(seen):
    _, G, losses = seen
    assert all((gradient != 0).all() for gradient in gradients(losses["L_r"], G))


def test_the_correlation_loss_sees_the_first_composite_alone(seen):
    batch, G, losses = seen
    first, second = gradients(losses["L_c"], G)
    assert (second == 0).all() and torch.equal(where(first), batch.M == 0)


def test_the_style_loss_sees_the_second_composite_alone(seen):
    batch, G, losses = seen
    first, second = gradients(losses["L_s"], G)
    assert (first == 0).all() and torch.equal(where(second), batch.M == 0)


def test_the_adversarial_loss_sees_both_predictions_in_the_hole(seen):
    batch, G, losses = seen
    for gradient in gradients(losses["L_a"], G):
        assert not (where(gradient) & (batch.M == 1)).any() and (gradient != 0).any()


def test_the_correlation_loss_sees_the_second_composite_where_it_is_told_to():
    batch = a_batch()
    G = Two(batch)
    config = tiny(correlation_on="I_c2")
    first, second = gradients(of_generator(players_of(config, G), batch, config, phase=1)["L_c"], G)
    assert (first == 0).all() and torch.equal(where(second), batch.M == 0)


@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_sum"])
@pytest.mark.parametrize("form", ["critic", "l1", "hinge"])
def test_the_terms_are_the_losses(reduction, form):
    batch = a_batch()
    G = Two(batch)
    config = tiny(reduction=reduction, adversarial=form)
    players = players_of(config, G)
    losses = of_generator(players, batch, config, phase=2)
    out = G(batch.I_gt, batch.M)
    phis_c1, phis_c2, phis_gt = (VGG(I) for I in (out.I_c1, out.I_c2, batch.I_gt))
    assert losses["L_r"] == reconstruction_loss(G.I_p1, G.I_p2, batch.I_gt, reduction=reduction)
    assert losses["L_c"] == correlation_loss(phis_c1[1], phis_gt[1], reduction=reduction)
    assert losses["L_s"] == style_loss(phis_c2, phis_gt, reduction=reduction)
    with torch.no_grad():
        scores = [players.D.eval()(I_p, batch.M) for I_p in (G.I_p1, G.I_p2)]
    label = label_from_mask(batch.M, scores[0].shape[-2:], config.label_resize)
    L_a = adversarial_loss_generator(*scores, label, form=form, reduction=reduction)
    torch.testing.assert_close(losses["L_a"].detach(), L_a)


# --- eq. (7)


@pytest.mark.parametrize("phase", [1, 2])
def test_the_objective_is_the_weighted_sum(phase):
    config = tiny(lambda_1=0.5, lambda_2=0.25, lambda_3=2.0)
    losses = of_generator(players_of(config), a_batch(), config, phase)
    weights = {"L_r": 1.0, "L_c": 0.5, "L_s": 0.25} | ({"L_a": 2.0} if phase == 2 else {})
    assert losses.keys() == weights.keys() | {"L"}
    assert float(losses["L"]) == pytest.approx(sum(x * float(losses[name]) for name, x in weights.items()), rel=1e-6)


@pytest.mark.parametrize("name, term", [("lambda_1", "L_c"), ("lambda_2", "L_s"), ("lambda_3", "L_a")])
def test_dropping_a_term_changes_the_total_by_exactly_that_term(name, term):
    config = tiny(lambda_1=0.5, lambda_2=0.25, lambda_3=2.0)
    without = dataclasses.replace(config, **{name: 0.0})
    whole, less = (float(of_generator(players_of(x), a_batch(), x, phase=2)["L"]) for x in (config, without))
    losses = of_generator(players_of(config), a_batch(), config, phase=2)
    assert whole - less == pytest.approx(getattr(config, name) * float(losses[term]), rel=1e-4)


def test_the_papers_weights():
    config = Config()
    assert (config.lambda_1, config.lambda_2, config.lambda_3, config.alpha) == (1e-5, 1e-3, 1.0, 0.01)


def test_phase_one_does_not_ask_the_discriminator():
    config, batch = tiny(), a_batch()
    players = players_of(config)
    players.D.register_forward_hook(lambda *_: pytest.fail("it was asked"))
    update = Plain(batch)
    assert "L_a" not in training_step(players, config, 1, 0, update) and update.turns == ["L"]


def test_lazy_terms_weigh_as_much_as_they_are_rare():
    config, batch = tiny(vgg_every=4), a_batch()
    steps = [training_step(players_of(config), config, 1, number, Plain(batch)) for number in range(5)]
    assert ["L_c" in losses for losses in steps] == [True, False, False, False, True]
    first, second = steps[:2]
    expected = first["L_r"] + 4 * (config.lambda_1 * first["L_c"] + config.lambda_2 * first["L_s"])
    assert float(first["L"]) == pytest.approx(float(expected), rel=1e-6)
    assert second["L"] == second["L_r"] == first["L_r"]  # from the same weights


# --- whose turn it is


@pytest.mark.parametrize("config", [*map(tiny, PRESETS), *(tiny(adversarial=form) for form in FORMS)], ids=str)
def test_each_preset_and_form_trains_the_right_networks_in_both_phases(config):
    players, batch = players_of(config), a_batch()
    for phase, moves in ((1, {"G"}), (2, {"G", "D"})):
        networks = {"G": players.G, "D": players.D, "vgg": players.vgg}
        before = {name: [x.clone() for x in network.parameters()] for name, network in networks.items()}
        update = Plain(batch)
        losses = training_step(players, config, phase, 0, update)
        changed = {
            name
            for name, network in networks.items()
            if not all(map(torch.equal, network.parameters(), before[name]))
        }  # fmt: skip
        assert changed == moves and update.turns == (["L"] if phase == 1 else ["L_D", "L"])
        terms = {"L_r", "L_c", "L_s", "L"} | ({"L_a", "L_D", "D_gt", "D_p2"} if phase == 2 else set())
        assert losses.keys() == terms
        assert all(x.isfinite() and x.ndim == 0 and not x.requires_grad for x in losses.values())
    assert all(x.requires_grad for x in players.D.parameters())


def test_the_generator_asks_the_discriminator_that_has_just_moved():
    config, batch = tiny(), a_batch()
    players = players_of(config)
    with torch.no_grad():
        out = players.G(batch.I_gt, batch.M)
    losses = training_step(players, config, 2, 0, Plain(batch))
    with torch.no_grad():
        scores = [players.D.eval()(I_p, batch.M) for I_p in (out.I_p1, out.I_p2)]
    label = label_from_mask(batch.M, scores[0].shape[-2:], "area")
    expected = adversarial_loss_generator(*scores, label, form="hinge", reduction="mean")
    torch.testing.assert_close(losses["L_a"], expected)


def test_the_discriminator_teaches_the_generator_nothing():
    config, batch = tiny(), a_batch()
    players = players_of(config)
    of_discriminator(players, batch, config)["L_D"].backward()
    assert all(x.grad is None for x in players.G.parameters())
    assert all(x.grad is not None for x in players.D.parameters())


def test_a_discriminator_that_is_asked_learns_nothing_and_does_not_iterate():
    config, batch = tiny(), a_batch()
    players = players_of(config)
    buffers = [x.clone() for x in players.D.buffers()]
    of_generator(players, batch, config, phase=2)["L"].backward()
    assert all(x.grad is None for x in players.D.parameters())
    assert all(x.grad is not None for x in players.G.parameters())
    assert all(map(torch.equal, players.D.buffers(), buffers)) and all(x.requires_grad for x in players.D.parameters())


def test_a_discriminator_is_given_back_when_asking_fails():
    D = RegionWiseDiscriminator(4, 2)
    with pytest.raises(ZeroDivisionError), standing_still(D):
        raise ZeroDivisionError
    assert all(x.requires_grad for x in D.parameters())


@pytest.mark.parametrize("form", FORMS)
def test_the_power_iteration_advances_once_per_step(form):
    """As often as one forward in training mode, for every form, and not again on further pictures."""
    config = tiny(adversarial=form)
    players, reference, batch = players_of(config), players_of(config), a_batch()
    players.D.eval()  # as the step before leaves it
    training_step(players, config, 2, 0, Plain(batch))
    with torch.no_grad():
        reference.D.train()(batch.I_gt, batch.M)
    assert all(map(torch.equal, players.D.buffers(), reference.D.buffers()))
    of_discriminator(reference._replace(D=players.D), a_batch(), config)
    assert all(map(torch.equal, players.D.buffers(), reference.D.buffers()))


def test_the_discriminator_teaches_the_generator_in_phase_two():
    def scores_after(lambda_3):
        config, batch = tiny(lambda_3=lambda_3), a_batch()
        players = players_of(config)
        for _ in range(3):
            losses = training_step(players, config, 2, 0, Plain(batch))
        return float(losses["L_a"])

    assert scores_after(1e4) < scores_after(0.0)  # of the hinge form: minus the scores of fakes


def test_the_discriminator_sees_truth_and_both_predictions_and_the_generators_term_the_predictions():
    config, batch, seen = tiny(), a_batch(), []
    players, I_gt, M = players_of(config), batch.I_gt, batch.M
    with torch.no_grad():
        out = players.G(I_gt, M)
    players.D.register_forward_pre_hook(lambda D, inputs: seen.append([x.detach().clone() for x in inputs]))
    training_step(players, config, 2, 0, Plain(batch))
    (real_and_fake, masks), (fake, fake_masks) = seen
    assert torch.equal(real_and_fake, torch.cat([I_gt, out.I_p1, out.I_p2])) and torch.equal(
        masks, M.repeat(3, 1, 1, 1)
    )
    assert torch.equal(fake, torch.cat([out.I_p1, out.I_p2])) and torch.equal(fake_masks, M.repeat(2, 1, 1, 1))


# --- the discriminator's loss


@pytest.mark.parametrize("form", FORMS)
def test_the_discriminators_loss_by_hand(form):
    config, batch = tiny(adversarial=form, alpha=0.3, reduction="sum"), a_batch()
    players, other = players_of(config), players_of(config)
    with torch.no_grad():
        out = players.G(batch.I_gt, batch.M)
    losses = discriminator_step(players.D.train(), batch, out, config)
    I_gt, M = batch.I_gt, batch.M
    D = other.D.train()
    I_p1, _, I_p2, _ = out
    scores = D(torch.cat([I_gt, I_p1, I_p2]), M.repeat(3, 1, 1, 1)).chunk(3)
    label = label_from_mask(M, scores[0].shape[-2:], config.label_resize)
    expected = adversarial_loss_discriminator(*scores, label, form=form, alpha=0.3, reduction="sum")
    if form == "wgan-gp":
        I_mix = (batch.u * I_gt + (1 - batch.u) * I_p2).requires_grad_()
        expected = expected + 10 * gradient_penalty(D.eval()(I_mix, M), I_mix, M)
    torch.testing.assert_close(losses["L_D"], expected)
    torch.testing.assert_close(losses["D_gt"], scores[0].mean())
    torch.testing.assert_close(losses["D_p2"], scores[2].mean())


# --- parts and averages


@pytest.mark.parametrize("n", [1, 2])
def test_a_whole_batch_goes_through_the_generator_once_and_parts_again_in_each_turn(n):
    config, forwards = tiny(), []
    players = players_of(config)
    players.G.register_forward_hook(lambda *_: forwards.append(torch.is_grad_enabled()))
    update = Updater(new_accelerator(config, cpu=True), config, [a_batch() for _ in range(n)])
    training_step(players, config, 2, 0, update)
    assert forwards == ([True] if n == 1 else [False, False, True, True])  # no graph for the discriminator's turn


def test_two_generators_in_one_step_do_not_get_each_others_result():
    config, seen = tiny(precision="fp32"), []
    update = Updater(new_accelerator(config, cpu=True), config, [a_batch()])
    for value in (2.0, 3.0):
        layer = nn.Linear(1, 1)
        update(
            layer, torch.optim.SGD(layer.parameters()), "L", lambda batch, value=value: value,
            lambda batch, out, layer=layer: seen.append(out) or {"L": layer.weight.sum() * out},
        )  # fmt: skip
    assert seen == [2.0, 3.0]


@pytest.mark.parametrize("form", FORMS)
def test_the_power_iteration_advances_once_for_all_parts(form):
    config = tiny(adversarial=form, precision="fp32")
    one, two = players_of(config), players_of(config)
    for players, n in ((one, 1), (two, 2)):
        parts = [a_batch() for _ in range(n)]
        training_step(players, config, 2, 0, Updater(new_accelerator(config, cpu=True), config, parts))
    assert all(map(torch.equal, one.D.buffers(), two.D.buffers()))


def test_the_moving_average_follows_the_generator():
    config, batch = tiny(), a_batch()
    players = players_of(config)
    ema = AveragedModel(players.G, avg_fn=lambda average, x, n: (average + x) / 2)
    before = [x.clone() for x in ema.module.parameters()]
    ema.n_averaged += 1  # the first update would copy
    training_step(players._replace(ema=ema), config, 1, 0, Plain(batch))
    for average, old, new in zip(ema.module.parameters(), before, players.G.parameters(), strict=True):
        torch.testing.assert_close(average, (old + new) / 2)


# --- speed on a GPU


@pytest.mark.parametrize("changes", [{}, {"adversarial": "wgan-gp"}, {"r1_gamma": 1.0, "region_wise": "location"}])
def test_a_step_never_waits_for_a_number(changes, monkeypatch):
    """On a GPU the processor would stand still until everything before is computed. Losses are read by the loop."""
    monkeypatch.setattr(sys.modules[correlation_loss.__module__], "SKIPPING", set())
    config = tiny(**changes)
    players = players_of(config)
    # Adam counts its steps on the CPU, which looks like a wait here and is none on a GPU.
    slow = {
        name: torch.optim.SGD(network.parameters(), lr=1e-3)
        for name, network in zip(("opt_G", "opt_D"), players[:2], strict=True)
    }
    for phase in (1, 2):
        with Waits() as waits:
            training_step(players._replace(**slow), config, phase, 0, Plain(a_batch()))
        assert waits.names == []
