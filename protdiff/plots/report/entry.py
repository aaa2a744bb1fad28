"""A row of the report: a structure, what is known of it, and what it is laid over."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Entry"]


@dataclass(frozen=True)
class Entry:
    """A row of the report.

    Attributes
    ----------
    name : str
        What the row is called.
    file : Path or None
        The structure; None if the table names none.
    values : dict of str to Any
        Values by column: numbers and texts.
    other : Path or None
        A structure to compare with: the reference, or the model that a predictor made of it.
    other_is : str
        What that is, in a word or two.
    other_moves : bool
        Whether `other` is the model and the row's structure the reference, as for predictions.
    alignment : str
        How residues correspond, see `protdiff.score`.
    sequence : str
        One-letter codes in place of those of the file, chains separated by slashes.
    chains : tuple of str
        Chains that the values are of, ``_`` for a blank id; empty: all. Only they are drawn, unless
        the structure is laid over another one.
    """

    name: str
    file: Path | None = None
    values: dict[str, Any] = field(default_factory=dict)
    other: Path | None = None
    other_is: str = "reference"
    other_moves: bool = False
    alignment: str = "auto"
    sequence: str = ""
    chains: tuple[str, ...] = ()
