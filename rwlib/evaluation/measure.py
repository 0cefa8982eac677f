r"""Measure methods on photographs: the same holes for all, metrics per image first, composites rounded to 8 bits.

`rwlib.metrics` has the conventions; `rwlib.evaluation.run` is for evaluations that are too long for one sitting.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from rwlib.conventions import image_to_tensor
from rwlib.data import PhotoSource
from rwlib.evaluation.methods import Method
from rwlib.evaluation.protocol import Protocol
from rwlib.metrics import evaluate_pair, quantise

MAX_BATCH_PIXELS = 2**18  # 4 images of 256x256: the metrics' float64 maps of more would take half a gigabyte

PairMetric = Callable[[Tensor, Tensor], Tensor]
"""From composite and ground truth, (b, 3, h, w) in [-1, 1], to (b,)."""
Sink = Callable[[str, Tensor, Tensor, Tensor], None]
"""Takes a method's name, its composites (n cells, 3, h, w), I_gt (1, 3, h, w) and M (n cells, 1, h, w)."""


def evaluate(
    methods: Sequence[Method],
    source: PhotoSource,
    protocol: Protocol,
    *,
    progress: bool = True,
    pair_metrics: Mapping[str, PairMetric] | None = None,
) -> list[dict[str, Any]]:
    """Measure every method on every photograph, kind and bucket.

    Args:
        methods: each under a name of its own.
        source: photographs with `center`, see `rwlib.data`.
        protocol: what is measured.
        progress: show a progress bar.
        pair_metrics: name → further metric, such as LPIPS.

    Returns:
        One row per method, kind, bucket and photograph, with `METRICS` and `pair_metrics`.

    Raises:
        InputError: a composite that differs from the photograph where it exists.

    Example:
        >>> from rwlib.data import Facades
        >>> from rwlib.evaluation import Method, mean_fill
        >>> protocol = Protocol(size_px=16, kinds=["contiguous"], buckets=[2], photos=1)
        >>> (row,) = evaluate([Method("mean", mean_fill)], Facades(0), protocol, progress=False)
        >>> row["method"], row["bucket"], row["psnr"] > row["hole_psnr"]
        ('mean', 2, True)
    """
    rows = []
    for photo in tqdm(range(protocol.n_photos(source)), disable=not progress, unit="photo", dynamic_ncols=True):
        rows += measure_photo(methods, source, photo, protocol, pair_metrics=pair_metrics)
    return rows


def measure_photo(
    methods: Sequence[Method],
    source: PhotoSource,
    photo: int,
    protocol: Protocol,
    *,
    pair_metrics: Mapping[str, PairMetric] | None = None,
    sink: Sink | None = None,
) -> list[dict[str, Any]]:
    """Measure every method on one photograph; arguments as for `evaluate`.

    Args:
        methods: each under a name of its own.
        source: photographs.
        photo: index of the photograph.
        protocol: what is measured.
        pair_metrics: name → further metric.
        sink: called per method with its composites, rounded to 8 bits.

    Returns:
        Rows in the order of the cells, and within a cell in the order of the methods.
    """
    I_gt = image_to_tensor(source.center(photo, protocol.size_px))  # (1, 3, h, w)
    M = torch.cat([protocol.mask(photo, *cell) for cell in protocol.cells])  # (n cells, 1, h, w)
    values = {}
    for method in methods:
        I_c, values[method.name] = _fill_and_measure(method, I_gt, M, pair_metrics or {})
        if sink:
            sink(method.name, I_c, I_gt, M)
    return [
        {"method": method.name, "kind": kind, "bucket": bucket, "photo": photo}
        | {metric: float(x[i]) for metric, x in values[method.name].items()}
        for i, (kind, bucket) in enumerate(protocol.cells)
        for method in methods
    ]


def _fill_and_measure(
    method: Method, I_gt: Tensor, M: Tensor, pair_metrics: Mapping[str, PairMetric]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return composites (n cells, 3, h, w), rounded to 8 bits, and metric → (n cells,)."""
    batch = max(1, min(method.batch, MAX_BATCH_PIXELS // I_gt[0, 0].numel()))
    composites, measured = [], []
    for M_part in M.split(batch):
        I_gt_part = I_gt.expand(len(M_part), -1, -1, -1)
        I_c = method.fill(I_gt_part, M_part)
        values = evaluate_pair(I_c, I_gt_part, M_part)
        I_c = quantise(I_c)
        composites.append(I_c)
        measured.append(values | {name: metric(I_c, I_gt_part) for name, metric in pair_metrics.items()})
    return torch.cat(composites), {name: torch.cat([part[name] for part in measured]) for name in measured[0]}
