"""How the atoms of a peptide yield to their neighbours: functions of directions, fitted once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .._system.resources import data_file
from .geometry import unit

if TYPE_CHECKING:
    from jaxtyping import Float

    Trace = Float[np.ndarray, "residues 3"]
    Links = Float[np.ndarray, "residues-1 3"]

__all__ = ["PeptideResponse", "fitted_response", "neighbour_functions"]


def neighbour_functions(
    ca: Trace,
    frames: Float[np.ndarray, "residues-1 3 3"],
    midpoints: Links,
    local: Float[np.ndarray, "residues-1 3 3"],
) -> tuple[Float[np.ndarray, "residues-1 2 5"], Float[np.ndarray, "residues-1 2 3"]]:
    """Functions of the neighbours' positions with which a peptide bends and twists.

    They are polynomials in two unit vectors with components (a, e, b) in the frame of the link:
    from its first CA to the N before it, and from its second CA to the C after it, both atoms as in
    rigid peptides. They are 0 where the chain ends.

    Parameters
    ----------
    ca, frames, midpoints, local : ndarray
        CA positions, and `protdiff.structure.peptide.rigid_links` of them.

    Returns
    -------
    even : ndarray, shape (L - 1, 2, 5)
        a, e, a², e², a e of the two directions.
    odd : ndarray, shape (L - 1, 2, 3)
        b, a b, e b, which change sign in the mirror image.
    """
    atoms = midpoints[:, None] + local @ frames
    directions = np.zeros((len(frames), 2, 3))
    directions[1:, 0], directions[:-1, 1] = atoms[:-1, 1] - ca[1:-1], atoms[1:, 0] - ca[1:-1]
    a, e, b = np.moveaxis(unit(directions) @ frames.swapaxes(1, 2), -1, 0)
    return np.stack([a, e, a * a, e * e, a * e], -1), np.stack([b, a * b, e * b], -1)


@dataclass(frozen=True)
class PeptideResponse:
    """How C, N(next) and O of a peptide move with its neighbours, fitted on real chains.

    Parameters
    ----------
    mean : ndarray, shape (2, 5)
        Means of the even functions.
    in_plane : ndarray, shape (2, 5, 3, 2)
        Shifts along a and e, Å per unit of each even function.
    off_plane : ndarray, shape (2, 3, 3)
        Shifts along b, Å per unit of each odd function.
    """

    mean: Float[np.ndarray, "2 5"]
    in_plane: Float[np.ndarray, "2 5 3 2"]
    off_plane: Float[np.ndarray, "2 3 3"]


@cache
def fitted_response() -> PeptideResponse:
    """The fit that the package ships (data/peptide.json, from benchmarks/fit_peptide.py)."""
    table = json.loads(data_file("peptide.json").read_text())
    return PeptideResponse(*(np.array(table[key]) for key in ("mean", "in_plane", "off_plane")))
