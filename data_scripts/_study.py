"""The table of a study's runs, what one of them does, and what it leaves; `study.py` keeps the queue."""

import csv
import io
import json
import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from rwlib.checkpoints import load_generator, save_generator
from rwlib.config import MODELS, Config, make_config
from rwlib.data import open_source
from rwlib.errors import InputError, one_of
from rwlib.evaluation.feature_networks import open_feature_networks
from rwlib.evaluation.methods import file_digest, open_methods
from rwlib.evaluation.protocol import Protocol
from rwlib.evaluation.run import run_evaluation
from rwlib.files import writable_folder, write_bytes, write_text
from rwlib.masks import KINDS
from rwlib.shipped import SHIPPED
from rwlib.training.loop import train
from rwlib.training.run_folder import read_record
from rwlib.training.timer import PARTS

MEASURED = {"psnr": "hole_psnr", "ssim": "hole_ssim", "frechet": "vgg_frechet"}
"""Columns of the results → names in an evaluation."""
CELLS = {f"{kind[0]}{10 * bucket}": (kind, bucket) for kind in KINDS for bucket in range(5)}
"""Columns of the results: c0 is contiguous 0-10 %, d40 discontiguous 40-50 %."""
RESULT_FIELDS = (
    *("name", "measured_on", "data", "init", "seed", "size_px", "width", "steps", "hours", "seconds_per_step"),
    *("precision", "commit", "digest"),
    *(f"{column}_{cell}" for column in MEASURED for cell in CELLS),
)
CURVE_FIELDS = ("name", "step", "phase", "hours", "L_r", "val_hole_psnr")


@dataclass(frozen=True)
class Run:
    """A row of the table; `study.toml` says what the fields mean."""

    name: str
    why: str
    data: str
    steps: tuple[int, ...]
    model: str = "region-wise"
    preset: str = "balanced"
    size: str = "tiny"
    seed: int = 0
    init: str = ""
    group: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    done: bool = False

    @property
    def title(self) -> str:
        """The title of its part of the curves' picture."""
        return self.group or f"{self.full_config().size_px} px"

    @property
    def sets(self) -> list[str]:
        """The data sets of a mixture, or the one."""
        return [name.strip() for name in self.data.split("+")]

    def full_config(self) -> Config:
        """Return the configuration that the row describes."""
        schedule = {"epochs": tuple(self.steps), "steps_per_epoch": 1, "seed": self.seed}
        free = {"workers": 0, "checkpoint_every": 200, "sample_every": 400}
        return make_config(self.preset, self.size, **free | dict(self.config) | schedule | {"model": self.model})


def read_table(file: Path, data: Mapping[str, Path] | None) -> list[Run]:
    """Read a table of runs and check every row.

    Args:
        file: in TOML, a `[[run]]` for each.
        data: name of each data set → its folder, in which `train` and `val` lie; None checks no data.

    Raises:
        InputError: the file is missing or no TOML, or a row is wrong; names the row.
    """
    try:
        rows = tomllib.loads(file.read_text(encoding="utf-8")).get("run", [])
    except OSError as error:
        raise InputError(f"table: cannot read {file} ({error.strerror})") from None
    except ValueError as error:
        raise InputError(f"table: {file} is not TOML ({error})") from None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"table: {file} has no runs; describe each under a line [[run]]")
    runs: list[Run] = []
    for i, row in enumerate(rows, 1):
        try:
            runs.append(_read_row(row, data, [run.name for run in runs]))
        except InputError as error:
            raise InputError(f"table: run {i} ({row.get('name', 'without a name')}): {error}") from None
    return runs


