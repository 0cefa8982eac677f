r"""A system of parts: its networks, its training by Algorithm 1, and the generator that it leaves.

The generator has the layers and weights of `rwlib.networks.generator.RegionWiseGenerator`, and goes through them with
the parts. So whatever rwlib can do with a generator (`rwlib inpaint`, the widgets, `rwlib evaluate`), it can do with
the learner's.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.checkpoints import load_generator, save_generator
from rwlib.config import PRESETS, Config, make_config
from rwlib.conventions import InputError
from rwlib.course.workshop import kept
from rwlib.course.workshop.parts import Parts, gather
from rwlib.data import TrainingSamples
from rwlib.networks.discriminator import RegionWiseDiscriminator
from rwlib.networks.generator import Outputs, RegionWiseGenerator, elu, to_image_range
from rwlib.networks.vgg import VGGFeatures
from rwlib.training.schedule import Schedule, batch_numbers

GENERATOR = "generator.safetensors"
"""Name of the trained generator's file in `my_rwlib/`."""


class OwnGenerator(RegionWiseGenerator):
    """Both networks, computed by the parts of a system; arguments and shapes as in `RegionWiseGenerator`."""

    def __init__(self, parts: Parts, width: int, output: str = "tanh") -> None:
        super().__init__(width, "channel", output)
        self.parts = parts

    def forward(self, I_gt: Tensor, M: Tensor) -> Outputs:
        """Fill the hole."""
        predictions: list[Tensor] = []

        def noted(network: Callable[[Tensor, Tensor], Tensor], I: Tensor, M: Tensor) -> Tensor:
            predictions.append(network(I, M))
            return predictions[-1]

        networks = (partial(noted, self._infer), partial(noted, self.global_perceiving))
        I_c1, I_c2 = self.parts.two_composites(*networks, I_gt, M)
        I_p1, I_p2 = predictions
        return Outputs(I_p1, I_c1, I_p2, I_c2)

    def _infer(self, I: Tensor, M: Tensor) -> Tensor:
        """The semantic inferring network, see `rwlib.networks.generator.SemanticInferringNetwork`."""
        network, parts = self.semantic_inferring, self.parts
        x = parts.network_input(I, M)  # (b, 4, h, w)
        _, x2, x3, x4, x12 = network.encoder(x[:, :3], x[:, 3:])
        x13 = parts.decoder_step(x12, x4, M, network.conv13.weight, network.conv13.bias)  # (b, 4c, h/2, w/2)

        # Layer 14 takes [x13 ‖ x3] where the picture exists and x13 in the hole: no filter of the hole sees x3.
        existing, missing = network.conv14.weight.split([x13.shape[1] + x3.shape[1], x13.shape[1]], dim=1)
        missing = F.pad(missing, (0, 0, 0, 0, 0, x3.shape[1]))
        M_14 = parts.resize_mask(M, *x13.shape[-2:])
        x14 = elu(parts.channel_separated(torch.cat([x13, x3], dim=1), M_14, existing, missing, network.conv14.bias))

        x15 = parts.decoder_step(x14, x2, M, network.conv15.weight, network.conv15.bias)  # (b, 4c, h, w)
        x = elu(network.conv17(elu(network.conv16(x15))))
        return to_image_range(network.conv18(x), network.output)


class Judge(nn.Module):
    """rwlib's discriminator as exercises 7.4 and 7.13 call it: the hole's content and the mask are four channels."""

    def __init__(self, D: RegionWiseDiscriminator) -> None:
        super().__init__()
        self.D = D

    def forward(self, x: Tensor) -> Tensor:
        """Score (b, 4, h, w)."""
        return self.D(x[:, :3], x[:, 3:])


