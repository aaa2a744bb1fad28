"""`protdiff generate`: backbones into a folder, with a manifest."""

from pathlib import Path
from typing import Annotated

import typer

from ..sampling.generate import DEFAULT_STEPS
from ..sampling.guidance import guidance_of
from ..sampling.temperature import DEFAULT_TEMPERATURE
from ._shared import condition_options as ask
from ._shared import designs
from ._shared.plan import plan

__all__ = ["generate"]


def generate(
    length: Annotated[
        str | None,
        typer.Option(help="Residues: a number, a range (60-120) or a list (60,80,100)."),
    ] = None,
    num: Annotated[
        int | None,
        typer.Option(min=1, help="How many backbones; default 1, or one per FASTA record."),
    ] = None,
    out: designs.OutFolder = Path("designs"),
    name: designs.FileName = "backbone",
    seed: designs.Seed = 0,
    steps: designs.Steps = DEFAULT_STEPS,
    temperature: designs.Temperature = DEFAULT_TEMPERATURE,
    guidance: designs.Guidance = None,
    sequence: Annotated[
        str | None, typer.Option(help="One-letter residues (X: any) or a FASTA file.")
    ] = None,
    ss: Annotated[
        str | None, typer.Option(help="Secondary structure, one of H E C - per residue.")
    ] = None,
    weights: designs.Weights = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Backbones at a time; automatic if left out.")
    ] = None,
    device: designs.OnDevice = designs.Device.auto,
    format: designs.FileFormat = designs.Format.pdb,
    plot: designs.Picture = None,
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
    designs.check_options(temperature, guidance, name, plot)
    if redesign is not None:
        from ..structure.io.read_write import read

        designs.check_format(read(source), format)

    from ..conditioning import second_pass
    from ..sampling.generate import sample
    from ..sampling.plan import batches

    denoiser, loaded = designs.load(weights, device)
    guidance = guidance_of(denoiser, guidance, "--guidance")

    def draw(todo, advance):
        for batch in batches(todo, batch_size, denoiser.device):
            yield sample(
                denoiser, batch, seed=seed, steps=steps, temperature=temperature,
                guidance=guidance, callback=lambda *_, batch=batch: advance(len(batch)),
            )  # fmt: skip

    def calls(request):
        return steps + second_pass(steps, [request.condition])[1]

    designs.write_designs(
        requests, draw, calls, out, name=name, format=format, seed=seed, steps=steps,
        temperature=temperature, guidance=guidance, source=loaded, plot=plot,
        condition=asked.text(),
    )  # fmt: skip