def _read_row(row: Mapping[str, Any], data: Mapping[str, Path] | None, earlier: Sequence[str]) -> Run:
    known = {field.name for field in fields(Run)}
    if unknown := sorted(set(row) - known):
        raise InputError(f"unknown fields {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    for name, kind in {"name": str, "why": str, "data": str, "steps": list}.items():
        if not isinstance(row.get(name), kind) or not row[name]:
            raise InputError(f"{name}: expected a {kind.__name__} that is not empty, got {row.get(name)!r}")
    run = Run(**row)
    if not re.fullmatch(r"[A-Za-z0-9-]{1,20}", run.name) or run.name in earlier:
        raise InputError(f"name: expected up to 20 letters, digits and hyphens, each name once, got {run.name!r}")
    phases = MODELS[one_of("model", run.model, list(MODELS))].phases
    if len(run.steps) != len(phases) or not all(isinstance(n, int) for n in run.steps):
        raise InputError(f"steps: expected a number for each phase ({', '.join(phases)}), got {run.steps}")
    if not isinstance(run.done, bool):
        raise InputError(f"done: expected true or false, got {run.done!r}")
    if not isinstance(run.config, dict):
        raise InputError(f"config: expected a table such as {{ width = 24 }}, got {run.config!r}")
    if twice := sorted({"epochs", "steps_per_epoch", "seed", "model"} & set(run.config)):
        raise InputError(f"config: {twice[0]} follows from the fields steps, seed and model; leave it out")
    if data is not None and (missing := [name for name in run.sets if name not in data]):
        raise InputError(f"data: {missing[0]} is not given; say --data {missing[0]}=FOLDER")
    if run.init and run.init not in earlier and not shipped(run.init).is_file():
        raise InputError(f"init: expected the name of a run above, or of a shipped generator, got {run.init!r}")
    run.full_config()
    return run


def shipped(name: str) -> Path:
    """Return where a generator of that name would lie if it came with rwlib."""
    return SHIPPED / f"{name}.safetensors"


# --- one run


def do_run(run: Run, runs: Path, data: Mapping[str, Path], stop: Callable[[], bool]) -> bool:
    """Train a run from where it stopped, then measure it; return whether it is finished.

    Args:
        run: the row.
        runs: folder of all runs.
        data: name → folder.
        stop: asked after each step; True ends it with a checkpoint.

    Raises:
        InputError: whatever training and measuring refuse.
    """
    folder, config = runs / run.name, run.full_config()
    init = None
    if run.init:
        init = shipped(run.init) if shipped(run.init).is_file() else runs / run.init / "generator.safetensors"
    source, val = (open_source(" + ".join(str(data[name] / part) for name in run.sets)) for part in ("train", "val"))
    train(config, source, folder, data_name=run.data, val=val, resume=True, init=init, stop=stop, progress=False)
    record = read_record(folder)
    if record.get("status") != "finished":
        return False
    file = folder / "generator.safetensors"
    hours, seconds = time_spent(folder / "curves.csv")
    about = {
        "name": run.name, "data": run.data, "init": run.init, "seed": run.seed, "size_px": config.size_px,
        "width": config.width, "steps": "+".join(map(str, run.steps)), "hours": f"{hours:.6g}",
        "seconds_per_step": f"{seconds:.3f}", "precision": record.get("precision", ""),
        "commit": record.get("commit", ""), "digest": file_digest(file),
    }  # fmt: skip
    rows = [
        about | {"measured_on": name} | measure(file, data[name] / "val", folder / f"measured-{name}")
        for name in run.sets
    ]
    write_text(folder / "result.json", json.dumps(rows, indent=1) + "\n", "runs")
    return True


def ship(run: Run, runs: Path, to: Path) -> Path:
    """Write a finished run's generator in half precision, with what a model card has to say.

    Raises:
        InputError: the run is not finished, or the folder cannot be written.
    """
    if not (rows := read_result(runs / run.name)):
        raise InputError(f"name: {run.name} is not finished in {runs}; `status` shows the runs")
    G, config = load_generator(runs / run.name / "generator.safetensors")
    about = {
        "run": run.name,
        "data": run.data,
        "seed": run.seed,
        "steps": rows[0]["steps"],
        "commit": rows[0]["commit"],
    }
    file = to / f"{run.name}.safetensors"
    writable_folder(to, "to", make=True)
    save_generator(file, G, replace(config, workers=0), half=True, about=about)
    return file


def measure(checkpoint: Path, photographs: Path, out: Path) -> dict[str, str]:
    """Measure a generator on held-out photographs, both kinds of holes, five buckets; what is there goes on.

    Returns:
        Columns of the results, `psnr_c0` and so on.
    """
    methods, digests, size_px = open_methods([checkpoint], classical=False)
    summary = run_evaluation(
        methods, open_source(photographs), Protocol(size_px), out,
        networks=open_feature_networks("vgg"), about={"checkpoints": digests}, progress=False,
    )  # fmt: skip
    name = methods[0].name
    found = {}
    for column, metric in MEASURED.items():
        for cell, place in CELLS.items():
            if metric in summary.metrics:
                found[f"{column}_{cell}"] = f"{summary.means[(name, *place, metric)].mean:.4f}"
            else:
                found[f"{column}_{cell}"] = f"{summary.distances[(name, *place)][metric]:.1f}"
    return found


# --- what runs leave


def read_curves(file: Path) -> Iterator[dict[str, float]]:
    """Yield the whole rows of a run's curves: step, phase, seconds, L_r, and held-out PSNR where it was measured.

    L_r is NaN where a step has none: with PConv, and while EdgeConnect learns edges.
    """
    try:
        opened = open(file, newline="", encoding="utf-8")
    except OSError:
        return
    with opened:
        for row in csv.DictReader(opened):
            try:
                ms = sum(float(row[f"ms_{part}"]) for part in PARTS)
                found = {"step": int(row["step"]), "phase": int(row["phase"]), "L_r": float(row.get("L_r") or "nan")}
                found["seconds"] = ms / 1000 + float(row["dataloader_wait_s"])
                found |= {"val_hole_psnr": float(row["val_hole_psnr"])} if row["val_hole_psnr"] else {}
            except (KeyError, TypeError, ValueError):  # cut off by a kill in the middle of a row
                continue
            yield found


def time_spent(file: Path, last: int = 100) -> tuple[float, float]:
    """Return the hours that a run's steps took, and the seconds per step of the last steps; NaN without any."""
    seconds = [row["seconds"] for row in read_curves(file)]
    recent = seconds[-last:]
    return sum(seconds) / 3600, sum(recent) / len(recent) if recent else float("nan")


def read_result(folder: Path) -> list[dict[str, Any]]:
    """Return a finished run's rows; none where it is not finished."""
    try:
        return json.loads((folder / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []


def write_results(table: Sequence[Run], runs: Path) -> None:
    """Write `results.csv` (a row for each finished run and data set), `curves.csv` and `curves.png`, all anew.

    Curves have a line for each held-out measurement; L_r is the mean of the steps since the one before it, empty where
    there was none.
    """
    results = [row for run in table for row in read_result(runs / run.name)]
    curves = []
    for run in table:
        spent, block = 0.0, []
        for row in read_curves(runs / run.name / "curves.csv"):
            spent += row["seconds"]
            block.append(row["L_r"])
            if "val_hole_psnr" in row:
                point = {"name": run.name, "step": int(row["step"]) + 1, "phase": int(row["phase"])}
                known = [L_r for L_r in block if not math.isnan(L_r)]
                point |= {"hours": f"{spent / 3600:.4f}", "L_r": f"{sum(known) / len(known):.5f}" if known else ""}
                curves.append(point | {"val_hole_psnr": f"{row['val_hole_psnr']:.3f}"})
                block = []
    for file, names, rows in (("results.csv", RESULT_FIELDS, results), ("curves.csv", CURVE_FIELDS, curves)):
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        write_text(runs / file, text.getvalue(), "runs")
    draw_curves(curves, {run.name: run.title for run in table}, runs / "curves.png")


def draw_curves(curves: Sequence[Mapping[str, Any]], titles: Mapping[str, str], file: Path) -> None:
    """Draw held-out PSNR over steps and over hours of computing, a line for each run.

    Args:
        curves: rows of `curves.csv`.
        titles: name of a run → title of the part of the picture to which it belongs.
        file: PNG.
    """
    from matplotlib.figure import Figure  # slow to import, needed here only

    from rwlib.colors import COLORS, MARKERS, STYLES

    runs = dict.fromkeys(row["name"] for row in curves)
    parts = {title: [name for name in runs if titles[name] == title] for title in map(titles.get, runs)} or {"": []}
    figure = Figure(figsize=(10, 2.9 * len(parts)), layout="constrained")
    for (title, names), axes in zip(
        parts.items(), figure.subplots(len(parts), 2, sharey="row", squeeze=False), strict=True
    ):
        for axis, x, label in zip(axes, ("step", "hours"), ("steps", "hours of computing"), strict=True):
            for i, name in enumerate(names):
                points = [row for row in curves if row["name"] == name]
                axis.plot(
                    [float(row[x]) for row in points], [float(row["val_hole_psnr"]) for row in points],
                    label=name, color=COLORS[i % len(COLORS)], marker=MARKERS[i // len(COLORS) % len(MARKERS)],
                    linestyle=STYLES[i // len(COLORS) % len(STYLES)], markersize=3, linewidth=1.2,
                )  # fmt: skip
            axis.set_xlabel(label)
            axis.grid(alpha=0.3)
        axes[0].set_title(title, loc="left")
        axes[0].set_ylabel("PSNR in the hole, dB")
        if names:
            axes[1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=8)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    write_bytes(file, picture.getvalue(), "runs")
