r"""Fréchet distances for notebook 08; the arithmetic is that of `rwlib evaluate`, see `rwlib.frechet`."""

from rwlib.frechet import distance_of_samples, frechet_distance, picture_features

__all__ = ["distance_of_samples", "frechet_distance", "picture_features"]
