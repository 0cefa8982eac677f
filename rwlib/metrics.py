r"""Compare composites with their ground truth: l1, l2, PSNR and SSIM (section 4.1), over the image and inside the hole.

The composite copies the existing pixels from the ground truth, so a figure over the whole image mostly says how much
was missing; the one over the hole says how well it was filled. Both are computed.

Conventions, because each of these has made published figures incomparable:

* images are compared as 8-bit files would be: `evaluate_pair` rounds both with `quantise`; the single functions do not;
* every function returns one value per image, (b,); averaging comes last (`rwlib.evaluation.mean_and_interval`), and no
  value depends on what else is in the batch. PSNR is the image's own, not that of a batch's pooled error;
* l1 is the mean absolute difference on [0, 1] (not the ratio of sums that some projects call MAE), l2 the mean squared
  difference on [0, 1], both over pixels and channels;
* SSIM is that of Wang et al. (2004) for each colour channel: Gaussian window of 11x11 pixels, sigma 1.5, data range 1,
  K = 0.01 and 0.03, covariances without the n / (n - 1) correction;
* arithmetic is float64, so tensors have to be on a device that knows it (the CPU, CUDA; not Apple's GPUs).

Nothing that is not a number is dropped silently: PSNR of equal images is +inf, a hole-only metric of a mask without a
hole is NaN, and both pass through to the mean. Images with NaN, infinities or values outside [-1, 1] are refused.
"""

import torch
from torch import Tensor

from rwlib.conventions import InputError, check_image_and_mask, check_shape

METRICS = ("l1", "l2", "psnr", "ssim", "hole_l1", "hole_l2", "hole_psnr", "hole_ssim")
"""What `evaluate_pair` computes; `hole_` means over the missing pixels alone."""

WINDOW_PX, SIGMA = 11, 1.5
"""SSIM's Gaussian window: its side and its standard deviation in pixels (Wang et al., 2004, section III.B)."""


def quantise(I: Tensor) -> Tensor:
    """Round an image to the grid of 8-bit values, as saving it as PNG and reading it back would.

    Args:
        I: (b, 3, h, w); values outside [-1, 1] are clipped.

    Returns:
        The same shape, dtype and device, values 2 k / 255 - 1 for k = 0 ... 255.

    Example:
        >>> quantise(torch.tensor([-1.0, 0.0, 2.0]))
        tensor([-1.0000,  0.0039,  1.0000])
    """
    return ((I + 1) * 127.5).round().clamp(0, 255) / 127.5 - 1


def l1(I_c: Tensor, I_gt: Tensor, M: Tensor | None = None) -> Tensor:
    """Return each image's mean absolute difference on [0, 1].

    Args:
        I_c: (b, 3, h, w) in [-1, 1], composite.
        I_gt: (b, 3, h, w) in [-1, 1], ground truth.
        M: None for the whole image, or (b, 1, h, w), 1 existing, 0 missing, for the missing pixels alone.

    Returns:
        (b,), float64; NaN where `M` has no missing pixel.

    Raises:
        InputError: shapes that do not fit, images not floating point or outside [-1, 1], a mask with other values
            than 0 and 1.

    Example:
        >>> l1(torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8))
        tensor([0.5000], dtype=torch.float64)
    """
    _check(I_c, I_gt, M)
    x, y = _to_unit(I_c, I_gt)
    return _mean((x - y).abs(), M)


def l2(I_c: Tensor, I_gt: Tensor, M: Tensor | None = None) -> Tensor:
    """Return each image's mean squared difference on [0, 1]; arguments and errors as for `l1`.

    Example:
        >>> l2(torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8))
        tensor([0.2500], dtype=torch.float64)
    """
    _check(I_c, I_gt, M)
    x, y = _to_unit(I_c, I_gt)
    return _mean((x - y) ** 2, M)


def psnr(I_c: Tensor, I_gt: Tensor, M: Tensor | None = None) -> Tensor:
    """Return each image's peak signal-to-noise ratio, -10 log10(l2), in dB; +inf for equal images.

    Arguments and errors as for `l1`.

    Example:
        >>> psnr(torch.full((1, 3, 8, 8), 0.8), torch.ones(1, 3, 8, 8))
        tensor([20.0000], dtype=torch.float64)
    """
    return -10 * torch.log10(l2(I_c, I_gt, M))


