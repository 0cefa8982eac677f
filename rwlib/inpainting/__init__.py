r"""Fill the hole of any photograph with a trained generator.

Three layers, from tensors to files:

* `fill` runs the generator on (b, 3, h, w) of any size: it pads to a multiple of 4 and crops;
* `fill_photo` takes 8- or 16-bit arrays of any size. The network knows holes of the size that it was trained with, so
  the picture is first brought to the scale at which the hole has that size (never enlarged), filled there, and the
  filling enlarged again. Existing pixels are copied from the original, not from the network: they stay bit-identical.
  `inpaint` gives the filled picture alone;
* `inpaint_file` reads and writes files of all common kinds and keeps their mode (grey, RGB, transparency, 16 bits).
"""

import io
import os
import re
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from rwlib.config import Config
from rwlib.conventions import InputError, check_image_and_mask
from rwlib.masks import resize_mask
from rwlib.networks.generator import Outputs, RegionWiseGenerator

MIN_SIDE_PX = 8
MAX_WORK_PIXELS = 150_000  # 448x336: keeps a 1000x750 photograph under 6 s and 2 GB on two cores at width 24
LOSSLESS = {".png", ".tif", ".tiff", ".bmp"}


@torch.no_grad()
def fill(G: RegionWiseGenerator, I_gt: Tensor, M: Tensor) -> Outputs:
    """Run the generator on images of any size.

    Args:
        G: a generator.
        I_gt: (b, 3, h, w) in [-1, 1]; what stands in the hole is ignored, NaN included.
        M: (b, 1, h, w), 1 existing, 0 missing.

    Returns:
        `Outputs`, each (b, 3, h, w).

    Raises:
        InputError: wrong shapes, a mask with other values than 0 and 1, or values that are not finite outside the hole.
    """
    check_image_and_mask(I_gt, M)
    if not ((M == 0) | (M == 1)).all():
        raise InputError(f"mask: expected 0 and 1 only, got values from {float(M.min()):g} to {float(M.max()):g}")
    h, w = I_gt.shape[-2:]
    I_in = torch.where(M.bool(), I_gt, 0)
    if not I_in.isfinite().all():
        bad = int((~I_in.isfinite()).any(1).sum())
        raise InputError(f"image: {bad} existing pixels are NaN or infinite; repair them or mark them as missing")
    padding = (0, -w % 4, 0, -h % 4)
    padded = G(F.pad(I_in, padding, mode="replicate"), F.pad(M.float(), padding, mode="replicate"))
    return Outputs(*(x[..., :h, :w] for x in padded))


class Filled(NamedTuple):
    """A filled picture, and how it came about."""

    image: np.ndarray
    """(h, w, 3), of the type that was given; pixels outside the hole are those that were given."""
    outputs: Outputs
    """What the network made, (1, 3, h', w') each, at the size at which it worked."""
    M: Tensor
    """The mask that it saw, (1, 1, h', w')."""
    seconds: float
    """How long all of it took."""


def inpaint(
    image: np.ndarray,
    hole: np.ndarray,
    G: RegionWiseGenerator,
    config: Config,
    *,
    work_side_px: int = 0,
) -> np.ndarray:
    """Fill the hole of one picture; arguments and errors are those of `fill_photo`.

    Returns:
        (h, w, 3) of the same type; pixels outside the hole are those of `image`.

    Example:
        >>> image, hole = np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), bool)
        >>> hole[4:8, 4:8] = True
        >>> inpaint(image, hole, RegionWiseGenerator(8), Config(width=8)).shape
        (16, 16, 3)
    """
    return fill_photo(image, hole, G, config, work_side_px=work_side_px).image


