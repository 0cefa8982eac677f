r"""What is asked of `rwlib inpaint`, judged by names and headers: before pixels are read and a network is loaded."""

import os
from pathlib import Path

from rwlib.errors import InputError
from rwlib.files import writable_file
from rwlib.images.modes import has_alpha
from rwlib.images.read import named, open_picture, refuse_several, upright_size
from rwlib.images.write import LOSSLESS


def check_request(photo: str | os.PathLike[str], mask: str | os.PathLike[str], output: str | os.PathLike[str]) -> None:
    """Refuse what cannot be filled, by names and headers alone: before pixels are read or a network is loaded.

    Args:
        photo: picture file.
        mask: picture file of the same size, after the photograph's EXIF turn.
        output: where the result is to go.

    Raises:
        InputError: an output that would change pixels, or replace the photograph or the mask, or stands where nothing
            can be written; a file that is no single picture; sizes that differ.
    """
    output = Path(output)
    _check_output(output, photo, mask)
    with named(photo, "image"), open_picture(photo) as opened:
        refuse_several(opened)
        stored, upright = opened.size, upright_size(opened)
        deep, alpha = opened.mode.startswith("I"), has_alpha(opened)
        # A PNG's turn may stand behind its pixels: then whoever reads them compares the sizes.
        late = opened.format == "PNG" and stored == upright
    with named(mask, "mask"), open_picture(mask) as opened:
        refuse_several(opened)
        size = upright_size(opened)
    if size != upright and not (late and size == upright[::-1]):
        (w, h), (W, H) = size, upright
        turned = " after its EXIF turn, which the mask lacks" if size == stored else ""
        remedy = "turn the mask" if turned else "resize the mask"
        raise InputError(
            f"mask: {mask}: its size {w}x{h} is not the image's {W}x{H} (width x height){turned}; {remedy}"
        )
    if output.suffix.lower() == ".bmp" and (deep or alpha):
        what = "16 bits" if deep else "transparency"
        raise InputError(f"output: {output}: BMP files cannot hold the picture's {what}; take .png or .tif")


def _check_output(output: Path, photo: str | os.PathLike[str], mask: str | os.PathLike[str]) -> None:
    if output.suffix.lower() not in LOSSLESS:
        kinds = ", ".join(sorted(LOSSLESS))
        raise InputError(f"output: {output} would be lossy or of unknown kind; take one that keeps pixels: {kinds}")
    there = writable_file(output)
    for file, what in ((photo, "photograph"), (mask, "mask")):
        if there and os.path.exists(file) and os.path.samestat(there, os.stat(file)):
            raise InputError(f"output: {output} is the {what} itself, which would be lost; choose another name")
