"""CA traces of the sets that `audit` and `evaluate` compare, each chain once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ..._system.notices import warn
from ..._system.words import counted, either
from ...structure.io.members import path_text
from .pairing import find_files
from .structure_sets import MAX_LENGTH

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from jaxtyping import Float

    from ...structure.backbone import Backbone

__all__ = ["Traces", "load_traces", "not_known", "traces_of", "without_repeats"]

#: CA RMSD (Å) below which two chains are one structure: files hold three decimals.
SAME = 0.01


class Chain(NamedTuple):
    """A chain: its sequence, and its CA trace (Å) without missing residues."""

    name: str
    sequence: str
    ca: Float[np.ndarray, "residues 3"]

    @property
    def has_sequence(self) -> bool:
        """Whether the letters say something, unlike those of a backbone of ALA."""
        return len(set(self.sequence)) > 1


@dataclass(frozen=True)
class Traces:
    """Some chains, and the names of those that are left out."""

    chains: list[Chain]
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.chains)

    @cached_property
    def coords(self) -> list[Float[np.ndarray, "residues 3"]]:
        """CA traces."""
        return [chain.ca for chain in self.chains]

    @cached_property
    def names(self) -> list[str]:
        """Names of the chains."""
        return [chain.name for chain in self.chains]

    @property
    def sequences(self) -> set[str]:
        """Different sequences."""
        return {chain.sequence for chain in self.chains}


def traces_of(names: Sequence[str], backbones: Sequence[Backbone]) -> Traces:
    """Traces of backbones, each as one chain."""
    return Traces(
        [
            Chain(name, one.sequence, one.ca[one.mask[:, 1]])
            for name, one in zip(names, backbones, strict=True)
        ]
    )


def load_traces(path: Path, split: str, option: str) -> Traces:
    """Traces of an archive's split, or of the structures of a folder; at least two."""
    from ...dataset import UNIT, is_dataset, read_chains

    if not path.is_dir():
        raise ValueError(f"{option} {path}: not a folder of chains or structures")
    if is_dataset(path):
        chains = read_chains(path, split, max_length=MAX_LENGTH, globular=False)
        traces = Traces([Chain(one.name, one.sequence, one.coords[:, 1] * UNIT) for one in chains])
        which = f" of split {split} and up to {MAX_LENGTH} residues"
    else:
        traces, which = traces_in(path, option), ""
    if len(traces) < 2:
        raise ValueError(
            f"{option} {path}: has {counted(len(traces), 'chain')}{which}; give at least two"
        )
    return traces


def traces_in(path: Path, option: str) -> Traces:
    """Traces of all chains of the structures in a folder; of copies the first.

    A copy is no other chain: a held-out chain would be measured beside itself, and a sample that
    is a training chain would be near to two of them.
    """
    files, copies, lost, reasons = [], list[str](), list[str](), list[str]()
    for file in find_files([str(path)], option):
        name = path_text(file).removeprefix(f"{path}/")
        try:
            chains, repeated = _chains_of(file, name)
        except ValueError as error:
            lost.append(name)
            reasons.append(str(error))
            continue
        files.append(chains)
        copies += repeated
    if lost:
        count = counted(len(lost), "file")
        warn(f"{option} {path}: {count} left out that cannot be read, such as {reasons[0]}")
    if copies:
        count = counted(len(copies), "copy", "copies")
        warn(f"{option} {path}: {count} of chains in one file left out, such as {copies[0]}")
    kept = without_repeats(files, f"{option} {path}")
    return Traces(kept.chains, (*lost, *copies, *kept.left_out))


def not_known(held: Traces, known: Traces, option: str) -> Traces:
    """Held-out chains that are not among the known ones, at least two.

    At 0 Å from the training set, a chain says nothing of how far new structures are from it.
    """
    frames = held.sequences == known.sequences
    kept, shared = list[Chain](), list[Chain]()
    for one in held.chains:
        copy = _copied(one, known.chains, by_sequence=not frames)
        (kept if copy is None else shared).append(one)
    if not shared:
        return held
    found = (
        f"{counted(len(shared), 'chain')} of {len(held)} in --train, too, such as {shared[0].name}"
    )
    if len(kept) < 2:
        raise ValueError(f"{option}: {found}; give at least two that were kept out of training")
    warn(f"{option}: {found}; left out")
    return Traces(kept, (*held.left_out, *(one.name for one in shared)))


def without_repeats(files: Sequence[Sequence[Chain]], where: str, what: str = "chain") -> Traces:
    """The chains of files that no file before has; a warning counts the others."""
    kept, repeats = _each_once(files)
    if repeats:
        (first, other), them = repeats[0], either(len(repeats), "it", "them")
        warn(
            f"{where}: {counted(len(repeats), what)} left out, for another file has {them}, such "
            f"as {first}, which is {other}"
        )
    return Traces(kept, tuple(name for name, _ in repeats))


def _chains_of(file: Path, name: str) -> tuple[list[Chain], list[str]]:
    """Chains of a file, and the names of copies, as of the second chain of a homodimer."""
    from ...structure.io.read_write import read

    backbone = read(file, ca_only=True)
    chains, copies = list[Chain](), list[str]()
    for label in backbone.chains:
        part = backbone.chain(label)
        one = Chain(f"{name} {label}".strip(), part.sequence, part.ca[part.mask[:, 1]])
        others = [other.sequence for other in chains if other.has_sequence]
        if any(one.sequence in other or other in one.sequence for other in others):
            copies.append(one.name)
        else:
            chains.append(one)
    return chains, copies


def _each_once(files: Sequence[Sequence[Chain]]) -> tuple[list[Chain], list[tuple[str, str]]]:
    """Chains that no file before has, and the others, each with the name of what it is a copy of.

    Chains of one sequence are copies. Where all files have the same sequences, as frames of a
    simulation have, and for chains without a sequence, copies have one structure, too.
    """
    frames = len({frozenset(one.sequence for one in chains) for chains in files}) == 1
    kept, repeats = list[Chain](), list[tuple[str, str]]()
    for chains in files:
        new = list[Chain]()
        for one in chains:
            other = _copied(one, kept, by_sequence=not frames)
            if other is None:
                new.append(one)
            else:
                repeats.append((one.name, other.name))
        kept += new
    return kept, repeats


def _copied(one: Chain, others: Sequence[Chain], by_sequence: bool) -> Chain | None:
    """The first of some chains that a chain is a copy of; None if there is none.

    One sequence is part of the other, and long enough for the two to be compared; or neither has
    a sequence, whatever its placeholder is, and they have one structure.
    """
    from ...metrics.nearest_trace import LENGTH_SHARE, nearest_rmsd

    letters, known = one.sequence, one.has_sequence
    least, most = LENGTH_SHARE * len(letters), len(letters) / LENGTH_SHARE
    alike = list[Chain]()
    for other in others:
        if not least <= len(other.sequence) <= most:
            continue
        if letters in other.sequence or other.sequence in letters:
            if by_sequence and known and other.has_sequence:
                return other
            alike.append(other)
        elif not known and not other.has_sequence:
            alike.append(other)
    if not alike:
        return None
    distance, _ = nearest_rmsd(one.ca, [other.ca for other in alike])
    return next((other for other, far in zip(alike, distance, strict=True) if far < SAME), None)