def own_config(size_px: int = 64, width: int = 16, batch_size: int = 4, epochs: tuple[int, int] = (2, 1),
               steps_per_epoch: int = 50, **fields: Any) -> Config:  # fmt: skip
    """Return a configuration for losses that are sums, as the exercises write them.

    The weights are those of the preset `balanced`, which has means: each is multiplied by the number of L_r's entries
    and divided by that of its own loss (of the style loss: of pool 3, which counts most). α is 2, the value at which
    eq. (6) rewards no verdict that is the same for all pictures (notebook 06).
    """
    balanced = PRESETS["balanced"]
    entries, n, c = 3 * size_px**2, (size_px // 4) ** 2, 256
    weights = {
        "lambda_1": balanced["lambda_1"] * entries / n**2,
        "lambda_2": balanced["lambda_2"] * entries / c**2,
        "lambda_3": balanced["lambda_3"] * entries,
        "alpha": 2.0,
        "reduction": "sum",
        "adversarial": "critic",
    }
    shape = {"size_px": size_px, "width": width, "batch_size": batch_size, "discriminator_width": 2 * width}
    times = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    return make_config("balanced", "tiny", **{**weights, **shape, **times, "precision": "fp32", **fields})


@dataclass
class Training:
    """What came of a training."""

    config: Config
    G: nn.Module
    """The generator with averaged weights."""
    losses: list[float] = field(default_factory=list)
    """What the generator descended, at every step."""
    judged: list[float] = field(default_factory=list)
    """L_a of the discriminator's steps, in phase two."""
    seconds: float = 0.0


class MySystem:
    """Your system: what you have written, and rwlib's parts for the rest.

    Args:
        parts: those of the system; None takes what is kept in `my_rwlib/`, each function checked once more.
        folder: of the package; None takes the one that checks write to.
    """

    def __init__(self, parts: Parts | None = None, folder: Path | None = None) -> None:
        self.folder = folder or kept.folder()
        self.parts = gather(self.folder) if parts is None else parts

    def __repr__(self) -> str:
        """Say how many parts are the learner's own."""
        return repr(self.parts)

    @property
    def losses(self) -> SimpleNamespace:
        """The four losses as exercises 7.3 and 7.13 call them."""
        parts = self.parts

        def L_r(I_p1: Tensor, I_p2: Tensor, I_gt: Tensor) -> Tensor:
            return parts.L_r(I_p1, I_p2, I_gt, torch.ones_like(I_gt[:, :1]))

        return SimpleNamespace(L_r=L_r, L_c=parts.L_c, L_s=parts.L_s, L_a=parts.L_a)

    def train(self, source: Any, config: Config, device: torch.device | str = "cpu") -> Training:
        """Train by Algorithm 1, and leave the generator in `my_rwlib/`.

        Args:
            source: photographs, see `rwlib.data`.
            config: see `own_config`.
            device: where to compute.

        Raises:
            InputError: a loss that is not finite.
        """
        parts, start = self.parts, time.perf_counter()
        torch.manual_seed(config.seed)
        place = {"device": device, "memory_format": torch.channels_last}
        G = OwnGenerator(parts, config.width, config.output).to(**place)
        D = Judge(RegionWiseDiscriminator.from_config(config)).to(**place)
        vgg = VGGFeatures(config.vgg, size_px=config.vgg_size_px).to(**place)
        opt_G, opt_D = (torch.optim.Adam(x.parameters(), config.learning_rate, betas=config.betas) for x in (G, D))
        averages = {name: x.detach().clone() for name, x in G.named_parameters()}

        schedule = Schedule.from_config(config, n_photos=len(source), n_processes=1)
        samples = TrainingSamples(source, config.size_px, config.hole_fraction, config.mask_kind, config.seed)
        done = Training(config, G)
        for step, numbers in enumerate(batch_numbers(0, schedule.total, config.batch_size, 0, 1)):
            I_gt, M = (torch.stack(x) for x in zip(*(samples[k] for k in numbers), strict=True))
            I_gt, M = I_gt.to(**place), M.to(device)
            for group in (*opt_G.param_groups, *opt_D.param_groups):
                group["lr"] = schedule.learning_rate(step, config)

            if parts.lambda_3_at(step, config.epochs[0], schedule.total // sum(config.epochs)) == 0:  # phase one
                L = parts.generator_step(G, vgg, opt_G, I_gt, M, config, self.losses)
            else:  # phase two: the discriminator, then the generator
                out = G(I_gt, M)
                L_a = parts.discriminator_step(D, opt_D, I_gt, out.I_p1, out.I_p2, M, config.alpha)
                done.judged.append(float(L_a))
                L = parts.generator_step_two(G, D, vgg, opt_G, I_gt, M, config, self.losses)
            if not torch.isfinite(L):
                raise InputError(f"training: step {step}: L = {float(L)}; a smaller learning_rate may help")
            done.losses.append(float(L))
            with torch.no_grad():
                for name, x in G.named_parameters():
                    averages[name] = parts.average(averages[name], x, step, config.ema_decay)

        G.load_state_dict(averages)
        G.eval().requires_grad_(False)
        self.folder.mkdir(parents=True, exist_ok=True)
        about = {"yours": sorted(parts.yours), "steps": schedule.total}
        save_generator(self.folder / GENERATOR, G, config, half=True, about=about)
        done.seconds = time.perf_counter() - start
        return done

    def trained(self, source: Any, config: Config, device: torch.device | str = "cpu") -> tuple[nn.Module, str]:
        """Return the generator that notebook 07 left, or train one now; and one sentence about it.

        Args:
            source: photographs to train on, if it comes to that.
            config: of such a training.
            device: where to compute.
        """
        try:
            found, trained_by = load_generator(self.folder / GENERATOR)
        except InputError:  # there is none yet
            done = self.train(source, config, device)
            sentence = f"notebook 07 has left no network here, so yours was trained now, for {len(done.losses)} steps"
            return done.G, sentence
        G = OwnGenerator(self.parts, trained_by.width, trained_by.output).to(device)
        G.load_state_dict(found.state_dict())
        steps = sum(trained_by.epochs) * trained_by.steps_per_epoch
        return G.eval().requires_grad_(False), f"your network from notebook 07, {steps} steps"
