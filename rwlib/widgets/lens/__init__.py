"""`RegionWiseLens`: which filters meet which pixels, equation (1)."""
