"""What `protdiff score` keeps of all rows for its report: numbers, first rows, warnings."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...structure.io.members import as_path
from .agreement import Agreement
from .rows import Summary
from .score_order import RANKED_BY, OrderOptions, best_column, sorted_rows
from .score_task import RESIDUE_PAIRS
from .warning_kinds import WarningKinds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .score_task import Details, Row

__all__ = ["MAX_ROWS", "Results"]

#: More rows than this are only summarised, unless --top says how many are shown.
MAX_ROWS = 25


@dataclass
class Results:
    """What is kept of all rows: numbers of every column, the first rows, errors and warnings.

    Attributes
    ----------
    columns : list of str
    order : OrderOptions
    first : list of dict
        The first rows without an error: as many as --top, else one more than are shown.
    count : int
        Rows without an error.
    verdicts : Counter
        How often columns are outside the range of real chains, by the words of the verdict.
    models, residues : Agreement
        pLDDT and lDDT of models, and of residues.
    """

    columns: list[str]
    order: OrderOptions
    first: list[Row] = field(default_factory=list)
    count: int = 0
    errors: list[Row] = field(default_factory=list)
    warnings: WarningKinds = field(default_factory=WarningKinds)
    verdicts: Counter[str] = field(default_factory=Counter)
    models: Agreement = field(default_factory=Agreement)
    residues: Agreement = field(default_factory=Agreement)
    sorted_by: str = ""

    def __post_init__(self) -> None:
        self.summary = Summary(self.columns[1:])

    def add(self, row: Row) -> None:
        """Take a row into account."""
        self.residues.add(*row.pop(RESIDUE_PAIRS, ((), ())))
        self.models.add([row.get("plddt", math.nan)], [row.get("lddt", math.nan)])
        self.summary.add(row)
        self.warnings.add(row.get("warning", ""), as_path(row["model"]).name)
        if row.get("error"):
            self.errors.append(row)
            return
        self.count += 1
        if row.get("outside", math.nan) >= 0:  # the others are too short for a verdict
            self.verdicts.update(words_of(row["verdict"]))
        if len(self.first) < (self.order.top or MAX_ROWS + 1):
            self.first.append(row)

    def ordered(self, rows: Iterable[tuple[Row, Details]]) -> list[tuple[Row, Details]]:
        """All rows in the order of the options; a warning if they cannot be compared."""
        rows = list(rows)
        self.sorted_by = best_column(self.order, [row for row, _ in rows])
        if self.sorted_by in RANKED_BY:
            reached = {f"{row['resolution']:.2g}" for row, _ in rows if "resolution" in row}
            if len(reached) > 1:
                self.warnings.add(f"ranked across resolutions {', '.join(sorted(reached))} Å")
        if self.sorted_by == RANKED_BY[-1]:
            self.warnings.add(
                "the likelihood alone ranks helix and short chains first: choose among structures "
                "of one length and secondary structure"
            )
        return sorted_rows(rows, self.sorted_by, self.order.reverse)


def words_of(verdict: str) -> list[str]:
    """The words of a verdict without its numbers, each once.

    Examples
    --------
    >>> words_of("much helix (dssp_helix 0.9, real 0 to 0.8), odd CA angles (…)")
    ['much helix', 'odd CA angles']
    """
    return list(dict.fromkeys(re.sub(r" \([^)]*\)", "", verdict).split(", "))) if verdict else []
