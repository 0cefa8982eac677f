"""The kinds of cases: what is spoilt, what is run with it, and what a result has to be."""

import contextlib
import csv
import io
import json
import math
import os
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from safetensors.torch import load, save

from . import material
from .mutate import VALUES, WORDS, pick, spoil_bytes, spoil_json, spoil_png, spoil_text
from .run import Case, Outcome, run

from rwlib.checkpoints import checksum, read_checkpoint  # isort: skip
from rwlib.commands.main import COMMANDS, flags_of, main  # isort: skip

KINDS = ("photo", "mask", "checkpoint", "words", "index", "rows", "archive", "run")
OWN_PROCESS_EVERY = 50


class Fuzz:
    """Cases of one seed; a context, because it keeps a folder of sound files."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __enter__(self) -> "Fuzz":
        torch.set_num_threads(1)  # a fork has one thread
        self.here, self.home = os.getcwd(), Path(tempfile.mkdtemp(prefix="fuzz-material-"))
        os.chdir(self.home)
        try:
            said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                material.make(self.home)
        except BaseException:
            print(said.buffer.getvalue().decode())
            self.__exit__()
            raise
        self.photographs, self.masks, self.archives = material.photographs(), material.masks(), material.archives()
        return self

    def __exit__(self, *_: object) -> None:
        os.chdir(self.here)
        shutil.rmtree(self.home, ignore_errors=True)

    def run(self, kind: str, number: int) -> Outcome:
        """Run one case."""
        rng = np.random.default_rng([self.seed, KINDS.index(kind), number])
        own_process = number % OWN_PROCESS_EVERY == OWN_PROCESS_EVERY - 1
        return run(lambda: getattr(self, f"_{kind}")(rng), own_process=own_process)

    def _take(self, *names: str) -> None:
        """Bring sound files to the case's folder, the current one."""
        for name in names:
            if (self.home / name).is_dir():
                shutil.copytree(self.home / name, name)
            else:
                shutil.copyfile(self.home / name, name)

    # --- pictures

    def _picture(self, rng, files: dict[str, bytes]) -> tuple[str, bytes]:
        name = pick(rng, list(files))
        data = files[name]
        if name.endswith(".png") and rng.random() < 0.7:
            return name, spoil_png(rng, data)
        if rng.random() < 0.1:  # another format than the name says
            name = pick(rng, list(files))
        return name, spoil_bytes(rng, data)

    def _photo(self, rng) -> Case:
        name, data = self._picture(rng, self.photographs)
        Path(name := f"spoilt-{name}").write_bytes(data)
        mask = Image.open(io.BytesIO(self.masks["grey.png"]))
        with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"), Image.open(name) as image:
            # A mask of its size, so that more than the sizes is looked at.
            if rng.random() < 0.9 and image.width * image.height < 1e6:
                mask = mask.resize(ImageOps.exif_transpose(image).size, Image.Resampling.NEAREST)
        mask.save("hole.png")
        return self._fill(name, "hole.png", pick(rng, ["out.png", "out.png", "out.tif", "out.bmp"]))

    def _mask(self, rng) -> Case:
        name, data = self._picture(rng, self.masks)
        Path(name := f"spoilt-{name}").write_bytes(data)
        self._take("photo.png")
        extra = ["--white-is-existing"] if rng.random() < 0.2 else []
        return self._fill("photo.png", name, "out.png", *extra)

    def _fill(self, photo: str, mask: str, output: str, *extra: str) -> Case:
        self._take("G.safetensors")
        words = ["inpaint", photo, "--mask", mask, "-o", output, "--checkpoint", "G.safetensors", *extra]
        n = 0
        for file in (photo, mask):
            with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"), Image.open(file) as image:
                n = max(n, image.width * image.height)
        return Case(lambda: main(words), words, lambda: wrong_filling(photo, mask, output, bool(extra)), pixels=n)

    # --- checkpoints

    def _checkpoint(self, rng) -> Case:
        self._take("photo.png", "mask.png")
        whole = (self.home / "G.safetensors").read_bytes()
        signed = rng.random() < 0.5
        data = signed_anew(rng, whole) if signed else spoil_bytes(rng, whole)
        Path("G.safetensors").write_bytes(data)
        words = ["inpaint", "photo.png", "--mask", "mask.png", "-o", "out.png", "--checkpoint", "G.safetensors"]

        def check() -> str:
            if not signed and data != whole and "sha256" in metadata(data) and content(data) != content(whole):
                return "a damaged checkpoint was used"
            return wrong_filling("photo.png", "mask.png", "out.png", False)

        return Case(lambda: main(words), words, check, pixels=1200)

    # --- command lines

    def _words(self, rng) -> Case:
        self._take("photo.png", "mask.png", "G.safetensors", "photos", "run", "shards", "evaluation")
        name = pick(rng, ["train", "inpaint", "evaluate", "bench", "start", "progress", "train", "inpaint", "evaluate"])
        sound = {
            "inpaint": "photo.png --mask mask.png -o out.png --checkpoint G.safetensors".split(),
            "train": material.TRAIN[1:],
            "evaluate": material.EVALUATE[1:],
            "start": ["lessons"],
        }.get(name, [])
        words = [name, *sound]
        flags, files = flags_of(COMMANDS[name]), sorted(os.listdir())
        for _ in range(int(rng.integers(1, 5))):
            at = int(rng.integers(len(words) + 1))
            value = pick(
                rng, [pick(rng, WORDS), pick(rng, files), str(pick(rng, [-1, 0, 1, 7, 10**9, 2**70, 1e-9, 0.3]))]
            )
            way = int(rng.integers(6))
            if way == 0 and len(words) > 1:
                del words[min(at, len(words) - 1)]
            elif way == 1:
                words.insert(at, value)
            elif way == 2 and len(words) > 1:
                words[max(1, min(at, len(words) - 1))] = value
            elif way == 3:
                words[at:at] = [pick(rng, flags)] if flags else []
            elif flags:
                words += [pick(rng, flags), value]
        words = [word.replace("\0", "") for word in words]
        return Case(
            lambda: looked_at(words), [] if name in ("train", "bench", "evaluate") else words, statuses=(0, 1, 2)
        )

    # --- tables

    def _index(self, rng) -> Case:
        if rng.random() < 0.3:
            Path("facades.csv").write_bytes(spoil_text(rng, (self.home / "facades.csv").read_text()))
            return Case(read_facades, statuses=(0, 1))
        self._take("shards", "G.safetensors")
        file = Path("shards/train/index.csv")
        if rng.random() < 0.7:
            file.write_bytes(spoil_text(rng, file.read_text()))
        else:
            file = pick(rng, sorted(Path("shards/train").glob("*.tar")))
            file.write_bytes(spoil_bytes(rng, file.read_bytes()))
        words = ["evaluate", "--data", "shards:shards/train", *material.EVALUATE[3:]]
        return Case(lambda: main(words), words, lambda: wrong_rows(Path("evaluation/rows.csv"), photos=2))

    def _rows(self, rng) -> Case:
        self._take("evaluation", "photos", "G.safetensors")
        file = Path("evaluation") / pick(rng, ["rows.csv", "rows.csv", "evaluation.json"])
        text = file.read_text()
        file.write_bytes(spoil_json(rng, text) if file.suffix == ".json" else spoil_text(rng, text))
        words = list(material.EVALUATE)
        words[words.index("--photos") + 1] = "3"
        return Case(lambda: main(words), words, lambda: wrong_rows(Path("evaluation/rows.csv"), photos=3))

    # --- archives

    def _archive(self, rng) -> Case:
        name = pick(rng, list(self.archives))
        data = self.archives[name]
        for _ in range(int(rng.integers(1, 3))):
            data = spoil_bytes(rng, data)
        Path(name).write_bytes(data)
        from own import main as prepare

        words = ["--from", name, "--to", "data", "--size", "16", "--max-bad-share", "0.9"]
        return Case(
            lambda: prepare(words), check=lambda: wrong_pictures(Path("data"), {name, "data"}), statuses=(0, 1, 2)
        )

    # --- trainings

    def _run(self, rng) -> Case:
        self._take("run", "photos")
        name = pick(rng, ["run.json", "run.json", "curves.csv", "curves.csv", "training.safetensors"])
        file = Path("run") / name
        if name == "run.json":
            file.write_bytes(spoil_json(rng, file.read_text()))
        elif name == "curves.csv":
            file.write_bytes(spoil_text(rng, file.read_text()))
        else:
            file.write_bytes(spoil_bytes(rng, file.read_bytes()))
        words = ["train", "--resume", "--run-dir", "run", "--stop-after", "4"]
        return Case(lambda: main(words), words, lambda: wrong_run(Path("run")))


