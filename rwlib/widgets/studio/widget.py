r"""The ablation studio: the paper's Fig. 4 live (section 4.2), with seeds, intervals and trainings of one's own.

    AblationStudio()                          drawn house fronts and eight photographs to choose from
    AblationStudio("holiday.jpg")             your own photograph, of any size
    AblationStudio(folder="data/facades/val") a folder of photographs, to look at and to measure on

Three views. *Compare*: one photograph, one hole, the six variants side by side. *Table*: many photographs, and several
trainings. *Train now*: change one thing, train for a minute, and set it beside the run before.
"""

import os
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import torch
from IPython.display import HTML
from ipywidgets import Checkbox, Dropdown, HBox, IntSlider, Layout, VBox
from torch import Tensor

from rwlib.ablations import ABLATIONS, WEIGHTS
from rwlib.conventions import InputError
from rwlib.data import Facades, PhotoFolder, PhotoSet
from rwlib.masks import KINDS
from rwlib.notebook import show_images
from rwlib.widgets.shared.canvas import HoleCanvas
from rwlib.widgets.shared.holes import Source
from rwlib.widgets.shared.panel import COMPUTING, Panel
from rwlib.widgets.studio.panels import TablePanel, button, control, row
from rwlib.widgets.studio.train import HELD_OUT_STREET
from rwlib.widgets.studio.training import TrainPanel
from rwlib.widgets.studio.views import (
    OUTPUTS,
    PAINTED_PX,
    Filling,
    Models,
    OnePhoto,
    Task,
    comparison,
    fill_task,
    pixels_of,
    verdict,
)

FRONTS, PHOTOGRAPHS, FOLDER, OWN = "drawn house fronts", "bundled photographs", "your folder", "your photograph"
KEPT = 120  # fillings in memory; one of 128 px takes 0.8 MB
MAX_NUMBER = 199  # of a photograph in the menu


class ComparePanel(Panel):
    """One photograph, one hole, the variants side by side.

    Args:
        models: the generators.
        sources: name → photo source.
        variants: name → check box.
    """

    def __init__(self, models: Models, sources: dict[str, Any], variants: dict[str, Checkbox]) -> None:
        super().__init__(title="Compare")
        self.models, self.sources, self.variants = models, sources, variants
        self._fillings: dict[tuple[Task, str], Filling] = {}
        self._pixels: dict[Task, tuple[Tensor, Tensor]] = {}
        self._hole = np.zeros((PAINTED_PX, PAINTED_PX), bool)
        first = OWN if OWN in sources else next(iter(sources))
        self.source = control(Dropdown, options=list(sources), value=first, description="Photos")
        self.number = control(
            IntSlider, 0, 0, self._last(first), description="Number", continuous_update=False, tooltip="which of them"
        )
        self.upload = ipywidgets.FileUpload(accept="image/*", description="Your own …", tooltip="load a photograph")
        self.size = control(Dropdown, options={"64 px, as trained": 64, "128 px": 128}, description="Side")
        self.kind = control(Dropdown, options=[*KINDS, "painted"], description="Hole")
        self.percent = control(IntSlider, 25, 1, 60, description="Missing, %", continuous_update=False)
        self.seed = control(ipywidgets.BoundedIntText, 0, 0, 9999, description="Seed")
        self.output = control(Dropdown, options=OUTPUTS, description="Show")
        self.maps = Checkbox(True, description="error maps", indent=False, layout=Layout(width="120px"))
        self.canvas = HoleCanvas(self._paint, self._clear)
        self.erase = Checkbox(False, description="erase", indent=False, layout=Layout(width="90px"))
        self.clear = button("Clear", "begin a new hole")
        self._painting = VBox([self.canvas, HBox([self.erase, self.clear])], layout=Layout(display="none"))
        self.picture, self.words = ipywidgets.HTML(), ipywidgets.HTML()
        for one in (self.source, self.number, self.size, self.kind, self.percent, self.seed):
            self.on_change(one, lambda _: self.choose())
        for one in (self.output, self.maps, *variants.values()):
            self.on_change(one, lambda _: self.redraw())
        self.on_change(self.upload, self.take_upload)
        self.on_change(self.erase, lambda value: setattr(self.canvas, "erase", value))
        self.on_click(self.clear, self._clear)
        self.show(
            row(self.source, self.number, self.upload),
            row(self.kind, self.percent, self.seed),
            row(self.size, self.output, self.maps),
            self._painting,
            self.picture,
            self.words,
        )
        self.redraw()

    # --- what is asked for

    @property
    def task(self) -> Task:
        """What the controls say."""
        painted = self.kind.value == "painted"
        return Task(
            self.source.value, self.number.value, self.size.value, KINDS[0] if painted else self.kind.value,
            self.percent.value, self.seed.value, np.packbits(self._hole).tobytes() if painted else b"",
        )  # fmt: skip

    @property
    def chosen(self) -> list[str]:
        """Names of the variants to show, the full model first."""
        return [name for name, box in self.variants.items() if box.value]

    def choose(self) -> None:
        """Follow the menus of photograph and hole."""
        self.number.max = self._last(self.source.value)
        self.number.disabled = not self.number.max
        painted = self.kind.value == "painted"
        self.percent.disabled = self.seed.disabled = painted
        self._painting.layout.display = "" if painted else "none"
        if painted:
            image = self.sources[self.source.value].center(self.number.value, PAINTED_PX)
            self.canvas.show(self._hole, image, "The photograph; paint a hole")
        self.redraw()

    def take_upload(self, files: tuple) -> None:
        """Take a photograph that was loaded in the browser; what was there before stays if it is none."""
        if not files:
            return
        self.sources[OWN] = OnePhoto(bytes(files[0]["content"]))
        self._fillings.clear()
        self._pixels.clear()
        self.source.options = list(self.sources)
        if self.source.value == OWN:
            self.choose()
        else:
            self.source.value = OWN

    def _last(self, source: str) -> int:
        return min(len(self.sources[source]) - 1, MAX_NUMBER)

    def _paint(self, pixels: np.ndarray, erase: bool) -> None:
        self._hole = self._hole & ~pixels if erase else self._hole | pixels
        self.canvas.show(self._hole)
        self.redraw()

    def _clear(self) -> None:
        self._hole = np.zeros_like(self._hole)
        self.canvas.show(self._hole)
        self.redraw()

    # --- what is done

    def redraw(self) -> None:
        """Show what the controls ask for; what was computed before is not computed again."""
        task, names, shown, maps = self.task, self.chosen, self.output.value, self.maps.value
        known = all((task, name) in self._fillings for name in names)

        def draw(found: tuple) -> None:
            I_gt, M, fillings, problems = found
            self.picture.value = comparison(I_gt, M, fillings, shown=shown, maps=maps)
            self.words.value = f'<div role="status">{verdict(fillings, shown)}</div>'
            self.say(" · ".join(problems), error=bool(problems))

        self.later("compare", lambda: self.compute(task, names), draw, busy="" if known else "Filling …")

    def compute(self, task: Task, names: list[str]) -> tuple[Tensor, Tensor, dict[str, Filling], list[str]]:
        """Return I_gt, M, the fillings of the variants, and what is wrong with those that are missing."""
        if task not in self._pixels:
            self._pixels = {task: pixels_of(task, self.sources)}
        I_gt, M = self._pixels[task]
        fillings, problems = {}, []
        for name in names:
            try:
                if (task, name) not in self._fillings:
                    self._fillings[task, name] = fill_task(self.models[name], I_gt, M)
                fillings[name] = self._fillings[task, name]
            except InputError as error:
                problems.append(str(error))
        for old in list(self._fillings)[: max(0, len(self._fillings) - KEPT)]:
            del self._fillings[old]
        return I_gt, M, fillings, problems


