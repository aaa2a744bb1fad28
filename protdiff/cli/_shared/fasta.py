"""Sequences of the --sequence option: letters, or the records of a FASTA file."""

from __future__ import annotations

import os
from typing import NamedTuple

from ..._system.names import unique_names
from ..._system.notices import warn
from ...structure.io.fasta import read_fasta
from .flags import naming

__all__ = ["Sequences", "read_sequences"]

#: Gaps of an alignment.
GAPS = "-."


class Sequences(NamedTuple):
    """Sequences, each with the name of its record; the file is "" for letters of the option."""

    file: str
    names: list[str]
    letters: list[str]


def read_sequences(text: str) -> Sequences:
    """Sequences of the --sequence option.

    Ids of records are labels: those that come twice get a suffix, and a warning says so.

    Raises
    ------
    ValueError
        For a file without records, and for records of several chains or with gaps.
    """
    if not os.path.isfile(text):  # false, not an error, for letters too long to be a file name
        if text.isalpha():
            return Sequences("", [""], [text.upper()])
        raise ValueError(f"--sequence {text}: no such file; give letters or a FASTA file")
    with naming("--sequence"):
        records = read_fasta(text)
    labels = [record.label or f"record_{number}" for number, record in enumerate(records, 1)]
    names = unique_names(labels)
    _warn_of_repeated(text, labels, names)
    letters = [
        _letters(record.chains, f"--sequence {text}, record {name}")
        for record, name in zip(records, names, strict=True)
    ]
    return Sequences(text, names, letters)


def _letters(chains: tuple[str, ...], where: str) -> str:
    """One-letter codes of one chain."""
    letters = "".join(chains)
    if len(chains) > 1:
        raise ValueError(
            f"{where}: has {len(chains)} chains of {', '.join(str(len(c)) for c in chains)} "
            "residues, and one chain is drawn at a time; give one of them"
        )
    gap = next((p for p, letter in enumerate(letters, 1) if letter in GAPS), None)
    if gap is not None:
        raise ValueError(
            f"{where}: has a gap {letters[gap - 1]!r} at position {gap}; take the gaps of the "
            "alignment out, or write X for a residue of any type"
        )
    return letters


def _warn_of_repeated(file: str, labels: list[str], names: list[str]) -> None:
    """Warning if records share their names."""
    twice = [label for label, name in zip(labels, names, strict=True) if label != name]
    if twice:
        label = twice[0]
        warn(
            f"{file}: several records have one name ({labels.count(label)} are called {label}); "
            "the manifest adds _2, _3 … to it, in their order"
        )
