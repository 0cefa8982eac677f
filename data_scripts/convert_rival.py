r"""Turn published PyTorch checkpoints of other methods into generators of rwlib.

    python data_scripts/convert_rival.py ca gen_00430000.pt -o ca.safetensors
    python data_scripts/convert_rival.py gated states_pt_places2.pth -o gated.safetensors
    python data_scripts/convert_rival.py ec EdgeModel_gen.pth InpaintingModel_gen.pth -o ec.safetensors
    python data_scripts/convert_rival.py pic latest_net_E.pth latest_net_G.pth -o pic.safetensors
    rwlib inpaint photo.png --mask mask.png --checkpoint ca.safetensors -o filled.png

The files are those that the programs in `PROGRAMS` offer; download them by hand, from the links in their READMEs. They
are pickles, which could run anything, so they are read by PyTorch's restricted reader: a file with more in it than
numbers and tensors is refused. Every weight of the generator must be there, in the right shape; what a generator does
not need is left out and named. A model card, OUT.md, is written beside OUT.safetensors. Either both files are written
or none, and nothing that exists is overwritten.
"""

import argparse
import pickle
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from _checksums import file_checksum
from _converted import card_of, refuse_too_large, write_both
from _rival_weights import (
    Recorded,
    ca_layers,
    ec_layers,
    gated_layers,
    pic_decoder_layers,
    pic_encoder_layers,
    plain_state,
    translated,
    width_of,
)
from _script import run_with_one_line_errors
from torch import Tensor, nn

from rwlib.config import Config, make_config
from rwlib.errors import InputError
from rwlib.networks.models import new_generator

CARD = Path(__file__).with_name("rival_card.md")
NON_COMMERCIAL = "CC BY-NC 4.0 (not for commercial use)"


class Program(NamedTuple):
    """A program whose checkpoints can be converted."""

    files: tuple[str, ...]
    """What its files are, in the order in which they are given."""
    first: str
    """The weight, of the first file, that has as many values as the generator's width says."""
    layers: Callable[[Sequence[Mapping[str, Tensor]]], Sequence[Mapping[str, str]]]
    """From the files' weights to the table of layers of each."""
    unused: str
    """Pattern of names that a generator does not need."""
    paper: str
    program: str
    trained: str
    licence: str


def gated_table(states: Sequence[Mapping[str, Tensor]]) -> list[dict[str, str]]:
    """Choose between the two names that the branches of the gated program have had."""
    if "conv1.conv.weight" in states[0]:
        raise InputError(
            "checkpoint: these are TensorFlow's weights (networks_tf.py), whose strided layers are padded on one side; "
            "take the fine-tuned ones, for networks.py"
        )
    return [gated_layers(("b1", "b2") if "stage2.b1_conv1.conv.weight" in states[0] else ("conv", "ca"))]


PROGRAMS = {
    "ca": Program(
        ("generator",), "coarse_generator.conv1.conv.bias", lambda states: [ca_layers()], "",
        'Yu et al., "Generative Image Inpainting with Contextual Attention", CVPR 2018',
        "https://github.com/daa233/generative-inpainting-pytorch, not by the paper's authors",
        "its README offers one model, trained on ImageNet for 430,000 steps",
        "The repository is under the MIT licence, copyright (c) 2021 Du Ang; it states none for the weights",
    ),
    "gated": Program(
        ("generator",), "stage1.conv1.conv.bias", gated_table, r".*\.fuse_weight",
        'Yu et al., "Free-Form Image Inpainting with Gated Convolution", ICCV 2019',
        "https://github.com/nipponjo/deepfillv2-pytorch, not by the paper's authors",
        "its README offers models for Places2 and CelebA-HQ, trained on from the weights of the paper's authors",
        "No licence was found in the repository. The weights descend from those of the paper's authors, whose program "
        f"(https://github.com/JiahuiYu/generative_inpainting) is under {NON_COMMERCIAL}",
    ),
    "ec": Program(
        ("edge generator", "inpainting generator"), "encoder.1.bias",
        lambda states: [ec_layers("edge_network"), ec_layers("completion_network")],
        r".*\.weight_v|(encoder|decoder|middle)\..*\.bias",  # before instance normalisation a bias has no effect
        'Nazeri et al., "EdgeConnect: Generative Image Inpainting with Adversarial Edge Learning", ICCV workshops 2019',
        "https://github.com/knazeri/edge-connect, by the paper's authors",
        "its README offers models for Places2, CelebA and Paris StreetView",
        f"The repository is under {NON_COMMERCIAL} and states none of their own for the weights",
    ),
    "pic": Program(
        ("encoder (net_E)", "generator (net_G)"), "block0.conv1.bias",
        lambda states: [pic_encoder_layers(), pic_decoder_layers()],
        # Spectral norms' second vectors, layers that are listed again as parts of a sequence, and biases before
        # instance normalisation, without effect.
        r".*\.weight_v|.*\.(model|shortcut)\.\d\.(weight_bar|weight_u|weight_v|weight|bias)|decoder\d\.conv1\.bias",
        'Zheng et al., "Pluralistic Image Completion", CVPR 2019',
        "https://github.com/lyndonzheng/Pluralistic-Inpainting, by the paper's authors",
        "its README offers models for CelebA-HQ, Paris StreetView, Places2 and ImageNet, for central and random holes",
        f"The README puts the work under {NON_COMMERCIAL}",
    ),
}  # fmt: skip
"""Model → program."""


