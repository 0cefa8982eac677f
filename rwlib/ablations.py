r"""The paper's ablation study (section 4.2, Fig. 4): six variants, each one change away from the full model.

A variant is a function from the full model's configuration to its own, so it can be applied to any preset and size.
The paper names the variants and gives no details; what we decided stands beside each of them. All keep the number of
steps, the data, the holes and the seed.

Trained weights of all six ship with rwlib (`rwlib/weights/ablations/`, see the model card there):

    G, config = load_ablation("standard_conv")
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rwlib.checkpoints import load_generator
from rwlib.config import Config
from rwlib.conventions import one_of
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.shipped import SHIPPED

WEIGHTS = SHIPPED / "ablations"
"""Folder of the variants' generators, `NAME.safetensors`."""


@dataclass(frozen=True)
class Ablation:
    """One variant of the full model."""

    title: str
    """For tables and menus."""
    panel: str
    """Its picture in Fig. 4."""
    change: str
    """What differs from the full model, in a sentence."""
    apply: Callable[[Config], Config]
    """From the full model's configuration to this variant's."""


def _semantic_only(config: Config) -> Config:
    # L_r and L_a count I_p1 twice, because I_p2 is I_p1; twice λ_1 keeps the balance, as if each counted once.
    return replace(config, networks="semantic", lambda_1=2 * config.lambda_1, lambda_2=0.0)


ABLATIONS: dict[str, Ablation] = {
    "full": Ablation("full model", "g", "Nothing is changed.", lambda config: config),
    "standard_conv": Ablation(
        "standard convolution",
        "b",
        "The three region-wise layers are plain convolutions over both regions, skip connections included.",
        lambda config: replace(config, region_wise="none"),
    ),
    "no_correlation": Ablation(
        "without L_c", "c", "λ_1 is 0: nothing relates distant positions.", lambda config: replace(config, lambda_1=0.0)
    ),
    # The paper does not say at which network the two meet. We take the second, where the style loss is at home.
    "same_network": Ablation(
        "L_c and L_s on I_c2",
        "d",
        "The correlation loss sees the second composite, as the style loss does, and not the first.",
        lambda config: replace(config, correlation_on="I_c2"),
    ),
    # The style loss belongs to the global perceiving network (section 3.1) and goes with it.
    "semantic_only": Ablation(
        "first network only",
        "e",
        "No global perceiving network, and so no style loss: the result is I_c1.",
        _semantic_only,
    ),
    # Region-wise Encoder-Decoder (Ma et al., 2019a): the same number of steps, all of them in phase one.
    "no_adversarial": Ablation(
        "without L_a (RED)",
        "f",
        "No discriminator: phase one lasts to the end.",
        lambda config: replace(config, epochs=(sum(config.epochs), 0)),
    ),
}
"""Name → variant, the full model first."""


def ablation_config(name: str, config: Config) -> Config:
    """Apply a variant to the full model's configuration.

    Raises:
        InputError: an unknown variant.

    Example:
        >>> ablation_config("no_correlation", Config()).lambda_1
        0.0
    """
    return ABLATIONS[one_of("name", name, list(ABLATIONS))].apply(config)


def load_ablation(name: str, folder: str | Path = WEIGHTS) -> tuple[RegionWiseGenerator, Config]:
    """Return a variant's trained generator in evaluation mode, and its configuration.

    Args:
        name: of the variant, see `ABLATIONS`.
        folder: where `NAME.safetensors` lies; the shipped ones by default.

    Raises:
        InputError: an unknown variant, or a file that is missing or damaged.
    """
    one_of("name", name, list(ABLATIONS))
    return load_generator(Path(folder) / f"{name}.safetensors")
