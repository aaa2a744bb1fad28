"""`protdiff extend`: new residues at the ends of a chain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .._system.notices import collected
from ._shared.design_shards import own_groups
from ._shared.designs import Run, check_format, load, write_designs
from ._shared.groups import grouped
from ._shared.input_files import input_text
from ._shared.next_step import next_steps
from ._shared.options import ModelOptions, OutputOptions, SamplingFlags
from ._shared.report_writer import PAGE, write_report
from ._shared.residue_options import known_residues, ranges_text
from ._shared.shards import MERGED, ShardOption, refuse_with_shard

if TYPE_CHECKING:
    from ..structure.backbone import Backbone

__all__ = ["extend"]


@dataclass(frozen=True)
class GrowthOptions:
    """Where a chain grows, and how far."""

    to: Annotated[int, typer.Option(help="Residues that the chain has in the end.")]
    end: Annotated[str, typer.Option(help="Where it grows: C, N or both.")] = "C"
    chain: Annotated[
        str | None, typer.Option(help="Chain that grows; needed if there are several.")
    ] = None
    window: Annotated[
        int | None,
        typer.Option(help="Residues that the network sees at once; longer chains take several."),
    ] = None
    overlap: Annotated[
        int | None,
        typer.Option(help="Residues of a window that are there already; default a quarter."),
    ] = None


@grouped
def extend(
    *,
    source: Annotated[Path, typer.Argument(metavar="FILE", help="Structure to extend.")],
    growth: GrowthOptions,
    num: Annotated[int, typer.Option(min=1, help="How many structures.")] = 1,
    name: Annotated[str, typer.Option(help="File name: NAME_0000.pdb.")] = "extended",
    output: OutputOptions,
    sampling: SamplingFlags,
    model: ModelOptions,
    shard: ShardOption = None,
) -> None:
    """Extend a chain by new residues at its ends; all that is in the file stays.

    New residues are ALA and carry on the numbering; other chains are obstacles. Chains longer than
    --window grow window after window. residues.csv says which residue is which of the file.
    """
    settings = sampling.settings()
    output.check(name)
    refuse_with_shard(shard, plot=(output.plot, MERGED), report=(output.report, MERGED))

    from ..sampling.counts import check_num
    from ..sampling.extend import draw_extensions, extension_calls, together
    from ..sampling.extension import WINDOW, Extension
    from ..sampling.guidance import guidance_of
    from ..structure.io.read_write import read

    check_num(num)
    window = WINDOW if growth.window is None else growth.window
    extension = Extension(read(source), growth.to, growth.chain, growth.end, window, growth.overlap)
    check_format(extension.grown()[0], output.kind)
    denoiser, weights, digest = load(model)
    batches = [
        [extension.request(index) for index in numbers]
        for numbers in together(extension, range(num), denoiser.device, settings)
    ]
    part, batches = own_groups(shard, batches)
    guidance = guidance_of(denoiser, settings)
    run = Run(
        name, output, settings, guidance, sampling.seed, weights, digest,
        f"{input_text('in', source, source)} {extension.text()}", part=part,
        device=str(denoiser.device),
    )  # fmt: skip
    write_designs(
        run,
        batches,
        lambda todo, advance: draw_extensions(
            denoiser, extension, [r.index for r in todo], settings, seed=run.seed, advance=advance
        ),
        lambda _: extension_calls(extension, settings),
    )
    if output.report:
        write_report([str(output.out)], output.out / PAGE)
    if shard is None:  # else it has been said
        print(next_steps(run.store.place, options_of_design(extension.source)))


def options_of_design(source: Backbone) -> str:
    """Options of `protdiff design` for the extended files: residues of the file keep their types.

    They are named, for --keep-known would keep a few new ALA beside a long chain, too.
    """
    with collected():  # what it guesses is of --keep-known
        known = known_residues(source)
    return f'--fixed "{ranges_text(source, known)}"' if known.any() else ""
