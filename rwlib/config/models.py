r"""What a configuration has to know of each model: its losses and their weights, its phases, its paper's settings.

The weights are those of the rivals' papers and programs (where the two differ, `rwlib/training/rivals/` says so); the
kinds of losses in table 1 of the paper follow from them (`rwlib.evaluation.loss_kinds`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ModelName = Literal["region-wise", "pconv", "ca", "gated", "ec", "pic"]


@dataclass(frozen=True)
class Model:
    """A model, as far as a configuration knows it."""

    title: str
    """For tables and menus."""
    weights: Mapping[str, float | str]
    """Loss → its weight in what the generator descends: a number, or the field of `Config` that holds it."""
    phases: tuple[str, ...] = ("all of it",)
    """What each phase of training is about; `Config.epochs` has a number for each."""
    rates: tuple[float, ...] = (1.0,)
    """The learning rate of each phase, in learning rates of the run."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Config` that its paper sets otherwise than ours does."""
    widths: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Size → `width` and `discriminator_width`; those of the paper at `full`."""
    epochs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Size → `epochs`, the same sum for every model."""


ONE_PHASE = {"tiny": (6,), "small": (29,), "full": (29,)}
TWO_PHASES = {"tiny": (4, 2), "small": (20, 9), "full": (20, 9)}

MODELS: dict[ModelName, Model] = {
    "region-wise": Model(
        "region-wise (Ma et al., 2019)",
        {"L_r": 1.0, "L_c": "lambda_1", "L_s": "lambda_2", "L_a": "lambda_3"},
        phases=("without L_a", "with L_a"),
        rates=(1.0, 1.0),
        widths={"tiny": (16, 32), "small": (24, 48), "full": (32, 64)},
        epochs=TWO_PHASES,
    ),
    # Section 4.2 of its paper: Adam at 2e-4, then at 5e-5 with the encoder's batch normalisation standing still.
    "pconv": Model(
        "PConv (Liu et al., 2018)",
        {"L_valid": 1.0, "L_hole": 6.0, "L_p": 0.05, "L_s": 120.0, "L_tv": 0.1},
        phases=("batch normalisation learns", "the encoder's stands still"),
        rates=(1.0, 0.25),
        settings={"learning_rate": 2e-4, "final_learning_rate": 2e-4, "betas": (0.9, 0.999), "batch_size": 6},
        widths={"tiny": (16, 32), "small": (32, 48), "full": (64, 64)},
        epochs=TWO_PHASES,
    ),
    # Its Algorithm 1: five moves of the critics for one of the generator.
    "ca": Model(
        "CA (Yu et al., 2018)",
        {"L_r": 1.2, "L_ae": 1.2, "L_a": 0.001},
        settings={"betas": (0.5, 0.9), "generator_every": 5},
        widths={"tiny": (16, 32), "small": (24, 48), "full": (32, 64)},
        epochs=ONE_PHASE,
    ),
    "gated": Model(
        "gated convolution (Yu et al., 2019)",
        {"L_r": 1.0, "L_a": 1.0},
        settings={"betas": (0.5, 0.999)},
        widths={"tiny": (16, 32), "small": (24, 48), "full": (48, 64)},
        epochs=ONE_PHASE,
    ),
    # Section 4 of its paper: Adam (0, 0.9); discriminators a tenth as fast.
    "ec": Model(
        "EC (Nazeri et al., 2019)",
        {"L_a_edge": 1.0, "L_f": 10.0, "L_r": 1.0, "L_a": 0.1, "L_p": 0.1, "L_s": 250.0},
        phases=("edges", "completion on true edges", "completion on inferred edges"),
        rates=(1.0, 1.0, 1.0),
        settings={"betas": (0.0, 0.9), "discriminator_rate": 0.1},
        widths={"tiny": (16, 32), "small": (32, 48), "full": (64, 64)},
        epochs={"tiny": (2, 2, 2), "small": (10, 10, 9), "full": (10, 10, 9)},
    ),
    "pic": Model(
        "PIC (Zheng et al., 2019)",
        {"L_r": 20.0, "L_k": 20.0, "L_a": 1.0, "L_f": 1.0},
        settings={"betas": (0.0, 0.999)},
        widths={"tiny": (16, 16), "small": (24, 24), "full": (32, 32)},
        epochs=ONE_PHASE,
    ),
}
"""Name in `Config.model` → model."""

PAPER_ONLY = (
    "region_wise", "networks", "output", "lambda_1", "lambda_2", "lambda_3", "alpha", "correlation_on", "reduction",
    "adversarial", "r1_gamma", "r1_every", "label_resize", "vgg_every",
)  # fmt: skip
"""Fields of `Config` that say something about the region-wise model alone; its rivals have them at their defaults."""
RIVALS_ONLY = ("weights", "graph", "generator_every")
"""Fields that say something about its rivals alone."""
TWO_GRAPHS = ("ca", "gated", "pic")
"""Models whose program departs from their paper in the graph; the others have one, and no `Config.graph`."""
RIVAL = {"reduction": "mean", "vgg_size_px": 0}
"""What all rivals have: their losses are means, and their loss networks see pictures at their own size."""
