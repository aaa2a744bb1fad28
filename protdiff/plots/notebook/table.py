"""Tables in notebooks, and as text elsewhere."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Cell", "Heading", "Table", "cell_of"]

#: Significant digits of numbers.
DIGITS = 4
#: Marks of values above and below the range of real chains: no colour is needed to see them.
ABOVE, BELOW = "▲", "▼"
LEGEND = f"{ABOVE} {BELOW} above or below the range of 98 % of real chains of like length"
#: Units with which the words of a column may end.
UNITS = ("Å", "degrees")
#: Letters of a text that are shown where there is no HTML.
LONGEST = 60
FRAME = "overflow-x:auto;max-width:100%"
STYLE = "border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums"
CELL = "padding:3px 9px;border-bottom:1px solid #98a2b355;text-align:"
HEAD = f"font-weight:bold;{CELL}"
LONG = ";white-space:normal;min-width:18em;max-width:40em;overflow-wrap:anywhere"
MARKED = "font-weight:bold;color:#c9501c"


class Heading(NamedTuple):
    """Name of a column, and what it says, with its unit."""

    name: str
    words: str = ""

    @property
    def title(self) -> str:
        """The name with its unit."""
        unit = next((unit for unit in UNITS if self.words.endswith(unit)), "")
        return f"{self.name}, {unit}" if unit else self.name


class Cell(NamedTuple):
    """A value as text.

    Attributes
    ----------
    text : str
    number : bool
        Whether it is a number, which stands at the right.
    mark : str
        `ABOVE`, `BELOW` or nothing.
    words : str
        What is said of it.
    """

    text: str
    number: bool = False
    mark: str = ""
    words: str = ""

    @property
    def marked(self) -> str:
        """The text with its mark."""
        return f"{self.mark} {self.text}" if self.mark else self.text


@dataclass(frozen=True)
class Table:
    """A table that notebooks show; what `protdiff.show` returns for scores and rows.

    Attributes
    ----------
    headings : tuple of Heading
    rows : tuple of tuple of Cell
        Those that are shown.
    total : int
        All rows.
    """

    headings: tuple[Heading, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int

    @property
    def notes(self) -> list[str]:
        """What stands below: how many rows are left out, and what the marks mean."""
        left = self.total - len(self.rows)
        notes = [f"the first {len(self.rows)} of {self.total} rows"] if left else []
        return notes + [LEGEND] * any(cell.mark for row in self.rows for cell in row)

    def __repr__(self) -> str:
        texts = [[heading.title for heading in self.headings]]
        texts += [[_short(cell.marked) for cell in row] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in texts
        ]
        return "\n".join([*lines, *self.notes])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/html": self.html()}

    def _numbers(self) -> list[bool]:
        """Whether the values of each column are numbers, whose heads stand at the right, too."""
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.headings)
        return [bool(column) and all(cell.number for cell in column) for column in columns]

    def html(self) -> str:
        """The table as HTML, without scripts; texts are escaped."""
        head = "".join(
            f'<th scope="col" style="{HEAD}{"right" if number else "left"}" '
            f'title="{html.escape(heading.words)}">{html.escape(heading.title)}</th>'
            for heading, number in zip(self.headings, self._numbers(), strict=True)
        )
        body = "".join(f"<tr>{''.join(map(_html_cell, row))}</tr>" for row in self.rows)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return (
            f'<div style="{FRAME}"><table class="protdiff" style="{STYLE}">'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}</div>"
        )


def cell_of(value: Any, mark: str = "", words: str = "") -> Cell:
    """The cell of a value; empty for None and numbers that are not known.

    Examples
    --------
    >>> cell_of(0.123456).text, cell_of(12).text, cell_of(float("nan")).text
    ('0.1235', '12', '')
    """
    if isinstance(value, (bool, np.bool_)):
        return Cell("yes" if value else "no")
    if isinstance(value, (int, float, np.integer, np.floating)):
        number = float(value)
        text = "" if math.isnan(number) else f"{number:.{DIGITS}g}"
        if number.is_integer() and abs(number) < 1e15:
            text = str(int(number))
        return Cell(text.replace("-", "−"), True, mark, words)
    return Cell("" if value is None else str(value), False, mark, words)


def _html_cell(cell: Cell) -> str:
    style = CELL + ("right" if cell.number else "left")
    style += (f";{MARKED}" if cell.mark else "") + (LONG if len(cell.text) > LONGEST else "")
    title = f' title="{html.escape(cell.words)}"' if cell.words else ""
    return f'<td style="{style}"{title}>{html.escape(cell.marked)}</td>'


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
