"""Measure the generators that ship with rwlib, and write the tables and pictures of RESULTS.md.

    python data_scripts/results.py --data data/facades/val       # or `make results`

Every number of RESULTS.md between two marks, `<!-- results: NAME -->` and `<!-- end -->`, is written by this script, and
nothing else of that page. The photographs are those of `data_scripts/facades.py`, part `val`. An interrupted call goes on
where it was. In `docs/results/` it leaves, for each group of methods, `NAME.csv` with means, intervals, and paired
differences, and `NAME.png` with the best, the median and the worst photograph.
"""

import argparse
import csv
import re
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from rwlib.ablations import ABLATIONS
from rwlib.checkpoints import load_generator
from rwlib.conventions import image_to_tensor, tensor_to_image
from rwlib.data import PhotoSource, open_source
from rwlib.errors import InputError
from rwlib.evaluation.feature_networks import open_feature_networks
from rwlib.evaluation.methods import Method, file_digest, open_methods
from rwlib.evaluation.protocol import Protocol
from rwlib.evaluation.run import run_evaluation
from rwlib.evaluation.statistics import RunningMean, holm
from rwlib.evaluation.tables import Summary, markdown_table
from rwlib.files import replacing, write_text
from rwlib.masks import KINDS, bucket_name

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "rwlib/weights"
SHOWN = ("contiguous", 2)
"""The holes of the pictures: the middle one of the five ranges."""
SIGNIFICANT = 0.05
METRICS = {"hole_psnr": (1.0, 2), "hole_ssim": (1.0, 3)}
"""Metric → factor and digits in tables."""
SECONDS = 0.09
"""For one hole and one method: a fill at 64 px, its metrics and its VGG features; measured on one of two busy cores."""


@dataclass(frozen=True)
class Group:
    """Methods that are measured on the same holes, and stand in one table."""

    name: str
    title: str
    checkpoints: tuple[str, ...]
    """Files below `rwlib/weights/`; the first one is compared with all others."""
    classical: bool = False
    """With the classical fills."""
    bundled: bool = False
    """On the photographs that scikit-image brings, not on those of `--data`."""

    def files(self) -> list[Path]:
        """Return those of its checkpoints that are there."""
        return [WEIGHTS / f"{name}.safetensors" for name in self.checkpoints if self._is_there(name)]

    @staticmethod
    def _is_there(name: str) -> bool:
        return (WEIGHTS / f"{name}.safetensors").exists()


RIVALS = tuple(f"rivals/{name}" for name in ("rw64", "red64", "pconv64", "ca64", "gated64", "ec64", "pic64"))
GROUPS = (
    Group("images", "All methods, trained on the same number of images", RIVALS, classical=True),
    Group("shipped", "The generators that rwlib uses", ("facades64-2", "facades64"), classical=True),
    Group("variants", "The six variants of Fig. 4", tuple(f"ablations/{name}" for name in ABLATIONS)),
    Group("photos", "Photographs of another kind", ("facades64-2", *RIVALS), bundled=True),
)


# --- tables


def mean_table(summary: Summary, metric: str) -> str:
    """Return the means ± 95 % intervals over photographs, the best of each line in bold."""
    factor, digits = METRICS[metric]
    lines = []
    for kind, bucket in summary.cells:
        means = [summary.means[method, kind, bucket, metric] for method in summary.methods]
        best = max(running.mean for running in means)
        texts = [f"{factor * x.mean:.{digits}f} ± {factor * x.half_width:.{digits}f}" for x in means]
        texts = [f"**{text}**" if x.mean == best else text for text, x in zip(texts, means, strict=True)]
        lines.append([f"{kind} {bucket_name(bucket)}", *texts])
    return markdown_table([metric.replace("_", " "), *summary.methods], lines)


def distance_table(summary: Summary) -> str:
    """Return the distance between all composites of a cell and their originals, the smallest of each line in bold."""
    name = summary.distance_names[0]
    lines = []
    for kind, bucket in summary.cells:
        values = [summary.distances[method, kind, bucket][name] for method in summary.methods]
        texts = [f"{value:.0f}" for value in values]
        best = min(values)
        texts = [f"**{text}**" if x == best else text for text, x in zip(texts, values, strict=True)]
        lines.append([f"{kind} {bucket_name(bucket)}", *texts])
    return markdown_table([name.replace("_", " "), *summary.methods], lines)


