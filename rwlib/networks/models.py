r"""The generators that can be loaded and filled with, by the name in `Config.model`."""

from torch import nn

from rwlib.config import Config
from rwlib.networks.generator import RegionWiseGenerator

GENERATORS = {"region-wise": RegionWiseGenerator}
"""Name → class with `from_config(config)`; it is called with `(I_gt, M)` and returns
`rwlib.networks.generator.Outputs`. A second method is one more line."""


def new_generator(config: Config) -> nn.Module:
    """Return a generator with fresh weights, as a configuration describes it."""
    return GENERATORS[config.model].from_config(config)
