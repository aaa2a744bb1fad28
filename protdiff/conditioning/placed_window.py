"""A window of a longer chain: what is known of it, what is around it, and its noisy state."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from .base import SampleCondition, Stage
from .given import Start
from .known import Known, Observations, backbone_observations
from .placed_motif import SPACE, relaxed, spacings, superposed
from .placed_redesign import Surroundings

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from ..structure.backbone import Backbone
    from .energy import Potential

__all__ = ["PlacedWindow"]


class PlacedWindow(SampleCondition):
    """A window that goes on from its part of a noisy chain, around residues that are there.

    Parameters
    ----------
    state : Tensor, shape (2W, 3)
        Noisy components of the window.
    time : float
        Time of the window's own flow at which they are so noisy.
    coords : ndarray, shape (W, 4, 3)
        N, CA, C, O in Å, in the frame of the whole chain; NaN in residues that are to be drawn.
    center : ndarray, shape (3,)
        Where the centroid of the window's CA atoms is, if no residue is known.
    around : ndarray, shape (others, 3)
        CA atoms of the chain outside the window.
    """

    stage = Stage.EXACT

    def __init__(
        self,
        state: Float[Tensor, "components 3"],
        time: float,
        coords: Float[np.ndarray, "window 4 3"],
        center: Float[np.ndarray, " 3"],
        around: Float[np.ndarray, "others 3"],
    ) -> None:
        self.state, self.time, self.coords, self.center = state, time, coords, center
        self.kept = np.asarray(np.isfinite(coords).all((1, 2)))
        observed = _observations(coords, self.kept, center)
        self.known = Known(observed, torch.zeros(len(observed.rows), dtype=torch.long), turn=False)
        self.energies: list[Potential] = []
        if self.kept.any():
            place = np.where(self.kept, np.arange(len(coords)), -1)
            space = replace(SPACE, around_motif=0.0)
            self.energies += spacings(place, ["A"] * len(coords), space)
        if len(around):
            surroundings = Surroundings(around, ~self.kept)
            surroundings.known = self.known
            self.energies.append(surroundings)

    def __call__(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> Float[Tensor, "components 3"]:
        return relaxed(self.known, self.energies, clean, variance, u)

    def start(self) -> Start:
        return Start(self.state, self.time, noisy=True)

    def finish(self, backbone: Backbone) -> Backbone:
        """The window in the frame of the whole chain."""
        coords = backbone.coords
        if not self.kept.any():
            return replace(backbone, coords=coords + self.center - backbone.ca.mean(0))
        # By CA alone: no link places N of the window's first residue and C and O of its last, so
        # these are ångströms off and would pull all others with them.
        fixed, goal = backbone.ca[self.kept], self.coords[self.kept, 1]
        moved = superposed(coords.reshape(-1, 3), fixed, goal)
        return replace(backbone, coords=moved.reshape(-1, 4, 3))


def _observations(
    coords: Float[np.ndarray, "window 4 3"],
    kept: np.ndarray,
    center: Float[np.ndarray, " 3"],
) -> Observations:
    """Observations of the residues that are there; of the centroid alone, if there are none.

    The centroid says nothing of the shape, only where the window is.
    """
    size = len(coords)
    if not kept.any():
        row = torch.zeros(1, 2 * size, dtype=torch.float64)
        row[0, 0] = size**-0.5
        one = torch.ones(1, dtype=torch.float64)
        return Observations(row, torch.tensor(center)[None], one, one > 0)
    edges = np.flatnonzero(np.diff(kept, prepend=False, append=False))
    stretches = [
        backbone_observations(size, first, coords[first:last])
        for first, last in edges.reshape(-1, 2).tolist()
    ]
    return Observations(*(torch.cat(column) for column in zip(*stretches, strict=True)))