def difference_table(summary: Summary, metric: str) -> str:
    """Return the first method minus each other one, in bold where Holm's method leaves it significant."""
    factor, digits = METRICS[metric]
    keys = [(method, *cell, metric) for cell in summary.cells for method in summary.methods[1:]]
    adjusted = dict(zip(keys, holm([summary.differences[key].p_value for key in keys]), strict=True))
    lines = []
    for kind, bucket in summary.cells:
        texts = []
        for method in summary.methods[1:]:
            key = (method, kind, bucket, metric)
            text = with_sign(summary.differences[key], factor, digits)
            texts.append(f"**{text}**" if adjusted[key] < SIGNIFICANT else text)
        lines.append([f"{kind} {bucket_name(bucket)}", *texts])
    return markdown_table([f"{metric.replace('_', ' ')}, {summary.methods[0]} minus", *summary.methods[1:]], lines)


def with_sign(x: RunningMean, factor: float, digits: int) -> str:
    """Return for instance `+0.12 ± 0.05`."""
    return f"{factor * x.mean:+.{digits}f} ± {factor * x.half_width:.{digits}f}".replace("-", "−")


def seeds_table(file: Path) -> str:
    """Return the variants of Fig. 4 over their trainings: paired differences from the full model, Holm over all.

    Args:
        file: what `ablations.py --measure` wrote: a line for each variant, seed, kind and bucket.
    """
    with open(file, encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    means: dict[tuple[str, str, str], list[float]] = defaultdict(list)  # of all buckets, for each training
    for row in rows:
        means[row["variant"], row["kind"], row["seed"]].append(float(row["hole_psnr"]))
    seeds = sorted({row["seed"] for row in rows})
    differences: dict[tuple[str, str], RunningMean] = defaultdict(RunningMean)
    plain: dict[tuple[str, str], RunningMean] = defaultdict(RunningMean)
    for name in ABLATIONS:
        for kind in KINDS:
            for seed in seeds:
                own, full = (np.mean(means[variant, kind, seed]) for variant in (name, "full"))
                plain[name, kind].add(float(own))
                differences[name, kind].add(float(own - full))
    keys = [(name, kind) for name in ABLATIONS if name != "full" for kind in KINDS]
    adjusted = dict(zip(keys, holm([differences[key].p_value for key in keys]), strict=True))
    lines = []
    for name, ablation in ABLATIONS.items():
        cells = []
        for kind in KINDS:
            mean = plain[name, kind]
            cells.append(f"{mean.mean:.2f} ± {mean.half_width:.2f}")
            text = with_sign(differences[name, kind], 1.0, 2)
            cells.append("" if name == "full" else f"{text} (p = {min(1, adjusted[name, kind]):.2f})")
        lines.append([f"({ablation.panel}) {ablation.title}", *cells])
    header = ["hole psnr", *(text for kind in KINDS for text in (kind, "minus full model"))]
    return markdown_table(header, lines)


# --- pictures


def ranks(rows: Sequence[Mapping[str, str]], method: str) -> dict[str, int]:
    """Return the photographs with the best, the median and the worst hole PSNR of a method, by the rule of the page."""
    kind, bucket = SHOWN
    scores = {
        int(row["photo"]): float(row["hole_psnr"])
        for row in rows
        if (row["method"], row["kind"], row["bucket"]) == (method, kind, str(bucket))
    }
    order = sorted(scores, key=lambda photo: (-scores[photo], photo))
    return {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}


def draw(methods: Sequence[Method], source: PhotoSource, protocol: Protocol, shown: Mapping[str, int]) -> Figure:
    """Draw a line for each photograph: the hole, each method's composite, the original."""
    columns = ["hole", *(method.name for method in methods), "original"]
    fig = Figure(figsize=(1.15 * len(columns), 1.3 * len(shown)), layout="constrained")
    axes = fig.subplots(len(shown), len(columns), squeeze=False)
    for line, (rank, photo) in zip(axes, shown.items(), strict=True):
        I_gt, M = image_to_tensor(source.center(photo, protocol.size_px)), protocol.mask(photo, *SHOWN)
        pictures: list[Tensor] = [I_gt * M + (1 - M), *(method.fill(I_gt, M) for method in methods), I_gt]
        for axis, name, I in zip(line, columns, pictures, strict=True):
            axis.imshow(tensor_to_image(I), interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            if line is axes[0]:
                axis.set_title(name, fontsize=7)
        line[0].set_ylabel(rank, fontsize=8)
    return fig


# --- the page


def put(page: Path, name: str, text: str) -> None:
    """Write what stands between the marks of a name.

    Raises:
        InputError: the page has no such marks.
    """
    old = page.read_text(encoding="utf-8")
    mark = f"<!-- results: {name} -->"
    new, n = re.subn(rf"({re.escape(mark)}\n).*?(<!-- end -->)", lambda m: f"{m[1]}\n{text}\n\n{m[2]}", old, flags=re.S)
    if n != 1:
        raise InputError(f"page: expected {mark} and <!-- end --> once in {page.name}, found them {n} times")
    write_text(page, new, "page")


def measure(group: Group, data: str, work: Path, out: Path, photos: int) -> Summary:
    """Measure a group and write its pictures and its CSV."""
    methods, digests, size_px = open_methods(group.files(), classical=group.classical, size_px=64)
    source = open_source("photos" if group.bundled else data)
    protocol = Protocol(size_px, 0, photos=min(photos, len(source)) if photos else len(source))
    networks = open_feature_networks("vgg", size_px=size_px, device="cpu", photos=protocol.n_photos(source))
    about = {"data": "photos" if group.bundled else Path(data).name, "checkpoints": digests}
    folder = work / group.name
    summary = run_evaluation(methods, source, protocol, folder, networks=networks, about=about)
    with open(folder / "rows.csv", encoding="utf-8", newline="") as opened:
        shown = ranks(list(csv.DictReader(opened)), methods[0].name)
    write_text(out / f"{group.name}.csv", summary.csv(), "out")
    with replacing(out / f"{group.name}.png") as opened:
        draw(methods, source, protocol, shown).savefig(opened, format="png", dpi=110)
    return summary


def sections(group: Group, summary: Summary) -> str:
    """Return the tables of a group."""
    parts = [mean_table(summary, "hole_psnr"), mean_table(summary, "hole_ssim")]
    if summary.distance_names and not group.bundled:
        parts.append(distance_table(summary))
    parts.append(difference_table(summary, "hole_psnr"))
    return "\n\n".join(parts)


def weights_table(groups: Sequence[Group]) -> str:
    """Return what each generator is: model, weights, steps, images, and the digest of its file."""
    lines = []
    for file in dict.fromkeys(file for group in groups for file in group.files()):
        G, config = load_generator(file)
        count = sum(x.numel() for x in G.parameters())
        place = file.relative_to(WEIGHTS).as_posix()
        lines.append([f"`{place}`", config.model, str(config.width), f"{count / 1e6:.2f}", file_digest(file)])
    return markdown_table(["file in `rwlib/weights/`", "model", "width", "weights, millions", "SHA-256"], lines)


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="data/facades/val", help="held-out photographs (default: %(default)s)")
    parser.add_argument("--work", type=Path, default=ROOT / "runs/results", help="folder of interrupted evaluations")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/results", help="folder of tables and pictures")
    parser.add_argument("--page", type=Path, default=ROOT / "RESULTS.md")
    parser.add_argument("--photos", type=int, default=0, help="the first so many photographs; 0: all")
    parser.add_argument("--only", nargs="+", choices=[group.name for group in GROUPS], default=[])
    options = parser.parse_args()
    groups = [group for group in GROUPS if group.files() and (not options.only or group.name in options.only)]
    n = len(open_source(options.data))
    holes = sum(10 * n * (len(group.files()) + 4 * group.classical) for group in groups if not group.bundled)
    print(f"{holes} holes to fill and measure: about {holes * SECONDS / 60:.0f} minutes on one core")
    options.out.mkdir(parents=True, exist_ok=True)
    for group in groups:
        begin = time.perf_counter()
        print(f"{group.title}: {', '.join(file.stem for file in group.files())}")
        summary = measure(group, options.data, options.work, options.out, options.photos)
        put(options.page, group.name, sections(group, summary))
        print(f"{group.name}: {time.perf_counter() - begin:.0f} s")
    put(options.page, "seeds", seeds_table(WEIGHTS / "ablations/results.csv"))
    put(options.page, "weights", weights_table(groups))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
