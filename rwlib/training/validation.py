r"""How good a generator is on photographs that it is not trained on, while it trains."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from rwlib.config import Config
from rwlib.conventions import image_to_tensor
from rwlib.data import PhotoSource
from rwlib.masks import random_mask
from rwlib.metrics import psnr
from rwlib.randomness import Stream, make_generator
from rwlib.training.schedule import count_photos

VALIDATION_PHOTOS = 32  # at most; one mask each


def validation_pairs(val: PhotoSource, config: Config) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (I_gt, M) of the first photographs of a source, each with one fixed hole."""
    for k in range(min(VALIDATION_PHOTOS, count_photos(val))):
        I_gt = image_to_tensor(val.center(k, config.size_px))
        fraction = (max(config.hole_fraction[0], 0.01), max(config.hole_fraction[1], 0.01))
        generator = make_generator(0, Stream.VALIDATION_MASK, k)  # the same holes for every seed of a run
        yield I_gt, random_mask(config.size_px, config.size_px, fraction, kind="both", generator=generator)[None]


@torch.no_grad()
def validation_psnr(G: nn.Module, pairs: Sequence[tuple[Tensor, Tensor]], device: torch.device) -> float:
    """Return the mean PSNR in the hole, in dB, over images one by one."""
    was_training, scores = G.training, []
    G.eval()
    for I_gt, M in pairs:
        I_c = G.fill(I_gt.to(device), M.to(device)).float().cpu()
        scores.append(float(psnr(I_c, I_gt, M)))
    G.train(was_training)
    return sum(scores) / len(scores)
