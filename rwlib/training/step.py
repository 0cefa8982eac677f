r"""Algorithm 1, one step: both networks, both phases, both updates, and the moving average of the generator's weights.

Read `training_step` first: it is the paper's algorithm. `rwlib.training.loop` goes through the steps.
"""

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from rwlib.config import Config
from rwlib.data import make_generator
from rwlib.losses import (
    adversarial_loss_discriminator,
    adversarial_loss_generator,
    gradient_penalty,
    objective,
    pixel_and_feature_terms,
)
from rwlib.masks import label_from_mask
from rwlib.networks.discriminator import RegionWiseDiscriminator
from rwlib.networks.generator import Outputs, RegionWiseGenerator
from rwlib.networks.vgg import VGGFeatures
from rwlib.training.run_folder import PartTimer, load_init

GRADIENT_PENALTY_WEIGHT = 10.0  # Gulrajani et al., 2017


class Players(NamedTuple):
    """The networks of a run and what updates them."""

    G: nn.Module
    D: nn.Module
    vgg: VGGFeatures
    opt_G: torch.optim.Optimizer
    opt_D: torch.optim.Optimizer
    ema: AveragedModel | None


def training_step(
    players: Players,
    I_gt: Tensor,
    M: Tensor,
    config: Config,
    phase: int,
    accelerator: Accelerator,
    step: int = 0,
    timer: PartTimer | None = None,
) -> dict[str, Tensor]:
    """One iteration of Algorithm 1 (lines 2 to 16).

    With `config.accumulate` above 1 the batch goes through in that many parts, whose gradients add up to those of the
    whole; the generator then runs twice in phase two, because the discriminator must be updated before it is asked.

    Args:
        players: see `Players`.
        I_gt: (b, 3, h, w) in [-1, 1].
        M: (b, 1, h, w), 1 existing, 0 missing.
        config: losses and weights.
        phase: 1 without, 2 with the adversarial loss.
        accelerator: runs backward passes and gives the arithmetic.
        step: seeds what little is drawn here (the mixture of `wgan-gp`).
        timer: notes how long each part of the step takes.

    Returns:
        Name → detached scalar of every loss.
    """
    G, D, vgg, opt_G, opt_D, ema = players
    mark = timer.mark if timer else (lambda part: None)
    parts = list(zip(I_gt.chunk(config.accumulate), M.chunk(config.accumulate), strict=True))
    # What each part weighs in a mean over the batch; the released program sums over it.
    share = 1.0 if config.reduction == "batch_sum" else 1 / len(parts)
    judge = accelerator.unwrap_model(D)
    outs: list[Outputs | None] = [None] * len(parts)
    losses: dict[str, Tensor] = {}

    def add(**values: Tensor) -> None:
        for name, x in values.items():
            losses[name] = losses.get(name, 0.0) + x.detach() * (1 / len(parts) if name[:2] == "D_" else share)

    def together(network: nn.Module, i: int) -> Any:
        """Let several processes exchange gradients once, at the last part."""
        return contextlib.nullcontext() if i == len(parts) - 1 else accelerator.no_sync(network)

    mark("start")
    if phase == 2:
        # The discriminator first, on what the generator makes now: line 14. All three images share one forward, so
        # that the power iteration of the spectral norm advances once a step.
        opt_D.zero_grad(set_to_none=True)
        for i, (I, M_i) in enumerate(parts):
            with accelerator.autocast(), torch.set_grad_enabled(len(parts) == 1):
                outs[i] = G(I, M_i)
            mark("forward")
            D.train(i == 0)
            with together(D, i):
                with accelerator.autocast():
                    I_p1, I_p2 = outs[i].I_p1.detach(), outs[i].I_p2.detach()
                    scores = D(torch.cat([I, I_p1, I_p2]), torch.cat([M_i, M_i, M_i])).float()
                    label = label_from_mask(M_i, scores.shape[-2:], config.label_resize)
                    score_gt, score_p1, score_p2 = scores.split(len(I))
                    L_D = adversarial_loss_discriminator(
                        score_gt, score_p1, score_p2, label,
                        form=config.adversarial, alpha=config.alpha, reduction=config.reduction,
                    )  # fmt: skip
                if config.adversarial == "wgan-gp":
                    # One draw for the batch of all processes, of which each takes its share.
                    rank, n = accelerator.process_index, accelerator.num_processes
                    mix = torch.rand(n, len(I_gt), 1, 1, 1, generator=make_generator(config.seed, 2, step))[rank]
                    mix = mix.chunk(len(parts))[i].to(I.device)
                    I_mix = (mix * I + (1 - mix) * I_p2).requires_grad_()
                    D.eval()  # no second power iteration
                    L_D = L_D + GRADIENT_PENALTY_WEIGHT * gradient_penalty(D(I_mix, M_i), I_mix, M_i)
                accelerator.backward(share * L_D)
            add(L_D=L_D, D_gt=score_gt.mean(), D_p2=score_p2.mean())
            if len(parts) > 1:
                outs[i] = None
            mark("discriminator")
        opt_D.step()
        judge.eval().requires_grad_(False)  # the generator asks a discriminator that stands still
        mark("update")

    opt_G.zero_grad(set_to_none=True)
    for i, (I, M_i) in enumerate(parts):
        with together(G, i):
            with accelerator.autocast():
                out = outs[i] or G(I, M_i)  # lines 3 to 8
                mark("forward")
                with torch.no_grad():
                    phis_gt = vgg(I)
                phis_c2 = vgg(out.I_c2)
                one_composite = config.correlation_on == "I_c2" or out.I_c1 is out.I_c2
                phis_c1 = phis_c2 if one_composite else vgg(out.I_c1, pools=2)
                terms = pixel_and_feature_terms(  # line 9
                    out.I_p1, out.I_p2, I, phis_c1, phis_c2, phis_gt, reduction=config.reduction
                )
                mark("losses")
                if phase == 2:
                    scores = judge(torch.cat([out.I_p1, out.I_p2]), torch.cat([M_i, M_i])).float()
                    label = label_from_mask(M_i, scores.shape[-2:], config.label_resize)
                    L_a = adversarial_loss_generator(
                        *scores.split(len(I)), label, form=config.adversarial, reduction=config.reduction
                    )
                    terms = terms._replace(L_a=L_a)
                    add(L_a=L_a)
                    mark("discriminator")
            L = objective(terms, config, phase)  # eq. (7)
            accelerator.backward(share * L)  # lines 10 and 13
        add(L_r=terms.L_r, L_c=terms.L_c, L_s=terms.L_s, L=L)
        mark("backward")
    judge.requires_grad_(True)
    opt_G.step()
    if ema is not None:
        ema.update_parameters(accelerator.unwrap_model(G))
    mark("update")
    return losses


