"""PIC: the numbers of its program, both paths, several answers, attention by hand, sizes."""

import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from rivals_golden import assert_golden, image_and_mask, weights
from rivals_interface import check_interface

from rwlib.config import make_config
from rwlib.conventions import InputError
from rwlib.networks.layers.residual import ResidualBlock
from rwlib.networks.layers.short_long_attention import ShortLongAttention, ShortTermAttention
from rwlib.networks.rivals.pic import PICGenerator
from rwlib.networks.rivals.pic_networks import ResidualDiscriminator

sys.path.append(str(Path(__file__).parent.parent / "data_scripts"))
from _rival_weights import (  # noqa: E402 (scripts are no package)
    _residual,
    pic_decoder_layers,
    pic_encoder_layers,
    translated,
)


@torch.no_grad()
def test_it_computes_what_the_authors_program_computes():
    I, M = image_and_mask()
    G = PICGenerator(8, form="program", z_channels=16).eval()
    encoder = translated(G, pic_encoder_layers(), weights("pic_E"))
    G.load_state_dict(encoder | translated(G, pic_decoder_layers(), weights("pic_G")))
    seen = {}
    G.decoder.register_forward_pre_hook(lambda module, args: seen.update(M=args[3]))
    half = torch.full((2, 16, 2, 2), 0.5)
    paths = G(I, M, half, both_paths=True)
    for name in ("posterior", "prior"):
        for value in ("mu", "sigma"):
            assert_golden(f"pic_{name}_{value}", getattr(getattr(paths, name), value))
    assert_golden("pic_small_mask", seen["M"][:2])
    for scale, I_gen in enumerate(paths.I_gen):
        assert_golden(f"pic_out_{scale}", I_gen)
    torch.testing.assert_close(G(I, M, half).I_p, paths.I_gen[-1])


@torch.no_grad()
def test_the_discriminator_computes_what_the_authors_program_computes():
    D = ResidualDiscriminator(8).eval()
    layers = _residual("blocks.0", "block0") | _residual("block", "block1") | {"last": "conv", "attention": "attn2"}
    for i in range(4):
        layers |= _residual(f"blocks.{i + 1}", f"encoder{i}")
    D.load_state_dict(translated(D, layers | {"attention.query": "attn2.query_conv"}, weights("pic_D")))
    assert_golden("pic_D", D(F.interpolate(image_and_mask()[0], scale_factor=2)))


@pytest.mark.parametrize("levels, side", [(3, 32), (4, 32), (5, 64)])
def test_interface(levels, side):
    def make():
        G = PICGenerator(width=4, levels=levels)
        torch.nn.init.ones_(G.decoder.attention.alpha)  # as after some training
        torch.nn.init.ones_(G.decoder.attention.gamma)
        G.encoder.posterior.requires_grad_(False)  # it learns on the reconstructive path alone
        return G

    check_interface(make, divisor=2**levels, side=side)


def make(**options):
    torch.manual_seed(0)
    return PICGenerator(width=4, levels=3, **options)


def pictures(b=2):
    generator = torch.Generator().manual_seed(1)
    I, M = 2 * torch.rand(b, 3, 16, 24, generator=generator) - 1, torch.ones(b, 1, 16, 24)
    M[..., 4:12, 4:20] = 0
    return I, M


def test_the_hole_reaches_the_posterior_and_nothing_else():
    G, (I, M) = make().eval(), pictures()
    a, b = G(I, M, both_paths=True), G(torch.where(M == 1, I, -I), M, both_paths=True)
    assert not torch.allclose(a.posterior.mu, b.posterior.mu) and not torch.allclose(a.I_rec[-1], b.I_rec[-1])
    torch.testing.assert_close(a.prior, b.prior)
    torch.testing.assert_close(a.I_gen, b.I_gen)


def test_both_paths_train_every_weight():
    G, (I, M) = make(), pictures()
    torch.nn.init.ones_(G.decoder.attention.alpha)
    torch.nn.init.ones_(G.decoder.attention.gamma)
    paths = G(I, M, torch.randn(G.noise_shape(I)), noise_rec=torch.randn(G.noise_shape(I)), both_paths=True)
    assert [x.shape[-2:] for x in paths.I_rec] == [(8, 12), (16, 24)]  # as many scales as levels, less one
    loss = sum(x.square().mean() for x in paths.I_rec + paths.I_gen) + paths.posterior.sigma.mean()
    loss.backward()
    assert all(p.grad is not None and p.grad.any() for name, p in G.named_parameters() if "norm" not in name)


