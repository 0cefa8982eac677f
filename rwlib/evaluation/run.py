r"""Evaluations of any length in one folder: rows are written as they come, and an interrupted one is continued.

| file | content |
|---|---|
| `evaluation.json` | what is measured: methods, data, holes, versions; no other evaluation continues in this folder |
| `rows.csv` | one line per photograph, kind, bucket and method; whole photographs only |
| `features.f32` | features of every composite, for distances between sets (FID) |
| `ids.csv` | U-IDS and P-IDS, where they are measured: one line per column of features |
| `summary.csv`, `tables.md`, `tables.png` | means, intervals, paired differences, distances: made anew at the end |

Nothing in memory grows with the number of photographs, but for U-IDS. Composites of one photograph are held at a time;
means are running sums over `rows.csv`, covariances over `features.f32` (0.4 MB per photograph with Inception and 50
columns). U-IDS needs more photographs than features, and its classifier all rows of two columns at once: 0.1 MB of
memory per photograph (`rwlib.evaluation.uids`). It takes minutes per column, so each result is on the disk before the
next begins.
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
from rwlib.conventions import InputError
from rwlib.data import PhotoSource
from rwlib.evaluation.feature_networks import FeatureNetworks, SetFeatures
from rwlib.evaluation.files import FeatureFile, ImageFolder, RowFile, ScoreFile
from rwlib.evaluation.frechet import distance_of_moments, moments_of
from rwlib.evaluation.kernel import kernel_distance
from rwlib.evaluation.measure import measure_photo
from rwlib.evaluation.methods import Method
from rwlib.evaluation.protocol import Protocol
from rwlib.evaluation.tables import Summary
from rwlib.evaluation.uids import discriminative_scores
from rwlib.files import only_writer, writable_folder, write_text
from rwlib.metrics import METRICS


def run_evaluation(
    methods: Sequence[Method],
    source: PhotoSource,
    protocol: Protocol,
    out: str | os.PathLike[str],
    *,
    networks: FeatureNetworks | None = None,
    images: str | os.PathLike[str] | None = None,
    about: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> Summary:
    """Measure what is not yet in the folder, row by row, and summarise.

    Args:
        methods: each under a name of its own.
        source: photographs with `center`.
        protocol: what is measured; a later call may ask for more photographs.
        out: folder; made if need be. An interrupted evaluation in it is continued.
        networks: for FID and LPIPS, see `rwlib.evaluation.feature_networks.open_feature_networks`; None does without.
        images: write originals, masks and composites as PNG below this folder.
        about: names of data and checkpoints, anything that JSON can hold; it has to be the same to continue.
        progress: show progress bars.

    Returns:
        Means, intervals, paired differences, distances.

    Raises:
        InputError: what `evaluate` refuses; a folder that cannot be written to, has another evaluation, or is
            being written to by another process.
    """
    networks = networks or FeatureNetworks()
    pair_metrics = {"lpips": networks.lpips} if networks.lpips else {}
    out, n, cells = writable_folder(out, "out", make=True), protocol.n_photos(source), protocol.cells
    settings = {
        "methods": [method.name for method in methods],
        **(about or {}),
        "photographs": _digest(source.names) if _has_names(source) else "",
        "size_px": protocol.size_px,
        "seed": protocol.seed,
        "cells": [list(cell) for cell in cells],
        "masks": protocol.masks.digest() if protocol.masks else "drawn",
        "metrics": [*METRICS, *pair_metrics],
        "features": networks.features.frechet if networks.features else "",
    }
    rows = RowFile(out / "rows.csv", settings["methods"], cells, settings["metrics"])
    width = networks.features.width if networks.features else 0
    features = FeatureFile(out / "features.f32", 1 + len(cells) * len(methods), width)
    scores = ScoreFile(out / "ids.csv")
    with only_writer(out, "out"):
        done = _claim(out, settings, rows, features, scores)
        pictures = ImageFolder(images, cells) if images else None
        bar = {"unit": "photo", "initial": min(done, n), "total": n, "dynamic_ncols": True}
        for photo in tqdm(range(done, n), disable=not progress, **bar):
            extracted: list[Tensor] = []  # of the original, then of each method's composites

            def sink(name: str, I_c: Tensor, I_gt: Tensor, M: Tensor, photo=photo, extracted=extracted) -> None:
                if networks.features:
                    extracted.extend(networks.features.extract(I) for I in ([I_c] if extracted else [I_gt, I_c]))
                if pictures:
                    pictures.save(photo, name, I_c, I_gt, M)

            measured = measure_photo(methods, source, photo, protocol, pair_metrics=pair_metrics, sink=sink)
            if networks.features:
                features.append(torch.cat(extracted))
            rows.append(measured)
        summary = Summary(settings["metrics"])
        for measured in rows.read(n):
            summary.add(measured)
        if networks.features and n > 1:
            columns = [(name, *cell) for name in settings["methods"] for cell in cells]
            _measure_distances(summary, columns, features, scores, networks.features, progress)
    return summary


def _measure_distances(
    summary: Summary,
    columns: Sequence[tuple[str, str, int]],
    file: FeatureFile,
    scores: ScoreFile,
    features: SetFeatures,
    progress: bool,
) -> None:
    """Fill `summary.distances`, one column of features after another."""
    n, summary.distance_width = summary.n, features.width
    classified = features.classified and n > features.width  # with fewer, sets of one kind can be separated
    computed = scores.read() if classified else {}
    originals = file.column(0, n)
    original_moments = moments_of(originals)
    bar = tqdm(columns, disable=not progress, unit=features.frechet, dynamic_ncols=True)
    for i, key in enumerate(bar, 1):
        composites = file.column(i, n)
        distances = {features.frechet: distance_of_moments(original_moments, moments_of(composites))}
        if features.kernel and n <= features.width:  # where the Fréchet distance is at its worst
            distances[features.kernel] = kernel_distance(originals, composites, paired=True)
        if classified:
            if (n, i) not in computed:
                computed[n, i] = discriminative_scores(originals, composites)
                scores.append(n, i, computed[n, i])
            distances["u_ids"], distances["p_ids"] = computed[n, i]
        summary.distances[key] = distances


def _claim(out: Path, settings: dict[str, Any], rows: RowFile, features: FeatureFile, scores: ScoreFile) -> int:
    """Begin an evaluation in a folder, or count the whole photographs of one with the same settings.

    Raises:
        InputError: the folder holds another evaluation, or parts of one, or files that are damaged.
    """
    file = out / "evaluation.json"
    try:
        if not file.exists():
            if rows.file.exists():
                raise InputError(f"out: {out} has a rows.csv but no evaluation.json that describes it; choose another")
            versions = {"rwlib": __version__, "torch": torch.__version__, "python": platform.python_version()}
            features.file.unlink(missing_ok=True)
            scores.file.unlink(missing_ok=True)
            write_text(file, json.dumps({"settings": settings, "versions": versions}, indent=1) + "\n", "out")
            return 0
        _check_settings(file, settings)
        done = rows.n_photos()
        scores.read()  # what is damaged is refused before anything is measured
        if features.width:
            if features.n_photos() < done:
                raise InputError(
                    f"out: {features.file} has {features.n_photos()} photographs and rows.csv {done}; "
                    "it is damaged, choose another folder"
                )
            features.cut(done)
    except OSError as error:  # for example, a folder of that name
        raise InputError(f"out: cannot use {error.filename} ({error.strerror}); choose another folder") from None
    return done


def _check_settings(file: Path, settings: dict[str, Any]) -> None:
    """Refuse a folder whose `evaluation.json` has other settings."""
    try:
        written = json.loads(file.read_text(encoding="utf-8"))["settings"]
        changed = [key for key, value in settings.items() if written[key] != json.loads(json.dumps(value))]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"out: {file} is not one that rwlib wrote ({type(error).__name__}); choose another folder"
        ) from None
    if changed:
        key = changed[0]
        difference = f"{json.dumps(written[key])[:80]}, not {json.dumps(settings[key])[:80]}"
        raise InputError(
            f"out: {file.parent} holds an evaluation with another {key} ({difference}); choose another folder"
        )


def _has_names(source: PhotoSource) -> bool:
    return hasattr(source, "names") and not getattr(source, "unlimited", False)


def _digest(names: Sequence[str]) -> str:
    """Return a digest of the photographs' names, which need not be UTF-8."""
    text = "\n".join(map(str, names))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
