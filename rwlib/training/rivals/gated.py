r"""Gated convolution, one step (Yu et al., "Free-Form Image Inpainting with Gated Convolution", ICCV 2019).

The simplest objective of all: pixels, and a hinge on the patches of a SN-PatchGAN, with equal weights (section 3.4
there; no perceptual, style or total variation loss):

    the discriminator descends    (max(0, 1 - D(I_gt)) + max(0, 1 + D(I_c2))) / 2
    the generator descends        L = L_r + L_a,    L_r = |I_p1 - I_gt| + |I_p2 - I_gt|,    L_a = -D(I_c2)

all of them means. D sees the second composite and the mask; the first prediction has L_r alone.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from rwlib.config import Config
from rwlib.losses import gan_loss_discriminator, gan_loss_generator, reconstruction_loss
from rwlib.networks.rivals.gated import GatedGenerator, SNPatchDiscriminator
from rwlib.training.players import adam, weighted_sum
from rwlib.training.step import Losses, Part, Update, standing_still, unwrapped

LOSSES = ("L", "L_r", "L_a", "L_D", "D_gt", "D_c2")


class Players(NamedTuple):
    """The networks of a run, and what updates them."""

    G: nn.Module
    D: nn.Module
    opt_G: torch.optim.Optimizer
    opt_D: torch.optim.Optimizer
    ema: AveragedModel | None = None


def new_players(config: Config) -> Players:
    """Make networks with fresh weights, and their optimisers."""
    G, D = GatedGenerator.from_config(config), SNPatchDiscriminator.from_config(config)
    return Players(G, D, adam(G, config), adam(D, config, decay=False))


def training_step(players: Players, config: Config, phase: int, number: int, update: Update) -> Losses:
    """Let both players move; arguments as in `rwlib.training.step.training_step`, there is one phase."""
    losses = update(players.D, players.opt_D, "L_D", lambda part: discriminator_step(players, part))
    losses |= update(players.G, players.opt_G, "L", lambda part: generator_step(players, part, config))
    if players.ema is not None:
        players.ema.update_parameters(unwrapped(players.G))
    return losses


def discriminator_step(players: Players, part: Part) -> Losses:
    """Compute what the discriminator descends: it tells I_gt from the second composite."""
    I_gt, M, D = part.I_gt, part.M, players.D
    with torch.set_grad_enabled(part.whole):  # of a whole batch the generator goes on from here
        out = players.G(I_gt, M)
    part.out = out if part.whole else None

    # Real and fake in one forward, so that the power iteration of the spectral norm advances once per step.
    D.train(part.first)
    score_gt, score_c2 = D(torch.cat([I_gt, out.I_c2.detach()]), torch.cat([M, M])).float().chunk(2)
    L_D = gan_loss_discriminator(score_gt, score_c2, form="hinge", share=0.5)
    return {"L_D": L_D, "D_gt": score_gt.mean(), "D_c2": score_c2.mean()}


def generator_step(players: Players, part: Part, config: Config) -> Losses:
    """Compute what the generator descends: both predictions' pixels, the second composite's patches."""
    I_gt, M = part.I_gt, part.M
    out = part.out or players.G(I_gt, M)
    with standing_still(players.D) as D:
        score_c2 = D(out.I_c2, M).float()
    losses = {
        "L_r": reconstruction_loss(out.I_p1, out.I_p2, I_gt, reduction="mean"),
        "L_a": gan_loss_generator(score_c2, form="hinge"),
    }
    return {**losses, "L": weighted_sum(losses, config)}
