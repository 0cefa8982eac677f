"""Notebook 10: things to remove from a photograph (a figure with a soft outline, a watermark), and two small tools."""

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from torch import Tensor

from rwlib.conventions import image_to_tensor, tensor_to_image


def draw_figure(height: int, width: int) -> Tensor:
    """Draw the outline of a small person, slightly out of focus.

    Returns:
        (1, 1, height, width) in [0, 1]: how much of each pixel the figure covers.
    """
    unit = min(height, width) / 100
    large = Image.new("L", (4 * width, 4 * height))
    draw = ImageDraw.Draw(large)
    x, y = 2 * width, 2.2 * height
    for left, top, right, bottom in ((-6, -30, 6, -17), (-9, -17, 9, 12), (-8, 10, -1, 32), (1, 10, 8, 32)):
        box = [x + 4 * unit * left, y + 4 * unit * top, x + 4 * unit * right, y + 4 * unit * bottom]
        draw.rounded_rectangle(box, radius=4 * unit * 5, fill=255)
    blurred = large.filter(ImageFilter.GaussianBlur(4 * 1.5))  # 1.5 px of the result: a usual lens
    small = blurred.resize((width, height), Image.Resampling.BOX)
    return torch.from_numpy(np.asarray(small, dtype=np.float32) / 255)[None, None]


def draw_words(height: int, width: int, words: str, *, rows: int = 3) -> Tensor:
    """Draw words several times across a picture, as a watermark.

    Returns:
        (1, 1, height, width) of 0 and 1.
    """
    image = Image.new("1", (width, height))
    draw = ImageDraw.Draw(image)
    size_px = 0.7 * height / rows
    font = ImageFont.load_default(size_px)
    for i in range(rows):
        draw.text((width * 0.04 * (1 + i), height * (i + 0.1) / rows), words, fill=1, font=font)
    return torch.from_numpy(np.asarray(image, dtype=np.float32))[None, None]


def as_file(I: Tensor, *, jpeg_quality: int = 0) -> Tensor:
    """Return what is left of a picture (1, 3, h, w) after saving: 256 values; with a quality, also JPEG's losses."""
    image = tensor_to_image(I)
    if jpeg_quality:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=jpeg_quality)
        image = np.array(Image.open(file).convert("RGB"))
    return image_to_tensor(image)


def grow(M: Tensor, r: int) -> Tensor:
    """Make every pixel missing that is at most r rows and columns from a missing one.

    Args:
        M: (b, 1, h, w), 1 existing, 0 missing.
        r: in pixels, at least 0.

    Example:
        >>> grow(torch.tensor([1.0, 1.0, 1.0, 0.0]).reshape(1, 1, 1, 4), 1).flatten().tolist()
        [1.0, 1.0, 0.0, 0.0]
    """
    return -F.max_pool2d(-M, 2 * r + 1, stride=1, padding=r)


def neighbours(I: Tensor) -> Tensor:
    """Return the mean of each pixel's four neighbours; at the border the missing one is the pixel itself."""
    P = F.pad(I, (1, 1, 1, 1), mode="replicate")
    return (P[..., :-2, 1:-1] + P[..., 2:, 1:-1] + P[..., 1:-1, :-2] + P[..., 1:-1, 2:]) / 4


def windowed(x: Tensor, k: int) -> Tensor:
    """Return the mean over a window of k by k pixels, k odd; at the border, over its part inside."""
    return F.avg_pool2d(x, k, stride=1, padding=k // 2, count_include_pad=False)


def roughness(I: Tensor, k: int) -> Tensor:
    """Return how much pixels differ from the mean of their neighbours, averaged over colours and a window.

    Args:
        I: (b, 3, h, w).
        k: side of the window in pixels, odd.

    Returns:
        (b, 1, h, w).
    """
    return windowed((I - neighbours(I)).abs().mean(1, keepdim=True), k)
