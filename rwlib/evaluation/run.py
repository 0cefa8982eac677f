r"""Evaluations of any length in one folder: rows are written as they come, and an interrupted one goes on.

| file | content |
|---|---|
| `evaluation.json` | what is measured: methods, data, holes, versions; another evaluation cannot go on in this folder |
| `rows.csv` | one line for each photograph, kind, bucket and method; whole photographs only |
| `features.f32` | features of every composite, for distances between sets (FID) |
| `ids.csv` | U-IDS and P-IDS, where they are measured: a line for each column of features |
| `summary.csv`, `tables.md`, `tables.png` | means, intervals, paired differences, distances: made anew at the end |

Nothing in memory grows with the number of photographs, but for U-IDS. Composites of one photograph are held at a time;
means are running sums over `rows.csv`, covariances over `features.f32` (0.4 MB a photograph with Inception and 50
columns). U-IDS needs more photographs than features, and its classifier all rows of two columns at once: 0.1 MB of
memory a photograph (`rwlib.evaluation.uids`). It takes minutes a column, so each result is on the disk before the next
begins.
"""

import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from rwlib import __version__
from rwlib.checkpoints import DEFAULT, load_generator
from rwlib.conventions import InputError
from rwlib.evaluation.feature_networks import Judges, SetFeatures
from rwlib.evaluation.files import FeatureFile, ImageFolder, RowFile, ScoreFile, make_folder
from rwlib.evaluation.frechet import Moments, blocks, distance_of_moments, kernel_distance
from rwlib.evaluation.mask_folder import MaskFolder
from rwlib.evaluation.protocol import Method, classical_methods, evaluate_photo, generator_method, plan
from rwlib.evaluation.tables import METRICS, Summary
from rwlib.evaluation.uids import discriminative_scores
from rwlib.files import only_writer


def run_evaluation(
    methods: Mapping[str, Method],
    source: Any,
    out: str | os.PathLike[str],
    *,
    size_px: int,
    seed: int = 0,
    kinds: Sequence[str] | None = None,
    buckets: Sequence[int] | None = None,
    photos: int | None = None,
    masks: MaskFolder | None = None,
    judges: Judges | None = None,
    images: str | os.PathLike[str] | None = None,
    about: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> Summary:
    """Measure what is not yet in the folder, row by row, and summarise.

    Args:
        methods: name → method, see `rwlib.evaluation.protocol`.
        source: photographs with `center`.
        out: folder; made if need be. What an interrupted call left there is gone on with.
        size_px: side of the centre crops.
        seed: of the masks.
        kinds: of holes, see `rwlib.evaluation.protocol.evaluate`.
        buckets: of missing fractions.
        photos: use only the first so many; a later call may ask for more.
        masks: a folder of masks instead of drawn ones.
        judges: networks for FID and LPIPS, see `rwlib.evaluation.feature_networks.open_judges`; None does without.
        images: write originals, masks and composites as PNG below this folder.
        about: names of data and checkpoints, anything that JSON can hold; it has to be the same to go on.
        progress: show progress bars.

    Returns:
        Means, intervals, paired differences, distances.

    Raises:
        InputError: what `evaluate` refuses; a folder that cannot be written to, has another evaluation, or is
            being written to by another process.
    """
    cells, n = plan(source, size_px=size_px, seed=seed, kinds=kinds, buckets=buckets, photos=photos, masks=masks)
    judges = judges or Judges(None, None, [])
    pair_metrics = {"lpips": judges.lpips} if judges.lpips else {}
    out = make_folder(out, "out")
    settings = {
        "methods": list(methods),
        **(about or {}),
        "photographs": _digest(list(source.names)) if _has_names(source) else "",
        "size_px": size_px,
        "seed": seed,
        "cells": [list(cell) for cell in cells],
        "masks": _digest([str(masks.cells), str(masks.white_is_existing)]) if masks else "drawn",
        "metrics": [*METRICS, *pair_metrics],
        "features": judges.features.frechet if judges.features else "",
    }
    width = judges.features.width if judges.features else 0
    rows = RowFile(out / "rows.csv", settings["methods"], cells, settings["metrics"])
    features = FeatureFile(out / "features.f32", 1 + len(cells) * len(methods), width)
    scores = ScoreFile(out / "ids.csv")
    with only_writer(out, "out"):
        done = _claim(out, settings, rows, features, scores)
        pictures = ImageFolder(images, cells) if images else None
        bar = {"unit": "photo", "initial": min(done, n), "total": n, "dynamic_ncols": True}
        for photo in tqdm(range(done, n), disable=not progress, **bar):
            seen: dict[str, Tensor] = {}

            def sink(name: str, I_c: Tensor, I_gt: Tensor, M: Tensor, photo=photo, seen=seen) -> None:
                if judges.features:
                    seen.setdefault("", judges.features.extract(I_gt))
                    seen[name] = judges.features.extract(I_c)
                if pictures:
                    pictures.save(photo, name, I_c, I_gt, M)

            found = evaluate_photo(
                methods, source, photo, cells,
                size_px=size_px, seed=seed, masks=masks, pair_metrics=pair_metrics, sink=sink,
            )  # fmt: skip
            if judges.features:
                features.append(torch.cat([seen[""], *(seen[name] for name in methods)]))
            rows.append(found)
        summary = Summary(settings["metrics"])
        for found in rows.read(n):
            summary.add(found)
        if judges.features and n > 1:
            _measure_distances(summary, features, scores, judges.features, list(methods), cells, n, progress)
        return summary


def _measure_distances(
    summary: Summary,
    file: FeatureFile,
    scores: ScoreFile,
    features: SetFeatures,
    methods: list[str],
    cells: list[tuple[str, int]],
    n: int,
    progress: bool,
) -> None:
    """Fill `summary.distances`, one column of features after another."""
    classified = features.classified and n > features.width  # with fewer, sets of one kind can be separated
    known = scores.read() if classified else {}

    def moments(column: int) -> Moments:
        found = Moments(features.width)
        for rows in blocks(file.column(column, n)):
            found.add(rows)
        return found

    real = moments(0)
    summary.distance_width = features.width
    columns = [(method, *cell) for method in methods for cell in cells]
    bar = tqdm(columns, disable=not progress, unit=features.frechet, dynamic_ncols=True)
    for i, key in enumerate(bar, 1):
        summary.distances[key] = {features.frechet: distance_of_moments(real, moments(i))}
        if features.kernel and n <= features.width:  # where the Fréchet distance is at its worst
            summary.distances[key][features.kernel] = kernel_distance(file.column(0, n), file.column(i, n))
        if classified:
            if (n, i) not in known:
                known[n, i] = discriminative_scores(file.column(0, n), file.column(i, n))
                scores.append(n, i, known[n, i])
            summary.distances[key] |= dict(zip(("u_ids", "p_ids"), known[n, i], strict=True))


def _claim(out: Path, settings: dict[str, Any], rows: RowFile, features: FeatureFile, scores: ScoreFile) -> int:
    """Begin an evaluation in a folder, or find how many whole photographs one with the same settings has.

    Raises:
        InputError: the folder holds another evaluation, or parts of one.
    """
    file = out / "evaluation.json"
    if not file.exists():
        if rows.file.exists():
            raise InputError(f"out: {out} has a rows.csv but no evaluation.json that says what it is; choose another")
        versions = {"rwlib": __version__, "torch": torch.__version__, "python": platform.python_version()}
        part = file.with_name(f".{file.name}.{os.getpid()}.part")
        part.write_text(json.dumps({"settings": settings, "versions": versions}, indent=1) + "\n")
        features.file.unlink(missing_ok=True)
        scores.file.unlink(missing_ok=True)
        os.replace(part, file)
        return 0
    try:
        found = json.loads(file.read_text())["settings"]
        other = [key for key, value in settings.items() if found[key] != json.loads(json.dumps(value))]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"out: {file} is not one that rwlib wrote ({type(error).__name__}); choose another folder"
        ) from None
    if other:
        key = other[0]
        shown = f"{json.dumps(found[key])[:80]}, not {json.dumps(settings[key])[:80]}"
        raise InputError(f"out: {out} holds an evaluation with another {key} ({shown}); choose another folder")
    done = rows.photographs()
    if features.width:
        if features.photographs() < done:
            raise InputError(
                f"out: {features.file} has {features.photographs()} photographs and rows.csv {done}; "
                "it is damaged, choose another folder"
            )
        features.cut(done)
    return done


