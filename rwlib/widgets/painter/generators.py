"""The generators that `HolePainter` offers, each loaded when it is first used."""

import os
from pathlib import Path

from rwlib.ablations import ABLATIONS, WEIGHTS, load_ablation
from rwlib.checkpoints import load_generator
from rwlib.config import Config
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.shipped import PHOTOGRAPHS

SHIPPED = "shipped"


class Generators:
    """Labels for a menu, and what is behind them: the shipped generator, the variants of Fig. 4, and checkpoints."""

    def __init__(self) -> None:
        self.labels = {SHIPPED: "photographs, 128 px (shipped)"}
        for name, variant in ABLATIONS.items():
            if (Path(WEIGHTS) / f"{name}.safetensors").is_file():
                self.labels[name] = f"Fig. 4{variant.panel}: {variant.title}"
        self._loaded: dict[str, tuple[RegionWiseGenerator, Config]] = {}

    @property
    def options(self) -> list[tuple[str, str]]:
        """Label and key of each."""
        return [(label, key) for key, label in self.labels.items()]

    def __getitem__(self, key: str) -> tuple[RegionWiseGenerator, Config]:
        if key not in self._loaded:
            self._loaded[key] = load_ablation(key, WEIGHTS) if key in ABLATIONS else load_generator(PHOTOGRAPHS)
        return self._loaded[key]

    def add(self, checkpoint: str | os.PathLike[str]) -> str:
        """Load a checkpoint's generator and return its key.

        Raises:
            InputError: the file is missing, damaged or no generator.
        """
        key = str(Path(checkpoint))
        self._loaded[key] = load_generator(checkpoint)
        self.labels = {other: label for other, label in self.labels.items() if other != key}
        self.labels[key] = Path(checkpoint).name
        return key
