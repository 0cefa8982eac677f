"""`rwlib train`: every field of `Config` is a flag, with its docstring as help."""

import dataclasses
import os
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import tyro

from rwlib.commands.look import check_outside, check_source, find_checkpoint
from rwlib.commands.parse import parse
from rwlib.config import Config, ModelName, Preset, Size, make_config
from rwlib.errors import InputError, printable


@dataclass
class Train:
    """Train a region-wise GAN (Algorithm 1), or with `--model` one of its rivals."""

    run_dir: Path
    """Folder for checkpoints, curves and samples."""
    data: str = "facades"
    """Folder of photographs, or `facades` (drawn by a program, without end), `photos` (the few that ship), or
    `shards:DIR` (a folder of tar shards); several joined by " + " are mixed in equal parts."""
    val: str = ""
    """Photographs that are not trained on, named like `--data`; the best generator on them is kept, too."""
    preset: Preset = "balanced"
    """Losses and their weights: our own calibration, those of the model's paper; for the region-wise model also those
    of the released program, or none with a discriminator (RED). It chooses the defaults below, as `--model` does."""
    size: Size = "small"
    """Size of crops and networks; it chooses the defaults below."""
    resume: bool = False
    """Go on where the run in `--run-dir` stopped; data and settings are those of the run unless you give them again."""
    init: Path | None = None
    """Generator checkpoint to start from, for instance one trained on smaller crops; or one that ships: facades128."""
    stop_after: int | None = None
    """Stop after this step, in the middle of the schedule; go on with `--resume`."""
    keep: int = 2
    """How many of the last checkpoints to keep."""
    track: tuple[str, ...] = ()
    """Draw the curves elsewhere, too: `tensorboard`, `wandb` (each needs its package)."""
    config: tyro.conf.OmitArgPrefixes[Config] = field(default_factory=make_config)
    """What to train; where every value comes from stands in `rwlib.config`."""

    interrupted = "; `--resume` goes on from the last checkpoint"

    @classmethod
    def with_defaults(cls, args: Sequence[str]) -> "Train":
        """Return the defaults that `--preset`, `--size` and `--model`, or the run to be resumed, choose.

        Args:
            args: the words behind `rwlib train`.

        Raises:
            InputError: one of these flags cannot be used.
        """
        early, _ = parse(Early, args, command="rwlib train", return_unknown_args=True, add_help=False)
        config = make_config(early.preset, early.size, model=early.model or "region-wise")
        defaults = {"config": config, **(settings_of_run(early.run_dir, config) if early.resume else {})}
        if early.model and early.model != (trained := defaults["config"].model):
            raise InputError(
                f"model: the run in {early.run_dir} trains {trained}, not {early.model}; leave --model out"
            )
        return cls(run_dir=tyro.MISSING, preset=early.preset, size=early.size, **defaults)

    def run(self) -> None:
        """Train."""
        check_source("data", self.data)
        if self.val:
            check_source("val", self.val)
        check_outside("run_dir", self.run_dir, "photographs", [self.data, self.val])
        init = find_checkpoint("init", self.init) if self.init else None
        if self.stop_after is not None and self.stop_after < 1:
            raise InputError(f"stop_after: expected at least 1 step, got {self.stop_after}")
        from rwlib.checkpoints import read_checkpoint
        from rwlib.data import open_source
        from rwlib.training.loop import train
        from rwlib.training.run_folder import read_record

        start = time.monotonic()
        generator = train(
            self.config,
            open_source(self.data),
            self.run_dir,
            data_name=Path(self.data).name,
            val=open_source(self.val) if self.val else None,
            resume=self.resume,
            init=init,
            steps=self.stop_after,
            keep=self.keep,
            trackers=self.track,
            about={"source": absolute(self.data), "val": absolute(self.val)},
        )
        if os.environ.get("RANK", "0") != "0":  # one process of several speaks for all
            return
        about, took = read_checkpoint(generator)[2], timedelta(seconds=round(time.monotonic() - start))
        print(f"Written to {printable(generator)} after step {about['step']} of {about['total_steps']}, in {took}")
        if read_record(self.run_dir).get("status") == "stopped":
            print(f"go on with: rwlib train --resume --run-dir {printable(shlex.quote(str(self.run_dir)))}")


@dataclass
class Early:
    """The flags that choose the defaults of all others."""

    run_dir: Path = Path()
    preset: Preset = "balanced"
    size: Size = "small"
    model: ModelName | None = None
    resume: bool = False


def settings_of_run(run_dir: Path, config: Config) -> dict[str, Any]:
    """Return configuration and data of a run, as far as its `run.json` has them.

    A field that an older run does not have yet is `Config`'s default, with which it was trained, whatever the preset;
    without any, the configuration is `config`.
    """
    from rwlib.training.run_folder import read_record

    record = read_record(run_dir)
    sources = {"data": record.get("source"), "val": record.get("val")}
    settings: dict[str, Any] = {name: source for name, source in sources.items() if isinstance(source, str)}
    names = {field.name for field in dataclasses.fields(Config)}
    saved = record["config"] if isinstance(record.get("config"), dict) else {}
    saved = {key: value for key, value in saved.items() if key in names}
    return settings | {"config": Config.from_dict(saved) if saved else config}


def absolute(spec: str) -> str:
    """Return a source's name such that it means the same from another folder."""
    if " + " in spec and not os.path.isdir(spec):
        return " + ".join(absolute(part.strip()) for part in spec.split(" + "))
    if spec.startswith("shards:"):
        return f"shards:{Path(spec.removeprefix('shards:')).resolve()}"
    return str(Path(spec).resolve()) if spec and os.path.isdir(spec) else spec
