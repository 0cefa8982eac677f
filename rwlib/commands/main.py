"""The command line: `rwlib train | inpaint | evaluate | bench | doctor | start | progress`.

Every field of `Config` is a flag of `rwlib train`, with its docstring as help; `--preset` and `--size` choose the
defaults first. Bad input ends with one line on stderr and exit status 2.
"""

import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import tyro

from rwlib import __version__
from rwlib.config import PRESETS, SIZES, Config, make_config
from rwlib.conventions import InputError

USAGE = f"""rwlib {__version__}: region-wise GAN image inpainting

  rwlib train     --data DIR|facades|photos|shards:DIR --run-dir DIR
                  [--preset balanced|paper|release] [--size tiny|small|full] ...
  rwlib inpaint   PHOTO --mask MASK -o OUT.png
  rwlib evaluate  --data DIR|facades|photos|shards:DIR [--checkpoint FILE ...] [--out DIR]
  rwlib bench     [--quick] [--full] [--cases REGEX] [--out DIR]
  rwlib doctor
  rwlib start     DIR
  rwlib progress  [--reset]

`rwlib COMMAND --help` explains a command's options."""


@dataclass(frozen=True)
class Unchecked(Config):
    """What to train; where every value comes from stands in `rwlib.config`."""

    def __post_init__(self) -> None:
        """Check nothing: `_train` does, in one line instead of tyro's many."""


@dataclass
class Train:
    """Train a region-wise GAN (Algorithm 1)."""

    run_dir: Path
    """Folder for checkpoints, curves and samples."""
    data: str = "facades"
    """Folder of photographs, or `facades` (drawn by a program, without end), `photos` (the few that ship), or
    `shards:DIR` (a folder of tar shards); several joined by ` + ` are a mixture in equal parts."""
    val: str = ""
    """Photographs that are not trained on, named like `--data`; the best generator on them is kept, too."""
    resume: bool = False
    """Go on where the run in `--run-dir` stopped; data and settings are those of the run unless you give them again."""
    init: Path | None = None
    """Generator checkpoint to start from, for instance one trained on smaller crops."""
    stop_after: int | None = None
    """Stop after this step, in the middle of the schedule; go on with `--resume`."""
    keep: int = 2
    """How many of the last checkpoints to keep."""
    track: tuple[str, ...] = ()
    """Draw the curves elsewhere, too: `tensorboard`, `wandb` (each needs its package)."""
    config: tyro.conf.OmitArgPrefixes[Unchecked] = field(default_factory=Unchecked)
    """What to train."""


@dataclass
class Inpaint:
    """Fill the hole of a picture; existing pixels stay bit-identical."""

    photo: Annotated[Path, tyro.conf.Positional]
    """Picture of any size and mode."""
    mask: Path
    """Picture of the same size: white is the hole, black exists."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Result: .png, .tif or .bmp."""
    checkpoint: Path | None = None
    """Generator to use; by default the one that ships with rwlib."""
    white_is_existing: bool = False
    """The mask's polarity is the other way round: black is the hole."""
    work_side_px: int = 0
    """Longest side at which the network works; 0 chooses by the size of the hole."""


@dataclass
class Start:
    """Copy the course's notebooks into a folder of your own; files that are there are never overwritten."""

    folder: Annotated[Path, tyro.conf.Positional]
    """Your folder; made if need be."""


@dataclass
class Progress:
    """Show which exercises you have passed; the record stays on this machine."""

    reset: bool = False
    """Forget everything instead."""


@dataclass
class Evaluate:
    """Measure generators beside classical fills on held-out photographs, as tables 2 and 3 of the paper."""

    data: str
    """Folder of photographs, or `facades`, `photos`, `shards:DIR`."""
    checkpoint: tyro.conf.UseAppendAction[tuple[Path, ...]] = ()
    """Generator to use, by default the one that ships with rwlib; give the flag several times to compare several."""
    out: Path | None = None
    """Folder for rows, tables and a plot; what an interrupted call left there is gone on with."""
    masks: Path | None = None
    """Folder of mask pictures (white is the hole), sorted by what they are; by default masks are drawn."""
    white_is_existing: bool = False
    """The masks' polarity is the other way round: black is the hole."""
    kinds: tuple[Literal["contiguous", "discontiguous"], ...] = ()
    """Kinds of holes; by default both."""
    buckets: tuple[int, ...] = ()
    """Missing parts: 0 is 0-10 %, ... 4 is 40-50 %, 5 is 50-60 %; by default 0 to 4, or those that --masks has."""
    features: Literal["auto", "download", "vgg", "none"] = "auto"
    """FID, U-IDS and LPIPS: `auto` if their weights lie in torch's cache, else a distance on the bundled VGG;
    `download` gets the weights (324 MB); `vgg` takes that distance at once; `none` is fastest."""
    beside_paper: Literal["celeba-hq", "paris", "places2", ""] = ""
    """Print the paper's figures for this data set beside ours."""
    classical: bool = True
    """With the classical fills."""
    size_px: int = 0
    """Side of the centre crops; 0 takes the side that the generator was trained with."""
    seed: int = 0
    """Seed of the masks."""
    photos: int = 0
    """Use only the first so many photographs; 0 uses all (100 where there is no end)."""
    csv: Path | None = None
    """Write every single measurement to this file, too."""
    save_images: Path | None = None
    """Write originals, masks and composites as PNG below this folder (of photographs measured in this call)."""
    batch: int = 8
    """Most masks that a generator fills at once; does not change the result."""
    device: str = "cpu"
    """Where networks compute: `cpu`, `cuda`."""