def test_several_answers():
    G, (I, M) = make().eval(), pictures()

    def answers(seed):
        generator = torch.Generator().manual_seed(seed)
        return [G.fill(I, M, generator) for _ in range(2)]

    first, second = answers(3)
    assert not torch.equal(first, second) and torch.equal(first * M, I * M)
    torch.testing.assert_close(answers(3), [first, second])
    torch.testing.assert_close(G.fill(I, M), G(I, M).I_c)  # the prior's mean
    torch.testing.assert_close(G.fill(I, M), G(I, M, torch.zeros(G.noise_shape(I))).I_c)


@torch.no_grad()
def test_short_term_attention_by_hand():
    torch.manual_seed(0)
    layer, x = ShortTermAttention(4).double(), torch.randn(2, 4, 2, 3, dtype=torch.float64)
    layer.gamma.fill_(0.7)
    Q, V = layer.query(x).flatten(2), x.flatten(2)
    for n in range(2):
        for i in range(6):
            scores = torch.stack([(Q[n, :, i] * Q[n, :, j]).sum() for j in range(6)]).softmax(0)
            expected = 0.7 * (V[n] * scores).sum(1) + V[n, :, i]
            torch.testing.assert_close(layer(x)[n].flatten(1)[:, i], expected)


@torch.no_grad()
def test_long_term_attention_reads_the_encoder_in_the_hole():
    torch.manual_seed(0)
    layer, x, encoded = ShortLongAttention(4, 2), torch.randn(1, 4, 2, 3), torch.randn(1, 2, 2, 3)
    M = torch.tensor([1.0, 1, 0, 1, 0, 1]).view(1, 1, 2, 3)
    layer.alpha.fill_(1.0)
    stacked = []
    layer.block.register_forward_pre_hook(lambda module, args: stacked.append(args[0]))
    layer(x, encoded, M)
    torch.testing.assert_close(stacked[0][:, :4], x)  # gamma is 0
    torch.testing.assert_close(stacked[0][:, 4:] * M, encoded * M)
    torch.testing.assert_close(stacked[0][:, 4:] * (1 - M), layer.attend(x, encoded) * (1 - M))


def test_halving_the_bypass_first_changes_nothing():
    block, x = ResidualBlock(3, 4, 5, halve=True).eval(), torch.randn(1, 3, 6, 8)
    torch.testing.assert_close(F.avg_pool2d(block.bypass(x), 2), block.bypass(F.avg_pool2d(x, 2)))


def test_sizes_from_config():
    assert PICGenerator.from_config(make_config(size_px=64, width=4)).divisor == 32
    assert PICGenerator.from_config(make_config(size_px=32, width=4)).divisor == 16
    for size_px, times in ((8, 3), (100, 5), (48, 4)):
        if size_px % 2**times:
            with pytest.raises(InputError, match=f"size_px: pic halves the picture {times} times"):
                PICGenerator.from_config(make_config(size_px=size_px, width=4))
    with pytest.raises(
        InputError, match="size_px: pic halves the picture 3 times, expected .* at least 16, got 8; take 16"
    ):
        PICGenerator.from_config(make_config(size_px=8, width=4))
    for size_px, side in ((256, 6), (96, 1), (64, 2), (32, 2), (8, 2)):
        D = ResidualDiscriminator.from_config(make_config(size_px=size_px, discriminator_width=2))
        assert D(torch.zeros(1, 3, size_px, size_px)).shape == (1, 1, side, side)
    with pytest.raises(InputError, match="image: expected sides of at least 96, got 64x64"):
        ResidualDiscriminator(2)(torch.zeros(1, 3, 64, 64))


def test_wrong_arguments_are_named():
    G, (I, M) = make(), pictures()
    with pytest.raises(InputError, match=r"noise: expected shape \(2, 16, 2, 3\), got \(1, 16, 2, 3\)"):
        G(I, M, torch.zeros(1, 16, 2, 3))
    with pytest.raises(InputError, match="image: pic needs a side of at least 16, got"):
        G(I[..., :8, :8], M[..., :8, :8])
    with pytest.raises(InputError, match="levels: expected 3 to 5, got 2"):
        PICGenerator(levels=2)
    with pytest.raises(InputError, match="form: expected one of paper, program"):
        make(form="other")
