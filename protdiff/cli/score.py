"""`protdiff score`: structures against references, and beside real proteins."""

from collections import Counter
from contextlib import ExitStack
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from .inputs import Task, find_files, pair_by_name, pair_by_table
from .plan import read_sequences
from .progress import progress_bar
from .rows import Summary, row_writer, shown
from .score_task import RESIDUE_COLUMNS, Options, mapped, score_task

__all__ = ["ScoreCommand", "score"]

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


class Method(StrEnum):
    """Likelihoods."""

    elbo = "elbo"
    iwae = "iwae"
    ode = "ode"


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
    likelihood: Annotated[
        Method | None,
        typer.Option(help="How probable the weights find it: bound, importance weights or flow."),
    ] = None,
    samples: Annotated[
        int, typer.Option(min=1, help="Repetitions of the likelihood; its error needs two.")
    ] = 2,
    sequence: Annotated[
        str, typer.Option(help="Sequence the likelihood is given: auto (the file's), none, FASTA.")
    ] = "auto",
    weights: Annotated[
        str | None, typer.Option(help="Weights of the likelihood, by name or .safetensors file.")
    ] = None,
    color: Annotated[
        Path | None, typer.Option(help="Folder for copies with nats per residue as B-factors.")
    ] = None,
    rank: Annotated[
        bool, typer.Option("--rank", help="Most probable first (all rows are kept in memory).")
    ] = False,
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
    check(tasks, compared, out, per_residue, superpose, chain, quality, likelihood, color, rank)

    from ..likelihood import LIKELIHOOD
    from ..metrics.chains import parse_chains
    from ..metrics.quality import QUALITY
    from ..metrics.scores import SIMILARITY
    from ..weights import find_weights

    columns = ["model", *(["reference", *SIMILARITY] if compared else [])]
    columns += [*(QUALITY if quality else []), "warning", "error"]
    if likelihood is not None:
        columns[-2:-2] = LIKELIHOOD
    options = Options(
        alignment=alignment.value, chains=chain and parse_chains(chain),
        normalize=normalize.value, quality=quality, per_residue=per_residue, superpose=superpose,
        likelihood=likelihood and likelihood.value, samples=samples,
        sequence=given_sequence(sequence), weights=likelihood and find_weights(weights),
        color=color,
    )  # fmt: skip
    summary, errors, warnings, first = Summary(columns[1:]), 0, Counter(), []
    with ExitStack() as stack:
        for folder in filter(None, (superpose, color)):
            folder.mkdir(parents=True, exist_ok=True)
        writers = []
        if out is not None:
            writers.append(stack.enter_context(row_writer(out, columns)))
        if per_residue:
            table = out.with_name(f"{out.stem}_residues.csv")
            residues = stack.enter_context(row_writer(table, RESIDUE_COLUMNS))
        advance = stack.enter_context(progress_bar(len(tasks), "scoring", "structures"))
        rows = counted(
            stack.enter_context(mapped(partial(score_task, options=options), tasks, jobs)), advance
        )
        if rank:
            rows = sorted(rows, key=lambda pair: -pair[0].get("log_likelihood", float("-inf")))
        for row, of_residues in rows:
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
            if len(first) < MOST_SHOWN:
                first.append(row)
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


def counted(rows, advance):
    """The same rows, each one told to the progress bar."""
    for row in rows:
        yield row
        advance(1)


def given_sequence(option):
    """Option --sequence as "auto", "none" or the letters of a FASTA file with one record."""
    if option in ("auto", "none"):
        return option
    records = read_sequences(option)
    if len(records) != 1:
        raise ValueError(f"--sequence {option}: {len(records)} records; give one, auto or none")
    return next(iter(records.values()))


def check(tasks, compared, out, per_residue, superpose, chain, quality, likelihood, color, rank):
    """ValueError for options that do not go together."""
    if out is not None and out.is_dir():
        raise ValueError(f"--out {out}: is a folder; give a file name")
    if per_residue and (out is None or not (compared or likelihood)):
        raise ValueError("--per-residue: needs --reference or --likelihood, and --out")
    for option, given in (("--rank", rank), ("--color", color)):
        if given and likelihood is None:
            raise ValueError(f"{option}: needs --likelihood")
    if not compared:
        for option, given in (("--superpose", superpose), ("--chain", chain)):
            if given is not None:
                raise ValueError(f"{option}: needs --reference")
        if not quality and likelihood is None:
            raise ValueError("--no-quality: without --reference nothing is left to compute")
    if chain is not None:
        from ..metrics.chains import parse_chains

        parse_chains(chain)
    if superpose is not None or color is not None:
        option = "--superpose" if superpose is not None else "--color"
        names = Counter(task.model.name for task in tasks)
        [(name, count)] = names.most_common(1)
        if count > 1:
            raise ValueError(f"{option}: {count} models are called {name}; rename them")


def report(rows, summary, count, compared, out):
    """Table of the first rows and summary of all columns on the terminal."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    brief = (*(BRIEF if compared else BRIEF_ALONE), "log_likelihood")
    brief = [name for name in brief if name in summary.numbers]
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