def wrong_filling(photo: str, mask: str, output: str, white_is_existing: bool) -> str:
    """Compare the existing pixels of a result with what Pillow reads of the photograph."""
    with warnings.catch_warnings(action="ignore"):
        before, white = (ImageOps.exif_transpose(Image.open(file)) for file in (photo, mask))
        before.load()
        hole = np.asarray(white.convert("RGBA").convert("L") if white.mode not in ("F", "I", "I;16") else white)
        if white.mode not in ("F", "I", "I;16"):
            hole = np.where(np.asarray(white.convert("RGBA"))[..., 3] > 0, hole, 0) if "A" in white.mode else hole
        after = Image.open(output)
        after.load()
    if after.size != before.size:
        return f"{before.size} became {after.size}"
    if white.mode in ("F", "I", "I;16"):
        return ""  # whoever reads them chooses the scale
    existing = (hole >= 128) if white_is_existing else (hole < 128)
    if "A" in white.mode or "transparency" in white.info:
        return ""
    if before.mode.startswith("I"):
        a, b = np.asarray(before).astype(int), np.asarray(after).astype(int)
    else:
        alpha = "A" in before.mode or "a" in before.mode or "transparency" in before.info
        a, b = (np.asarray(x.convert("RGBA" if alpha else "RGB")) for x in (before, after))
    n = int((a != b).reshape(*existing.shape, -1).any(-1)[existing].sum())
    return f"{n} existing pixels changed" if n else ""


