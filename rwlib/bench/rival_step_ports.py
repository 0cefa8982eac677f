r"""Straight ports of the other methods' training steps, from their networks' ports and their losses as written.

Discriminators see real and false pictures one after the other, every loss calls the loss network by itself, and all is
in NCHW. As in rwlib the power iteration of a spectral norm advances once per step, so that both compute the same.

A port takes the players, the configuration and a batch, moves each optimiser once, and returns all losses.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.bench import rival_ports
from rwlib.config import Config
from rwlib.losses import discount, gradient_penalty, hole_prior_sigma
from rwlib.networks.layers.canny import canny_edges, grey
from rwlib.networks.layers.crop import crop_hole
from rwlib.networks.rivals.pic_networks import ResidualDiscriminator
from rwlib.training.rivals.ec import LEAST_HOLE, PERCEPTUAL, STYLE
from rwlib.training.step import Batch


def move(opt: torch.optim.Optimizer, loss: Tensor) -> None:
    """Take a step of an optimiser."""
    opt.zero_grad()
    loss.backward()
    opt.step()


def together(losses: dict[str, Tensor], config: Config) -> Tensor:
    """Add up the generator's losses, each with its weight."""
    weights = config.loss_weights()
    return sum(weights[name] * x for name, x in losses.items())


def l1(x: Tensor, y: Tensor) -> Tensor:
    """Mean absolute difference."""
    return torch.mean(torch.abs(x - y))


def gram(x: Tensor) -> Tensor:
    """Gram matrix over channels, divided by c h w."""
    b, c, h, w = x.shape
    x = x.view(b, c, h * w)
    return torch.bmm(x, x.transpose(1, 2)) / (c * h * w)


def pconv(players: Any, config: Config, batch: Batch) -> dict[str, Tensor]:
    """PConv: no discriminator."""
    G, vgg, opt_G, _ = players
    I_gt, M, hole = batch.I_gt, batch.M, 1 - batch.M
    I_p, I_c = rival_ports.pconv(G.train(), I_gt, M)
    phis_gt, phis_p, phis_c = (list(vgg(I).values()) for I in (I_gt, I_p, I_c))
    L_p = sum(l1(p, gt) + l1(c, gt) for p, c, gt in zip(phis_p, phis_c, phis_gt, strict=True))
    L_s = sum(l1(gram(p), gram(gt)) + l1(gram(c), gram(gt)) for p, c, gt in zip(phis_p, phis_c, phis_gt, strict=True))
    P = F.max_pool2d(hole, 3, stride=1, padding=1)  # the hole and one pixel around it
    rows = torch.abs(I_c[:, :, 1:] - I_c[:, :, :-1]) * P[:, :, 1:] * P[:, :, :-1]
    columns = torch.abs(I_c[:, :, :, 1:] - I_c[:, :, :, :-1]) * P[:, :, :, 1:] * P[:, :, :, :-1]
    losses = {
        "L_valid": l1(M * I_p, M * I_gt), "L_hole": l1(hole * I_p, hole * I_gt), "L_p": L_p, "L_s": L_s,
        "L_tv": (rows.sum() + columns.sum()) / I_c.numel(),
    }  # fmt: skip
    L = together(losses, config)
    move(opt_G, L)
    return {**losses, "L": L}


