"""`rwlib inpaint`: fill the hole of a picture file."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from rwlib.commands.look import find_checkpoint
from rwlib.errors import printable
from rwlib.shipped import PHOTOGRAPHS


@dataclass
class Inpaint:
    """Fill the hole of a picture; existing pixels stay bit-identical."""

    photo: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="PHOTO")]
    """Picture of any size and mode."""
    mask: Path
    """Picture of the same size: white is the hole, black exists."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Result: .png, .tif or .bmp; without EXIF data, whose preview may show what was removed."""
    checkpoint: Path | None = None
    """Generator to use: a file, or the name of one that ships, such as facades128; by default general128."""
    white_is_existing: bool = False
    """The mask's polarity is the other way round: black is the hole."""
    work_side_px: int = 0
    """Longest side at which the network sees the whole picture; 0 cuts out what surrounds the hole, and chooses."""
    sample: int = 0
    """Which answer, of a model that has several for a hole (pic): 0 is the likeliest, 1, 2, 3, ... are other ones, and
    each number always gives the same."""

    def run(self) -> None:
        """Fill the hole and write the result."""
        from rwlib.images import check_request

        check_request(self.photo, self.mask, self.output)
        file = find_checkpoint("checkpoint", self.checkpoint) if self.checkpoint else PHOTOGRAPHS
        from rwlib.checkpoints import load_generator
        from rwlib.inpainting import inpaint_file

        start = time.monotonic()
        G, config = load_generator(file)
        inpaint_file(
            self.photo,
            self.mask,
            self.output,
            G=G,
            config=config,
            white_is_existing=self.white_is_existing,
            work_side_px=self.work_side_px,
            sample=self.sample,
        )
        by = "" if self.checkpoint else f" by {PHOTOGRAPHS.stem}, of those that ship the one for any photograph"
        print(f"Written to {printable(self.output)} in {time.monotonic() - start:.1f} s{by}")
