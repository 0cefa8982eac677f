r"""What `CorrelationExplorer` computes and draws: rows of f, equation (3), and where L_c, equation (4), comes from.

For one position i everything is a product of a matrix and a vector: with Ψ as (n, c) and E = Ψ(I_c1) - Ψ(I_gt),

    f_ij(I) = Ψ_j · Ψ_i                                              a row of f
    f_ij(I_c1) - f_ij(I_gt) = Ψ_j(I_c1) · E_i + E_j · Ψ_i(I_gt)      its difference, without cancellation

Summed over j it is what position i adds to L_c / σ. For all i at once that is n² numbers: tiles of a few rows, and only
rows of positions that changed; the others follow because the matrix is symmetric.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rwlib.conventions import compose
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.networks.vgg import VGGFeatures

TILE = 256
"""Rows of the (n, n) matrix at a time; at n = 2304 that is 2.4 MB."""


@dataclass(frozen=True)
class Composite:
    """The first composite of one network, and its features."""

    I_c1: Tensor
    """(1, 3, h, w)."""
    psi: dict[bool, Tensor]
    """Whether of length one → features (n, c)."""
    where: dict[bool, Tensor]
    """Likewise → Σ_j |f_ij(I_c1) - f_ij(I_gt)| of each i, (n,)."""


@dataclass(frozen=True)
class Scene:
    """A photograph with a hole, and what networks make of it."""

    I_gt: Tensor
    M: Tensor
    psi: dict[bool, Tensor]
    """Of the ground truth, as in `Composite`."""
    composites: dict[str, Composite]

    @property
    def side(self) -> int:
        """Positions down and across: a quarter of the picture's side."""
        return self.I_gt.shape[-1] // 4


@dataclass(frozen=True)
class View:
    """What one position i sees; maps are (side, side)."""

    cell: tuple[int, int]
    cosine: bool
    f_gt: Tensor
    f: dict[str, Tensor]
    """f_ij of each composite."""
    difference: dict[str, Tensor]
    """f_ij of each composite less that of the ground truth."""
    where: dict[str, Tensor]
    """What each i adds to L_c / σ."""

    def total(self, name: str) -> float:
        """Return Σ_j |f_ij(I_c1) - f_ij(I_gt)| for this i."""
        return float(self.difference[name].abs().sum())

    def share(self, name: str) -> float:
        """Return this i's part of the whole sum, from 0 to 1."""
        return self.total(name) / max(float(self.where[name].sum()), 1e-30)


def features(I: Tensor, vgg: VGGFeatures) -> dict[bool, Tensor]:
    """Return pool 2 of (1, 3, h, w) as (n, c): False → as they are, True → brought to length one."""
    psi = vgg(I, pools=2)[1].flatten(2)[0].T.contiguous().float()
    return {False: psi, True: F.normalize(psi, dim=1)}


def difference_row(A: Tensor, B: Tensor, i: int) -> Tensor:
    """Return A_j · A_i - B_j · B_i of all j, for features (n, c), as (n,)."""
    E_i = A[i] - B[i]
    return A @ E_i + (A - B) @ B[i]


def where_from(A: Tensor, B: Tensor) -> Tensor:
    """Return Σ_j |A_j · A_i - B_j · B_i| of every i, for features (n, c), as (n,), without an (n, n) matrix."""
    changed = (A != B).any(dim=1)
    sums = A.new_zeros(len(A), dtype=torch.float64)
    for rows in changed.nonzero()[:, 0].split(TILE):
        D = ((A - B)[rows] @ A.T + B[rows] @ (A - B).T).abs()  # (tile, n)
        sums[rows] += D.sum(1)
        sums[~changed] += D[:, ~changed].sum(0)
    return sums.float()


def explore(I_gt: Tensor, M: Tensor, networks: Mapping[str, RegionWiseGenerator], vgg: VGGFeatures) -> Scene:
    """Fill the hole by the first network of each generator, and compare features.

    Args:
        I_gt: (1, 3, h, w), h = w divisible by 4.
        M: (1, 1, h, w), 1 existing, 0 missing.
        networks: name → generator.
        vgg: keeps the picture's size (`size_px=0`), in one memory format, so that what did not change stays equal.
    """
    psi_gt, composites = features(I_gt, vgg), {}
    for name, G in networks.items():
        I_in = I_gt * M
        I_c1 = compose(I_gt, G.semantic_inferring(I_in, M), M)
        psi = features(I_c1, vgg)
        composites[name] = Composite(I_c1, psi, {kind: where_from(psi[kind], psi_gt[kind]) for kind in psi})
    return Scene(I_gt, M, psi_gt, composites)


def look(scene: Scene, cell: tuple[int, int], cosine: bool = False) -> View:
    """Return what the position at `cell` (row, column) sees; a click's work, O(n c)."""
    side = scene.side
    i = cell[0] * side + cell[1]
    rows = {name: composite.psi[cosine] for name, composite in scene.composites.items()}
    B = scene.psi[cosine]
    return View(
        cell,
        cosine,
        (B @ B[i]).view(side, side),
        {name: (A @ A[i]).view(side, side) for name, A in rows.items()},
        {name: difference_row(A, B, i).view(side, side) for name, A in rows.items()},
        {name: composite.where[cosine].view(side, side) for name, composite in scene.composites.items()},
    )


def correlation_loss_of(scene: Scene, name: str) -> float:
    """Return L_c of a composite, eq. (4): σ = 1 / c² times the sum over all i."""
    channels = scene.psi[False].shape[1]
    return float(scene.composites[name].where[False].double().sum()) / channels**2


def worst_cell(scene: Scene, name: str, cosine: bool = False) -> tuple[int, int]:
    """Return the position that adds most to the sum."""
    return divmod(int(scene.composites[name].where[cosine].argmax()), scene.side)


def sentence(scene: Scene, view: View) -> str:
    """Say what there is to notice at this position, in a sentence or two."""
    (row, column), (left, right) = view.cell, list(view.f)
    i = row * scene.side + column
    exists = scene.M[0, 0, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
    changed = any((composite.psi[False][i] != scene.psi[False][i]).any() for composite in scene.composites.values())
    before, after = view.total(left), view.total(right)
    if not changed:
        text = "This position sees nothing of the hole and did not change: it differs only from positions j that did."
    else:
        part = "lies in the hole" if not exists.any() else "straddles the border" if not exists.all() else "exists"
        text = f"This position {part}"
        text += ", but its 16×16 pixels reach into the hole" if part == "exists" else ""
        if before > 0 and after > 0:
            percent = round(100 * (after / before - 1))
            less = f"{abs(percent)} % {'smaller' if percent < 0 else 'larger'} with “{right}” than with “{left}”"
            text += f": Σ|{'Δcos' if view.cosine else 'Δf'}| is " + (less if percent else "the same for both networks")
        text += "."
    strength = scene.psi[False].norm(dim=1)
    rank = float((strength < strength[i]).float().mean())
    weak, strong = rank < 0.25, rank > 0.75
    if not view.cosine and (weak or strong):
        kind, related = ("weak", "unrelated to all") if weak else ("strong", "related to all")
        text += f" Its features are {kind}, so by raw products it seems {related} others: compare the cosine."
    return text
