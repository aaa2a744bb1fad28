"""`protdiff data`: make a data set of structures, and show what one holds."""

from __future__ import annotations

import math
import sys
from csv import DictReader
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._system.words import counted
from ._shared.groups import grouped, paragraphs
from ._shared.options import check_ending, check_jobs
from ._shared.progress import progress_bar

if TYPE_CHECKING:
    from ..dataset import ChainSet

__all__ = ["app"]

app = typer.Typer(help="Make and look at data sets of chains.", no_args_is_help=True)

#: What `--method` takes; see `protdiff.dataset.experiment`.
METHODS = ("x-ray", "em", "nmr", "model", "simulation", "other")


class Models(StrEnum):
    """Models of a structure file."""

    first = "first"
    all = "all"


class Cluster(StrEnum):
    """Which chains must be in the same split."""

    auto = "auto"
    mmseqs = "mmseqs"
    identical = "identical"


@app.callback()
def _group() -> None:
    pass


@dataclass(frozen=True)
class LimitOptions:
    """Which chains are kept."""

    min_length: Annotated[int, typer.Option(min=3, help="Residues.")] = 40
    max_length: Annotated[int, typer.Option(min=3, help="Residues.")] = 512
    max_resolution: Annotated[
        float, typer.Option(min=0, help="Å; chains of unknown resolution are kept.")
    ] = 4.0
    method: Annotated[
        list[str] | None, typer.Option(help=f"Only of these: {', '.join(METHODS)}.")
    ] = None


@dataclass(frozen=True)
class ReadingOptions:
    """How inputs are read."""

    models: Annotated[Models, typer.Option(help="Models to take of a file with several.")] = (
        Models.first
    )
    stride: Annotated[int, typer.Option(min=1, help="Take every n-th frame of a trajectory.")] = 1
    identical: Annotated[
        bool, typer.Option(help="Keep chains whose sequence another input has already.")
    ] = False
    jobs: Annotated[
        int, typer.Option(min=0, callback=check_jobs, help="Processes; 0: one per core.")
    ] = 1


@dataclass(frozen=True)
class SplittingOptions:
    """How chains go to splits."""

    cluster: Annotated[
        Cluster, typer.Option(help="Splits by 30 % identity (MMseqs2) or by identical sequence.")
    ] = Cluster.auto
    val: Annotated[float, typer.Option(min=0, max=0.5, help="Share for validation.")] = 0.05
    test: Annotated[float, typer.Option(min=0, max=0.5, help="Share for the test.")] = 0.05
    seed: Annotated[int, typer.Option(min=0, help="Of the splits.")] = 0


@grouped
def build(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Structure files, folders, patterns, pdb:1abc, traj.xtc+top.pdb, or data sets.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the data set; must not exist.")],
    limits: LimitOptions,
    reading: ReadingOptions,
    splitting: SplittingOptions,
) -> None:
    """Make a data set for `protdiff train` from structures.

    Of every chain the longest unbroken segment is kept. rejected.csv in the data set names every
    chain that was not kept, and why; warnings.csv what was left out or guessed in a file that was
    read. docs/reference/data-sets.md describes the files.
    """
    methods = tuple(limits.method or ())
    if unknown := set(methods) - set(METHODS):
        raise ValueError(f"--method {unknown.pop()}: choose among {', '.join(METHODS)}")
    from ..dataset.build import Reading, Splitting, build_dataset
    from ..dataset.filters import Limits

    with progress_bar(None, "reading", "inputs") as advance:
        summary = build_dataset(
            inputs,
            out,
            limits=Limits(limits.min_length, limits.max_length, limits.max_resolution, methods),
            reading=Reading(reading.stride, reading.models.value, reading.identical, reading.jobs),
            splitting=Splitting(
                splitting.cluster.value, splitting.val, splitting.test, splitting.seed
            ),
            advance=advance,
        )
    _print_summary(summary, out, splitting.cluster)
    if unreadable := summary["rejected"].get("unreadable"):
        first = ", the first" if unreadable > 1 else ""
        said = f"{counted(unreadable, 'input')} could not be read{first}"
        print(f"{said}: {_first_unreadable(out)}", file=sys.stderr)
        raise typer.Exit(1)


app.command()(paragraphs(build))


