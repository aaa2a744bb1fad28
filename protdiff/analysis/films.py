"""What a film shows: a fold that appears from coarse to fine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .coarse_graining import coarsen

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

    from ..structure.backbone import Backbone
    from ..structure.trajectory import Trajectory

__all__ = ["FINEST", "Film", "film_of_flow", "film_of_generation"]

#: Residues; a chain has no shorter wave.
FINEST = 2.0
#: Residues; at this cut-off even the shortest wave is there whole.
BEYOND = 1.0
#: Å within which a residue has not moved.
UNMOVED = 1e-3


@dataclass(frozen=True, eq=False)
class Film:
    """CA traces from coarse to fine.

    Attributes
    ----------
    backbone : Backbone
        What the last frame shows, residues with a CA alone.
    traces : ndarray, shape (frames, residues, 3)
        Å.
    periods : ndarray, shape (frames,)
        Wavelength of the cut-off, residues; NaN where no wave is resolved, or it is not known.
    title : str
    noisy : bool
        Whether the chain is drawn with its noise.
    """

    backbone: Backbone
    traces: Float[np.ndarray, "frames residues 3"]
    periods: Float[np.ndarray, " frames"]
    title: str = ""
    noisy: bool = False

    def __len__(self) -> int:
        return len(self.traces)

    @cached_property
    def still(self) -> Bool[np.ndarray, " residues"]:
        """Residues that never move, as those around a loop that is redrawn."""
        return (np.abs(self.traces - self.traces[-1]) < UNMOVED).all((0, 2)) & (len(self) > 1)

    def modes(self, frame: int) -> int:
        """Modes of the longest chain whose waves are at least as long as that at the cut-off."""
        if not np.isfinite(self.periods[frame]):
            return 0
        # Wavelengths are read from files with a few digits.
        return min(int(2 * self.longest / self.periods[frame] + 0.1), self.longest - 1)

    @property
    def longest(self) -> int:
        """Residues of the longest chain."""
        return max(int((self.backbone.chain_ids == name).sum()) for name in self.backbone.chains)


def film_of_flow(
    backbone: Backbone, levels: int = 48, regulator: str = "lognormal", title: str = ""
) -> Film:
    """The RG flow of a structure backwards: what each cut-off leaves of it, and the structure last.

    Parameters
    ----------
    backbone : Backbone
        Residues without a CA are left out.
    levels : int
        Cut-offs, equally spaced in ln Λ.
    regulator : str
        Key of `protdiff.flow.REGULATORS`: how sharp the cut-off is.
    title : str

    Examples
    --------
    >>> import protdiff
    >>> film = film_of_flow(protdiff.read("data/examples/1tpk.pdb"), levels=10)
    >>> film.periods.round().astype(int).tolist()
    [176, 99, 56, 31, 18, 10, 6, 3, 2, 1]
    """
    backbone = backbone[backbone.mask[:, 1]]
    film = Film(backbone, backbone.ca[None], np.array([BEYOND]))
    periods = np.geomspace(FINEST * film.longest, BEYOND, levels)
    traces = [coarsen(backbone, period, regulator).ca for period in periods[:-1]]
    return Film(backbone, np.array([*traces, backbone.ca]), periods, title)


def film_of_generation(trajectory: Trajectory, title: str = "") -> Film:
    """The frames of a trajectory.

    Parameters
    ----------
    trajectory : Trajectory
    title : str
    """
    known = trajectory.backbone.mask[:, 1]
    return Film(
        trajectory.backbone[known], trajectory.coords[:, known, 1], trajectory.periods, title,
        trajectory.kind == "noisy",
    )  # fmt: skip
