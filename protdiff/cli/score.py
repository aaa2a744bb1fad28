"""`protdiff score`: structures against references, and beside real proteins."""

import multiprocessing
import os
from collections import Counter
from contextlib import ExitStack
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from .inputs import Task, find_files, pair_by_name, pair_by_table
from .progress import progress_bar
from .rows import Summary, row_writer, shown

__all__ = ["ScoreCommand", "score"]

RESIDUE_COLUMNS = (
    "model", "reference", "model_chain", "model_number", "model_residue", "reference_chain",
    "reference_number", "reference_residue", "distance", "lddt",
)  # fmt: skip
#: Columns of the table on the terminal, with and without a reference; the file has all.
BRIEF = (
    "aligned", "rmsd", "tm", "gdt_ts", "gdt_ha", "lddt", "ca_bonds", "clashes_3.0",
    "rama_outliers",
)  # fmt: skip
BRIEF_ALONE = (
    "residues", "ca_bonds", "clashes_3.0", "clashes_3.6", "ca_angles_out", "rama_outliers",
    "psea_helix", "psea_strand", "dssp_strand", "rg_ratio",
)  # fmt: skip
MOST_SHOWN = 25


class Alignment(StrEnum):
    """How residues correspond."""

    sequence = "sequence"
    identity = "identity"
    number = "number"
    structure = "structure"
    tmalign = "tmalign"


class Normalize(StrEnum):
    """Whose length divides TM-score and GDT."""

    reference = "reference"
    model = "model"
    shorter = "shorter"


class ScoreCommand(TyperCommand):
    """Lets --reference take any number of files, as a shell pattern makes them."""

    def parse_args(self, ctx, args):
        out, many = [], False
        for arg in args:
            if arg == "--reference":
                many = True
            elif arg.startswith("--"):
                many = False
                out.append(arg)
            else:
                out += ["--reference", arg] if many else [arg]
        return super().parse_args(ctx, out)


def score(
    predictions: Annotated[
        list[str], typer.Argument(metavar="PRED...", help="Files, folders or patterns.")
    ],
    reference: Annotated[
        list[str] | None,
        typer.Option(metavar="REF...", help="Reference files; models go before this option."),
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="CSV file with the columns model and reference.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="All columns, one row a model: .csv or .json.")
    ] = None,
    alignment: Annotated[
        Alignment, typer.Option(help="How residues of model and reference correspond.")
    ] = Alignment.sequence,
    chain: Annotated[
        str | None, typer.Option(help="Chains to pair, MODEL:REFERENCE, as in A:B or A:B,C:D.")
    ] = None,
    normalize: Annotated[
        Normalize, typer.Option(help="Whose length divides TM-score and GDT.")
    ] = Normalize.reference,
    per_residue: Annotated[
        bool, typer.Option("--per-residue", help="Also a table of residues: OUT_residues.csv.")
    ] = False,
    superpose: Annotated[
        Path | None, typer.Option(help="Folder for the models moved onto their references.")
    ] = None,
    quality: Annotated[
        bool, typer.Option(help="The columns that need no reference; without them it is faster.")
    ] = True,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: one per core.")] = 1,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first row with an error.")
    ] = False,
):
    """Score structures: against references, and beside what real proteins look like.

    Without --reference or --pairs: bonds, clashes, angles, Ramachandran regions, secondary
    structure, size. With them also RMSD, TM-score, GDT, lDDT and dRMSD. A file that cannot be
    scored gets a row with an error, the others go on, and the exit code is 1.
    """
    tasks, unused = plan(predictions, reference, pairs)
    compared = any(task.reference or task.error for task in tasks)
    check(tasks, compared, out, per_residue, superpose, chain, quality)

    from ..metrics.quality import QUALITY
    from ..metrics.scores import SIMILARITY

    columns = ["model", *(["reference", *SIMILARITY] if compared else [])]
    columns += [*(QUALITY if quality else []), "warning", "error"]
    options = {
        "alignment": alignment.value,
        "chains": chain,
        "normalize": normalize.value,
        "with_quality": quality,
    }
    work = partial(score_task, options=options, superpose=superpose, per_residue=per_residue)
    summary, errors, warnings, first = Summary(columns[1:]), 0, Counter(), []
    with ExitStack() as stack:
        if superpose is not None:
            superpose.mkdir(parents=True, exist_ok=True)
        writers = []
        if out is not None:
            writers.append(stack.enter_context(row_writer(out, columns)))
        if per_residue:
            table = out.with_name(f"{out.stem}_residues.csv")
            residues = stack.enter_context(row_writer(table, RESIDUE_COLUMNS))
        advance = stack.enter_context(progress_bar(len(tasks), "scoring", "structures"))
        for row, of_residues in stack.enter_context(mapped(work, tasks, jobs)):
            if row.get("error"):
                if strict:
                    raise ValueError(f"{row['model']}: {row['error']}")
                errors += 1
            if row.get("warning"):
                warnings[row["warning"]] += 1
            for write in writers:
                write(row)
            for one in of_residues:
                residues(one)
            summary.add(row)
            if len(first) < MOST_SHOWN or row.get("error"):
                first.append(row)
            advance(1)
    report(first, summary, len(tasks), compared, out)
    for text, count in warnings.most_common(5):
        typer.echo(f"warning, {count} of {len(tasks)}: {text}", err=True)
    if unused:
        names = ", ".join(path.name for path in unused[:5])
        more = f" and {len(unused) - 5} more" if len(unused) > 5 else ""
        typer.echo(f"warning: references without a model: {names}{more}", err=True)
    if errors:
        typer.echo(f"{errors} of {len(tasks)} could not be scored; see the error column", err=True)
        raise typer.Exit(1)


