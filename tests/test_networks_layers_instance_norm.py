"""Instance normalisation: its value, and its gradient in both memory formats."""

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from rwlib.networks.layers.instance_norm import instance_norm
from rwlib.networks.rivals.ca import CAGenerator
from rwlib.networks.rivals.ec import EdgeConnect
from rwlib.networks.rivals.gated import GatedGenerator
from rwlib.networks.rivals.pconv import PConvUNet
from rwlib.networks.rivals.pic import PICGenerator


def test_mean_and_variance():
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    y = instance_norm(x, torch.tensor([1.0, 2, 3]).double(), torch.tensor([0.0, 1, 2]).double())
    torch.testing.assert_close(y.mean((2, 3)), torch.tensor([[0.0, 1, 2]] * 2).double())
    torch.testing.assert_close(y.std((2, 3), correction=0), torch.tensor([[1.0, 2, 3]] * 2).double(), rtol=1e-4, atol=0)
    assert gradcheck(instance_norm, torch.randn(1, 2, 2, 3, dtype=torch.float64, requires_grad=True))


@pytest.mark.parametrize(("mean", "digits"), [(0.0, 3e-6), (10.0, 1e-5), (100.0, 1e-4)])
@torch.no_grad()
def test_a_map_in_channels_last_stays_so_and_keeps_its_digits(mean, digits):
    torch.manual_seed(0)
    x = (torch.randn(2, 4, 32, 32) + mean).to(memory_format=torch.channels_last)
    scale, shift = torch.randn(4), torch.randn(4)
    y = instance_norm(x, scale, shift)
    assert y.is_contiguous(memory_format=torch.channels_last)
    right = F.instance_norm(x.double(), weight=scale.double(), bias=shift.double())
    torch.testing.assert_close(y.double(), right, rtol=0, atol=digits)


def gradient(x, weight, normalise):
    x = x.clone().requires_grad_()
    (result,) = torch.autograd.grad((F.conv2d(normalise(x), weight) ** 2).sum(), x)
    return result


def test_a_layer_with_channels_last_weights_may_follow_at_once():
    torch.manual_seed(0)
    x, weight = torch.randn(1, 64, 16, 16), torch.randn(16, 64, 3, 3)
    right = gradient(x, weight, F.instance_norm)
    torch.testing.assert_close(
        gradient(x, weight.to(memory_format=torch.channels_last), instance_norm), right, rtol=1e-3, atol=1e-3
    )


NETWORKS = {
    "pconv": lambda: PConvUNet(8, 4),
    "ca": lambda: CAGenerator(8),
    "gated": lambda: GatedGenerator(16),
    "ec": lambda: EdgeConnect(8),
    "pic": lambda: PICGenerator(8, 4),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_of_every_network_are_right_in_channels_last(name):
    """In float64: nothing but the format differs, so a tenth of a percent would be a fault already."""
    torch.manual_seed(0)
    G = NETWORKS[name]().double().eval()
    with torch.no_grad():
        for parameter in G.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    I = 2 * torch.rand(1, 3, 64, 64, dtype=torch.float64) - 1
    M = torch.ones(1, 1, 64, 64, dtype=torch.float64)
    M[..., 20:50, 10:40] = 0

    def gradients(memory_format):
        G.to(memory_format=memory_format)
        loss = (G(I.to(memory_format=memory_format), M).I_c - I).square().mean()
        return torch.autograd.grad(loss, list(G.parameters()), allow_unused=True)

    ours, exact = gradients(torch.channels_last), gradients(torch.contiguous_format)
    names = [name for name, _ in G.named_parameters()]
    moved = {name: (a, b) for name, a, b in zip(names, ours, exact, strict=True) if b is not None}
    assert len(moved) > 20
    assert not {name for name, (a, b) in moved.items() if not (a - b).abs().max() <= 1e-6 * b.abs().max() + 1e-14}