def fill_photo(
    image: np.ndarray,
    hole: np.ndarray,
    G: RegionWiseGenerator,
    config: Config,
    *,
    work_side_px: int = 0,
) -> Filled:
    """Fill the hole of one picture, and return what the network made on the way, too.

    Args:
        image: (h, w, 3) uint8 or uint16.
        hole: (h, w) bool, True where missing.
        G: a generator, see `rwlib.checkpoints.load_generator`.
        config: its configuration; `size_px` says which holes it knows.
        work_side_px: longest side at which the network works; 0 chooses by the size of the hole.

    Raises:
        InputError: wrong types, sizes that differ, a side under 8 px, no hole, or nothing but hole.
    """
    start = time.perf_counter()
    if image.dtype not in (np.uint8, np.uint16) or image.ndim != 3 or image.shape[2] != 3:
        raise InputError(f"image: expected uint8 or uint16 of shape (h, w, 3), got {image.dtype} of {image.shape}")
    if hole.dtype != bool or hole.ndim != 2:
        raise InputError(f"mask: expected booleans of shape (h, w), got {hole.dtype} of {hole.shape}")
    h, w = hole.shape
    if image.shape[:2] != (h, w):
        got, expected = f"{w}x{h}", f"{image.shape[1]}x{image.shape[0]}"
        raise InputError(f"mask: its size {got} is not the image's {expected} (width x height); resize the mask")
    if min(h, w) < MIN_SIDE_PX:
        raise InputError(f"image: expected sides of at least {MIN_SIDE_PX} px, got {w}x{h} (w x h); enlarge it")
    if work_side_px < 0 or 0 < work_side_px < MIN_SIDE_PX:
        raise InputError(f"work_side_px: expected 0 or at least {MIN_SIDE_PX}, got {work_side_px}")
    if not hole.any():
        raise InputError("mask: it has no hole, so there is nothing to fill; is its polarity the other way round?")
    if hole.all():
        raise InputError("mask: everything is missing, so there is nothing to fill from; is its polarity reversed?")

    top = np.iinfo(image.dtype).max
    I_gt = torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)[None] / (top / 2) - 1
    M = torch.from_numpy(~hole).float()[None, None]
    size = _work_size(hole, config.size_px, work_side_px)
    if size != (h, w):
        I_gt, M = _shrink(I_gt, M, size)
    outputs = fill(G, I_gt, M)
    I_c2 = outputs.I_c2
    if size != (h, w):
        I_c2 = F.interpolate(I_c2, (h, w), mode="bicubic", align_corners=False)
    filled = ((I_c2[0].permute(1, 2, 0) + 1) * (top / 2)).round().clamp(0, top).numpy().astype(image.dtype)
    return Filled(np.where(hole[..., None], filled, image), outputs, M, time.perf_counter() - start)


