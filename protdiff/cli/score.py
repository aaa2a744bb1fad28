"""`protdiff score`: structures against references, and beside real proteins."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .._system.processes import mapped
from ._shared.groups import grouped
from ._shared.progress import progress_bar
from ._shared.rows import Summary, row_writer
from ._shared.score_options import ScoreOptions
from ._shared.score_report import MAX_ROWS, report
from ._shared.score_task import RESIDUE_COLUMNS, score_task
from ._shared.warning_kinds import WarningKinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ._shared.score_task import Row

__all__ = ["score"]

#: Errors, kinds of warnings, and names of references that are shown.
MAX_ERRORS, MAX_WARNINGS, MAX_UNUSED = 10, 5, 5


@grouped
def score(options: ScoreOptions) -> None:
    """Score structures: against references, and beside what real proteins look like.

    Without --reference or --pairs: bonds, clashes, angles, Ramachandran regions, secondary
    structure, size. With them also RMSD, TM-score, GDT, lDDT and dRMSD. A file that cannot be
    scored gets a row with an error, the others go on, and the exit code is 1.
    """
    tasks, unused = options.tasks()
    compared = any(task.reference or task.error for task in tasks)
    options.check(tasks, compared)
    if options.alignment.value == "tmalign":
        from ..metrics.structural import load_tmtools

        load_tmtools()
    work = partial(score_task, options=options.for_rows())
    results = Results(columns_of(options, compared))
    with ExitStack() as stack:
        write = open_outputs(options, results.columns, stack)
        advance = stack.enter_context(progress_bar(len(tasks), "scoring", "structures"))
        rows = counted(stack.enter_context(mapped(work, tasks, options.jobs)), advance)
        if options.rank:
            rows = results.ranked(rows)
        for row, residues in rows:
            if options.strict and row.get("error"):
                raise ValueError(f"{row['model']}: {row['error']}")
            results.add(row)
            write(row, residues)
    report(results.first, results.summary, compared, options.out)
    warn(results, len(tasks), unused)
    if results.errors:
        typer.echo(f"{len(results.errors)} of {len(tasks)} could not be scored", err=True)
        raise typer.Exit(1)


@dataclass
class Results:
    """What is kept of all rows: numbers of every column, the first rows, errors and warnings."""

    columns: list[str]
    first: list[Row] = field(default_factory=list)
    errors: list[Row] = field(default_factory=list)
    warnings: WarningKinds = field(default_factory=WarningKinds)

    def __post_init__(self) -> None:
        self.summary = Summary(self.columns[1:])

    def add(self, row: Row) -> None:
        """Take a row into account."""
        self.summary.add(row)
        self.warnings.add(row.get("warning", ""), Path(row["model"]).name)
        if row.get("error"):
            self.errors.append(row)
        elif len(self.first) <= MAX_ROWS:
            self.first.append(row)

    def ranked(self, rows: Iterable[tuple[Row, list[Row]]]) -> list[tuple[Row, list[Row]]]:
        """All rows, most probable first; a warning if they cannot be compared."""
        rows = list(rows)
        reached = {f"{row['resolution']:.2g}" for row, _ in rows if "resolution" in row}
        if len(reached) > 1:
            text = f"ranked across resolutions {', '.join(sorted(reached))} Å"
            self.warnings.add(text)
        return sorted(rows, key=lambda pair: -pair[0].get("log_likelihood", float("-inf")))


def columns_of(options: ScoreOptions, compared: bool) -> list[str]:
    """Columns of the output, in order."""
    from ..analysis import LIKELIHOOD
    from ..metrics.comparison import SIMILARITY
    from ..metrics.quality import QUALITY

    return [
        "model",
        *(["reference", *SIMILARITY] if compared else []),
        *(QUALITY if options.quality else []),
        *(LIKELIHOOD if options.likelihood is not None else []),
        "warning",
        "error",
    ]


def open_outputs(
    options: ScoreOptions, columns: Sequence[str], stack: ExitStack
) -> Callable[[Row, list[Row]], None]:
    """Function that writes a row and its rows of residues into the files of the options."""
    writers, residue_writers = [], []
    if options.out is not None:
        writers.append(stack.enter_context(row_writer(options.out, columns)))
        if options.per_residue:
            table = options.out.with_name(f"{options.out.stem}_residues.csv")
            residue_writers.append(stack.enter_context(row_writer(table, RESIDUE_COLUMNS)))
    for folder in filter(None, (options.superpose, options.color)):
        folder.mkdir(parents=True, exist_ok=True)

    def write(row: Row, residues: list[Row]) -> None:
        for write_row in writers:
            write_row(row)
        for write_row in residue_writers:
            for residue in residues:
                write_row(residue)

    return write


def counted(
    rows: Iterable[tuple[Row, list[Row]]], advance: Callable[[int], object]
) -> Iterator[tuple[Row, list[Row]]]:
    """The same rows; each one moves the progress bar."""
    for row in rows:
        yield row
        advance(1)


def warn(results: Results, count: int, unused: Sequence[Path]) -> None:
    """Warnings and errors on stderr."""
    for line in results.warnings.lines(count, MAX_WARNINGS):
        typer.echo(line, err=True)
    if unused:
        names = ", ".join(path.name for path in unused[:MAX_UNUSED])
        rest = len(unused) - MAX_UNUSED
        more = f" and {rest} more" if rest > 0 else ""
        typer.echo(f"warning: references without a model: {names}{more}", err=True)
    for row in results.errors[:MAX_ERRORS]:
        text = row["error"] if row["model"] in row["error"] else f"{row['model']}: {row['error']}"
        typer.echo(text, err=True)