def _first_unreadable(dataset: Path) -> str:
    """The first input that could not be read, and why."""
    with (dataset / "rejected.csv").open(newline="", encoding="utf-8") as handle:
        row = next(row for row in DictReader(handle) if row["kind"] == "unreadable")
    return f"{row['input']}: {row['reason']}"


def _print_summary(summary: dict[str, Any], out: Path, cluster: Cluster) -> None:
    print(f"{out}: {counted(summary['chains'], 'chain')}, {summary['residues']} residues")
    if cluster is Cluster.auto and "one sequence" in summary["splits"]:
        print(
            "splits by identical sequence, since mmseqs is not on the PATH: "
            "similar sequences may be on both sides"
        )
    else:
        print(f"splits {summary['splits']}")
    if rejected := summary["rejected"]:
        listed = ", ".join(f"{count} {kind}" for kind, count in rejected.items())
        print(f"rejected: {listed}; see {out / 'rejected.csv'}")
    if count := summary["warnings"]:
        print(f"warnings: {count}, of what was left out or guessed; see {out / 'warnings.csv'}")


@app.command()
@paragraphs
def show(
    dataset: Annotated[Path, typer.Argument(help="Data set or chain archive.")],
    plot: Annotated[Path | None, typer.Option(help="Picture to draw, .png, .svg or .pdf.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the table, one row per chain.")] = None,
) -> None:
    """Print what a data set holds; a dash stands for what is not known, such as a resolution."""
    from .._system.files import PICTURES, ensure_writable
    from ..dataset import read_chains
    from ..dataset.store import read_summary
    from ..plots.dataset_page import draw_dataset

    check_ending("--plot", plot, *PICTURES)
    check_ending("--csv", csv, ".csv")
    for path in filter(None, (plot, csv)):
        ensure_writable(path)
    chains = read_chains(dataset, max_length=10**9, globular=False)
    _print_chains(chains)
    if (dataset / "dataset.json").is_file():
        summary = read_summary(dataset)
        print(f"\nsplits {summary.get('splits', 'unknown')}")
        for kind, count in summary.get("rejected", {}).items():
            print(f"rejected: {count} {kind}")
        if count := summary.get("warnings", 0):
            print(f"warnings: {count}; see {dataset / 'warnings.csv'}")
    if csv:
        write_table(chains, csv)
    if plot:
        draw_dataset(chains, plot)


def _print_chains(chains: ChainSet) -> None:
    """Numbers of every split, and chains by length."""
    from ..dataset.store import SPLITS
    from ..plots.dataset_page import length_rows, summarise

    print(f"{'':5}{'chains':>9}{'clusters':>9}{'residues':>11}{'length':>7}{'helix':>6}"
          f"{'strand':>7}{'Rg ratio':>9}{'extended':>9}{'res. Å':>7}")  # fmt: skip
    for name, row in summarise(chains).items():
        print(
            f"{name:5}{row['chains']:9}{row['clusters']:9}{row['residues']:11}"
            f"{_number(row['mean length'], 7, 0)}{_number(row['helix'], 6)}"
            f"{_number(row['strand'], 7)}{_number(row['Rg ratio'], 9)}{row['extended']:9}"
            f"{_number(row['resolution'], 7)}"
        )
    print(f"\n{'residues':12}" + "".join(f"{name:>9}" for name in SPLITS))
    for first, last, counts in length_rows(chains):
        print(f"{f'{first}-{last}':12}" + "".join(f"{count:9}" for count in counts))


def _number(value: float, width: int, decimals: int = 2) -> str:
    """A number of a table, or a dash where it is not known, as the resolution of a model."""
    return f"{'-':>{width}}" if math.isnan(value) else f"{value:{width}.{decimals}f}"


def write_table(chains: ChainSet, path: Path) -> None:
    """Write the table of a data set, without the columns that only the program needs."""
    from ..dataset.store import SPLITS, TABLE
    from ._shared.rows import row_writer

    internal = ("name", "start", "sequence")
    columns = ["name", *(key for key in TABLE.names or () if key not in internal)]
    with row_writer(path, columns) as write:
        for row in chains.table:
            values = {key: row[key].item() for key in columns}
            for key in ("name", "method"):
                values[key] = values[key].decode(errors="replace")
            values["split"] = dict(enumerate(SPLITS)).get(values["split"], "")
            values["extended"] = int(values["extended"])
            write(values)
