"""Secondary structure predicted from residue types, for a network that sees few beads.

At coarse times many residues share a bead, and the bead only knows their mean type: the order of
the types, which decides between helix and strand, is lost. So the secondary structure is predicted
from the types beforehand, at every residue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from .condition_features import STATES, TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["ReaderConfig", "SequenceReader", "with_reading"]


@dataclass(frozen=True)
class ReaderConfig:
    """Sizes of a `SequenceReader`; stored with the weights.

    Parameters
    ----------
    width : int
        Channels.
    kernel : int
        Residues under a convolution, odd.
    dilations : tuple of int
        Dilation of each convolution.
    dropout : float
    """

    width: int = 64
    kernel: int = 7
    dilations: tuple[int, ...] = (1, 2, 4, 1, 8, 1)
    dropout: float = 0.1


class ResidualConvolution(nn.Module):
    """Convolution along the chain and a mix of channels, added to the input."""

    def __init__(self, config: ReaderConfig, dilation: int) -> None:
        super().__init__()
        if config.kernel % 2 == 0:
            raise ValueError(f"kernel {config.kernel}: must be odd, to have a middle")
        width, reach = config.width, dilation * (config.kernel // 2)
        self.norm = nn.LayerNorm(width)
        self.along = nn.Conv1d(width, width, config.kernel, padding=reach, dilation=dilation)
        self.mix = nn.Sequential(nn.GELU(), nn.Dropout(config.dropout), nn.Linear(width, width))

    def forward(
        self, x: Float[Tensor, "batch residues width"], mask: Float[Tensor, "batch residues 1"]
    ) -> Float[Tensor, "batch residues width"]:
        return x + self.mix(self.along((self.norm(x) * mask).mT).mT) * mask


class SequenceReader(nn.Module):
    """Predicts helix, strand and coil from residue types, by dilated convolutions.

    Parameters
    ----------
    config : ReaderConfig
    """

    def __init__(self, config: ReaderConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Linear(TYPES + 3, config.width)
        self.blocks = nn.ModuleList(
            ResidualConvolution(config, dilation) for dilation in config.dilations
        )
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, STATES)

    def forward(
        self,
        types: Float[Tensor, "batch residues 20"],
        lengths: Sequence[int] | Int[Tensor, "batch"],
    ) -> Float[Tensor, "batch residues 3"]:
        """Log-odds of helix, strand and coil; `types` are one-hot, zero where not known."""
        n = torch.as_tensor(lengths, device=types.device)[:, None]
        index = torch.arange(types.shape[1], device=types.device)[None]
        to_ends = index.expand(len(n), -1), (n - 1 - index).clamp_min(0)
        ends = [distance.to(types.dtype).log1p() / 4 for distance in to_ends]
        size = n.to(types.dtype).log().expand_as(ends[0]) / 6
        mask = (index < n)[..., None].to(types.dtype)
        x = self.embed(torch.cat([types, torch.stack([*ends, size], -1)], -1)) * mask
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.norm(x))


def with_reading(
    reader: SequenceReader,
    conditions: Float[Tensor, "batch residues 23"],
    lengths: Sequence[int] | Int[Tensor, "batch"],
) -> Float[Tensor, "batch residues 23"]:
    """Conditions with predicted states where the residue type is known and the state is not.

    Parameters
    ----------
    reader : SequenceReader
    conditions : Tensor, shape (B, N, 23)
        See `condition_features`. Predicted states are probabilities instead of one-hot.
    lengths : sequence of int, or Tensor, shape (B,)
    """
    types, states = conditions.split([TYPES, STATES], -1)
    predicted = (types.sum(-1, keepdim=True) > 0) & (states.sum(-1, keepdim=True) == 0)
    weight = reader.head.weight
    probabilities = reader(types.to(weight.device, weight.dtype), lengths).softmax(-1)
    return torch.cat([types, torch.where(predicted, probabilities.to(states), states)], -1)
