r"""What a system is made of: a part is a function that the learner has written in an exercise, or rwlib's own.

rwlib's own parts are put together from its *reference* forms (`correlation_loss_ref`, `upsample_conv2d_ref`): these
compute what the solutions compute, in the same order, so that a system of solutions and one of rwlib's parts have the
same losses bit for bit. What `rwlib train` runs has the same values in faster forms.
"""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib import masks
from rwlib.conventions import compose
from rwlib.course import exercises
from rwlib.course.checking.exercise import PASSED
from rwlib.course.workshop import kept
from rwlib.losses import adversarial_loss_generator, correlation_loss_ref, reconstruction_loss
from rwlib.losses.style import gram
from rwlib.networks.fast.reflect_conv import reflect_conv2d
from rwlib.networks.fast.upsample_conv import upsample_conv2d_ref
from rwlib.training.schedule import Schedule


class Part(NamedTuple):
    """One part of a system."""

    number: str
    """Exercise in which it is written."""
    role: str
    """What it does in the system, in a few words."""
    rwlib: Callable
    """rwlib's own."""


# --- rwlib's own parts: layers and networks


def resize_mask(M: Tensor, h: int, w: int) -> Tensor:
    """Resize a mask, the nearest pixel with aligned corners (exercise 2.4)."""
    return masks.resize_mask(M, (h, w))


def channel_separated(x: Tensor, M: Tensor, W: Tensor, W_hat: Tensor, b: Tensor) -> Tensor:
    """Convolve with the regions separated by channel (exercise 2.5)."""
    return reflect_conv2d(torch.cat([x * M, x * (1 - M)], dim=1), torch.cat([W, W_hat], dim=1), b)


def network_input(I_gt: Tensor, M: Tensor) -> Tensor:
    """Erase the hole and append the mask (exercise 3.1)."""
    return torch.cat([I_gt * M, M], dim=1)


