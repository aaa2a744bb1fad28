"""Secondary structure and hydrogen bonds by mdtraj (DSSP) and biotite (P-SEA)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import mdtraj
    from jaxtyping import Float, Int

    Coords = Float[np.ndarray, "residues 4 3"]
    Names = Sequence[str] | np.ndarray

__all__ = ["STATES", "dssp", "dssp_and_bonds", "hydrogen_bonds", "psea"]

#: Helix (H, G, I), strand (E, B), coil.
STATES = "HEC"

#: P-SEA treats a chain as two where neighbouring CA are farther apart than this (Å), because the
#: memory that biotite needs grows with the volume that a chain spans.
MAX_STEP = 10.0

#: Kabsch and Sander's energy below which a hydrogen bond exists, kcal/mol.
HYDROGEN_BOND_ENERGY = -0.5


def dssp(coords: Coords, residue_names: Names | None = None, starts: Sequence[int] = (0,)) -> str:
    """Simplified DSSP string.

    Parameters
    ----------
    coords : ndarray, shape (L, 4, 3)
        N, CA, C, O in Å.
    residue_names : sequence of str, optional
        Three-letter names; DSSP needs to know the prolines. ALA by default.
    starts : sequence of int
        First residue of each unbroken chain.

    Returns
    -------
    str
        L letters of "HEC".

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.structure import dssp
    >>> dssp(protdiff.read("data/examples/1a8o.pdb.gz").coords)[10:30]
    'HHHHHHHHHHHHHCCCCCHH'
    """
    return _letters(_trajectory(coords, residue_names, starts))


def hydrogen_bonds(
    coords: Coords, residue_names: Names | None = None, starts: Sequence[int] = (0,)
) -> Int[np.ndarray, "bonds 2"]:
    """Backbone hydrogen bonds, Kabsch-Sander energy under -0.5 kcal/mol.

    Parameters as in `dssp`.

    Returns
    -------
    ndarray of int, shape (bonds, 2)
        Residue of the donor (N-H) and of the acceptor (C=O).
    """
    return _bonds(_trajectory(coords, residue_names, starts), starts)


def dssp_and_bonds(
    coords: Coords, residue_names: Names | None = None, starts: Sequence[int] = (0,)
) -> tuple[str, Int[np.ndarray, "bonds 2"]]:
    """`dssp` and `hydrogen_bonds` of the same residues, in less time than one after the other."""
    trajectory = _trajectory(coords, residue_names, starts)
    return _letters(trajectory), _bonds(trajectory, starts)


def _letters(trajectory: mdtraj.Trajectory) -> str:
    import mdtraj

    letters = mdtraj.compute_dssp(trajectory, simplified=True)[0]
    return "".join(letter if letter in STATES else "C" for letter in letters)


def _bonds(trajectory: mdtraj.Trajectory, starts: Sequence[int]) -> Int[np.ndarray, "bonds 2"]:
    import mdtraj

    energies = mdtraj.kabsch_sander(trajectory)[0].tocoo()
    strong = energies.data < HYDROGEN_BOND_ENERGY
    bonds = np.stack([energies.col[strong], energies.row[strong]], -1)
    # The position of H follows from the residue before it, which the first residue of a chain
    # lacks: mdtraj's bonds from its N-H mean nothing.
    return bonds[~np.isin(bonds[:, 0], starts)]


def psea(ca: Float[np.ndarray, "residues 3"]) -> str:
    """P-SEA string of one unbroken chain from its CA trace (Å): L letters of "HEC".

    A CA that is missing (NaN) is coil, and breaks the chain.

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.structure import psea
    >>> psea(protdiff.read("data/examples/1a8o.pdb.gz").ca)[10:30]
    'HHHHHHHHHHHHHHHCCCHH'
    """
    import biotite.structure as struc

    ca = np.asarray(ca, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(ca).all(axis=1))
    if len(known) < len(ca):  # biotite gives such residues no letter at all
        letters = np.full(len(ca), "C")
        for rows in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
            letters[rows] = list(psea(ca[rows]))
        return "".join(letters.tolist())
    jumps = np.flatnonzero(np.linalg.norm(np.diff(ca, axis=0), axis=1) > MAX_STEP) + 1
    if len(jumps):
        return "".join(psea(part) for part in np.split(ca, jumps))
    if len(ca) < 5:
        return "C" * len(ca)
    array = struc.AtomArray(len(ca))
    array.coord = np.asarray(ca, dtype=np.float32)
    array.res_id = np.arange(1, len(ca) + 1)
    array.res_name, array.atom_name = np.full((2, len(ca)), [["ALA"], ["CA"]])
    with np.errstate(invalid="ignore"):  # the direction between CA at one place
        states = struc.annotate_sse(array)
    return "".join(states).translate(str.maketrans("abc", "HEC"))


def _trajectory(
    coords: Coords, residue_names: Names | None, starts: Sequence[int]
) -> mdtraj.Trajectory:
    """mdtraj trajectory of one frame, one chain per entry of `starts`."""
    import mdtraj
    from mdtraj.core.element import carbon, nitrogen, oxygen

    coords, first = np.asarray(coords, dtype=np.float32), set(starts)
    topology = mdtraj.Topology()
    chain = topology.add_chain()
    for i in range(len(coords)):
        if i in first and i:
            chain = topology.add_chain()
        name = "ALA" if residue_names is None else residue_names[i]
        residue = topology.add_residue(name, chain, i + 1)
        for atom, element in (("N", nitrogen), ("CA", carbon), ("C", carbon), ("O", oxygen)):
            topology.add_atom(atom, element, residue)
    return mdtraj.Trajectory(coords.reshape(1, -1, 3) / 10, topology)
