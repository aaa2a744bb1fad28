"""Which residues of a file are of its chains, and in which order.

Neither the record (ATOM or HETATM), nor a TER, nor the place in the file decides alone: programs
write modified residues, force field names and D-amino acids in many ways. A bond does.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..constants import (
    BOND_LENGTHS,
    FILE_BREAK,
    LINK_BREAK,
    LONGEST_NUMBER_JUMP,
    MEASURED_BREAK,
)
from .contacts import pairs_closer

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from .atoms import Atoms

    Flags = Bool[np.ndarray, " residues"]
    Indices = Int[np.ndarray, " residues"]

__all__ = ["Residues", "in_chain_order", "in_chains"]

#: CA-CA distances (Å) of neighbours in a chain: not shorter than this, and up to `FILE_BREAK`.
MIN_CA_CA = 2.0
#: Share of the residues of a chain that bonds must join before they may change its order.
LINKED_SHARE = 0.9
#: C-N distances (Å) not shorter than this.
MIN_LINK = 0.8
#: How far a C-N bond may be from its mean (Å), and the least CA-CA distance (Å), where a bond alone
#: stands against the numbers of two residues.
MAX_STRAIN, MIN_CIS = 0.15, 2.7


class Residues(NamedTuple):
    """Residues that may be of a chain, in file order, those of one chain id side by side."""

    rows: Int[np.ndarray, "residues 4"]  # records of N, CA, C and O; -1 where there is none
    first: Indices  # one of the records
    likely: Flags  # amino acids by their names or atoms; others need a bond


def in_chains(atoms: Atoms, residues: Residues, trace: bool) -> tuple[Flags, Indices]:
    """Residues of the chains, and the residue that follows each by a bond, or -1.

    Parameters
    ----------
    atoms : Atoms
    residues : Residues
    trace : bool
        Whether the file has CA atoms alone.
    """
    hetero, says = atoms.hetero[residues.first], atoms.in_polymer[residues.first]
    following = _following(atoms, residues, trace)
    linked = following >= 0
    linked[following[following >= 0]] = True
    seeds = residues.likely & (~hetero | (says == 1))
    for i in np.flatnonzero(seeds & ~hetero & ~linked & (says != 1)).tolist():
        seeds[i] = not _is_free(atoms, residues, linked, i)
    kept = seeds.copy()
    if not (linked & ~seeds).any():
        return kept, following
    for part in stretches(atoms.residue_number[residues.first], following):
        if len(part) > 1 and not seeds[part].all():
            kept[part] = seeds[part].any() or _is_of_chain(atoms, residues, seeds, part)
    return kept, following


def _following(atoms: Atoms, residues: Residues, trace: bool) -> Indices:
    """The residue behind each in its chain, by a bond; -1 for none."""
    rows, first = residues.rows, residues.first
    count = len(rows)
    following = np.full(count, -1)
    if count < 2:
        return following
    near = _linked(atoms, residues, np.arange(count - 1), np.arange(1, count), trace)
    following[:-1][near] = np.arange(1, count)[near]
    # The others may be anywhere: HETATM records at the end of the file, chains in pieces.
    ends = np.flatnonzero((following < 0) & (rows[:, 2] >= 0))
    begins = rows[:, 0] >= 0
    begins[following[following >= 0]] = False
    begins = np.flatnonzero(begins)
    pairs = pairs_closer(atoms, rows[ends, 2].tolist(), rows[begins, 0].tolist(), LINK_BREAK)
    pairs = np.stack([ends[pairs[:, 0]], begins[pairs[:, 1]]], axis=-1)
    if (rows[:, [0, 2]] < 0).any():
        pairs = np.concatenate([pairs, _numbered_pairs(atoms, first, following)])
    good = _linked(atoms, residues, pairs[:, 0], pairs[:, 1], trace)
    good &= _is_ideal(atoms, rows, pairs) | ~_against_numbers(atoms, first, pairs)
    taken = set(following.tolist())
    moved: list[int] = []
    for i, j in pairs[good].tolist():
        if following[i] < 0 and j not in taken and i != j:
            following[i] = j
            taken.add(j)
            if not (atoms.hetero[first[i]] or atoms.hetero[first[j]]):
                moved.append(i)
    # In a poor model, ends that are near are near by chance: file order is all there is.
    chain_id = atoms.chain_id[first]
    for chain in set(chain_id[moved].tolist()):
        own = chain_id == chain
        if (following[own] >= 0).sum() < LINKED_SHARE * (own.sum() - 1):
            following[[i for i in moved if chain_id[i] == chain]] = -1
    return following


def _numbered_pairs(atoms: Atoms, first: Indices, following: Indices) -> Int[np.ndarray, "pairs 2"]:
    """Residues without a neighbour, with those of the next number in their chain."""
    keys = list(
        zip(atoms.chain_id[first].tolist(), atoms.residue_number[first].tolist(), strict=True)
    )
    places = {key: k for k, key in reversed(list(enumerate(keys)))}
    pairs = [
        (i, places[chain, number + 1])
        for i, (chain, number) in enumerate(keys)
        if following[i] < 0 and (chain, number + 1) in places
    ]
    return np.array(pairs, dtype=int).reshape(-1, 2)


def _linked(atoms: Atoms, residues: Residues, i: Indices, j: Indices, trace: bool) -> Flags:
    """Whether residues j follow residues i: by a peptide bond, or else by CA and number."""
    rows, first = residues.rows, residues.first
    same = atoms.chain_id[first[i]] == atoms.chain_id[first[j]]
    step = _distance(atoms, rows[i, 1], rows[j, 1])
    possible = np.isnan(step) | (step > MIN_CA_CA) & (step < FILE_BREAK)
    bond = _distance(atoms, rows[i, 2], rows[j, 0])
    linked = same & possible & (bond > MIN_LINK) & (bond < LINK_BREAK)
    number, likely = atoms.residue_number[first], residues.likely
    next_in_number = (number[j] == number[i] + 1) & (trace | (likely[i] & likely[j]))
    return linked | same & next_in_number & np.isnan(bond) & possible & ~np.isnan(step)


def _against_numbers(atoms: Atoms, first: Indices, pairs: Int[np.ndarray, "pairs 2"]) -> Flags:
    """Whether ATOM residues that are apart in a file are apart in the same sense by their numbers.

    Atoms of a poor model may overlap, so that distance alone does not make them neighbours.
    """
    (i, j), records = pairs.T, atoms.hetero[first]
    step = atoms.residue_number[first[j]] - atoms.residue_number[first[i]]
    return ~(records[i] | records[j]) & (np.sign(step) == np.sign(j - i)) & (step != 1)


def _is_ideal(
    atoms: Atoms, rows: Int[np.ndarray, "residues 4"], pairs: Int[np.ndarray, "pairs 2"]
) -> Flags:
    """Whether the peptide bonds of pairs have the lengths that they have in good structures."""
    i, j = pairs.T
    bond, step = _distance(atoms, rows[i, 2], rows[j, 0]), _distance(atoms, rows[i, 1], rows[j, 1])
    strained = np.abs(bond - BOND_LENGTHS["C-N"]) > MAX_STRAIN
    return ~strained & (step > MIN_CIS) & (step < MEASURED_BREAK)


def _distance(atoms: Atoms, first: Indices, second: Indices) -> Float[np.ndarray, " pairs"]:
    """Distances (Å) of pairs of records; NaN where there is none (-1)."""
    distance = np.linalg.norm(atoms.coord[first] - atoms.coord[second], axis=-1)
    return np.where((first >= 0) & (second >= 0), distance, np.nan)


def _is_free(atoms: Atoms, residues: Residues, linked: Flags, i: int) -> bool:
    """Whether an ATOM residue without a bond is a free amino acid: numbered far from its chain."""
    first = residues.first
    chain = (atoms.chain_id[first] == atoms.chain_id[first[i]]) & linked
    complete = bool((residues.rows[i, :3] >= 0).all())
    if not complete or not chain.any():
        return False
    number = atoms.residue_number[first]
    return bool(np.abs(number[chain] - number[i]).min() > LONGEST_NUMBER_JUMP)


def _is_of_chain(atoms: Atoms, residues: Residues, seeds: Flags, part: list[int]) -> bool:
    """Whether HETATM residues that are bonded to each other alone are no ligand.

    They are a chain of their own if their chain id has no other, or part of one by their numbers,
    unless the file says that they are behind its end.
    """
    first = residues.first
    others = seeds & (atoms.chain_id[first] == atoms.chain_id[first[part[0]]])
    if not others.any():
        return True
    numbers = atoms.residue_number[first]
    jump = np.abs(numbers[others] - numbers[part[0]]).min()
    return bool((atoms.in_polymer[first[part]] != 0).all() and jump <= LONGEST_NUMBER_JUMP)


def in_chain_order(numbers: Indices, chains: Indices, hetero: Flags, following: Indices) -> Indices:
    """Order that puts residues out of place back in their chains.

    Bonds decide. Stretches without a bond to others keep their places, unless they are HETATM
    records with a number of before, or stretches of ATOM records had to be moved: then numbers
    decide, if they rise in every stretch.

    Parameters
    ----------
    numbers, chains : ndarray of int, shape (residues,)
        `chains` is an index, with residues of one chain side by side.
    hetero : ndarray of bool, shape (residues,)
    following : ndarray of int, shape (residues,)
        The residue that is bonded behind each; -1 for none.

    Returns
    -------
    ndarray of int, shape (residues,)

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff.structure.io.polymer import in_chain_order
    >>> numbers, chains = np.array([1, 3, 2]), np.zeros(3, int)
    >>> in_chain_order(numbers, chains, np.array([False, False, True]), np.array([2, -1, 1]))
    array([0, 2, 1])
    """
    count = len(numbers)
    here, after = np.arange(count), np.arange(1, count + 1)
    late = hetero[1:] & (chains[1:] == chains[:-1]) & (numbers[1:] < numbers[:-1])
    if not ((following >= 0) & (following != after)).any() and not late.any():
        return here
    parts = stretches(numbers, following)
    order: list[int] = []
    for chain in dict.fromkeys(chains.tolist()):
        own = [part for part in parts if chains[part[0]] == chain]
        own.sort(key=min)
        moved = any(
            j != i + 1 and not (hetero[i] or hetero[j])
            for part in own
            for i, j in itertools.pairwise(part)
        )
        rising = all((np.diff(numbers[part]) >= 0).all() for part in own)
        if moved and rising:
            own.sort(key=lambda part: numbers[part[0]])
        for part in [part for part in own if hetero[part].all()]:
            place = own.index(part)
            later = (k for k in range(place) if numbers[own[k][0]] > numbers[part[0]])
            own.insert(next(later, place), own.pop(place))
        order += [i for part in own for i in part]
    return np.array(order, dtype=int)


def stretches(numbers: Indices, following: Indices) -> list[list[int]]:
    """Residues joined by bonds, in their order; a ring begins at its lowest number."""
    begins = np.setdiff1d(np.arange(len(following)), following).tolist()
    parts, seen = list[list[int]](), np.zeros(len(following), bool)
    for i in [*begins, *np.argsort(numbers, kind="stable").tolist()]:
        part: list[int] = []
        while i >= 0 and not seen[i]:
            seen[i] = True
            part.append(i)
            i = int(following[i])
        if part:
            parts.append(part)
    return parts
