"""What `protdiff score` prints on the terminal; the file has every column of every row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .rows import shown

if TYPE_CHECKING:
    from rich.console import Console

    from .rows import Summary
    from .score_task import Row

__all__ = ["MAX_ROWS", "report"]

#: Columns of the table of rows, with and without a reference, the most wanted first.
BRIEF = (
    "tm", "lddt", "rmsd", "gdt_ts", "gdt_ha", "aligned", "log_likelihood", "ca_bonds",
    "clashes_3.0", "rama_outliers",
)  # fmt: skip
BRIEF_ALONE = (
    "residues", "log_likelihood", "ca_bonds", "clashes_3.0", "rama_outliers", "psea_helix",
    "psea_strand", "dssp_strand", "rg_ratio", "ca_angles_out", "clashes_3.6",
)  # fmt: skip
#: More rows than this are only summarised.
MAX_ROWS = 25
#: Characters of a name and of a column.
NAME, COLUMN = 32, 15
#: Style of tables.
PLAIN: dict[str, Any] = {"box": None, "pad_edge": False, "header_style": "bold"}


def report(rows: Sequence[Row], summary: Summary, compared: bool, out: Path | None) -> None:
    """Print rows if they are few, and the mean and median of the columns.

    Parameters
    ----------
    rows : list of dict
        The first rows without an error, one more than are shown where there are more.
    summary : Summary
    compared : bool
        Whether there is a reference.
    out : Path or None
        Where all columns are; without it all are summarised here.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=200, soft_wrap=True)
    brief = [name for name in (BRIEF if compared else BRIEF_ALONE) if summary.numbers.get(name)]
    brief = brief[: max(1, (console.width - NAME) // COLUMN)]
    if len(rows) == 1 and out is None:
        _print_row(console, rows[0])
        return
    if 0 < len(rows) <= MAX_ROWS:
        _print_rows(console, rows, brief)
        console.print()
    if len(rows) > 1:
        _print_summary(console, summary, None if out is None else brief)
    if out is not None:
        console.print(Text(f"all columns in {out}"))


def _print_row(console: Console, row: Row) -> None:
    """All columns of one row that have a value, one below the other."""
    from rich.table import Table
    from rich.text import Text

    table = Table("column", "value", **PLAIN)
    for name, value in row.items():
        if value not in ("", None) and value == value:
            table.add_row(name, Text(number(value)))
    console.print(table)


def _print_rows(console: Console, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Some columns of the rows."""
    from rich.table import Table
    from rich.text import Text

    table = Table("model", *columns, **PLAIN)
    for row in rows:
        name = short(Path(row["model"]).name)
        table.add_row(Text(name), *(number(row.get(column)) for column in columns))
    console.print(table)


def _print_summary(console: Console, summary: Summary, columns: Sequence[str] | None) -> None:
    """Mean and median of some columns, or of all."""
    from rich.table import Table

    table = Table("column", "rows", "mean", "median", **PLAIN)
    for name, count, mean, median in summary.table():
        if columns is None or name in columns:
            table.add_row(name, str(count), shown(mean), shown(median))
    console.print(table)


def short(text: str, width: int = NAME) -> str:
    """The end of a long name."""
    return text if len(text) <= width else "…" + text[1 - width :]


def number(value: Any) -> str:
    """A number in few characters: whole ones whole, others to three decimals."""
    if isinstance(value, float):
        if value != value:
            return ""
        return f"{value:.0f}" if value.is_integer() else f"{value:.3f}"
    return "" if value is None else str(value)
