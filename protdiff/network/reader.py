"""Secondary structure as a sequence suggests it, for a network that sees few beads.

At coarse times many residues share a bead, which is told their mean type: what decides between
helix and strand, the order of the types, is lost. It is read before, at every residue.
"""

from dataclasses import dataclass

import torch
from torch import nn

from .condition_features import STATES, TYPES

__all__ = ["ReaderConfig", "SequenceReader", "with_reading"]


@dataclass(frozen=True)
class ReaderConfig:
    """Sizes of a reader; stored with the weights. `dilations`: of its convolutions, in turn."""

    width: int = 64
    kernel: int = 7
    dilations: tuple[int, ...] = (1, 2, 4, 1, 8, 1)
    dropout: float = 0.1


class _Block(nn.Module):
    """Residual convolution along the chain."""

    def __init__(self, config, dilation):
        super().__init__()
        if config.kernel % 2 == 0:
            raise ValueError(f"kernel {config.kernel}: must be odd, to have a middle")
        width, reach = config.width, dilation * (config.kernel // 2)
        self.norm = nn.LayerNorm(width)
        self.along = nn.Conv1d(width, width, config.kernel, padding=reach, dilation=dilation)
        self.mix = nn.Sequential(nn.GELU(), nn.Dropout(config.dropout), nn.Linear(width, width))

    def forward(self, x, mask):
        return x + self.mix(self.along((self.norm(x) * mask).mT).mT) * mask


class SequenceReader(nn.Module):
    """Dilated convolutions over residue types.

    Parameters
    ----------
    config : ReaderConfig
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embed = nn.Linear(TYPES + 3, config.width)
        self.blocks = nn.ModuleList(_Block(config, dilation) for dilation in config.dilations)
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, STATES)

    def forward(self, types, lengths):
        """Log-odds of helix, strand and coil.

        Parameters
        ----------
        types : Tensor, shape (B, N, 20)
            One-hot, zero where not given.
        lengths : sequence of int, or Tensor, shape (B,)

        Returns
        -------
        Tensor, shape (B, N, 3)
        """
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


def with_reading(reader, conditions, lengths):
    """Conditions with the reader's probabilities where a type is given and no state.

    Parameters
    ----------
    reader : SequenceReader
    conditions : Tensor, shape (B, N, 23)
        See `conditions.condition_features`.
    lengths : sequence of int, or Tensor, shape (B,)

    Returns
    -------
    Tensor, shape (B, N, 23)
    """
    types, states = conditions.split([TYPES, STATES], -1)
    unread = (types.sum(-1, keepdim=True) > 0) & (states.sum(-1, keepdim=True) == 0)
    weight = reader.head.weight
    read = reader(types.to(weight.device, weight.dtype), lengths).softmax(-1)
    return torch.cat([types, torch.where(unread, read.to(states), states)], -1)
