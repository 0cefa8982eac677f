"""What the converters of other programs' weights share: what is checked of the result, and how it is written."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from rwlib.checkpoints import save_generator
from rwlib.config import Config
from rwlib.errors import InputError
from rwlib.files import write_text

HALF_MAX = torch.finfo(torch.float16).max


def card_of(to: Path) -> Path:
    """Return where the card of a converted generator goes, beside its weights.

    Raises:
        InputError: the name does not end in .safetensors, or one of the two is there.
    """
    card = to.with_suffix(".md")
    if to.suffix != ".safetensors":
        raise InputError(f"output: expected a name that ends in .safetensors, got {to}")
    for file in (to, card):
        if file.exists():
            raise InputError(f"output: {file} exists already; remove it, or choose another name")
    return card


def refuse_too_large(G: nn.Module) -> None:
    """Refuse weights that half precision cannot hold.

    Raises:
        InputError: one is too large.
    """
    if max(float(x.abs().max()) for x in G.state_dict().values()) > HALF_MAX:
        raise InputError(f"half: a weight is larger than half precision can hold ({HALF_MAX:g}); leave --half out")


def write_both(to: Path, G: nn.Module, config: Config, card: str, *, half: bool, about: Mapping[str, object]) -> None:
    """Write a converted generator and its card, or neither.

    Raises:
        InputError: one of them cannot be written.
    """
    save_generator(to, G, config, half=half, about=about)
    try:
        write_text(to.with_suffix(".md"), card)
    except InputError:
        to.unlink()
        raise
