r"""The generators that can be loaded and filled with, by the name in `Config.model`."""

from typing import Any, NamedTuple, Protocol

from torch import Tensor, nn

from rwlib.config import Config
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.networks.rivals.ca import CAGenerator
from rwlib.networks.rivals.ec import EdgeConnect
from rwlib.networks.rivals.gated import GatedGenerator
from rwlib.networks.rivals.pconv import PConvUNet
from rwlib.networks.rivals.pic import PICGenerator


class Generator(Protocol):
    """What every generator can do, beside what `torch.nn.Module` can."""

    divisor: int
    """Both sides of a picture must be divisible by it."""

    def __call__(self, I_gt: Tensor, M: Tensor) -> NamedTuple:
        """Return all pictures that it makes; `I_c` is the composite that counts."""

    def fill(self, I_gt: Tensor, M: Tensor) -> Tensor:
        """Return that composite alone, (b, 3, h, w) in [-1, 1], without gradients."""


GENERATORS: dict[str, Any] = {
    "region-wise": RegionWiseGenerator, "pconv": PConvUNet, "ca": CAGenerator, "gated": GatedGenerator,
    "ec": EdgeConnect, "pic": PICGenerator,
}  # fmt: skip
"""Name → class with `from_config(config)`."""


def new_generator(config: Config) -> nn.Module:
    """Return a generator with fresh weights, as a configuration describes it."""
    return GENERATORS[config.model].from_config(config)
