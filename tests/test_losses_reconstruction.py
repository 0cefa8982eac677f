"""Reconstruction loss, eq. (2): both predictions, every pixel, absolute differences."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from rwlib.conventions import InputError
from rwlib.losses import reconstruction_loss


def images(n=3, b=2, h=3, w=4):
    """n batches of images (b, 3, h, w)."""
    generator = torch.Generator().manual_seed(0)
    return [2 * torch.rand(b, 3, h, w, dtype=torch.float64, generator=generator) - 1 for _ in range(n)]


@pytest.mark.parametrize("reduction, divisor", [("sum", 2), ("mean", 2 * 3 * 3 * 4), ("batch_sum", 1)])
def test_equals_loop(reduction, divisor):
    I_p1, I_p2, I_gt = images()
    total = 0.0
    for index in np.ndindex(*I_gt.shape):
        total += abs(float(I_p1[index] - I_gt[index])) + abs(float(I_p2[index] - I_gt[index]))
    loss = reconstruction_loss(I_p1, I_p2, I_gt, reduction=reduction)
    assert float(loss) == pytest.approx(total / divisor, rel=1e-12)


def test_by_hand():
    I_gt = torch.zeros(2, 3, 1, 2)
    I_p1, I_p2 = I_gt.clone(), I_gt.clone()
    I_p1[0, 0, 0, 0], I_p1[1, 2, 0, 1], I_p2[1, 1, 0, 0] = 0.5, -1.0, 2.0
    assert reconstruction_loss(I_p1, I_p2, I_gt) == (0.5 + 1 + 2) / 2  # two images
    assert reconstruction_loss(I_p1, I_p2, I_gt, reduction="batch_sum") == 3.5
    assert float(reconstruction_loss(I_p1, I_p2, I_gt, reduction="mean")) == pytest.approx(3.5 / 12)


def test_zero_if_and_only_if_both_predictions_are_the_ground_truth():
    I, _, I_gt = images()
    assert reconstruction_loss(I_gt, I_gt, I_gt) == 0
    assert reconstruction_loss(I, I_gt, I_gt) > 0 and reconstruction_loss(I_gt, I, I_gt) > 0


def test_both_predictions_count_alike_and_add_up():
    I_p1, I_p2, I_gt = images()
    both = reconstruction_loss(I_p1, I_p2, I_gt)
    torch.testing.assert_close(both, reconstruction_loss(I_p2, I_p1, I_gt))
    torch.testing.assert_close(both, reconstruction_loss(I_p1, I_gt, I_gt) + reconstruction_loss(I_gt, I_p2, I_gt))


def test_the_gradient_is_the_sign_of_the_difference_at_every_pixel():
    I_p1, I_p2, I_gt = images()
    gradients = torch.autograd.grad(
        reconstruction_loss(I_p1.requires_grad_(), I_p2.requires_grad_(), I_gt), (I_p1, I_p2)
    )
    for gradient, I_p in zip(gradients, (I_p1, I_p2), strict=True):
        assert torch.equal(gradient, (I_p - I_gt).sign() / 2)  # the mean of two images


@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_sum"])
def test_gradients_are_right(reduction):
    inputs = [I.requires_grad_() for I in images()]
    assert gradcheck(lambda *I: reconstruction_loss(*I, reduction=reduction), inputs)


@pytest.mark.parametrize("reduction, factor", [("sum", 1), ("mean", 1), ("batch_sum", 2)])
def test_only_the_batch_sum_grows_with_the_batch(reduction, factor):
    once, twice = images(), [torch.cat([I, I]) for I in images()]
    expected = factor * reconstruction_loss(*once, reduction=reduction)
    torch.testing.assert_close(reconstruction_loss(*twice, reduction=reduction), expected)


def test_shapes_that_do_not_fit_are_refused():
    I = torch.zeros(2, 3, 4, 4)
    with pytest.raises(InputError, match=r"I_p1: expected I_gt's shape \(2, 3, 4, 4\), got \(1, 3, 4, 4\)"):
        reconstruction_loss(I[:1], I, I)
    with pytest.raises(InputError, match=r"I_p2: expected I_gt's shape \(2, 3, 4, 4\), got \(2, 1, 4, 4\)"):
        reconstruction_loss(I, I[:, :1], I)
    with pytest.raises(InputError, match=r"I_p1: expected shape \(b, c, h, w\), got \(3, 4, 4\)"):
        reconstruction_loss(I[0], I[0], I[0])
    with pytest.raises(InputError, match="reduction: expected 'sum', 'mean' or 'batch_sum', got 'max'"):
        reconstruction_loss(I, I, I, reduction="max")
