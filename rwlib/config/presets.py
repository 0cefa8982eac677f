r"""Presets say which losses, sizes how large; `make_config(preset, size)` is the only way the two are combined."""

from typing import Any, Literal

from rwlib.config.fields import Config
from rwlib.config.models import MODELS, RIVAL
from rwlib.errors import InputError, one_of

Preset = Literal["balanced", "paper", "release", "red"]
Size = Literal["tiny", "small", "full"]

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


# Region-wise encoder-decoder (Ma et al., 2019a; Fig. 4f): no L_a. All epochs belong to phase one, see `make_config`.
PRESETS["red"] = PRESETS["balanced"] | {"lambda_3": 0.0}

RIVAL_PRESETS: dict[str, dict[str, Any]] = {
    # As its paper, but for short trainings: faster at first, along a cosine, with an average of the weights.
    "balanced": {"learning_rate": 4e-4, "final_learning_rate": 1e-5, "ema_decay": 0.999, "batch_size": 8,
                 "generator_every": 1},
    # As its paper says (`rwlib.config.models`).
    "paper": {},
}  # fmt: skip
"""The presets that all rivals have: what each changes in the settings of the rival's paper."""

SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"size_px": 64, "steps_per_epoch": 50, "workers": 0, "checkpoint_every": 100, "sample_every": 50},
    "small": {"size_px": 128},
    "full": {"size_px": 256},
}
"""What each size changes, beside widths and epochs, which differ between models (`rwlib.config.models`): `tiny` for
minutes on a CPU, `small` for an hour, `full` as in the paper."""


def make_config(preset: str = "balanced", size: str = "small", **overrides: Any) -> Config:
    """Combine a preset (which losses) with a size (how large), then apply single fields.

    Args:
        preset: `"balanced"`, our calibration, or `"paper"`; for the region-wise model also `"release"`, the authors'
            program, and `"red"`, without L_a.
        size: `"tiny"`, `"small"` or `"full"`.
        overrides: fields of `Config`; `model` chooses what the preset and the size mean.

    Raises:
        InputError: an unknown preset, size, model or field, or a refused value.

    Example:
        >>> make_config("paper", "full").lambda_1
        1e-05
        >>> make_config("paper", "full", model="ec").loss_weights()["L_s"]
        250.0
    """
    one_of("preset", preset, list(PRESETS))
    one_of("size", size, list(SIZES))
    name = one_of("model", overrides.get("model", "region-wise"), list(MODELS))
    model = MODELS[name]
    width, discriminator_width = model.widths[size]
    epochs = model.epochs[size]
    sizes = SIZES[size] | {"width": width, "discriminator_width": discriminator_width}
    if name == "region-wise":
        losses = PRESETS[preset]
        epochs = (sum(epochs), 0) if preset == "red" else epochs
    elif preset in RIVAL_PRESETS:
        losses = RIVAL | model.settings | RIVAL_PRESETS[preset]
    else:
        raise InputError(f"preset: {preset} belongs to region-wise; {name} has {' and '.join(RIVAL_PRESETS)}")
    return Config.from_dict({**losses, **sizes, "epochs": epochs, **overrides})
