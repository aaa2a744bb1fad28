"""`protdiff design`: sequences for backbones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from .._system.reading import real_path
from ._shared.cluster_options import ClusterOption, connected, refuse_jobs
from ._shared.constraint_options import ConstraintOptions
from ._shared.design_task import TEMPERATURE, DesignTask
from ._shared.engine_options import EngineOptions
from ._shared.groups import grouped
from ._shared.options import JobsOption
from ._shared.pairing import find_files, refuse_missing, stem
from ._shared.run_file import ConfigOption
from ._shared.sequence_folder import STRUCTURES, write_sequences
from ._shared.shards import ShardOption

__all__ = ["design"]


@grouped
def design(
    *,
    designs: Annotated[
        list[str], typer.Argument(metavar="DESIGN...", help="Files, folders or patterns.")
    ],
    num: Annotated[int, typer.Option(min=1, help="Sequences per structure.")] = 8,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("sequences"),
    temperature: Annotated[
        float, typer.Option(help="0: the likeliest types. 1: as diverse as real proteins.")
    ] = TEMPERATURE,
    constraints: ConstraintOptions,
    seed: Annotated[int, typer.Option(min=0, help="Sequence k of a seed is always the same.")] = 0,
    engine: EngineOptions,
    weights: Annotated[
        str | None, typer.Option(help="Shipped weights by name, or a .safetensors file.")
    ] = None,
    jobs: JobsOption = 0,
    shard: ShardOption = None,
    cluster: ClusterOption = None,
    config: ConfigOption = None,
) -> None:
    """Design sequences for structures, from their backbones.

    Writes into the output folder: sequences.fasta, with the chains of a structure separated by
    slashes; structures/NAME_0.pdb …, the backbones with the residue names of the sequences; and
    designs.csv, one row per sequence. A run that was interrupted continues when the same command
    is given a second time. A file that cannot be designed gets a row with an error, the others go
    on, and the exit code is 1.
    """
    settings = constraints.settings(num, engine, weights, seed, temperature)
    own = real_path(out / STRUCTURES)
    files = [path for path in find_files(designs, "pattern") if own not in real_path(path).parents]
    if not files:
        raise ValueError(f"{out / STRUCTURES}: holds the results of --out; give other structures")
    refuse_missing(files)
    # Names in a FASTA file have no spaces.
    tasks = [DesignTask(path, re.sub(r"\s+", "_", stem(path))) for path in files]
    refuse_jobs(cluster, jobs)
    with connected(cluster) as there:
        write_sequences(tasks, settings, out, jobs, shard, config, there)
