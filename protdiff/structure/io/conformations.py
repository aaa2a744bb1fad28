"""Records of one residue, wherever they are in a file, and which of its conformations is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jaxtyping import Bool

    from .atoms import Atoms

__all__ = ["choose_conformation", "gathered", "residue_begins"]


def residue_begins(atoms: Atoms) -> Bool[np.ndarray, " records"]:
    """Whether a record is the first of its residue, if those of one residue are neighbours."""
    keys = (atoms.chain_id, atoms.residue_number, atoms.insertion_code, atoms.block)
    return np.concatenate([[True], np.any([key[1:] != key[:-1] for key in keys], axis=0)])


class _Group(NamedTuple):
    """Records of one residue."""

    rows: list[int]
    names: set[str]
    records: set[tuple[str, str, str]]  # residue name, atom name, alternate location
    altlocs: set[str]


def gathered(atoms: Atoms) -> Atoms:
    """Records in an order that has those of one residue side by side.

    Some programs write alternate locations behind the chain, or sort by atom name. Records of one
    number are of one residue if none comes twice and they have the same residue name, or an
    alternate location each.

    Parameters
    ----------
    atoms : Atoms

    Returns
    -------
    Atoms
        With a `block` of its own for every residue, if any of them was in pieces.
    """
    begins = residue_begins(atoms)
    start = np.flatnonzero(begins)
    columns = (atoms.chain_id, atoms.residue_number, atoms.insertion_code)
    keys = list(zip(*(column[start].tolist() for column in columns), strict=True))
    if len(set(keys)) == len(keys):
        return atoms
    columns = (atoms.residue_name, atoms.name, atoms.altloc)
    records = list(zip(*(column.tolist() for column in columns), strict=True))
    groups: list[_Group] = []
    by_key: dict[tuple[str, int, str], list[_Group]] = {}
    for key, first, last in zip(
        keys, start.tolist(), [*start[1:].tolist(), len(begins)], strict=True
    ):
        own = set(records[first:last])
        run = _Group(
            list(range(first, last)), {r[0] for r in own}, own, {altloc for _, _, altloc in own}
        )
        group = next((other for other in by_key.get(key, []) if _same_residue(other, run)), None)
        if group is None:
            groups.append(run)
            by_key.setdefault(key, []).append(run)
        else:
            group.rows.extend(run.rows)
            group.names.update(run.names)
            group.records.update(run.records)
            group.altlocs.update(run.altlocs)
    rows = np.concatenate([group.rows for group in groups])
    block = np.repeat(np.arange(len(groups)), [len(group.rows) for group in groups])
    return type(atoms)(*(column[rows] for column in atoms))._replace(block=block)


def _same_residue(first: _Group, second: _Group) -> bool:
    if first.records & second.records:
        return False
    alternates = "" not in second.altlocs and first.altlocs != {""}
    return alternates or bool(first.names & second.names)


def choose_conformation(atoms: Atoms, rows: Iterable[int]) -> tuple[str, dict[str, int]]:
    """Reduce the records of one residue to one residue name and one record per atom.

    The conformation with the most backbone atoms wins, then the highest mean occupancy, then the
    first in the file. Atoms it lacks are filled in from others of the same residue name. Records
    without an alternate location are shared by all conformations, or are one of their own if an
    atom is among them that has alternate locations, too.

    Parameters
    ----------
    atoms : Atoms
    rows : iterable of int
        Records of one residue.

    Returns
    -------
    name : str
    rows : dict of str to int
        Record of every atom.
    """
    records = [
        (r, str(atoms.residue_name[r]), str(atoms.altloc[r]), str(atoms.name[r])) for r in rows
    ]
    # One that is no number gives way to any that is.
    occupancies = {r: np.nan_to_num(atoms.occupancy[r], posinf=0, neginf=0) for r, *_ in records}
    alternates = {(name, atom) for _, name, altloc, atom in records if altloc}
    named = {name for name, _ in alternates}
    best_name, best_rows, best_rank = "", dict[str, int](), (0, -1.0)
    for residue_name, altloc in dict.fromkeys((name, altloc) for _, name, altloc, _ in records):
        alternate: dict[str, int] = {}
        shared: dict[str, int] = {}
        for row, name, alt, atom in records:
            if name == residue_name and alt in ("", altloc):
                (alternate if alt == altloc else shared).setdefault(atom, row)
        counted = list(alternate.values())
        if not altloc and residue_name in named:
            counted = [row for atom, row in alternate.items() if (residue_name, atom) in alternates]
        if not counted:
            continue  # atoms that the conformations share are no conformation
        # Rounded, so that equal occupancies stay a tie that the file order decides.
        occupancy = round(float(np.mean([occupancies[r] for r in counted])), 3)
        rank = (len(alternate.keys() | shared.keys()), occupancy)
        if rank > best_rank:
            best_name, best_rows, best_rank = residue_name, shared | alternate, rank
    others = [record for record in records if record[1] == best_name]
    for row, _, _, atom in sorted(others, key=lambda record: -occupancies[record[0]]):
        best_rows.setdefault(atom, row)
    return best_name, best_rows
