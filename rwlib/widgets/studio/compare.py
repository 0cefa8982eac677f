"""A view of the ablation studio: one photograph, one hole, the variants side by side."""

from typing import Any

import ipywidgets
import numpy as np
from ipywidgets import Checkbox, Dropdown, HBox, IntSlider, Layout, VBox
from torch import Tensor

from rwlib.conventions import InputError
from rwlib.masks import KINDS
from rwlib.widgets.shared.canvas import HoleCanvas
from rwlib.widgets.shared.panel import Panel
from rwlib.widgets.shared.upload import Upload
from rwlib.widgets.studio.comparison import OUTPUTS, comparison, verdict
from rwlib.widgets.studio.controls import button, control, row
from rwlib.widgets.studio.fillings import PAINTED_PX, Filling, Models, OnePhoto, Task, fill_task, pixels_of

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
        self._loaded = 0  # photographs, from files
        first = OWN if OWN in sources else next(iter(sources))
        self.source = control(Dropdown, options=list(sources), value=first, description="Photos")
        self.number = control(
            IntSlider, 0, 0, self._last(first), description="Number", continuous_update=False, tooltip="which of them"
        )
        self.upload = Upload("Your own …", "load a photograph", width="130px")
        self.size = control(Dropdown, options={"64 px, as trained": 64, "128 px": 128}, description="Side")
        self.kind = control(Dropdown, options=[*KINDS, "painted"], description="Hole")
        self.percent = control(IntSlider, 25, 1, 60, description="Missing, %", continuous_update=False)
        self.seed = control(ipywidgets.BoundedIntText, 0, 0, 9999, description="Seed")
        self.output = control(Dropdown, options=OUTPUTS, description="Show")
        self.maps = Checkbox(True, description="error maps", indent=False, layout=Layout(width="120px"))
        self.canvas = HoleCanvas(self, self._paint, self._clear)
        self.erase = Checkbox(False, description="erase", indent=False, layout=Layout(width="90px"))
        self.clear = button("Clear", "begin a new hole")
        self._painting = VBox([self.canvas, HBox([self.erase, self.clear])], layout=Layout(display="none"))
        self.picture, self.words = (ipywidgets.HTML().add_class("rwlib-result") for _ in range(2))
        for one in (self.source, self.number, self.size, self.kind, self.percent, self.seed):
            self.on_change(one, lambda _: self.choose())
        for one in (self.output, self.maps, *variants.values()):
            self.on_change(one, lambda _: self.redraw())
        self.upload.connect(self, lambda _, content: self.take_upload(content))
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

    # --- what the controls say

    @property
    def task(self) -> Task:
        """What the controls say."""
        painted = self.kind.value == "painted"
        return Task(
            self.source.value, self.number.value, self.size.value, KINDS[0] if painted else self.kind.value,
            self.percent.value, self.seed.value, np.packbits(self._hole).tobytes() if painted else b"",
            self._loaded if self.source.value == OWN else 0,
        )  # fmt: skip

    @property
    def chosen(self) -> list[str]:
        """Names of the variants to show, the full model first."""
        return [name for name, box in self.variants.items() if box.value]

    @property
    def _asked(self) -> tuple:
        """What a comparison has to be about."""
        return self.task, self.chosen, self.output.value, self.maps.value

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

    def take_upload(self, content: bytes) -> None:
        """Take a photograph that was loaded in the browser; what was there before stays if it is none."""
        self.sources[OWN] = OnePhoto(content)
        self._loaded += 1
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
        task, names, output, maps = self.task, self.chosen, self.output.value, self.maps.value
        computed = all((task, name) in self._fillings for name in names)

        def draw(result: tuple) -> None:
            I_gt, M, fillings, problems = result
            self.picture.value = comparison(I_gt, M, fillings, output=output, maps=maps)
            self.words.value = f'<div role="status">{verdict(fillings, output)}</div>'
            self.say(" · ".join(problems), error=bool(problems))

        if task.painted and not any(task.painted):
            self.picture.value = self.words.value = ""  # or those of another hole would stay
        busy = "" if computed else "Filling …"
        self.later("compare", lambda: self.compute(task, names), draw, busy=busy, about=lambda: self._asked)

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
