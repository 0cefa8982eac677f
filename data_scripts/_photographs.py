r"""Convert photographs: upright, 8-bit RGB, smaller, square.

The paper (section 4.1) names its data sets and says neither how large the pictures were nor how they were cut. Here a
picture is turned upright, its shorter side is brought down to 256 pixels (none is enlarged), and the square in its
middle is kept.
"""

import io

from _dataset import Conversion, size_and_checksum
from PIL import Image

from rwlib.data.photo_files import read_photo

JPEG_QUALITY = 95


def photographs(size_px: int, *, whole: bool, max_bad_share: float) -> Conversion:
    """Return the conversion to JPEG files whose shorter side has at most `size_px` pixels.

    Args:
        size_px: side of the squares.
        whole: bring the shorter side down to `size_px`, and crop nothing.
        max_bad_share: largest share of pictures that may be unreadable.
    """
    return Conversion(
        settings={"size_px": size_px, "whole": whole},
        convert=lambda data, _: crop(data, size_px, whole=whole),
        describe=size_and_checksum,
        max_bad_share=max_bad_share,
    )


def crop(data: bytes, size_px: int, *, whole: bool) -> bytes:
    """Bring a picture's shorter side down to `size_px` and keep the square in its middle.

    Args:
        data: content of an image file; any mode, orientation by its EXIF tag.
        size_px: side of the square; a smaller picture gives a smaller square.
        whole: do not crop.

    Returns:
        Content of a JPEG file. A JPEG that is right already is returned as it is.

    Raises:
        Exception: nearly any, by Pillow, for what cannot be read.
    """
    with Image.open(io.BytesIO(data)) as image:
        has_size = min(image.size) == size_px and (whole or max(image.size) == size_px)
        if has_size and image.format == "JPEG" and image.mode == "RGB" and image.getexif().get(274, 1) == 1:
            image.load()  # it must be complete
            return data
    image = Image.fromarray(read_photo(io.BytesIO(data)))
    w, h = image.size
    side = min(w, h)
    scale = min(1.0, size_px / side)
    box = (0, 0, w, h) if whole else ((w - side) // 2, (h - side) // 2, (w + side) // 2, (h + side) // 2)
    size = tuple(max(1, round(scale * (b - a))) for a, b in ((box[0], box[2]), (box[1], box[3])))
    image = image.crop(box) if size == (box[2] - box[0], box[3] - box[1]) else image.resize(size, Image.LANCZOS, box)
    return jpeg(image, quality=JPEG_QUALITY, subsampling=0)


def jpeg(image: Image.Image, **options: int) -> bytes:
    """Return an image as the content of a JPEG file."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()
