r"""PIC (Zheng et al., "Pluralistic Image Completion", CVPR 2019): several answers for one hole.

Training has two paths, a conditional VAE beside a GAN. Both see the features f_m of the existing region; z, which says
what the hole holds, comes from the hole itself (reconstructive path) or from its surroundings (generative path):

    [I ⊙ (1 - M)] → encoder → posterior: μ, σ → z ┐                        → I_rec at four scales
    [I ⊙ M]       → encoder → prior:     μ, σ → z ┴ + f_m → decoder        → I_p   at four scales

Filling takes the second path; each z drawn from the prior gives another answer. c = `width` = 32, z has 4c channels:

    encoder, one for both paths                decoder
    block 0      c, halved                     z block      4c, 4c at 1/32; f_m is added
    1, 2         2c, 4c, halved                0, 1         4c, 4c, doubled: 1/16, 1/8
    3, 4         4c, 4c, halved: 1/32                       attention to the encoder's block 2 at 1/8
    prior        6 blocks of 4c, one to 8c     2, 3, 4      4c, 2c, c, doubled: 1/4, 1/2, 1
    posterior    one block to 8c: μ, σ         pictures     after 1, 2, 3, 4: mirrored 3x3, tanh; each is
                                                            concatenated to what follows

Blocks are residual and spectrally normalised (`rwlib.networks.layers.residual`), σ is a softplus, the attention is that
of `rwlib.networks.layers.short_long_attention`. Pictures under 64 px have fewer levels: 4 at 32 px, 3 at 16 px.

Two discriminators, one a path, of the same kind: blocks c, 2c, 4c, 4c, 4c, each halved, with self-attention before the
fourth, one more block and a 3x3 convolution to scores (no sigmoid: LSGAN).

Paper and program: `form="program"` takes the spectral norm of transposed convolutions as the program does
(`UpsamplingBlock`), for its weights. The paper does not say how the mask is brought to the attention's map; the program
resizes it bilinearly, corners aligned, and so does rwlib.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.config import Config
from rwlib.conventions import InputError, check_image_and_mask, compose, one_of
from rwlib.networks.rivals.pic_networks import MAX_LEVELS, Decoder, Encoder, Normal, normal

MIN_LEVELS = 3
FORMS = ("paper", "program")


def levels_for(size_px: int) -> int:
    """Return how many times a square picture is halved: 5 times, fewer if less than 2x2 would be left.

    Example:
        >>> [levels_for(size_px) for size_px in (16, 32, 64, 256)]
        [3, 4, 5, 5]
    """
    return min(MAX_LEVELS, size_px.bit_length() - 2)


class PICOutputs(NamedTuple):
    """What filling makes, (b, 3, h, w) each in [-1, 1]."""

    I_p: Tensor
    """Prediction at full size."""
    I_c: Tensor
    """Composite, the result."""


class TwoPaths(NamedTuple):
    """What training needs."""

    posterior: Normal
    """Of the hole's own content."""
    prior: Normal
    """Of what its surroundings tell."""
    I_rec: list[Tensor]
    """Pictures of the reconstructive path, the smallest first, each (b, 3, ...)."""
    I_gen: list[Tensor]
    """Pictures of the generative path."""


