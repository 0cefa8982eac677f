r"""Photographs from a folder, cut into random training crops or fixed evaluation crops.

A *photo source* is any object with `__len__()`, `names`, `crop(index, size_px, generator)`, `center(index, size_px)`;
crops are uint8 RGB arrays (size_px, size_px, 3), and all randomness comes from the explicit `torch.Generator`, so that
a crop is a function of its index and generator alone. This file has the two views of a photograph that every source
shares, `random_view` and `center_view`, and the source that reads a folder.

The paper (section 4.1) trains on crops and does not say how they are scaled. Here the photograph's min side is first
brought to between one and two crops: a crop then shows from all to a half of the photograph's shorter side.
"""

import math
import os
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from rwlib.conventions import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""Files that `PhotoFolder` takes for images, in lower or upper case."""

MAX_SCALE = 2.0
"""Largest min side of a rescaled photograph, in crops."""


def random_view(photo: np.ndarray, size_px: int, generator: torch.Generator, *, min_scale: float = 1.0) -> np.ndarray:
    """Rescale a photograph at random, cut a random square out of it, flip it left to right half of the time.

    Its min side becomes a uniform value between `min_scale * size_px` and `min(own min side, 2 * size_px)`. It is never
    enlarged, unless it is smaller than the crop: then its min side becomes `size_px`.

    Args:
        photo: (h, w, 3), uint8.
        size_px: side of the crop.
        generator: the only source of randomness; four numbers are drawn, whatever the photograph.
        min_scale: smallest min side, in crops, 1 to 2.

    Returns:
        (size_px, size_px, 3), uint8.
    """
    h, w, _ = photo.shape
    u_scale, u_top, u_left, u_flip = four_uniforms(generator)
    largest = max(size_px, min(h, w, MAX_SCALE * size_px))
    smallest = min(min_scale * size_px, largest)
    window = min(h, w) * size_px / (smallest + u_scale * (largest - smallest))  # the crop's side on the photograph
    top, left = u_top * (h - window), u_left * (w - window)
    crop = _resize(photo, (left, top, left + window, top + window), size_px)
    return np.ascontiguousarray(crop[:, ::-1]) if u_flip < 0.5 else crop


def center_view(photo: np.ndarray, size_px: int) -> np.ndarray:
    """Bring the min side of a photograph (h, w, 3) to `size_px` and cut the square in its middle: no randomness."""
    h, w, _ = photo.shape
    side = min(h, w)
    top, left = (h - side) / 2, (w - side) / 2
    return _resize(photo, (left, top, left + side, top + side), size_px)


def four_uniforms(generator: torch.Generator) -> list[float]:
    """Draw the four numbers in [0, 1) that any source's crop depends on: scale, two places, flip.

    Raises:
        InputError: not a generator; `None` would silently mean PyTorch's global one.
    """
    if not isinstance(generator, torch.Generator):
        kind = type(generator).__name__
        raise InputError(f"generator: expected a torch.Generator, got {kind}; pass torch.Generator().manual_seed(seed)")
    return torch.rand(4, generator=generator, dtype=torch.float64).tolist()


def check_seed(seed: int) -> None:
    """Check a seed.

    Raises:
        InputError: not a whole number of at least 0.
    """
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed: expected a whole number of at least 0, got {seed!r}")


def check_request(index: int, n_photos: int, size_px: int) -> None:
    """Check what every photo source is asked for.

    Raises:
        InputError: no such photograph, or a crop without pixels.
    """
    if not 0 <= index < n_photos:
        raise InputError(f"index: expected 0 to {n_photos - 1}, got {index}")
    if size_px < 1:
        raise InputError(f"size_px: expected at least 1, got {size_px}")


class PhotoFolder:
    """All images below a folder, as a photo source.

    Files are found recursively (`SUFFIXES`; hidden ones are left out) and ordered by name, so that an index means the
    same photograph on every machine. They are turned upright by their EXIF tag and converted to RGB; transparent pixels
    become white, 16 bits become 8.

    A file whose header cannot be read is left out at construction; all of them are reported in one warning. A file that
    proves damaged later, when its pixels are read, is reported once and replaced by the next photograph, so that the
    crops still depend on nothing but the files.

    Reading a JPEG costs more than the rest of a crop, so `crop` keeps small copies (min side: two crops) in memory.

    Args:
        directory: folder of images, in any arrangement of subfolders.
        min_scale: smallest min side of a rescaled photograph, in crops, 1 to 2; 1 shows as much as there is, 2 always
            looks as closely as it may.
        cache_mb: most memory, in MiB, for copies of photographs (each worker process has its own).

    Raises:
        InputError: the folder is missing, has no images, or none that can be read; `min_scale` or `cache_mb` out of
            range.

    Example:
        >>> photos = PhotoFolder("data/facades/train")  # doctest: +SKIP
        >>> photos.crop(0, 128, torch.Generator().manual_seed(0)).shape  # doctest: +SKIP
        (128, 128, 3)
    """

    def __init__(self, directory: str | os.PathLike, *, min_scale: float = 1.0, cache_mb: float = 512) -> None:
        self.directory = Path(directory)
        if not 1 <= min_scale <= MAX_SCALE:
            raise InputError(f"min_scale: expected 1 to {MAX_SCALE:g}, got {min_scale}")
        if not cache_mb >= 0:
            raise InputError(f"cache_mb: expected at least 0, got {cache_mb}")
        self.min_scale, self.cache_mb = min_scale, cache_mb
        self._copies: dict[int, np.ndarray] = {}  # index -> (h, w, 3), for crops of `_copies_for_px`
        self._copies_for_px, self._copies_bytes = 0, 0
        self._damaged: set[int] = set()

        found, unreadable = _find_images(self.directory), []
        self.names: list[str] = []
        """Path of each photograph below `directory`, with forward slashes; the index is the one `crop` takes."""
        for name in found:
            if reason := _header_problem(self.directory / name):
                unreadable.append(f"{name} ({reason})")
            else:
                self.names.append(name)
        if not self.names:
            raise InputError(
                f"directory: none of the {len(found)} images in {directory} can be read, "
                f"the first is {unreadable[0]}; give a folder of photographs"
            )
        if unreadable:
            _warn_skipped(f"{len(unreadable)} of {len(found)} images in {directory} cannot be read", unreadable)

    def __len__(self) -> int:
        return len(self.names)

    def crop(self, index: int, size_px: int, generator: torch.Generator) -> np.ndarray:
        """Return a random crop of photograph `index` (`random_view`).

        Returns:
            (size_px, size_px, 3), uint8.

        Raises:
            InputError: no such photograph, a size below 1, or no photograph's pixels can be read.
        """
        return random_view(self._small_copy(index, size_px), size_px, generator, min_scale=self.min_scale)

    def center(self, index: int, size_px: int) -> np.ndarray:
        """Return the fixed evaluation crop of photograph `index` (`center_view`), read at full size.

        Returns:
            (size_px, size_px, 3), uint8.

        Raises:
            InputError: as for `crop`.
        """
        check_request(index, len(self), size_px)
        return center_view(self._first_readable(index)[1], size_px)

    def _small_copy(self, index: int, size_px: int) -> np.ndarray:
        """Return photograph `index` with a min side of at most two crops, from memory if it is there."""
        check_request(index, len(self), size_px)
        if size_px != self._copies_for_px:
            self._copies, self._copies_for_px, self._copies_bytes = {}, size_px, 0
        if index not in self._copies:
            photo = self._first_readable(index, min_side=math.ceil(MAX_SCALE * size_px))[1]
            # Training visits every photograph once an epoch: replacing old copies would always throw out the one that
            # is wanted next, so what does not fit is read again each time.
            if self._copies_bytes + photo.nbytes > self.cache_mb * 2**20:
                return photo
            self._copies[index] = photo
            self._copies_bytes += photo.nbytes
        return self._copies[index]

    def _first_readable(self, index: int, min_side: int | None = None) -> tuple[int, np.ndarray]:
        """Read photograph `index`, or the next that can be read; damaged ones are reported the first time."""
        for offset in range(len(self)):
            candidate = (index + offset) % len(self)
            if candidate in self._damaged:
                continue
            try:
                return candidate, read_photo(self.directory / self.names[candidate], min_side)
            except Exception as error:  # decoders raise nearly anything on damaged files
                self._damaged.add(candidate)
                _warn_skipped(f"an image in {self.directory} is damaged", [f"{self.names[candidate]} ({error})"])
        raise InputError(f"directory: the pixels of none of the {len(self)} images in {self.directory} can be read")

    def __getstate__(self) -> dict:
        """Leave the copies behind when the source is sent to a worker process."""
        return {**self.__dict__, "_copies": {}, "_copies_for_px": 0, "_copies_bytes": 0}


def read_photo(path: str | os.PathLike, min_side: int | None = None) -> np.ndarray:
    """Read an image file upright, as uint8 RGB.

    Args:
        path: any image that Pillow reads.
        min_side: if given and the image is larger, its shorter side is brought down to this; quick for JPEG, which can
            be decoded at a half, a quarter or an eighth.

    Returns:
        (h, w, 3), uint8; 16 bits a channel become 8, transparent pixels white.

    Raises:
        OSError: not an image, or a damaged one; Pillow has other exceptions for some kinds of damage.
    """
    with Image.open(path) as image:
        shrink = min_side is not None and min(image.size) > min_side
        if shrink:
            k = min_side / min(image.size)
            image.draft(None, (math.ceil(k * image.width), math.ceil(k * image.height)))
        image = _to_rgb(ImageOps.exif_transpose(image))
        if shrink and min(image.size) > min_side:
            k = min_side / min(image.size)
            size = (max(min_side, round(k * image.width)), max(min_side, round(k * image.height)))
            image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        return np.array(image)


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert an image of any mode to 8-bit RGB; Pillow alone clips 16-bit grey to white and drops transparency."""
    if image.mode == "F":
        raise OSError("floating-point image, its range is unknown")
    if image.mode.startswith("I"):
        grey = np.asarray(image).astype(np.float64) / 257  # 65535 / 257 = 255
        return Image.fromarray(grey.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _resize(photo: np.ndarray, box: tuple[float, float, float, float], size_px: int) -> np.ndarray:
    """Resample the square `box` (left, top, right, bottom, in pixels) of a photograph to a side of `size_px`."""
    h, w, _ = photo.shape
    box = (max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(w)), min(box[3], float(h)))  # rounding may overshoot
    # Lanczos widens its kernel by the factor of reduction, so nothing aliases; far larger photographs are first
    # averaged over blocks to at least three times the size, which Pillow calls a gap and which saves most of the time.
    image = Image.fromarray(photo).resize((size_px, size_px), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    return np.array(image)


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
    """Say why an image cannot be opened, in a few words; empty if its header is sound (the pixels are not read)."""
    try:
        if path.stat().st_size == 0:
            return "empty file"
        with Image.open(path):
            return ""
    except UnidentifiedImageError:
        return "not an image"
    except Exception as error:  # as above
        return str(error) or type(error).__name__


def _warn_skipped(what: str, names: list[str], *, shown: int = 5) -> None:
    """Warn in one line that files are skipped, with the first names."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    warnings.warn(f"{what} and is skipped: {names[0]}" if len(names) == 1 else
                  f"{what} and are skipped: {', '.join(names[:shown])}{more}", stacklevel=3)  # fmt: skip
