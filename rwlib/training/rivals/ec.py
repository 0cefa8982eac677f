r"""EC, one step (Nazeri et al., "EdgeConnect", ICCV workshops 2019): two networks, three phases, a discriminator each.

    phase 1    the edge network     L = L_a_edge + 10 L_f                           on Canny's edges of I_gt, σ = 2
    phase 2    the completion       L = L_r + 0.1 L_a + 0.1 L_p + 250 L_s           on the true edges
    phase 3    the completion       the same                                        on the edge network's edges

    L_a_edge, L_a    softplus(-D(fake)), the non-saturating GAN; the discriminators descend its counterpart, halved
    L_f              features of the edges' discriminator, of guessed and of true edges
    L_r              L1 of the prediction, divided by the hole's share of the picture
    L_p              feature maps of VGG-19, relu1_1 to relu5_1, of the prediction
    L_s              Gram matrices of relu2_2, relu3_4, relu4_4, relu5_2, of the prediction in the hole

Discriminators and feature matching see predictions as they come, composites are for the user. The edges that are given
to the edge network are those of the existing region alone, as when a picture is filled; the paper's are cut out of the
true ones, in which the hole shows at its border. L_r is divided picture by picture, by at least `LEAST_HOLE`; the
program divides by the mean of a batch, which has no meaning for a batch without holes.
"""

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from rwlib.config import Config
from rwlib.losses import feature_loss, gan_loss_discriminator, gan_loss_generator, style_loss
from rwlib.networks.layers.canny import canny_edges, grey
from rwlib.networks.rivals.ec import EdgeConnect
from rwlib.networks.rivals.ec_networks import PatchDiscriminator
from rwlib.networks.vgg import VGGMaps
from rwlib.training.players import adam, weighted_sum
from rwlib.training.step import Batch, Losses, Update, standing_still, unwrapped

LOSSES = ("L", "L_a_edge", "L_f", "L_r", "L_a", "L_p", "L_s", "L_D", "D_gt", "D_p")
PERCEPTUAL = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
STYLE = ("relu2_2", "relu3_4", "relu4_4", "relu5_2")
LEAST_HOLE = 0.01
"""Smaller holes' L1 weighs no more than that of a hole of one per cent."""


class Players(NamedTuple):
    """The networks of a run, and what updates them."""

    edge_network: nn.Module
    completion_network: nn.Module
    D_edges: nn.Module
    D: nn.Module
    vgg: VGGMaps
    opt_edge_network: torch.optim.Optimizer
    opt_completion_network: torch.optim.Optimizer
    opt_D_edges: torch.optim.Optimizer
    opt_D: torch.optim.Optimizer
    ema: AveragedModel | None = None


def new_players(config: Config) -> Players:
    """Make networks with fresh weights, and their optimisers."""
    G = EdgeConnect.from_config(config)
    networks = G.edge_network, G.completion_network
    critics = [PatchDiscriminator.from_config(config, channels) for channels in (2, 3)]
    optimisers = [adam(x, config) for x in networks] + [adam(x, config, decay=False) for x in critics]
    return Players(*networks, *critics, VGGMaps(PERCEPTUAL + STYLE, config.vgg), *optimisers)


def generator(players: Players) -> EdgeConnect:
    """Put the two networks together, wrapped by a launcher or not."""
    return EdgeConnect.of(players.edge_network, players.completion_network)


def training_step(players: Players, config: Config, phase: int, number: int, update: Update) -> Losses:
    """Let the discriminator and the network of a phase move; arguments as in `rwlib.training.step.training_step`."""
    if phase == 1:
        D, generate = players.D_edges, partial(edges, players)
        D.train()  # until it has scored once: one power iteration per step
        losses = update(D, players.opt_D_edges, "L_D", generate, lambda batch, C: critic_step(D, C.true, C.predicted))
        losses |= update(
            players.edge_network, players.opt_edge_network, "L", generate,
            lambda batch, C: edge_step(D, C, config),
        )  # fmt: skip
    else:
        D, generate = players.D, partial(prediction, players, phase)
        D.train()
        losses = update(D, players.opt_D, "L_D", generate, lambda batch, I_p: critic_step(D, batch.I_gt, I_p))
        losses |= update(
            players.completion_network, players.opt_completion_network, "L", generate,
            lambda batch, I_p: completion_step(D, players.vgg, batch, I_p, config),
        )  # fmt: skip
    if players.ema is not None:
        networks = unwrapped(players.edge_network), unwrapped(players.completion_network)
        players.ema.update_parameters(EdgeConnect.of(*networks))
    return losses