def ssim(I_c: Tensor, I_gt: Tensor, M: Tensor | None = None) -> Tensor:
    """Return each image's structural similarity, the mean of `ssim_map` over pixels and channels.

    For the whole image the mean runs over the windows that lie inside it, 5 pixels from the border, as in Wang et al.
    (2004) and scikit-image; torchmetrics takes in those across the border too. For the hole it runs over all missing
    pixels, border or not; a window around one still sees existing pixels nearby.

    Arguments and errors as for `l1`, and sides of at least 11 pixels.

    Returns:
        (b,), float64, in [-1, 1]; NaN where `M` has no missing pixel.

    Example:
        >>> ssim(torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16))
        tensor([1.], dtype=torch.float64)
    """
    _check(I_c, I_gt, M)
    return _mean_similarity(_similarity(*_to_unit(I_c, I_gt)), M)


def ssim_map(I_c: Tensor, I_gt: Tensor) -> Tensor:
    r"""Return the structural similarity around every pixel, Wang et al. (2004), eq. (13).

        SSIM = (2 mu_x mu_y + C_1) (2 sigma_xy + C_2) / ((mu_x^2 + mu_y^2 + C_1) (sigma_x^2 + sigma_y^2 + C_2))

    with Gaussian-weighted means and covariances, C_1 = 0.01^2 and C_2 = 0.03^2 for images on [0, 1]. Windows that reach
    over the border see the image mirrored there, the border pixel twice, as in scikit-image.

    Args:
        I_c: (b, 3, h, w) in [-1, 1], sides of at least 11 pixels.
        I_gt: (b, 3, h, w) in [-1, 1].

    Returns:
        (b, 3, h, w), float64, in [-1, 1].

    Raises:
        InputError: a side below 11 pixels, or what `l1` refuses.

    Example:
        >>> ssim_map(torch.zeros(1, 3, 16, 12), torch.zeros(1, 3, 16, 12)).shape
        torch.Size([1, 3, 16, 12])
    """
    _check(I_c, I_gt)
    return _similarity(*_to_unit(I_c, I_gt))


def _similarity(x: Tensor, y: Tensor) -> Tensor:
    """Return `ssim_map` of images (b, 3, h, w) on [0, 1]."""
    if min(x.shape[2:]) < WINDOW_PX:
        raise InputError(
            f"I_c: SSIM needs sides of at least {WINDOW_PX} pixels, got {x.shape[2]}x{x.shape[3]}; enlarge it"
        )
    mu_x, mu_y = _blur(x), _blur(y)
    var_x, var_y, cov = _blur(x * x) - mu_x**2, _blur(y * y) - mu_y**2, _blur(x * y) - mu_x * mu_y
    C_1, C_2 = 0.01**2, 0.03**2
    return (2 * mu_x * mu_y + C_1) * (2 * cov + C_2) / ((mu_x**2 + mu_y**2 + C_1) * (var_x + var_y + C_2))


def _mean_similarity(similarity: Tensor, M: Tensor | None) -> Tensor:
    """Average SSIM's map (b, 3, h, w) over the windows inside the image, or over the missing pixels; (b,)."""
    if M is not None:
        return _mean(similarity, M)
    r = WINDOW_PX // 2
    return _mean(similarity[:, :, r:-r, r:-r])


def _blur(x: Tensor) -> Tensor:
    """Average (b, c, h, w) with SSIM's Gaussian window, the image mirrored at its border."""
    r = WINDOW_PX // 2
    offsets = torch.arange(-r, r + 1, dtype=x.dtype, device=x.device)
    weights = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    weights = (weights / weights.sum()).tolist()
    for axis in (2, 3):  # the window is separable
        size = x.shape[axis]
        start, end = x.narrow(axis, 0, r).flip(axis), x.narrow(axis, size - r, r).flip(axis)
        padded = torch.cat([start, x, end], axis)
        x = sum(weight * padded.narrow(axis, i, size) for i, weight in enumerate(weights))
    return x


