"""What `protdiff check` writes and prints: tables, the designs in order, and a summary."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..._system.words import counted, either, were_there
from .flags import in_flags
from .next_step import merge_step
from .rows import row_writer
from .score_report import PLAIN, number, short
from .table_shards import PLACE
from .warning_kinds import WarningKinds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ...analysis.folding.checking import Plan
    from ...analysis.folding.results import Checked
    from .shards import Part

__all__ = ["BEST", "TABLE", "write_tables"]

#: One row per sequence, and one per design.
TABLE, BEST = "check.csv", "best.csv"
#: Designs, errors, kinds of warnings and names that are shown.
MAX_ROWS, MAX_ERRORS, MAX_WARNINGS, MAX_UNUSED = 25, 10, 5, 5
#: Columns on the terminal; those that no design has are left out.
BRIEF = ("number", "scrmsd", "sctm", "motif_rmsd", "plddt", "designable")


def write_tables(
    results: Sequence[Checked], plan: Plan, out: Path, part: Part | None = None
) -> int:
    """Write the tables, and print the best sequence of every design, warnings and a summary.

    Parameters
    ----------
    results : list of Checked
        In the order of the table.
    plan : Plan
        What was to be done.
    out : Path
    part : Part, optional
        Which results they are, in a shard.

    Returns
    -------
    int
        Sequences without scores.
    """
    from ...analysis.folding.results import best_of_designs, rank

    best = best_of_designs(results)
    chosen = {id(one) for one in best}
    rows = [_row(one) | {"best": "yes" if id(one) in chosen else "no"} for one in results]
    ranked = [_row(one) | {"best": "yes"} for one in best]
    places = range(len(results)) if part is None else part.places
    place = {id(one): place for one, place in zip(results, places, strict=True)}
    _write(out / BEST, ranked, part, [(*rank(one), place[id(one)]) for one in best])
    file = _write(out / TABLE, rows, part, [(number,) for number in places])
    if best:
        _print_designs(ranked)
        _print_summary(results)
        note = f" ({were_there(plan.present, 'model')})" if plan.present else ""
        print(f"{counted(len(results), 'sequence')} in {file}{note}")
    if part is not None:
        print(merge_step(out, part.shard.count))
    elif best:
        print(f"next: {out / BEST} ranks the designs, with the best sequence and its model")
    _warn(rows, plan.unused)
    errors = sum(bool(row["error"]) for row in rows)
    if errors:
        print(f"{errors} of {counted(len(rows), 'sequence')} could not be checked", file=sys.stderr)
    return errors


def _write(
    path: Path,
    rows: Sequence[dict[str, Any]],
    part: Part | None,
    order: Sequence[tuple[float, ...]],
) -> Path:
    """Write a table, or that of a shard, whose rows say by what the whole one is in order."""
    from ...analysis.folding.results import COLUMNS

    columns = COLUMNS
    if part is not None:
        path, columns = part.shard.beside(path), (PLACE, *COLUMNS)
    with row_writer(path, columns) as write:
        for numbers, row in zip(order, rows, strict=True):
            write({PLACE: " ".join(map(repr, numbers))} | row)
    return path


def _row(result: Checked) -> dict[str, Any]:
    """Row of a result, with the options of the command line in its messages."""
    row = result.row()
    for name in ("warning", "error"):
        row[name] = " ".join(in_flags(row[name], "check").split())
    return row


def _print_designs(ranked: Sequence[dict[str, Any]]) -> None:
    """The best sequence of the best designs."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=200, soft_wrap=True)
    columns = [name for name in BRIEF if any(number(row.get(name)) for row in ranked)]
    table = Table("design", *columns, **PLAIN)
    for row in ranked[:MAX_ROWS]:
        table.add_row(Text(short(row["design"])), *(number(row.get(name)) for name in columns))
    console.print(table)
    if len(ranked) > MAX_ROWS:
        console.print(f"… and {len(ranked) - MAX_ROWS} more")
    console.print()


def _print_summary(results: Sequence[Checked]) -> None:
    """How many designs are designable."""
    from ...metrics.self_consistency import MAX_MOTIF_RMSD, MAX_SCRMSD, MIN_SCTM

    scored = [(one.design, one.scores) for one in results if one.scores is not None]
    count = len({one.design for one in results if one.design})
    designable = len({design for design, scores in scored if scores.designable})
    folds = len({design for design, scores in scored if scores.same_fold})
    print(
        f"{designable} of {counted(count, 'design')} designable (a sequence with scRMSD < "
        f"{MAX_SCRMSD:g} Å); {folds} {either(folds, 'has', 'have')} a sequence with scTM > "
        f"{MIN_SCTM:g}"
    )
    motifs = {design for design, scores in scored if scores.motif_rmsd == scores.motif_rmsd}
    if motifs:
        kept = len({design for design, scores in scored if scores.keeps_motif})
        print(
            f"{kept} of {counted(len(motifs), 'design')} with a motif "
            f"{either(kept, 'has', 'have')} a designable sequence with motif rmsd < "
            f"{MAX_MOTIF_RMSD:g} Å"
        )


def _warn(rows: Sequence[dict[str, Any]], unused: Sequence[str]) -> None:
    """Warnings and errors on stderr."""
    warnings = WarningKinds()
    for row in rows:
        warnings.add(row["warning"], row["name"])
    for line in warnings.lines(len(rows), MAX_WARNINGS):
        print(line, file=sys.stderr)
    if unused:
        more = f" and {len(unused) - MAX_UNUSED} more" if len(unused) > MAX_UNUSED else ""
        names = ", ".join(unused[:MAX_UNUSED])
        print(f"warning: designs without a sequence: {names}{more}", file=sys.stderr)
    errors = [row for row in rows if row["error"]]
    for row in errors[:MAX_ERRORS]:
        print(
            row["error"] if row["name"] in row["error"] else f"{row['name']}: {row['error']}",
            file=sys.stderr,
        )
