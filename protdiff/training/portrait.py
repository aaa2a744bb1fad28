"""What samples look like beside the chains that weights were tuned to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float

    from ..dataset import ChainSet
    from ..structure.backbone import Backbone

__all__ = ["nearest_conformation", "portrait"]


def portrait(
    backbones: Sequence[Backbone], chains: ChainSet, ensemble: bool = False
) -> dict[str, float]:
    """Fold content and size of backbones, beside those of the chains that weights were tuned to.

    Parameters
    ----------
    backbones : list of Backbone
    chains : ChainSet
    ensemble : bool
        The chains are conformations of one sequence: add the distance to the nearest one.

    Returns
    -------
    dict of str to float
        frechet: Fréchet distance of the descriptors of backbones and chains, each in units of
        its standard deviation among real chains; its bias depends on the sizes of the sets alone.
        helix, strand: shares of residues by DSSP; rg_ratio: median radius of gyration over that
        expected for the length; the same of the chains with the prefix ``user_``. rmsd: median CA
        RMSD (Å) to the nearest conformation, for an ensemble.
    """
    from ..metrics.frechet import frechet_distance
    from ..metrics.population import describe, gather, real_population

    drawn, tuned = (
        gather([describe(str(number), item) for number, item in enumerate(group)])
        for group in (backbones, [chain.backbone() for chain in chains])
    )
    spread = np.nanstd(real_population().descriptors, axis=0)
    used = np.isfinite(drawn.descriptors).all(0) & np.isfinite(tuned.descriptors).all(0)
    used &= spread > 0
    scaled = (group.descriptors[:, used] / spread[used] for group in (drawn, tuned))
    numbers = {"frechet": frechet_distance(*scaled)}
    for prefix, group in (("", drawn), ("user_", tuned)):
        numbers[f"{prefix}helix"] = float(group.column("dssp_helix").mean())
        numbers[f"{prefix}strand"] = float(group.column("dssp_strand").mean())
        numbers[f"{prefix}rg_ratio"] = float(np.median(group.column("rg_ratio")))
    if ensemble:
        numbers["rmsd"] = float(np.median(nearest_conformation(backbones, chains)))
    return numbers


def nearest_conformation(
    backbones: Sequence[Backbone], chains: ChainSet
) -> Float[np.ndarray, " backbones"]:
    """CA RMSD (Å) of each backbone to the nearest chain of its length; NaN without one."""
    import torch

    from ..structure.superposition import rmsd

    traces = [torch.tensor(chain.backbone().ca) for chain in chains]
    distances: list[float] = []
    for backbone in backbones:
        ca = torch.tensor(backbone.ca)
        of_length = [trace for trace in traces if len(trace) == len(ca)]
        distances.append(min((float(rmsd(ca, trace)) for trace in of_length), default=float("nan")))
    return np.array(distances)
