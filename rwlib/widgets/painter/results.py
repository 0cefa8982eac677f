"""What `HolePainter` filled: the result, and the files that are saved of it."""

import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from IPython.display import HTML
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import rwlib
from rwlib.conventions import InputError
from rwlib.files import writable_file, write_bytes
from rwlib.inpainting import THIN_PX, Filled, fill_photo
from rwlib.notebook import show_images
from rwlib.widgets.painter.controls import STEP_PX, percent
from rwlib.widgets.painter.generators import Generators
from rwlib.widgets.shared.painting import State
from rwlib.widgets.shared.photos import Photo
from rwlib.widgets.shared.pictures import to_png
from rwlib.widgets.shared.previews import preview, shrink, with_hole


@dataclass(frozen=True)
class Result:
    """A filled photograph, and from what it was made."""

    photo: Photo
    hole: np.ndarray
    """(h, w) bool, True where missing."""
    filled: Filled
    model: str
    """Name of the generator."""

    def describe(self) -> str:
        """Return in words how much was filled, how fast, and at which size."""
        (h, w), (h_work, w_work) = self.photo.size, self.filled.M.shape[-2:]
        if self.filled.M.all():
            how = f"it is at most {THIN_PX} px wide: continued from its border, without the network"
            return f"{percent(self.hole)} filled in {self.filled.seconds:.2f} s; {how}."
        at = "full size" if (h, w) == (h_work, w_work) else f"{w_work}×{h_work}, where the hole has a size it knows"
        return f"{percent(self.hole)} filled in {self.filled.seconds:.2f} s; the network worked at {at}."

    def encode(self) -> bytes:
        """Return the filled picture as PNG, with the transparency of the photograph and a note on what was invented."""
        image = self.filled.image
        if self.photo.alpha is not None:
            image = np.dstack([image, self.photo.alpha])
        return encode(image, provenance(self))


class Filling(NamedTuple):
    """A result with what is shown of it."""

    result: Result
    pictures: dict[str, bytes]
    """`"result"` and the fields of `Outputs` → PNG."""


def fill_state(state: State, generators: Generators, key: str) -> Filling:
    """Fill a hole.

    Args:
        state: photograph and hole.
        generators: what there is to choose from.
        key: of the chosen one.

    Raises:
        InputError: no hole, nothing but hole, or a generator that cannot be loaded.
    """
    filled = fill_photo(state.photo.image, state.hole, *generators[key])
    pictures = {name: to_png(I, side_px=STEP_PX) for name, I in filled.outputs._asdict().items()}
    pictures["result"] = to_png(preview(filled.image))
    return Filling(Result(state.photo, state.hole, filled, generators.labels[key]), pictures)


def provenance(result: Result) -> dict[str, str]:
    """Return what a saved picture says of itself: which pixels are invented, and by what."""
    percent = 100 * result.hole.mean()
    how = "by continuing what surrounds them" if result.filled.M.all() else "by a neural network"
    note = {
        "generated": f"{percent:.2f} % of the pixels were invented {how}; what was there is not known",
        "where": "white in the mask that was saved beside this picture",
        "software": f"rwlib {rwlib.__version__}, region-wise inpainting",
        "model": result.model,
        "source": result.photo.name,
    }
    return {"Title": "Inpainted picture", "Software": note["software"], "Comment": json.dumps(note)}


def encode(image: np.ndarray, about: Mapping[str, str] | None = None) -> bytes:
    """Return a picture as PNG, with words in its header."""
    info = PngInfo()
    for key, words in (about or {}).items():
        info.add_itxt(key, words)
    png = io.BytesIO()
    Image.fromarray(image).save(png, "PNG", pnginfo=info)
    return png.getvalue()


def encode_mask(hole: np.ndarray) -> bytes:
    """Return a mask as PNG; white is missing."""
    return encode(hole.astype(np.uint8) * 255)


def save(result: Result, path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Write the filled picture and, beside it, its mask (white is missing).

    Args:
        result: what to write.
        path: of the picture; .png. The mask's name ends with `-mask.png`.

    Returns:
        Both paths.

    Raises:
        InputError: another ending, the photograph itself, or a folder that is missing or cannot be written to.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise InputError(f"path: {path} does not end with .png; JPEG would change existing pixels")
    mask = path.with_name(f"{path.stem}-mask.png")
    for file in (path, mask):
        there, photo = writable_file(file, "path"), result.photo.file
        if there and photo and os.path.exists(photo) and os.path.samestat(there, os.stat(photo)):
            raise InputError(f"path: {file} is the photograph itself, which would be lost; choose another name")
    write_bytes(path, result.encode(), "path")
    write_bytes(mask, encode_mask(result.hole), "path")
    return path, mask


def other(result: Result | None, state: State, model: str | None) -> str:
    """Return a sentence if the last result is of another hole, or by another generator, than those chosen now."""
    if result is None:
        return ""
    differs = {"of another hole": result.hole is not state.hole, "by another generator": result.model != model}
    what = " and ".join(words for words, true in differs.items() if true)
    return f" The filling below is {what}; press Inpaint for a new one." if what else ""


def still(state: State, result: Result | None) -> HTML:
    """Return photograph, hole and, if it is of this hole, the filling as a still picture."""
    photo, hole = preview(state.photo.image), state.hole
    images = {f"{percent(hole)} missing": with_hole(photo, shrink(hole, photo.shape[:2]))}
    if result is not None and result.hole is hole:
        images["filled"] = preview(result.filled.image)
    return show_images(
        images,
        alt=f"{state.photo.name}; missing pixels in stripes.",
        caption="A still picture of the hole painter. Run this notebook with `make lab` to paint on it.",
        side_inches=2.4,
    )
