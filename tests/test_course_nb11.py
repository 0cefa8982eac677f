"""Notebook 11: other right answers pass, and what learners write equals rwlib's layers."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from rwlib.course import exercises
from rwlib.course.checking.check import judge
from rwlib.course.checking.exercise import FAILED, PASSED
from rwlib.course.lessons.rivals import draw_numbers, four_layers, with_false_edge
from rwlib.losses import kl_normal
from rwlib.networks.layers.gated_conv import GatedConv2d
from rwlib.networks.layers.partial_conv import PartialConv2d


def by_pooling(M, k, stride):
    return F.max_pool2d(M.amax(1, keepdim=True), k, stride, k // 2)


def by_windows(x, M, W, b, stride):
    k, n = W.shape[-1], len(x)
    windows, masks = (F.unfold(t, k, padding=k // 2, stride=stride) for t in (x * M, M))
    count = masks.sum(1, keepdim=True)
    out = (W.flatten(1) @ windows) * W[0].numel() / count.clamp(min=1) + b[:, None]
    out = torch.where(count > 0, out, torch.zeros_like(out))
    h, w = (-(-side // stride) for side in x.shape[-2:])
    return out.view(n, len(W), h, w)


def by_two_convolutions(x, W, b):
    o, padding = len(W) // 2, W.shape[-1] // 2
    feature, gate = F.conv2d(x, W[:o], b[:o], padding=padding), F.conv2d(x, W[o:], b[o:], padding=padding)
    return F.elu(feature) / (1 + torch.exp(-gate))


def by_loop(patches, exists, p, scale):
    rebuilt = []
    for rows, there in zip(patches, exists, strict=True):
        cosine = F.cosine_similarity(rows[there], rows[p][None], dim=1)
        rebuilt.append((scale * cosine).softmax(0) @ rows[there])
    return torch.stack(rebuilt)


def by_distributions(mu_q, sigma_q, mu_p, sigma_p):
    q, p = torch.distributions.Normal(mu_q, sigma_q), torch.distributions.Normal(mu_p, sigma_p)
    return torch.distributions.kl_divergence(q, p).mean()


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("11.1", [36, 0, 36, 36]),
        ("11.2", by_pooling),
        ("11.3", by_windows),
        ("11.4", by_two_convolutions),
        ("11.5", by_loop),
        ("11.6", by_distributions),
        ("11.7", "DCAB"),
    ],
)
def test_nb11_another_right_answer_passes(number, answer):
    result = judge(exercises.find(number), answer)
    assert result.status == PASSED, result.message


def test_nb11_the_solutions_equal_rwlibs_layers():
    rng = torch.Generator().manual_seed(0)
    x, M = torch.randn(2, 5, 9, 8, generator=rng), (torch.rand(2, 5, 9, 8, generator=rng) > 0.9).float()
    partial = PartialConv2d(5, 4, 3, stride=2, mask_channels=(1,) * 5)
    y, M_new = partial(x, M)
    assert torch.equal(exercises.find("11.2").solution(M, 3, 2), M_new) and 0 < M_new.mean() < 1
    own = exercises.find("11.3").solution(x, M, partial.weight, partial.bias, 2)
    assert torch.allclose(own, y, atol=1e-5)
    gated = GatedConv2d(5, 3, 5)
    assert torch.allclose(exercises.find("11.4").solution(x, gated.weight, gated.bias), gated(x), atol=1e-6)
    mu, sigma = torch.randn(2, 2, 3, 4, 4, generator=rng), torch.rand(2, 2, 3, 4, 4, generator=rng) + 0.5
    own = exercises.find("11.6").solution(mu[0], sigma[0], mu[1], sigma[1])
    assert torch.allclose(own, kl_normal(mu[0], sigma[0], mu[1], sigma[1]))


def test_nb11_a_mask_of_bool_is_turned_round_without_breaking_the_check():
    exercise = replace(exercises.find("11.5"), mask="exists", mistakes={}, memory={})
    solution = exercise.solution
    result = judge(exercise, lambda patches, exists, p, scale: solution(patches, ~exists, p, scale))
    assert result.status == FAILED and "The mask is the other way round" in result.message


def test_nb11_four_layers_by_hand():
    x, M = torch.full((1, 1, 5, 5), 9.0), torch.ones(1, 1, 5, 5)
    M[..., 3:] = 0  # two columns are missing
    values = {name: layer(x * M, M)[0, 0, 2].tolist() for name, layer in four_layers().items()}
    assert values["standard"] == pytest.approx([9, 9, 6, 3, 0])
    assert values["partial"] == pytest.approx([9, 9, 9, 9, 0])
    gate = 1 / (1 + torch.exp(torch.tensor(-4.0)).item())
    assert values["gated"] == pytest.approx([6 * gate, 9 * gate, 6 * gate, 3 * (1 - gate), 0], abs=1e-5)
    assert values["region-wise"] == pytest.approx([9, 9, 9, 9, 0])


def test_nb11_a_false_edge_stays_in_the_hole():
    C, M = torch.ones(1, 1, 20, 30), torch.ones(1, 1, 20, 30)
    M[..., 5:15, 8:20] = 0
    drawn = with_false_edge(C, M)
    assert torch.equal(drawn * M, C * M) and drawn[0, 0, 5, 8] == drawn[0, 0, 14, 19] == 1
    assert 10 <= drawn[M == 0].sum() <= 22 and C.all(), "one line, and the argument stays"


def test_nb11_numbers_and_the_border_of_the_hole_are_drawn():
    M = torch.ones(1, 1, 3, 4)
    M[0, 0, 1, 1:3] = 0
    fig = draw_numbers({"a": torch.full((3, 4), 2.5), "b": torch.zeros(1, 1, 3, 4)}, M, top=5, columns=2)
    first, second = fig.axes
    assert [text.get_text() for text in first.texts] == ["2.5"] * 12
    assert [text.get_text() for text in second.texts] == ["0"] * 12
    assert len(first.lines) == 6, "two pixels side by side have six outer sides"
