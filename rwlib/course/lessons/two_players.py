"""The smallest adversarial game: a picture of two pixels, a discriminator that is linear (notebook 06).

Both pixels of the real picture are 1, the generator's parameters are the two pixels theta that it paints, and
D(x) = w · x + bias. Everything that happens between two players can be drawn as a path in the plane. The losses are
those of `rwlib.losses.adversarial`; such games are known from Mescheder et al. (2018), whose Dirac-GAN has one pixel.
"""

import math

import torch
from torch import Tensor

from rwlib.losses import adversarial_loss_discriminator, adversarial_loss_generator, gradient_penalty

BALANCED = {"critic": 2.0, "l1": 2.0, "hinge": 1.0, "bce": 1.0, "wgan-gp": 1.0}
"""Form → the alpha at which the real term weighs as much as both fakes: in `critic` and `l1` each fake counts fully."""


def play(
    form: str,
    *,
    steps: int = 400,
    alpha: float | None = None,
    rate: float = 0.05,
    penalty: float = 10.0,
    spectral: bool = False,
) -> dict[str, list[float]]:
    """Play D, then G, with plain gradient descent, from theta = (-1, 0).

    Args:
        form: one of `rwlib.losses.FORMS`.
        steps: how often each player moves.
        alpha: weight of the real term; None takes `BALANCED`.
        rate: step size of both.
        penalty: weight of the gradient penalty, of the form `wgan-gp` alone.
        spectral: divide w by its spectral norm, which is its length here.

    Returns:
        `theta_1`, `theta_2`, `distance` (of theta to the real picture), `D(real)` and `D(fake)`, each with its value
        before every step.

    Example:
        >>> play("hinge", steps=2)["theta_1"][0]
        -1.0
    """
    alpha = BALANCED[form] if alpha is None else alpha
    theta, w, bias = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in ([-1.0, 0.0], [0.1, 0.5], 0.0))
    label, real = torch.ones(1, 1, 1, 1, dtype=torch.float64), torch.ones(2, dtype=torch.float64)

    def D(x: Tensor) -> Tensor:
        return (x @ (w / w.norm() if spectral else w) + bias).view(1, 1, 1, 1)

    curves: dict[str, list[float]] = {"theta_1": [], "theta_2": [], "distance": [], "D(real)": [], "D(fake)": []}
    for _ in range(steps):
        values = (*theta, math.dist(theta.tolist(), real.tolist()), D(real), D(theta))
        for curve, value in zip(curves.values(), values, strict=True):
            curve.append(float(torch.as_tensor(value).detach()))

        fake = D(theta.detach())
        L_D = adversarial_loss_discriminator(D(real), fake, fake, label, form=form, alpha=alpha, reduction="mean")
        if form == "wgan-gp":
            between = ((real + theta.detach()) / 2).view(1, 1, 1, 2).requires_grad_()
            L_D = L_D + penalty * gradient_penalty(D(between.view(2)), between, torch.zeros_like(between))
        _descend(L_D, (w, bias), rate)

        fake = D(theta)
        _descend(adversarial_loss_generator(fake, fake, label, form=form, reduction="mean"), (theta,), rate)
    return curves


def _descend(loss: Tensor, parameters: tuple[Tensor, ...], rate: float) -> None:
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= rate * gradient
