"""Backbone atoms as linear functions of the trace and the link vectors, as tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ..structure.constants import CA_CA, CB_FACTORS
from ..structure.peptide import LINK_ATOMS

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    PerResidue = Float[Tensor, "batch residues 3"]
    Atoms = Float[Tensor, "batch residues 4 3"]

__all__ = ["ATOMS", "atoms_present", "link_atoms", "virtual_cb"]

ATOMS = "N", "CA", "C", "O"


def link_atoms(ca: PerResidue, links: PerResidue) -> Atoms:
    """Backbone atoms as linear functions of the trace and the link vectors.

    The rigid trans peptide of `peptide.LINK_ATOMS`, but along CA-CA over its mean length, not
    along the unit vector. `peptide.place_backbone` moves the atoms further, no longer linearly.

    Parameters
    ----------
    ca, links : Tensor, shape (batch, residues, 3)
        CA positions in Å, and unit vectors of the links to the next residue.

    Returns
    -------
    Tensor, shape (batch, residues, 4, 3)
        N, CA, C, O in Å; zero where a chain end has no such atom.
    """
    along, middle = (ca[:, 1:] - ca[:, :-1]) / CA_CA, (ca[:, 1:] + ca[:, :-1]) / 2
    placed = {
        name: middle + part_along * along + part_across * links[:, :-1]
        for name, (part_along, part_across) in LINK_ATOMS["trans"].items()
    }
    end = torch.zeros_like(ca[:, :1])
    n = torch.cat([end, placed["N"]], 1)
    c, o = (torch.cat([placed[name], end], 1) for name in "CO")
    return torch.stack([n, ca, c, o], 2)


def atoms_present(mask: Bool[Tensor, "batch residues"]) -> Bool[Tensor, "batch residues 4"]:
    """Whether `link_atoms` places each atom of padded chains; `mask` is True at their residues."""
    n, c = mask.clone(), mask.roll(-1, 1)
    n[:, 0] = c[:, -1] = False
    return torch.stack([n, mask, c, c], 2)


def virtual_cb(atoms: Atoms) -> PerResidue:
    """CB (Å) where ideal geometry puts it; without meaning where N or C is absent."""
    n, ca, c, _ = atoms.unbind(2)
    before, after = ca - n, c - ca
    normal, first, second = CB_FACTORS
    return ca + first * before + second * after + normal * torch.linalg.cross(before, after)
