"""What `protdiff score` says on the terminal; the file has every column of every row."""

from pathlib import Path

from .rows import shown

__all__ = ["MOST_SHOWN", "report"]

#: Columns of the table of rows, with and without a reference, the most wanted first.
BRIEF = (
    "tm", "lddt", "rmsd", "gdt_ts", "gdt_ha", "aligned", "log_likelihood", "ca_bonds",
    "clashes_3.0", "rama_outliers",
)  # fmt: skip
BRIEF_ALONE = (
    "residues", "log_likelihood", "ca_bonds", "clashes_3.0", "rama_outliers", "psea_helix",
    "psea_strand", "dssp_strand", "rg_ratio", "ca_angles_out", "clashes_3.6",
)  # fmt: skip
#: More rows than this are summed up only.
MOST_SHOWN = 25
#: Characters of a name and of a column.
NAME, COLUMN = 32, 15


def report(rows, summary, compared, out):
    """Print rows while they are few, and the mean and median of the columns.

    Parameters
    ----------
    rows : list of dict
        The first rows without an error, one more than are shown where there are more.
    summary : Summary
    compared : bool
        Whether there is a reference.
    out : Path or None
        Where all columns are; without it all are summed up here.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=200, soft_wrap=True)
    style = {"box": None, "pad_edge": False, "header_style": "bold"}
    brief = [name for name in (BRIEF if compared else BRIEF_ALONE) if name in summary.numbers]
    brief = [name for name in brief if summary.numbers[name]]
    brief = brief[: max(1, (console.width - NAME) // COLUMN)]
    if len(rows) == 1 and out is None:
        table = Table("column", "value", **style)
        for name, value in rows[0].items():
            if value not in ("", None) and value == value:
                table.add_row(name, Text(number(value)))
        console.print(table)
        return
    if 0 < len(rows) <= MOST_SHOWN:
        table = Table("model", *brief, **style)
        for row in rows:
            table.add_row(
                Text(short(Path(row["model"]).name)), *(number(row.get(n)) for n in brief)
            )
        console.print(table)
        console.print()
    if len(rows) > 1:
        table = Table("column", "rows", "mean", "median", **style)
        for name, count, mean, median in summary.table():
            if out is None or name in brief:
                table.add_row(name, str(count), shown(mean), shown(median))
        console.print(table)
    if out is not None:
        console.print(Text(f"all columns in {out}"))


def short(text, width=NAME):
    """The end of a long name."""
    return text if len(text) <= width else "…" + text[1 - width :]


def number(value):
    """A number in few characters: whole ones whole, others to three decimals."""
    if isinstance(value, float):
        if value != value:
            return ""
        return f"{value:.0f}" if value.is_integer() else f"{value:.3f}"
    return "" if value is None else str(value)
