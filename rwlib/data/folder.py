r"""Photographs from a folder, as a photo source (`rwlib.data.views`).

Files are listed and their headers read once, at the start; pixels only when a crop asks for them, so that memory does
not grow with the number of photographs, but for their names.
"""

import os
import stat
import warnings
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from rwlib.conventions import InputError
from rwlib.data.photo_files import MAX_BAD_SHARE, PhotoFiles

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""Files that `PhotoFolder` takes for images, in lower or upper case."""

MIN_SIDE_PX = 8
"""An image with a shorter side is a placeholder or an icon, not a photograph."""

MAX_MEGAPIXELS = 89
"""A larger image is left out; from here on Pillow warns, for a small file may hide an image that fills the memory."""


class PhotoFolder(PhotoFiles):
    """All images below a folder, as a photo source.

    Files are found recursively (`SUFFIXES`; hidden ones are left out) and ordered by name, so that an index means the
    same photograph on every machine. They are turned upright by their EXIF tag and converted to RGB; transparent pixels
    become white, 16 bits become 8. What a file is called does not matter, only what it holds.

    A file whose header cannot be read, or whose image is no photograph by its size (`MIN_SIDE_PX`, `MAX_MEGAPIXELS`),
    is left out at construction; all of them are reported in one warning. For one that proves damaged later, when its
    pixels are read, see `rwlib.data.photo_files.PhotoFiles`.

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

    def __init__(
        self,
        directory: str | os.PathLike,
        *,
        min_scale: float = 1.0,
        cache_mb: float = 512,
        max_bad_share: float = MAX_BAD_SHARE,
    ) -> None:
        super().__init__(str(directory), min_scale=min_scale, cache_mb=cache_mb, max_bad_share=max_bad_share)
        self.directory = Path(directory)
        names, unreadable = [], []
        for name in _find_images(self.directory):
            if reason := _header_problem(self.directory / name):
                unreadable.append(f"{name} ({reason})")
            else:
                names.append(name)
        self._hold(names, unreadable)

    def _open(self, index: int) -> Path:
        return self.directory / self.names[index]


def _find_images(directory: Path) -> list[str]:
    """Return the sorted relative paths, with forward slashes, of the files below `directory` with an image's suffix."""
    if not directory.is_dir():
        what = "is a file" if directory.exists() else "does not exist"
        raise InputError(f"directory: {directory} {what}; give a folder of photographs")
    names = []
    for parent, folders, files in os.walk(directory):
        folders[:] = [folder for folder in folders if not folder.startswith(".")]
        for file in files:
            if file.lower().endswith(SUFFIXES) and not file.startswith("."):
                names.append((Path(parent) / file).relative_to(directory).as_posix())
    if not names:
        raise InputError(f"directory: no images ({', '.join(SUFFIXES)}) in {directory}; give a folder of photographs")
    return sorted(names)


def _header_problem(path: Path) -> str:
    """Say why an image is left out, in a few words; empty if its header is sound (the pixels are not read)."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):  # opening a pipe would wait for ever
            return "not a file"
        if about.st_size == 0:
            return "empty file"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # said below, in our words
            with Image.open(path) as image:
                w, h = image.size
    except UnidentifiedImageError:
        return "not an image"
    except Image.DecompressionBombError:
        return f"more than {2 * MAX_MEGAPIXELS} megapixels"
    except Exception as error:  # as above
        return str(error) or type(error).__name__
    if min(w, h) < MIN_SIDE_PX:
        return f"only {w}x{h} pixels"
    return f"{w}x{h} is more than {MAX_MEGAPIXELS} megapixels" if w * h > 1e6 * MAX_MEGAPIXELS else ""
