"""The adversarial game with one number: the first look at two players (notebook 06).

The real "picture" is the number 1. The generator has one weight, theta, and paints it. The discriminator is a straight
line D(x) = w x + b: above zero it calls x real. The players move in turn, each one gradient step of its `bce` loss.
"""

import io
from typing import NamedTuple

import ipywidgets
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure

from rwlib.notebook.figures import COLORS

REAL = 1.0


class State(NamedTuple):
    """Where the players are."""

    theta: float
    w: float
    b: float


def play(steps: int = 160, rate: float = 0.15) -> list[State]:
    """Return the players' places before the first turn and after each.

    Example:
        >>> play(steps=2)[0]
        State(theta=-1.0, w=0.0, b=0.0)
    """
    theta, w, b = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (-1.0, 0.0, 0.0))
    states = [State(-1.0, 0.0, 0.0)]
    for _ in range(steps):
        L_D = F.softplus(-(w * REAL + b)) + F.softplus(w * theta.detach() + b)  # D: real up, fake down
        for x, slope in zip((w, b), torch.autograd.grad(L_D, (w, b)), strict=True):
            x.data -= rate * slope
        L_G = F.softplus(-(w * theta + b))  # G: its own number up
        theta.data -= rate * torch.autograd.grad(L_G, theta)[0]
        states.append(State(*(x.item() for x in (theta, w, b))))
    return states


def draw(states: list[State], step: int) -> Figure:
    """Draw a moment of a game: the discriminator's line with both numbers on it, and the path of theta so far."""
    fig = Figure(figsize=(8, 2.9), layout="constrained")
    line, path = fig.subplots(1, 2)
    theta, w, b = states[step]
    x = torch.linspace(-2, 3, 2)
    line.plot(x, w * x + b, color=COLORS[0], label="D(x)")
    line.axhline(0, color=COLORS[6], linewidth=0.8)
    line.plot(REAL, w * REAL + b, color=COLORS[2], marker="*", markersize=13, linestyle="", label="real: 1")
    line.plot(theta, w * theta + b, color=COLORS[1], marker="s", linestyle="", label=f"fake: {theta:.2f}")
    line.set(xlabel="x", ylabel="D's score", xlim=(-2, 3), ylim=(-2, 2), title=f"turn {step}")
    line.legend(fontsize=8, loc="upper left")
    path.plot([state.theta for state in states], color=COLORS[1], alpha=0.25)
    path.plot([state.theta for state in states[: step + 1]], color=COLORS[1], label="theta")
    path.axhline(REAL, color=COLORS[2], linestyle="--", label="real")
    path.set(xlabel="turn", ylabel="what G paints", ylim=(-2, 3))
    path.legend(fontsize=8, loc="lower right")
    return fig


class OneNumberGame(ipywidgets.VBox):
    """A game of one number with a slider for the turn; arrow keys move it, too."""

    def __init__(self, steps: int = 160, rate: float = 0.15) -> None:
        self.states = play(steps, rate)
        self.turn = ipywidgets.IntSlider(0, 0, steps, description="turn", layout={"width": "420px"})
        self.picture = ipywidgets.Image(width=720, format="png")
        self.words = ipywidgets.HTML()
        super().__init__([self.turn, self.picture, self.words])
        self.turn.observe(lambda change: self.show(change["new"]), "value")
        self.show(0)

    def show(self, step: int) -> None:
        """Show a turn, as a picture and in words."""
        png = io.BytesIO()
        draw(self.states, step).savefig(png, format="png", dpi=90)
        self.picture.value = png.getvalue()
        theta, w, b = self.states[step]
        real, fake = w * REAL + b, w * theta + b
        self.words.value = f'<div role="status">D(real) {real:.2f}, D(fake) {fake:.2f}, fake {theta:.2f}</div>'
