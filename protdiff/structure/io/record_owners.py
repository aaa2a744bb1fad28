"""Which residue of the backbone every record of a file belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .conformations import residue_begins

if TYPE_CHECKING:
    from jaxtyping import Bool, Int

    from .atoms import Atoms

__all__ = ["LEFT_OUT", "OTHER", "residues_of_records"]

#: In place of a residue: what belongs to none, and what is left out as the backbone of it is.
OTHER, LEFT_OUT = -1, -2


def residues_of_records(
    atoms: Atoms, places: Int[np.ndarray, "residues 4"]
) -> Int[np.ndarray, " records"]:
    """Residue of every record.

    Records side by side with one number and name are of the residue whose backbone atoms are among
    them. The others of its number and name belong to it too, if none of them is there already:
    some programs write alternate locations behind the chain, or sort by atom name. What has the
    number of a residue, and is another conformation of it or there twice, is left out.

    Parameters
    ----------
    atoms : Atoms
        All records of a model.
    places : ndarray of int, shape (residues, 4)
        Records of the backbone atoms; -1 where there is none.

    Returns
    -------
    ndarray of int, shape (records,)
        Index of the residue, `OTHER` or `LEFT_OUT`.
    """
    begins = residue_begins(atoms)
    for column in (atoms.residue_name, atoms.segment):
        begins[1:] |= column[1:] != column[:-1]
    rows, residues = places[places >= 0], np.nonzero(places >= 0)[0]
    _cut(atoms, begins, rows, residues)
    run = begins.cumsum() - 1
    owner = np.full(int(run[-1]) + 1, OTHER)
    owner[run[rows]] = residues
    if (owner < 0).any():
        _place_others(atoms, np.flatnonzero(begins), owner)
    return owner[run]


def _cut(
    atoms: Atoms,
    begins: Bool[np.ndarray, " records"],
    rows: Int[np.ndarray, " chosen"],
    residues: Int[np.ndarray, " chosen"],
) -> None:
    """Let a residue begin where a record is repeated, if several residues share a number."""
    run = begins.cumsum() - 1
    held = np.unique(np.stack([run[rows], residues]), axis=1)[0]
    for shared in np.unique(held[1:][held[1:] == held[:-1]]).tolist():
        seen = set[tuple[str, str]]()
        for row in np.flatnonzero(run == shared).tolist():
            record = (str(atoms.name[row]), str(atoms.altloc[row]))
            if record in seen:
                begins[row], seen = True, set()
            seen.add(record)


def _place_others(
    atoms: Atoms, starts: Int[np.ndarray, " runs"], owner: Int[np.ndarray, " runs"]
) -> None:
    """Give runs without backbone atoms of their own to residues, or leave them out."""
    columns = (atoms.chain_id, atoms.residue_number, atoms.insertion_code)
    keys = list(zip(*(column[starts].tolist() for column in columns), strict=True))
    names = atoms.residue_name[starts].tolist()
    stops = [*starts[1:].tolist(), len(atoms.name)]
    runs_of: dict[tuple[object, ...], list[int]] = {}
    for k in np.flatnonzero(owner >= 0).tolist():
        runs_of.setdefault(keys[k], []).append(k)

    def records(k: int) -> set[tuple[str, str]]:
        own = slice(starts[k], stops[k])
        return set(zip(atoms.name[own].tolist(), atoms.altloc[own].tolist(), strict=True))

    others = [k for k in np.flatnonzero(owner < 0).tolist() if keys[k] in runs_of]
    # A second name that a residue has is one of its conformations if it has a CA.
    second = {(keys[k], names[k]) for k in others if any(name == "CA" for name, _ in records(k))}
    for k in others:
        same = [r for r in runs_of[keys[k]] if names[r] == names[k]]
        new = [r for r in same if not records(k) & records(r)]
        if new:
            place = atoms.coord[starts[k]]
            near = min(new, key=lambda r: float(np.linalg.norm(atoms.coord[starts[r]] - place)))
            owner[k] = owner[near]
        elif same or (keys[k], names[k]) in second:
            owner[k] = LEFT_OUT
