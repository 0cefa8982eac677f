r"""The one reader of picture files, for photographs, masks and training data, and the one writer of results.

Whatever is wrong with a file is one line. Pictures are turned upright by their EXIF tag; a file with several pictures
(an animation, pages) is refused rather than one of them taken without a word. Pillow clips 16-bit grey, drops
transparency and reads 16-bit colours with a loss: here 16 bits are scaled or kept, and what would be lost is refused.
A result keeps the photograph's colour profile and resolution. Its EXIF data is left out: it may hold a small copy of
the picture, with what was removed, and the place where it was taken.
"""

from rwlib.images.find import SUFFIXES, find_pictures
from rwlib.images.hole import read_hole
from rwlib.images.modes import split_mode, to_8_bits, to_rgb
from rwlib.images.read import MAX_MEGAPIXELS, BadPicture, n_pictures, open_picture, read_image, read_photo
from rwlib.images.request import check_request
from rwlib.images.write import LOSSLESS, save_image

__all__ = [
    "LOSSLESS",
    "MAX_MEGAPIXELS",
    "SUFFIXES",
    "BadPicture",
    "check_request",
    "find_pictures",
    "n_pictures",
    "open_picture",
    "read_hole",
    "read_image",
    "read_photo",
    "save_image",
    "split_mode",
    "to_8_bits",
    "to_rgb",
]
