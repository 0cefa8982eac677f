"""Counts what would make a processor wait for a GPU: each operation whose result has to be known before going on."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten
WAITING = {
    aten._local_scalar_dense.default,  # item, tolist of one number, int, float, bool
    aten.nonzero.default,
    aten.masked_select.default,
    aten.equal.default,
    aten.unique_consecutive.default,
    aten._unique2.default,
}


class Waits(TorchDispatchMode):
    """Notes the name of every waiting operation.

    A tensor on a CPU gives `tolist` its numbers without any operation, so that `tolist` itself is noted here.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __enter__(self) -> "Waits":
        self._tolist = torch.Tensor.tolist
        torch.Tensor.tolist = lambda tensor: (self.names.append("tolist"), self._tolist(tensor))[1]
        return super().__enter__()

    def __exit__(self, *error) -> None:
        torch.Tensor.tolist = self._tolist
        super().__exit__(*error)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        masks = func is aten.index.Tensor and any(i is not None and i.dtype == torch.bool for i in args[1])
        if func in WAITING or masks:
            self.names.append(str(func))
        return func(*args, **(kwargs or {}))
