"""`protdiff flow coarsen`: a structure at successive cut-offs of the flow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .._system.files import making_folder
from .._system.words import counted

if TYPE_CHECKING:
    from ..structure.backbone import Backbone

__all__ = ["REGULATOR", "coarsen", "longest_chain", "regulator_line", "trace_of"]

#: Residues of the longest chain, at least.
MIN_LENGTH = 8
#: The regulator if none is given: that of RGDM and of the pictures in the documentation.
REGULATOR = "lognormal"


def coarsen(
    file: Annotated[Path, typer.Argument(help="Structure file.")],
    levels: Annotated[int, typer.Option(min=2, max=64, help="Number of cut-offs.")] = 8,
    out: Annotated[Path, typer.Option(help="Folder for the files and coarsen.png.")] = Path(
        "coarse"
    ),
    regulator: Annotated[
        str,
        typer.Option(help="lognormal (RGDM's), rational, or heat (that of the shipped weights)."),
    ] = REGULATOR,
) -> None:
    """Write a structure as the flow sees it, from single residues to a point.

    One CA file per cut-off, all in one frame of reference, and a picture of all.
    """
    from ..analysis.coarse_graining import cutoff_periods
    from ..flow import REGULATORS

    if regulator not in REGULATORS:
        raise ValueError(f"--regulator {regulator}: choose from {', '.join(REGULATORS)}")
    backbone = trace_of(file)
    longest = longest_chain(backbone)
    with making_folder(out):
        _write_levels(backbone, out, cutoff_periods(longest, levels).tolist(), regulator)
    print(f"{counted(levels, 'file')} and coarsen.png in {out}")
    print(regulator_line(regulator))


def regulator_line(regulator: str) -> str:
    """Which regulator was taken, and whether the shipped weights have another one."""
    from ..flow.zoo import SHIPPED, recipe

    if regulator == (shipped := recipe(SHIPPED).regulator):
        return f"regulator {regulator}, as the shipped weights"
    return f"regulator {regulator}; the shipped weights have another, --regulator {shipped}"


def trace_of(file: Path) -> Backbone:
    """Residues of a structure file that have a CA; ValueError if no chain has enough of them."""
    from ..structure.io.read_write import read

    backbone = read(file, ca_only=True)
    backbone = backbone[backbone.mask[:, 1]]
    longest = longest_chain(backbone)
    if longest < MIN_LENGTH:
        raise ValueError(
            f"{file}: {counted(longest, 'residue')} with a CA; a flow needs at least {MIN_LENGTH}"
        )
    return backbone


def longest_chain(backbone: Backbone) -> int:
    """Residues of the longest chain."""
    return max((int((backbone.chain_ids == name).sum()) for name in backbone.chains), default=0)


def _write_levels(backbone: Backbone, out: Path, periods: list[float], regulator: str) -> None:
    """A file for every cut-off, its line of the table, and the picture of all."""
    from ..analysis.coarse_graining import coarsen as coarsened
    from ..plots.ribbons import plot_backbones
    from ..structure.io.read_write import write

    longest = longest_chain(backbone)
    print("file              period    Λ 1/res   Rg Å   rms moved Å   modes kept")
    traces, titles = [], []
    for index, period in enumerate(periods):
        coarse = coarsened(backbone, period, regulator)
        path = out / f"level_{index:02d}.pdb"
        write(coarse, path)
        _print_level(path.name, backbone, coarse, period, longest)
        traces.append(coarse.ca)
        titles.append(f"period {period:.1f}")
    plot_backbones(traces, out / "coarsen.png", titles)


def _print_level(
    name: str, backbone: Backbone, coarse: Backbone, period: float, longest: int
) -> None:
    import numpy as np

    moved = float(np.sqrt(np.square(coarse.ca - backbone.ca).sum(1).mean()))
    radius = float(np.sqrt(np.square(coarse.ca - coarse.ca.mean(0)).sum(1).mean()))
    kept = min(int(2 * longest / period), longest - 1)  # modes of longer periods
    print(
        f"{name}  {period:10.1f}  {2 * np.pi / period:9.4f}  "
        f"{radius:5.1f}  {moved:12.2f}  {kept:11d}"
    )
