"""rwlib: region-wise generative adversarial image inpainting, built step by step."""

__version__ = "0.2.0"