@dataclass
class Bench:
    """Measure time and memory beside a straight port of the released program; write `bench.csv` and `bench.png`."""

    quick: bool = False
    """Small sizes and three runs: half a minute, for a first look."""
    full: bool = False
    """A training step at batch 8, too."""
    cases: str = ""
    """Only cases whose names contain this regular expression."""
    out: Path = Path(".")
    """Folder for the two files."""


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 (`doctor` found a fault), 2 (bad input), 130 (Ctrl-C)."""
    command, *rest = (sys.argv[1:] if args is None else list(args)) or ["--help"]
    try:
        if command in ("-h", "--help"):
            print(USAGE)
        elif command in ("-V", "--version"):
            print(f"rwlib {__version__}")
        elif command == "doctor":
            from rwlib.commands.doctor import doctor

            return doctor()
        elif command == "train":
            _train(rest)
        elif command == "inpaint":
            _inpaint(tyro.cli(Inpaint, prog="rwlib inpaint", args=rest))
        elif command == "evaluate":
            _evaluate(tyro.cli(Evaluate, prog="rwlib evaluate", args=rest))
        elif command == "start":
            _start(tyro.cli(Start, prog="rwlib start", args=rest))
        elif command == "progress":
            _progress(tyro.cli(Progress, prog="rwlib progress", args=rest))
        elif command == "bench":
            _bench(tyro.cli(Bench, prog="rwlib bench", args=rest))
        else:
            raise InputError(
                f"command: expected train, inpaint, evaluate, bench, doctor, start or progress; got {command!r}"
            )
    except InputError as error:
        print(f"rwlib: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        remedies = {
            "train": "; `--resume` goes on from the last checkpoint",
            "evaluate": "; with `--out` the same command goes on",
        }
        print(f"rwlib: interrupted{remedies.get(command, '')}", file=sys.stderr)
        return 130
    return 0


def _take(args: list[str], flag: str, default: str) -> str:
    """Take `flag VALUE` or `flag=VALUE` out of `args` and return the value."""
    for i, arg in enumerate(args):
        if arg == flag and i + 1 < len(args):
            del args[i]
            return args.pop(i)
        if arg.startswith(flag + "="):
            return args.pop(i).partition("=")[2]
    return default


def _train(args: list[str]) -> None:
    args = list(args)
    preset, size = _take(args, "--preset", "balanced"), _take(args, "--size", "small")
    description = (
        f"Train a region-wise GAN (Algorithm 1). --preset {{{','.join(PRESETS)}}} and --size {{{','.join(SIZES)}}} "
        f"choose the defaults below; shown: {preset}, {size}."
    )
    config, data, val = make_config(preset, size), Train.data, Train.val
    if "--resume" in args:
        config, data, val = _settings_of_run(args, config, data, val)
    # An explicit default for one field only would leave --run-dir without its "required"; tyro.MISSING keeps it.
    default = Train(run_dir=tyro.MISSING, data=data, val=val, config=Unchecked(**dataclasses.asdict(config)))
    asked = tyro.cli(Train, prog="rwlib train", description=description, args=args, default=default)
    config = Config(**dataclasses.asdict(asked.config))
    from rwlib.data import open_source
    from rwlib.training.loop import train
    from rwlib.training.run_folder import read_record

    train(
        config,
        open_source(asked.data),
        asked.run_dir,
        data_name=Path(asked.data).name,
        val=open_source(asked.val) if asked.val else None,
        resume=asked.resume,
        init=asked.init,
        steps=asked.stop_after,
        keep=asked.keep,
        trackers=asked.track,
        about={"source": _whole_path(asked.data), "val": _whole_path(asked.val)},
    )
    if read_record(asked.run_dir).get("status") == "stopped":
        print(f"go on with: rwlib train --resume --run-dir {asked.run_dir}")


def _settings_of_run(args: list[str], config: Config, data: str, val: str) -> tuple[Config, str, str]:
    """Return configuration and data of the run that `--run-dir` names, else those given."""
    from rwlib.training.run_folder import read_record

    record = read_record(_take(list(args), "--run-dir", ""))
    known = {field.name for field in dataclasses.fields(Config)}
    saved = {key: value for key, value in record.get("config", {}).items() if key in known}
    if saved:
        config = Config.from_dict(dataclasses.asdict(config) | saved)
    return config, record.get("source", data), record.get("val", val)


def _whole_path(source: str) -> str:
    """Return a source's name such that it means the same from another folder."""
    if " + " in source and not Path(source).is_dir():
        return " + ".join(_whole_path(part.strip()) for part in source.split(" + "))
    if source.startswith("shards:"):
        return f"shards:{Path(source.removeprefix('shards:')).resolve()}"
    return str(Path(source).resolve()) if source and Path(source).is_dir() else source


