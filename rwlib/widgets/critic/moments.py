r"""Moments of a training, as the discriminator sees them (section 3.4, eq. 6), from its networks or a checkpoint.

A moment is what D_r says at one step of real, of I_p1 and of I_p2, on photographs that stay the same, with many small
holes of the size that training has. It holds

* the mean score of patches as large as in training, weighted by the hole's share: at 64 px a patch has one score;
* the score map of the whole 256 px picture in 4x4 cells (D is a stack of convolutions, so it takes any size). With six
  layers each cell is one score; with fewer, as `Config.discriminator_layers` has them for small pictures, the mean of
  those that lie in it;
* the sensitivity |d mean score / d pixel|, summed over colours: which pixels the verdict hangs on. Outside the hole it
  is zero, because D sees nothing there.

The centre of a score's receptive field lies at row and column 64 k + 63, half a cell below and to the right of the
middle of the k-th 64x64 square: three zeros are padded, one before and two after
(`rwlib.networks.discriminator.pad_same`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rwlib.checkpoints import load_weights, read_checkpoint
from rwlib.config import Config
from rwlib.conventions import image_to_tensor, tensor_to_image
from rwlib.masks import label_from_mask, random_mask
from rwlib.networks.discriminator import RegionWiseDiscriminator
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.randomness import Stream, make_generator
from rwlib.training.contents import below
from rwlib.training.schedule import Schedule
from rwlib.training.state import step_of

JUDGED = ("I_gt", "I_p1", "I_p2")
"""The pictures whose holes the discriminator scores."""
SIDE_PX, TILE_PX, CELLS = 256, 64, 4
MOST = 40
"""Moments that are kept of a run; with more, every second of the older ones goes."""
CENTRES_PX = tuple(64 * k + 63 for k in range(CELLS))
"""Rows and columns at which the receptive fields of the score map are centred."""


@dataclass(frozen=True)
class Moment:
    """What the discriminator says at one step; n photographs."""

    step: int
    """Finished steps."""
    phase: int
    """1: the discriminator has not been trained yet; 2: it is."""
    scores: dict[str, float]
    """Picture → mean score of patches of the training size."""
    maps: dict[str, np.ndarray]
    """Picture → (n, 4, 4), scores of the whole pictures, means over channels."""
    predictions: dict[str, np.ndarray]
    """`I_p1`, `I_p2` → (n, 256, 256, 3), uint8."""
    care: dict[str, np.ndarray]
    """Picture → (n, 128, 128), uint8: sensitivity in means of 2x2 pixels, 255 times the square root of its share of
    `care_max`."""
    care_max: list[float]
    """Largest sensitivity of each photograph, over all three pictures."""


@dataclass(frozen=True)
class Scenes:
    """The photographs and holes on which the discriminator is asked."""

    I_gt: np.ndarray
    """(n, 256, 256, 3), uint8."""
    M: np.ndarray
    """(n, 256, 256), bool, True existing."""
    what: str
    """Where the photographs come from."""

    @classmethod
    def from_photographs(cls, photographs: Sequence[np.ndarray], what: str, seed: int = 0) -> "Scenes":
        """Give 256 px photographs a hole in each of their sixteen 64 px squares, 15 to 35 % of it."""
        M = []
        for i in range(len(photographs)):
            tiles = [
                random_mask(
                    TILE_PX,
                    TILE_PX,
                    (0.15, 0.35),
                    kind="contiguous",
                    generator=make_generator(seed, Stream.CRITIC, i, k),
                )[0]
                for k in range(CELLS**2)
            ]
            M.append(torch.cat([torch.cat(tiles[CELLS * r : CELLS * r + CELLS], 1) for r in range(CELLS)]).numpy() > 0)
        return cls(np.stack(photographs), np.stack(M), what)


def tensors_of(scenes: Scenes) -> tuple[Tensor, Tensor]:
    """Return `I_gt` (n, 3, 256, 256) and `M` (n, 1, 256, 256)."""
    return torch.cat([image_to_tensor(x) for x in scenes.I_gt]), torch.from_numpy(scenes.M)[:, None].float()


def add(moments: Sequence[Moment], new: Moment) -> list[Moment]:
    """Put a moment at the end; what a resumed run takes back goes, and of too many every second of the older ones."""
    kept = [m for m in moments if m.step < new.step]
    if len(kept) >= MOST:
        kept = kept[::2]
    return [*kept, new]


# --- from networks


def look(
    G: RegionWiseGenerator, D: RegionWiseDiscriminator, scenes: Scenes, config: Config, step: int, phase: int
) -> Moment:
    """Ask both networks at one moment."""
    I_gt, M = tensors_of(scenes)
    G, D = (net.eval().requires_grad_(False).to(memory_format=torch.channels_last) for net in (G, D))
    with torch.no_grad():
        outputs = [G(I_gt[i : i + 1], M[i : i + 1]) for i in range(len(I_gt))]
    seen = {"I_gt": I_gt, "I_p1": torch.cat([x.I_p1 for x in outputs]), "I_p2": torch.cat([x.I_p2 for x in outputs])}
    maps, care, scores = {}, {}, {}
    for kind, I in seen.items():
        score_map, gradient = sensitivity(D, I, M)
        maps[kind] = score_map
        care[kind] = torch.nn.functional.avg_pool2d(gradient[:, None], 2)[:, 0].numpy()
        scores[kind] = patch_score(D, I, M, min(config.size_px, SIDE_PX))
    care_max = np.max([x.max((1, 2)) for x in care.values()], axis=0)
    share = {kind: np.sqrt(x / np.maximum(care_max, 1e-30)[:, None, None]) for kind, x in care.items()}
    return Moment(
        step, phase, scores, maps,
        {kind: np.stack([tensor_to_image(I) for I in seen[kind]]) for kind in ("I_p1", "I_p2")},
        {kind: (255 * x).round().astype(np.uint8) for kind, x in share.items()},
        [float(x) for x in care_max],
    )  # fmt: skip


def sensitivity(D: RegionWiseDiscriminator, I: Tensor, M: Tensor) -> tuple[np.ndarray, Tensor]:
    """Return D's score maps, means over channels, and |d mean score / d pixel| summed over colours.

    Args:
        D: the discriminator.
        I: (n, 3, h, w) in [-1, 1].
        M: (n, 1, h, w), 1 existing.

    Returns:
        (n, ceil(h / 64), ceil(w / 64)), means of the scores in each cell, and (n, h, w), in score per unit of [-1, 1].
    """
    with torch.enable_grad():
        I = I.detach().clone().requires_grad_()
        scores = D(I, M)
        (gradient,) = torch.autograd.grad(scores.mean((1, 2, 3)).sum(), I)
    cells = [math.ceil(side / TILE_PX) for side in I.shape[-2:]]
    return torch.nn.functional.adaptive_avg_pool2d(scores.detach().mean(1), cells).numpy(), gradient.abs().sum(1)


@torch.no_grad()
def patch_score(D: RegionWiseDiscriminator, I: Tensor, M: Tensor, side_px: int) -> float:
    """Cut pictures into patches of the training size and return their mean score, weighted by the hole's share."""

    def patches(x: Tensor) -> Tensor:
        x = x.unfold(2, side_px, side_px).unfold(3, side_px, side_px)  # (n, c, rows, columns, side, side)
        return x.permute(0, 2, 3, 1, 4, 5).flatten(0, 2)

    I, M = patches(I), patches(M)
    scores = D(I, M).mean(1, keepdim=True)
    label = label_from_mask(M, scores.shape[-2:])
    return float((scores * label).sum() / label.sum().clamp(min=1e-6))


def from_checkpoint(file: str | Path, scenes: Scenes) -> Moment:
    """Look at the networks of a run's `training.safetensors`.

    Raises:
        InputError: no such file, damaged, or no training checkpoint.
    """
    tensors, config, about = read_checkpoint(file, kind="training")
    G, D = RegionWiseGenerator.from_config(config), RegionWiseDiscriminator.from_config(config)
    for name, network in (("G", G), ("D", D)):  # the generator that D plays against, not its moving average
        load_weights(network, below(name, tensors), file=file)
    total, step = int(about.get("total_steps", 0)), step_of(Path(file), about)
    return look(G, D, scenes, config, step, Schedule.from_epochs(config, total / sum(config.epochs)).phase(step - 1))
