"""`protdiff score`: structures against references, and beside real proteins."""

from collections import Counter
from contextlib import ExitStack
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ._shared.pairing import Task, find_files, pair_by_name, pair_by_table, parse_chains
from ._shared.progress import progress_bar
from ._shared.request_options import read_sequences
from ._shared.rows import Summary, row_writer
from ._shared.score_report import MOST_SHOWN, report
from ._shared.score_task import RESIDUE_COLUMNS, Options, mapped, score_task

__all__ = ["score"]

#: Errors that are shown one by one.
MOST_ERRORS = 10


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


def score(
    predictions: Annotated[
        list[str] | None, typer.Argument(metavar="PRED...", help="Files, folders or patterns.")
    ] = None,
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
    check(
        tasks, compared, pairs, out, per_residue, superpose, chain, quality, likelihood, color, rank
    )

    if alignment is Alignment.tmalign:
        from ..metrics.structural import load_tmtools

        load_tmtools()
    from ..analysis import LIKELIHOOD
    from ..metrics.comparison import SIMILARITY
    from ..metrics.quality import QUALITY
    from ..network.weights import find_weights

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
    summary, errors, warnings, first = Summary(columns[1:]), [], Counter(), []
    with ExitStack() as stack:
        writers = []
        if out is not None:
            writers.append(stack.enter_context(row_writer(out, columns)))
        if per_residue:
            table = out.with_name(f"{out.stem}_residues.csv")
            residues = stack.enter_context(row_writer(table, RESIDUE_COLUMNS))
        for folder in filter(None, (superpose, color)):
            folder.mkdir(parents=True, exist_ok=True)
        advance = stack.enter_context(progress_bar(len(tasks), "scoring", "structures"))
        rows = counted(
            stack.enter_context(mapped(partial(score_task, options=options), tasks, jobs)), advance
        )
        if rank:
            rows = list(rows)
            reached = {f"{row.get('resolution', 0):.2g}" for row, _ in rows if "resolution" in row}
            if len(reached) > 1:
                warnings["ranked across resolutions " + ", ".join(sorted(reached)) + " Å"] += 1
            rows = sorted(rows, key=lambda pair: -pair[0].get("log_likelihood", float("-inf")))
        for row, of_residues in rows:
            if row.get("error"):
                if strict:
                    raise ValueError(f"{row['model']}: {row['error']}")
                errors.append(row)
            if row.get("warning"):
                warnings[row["warning"]] += 1
            for write in writers:
                write(row)
            for one in of_residues:
                residues(one)
            summary.add(row)
            if not row.get("error") and len(first) <= MOST_SHOWN:
                first.append(row)
    report(first, summary, compared, out)
    for text, count in warnings.most_common(5):
        typer.echo(f"warning, {count} of {len(tasks)}: {text}", err=True)
    if unused:
        names = ", ".join(path.name for path in unused[:5])
        more = f" and {len(unused) - 5} more" if len(unused) > 5 else ""
        typer.echo(f"warning: references without a model: {names}{more}", err=True)
    for row in errors[:MOST_ERRORS]:
        text = row["error"] if row["model"] in row["error"] else f"{row['model']}: {row['error']}"
        typer.echo(text, err=True)
    if errors:
        typer.echo(f"{len(errors)} of {len(tasks)} could not be scored", err=True)
        raise typer.Exit(1)


def plan(predictions, reference, pairs):
    """Tasks, and references that no model asked for."""
    if not predictions and pairs is None:
        raise ValueError("no models; PRED... goes before --reference")
    models = find_files(predictions or [], "model files")
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


def check(
    tasks, compared, pairs, out, per_residue, superpose, chain, quality, likelihood, color, rank
):
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
        parse_chains(chain)
    for option, folder in (("--superpose", superpose), ("--color", color)):
        if folder is not None:
            check_copies(option, folder, tasks)
    if out is not None and pairs is not None and out.resolve() == pairs.resolve():
        raise ValueError(f"--out {out}: is the table of --pairs; choose another name")


def check_copies(option, folder, tasks):
    """ValueError if copies of the models would get one name, or replace the models."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{option} {folder}: is not a folder")
    names = Counter(task.model.name for task in tasks)
    [(name, count)] = names.most_common(1)
    if count > 1:
        raise ValueError(f"{option}: {count} models are called {name}; rename them")
    for task in tasks:
        for given in filter(None, (task.model, task.reference)):
            if given.resolve() == (folder / task.model.name).resolve():
                raise ValueError(f"{option} {folder}: would replace {given}; choose another folder")
