r"""Fill the hole of any photograph with a trained generator.

Three layers, from tensors to files:

* `fill` runs the generator on (b, 3, h, w) of any size: it pads to what the generator can take, and crops;
* `fill_photo` takes 8- or 16-bit arrays of any size; `inpaint` gives the filled picture alone;
* `inpaint_file` reads and writes files of all common kinds and keeps their mode.
"""

from rwlib.images import read_hole, read_image, split_mode
from rwlib.inpainting.filling import Filled, fill, fill_photo, inpaint
from rwlib.inpainting.photo_file import inpaint_file
from rwlib.inpainting.regions import MAX_WORK_PIXELS, MIN_SIDE_PX, THIN_PX

__all__ = [
    "MAX_WORK_PIXELS",
    "MIN_SIDE_PX",
    "THIN_PX",
    "Filled",
    "fill",
    "fill_photo",
    "inpaint",
    "inpaint_file",
    "read_hole",
    "read_image",
    "split_mode",
]
