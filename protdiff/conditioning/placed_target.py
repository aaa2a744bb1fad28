"""A target at its place beside a chain while one sample is drawn.

The network knows single chains, and its coordinates have no absolute frame. So the condition holds
the pose: the rotation and the shift that take the chain into the frame of the target. It is found
once the fold is roughly known, refined at every network call, and refined with all backbone atoms
when the chain is finished. In between, an energy bends the open fold to its target.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from ..structure.backbone import Backbone, joined
from ..structure.superposition import superpose
from .base import ca_of
from .docking import Pose, best_pose, docked, moved, refined, start_poses
from .energy import Potential
from .interface import LAW, Interface, all_points
from .placed_motif import superposed

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    from .energy import EnergyFunction

__all__ = ["Met", "PlacedTarget", "met_at"]

#: Å under which a pair of CA atoms of two chains is a clash.
CLASH = 3.6


class Met(NamedTuple):
    """What a chain beside its target meets.

    Parameters
    ----------
    hotspots : dict of str to float
        Smallest distance (Å) from CB of every hotspot to CB of the new chain.
    clashes : int
        Pairs of CA atoms of chain and target under 3.6 Å.
    """

    hotspots: dict[str, float]
    clashes: int


def met_at(assembly: Backbone, new: int, hotspots: dict[str, int]) -> Met:
    """What the first residues of an assembly, a new chain, meet of the others.

    Parameters
    ----------
    assembly : Backbone
    new : int
        Residues of the new chain, which is the first.
    hotspots : dict of str to int
        Rows of the target, from 0, by name.
    """
    ca, cb = assembly.ca, all_points(assembly.coords)[:, 4]
    gaps = np.linalg.norm(ca[:new, None] - ca[None, new:], axis=-1)
    near = {
        name: float(np.linalg.norm(cb[:new] - cb[new + row], axis=1).min())
        for name, row in hotspots.items()
    }
    return Met(near, int((gaps < CLASH).sum()))


class PlacedTarget(Potential):
    """The target of one sample; it remembers the pose and the last estimate.

    Parameters
    ----------
    structure : Backbone
        The target.
    new_chain : str
        Chain id of the new chain.
    hotspots : dict of str to int
        Rows of the target by name; those of `target`, or one that was drawn.
    seed : int
        Of the orientations that are tried.
    """

    name = "target"
    adds_chains = "target"

    def __init__(
        self, structure: Backbone, new_chain: str, hotspots: dict[str, int], seed: int
    ) -> None:
        self.structure, self.new_chain = structure, new_chain
        self.hotspots, self.seed = hotspots, seed
        self.interface = Interface.of(structure, list(hotspots.values()))
        self.pose: Pose | None = None
        self.ca: Float[Tensor, "residues 3"] | None = None

    def energy_at(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> EnergyFunction | None:
        ca = ca_of(clean)
        if not LAW.late < u < LAW.early:
            self._follow(ca)
            return None
        with torch.inference_mode(False):
            ca = ca.clone()
            self._follow(ca)
            if self.pose is None:
                poses = start_poses(self.interface, ca, self.seed)
                self.pose = best_pose(self.interface, ca, poses)
            if self._is_met(ca, self.pose):
                return None
            self.pose = refined(self.interface, ca, self.pose, LAW.calls)
            if self._is_met(ca, self.pose):
                return None
            pose, near = self.pose, self.interface.near(moved(ca, self.pose))
        return lambda positions, spread: near.energy(moved(positions, pose), spread)

    def _is_met(self, ca: Float[Tensor, "residues 3"], pose: Pose) -> bool:
        """Whether the estimate has next to no strain in a pose."""
        at = moved(ca, pose)
        return float(self.interface.near(at).strain(at)) < LAW.enough

    def _follow(self, ca: Float[Tensor, "residues 3"]) -> None:
        """Keep the pose of a chain that has turned since the last estimate."""
        if self.pose is not None and self.ca is not None:
            rotation, shift = superpose(ca, self.ca)
            self.pose = Pose(
                rotation @ self.pose.rotation, shift @ self.pose.rotation + self.pose.shift
            )
        self.ca = ca

    def finish(self, backbone: Backbone) -> Backbone:
        return self.assembly(backbone, np.ones(len(backbone), bool))

    def assembly(self, backbone: Backbone, written: Bool[np.ndarray, " residues"]) -> Backbone:
        """The chain beside its target, which follows it in the file."""
        assert self.ca is not None  # `energy_at` has set it at every network call
        flat = backbone.coords.reshape(-1, 3)
        coords = superposed(flat, backbone.ca, self.ca.numpy()[written]).reshape(-1, 4, 3)
        with torch.inference_mode(False):
            posed = docked(self.interface, coords, self.pose, self.seed)
        count = len(backbone)
        chain = replace(backbone, coords=posed, chain_ids=np.full(count, self.new_chain))
        if self.structure.b_factors is not None:
            chain = replace(chain, b_factors=np.zeros(count))
        return joined([chain, self.structure])

    def met(self, backbone: Backbone) -> dict[str, str]:
        met = met_at(backbone, len(backbone) - len(self.structure), self.hotspots)
        gaps = " ".join(f"{name}={gap:.1f}" for name, gap in met.hotspots.items())
        return {"hotspots": gaps, "target_clashes": str(met.clashes)}