def decoder_step(x: Tensor, skip: Tensor, M: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Separate the regions, enlarge, convolve, ELU: layers 13 and 15 (exercise 3.7)."""
    M = masks.resize_mask(M, x.shape[-2:])
    return F.elu(upsample_conv2d_ref(torch.cat([x * M, skip * M, x * (1 - M)], dim=1), weight, bias))


def two_composites(first: Callable, second: Callable, I_gt: Tensor, M: Tensor) -> tuple[Tensor, Tensor]:
    """Put both networks in a row (exercise 5.7)."""
    I_in = I_gt * M
    I_c1 = compose(I_in, first(I_in, M), M)
    return I_c1, compose(I_in, second(I_c1, M), M)


# --- losses


def L_r(I_p1: Tensor, I_p2: Tensor, I_gt: Tensor, M: Tensor) -> Tensor:
    """Compare both predictions with the truth, eq. (2) (exercise 3.8)."""
    return reconstruction_loss(I_p1, I_p2, I_gt)


def L_s(phis_c2: list[Tensor], phis_gt: list[Tensor]) -> Tensor:
    """Compare the Gram matrices of all pools, eq. (5) (exercise 5.4)."""
    pairs = zip(phis_c2, phis_gt, strict=True)
    return sum((gram(phi_c2) - gram(phi_gt)).abs().sum((1, 2)).mean() for phi_c2, phi_gt in pairs)


def L_a(score_p1: Tensor, score_p2: Tensor) -> Tensor:
    """Return what the generator descends of eq. (6) (exercise 6.5)."""
    label = torch.ones_like(score_p1[:, :1])
    return adversarial_loss_generator(score_p1, score_p2, label, form="critic")


# --- Algorithm 1


def lambda_3_at(step: int, epochs_one: int, steps_per_epoch: int) -> float:
    """Return 0 in phase one and 1 in phase two (exercise 7.1)."""
    return float(Schedule((epochs_one * steps_per_epoch, sys.maxsize)).phase(step) == 2)


def _without_adversary(out: Any, vgg: Any, I_gt: Tensor, config: Any, losses: Any) -> Tensor:
    """Return the sum of L_r, L_c and L_s, eq. (7) of phase one."""
    phis_gt = vgg(I_gt)
    L = losses.L_r(out.I_p1, out.I_p2, I_gt)
    L = L + config.lambda_1 * losses.L_c(vgg(out.I_c1)[1], phis_gt[1])
    L = L + config.lambda_2 * losses.L_s(vgg(out.I_c2), phis_gt)
    return L


def generator_step(
    G: Any, vgg: Any, opt_G: torch.optim.Optimizer, I_gt: Tensor, M: Tensor, config: Any, losses: Any
) -> Tensor:
    """Move the generator in phase one (exercise 7.3)."""
    return _descend(_without_adversary(G(I_gt, M), vgg, I_gt, config, losses), opt_G)


def discriminator_step(
    D: Any, opt_D: torch.optim.Optimizer, I_gt: Tensor, I_p1: Tensor, I_p2: Tensor, M: Tensor, alpha: float
) -> Tensor:
    """Move the discriminator along -L_a, eq. (6) (exercise 7.4)."""
    real, fake_1, fake_2 = (D(torch.cat([I * (1 - M), M], dim=1)).mean() for I in (I_gt, I_p1.detach(), I_p2.detach()))
    return -_descend(-(alpha * real + (1 - fake_1) + (1 - fake_2)), opt_D)


def generator_step_two(
    G: Any, D: Any, vgg: Any, opt_G: torch.optim.Optimizer, I_gt: Tensor, M: Tensor, config: Any, losses: Any
) -> Tensor:
    """Move the generator in phase two (exercise 7.13)."""
    out = G(I_gt, M)
    L = _without_adversary(out, vgg, I_gt, config, losses)
    D.requires_grad_(False)
    scores = [D(torch.cat([I * (1 - M), M], dim=1)) for I in (out.I_p1, out.I_p2)]
    L = L + config.lambda_3 * losses.L_a(*scores)
    L = _descend(L, opt_G)
    D.requires_grad_(True)
    return L


def average(average: Tensor, weights: Tensor, n: int, decay: float) -> Tensor:
    """Move the average of the weights (exercise 7.8)."""
    d = min(decay, (1 + n) / (10 + n))
    return d * average + (1 - d) * weights


def _descend(loss: Tensor, optimiser: torch.optim.Optimizer) -> Tensor:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.detach()


PARTS: dict[str, Part] = {
    "resize_mask": Part("2.4", "a mask for every map", resize_mask),
    "channel_separated": Part("2.5", "layer 14, region-wise", channel_separated),
    "network_input": Part("3.1", "what the first network sees", network_input),
    "decoder_step": Part("3.7", "layers 13 and 15, region-wise", decoder_step),
    "L_r": Part("3.8", "reconstruction loss, eq. (2)", L_r),
    "L_c": Part("4.2", "correlation loss, eq. (4)", correlation_loss_ref),
    "L_s": Part("5.4", "style loss, eq. (5)", L_s),
    "two_composites": Part("5.7", "both networks in a row", two_composites),
    "L_a": Part("6.5", "adversarial loss, eq. (6)", L_a),
    "lambda_3_at": Part("7.1", "when phase two begins", lambda_3_at),
    "generator_step": Part("7.3", "generator's step, phase one", generator_step),
    "discriminator_step": Part("7.4", "discriminator's step", discriminator_step),
    "average": Part("7.8", "moving average of the weights", average),
    "generator_step_two": Part("7.13", "generator's step, phase two", generator_step_two),
}
"""Name in the system → part."""


@dataclass(frozen=True)
class Parts:
    """The functions of one system; each is an attribute by its name in `PARTS`."""

    functions: dict[str, Callable]
    yours: frozenset[str] = frozenset()
    """Names of the parts that come from `my_rwlib/`."""
    problems: tuple[str, ...] = field(default=())
    """One sentence for each kept function that could not be used."""

    def __getattr__(self, name: str) -> Callable:
        """Return a part."""
        try:
            return self.__dict__["functions"][name]
        except KeyError:
            raise AttributeError(f"parts: expected one of {', '.join(PARTS)}; got {name!r}") from None

    def __repr__(self) -> str:
        """Say in one line how many are the learner's own."""
        left = ", ".join(f"{part.role} ({part.number})" for name, part in PARTS.items() if name not in self.yours)
        line = f"yours: {len(self.yours)} of {len(PARTS)} parts" + (f"; from rwlib: {left}" if left else "")
        return "\n".join([line, *self.problems])


def gather(folder: Path | None = None) -> Parts:
    """Take what is kept in `my_rwlib/` and still passes its check, and the rest from rwlib.

    Args:
        folder: the package's; None takes the one that checks write to.
    """
    functions = {name: part.rwlib for name, part in PARTS.items()}
    yours, problems = set(), []
    kept_functions = dict(_kept_functions(folder or kept.folder(), problems))
    for name, part in PARTS.items():
        if part.number in kept_functions:
            if problem := _problem(part.number, kept_functions[part.number]):
                problems.append(f"{part.role}: {problem} rwlib's takes its place.")
            else:
                functions[name], _ = kept_functions[part.number], yours.add(name)
    return Parts(functions, frozenset(yours), tuple(problems))


def _kept_functions(folder: Path, problems: list[str]) -> Iterator[tuple[str, Callable]]:
    """Yield exercise and function for all that the package holds."""
    for module in kept.MODULES.values():
        file = folder / f"{module}.py"
        _, blocks = kept.read_blocks(file)
        if not blocks:
            continue
        spec = importlib.util.spec_from_file_location(f"{kept.NAME}.{module}", file)
        loaded = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(loaded)
        except Exception as error:  # whatever somebody wrote into it
            problems.append(f"{kept.NAME}/{file.name} does not run ({type(error).__name__}: {error}).")
            continue
        for block in blocks:
            if (name := kept.defined_name(block.text)) and callable(getattr(loaded, name, None)):
                yield block.number, getattr(loaded, name)


def _problem(number: str, answer: Callable) -> str:
    """Say what is wrong with a kept function, which may have been changed by hand since its check."""
    from rwlib.course.checking.check import judge  # it keeps what passes, so it knows this package

    result = judge(exercises.find(number), answer)
    return "" if result.status == PASSED else f"yours in {kept.NAME} no longer passes the check {number}."