def metadata(data: bytes) -> dict:
    """Return the metadata of a safetensors file, as json reads it."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return header.get("__metadata__", {})


def content(data: bytes) -> tuple:
    """Return metadata, tensors and their types, whatever the order and the blanks of the header are."""
    return metadata(data), {name: (str(x.dtype), tuple(x.shape), x.numpy().tobytes()) for name, x in load(data).items()}


def signed_anew(rng, data: bytes) -> bytes:
    """Change configuration or weights, and make the SHA-256 right again."""
    header, tensors = metadata(data), load(data)
    if rng.random() < 0.6:
        header["config"] = spoil_json(rng, header["config"]).decode(errors="replace")
    else:
        name = pick(rng, sorted(tensors))
        x = tensors[name]
        way = int(rng.integers(7))
        if way == 0:
            tensors[name] = x * pick(rng, [float("nan"), float("inf"), 1e30, 0.0, -1.0])
        elif way == 1:
            tensors[name] = x.to(pick(rng, [torch.float64, torch.float16, torch.int64, torch.bool, torch.complex64]))
        elif way == 2:
            tensors[name] = x[..., :-1].contiguous()
        elif way == 3:
            del tensors[name]
        elif way == 4:
            tensors["more"] = x.clone()
        elif way == 5:
            tensors[name] = torch.zeros(0)
        else:
            header[pick(rng, ["kind", "about", "format", "more"])] = str(pick(rng, VALUES))
    if rng.random() < 0.1:
        header.pop("sha256", None)
    else:
        header["sha256"] = checksum(header, tensors)
    return save(tensors, metadata=header)


def looked_at(words: list[str]) -> int:
    """Run a command line, of trainings, benchmarks and evaluations only what comes before the work."""
    import rwlib.bench
    import rwlib.evaluation.run
    import rwlib.training.loop

    class Enough(Exception):
        pass

    def enough(*args, **kwargs):
        raise Enough

    rwlib.training.loop.train = rwlib.bench.bench = rwlib.evaluation.run.run_evaluation = enough
    try:
        return main(words)
    except Enough:
        return 0


def read_facades() -> int:
    """Read the index of the façades as its script does."""
    from _script import run_with_one_line_errors
    from facades import read_index

    return run_with_one_line_errors(lambda: read_index(Path("facades.csv")) and None)


def wrong_rows(file: Path, photos: int) -> str:
    """See that every measurement is a number, and that every photograph has each once."""
    with open(file, newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    numbers = [
        row[name] for row in rows for name in row if name in ("hole_psnr", "hole_ssim", "psnr", "ssim", "l1", "l2")
    ]
    if not all(math.isfinite(float(x)) for x in numbers):
        return "a measurement is not finite"
    keys = {tuple(row.values())[:4] for row in rows}
    return "" if len(rows) == photos * 2 and len(keys) == len(rows) else f"{len(rows)} rows for {photos} photographs"


def wrong_pictures(folder: Path, allowed: set[str]) -> str:
    """See that every prepared picture can be read, and that nothing was written beside the folder."""
    if others := set(os.listdir()) - allowed:
        return f"written beside the folder: {sorted(others)}"
    for file in folder.rglob("*.jpg"):
        with Image.open(file) as image:
            image.load()
            if min(image.size) > 16:
                return f"{file} is {image.size}"
    with open(folder / "index.csv", newline="", encoding="utf-8") as opened:
        n = len(list(csv.DictReader(opened)))
    return "" if n == len(list(folder.rglob("*.jpg"))) else "the index does not fit the folder"


def wrong_run(folder: Path) -> str:
    """See that a resumed run has rows in order and files that can be read."""
    _, _, about = read_checkpoint(folder / "training.safetensors", kind="training")
    read_checkpoint(folder / "generator.safetensors", kind="generator")
    json.loads((folder / "run.json").read_text(encoding="utf-8"))
    with open(folder / "curves.csv", newline="", encoding="utf-8") as opened:
        steps = [int(row["step"]) for row in csv.DictReader(opened)]
    if steps != sorted(set(steps)):
        return f"steps {steps}"
    return "" if about["step"] in (4, 6) else f"ended at step {about['step']}"
