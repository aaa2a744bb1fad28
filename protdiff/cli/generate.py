"""`protdiff generate`: backbones into a folder, with a manifest."""

import csv
import os
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..generation import DEFAULT_STEPS, DEFAULT_TEMPERATURE

__all__ = ["generate"]

COLUMNS = (
    "file", "length", "seed", "sample", "steps", "temperature", "network_calls", "seconds",
    "residue_names", "secondary_structure", "weights", "weights_sha256", "protdiff", "command",
)  # fmt: skip
#: Columns that say which structure a file holds; the rest may differ between runs.
IDENTITY = (
    "file", "length", "seed", "sample", "steps", "temperature", "residue_names",
    "secondary_structure", "weights_sha256", "protdiff",
)  # fmt: skip
SAME_FOR_ALL = "ALA"


class Format(StrEnum):
    """Output formats."""

    pdb = "pdb"
    cif = "cif"
    bcif = "bcif"


class Device(StrEnum):
    """Devices."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


def parse_lengths(text):
    """Length option as an int, a range or a list: "100", "60-120", "60,80,100"."""
    try:
        if "-" in text:
            low, high = map(int, text.split("-"))
            if low > high:
                raise ValueError
            return range(low, high + 1)
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(
            f"--length {text}: not a length; use a number (100), a range (60-120) "
            "or a list (60,80,100)"
        ) from None
    return numbers[0] if len(numbers) == 1 else numbers


def read_sequences(text):
    """Sequences of the --sequence option: letters, or the records of a FASTA file."""
    path = Path(text)
    if not (path.suffix or os.sep in text or path.is_file()):
        return [text.upper()]
    if not path.is_file():
        raise ValueError(f"--sequence {text}: no such file; give letters or a FASTA file")
    from Bio import SeqIO

    try:
        records = [str(record.seq).upper() for record in SeqIO.parse(path, "fasta")]
    except (UnicodeDecodeError, ValueError):
        records = []
    if not records:
        raise ValueError(f"--sequence {path}: no FASTA records; a record starts with '>'")
    return records


def plan(length, num, seed, sequence, structure):
    """The requests that the options describe."""
    from ..generation import Request, sample_length

    sequences = read_sequences(sequence) if sequence else None
    structure = structure.upper() if structure else None
    if length is None and not sequences and not structure:
        raise ValueError("--length is missing; give a number, a range (60-120) or a list")
    lengths = parse_lengths(length) if length else None
    requests = []
    for index in range(num):
        letters = sequences[index % len(sequences)] if sequences else None
        given = letters or structure
        wanted = len(given) if lengths is None else sample_length(lengths, index, seed)
        requests.append(Request(index, wanted, letters, structure))
    return requests


def existing_rows(manifest, planned):
    """Rows of an earlier, interrupted run of the same command; error if it was another one."""
    if not manifest.is_file():
        return {}
    with manifest.open(newline="") as handle:
        rows = {row.get("file"): row for row in csv.DictReader(handle)}
    done = {}
    for row in planned:
        old = rows.get(row["file"])
        if old is None:
            continue
        if any(old.get(key) != str(row[key]) for key in IDENTITY):
            raise ValueError(
                f"{manifest.parent} holds {row['file']} made with other options; "
                "choose another --out or --name, or remove it"
            )
        if (manifest.parent / row["file"]).is_file():
            done[row["file"]] = old
    return done | {name: row for name, row in rows.items() if name not in done and name}


def write_manifest(path, rows):
    """All rows, sorted by file, renamed into place."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows[name] for name in sorted(rows))
    temporary.replace(path)


def prepare_folder(out, option):
    """Make a folder for output, and tell whether it is new; a clear error if that fails."""
    try:
        new = not out.is_dir()
        out.mkdir(parents=True, exist_ok=True)
        probe = out / f".protdiff-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise ValueError(f"{option} {out}: cannot be written ({error.strerror})") from None
    return new


