r"""Photographs from a folder, as a photo source (`rwlib.data.PhotoSource`).

Files are listed and their headers read once, at the start; pixels only when a crop asks for them, so that memory does
not grow with the number of photographs, but for their names.
"""

import warnings
from pathlib import Path

from rwlib.data.photo_files import PhotoFiles
from rwlib.errors import printable
from rwlib.images import BadPicture, find_pictures, n_pictures, open_picture

MIN_SIDE_PX = 8
"""An image with a shorter side is a placeholder or an icon, not a photograph."""


class PhotoFolder(PhotoFiles):
    """All images below a folder, as a photo source.

    Files are found recursively (`rwlib.images.find_pictures`) and ordered by name, so that an index means the same
    photograph on every machine. They are turned upright by their EXIF tag and converted to RGB; transparent pixels
    become white, 16 bits become 8. What a file is called does not matter, only what it holds.

    A file whose header cannot be read, or whose image is no photograph by its size (`MIN_SIDE_PX`,
    `rwlib.images.MAX_MEGAPIXELS`), is left out at construction; all of them are reported in one warning. Of a file of
    several pictures the first is taken, also with a warning. For one that proves damaged later, when its pixels are
    read, see `rwlib.data.photo_files.PhotoFiles`.

    Reading a JPEG costs more than the rest of a crop, so `crop` keeps small copies (min side: two crops) in memory.

    Args:
        directory: folder of images, in any arrangement of subfolders.
        min_scale: smallest min side of a rescaled photograph, in crops, 1 to 2; 1 shows as much as there is, 2 always
            looks as closely as it may.
        cache_mb: most memory, in MiB, for copies of photographs (each worker process has its own).
        max_bad_share: largest share of the images that may be unreadable, 0 to 1.

    Raises:
        InputError: the folder is missing, has no images, or too many that cannot be read; a number out of range.

    Example:
        >>> photos = PhotoFolder("data/facades/train")  # doctest: +SKIP
        >>> photos.crop(0, 128, torch.Generator().manual_seed(0)).shape  # doctest: +SKIP
        (128, 128, 3)
    """

    def _find(self) -> tuple[list[str], list[str]]:
        names, unreadable, several = [], [], []
        for name in find_pictures(self.where):
            problem, n = _header(self.directory / name)
            if problem:
                unreadable.append(f"{printable(name)} ({problem})")
            else:
                names.append(name)
                several += [printable(name)] if n > 1 else []
        if several:
            count = f"{len(several)} of {len(names)} images in {printable(self.where)} hold several pictures"
            warnings.warn(f"{count}: the first of each is taken, as in {several[0]}", stacklevel=3)
        return names, unreadable

    def _open(self, index: int) -> Path:
        return self.directory / self.names[index]


def _header(path: Path) -> tuple[str, int]:
    """Say by its header why an image is left out, in a few words or none, and how many pictures it holds."""
    try:
        with open_picture(path) as image:
            w, h = image.size
            n = n_pictures(image)
    except BadPicture as error:
        return str(error), 0
    return f"has only {w}x{h} pixels" if min(w, h) < MIN_SIDE_PX else "", n
