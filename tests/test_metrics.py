"""Metrics: equal to scikit-image and torchmetrics image by image, independent of the batch, exact inside the hole."""

import math

import numpy as np
import pytest
import torch
import torchmetrics.functional.image as tm
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from rwlib.conventions import InputError, compose, image_to_tensor, tensor_to_image
from rwlib.masks import random_masks
from rwlib.metrics import METRICS, evaluate_pair, l1, l2, psnr, quantise, ssim, ssim_map

FUNCTIONS = [l1, l2, psnr, ssim]


@pytest.fixture(scope="module")
def pair():
    """Three images with structure at several scales, composites of different quality, and their masks."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(3, 3, 5, 7, generator=generator)
    fine = torch.rand(3, 3, 40, 56, generator=generator)
    I_gt = torch.nn.functional.interpolate(coarse, size=(40, 56), mode="bilinear") * 1.6 - 0.9 + 0.2 * fine
    noise = torch.randn(3, 3, 40, 56, generator=generator) * torch.tensor([0.02, 0.1, 0.5]).reshape(3, 1, 1, 1)
    M = random_masks(3, 40, 56, (0.2, 0.4), generator=generator)
    I_gt = quantise(I_gt)
    return compose(I_gt, quantise(I_gt + noise), M), I_gt, M


def to_numpy(I):
    """One image (3, h, w) in [-1, 1] as (h, w, 3) on [0, 1]."""
    return ((I.double() + 1) / 2).permute(1, 2, 0).numpy()


def skimage_ssim(x, y):
    return structural_similarity(
        x, y, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1, channel_axis=2, full=True
    )


# --- references, image by image


def test_equal_to_skimage(pair):
    I_c, I_gt, _ = pair
    values = {metric.__name__: metric(I_c, I_gt) for metric in FUNCTIONS}
    similarity = ssim_map(I_c, I_gt)
    for i in range(3):
        x, y = to_numpy(I_c[i]), to_numpy(I_gt[i])
        assert float(values["l1"][i]) == pytest.approx(np.abs(x - y).mean(), rel=1e-12)
        assert float(values["l2"][i]) == pytest.approx(mean_squared_error(x, y), rel=1e-12)
        assert float(values["psnr"][i]) == pytest.approx(peak_signal_noise_ratio(y, x, data_range=1), rel=1e-12)
        mean, full = skimage_ssim(x, y)
        assert float(values["ssim"][i]) == pytest.approx(mean, abs=1e-12)
        np.testing.assert_allclose(similarity[i].permute(1, 2, 0).numpy(), full, atol=1e-10)  # border included


def test_equal_to_torchmetrics(pair):
    I_c, I_gt, _ = pair
    x, y = (I_c.double() + 1) / 2, (I_gt.double() + 1) / 2
    each = {"reduction": "none", "data_range": 1.0}
    torch.testing.assert_close(psnr(I_c, I_gt), tm.peak_signal_noise_ratio(x, y, dim=(1, 2, 3), **each))
    # torchmetrics' own mean takes in windows over the border, and mirrors without repeating the border pixel.
    _, full = tm.structural_similarity_index_measure(x, y, return_full_image=True, **each)
    inside = full[:, :, 5:-5, 5:-5]
    torch.testing.assert_close(ssim_map(I_c, I_gt)[:, :, 5:-5, 5:-5], inside)
    torch.testing.assert_close(ssim(I_c, I_gt), inside.mean((1, 2, 3)))


def test_single_window_by_definition():
    """SSIM's map at one pixel, from weighted sums written out."""
    generator = torch.Generator().manual_seed(1)
    I_c, I_gt = torch.rand(2, 1, 3, 11, 11, generator=generator).double() * 2 - 1
    x, y = (I_c[0, 1] + 1) / 2, (I_gt[0, 1] + 1) / 2
    weights = torch.tensor([[math.exp(-(i * i + j * j) / 4.5) for j in range(-5, 6)] for i in range(-5, 6)]).double()
    weights /= weights.sum()
    mu_x, mu_y = (weights * x).sum(), (weights * y).sum()
    var_x, var_y = (weights * (x - mu_x) ** 2).sum(), (weights * (y - mu_y) ** 2).sum()
    cov = (weights * (x - mu_x) * (y - mu_y)).sum()
    expected = (2 * mu_x * mu_y + 1e-4) * (2 * cov + 9e-4) / ((mu_x**2 + mu_y**2 + 1e-4) * (var_x + var_y + 9e-4))
    assert float(ssim_map(I_c, I_gt)[0, 1, 5, 5]) == pytest.approx(float(expected), rel=1e-5)