def ca(players: Any, config: Config, batch: Batch) -> dict[str, Tensor]:
    """CA: both critics with a gradient penalty, then the generator."""
    G, D, opt_G, opt_D, _ = players
    I_gt, M, hole = batch.I_gt, batch.M, 1 - batch.M
    out, size_px = rival_ports.coarse_to_fine(G, I_gt, M), D.hole.size_px

    def score(critic: nn.Module, x: Tensor) -> Tensor:
        for layer in critic.convs:
            x = F.leaky_relu(layer(x), 0.2)
        return critic.linear(x.flatten(1)).view(-1, 1, 1, 1)

    fake, L_D, penalty = out.I_c2.detach(), 0, 0
    masks = M, crop_hole(M.expand_as(I_gt), M, size_px)[:, :1]
    pairs = (I_gt, fake), (crop_hole(I_gt, M, size_px), crop_hole(fake, M, size_px))
    for critic, (x_gt, x_c2), mask in zip((D.whole, D.hole), pairs, masks, strict=True):
        L_D = L_D + score(critic, x_c2).mean() - score(critic, x_gt).mean()
        mix = (batch.u * x_gt + (1 - batch.u) * x_c2).requires_grad_()
        penalty = penalty + gradient_penalty(score(critic, mix), mix, mask)
    L_D = L_D + 10 * penalty
    move(opt_D, L_D)

    D.requires_grad_(False)
    L_a = -score(D.whole, out.I_c2).mean() - score(D.hole, crop_hole(out.I_c2, M, size_px)).mean()
    D.requires_grad_(True)
    error, weight = 1.2 * torch.abs(out.I_p1 - I_gt) + torch.abs(out.I_p2 - I_gt), discount(M)
    losses = {
        "L_r": ((error * weight).sum((1, 2, 3)) / (3 * hole.sum((1, 2, 3)))).mean(),
        "L_ae": ((error * M).sum((1, 2, 3)) / (3 * M.sum((1, 2, 3)))).mean(),
        "L_a": L_a,
    }
    L = together(losses, config)
    move(opt_G, L)
    return {**losses, "L_D": L_D, "L_D_penalty": penalty, "L": L}


def gated(players: Any, config: Config, batch: Batch) -> dict[str, Tensor]:
    """Gated convolution: a hinge for the patches, then the generator."""
    G, D, opt_G, opt_D, _ = players
    I_gt, M = batch.I_gt, batch.M
    out = rival_ports.coarse_to_fine(G, I_gt, M)

    def score(I: Tensor) -> Tensor:
        x = torch.cat([I, 1 - M], dim=1)
        for layer in D.convs:
            x = F.leaky_relu(layer(x), 0.2)
        return x

    D.train()
    score_gt = score(I_gt)
    D.eval()  # no second power iteration
    L_D = (F.relu(1 - score_gt).mean() + F.relu(1 + score(out.I_c2.detach())).mean()) / 2
    move(opt_D, L_D)
    D.requires_grad_(False)
    losses = {"L_r": l1(out.I_p1, I_gt) + l1(out.I_p2, I_gt), "L_a": -score(out.I_c2).mean()}
    D.requires_grad_(True)
    L = together(losses, config)
    move(opt_G, L)
    return {**losses, "L_D": L_D, "L": L}


def ec(players: Any, config: Config, batch: Batch) -> dict[str, Tensor]:
    """EdgeConnect's third phase: completion on the edges that the edge network guesses."""
    I_gt, M, hole, vgg, D = batch.I_gt, batch.M, 1 - batch.M, players.vgg, players.D
    I_in = I_gt * M
    with torch.no_grad():
        edges = canny_edges(I_in, M)
        x = torch.cat([grey(I_in) * M + hole, edges * M, hole], dim=1)
        C_c = edges * M + torch.sigmoid(rival_ports.johnson(players.edge_network, x)) * hole
    x = torch.cat([(I_in + 1) / 2 * M + hole, C_c], dim=1)
    I_p = torch.tanh(rival_ports.johnson(players.completion_network, x))

    def score(x: Tensor) -> Tensor:
        for layer in D.convs[:-1]:
            x = F.leaky_relu(layer(x), 0.2)
        return D.convs[-1](x)

    D.train()
    score_gt = score(I_gt)
    D.eval()
    L_D = (F.softplus(-score_gt).mean() + F.softplus(score(I_p.detach())).mean()) / 2
    move(players.opt_D, L_D)
    D.requires_grad_(False)
    L_a = F.softplus(-score(I_p)).mean()
    D.requires_grad_(True)

    share = hole.mean((1, 2, 3)).clamp(min=LEAST_HOLE)
    phis, phis_gt = vgg(I_p), vgg(I_gt)
    styles, styles_gt = vgg(I_p * hole - M), vgg(I_gt * hole - M)  # existing pixels black
    losses = {
        "L_r": (torch.abs(I_p - I_gt).mean((1, 2, 3)) / share).mean(),
        "L_a": L_a,
        "L_p": sum(l1(phis[name], phis_gt[name]) for name in PERCEPTUAL),
        "L_s": sum(l1(gram(styles[name]), gram(styles_gt[name])) for name in STYLE),
    }
    L = together(losses, config)
    move(players.opt_completion_network, L)
    return {**losses, "L_D": L_D, "L": L}


