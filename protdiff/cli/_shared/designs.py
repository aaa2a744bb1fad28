"""What `generate` and `extend` share: options, and files written one by one with a manifest."""

import os
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ...sampling.guidance import check_guidance
from ...sampling.temperature import check_temperature
from .condition_options import write_residues
from .manifest import COLUMNS, existing_rows, write_manifest
from .plan import naming
from .progress import progress_bar

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


OutFolder = Annotated[Path, typer.Option(help="Folder for the structures.")]
FileName = Annotated[str, typer.Option(help="File name: NAME_0000.pdb.")]
Seed = Annotated[int, typer.Option(min=0, help="Sample i of a seed is always the same.")]
Steps = Annotated[int, typer.Option(min=2, help="Network calls.")]
Temperature = Annotated[
    float,
    typer.Option(help="Below 1: more regular in detail. Above 1: more diverse."),
]
Guidance = Annotated[
    float | None,
    typer.Option(help="From 1 (none): how far from a weaker network. Default: by the weights."),
]
Weights = Annotated[
    str | None, typer.Option(help="Shipped weights by name, or a .safetensors file.")
]
OnDevice = Annotated[Device, typer.Option(help="Where the network runs.")]
FileFormat = Annotated[Format, typer.Option(help="File format.")]
Picture = Annotated[
    Path | None, typer.Option(help="Draw the backbones (the first 16) into this PNG file.")
]


def check_options(temperature, guidance, name, plot):
    """ValueError for a temperature, guidance, name or picture that cannot be."""
    check_temperature(temperature, "--temperature")
    check_guidance(guidance, "--guidance")
    if not name or Path(name).name != name or name.startswith("."):
        raise ValueError(f"--name {name!r}: must be a plain file name")
    if plot is not None and (plot.suffix.lower() != ".png" or plot.is_dir()):
        raise ValueError(f"--plot {plot}: must be a file that ends in .png")


def check_format(backbone, format):
    """ValueError if files of the format cannot hold the numbering of what will be written."""
    from ...structure.io.read_write import check_writable

    with naming(f"--format {format.value}"):
        check_writable(backbone, f".{format.value}")


def load(weights, device):
    """The denoiser, and what the manifest says of it: name and digest."""
    from ...network.numerics import pick_device
    from ...network.weights import file_digest, find_weights, load_weights

    path = find_weights(weights)
    with naming("--device"):
        chosen = pick_device(device.value)
    return load_weights(path, chosen), (path.stem, file_digest(path))


def write_designs(
    requests, draw, calls, out, *, name, format, seed, steps, temperature, guidance, source, plot,
    condition,
):  # fmt: skip
    """Draw what is not there yet and write it, with the manifest, and residues.csv where it helps.

    Parameters
    ----------
    requests : list of Request
    draw : callable
        ``draw(todo, advance)`` yields lists of `Sample`; ``advance(n)`` after every n calls.
    calls : callable
        ``calls(request)``, how many there will be.
    source : tuple
        What `load` says of the weights.
    condition : str
        For the manifest.
    """
    from ... import __version__
    from ...structure.io.read_write import read, write

    def row_of(request, made=None):
        values = (
            f"{name}_{request.index:04d}.{format.value}", request.length, seed, request.index,
            steps, temperature, guidance, made.calls if made else "",
            f"{made.seconds:.3f}" if made else "",
            request.sequence or SAME_FOR_ALL, request.structure or "", condition, *source,
            __version__, shlex.join(["protdiff", *sys.argv[1:]]),
        )  # fmt: skip
        return dict(zip(COLUMNS, values, strict=True))

    created = _prepare_folder(out, "--out")
    try:
        if plot is not None:
            _prepare_folder(plot.parent, "--plot")
        planned = {row_of(request)["file"]: request for request in requests}
        rows = existing_rows(out / "manifest.csv", map(row_of, requests))
        write_residues(out / "residues.csv", planned)
        todo = [request for file, request in planned.items() if file not in rows]
        with progress_bar(sum(map(calls, todo)), "generating", "calls") as advance:
            for made in draw(todo, advance):
                new = {(row := row_of(m.request, m))["file"]: row for m in made}
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
        from ...plots.ribbons import plot_backbones

        files = list(planned)[:16]
        made = [read(out / file) for file in files]
        whole = [one[one.mask.all(1)] for one in made]
        plot_backbones(whole, plot, titles=[Path(file).stem for file in files])
    skipped = len(planned) - len(todo)
    kept = f" ({skipped} were there already)" if skipped else ""
    print(f"{len(planned)} backbones in {out}{kept}; manifest.csv lists them")
    if plot is not None:
        print(f"picture: {plot}")


def _prepare_folder(out, option):
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
