"""The neighbour graph of a backbone: who is near, and where its atoms lie, as invariant numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ..structure.constants import CB_FACTORS

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

__all__ = ["EDGE_FEATURES", "NEIGHBOURS", "SEPARATIONS", "Graph", "neighbour_graph", "virtual_cb"]

#: Neighbours of every residue, those of the nearest CA; the residue itself is the first.
NEIGHBOURS = 30
#: Atoms of a residue: N, CA, C, O and the virtual CB.
ATOMS = 5
#: Centres of the radial functions of a distance: how many, the first and the last (Å).
CENTRES, FIRST_CENTRE, LAST_CENTRE = 12, 2.0, 20.0
#: Features of a pair of neighbours.
EDGE_FEATURES = ATOMS * ATOMS * CENTRES
#: Longest separation along the chain that differs from longer ones, residues.
MAX_SEPARATION = 32
#: Values of `Graph.separation`: from -32 to 32, and one for other chains.
SEPARATIONS = 2 * MAX_SEPARATION + 2


@dataclass(frozen=True)
class Graph:
    """Neighbours of every residue of one or more structures.

    Attributes
    ----------
    neighbours : Tensor of int, shape (R, K)
        Indices of the residues with the nearest CA, nearest first; padded with the residue itself.
    present : Tensor of bool, shape (R, K)
        False in the padding of structures of fewer than K residues.
    features : Tensor, shape (R, K, EDGE_FEATURES)
        Radial functions of the distances between the atoms of the two residues.
    separation : Tensor of int, shape (R, K)
        Positions along the chain from the residue to its neighbour, at most 32 in size, plus 32;
        65 for a neighbour in another chain.
    """

    neighbours: Int[Tensor, "residues neighbours"]
    present: Bool[Tensor, "residues neighbours"]
    features: Float[Tensor, "residues neighbours features"]
    separation: Int[Tensor, "residues neighbours"]


def virtual_cb(coords: Float[Tensor, "residues 4 3"]) -> Float[Tensor, "residues 3"]:
    """CB (Å) where an ideal alanine has it, from N, CA and C.

    Examples
    --------
    >>> import torch
    >>> n, ca, c = [1.458, 0.0, 0.0], [0.0, 0.0, 0.0], [-0.551, 1.424, 0.0]
    >>> cb = virtual_cb(torch.tensor([[n, ca, c, ca]]))
    >>> round(float(cb.norm()), 2), bool(cb[0, 2] > 0)
    (1.53, True)
    """
    n, ca, c = coords[:, 0], coords[:, 1], coords[:, 2]
    b, a = ca - n, c - ca
    cross, along_b, along_a = CB_FACTORS
    return ca + cross * torch.linalg.cross(b, a) + along_b * b + along_a * a


def neighbour_graph(
    coords: Float[Tensor, "residues 4 3"],
    position: Int[Tensor, " residues"],
    chain: Int[Tensor, " residues"],
    lengths: list[int],
) -> Graph:
    """Neighbour graph of structures that lie one after the other.

    Parameters
    ----------
    coords : Tensor, shape (R, 4, 3)
        N, CA, C and O in Å, all present.
    position : Tensor of int, shape (R,)
        Along the chain; a gap in the numbers is a gap in the chain.
    chain : Tensor of int, shape (R,)
        Number of the chain.
    lengths : list of int
        Residues of every structure; residues of different structures are no neighbours.

    Returns
    -------
    Graph
    """
    rows, presence, first = [], [], 0
    for length in lengths:
        near, present = _nearest(coords[first : first + length, 1])
        rows.append(near + first)
        presence.append(present)
        first += length
    neighbours, present = torch.cat(rows), torch.cat(presence)
    separation = (position[neighbours] - position[:, None]).clamp(-MAX_SEPARATION, MAX_SEPARATION)
    separation = separation + MAX_SEPARATION
    separation[chain[neighbours] != chain[:, None]] = SEPARATIONS - 1
    atoms = torch.cat([coords, virtual_cb(coords)[:, None]], 1)
    return Graph(neighbours, present, _radial(atoms, neighbours), separation)


def _nearest(
    ca: Float[Tensor, "residues 3"],
) -> tuple[Int[Tensor, "residues neighbours"], Bool[Tensor, "residues neighbours"]]:
    """Neighbours of the residues of one structure, and which of them are no padding."""
    length = len(ca)
    count = min(length, NEIGHBOURS)
    # Differences, not the matrix product of `cdist`, which is less exact far from the origin.
    square = (ca[:, None] - ca[None]).square().sum(-1)
    near = square.topk(count, largest=False, sorted=True).indices
    present = torch.ones(length, NEIGHBOURS, dtype=torch.bool)
    if count < NEIGHBOURS:
        padding = torch.arange(length)[:, None].expand(-1, NEIGHBOURS - count)
        near, present = torch.cat([near, padding], 1), present.clone()
        present[:, count:] = False
    return near, present


def _radial(
    atoms: Float[Tensor, "residues atoms 3"], neighbours: Int[Tensor, "residues neighbours"]
) -> Float[Tensor, "residues neighbours features"]:
    """Gaussians of all distances between the atoms of neighbours."""
    there = atoms.index_select(0, neighbours.flatten()).view(*neighbours.shape, 1, ATOMS, 3)
    distance = (atoms[:, None, :, None] - there).square().sum(-1).clamp_min(1e-6).sqrt()
    centres = torch.linspace(FIRST_CENTRE, LAST_CENTRE, CENTRES)
    width = (LAST_CENTRE - FIRST_CENTRE) / CENTRES
    radial = torch.exp(-((distance[..., None] - centres) / width).square())
    return radial.flatten(2)
