r"""Networks whose features pictures are compared by, if their weights are available: Inception (FID), AlexNet (LPIPS).

Both come through torchmetrics, whose weights are downloaded once and then lie in torch's cache. Where they are not,
`rwlib evaluate` does without: a Fréchet distance on the bundled VGG-19 takes FID's place under a name of its own, LPIPS
is left out, and one line says so. Nothing is downloaded unless it is asked for. Such files are pickles, which can hold
programs: they are read by torch's loader that accepts tensors only (`_weights_only`), so that nothing in them can run.

Decided, since the paper says nothing about it: Inception sees whole composites (existing pixels included), resized to
299 pixels as TensorFlow 1 did, which is how the first FID program and those that reproduce it work; LPIPS (Zhang et
al., 2018) is AlexNet's, version 0.1, on whole composites at their own size.
"""

import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from rwlib.conventions import InputError, one_of
from rwlib.networks.vgg import VGGFeatures

CHOICES = ("auto", "download", "vgg", "none")
INCEPTION_FILE = "weights-inception-2015-12-05-6726825d.pth"
ALEXNET_FILE = "alexnet-owt-7be5be79.pth"
LPIPS_MIN_PX = 64  # AlexNet's last pool needs a side of 63 pixels


@dataclass(frozen=True)
class SetFeatures:
    """What a distance of two sets of pictures is measured on."""

    frechet: str
    """Name of the Fréchet distance on these features, a column of the tables."""
    kernel: str
    """Name of the kernel distance on them; empty if there is none."""
    width: int
    """Number of features; with as many pictures or fewer the covariance is singular."""
    extract: Callable[[Tensor], Tensor]
    """From (b, 3, h, w) in [-1, 1], rounded to 8 bits, to (b, width), float32, on the CPU."""
    classified: bool = False
    """Whether U-IDS and P-IDS are measured on them, if there are more pictures than features."""


@dataclass(frozen=True)
class FeatureNetworks:
    """The networks that are available; by default none."""

    features: SetFeatures | None = None
    lpips: Callable[[Tensor, Tensor], Tensor] | None = None
    """From two (b, 3, h, w) in [-1, 1] to (b,)."""
    notes: Sequence[str] = ()
    """One line per thing that is missing: what, why, and how to get it; and one on what U-IDS depends on."""


def open_feature_networks(
    which: str = "auto", *, size_px: int = 256, device: str = "cpu", photos: int | None = None
) -> FeatureNetworks:
    """Open the networks for distances between sets and for LPIPS.

    Args:
        which: `"auto"`: FID and LPIPS where their weights lie in torch's cache, the bundled VGG-19 instead of FID where
            they do not; `"download"`: both, downloaded first if need be; `"vgg"`: the bundled VGG-19 alone; `"none"`.
        size_px: side of the pictures.
        device: where the networks compute.
        photos: number of photographs, for the note on U-IDS; None if it is not known yet.

    Raises:
        InputError: an unknown choice, or `"download"` where that is impossible.
    """
    one_of("features", which, CHOICES)
    if which == "none":
        return FeatureNetworks()
    if which == "vgg":
        return FeatureNetworks(vgg_features(device))
    download = which == "download"
    notes, features, lpips = [], None, None
    missing_package = importlib.util.find_spec("torch_fidelity") is None
    if download or (not missing_package and _cached(INCEPTION_FILE)):
        features = inception_features(device)
    else:
        why = "needs `pip install rwlib[fid]`" if missing_package else "needs Inception's weights, not in torch's cache"
        notes.append(f"FID {why}; instead: vgg_frechet, on the bundled VGG-19. `--features download` gets them (91 MB)")
        features = vgg_features(device)
    if size_px < LPIPS_MIN_PX:
        notes.append(f"LPIPS is left out: AlexNet needs a side of {LPIPS_MIN_PX} pixels, got {size_px}")
    elif download or _cached(ALEXNET_FILE):
        lpips = alexnet_lpips(device)
    else:
        notes.append("LPIPS is left out: AlexNet's weights are not in torch's cache; `--features download` (233 MB)")
    notes.append(_u_ids_note(features, photos))
    return FeatureNetworks(features, lpips, notes)


