"""A view of the ablation studio: change one thing, train for a minute, compare with the run before."""

import ipywidgets
from ipywidgets import BoundedIntText, Checkbox, Dropdown, FloatLogSlider, HBox, Layout
from torch import Tensor

from rwlib.checkpoints import load_generator
from rwlib.conventions import InputError
from rwlib.data import Facades
from rwlib.widgets.shared.background import Ticker
from rwlib.widgets.shared.live import LiveTraining, training_here
from rwlib.widgets.shared.panel import Panel
from rwlib.widgets.shared.pictures import Picture, grid
from rwlib.widgets.studio.controls import button, control, row
from rwlib.widgets.studio.train import (
    CURVES,
    TRAINING_STREET,
    Recipe,
    Run,
    describe,
    draw_curves,
    held_out_psnr,
)

LOOK_EVERY_S = 0.7  # at a training's files


class TrainPanel(Panel):
    """Choose, train for a minute on drawn house fronts, and compare with the run before."""

    def __init__(self) -> None:
        super().__init__(title="Train now")
        self.runs: list[Run] = []
        self._ticker: Ticker | None = None
        first = Recipe()
        narrow = {"layout": Layout(width="64px"), "indent": False}
        self.use = {
            name: Checkbox(True, description=name, tooltip=f"train with {name}", **narrow)
            for name in ("L_c", "L_s", "L_a")
        }
        self.weights = {
            name: FloatLogSlider(
                getattr(first, name), min=low, max=high, step=0.1, description=symbol, continuous_update=False,
                readout_format=".1e", layout=Layout(width="232px"), style={"description_width": "2em"},
            )
            for name, symbol, low, high in (
                ("lambda_1", "λ₁", -7, -2), ("lambda_2", "λ₂", -8, -3), ("lambda_3", "λ₃", -4, 1)
            )
        }  # fmt: skip
        convolutions = {"region-wise by channel": "channel", "region-wise by location": "location", "standard": "none"}
        self.convolution = control(Dropdown, options=convolutions, description="Convolution")
        self.networks = control(
            Dropdown, options={"both": "both", "the first alone": "semantic"}, description="Networks"
        )
        self.correlation_on = control(Dropdown, options=["I_c1", "I_c2"], description="L_c sees")
        self.steps = control(BoundedIntText, first.steps, 2, 5000, description="Steps")
        self.size = control(Dropdown, options=[32, 48, 64], value=first.size_px, description="Side, px")
        self.width = control(Dropdown, options=[8, 12], value=first.width, description="Width")
        self.seed = control(BoundedIntText, 0, 0, 9999, description="Seed")
        self.train = button("Train", "train what is chosen above", button_style="primary")
        self.end = button("Stop", "stop after this step", disabled=True)
        self.progress = ipywidgets.IntProgress(0, 0, 1, layout=Layout(width="200px"))
        self.curve = control(Dropdown, options=CURVES, description="Curve")
        self.curves = ipywidgets.HTML()
        self.samples = [Picture(width_px=640), Picture(width_px=640)]
        self.words = ipywidgets.HTML()
        self.on_click(self.train, self.begin)
        self.on_click(self.end, self.stop)
        self.on_change(self.curve, lambda _: self.redraw())
        losses = [HBox(pair) for pair in zip(self.use.values(), self.weights.values(), strict=True)]
        self.show(
            row(*losses),
            row(self.convolution, self.networks, self.correlation_on),
            row(self.steps, self.size, self.width),
            row(self.seed, self.curve),
            row(self.train, self.end, self.progress),
            self.words,
            self.curves,
            grid(*self.samples),
        )
        if training_here() is not None:
            self.end.disabled = False
            self.say("A training runs in this kernel already; Stop ends it.")

    @property
    def recipe(self) -> Recipe:
        """What the controls say."""
        return Recipe(
            *(box.value for box in self.use.values()),
            *(slider.value for slider in self.weights.values()),
            self.convolution.value, self.networks.value, self.correlation_on.value, self.steps.value,
            self.size.value, self.width.value, self.seed.value,
        )  # fmt: skip

    def begin(self) -> None:
        """Start a training; the one before stays to be compared with.

        Raises:
            InputError: another training runs in this kernel.
        """
        recipe, number = self.recipe, self.runs[-1].number + 1 if self.runs else 1
        run = Run(number, recipe, LiveTraining(recipe.config(), Facades(TRAINING_STREET)))
        self.end.disabled = False  # also where another training is in the way
        run.live.start()
        self.runs = [*self.runs[-1:], run]
        self.progress.value, self.progress.max = 0, recipe.steps
        self.train.disabled = True
        self.say(f"{run.name}: the first step takes a few seconds …")
        self._ticker = Ticker(self._tick, LOOK_EVERY_S)

    def stop(self) -> None:
        """Stop this kernel's training after the step that is being computed; what is learned is kept and measured."""
        if (live := training_here()) is not None:
            live.stop()

    def _tick(self) -> None:
        self.attempt(self._look)

    def _look(self) -> None:
        run = self.runs[-1]
        ended, step = not run.live.running, run.live.step
        if step > self.progress.value:
            self.progress.value = step
            self.say(f"{run.name}: step {step} of {run.recipe.steps}")
            self.redraw()
        if ended:
            self._ticker.stop()
            self.train.disabled, self.end.disabled = False, True
            self._measure(run)

    def _measure(self, run: Run) -> None:
        file = run.live.run_dir / "generator.safetensors"
        if run.live.error or not file.exists():
            self.runs.remove(run)
            raise InputError(run.live.error or f"{run.name}: stopped before its first step; nothing to show")

        def compute() -> Tensor:
            G, config = load_generator(file)
            return held_out_psnr(G, config.size_px)

        def show(psnr: Tensor) -> None:
            run.psnr = psnr
            self.say(f"{run.name}: done, {run.live.step} steps.")
            self.redraw()

        self.later("measure", compute, show, busy=f"{run.name}: measuring …")

    def redraw(self) -> None:
        """Draw curves and samples of the last two runs."""
        runs, column = list(self.runs), self.curve.value
        if not runs:
            return

        def compute() -> tuple[str, list[tuple[Run, bytes | None]]]:
            curves = draw_curves([(run.name, run.live.curves()) for run in runs], column)
            files = [(run, run.live.samples()) for run in runs]
            return curves, [(run, file.read_bytes() if file else None) for run, file in files]

        def draw(result: tuple) -> None:
            self.curves.value, samples = result
            what = "I_in, I_p1, I_c1, I_p2, I_c2, I_gt"
            for picture, (run, sheet) in zip(self.samples, samples, strict=False):
                if sheet:
                    picture.set(sheet, f"Samples of {run.name}, four rows of {what}.", f"{run.name}: {what}")
                else:
                    picture.value = ""
            self.words.value = f'<div role="status">{describe(runs)}</div>'

        self.later("curves", compute, draw)

    def wait(self, timeout_s: float = 60) -> None:
        """Wait until the last training has ended and was measured."""
        if self._ticker is not None:
            self._ticker.thread.join(timeout_s)
        super().wait(timeout_s)
