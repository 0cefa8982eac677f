"""Random tensors, small pictures, the smallest configuration: what tests of several rooms begin with."""

import time

import numpy as np
import torch
from conftest import PATIENCE_S
from PIL import Image

from rwlib.config import make_config


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def randn(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype, generator=seeded(seed))


def image(h=16, w=20, b=2, seed=0):
    """Pictures (b, 3, h, w) in [-1, 1], float64."""
    return 2 * torch.rand(b, 3, h, w, dtype=torch.float64, generator=seeded(seed)) - 1


def mask(h=16, w=20, b=2):
    """Masks (b, 1, h, w), float64, with a hole in the middle."""
    M = torch.ones(b, 1, h, w, dtype=torch.float64)
    M[..., h // 4 : h // 2, w // 4 : w // 2] = 0
    return M


def noise(h, w, channels=3, *, seed=0, dtype=np.uint8):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, (h, w, channels), dtype=dtype)


def block(h, w):
    """A hole in the middle, not symmetric, a quarter of the picture."""
    hole = np.zeros((h, w), bool)
    hole[h // 3 : h // 3 + h // 2, w // 4 : w // 4 + w // 2] = True
    return hole


def plain(color, size=(60, 50)):
    return Image.new("RGB", size, color)


def save(path, picture, **options):
    """Write a picture or an array, and the folders on the way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(path, **options)
    return path


def tiny(preset="balanced", **changes):
    """The smallest configuration that trains, at 16 px with a random VGG."""
    small = {"width": 4, "discriminator_width": 4, "size_px": 16, "batch_size": 1, "vgg": "random", "vgg_size_px": 0}
    return make_config(
        preset, "tiny", **small | {"precision": "fp32", "epochs": (2, 1), "steps_per_epoch": 1} | changes
    )


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return open, (str(self.trace), "w")


def until(condition):
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
