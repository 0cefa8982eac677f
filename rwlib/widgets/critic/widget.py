r"""Look over the discriminator's shoulder while it learns (section 3.4, eq. 6).

`CriticView()` shows a recording of a real run; `CriticView("runs/mine")` looks at a run's folder and adds a moment
whenever its checkpoint is renewed, while the training goes on.
"""

import html
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
from IPython.display import HTML

from rwlib.conventions import InputError
from rwlib.data import Facades
from rwlib.data.views import center_view
from rwlib.notebook.figures import captioned, picture
from rwlib.training.run_folder import OLDER, STATE, by_step
from rwlib.widgets.critic.moments import SIDE_PX, TILE_PX, Scenes, add, from_checkpoint
from rwlib.widgets.critic.recording import load_recording
from rwlib.widgets.critic.views import (
    CHART_CUTS_PX,
    SHEET_CUTS_PX,
    Story,
    batch_means,
    chart,
    mark,
    pieces,
    sheet,
    to_bytes,
)  # fmt: skip
from rwlib.widgets.critic.words import CAPTION, describe, notice
from rwlib.widgets.shared.background import Ticker
from rwlib.widgets.shared.follow import CurvesReader
from rwlib.widgets.shared.panel import Panel
from rwlib.widgets.shared.pictures import Picture
from rwlib.widgets.shared.watch import WatchedRun

TICK_S = 2.0
"""Seconds between two looks at a run's checkpoint."""
WIDTH_PX = 1260
"""Width of both pictures on a page that is wide enough."""


