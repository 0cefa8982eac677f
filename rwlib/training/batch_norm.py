r"""Batch normalisation over the batches of all processes, so that a run does not depend on how many there are.

PyTorch has `SyncBatchNorm`, which needs a GPU. This is its definition: the mean over all processes, then the mean of
squared differences from it, both differentiable. Where there is one process it is `torch.nn.BatchNorm2d` itself.
"""

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Normalise by the statistics of all processes together, each of which has as many pictures as the others."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (b, c, h, w)."""
        if not self.training or not dist.is_initialized() or dist.get_world_size() == 1:
            return super().forward(x)
        n = dist.get_world_size()
        mean = all_reduce(x.float().mean((0, 2, 3))) / n  # (c,)
        centred = x.float() - mean[:, None, None]  # (b, c, h, w)
        variance = all_reduce(centred.square().mean((0, 2, 3))) / n  # (c,)
        with torch.no_grad():
            count = n * x.numel() / x.shape[1]
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
            self.running_var.lerp_((variance * count / (count - 1)).to(self.running_var.dtype), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()  # (c,)
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)


def share_batch_norm(network: nn.Module) -> None:
    """Let every `torch.nn.BatchNorm2d` of a network see all processes; its weights and its state stay what they are."""
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SharedBatchNorm2d
