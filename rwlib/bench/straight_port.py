r"""A straight port of the released graph to PyTorch: what rwlib is measured against, kept as slow as it is plain.

This is what somebody writes who translates the released TensorFlow program line by line: pad by mirroring, upsample,
stack the masked channels, convolve with one weight, apply an ELU to a new tensor; compare correlations as two (b, n, n)
matrices and leave their gradient to autograd; ask the discriminator about one image at a time; run in NCHW throughout.
Nothing is rearranged, fused, shared or written in place.

It is slow, but not unfairly so. TensorFlow prunes what no gradient needs, so the ground truth's VGG features are
computed once and without a graph, the first composite's VGG ends at pool 2, and the discriminator's weights get no
gradient in the generator's step. The spectral norm's power iteration advances once a step, as in rwlib (the released
program's advances three times): otherwise the losses of the two could not be compared.

Every function takes the parameters of rwlib's own networks, so equal weights give equal outputs; `plain_copy` makes a
network with NCHW weights. `tests/test_bench.py` holds these functions against rwlib's in float64.
"""

import copy
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.config import Config
from rwlib.conventions import per_image
from rwlib.losses.adversarial import adversarial_loss_discriminator, adversarial_loss_generator
from rwlib.masks import label_from_mask, resize_mask
from rwlib.networks.discriminator import RegionWiseDiscriminator
from rwlib.networks.generator import Encoder, Outputs, RegionWiseGenerator
from rwlib.networks.vgg import VGGFeatures, resize_corner
from rwlib.training.step import Players

Network = TypeVar("Network", bound=nn.Module)


def plain_copy(network: Network) -> Network:
    """Return a copy whose weights are stored as PyTorch stores them by default, NCHW."""
    return copy.deepcopy(network).to(memory_format=torch.contiguous_format)


# --- sections 3.1 to 3.3: the generator


