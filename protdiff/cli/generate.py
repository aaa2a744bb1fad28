"""`protdiff generate`: backbones into a folder, with a manifest."""

import os
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..generation import DEFAULT_STEPS, DEFAULT_TEMPERATURE, HIGHEST_TEMPERATURE
from . import ask
from .manifest import COLUMNS, existing_rows, write_manifest
from .plan import naming, plan
from .progress import progress_bar

__all__ = ["generate"]

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
    num: Annotated[
        int | None,
        typer.Option(min=1, help="How many backbones; default 1, or one per FASTA record."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the structures.")] = Path("designs"),
    name: Annotated[str, typer.Option(help="File name: NAME_0000.pdb.")] = "backbone",
    seed: Annotated[int, typer.Option(min=0, help="Sample i of a seed is always the same.")] = 0,
    steps: Annotated[int, typer.Option(min=2, help="Network calls.")] = DEFAULT_STEPS,
    temperature: Annotated[
        float,
        typer.Option(help="Below 1: more regular, detail most of all. Above 1: more diverse."),
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
    motif: ask.MotifFile = None,
    contig: ask.ContigText = None,
    source: ask.InputFile = None,
    chain: ask.ChainId = None,
    redesign: ask.Regions = None,
    length_change: ask.LengthChange = None,
    vary: ask.VaryScale = None,
    scale: ask.Scale = 12.0,
    strength: ask.Strength = None,
    contacts: ask.Contacts = None,
    rg: ask.Rg = None,
    energy: ask.EnergyFile = None,
    symmetry: ask.Symmetry = None,
):
    """Generate protein backbones, coarse to fine.

    Writes NAME_0000.pdb … and manifest.csv into the output folder: chain A, residues 1 … L, atoms
    N, CA, C and O; residue names as in --sequence, else ALA. A run that was interrupted continues
    when the same command is given again. With --motif or --redesign, residues.csv says which
    residue comes from where.
    """
    asked = ask.Ask(
        motif, contig, source, chain, redesign, length_change, vary, scale, strength, contacts, rg,
        energy, symmetry,
    )  # fmt: skip
    requests = plan(length, num, seed, sequence, ss, ask.condition_of(asked))
    if not 0 < temperature <= HIGHEST_TEMPERATURE:
        raise ValueError(
            f"--temperature {temperature}: must be positive and at most {HIGHEST_TEMPERATURE:g}"
        )
    if not name or Path(name).name != name or name.startswith("."):
        raise ValueError(f"--name {name!r}: must be a plain file name")
    if plot is not None and (plot.suffix.lower() != ".png" or plot.is_dir()):
        raise ValueError(f"--plot {plot}: must be a file that ends in .png")

    from .. import __version__
    from ..generation import sample
    from ..io import read, write
    from ..network.numerics import pick_device
    from ..request import batches
    from ..weights import file_digest, find_weights, load_weights

    path = find_weights(weights)
    with naming("--device"):
        chosen = pick_device(device.value)
    denoiser = load_weights(path, chosen)
    digest = file_digest(path)

    def row_of(request, seconds=""):
        values = (
            f"{name}_{request.index:04d}.{format.value}", request.length, seed, request.index,
            steps, temperature, steps, seconds, request.sequence or SAME_FOR_ALL,
            request.structure or "", asked.text(), path.stem, digest, __version__,
            shlex.join(["protdiff", *sys.argv[1:]]),
        )  # fmt: skip
        return dict(zip(COLUMNS, values, strict=True))

    created = prepare_folder(out, "--out")
    try:
        if plot is not None:
            prepare_folder(plot.parent, "--plot")
        planned = {row_of(request)["file"]: request for request in requests}
        rows = existing_rows(out / "manifest.csv", map(row_of, requests))
        ask.write_residues(out / "residues.csv", planned)
        todo = [request for file, request in planned.items() if file not in rows]
        with progress_bar(len(todo) * steps, "generating", "calls") as advance:
            for batch in batches(todo, batch_size):
                made = sample(
                    denoiser, batch, seed=seed, steps=steps, temperature=temperature,
                    callback=lambda *_, batch=batch: advance(len(batch)),
                )  # fmt: skip
                new = {(row := row_of(m.request, f"{m.seconds:.3f}"))["file"]: row for m in made}
                rows |= new
                # The rows first: a killed run must know its own files again.
                write_manifest(out / "manifest.csv", rows)
                for one, file in zip(made, new, strict=True):
                    write(one.backbone, out / file)
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
