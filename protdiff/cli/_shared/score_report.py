"""What `protdiff score` prints on the terminal; the file has every column of every row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .rows import shown
from .score_order import order_words
from .score_results import MAX_ROWS
from .terminal import printable

if TYPE_CHECKING:
    from rich.console import Console

    from .rows import Summary
    from .score_results import Results
    from .score_task import Row

__all__ = ["report"]

#: Columns of the table of rows, with and without a reference, the most wanted first.
BRIEF = (
    "tm", "dockq", "lddt", "rmsd", "outside", "lddt_all", "plddt", "iptm", "ipsae", "gdt_ts",
    "gdt_ha", "aligned", "log_likelihood", "ca_bonds", "clashes_3.0", "rama_outliers",
)  # fmt: skip
BRIEF_ALONE = (
    "residues", "outside", "log_likelihood", "relative_likelihood", "plddt", "iptm", "ipsae",
    "clashes_3.0", "rama_outliers", "dssp_strand", "rg_ratio", "ca_bonds", "atom_clashes",
    "psea_helix", "psea_strand", "ca_angles_out", "clashes_3.6",
)  # fmt: skip
#: What is said of columns outside the range of real chains, at most.
MAX_WORDS = 5
#: Characters of a name, and between two columns.
NAME, GAP = 32, 2
#: Style of tables.
PLAIN: dict[str, Any] = {"box": None, "pad_edge": False, "header_style": "bold"}


def report(results: Results, compared: bool, out: Path | None) -> None:
    """Print rows if they are few or the best, and the mean and median of the columns.

    Parameters
    ----------
    results : Results
    compared : bool
        Whether there is a reference.
    out : Path or None
        Where all columns are; without it all are summarised here.
    """
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=200, soft_wrap=True)
    rows, top = results.first, results.order.top
    if results.count == 1 and out is None and rows:
        _print_row(console, rows[0])
        return
    wanted = dict.fromkeys(filter(None, (results.sorted_by, *(BRIEF if compared else BRIEF_ALONE))))
    brief = [name for name in wanted if results.summary.numbers.get(name)]
    if 0 < len(rows) <= (top or MAX_ROWS):
        _print_rows(console, rows, _fitting(rows, brief, console.width))
        if top is not None:
            _print_reasons(console, results)
        console.print()
    if results.count > 1:
        _print_summary(console, results.summary, None if out is None else brief)
        _print_verdicts(console, results)
    _print_agreement(console, results)
    if out is not None:
        print(f"all columns in {out}")  # not by the console, which breaks long paths


def _fitting(rows: Sequence[Row], columns: Sequence[str], width: int) -> list[str]:
    """The first columns, one at least, that fit beside the names of the rows."""
    used = max(len("model"), *(len(short(Path(row["model"]).name)) for row in rows))
    fitting = list[str]()
    for column in columns:
        used += GAP + max(len(column), *(len(number(row.get(column))) for row in rows))
        if fitting and used > width:
            break
        fitting.append(column)
    return fitting


def _print_reasons(console: Console, results: Results) -> None:
    """Verdicts of the best rows, one line each."""
    from rich.text import Text

    if results.sorted_by:
        order = order_words(results.sorted_by, results.order.reverse)
        console.print(
            Text(f"\n{len(results.first)} of {results.count} by {results.sorted_by}, {order}")
        )
    for row in results.first:
        if text := row.get("verdict"):
            console.print(Text(printable(f"{Path(row['model']).name}: {text}")))


def _print_verdicts(console: Console, results: Results) -> None:
    """How many rows are like real chains, and what is outside in the others."""
    from rich.text import Text

    from ...metrics.verdict import LIKE_REAL

    if not results.verdicts:
        return
    alike = results.verdicts[LIKE_REAL]
    others = [f"{words} ({n})" for words, n in results.verdicts.most_common() if words != LIKE_REAL]
    more = f", … {len(others) - MAX_WORDS} more" if len(others) > MAX_WORDS else ""
    listed = f"; outside their range: {', '.join(others[:MAX_WORDS])}{more}" if others else ""
    judged = len(results.summary.numbers["outside"])
    short = f" ({results.count - judged} too short for a verdict)" if judged < results.count else ""
    console.print(Text(f"{alike} of {judged} {LIKE_REAL}{short}{listed}"))


def _print_agreement(console: Console, results: Results) -> None:
    """How pLDDT goes with lDDT, over models and over residues."""
    from rich.table import Table

    table = Table("pLDDT with lDDT", "values", "Pearson", "Spearman", **PLAIN)
    for what, agreement in (("models", results.models), ("residues", results.residues)):
        if (found := agreement.correlation()) is not None:
            count = f"{len(agreement)} of {agreement.seen}" if agreement.full else len(agreement)
            table.add_row(what, str(count), number(found.pearson), number(found.spearman))
    if table.row_count:
        console.print(table)


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
    """The end of a long name, as it may be shown."""
    text = printable(text)
    return text if len(text) <= width else "…" + text[1 - width :]


def number(value: Any) -> str:
    """A number in few characters: whole ones whole, others to three decimals."""
    if isinstance(value, float):
        if value != value:
            return ""
        return f"{value:.0f}" if value.is_integer() else f"{value:.3f}"
    return "" if value is None else printable(str(value))