def pic(players: Any, config: Config, batch: Batch) -> dict[str, Tensor]:
    """PIC: two discriminators, then both paths."""
    G, I_gt, M = players.G, batch.I_gt, batch.M
    shape = G.noise_shape(I_gt)[1:]
    features = rival_ports.pic_encoder(G, torch.cat([I_gt * M, I_gt * (1 - M)]))
    f_m, f_c = torch.chunk(features[-1], 2)
    mu, rho = torch.chunk(rival_ports.residual(G.encoder.posterior, f_c), 2, dim=1)
    mu_prior, rho_prior = torch.chunk(rival_ports.pic_blocks(G.encoder.prior, f_m), 2, dim=1)
    sigma, sigma_prior = F.softplus(rho), F.softplus(rho_prior)
    z = torch.cat([mu + sigma * batch.normal(1, *shape), mu_prior + sigma_prior * batch.normal(0, *shape)])
    seen = [torch.cat([x.chunk(2)[0]] * 2) for x in features]
    pictures = [x.chunk(2) for x in rival_ports.pic_decoder(G, z, seen, torch.cat([M, M]))]
    I_rec, I_gen = [x[0] for x in pictures], [x[1] for x in pictures]

    def score(D: ResidualDiscriminator, x: Tensor) -> Tensor:
        for i, block in enumerate(D.blocks):
            if i == 3 and D.attention is not None:
                (b, c, h, w), a = x.shape, rival_ports.self_attention(D.attention.query, x)
                x = D.attention.gamma * torch.bmm(x.view(b, c, h * w), a).view(b, c, h, w) + x
            x = rival_ports.residual(block, x, first=i == 0)
        return D.last(F.leaky_relu(rival_ports.residual(D.block, x), 0.1))

    losses_D = {}
    for path, fake in (("", I_gen[-1]), ("_rec", I_rec[-1])):
        D = getattr(players, f"D{path}").train()
        score_gt = score(D, I_gt)
        D.eval()
        L_D = ((score_gt - 1).square().mean() + score(D, fake.detach()).square().mean()) / 2
        move(getattr(players, f"opt_D{path}"), L_D)
        losses_D[f"L_D{path}"] = L_D

    L_r = 0
    for rec, gen in zip(I_rec, I_gen, strict=True):
        I, existing = (F.interpolate(x, rec.shape[-2:], mode="area") for x in (I_gt, M))
        L_r = L_r + l1(rec, I) + (torch.abs(gen - I) * existing).mean()

    def kl(mu_q: Tensor, sigma_q: Tensor, mu_p: Any, sigma_p: Tensor) -> Tensor:
        return (torch.log(sigma_p / sigma_q) + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2) - 0.5).mean()

    for D in (players.D, players.D_rec):
        D.requires_grad_(False)
    losses = {
        "L_r": L_r,
        "L_k": kl(mu, sigma, 0.0, hole_prior_sigma(M)) + kl(mu.detach(), sigma.detach(), mu_prior, sigma_prior),
        "L_a": (score(players.D, I_gen[-1]) - 1).square().mean(),
        "L_f": (score(players.D_rec, I_rec[-1]) - score(players.D_rec, I_gt)).square().mean(),
    }
    for D in (players.D, players.D_rec):
        D.requires_grad_(True)
    L = together(losses, config)
    move(players.opt_G, L)
    return {**losses, **losses_D, "L": L}


STEPS: dict[str, Callable[[Any, Config, Batch], dict[str, Tensor]]] = {
    "pconv": pconv, "ca": ca, "gated": gated, "ec": ec, "pic": pic,
}  # fmt: skip
"""Model → its straight step, which returns every loss."""
