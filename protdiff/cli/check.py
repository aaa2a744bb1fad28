"""`protdiff check`: whether sequences fold into the designs that they were made for."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from .._system.files import making_folder
from ._shared.check_report import BEST, TABLE, write_tables
from ._shared.check_shards import check_options, own_plan
from ._shared.check_workers import models_of
from ._shared.cluster_options import ClusterOption, connected, refuse_jobs
from ._shared.groups import grouped
from ._shared.options import Device, check_jobs
from ._shared.progress import progress_bar
from ._shared.report_writer import PAGE, write_report
from ._shared.run_file import ConfigOption
from ._shared.shard_records import at_work, remove_shards
from ._shared.shards import ShardOption, refuse_with_shard
from ._shared.structure_sets import output_folder

__all__ = ["check"]


@grouped
def check(
    *,
    designs: Annotated[
        list[str], typer.Argument(metavar="DESIGNS...", help="Folder, files or patterns.")
    ],
    sequences: Annotated[
        Path,
        typer.Argument(metavar="SEQUENCES", help="Folder of protdiff design, or FASTA files."),
    ],
    fold: Annotated[
        str | None,
        typer.Option(
            metavar="ENGINE",
            help="esmfold, boltz, chai, colabfold, esm-fold, or a command with {fasta} and {out}.",
        ),
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Folder of models that were folded elsewhere.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("checked"),
    batch: Annotated[int, typer.Option(min=1, help="Sequences per call of a program.")] = 1,
    device: Annotated[Device, typer.Option(help="Where esmfold runs.")] = Device.auto,
    chunk_size: Annotated[
        int | None, typer.Option(min=1, help="For esmfold: smaller takes less memory.")
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Also write report.html: designs and their models.")
    ] = False,
    jobs: Annotated[
        int,
        typer.Option(
            min=0,
            callback=check_jobs,
            help="Processes that compare --predictions; 0: all cores there is work for.",
        ),
    ] = 0,
    shard: ShardOption = None,
    cluster: ClusterOption = None,
    config: ConfigOption = None,
) -> None:
    """Check whether sequences fold into their designs (self-consistency).

    Folds every sequence with a structure predictor, or takes models that were folded elsewhere,
    and compares the models with the designs: scTM, scRMSD, motif RMSD and pLDDT. A design is
    designable if a sequence of it has scRMSD below 2 Å. Writes check.csv, one row per sequence,
    and best.csv, the best sequence of each design, best designs first. A run that was interrupted
    continues when the same command is given a second time. A sequence that cannot be folded gets
    a row with an error, the others go on, and the exit code is 1.

    --fold esmfold:WEIGHTS takes the weights of a folder. Boltz and Chai get files of their own
    format; {fasta:boltz} names the format if the command does not name the program.
    """
    from ..analysis.folding.checking import CheckOptions, planned

    if report:
        from ..plots.report.library import ensure_library

        ensure_library()
    refuse_with_shard(shard, report=(report, "leave it out; after the merge: protdiff report"))
    refuse_jobs(cluster, jobs)
    if cluster is not None and fold is None:
        raise ValueError(
            "--cluster: goes with --fold; models that are there are compared here, by --jobs"
        )
    with ExitStack() as stack:
        workers = stack.enter_context(connected(cluster))
        where = device.value if workers is None else workers.device(device.value)
        options = CheckOptions(
            fold, predictions, out, where, chunk_size, batch, jobs, workers is not None
        )
        stack.enter_context(making_folder(out) if shard is not None else output_folder(out))
        plan, part = planned(designs, sequences, options), None
        if shard is not None:
            part, plan = own_plan(shard, plan)
            stack.enter_context(at_work(part, out / TABLE, "check", check_options(plan)))
        plan = plan.read()  # a shard its part alone
        models = stack.enter_context(models_of(plan, workers))
        plan.begin()
        if config is not None:
            config.write(out)
        with progress_bar(len(plan.targets), "checking", "sequences") as advance:
            results = []
            for result in plan.results(models):
                results.append(result)
                advance(1)
        errors = write_tables(plan.in_order(results), plan, out, part)
        if part is None:
            remove_shards(out / TABLE, BEST)
        if report:
            write_report([*designs, str(out)], out / PAGE, jobs=jobs)
    if errors:
        raise typer.Exit(1)
