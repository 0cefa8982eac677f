"""The hole's bounding box, cut out and resized."""

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck, gradgradcheck

from rwlib.conventions import InputError
from rwlib.networks.layers.crop import crop_hole, hole_box


def image(h=8, w=10, b=3):
    return torch.rand(b, 3, h, w, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def mask(h=8, w=10):
    """A box of 4x4, two pixels far apart, and no hole."""
    M = torch.ones(3, 1, h, w, dtype=torch.float64)
    M[0, :, 2:6, 3:7] = M[1, :, 0, 1] = M[1, :, 7, 9] = 0
    return M


def test_boxes():
    assert hole_box(mask()).tolist() == [[2, 6, 3, 7], [0, 8, 1, 10], [0, 8, 0, 10]]
    assert hole_box(torch.zeros(1, 1, 4, 5)).tolist() == [[0, 4, 0, 5]]


def test_a_box_of_the_same_size_is_cut_out_and_others_are_resized():
    I, M = image(), mask()
    crops = crop_hole(I, M, 4)
    torch.testing.assert_close(crops[0], I[0, :, 2:6, 3:7])
    larger = crop_hole(I, M, 8)
    enlarged = F.interpolate(I[:1, :, 2:6, 3:7], size=(8, 8), mode="bilinear", align_corners=False)
    torch.testing.assert_close(larger[:1], enlarged)
    torch.testing.assert_close(crop_hole(I[2:], M[2:], 8), F.interpolate(I[2:], size=(8, 8), mode="bilinear"))
    one = M.clone()
    one[:, :, :, :], one[:, :, 4, 4] = 1, 0
    torch.testing.assert_close(crop_hole(I, one, 2), I[:, :, 4:5, 4:5].expand(-1, -1, 2, 2))  # one pixel


def test_nothing_outside_the_box_counts():
    I, M = image(), mask()
    inside = torch.zeros_like(M)
    for n, (top, bottom, left, right) in enumerate(hole_box(M).tolist()):
        inside[n, :, top:bottom, left:right] = 1
    torch.testing.assert_close(crop_hole(I * inside, M, 5), crop_hole(I, M, 5))


def test_it_is_differentiable_twice():
    I, M = image(4, 4), torch.ones(3, 1, 4, 4, dtype=torch.float64)
    M[:, :, 1:3, 0:3] = 0
    crop = lambda I: crop_hole(I, M, 3) ** 2  # noqa: E731
    assert gradcheck(crop, I.requires_grad_(), fast_mode=True) and gradgradcheck(crop, I, fast_mode=True)


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match="size_px: expected at least 1, got 0"):
        crop_hole(image(), mask(), 0)
    with pytest.raises(InputError, match="mask: expected the image's batch"):
        crop_hole(image(b=1), mask(), 4)
