"""Train the six variants of Fig. 4 under one budget, once per seed, and keep their generators in half precision.

    python data_scripts/ablations.py --data data/facades/train --runs runs/ablations --seeds 0 1 2
    python data_scripts/ablations.py --runs runs/ablations --ship          # the first seed's weights into the package
    python data_scripts/ablations.py --runs runs/ablations --seeds 0 1 2 --measure data/facades/val   # results.csv

Every run resumes: call the script again. The variant without L_a has the same phase one as the full
model, bit for bit, so its run starts from a copy of the full model's state at the end of that phase.
"""

import argparse
import csv
import io
import json
from dataclasses import replace
from pathlib import Path

from rwlib.ablations import ABLATIONS, WEIGHTS, ablation_config
from rwlib.checkpoints import load_generator, read_checkpoint, save_generator, write_checkpoint
from rwlib.config import Config, make_config
from rwlib.data import open_source
from rwlib.evaluation import Protocol, evaluate, generator_method
from rwlib.files import write_bytes, write_text
from rwlib.masks import KINDS
from rwlib.training.loop import train
from rwlib.training.schedule import Schedule

BUDGET = {
    "size_px": 64,
    "width": 16,
    "discriminator_width": 32,
    "batch_size": 4,
    "epochs": (20, 9),
    "steps_per_epoch": 50,
    "hole_fraction": (0.1, 0.5),
    # As the generators that ship were trained: with one score per picture, see LOG.md, 2026-11-29.
    "discriminator_layers": 6,
    "workers": 0,
    "checkpoint_every": 250,
    "sample_every": 250,
}
"""What all variants share: the paper's 20 + 9 epochs, each of 50 steps."""


def budget(seed: int) -> Config:
    """Return the full model's configuration."""
    return make_config("balanced", "tiny", **BUDGET, seed=seed)


def run_dir(runs: Path, name: str, seed: int) -> Path:
    """Return the folder of one variant's run with one seed."""
    return runs / f"{name}-{seed}"


def train_variant(name: str, seed: int, source: object, data: str, runs: Path) -> None:
    """Train one variant to its end, from where its last run stopped."""
    full, folder = budget(seed), run_dir(runs, name, seed)
    config = ablation_config(name, full)
    phase_one = Schedule.from_config(full, len(source), 1).phase_one
    if name == "full" and not (run_dir(runs, "no_adversarial", seed) / "training.safetensors").exists():
        train(config, source, folder, data_name=data, resume=True, steps=phase_one)
        tensors, _, about = read_checkpoint(folder / "training.safetensors", kind="training")
        if about["step"] == phase_one:
            other = run_dir(runs, "no_adversarial", seed)
            other.mkdir(parents=True, exist_ok=True)
            shared = ablation_config("no_adversarial", full)
            write_checkpoint(other / "training.safetensors", tensors, kind="training", config=shared, about=about)
            write_bytes(other / "curves.csv", (folder / "curves.csv").read_bytes())
    train(config, source, folder, data_name=data, resume=True)


def ship(runs: Path, seed: int) -> None:
    """Copy one seed's generators to the package, in half precision."""
    WEIGHTS.mkdir(parents=True, exist_ok=True)
    for name in ABLATIONS:
        file = run_dir(runs, name, seed) / "generator.safetensors"
        G, config = load_generator(file)
        _, _, about = read_checkpoint(file)
        about = {key: about[key] for key in ("data", "seed", "step", "torch")} | {"variant": name}
        save_generator(WEIGHTS / f"{name}.safetensors", G, replace(config, workers=0), half=True, about=about)
        print(f"{name}: {(WEIGHTS / f'{name}.safetensors').stat().st_size / 1e6:.2f} MB, {json.dumps(about)}")


def measure(runs: Path, seeds: list[int], data: str) -> None:
    """Measure every variant and seed on held-out photographs; a row per kind, bucket and photograph."""
    methods = [
        generator_method(load_generator(run_dir(runs, name, seed) / "generator.safetensors")[0], name=f"{name}-{seed}")
        for seed in seeds
        for name in ABLATIONS
    ]
    rows = evaluate(methods, open_source(data), Protocol(BUDGET["size_px"]))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["variant", "seed", "kind", "bucket", "photo", "hole_psnr", "hole_ssim", "hole_l1"])
    for row in rows:
        variant, _, seed = row["method"].rpartition("-")
        key = [variant, seed, row["kind"], row["bucket"], row["photo"]]
        writer.writerow([*key, *(f"{row[metric]:.4g}" for metric in ("hole_psnr", "hole_ssim", "hole_l1"))])
    write_text(WEIGHTS / "results.csv", text.getvalue())
    for kind in KINDS:
        for method in methods:
            scores = [row["hole_psnr"] for row in rows if (row["method"], row["kind"]) == (method.name, kind)]
            print(f"{kind} {method.name}: {sum(scores) / len(scores):.2f} dB")


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="data/facades/train", help="folder of photographs")
    parser.add_argument("--runs", type=Path, default=Path("runs/ablations"), help="folder for the runs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="one run of every variant per seed")
    parser.add_argument("--variants", nargs="+", default=list(ABLATIONS), choices=list(ABLATIONS))
    parser.add_argument("--ship", action="store_true", help="copy the first seed's generators into the package")
    parser.add_argument("--measure", default="", metavar="DIR", help="measure on these held-out photographs")
    options = parser.parse_args()
    if options.ship:
        ship(options.runs, options.seeds[0])
    if options.measure:
        measure(options.runs, options.seeds, options.measure)
    if options.ship or options.measure:
        return
    source = open_source(options.data)
    for seed in options.seeds:
        for name in options.variants:
            print(f"{name}, seed {seed}: {ABLATIONS[name].change}", flush=True)
            train_variant(name, seed, source, Path(options.data).name, options.runs)


if __name__ == "__main__":
    main()
