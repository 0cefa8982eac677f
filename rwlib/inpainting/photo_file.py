r"""Fill the hole of a picture file: its mode (grey, RGB, transparency, 16 bits) and every existing pixel are kept."""

import os
import warnings

from rwlib.config import Config
from rwlib.errors import InputError, printable
from rwlib.images import check_request, read_hole, read_image, save_image, split_mode
from rwlib.inpainting.filling import inpaint
from rwlib.networks.generator import RegionWiseGenerator

SUSPICIOUS = 0.75
"""A larger hole is filled, with a word on polarity."""


def inpaint_file(
    photo: str | os.PathLike[str],
    mask: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    G: RegionWiseGenerator,
    config: Config,
    white_is_existing: bool = False,
    work_side_px: int = 0,
    sample: int = 0,
) -> None:
    """Fill the hole of a picture file; nothing is written unless all went well.

    Args:
        photo: picture of any mode; EXIF rotation is applied, and no EXIF data is kept (see `rwlib.images`).
        mask: picture of the same size.
        output: where to; .png, .tif or .bmp, because a lossy format would change existing pixels.
        G: a generator.
        config: its configuration.
        white_is_existing: polarity of the mask; white is the hole by default.
        work_side_px: see `inpaint`.
        sample: which answer of a generator that has several, see `rwlib.inpainting.fill`.

    Raises:
        InputError: whatever is wrong with one of the files, in one line.
    """
    check_request(photo, mask, output)
    picture = read_image(photo)
    hole = read_hole(mask, white_is_existing=white_is_existing)
    if SUSPICIOUS < hole.mean() < 1:
        remedy = "leave out" if white_is_existing else "give"
        warnings.warn(
            f"mask: {printable(mask)}: {100 * hole.mean():.0f} % of the picture is missing; if that is what exists, "
            f"{remedy} --white-is-existing",
            stacklevel=2,
        )
    try:
        image, restore = split_mode(picture)
        result = restore(inpaint(image, hole, G, config, work_side_px=work_side_px, sample=sample))
    except InputError as error:  # name the file, too
        argument, _, problem = str(error).partition(": ")
        file = {"image": f" {photo}:", "mask": f" {mask}:"}.get(argument, "")
        raise InputError(f"{argument}:{file} {problem}") from None
    save_image(result, output, picture)
