r"""Eight public-domain photographs that come with scikit-image: no download, no folder, enough for a first experiment.

All files are inside scikit-image's wheel. Their sources and licences, as scikit-image states them:

| name | what | licence |
|---|---|---|
| astronaut | Eileen Collins, NASA | public domain |
| brick | Bricks25, CC0Textures; grey | CC0 |
| chelsea | a cat, Stefan van der Walt | CC0 |
| coffee | Pikolo Espresso Bar, Rachel Michetti | CC0 |
| grass | Grass 01, linolafett (DeviantArt); grey | CC0 |
| gravel | Gravel04, CC0Textures; grey | CC0 |
| hubble | extreme deep field, NASA | public domain |
| rocket | launch of DSCOVR, SpaceX | public domain |
"""

import numpy as np
import skimage
import torch

from rwlib.data.views import center_view, check_request, random_view

NAMES = ("astronaut", "brick", "chelsea", "coffee", "grass", "gravel", "hubble", "rocket")
"""Order of the photographs in `PhotoSet`."""


def photos() -> dict[str, np.ndarray]:
    """Load the photographs.

    Returns:
        Name to uint8 RGB array (h, w, 3); three of them are grey, with equal channels. Min sides are 300 to 872 px.

    Example:
        >>> photos()["chelsea"].shape
        (300, 451, 3)
    """
    pictures = {name: getattr(skimage.data, "hubble_deep_field" if name == "hubble" else name)() for name in NAMES}
    return {name: np.stack([x, x, x], axis=2) if x.ndim == 2 else x for name, x in pictures.items()}


class PhotoSet:
    """The photographs of `photos` as a photo source (see `rwlib.data.PhotoSource`).

    Example:
        >>> PhotoSet().crop(0, 64, torch.Generator().manual_seed(0)).shape
        (64, 64, 3)
    """

    def __init__(self) -> None:
        self._photos = list(photos().values())
        self.names = list(NAMES)
        """Name of each photograph."""

    def __len__(self) -> int:
        return len(self.names)

    def crop(self, index: int, size_px: int, generator: torch.Generator) -> np.ndarray:
        """Return a random crop of photograph `index`, uint8 (size_px, size_px, 3) (`rwlib.data.views.random_view`).

        Raises:
            InputError: no such photograph, or a size below 1.
        """
        check_request(index, len(self), size_px)
        return random_view(self._photos[index], size_px, generator)

    def center(self, index: int, size_px: int) -> np.ndarray:
        """Return the middle of photograph `index`, uint8 (size_px, size_px, 3), without randomness.

        Raises:
            InputError: as for `crop`.
        """
        check_request(index, len(self), size_px)
        return center_view(self._photos[index], size_px)
