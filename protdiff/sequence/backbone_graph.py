"""From a backbone with gaps and missing atoms to the neighbour graph that the network sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..structure.backbone import bonded_to_next
from ..structure.constants import BOND_ANGLES, BOND_LENGTHS, LINK_BREAK
from ..structure.geometry import rejection, unit

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from ..structure.backbone import Backbone
    from .graph import Graph

__all__ = ["carbonyl_oxygens", "graph_of"]


def graph_of(backbone: Backbone) -> tuple[Int[np.ndarray, " nodes"], Graph]:
    """Residues that have N, CA and C, and their neighbour graph.

    An O that is missing is put where the next N, or an extended chain, would have it.

    Parameters
    ----------
    backbone : Backbone

    Returns
    -------
    rows : ndarray of int, shape (R,)
        Residues of the backbone that are in the graph.
    graph : Graph

    Raises
    ------
    ValueError
        If no residue has N, CA and C.
    """
    import torch

    from .graph import neighbour_graph

    rows = np.flatnonzero(backbone.mask[:, :3].all(axis=1))
    if not len(rows):
        raise ValueError("no residue has N, CA and C; give a backbone with all of its atoms")
    part = backbone[rows]
    coords = part.coords - part.ca.mean(axis=0)
    absent = ~part.mask[:, 3]
    coords[absent, 3] = carbonyl_oxygens(coords)[absent]
    # A step of one along the chain where residues are bonded; numbers decide the size of a gap.
    bonded, numbers = bonded_to_next(part), np.diff(part.residue_numbers)
    steps = np.where(bonded, 1, np.where(numbers > 1, numbers, 2))
    position = np.concatenate([[0], np.cumsum(steps)])
    chains = np.unique(part.chain_ids, return_inverse=True)[1]
    graph = neighbour_graph(
        torch.tensor(coords, dtype=torch.float32), torch.from_numpy(position),
        torch.from_numpy(chains), [len(rows)],
    )  # fmt: skip
    return rows, graph


def carbonyl_oxygens(coords: Float[np.ndarray, "residues 4 3"]) -> Float[np.ndarray, "residues 3"]:
    """O (Å) of every residue from its N, CA and C, and from the next N where that is bonded.

    Parameters
    ----------
    coords : ndarray, shape (L, 4, 3)
        N, CA, C and O in Å, chains one after the other; O is not looked at.

    Returns
    -------
    ndarray, shape (L, 3)
    """
    n, ca, c = coords[:, 0], coords[:, 1], coords[:, 2]
    axis = unit(c - ca)
    # O lies opposite to the next N. Where there is none, the chain is taken as extended (psi of
    # 180 degrees), so that O is on the side of the residue's own N.
    side = rejection(n - ca, axis)
    bonded = np.linalg.norm(n[1:] - c[:-1], axis=1) < LINK_BREAK
    side[:-1][bonded] = -rejection(n[1:] - c[:-1], axis[:-1])[bonded]
    turn = np.radians(180 - BOND_ANGLES["CA-C-O"])
    return c + BOND_LENGTHS["C-O"] * (np.cos(turn) * axis + np.sin(turn) * unit(side))
