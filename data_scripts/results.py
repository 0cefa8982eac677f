"""Measure the generators that ship with rwlib, and write the tables and pictures of RESULTS.md.

    python data_scripts/results.py --data data/facades/val       # or `make results`

What stands in RESULTS.md between two marks, `<!-- results: NAME -->` and `<!-- end -->`, is written by this script, and
nothing else of that page. The photographs are those of `data_scripts/facades.py`, part `val`. An interrupted call goes
on where it was. In `docs/results/` it leaves, for each group of methods, `NAME.csv` with means, intervals, and paired
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
from scipy.stats import kendalltau
from skimage.draw import polygon2mask
from torch import Tensor

from rwlib.ablations import ABLATIONS
from rwlib.checkpoints import load_generator
from rwlib.conventions import image_to_tensor, tensor_to_image
from rwlib.data import PhotoSource, open_source, photos
from rwlib.errors import InputError
from rwlib.evaluation.feature_networks import open_feature_networks
from rwlib.evaluation.methods import Method, file_digest, open_methods, opencv_fill
from rwlib.evaluation.paper import DATA, paper_values
from rwlib.evaluation.protocol import Protocol
from rwlib.evaluation.run import run_evaluation
from rwlib.evaluation.statistics import RunningMean, holm
from rwlib.evaluation.tables import Summary, markdown_table
from rwlib.files import replacing, write_text
from rwlib.inpainting import inpaint
from rwlib.masks import KINDS, bucket_name

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "rwlib/weights"
SHOWN = ("contiguous", 2)
"""The holes of the pictures: the middle one of the five ranges."""
BESIDE = ("mean", "biharmonic", "telea")
"""The classical fills of a picture that is to be understood at first sight."""
SIGNIFICANT = 0.05
DIGITS = {"hole_psnr": 2, "hole_ssim": 3}
"""Metric → digits behind the point in tables."""
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
    size_px: int = 64
    """Side of the centre crops."""
    resized: bool = False
    """Generators fill as `rwlib inpaint` does, at the size of their training, whatever the size of the crops."""
    worst: int = 0
    """So many of the worst photographs have a picture of their own, `NAME-worst.png`."""
    first: int = 0
    """So many photographs, the first ones, have a picture of the first generator beside `BESIDE`, `NAME-first.png`."""

    def files(self) -> list[Path]:
        """Return those of its checkpoints that are there."""
        return [WEIGHTS / f"{name}.safetensors" for name in self.checkpoints if self._is_there(name)]

    @staticmethod
    def _is_there(name: str) -> bool:
        return (WEIGHTS / f"{name}.safetensors").exists()


def ellipse_corners(
    row: float, column: float, high: float, wide: float, n: int = 32
) -> tuple[tuple[float, float], ...]:
    """Return the corners of a polygon that looks like an ellipse.

    Args:
        row: of the centre, like `column` in pixels.
        column: of the centre.
        high: half of its height.
        wide: half of its width.
        n: number of corners.
    """
    angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return tuple((row + high * np.sin(x), column + wide * np.cos(x)) for x in angles)


NAMES = ("rw64", "red64", "pconv64", "ca64", "gated64", "ec64", "pic64")
RIVALS = tuple(f"rivals/{name}" for name in NAMES)
SHIPPED = ("facades128", "facades64-2", "facades64")
GENERAL = ("general128", "facades128")
IN_PAPER = {"rw64": "ours", "pconv64": "PConv", "ca64": "CA", "ec64": "EC", "pic64": "PIC"}
GROUPS = (
    Group("images", "All methods, trained on the same number of images", RIVALS, classical=True),
    Group("shipped", "The generators that rwlib uses, at 64 px", SHIPPED[1:], classical=True),
    Group(
        "large", "The generators that rwlib uses, at 128 px", SHIPPED, classical=True, size_px=128, worst=12, first=6
    ),
    Group(
        "inpaint", "`rwlib inpaint` at 256 px", ("facades128", "general128"), classical=True, size_px=256, resized=True
    ),
    Group("other", "Photographs of other things, at 128 px", GENERAL, classical=True, bundled=True, size_px=128),
    Group("variants", "The six variants of Fig. 4", tuple(f"ablations/{name}" for name in ABLATIONS)),
    Group("photos", "Photographs of another kind", (SHIPPED[1], *RIVALS), bundled=True),
)

PARTS = (
    *(group.name for group in GROUPS),
    *("order", "hours", "seeds", "trainings", "trainings-hours", "area", "weights"),
)
"""What stands between marks on the page."""
REMOVALS = {
    "rocket": [((104, 190), (104, 216), (364, 228), (364, 170))],  # the mast on the left
    "astronaut": [ellipse_corners(386, 171, 40, 40), ((334, 268), (334, 336), (384, 336), (384, 268))],  # two badges
    "coffee": [ellipse_corners(280, 366, 52, 48), ((230, 372), (62, 392), (62, 428), (240, 404))],  # the spoon
}
"""Photograph of scikit-image → what is taken out of it, as polygons of rows and columns in pixels."""


# --- tables


def mean_table(summary: Summary, metric: str) -> str:
    """Return the means ± 95 % intervals over photographs, the best of each line in bold."""
    digits = DIGITS[metric]
    lines = []
    for kind, bucket in summary.cells:
        means = [summary.means[method, kind, bucket, metric] for method in summary.methods]
        best = max(running.mean for running in means)
        texts = [f"{x.mean:.{digits}f} ± {x.half_width:.{digits}f}" for x in means]
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
    digits = DIGITS[metric]
    keys = [(method, *cell, metric) for cell in summary.cells for method in summary.methods[1:]]
    adjusted = dict(zip(keys, holm([summary.differences[key].p_value for key in keys]), strict=True))
    lines = []
    for kind, bucket in summary.cells:
        texts = []
        for method in summary.methods[1:]:
            key = (method, kind, bucket, metric)
            text = with_sign(summary.differences[key], digits)
            texts.append(f"**{text}**" if adjusted[key] < SIGNIFICANT else text)
        lines.append([f"{kind} {bucket_name(bucket)}", *texts])
    return markdown_table([f"{metric.replace('_', ' ')}, {summary.methods[0]} minus", *summary.methods[1:]], lines)


def with_sign(x: RunningMean, digits: int) -> str:
    """Return for instance `+0.12 ± 0.05`."""
    return f"{x.mean:+.{digits}f} ± {x.half_width:.{digits}f}".replace("-", "−")


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
            text = with_sign(differences[name, kind], 2)
            cells.append("" if name == "full" else f"{text} (p = {min(1, adjusted[name, kind]):.2f})")
        lines.append([f"({ablation.panel}) {ablation.title}", *cells])
    header = ["hole psnr", *(text for kind in KINDS for text in (kind, "minus full model"))]
    return markdown_table(header, lines)


def trainings_table(file: Path, budget: str = "") -> str:
    """Return the region-wise system and RED over their trainings, and the differences of those of one seed.

    Args:
        file: what `study.py` wrote: a line for each training, `rw64` and `red64`, and `rw64-s1` for seed 1.
        budget: what the names have before the seed: `-hours` takes `rw64-hours` and `rw64-hours-s1`.
    """
    with open(file, encoding="utf-8", newline="") as opened:
        rows = {row["name"]: row for row in csv.DictReader(opened)}
    suffixes = [name.removeprefix("rw64") for name in rows if re.fullmatch(rf"rw64{budget}(-s\d+)?", name)]
    pairs = [(rows[f"rw64{suffix}"], rows[f"red64{suffix}"]) for suffix in suffixes if f"red64{suffix}" in rows]
    lines = []
    for kind in KINDS:
        for metric, digits in (("psnr", 2), ("ssim", 3)):
            rw, red, difference = RunningMean(), RunningMean(), RunningMean()
            for pair in pairs:
                own, other = (
                    float(np.mean([float(row[f"{metric}_{kind[0]}{10 * bucket}"]) for bucket in range(5)]))
                    for row in pair
                )
                rw.add(own)
                red.add(other)
                difference.add(other - own)
            texts = [f"{x.mean:.{digits}f} ± {x.half_width:.{digits}f}" for x in (rw, red)]
            p = "below 0.001" if difference.p_value < 0.0005 else f"{difference.p_value:.3f}"
            lines.append([f"hole {metric}, {kind}", *texts, with_sign(difference, digits), p])
    header = [f"mean of five ranges, {len(pairs)} trainings", "region-wise", "RED", "RED minus region-wise", "p"]
    return markdown_table(header, lines)


def hours_table(file: Path) -> str:
    """Return the methods after ten minutes of one core each, beside the same ones after equally few images.

    Args:
        file: what `study.py` wrote, a line for each training: `rw64` after equal images, `rw64-hours` after hours.
    """
    with open(file, encoding="utf-8", newline="") as opened:
        rows = {row["name"]: row for row in csv.DictReader(opened)}
    names = [f"{name}-hours" for name in NAMES if f"{name}-hours" in rows]
    lines = [["batches of four", *(str(sum(map(int, rows[name]["steps"].split("+")))) for name in names)]]
    for kind in KINDS:
        for bucket in range(5):
            column = f"psnr_{kind[0]}{10 * bucket}"
            values = [float(rows[name][column]) for name in names]
            before = [float(rows[name.removesuffix("-hours")][column]) for name in names]
            pairs = zip(values, before, strict=True)
            texts = [f"{x:.2f} ({x - y:+.2f})".replace("-", "−") for x, y in pairs]
            texts = [f"**{text}**" if x == max(values) else text for text, x in zip(texts, values, strict=True)]
            lines.append([f"{kind} {bucket_name(bucket)}", *texts])
    return markdown_table(["hole psnr", *names], lines)


def order_table(summary: Summary) -> str:
    """Return the order of the paper's five methods by PSNR: the paper's over its data sets, ours inside the hole."""
    found = {name: method for name, method in IN_PAPER.items() if name in summary.methods}
    values = paper_values()
    lines = []
    for kind, bucket in summary.cells:
        printed = [values[data, kind, "psnr", bucket] for data in DATA]
        theirs = {
            name: float(np.mean([row[paper_name(method, row)] for row in printed])) for name, method in found.items()
        }
        ours = {name: summary.means[name, kind, bucket, "hole_psnr"].mean for name in found}
        orders = [" > ".join(found[name] for name in sorted(x, key=x.get, reverse=True)) for x in (theirs, ours)]
        tau = kendalltau(list(theirs.values()), list(ours.values())).statistic
        lines.append([f"{kind} {bucket_name(bucket)}", *orders, f"{tau:+.1f}".replace("-", "−")])
    return markdown_table(["", "paper, mean of three data sets", "here", "Kendall's τ"], lines)


def paper_name(method: str, row: Mapping[str, float]) -> str:
    """Return a method's name in a row of the paper's: table 3 calls PIC by another one."""
    return method if method in row else "PLU"


def area_table() -> str:
    """Return the paper's PSNR on contiguous holes, and what is left of its fall when the area of the hole is taken out.

    The same error inside a hole that is a share s of the picture gives a PSNR of 10 log10(1/s) more over the whole
    picture. Each range is taken at its middle, because the paper does not say how its holes are spread.
    """
    values = paper_values()
    lines = []
    for data in DATA:
        for method in values[data, "contiguous", "psnr", 0]:
            whole = [values[data, "contiguous", "psnr", bucket][method] for bucket in range(5)]
            inside = [x + 10 * np.log10(0.05 + 0.1 * bucket) for bucket, x in enumerate(whole)]
            fall, left = whole[0] - whole[4], inside[0] - inside[4]
            texts = [f"{x:.1f}".replace("-", "−") for x in (whole[0], whole[4], fall, left)]
            lines.append([data, method, *texts])
    header = ["table 2, contiguous", "method", "0–10 %", "40–50 %", "fall, dB", "of it inside the hole, dB"]
    return markdown_table(header, lines)


# --- pictures


def best_first(rows: Sequence[Mapping[str, str]], method: str) -> list[int]:
    """Return the photographs by the hole PSNR of a method, in the cell that is `SHOWN`."""
    kind, bucket = SHOWN
    scores = {
        int(row["photo"]): float(row["hole_psnr"])
        for row in rows
        if (row["method"], row["kind"], row["bucket"]) == (method, kind, str(bucket))
    }
    return sorted(scores, key=lambda photo: (-scores[photo], photo))


def ranks(order: Sequence[int]) -> dict[str, int]:
    """Return the best, the median and the worst photograph: the rule by which the page chooses its pictures."""
    return {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}


@dataclass(frozen=True)
class Shown:
    """A line of a picture: a photograph with a hole, and what it is called."""

    photo: int
    label: str = ""
    kind: str = SHOWN[0]
    bucket: int = SHOWN[1]


def chosen(group: Group, order: Sequence[int]) -> dict[str, list[Shown]]:
    """Return the pictures of a group, by name: their lines are chosen by rule.

    Args:
        group: the group.
        order: its photographs, best first.
    """
    pictures = {group.name: [Shown(photo, rank) for rank, photo in ranks(order).items()]}
    if group.worst:
        worst = order[: -group.worst - 1 : -1]
        pictures[f"{group.name}-worst"] = [Shown(x, f"worst but {i}" if i else "worst") for i, x in enumerate(worst)]
    if group.first:  # holes of 20 to 50 % in turn
        pictures[f"{group.name}-first"] = [Shown(i, bucket=2 + i % 3) for i in range(min(group.first, len(order)))]
    return pictures


def draw(methods: Sequence[Method], source: PhotoSource, protocol: Protocol, lines: Sequence[Shown]) -> Figure:
    """Draw a line for each photograph: the hole, each method's composite, the original."""
    columns = ["hole", *(method.name for method in methods), "original"]
    fig = Figure(figsize=(1.15 * len(columns), 1.3 * len(lines)), layout="constrained")
    axes = fig.subplots(len(lines), len(columns), squeeze=False)
    for i, line in enumerate(lines):
        I_gt = image_to_tensor(source.center(line.photo, protocol.size_px))
        M = protocol.mask(line.photo, line.kind, line.bucket)
        pictures: list[Tensor] = [I_gt * M + (1 - M), *(method.fill(I_gt, M) for method in methods), I_gt]
        for axis, name, I in zip(axes[i], columns, pictures, strict=True):
            axis.imshow(tensor_to_image(I), interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            if i == 0:
                axis.set_title(name, fontsize=7)
        axes[i, 0].set_ylabel(line.label, fontsize=8)
    return fig


def draw_removals() -> Figure:
    """Draw what the generators of the longest trainings leave where an object was, beside a classical fill (Fig. 8)."""
    files = [WEIGHTS / f"{name}.safetensors" for name in (*GENERAL, "facades64")]
    generators = {file.stem: load_generator(file) for file in files if file.exists()}
    telea = opencv_fill("telea")
    columns = ["photograph", "hole", *generators, "telea"]
    fig = Figure(figsize=(2.3 * len(columns), 2.0 * len(REMOVALS)), layout="constrained")
    axes = fig.subplots(len(REMOVALS), len(columns), squeeze=False)
    for i, (name, polygons) in enumerate(REMOVALS.items()):
        image = photos()[name]
        hole = np.logical_or.reduce([polygon2mask(image.shape[:2], corners) for corners in polygons])
        I, M = image_to_tensor(image), torch.from_numpy(~hole)[None, None].float()
        fills = [inpaint(image, hole, G, config) for G, config in generators.values()]
        pictures = [image, tensor_to_image(I * M + (1 - M)), *fills, tensor_to_image(telea(I, M))]
        for axis, title, picture in zip(axes[i], columns, pictures, strict=True):
            axis.imshow(picture)
            axis.axis("off")
            if i == 0:
                axis.set_title(title, fontsize=8)
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


def resized_method(file: Path) -> Method:
    """Return a generator as `rwlib inpaint` uses it: the picture is brought to the size of its training and back."""
    G, config = load_generator(file)

    def fill(I_gt: Tensor, M: Tensor) -> Tensor:
        return image_to_tensor(inpaint(tensor_to_image(I_gt), M[0, 0].numpy() == 0, G, config))

    return Method(file.stem, fill)


def measure(group: Group, data: str, work: Path, out: Path, photos: int) -> Summary:
    """Measure a group and write its pictures and its CSV."""
    methods, digests, size_px = open_methods(group.files(), classical=group.classical, size_px=group.size_px)
    if group.resized:
        files = {file.stem: file for file in group.files()}
        methods = [resized_method(files[x.name]) if x.name in files else x for x in methods]
    source = open_source("photos" if group.bundled else data)
    protocol = Protocol(size_px, 0, photos=min(photos, len(source)) if photos else len(source))
    networks = open_feature_networks("vgg", size_px=size_px, device="cpu", photos=protocol.n_photos(source))
    about = {"data": "photos" if group.bundled else Path(data).name, "checkpoints": digests}
    folder = work / group.name
    summary = run_evaluation(methods, source, protocol, folder, networks=networks, about=about)
    with open(folder / "rows.csv", encoding="utf-8", newline="") as opened:
        order = best_first(list(csv.DictReader(opened)), methods[0].name)
    write_text(out / f"{group.name}.csv", summary.csv(), "out")
    for name, lines in chosen(group, order).items():
        first = name.endswith("-first")
        columns = [method for method in methods[1:] if method.name in BESIDE] + methods[:1] if first else methods
        with replacing(out / f"{name}.png") as opened:
            draw(columns, source, protocol, lines).savefig(opened, format="png", dpi=110)
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
    areas = sum(
        10 * n * (len(group.files()) + 4 * group.classical) * (group.size_px / 64) ** 2
        for group in groups if not group.bundled
    )  # fmt: skip
    print(f"{areas:.0f} pictures of 64x64 to fill and measure: about {areas * SECONDS / 60:.0f} minutes on one core")
    options.out.mkdir(parents=True, exist_ok=True)
    for group in groups:
        begin = time.perf_counter()
        print(f"{group.title}: {', '.join(file.stem for file in group.files())}")
        summary = measure(group, options.data, options.work, options.out, options.photos)
        put(options.page, group.name, sections(group, summary))
        if group.name == "images":
            put(options.page, "order", order_table(summary))
        print(f"{group.name}: {time.perf_counter() - begin:.0f} s")
    with replacing(options.out / "removals.png") as opened:
        draw_removals().savefig(opened, format="png", dpi=90)
    put(options.page, "hours", hours_table(ROOT / "data_scripts/study_results.csv"))
    put(options.page, "seeds", seeds_table(WEIGHTS / "ablations/results.csv"))
    put(options.page, "trainings", trainings_table(ROOT / "data_scripts/study_results.csv"))
    put(options.page, "trainings-hours", trainings_table(ROOT / "data_scripts/study_results.csv", "-hours"))
    put(options.page, "area", area_table())
    put(options.page, "weights", weights_table(GROUPS))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