def _work_size(hole: np.ndarray, trained_px: int, work_side_px: int) -> tuple[int, int]:
    """Choose the size at which the network works: its holes as large as in training, at most `MAX_WORK_PIXELS`."""
    h, w = hole.shape
    scale = 1.0
    if work_side_px:
        scale = min(1.0, work_side_px / max(h, w))
    else:
        step = max(1, max(h, w) // 1024)  # the radius to within a per mille is enough
        coarse = np.pad(hole[::step, ::step], 1, constant_values=False)
        radius = max(1.0, step * float(distance_transform_edt(coarse).max()))
        # The largest disc in a contiguous hole of 25 % has a radius of about a fifth of the side (mean of 200: 0.19).
        scale = min(1.0, trained_px / 5 / radius, (MAX_WORK_PIXELS / (h * w)) ** 0.5)
    size = max(MIN_SIDE_PX, round(h * scale)), max(MIN_SIDE_PX, round(w * scale))
    return (h, w) if scale == 1.0 else (min(size[0], h), min(size[1], w))


def _shrink(I_gt: Tensor, M: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Average the existing pixels under each small one; it exists if at least half of what it covers does."""
    share = F.interpolate(M, size, mode="area")
    I_small = F.interpolate(I_gt * M, size, mode="area") / share.clamp(min=1e-6)
    # A region so thin that averaging loses it: keep single pixels instead.
    for M_small in ((share >= 0.5).float(), (share >= 1).float(), resize_mask(M, size)):
        if M_small.any() and not M_small.all():
            break
    return I_small, M_small


def read_image(file: str | os.PathLike[str] | bytes, name: str = "image") -> Image.Image:
    """Open a picture, apply its EXIF rotation, and load it wholly.

    Args:
        file: its path, or the content of a file.
        name: of the argument, for messages.

    Raises:
        InputError: missing, not an image, truncated, too large to be decoded safely, or a photograph that Pillow reads
            with a loss.
    """
    opens = io.BytesIO(file) if isinstance(file, bytes) else Path(file)
    file = "the file" if isinstance(file, bytes) else Path(file)
    if isinstance(file, Path) and not file.is_file():
        problem = "is a folder" if file.is_dir() else "does not exist"
        raise InputError(f"{name}: {file} {problem}; give a picture file")
    try:
        # Pillow's warnings on damage would stand before the one line that is promised.
        with warnings.catch_warnings(action="ignore"), Image.open(opens) as opened:
            stored = str(opened.tile)
            image = ImageOps.exif_transpose(opened)
    except UnidentifiedImageError:
        raise InputError(
            f"{name}: {file} is not an image (or of an unknown kind); give a PNG, JPEG, TIFF or WebP"
        ) from None
    except Image.DecompressionBombError:
        raise InputError(f"{name}: {file} has too many pixels to be opened safely; make it smaller first") from None
    except Exception as error:  # decoders raise nearly anything on damaged files
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{name}: {file} cannot be read ({reason}); it may be truncated, get it again") from None
    if name == "image" and not image.mode.startswith("I") and re.search(";16[BLN]", stored):
        raise InputError(
            f"image: {file} has colours of 16 bits, of which Pillow reads only 8; save it with 8, or as 16-bit grey"
        )
    return image


def read_hole(file: str | os.PathLike[str] | bytes, *, white_is_existing: bool = False) -> np.ndarray:
    """Read a mask file.

    Args:
        file: any picture, by its path or its content; grey values of 128 and more are white.
        white_is_existing: the polarity. By default white is the hole.

    Returns:
        (h, w) bool, True where missing.
    """
    image = read_image(file, "mask")
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        white = values >= (values.max() + 1) / 2 if values.max() > 255 else values >= 128
    else:
        if "transparency" in image.info or image.mode in ("LA", "PA", "RGBA"):  # transparent is black
            rgba = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba)
        white = np.asarray(image.convert("L")) >= 128
    return ~white if white_is_existing else white


def split_mode(image: Image.Image) -> tuple[np.ndarray, Callable[[np.ndarray], Image.Image]]:
    """Turn a picture of any mode into an RGB array, and give what turns a filled array back into that mode.

    Returns:
        (h, w, 3) uint8 or uint16, and a function from such an array to a picture. Grey stays grey, transparency and 16
        bits are kept, a palette becomes RGB (its 256 colours need not contain the filling), and so does CMYK.

    Raises:
        InputError: floating point pixels, with a word on NaN.
    """
    mode = image.mode
    if mode == "F":
        bad = int(np.isnan(np.asarray(image)).sum())
        problem = f"has {bad} NaN pixels" if bad else "has floating point pixels of unknown range"
        raise InputError(f"image: it {problem}; save it with 8 or 16 bits first")
    if mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise InputError("image: its 32-bit values do not fit 16 bits; save it with 8 or 16 bits first")
        grey = values.astype(np.uint16)
        return np.repeat(grey[..., None], 3, axis=2), lambda x: Image.fromarray(_grey(x))
    if mode in ("1", "L") and "transparency" not in image.info:
        grey = np.asarray(image.convert("L"))
        return np.repeat(grey[..., None], 3, axis=2), lambda x: Image.fromarray(_grey(x))
    if mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        alpha = rgba.getchannel("A")

        def with_alpha(x: np.ndarray) -> Image.Image:
            filled = Image.fromarray(_grey(x) if mode in ("1", "L", "LA") else x)
            filled.putalpha(alpha)
            return filled

        return np.asarray(rgba.convert("RGB")), with_alpha
    return np.asarray(image.convert("RGB")), Image.fromarray


def _grey(x: np.ndarray) -> np.ndarray:
    """Average the channels (h, w, 3); where they are equal, as in existing pixels, nothing changes."""
    return x.astype(np.float64).mean(axis=2).round().astype(x.dtype)


def inpaint_file(
    photo: str | os.PathLike[str],
    mask: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    G: RegionWiseGenerator,
    config: Config,
    white_is_existing: bool = False,
    work_side_px: int = 0,
) -> None:
    """Fill the hole of a picture file; nothing is written unless all went well.

    Args:
        photo: picture of any mode; EXIF rotation is applied.
        mask: picture of the same size.
        output: where to; .png, .tif or .bmp, because a lossy format would change existing pixels.
        G: a generator.
        config: its configuration.
        white_is_existing: polarity of the mask; white is the hole by default.
        work_side_px: see `inpaint`.

    Raises:
        InputError: whatever is wrong with one of the files, in one line.
    """
    output = Path(output)
    if output.suffix.lower() not in LOSSLESS:
        kinds = ", ".join(sorted(LOSSLESS))
        raise InputError(f"output: {output} would be lossy or of unknown kind; take one that keeps pixels: {kinds}")
    check_folder(output.parent)
    picture = read_image(photo)
    hole = read_hole(mask, white_is_existing=white_is_existing)
    try:
        image, restore = split_mode(picture)
        result = restore(inpaint(image, hole, G, config, work_side_px=work_side_px))
    except InputError as error:  # name the file, too
        argument, _, problem = str(error).partition(": ")
        file = {"image": f" {photo}:", "mask": f" {mask}:"}.get(argument, "")
        raise InputError(f"{argument}:{file} {problem}") from None
    if output.suffix.lower() == ".bmp" and result.mode not in ("L", "RGB"):
        what = "16 bits" if result.mode.startswith("I") else "transparency"
        raise InputError(f"output: {output}: BMP files cannot hold the picture's {what}; take .png or .tif")
    described = () if picture.mode in ("CMYK", "LAB") else ("icc_profile",)  # theirs does not fit the RGB result
    kept = {key: picture.info[key] for key in (*described, "dpi") if key in picture.info}
    part = output.with_name(f".{output.stem}.{os.getpid()}.part{output.suffix}")
    try:
        result.save(part, **kept)
        os.replace(part, output)
    except (OSError, ValueError) as error:
        part.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"output: cannot write {output} ({reason}); choose another place") from None


def check_folder(folder: Path, name: str = "output") -> None:
    """Raise an `InputError` unless `folder` exists and can be written to; before the work, not after it."""
    if not folder.is_dir():
        raise InputError(f"{name}: the folder {folder} does not exist; make it first")
    try:
        probe = folder / f".rwlib.{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"{name}: the folder {folder} cannot be written to ({error.strerror}); choose another"
        ) from None
