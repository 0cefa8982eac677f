r"""Photographs and masks as training samples.

Section 4.1 of the paper trains on random crops with random holes. `open_source` finds a source of photographs by name,
and `TrainingSamples` makes the samples.
"""

from rwlib.data.bundled import PhotoSet, photos
from rwlib.data.facades import Facades, facades, render_facade
from rwlib.data.folder import PhotoFolder
from rwlib.data.mixture import Mixture
from rwlib.data.samples import TrainingSamples
from rwlib.data.shards import PhotoShards
from rwlib.data.source import PhotoSource, open_source
from rwlib.randomness import make_generator

__all__ = [
    "Facades",
    "Mixture",
    "PhotoFolder",
    "PhotoSet",
    "PhotoShards",
    "PhotoSource",
    "TrainingSamples",
    "facades",
    "make_generator",
    "open_source",
    "photos",
    "render_facade",
]
