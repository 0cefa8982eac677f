r"""Methods that fill holes, side by side: generators from files, and the classical fills that a network has to beat.

Those are the mean of the existing pixels, scikit-image's biharmonic equation, and, where OpenCV is installed
(`pip install rwlib[opencv]`), Telea's and the Navier-Stokes method.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from skimage.restoration import inpaint_biharmonic
from torch import Tensor, nn

from rwlib import inpainting
from rwlib.checkpoints import load_generator
from rwlib.conventions import InputError, image_to_tensor, tensor_to_image
from rwlib.shipped import DEFAULT, find_generator

OF_A_RUN = ("generator", "best")
"""Stems of the files that every run writes."""

Fill = Callable[[Tensor, Tensor], Tensor]
"""From I_gt (b, 3, h, w) and M (b, 1, h, w) to composites (b, 3, h, w)."""


@dataclass(frozen=True)
class Method:
    """A fill under the name that tables call it by.

    Raises:
        InputError: a batch below 1.
    """

    name: str
    fill: Fill
    batch: int = 1
    """Most masks of a photograph that it is given at once; the result must not depend on it."""

    def __post_init__(self) -> None:
        """Check the batch."""
        if self.batch < 1:
            raise InputError(f"batch: expected at least 1, got {self.batch}")


def mean_fill(I_gt: Tensor, M: Tensor) -> Tensor:
    """Fill with the mean colour of the existing pixels; shapes as for `Fill`."""
    mean = (I_gt * M).sum((2, 3), keepdim=True) / M.sum((2, 3), keepdim=True)  # (b, 3, 1, 1)
    return I_gt * M + mean * (1 - M)


def biharmonic_fill(I_gt: Tensor, M: Tensor) -> Tensor:
    """Solve the biharmonic equation in one image's hole (Damelin and Hoang, 2018), by scikit-image."""
    image = ((I_gt * M)[0].permute(1, 2, 0).numpy() + 1) / 2  # (h, w, 3) on [0, 1]
    filled = inpaint_biharmonic(image, M[0, 0].numpy() == 0, channel_axis=-1)
    return torch.from_numpy(filled).float().permute(2, 0, 1)[None].clamp(0, 1) * 2 - 1


def opencv_fill(name: str) -> Fill:
    """Return OpenCV's `"telea"` (2004) or `"navier-stokes"` (Bertalmio et al., 2001), radius 3, for one image.

    Raises:
        InputError: OpenCV is not installed.
    """
    try:
        import cv2
    except ImportError:
        raise InputError(f"methods: {name} needs OpenCV; install it with `pip install rwlib[opencv]`") from None
    flag = {"telea": cv2.INPAINT_TELEA, "navier-stokes": cv2.INPAINT_NS}[name]

    def fill(I_gt: Tensor, M: Tensor) -> Tensor:
        hole = (M[0, 0].numpy() == 0).astype(np.uint8)
        return image_to_tensor(cv2.inpaint(tensor_to_image(I_gt * M), hole, 3, flag))

    return fill


def classical_methods() -> list[Method]:
    """Return every classical fill that can run here."""
    methods = [Method("mean", mean_fill), Method("biharmonic", biharmonic_fill)]
    for name in ("telea", "navier-stokes"):
        try:
            methods.append(Method(name, opencv_fill(name)))
        except InputError:  # OpenCV is optional
            pass
    return methods


def generator_method(G: nn.Module, *, name: str = "rwlib", batch: int = 8) -> Method:
    """Return a generator, on any device, as a method that gives its composite, the second one of the region-wise model.

    Args:
        G: the generator.
        name: what tables call it.
        batch: most masks at once; the result does not depend on it, but for the last digits of float32.

    Raises:
        InputError: a batch below 1.
    """

    def fill(I_gt: Tensor, M: Tensor) -> Tensor:
        device = next(G.parameters()).device
        return inpainting.fill(G, I_gt.to(device), M.to(device)).I_c.clamp(-1, 1).cpu()

    return Method(name, fill, batch)


def open_methods(
    checkpoints: Sequence[str | os.PathLike[str]],
    *,
    classical: bool = True,
    size_px: int = 0,
    batch: int = 8,
    device: str = "cpu",
) -> tuple[list[Method], dict[str, str], int]:
    """Load several generators, named by the stems of their files, and put the classical fills beside them.

    Several files that are called `generator`, as every run's is, or `best`, are named by their folders.

    Args:
        checkpoints: files, or names of generators that ship; none takes the one that ships for 64 px, under the name
            `rwlib`.
        classical: with the classical fills.
        size_px: side of the crops; 0 takes the one that the generators were trained with.
        batch: most masks that a generator fills at once.
        device: where the generators compute.

    Returns:
        Methods, generators first; name → digest of each checkpoint; the side of the crops.

    Raises:
        InputError: two files of one stem, a stem that a classical fill has or that a table cannot show, sides of
            training that differ, a device that is not there, or whatever is wrong with a file.
    """
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"device: {device!r} cannot be used ({reason}); take cpu") from None
    files = {"rwlib": DEFAULT} if not checkpoints else {}
    stems = Counter(Path(file).stem for file in checkpoints)
    for file in map(find_generator, checkpoints):
        # Every run's generator is called the same: several of them go by the names of their folders.
        several = stems[file.stem] > 1 and file.stem in OF_A_RUN
        name = file.absolute().parent.name if several else file.stem
        if name in files and os.path.realpath(file) == os.path.realpath(files[name]):
            raise InputError(f"checkpoint: {file} is named twice; name it once")
        if name in files:
            raise InputError(f"checkpoint: {file} and {files[name]} would both be called {name}; rename or link one")
        if not name.isprintable():  # a line break, or bytes that are not UTF-8
            raise InputError(f"checkpoint: {ascii(str(file))} has a name that a table cannot show; rename or link it")
        files[name] = file
    fills = classical_methods() if classical else []
    for method in fills:
        if method.name in files:
            file = files[method.name]
            raise InputError(f"checkpoint: {file} would be called {method.name}, like a classical fill; rename it")
    generators, digests, sides = [], {}, {}
    for name, file in files.items():
        G, config = load_generator(file)
        generators.append(generator_method(G.to(device), name=name, batch=batch))
        sides[name], digests[name] = config.size_px, file_digest(file)
    if not size_px and len(set(sides.values())) > 1:
        trained = ", ".join(f"{name} {side}" for name, side in sides.items())
        raise InputError(
            f"size_px: the generators were trained at different sides ({trained}); choose one by --size-px"
        )
    return [*generators, *fills], digests, size_px or next(iter(sides.values()))


def file_digest(file: str | os.PathLike[str]) -> str:
    """Return the first 16 hexadecimal digits of a file's SHA-256."""
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:16]
