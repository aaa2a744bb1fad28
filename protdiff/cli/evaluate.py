"""`protdiff evaluate`: a set of designs as a population, beside real chains."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._system.files import write_json
from .._system.processes import process_count
from .._system.words import counted
from ..structure.io.members import path_text
from ._shared.groups import grouped
from ._shared.options import JobsOption
from ._shared.pairing import find_files
from ._shared.progress import duration, progress_bar
from ._shared.reference_sets import load_reference, measure
from ._shared.report_writer import PAGE, write_report
from ._shared.rows import row_writer, shown
from ._shared.structure_sets import output_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from ..metrics.evaluation import Evaluation

__all__ = ["evaluate"]

#: Seconds of one alignment: a part that is always there, and one for each residue of the designs.
#: Those of a novelty are screened, and TM-align is faster, by these factors.
PAIR_SECONDS, RESIDUE_SECONDS, NOVELTY_SHARE, TMALIGN_SHARE = 0.05, 0.003, 0.25, 0.1
#: Seconds of work that are announced.
LONG = 20.0
#: Designs below which a remark says that their number is small.
FEW_DESIGNS = 50


class Method(StrEnum):
    """Structural alignments."""

    structure = "structure"
    tmalign = "tmalign"


@dataclass(frozen=True)
class EvaluateOptions:
    """What `protdiff evaluate` compares, and how."""

    designs: Annotated[
        list[str], typer.Argument(metavar="DIR...", help="Designs: folders, files or patterns.")
    ]
    reference: Annotated[
        Path | None,
        typer.Option(
            help="Real chains: a data set, or a folder of structures. Left out: the numbers of "
            "2,000 real chains that the package ships, and no novelty."
        ),
    ] = None
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("evaluation")
    diversity: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Designs that are all aligned with one another; 0: none. Left out: all of up to "
            "14, and 100 random pairs of more.",
        ),
    ] = None
    novelty: Annotated[
        bool, typer.Option(help="Align the designs with the known structures of --reference.")
    ] = True
    alignment: Annotated[Method, typer.Option(help="tmalign is faster and needs tmtools.")] = (
        Method.structure
    )
    jobs: JobsOption = 0
    report: Annotated[
        bool, typer.Option("--report", help="Also write report.html: a page to look at them.")
    ] = False
    seed: Annotated[int, typer.Option(min=0, help="Of the random choices.")] = 0
    shard: Annotated[
        str | None,
        typer.Option(metavar="K/N", hidden=True, help="Refused: a population has no parts."),
    ] = None


@grouped
def evaluate(options: EvaluateOptions) -> None:
    """Compare a set of designs with real chains of the same lengths.

    Writes structures.csv (the quality columns of each design), population.json and
    population.png: columns as distributions, variance of the chain's modes by band, Fréchet
    distance on descriptors with its floor, diversity, and novelty beside held-out real chains.
    Of a data set the validation chains are real and held out, and the training chains are
    known; of a folder, every other structure is known.
    """
    if options.shard is not None:
        raise ValueError(
            "--shard: evaluate compares all designs with one another; score them in shards with "
            "protdiff score, merge, and evaluate all at once with --jobs"
        )
    files = find_files(options.designs, "designs")
    from ..metrics.evaluation import evaluate as evaluate_structures
    from ..metrics.structural import load_tmtools
    from ..plots.evaluation_page import draw_page
    from ..plots.report.library import ensure_library

    if options.alignment is Method.tmalign:
        load_tmtools()
    if options.report:
        ensure_library()
    with output_folder(options.out):
        designs, errors = measure(files, "designs")
        length = float(designs.population.lengths.mean())
        real, known = load_reference(options.reference, options.novelty)
        evaluation = evaluate_structures(
            designs,
            real,
            known=known,
            diversity=options.diversity,
            alignment=options.alignment.value,
            jobs=options.jobs,
            seed=options.seed,
            progress=partial(first_estimate, options, length),
        )
        write_rows(options.out / "structures.csv", evaluation, errors)
        numbers = evaluation.numbers | {"unreadable": len(errors)}
        write_json(options.out / "population.json", numbers)
        draw_page(evaluation, options.out / "population.png")
        report(evaluation.numbers, options.out)
        if options.report:
            write_report([str(options.out)], options.out / PAGE, jobs=options.jobs)
        if errors:
            print(
                f"{len(errors)} of {len(files)} could not be read; see structures.csv",
                file=sys.stderr,
            )
            raise typer.Exit(1)


def write_rows(path: Path, evaluation: Evaluation, errors: Sequence[tuple[Path, str]]) -> None:
    """One row per design, then the files that could not be read."""
    from ..metrics.quality import QUALITY

    designs = evaluation.designs
    max_tm = [math.nan] * len(designs)
    if "designs" in evaluation.max_tm:
        max_tm = evaluation.max_tm["designs"].tolist()
    nearest = evaluation.nearest or [""] * len(designs)
    with row_writer(path, ["model", *QUALITY, "max_tm", "nearest", "error"]) as write:
        for name, values, tm, known in zip(
            designs.names, designs.columns.tolist(), max_tm, nearest, strict=True
        ):
            row = dict(zip(QUALITY, values, strict=True))
            write({"model": name, "max_tm": tm, "nearest": known} | row)
        for file, error in errors:
            write({"model": path_text(file), "error": error})


def first_estimate(
    options: EvaluateOptions, length: float, total: int | None, what: str, /
) -> AbstractContextManager[Callable[[int], object]]:
    """Progress of alignments; before it, how long they take if that is long."""
    seconds = PAIR_SECONDS + RESIDUE_SECONDS * length
    if what != "diversity":
        seconds *= NOVELTY_SHARE
    if options.alignment is Method.tmalign:
        seconds *= TMALIGN_SHARE if what == "diversity" else TMALIGN_SHARE / NOVELTY_SHARE
    seconds *= (total or 0) / process_count(options.jobs)
    if seconds > LONG:
        less = "--diversity 0" if what == "diversity" else "--no-novelty"
        faster = "" if options.alignment is Method.tmalign else ", --alignment tmalign is faster"
        work = f"{total} pairs{_screened(options, what)}, about {duration(seconds)}"
        print(f"{what}: {work} ({less} leaves it out{faster})", file=sys.stderr)
    return progress_bar(total, what, "pairs")


def _screened(options: EvaluateOptions, what: str) -> str:
    """What is done with pairs that are not all aligned."""
    from ..metrics.pairwise_tm import ALIGNED

    if what == "diversity" or options.alignment is Method.tmalign:
        return ""
    return f" compared roughly and the best {ALIGNED} of each structure aligned"


def diversity_text(numbers: dict[str, Any]) -> str:
    """How alike designs are, with errors."""

    def with_error(name: str, factor: float, unit: str = "") -> str:
        value, error = numbers[name], numbers[f"{name}_error"]
        if value is None:
            return "unknown"
        more = "" if error is None else f" ± {factor * error:.2g}"
        return f"{factor * value:.3g}{more}{unit}"

    share = with_error("same_fold", 100, " %") if numbers["same_fold"] else "none"
    text = (
        f"diversity, {counted(numbers['pairs'], 'pair')} of designs: mean TM "
        f"{with_error('mean_pairwise_tm', 1)}, {share} with TM 0.5 or more"
    )
    if "clusters" in numbers:
        clusters = counted(numbers["clusters"], "cluster")
        return f"{text}; {clusters} among {counted(numbers['designs'], 'design')}"
    return f"{text} (--diversity N clusters N designs)"


def report(numbers: dict[str, Any], out: Path) -> None:
    """Columns beside real chains, then the numbers of the whole set."""
    from rich.console import Console
    from rich.table import Table

    from ..metrics.frechet import MIN_DESIGNS

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    table = Table("column", "designs", "real", "KS", box=None, pad_edge=False)
    for name, row in numbers["columns"].items():
        table.add_row(name, shown(row["mean"]), shown(row["real_mean"]), f"{row['ks']:.2f}")
    console.print(table)
    console.print("\nlog of mode variance, designs over real chains:")
    for name, row in numbers["modes"].items():
        console.print(f"  periods {name:5} {row['log_ratio']:+.3f} ± {row['error']:.3f}")
    if numbers["designs"] < FEW_DESIGNS:
        console.print(
            f"fewer than {FEW_DESIGNS} designs: read the errors and the floor, "
            "not the numbers alone"
        )
    if frechet := numbers["frechet"]:
        console.print(
            f"Fréchet distance {frechet['distance']:.1f} in {frechet['dimensions']} dimensions; "
            f"as many real chains get {frechet['floor']:.1f} ± {frechet['floor_sd']:.1f}"
        )
    else:
        console.print(
            f"no Fréchet distance: it takes {MIN_DESIGNS} designs or more, and twice as many real "
            f"chains (here {numbers['designs']} and {numbers['real_chains']})"
        )
    if diversity := numbers.get("diversity"):
        console.print(diversity_text(diversity))
    for title, row in numbers.get("novelty", {}).items():
        if row["count"]:
            console.print(
                f"largest TM to a known structure, {title.replace('_', ' ')}: median "
                f"{row['median']:.3f}, largest {row['largest']:.3f}"
            )
    print(f"structures.csv, population.json and population.png in {out}")