def _inpaint(asked: Inpaint) -> None:
    from rwlib.checkpoints import load_generator
    from rwlib.inpainting import inpaint_file

    G, config = load_generator(asked.checkpoint)
    inpaint_file(
        asked.photo,
        asked.mask,
        asked.output,
        G=G,
        config=config,
        white_is_existing=asked.white_is_existing,
        work_side_px=asked.work_side_px,
    )


def _start(asked: Start) -> None:
    from rwlib.course.start import start

    start(asked.folder)


def _progress(asked: Progress) -> None:
    from rwlib.course import progress

    if asked.reset:
        progress.reset()
        print("Progress is forgotten.")
    else:
        print(progress.table())


def _evaluate(asked: Evaluate) -> None:
    import shutil
    import tempfile

    from rwlib.data import open_source
    from rwlib.evaluation.feature_networks import open_feature_networks
    from rwlib.evaluation.mask_folder import MaskFolder
    from rwlib.evaluation.methods import open_methods
    from rwlib.evaluation.protocol import Protocol
    from rwlib.evaluation.report import report, write_reports
    from rwlib.evaluation.run import run_evaluation
    from rwlib.files import writable_folder

    if asked.csv:
        writable_folder(asked.csv.parent, "csv")
    methods, digests, size_px = open_methods(
        asked.checkpoint, classical=asked.classical, size_px=asked.size_px, batch=asked.batch, device=asked.device
    )
    source = open_source(asked.data)
    photos = asked.photos or (100 if getattr(source, "unlimited", False) else len(source))
    # Checked here, before the masks are measured and the networks opened.
    protocol = Protocol(size_px, asked.seed, asked.kinds, asked.buckets, photos)
    about = [f"data {asked.data}, centre crops of {size_px} px"]
    if asked.masks:
        polarity = asked.white_is_existing
        masks = MaskFolder(asked.masks, size_px, white_is_existing=polarity, seed=asked.seed, progress=True)
        protocol = dataclasses.replace(protocol, masks=masks)
        about.append(f"holes: {masks.about()}")
    else:
        about.append(f"holes drawn by rwlib, seed {asked.seed}")
    about += [f"{name}: SHA-256 {digest}..." for name, digest in digests.items()]
    if asked.out:
        writable_folder(asked.out, "out", make=True)
    networks = open_feature_networks(
        asked.features, size_px=size_px, device=asked.device, photos=protocol.n_photos(source)
    )
    for note in networks.notes:
        print(note)
    with tempfile.TemporaryDirectory() as temporary:
        out = asked.out or Path(temporary)
        settings = {"data": Path(asked.data).name, "checkpoints": digests}
        summary = run_evaluation(
            methods, source, protocol, out, networks=networks, images=asked.save_images, about=settings
        )
        text = report(summary, about=about, notes=networks.notes, paper=asked.beside_paper)
        if asked.out:
            write_reports(summary, text, out)
        if asked.csv:
            shutil.copyfile(out / "rows.csv", asked.csv)
    print(f"\n{text}")
    if asked.out:
        print(f"\nWritten to {asked.out}: tables.md, tables.png, summary.csv, rows.csv")


def _bench(asked: Bench) -> None:
    from rwlib.bench import bench

    bench(quick=asked.quick, full=asked.full, pattern=asked.cases, out=asked.out)


if __name__ == "__main__":
    sys.exit(main())
