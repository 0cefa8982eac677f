r"""Make the recording that `rwlib.widgets.CriticView` shows, by real training on real façades.

    python data_scripts/critic.py --data data/facades --work runs/critic

One run, preset `balanced` at size `tiny` (64 px, width 16, batch 4, seed 0): 150 steps of phase one, 300 of phase
two; about six minutes on one busy CPU core. After ten of these steps the checkpoint is kept in `--work`, so nothing is
trained twice. Then both networks of every checkpoint look at two held-out photographs
(`rwlib.widgets.critic.moments`), and their outputs are written to `rwlib/widgets/critic/recordings/`.
"""

import argparse
import csv
import shutil
from pathlib import Path

from rwlib.config import Config, make_config
from rwlib.data import PhotoFolder
from rwlib.training.loop import train
from rwlib.widgets.critic.moments import SIDE_PX, Scenes, from_checkpoint
from rwlib.widgets.critic.recording import RECORDING, save_recording

STEPS = (150, 160, 175, 200, 230, 265, 300, 350, 400, 450)
"""The moments: the end of phase one, then ever wider apart."""
PHOTOGRAPHS = (21, 28)
"""Numbers among the held-out photographs: a gate, and rows of windows."""
EVERY = 5
"""Steps over which the scores of the training batches are averaged for the curves."""


def config() -> Config:
    """Return what is trained."""
    return make_config(
        "balanced", "tiny", epochs=(3, 6), steps_per_epoch=50, batch_size=4, hole_fraction=(0.1, 0.5),
        # As the recording that ships: with one score per picture, see LOG.md, 2026-11-29.
        discriminator_layers=6, checkpoint_every=1000, sample_every=1000,
    )  # fmt: skip


def checkpoints(data: Path, work: Path) -> list[Path]:
    """Train from one moment to the next and return a checkpoint for each; those that are there are kept."""
    files = [work / f"step_{step:06d}.safetensors" for step in STEPS]
    for step, file in zip(STEPS, files, strict=True):
        if not file.exists():
            source = PhotoFolder(data / "train")
            train(config(), source, work / "run", data_name="facades/train", resume=True, steps=step, progress=False)
            shutil.copyfile(work / "run" / "training.safetensors", file)
            print(f"trained to step {step}")
    return files


def batch_scores(run_dir: Path) -> dict[str, list[float]]:
    """Return the mean scores of the training batches, averaged over `EVERY` steps, and those steps' last numbers."""
    with open(run_dir / "curves.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["D_gt"]]
    blocks = [rows[i : i + EVERY] for i in range(0, len(rows) - EVERY + 1, EVERY)]
    means = {name: [sum(float(row[name]) for row in block) / EVERY for block in blocks] for name in ("D_gt", "D_p2")}
    return {"step": [int(block[-1]["step"]) + 1 for block in blocks]} | {
        name: [float(f"{x:.4g}") for x in values] for name, values in means.items()
    }


def main() -> None:
    """Parse the command line, train, look, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data/facades"), help="as data_scripts/facades.py makes it")
    parser.add_argument("--work", type=Path, default=Path("runs/critic"), help="folder for the run and its checkpoints")
    parser.add_argument("--to", type=Path, default=RECORDING, help="folder for the recording")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    held_out = PhotoFolder(options.data / "val")
    photographs = [held_out.center(i, SIDE_PX) for i in PHOTOGRAPHS]
    scenes = Scenes.from_photographs(photographs, "two held-out photographs of façades in St Petersburg, CC0")
    moments = [from_checkpoint(file, scenes) for file in checkpoints(options.data, options.work)]
    about = {
        "how": "python data_scripts/critic.py: preset balanced, 64 px, width 16, batch 4, seed 0, learning rate "
        "from 4e-4 to 1e-5; 150 steps of phase one, 300 of phase two",
        "form": config().adversarial,
        "batches": batch_scores(options.work / "run"),
    }
    save_recording(options.to, scenes, moments, about)
    for file in sorted(options.to.iterdir()):
        print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
