"""What a condition gives the sampler: an input to start from, and residues that lack a type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..flow import cosine_modes
from ..structure.peptide import Deviations, deviations, link_vectors

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from ..structure.backbone import Backbone

__all__ = ["Start", "TypedRegion", "check_strength", "start_from"]


@dataclass(frozen=True, eq=False)
class Start:
    """An input from which a sample starts, noised up to a time of the flow.

    Parameters
    ----------
    components : Tensor, shape (2N, 3)
    time : float
    off : Deviations, optional
        What the components do not hold of it. It fades as the link vectors do when the time grows,
        so that at time 0 the input itself is left.
    noisy : bool
        Whether the components have the noise of that time already.
    """

    components: Float[Tensor, "components 3"]
    time: float
    off: Deviations | None = None
    noisy: bool = False


@dataclass(frozen=True, eq=False)
class TypedRegion:
    """Residues whose types are drawn, by a residue-type network.

    Parameters
    ----------
    places : ndarray of int, shape (R,)
        In the chain that is drawn.
    rows : ndarray of int, shape (R,)
        The same residues in the finished file.
    weights : str or None
        Of the residue-type network; None: the shipped ones.
    temperature : float
        Of the draws.
    letters : str or None
        Types to start from, which are noised as the backbone is; None: there are none yet.
    backbone : Backbone or None
        The whole file where no atom moves; None where the backbone is drawn, too.
    """

    places: Int[np.ndarray, " region"]
    rows: Int[np.ndarray, " region"]
    weights: str | None
    temperature: float
    letters: str | None = None
    backbone: Backbone | None = None


def check_strength(strength: float) -> None:
    """ValueError for a strength at which there is no partial flow."""
    if not 0 < strength < 1:
        raise ValueError(
            f"`strength` {strength:g}: must be above 0 (the input itself) and below 1 (nothing of "
            "it is left): 0.3 changes detail, 0.5 loops, 0.7 the fold"
        )


def start_from(coords: Float[np.ndarray, "residues 4 3"], strength: float) -> Start:
    """A chain as an input that is noised up to time `strength`.

    Parameters
    ----------
    coords : ndarray, shape (N, 4, 3)
        N, CA, C, O in Å; NaN in residues that were not observed. They start on the line between
        their neighbours, and their links at zero, the mean of all directions.
    strength : float
    """
    n = len(coords)
    ca = np.array(coords[:, 1])
    here, seen = np.arange(n), np.isfinite(ca[:, 0])
    for axis in range(3):
        ca[:, axis] = np.interp(here, here[seen], ca[seen, axis])
    clean = torch.zeros(2 * n, 3, dtype=torch.float64)
    clean[1:n] = (cosine_modes(n) @ torch.tensor(ca - ca.mean(0)))[1:]
    clean[n : 2 * n - 1] = torch.tensor(np.nan_to_num(link_vectors(coords)))
    off = deviations(coords)
    return Start(clean, strength, Deviations(np.nan_to_num(off.links), np.nan_to_num(off.ends)))
