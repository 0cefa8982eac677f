"""Photographs, rows and summaries that several tests of the evaluation share."""

import numpy as np

from rwlib.evaluation import Summary
from rwlib.metrics import METRICS


class Ramps:
    """A photo source of a few smooth pictures."""

    def __init__(self, n=3):
        self.names = [f"ramp {i}" for i in range(n)]

    def __len__(self):
        return len(self.names)

    def center(self, index, size_px):
        y, x = np.mgrid[:size_px, :size_px] / size_px
        return (255 * np.stack([x, y, (x + y + index) / 6], axis=2)).round().astype(np.uint8)


def dark_fill(I_gt, M):
    return I_gt * M - 0.5 * (1 - M)


def rows(photos, methods=("ours", "mean"), cells=(("contiguous", 2), ("discontiguous", 0)), metrics=METRICS):
    """Values of which every one says where it stands; the methods differ by 1 on every photograph, more or less."""
    rng = np.random.default_rng(1)
    return [
        [
            {"method": method, "kind": kind, "bucket": bucket, "photo": photo}
            | {metric: 20 + 5 * photo - m + 0.1 * rng.normal() for metric in metrics}
            for kind, bucket in cells
            for m, method in enumerate(methods)
        ]
        for photo in range(photos)
    ]


def filled(photos=6, **options):
    summary = Summary(options.get("metrics", METRICS))
    for found in rows(photos, **options):
        summary.add(found)
    return summary


def column(photos, method, kind, metric="hole_psnr"):
    return [row[metric] for found in rows(photos) for row in found if (row["method"], row["kind"]) == (method, kind)]


def with_distances(summary, width, name="vgg_frechet"):
    summary.distance_width = width
    for i, method in enumerate(summary.methods):
        for kind, bucket in summary.cells:
            summary.distances[method, kind, bucket] = {name: 10.0 + i + bucket / 10}
    return summary
