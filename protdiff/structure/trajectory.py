"""A structure that takes shape: frames that end in the structure itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from .superposition import superpose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float

    from .backbone import Backbone

__all__ = ["CLEAN", "KINDS", "NOISY", "Trajectory", "superposed_frames"]

#: What frames are: estimates of the structure without noise, or the noisy chain itself.
CLEAN, NOISY = "clean", "noisy"
KINDS = (CLEAN, NOISY)
#: Å within which a residue has not moved.
UNMOVED = 1e-3


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Frames of a generation; the last is the backbone that was generated.

    Attributes
    ----------
    backbone : Backbone
        The last frame, and the residues and atoms of all.
    coords : ndarray, shape (frames, residues, 4, 3)
        Å, NaN where the backbone has no atom.
    times : ndarray, shape (frames,)
        Times of the flow, from 1 (noise) to 0.
    periods : ndarray, shape (frames,)
        Wavelength of the cut-off, residues: the shortest of the modes that are more signal than
        noise. NaN where there is none.
    kind : {"clean", "noisy"}
        Estimates of the structure without noise, or the noisy chain.

    Examples
    --------
    >>> import protdiff
    >>> [trajectory] = protdiff.trajectories(length=20, steps=12, every=4)
    >>> len(trajectory), bool((trajectory.coords[-1] == trajectory.backbone.coords).all())
    (4, True)
    """

    backbone: Backbone
    coords: Float[np.ndarray, "frames residues 4 3"]
    times: Float[np.ndarray, " frames"]
    periods: Float[np.ndarray, " frames"]
    kind: str = CLEAN

    def __post_init__(self) -> None:
        if not len(self.coords) == len(self.times) == len(self.periods) > 0:
            raise ValueError(
                f"{len(self.coords)} frames, {len(self.times)} times and {len(self.periods)} "
                "periods: must be as many of each"
            )
        if self.coords.shape[1:] != self.backbone.coords.shape:
            raise ValueError(
                f"frames of shape {self.coords.shape[1:]}: the backbone has "
                f"{self.backbone.coords.shape}"
            )

    def __len__(self) -> int:
        return len(self.coords)

    def __getitem__(self, number: int) -> Backbone:
        """A frame, counted from 0."""
        return replace(self.backbone, coords=self.coords[number])


def superposed_frames(
    frames: Sequence[Backbone], last: Backbone
) -> Float[np.ndarray, "frames residues 4 3"]:
    """Coordinates of frames, each moved onto the last by its CA atoms.

    A frame in which some residues are where they are in the last, as the surroundings of a redrawn
    loop are, has its place already.

    Parameters
    ----------
    frames : sequence of Backbone
        With the residues of the last.
    last : Backbone

    Examples
    --------
    >>> import numpy as np, protdiff
    >>> backbone = protdiff.read("data/examples/1tpk.pdb")
    >>> away = replace(backbone, coords=backbone.coords[..., [1, 2, 0]] + 5)
    >>> moved = superposed_frames([away], backbone)
    >>> bool(np.abs(moved - backbone.coords).max() < 1e-6)
    True
    """
    coords = np.array([frame.coords for frame in frames])
    known = last.mask[:, 1]
    goal = last.ca[known]
    still = (np.abs(coords[:, known, 1] - goal).max(-1) < UNMOVED).any(1)
    moving = torch.tensor(coords[:, known, 1])
    rotation, shift = (
        part.numpy() for part in superpose(moving, torch.tensor(goal).expand_as(moving))
    )
    moved = np.einsum("frai,fij->fraj", coords, rotation) + shift[:, None, None]
    moved[still] = coords[still]
    moved[:, ~last.mask] = np.nan
    return moved
