r"""Train two small variants one after the other and set them side by side: what one minute of training can show.

A `Recipe` is what the learner chooses; `Recipe.config` is all that training needs. Two runs are compared by their
curves, their samples, and the hole PSNR on eight house fronts that no training draws, with the same holes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from rwlib.colors import COLORS
from rwlib.config import Config, make_config
from rwlib.conventions import image_to_tensor
from rwlib.data import Facades
from rwlib.evaluation import evaluation_mask, mean_and_interval
from rwlib.inpainting import fill
from rwlib.metrics import evaluate_pair
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.widgets.shared.live import LiveTraining

HELD_OUT = 8
"""House fronts on which a run is measured."""
TRAINING_STREET, HELD_OUT_STREET = 0, 9  # seeds of `Facades`
BUCKET = 2  # holes of 20 to 30 %
PHASES = 20, 9  # epochs of section 3.5: their ratio divides the steps
CURVES = {
    "L_r, reconstruction": "L_r",
    "L_c, correlation": "L_c",
    "L_s, style": "L_s",
    "L_a, adversarial": "L_a",
    "L_D, discriminator": "L_D",
    "L, total": "L",
}
SMOOTHING = 9  # steps in a moving mean


@dataclass(frozen=True)
class Recipe:
    """What can be changed in a live training."""

    use_L_c: bool = True
    use_L_s: bool = True
    use_L_a: bool = True
    lambda_1: float = 4e-5
    lambda_2: float = 3e-6
    lambda_3: float = 0.03
    region_wise: str = "channel"
    networks: str = "both"
    correlation_on: str = "I_c1"
    steps: int = 150
    size_px: int = 48
    width: int = 8
    seed: int = 0

    def config(self) -> Config:
        """Return the configuration: the preset `balanced`, small, and what was chosen.

        Without L_a there is no second phase: phase one lasts as long as both would have. With the first network alone
        λ_1 counts twice and the style loss goes, as in `rwlib.ablations`.
        """
        one = self.steps if not self.use_L_a else max(1, round(self.steps * PHASES[0] / sum(PHASES)))
        alone = self.networks == "semantic"
        return make_config(
            "balanced",
            "tiny",
            lambda_1=self.lambda_1 * self.use_L_c * (2 if alone else 1),
            lambda_2=0.0 if alone else self.lambda_2 * self.use_L_s,
            lambda_3=self.lambda_3,
            region_wise=self.region_wise,
            networks=self.networks,
            correlation_on="I_c1" if alone else self.correlation_on,
            size_px=self.size_px,
            width=self.width,
            discriminator_width=2 * self.width,
            batch_size=4,
            hole_fraction=(0.1, 0.5),
            epochs=(one, self.steps - one),
            steps_per_epoch=1,
            # A short run: its average must follow the weights soon.
            ema_decay=0.97,
            checkpoint_every=self.steps,
            sample_every=10,
            seed=self.seed,
        )


WORDS = {
    "use_L_c": "L_c", "use_L_s": "L_s", "use_L_a": "L_a", "lambda_1": "λ₁", "lambda_2": "λ₂", "lambda_3": "λ₃",
    "region_wise": "convolution", "networks": "networks", "correlation_on": "L_c sees", "steps": "steps",
    "size_px": "side in px", "width": "width", "seed": "seed",
}  # fmt: skip
VALUES = {
    "channel": "region-wise by channel",
    "location": "region-wise by location",
    "none": "standard",
    "semantic": "the first alone",
    True: "on",
    False: "off",
}


def difference_in_words(old: Recipe, new: Recipe) -> list[str]:
    """Return one phrase for each setting that changed, for instance `L_c: on → off`.

    Example:
        >>> difference_in_words(Recipe(), Recipe(use_L_c=False, steps=300))
        ['L_c: on → off', 'steps: 150 → 300']
    """

    def say(value: object) -> str:
        if isinstance(value, bool | str):
            return VALUES.get(value, str(value))
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    ours, theirs = asdict(old), asdict(new)
    return [f"{WORDS[k]}: {say(ours[k])} → {say(theirs[k])}" for k in ours if ours[k] != theirs[k]]


@dataclass
class Run:
    """One training, under way or done."""

    number: int
    recipe: Recipe
    live: LiveTraining
    psnr: Tensor | None = None
    """In the hole of each held-out front, (HELD_OUT,), when it is done."""

    @property
    def name(self) -> str:
        """For legends and tables."""
        return f"run {self.number}"


@torch.no_grad()
def held_out_psnr(G: RegionWiseGenerator, size_px: int) -> Tensor:
    """Return the hole PSNR of each held-out house front, (HELD_OUT,), float64; the same holes for every generator."""
    street, psnr = Facades(HELD_OUT_STREET), []
    for i in range(HELD_OUT):
        I_gt = image_to_tensor(street.center(i, size_px))
        M = evaluation_mask(size_px, i, "contiguous", BUCKET, seed=0)
        psnr.append(evaluate_pair(fill(G, I_gt, M).I_c2, I_gt, M)["hole_psnr"])
    return torch.cat(psnr)


def describe(runs: Sequence[Run]) -> str:
    """Say in words what the last run differs in from the one before, and what it led to; sentences."""
    last = runs[-1]
    sentences = []
    if len(runs) > 1:
        changed = difference_in_words(runs[-2].recipe, last.recipe)
        what = "; ".join(changed) or "nothing, only chance in the order of the arithmetic"
        sentences.append(f"Changed since {runs[-2].name}: {what}.")
        if len(changed) > 1:
            sentences.append(f"{len(changed)} things at once: whatever differs, nobody can say which of them did it.")
    for run in runs:
        if run.psnr is not None:
            mean, half_width = mean_and_interval(run.psnr)
            early = f", stopped after {run.live.step} steps" if run.live.step < run.recipe.steps else ""
            sentences.append(
                f"{run.name}{early}: {mean:.2f} ± {half_width:.2f} dB in the hole of {HELD_OUT} unseen fronts."
            )
    if len(runs) > 1 and runs[-1].psnr is not None and runs[-2].psnr is not None:
        if runs[-2].recipe.size_px != last.recipe.size_px:
            sentences.append("The sides differ, so these were not the same pictures.")
        else:
            mean, half_width = mean_and_interval(last.psnr - runs[-2].psnr)
            sentences.append(
                f"Paired difference: {mean:+.2f} ± {half_width:.2f} dB over fronts. That is about these two runs; "
                "another seed may turn it round."
            )
    return " ".join(sentences).replace(" -", " −")


def draw_curves(runs: Sequence[tuple[str, Mapping[str, Sequence[float]]]], column: str) -> str:
    """Draw one loss of one run or two, smoothed, as inline SVG: light enough to be drawn while a training runs.

    Args:
        runs: name and columns of `curves.csv`, the older one first; its line is dashed.
        column: which loss.
    """
    lines = [smoothed(curves.get("step", []), curves.get(column, [])) for _, curves in runs]
    drawn = [(steps, values) for steps, values in lines if steps]
    if not drawn:
        return f'<div role="status">{column} has no value yet.</div>'
    last = max(max(steps) for steps, _ in drawn) or 1
    low, high = min(min(values) for _, values in drawn), max(max(values) for _, values in drawn)
    low, high = (low, high) if high > low else (low - 0.5 * abs(low) - 1e-6, high + 0.5 * abs(high) + 1e-6)
    width, height, left, top, bottom = 640, 230, 62, 26, 34

    def x(step: float) -> float:
        return left + (width - left - 8) * step / last

    def y(value: float) -> float:
        return top + (height - top - bottom) * (high - value) / (high - low)

    parts = []
    for k in range(5):
        value, step = low + k * (high - low) / 4, round(k * last / 4)
        parts.append(f'<line x1="{left}" x2="{width - 8}" y1="{y(value):.1f}" y2="{y(value):.1f}" opacity=".2"/>')
        parts.append(_text(left - 6, y(value) + 4, f"{value:.3g}", "end") + _text(x(step), height - 16, str(step)))
    parts.append(
        _text(width / 2, height - 2, "step") + _text(left, 13, f"{column}, mean of {SMOOTHING} steps", "start")
    )
    for i, ((name, curves), (steps, values)) in enumerate(zip(runs, lines, strict=True)):
        new = i == len(runs) - 1
        dashes = "" if new else ' stroke-dasharray="6 4"'
        pen = f'stroke="{COLORS[0 if new else 1]}" stroke-width="2" fill="none"{dashes}'
        every = max(1, len(steps) // 300)
        points = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in list(zip(steps, values, strict=True))[::every])
        at = width - 8 - 110 * (len(runs) - i)
        parts.append(f'<polyline points="{points}" {pen}/><line x1="{at}" x2="{at + 30}" y1="9" y2="9" {pen}/>')
        parts.append(_text(at + 36, 13, name, "start"))
        phases = zip(curves.get("step", []), curves.get("phase", []), strict=False)
        if (begins := next((step for step, phase in phases if phase == 2), None)) is not None:
            ends = f'x1="{x(begins):.1f}" x2="{x(begins):.1f}" y1="{top}" y2="{height - bottom}"'
            parts.append(f'<line {ends} {pen} opacity=".5"/>')
            parts.append(_text(x(begins) + 4, top + 12 + 13 * i, f"phase two, {name}", "start"))
    names = " and ".join(name for name, _ in runs)
    size = f'viewBox="0 0 {width} {height}" style="width:100%;max-width:{3 * width // 2}px;font-size:11px"'
    about = f"{column} of {names}, from {low:.3g} to {high:.3g}, by step; an older run is dashed."
    return (
        f'<svg class="rwlib-curves" role="img" aria-label="{about}" stroke="currentColor" {size}>{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, words: str, anchor: str = "middle") -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {where} fill="currentColor" stroke="none">{words}</text>'


def smoothed(steps: Sequence[float], values: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return steps and the moving mean of those values that are numbers, over SMOOTHING of them."""
    pairs = [(s, v) for s, v in zip(steps, values, strict=False) if math.isfinite(v)]
    kept = [(s, sum(v for _, v in pairs[max(0, i - SMOOTHING + 1) : i + 1])) for i, (s, _) in enumerate(pairs)]
    return [s for s, _ in kept], [total / min(i + 1, SMOOTHING) for i, (_, total) in enumerate(kept)]
