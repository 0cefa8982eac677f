"""`rwlib export`: write a generator for programs without PyTorch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from rwlib.commands.look import find_checkpoint
from rwlib.errors import InputError
from rwlib.files import writable_file
from rwlib.shipped import DEFAULT


@dataclass
class Export:
    """Write a generator as ONNX, for browsers, phones and other programs without PyTorch; needs the extra `onnx`."""

    onnx: Annotated[Path, tyro.conf.arg(metavar="FILE.onnx")]
    """Result. Inputs: I_gt (b, 3, h, w) in [-1, 1] and M (b, 1, h, w), 1 existing; ec takes Canny's edges C, too, and
    pic noise. Outputs: I_p1, I_c1, I_p2 and I_c2; of pconv, ec and pic I_p and I_c."""
    checkpoint: Path | None = None
    """Generator to write: a file, or the name of one that ships, such as facades128; by default facades64."""

    def run(self) -> None:
        """Export, compare with PyTorch, write."""
        if self.onnx.suffix.lower() != ".onnx":
            raise InputError(f"onnx: expected a name that ends in .onnx, got {self.onnx}")
        writable_file(self.onnx, "onnx")
        file = find_checkpoint("checkpoint", self.checkpoint) if self.checkpoint else DEFAULT
        from rwlib.checkpoints import load_generator
        from rwlib.export import export_onnx

        done = export_onnx(self.onnx, *load_generator(file))
        print(
            f"{done.size_bytes / 1e6:.1f} MB; onnxruntime and PyTorch differ by at most {done.difference:.2g} grey "
            "levels of 255"
        )
