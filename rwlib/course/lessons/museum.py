r"""The failure museum: training runs that went wrong in a known way, each beside a healthy run of the same seed.

An exhibit shows curves and pictures first, asks, and only then says what was broken: reading a run's traces is a skill
of its own. Every trace comes from real training by `data_scripts/museum.py`; nothing is drawn by hand. The files lie in
the folder `museum/` beside this one, a JSON file and a PNG for each exhibit.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from IPython.display import HTML
from matplotlib.figure import Figure
from PIL import Image

from rwlib.conventions import one_of
from rwlib.notebook.figures import COLORS, figure

FOLDER = Path(__file__).with_suffix("")
NAMES = (
    "discriminator-too-strong",
    "collapse",
    "summed-line-bug",
    "inverted-mask",
    "wrong-region",
    "boundary-artefacts",
)
"""The exhibits; the first three belong to notebook 06, the others to notebook 07."""
SIGNS = dict(zip("ABC123", NAMES, strict=True))
"""What a notebook calls an exhibit: a name would give the diagnosis away."""


@dataclass(frozen=True)
class Exhibit:
    """One failure: what can be seen, what to ask, and what it was."""

    title: str
    """A few words that give nothing away."""
    curves: dict[str, list[float]]
    """Name → values, one every `every` steps; names that end in ", healthy" are the run without the fault."""
    pictures: dict[str, np.ndarray]
    """Name → uint8 RGB (h, w, 3), four examples side by side."""
    question: str
    """What the reader is asked."""
    diagnosis: str
    """What was broken, with the line of code."""
    clue: str
    """Where in the curves and pictures it can be seen."""
    how: str
    """How the run was made, and what was done to provoke the failure."""
    every: int
    """Steps from one value of a curve to the next; each value is a mean over so many steps."""

    @property
    def steps(self) -> list[int]:
        """Number of the last step of each value of the curves."""
        longest = max(map(len, self.curves.values()))
        return [self.every * (i + 1) for i in range(longest)]


def exhibit(name: str) -> Exhibit:
    """Load one exhibit.

    Args:
        name: one of `NAMES`, or one of `SIGNS`, for which the title is that sign.

    Raises:
        InputError: no such exhibit; the message lists those that there are.

    Example:
        >>> sorted(exhibit("inverted-mask").curves)[:2]
        ['I_p1, existing region', 'I_p1, existing region, healthy']
    """
    sign = name if name in SIGNS else ""
    one_of("exhibit", name := SIGNS.get(name, name), NAMES)
    saved = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    sheet = np.asarray(Image.open(FOLDER / f"{name}.png").convert("RGB"))
    titles = saved.pop("pictures")
    saved["title"] = f"Exhibit {sign}" if sign else saved["title"]
    return Exhibit(pictures=dict(zip(titles, np.split(sheet, len(titles)), strict=True)), **saved)


def show_exhibit(shown: Exhibit, *, alt: str, caption: str = "") -> HTML:
    """Draw an exhibit: its curves on the left, a healthy run's dashed, and its pictures on the right.

    Args:
        shown: see `exhibit`.
        alt: what can be seen, in a sentence.
        caption: text below; the exhibit's question if empty.
    """
    fig = Figure(figsize=(9, max(3.4, 0.85 * len(shown.pictures))), layout="constrained")
    left, right = fig.subfigures(1, 2, width_ratios=(1.25, 1))
    axis = left.subplots()
    kinds = list(dict.fromkeys(name.removesuffix(", healthy") for name in shown.curves))
    for name, values in shown.curves.items():
        i, healthy = kinds.index(name.removesuffix(", healthy")), name.endswith(", healthy")
        steps = shown.steps[: len(values)]
        axis.plot(
            steps, values, label=name, color=COLORS[i % len(COLORS)], linestyle="--" if healthy else "-",
            marker=("o", "s", "^", "D")[i % 4], markevery=max(1, len(values) // 6), markersize=4,
            markerfacecolor="none" if healthy else None,
        )  # fmt: skip
    axis.set(xlabel="step", ylabel=f"score or loss,\nmean over {shown.every} steps", title=shown.title)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2)  # below: it would hide curves
    for axis, (name, picture) in zip(
        np.atleast_1d(right.subplots(len(shown.pictures))), shown.pictures.items(), strict=True
    ):
        axis.imshow(picture, interpolation="nearest")
        axis.set_title(name, fontsize=8, pad=2)
        axis.axis("off")
    return figure(fig, alt, caption or shown.question)
