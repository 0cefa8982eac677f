"""Conventions: shapes are checked, composites keep what exists, images survive the round trip, norms are per image."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from rwlib.conventions import (
    InputError,
    check_image_and_mask,
    check_shape,
    compose,
    image_to_tensor,
    one_of,
    per_image,
    tensor_to_image,
)


def rand(*shape, seed=0):
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def half_mask(h=4, w=6):
    """Right half missing."""
    M = torch.ones(1, 1, h, w, dtype=torch.float64)
    M[..., w // 2 :] = 0
    return M


# --- check_shape


def test_check_shape_returns_the_named_axes():
    assert check_shape("x", torch.zeros(2, 3, 8, 9), "b 3 h w") == {"b": 2, "h": 8, "w": 9}


@pytest.mark.parametrize(
    "shape, pattern",
    [((2, 4, 8, 8), "b 3 h w"), ((3, 8, 8), "b 3 h w"), ((1, 2, 3, 8, 8), "b 3 h w"), ((2, 4, 5), "b n n"), ((), "b")],
)
def test_check_shape_refuses_wrong_axes(shape, pattern):
    with pytest.raises(InputError, match=r"^f: expected shape \(.*\), got \(.*\)$"):
        check_shape("f", torch.zeros(shape), pattern)


def test_check_shape_says_what_was_expected_and_what_came():
    with pytest.raises(InputError, match=r"I_gt: expected shape \(b, 3, h, w\), got \(3, 8, 9\)"):
        check_shape("I_gt", torch.zeros(3, 8, 9), "b 3 h w")
    with pytest.raises(InputError, match=r"I_gt: expected a tensor of shape \(b, 3, h, w\), got ndarray"):
        check_shape("I_gt", np.zeros((1, 3, 8, 9)), "b 3 h w")


# --- check_image_and_mask


def test_check_image_and_mask_accepts_what_fits():
    check_image_and_mask(torch.zeros(2, 3, 7, 9), torch.ones(2, 1, 7, 9))
    check_image_and_mask(torch.zeros(2, 3, 8, 12), torch.ones(2, 1, 8, 12), divisor=4)


@pytest.mark.parametrize(
    "image, mask, words",
    [
        ((1, 1, 8, 8), (1, 1, 8, 8), r"image: expected shape \(b, 3, h, w\), got \(1, 1, 8, 8\)"),
        ((1, 3, 8, 8), (1, 3, 8, 8), r"mask: expected shape \(b, 1, h, w\), got \(1, 3, 8, 8\)"),
        ((1, 3, 8, 8), (8, 8), r"mask: expected shape \(b, 1, h, w\), got \(8, 8\)"),
        ((2, 3, 8, 8), (1, 1, 8, 8), "mask: expected the image's batch and size"),
        ((1, 3, 8, 8), (1, 1, 8, 4), "mask: expected the image's batch and size"),
        ((1, 3, 8, 6), (1, 1, 8, 6), "sides must be divisible by 4, got 8x6; pad it"),
        ((1, 3, 6, 8), (1, 1, 6, 8), "sides must be divisible by 4, got 6x8; pad it"),
    ],
)
def test_check_image_and_mask_refuses_the_rest(image, mask, words):
    with pytest.raises(InputError, match=words):
        check_image_and_mask(torch.zeros(image), torch.ones(mask), divisor=4)


# --- composites


def test_compose_by_hand():
    I_gt, I_p = torch.full((1, 3, 1, 3), 0.5), torch.full((1, 3, 1, 3), -1.0)
    M = torch.tensor([1.0, 0.0, 1.0]).reshape(1, 1, 1, 3)
    assert compose(I_gt, I_p, M)[0, 0, 0].tolist() == [0.5, -1, 0.5]


def test_compose_equals_loop():
    I_gt, I_p, M = rand(2, 3, 4, 5), rand(2, 3, 4, 5, seed=1), (rand(2, 1, 4, 5, seed=2) > 0.5).double()
    expected = torch.empty_like(I_gt)
    for b, c, i, j in np.ndindex(*I_gt.shape):
        exists = M[b, 0, i, j] == 1
        expected[b, c, i, j] = I_gt[b, c, i, j] if exists else I_p[b, c, i, j]
    assert torch.equal(compose(I_gt, I_p, M), expected)


def test_compose_does_not_look_into_the_hole_of_the_image_nor_at_the_rest_of_the_prediction():
    I_gt, I_p, M = rand(1, 3, 4, 6), rand(1, 3, 4, 6, seed=1), half_mask()
    I_c = compose(I_gt, I_p, M)
    assert torch.equal(compose(I_gt.where(M == 1, -1e300), I_p.where(M == 0, 1e300), M), I_c)
    assert torch.equal(compose(I_gt * M, I_p, M), I_c)  # the masked input will do


def test_compose_has_the_right_gradient():
    I_gt, I_p = rand(1, 3, 4, 6).requires_grad_(), rand(1, 3, 4, 6, seed=1).requires_grad_()
    assert gradcheck(lambda I_gt, I_p: compose(I_gt, I_p, half_mask()), (I_gt, I_p))


# --- images


def test_image_to_tensor_by_hand():
    image = np.array([[[0, 51, 255], [204, 102, 153]]], np.uint8)  # one row, two pixels
    I = image_to_tensor(image)
    assert I.shape == (1, 3, 1, 2) and I.dtype == torch.float32
    expected = torch.tensor([[-1.0, 0.6], [-0.6, -0.2], [1.0, 0.2]]).reshape(1, 3, 1, 2)  # red, green, blue
    torch.testing.assert_close(I, expected)


def test_every_value_survives_the_round_trip():
    image = np.arange(256 * 3, dtype=np.uint16).reshape(16, 16, 3).astype(np.uint8)
    assert np.array_equal(tensor_to_image(image_to_tensor(image)), image)
    assert np.array_equal(tensor_to_image(image_to_tensor(image)[0]), image)  # without a batch axis
    assert np.array_equal(tensor_to_image(image_to_tensor(image[::-1, ::2])), image[::-1, ::2])  # not contiguous


def test_tensor_to_image_rounds_and_clips():
    values = torch.tensor([-3.0, -1.0, 9.4 / 127.5 - 1, 9.6 / 127.5 - 1, 1.0, 3.0])
    image = tensor_to_image(values.expand(3, 1, 6).requires_grad_())
    assert image.dtype == np.uint8 and image[0, :, 0].tolist() == [0, 0, 9, 10, 255, 255]


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((8, 8, 3)),
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        torch.zeros(8, 8, 3, dtype=torch.uint8),
        None,  # of a source whose `center` returns nothing
    ],
)
def test_image_to_tensor_refuses_what_is_not_rgb_bytes(image):
    with pytest.raises(InputError, match=r"image: expected uint8 RGB of shape \(h, w, 3\), got"):
        image_to_tensor(image)


# --- reductions


def test_per_image_by_hand():
    x = torch.tensor([[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]])  # two images of three entries
    assert [float(per_image(x, reduction)) for reduction in ("sum", "mean", "batch_sum")] == [12, 4, 24]
    assert per_image(x) == per_image(x, "sum")


@pytest.mark.parametrize("reduction, factor", [("sum", 1), ("mean", 1), ("batch_sum", 2)])
def test_only_the_batch_sum_grows_with_the_batch(reduction, factor):
    x = rand(2, 3, 4)
    torch.testing.assert_close(per_image(torch.cat([x, x]), reduction), factor * per_image(x, reduction))


@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_sum"])
def test_per_image_has_the_right_gradient(reduction):
    assert gradcheck(lambda x: per_image(x, reduction), rand(2, 3, 4).requires_grad_())


def test_per_image_refuses_an_unknown_reduction():
    with pytest.raises(InputError, match="reduction: expected 'sum', 'mean' or 'batch_sum', got 'none'"):
        per_image(rand(2, 3), "none")


def test_one_of_returns_the_value_or_lists_the_choices():
    assert one_of("colour", "red", ("red", "blue")) == "red"
    with pytest.raises(InputError, match="colour: expected one of red, blue; got 'green'"):
        one_of("colour", "green", ("red", "blue"))
