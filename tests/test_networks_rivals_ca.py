"""CA: the numbers of a program, the attention's two forms, critics, holes' boxes."""

import sys
from pathlib import Path

import pytest
import torch
from rivals_golden import assert_golden, image_and_mask, weights
from rivals_interface import check_interface

from rwlib.config import make_config
from rwlib.conventions import InputError
from rwlib.networks.rivals.ca import CAGenerator, Critic, GlobalAndLocalCritics

sys.path.append(str(Path(__file__).parent.parent / "data_scripts"))
from _rival_weights import ca_layers, translated  # noqa: E402 (scripts are no package)


@torch.no_grad()
def test_it_computes_what_a_much_used_program_computes():
    G = CAGenerator(8, form="program")
    G.load_state_dict(translated(G, ca_layers(), weights("ca")))
    out = G(*image_and_mask())
    assert_golden("ca_stage1", out.I_p1)
    assert_golden("ca_stage2", out.I_p2)


@torch.no_grad()
def test_the_critic_computes_what_the_program_computes():
    D = Critic(64, width=8)
    drawn = {f"convs.{int(name[4]) - 1}.{name.split('.')[-1]}": x for name, x in weights("ca_D_trunk").items()}
    _, unexpected = D.load_state_dict(drawn, strict=False)
    assert not unexpected
    assert_golden("ca_D_trunk", D.features(image_and_mask()[0]))


@pytest.mark.parametrize("form", ["paper", "program"])
def test_interface(form):
    check_interface(lambda: CAGenerator(width=4, form=form), divisor=8, side=32)


def test_parameters_of_the_coarse_network_are_those_of_its_table():
    f = 32
    widths = [(5, f, 5), (f, 2 * f, 3), (2 * f, 2 * f, 3), (2 * f, 4 * f, 3), *8 * [(4 * f, 4 * f, 3)],
              (4 * f, 2 * f, 3), (2 * f, 2 * f, 3), (2 * f, f, 3), (f, f // 2, 3), (f // 2, 3, 3)]  # fmt: skip
    coarse = sum(i * o * k * k + o for i, o, k in widths)
    assert sum(p.numel() for p in CAGenerator.from_config(make_config(width=32)).coarse.parameters()) == coarse


@pytest.mark.parametrize("form, colour", [("paper", 1), ("program", 0)])
@torch.no_grad()
def test_what_the_coarse_network_sees_in_the_hole(form, colour):
    G, (I, M), seen = CAGenerator(width=2, form=form), image_and_mask(), []
    G.coarse.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    G(I, M)
    torch.testing.assert_close(seen[0], torch.cat([I * M + colour * (1 - M), torch.ones_like(M), 1 - M], dim=1))


@torch.no_grad()
def test_paper_and_program_attend_and_pad_differently():
    torch.manual_seed(0)
    paper, program = CAGenerator(width=2), CAGenerator(width=2, form="program")
    program.load_state_dict(paper.state_dict())
    x, (_, M) = torch.rand(2, 8, 16, 16), image_and_mask()
    for one, other in ((paper, paper), (paper, program)):
        same = torch.equal(one.refinement.attention(x, M), other.refinement.attention(x, M))
        assert same == (one is other)
    I = torch.rand(1, 5, 8, 8)
    assert not torch.allclose(paper.coarse.conv1(I)[..., 0, 0], program.coarse.conv1(I)[..., 0, 0])
    torch.testing.assert_close(paper.coarse.conv1(I)[..., 3:5, 3:5], program.coarse.conv1(I)[..., 3:5, 3:5])


def test_the_smallest_picture():
    G = CAGenerator(width=2).eval()
    M = torch.ones(1, 1, 8, 8)
    M[..., 3:5, 3:5] = 0
    assert G.fill(torch.zeros(1, 3, 8, 8), M).isfinite().all()


def test_critics_from_config():
    D = GlobalAndLocalCritics.from_config(make_config(size_px=64, discriminator_width=4))
    scores = D(torch.rand(2, 3, 64, 64), torch.rand(2, 3, 32, 32))
    assert scores.whole.shape == scores.hole.shape == (2, 1, 1, 1)
    I, hole = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(tuple(D(I, hole)), (D.whole(I), D.hole(hole)))
    with pytest.raises(InputError, match=r"image: expected shape \(b, 3, 64, 64\)"):
        D(torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32))
    assert GlobalAndLocalCritics(36, 2)(torch.rand(1, 3, 36, 36), torch.rand(1, 3, 18, 18)).whole.isfinite().all()


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match="width: expected an even number"):
        CAGenerator(3)
    with pytest.raises(InputError, match="form: expected one of paper, program; got 'zero'"):
        CAGenerator(4, form="zero")
