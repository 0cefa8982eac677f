r"""Gated convolution, one step (Yu et al., "Free-Form Image Inpainting with Gated Convolution", ICCV 2019).

The simplest objective of all: pixels, and a hinge on the patches of a SN-PatchGAN, with equal weights (section 3.4
there; no perceptual, style or total variation loss):

    the discriminator descends    (max(0, 1 - D(I_gt)) + max(0, 1 + D(I_c2))) / 2
    the generator descends        L = L_r + L_a,    L_r = |I_p1 - I_gt| + |I_p2 - I_gt|,    L_a = -D(I_c2)

all of them means. D sees the second composite and the mask; the first prediction has L_r alone.
"""

import torch
from torch import nn

from rwlib.config import Config
from rwlib.losses import gan_loss_discriminator, gan_loss_generator, reconstruction_loss
from rwlib.networks.generator import Outputs
from rwlib.networks.rivals.gated import GatedGenerator, SNPatchDiscriminator
from rwlib.training.players import TwoPlayers, two_players, weighted_sum
from rwlib.training.step import Batch, Losses, Update, standing_still, unwrapped

LOSSES = ("L", "L_r", "L_a", "L_D", "D_gt", "D_c2")


def new_players(config: Config) -> TwoPlayers:
    """Make networks with fresh weights, and their optimisers."""
    return two_players(GatedGenerator.from_config(config), SNPatchDiscriminator.from_config(config), config)


def training_step(players: TwoPlayers, config: Config, phase: int, number: int, update: Update) -> Losses:
    """Let both players move; arguments as in `rwlib.training.step.training_step`, there is one phase."""
    G, D, opt_G, opt_D, ema = players

    def generate(batch: Batch) -> Outputs:
        return G(batch.I_gt, batch.M)

    D.train()  # until it has scored once: its spectral norm advances by one power iteration per step
    losses = update(D, opt_D, "L_D", generate, lambda batch, out: discriminator_step(D, batch, out))
    losses |= update(G, opt_G, "L", generate, lambda batch, out: generator_step(D, batch, out, config))
    if ema is not None:
        ema.update_parameters(unwrapped(G))
    return losses


def discriminator_step(D: nn.Module, batch: Batch, out: Outputs) -> Losses:
    """Compute what the discriminator descends: it tells I_gt from the second composite."""
    I_gt, M = batch.I_gt, batch.M

    # Real and fake in one forward, the only one of the step that advances the power iteration.
    score_gt, score_c2 = D(torch.cat([I_gt, out.I_c2.detach()]), torch.cat([M, M])).float().chunk(2)
    D.eval()
    L_D = gan_loss_discriminator(score_gt, score_c2, form="hinge", share=0.5)
    return {"L_D": L_D, "D_gt": score_gt.mean(), "D_c2": score_c2.mean()}


def generator_step(D: nn.Module, batch: Batch, out: Outputs, config: Config) -> Losses:
    """Compute what the generator descends: both predictions' pixels, the second composite's patches."""
    with standing_still(D) as frozen_D:
        score_c2 = frozen_D(out.I_c2, batch.M).float()
    losses = {
        "L_r": reconstruction_loss(out.I_p1, out.I_p2, batch.I_gt, reduction="mean"),
        "L_a": gan_loss_generator(score_c2, form="hinge"),
    }
    return {**losses, "L": weighted_sum(losses, config)}