def conv(layer: nn.Module, x: Tensor, *, stride: int = 1, dilation: int = 1, upsample: int = 1) -> Tensor:
    """Upsample, mirror the border, convolve: three operations, each with a result of its own."""
    if upsample > 1:
        x = F.interpolate(x, scale_factor=upsample, mode="nearest")
    x = mirror(x, padding=dilation * (layer.weight.shape[-1] // 2))
    return F.conv2d(x, layer.weight, layer.bias, stride=stride, dilation=dilation)


def mirror(x: Tensor, padding: int) -> Tensor:
    """Pad by mirroring at the border pixels; F.pad refuses a padding as large as the map (dilation 16 at 64 px)."""
    if padding < min(x.shape[-2:]):
        return F.pad(x, (padding, padding, padding, padding), mode="reflect")
    for axis in (2, 3):
        period = 2 * (x.shape[axis] - 1)  # there and back again
        i = torch.arange(-padding, x.shape[axis] + padding, device=x.device).abs() % max(period, 1)
        x = x.index_select(axis, torch.minimum(i, period - i))
    return x


def region_wise(layer: nn.Module, x: Tensor, skip: Tensor, M: Tensor, *, upsample: int = 1) -> Tensor:
    """Section 3.2, "in practice": stack [x ⊙ M ‖ skip ⊙ M ‖ x ⊙ (1 - M)] and convolve with one weight."""
    M = resize_mask(M, x.shape[-2:])
    return conv(layer, torch.cat([x * M, skip * M, x * (1 - M)], dim=1), upsample=upsample)


def encoder(net: Encoder, I: Tensor, M: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Layers 1 to 12 of either network."""
    x1 = F.elu(conv(net.conv1, torch.cat([I, M], dim=1)))
    x2 = F.elu(conv(net.conv2, x1, stride=2))
    x3 = F.elu(conv(net.conv3, x2))
    x4 = F.elu(conv(net.conv4, x3, stride=2))
    x5 = F.elu(conv(net.conv5, x4))
    x6 = F.elu(conv(net.conv6, x5))
    x7 = F.elu(conv(net.conv7, x6, dilation=2))
    x8 = F.elu(conv(net.conv8, x7, dilation=4))
    x9 = F.elu(conv(net.conv9, x8, dilation=8))
    x10 = F.elu(conv(net.conv10, x9, dilation=16))
    x11 = F.elu(conv(net.conv11, torch.cat([x10, x6], dim=1)))
    x12 = F.elu(conv(net.conv12, torch.cat([x11, x5], dim=1)))
    return x1, x2, x3, x4, x12


def last_activation(x: Tensor, output: str) -> Tensor:
    """Bring the last layer's values to [-1, 1]."""
    if output == "tanh":
        return torch.tanh(x)
    return torch.clamp(F.elu(x) if output == "elu_clip" else x, -1, 1)


def generator(G: RegionWiseGenerator, I_gt: Tensor, M: Tensor) -> Outputs:
    """Both networks, with the weights of a generator whose regions are separated by channel."""
    I_in = I_gt * M

    net = G.semantic_inferring
    _, x2, x3, x4, x12 = encoder(net.encoder, I_in, M)
    x13 = F.elu(region_wise(net.conv13, x12, x4, M, upsample=2))
    x14 = F.elu(region_wise(net.conv14, x13, x3, M))
    x15 = F.elu(region_wise(net.conv15, x14, x2, M, upsample=2))
    x16 = F.elu(conv(net.conv16, x15))
    x17 = F.elu(conv(net.conv17, x16))
    I_p1 = last_activation(conv(net.conv18, x17), net.output)
    I_c1 = I_in + I_p1 * (1 - M)

    net = G.global_perceiving
    x1, x2, x3, x4, x12 = encoder(net.encoder, I_c1, M)
    x13 = F.elu(conv(net.conv13, torch.cat([x12, x4], dim=1), upsample=2))
    x14 = F.elu(conv(net.conv14, torch.cat([x13, x3], dim=1)))
    x15 = F.elu(conv(net.conv15, torch.cat([x14, x2], dim=1), upsample=2))
    x16 = F.elu(conv(net.conv16, torch.cat([x15, x1], dim=1)))
    I_p2 = last_activation(conv(net.conv17, x16), net.output)
    return Outputs(I_p1, I_c1, I_p2, I_in + I_p2 * (1 - M))


# --- section 3.4: the discriminator, and VGG


def discriminator(D: RegionWiseDiscriminator, I: Tensor, M: Tensor) -> Tensor:
    """Score one image's hole; torch's spectral norm renews each layer's weight at every call."""
    x = torch.cat([I * (1 - M), M], dim=1)
    for layer in D.convs:
        h, w = x.shape[-2:]
        x = F.pad(x, (1 + w % 2, 2, 1 + h % 2, 2))
        x = F.leaky_relu(layer(x), 0.2)
    return x


def vgg_features(vgg: VGGFeatures, I: Tensor, pools: int) -> list[Tensor]:
    """Return the first pools of VGG."""
    if vgg.size_px:
        I = resize_corner(I, vgg.size_px)
    x = (I.flip(1) if vgg.bgr else I) * 127.5 + vgg.shift
    phis, layers = [], iter(vgg.convs)
    for n in vgg.convs_per_pool[:pools]:
        for _ in range(n):
            layer = next(layers)
            x = F.relu(F.conv2d(x, layer.weight, layer.bias, padding=1))
        x = F.max_pool2d(x, 2)
        phis.append(x)
    return phis


# --- equations (2) to (5)


def reconstruction_loss(I_p1: Tensor, I_p2: Tensor, I_gt: Tensor, reduction: str) -> Tensor:
    """L_r, eq. (2)."""
    return per_image(torch.abs(I_p1 - I_gt), reduction) + per_image(torch.abs(I_p2 - I_gt), reduction)


def correlation_loss(phi_c1: Tensor, phi_gt: Tensor, reduction: str) -> Tensor:
    """L_c, eqs. (3) and (4): both (b, n, n) matrices stand in memory, and their difference, and its sign."""
    c = phi_c1.shape[1]
    with torch.autocast(phi_c1.device.type, enabled=False):  # beyond half precision, as in `rwlib.losses.correlation`
        psi_c1, psi_gt = at_least_float(phi_c1).flatten(2), at_least_float(phi_gt).flatten(2)
        f_c1 = torch.matmul(psi_c1.transpose(1, 2), psi_c1)
        f_gt = torch.matmul(psi_gt.transpose(1, 2), psi_gt)
        return per_image(torch.abs(f_c1 - f_gt), reduction) / c**2


def style_loss(phis_c2: list[Tensor], phis_gt: list[Tensor], reduction: str) -> Tensor:
    """L_s, eq. (5)."""
    L_s = 0
    for phi_c2, phi_gt in zip(phis_c2, phis_gt, strict=True):
        _, c, h, w = phi_c2.shape
        with torch.autocast(phi_c2.device.type, enabled=False):
            psi_c2, psi_gt = at_least_float(phi_c2).flatten(2), at_least_float(phi_gt).flatten(2)
            gram_c2 = torch.matmul(psi_c2, psi_c2.transpose(1, 2)) / (c * h * w)
            gram_gt = torch.matmul(psi_gt, psi_gt.transpose(1, 2)) / (c * h * w)
        L_s = L_s + per_image(torch.abs(gram_c2 - gram_gt), reduction)
    return L_s


def at_least_float(x: Tensor) -> Tensor:
    """Return `x` in float32, or float64 if it comes so."""
    return x if x.dtype == torch.float64 else x.float()


# --- Algorithm 1


def training_step(players: Players, I_gt: Tensor, M: Tensor, config: Config, phase: int) -> dict[str, Tensor]:
    """One iteration of Algorithm 1, with plain Adam.

    Args:
        players: networks of `plain_copy`, and optimisers of their parameters.
        I_gt: (b, 3, h, w) in [-1, 1].
        M: (b, 1, h, w), 1 existing, 0 missing.
        config: losses and weights; any adversarial form but `wgan-gp`.
        phase: 1 without, 2 with the adversarial loss.

    Returns:
        Name → detached scalar of every loss.
    """
    G, D, vgg, opt_G, opt_D, ema = players
    form, reduction = config.adversarial, config.reduction
    autocast = torch.autocast(I_gt.device.type, dtype=torch.bfloat16, enabled=config.precision == "bf16")

    with autocast:
        out = generator(G, I_gt, M)
        with torch.no_grad():
            phis_gt = vgg_features(vgg, I_gt, pools=3)
        L_r = reconstruction_loss(out.I_p1, out.I_p2, I_gt, reduction)
        L_c = correlation_loss(vgg_features(vgg, out.I_c1, pools=2)[1], phis_gt[1], reduction)
        L_s = style_loss(vgg_features(vgg, out.I_c2, pools=3), phis_gt, reduction)
    L = L_r + config.lambda_1 * L_c + config.lambda_2 * L_s
    losses = {"L_r": L_r, "L_c": L_c, "L_s": L_s}

    if phase == 2:
        with autocast:
            D.train()
            score_gt = discriminator(D, I_gt, M).float()
            D.eval()  # no further power iteration
            score_p1 = discriminator(D, out.I_p1.detach(), M).float()
            score_p2 = discriminator(D, out.I_p2.detach(), M).float()
            label = label_from_mask(M, score_gt.shape[-2:], config.label_resize)
            L_D = adversarial_loss_discriminator(
                score_gt, score_p1, score_p2, label, form=form, alpha=config.alpha, reduction=reduction
            )
        opt_D.zero_grad()
        L_D.backward()
        opt_D.step()

        D.requires_grad_(False)
        with autocast:
            score_p1 = discriminator(D, out.I_p1, M).float()
            score_p2 = discriminator(D, out.I_p2, M).float()
            L_a = adversarial_loss_generator(score_p1, score_p2, label, form=form, reduction=reduction)
        D.requires_grad_(True)
        L = L + config.lambda_3 * L_a
        losses |= {"L_a": L_a, "L_D": L_D}

    opt_G.zero_grad()
    L.backward()
    opt_G.step()
    if ema is not None:
        ema.update_parameters(G)
    return {name: x.detach() for name, x in (losses | {"L": L}).items()}
