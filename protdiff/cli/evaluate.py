"""`protdiff evaluate`: a set of designs as a population, beside real chains."""

import math
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .._system.files import write_json
from ._shared.pairing import find_files, stem
from ._shared.progress import progress_bar
from ._shared.rows import row_writer, shown

__all__ = ["evaluate"]

#: Longest chains of an archive that are read.
MAX_LENGTH = 512


class Method(StrEnum):
    """Structural alignments."""

    structure = "structure"
    tmalign = "tmalign"


def evaluate(
    designs: Annotated[
        list[str], typer.Argument(metavar="DIR...", help="Designs: folders, files or patterns.")
    ],
    reference: Annotated[
        Path | None,
        typer.Option(
            help="Real chains: a chain archive, or a folder of structures. Left out: the numbers "
            "of 2,000 real chains that the package ships, and no novelty."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("evaluation"),
    diversity: Annotated[
        int, typer.Option(min=0, help="Designs that are aligned with one another; 0: none.")
    ] = 100,
    novelty: Annotated[
        bool, typer.Option(help="Align the designs with the known structures of --reference.")
    ] = True,
    alignment: Annotated[
        Method, typer.Option(help="tmalign is faster and needs tmtools.")
    ] = Method.structure,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: one per core.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the random choices.")] = 0,
):
    """Compare a set of designs with real chains of the same lengths.

    Writes structures.csv (the quality columns of each design), population.json and
    population.png: columns as distributions, variance of the chain's modes by band, Fréchet
    distance on descriptors with its floor, diversity, and novelty beside held-out real chains.
    Of an archive the validation split is real and held out, and the training split is known;
    of a folder of structures, every other one.
    """
    files = find_files(designs, "designs")
    from ..metrics.evaluation import evaluate as evaluate_set
    from ..metrics.structural import load_tmtools
    from ..plots.evaluation_page import draw_page

    if alignment is Method.tmalign:
        load_tmtools()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--out {out}: cannot be made ({error.strerror})") from None
    mine, errors = measure(files, "designs")
    real, known = load_reference(reference, novelty)
    found = evaluate_set(
        mine,
        real,
        known=known,
        diversity=diversity,
        alignment=alignment.value,
        jobs=jobs,
        seed=seed,
        progress=lambda total, what: progress_bar(total, what, "pairs"),
    )
    write_rows(out / "structures.csv", found, errors)
    numbers = found.numbers | {"unreadable": len(errors)}
    write_json(out / "population.json", numbers)
    draw_page(found, out / "population.png")
    report(found.numbers, out)
    if errors:
        typer.echo(f"{len(errors)} of {len(files)} could not be read; see structures.csv", err=True)
        raise typer.Exit(1)


def measure(files, what):
    """`Structures` of files, and an error row for each that cannot be read.

    Raises
    ------
    ValueError
        If none can.
    """
    from ..metrics.population import Structures
    from ..structure.io.read_write import read

    names, backbones, errors = [], [], []
    with progress_bar(len(files), f"reading {what}", "files") as advance:
        for path in files:
            try:
                backbone = read(path, ca_only=True)
                if not backbone.mask[:, 1].any():
                    raise ValueError("no residue has a CA atom")
                names.append(str(path))
                backbones.append(backbone)
            except ValueError as error:
                errors.append({"model": str(path), "error": " ".join(str(error).split())})
            advance(1)
    if not backbones:
        raise ValueError(f"{what}: none can be read; the first: {errors[0]['error']}")
    return Structures.of(names, backbones), errors


def load_reference(path, novelty):
    """Real chains, and known ones for novelty; None for what is not there."""
    from ..dataset import is_dataset, read_chains
    from ..metrics.population import Structures

    if path is None:
        return None, None
    if not path.is_dir():
        raise ValueError(f"--reference {path}: not a folder of chains or structures")
    if not is_dataset(path):
        everything, lost = measure(find_files([str(path)], "--reference"), "--reference")
        if lost:
            typer.echo(f"warning: {len(lost)} files of --reference cannot be read", err=True)
        if len(everything) < 2:
            raise ValueError(f"--reference {path}: one structure; a comparison needs several")
        if not novelty:
            return everything, None
        return everything[range(0, len(everything), 2)], everything[range(1, len(everything), 2)]
    sets = []
    for split in ("val", "train") if novelty else ("val",):
        chains = read_chains(path, split, max_length=MAX_LENGTH)
        with progress_bar(len(chains), f"reading {split}", "chains") as advance:
            backbones = []
            for chain in chains:
                # Known structures are aligned, not judged: their CA are enough.
                backbones.append(chain.backbone(ca_only=split == "train"))
                advance(1)
        sets.append(Structures.of([stem(Path(chain.name)) for chain in chains], backbones))
    return sets[0], sets[1] if novelty else None


def write_rows(path, found, errors):
    """One row per design, then the files that could not be read."""
    from ..metrics.quality import QUALITY

    count = len(found.designs)
    max_tm = found.max_tm.get("designs", [math.nan] * count)
    nearest = found.nearest or [""] * count
    with row_writer(path, ["model", *QUALITY, "max_tm", "nearest", "error"]) as write:
        for name, values, tm, close in zip(
            found.designs.names, found.designs.columns.tolist(), max_tm, nearest, strict=True
        ):
            row = dict(zip(QUALITY, values, strict=True))
            write({"model": name, "max_tm": float(tm), "nearest": close} | row)
        for row in errors:
            write(row)


def report(numbers, out):
    """Columns beside real chains, then the numbers of the whole set."""
    from rich.console import Console
    from rich.table import Table

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
    if numbers["designs"] < 50:
        console.print("fewer than 50 designs: read the errors and the floor, not the numbers alone")
    if frechet := numbers["frechet"]:
        console.print(
            f"Fréchet distance {frechet['distance']:.1f} in {frechet['dimensions']} dimensions; "
            f"as many real chains get {frechet['floor']:.1f} ± {frechet['floor_sd']:.1f}"
        )
    if diversity := numbers.get("diversity"):
        console.print(
            f"diversity: {diversity['clusters']} clusters at TM 0.5 among {diversity['designs']} "
            f"designs, mean pairwise TM {shown(diversity['mean_pairwise_tm'])}"
        )
    for title, row in numbers.get("novelty", {}).items():
        if row["count"]:
            console.print(
                f"largest TM to a known structure, {title.replace('_', ' ')}: median "
                f"{row['median']:.3f}, largest {row['largest']:.3f}"
            )
    console.print(f"structures.csv, population.json and population.png in {out}")
