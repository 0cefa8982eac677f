r"""PConv, one step (Liu et al., "Image Inpainting for Irregular Holes Using Partial Convolutions", ECCV 2018).

No discriminator: six losses, eqs. (2) to (7) there, of which the style loss counts for prediction and composite:

    L = L_valid + 6 L_hole + 0.05 L_p + 120 (L_s of I_p + L_s of I_c) + 0.1 L_tv

    L_valid    ‖M ⊙ (I_p - I_gt)‖₁ / n           n = c h w: a small hole weighs little, a large one much
    L_hole     ‖(1 - M) ⊙ (I_p - I_gt)‖₁ / n
    L_p        feature maps of VGG-16, pools 1 to 3, of I_p and of I_c
    L_s        their Gram matrices over channels, of I_p and of I_c
    L_tv       total variation of I_c in the hole grown by a pixel

In the second phase the encoder's batch normalisation stands still (section 4.2 there): its statistics count pixels of
the hole as zeros. The bundled loss network is VGG-19; up to pool 2 it has the form of VGG-16.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from rwlib.config import Config
from rwlib.losses import feature_loss, style_loss
from rwlib.losses.total_variation import total_variation
from rwlib.losses.weighted import weighted_l1
from rwlib.networks.rivals.pconv import PConvOutputs, PConvUNet
from rwlib.networks.vgg import VGGMaps
from rwlib.training.players import adam, weighted_sum
from rwlib.training.step import Batch, Losses, Update, unwrapped

LOSSES = ("L", "L_valid", "L_hole", "L_p", "L_s", "L_tv")


class Players(NamedTuple):
    """The network of a run, and what updates it."""

    G: nn.Module
    vgg: VGGMaps
    opt_G: torch.optim.Optimizer
    ema: AveragedModel | None = None


def new_players(config: Config) -> Players:
    """Make the network with fresh weights, and its optimiser."""
    G = PConvUNet.from_config(config)
    return Players(G, VGGMaps(("pool1", "pool2", "pool3"), config.vgg), adam(G, config))


def training_step(players: Players, config: Config, phase: int, number: int, update: Update) -> Losses:
    """Let the network move; arguments as in `rwlib.training.step.training_step`, phase 2 is the fine-tuning."""
    G, vgg, opt_G, ema = players
    unwrapped(G).train()
    if phase == 2:
        unwrapped(G).freeze_encoder_norm()

    def generate(batch: Batch) -> PConvOutputs:
        return G(batch.I_gt, batch.M)

    losses = update(G, opt_G, "L", generate, lambda batch, out: network_step(vgg, batch, out, config))
    if ema is not None:
        ema.update_parameters(unwrapped(G))
    return losses


def network_step(vgg: VGGMaps, batch: Batch, out: PConvOutputs, config: Config) -> Losses:
    """Compute what the network descends, eq. (7) there."""
    I_gt, M = batch.I_gt, batch.M

    # Pixels of either region.
    losses = {"L_valid": weighted_l1(out.I_p, I_gt, M), "L_hole": weighted_l1(out.I_p, I_gt, 1 - M)}

    # Features and their styles, eqs. (3) to (5): prediction and composite.
    with torch.no_grad():
        phis_gt = list(vgg.features(I_gt).values())
    phis_p, phis_c = (list(vgg.features(I).values()) for I in (out.I_p, out.I_c))
    losses["L_p"] = feature_loss(phis_p, phis_gt) + feature_loss(phis_c, phis_gt)
    losses["L_s"] = style_loss(phis_p, phis_gt, reduction="mean") + style_loss(phis_c, phis_gt, reduction="mean")

    # Neighbours, eq. (6): in the hole and across its border.
    losses["L_tv"] = total_variation(out.I_c, M)
    return {**losses, "L": weighted_sum(losses, config)}