class PICGenerator(nn.Module):
    """Encoder and decoder.

    Args:
        width: channels of the first block; 32 in the program.
        levels: how many times the picture is halved, 3 to 5; 5 in the paper.
        form: `"paper"` or `"program"`, see above.
        z_channels: of z; 0 takes 4 width, as in the program.

    Shapes: I_gt (b, 3, h, w) in [-1, 1], M (b, 1, h, w), 1 existing → `PICOutputs`. Both sides divisible by 2^levels,
    and one of them larger than that.

    Raises:
        InputError: wrong shapes or sides, noise of another shape, levels out of range, or an unknown form.

    Example:
        >>> G, noise = PICGenerator(width=4, levels=3), torch.Generator().manual_seed(0)
        >>> I, M = torch.zeros(1, 3, 16, 16), torch.zeros(1, 1, 16, 16)
        >>> bool((G.fill(I, M, noise) - G.fill(I, M, noise)).any())  # two answers
        True
    """

    def __init__(self, width: int = 32, levels: int = MAX_LEVELS, form: str = "paper", z_channels: int = 0) -> None:
        super().__init__()
        if not MIN_LEVELS <= levels <= MAX_LEVELS:
            raise InputError(f"levels: expected {MIN_LEVELS} to {MAX_LEVELS}, got {levels}")
        self.divisor, self.least_px, self.z_channels = 2**levels, 2 ** (levels + 1), z_channels or 4 * width
        self.encoder = Encoder(width, levels, self.z_channels)
        self.decoder = Decoder(width, levels, self.z_channels, one_of("form", form, FORMS))

    @classmethod
    def from_config(cls, config: Config) -> "PICGenerator":
        """Build the generator for pictures of `config.size_px`, with `config.width` and the graph of `config.graph`.

        Raises:
            InputError: a size that cannot be halved as often as it should.
        """
        levels = levels_for(config.size_px)
        if levels < MIN_LEVELS or config.size_px % 2**levels:
            levels = max(levels, MIN_LEVELS)
            near = max(2, round(config.size_px / 2**levels)) * 2**levels
            raise InputError(
                f"size_px: pic halves the picture {levels} times, expected a multiple of {2**levels} of at least "
                f"{2 ** (levels + 1)}, got {config.size_px}; take {near}"
            )
        return cls(config.width, levels, form=config.graph)

    def noise_shape(self, I_gt: Tensor) -> tuple[int, int, int, int]:
        """Return the shape of z for pictures (b, 3, h, w)."""
        b, _, h, w = I_gt.shape
        return b, self.z_channels, h // self.divisor, w // self.divisor

    def forward(
        self, I_gt: Tensor, M: Tensor, noise: Tensor | None = None, *, noise_rec: Tensor | None = None,
        both_paths: bool = False,
    ) -> PICOutputs | TwoPaths:  # fmt: skip
        """Fill the hole. Pixels of I_gt inside it are erased first, but for the reconstructive path.

        Args:
            I_gt: pictures.
            M: masks.
            noise: of shape `noise_shape`, normal; without, z is the mean of the prior.
            noise_rec: the same for the reconstructive path.
            both_paths: whether to train; returns `TwoPaths`.
        """
        check_image_and_mask(I_gt, M, divisor=self.divisor)
        b, _, h, w = shape = self.noise_shape(I_gt)
        if h * w == 1:
            sides = tuple(I_gt.shape[-2:])
            raise InputError(f"image: pic needs a side of at least {self.least_px}, got {sides}; enlarge it")
        for name, x in (("noise", noise), ("noise_rec", noise_rec)):
            if x is not None and x.shape != shape:
                raise InputError(f"{name}: expected shape {shape}, got {tuple(x.shape)}")
        M = M.to(I_gt.dtype)
        I_in = I_gt * M
        if not both_paths:
            features = self.encoder(I_in)  # (b, c, h/2, w/2), ..., (b, 4 width, h/32, w/32)
            z = normal(self.encoder.prior(features[-1])).sample(noise)  # (b, z_channels, h/32, w/32)
            I_p = self._decode(z, features, M)[-1]  # (b, 3, h, w)
            return PICOutputs(I_p, compose(I_in, I_p, M))

        features = self.encoder(torch.cat([I_in, I_gt * (1 - M)]))  # both at once: (2 b, c, h/2, w/2), ...
        f_m, f_c = features[-1].chunk(2)  # (b, 4 width, h/32, w/32) each: existing region, hole's own content
        posterior, prior = normal(self.encoder.posterior(f_c)), normal(self.encoder.prior(f_m))
        z = torch.cat([posterior.sample(noise_rec), prior.sample(noise)])  # (2 b, z_channels, h/32, w/32)
        seen = [torch.cat([x[:b], x[:b]]) for x in features]  # either path sees the existing region's features
        pictures = self._decode(z, seen, torch.cat([M, M]))  # (2 b, 3, h', w') each, the smallest first
        I_rec, I_gen = zip(*(x.chunk(2) for x in pictures), strict=True)
        return TwoPaths(posterior, prior, list(I_rec), list(I_gen))

    def graph_inputs(self, I_gt: Tensor, M: Tensor) -> dict[str, Tensor]:
        """Return noise: an exported graph draws none itself; zeros give the answer of the prior's mean."""
        return {"noise": torch.randn(self.noise_shape(I_gt), generator=torch.Generator().manual_seed(0)).to(I_gt)}

    def _decode(self, z: Tensor, features: list[Tensor], M: Tensor) -> list[Tensor]:
        encoded = features[-3]  # (b, 4 width, h/8, w/8)
        M = F.interpolate(M, encoded.shape[-2:], mode="bilinear", align_corners=True)
        return self.decoder(z, features[-1], encoded, M)

    @torch.no_grad()
    def fill(self, I_gt: Tensor, M: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return one of the possible composites (b, 3, h, w).

        Args:
            I_gt: pictures.
            M: masks.
            generator: each call with it gives another answer, the same ones from the same seed; without, the answer of
                the prior's mean, which is always the same. Noise is drawn on the generator's device.
        """
        noise = None
        if generator is not None:
            noise = torch.randn(self.noise_shape(I_gt), generator=generator, device=generator.device).to(I_gt)
        return self(I_gt, M, noise).I_c