# --- values by hand


def test_by_hand():
    I_gt = torch.full((2, 3, 16, 16), -1.0)
    I_c = I_gt.clone()
    I_c[0, 0, :2, :8] = 1.0  # 16 of 768 values are off by 1
    I_c[1] = -0.8  # all are off by 0.1
    assert l1(I_c, I_gt).tolist() == pytest.approx([1 / 48, 0.1])
    assert l2(I_c, I_gt).tolist() == pytest.approx([1 / 48, 0.01])
    assert psnr(I_c, I_gt).tolist() == pytest.approx([10 * math.log10(48), 20])
    # Two flat images 0.1 and 0: only the first factor differs from 1, and it is C_1 / (0.1^2 + C_1).
    assert float(ssim(I_c, I_gt)[1]) == pytest.approx(1e-4 / (1e-2 + 1e-4))
    M = torch.ones(2, 1, 16, 16)
    M[:, :, :2] = 0  # 96 missing values, 16 of them off by 1
    assert l1(I_c, I_gt, M).tolist() == pytest.approx([1 / 6, 0.1])
    assert psnr(I_c, I_gt, M).tolist() == pytest.approx([10 * math.log10(6), 20])


def test_equal_images(pair):
    _, I_gt, M = pair
    for mask in (None, M):
        assert l1(I_gt, I_gt, mask).tolist() == [0, 0, 0]
        assert l2(I_gt, I_gt, mask).tolist() == [0, 0, 0]
        assert psnr(I_gt, I_gt, mask).tolist() == [math.inf] * 3
        assert ssim(I_gt, I_gt, mask).tolist() == pytest.approx([1, 1, 1])


def test_quantise():
    levels = torch.arange(256) / 127.5 - 1
    assert torch.equal(quantise(levels), levels)
    assert quantise(torch.tensor([-3.0, 3.0])).tolist() == [-1, 1]
    I = torch.rand(1, 3, 16, 16) * 2 - 1
    assert (quantise(I) - I).abs().max() <= 1 / 255 + 1e-6
    assert torch.equal(quantise(I), image_to_tensor(tensor_to_image(I)))


# --- invariants


@pytest.mark.parametrize("metric", FUNCTIONS)
def test_independent_of_the_batch(metric, pair):
    I_c, I_gt, M = pair
    for mask in (None, M):
        whole = metric(I_c, I_gt, mask)
        assert whole.shape == (3,) and whole.dtype == torch.float64
        single = [metric(I_c[i : i + 1], I_gt[i : i + 1], None if mask is None else mask[i : i + 1]) for i in range(3)]
        torch.testing.assert_close(whole, torch.cat(single), rtol=1e-13, atol=0)
        torch.testing.assert_close(whole, metric(I_gt, I_c, mask), rtol=1e-13, atol=0)  # symmetric


@pytest.mark.parametrize("metric", FUNCTIONS)
def test_worse_images_score_worse(metric, pair):
    good, middle, bad = metric(*pair[:2]).tolist()
    assert good > middle > bad if metric in (psnr, ssim) else good < middle < bad


# --- inside the hole


def test_hole_only_equals_loop(pair):
    I_c, I_gt, M = pair
    values = {metric.__name__: metric(I_c, I_gt, M) for metric in FUNCTIONS}
    for i in range(3):
        x, y = to_numpy(I_c[i]), to_numpy(I_gt[i])
        full = skimage_ssim(x, y)[1]
        absolute, squared, similarity, n = 0.0, 0.0, 0.0, 0
        for row in range(40):
            for column in range(56):
                if M[i, 0, row, column] == 0:
                    for channel in range(3):
                        difference = x[row, column, channel] - y[row, column, channel]
                        absolute, squared, n = absolute + abs(difference), squared + difference**2, n + 1
                        similarity += full[row, column, channel]
        assert float(values["l1"][i]) == pytest.approx(absolute / n)
        assert float(values["l2"][i]) == pytest.approx(squared / n)
        assert float(values["psnr"][i]) == pytest.approx(-10 * math.log10(squared / n))
        assert float(values["ssim"][i]) == pytest.approx(similarity / n)


@pytest.mark.parametrize("metric", FUNCTIONS)
def test_all_missing_and_none_missing(metric, pair):
    I_c, I_gt, M = pair
    M = M.clone()
    M[0], M[1] = 0, 1
    everywhere, nowhere, _ = metric(I_c, I_gt, M)
    expected = ssim_map(I_c, I_gt)[0].mean() if metric is ssim else metric(I_c, I_gt)[0]
    torch.testing.assert_close(everywhere, expected)
    assert nowhere.isnan()


