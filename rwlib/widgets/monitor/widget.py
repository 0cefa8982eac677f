r"""Watch a training: its curves, its newest pictures, where its time goes; start it, stop it, resume it.

TrainingMonitor()                                       a small run on drawn house fronts, in this kernel
TrainingMonitor(config=config, source=source)           your own, in this kernel
TrainingMonitor("runs/mine")                            a run of `rwlib train` in another process
"""

import html
import os
import time
from pathlib import Path
from typing import Any

import ipywidgets
from IPython.display import HTML

from rwlib.config import Config, make_config
from rwlib.conventions import InputError
from rwlib.data import Facades
from rwlib.notebook.figures import figure
from rwlib.training.run_folder import read_record
from rwlib.widgets.monitor.chart import Chart, describe, draw, read_sheet
from rwlib.widgets.monitor.snapshot import Snapshot, facts, take_snapshot
from rwlib.widgets.shared.background import Ticker
from rwlib.widgets.shared.follow import Run
from rwlib.widgets.shared.live import LiveTraining, training_here
from rwlib.widgets.shared.panel import Panel
from rwlib.widgets.shared.pictures import Picture
from rwlib.widgets.shared.processes import training_process
from rwlib.widgets.shared.watch import WatchedRun

TICK_S = 1.5
"""Seconds between two looks at a run."""
REST = 3
"""The monitor rests so many times as long as a look takes, so that it does not slow down what it watches."""
ACTIVE = ("running", "starting", "stopping", "foreign", "elsewhere")
STOPPABLE = ("running", "foreign", "occupied")
CURVES_PX, SAMPLES_PX = 1260, 930
"""Widths on a page that is wide enough."""
SHEET_PX = 1240
"""Longest side of a grid of samples as it is sent."""


