"""`rwlib evaluate`: tables 2 and 3 of the paper for generators of one's own."""

import dataclasses
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from rwlib.commands.look import check_outside, check_source, find_checkpoint
from rwlib.errors import InputError, printable
from rwlib.files import writable_file, writable_folder, write_bytes


@dataclass
class Evaluate:
    """Measure generators beside classical fills on held-out photographs, as tables 2 and 3 of the paper."""

    data: str
    """Folder of photographs, or `facades`, `photos`, `shards:DIR`."""
    checkpoint: tyro.conf.UseAppendAction[tuple[Path, ...]] = ()
    """Generator to use: a file, or the name of one that ships, such as facades128; by default facades64. Give the flag
    several times to compare several."""
    out: Path | None = None
    """Folder for rows, tables and a plot; the same call continues an evaluation that was interrupted there."""
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

    interrupted = "; with `--out` the same command goes on"
    several = ("--checkpoint",)

    def run(self) -> None:
        """Measure, print the tables and write them."""
        self._look()
        from rwlib.data import open_source
        from rwlib.evaluation.feature_networks import open_feature_networks
        from rwlib.evaluation.mask_folder import MaskFolder
        from rwlib.evaluation.methods import open_methods
        from rwlib.evaluation.protocol import Protocol
        from rwlib.evaluation.report import report, write_reports
        from rwlib.evaluation.run import run_evaluation

        methods, digests, size_px = open_methods(
            self.checkpoint, classical=self.classical, size_px=self.size_px, batch=self.batch, device=self.device
        )
        source = open_source(self.data)
        photos = self.photos or (100 if getattr(source, "unlimited", False) else len(source))
        # Checked here, before the masks are measured and the networks opened.
        protocol = Protocol(size_px, self.seed, self.kinds, self.buckets, photos)
        about = [f"data {self.data}, centre crops of {size_px} px"]
        if self.masks:
            polarity = self.white_is_existing
            masks = MaskFolder(self.masks, size_px, white_is_existing=polarity, seed=self.seed, progress=True)
            protocol = dataclasses.replace(protocol, masks=masks)
            about.append(f"holes: {masks.about()}")
        else:
            about.append(f"holes drawn by rwlib, seed {self.seed}")
        about += [f"{name}: SHA-256 {digest}..." for name, digest in digests.items()]
        if self.out:
            writable_folder(self.out, "out", make=True)
        networks = open_feature_networks(
            self.features, size_px=size_px, device=self.device, photos=protocol.n_photos(source)
        )
        for note in networks.notes:
            print(note)
        with tempfile.TemporaryDirectory() as temporary:
            out = self.out or Path(temporary)
            settings = {"data": Path(self.data).name, "checkpoints": digests}
            summary = run_evaluation(
                methods, source, protocol, out, networks=networks, images=self.save_images, about=settings
            )
            text = report(summary, about=about, notes=networks.notes, paper=self.beside_paper)
            if self.out:
                write_reports(summary, text, out)
            if self.csv:
                write_bytes(self.csv, (out / "rows.csv").read_bytes(), "csv")
        print("", *map(printable, text.splitlines()), sep="\n")
        if self.out:
            print(f"\nWritten to {printable(self.out)}: tables.md, tables.png, summary.csv, rows.csv")

    def _look(self) -> None:
        """Look at the arguments before torch is loaded."""
        check_source("data", self.data)
        for file in self.checkpoint:
            find_checkpoint("checkpoint", file)
        if self.masks and not os.path.isdir(self.masks):
            problem = "is a file" if os.path.exists(self.masks) else "does not exist"
            raise InputError(f"masks: {self.masks} {problem}; give a folder of mask pictures")
        for name in ("out", "save_images"):
            if place := getattr(self, name):
                check_outside(name, place, "photographs", [self.data])
                check_outside(name, place, "masks", [str(self.masks)] if self.masks else [])
        if self.csv:
            writable_file(self.csv, "csv")
