"""A photograph and a hole, given or chosen from menus, and checked before anything is computed with them.

`SceneMenu` is the row of controls; `make_scene` turns what they say into tensors of any size. Both
`CorrelationExplorer` and `RegionWiseLens` begin here.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import ipywidgets
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from rwlib.conventions import InputError, check_shape, image_to_tensor
from rwlib.data import Facades, PhotoSet
from rwlib.data.bundled import NAMES
from rwlib.data.views import center_view
from rwlib.masks import random_mask, resize_mask
from rwlib.widgets.shared.panel import Panel
from rwlib.widgets.shared.photos import Source, to_photo

HOUSES = {"house front 1": 9, "house front 2": 11, "house front 3": 5, "house front 4": 8}
"""Names in the menu → numbers of drawn house fronts of seed 0."""

OWN = "your own"


@dataclass(frozen=True)
class Choice:
    """What the controls of a `SceneMenu` say."""

    photo: str = "house front 1"
    """A name of `HOUSES`, of the bundled photographs, or `OWN`."""
    hole: str = "contiguous"
    """`contiguous`, `discontiguous` or `OWN`."""
    percent: int = 20
    """Missing part of the picture; the mask is drawn within half a percent of it."""
    seed: int = 1
    """Of the hole."""


class SceneMenu(ipywidgets.HBox):
    """Menus for the photograph and the hole.

    Args:
        photo: one of the user's own, added to the menu and chosen; None offers the bundled ones.
        M: a mask of the user's own, (1, 1, h, w), 1 existing, 0 missing; likewise.
        first: what to begin with, where nothing of the user's own is given.
    """

    def __init__(self, photo: Source | None = None, M: Tensor | None = None, *, first: Choice | None = None) -> None:
        first = first or Choice()
        self.own_photo, self.own_M = photo, M
        wide, style = ipywidgets.Layout(width="228px"), {"description_width": "84px"}
        own_photo, own_hole = ([] if source is None else [OWN] for source in (photo, M))
        self.photo = ipywidgets.Dropdown(
            options=[*own_photo, *HOUSES, *NAMES], value=first.photo if photo is None else OWN,
            description="Photograph", layout=wide, style=style,
        )  # fmt: skip
        self.photo.tooltip = "Drawn house fronts, and photographs that come with rwlib"
        holes = [*((name, name) for name in own_hole), ("one hole", "contiguous"), ("several", "discontiguous")]
        self.hole = ipywidgets.Dropdown(options=holes, description="Hole", layout=wide, style=style)
        self.percent = ipywidgets.IntSlider(
            first.percent, 1, 60, description="Missing, %", continuous_update=False, layout=wide, style=style
        )
        self.seed = ipywidgets.BoundedIntText(
            first.seed, 0, 9999, description="Seed", layout=ipywidgets.Layout(width="130px"),
            style={"description_width": "44px"},
        )  # fmt: skip
        self.hole.tooltip = "One connected hole, or several separate ones"
        self.percent.tooltip = "How much of the picture is missing"
        self.seed.tooltip = "Another number draws another hole of the same kind and size"
        super().__init__([self.photo, self.hole, self.percent, self.seed])
        self.layout.flex_flow = "row wrap"

    @property
    def choice(self) -> Choice:
        """What the controls say now."""
        return Choice(self.photo.value, self.hole.value, self.percent.value, self.seed.value)

    def connect(self, panel: Panel, action: Callable[[], None]) -> None:
        """Call `action()` whenever one of the controls changes."""
        for control in self.children:
            panel.on_change(control, lambda _: action())

    def scene(self, choice: Choice, size_px: int) -> tuple[Tensor, Tensor]:
        """Return `make_scene` of a choice, with the user's own photograph and mask."""
        return make_scene(choice, size_px, self.own_photo, self.own_M)


def toggle(options: Sequence[tuple[str, Any]], tips: Sequence[str], *, button_px: int) -> ipywidgets.ToggleButtons:
    """Return a row of buttons of which one is down."""
    return ipywidgets.ToggleButtons(options=options, tooltips=tips, style={"button_width": f"{button_px}px"})


def titled(title: str, buttons: ipywidgets.ToggleButtons, *, width_px: int = 84) -> ipywidgets.HBox:
    """Return buttons with a title on their left, as wide as those of the menus (their own would stand above them)."""
    label = ipywidgets.Label(title, layout=ipywidgets.Layout(width=f"{width_px}px", justify_content="flex-end"))
    return ipywidgets.HBox([label, buttons])


def make_scene(
    choice: Choice, size_px: int, own_photo: Source | None = None, own_M: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return the middle square of a photograph, and its mask.

    Args:
        choice: see `Choice`.
        size_px: side of the result.
        own_photo: for `photo=OWN`; at least 8 px per side.
        own_M: for `hole=OWN`: (1, 1, h, w) of 0 and 1. With an own photograph it has that one's size.

    Returns:
        I_gt (1, 3, size_px, size_px) in [-1, 1] and M (1, 1, size_px, size_px), 1 existing, 0 missing.

    Raises:
        InputError: a photograph or a mask that cannot be used, no hole, or nothing but hole.
    """
    if choice.photo == OWN:
        photo, size = _own_photo(own_photo)
        picture = center_view(photo, size_px)
    else:
        picture, size = _bundled(choice.photo, size_px), None
    if choice.hole == OWN:
        M = _own_mask(own_M, size, size_px)
    else:
        share, generator = choice.percent / 100, torch.Generator().manual_seed(choice.seed)
        # Half a percent of leeway: not every share is a whole number of pixels.
        wanted = (max(0.0, share - 0.005), share + 0.005)
        M = random_mask(size_px, size_px, wanted, kind=choice.hole, generator=generator)[None]
    if M.all():
        raise InputError("M: it has no hole, so there is nothing to look at; 0 is missing, 1 exists")
    if not M.any():
        raise InputError("M: everything is missing, so nothing can be compared; 0 is missing, 1 exists")
    return image_to_tensor(picture), M


@cache
def _photo_set() -> PhotoSet:
    return PhotoSet()


def _bundled(name: str, size_px: int) -> np.ndarray:
    if name in HOUSES:
        return Facades(seed=0).center(HOUSES[name], size_px)
    return _photo_set().center(NAMES.index(name), size_px)


def _own_photo(photo: Any) -> tuple[np.ndarray, tuple[int, int]]:
    """Return uint8 (h, w, 3), and height and width as they were given; a very large photograph is reduced."""
    if not isinstance(photo, str | os.PathLike | bytes | np.ndarray | Image.Image | Tensor):
        raise InputError(f"photo: expected an array, a Pillow image, a tensor or a file, got {type(photo).__name__}")
    if isinstance(photo, Tensor) and not photo.isfinite().all():
        raise InputError("photo: it has values that are NaN or infinite; repair them first")
    opened = to_photo(photo)
    return opened.image, opened.original_size


def _own_mask(M: Any, photo_size: tuple[int, int] | None, size_px: int) -> Tensor:
    """Check a mask, cut the square in its middle as `center_view` does, and resize it."""
    sizes = check_shape("M", M, "1 1 h w")
    if not ((M == 0) | (M == 1)).all():
        raise InputError("M: expected 0 (missing) and 1 (existing) only, got other values; round it first")
    if photo_size not in (None, (sizes["h"], sizes["w"])):
        raise InputError(f"M: expected the photo's size {photo_size}, got {(sizes['h'], sizes['w'])}; resize it")
    side = min(sizes.values())
    top, left = (sizes["h"] - side) // 2, (sizes["w"] - side) // 2
    return resize_mask(M[..., top : top + side, left : left + side].float(), size_px)
