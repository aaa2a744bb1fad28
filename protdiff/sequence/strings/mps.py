"""Matrix product states: distributions of strings that are exact to sum, sample and condition.

    P(s_1 … s_L) = l^T A_1[s_1] … A_L[s_L] r / Z

After Causer, Rotskoff and Garrahan (arXiv 2407.11133). The matrices may be the same at every site,
and then strings of any length have a probability.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float
    from torch import Tensor

__all__ = ["MPS", "born", "mixture"]


@dataclass(frozen=True, eq=False)
class MPS:
    """A matrix product state, whose product of matrices is the weight of a string.

    Parameters
    ----------
    left, right : Tensor, shape (D,)
        Vectors at the ends.
    sites : Tensor, shape (q, D, D) or (L, q, D, D)
        Matrix of every symbol: the same at all sites, or for each of L sites.

    Examples
    --------
    >>> import torch
    >>> from protdiff.sequence.strings import MPS, log_norm
    >>> fair = MPS(torch.ones(1), torch.full((2, 1, 1), 0.5), torch.ones(1))
    >>> fair.symbols, fair.bond, float(log_norm(fair, 100))
    (2, 1, 0.0)
    """

    left: Float[Tensor, " bond"]
    sites: Float[Tensor, "*sites symbols bond bond"]
    right: Float[Tensor, " bond"]

    def __post_init__(self) -> None:
        bond = len(self.left)
        if self.sites.dim() not in (3, 4) or self.sites.shape[-2:] != (bond, bond):
            raise ValueError(
                f"`sites`: must have the shape (symbols, {bond}, {bond}), with an axis of sites in "
                f"front or without, not {tuple(self.sites.shape)}"
            )

    @property
    def symbols(self) -> int:
        """Size of the alphabet."""
        return self.sites.shape[-3]

    @property
    def bond(self) -> int:
        """Bond dimension D."""
        return self.sites.shape[-1]

    def matrices(self, length: int) -> Float[Tensor, "sites symbols bond bond"]:
        """The matrices of every site of a string; ValueError for a length that it cannot have."""
        if length < 0:
            raise ValueError(f"`length` {length}: must be at least 0")
        if self.sites.dim() == 3:
            return self.sites.expand(length, *self.sites.shape)
        if length != len(self.sites):
            raise ValueError(f"`length` {length}: this state has {len(self.sites)} sites")
        return self.sites


def born(amplitude: MPS) -> MPS:
    """The distribution whose weights are the squares of those of `amplitude`; its bond is D².

    Amplitudes may have either sign. Born's rule gives probabilities without a condition on the
    matrices, at the cost of a squared bond.
    """
    a = amplitude
    squared = torch.einsum("...sab,...scd->...sacbd", a.sites, a.sites)
    squared = squared.reshape(*a.sites.shape[:-2], a.bond**2, a.bond**2)
    return MPS(torch.kron(a.left, a.left), squared, torch.kron(a.right, a.right))


def mixture(parts: Sequence[MPS], weights: Sequence[float]) -> MPS:
    """The state with blocks, whose weights are the sums of those of `parts` times `weights`.

    A mixture stays a matrix product state: its bond is the sum of the bonds.
    """
    left = torch.cat([weight * part.left for part, weight in zip(parts, weights, strict=True)])
    blocks = [part.sites for part in parts]
    head = blocks[0].shape[:-2]
    sites = left.new_zeros(*head, len(left), len(left))
    start = 0
    for block in blocks:
        stop = start + block.shape[-1]
        sites[..., start:stop, start:stop] = block
        start = stop
    return MPS(left, sites, torch.cat([part.right for part in parts]))
