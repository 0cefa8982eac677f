r"""Fréchet distances for notebook 08; the arithmetic is that of `rwlib evaluate`, see `rwlib.evaluation.frechet`."""

from rwlib.evaluation.feature_networks import picture_features
from rwlib.evaluation.frechet import distance_of_samples, frechet_distance

__all__ = ["distance_of_samples", "frechet_distance", "picture_features"]
