r"""CA, one step (Yu et al., "Generative Image Inpainting with Contextual Attention", CVPR 2018; Algorithm 1 there).

Two critics, of the whole picture and of the hole's bounding box, both with a gradient penalty inside the hole (WGAN-GP,
section 3 there), move in every step; the generator in every fifth (`Config.generator_every`):

    the critics descend       D(I_c2) - D(I_gt) + 10 (‖∇D(I_mix) ⊙ (1 - M)‖₂ - 1)²,    for whole picture and box
    the generator descends    L = 1.2 L_r + 1.2 L_ae + 0.001 L_a
        L_r     L1 of the hole's pixels, weighted by γ^l, l pixels away from the nearest existing one, γ = 0.9
        L_ae    L1 of the existing pixels, as for an autoencoder
        L_a     -D(I_c2), for whole picture and box

In L_r and L_ae the first prediction weighs 1.2, the second 1. Both are means over the pixels that they compare, picture
by picture, so that a hole's weight does not depend on its size; a picture without hole has no L_r.
"""

import torch
from torch import nn

from rwlib.config import Config
from rwlib.conventions import weighted_mean
from rwlib.losses import gan_loss_discriminator, gan_loss_generator, gradient_penalty
from rwlib.losses.weighted import weight_by_depth
from rwlib.networks.generator import Outputs
from rwlib.networks.layers.crop import crop_box, hole_box
from rwlib.networks.rivals.ca import CAGenerator, GlobalAndLocalCritics
from rwlib.training.players import TwoPlayers, two_players, weighted_sum
from rwlib.training.step import GRADIENT_PENALTY_WEIGHT, Batch, Losses, Update, standing_still, unwrapped

LOSSES = ("L", "L_r", "L_ae", "L_a", "L_D", "L_D_penalty", "D_gt", "D_c2")
COARSE = 1.2
"""Weight of the first prediction in L_r and L_ae, as in the authors' program."""


def new_players(config: Config) -> TwoPlayers:
    """Make networks with fresh weights, and their optimisers."""
    return two_players(CAGenerator.from_config(config), GlobalAndLocalCritics.from_config(config), config)


def training_step(players: TwoPlayers, config: Config, phase: int, number: int, update: Update) -> Losses:
    """Let the critics move, and the generator if it is its turn.

    Arguments as in `rwlib.training.step.training_step`; there is one phase.
    """
    G, D, opt_G, opt_D, ema = players
    turn = number % config.generator_every == config.generator_every - 1

    def generate(batch: Batch) -> Outputs:
        return G(batch.I_gt, batch.M)

    if not turn:
        generate = torch.no_grad()(generate)  # for the critics alone
    losses = update(D, opt_D, "L_D", generate, lambda batch, out: critics_step(D, batch, out))
    if turn:
        losses |= update(G, opt_G, "L", generate, lambda batch, out: generator_step(D, batch, out, config))
        if ema is not None:
            ema.update_parameters(unwrapped(G))
    return losses


def critics_step(D: nn.Module, batch: Batch, out: Outputs) -> Losses:
    """Compute what both critics descend."""
    I_gt, M, I_c2 = batch.I_gt, batch.M, out.I_c2.detach().float()
    box, hole_px = hole_box(M), unwrapped(D).hole.size_px
    hole_gt, hole_c2 = crop_box(I_gt, box, hole_px), crop_box(I_c2, box, hole_px)

    # Scores of real and fake, whole and box.
    scores = D(torch.cat([I_gt, I_c2]), torch.cat([hole_gt, hole_c2]))
    scores_gt, scores_c2 = zip(*(score.float().chunk(2) for score in scores), strict=True)
    terms = [gan_loss_discriminator(real, fake, form="wgan") for real, fake in zip(scores_gt, scores_c2, strict=True)]
    L_D = torch.stack(terms).sum()

    # Gradient penalty, on mixtures of real and fake; only pixels of the hole may move.
    I_mix = (batch.u * I_gt + (1 - batch.u) * I_c2).requires_grad_()
    hole_mix = (batch.u * hole_gt + (1 - batch.u) * hole_c2).requires_grad_()
    mixed, M_hole = D(I_mix, hole_mix), crop_box(M.expand_as(I_gt), box, hole_px)[:, :1]
    penalty = gradient_penalty(mixed.whole, I_mix, M) + gradient_penalty(mixed.hole, hole_mix, M_hole)
    means = {name: torch.stack([s.mean() for s in x]).sum() for name, x in (("D_gt", scores_gt), ("D_c2", scores_c2))}
    return {"L_D": L_D + GRADIENT_PENALTY_WEIGHT * penalty, "L_D_penalty": penalty, **means}


def generator_step(D: nn.Module, batch: Batch, out: Outputs, config: Config) -> Losses:
    """Compute what the generator descends."""
    I_gt, M = batch.I_gt, batch.M
    error_p1, error_p2 = (out.I_p1 - I_gt).abs(), (out.I_p2 - I_gt).abs()  # (b, 3, h, w)
    error = COARSE * error_p1 + error_p2
    with standing_still(D) as frozen_D:
        scores = frozen_D(out.I_c2, crop_box(out.I_c2.float(), hole_box(M), frozen_D.hole.size_px))
    losses = {
        "L_r": weighted_mean(error * weight_by_depth(M), 1 - M),
        "L_ae": weighted_mean(error, M),
        "L_a": torch.stack([gan_loss_generator(score.float(), form="wgan") for score in scores]).sum(),
    }
    return {**losses, "L": weighted_sum(losses, config)}