def _has_names(source: Any) -> bool:
    return hasattr(source, "names") and not getattr(source, "unlimited", False)


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(map(str, texts)).encode()).hexdigest()[:16]


def file_digest(file: str | os.PathLike[str]) -> str:
    """Return the first 16 hexadecimal digits of a file's SHA-256."""
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:16]


def open_methods(
    checkpoints: Sequence[str | os.PathLike[str]],
    *,
    classical: bool = True,
    size_px: int = 0,
    batch: int = 8,
    device: str = "cpu",
) -> tuple[dict[str, Method], dict[str, str], int]:
    """Load several generators, named by their files' stems, and put the classical fills beside them.

    Args:
        checkpoints: files; none takes the generator that ships with rwlib, under the name `rwlib`.
        classical: with the classical fills.
        size_px: side of the crops; 0 takes the one that the generators were trained with.
        batch: most masks that a generator fills at once.
        device: where the generators compute.

    Returns:
        Methods, generators first; name → digest of each checkpoint; the side of the crops.

    Raises:
        InputError: two files of one stem, a stem that a classical fill has, sides of training that differ, a device
            that is not there, or whatever is wrong with a file.
    """
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"device: {device!r} cannot be used ({reason}); take cpu") from None
    files = {"rwlib": DEFAULT} if not checkpoints else {}
    for file in map(Path, checkpoints):
        if file.stem in files:
            raise InputError(
                f"checkpoint: {file} and {files[file.stem]} would both be called {file.stem}; rename or link one"
            )
        files[file.stem] = file
    methods: dict[str, Method] = {}
    digests, sides = {}, {}
    for name, file in files.items():
        G, config = load_generator(file)
        methods[name], sides[name] = generator_method(G.to(device), batch=batch), config.size_px
        digests[name] = file_digest(file)
    for name, method in classical_methods().items() if classical else ():
        if name in methods:
            raise InputError(f"checkpoint: {files[name]} would be called {name}, like a classical fill; rename it")
        methods[name] = method
    if not size_px and len(set(sides.values())) > 1:
        found = ", ".join(f"{name} {side}" for name, side in sides.items())
        raise InputError(f"size_px: the generators were trained at different sides ({found}); choose one by --size-px")
    return methods, digests, size_px or next(iter(sides.values()))
