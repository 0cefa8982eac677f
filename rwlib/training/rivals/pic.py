r"""PIC, one step (Zheng et al., "Pluralistic Image Completion", CVPR 2019).

Two paths, a discriminator each: the reconstructive one sees the hole's own content, the generative one guesses it.

    the discriminators descend    ((D(I_gt) - 1)² + D(I)²) / 2    D on I_gen, D_rec on I_rec (LSGAN)
    the generator descends        L = 20 L_r + 20 L_k + L_a + L_f
        L_r    L1 at four scales: I_rec everywhere, I_gen in the existing region, since many holes' contents are right
        L_k    KL(posterior ‖ N(0, σ(n)²)) + KL(posterior ‖ prior), see `rwlib.losses.kl`; the second teaches the prior
        L_a    (D(I_gen) - 1)²
        L_f    (D_rec(I_rec) - D_rec(I_gt))²: the scores of a reconstruction are those of the truth

Paper and program differ in the first divergence: the paper has KL(posterior ‖ N(0, σ(n)²)), eq. (5) there, the program
KL(N(0, σ(n)²) ‖ posterior). Here it is the paper's.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from rwlib.config import Config
from rwlib.losses import gan_loss_discriminator, gan_loss_generator, kl_normal, weighted_l1_loss
from rwlib.losses.kl import sigma_by_size
from rwlib.networks.rivals.pic import PICGenerator, TwoPaths
from rwlib.networks.rivals.pic_networks import ResidualDiscriminator
from rwlib.training.players import adam, weighted_sum
from rwlib.training.step import Batch, Losses, Update, standing_still, unwrapped

LOSSES = ("L", "L_r", "L_k", "L_a", "L_f", "L_D", "L_D_rec", "D_gt", "D_gen", "D_rec_gt", "D_rec_rec")


class Players(NamedTuple):
    """The networks of a run, and what updates them."""

    G: nn.Module
    D: nn.Module
    D_rec: nn.Module
    opt_G: torch.optim.Optimizer
    opt_D: torch.optim.Optimizer
    opt_D_rec: torch.optim.Optimizer
    ema: AveragedModel | None = None


def new_players(config: Config) -> Players:
    """Make networks with fresh weights, and their optimisers."""
    G = PICGenerator.from_config(config)
    D, D_rec = ResidualDiscriminator.from_config(config), ResidualDiscriminator.from_config(config)
    critics = [adam(network, config, decay=False) for network in (D, D_rec)]
    return Players(G, D, D_rec, adam(G, config), *critics)


def training_step(players: Players, config: Config, phase: int, number: int, update: Update) -> Losses:
    """Let all three players move; arguments as in `rwlib.training.step.training_step`, there is one phase."""
    G, D, D_rec, opt_G, opt_D, opt_D_rec, ema = players

    def generate(batch: Batch) -> TwoPaths:
        """Go both paths; the noise is the same whenever it is asked for."""
        shape = unwrapped(G).noise_shape(batch.I_gt)[1:]
        noise, noise_rec = batch.normal(0, *shape), batch.normal(1, *shape)
        return G(batch.I_gt, batch.M, noise, noise_rec=noise_rec, both_paths=True)

    for critic in (D, D_rec):
        critic.train()  # until it has scored once: one power iteration per step
    losses = update(D, opt_D, "L_D", generate, lambda batch, out: discriminator_step(D, batch, out.I_gen))
    losses |= update(
        D_rec, opt_D_rec, "L_D_rec", generate, lambda batch, out: discriminator_step(D_rec, batch, out.I_rec, "_rec")
    )
    losses |= update(G, opt_G, "L", generate, lambda batch, out: generator_step(D, D_rec, batch, out, config))
    if ema is not None:
        ema.update_parameters(unwrapped(G))
    return losses


def discriminator_step(D: nn.Module, batch: Batch, fakes: Sequence[Tensor], path: str = "") -> Losses:
    """Compute what one of the discriminators descends: `path` is "" for the generative one, or "_rec"."""
    score_gt, score = D(torch.cat([batch.I_gt, fakes[-1].detach()])).float().chunk(2)
    D.eval()
    L_D = gan_loss_discriminator(score_gt, score, form="lsgan", share=0.5)
    means = {f"D{path}_gt": score_gt.mean(), f"D{path}_{'rec' if path else 'gen'}": score.mean()}
    return {f"L_D{path}": L_D, **means}


def generator_step(D: nn.Module, D_rec: nn.Module, batch: Batch, out: TwoPaths, config: Config) -> Losses:
    """Compute what encoder and decoder descend."""
    I_gt, M = batch.I_gt, batch.M

    # Pixels, at four scales.
    L_r: list[Tensor] = []
    for I_rec, I_gen in zip(out.I_rec, out.I_gen, strict=True):
        I, existing = (F.interpolate(x, I_rec.shape[-2:], mode="area") for x in (I_gt, M))  # (b, c, h', w')
        L_r += [(I_rec - I).abs().mean(), weighted_l1_loss(I_gen, I, existing)]

    # Latent variables: the posterior stays near the hole's prior, the learned prior follows the posterior.
    (mu, sigma), prior = out.posterior, out.prior
    L_k = kl_normal(mu, sigma, 0.0, sigma_by_size(M)) + kl_normal(mu.detach(), sigma.detach(), prior.mu, prior.sigma)

    # Scores.
    with standing_still(D) as frozen_D:
        score_gen = frozen_D(out.I_gen[-1]).float()
    with standing_still(D_rec) as frozen_D:
        score_rec, score_gt = frozen_D(out.I_rec[-1]).float(), frozen_D(I_gt).float()
    losses = {
        "L_r": torch.stack(L_r).sum(),
        "L_k": L_k,
        "L_a": gan_loss_generator(score_gen, form="lsgan"),
        "L_f": (score_rec - score_gt).square().mean(),
    }
    return {**losses, "L": weighted_sum(losses, config)}
