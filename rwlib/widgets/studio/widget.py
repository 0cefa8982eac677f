r"""The ablation studio: the paper's Fig. 4 live (section 4.2), with seeds, intervals and trainings of one's own.

    AblationStudio()                          drawn house fronts and eight photographs to choose from
    AblationStudio("holiday.jpg")             your own photograph, of any size
    AblationStudio(folder="data/facades/val") a folder of photographs, to look at and to measure on
    AblationStudio(own="G.safetensors")       a generator of your own beside them

Three views. *Compare*: one photograph, one hole, the six variants side by side. *Table*: many photographs, and several
trainings. *Train now*: change one thing, train for a minute, and set it beside the run before.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets
import torch
from IPython.display import HTML
from ipywidgets import Checkbox, Layout

from rwlib.ablations import ABLATIONS, WEIGHTS
from rwlib.conventions import InputError
from rwlib.data import Facades, PhotoFolder, PhotoSet
from rwlib.notebook import show_images
from rwlib.widgets.shared.panel import COMPUTING, Panel
from rwlib.widgets.shared.photos import Source
from rwlib.widgets.studio.compare import FOLDER, FRONTS, OWN, PHOTOGRAPHS, ComparePanel
from rwlib.widgets.studio.controls import row
from rwlib.widgets.studio.fillings import OWN as OWN_NETWORK
from rwlib.widgets.studio.fillings import Models, OnePhoto, variant_of
from rwlib.widgets.studio.panels import TablePanel
from rwlib.widgets.studio.train import HELD_OUT_STREET
from rwlib.widgets.studio.training import TrainPanel


class AblationStudio(Panel):
    """The six variants of Fig. 4: side by side, in tables, and in trainings of one's own.

    Args:
        photo: path of a file, uint8 array (h, w, 3), tensor (1, 3, h, w) in [-1, 1], or the name of a bundled
            photograph; it becomes one of the choices, and the first.
        folder: a folder of photographs; one more choice, also to measure on.
        weights: folder of the variants' generators, `NAME.safetensors`; the shipped ones by default.
        own: file of a generator of your own, which is shown and measured beside the variants.

    Bad input becomes a message in the widget.

    Attributes:
        compare, table, training: the three views, with their controls.
    """

    def __init__(
        self, photo: Source | None = None, *, folder: str | os.PathLike | None = None, weights: str | Path = WEIGHTS,
        own: str | Path | None = None,
    ) -> None:  # fmt: skip
        super().__init__(title="Ablation studio")
        sources: dict[str, Any] = {FRONTS: Facades(HELD_OUT_STREET), PHOTOGRAPHS: PhotoSet()}

        def add(name: str, make: Callable[[Any], Any], argument: Any) -> None:
            if argument is not None:
                sources[name] = make(argument)

        self.attempt(partial(add, FOLDER, PhotoFolder, folder), partial(add, OWN, OnePhoto, photo))
        self.variants = {
            name: Checkbox(
                True, description=f"({a.panel}) {a.title}", tooltip=a.change, indent=False, layout=Layout(width="auto")
            )
            for name, a in {**ABLATIONS, **({} if own is None else {OWN_NETWORK: variant_of(OWN_NETWORK)})}.items()
        }
        models = Models(weights, own)
        self.compare = ComparePanel(models, sources, self.variants)
        self.table = TablePanel(models, sources, self.variants, results=Path(weights) / "results.csv")
        self.training = TrainPanel()
        self._views = {"Compare": self.compare, "Table": self.table, "Train now": self.training}
        self.view = ipywidgets.ToggleButtons(
            options=list(self._views),
            tooltips=["one photograph, one hole", "many photographs, several trainings", "change one thing and train"],
            style={"button_width": "9em"},
        )
        self._boxes = row(*list(self.variants.values()))
        self.on_change(self.view, self.turn_to)
        self.show(self.view, self._boxes, *self._views.values())
        self.turn_to(self.view.value)

    def turn_to(self, name: str) -> None:
        """Show one of the three views."""
        for other, panel in self._views.items():
            panel.layout.display = "" if other == name else "none"
        self._boxes.layout.display = "none" if name == "Train now" else ""

    def wait(self, timeout_s: float = 60) -> None:
        """Wait until no view computes, trainings aside."""
        for panel in self._views.values():
            panel.wait(timeout_s)
        super().wait(timeout_s)

    def close(self) -> None:
        """Stop what runs, and close."""
        if hasattr(self, "training"):
            self.table.stop()
            for run in self.training.runs:
                run.live.stop()
        super().close()

    def static(self) -> HTML | None:
        """Return the first comparison as a picture."""
        task = self.compare.task
        try:
            with COMPUTING, torch.no_grad():
                I_gt, M, fillings, _ = self.compare.compute(task, self.compare.chosen)
        except InputError:
            return None
        pictures: dict[str, Any] = {"(a) input": torch.where(M.bool(), I_gt, 1.0)}
        for name, filling in fillings.items():
            psnr = f"{filling.values['I_c2']['hole_psnr']:.2f} dB"
            pictures[f"({variant_of(name).panel}) {variant_of(name).title}\n{psnr}"] = filling.outputs.I_c2
        return show_images(
            pictures,
            alt=f"A picture with a hole, and what {len(fillings)} variants of the model put there.",
            caption=f"A still picture of the ablation studio: {task.source}, number {task.photo}, {task.kind} hole of "
            f"{task.percent} %; PSNR in the hole. Run this notebook with `make lab` for the live one.",
            columns=4,
            side_inches=1.7,
        )
