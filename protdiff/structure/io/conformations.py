"""Records of one residue, wherever they are in a file, and which of its conformations is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jaxtyping import Bool

    from .atoms import Atoms

__all__ = ["atoms_of_conformation", "choose_conformation", "gathered", "residue_begins"]


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
    records = _records(atoms, rows)
    name, altloc = _best(records)
    return name, _filled(records, name, altloc)


def atoms_of_conformation(atoms: Atoms, rows: Iterable[int], altloc: str | None) -> dict[str, int]:
    """Record of every atom of a residue of one name, in an alternate location.

    Parameters
    ----------
    atoms : Atoms
    rows : iterable of int
    altloc : str, optional
        Chosen as by `choose_conformation`, over all atoms, where None.
    """
    records = _records(atoms, rows)
    name, best = (str(records[0].residue_name), altloc) if altloc is not None else _best(records)
    return _filled(records, name, best)


class _Record(NamedTuple):
    row: int
    residue_name: str
    altloc: str
    atom: str
    occupancy: float


def _records(atoms: Atoms, rows: Iterable[int]) -> list[_Record]:
    # An occupancy that is no number gives way to any that is.
    return [
        _Record(
            r,
            str(atoms.residue_name[r]),
            str(atoms.altloc[r]),
            str(atoms.name[r]),
            float(np.nan_to_num(atoms.occupancy[r], posinf=0, neginf=0)),
        )
        for r in rows
    ]


def _best(records: list[_Record]) -> tuple[str, str]:
    """Residue name and alternate location of the conformation that wins."""
    alternates = {(r.residue_name, r.atom) for r in records if r.altloc}
    named = {name for name, _ in alternates}
    best, best_rank = ("", ""), (0, -1.0)
    for residue_name, altloc in dict.fromkeys((r.residue_name, r.altloc) for r in records):
        alternate, shared = _of_conformation(records, residue_name, altloc)
        counted = list(alternate.values())
        if not altloc and residue_name in named:
            counted = [r for atom, r in alternate.items() if (residue_name, atom) in alternates]
        if not counted:
            continue  # atoms that the conformations share are no conformation
        # Rounded, so that equal occupancies stay a tie that the file order decides.
        occupancy = round(float(np.mean([r.occupancy for r in counted])), 3)
        rank = (len(alternate.keys() | shared.keys()), occupancy)
        if rank > best_rank:
            best, best_rank = (residue_name, altloc), rank
    return best


def _of_conformation(
    records: list[_Record], residue_name: str, altloc: str
) -> tuple[dict[str, _Record], dict[str, _Record]]:
    """Record of every atom in an alternate location, and of those that are shared."""
    alternate: dict[str, _Record] = {}
    shared: dict[str, _Record] = {}
    for record in records:
        if record.residue_name == residue_name and record.altloc in ("", altloc):
            (alternate if record.altloc == altloc else shared).setdefault(record.atom, record)
    return alternate, shared


def _filled(records: list[_Record], residue_name: str, altloc: str) -> dict[str, int]:
    """Record of every atom of a conformation; those it lacks come from others of its name."""
    alternate, shared = _of_conformation(records, residue_name, altloc)
    chosen = {atom: record.row for atom, record in (shared | alternate).items()}
    others = [record for record in records if record.residue_name == residue_name]
    for record in sorted(others, key=lambda record: -record.occupancy):
        chosen.setdefault(record.atom, record.row)
    return chosen
