r"""EC (Nazeri et al., "EdgeConnect: Generative Image Inpainting with Adversarial Edge Learning", ICCV workshops 2019).

"Lines first, color next": one network guesses the edges of the hole, another one paints between them.

    C                                             Canny's edges of the existing region (`rwlib.networks.layers.canny`)
    [grey, 1 in the hole ‖ C ‖ 1 - M] → edge network → C_p,    C_c = C ⊙ M + C_p ⊙ (1 - M)
    [picture, 1 in the hole ‖ C_c] → completion network → I_p → I_c

Inside, pictures are in [0, 1]. Both networks are Johnson's (2016), c = `width` = 64, every convolution but the last
followed by instance normalisation (IN, without scale and shift) and a ReLU:

    7x7, c, mirrored border                   8 residual blocks of 4c:             4x4 transposed, 2c, stride 2
    4x4, 2c, stride 2                         3x3, dilation 2, IN, ReLU,           4x4 transposed, c, stride 2
    4x4, 4c, stride 2                         3x3, IN, and the block's input       7x7, 1 or 3, mirrored border

The edge network ends with a sigmoid and has spectral normalisation in all layers but the last, the completion network
ends with a tanh. Both discriminators are 70x70 PatchGANs with spectral normalisation: 4x4 convolutions of widths c, 2c,
4c of stride 2, 8c and 1 of stride 1, leaky ReLU 0.2. They give scores without a sigmoid, and the features of all layers
for feature matching. That of the edges sees [grey ‖ edges], the other one the picture.

Layers before IN have no bias here: IN takes it away again. (The program has some.)
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from rwlib.config import Config
from rwlib.conventions import InputError, check_image_and_mask, compose
from rwlib.networks.layers.canny import canny_edges, grey
from rwlib.networks.rivals.ec_networks import JohnsonNetwork


class ECOutputs(NamedTuple):
    """What the two networks make."""

    I_p: Tensor
    """Prediction of the completion network, (b, 3, h, w) in [-1, 1]."""
    I_c: Tensor
    """Composite, the result, (b, 3, h, w)."""
    C_c: Tensor
    """Edges: Canny's where the picture exists, the edge network's in the hole, (b, 1, h, w) in [0, 1]."""


class EdgeConnect(nn.Module):
    """Edge network and completion network, one after the other.

    Args:
        width: channels of the first layers; 64 in the paper.

    Shapes: I_gt (b, 3, h, w) in [-1, 1], M (b, 1, h, w), 1 existing → `ECOutputs`. Both sides divisible by 4, one of
    them at least 8.

    Raises:
        InputError: wrong shapes or sides.

    Example:
        >>> G = EdgeConnect(width=2)
        >>> G(torch.zeros(1, 3, 16, 16), torch.ones(1, 1, 16, 16)).C_c.shape
        torch.Size([1, 1, 16, 16])
    """

    divisor = 4
    least_px = 8

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.edge_network = JohnsonNetwork(3, 1, width, spectral=True)
        self.completion_network = JohnsonNetwork(4, 3, width, spectral=False)

    @classmethod
    def from_config(cls, config: Config) -> "EdgeConnect":
        """Build both networks with `config.width`."""
        return cls(config.width)

    @classmethod
    def of(cls, edge_network: nn.Module, completion_network: nn.Module) -> "EdgeConnect":
        """Put two networks together, which may be trained apart."""
        G = cls.__new__(cls)
        nn.Module.__init__(G)
        G.edge_network, G.completion_network = edge_network, completion_network
        return G

    def forward(self, I_gt: Tensor, M: Tensor, C: Tensor | None = None) -> ECOutputs:
        """Fill the hole: find the edges that exist, guess the others, complete. The hole is erased first.

        Args:
            I_gt: pictures.
            M: masks.
            C: edges of the existing region, (b, 1, h, w); without, Canny's.
        """
        check_image_and_mask(I_gt, M, divisor=self.divisor)
        if max(sides := tuple(I_gt.shape[-2:])) < self.least_px:
            raise InputError(f"image: ec needs a side of at least {self.least_px}, got {sides}; enlarge it")
        M = M.to(I_gt.dtype)
        I_in = I_gt * M
        C_c = self.guess_edges(I_in, M, canny_edges(I_in, M) if C is None else C)  # (b, 1, h, w)
        I_p = self.complete(I_in, M, C_c)  # (b, 3, h, w)
        return ECOutputs(I_p, compose(I_in, I_p, M), C_c)

    def graph_inputs(self, I_gt: Tensor, M: Tensor) -> dict[str, Tensor]:
        """Return C: Canny's edges are no layers, so whoever fills with an exported graph finds them beforehand."""
        return {"C": canny_edges(I_gt * M, M)}

    def guess_edges(self, I_in: Tensor, M: Tensor, C: Tensor) -> Tensor:
        """Return C in the existing region and the edge network's guess in the hole, (b, 1, h, w) in [0, 1].

        Args:
            I_in: (b, 3, h, w) in [-1, 1]; what stands in the hole is not read.
            M: (b, 1, h, w), floating point.
            C: (b, 1, h, w), edges, of which those in the hole are not read.
        """
        return compose(C, self.predict_edges(I_in, M, C), M)

    def predict_edges(self, I_in: Tensor, M: Tensor, C: Tensor) -> Tensor:
        """Return the edge network's prediction of all edges, (b, 1, h, w) in [0, 1]; arguments as above."""
        x = torch.cat([compose(grey(I_in), torch.ones_like(M), M), C * M, 1 - M], dim=1)  # (b, 3, h, w)
        return self.edge_network(x).sigmoid()

    def complete(self, I_in: Tensor, M: Tensor, C_c: Tensor) -> Tensor:
        """Return the prediction (b, 3, h, w) in [-1, 1] on given edges, true or guessed; arguments as above."""
        x = torch.cat([compose((I_in + 1) / 2, torch.ones_like(M), M), C_c], dim=1)  # (b, 4, h, w)
        return self.completion_network(x).tanh()

    @torch.no_grad()
    def fill(self, I_gt: Tensor, M: Tensor) -> Tensor:
        """Return the composite (b, 3, h, w) alone."""
        return self(I_gt, M).I_c