class CriticView(Panel):
    """Scores and sensitivities of the discriminator over a training.

    Args:
        run: folder of a run; None shows the recording that ships with rwlib.
        photographs: uint8 RGB (h, w, 3) to ask it about, at least 64 px each side; the middle is scaled to 256 px. None
            takes two drawn house fronts for a run. The recording has its own photographs.

    Anything wrong with the arguments becomes a message in the widget.
    """

    def __init__(
        self, run: str | os.PathLike | None = None, *, photographs: Sequence[np.ndarray] | None = None
    ) -> None:
        super().__init__(title="critic view")
        self.story: Story | None = None
        self.run_dir: Path | None = None
        self._stamp: tuple[int, int] | None = None
        self._waiting: list[Path] = []  # checkpoints that are not looked at yet
        self._ticker: Ticker | None = None
        self._drawn: dict[tuple, list[bytes]] = {}
        self._chart: tuple[np.ndarray, list[list[int]]] | None = None
        self.moment = ipywidgets.IntSlider(
            0, 0, 0, description="moment", readout=False, layout={"width": "420px"},
            tooltip="Moments of the training, in order; arrow keys work, too",
        )  # fmt: skip
        self.play = ipywidgets.Play(min=0, max=0, interval=900, tooltip="Run through all moments")
        self._link = ipywidgets.jslink((self.play, "value"), (self.moment, "value"))
        self.photo = ipywidgets.Dropdown(options=[("1", 0)], description="photograph", layout={"width": "170px"})
        self.one_scale = ipywidgets.Checkbox(
            False, description="same colours at all moments", indent=False, layout={"width": "auto"},
            tooltip="Otherwise the strongest colour is the largest value of the moment that is shown",
        )  # fmt: skip
        self.curves, self.maps = Picture(width_px=WIDTH_PX), Picture(width_px=WIDTH_PX)
        self.maps.add_class("rwlib-result")
        self.noticed = ipywidgets.HTML()
        for control in (self.moment, self.photo, self.one_scale):
            self.on_change(control, lambda _: self.redraw())
        row = {"align_items": "center", "flex_flow": "row wrap", "grid_gap": "4px 16px"}
        self.show(
            ipywidgets.HBox([self.play, self.moment, self.photo, self.one_scale], layout=row),
            self.noticed,
            self.curves,
            self.maps,
        )
        self.attempt(lambda: self._open(run, photographs))

    def _open(self, run: Any, photographs: Sequence[np.ndarray] | None) -> None:
        if run is None:
            if photographs is not None:
                raise InputError("photographs: the recording has its own; give the folder of a run, too")
            scenes, moments, about = load_recording()
            self._take(Story(scenes, moments, about["batches"], about["form"]))
            return
        if not isinstance(run, str | os.PathLike) or os.path.isfile(run) or "\0" in str(run):
            raise InputError(f"run: expected the folder of a run, got {run!r:.80}; leave it out for the recording")
        if photographs is None:
            scenes = Scenes.from_photographs(
                [Facades(seed=1).center(k, SIDE_PX) for k in (0, 3)], "two drawn house fronts that no run trains on"
            )
        elif not len(photographs):
            raise InputError("photographs: expected at least one, got none")
        else:
            scenes = Scenes.from_photographs([_view(i, x) for i, x in enumerate(photographs)], "your photographs")
        self.story, self.run_dir = Story(scenes), Path(run)
        self.look()
        self._ticker = Ticker(self._tick, TICK_S)

    # --- a run's checkpoints

    def _tick(self) -> None:
        if self.on_page:
            self.attempt(self.look)

    def look(self) -> None:
        """Add a moment if the run's checkpoint is another one than at the last look."""
        file = self.run_dir / STATE
        try:
            status = file.stat()
        except OSError:
            self.say(f"{self.run_dir} holds no checkpoint yet; the first one will be shown as soon as it is there.")
            return
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp == self._stamp:
            return
        first, self._stamp = self._stamp is None, stamp
        older = by_step((self.run_dir / OLDER).glob("step_*.safetensors")) if first else []
        self._waiting += [*older, file]
        self._look_on()

    def _look_on(self) -> None:
        """Add a moment for the next checkpoint that waits; a job for each, so that between them others may compute."""
        run_dir = self.run_dir

        def compute() -> Story | None:
            if not self._waiting:
                return None
            moments = add(self.story.moments, from_checkpoint(self._waiting.pop(0), self.story.scenes))
            batches = batch_means(CurvesReader(run_dir / "curves.csv").read())
            return Story(self.story.scenes, moments, batches, _form(run_dir))

        def take(story: Story | None) -> None:
            if story is not None:
                self._take(story)
            if self._waiting:
                self._look_on()

        self.later("look", compute, take, busy="Looking at a new checkpoint ...")

    def _take(self, story: Story) -> None:
        """Show a story; whoever looks at the last moment stays at the last one."""
        at_end = self.moment.value >= self.moment.max
        self.story, self._drawn, self._chart = story, {}, None
        last = len(story.moments) - 1
        self.moment.max = self.play.max = max(0, last)
        photos = [(str(i + 1), i) for i in range(len(story.scenes.I_gt))]
        if list(self.photo.options) != photos:
            self.photo.options = photos
        if at_end:
            self.moment.value = max(0, last)
        self.redraw()

    # --- showing

    def redraw(self) -> None:
        """Draw what the controls say."""
        story = self.story
        if story is None or not story.moments:
            return
        index = min(self.moment.value, len(story.moments) - 1)
        photo, one_scale = self.photo.value or 0, self.one_scale.value

        def compute() -> tuple[list[bytes], list[bytes]]:
            if self._chart is None:
                self._chart = chart(story)
            pixels, columns = self._chart
            key = (index, photo, one_scale)
            if key not in self._drawn:
                self._drawn[key] = pieces(sheet(story, index, photo, one_scale=one_scale), SHEET_CUTS_PX)
            return pieces(mark(pixels, columns[index]), CHART_CUTS_PX), self._drawn[key]

        def show(pictures: tuple[list[bytes], list[bytes]]) -> None:
            sentence = notice(story.moments[index], story.form)
            self.noticed.value = f'<div role="status"><b>{html.escape(sentence)}</b></div>'
            seen = f"Mean scores over {len(story.moments)} moments, and how far real is ahead."
            self.curves.set_strip(pictures[0], seen)
            self.maps.set_strip(
                pictures[1], describe(story.moments[index], photo), f"{CAPTION} Photographs: {story.scenes.what}."
            )

        self.later("draw", compute, show, about=lambda: self.photo.value or 0)

    def close(self) -> None:
        """Look no more, and go from the page."""
        if getattr(self, "_ticker", None) is not None:
            self._ticker.stop()
        super().close()

    # --- where there is no kernel

    def static(self) -> HTML | None:
        """Return the moment that is chosen, as a still picture."""
        story = self.story
        if story is None or not story.moments:
            return None
        index = min(self.moment.value, len(story.moments) - 1)
        upper, columns = chart(story)
        lower = sheet(story, index, 0)
        upper = mark(upper, columns[index])
        width = max(upper.shape[1], lower.shape[1])
        page = np.full((len(upper) + len(lower), width, 3), 255, np.uint8)
        page[: len(upper), : upper.shape[1]] = upper
        page[len(upper) :, : lower.shape[1]] = lower
        image = picture(to_bytes(page, "JPEG"), describe(story.moments[index], 0), kind="jpeg")
        caption = f"{notice(story.moments[index], story.form)} {CAPTION} Photographs: {story.scenes.what}. "
        return HTML(captioned(image, caption + "A still picture; run this notebook with `make lab` for the live one."))


def _view(i: int, photograph: Any) -> np.ndarray:
    """Check a photograph and scale its middle to 256 px."""
    x = np.asarray(photograph)
    if x.dtype != np.uint8 or x.ndim != 3 or x.shape[2] != 3 or min(x.shape[:2]) < TILE_PX:
        raise InputError(
            f"photographs: number {i + 1}: expected uint8 RGB of at least {TILE_PX} px each side, (h, w, 3); "
            f"got {x.dtype} of shape {x.shape}"
        )
    return center_view(x, SIDE_PX)


def _form(run_dir: Path) -> str:
    config = WatchedRun(run_dir).config
    return config.adversarial if config is not None else "hinge"