def _u_ids_note(features: SetFeatures, photos: int | None) -> str:
    """Say why there is no U-IDS, or what it is to be compared with."""
    if features.frechet != "fid":
        return "U-IDS is left out: it is measured on Inception's features, which FID needs, too"
    if not features.classified:
        return "U-IDS is left out: it needs scikit-learn, `pip install rwlib[fid]`"
    if photos is not None and photos <= features.width:
        return (
            f"U-IDS is left out: it needs {features.width + 1} photographs or more, got {photos}; with no more than "
            f"Inception's {features.width} features even pictures of one kind can be separated"
        )
    return "U-IDS and P-IDS depend on the number of photographs: compare them at equal numbers alone"


def vgg_features(device: str = "cpu") -> SetFeatures:
    """Return the bundled VGG-19's third pool, averaged over positions, as features: `vgg_frechet`, never FID."""
    vgg = VGGFeatures("bundled", size_px=0).to(device)
    return SetFeatures("vgg_frechet", "", 256, lambda I: picture_features(vgg, I))


@torch.no_grad()
def picture_features(vgg: VGGFeatures, I: Tensor, *, batch: int = 16) -> Tensor:
    """Return one row of features per picture: VGG's last pool, averaged over its positions.

    Args:
        vgg: `VGGFeatures("bundled", size_px=0)` to leave the pictures' size as it is.
        I: (b, 3, h, w) in [-1, 1].
        batch: pictures per pass; the result does not depend on it.

    Returns:
        (b, 256), on the CPU, divided by 100.

    Example:
        >>> picture_features(VGGFeatures("random", size_px=0), torch.zeros(3, 3, 32, 32), batch=2).shape
        torch.Size([3, 256])
    """
    device = vgg.shift.device
    return torch.cat([vgg(part.to(device))[-1].mean((2, 3)).cpu() / 100 for part in I.split(batch)])


def inception_features(device: str = "cpu") -> SetFeatures:
    """Return FID's Inception features by torchmetrics and torch-fidelity; their weights are downloaded if need be.

    Raises:
        InputError: torch-fidelity is not installed, or the weights cannot be downloaded or read.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    try:
        with _weights_only():
            inception = FrechetInceptionDistance(feature=2048, antialias=False).inception.to(device).eval()
    except ModuleNotFoundError:
        raise InputError("features: FID needs torch-fidelity; install it with `pip install rwlib[fid]`") from None
    except Exception as error:  # a download fails in many ways, a damaged file in others
        raise _unavailable("FID", "Inception", INCEPTION_FILE, error) from None
    classified = importlib.util.find_spec("sklearn") is not None
    return SetFeatures("fid", "kid", 2048, lambda I: _inception_rows(inception, I, device), classified)


@torch.no_grad()
def _inception_rows(inception: nn.Module, I: Tensor, device: str) -> Tensor:
    """Return (b, 2048): the network takes 8-bit values and resizes by itself."""
    eight_bit = ((I + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return torch.cat([inception(part.to(device)).float().cpu() for part in eight_bit.split(16)])


def alexnet_lpips(device: str = "cpu") -> Callable[[Tensor, Tensor], Tensor]:
    """Return LPIPS with AlexNet by torchmetrics, one value per pair; weights are downloaded if need be.

    Raises:
        InputError: the weights cannot be downloaded or read.
    """
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    try:
        with _weights_only():
            net = LearnedPerceptualImagePatchSimilarity(net_type="alex").net.to(device).eval()
    except Exception as error:
        raise _unavailable("LPIPS", "AlexNet", ALEXNET_FILE, error) from None

    @torch.no_grad()
    def lpips(I_c: Tensor, I_gt: Tensor) -> Tensor:
        return net(I_c.to(device), I_gt.to(device)).flatten().cpu()

    return lpips


@contextmanager
def _weights_only() -> Iterator[None]:
    """Have every `torch.load` refuse all but tensors, even one that is called with `weights_only=False`.

    The packages call it so: through `torch.hub.load_state_dict_from_url`, whose default that is. Of torch's two
    variables the first beats what a caller says; with both set torch refuses everything.
    """
    names = ("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ[names[0]] = "1"
    try:
        yield
    finally:
        del os.environ[names[0]]
        os.environ.update({name: value for name, value in before.items() if value is not None})


def _cached(name: str) -> bool:
    return (Path(torch.hub.get_dir()) / "checkpoints" / name).is_file()


def _unavailable(metric: str, network: str, name: str, error: Exception) -> InputError:
    what = "in torch's cache cannot be read, delete them there" if _cached(name) else "could not be downloaded"
    return InputError(
        f"features: {metric} needs {network}'s weights, which {what} ({type(error).__name__}); "
        "connect to the network once, or use `--features vgg`, which needs none"
    )
