"""A picture of an evaluation: each metric over the buckets, kinds side by side, a line with error bars per method."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rwlib.colors import COLORS, MARKERS, STYLES
from rwlib.evaluation.statistics import FEW
from rwlib.evaluation.tables import LOWER_IS_BETTER, Summary
from rwlib.masks import bucket_name

TITLES = {
    "hole_psnr": "PSNR in the hole, dB",
    "hole_ssim": "SSIM in the hole",
    "psnr": "PSNR, dB",
    "ssim": "SSIM",
    "hole_l1": "l1 in the hole",
    "hole_l2": "l2 in the hole",
    "l1": "l1",
    "l2": "l2",
    "lpips": "LPIPS",
    "fid": "FID",
    "vgg_frechet": "Fréchet distance\non VGG features",
}


def draw(summary: Summary, metrics: tuple[str, ...] = ("hole_psnr", "hole_ssim", "l1")) -> Figure:
    """Draw metrics down and kinds across; the Fréchet distance, if there is one, comes last.

    Args:
        summary: of an evaluation.
        metrics: which of its metrics.
    """
    kinds = summary.kinds
    names = [*metrics, *(["lpips"] if "lpips" in summary.metrics else []), *summary.distance_names[:1]]
    figure = Figure(figsize=(1.2 + 4.2 * len(kinds), 0.9 + 2.3 * len(names)), layout="constrained")
    axes = figure.subplots(len(names), len(kinds), sharex="col", sharey="row", squeeze=False)
    for row, name in zip(axes, names, strict=True):
        for axis, kind in zip(row, kinds, strict=True):
            _draw_cells(axis, summary, name, kind)
        better = "lower" if name in LOWER_IS_BETTER else "higher"
        small = ", small N" if name in summary.distance_names and summary.few_photos else ""
        row[0].set_ylabel(f"{TITLES.get(name, name)}{small}\n({better} is better)")
    for axis, kind in zip(axes[0], kinds, strict=True):
        axis.set_title(f"{kind} holes")
    for axis in axes[-1]:
        axis.set_xlabel("missing")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.suptitle(f"Mean of {summary.n} photographs, 95 % interval over photographs", fontsize=10)
    return figure


def _draw_cells(axis: Axes, summary: Summary, name: str, kind: str) -> None:
    buckets = [bucket for other, bucket in summary.cells if other == kind]
    methods = summary.methods
    for i, method in enumerate(methods):
        x = [bucket + 0.5 * ((i + 0.5) / len(methods) - 0.5) for bucket in buckets]  # side by side, not on one another
        style = {
            "label": method,
            "color": COLORS[i % len(COLORS)],
            "marker": MARKERS[i % len(MARKERS)],
            "linestyle": STYLES[i % len(STYLES)],
            "markersize": 4,
            "linewidth": 1.2,
        }
        if name in summary.metrics:
            runnings = [summary.means[method, kind, bucket, name] for bucket in buckets]
            y = [running.mean for running in runnings]
            bars = [running.half_width if running.n >= FEW else math.nan for running in runnings]
            axis.errorbar(x, y, bars, capsize=2, **style)
        else:
            y = [summary.distances[method, kind, bucket][name] for bucket in buckets]
            axis.plot(x, y, **style)
    axis.set_xticks(buckets, [bucket_name(bucket) for bucket in buckets])
    axis.grid(alpha=0.3)