class AblationStudio(Panel):
    """The six variants of Fig. 4: side by side, in tables, and in trainings of one's own.

    Args:
        photo: path of a file, uint8 array (h, w, 3), tensor (1, 3, h, w) in [-1, 1], or the name of a bundled
            photograph; it becomes one of the choices, and the first.
        folder: a folder of photographs; one more choice, also to measure on.
        weights: folder of the variants' generators, `NAME.safetensors`; the shipped ones by default.

    Bad input becomes a message in the widget.

    Attributes:
        compare, table, training: the three views, with their controls.
    """

    def __init__(
        self, photo: Source | None = None, *, folder: str | os.PathLike | None = None, weights: str | Path = WEIGHTS
    ) -> None:
        super().__init__(title="Ablation studio")
        sources: dict[str, Any] = {FRONTS: Facades(HELD_OUT_STREET), PHOTOGRAPHS: PhotoSet()}
        problems = []
        for name, given, make in ((FOLDER, folder, PhotoFolder), (OWN, photo, OnePhoto)):
            if given is not None:
                try:
                    sources[name] = make(given)
                except InputError as error:
                    problems.append(str(error))
                except Exception as error:
                    self._fault(error)
        self.variants = {
            name: Checkbox(
                True, description=f"({a.panel}) {a.title}", tooltip=a.change, indent=False, layout=Layout(width="auto")
            )
            for name, a in ABLATIONS.items()
        }
        models = Models(weights)
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
        if problems:
            self.say(" · ".join(problems), error=True)

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
        for panel in (self.table, self.training) if hasattr(self, "training") else ():
            panel.stop()
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
            pictures[f"({ABLATIONS[name].panel}) {ABLATIONS[name].title}\n{psnr}"] = filling.outputs.I_c2
        return show_images(
            pictures,
            alt=f"A picture with a hole, and what {len(fillings)} variants of the model put there.",
            caption=f"A still picture of the ablation studio: {task.source}, number {task.photo}, {task.kind} hole of "
            f"{task.percent} %; PSNR in the hole. Run this notebook with `make lab` for the live one.",
            columns=4,
            side_inches=1.7,
        )
