"""`protdiff generate`: backbones into a folder, with a manifest."""

from __future__ import annotations

from typing import Annotated

import typer

from ._shared.condition_options import ConditionOptions, condition_of
from ._shared.designs import Run, check_format, load, write_designs
from ._shared.groups import grouped
from ._shared.options import ModelOptions, OutputOptions, SamplingFlags
from ._shared.request_options import requests_of

__all__ = ["generate"]


@grouped
def generate(
    *,
    length: Annotated[
        str | None,
        typer.Option(help="Residues: a number, a range (60-120) or a list (60,80,100)."),
    ] = None,
    num: Annotated[
        int | None,
        typer.Option(min=1, help="How many backbones; default 1, or one per FASTA record."),
    ] = None,
    output: OutputOptions,
    name: Annotated[str, typer.Option(help="File name: NAME_0000.pdb.")] = "backbone",
    sampling: SamplingFlags,
    sequence: Annotated[
        str | None, typer.Option(help="One-letter residues (X: any) or a FASTA file.")
    ] = None,
    ss: Annotated[
        str | None, typer.Option(help="Secondary structure, one of H E C - per residue.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Backbones at a time; automatic if left out.")
    ] = None,
    model: ModelOptions,
    requested: ConditionOptions,
) -> None:
    """Generate protein backbones, coarse to fine.

    Writes NAME_0000.pdb … and manifest.csv into the output folder: chain A, residues 1 … L, atoms
    N, CA, C and O; residue names as in --sequence, else ALA. A run that was interrupted continues
    when the same command is given a second time. With --motif or --redesign, residues.csv says
    which residue comes from where.
    """
    condition = condition_of(requested)
    requests = requests_of(num, sampling.seed, length, sequence, ss, condition)
    settings = sampling.settings(batch_size)
    output.check(name)
    if requested.redesign is not None and requested.source is not None:
        from ..structure.io.read_write import read

        check_format(read(requested.source), output.format)

    from ..sampling.draw import draw
    from ..sampling.guidance import guidance_of
    from ..sampling.sample import network_calls

    denoiser, weights, digest = load(model)
    guidance = guidance_of(denoiser, settings)
    run = Run(name, output, settings, guidance, sampling.seed, weights, digest, requested.text())
    write_designs(
        run,
        requests,
        lambda todo, advance: draw(denoiser, todo, settings, seed=run.seed, advance=advance),
        lambda request: network_calls(
            settings, request.condition.second_pass if request.condition else 0.0
        ),
    )