class Edges(NamedTuple):
    """Edges beside the grey picture whose edges they are, (b, 2, h, w) each."""

    true: Tensor
    predicted: Tensor


def edges(players: Players, batch: Batch) -> Edges:
    """Phase 1: return true edges and those of the edge network."""
    I_gt, M, I_in = batch.I_gt, batch.M, batch.I_gt * batch.M
    C_gt = canny_edges(I_gt)  # (b, 1, h, w), and so are all others
    C_p = generator(players).predict_edges(I_in, M, canny_edges(I_in, M))
    I_grey = grey(I_gt)
    return Edges(torch.cat([I_grey, C_gt], dim=1), torch.cat([I_grey, C_p], dim=1))


def prediction(players: Players, phase: int, batch: Batch) -> Tensor:
    """Return I_p, on true edges in phase 2, in phase 3 on those that the edge network guesses in the hole."""
    G, I_in, M = generator(players), batch.I_gt * batch.M, batch.M
    with torch.no_grad():
        C = canny_edges(batch.I_gt) if phase == 2 else G.guess_edges(I_in, M, canny_edges(I_in, M))
    return G.complete(I_in, M, C)


def critic_step(D: nn.Module, real: Tensor, fake: Tensor) -> Losses:
    """Tell true edges from predicted ones in phase 1, then true pictures from predicted ones."""
    score_gt, score_p = D(torch.cat([real, fake.detach()]))[0].float().chunk(2)
    D.eval()
    L_D = gan_loss_discriminator(score_gt, score_p, form="non-saturating", share=0.5)
    return {"L_D": L_D, "D_gt": score_gt.mean(), "D_p": score_p.mean()}


def edge_step(D: nn.Module, C: Edges, config: Config) -> Losses:
    """Phase 1: fool the discriminator, and match its features."""
    with standing_still(D) as frozen_D:
        score, features = frozen_D(C.predicted)
        with torch.no_grad():
            features_gt = frozen_D(C.true)[1]
    losses = {
        "L_a_edge": gan_loss_generator(score.float(), form="non-saturating"),
        "L_f": feature_loss(features, features_gt),
    }
    return {**losses, "L": weighted_sum(losses, config)}


def completion_step(D: nn.Module, vgg: VGGMaps, batch: Batch, I_p: Tensor, config: Config) -> Losses:
    """Phases 2 and 3: pixels, patches, features and styles."""
    I_gt, M = batch.I_gt, batch.M
    with standing_still(D) as frozen_D:
        score = frozen_D(I_p)[0].float()

    share = (1 - M).mean(dim=(1, 2, 3)).clamp(min=LEAST_HOLE)  # (b,)
    with torch.no_grad():
        phis_gt, styles_gt = vgg.features(I_gt), vgg.features(I_gt * (1 - M) - M)
    phis, styles = vgg.features(I_p), vgg.features(I_p * (1 - M) - M)  # existing pixels black
    losses = {
        "L_r": ((I_p - I_gt).abs().mean(dim=(1, 2, 3)) / share).mean(),
        "L_a": gan_loss_generator(score, form="non-saturating"),
        "L_p": feature_loss([phis[n] for n in PERCEPTUAL], [phis_gt[n] for n in PERCEPTUAL]),
        "L_s": style_loss([styles[n] for n in STYLE], [styles_gt[n] for n in STYLE], reduction="mean"),
    }
    return {**losses, "L": weighted_sum(losses, config)}
