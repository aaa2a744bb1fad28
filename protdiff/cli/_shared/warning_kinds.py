"""Warnings of many rows counted by kind: what differs is files, numbers and residues."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..._system.words import counted

__all__ = ["WarningKinds", "kind_of"]

#: What differs between two warnings of one kind: quoted text, words with a digit or with a colon
#: inside, words of capital letters, and single letters.
VARIABLE = re.compile(r"'[^']*'|\"[^\"]*\"|\S*\d\S*|\S+:\S+|\b[A-Z]{1,4}\b|\b[A-Za-z]\b|\bblank\b")

#: Words that agree with a number, as they are with one.
SINGULAR = {"are": "is", "have": "has", "they": "it", "their": "its"}


def kind_of(text: str) -> str:
    """A warning without what differs between files.

    Examples
    --------
    >>> kind_of("model: 2 residues left out, such as HID 7")
    'model: # residue left out, such a # #'
    >>> kind_of("model chain B, C not paired") == kind_of("model chain X not paired")
    True
    """
    kind = VARIABLE.sub("#", text)
    kind = re.sub(r"#(, #| and #)+", "#", kind)
    kind = re.sub(r"\b(are|have|they|their)\b", lambda match: SINGULAR[match[0]], kind)
    return re.sub(r"s\b", "", kind)  # one residue, two residues


class Example(NamedTuple):
    """How many rows have a warning of one kind, and the first of them."""

    count: int
    text: str
    name: str


class WarningKinds:
    """Counts of warnings by kind, with an example of each."""

    def __init__(self) -> None:
        self.kinds: dict[str, Example] = {}

    def add(self, warning: str, name: str = "") -> None:
        """Count the warnings of a row, joined by "; ", and keep the first of each kind."""
        seen = set[str]()
        for text in filter(None, warning.split("; ")):
            kind = kind_of(text)
            if kind in seen:
                continue
            seen.add(kind)
            example = self.kinds.get(kind, Example(0, text, name))
            self.kinds[kind] = example._replace(count=example.count + 1)

    def lines(self, rows: int, most: int) -> list[str]:
        """One line for each kind, most frequent first, and one for those that are left out."""
        ordered = sorted(self.kinds.values(), key=lambda example: -example.count)
        lines = []
        for count, text, name in ordered[:most]:
            where = f" (as in {name})" if name and rows > 1 else ""
            lines.append(f"warning, {count} of {rows}: {text}{where}")
        if len(ordered) > most:
            more = counted(len(ordered) - most, "more kind")
            lines.append(f"warning: {more} in the column of warnings")
        return lines
