r"""The one writer of filled pictures."""

import math
import os
from pathlib import Path

from PIL import Image

from rwlib.files import replacing

LOSSLESS = {".bmp": "BMP", ".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}
"""Kinds of files that keep every pixel."""


def save_image(image: Image.Image, path: str | os.PathLike[str], like: Image.Image, name: str = "output") -> None:
    """Write a result, all or nothing.

    Args:
        image: what to write.
        path: where to; its ending is one of `LOSSLESS`.
        like: the photograph, whose colour profile and resolution it gets, where they fit.
        name: of the argument, for messages.

    Raises:
        InputError: it cannot be written.
    """
    info = {}
    if "icc_profile" in like.info and like.mode not in ("CMYK", "LAB"):  # theirs does not fit the RGB result
        info["icc_profile"] = like.info["icc_profile"]
    dpi = like.info.get("dpi", ())
    if len(dpi) == 2 and all(math.isfinite(x) and x > 0 for x in dpi):  # a TIFF's may be 0/0
        info["dpi"] = dpi
    with replacing(path, name) as file:
        image.save(file, LOSSLESS[Path(path).suffix.lower()], **info)