def generate(
    length: Annotated[
        str | None,
        typer.Option(help="Residues: a number, a range (60-120) or a list (60,80,100)."),
    ] = None,
    num: Annotated[int, typer.Option(min=1, help="How many backbones.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder for the structures.")] = Path("designs"),
    name: Annotated[str, typer.Option(help="File name: NAME_0000.pdb.")] = "backbone",
    seed: Annotated[
        int, typer.Option(min=0, help="Sample i of a seed is always the same.")
    ] = 0,
    steps: Annotated[int, typer.Option(min=2, help="Network calls.")] = DEFAULT_STEPS,
    temperature: Annotated[
        float, typer.Option(help="Below 1: more regular. Above 1: more diverse.")
    ] = DEFAULT_TEMPERATURE,
    sequence: Annotated[
        str | None, typer.Option(help="One-letter residues (X: any) or a FASTA file.")
    ] = None,
    ss: Annotated[
        str | None, typer.Option(help="Secondary structure, one of H E C - per residue.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="Shipped weights by name, or a .safetensors file.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Backbones at a time; automatic if left out.")
    ] = None,
    device: Annotated[Device, typer.Option(help="Where the network runs.")] = Device.auto,
    format: Annotated[Format, typer.Option(help="File format.")] = Format.pdb,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the backbones (the first 16) into this PNG file.")
    ] = None,
):
    """Generate protein backbones, coarse to fine.

    Writes NAME_0000.pdb … and manifest.csv into the output folder: chain A, residues 1 … L, atoms
    N, CA, C and O; residue names as in --sequence, else ALA. A run that was interrupted continues
    when the same command is given again.
    """
    requests = plan(length, num, seed, sequence, ss)
    if not 0 < temperature < float("inf"):
        raise ValueError(f"--temperature {temperature}: must be a positive number")
    if not name or Path(name).name != name:
        raise ValueError(f"--name {name!r}: must be a plain file name")
    if plot is not None and plot.suffix.lower() != ".png":
        raise ValueError(f"--plot {plot}: must end in .png")

    from .. import __version__
    from ..generation import batches, pick_device, sample
    from ..io import read, write
    from ..weights import file_digest, find_weights, load_weights

    path = find_weights(weights)
    denoiser = load_weights(path, pick_device(device.value))
    digest = file_digest(path)

    def row_of(request, seconds=""):
        values = (
            f"{name}_{request.index:04d}.{format.value}", request.length, seed, request.index,
            steps, temperature, steps, seconds, request.sequence or SAME_FOR_ALL,
            request.structure or "", path.stem, digest, __version__,
            shlex.join(["protdiff", *sys.argv[1:]]),
        )  # fmt: skip
        return dict(zip(COLUMNS, values, strict=True))

    created = prepare_folder(out, "--out")
    try:
        if plot is not None:
            prepare_folder(plot.parent, "--plot")
        planned = {row_of(request)["file"]: request for request in requests}
        rows = existing_rows(out / "manifest.csv", map(row_of, requests))
        todo = [r for file, r in planned.items() if file not in rows or not (out / file).is_file()]
        with progress_bar(len(todo), steps) as advance:
            for batch in batches(todo, batch_size):
                made = sample(
                    denoiser, batch, seed=seed, steps=steps, temperature=temperature,
                    callback=lambda *_, batch=batch: advance(len(batch)),
                )  # fmt: skip
                for one in made:
                    row = row_of(one.request, f"{one.seconds:.3f}")
                    write(one.backbone, out / row["file"])
                    rows[row["file"]] = row
                write_manifest(out / "manifest.csv", rows)
    except BaseException:
        if created and not any(out.iterdir()):
            out.rmdir()
        raise
    if plot is not None:
        from ..plot import plot_backbones

        shown = list(planned.items())[:16]
        titles = [Path(file).stem for file, _ in shown]
        plot_backbones([read(out / file).coords for file, _ in shown], plot, titles=titles)
    skipped = len(planned) - len(todo)
    kept = f" ({skipped} were there already)" if skipped else ""
    print(f"{len(planned)} backbones in {out}{kept}; manifest.csv lists them")
    if plot is not None:
        print(f"picture: {plot}")


def progress_bar(count, steps):
    """Context that yields ``advance(samples)``, called once a network call; quiet when piped."""
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    @contextmanager
    def bar():
        console = Console(stderr=True)
        columns = (TextColumn("generating"), BarColumn(), MofNCompleteColumn(), TextColumn("calls"),
                   TimeRemainingColumn())
        hidden = not (console.is_terminal and count)
        with Progress(*columns, console=console, disable=hidden, transient=True) as progress:
            task = progress.add_task("", total=count * steps)
            yield lambda samples: progress.advance(task, samples)

    return bar()
