"""What every generator beside the region-wise one must do: the same calls, no leak, no NaN, one line for errors."""

import pytest
import torch

from rwlib.conventions import InputError


def image_and_mask(side, b=2, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    I = 2 * torch.rand(b, 3, side, side + side // 2, generator=generator).to(dtype) - 1
    M = torch.ones(b, 1, *I.shape[-2:], dtype=dtype)
    M[..., side // 4 : side // 2, side // 4 : side] = 0
    return I, M


def usable(gradient):
    return gradient is not None and bool(gradient.isfinite().all())


def check_interface(make, divisor, side=None):
    """`make` returns a new small generator; `side` is what it can take, `divisor` what must divide it."""
    torch.manual_seed(0)
    side = side or 4 * divisor
    G, (I, M) = make(), image_and_mask(side)
    assert G.divisor == divisor

    # training: every output is a picture, existing pixels stay, every weight learns
    out = G.train()(I, M)
    for name in out._fields:
        if name.startswith("I_"):
            assert getattr(out, name).shape == I.shape and getattr(out, name).isfinite().all(), name
    assert torch.equal(out.I_c * M, I * M)
    sum(getattr(out, name).square().mean() for name in out._fields if name.startswith("I_p")).backward()
    idle = [name for name, p in G.named_parameters() if p.requires_grad and not usable(p.grad)]
    assert not idle, idle

    # nothing of the hole leaks; one picture alone is filled as it is in a batch
    G.eval()
    filled = G.fill(I, M)
    assert not filled.requires_grad and filled.abs().max() <= 1
    torch.testing.assert_close(G.fill(torch.where(M.bool(), I, 0.7), M), filled)
    torch.testing.assert_close(G.fill(I[:1], M[:1]), filled[:1], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(G.fill(I, M.bool()), filled)

    # no hole: the picture itself; nothing but hole: something, but never NaN, and gradients neither
    assert torch.equal(G.fill(I, torch.ones_like(M)), I)
    assert G.fill(I, torch.zeros_like(M)).isfinite().all()
    one_of_each = torch.cat([torch.zeros_like(M[:1]), torch.ones_like(M[:1])])
    assert G.fill(I, one_of_each).isfinite().all()
    for hole in (torch.zeros_like(M), torch.ones_like(M), one_of_each):
        G.train().zero_grad()
        out = G(I, hole)
        sum(getattr(out, name).square().mean() for name in out._fields if name.startswith("I_p")).backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in G.parameters())

    # wrong shapes
    G.eval()
    with pytest.raises(InputError, match=rf"^image: sides must be divisible by {divisor}, got [^\n]*$"):
        G(I[..., :-1], M[..., :-1])
    with pytest.raises(InputError, match="mask: expected shape"):
        G(I, I)
