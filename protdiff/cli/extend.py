"""`protdiff extend`: new residues at the ends of a chain."""

from pathlib import Path
from typing import Annotated

import typer

from ..sampling.generate import DEFAULT_STEPS
from ..sampling.guidance import guidance_of
from ..sampling.temperature import DEFAULT_TEMPERATURE
from ._shared import designs

__all__ = ["extend"]


def extend(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="Structure to extend.")],
    to: Annotated[int, typer.Option(help="Residues that the chain has in the end.")],
    end: Annotated[str, typer.Option(help="Where it grows: C, N or both.")] = "C",
    chain: Annotated[str | None, typer.Option(help="Chain that grows, of several.")] = None,
    window: Annotated[
        int | None,
        typer.Option(help="Residues that the network sees at once; longer chains take several."),
    ] = None,
    overlap: Annotated[
        int | None,
        typer.Option(help="Residues of a window that are there already; default a quarter."),
    ] = None,
    num: Annotated[int, typer.Option(min=1, help="How many structures.")] = 1,
    out: designs.OutFolder = Path("designs"),
    name: designs.FileName = "extended",
    seed: designs.Seed = 0,
    steps: designs.Steps = DEFAULT_STEPS,
    temperature: designs.Temperature = DEFAULT_TEMPERATURE,
    guidance: designs.Guidance = None,
    weights: designs.Weights = None,
    device: designs.OnDevice = designs.Device.auto,
    format: designs.FileFormat = designs.Format.pdb,
    plot: designs.Picture = None,
):
    """Extend a chain by new residues at its ends; all that is in the file stays.

    New residues are ALA and carry on the numbering; other chains are obstacles. Chains longer than
    --window grow window after window.
    """
    designs.check_options(temperature, guidance, name, plot)

    from ..sampling.extend import WINDOW, Extension, extend
    from ..sampling.plan import BATCH_RESIDUES, Request
    from ..structure.io.read_write import read

    window = WINDOW if window is None else window
    extension = Extension(read(source), to, chain, end, window, overlap)
    designs.check_format(extension.grown()[0], format)
    requests = [Request(index, to) for index in range(num)]
    together = max(1, BATCH_RESIDUES // min(window, to))
    denoiser, loaded = designs.load(weights, device)
    guidance = guidance_of(denoiser, guidance, "--guidance")

    def draw(todo, advance):
        for k in range(0, len(todo), together):
            indices = [request.index for request in todo[k : k + together]]
            yield extend(
                denoiser, extension, indices, seed=seed, steps=steps, temperature=temperature,
                guidance=guidance, callback=advance,
            )  # fmt: skip

    designs.write_designs(
        requests, draw, lambda _: extension.calls(steps), out, name=name, format=format, seed=seed,
        steps=steps, temperature=temperature, guidance=guidance, source=loaded, plot=plot,
        condition=f"in={source} {extension.text()}",
    )  # fmt: skip
