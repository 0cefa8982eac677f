r"""Algorithm 1, one step: the discriminator moves, then the generator.

Read `training_step` first: it is the paper's algorithm. No disk, no launcher and no clock stands in this file, and no
batch that is cut into parts. What a step needs of them comes in as `update`, a function that lets one player move: it
clears the player's gradients, computes those of its loss, and takes the optimiser's step
(`rwlib.training.update.Updater`). Another method than the paper's is a file like this one beside it, and an entry in
`rwlib.training.methods`.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from rwlib.config import Config
from rwlib.losses import (
    adversarial_loss_discriminator,
    adversarial_loss_generator,
    correlation_loss,
    gradient_penalty,
    r1_penalty,
    reconstruction_loss,
    style_loss,
)
from rwlib.masks.resize import hole_share
from rwlib.networks.generator import Outputs
from rwlib.networks.vgg import VGGFeatures

GRADIENT_PENALTY_WEIGHT = 10.0  # Gulrajani et al., 2017

Losses = dict[str, Tensor]
"""Name → scalar; `L` and `L_D` are descended, the others are their terms, and `D_...` are mean scores."""


class Players(NamedTuple):
    """The networks of a run, and what updates them.

    Another method has other fields. What it names `vgg` is frozen, `ema` is an average of weights, discriminators begin
    with `D`, and `opt_X` is the optimiser of X.
    """

    G: nn.Module
    D: nn.Module
    vgg: VGGFeatures
    opt_G: torch.optim.Optimizer
    opt_D: torch.optim.Optimizer
    ema: AveragedModel | None = None


@dataclass
class Batch:
    """Pictures, their masks, and what a step may draw for them."""

    I_gt: Tensor
    """(b, 3, h, w) in [-1, 1]."""
    M: Tensor
    """(b, 1, h, w), 1 existing, 0 missing."""
    u: Tensor
    """(b, 1, 1, 1), uniform in [0, 1)."""
    normal: Callable[..., Tensor] | None = None
    """From a number and a shape to `(b, *shape)` of a normal distribution, the same whenever it is asked."""
    _labels: dict[tuple, Tensor] = field(default_factory=dict, init=False, repr=False)

    def label(self, size: torch.Size, mode: str) -> Tensor:
        """Return the hole's share of each patch (b, 1, h', w'), section 3.4; it is computed once, for both players.

        `size` is that of the score map; `mode` as in `rwlib.masks.label_from_mask`.
        """
        if (size, mode) not in self._labels:
            self._labels[size, mode] = hole_share(self.M, size, mode)
        return self._labels[size, mode]


Update = Callable[
    [nn.Module, torch.optim.Optimizer, str, Callable[[Batch], Any], Callable[[Batch, Any], Losses]], Losses
]
"""Let a player move on all pictures of the step; return all losses, detached. From

