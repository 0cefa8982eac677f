r"""Straight ports of the other methods' graphs: what somebody writes who follows a paper or its program line by line.

As in `rwlib.bench.straight_port` nothing is rearranged, shared or written in place, and everything runs in NCHW. In
particular the masks of partial convolutions have as many channels as the features and are convolved with as many
filters, patches of contextual attention are cut out and become filters, one picture at a time, attention matrices stand
in memory, and a 1x1 convolution runs before the map is halved.

Every function takes the parameters of rwlib's own networks, so equal weights give equal outputs.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.networks.generator import Outputs
from rwlib.networks.layers.canny import canny_edges
from rwlib.networks.layers.gated_conv import GatedConv2d
from rwlib.networks.layers.residual import ResidualBlock, UpsamplingBlock
from rwlib.networks.rivals.ca import CAGenerator
from rwlib.networks.rivals.coarse_to_fine import RefinementNetwork
from rwlib.networks.rivals.ec import EdgeConnect
from rwlib.networks.rivals.ec_networks import JohnsonNetwork
from rwlib.networks.rivals.gated import GatedGenerator
from rwlib.networks.rivals.pconv import PConvUNet
from rwlib.networks.rivals.pic import PICGenerator


def pconv(G: PConvUNet, I_gt: Tensor, M: Tensor) -> tuple[Tensor, Tensor]:
    """PConv with a mask for every channel; returns I_p and I_c."""

    def block(layer: nn.Module, x: Tensor, M: Tensor) -> tuple[Tensor, Tensor]:
        conv = layer.conv
        options = {"stride": conv.stride, "padding": conv.padding}
        count = F.conv2d(M, torch.ones_like(conv.weight), **options)  # (b, out, h', w')
        ratio, M_new = conv.weight[0].numel() / (count + 1e-8), torch.clamp(count, 0, 1)
        y = F.conv2d(x * M, conv.weight, conv.bias, **options)
        if conv.bias is not None:
            bias = conv.bias.view(1, -1, 1, 1)
            y = ((y - bias) * (ratio * M_new) + bias) * M_new
        else:
            y = y * (ratio * M_new)
        if layer.norm is not None:
            y = layer.norm(y)
        return (y if layer.slope is None else F.leaky_relu(y, layer.slope)), M_new

    I_in = I_gt * M
    features = [(I_in, M.repeat(1, 3, 1, 1))]
    for layer in G.encoder:
        features.append(block(layer, *features[-1]))
    x, m = features.pop()
    for layer in reversed(G.decoder):
        skip, skip_mask = features.pop()
        x, m = F.interpolate(x, scale_factor=2), F.interpolate(m, scale_factor=2)
        x, m = block(layer, torch.cat([x, skip], dim=1), torch.cat([m, skip_mask], dim=1))
    return x, I_in + x * (1 - M)


def conv(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """A layer of CA or of gated convolution, zeros around the map."""
    if getattr(layer, "upsample", 1) > 1:
        x = F.interpolate(x, scale_factor=2)
    padding = layer.dilation[0] * (layer.kernel_size[0] // 2)
    x = F.conv2d(x, layer.weight, layer.bias, layer.stride, padding, layer.dilation)
    activation = {"elu": F.elu, "relu": F.relu, "none": lambda x: x}[getattr(layer, "activation", "none")]
    if isinstance(layer, GatedConv2d):
        x, gate = torch.chunk(x, 2, dim=1)
        return activation(x) * torch.sigmoid(gate)
    return activation(x)


def contextual_attention(x: Tensor, M: Tensor) -> Tensor:
    """Contextual attention in the program's form, one picture at a time, patches as filters."""
    small = F.interpolate(x, scale_factor=0.5)
    b, c, h, w = small.shape
    raw = F.unfold(x, 4, stride=2, padding=1).view(b, c, 4, 4, h * w).permute(0, 4, 1, 2, 3)
    patches = F.unfold(small, 3, padding=1).view(b, c, 3, 3, h * w).permute(0, 4, 1, 2, 3)
    hole = F.interpolate(1 - M, size=(h, w))
    exists = (F.unfold(hole, 3, padding=1).mean(1) == 0).to(x.dtype)  # (b, n)
    diagonal, out = torch.eye(3, dtype=x.dtype, device=x.device).view(1, 1, 3, 3), []
    for k in range(b):
        filters = patches[k] / torch.sqrt(torch.sum(patches[k] ** 2 + 1e-4, dim=(1, 2, 3), keepdim=True))
        y = F.conv2d(small[k : k + 1], filters, padding=1)  # (1, n, h, w)
        y = F.conv2d(y.view(1, 1, h * w, h * w), diagonal, padding=1).view(1, h, w, h, w).permute(0, 2, 1, 4, 3)
        y = F.conv2d(y.reshape(1, 1, h * w, h * w), diagonal, padding=1).view(1, w, h, w, h).permute(0, 2, 1, 4, 3)
        y = y.reshape(1, h * w, h, w) * exists[k].view(1, -1, 1, 1)
        y = F.softmax(10 * y, dim=1) * exists[k].view(1, -1, 1, 1)
        out.append(F.conv_transpose2d(y, raw[k], stride=2, padding=1) / 4)
    return torch.cat(out)


def refinement(net: RefinementNetwork, x: Tensor, M: Tensor) -> Tensor:
    """The second network of CA or of gated convolution."""
    imagined = x
    for layer in net.convolutional:
        imagined = conv(layer, imagined)
    for layer in net.before_attention:
        x = conv(layer, x)
    x = contextual_attention(x, M)
    for layer in net.after_attention:
        x = conv(layer, x)
    x = torch.cat([imagined, x], dim=1)
    for layer in net.both:
        x = conv(layer, x)
    return x