def evaluate_pair(I_c: Tensor, I_gt: Tensor, M: Tensor) -> dict[str, Tensor]:
    """Round composite and ground truth to 8 bits, then compute every metric over the image and over the hole.

    Args:
        I_c: (b, 3, h, w) in [-1, 1], composite, sides of at least 11 pixels.
        I_gt: (b, 3, h, w) in [-1, 1], ground truth.
        M: (b, 1, h, w), 1 existing, 0 missing.

    Returns:
        `l1`, `l2`, `psnr`, `ssim` and, over the missing pixels, `hole_l1`, `hole_l2`, `hole_psnr`, `hole_ssim`; each
        (b,), float64.

    Raises:
        InputError: composite and ground truth differ where `M` says that the image exists (not a composite, or a mask
            of the opposite polarity), or what `ssim` refuses.

    Example:
        >>> I_gt, M = torch.zeros(1, 3, 16, 16), torch.ones(1, 1, 16, 16)
        >>> M[..., 4:8, 4:8] = 0  # 1/16 of the image
        >>> values = evaluate_pair(I_gt - 0.2 * (1 - M), I_gt, M)
        >>> round(float(values["l1"] * 16), 3), round(float(values["hole_l1"]), 3)
        (0.102, 0.102)
    """
    _check(I_c, I_gt, M)
    I_c, I_gt = quantise(I_c), quantise(I_gt)
    if ((I_c != I_gt) & (M == 1)).any():
        raise InputError(
            "I_c: differs from I_gt at existing pixels; pass the composite (rwlib.conventions.compose), "
            "and a mask that is 1 where the image exists"
        )
    x, y = _to_unit(I_c, I_gt)
    similarity = _similarity(x, y)  # most of the time goes here, so once for both
    values = {}
    for prefix, mask in (("", None), ("hole_", M)):
        values[f"{prefix}l1"] = _mean((x - y).abs(), mask)
        values[f"{prefix}l2"] = _mean((x - y) ** 2, mask)
        values[f"{prefix}psnr"] = -10 * torch.log10(values[f"{prefix}l2"])
        values[f"{prefix}ssim"] = _mean_similarity(similarity, mask)
    return values


def _check(I_c: Tensor, I_gt: Tensor, M: Tensor | None = None) -> None:
    """Refuse images and masks that the metrics would turn into a plausible wrong number."""
    for name, I in (("I_c", I_c), ("I_gt", I_gt)):
        check_shape(name, I, "b 3 h w")
        if not I.is_floating_point():
            raise InputError(f"{name}: expected floating point, got {I.dtype}; use rwlib.conventions.image_to_tensor")
        low, high = I.aminmax()
        if not (low >= -1.001 and high <= 1.001):  # written so that NaN is refused
            raise InputError(
                f"{name}: expected values in [-1, 1], got {float(low):.4g} to {float(high):.4g}; clip or rescale it"
            )
    if I_c.shape != I_gt.shape:
        raise InputError(f"I_c: expected the shape of I_gt {tuple(I_gt.shape)}, got {tuple(I_c.shape)}")
    if M is not None:
        check_image_and_mask(I_c, M)
        if not ((M == 0) | (M == 1)).all():
            raise InputError(
                "M: expected values 0 (missing) and 1 (existing) only; use rwlib.masks.resize_mask to resize"
            )


def _to_unit(I_c: Tensor, I_gt: Tensor) -> tuple[Tensor, Tensor]:
    """Return both images on [0, 1] in float64."""
    return (I_c.double() + 1) / 2, (I_gt.double() + 1) / 2


def _mean(x: Tensor, M: Tensor | None = None) -> Tensor:
    """Average (b, 3, h, w) over pixels and channels, all of them or the missing ones; (b,)."""
    if M is None:
        return x.flatten(1).mean(1)
    missing = (M == 0).expand_as(x)
    return torch.where(missing, x, 0).flatten(1).sum(1) / missing.flatten(1).sum(1)
