"""Contextual attention: its definition, a program's numbers, one patch by hand, holes of every kind, bounded work."""

import numpy as np
import pytest
import torch
from rivals_golden import assert_golden, golden, image_and_mask
from torch.autograd import gradcheck

from rwlib.conventions import InputError
from rwlib.networks.layers.contextual_attention import (
    FORMS,
    attention,
    contextual_attention,
    contextual_attention_ref,
    diagonal_sum,
    existing_patches,
    paste,
)


def features(b=2, c=3, h=8, w=12, seed=0):
    return torch.rand(b, c, h, w, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def mask(b=2, h=32, w=48):
    """Holes in the middle of the first picture, in a corner of the others."""
    M = torch.ones(b, 1, h, w)
    M[:1, :, 12:20, 16:30] = 0
    M[1:, :, :9, :9] = 0
    return M


@pytest.mark.parametrize("form", FORMS)
def test_it_equals_its_definition_and_so_does_its_gradient(form):
    x, M, direction = features().requires_grad_(), mask(), features(seed=1)
    ours, theirs = contextual_attention(x, M, form), contextual_attention_ref(x, M, form)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(*(torch.autograd.grad(y, x, direction)[0] for y in (ours, theirs)))
    assert ours.std() > 0.05  # not a constant: there is something to compare


@torch.no_grad()
def test_it_computes_what_a_much_used_program_computes():
    x, (_, M) = torch.from_numpy(golden()["ca_feature"]), image_and_mask()
    assert_golden("ca_attention", contextual_attention(x, M, "program"))
    assert_golden("ca_attention", contextual_attention_ref(x, M, "program"))


def cosine(x, p, i):
    """Similarity of the 3x3 patches around two places of a map (c, h, w), zeros outside."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    a, b = (padded[:, r : r + 3, c : c + 3] for r, c in (p, i))
    return (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())


def test_the_weights_of_one_place_by_hand():
    x, M = features(b=1), mask(1)
    a = attention(x, M)[0]  # (4, 6, 4, 6)
    small, exists = x[0, :, ::2, ::2].numpy(), existing_patches(M, (4, 6))[0, 0]
    assert 0 < int(exists.sum()) < 24
    for p in ((0, 0), (2, 3), (3, 5)):
        scores = {}
        for i in np.ndindex(4, 6):
            if exists[i]:  # fused: the neighbours of p should be found beside i
                pairs = [((p[0] + u, p[1] + v), (i[0] + u, i[1] + v)) for u in (-1, 0, 1) for v in (-1, 0, 1)]
                scores[i] = sum(
                    cosine(small, q, j) for q, j in pairs if all(0 <= r < 4 and 0 <= c < 6 for r, c in (q, j))
                )
        total = sum(np.exp(10 * s) for s in scores.values())
        for i in np.ndindex(4, 6):
            expected = np.exp(10 * scores[i]) / total if i in scores else 0
            assert float(a[p][i]) == pytest.approx(expected)


def test_missing_patches_give_nothing():
    x, M = features(), mask()
    a, exists = attention(x, M), existing_patches(M, (4, 6))
    assert (a * ~exists.view(2, 1, 1, 4, 6)).abs().max() == 0
    torch.testing.assert_close(a.flatten(3).sum(-1), torch.ones(2, 4, 6, dtype=torch.float64))


def test_which_patches_exist():
    M = torch.ones(1, 1, 32, 32)
    M[..., 8:16, 8:16] = 0  # one cell of a map of 4x4
    expected = torch.ones(4, 4, dtype=torch.bool)
    expected[:3, :3] = False
    assert torch.equal(existing_patches(M, (4, 4))[0, 0], expected)


@pytest.mark.parametrize("form", FORMS)
def test_whole_hole_no_hole_and_each_in_one_batch(form):
    x = features()
    everything, nothing = torch.zeros(1, 1, 32, 48), torch.ones(1, 1, 32, 48)
    y = contextual_attention(x.requires_grad_(), torch.cat([everything, nothing]), form)
    y.sum().backward()
    assert y[0].abs().max() == 0 and y[1].abs().min() > 0 and x.grad.isfinite().all()
    torch.testing.assert_close(contextual_attention(x[1:], nothing, form), y[1:])  # a batch of one


def test_a_map_without_features_makes_no_nan():
    x = torch.zeros(1, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    y = contextual_attention(x, torch.ones(1, 1, 16, 16))
    y.sum().backward()
    assert not y.any() and x.grad.isfinite().all()


def test_pasting_each_patch_to_its_own_place_returns_the_inside():
    x, n = features(), 24
    a = torch.eye(n, dtype=torch.float64).view(1, 4, 6, 4, 6).expand(2, -1, -1, -1, -1)
    y = paste(a, x)
    torch.testing.assert_close(y[..., 1:-1, 1:-1], x[..., 1:-1, 1:-1])


def test_diagonal_sum_by_a_loop_and_its_gradient():
    s = torch.randn(2, 3, 2, 3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for rows, steps in ((True, (-1, 0, 1)), (False, (0, 1)), (True, (0, -1)), (False, (2,)), (True, (5,))):
        expected = torch.zeros_like(s)
        for n, p, q, i, j in np.ndindex(*s.shape):
            for t in steps:
                u, v = (t, 0) if rows else (0, t)
                if 0 <= p + u < 3 and 0 <= i + u < 3 and 0 <= q + v < 2 and 0 <= j + v < 2:
                    expected[n, p, q, i, j] += s[n, p + u, q + v, i + u, j + v]
        torch.testing.assert_close(diagonal_sum(s, steps, rows=rows), expected)
    assert gradcheck(lambda s: diagonal_sum(s, (0, 1), rows=True), s.requires_grad_())


@pytest.mark.parametrize("form", FORMS)
def test_it_has_the_right_gradient(form):
    M = torch.ones(1, 1, 16, 16)
    M[..., :4, :4] = 0
    x = features(1, 2, 4, 4).requires_grad_()
    assert gradcheck(lambda x: contextual_attention(x, M, form, 3.0), x, fast_mode=True)


def test_half_precision_is_not_used_inside():
    x, M = features().float(), mask()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = contextual_attention(x, M)
    assert y.dtype == torch.float32
    torch.testing.assert_close(y, contextual_attention(x, M))


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match="x: contextual attention halves the map, expected even sides, got 7x12"):
        contextual_attention(features(h=7), mask())
    with pytest.raises(InputError, match="mask: expected 2 masks at a multiple of 8x12, got 1 of 32x48"):
        contextual_attention(features(), mask(1))
    with pytest.raises(InputError, match="mask: expected 2 masks at a multiple of 8x12, got 2 of 30x48"):
        contextual_attention(features(), mask()[..., :30, :])
    with pytest.raises(InputError, match="form: expected one of paper, program"):
        contextual_attention(features(), mask(), "fast")
