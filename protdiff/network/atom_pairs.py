"""What the score network sees of packing: distances of backbone atoms of residues far in sequence.

Attention knows distances of CA atoms. Whether two carbonyls overlap, or an N-H and an O are about
to bond, is decided by other atoms, which the links place: here their distances become radial
functions ("shells"). A hidden layer of them joins the attention bias, and their sums over
neighbours, with the sums of the vectors to these neighbours, join the features of every bead.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn

from ..structure.constants import CA_CA
from .attention_blocks import from_blocks, gather_keys, into_blocks
from .linear import Linear, flat_weight
from .link_atoms import atoms_present, link_atoms, virtual_cb
from .pair_bias import MIN_EXPONENT

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    PerBead = Float[Tensor, "batch beads 3"]

__all__ = ["HIDDEN", "AtomPairs", "PairFeatures"]

#: Atom of the query and atom of the key in every kind of pair, as places in N, CA, C, O, CB.
KINDS = ((0, 3), (3, 0), (3, 3), (4, 4))
#: Radial functions are Gaussians in the logarithm of the distance, between these distances (Å).
#: All that is nearer than the first counts as being there.
NEAREST, FARTHEST = 2.0, 8.0
RADIAL = 6
#: Root mean squares, in real chains, of the sums of each radial function over neighbours, and of
#: the components of these sums of vectors (bead spacings): the features are in units of them.
COUNTS, STEPS = (0.25, 0.75, 1.8, 3.8, 8.1, 16.0), (0.1, 0.3, 0.65, 1.3, 3.6, 11.0)
#: Residues nearer along the chain than this have no pairs: bonds and angles decide their distances.
LEAST_SEPARATION = 2
#: Added to the squared distance (Å²) of pairs that do not count; beyond all radial functions.
FAR = 1e6
#: Width of the hidden layer.
HIDDEN = 16


class PairFeatures(NamedTuple):
    """Hidden layer of the pairs before its activation, and updates of the features of beads."""

    hidden: Float[Tensor, "hidden pairs"]
    scalars: Float[Tensor, "batch beads scalars"]
    vectors: Float[Tensor, "batch beads 3 vectors"]


class AtomPairs(nn.Module):
    """Shells of atoms around every bead, in one estimate of full chains.

    Parameters
    ----------
    scalars, vectors : int
        Channels of the features of beads. Their updates start at zero.
    """

    exponents: Tensor
    sizes: Tensor

    def __init__(self, scalars: int, vectors: int) -> None:
        super().__init__()
        centres = torch.linspace(log(NEAREST), log(FARTHEST), RADIAL)
        sharpness = ((RADIAL - 1) / log(FARTHEST / NEAREST)) ** 2 / 2
        # Coefficients of l², l and 1 in -sharpness (l - centre)², for the logarithm l.
        squares = torch.stack([torch.ones_like(centres), -2 * centres, centres.square()], 1)
        self.register_buffer("exponents", -sharpness * squares, persistent=False)
        sizes = torch.tensor([COUNTS, STEPS]).repeat(1, len(KINDS))
        self.register_buffer("sizes", sizes, persistent=False)
        shells = len(KINDS) * RADIAL
        self.hidden = nn.Linear(shells, HIDDEN)
        self.around = Linear(f"{shells}x0e + {shells}x1e", f"{scalars}x0e + {vectors}x1e")
        nn.init.zeros_(flat_weight(self.around))

    def forward(
        self,
        x: PerBead,
        links: PerBead,
        mask: Bool[Tensor, "batch beads"],
        separation: Int[Tensor, "rows_or_1 queries keys"],
        keys: Int[Tensor, "batch blocks keys"] | None,
    ) -> PairFeatures:
        """Features of one estimate.

        Parameters
        ----------
        x, links : Tensor, shape (B, M, 3)
            Positions in bead spacings, and vectors of the link after each bead.
        mask : Tensor, shape (B, M), bool
            Beads that have atoms; false in padding, and where the links are not active.
        separation : Tensor, shape (R or 1, Q, K), int
            Along the chain, from the query to the key.
        keys : Tensor, shape (B, blocks, KEYS_PER_BLOCK), optional
            See `attention_blocks`.
        """
        queries, others, absent_queries, absent_others = _ends(x, links, mask)
        shells = self._shells(
            _squared_distances(queries, others, absent_queries, absent_others, separation, keys)
        )
        hidden = self.hidden.weight @ shells.flatten(0, 1).flatten(1)
        counts, steps = _sums_around(shells, queries, others, keys)
        scalars, vectors = self.around(counts / self.sizes[0], steps / CA_CA / self.sizes[1])
        return PairFeatures(hidden + self.hidden.bias[:, None], scalars, vectors)

    def _shells(
        self, square: Float[Tensor, "kinds rows queries keys"]
    ) -> Float[Tensor, "kinds radial rows queries keys"]:
        """Radial functions of squared distances (Å²)."""
        logarithm = square.clamp_min(NEAREST**2).log().flatten(1) / 2
        powers = torch.stack([logarithm.square(), logarithm, torch.ones_like(logarithm)], 1)
        shells = (self.exponents @ powers).clamp_min(MIN_EXPONENT).exp_()
        return shells.unflatten(-1, square.shape[1:])


def _ends(x: PerBead, links: PerBead, mask: Bool[Tensor, "batch beads"]) -> tuple[Tensor, ...]:
    """Atoms (Å) of queries and of keys for every kind of pair, (kinds, B, M, 3), and their absence.

    Absence is `FAR` where there is no such atom, and else 0; shape (kinds, B, M, 1).
    """
    atoms = link_atoms(x * CA_CA, links)
    present = atoms_present(mask)
    atoms = torch.cat([atoms, virtual_cb(atoms)[:, :, None]], 2)
    present = torch.cat([present, (present[:, :, 0] & present[:, :, 2])[:, :, None]], 2)
    absent = (~present).to(x.dtype) * FAR
    ends = []
    for tensor in (atoms, absent[..., None]):
        for kinds in zip(*KINDS, strict=True):
            ends.append(torch.stack([tensor[:, :, kind] for kind in kinds]))
    return tuple(ends)


def _squared_distances(
    queries: Float[Tensor, "kinds batch beads 3"],
    others: Float[Tensor, "kinds batch beads 3"],
    absent_queries: Float[Tensor, "kinds batch beads 1"],
    absent_others: Float[Tensor, "kinds batch beads 1"],
    separation: Int[Tensor, "rows_or_1 queries keys"],
    keys: Int[Tensor, "batch blocks keys"] | None,
) -> Float[Tensor, "kinds rows queries keys"]:
    """Squared distances (Å²) of the pairs that attend, far for those that do not count."""
    ones = torch.ones_like(absent_queries)
    sizes = [part.square().sum(-1, keepdim=True) for part in (queries, others)]
    # |a - b|² as one scalar product: no tensor of pairs × 3 is made.
    left = torch.cat([-2 * queries, sizes[0] + absent_queries, ones], -1)
    right = torch.cat([others, ones, sizes[1] + absent_others], -1)
    square = into_blocks(left, keys) @ gather_keys(right, keys).mT
    return square + (separation.abs() < LEAST_SEPARATION).to(square.dtype) * FAR


def _sums_around(
    shells: Float[Tensor, "kinds radial rows queries keys"],
    queries: Float[Tensor, "kinds batch beads 3"],
    others: Float[Tensor, "kinds batch beads 3"],
    keys: Int[Tensor, "batch blocks keys"] | None,
) -> tuple[Float[Tensor, "batch beads shells"], Float[Tensor, "batch beads 3 shells"]]:
    """Sums of the shells over neighbours, and of the shells times the vectors to them (Å)."""
    size = queries.shape[2]
    ends = torch.cat([others, torch.ones_like(others[..., :1])], -1)
    sums = shells @ gather_keys(ends, keys)[:, None]
    sums = from_blocks(sums.flatten(0, 1), keys, size).unflatten(0, shells.shape[:2])
    counts = sums[..., 3:]
    steps = sums[..., :3] - counts * queries[:, None]
    return (
        counts[..., 0].permute(2, 3, 0, 1).flatten(-2),
        steps.permute(2, 3, 4, 0, 1).flatten(-2),
    )