def read_weights(file: Path) -> dict[str, Tensor]:
    """Read name → tensor from a program's file, and run nothing that stands in it.

    Raises:
        InputError: no such file, a damaged one, or one that holds more than tensors and numbers.
    """
    if not file.is_file():
        raise InputError(f"checkpoint: there is no file {file}")
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise InputError(
            f"checkpoint: {file} is no file of PyTorch, or holds more than tensors and numbers, which could run "
            "anything and is not read; get it again from its authors"
        ) from None
    except (EOFError, RuntimeError, ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"checkpoint: {file} is damaged or no file of PyTorch ({reason}); get it again") from None
    return plain_state(content)


def generator_from(model: str, states: Sequence[Mapping[str, Tensor]]) -> tuple[nn.Module, Config, list[str]]:
    """Build a generator from a program's weights.

    Args:
        model: one of `PROGRAMS`.
        states: name → tensor, of each file.

    Returns:
        The generator in evaluation mode, its configuration, and the names that were left out.

    Raises:
        InputError: a weight is missing, unknown, of another shape, or not finite.
    """
    program = PROGRAMS[model]
    tables = program.layers(states)
    width = width_of(states[0], program.first)
    graph = {} if model == "ec" else {"graph": "program"}  # EdgeConnect's is that of its paper
    config = make_config("paper", "full", model=model, width=width, **graph)
    G, weights, left_out = new_generator(config), {}, []
    for layers, state in zip(tables, map(Recorded, states), strict=True):
        weights |= translated(G, layers, state)
        unread = [name for name in state if name not in state.read]
        if unknown := [name for name in unread if not re.fullmatch(program.unused, name)]:
            more = f" and {len(unknown) - 1} more" if unknown[1:] else ""
            raise InputError(f"checkpoint: {unknown[0]}{more} is unknown; is it another network of the program?")
        left_out += unread
    G.load_state_dict(weights)
    return G.requires_grad_(False).eval(), config, left_out


def convert(model: str, files: Sequence[Path], to: Path, *, half: bool = False) -> list[str]:
    """Convert the files of one generator; write it and its model card.

    Args:
        model: one of `PROGRAMS`.
        files: as many as the program keeps a generator in.
        to: file ending in `.safetensors`, which must not exist; nor may the card beside it.
        half: write half precision.

    Returns:
        What was read and written, as lines to print.

    Raises:
        InputError: a file, a weight or the output is not as it should be.
    """
    program = PROGRAMS[model]
    if len(files) != len(program.files):
        expected = " and ".join(program.files)
        raise InputError(f"checkpoint: {model} is kept in {len(program.files)} ({expected}), got {len(files)}")
    card = card_of(to)
    G, config, left_out = generator_from(model, [read_weights(file) for file in files])
    if half:
        refuse_too_large(G)
    parameters = sum(x.numel() for x in G.parameters())
    sums = {file.name: file_checksum(file) for file in files}
    precision, dropped = "half" if half else "single", f"{len(left_out)} tensors that filling does not need"
    text = CARD.read_text(encoding="utf-8").format(
        title=to.stem, model=model, parameters=parameters, precision=precision, left_out=dropped, out=to.name,
        files=", ".join(f"`{name}`" for name in sums), sha256=", ".join(f"`{x}`" for x in sums.values()),
        paper=program.paper, program=program.program, trained=program.trained, licence=program.licence,
        size_px=config.size_px,
    )  # fmt: skip
    write_both(to, G, config, text, half=half, about={"source": program.program, "sha256": sums})
    return [
        f"{model}: {parameters:,} parameters, width {config.width}; left out: {dropped}",
        f"licence: {program.licence}",
        f"wrote {to} ({to.stat().st_size / 1e6:.1f} MB, {precision} precision) and {card}",
    ]


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", choices=list(PROGRAMS), help="whose checkpoint it is")
    parser.add_argument("checkpoint", type=Path, nargs="+", help="its files, for example EdgeModel_gen.pth")
    parser.add_argument("-o", "--output", type=Path, required=True, help="generator to write, ends in .safetensors")
    parser.add_argument("--half", action="store_true", help="half precision: half the bytes")
    options = parser.parse_args(argv)
    return run_with_one_line_errors(
        lambda: print("\n".join(convert(options.model, options.checkpoint, options.output, half=options.half)))
    )


if __name__ == "__main__":
    sys.exit(main())
