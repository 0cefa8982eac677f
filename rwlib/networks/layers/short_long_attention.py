r"""Short and long term attention (Zheng et al., "Pluralistic Image Completion", CVPR 2019, section 3.3).

Self-attention whose scores are used twice. In the decoder's own features they look for what belongs together within the
picture that is being made (short term); in the encoder's features of the same size, for what existing regions have to
offer to the hole (long term):

    Q = W_q F,    a = softmax over j of Q_iᵀ Q_j
    C_d = γ a F + F                                       decoder's features F
    C_e = α (1 - M) ⊙ (a F_e) + M ⊙ F_e                   encoder's features F_e
    F' = block([C_d ‖ C_e])

γ and α begin at zero. Both products have the same scores, so one call computes them, without an (n, n) matrix where
PyTorch's fused kernel can (on most GPUs). Elsewhere that matrix takes 4 n² bytes a picture, n = h w: 4 MB for maps of
32x32.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rwlib.networks.layers.residual import ResidualBlock


class ShortTermAttention(nn.Module):
    """Self-attention: C_d above.

    Args:
        channels: of the features.

    Shapes: (b, channels, h, w) → the same.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, max(channels // 4, 1), 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def attend(self, x: Tensor, values: Tensor) -> Tensor:
        """Return a V for values (b, c, h, w): each place's mean of all places, weighted by likeness in x."""
        query = self.query(x).flatten(2).transpose(1, 2)[:, None]  # (b, 1, n, channels / 4), n = h w: one head
        values = values.to(query.dtype)  # one precision, under autocast, too
        V = values.flatten(2).transpose(1, 2)[:, None]  # (b, 1, n, c)
        out = F.scaled_dot_product_attention(query, query, V, scale=1.0)  # (b, 1, n, c)
        return out.transpose(2, 3).reshape(values.shape)

    def forward(self, x: Tensor) -> Tensor:
        """Return C_d."""
        return self.gamma * self.attend(x, x) + x  # (b, channels, h, w)


class ShortLongAttention(ShortTermAttention):
    """Attention to the decoder's and to the encoder's features.

    Args:
        channels: of the decoder's features.
        encoded_channels: of the encoder's.

    Shapes: x (b, channels, h, w), encoded (b, encoded_channels, h, w), M (b, 1, h, w) in [0, 1] →
    (b, channels, h, w).

    Example:
        >>> x, encoded, M = torch.rand(1, 8, 4, 4), torch.rand(1, 4, 4, 4), torch.ones(1, 1, 4, 4)
        >>> ShortLongAttention(8, 4)(x, encoded, M).shape
        torch.Size([1, 8, 4, 4])
    """

    def __init__(self, channels: int, encoded_channels: int) -> None:
        super().__init__(channels)
        self.alpha = nn.Parameter(torch.zeros(1))
        self.block = ResidualBlock(channels + encoded_channels, channels, channels, slope=0.01)

    def forward(self, x: Tensor, encoded: Tensor, M: Tensor) -> Tensor:
        """Return F'."""
        both = self.attend(x, torch.cat([x, encoded], dim=1))  # (b, channels + encoded_channels, h, w)
        short, long = both.split([x.shape[1], encoded.shape[1]], dim=1)
        C_d = self.gamma * short + x  # (b, channels, h, w)
        C_e = self.alpha * (1 - M) * long + M * encoded  # (b, encoded_channels, h, w)
        return self.block(torch.cat([C_d, C_e], dim=1))  # (b, channels, h, w)
