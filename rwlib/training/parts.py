r"""Cut a batch into the parts that go through the networks one after the other, and give each what it may draw."""

from collections.abc import Callable

import torch
from torch import Tensor

from rwlib.config import Config
from rwlib.randomness import Stream, make_generator
from rwlib.training.setup import memory_format
from rwlib.training.step import Batch


def parts_of(
    I_gt: Tensor, M: Tensor, config: Config, step: int, device: torch.device, rank: int, n_processes: int
) -> list[Batch]:
    """Cut a batch into `config.accumulate` parts.

    Random numbers are drawn for the batch of all processes, of which each takes its share.

    Args:
        I_gt: (b, 3, h, w), this process's.
        M: (b, 1, h, w).
        config: of the run.
        step: from 0.
        device: where the networks are.
        rank: of this process.
        n_processes: how many there are.
    """
    b, n = len(I_gt), config.accumulate
    I_gt = I_gt.to(device, non_blocking=True, memory_format=memory_format(config))
    M = M.to(device, non_blocking=True)
    generator = make_generator(config.seed, Stream.GRADIENT_PENALTY, step)
    u = torch.rand(n_processes, b, 1, 1, 1, generator=generator)[rank]

    def normal_of(part: int) -> Callable[..., Tensor]:
        def normal(k: int, *shape: int) -> Tensor:
            generator = make_generator(config.seed, Stream.LATENT, step, k)
            return torch.randn(n_processes, b, *shape, generator=generator)[rank].chunk(n)[part].to(device)

        return normal

    cut = zip(I_gt.chunk(n), M.chunk(n), u.to(device).chunk(n), strict=True)
    return [Batch(*x, normal=normal_of(i)) for i, x in enumerate(cut)]