class TrainingMonitor(Panel):
    """Live view of a training.

    Args:
        run: folder of a run, which another process may be writing to; or a `LiveTraining` of your own. None trains in
            a temporary folder, which goes with the monitor.
        config: what to train in this kernel; None with a `run` watches that run, without one takes preset `balanced`
            at size `tiny`.
        source: photographs to train on (`rwlib.data`); house fronts drawn by a program if None.

    A training that runs already, in this kernel or in another process, is shown with its Stop button: a cell may be run
    twice. Anything wrong with the arguments becomes a message in the widget. Closing the monitor stops what it shows in
    this kernel; a process of its own trains on.
    """

    def __init__(
        self, run: str | Path | LiveTraining | None = None, *, config: Config | None = None, source: Any = None
    ) -> None:
        super().__init__(title="training monitor")
        self.run: Run | None = None
        self.snapshot = Snapshot()
        self._seen: tuple | None = None
        self._rest_until = 0.0
        self._chart = Chart()
        self._ticker: Ticker | None = None
        self.start_button = ipywidgets.Button(description="Start", icon="play", tooltip="Begin, or go on")
        self.stop_button = ipywidgets.Button(
            description="Stop", icon="stop", tooltip="Finish this step, write a checkpoint, and wait"
        )
        self.progress = ipywidgets.IntProgress(0, 0, 1, layout={"width": "300px"})
        self.progress.tooltip = "Steps that are done"
        self.status, self.facts = ipywidgets.HTML(), ipywidgets.HTML()
        self.log_scale = ipywidgets.Checkbox(
            False, description="logarithmic", indent=False, layout={"width": "auto"},
            tooltip="Logarithmic axis for the losses; values that are not positive are left out",
        )  # fmt: skip
        self.weighted = ipywidgets.Checkbox(
            True, description="weighted as in L", indent=False, layout={"width": "auto"},
            tooltip="Show each loss times its weight, as it enters L (eq. 7), or the loss itself",
        )  # fmt: skip
        self.smoothing = ipywidgets.IntSlider(
            10, 1, 50, description="mean over", layout={"width": "300px"}, continuous_update=False,
            tooltip="Each point is the mean over so many steps",
        )  # fmt: skip
        self.curves, self.samples = Picture(width_px=CURVES_PX), Picture(width_px=SAMPLES_PX)
        self.on_click(self.start_button, self.start)
        self.on_click(self.stop_button, self.stop)
        for control in (self.log_scale, self.weighted, self.smoothing):
            self.on_change(control, lambda _: self.redraw())
        gap = {"align_items": "center", "flex_flow": "row wrap", "grid_gap": "4px 16px"}
        self.show(
            ipywidgets.HBox([self.start_button, self.stop_button, self.progress, self.status], layout=gap),
            self.facts,
            ipywidgets.HBox([self.smoothing, self.log_scale, self.weighted], layout=gap),
            self.curves,
            self.samples,
        )
        self.attempt(lambda: self._open(run, config, source))
        if self.run is None:
            self.start_button.disabled = self.stop_button.disabled = True
        else:
            self.attempt(self.look)
            self._ticker = Ticker(self._tick, TICK_S)

    def _open(self, run: Any, config: Config | None, source: Any) -> None:
        if isinstance(run, LiveTraining | WatchedRun):
            self.run = run
        elif run is not None and not isinstance(run, str | os.PathLike):
            raise InputError(f"run: expected a folder, a LiveTraining, or nothing; got {type(run).__name__}")
        elif run is not None and config is None and source is None:
            here = training_here()
            self.run = here if here is not None and _same(here.run_dir, Path(run)) else WatchedRun(run)
        else:
            if config is not None and not isinstance(config, Config):
                raise InputError(f"config: expected a Config, make_config(...) say; got {type(config).__name__}")
            new = LiveTraining(config or make_config("balanced", "tiny"), source or Facades(0), run)
            self.run = self._already_running(new, run is None) or new

    def _already_running(self, new: LiveTraining, temporary: bool) -> Run | None:
        """Return the training that runs already where a new one was to be made, so that it can be stopped."""
        here = training_here()
        if here is not None and here.config == new.config and (temporary or _same(here.run_dir, new.run_dir)):
            self.say("This training was started before, in this kernel; it goes on. To begin anew, stop it first.")
            return here
        if process := training_process(read_record(new.run_dir).get("pid"), new.run_dir):
            self.say(f"Process {process.pid} trains into this folder; it goes on, and is shown here.")
            return WatchedRun(new.run_dir)
        return None

    # --- looking

    def _tick(self) -> None:
        """Look again if anything has changed since the last look, and that was not just now."""
        if self.busy or not self.on_page or time.monotonic() < self._rest_until:
            return
        self.attempt(lambda: self.look(only_if_changed=True))

    def look(self, *, only_if_changed: bool = False) -> None:
        """Ask the run how far it is, and show it."""
        run = self.run
        if run is None or (only_if_changed and self._fingerprint() == self._seen):
            return
        self._seen = self._fingerprint()
        options = self._options()

        def compute() -> tuple[Snapshot, bytes, str, bytes]:
            begun = time.monotonic()
            snapshot = take_snapshot(run)
            sheet = read_sheet(snapshot.samples, SHEET_PX)
            result = snapshot, self._chart.pngs(snapshot, **options), describe(snapshot), sheet
            self._rest_until = time.monotonic() + REST * (time.monotonic() - begun)
            return result

        self.later("look", compute, self._show)

    def _fingerprint(self) -> tuple:
        def stamp(file: Path | None) -> tuple[int, int]:
            try:
                status = os.stat(file) if file else None
            except OSError:
                status = None
            return (status.st_mtime_ns, status.st_size) if status else (0, 0)

        return (*self.run.state(), stamp(self.run.run_dir / "curves.csv"), stamp(self.run.samples()))

    def _options(self) -> dict[str, Any]:
        return {"log": self.log_scale.value, "weighted": self.weighted.value, "smoothing": self.smoothing.value}

    def _show(self, result: tuple[Snapshot, list[bytes], str, bytes]) -> None:
        snapshot, chart, description, sheet = result
        self.snapshot = snapshot
        self.curves.set_strip(chart, description)
        if sheet:
            step = int(snapshot.samples.stem.partition("_")[2])
            self.samples.set(
                sheet,
                f"Rows of six pictures after step {step}: input, first prediction and composite, second prediction and "
                "composite, truth.",
                f"Step {step}; columns: I_in, I_p1, I_c1, I_p2, I_c2, I_gt",
            )
        self.progress.max, self.progress.value = max(snapshot.total, 1), snapshot.step
        self.status.value = f'<span role="status">{html.escape(snapshot.sentence)}</span>'
        self.facts.value = " &ensp; ".join(
            f"{html.escape(name)} <b>{html.escape(value)}</b>" for name, value in facts(snapshot).items()
        )
        resumable = snapshot.resumable or isinstance(self.run, WatchedRun)
        self.start_button.description = "Resume" if resumable else "Start"
        self.start_button.disabled = snapshot.word in (*ACTIVE, "finished", "empty", "damaged")
        self.stop_button.disabled = snapshot.word not in STOPPABLE

    def redraw(self) -> None:
        """Draw the curves again, as the controls now say."""
        if self.run is None:
            return
        snapshot, options = self.snapshot, self._options()
        self.later(
            "redraw",
            lambda: self._chart.pngs(snapshot, **options),
            lambda pngs: self.curves.set_strip(pngs, describe(snapshot)),
            urgent=True,
        )

    # --- doing

    def start(self) -> None:
        """Start or resume; the message line says what hinders it."""
        if self.run is None or self.run.state()[0] in ACTIVE:
            return
        self.say("")
        self.later("start", self.run.start, lambda _: self.look())

    def stop(self) -> None:
        """Stop after the current step, with a checkpoint; in this kernel also a training that others started."""
        word = "" if self.run is None else self.run.state()[0]
        if word in ACTIVE or word == "occupied":
            run = training_here() if word == "occupied" else self.run
            self.later("stop", (run or self.run).stop, lambda _: self.look())

    def close(self) -> None:
        """Look no more, stop what trains in this kernel, and go from the page."""
        if getattr(self, "_ticker", None) is not None:
            self._ticker.stop()
        if isinstance(getattr(self, "run", None), LiveTraining):
            self.run.stop()
        super().close()

    # --- where there is no kernel

    def static(self) -> HTML:
        """Return the curves as they are now."""
        live = "Run this notebook with `make lab` for the live monitor."
        snapshot = take_snapshot(self.run) if self.run is not None else Snapshot(sentence="There is nothing to watch.")
        numbers = ", ".join(f"{name} {value}" for name, value in facts(snapshot).items() if name in ("step", "speed"))
        return figure(draw(snapshot, **self._options()), describe(snapshot), f"A still picture. {numbers}. {live}")


def _same(a: Path, b: Path) -> bool:
    return os.path.realpath(a) == os.path.realpath(b)
