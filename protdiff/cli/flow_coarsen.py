"""`protdiff flow coarsen`: a structure at successive cut-offs of the flow."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["coarsen"]


def coarsen(
    file: Annotated[Path, typer.Argument(help="Structure file.")],
    levels: Annotated[int, typer.Option(min=2, max=64, help="Cut-offs.")] = 8,
    out: Annotated[Path, typer.Option(help="Folder for the files and coarsen.png.")] = Path(
        "coarse"
    ),
    regulator: Annotated[
        str, typer.Option(help="lognormal (RGDM's), rational or heat.")
    ] = "lognormal",
):
    """Write a structure as the flow sees it, from single residues to a point.

    One CA file per cut-off, in one frame of reference, and a picture of all.
    """
    import numpy as np

    from ..analysis.coarse_graining import coarsen as dissolve
    from ..analysis.coarse_graining import cutoff_periods
    from ..flow import REGULATORS
    from ..plots.ribbons import plot_backbones
    from ..structure.io.read_write import read, write

    if regulator not in REGULATORS:
        raise ValueError(f"--regulator {regulator}: choose from {', '.join(REGULATORS)}")
    backbone = read(file, ca_only=True)
    backbone = backbone[backbone.mask[:, 1]]
    longest = max(int((backbone.chain_ids == name).sum()) for name in backbone.chains)
    if longest < 8:
        raise ValueError(f"{file}: {longest} residues with a CA; a flow needs at least 8")
    out.mkdir(parents=True, exist_ok=True)
    print("file              period    Λ 1/res   Rg Å   rms moved Å   modes kept")
    traces, titles = [], []
    for index, period in enumerate(cutoff_periods(longest, levels)):
        coarse = dissolve(backbone, float(period), regulator)
        path = out / f"level_{index:02d}.pdb"
        write(coarse, path)
        moved = float(np.sqrt(np.square(coarse.ca - backbone.ca).sum(1).mean()))
        radius = float(np.sqrt(np.square(coarse.ca - coarse.ca.mean(0)).sum(1).mean()))
        kept = int(2 * longest / period)  # wavelengths above the period
        print(
            f"{path.name}  {period:10.1f}  {2 * np.pi / period:9.4f}  "
            f"{radius:5.1f}  {moved:12.2f}  {min(kept, longest - 1):11d}"
        )
        traces.append(coarse.ca)
        titles.append(f"period {period:.1f}")
    plot_backbones(traces, out / "coarsen.png", titles)
    print(f"{levels} files and coarsen.png in {out}")
