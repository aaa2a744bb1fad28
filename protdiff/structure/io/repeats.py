"""Models and chains that a file tells apart only by residue numbers that come twice.

Many programs write several frames, or several equal chains, under one chain id and with no record
between them. A number that is repeated with the same atoms begins a further model or a further
chain. Coordinates say which of the two: chains of one model do not overlap.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..._system.notices import warn
from ..._system.words import counted, either
from .chain_labels import Labelled, labels_of_segments, named
from .contacts import any_closer, bonded, check_copies, share_closer
from .numbers import UNKNOWN_NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Int

    from .atoms import Atoms

__all__ = ["separated"]

#: CA atoms (Å) closer than this cannot be of two chains of one model, ...
OVERLAP = 3.0
#: ... but a few may be clashes: this share of them means that two parts are frames.
OVERLAPPING_SHARE = 0.05
#: CA atoms (Å) closer than this are of one residue.
SAME_RESIDUE = 2.5


@dataclass
class _Run:
    """Neighbouring records of one residue."""

    start: int
    stop: int
    key: tuple[str, int, int, str]  # chain id, its copy, residue number, insertion code
    records: set[tuple[str, str]]  # names of atoms, with alternate location
    row: dict[str, int]  # first record of every atom


@dataclass
class _Part:
    """Runs without a repeated record."""

    runs: list[_Run] = field(default_factory=list)

    def carbons(self) -> list[int]:
        return [run.row["CA"] for run in self.runs if "CA" in run.row]

    def rows(self) -> Int[np.ndarray, " records"]:
        return np.concatenate([np.arange(run.start, run.stop) for run in self.runs])


def separated(atoms: Atoms) -> list[Atoms]:
    """Models among the records of one, with chain ids that tell their chains apart.

    Parameters
    ----------
    atoms : Atoms

    Returns
    -------
    list of Atoms
        For most files one, as it was given.

    Notes
    -----
    - Where the same number has several segment ids, these are chains.
    - What begins anew is a further model if 5 % of its CA atoms are within 3 Å of those that are
      there. If it is less than half as long, it is left out.
    - Otherwise it is a further chain, which gets a chain id that is free.
    - A blank chain id with several segment ids, or with a TER record that no peptide bond spans,
      stands for several chains, which are called A, B, …

    Each of these is a warning.
    """
    carbons = np.flatnonzero((atoms.name == "CA") & (atoms.residue_name != "CA"))
    blank = carbons[atoms.chain_id[carbons] == ""]
    if not _repeats(atoms, carbons) and not (
        _varied(atoms.segment[blank]) or _varied(atoms.block[blank])
    ):
        return [atoms]
    given = labels_of_segments(atoms, carbons)
    models = list(_models(atoms, given))
    last = models[-1]
    return [named(model if model is last else _with_own_ends(model)) for model in models]


def _varied(values: np.ndarray) -> bool:
    return bool((values[1:] != values[:-1]).any())


def _repeats(atoms: Atoms, carbons: Int[np.ndarray, " carbons"]) -> bool:
    """Whether a residue number of a chain comes twice."""
    columns = (atoms.chain_id, atoms.residue_number, atoms.insertion_code, atoms.altloc)
    keys = list(zip(*(column[carbons].tolist() for column in columns), strict=True))
    return len(set(keys)) < len(keys)


def _models(atoms: Atoms, copies: Int[np.ndarray, " records"]) -> Iterator[Labelled]:
    """Records of every model, with the copy of its chain id that each belongs to."""
    copies, split = copies.copy(), np.zeros(len(copies), int)
    models: list[list[_Part]] = []
    left_out: list[_Run] = []
    for part in _parts(atoms, copies, split):
        carbons = part.carbons()
        present = [row for other in (models[-1] if models else []) for row in other.carbons()]
        if not models:
            models.append([part])
        elif share_closer(atoms, carbons, present, OVERLAP) < OVERLAPPING_SHARE:
            _relabel(part, models[-1], copies)
            models[-1].append(part)
            check_copies(len(models[-1]), part.runs[0].key[0])
        elif 2 * len(part.runs) < max(len(other.runs) for other in models[-1]):
            left_out += part.runs
        else:
            models.append([part])
    if left_out:
        chain, _, number, code = left_out[0].key
        twice = (
            f"{counted(len(left_out), 'residue')} {either(len(left_out), 'is', 'are')} there twice"
        )
        warn(f"{twice}; the first is taken (chain {chain!r} residue {number}{code})")
    for model in models:
        rows = np.sort(np.concatenate([part.rows() for part in model]))
        chosen = type(atoms)(*(column[rows] for column in atoms))
        yield Labelled(chosen, copies[rows], split[rows])


def _parts(
    atoms: Atoms, copies: Int[np.ndarray, " records"], split: Int[np.ndarray, " records"]
) -> Iterator[_Part]:
    """Runs in file order, cut where a record of a residue is repeated."""
    part, seen = _Part(), dict[tuple[object, ...], _Run]()
    equal: list[_Run] = []
    previous: dict[tuple[str, int], _Run] = {}
    for run in _runs(atoms, copies, split):
        first = next((seen[run.key, r] for r in run.records if (run.key, r) in seen), None)
        before = previous.get(run.key[:2])
        # Numbers that begin anew after 9999, or lack their insertion codes, go on in one chain.
        continues = (
            before is not None
            and bonded(atoms, before.row, run.row)
            and not any_closer(
                atoms, first and first.row.get("CA"), run.row.get("CA"), SAME_RESIDUE
            )
        )
        if first is not None and not continues:
            yield part
            part, seen = _Part(), {}
        elif first is not None and run.key[2] != UNKNOWN_NUMBER:
            equal.append(run)
        part.runs.append(run)
        seen |= dict.fromkeys(((run.key, record) for record in run.records), run)
        previous[run.key[:2]] = run
    yield part
    if equal:
        chain, _, number, code = equal[0].key
        warn(
            f"{counted(len(equal), 'residue')} {either(len(equal), 'has', 'have')} the number of "
            f"another in {either(len(equal), 'its', 'their')} chain; renumber them "
            f"(chain {chain!r} residue {number}{code})"
        )


def _runs(
    atoms: Atoms, copies: Int[np.ndarray, " records"], split: Int[np.ndarray, " records"]
) -> Iterator[_Run]:
    """Neighbouring records of one residue; `split` counts residues of one number in a row."""
    keys = (atoms.chain_id, copies, atoms.residue_number, atoms.insertion_code)
    begins = np.any([key[1:] != key[:-1] for key in (*keys, atoms.block)], axis=0)
    bounds = [0, *(np.flatnonzero(begins) + 1).tolist(), len(copies)]
    rows = list(zip(*(key.tolist() for key in keys), strict=True))
    records = list(zip(atoms.name.tolist(), atoms.altloc.tolist(), strict=True))
    for start, stop in itertools.pairwise(bounds):
        cuts = _cuts(atoms, records, start, stop)
        for k, (first, last) in enumerate(zip([start, *cuts], [*cuts, stop], strict=True)):
            split[first:last] = k
            places: dict[str, int] = {}
            for row in range(first, last):
                places.setdefault(records[row][0], row)
            yield _Run(first, last, rows[start], set(records[first:last]), places)


def _cuts(atoms: Atoms, records: list[tuple[str, str]], start: int, stop: int) -> list[int]:
    """Where further residues begin among records of one number, such as 111 111 112 112."""
    carbons = [row for row in range(start, stop) if records[row][0] == "CA"]
    latest: dict[tuple[str, str], int] = {}
    several = False
    for row in carbons:
        last = latest.get(records[row])
        several |= last is not None and not any_closer(atoms, last, row, SAME_RESIDUE)
        latest[records[row]] = row
    if not several:
        return []
    cuts, seen = list[int](), set[tuple[str, str]]()
    for row in range(start, stop):
        if records[row] in seen:
            cuts.append(row)
            seen = set()
        seen.add(records[row])
    check_copies(len(cuts), str(atoms.chain_id[start]))
    return cuts


def _relabel(part: _Part, model: list[_Part], copies: Int[np.ndarray, " records"]) -> None:
    """Give the chains of a part that its model has already further labels."""
    there = {(run.key, record) for other in model for run in other.runs for record in run.records}
    repeated = {run.key[:2] for run in part.runs if any((run.key, r) in there for r in run.records)}
    highest: dict[str, int] = {}
    for other in (*model, part):
        for run in other.runs:
            highest[run.key[0]] = max(highest.get(run.key[0], 0), run.key[1])
    new: dict[tuple[str, int], int] = {}
    for chain, copy in sorted(repeated):
        highest[chain] += 1
        new[chain, copy] = highest[chain]
    for run in part.runs:
        copy = new.get(run.key[:2], run.key[1])
        copies[run.start : run.stop] = copy
        run.key = (run.key[0], copy, *run.key[2:])


def _with_own_ends(model: Labelled) -> Labelled:
    """With chains that end at the last TER of this model, and not at that of the last model."""
    atoms = model.atoms
    chains, last = atoms.chain_id, len(atoms.block) - 1
    ters = [*np.flatnonzero(atoms.block[1:] != atoms.block[:-1]).tolist(), last]
    if len(ters) == 1 or not (atoms.in_polymer >= 0).any():
        return model
    ends = {chains[row]: row for row in ters[:-1]}
    ends.setdefault(chains[last], last)
    in_polymer = [int(row <= ends.get(chain, -1)) for row, chain in enumerate(chains.tolist())]
    return model._replace(atoms=atoms._replace(in_polymer=np.array(in_polymer)))