# --- all together


def test_evaluate_pair(pair):
    I_c, I_gt, M = pair
    values = evaluate_pair(I_c, I_gt, M)
    assert tuple(values) == METRICS
    for metric in FUNCTIONS:
        torch.testing.assert_close(values[metric.__name__], metric(I_c, I_gt))
        torch.testing.assert_close(values[f"hole_{metric.__name__}"], metric(I_c, I_gt, M))
    # Existing pixels are equal, so both differ by the missing fraction alone.
    torch.testing.assert_close(values["l1"], values["hole_l1"] * (1 - M.double().mean((1, 2, 3))))


def test_evaluate_pair_rounds_to_8_bits(pair):
    I_c, I_gt, M = pair
    values = evaluate_pair((I_c + 0.4 / 255).clamp(-1, 1), (I_gt - 0.4 / 255).clamp(-1, 1), M)
    torch.testing.assert_close(values["l1"], l1(I_c, I_gt))
    torch.testing.assert_close(values["hole_ssim"], ssim(I_c, I_gt, M))


def test_evaluate_pair_refuses_wrong_polarity_and_predictions(pair):
    I_c, I_gt, M = pair
    with pytest.raises(InputError, match="I_c: differs from I_gt at existing pixels"):
        evaluate_pair(I_c, I_gt, 1 - M)
    with pytest.raises(InputError, match="pass the composite"):
        evaluate_pair(I_c * 0.9, I_gt, M)


# --- errors


@pytest.mark.parametrize("metric", FUNCTIONS)
def test_refused_arguments(metric, pair):
    I_c, I_gt, M = pair
    with pytest.raises(InputError, match=r"I_gt: expected shape \(b, 3, h, w\)"):
        metric(I_c, I_gt[0])
    with pytest.raises(InputError, match="I_c: expected the shape of I_gt"):
        metric(I_c[:2], I_gt)
    with pytest.raises(InputError, match="I_c: expected floating point, got torch.uint8"):
        metric(I_c.to(torch.uint8), I_gt)
    with pytest.raises(InputError, match=r"I_gt: expected values in \[-1, 1\], got 0 to 255"):
        metric(I_c, torch.linspace(0, 255, I_gt.numel()).reshape(I_gt.shape))
    with pytest.raises(InputError, match=r"I_c: expected values in \[-1, 1\], got nan"):
        metric(torch.full_like(I_gt, math.nan), I_gt)
    with pytest.raises(InputError, match="mask: expected the image's batch and size"):
        metric(I_c, I_gt, M[:1])
    with pytest.raises(InputError, match=r"M: expected values 0 \(missing\) and 1 \(existing\) only"):
        metric(I_c, I_gt, M * 0.5)


@pytest.mark.parametrize("metric", [*FUNCTIONS, ssim_map, lambda x, y: evaluate_pair(x, y, torch.ones(1, 1, 16, 16))])
@pytest.mark.parametrize("value", [-1.002, 1.002])
def test_the_range_is_met_but_for_rounding(metric, value):
    """8-bit values divided by 127.5 can end a rounding error beyond 1; anything more is another convention."""
    I = torch.zeros(1, 3, 16, 16)
    beyond, rounded = I.clone(), I.clone()
    beyond[0, 1, 3, 4], rounded[0, 1, 3, 4] = value, math.copysign(1.0001, value)
    for pair, name in (((beyond, I), "I_c"), ((I, beyond), "I_gt")):
        with pytest.raises(InputError, match=rf"{name}: expected values in \[-1, 1\], got {min(value, 0):.4g} to "):
            metric(*pair)
    metric(rounded, rounded)


@pytest.mark.parametrize("value", [0.5, -1.0, 2.0, math.nan])
def test_a_mask_of_other_values_is_refused_wherever_it_is_taken(value):
    I, M = torch.zeros(2, 3, 16, 16), torch.ones(2, 1, 16, 16)
    M[1, 0, 5, 5] = value
    for metric in (*FUNCTIONS, evaluate_pair):
        with pytest.raises(InputError, match=r"M: expected values 0 \(missing\) and 1 \(existing\) only"):
            metric(I, I, M)


def test_ssim_refuses_small_images():
    I = torch.zeros(1, 3, 10, 32)
    with pytest.raises(InputError, match="SSIM needs sides of at least 11 pixels, got 10x32"):
        ssim(I, I)