def new_players(config: Config, device: torch.device, *, init: str | Path | None = None) -> Players:
    """Make the networks and optimisers that a configuration describes, from its seed.

    Args:
        config: sizes, seed, learning rate.
        device: where they shall live.
        init: a generator's or a run's checkpoint to start the generator from.
    """
    torch.manual_seed(config.seed)
    G, D = RegionWiseGenerator.from_config(config), RegionWiseDiscriminator.from_config(config)
    if init is not None:
        load_init(G, init)
    ema = AveragedModel(G, multi_avg_fn=moving_average(config.ema_decay)) if config.ema_decay else None
    vgg = VGGFeatures(config.vgg, size_px=config.vgg_size_px)
    for network in (G, D, vgg, ema):
        if network is not None:
            network.to(device=device, memory_format=memory_format(config))
    opt_G, opt_D = (
        torch.optim.Adam(network.parameters(), lr=config.learning_rate, betas=config.betas) for network in (G, D)
    )
    return Players(G, D, vgg, opt_G, opt_D, ema)


def prepare(players: Players, accelerator: Accelerator) -> Players:
    """Hand the trained networks and their optimisers to accelerate."""
    G, D, opt_G, opt_D = accelerator.prepare(players.G, players.D, players.opt_G, players.opt_D)
    return players._replace(G=G, D=D, opt_G=opt_G, opt_D=opt_D)


def memory_format(config: Config) -> torch.memory_format:
    """Return the order in which pictures and weights lie in memory."""
    return torch.channels_last if config.channels_last else torch.contiguous_format


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
