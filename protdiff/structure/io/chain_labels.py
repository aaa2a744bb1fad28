"""Chain ids for chains that a file does not name, or gives one name."""

from __future__ import annotations

from string import ascii_letters, digits
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..._system.notices import warn
from ..constants import LINK_BREAK
from .contacts import check_copies, pairs_closer

if TYPE_CHECKING:
    from jaxtyping import Int

    from .atoms import Atoms

__all__ = ["Labelled", "labels_of_segments", "named"]


class Labelled(NamedTuple):
    """Records of one model whose chain ids may stand for several chains."""

    atoms: Atoms
    copies: Int[np.ndarray, " records"]  # which of the chains of its chain id, counted from 0
    split: Int[np.ndarray, " records"]  # counts residues in a row that share a number


def labels_of_segments(
    atoms: Atoms, carbons: Int[np.ndarray, " carbons"]
) -> Int[np.ndarray, " records"]:
    """Copy of its chain id that every record belongs to, where only segment ids say so.

    Segments that share no residue number may be of one chain: some programs give every stretch
    of HETATM records its own.
    """
    columns = (atoms.chain_id, atoms.segment, atoms.residue_number, atoms.insertion_code)
    numbers: dict[tuple[str, str], set[tuple[int, str]]] = {}
    for chain, segment, *number in zip(*(c[carbons].tolist() for c in columns), strict=True):
        numbers.setdefault((chain, segment), set()).add(tuple(number))
    labels: dict[tuple[str, str], int] = {}
    taken: dict[tuple[str, int], set[tuple[int, str]]] = {}
    for (chain, segment), own in numbers.items():
        copy = 0
        while own & taken.get((chain, copy), set()):
            copy += 1
        labels[chain, segment] = copy
        taken.setdefault((chain, copy), set()).update(own)
    keys = zip(atoms.chain_id.tolist(), atoms.segment.tolist(), strict=True)
    return np.array([labels.get(key, 0) for key in keys], dtype=int)


def named(model: Labelled) -> Atoms:
    """The records, with a chain id of its own for every chain.

    The first chain of a chain id keeps it; the others, and all chains of a blank one, get letters
    that are free.
    """
    model = model._replace(copies=_with_bonded(model))
    atoms, labels = model.atoms, _split_blank(model)
    chain_ids = atoms.chain_id.tolist()
    keys = list(zip(chain_ids, labels.tolist(), strict=True))
    carbons = np.flatnonzero((atoms.name == "CA") & (atoms.residue_name != "CA")).tolist()
    chains: dict[str, dict[int, str]] = {}  # the copies of every chain id, and their segments
    for row in carbons:
        chains.setdefault(chain_ids[row], {}).setdefault(labels[row], str(atoms.segment[row]))
    used, names = set(chain_ids), dict[tuple[str, int], str]()
    for chain, copies in chains.items():
        if len(copies) == 1:
            continue
        new = _free_names(chain, list(copies.values()), used)
        names |= {(chain, copy): name for copy, name in zip(copies, new, strict=True)}
        which = f"chain id {chain!r} is that of" if chain else "blank chain ids stand for"
        warn(f"{which} {len(new)} chains; read as {', '.join(new)}")
    return atoms._replace(
        chain_id=np.array([names.get(key, key[0]) for key in keys], dtype=np.str_),
        block=atoms.block * (int(model.split.max(initial=0)) + 1) + model.split,
    )


def _with_bonded(model: Labelled) -> Int[np.ndarray, " records"]:
    """Copies, after HETATM residues behind all chains have that of the chain they are bonded to."""
    atoms, copies, _ = model
    if not copies.any() or not atoms.hetero.any():
        return copies
    keys = (atoms.chain_id, atoms.residue_number, atoms.insertion_code, copies, model.split)
    begins = np.any([key[1:] != key[:-1] for key in (*keys, atoms.block)], axis=0)
    residue = np.concatenate([[0], begins.cumsum()])
    copies = copies.copy()
    carbon, nitrogen = np.flatnonzero(atoms.name == "C"), np.flatnonzero(atoms.name == "N")
    placed = ~atoms.hetero
    for first, second in ((carbon, nitrogen), (nitrogen, carbon)) * 2:
        there, new = first[placed[first]].tolist(), second[~placed[second]].tolist()
        for i, j in pairs_closer(atoms, there, new, LINK_BREAK).tolist():
            if atoms.chain_id[there[i]] == atoms.chain_id[new[j]] and not placed[new[j]]:
                rows = residue == residue[new[j]]
                copies[rows], placed[rows] = copies[there[i]], True
    return copies


def _free_names(chain: str, segments: list[str], used: set[str]) -> list[str]:
    """Names of the chains of one chain id."""
    if not chain and len(set(segments)) == len(segments) and all(len(s) == 1 for s in segments):
        new = segments  # some programs write the chain id there
        if not used & set(new):
            used.update(new)
            return new
    free = [letter for letter in ascii_letters[26:] + ascii_letters[:26] + digits]
    new = [chain] if chain else []
    while len(new) < len(segments):
        letter = next((name for name in free if name not in used), f"{chain}{len(new) + 1}")
        used.add(letter)
        new.append(letter)
    return new


def _split_blank(model: Labelled) -> Int[np.ndarray, " records"]:
    """Labels of chains, after those with blank ids are split by segment ids and TER records."""
    atoms, copies, _ = model
    blank = atoms.chain_id == ""
    # A TER ends the chain before it: only blank records on both sides are of different chains.
    cut = blank[1:] & blank[:-1] & (atoms.block[1:] != atoms.block[:-1])
    block = np.concatenate([[0], cut.cumsum()]).tolist()
    groups = list(zip(copies.tolist(), atoms.segment.tolist(), block, strict=True))
    rows: dict[tuple[int, str, int], list[int]] = {}
    carbons = blank & (atoms.name == "CA") & (atoms.residue_name != "CA")
    for row in np.flatnonzero(carbons).tolist():
        rows.setdefault(groups[row], [])
    if len(rows) < 2:
        return copies
    check_copies(len(rows), "")
    for row in np.flatnonzero(blank).tolist():
        if groups[row] in rows:
            rows[groups[row]].append(row)
    chains: list[tuple[int, list[int]]] = []  # copy and records
    of_group: dict[tuple[int, str, int], int] = {}
    for group, own in rows.items():
        same = (
            k
            for k, (copy, other) in enumerate(chains)
            if copy == group[0] and _bond_between(atoms, own, other)
        )
        chain = next(same, len(chains))
        if chain == len(chains) and chains and atoms.hetero[own].all():
            chain -= 1  # ligands, which are sorted out later
        if chain == len(chains):
            chains.append((group[0], []))
        chains[chain][1].extend(own)
        of_group[group] = chain
    return np.where(blank, [of_group.get(group, 0) for group in groups], copies)


def _bond_between(atoms: Atoms, first: list[int], second: list[int]) -> bool:
    """Whether a peptide bond joins any residue of one list of records to one of another."""

    def of(rows: list[int], name: str) -> list[int]:
        return [row for row in rows if atoms.name[row] == name]

    return any(
        len(pairs_closer(atoms, of(a, "C"), of(b, "N"), LINK_BREAK))
        for a, b in ((first, second), (second, first))
    )
