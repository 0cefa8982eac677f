r"""The paper's model and its rivals as they ship: small generators for 64 px, all trained under one small budget.

    for name, rival in load_rivals().items():
        I_c = rival.G.fill(I_gt, M)

`rwlib/weights/rivals/` has a file for each (`FILES`), and a card that says how they were trained. RED and the
region-wise model are those of the ablation study (`rwlib.ablations`), trained longer, if the folder has none of its
own. A model without a file is left out, and `missing_rivals` names it.
"""

import re
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from rwlib.checkpoints import load_generator, read_checkpoint
from rwlib.config import MODELS, Config, make_config
from rwlib.conventions import InputError, one_of
from rwlib.networks.models import new_generator
from rwlib.shipped import SHIPPED

WEIGHTS = SHIPPED / "rivals"
"""Folder of the rivals' generators."""
TITLES = {
    "pconv": "PConv", "ca": "CA", "gated": "Gated", "ec": "EC", "pic": "PIC", "red": "RED",
    "region-wise": "Region-wise",
}  # fmt: skip
"""Name → short title, in the order of table 1 of the paper, the paper's own model last."""
PAPERS = {name: MODELS[name].title for name in TITLES if name in MODELS} | {"red": "RED (Ma et al., 2019a)"}
"""Name → title with authors and year."""
FILES = {name: f"{name}64.safetensors" for name in TITLES} | {"region-wise": "rw64.safetensors"}
"""Name → file in that folder."""


class Rival(NamedTuple):
    """A trained generator, and what tables and menus say of it."""

    name: str
    G: nn.Module
    """In evaluation mode, see `rwlib.networks.rivals` for its interface."""
    config: Config
    steps: int
    """Of its training; 0 if its file does not say."""

    @property
    def title(self) -> str:
        """Its short title."""
        return TITLES[self.name]

    @property
    def note(self) -> str:
        """What a figure of it has to say: nothing, if it was trained."""
        return "" if self.steps else f"The trained weights of {self.title} are not here: these are random."

    @property
    def weights(self) -> int:
        """How many weights it has."""
        return sum(x.numel() for x in self.G.parameters())


def weights_file(name: str, folder: str | Path = WEIGHTS) -> Path | None:
    """Return the file of a model's weights; None if there is none.

    Raises:
        InputError: an unknown name.
    """
    file = Path(folder) / FILES[one_of("name", name, list(TITLES))]
    return file if file.is_file() else None


def missing_rivals(folder: str | Path = WEIGHTS) -> list[str]:
    """Return the names of the models whose weights are not there."""
    return [name for name in TITLES if weights_file(name, folder) is None]


def load_rival(name: str, folder: str | Path = WEIGHTS) -> Rival:
    """Return one of the trained models.

    Args:
        name: `"pconv"`, `"ca"`, `"gated"`, `"ec"`, `"pic"`, `"red"` or `"region-wise"`.
        folder: where its file lies, see `FILES`.

    Raises:
        InputError: an unknown name, no weights, or a file that is damaged or of another model.
    """
    file = weights_file(name, folder)
    if file is None:
        raise InputError(f"name: the weights of {name} are not there; train them with rwlib train --model {name}")
    G, config = load_generator(file)
    model = "region-wise" if name == "red" else name
    if config.model != model:
        raise InputError(f"checkpoint: {file} holds the model {config.model}, expected {model}; rename the file")
    about = read_checkpoint(file)[2]
    steps = re.findall(r"\d+", str(about.get("steps", about.get("step", 0))))  # of each phase
    return Rival(name, G, config, sum(map(int, steps)))


def load_rivals(folder: str | Path = WEIGHTS) -> dict[str, Rival]:
    """Return all models whose weights are there, by name, in the order of `TITLES`."""
    gone = missing_rivals(folder)
    return {name: load_rival(name, folder) for name in TITLES if name not in gone}


def fresh_rival(name: str, seed: int = 0) -> Rival:
    """Return a model for 64 px with random weights, to look at its parts where no trained one is there.

    Raises:
        InputError: an unknown name.
    """
    one_of("name", name, list(TITLES))
    preset, model = ("red", "region-wise") if name == "red" else ("paper", name)
    config = make_config(preset, "tiny", model=model)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        G = new_generator(config)
    return Rival(name, G.eval().requires_grad_(False), config, 0)
