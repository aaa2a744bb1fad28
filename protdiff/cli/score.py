"""`protdiff score`: structures against references, and beside real proteins."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .._system.files import making_folder
from .._system.words import counted as in_words
from ._shared.cluster_options import connected
from ._shared.groups import grouped
from ._shared.next_step import merge_step
from ._shared.progress import progress_bar
from ._shared.report_writer import write_report
from ._shared.rows import row_writer
from ._shared.score_options import ScoreOptions
from ._shared.score_order import OrderOptions, copy_best
from ._shared.score_report import report
from ._shared.score_results import Results
from ._shared.score_task import detail_columns
from ._shared.score_workers import scored
from ._shared.shard_records import at_work
from ._shared.table_shards import PLACE, detail_table, part_of_tasks, whole_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ._shared.score_task import Details, Row
    from ._shared.shards import Part

__all__ = ["score"]

#: Errors, kinds of warnings, and names of references that are shown.
MAX_ERRORS, MAX_WARNINGS, MAX_UNUSED = 10, 5, 5


@grouped
def score(options: ScoreOptions, order: OrderOptions) -> None:
    """Score structures: against references, and beside what real proteins look like.

    Without --reference or --pairs: bonds, clashes, angles, Ramachandran regions, secondary
    structure, size, and a verdict: which columns are outside the range of 98 % of real chains.
    With them also RMSD, TM-score, GDT, lDDT and dRMSD; of complexes DockQ, QS-score and interface
    lDDT; where files have side chains, their lDDT, torsions and clashes. Predictions have pLDDT,
    PAE, ipTM and scores of interfaces, too, from what their programs write. A file that cannot be
    scored gets a row with an error, the others go on, and the exit code is 1.
    """
    tasks, unused = options.tasks()
    compared = any(task.reference or task.error for task in tasks)
    options.check(tasks, compared)
    columns = columns_of(options, compared)
    order.check(columns, [task.model for task in tasks])
    order.refuse_with(options.shard)
    if options.alignment.value == "tmalign":
        from ..metrics.structural import load_tmtools

        load_tmtools()
    row_options = options.for_rows(compared)
    results = Results(columns, order)
    with ExitStack() as stack:
        cluster, part = stack.enter_context(connected(options.cluster)), None
        if options.shard is not None:
            part = part_of_tasks(options.shard, tasks)
            options, tasks = one_shard(options, part, stack), part.of(tasks)
        write = open_outputs(options, results.columns, stack)
        advance = stack.enter_context(progress_bar(len(tasks), "scoring", "structures"))
        rows = counted(scored(tasks, row_options, options.jobs, cluster, stack), advance)
        if order.sorts:
            rows = results.ordered(rows)
        places = range(len(tasks)) if part is None else part.places
        for place, (row, details) in zip(places, rows, strict=True):
            if options.strict and row.get("error"):
                raise ValueError(f"{row['model']}: {row['error']}")
            results.add(row)
            write(place, row, details)
    report(results, compared, options.out)
    if order.copy_to is not None:
        copy_best(results.first, columns, order.copy_to)
        print(f"{in_words(len(results.first), 'copy', 'copies')} and best.csv in {order.copy_to}")
    if options.plot is not None:
        from ..plots.score_page import draw_scores

        if results.errors and not any(results.summary.numbers.values()):
            print(f"{options.plot}: not drawn, for no structure has a score", file=sys.stderr)
        else:
            draw_scores(results.summary.numbers, options.plot)
            print(f"picture: {options.plot}")
    if options.report:
        write_report([str(options.out)], options.page, jobs=options.jobs)
    warn(results, len(tasks), unused)
    if part is not None and options.out is not None:
        print(merge_step(whole_table(options.out), part.shard.count))
    if results.errors:
        print(f"{len(results.errors)} of {len(tasks)} could not be scored", file=sys.stderr)
        raise typer.Exit(1)


def one_shard(options: ScoreOptions, part: Part, stack: ExitStack) -> ScoreOptions:
    """The options with the table of a shard, which this process is until the stack ends."""
    assert options.out is not None
    stack.enter_context(at_work(part, options.out, "score", options.recorded(), folder=False))
    return replace(options, out=part.shard.beside(options.out))


def columns_of(options: ScoreOptions, compared: bool) -> list[str]:
    """Columns of the output, in order."""
    from ..analysis import LIKELIHOOD
    from ..analysis.relative_likelihood import RELATIVE
    from ..metrics.all_atom import ALL_ATOM_ALONE, ALL_ATOM_SIMILARITY
    from ..metrics.comparison import SIMILARITY
    from ..metrics.confidence.predicted import CONFIDENCE
    from ..metrics.interfaces.complex_scores import COMPLEX
    from ..metrics.quality import QUALITY
    from ..metrics.verdict import VERDICT

    all_atoms = options.atoms.value == "all"
    return [
        "model",
        *(["reference", *SIMILARITY, *COMPLEX] if compared else []),
        *(["chains"] if options.chain is not None and not compared else []),
        *(ALL_ATOM_SIMILARITY if compared and all_atoms else []),
        *(CONFIDENCE if options.confidence else []),
        *([*QUALITY, *VERDICT] if options.quality else []),
        *(ALL_ATOM_ALONE if options.quality and all_atoms else []),
        *([*LIKELIHOOD, *RELATIVE] if options.likelihood is not None else []),
        "warning",
        "error",
    ]


def open_outputs(
    options: ScoreOptions, columns: Sequence[str], stack: ExitStack
) -> Callable[[int, Row, Details], None]:
    """Function that writes a row, by its place, and its details into the files of the options."""
    writers = {}
    first = [] if options.shard is None else [PLACE]
    if options.out is not None:
        tables = {"": (options.out, columns)}
        for kind in options.details:
            tables[kind] = detail_table(options.out, kind), detail_columns(kind)
        for kind, (path, names) in tables.items():
            writers[kind] = stack.enter_context(row_writer(path, [*first, *names]))
    for folder in filter(None, (options.superpose, options.color)):
        stack.enter_context(making_folder(folder))

    def write(place: int, row: Row, details: Details) -> None:
        for kind, write_row in writers.items():
            for one in details.get(kind, []) if kind else [row]:
                write_row({PLACE: place} | one)

    return write


def counted(
    rows: Iterable[tuple[Row, Details]], advance: Callable[[int], object]
) -> Iterator[tuple[Row, Details]]:
    """The same rows; each one moves the progress bar."""
    for row in rows:
        yield row
        advance(1)


def warn(results: Results, count: int, unused: Sequence[Path]) -> None:
    """Warnings and errors on stderr."""
    for line in results.warnings.lines(count, MAX_WARNINGS):
        print(line, file=sys.stderr)
    if unused:
        names = ", ".join(path.name for path in unused[:MAX_UNUSED])
        rest = len(unused) - MAX_UNUSED
        more = f" and {rest} more" if rest > 0 else ""
        print(f"warning: references without a model: {names}{more}", file=sys.stderr)
    for row in results.errors[:MAX_ERRORS]:
        text = row["error"] if row["model"] in row["error"] else f"{row['model']}: {row['error']}"
        print(text, file=sys.stderr)