* the network that moves, and the optimiser of its weights;
* the name of the loss that it descends: `L` for a generator, `L_D...` for a discriminator;
* what a generator makes of a batch, the same for all players of a step;
* a function from a batch and what was generated to all losses.
"""


def training_step(players: Players, config: Config, phase: int, number: int, update: Update) -> Losses:
    """One iteration of Algorithm 1 (lines 2 to 16); `update` holds its pictures.

    Args:
        players: the networks and their optimisers.
        config: losses and weights.
        phase: 1 without, 2 with the adversarial loss.
        number: of the step, from 0; L_c and L_s are computed in every `config.vgg_every`-th.
        update: lets a player move.

    Returns:
        Every loss, detached.
    """
    G, D, vgg, opt_G, opt_D, ema = players
    losses: Losses = {}

    def generate(batch: Batch) -> Outputs:  # lines 3 to 8
        return G(batch.I_gt, batch.M)

    if phase == 2:  # line 14: the discriminator first, on what the generator makes now
        D.train()  # until it has scored once: its spectral norm advances by one power iteration per step
        with_r1 = config.r1_gamma > 0 and number % config.r1_every == 0
        losses |= update(
            D, opt_D, "L_D", generate,
            lambda batch, out: discriminator_step(D, batch, out, config, with_r1=with_r1),
        )  # fmt: skip

    with_vgg = number % config.vgg_every == 0
    losses |= update(  # lines 9 to 13
        G, opt_G, "L", generate,
        lambda batch, out: generator_step(D, vgg, batch, out, config, phase, with_vgg=with_vgg),
    )  # fmt: skip
    if ema is not None:
        ema.update_parameters(unwrapped(G))
    return losses


def discriminator_step(D: nn.Module, batch: Batch, out: Outputs, config: Config, *, with_r1: bool = False) -> Losses:
    """Compute what the discriminator descends: it tells I_gt from both predictions, inside the hole (eq. 6).

    Args:
        D: in training mode for the first batch of a step; it is left in evaluation mode.
        batch: pictures and masks.
        out: what the generator made of them; no gradient goes back into it.
        config: form of the loss.
        with_r1: add the R1 penalty.

    Returns:
        L_D, and the mean scores D_gt and D_p2.
    """
    I_gt, M = batch.I_gt, batch.M
    I_p1, I_p2 = out.I_p1.detach(), out.I_p2.detach()

    # Score real and fakes in one forward, the only one of the step that advances the power iteration.
    I_gt = I_gt.clone().requires_grad_() if with_r1 else I_gt
    scores = D(torch.cat([I_gt, I_p1, I_p2]), torch.cat([M, M, M])).float()  # (3 b, c, h', w')
    D.eval()
    score_gt, score_p1, score_p2 = scores.chunk(3)
    label = batch.label(scores.shape[-2:], config.label_resize)  # (b, 1, h', w')

    # Adversarial loss, eq. (6) or another form of it.
    L_D = adversarial_loss_discriminator(
        score_gt, score_p1, score_p2, label, form=config.adversarial, alpha=config.alpha, reduction=config.reduction
    )
    if config.adversarial == "wgan-gp":
        I_mix = (batch.u * I_gt + (1 - batch.u) * I_p2).requires_grad_()
        L_D = L_D + GRADIENT_PENALTY_WEIGHT * gradient_penalty(D(I_mix, M), I_mix, M)
    if with_r1:
        L_D = L_D + config.r1_every * config.r1_gamma / 2 * r1_penalty(score_gt, I_gt)
    return {"L_D": L_D, "D_gt": score_gt.mean(), "D_p2": score_p2.mean()}


def generator_step(
    D: nn.Module, vgg: VGGFeatures, batch: Batch, out: Outputs, config: Config, phase: int, *, with_vgg: bool = True
) -> Losses:
    """Compute what the generator descends, eq. (7): which loss sees which picture is half of the paper's idea.

    Args:
        D: asked in phase 2, and taught nothing.
        vgg: features for L_c and L_s.
        batch: pictures and masks.
        out: what the generator made of them.
        config: form and weights of the losses.
        phase: 1 without L_a, 2 with it.
        with_vgg: add L_c and L_s.

    Returns:
        Each loss, and their weighted sum L.
    """
    I_gt, M = batch.I_gt, batch.M

    # Reconstruction loss, eq. (2): both predictions, the whole picture.
    L_r = reconstruction_loss(out.I_p1, out.I_p2, I_gt, reduction=config.reduction)
    losses, L = {"L_r": L_r}, L_r

    # Correlation loss, eq. (4): the first composite. Style loss, eq. (5): the second.
    if with_vgg:
        with torch.no_grad():
            phis_gt = vgg.features(I_gt)
        phis_c2 = vgg.features(out.I_c2)
        on_I_c2 = config.correlation_on == "I_c2" or out.I_c1 is out.I_c2
        phis_c1 = phis_c2 if on_I_c2 else vgg.features(out.I_c1, pools=2)
        L_c = correlation_loss(phis_c1[1], phis_gt[1], reduction=config.reduction)
        L_s = style_loss(phis_c2, phis_gt, reduction=config.reduction)
        lambda_1, lambda_2 = config.vgg_every * config.lambda_1, config.vgg_every * config.lambda_2
        losses |= {"L_c": L_c, "L_s": L_s}
        L = L_r + lambda_1 * L_c + lambda_2 * L_s  # eq. (7) in phase one: line 10

    # Adversarial loss, eq. (6): both predictions, inside the hole.
    if phase == 2:
        with standing_still(D) as frozen_D:
            scores = frozen_D(torch.cat([out.I_p1, out.I_p2]), torch.cat([M, M])).float()
        score_p1, score_p2 = scores.chunk(2)
        label = batch.label(scores.shape[-2:], config.label_resize)
        L_a = adversarial_loss_generator(
            score_p1, score_p2, label, form=config.adversarial, reduction=config.reduction
        )  # fmt: skip
        losses |= {"L_a": L_a}
        L = L + config.lambda_3 * L_a  # eq. (7) in phase two: line 13
    return {**losses, "L": L}


def moving_average(decay: float) -> Any:
    """Return an exponential moving average for `AveragedModel`, with a warm-up.

    After n updates the decay is at most (1 + n) / (10 + n): without it the average of a short run would still hold the
    random weights of its start (with 0.999, a third of them after 1,000 steps).
    """

    @torch.no_grad()
    def update(averaged: list[Tensor], current: list[Tensor], n_averaged: Tensor | int) -> None:
        n = int(n_averaged)
        torch._foreach_lerp_(averaged, current, 1 - min(decay, (1 + n) / (10 + n)))

    return update


@contextlib.contextmanager
def standing_still(D: nn.Module) -> Iterator[nn.Module]:
    """Lend a discriminator that is asked and not taught: no gradients of its weights, no power iteration."""
    D = unwrapped(D).eval().requires_grad_(False)
    try:
        yield D
    finally:
        D.requires_grad_(True)


def unwrapped(network: nn.Module) -> nn.Module:
    """Return the network itself: several processes wrap it, so that each call ends in an exchange of gradients."""
    return getattr(network, "module", network)
