"""What is folded: sequences, each with the structure of its design."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..._system.notices import collected
from ...structure.backbone import ONE_TO_THREE
from ...structure.io.members import beside
from ...structure.io.read_write import read
from .outputs import safe_name
from .records import own_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from jaxtyping import Bool, Float

    from ...structure.backbone import Backbone
    from .records import Record

__all__ = ["DesignFile", "Target", "fitted", "motif_of", "motif_rows", "targets_of"]

#: What `protdiff generate` writes beside designs: which of their residues an input gave.
RESIDUES = "residues.csv"


@dataclass(frozen=True, eq=False)
class DesignFile:
    """The structure file of a design, read when it is needed."""

    file: Path

    @cached_property
    def read(self) -> tuple[Backbone, tuple[str, ...]]:
        """The structure, and warnings; ValueError if the file cannot be read."""
        with collected() as texts:
            backbone = read(self.file, ca_only=True)
        return backbone, tuple(texts)

    @property
    def backbone(self) -> Backbone:
        """The structure."""
        return self.read[0]

    @cached_property
    def motif(self) -> Bool[np.ndarray, " residues"] | None:
        """Residues that `protdiff generate` took from an input; None if it names none."""
        return motif_of(self.file, self.backbone)


def motif_of(file: Path, backbone: Backbone) -> Bool[np.ndarray, " residues"] | None:
    """Residues of a design that an input gave, by the table beside its file; None without rows.

    The table counts them within a chain: that of a redesign, or each one of symmetric copies.
    """
    rows = motif_rows(file)
    if not rows:
        return None
    out = np.zeros(len(backbone), bool)
    chains = {c: np.flatnonzero(backbone.chain_ids == c) for c in backbone.chains}
    copies = _are_copies([backbone.ca[members] for members in chains.values()])
    for chain, members in chains.items():
        places = [place for place, given in rows if copies or given == chain]
        out[members[[place for place in places if place < len(members)]]] = True
    return out


def motif_rows(file: Path) -> list[tuple[int, str]]:
    """(place within its chain from 0, chain of the input) of residues that an input gave."""
    table = beside(file, RESIDUES)
    try:
        state = table.stat()
    except OSError:
        return []
    return _rows_by_file(table, state.st_mtime_ns, state.st_size).get(file.name, [])


@lru_cache(maxsize=8)
def _rows_by_file(table: Path, changed: int, size: int) -> dict[str, list[tuple[int, str]]]:
    """What a table says of each file; read once, while it does not change."""
    found: dict[str, list[tuple[int, str]]] = {}
    try:
        with table.open(newline="", encoding="utf-8") as handle:
            for row in csv.DictReader(handle):
                place = (int(row["residue"]) - 1, row["input_chain"])
                found.setdefault(row["file"], []).append(place)
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError):
        raise ValueError(f"{table}: not as protdiff generate writes it") from None
    return found


def _are_copies(chains: Sequence[Float[np.ndarray, "residues 3"]]) -> bool:
    """Whether chains have one shape: CA atoms two residues apart have the same distances."""
    turns = [np.linalg.norm(ca[2:] - ca[:-2], axis=-1) for ca in chains]
    return all(
        len(turn) == len(turns[0]) and np.allclose(turn, turns[0], atol=0.02, equal_nan=True)
        for turn in turns
    )


@dataclass(frozen=True)
class Target:
    """A sequence to be folded.

    Attributes
    ----------
    name : str
        What files are called after it, such as NAME_2 for sequence 2 of design NAME.
    design : str
    number : int
    chains : tuple of str
        One-letter codes by chain.
    structure : DesignFile or None
    error : str
        Why it cannot be folded and compared; empty if it can.
    record : str
        The record that it was made of, for messages.
    """

    name: str
    design: str
    number: int
    chains: tuple[str, ...]
    structure: DesignFile | None = None
    error: str = ""
    record: str = ""

    @property
    def letters(self) -> str:
        """One-letter codes of all chains."""
        return "".join(self.chains)


def targets_of(records: Sequence[Record], files: Iterable[Path]) -> list[Target]:
    """A target per record, those of one design together and in the order of the records.

    A target is called as its record, so that models are found that were made of the FASTA file
    itself; where records share a label, by design and number. Numbers are those of the records if
    all of a design have different ones; else they are counted from 0. A record without a design or
    with letters that name no residue type gives a target with an error. No design is read: see
    `fitted`.
    """
    structures = {own_name(file): DesignFile(file) for file in files}
    labels = Counter(record.label for record in records)
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record.design, []).append(record)
    out: list[Target] = []
    for design, group in groups.items():
        numbers = [record.number for record in group]
        if None in numbers or len(set(numbers)) < len(numbers):
            numbers = list(range(len(group)))
        for record, number in zip(group, numbers, strict=True):
            alone = record.has_name and labels[record.label] == 1
            own = record.label if record.has_name else f"{record.file.stem}_{number}"
            name = safe_name(own) if alone or not design else f"{safe_name(design)}_{number}"
            structure = structures.get(record.structure)
            where = f"{record.file}: record {record.shown}"
            error = _error(where, record.chains, structure)
            out.append(Target(name, design, number or 0, record.chains, structure, error, where))
    return _of_different_names(out)


def _of_different_names(targets: list[Target]) -> list[Target]:
    """The targets; ValueError if programs would call files of two designs the same."""
    seen: dict[str, str] = {}
    for target in targets:
        other = seen.setdefault(target.name, target.design)
        if target.design and other and other != target.design:
            raise ValueError(
                f"designs {other} and {target.design}: files of a sequence of each would be called "
                f"{target.name}; rename one of them"
            )
    return targets


def fitted(targets: Iterable[Target]) -> list[Target]:
    """The targets, with an error where their design cannot be read or has other lengths."""
    return [one if one.error else replace(one, error=_misfit(one)) for one in targets]


def _error(where: str, chains: Sequence[str], structure: DesignFile | None) -> str:
    """What is wrong with a record, in one line; empty if nothing is."""
    if structure is None:
        return f"{where}: no design of this name; give its structure, or correct the name"
    if not chains:
        return f"{where}: has no letters; give its sequence, or take it out"
    strange = sorted(set("".join(chains)) - ONE_TO_THREE.keys())
    if strange:
        remedy = "take gaps out" if strange[0] in "-." else "write X for a residue of any type"
        return f"{where}: has {strange[0]!r}, which is no residue type; {remedy}"
    return ""


def _misfit(target: Target) -> str:
    """Why a sequence and its design do not go together, in one line; empty if they do."""
    structure, where = target.structure, target.record
    assert structure is not None
    try:
        backbone = structure.backbone
    except ValueError as error:
        return str(error)
    sizes = [int((backbone.chain_ids == chain).sum()) for chain in backbone.chains]
    given = [len(chain) for chain in target.chains]
    if given == sizes:
        return ""
    if sum(given) == sum(sizes):
        return f"{where}: has chains of {_text(given)} residues, {structure.file} of {_text(sizes)}"
    return f"{where}: has {_text(given)} residues, {structure.file} has {_text(sizes)}"


def _text(counts: Sequence[int]) -> str:
    return " + ".join(map(str, counts))