def coarse_to_fine(G: CAGenerator | GatedGenerator, I_gt: Tensor, M: Tensor) -> Outputs:
    """CA or gated convolution in the program's form."""
    gated = isinstance(G, GatedGenerator)
    I_in, ones, hole = I_gt * M, torch.ones_like(M), 1 - M
    x = torch.cat([I_in, ones, hole], dim=1)
    for layer in G.coarse:
        x = conv(layer, x)
    I_p1 = torch.tanh(x) if gated else torch.clamp(x, -1, 1)
    I_c1 = I_in + I_p1 * hole
    x = refinement(G.refinement, I_c1 if gated else torch.cat([I_c1, ones, hole], dim=1), M)
    I_p2 = torch.tanh(x) if gated else torch.clamp(x, -1, 1)
    return Outputs(I_p1, I_c1, I_p2, I_in + I_p2 * hole)


def ec(G: EdgeConnect, I_gt: Tensor, M: Tensor) -> tuple[Tensor, Tensor]:
    """EdgeConnect; returns I_p and the edges."""
    I, hole = (I_gt * M + 1) / 2, 1 - M
    edges = canny_edges(I_gt * M, M)
    grey = 0.2125 * I[:, :1] + 0.7154 * I[:, 1:2] + 0.0721 * I[:, 2:]
    x = torch.cat([grey * M + hole, edges * M, hole], dim=1)
    edges = edges * M + torch.sigmoid(johnson(G.edge_network, x)) * hole
    return torch.tanh(johnson(G.completion_network, torch.cat([I * M + hole, edges], dim=1))), edges


def johnson(net: JohnsonNetwork, x: Tensor) -> Tensor:
    """One of EdgeConnect's two networks."""
    x = F.pad(x, (3, 3, 3, 3), mode="reflect")
    for layer in net.encoder:
        x = F.relu(F.instance_norm(layer(x)))
    for block in net.middle:
        y = F.relu(F.instance_norm(block.first.conv(F.pad(x, (2, 2, 2, 2), mode="reflect"))))
        x = x + F.instance_norm(block.second.conv(F.pad(y, (1, 1, 1, 1), mode="reflect")))
    for layer in net.decoder:
        x = F.relu(F.instance_norm(layer(x)))
    return net.last(F.pad(x, (3, 3, 3, 3), mode="reflect"))


def pic(G: PICGenerator, I_gt: Tensor, M: Tensor) -> Tensor:
    """PIC with the prior's mean; returns I_p."""
    features = pic_encoder(G, I_gt * M)
    z, _ = torch.chunk(pic_blocks(G.encoder.prior, features[-1]), 2, dim=1)
    return pic_decoder(G, z, features, M)[-1]


def pic_encoder(G: PICGenerator, x: Tensor) -> list[Tensor]:
    """PIC's features at every level."""
    features = []
    for i, block in enumerate(G.encoder.blocks):
        x = residual(block, x, first=i == 0)
        features.append(x)
    return features


def pic_blocks(blocks: nn.Sequential, x: Tensor) -> Tensor:
    """Several residual blocks of PIC."""
    for block in blocks:
        x = residual(block, x)
    return x


def pic_decoder(G: PICGenerator, z: Tensor, features: list[Tensor], M: Tensor) -> list[Tensor]:
    """PIC's pictures at all scales, the smallest first."""
    net, pictures = G.decoder, []
    x = features[-1] + residual(net.z_block, z)
    for i, block in enumerate(net.blocks):
        x = doubled(block, x)
        if i == 1:
            encoded, attention = features[-3], net.attention
            (b, c, h, w), M_small = x.shape, F.interpolate(M, x.shape[-2:], mode="bilinear", align_corners=True)
            a = self_attention(attention.query, x)
            short = torch.bmm(x.view(b, c, h * w), a).view(b, c, h, w)
            long = torch.bmm(encoded.view(b, -1, h * w), a).view(b, -1, h, w)
            C_e = attention.alpha * (1 - M_small) * long + M_small * encoded
            x = residual(attention.block, torch.cat([attention.gamma * short + x, C_e], dim=1))
        if i >= 1:
            picture = net.outputs[i - 1].conv(F.pad(F.leaky_relu(x, 0.1), (1, 1, 1, 1), mode="reflect"))
            pictures.append(torch.tanh(picture))
            x = torch.cat([x, pictures[-1]], dim=1)
    return pictures


def self_attention(query: nn.Conv2d, x: Tensor) -> Tensor:
    """The matrix (b, n, n) of PIC's attention, whose columns sum to one."""
    b, _, h, w = x.shape
    q = query(x).view(b, -1, h * w)
    return torch.softmax(torch.bmm(q.transpose(1, 2), q), dim=-1).transpose(1, 2)


def residual(block: ResidualBlock, x: Tensor, *, first: bool = False) -> Tensor:
    """A residual block of PIC."""
    y = block.conv1(x if first else F.leaky_relu(x, block.slope))
    y = block.conv2(F.leaky_relu(y, block.slope))
    if first:
        skip = block.bypass(F.avg_pool2d(x, 2))
    else:
        skip = block.bypass(x)
        skip = F.avg_pool2d(skip, 2) if block.halve else skip
    return (F.avg_pool2d(y, 2) if block.halve else y) + skip


def doubled(block: UpsamplingBlock, x: Tensor) -> Tensor:
    """An upsampling block of PIC."""
    y = block.conv1(F.leaky_relu(block.norm1(x), 0.1))
    return block.conv2(F.leaky_relu(block.norm2(y), 0.1)) + block.bypass(x)
