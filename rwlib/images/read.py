r"""Picture files are opened here and nowhere else: what is wrong with one is a `BadPicture` or an `InputError`."""

import io
import math
import os
import re
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from rwlib.errors import InputError
from rwlib.images.modes import to_rgb

MAX_MEGAPIXELS = 89
"""A larger picture is refused by its header: at 60 bytes per pixel it needs 6 GB, and a small file may hide it."""

PictureFile = str | os.PathLike[str] | bytes
"""A picture file: its path, or its content."""


class BadPicture(ValueError):
    """Why a file cannot be used as a picture, in a few words that follow its name, and what helps."""

    def __init__(self, problem: str, remedy: str = "get it again") -> None:
        super().__init__(problem)
        self.remedy = remedy


@contextmanager
def open_picture(file: PictureFile | IO[bytes]) -> Iterator[Image.Image]:
    """Open a picture file; only its header is read, and its pixels when they are asked for inside the block.

    Raises:
        BadPicture: missing, no picture, too large, or damaged, also by what is found inside the block.
    """
    try:
        if isinstance(file, str | os.PathLike):
            about = os.stat(file)
            if stat.S_ISDIR(about.st_mode):
                raise BadPicture("is a folder", "give a picture file")
            if not stat.S_ISREG(about.st_mode):  # opening a pipe would wait for ever
                raise BadPicture("is not a file", "give a picture file")
            if about.st_size == 0:
                raise BadPicture("is an empty file")
        # Pillow's warnings on damage would stand before the one line that is promised.
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image,
        ):
            if image.format == "EPS":  # a program, which Pillow would run with Ghostscript, whatever the file is called
                raise UnidentifiedImageError
            w, h = image.size
            if w * h > 1e6 * MAX_MEGAPIXELS:
                problem = f"has too many pixels: {w}x{h} is more than {MAX_MEGAPIXELS} megapixels"
                raise BadPicture(problem, "make it smaller first")
            yield image
    except (BadPicture, InputError):
        raise
    except FileNotFoundError:
        raise BadPicture("does not exist", "give a picture file") from None
    except UnidentifiedImageError:
        raise BadPicture("is not an image (or of an unknown kind)", "give a PNG, JPEG, TIFF or WebP") from None
    except Image.DecompressionBombError:
        problem = f"has too many pixels: more than {2 * MAX_MEGAPIXELS} megapixels"
        raise BadPicture(problem, "make it smaller first") from None
    except MemoryError:
        raise BadPicture("needs more memory than there is", "make it smaller first") from None
    except Exception as error:  # decoders raise nearly anything on damaged files
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        remedy = "get it again" if "truncated" in reason else "it may be truncated, get it again"
        raise BadPicture(f"cannot be read ({reason.splitlines()[0]})", remedy) from None


@contextmanager
def named(file: PictureFile, name: str) -> Iterator[None]:
    """Tell what is wrong with a picture file with its name and the argument's."""
    try:
        yield
    except BadPicture as error:
        label = "the file" if isinstance(file, bytes) else os.fspath(file)
        raise InputError(f"{name}: {label} {error}; {error.remedy}") from None


def n_pictures(image: Image.Image) -> int:
    """Return how many pictures a file holds; the previews that a camera hides in a JPEG file do not count."""
    return 1 if image.format == "MPO" else getattr(image, "n_frames", 1)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Return width and height of a picture after its EXIF turn, from the header."""
    # Not image.getexif(): a PNG's reads all pixels, to see whether EXIF data follows them.
    return image.size[::-1] if Image.Image.getexif(image).get(0x0112, 1) in (5, 6, 7, 8) else image.size


def refuse_several(image: Image.Image) -> None:
    """Raise a `BadPicture` for a file of several pictures, of which all but one would be lost."""
    if (n := n_pictures(image)) > 1:
        raise BadPicture(f"holds {n} pictures, of which only one would be kept", "save the one you mean by itself")


def read_image(file: PictureFile, name: str = "image") -> Image.Image:
    """Open a picture, apply its EXIF rotation, and load it wholly.

    Args:
        file: its path, or the content of a file.
        name: of the argument, for messages.

    Raises:
        InputError: missing, not an image, truncated, too large, of several pictures, or a photograph that Pillow reads
            with a loss.
    """
    with named(file, name), open_picture(file) as opened:
        refuse_several(opened)
        stored = str(opened.tile)
        image = ImageOps.exif_transpose(opened)
        if name == "image" and not image.mode.startswith("I") and re.search(";16[BLN]", stored):
            raise BadPicture(
                "has colours of 16 bits, of which Pillow reads only 8", "save it with 8, or as 16-bit grey"
            )
    return image


def read_photo(file: PictureFile | IO[bytes], min_side: int | None = None) -> np.ndarray:
    """Read a picture file upright, as uint8 RGB; of several pictures the first.

    Args:
        file: any image that Pillow reads; also an open file.
        min_side: if given and the image is larger, its shorter side is brought down to this; quick for JPEG, which can
            be decoded at a half, a quarter or an eighth.

    Returns:
        (h, w, 3), uint8, see `to_rgb`.

    Raises:
        BadPicture: not an image, or a damaged one.
        InputError: see `split_mode`.
    """
    with open_picture(file) as image:
        shrink = min_side is not None and min(image.size) > min_side
        if shrink:
            k = min_side / min(image.size)
            image.draft(None, (math.ceil(k * image.width), math.ceil(k * image.height)))
        photo = to_rgb(ImageOps.exif_transpose(image))
    if shrink and min(photo.shape[:2]) > min_side:
        h, w, _ = photo.shape
        k = min_side / min(h, w)
        size = max(min_side, round(k * w)), max(min_side, round(k * h))
        photo = np.array(Image.fromarray(photo).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0))
    return photo