def plan(predictions, reference, pairs):
    """Tasks, and references that no model asked for."""
    models = find_files(predictions, "model files")
    references = find_files(reference or [], "--reference")
    if pairs is not None:
        return pair_by_table(pairs, models, references), []
    if references:
        return pair_by_name(models, references)
    return [Task(model) for model in models], []


def check(tasks, compared, out, per_residue, superpose, chain, quality):
    """ValueError for options that do not go together."""
    if out is not None and out.is_dir():
        raise ValueError(f"--out {out}: is a folder; give a file name")
    if per_residue and (out is None or not compared):
        raise ValueError("--per-residue: needs --reference, and --out to name the table")
    if not compared:
        for option, given in (("--superpose", superpose), ("--chain", chain)):
            if given is not None:
                raise ValueError(f"{option}: needs --reference")
        if not quality:
            raise ValueError("--no-quality: without --reference nothing is left to compute")
    if chain is not None:
        from ..metrics.chains import parse_chains

        parse_chains(chain)
    if superpose is not None:
        names = Counter(task.model.name for task in tasks)
        [(name, count)] = names.most_common(1)
        if count > 1:
            raise ValueError(f"--superpose: {count} models are called {name}; rename them")


def score_task(task, options, superpose, per_residue):
    """Row of one task, and its rows of residues; never raises for bad input."""
    import torch

    from ..io import read, write
    from ..metrics.chains import parse_chains
    from ..metrics.scores import score as compare

    torch.set_num_threads(1)
    row = {"model": str(task.model), "reference": str(task.reference or "")}
    if task.error:
        return row | {"error": task.error}, []
    try:
        model = read(task.model, ca_only=True)
        reference = None if task.reference is None else read(task.reference, ca_only=True)
        chains = options["chains"] and parse_chains(options["chains"])
        scores = compare(model, reference, **options | {"chains": chains})
        if superpose is not None:
            write(scores.superpose(model), superpose / task.model.name)
    except ValueError as error:
        return row | {"error": " ".join(str(error).split())}, []
    residues = residue_rows(row, model, reference, scores) if per_residue else []
    return row | scores.row(), residues


def residue_rows(row, model, reference, scores):
    """One row per pair of residues."""
    out = []
    for (i, j), distance, lddt in zip(
        scores.pairs.tolist(), scores.distance.tolist(), scores.residue_lddt.tolist(), strict=True
    ):
        values = [row["model"], row["reference"]]
        for backbone, k in ((model, i), (reference, j)):
            number = f"{backbone.residue_numbers[k]}{backbone.insertion_codes[k]}"
            values += [str(backbone.chain_ids[k]), number, str(backbone.residue_names[k])]
        out.append(dict(zip(RESIDUE_COLUMNS, [*values, distance, lddt], strict=True)))
    return out


class mapped:
    """Context that yields ``map(work, tasks)`` in order, in one process or several."""

    def __init__(self, work, tasks, jobs):
        self.work, self.tasks, self.pool = work, tasks, None
        self.jobs = min(jobs or os.cpu_count() or 1, len(tasks))

    def __enter__(self):
        if self.jobs <= 1:
            return map(self.work, self.tasks)
        self.pool = multiprocessing.get_context("spawn").Pool(self.jobs)
        return self.pool.imap(self.work, self.tasks, chunksize=4)

    def __exit__(self, *_):
        if self.pool is not None:
            self.pool.terminate()


def report(rows, summary, count, compared, out):
    """Table of the first rows and summary of all columns on the terminal."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    brief = [name for name in (BRIEF if compared else BRIEF_ALONE) if name in summary.numbers]
    table = Table("model", *brief, box=None, pad_edge=False, header_style="bold")
    for row in rows[:MOST_SHOWN]:
        if row.get("error"):
            table.add_row(short(row["model"]), f"[red]{row['error']}[/red]")
        else:
            table.add_row(short(row["model"]), *(brief_number(row.get(name)) for name in brief))
    if count <= MOST_SHOWN:
        console.print(table)
        console.print()
    totals = Table(
        "column", "rows", "mean", "median", box=None, pad_edge=False, header_style="bold"
    )
    for name, rows_with, mean, median in summary.table():
        totals.add_row(name, str(rows_with), shown(mean), shown(median))
    console.print(totals)
    if out is not None:
        console.print(f"{count} rows in {out}")


def short(text, width=36):
    """The end of a long path."""
    return text if len(text) <= width else "…" + text[1 - width :]


def brief_number(value):
    """A number in few characters."""
    if isinstance(value, float):
        return "" if value != value else f"{value:.3f}"
    return "" if value is None else str(value)
