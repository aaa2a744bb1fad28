"""A redesign of one sample: what is kept, what surrounds it, and the chain as it is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..structure.backbone import Backbone, joined
from .base import SampleCondition, Stage, types_of
from .energy import SECOND_PASS, Potential, overlap
from .given import start_from
from .placed_motif import SPACE, PlacedMotif
from .site import NEW, UNKNOWN, UNOBSERVED

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from .energy import EnergyFunction
    from .given import Start
    from .known import Known
    from .site import Numbering, Site

__all__ = ["PlacedRedesign"]


@dataclass(frozen=True)
class SurroundingsLaw:
    """How CA atoms around the chain repel those of its new residues.

    Parameters
    ----------
    radius : float
        Å.
    stiffness : float
        kT per Å².
    early, late : float
        They repel at times between the two, while the fold is open and can still avoid them. With
        `early` 0.5, 6.1 % of the new bonds of chains grown by windows of 128 were off, with 0.8
        1.7 %.
    """

    radius: float = 4.5
    stiffness: float = 1.0
    early: float = 0.8
    late: float = 0.08


LAW = SurroundingsLaw()


class PlacedRedesign(SampleCondition):
    """A redesign with the lengths of its segments decided.

    Parameters
    ----------
    site : Site
    place : ndarray of int, shape (N,)
        Row in the chain of every residue, or `NEW` or `UNOBSERVED`.
    numbering : Numbering
    strength : float or None
        Time up to which the chain is noised; None: nothing is known of the new residues.
    """

    stage, second_pass, redraws_part = Stage.EXACT, SECOND_PASS, True

    def __init__(
        self,
        site: Site,
        place: Int[np.ndarray, " residues"],
        numbering: Numbering,
        strength: float | None = None,
    ) -> None:
        self.site, self.place, self.numbering = site, place, numbering
        self.strength = strength
        if strength is not None:  # the chain is in its place from the beginning
            self.second_pass = 0.0
        self.written, self.other_chains = place != UNOBSERVED, len(site.source.chains) > 1
        around = site.surroundings()
        energies = [Surroundings(around, place < 0)] if len(around) else []
        self.motif = PlacedMotif(
            site.chain,
            place,
            ["A"] * len(place),
            turn=False,
            space=replace(SPACE, around_motif=0.0),
            energies=energies,
        )
        for energy in energies:
            energy.known = self.motif.known

    def __call__(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> Float[Tensor, "components 3"]:
        return self.motif(clean, variance, u)

    def start(self) -> Start | None:
        if self.strength is None:
            return None
        coords = np.full((len(self.place), 4, 3), np.nan)
        coords[self.place != UNOBSERVED] = self.site.chain.coords
        return start_from(coords, self.strength)

    def finish(self, backbone: Backbone) -> Backbone:
        """All chains of the file, with its numbering, and the new residues in their places."""
        chain, place = self.site.chain, self.place
        drawn = self.motif.finish(backbone)
        kept, new = place >= 0, place == NEW
        coords = np.array(drawn.coords)
        coords[kept] = chain.coords[place[kept]]
        # The link beside a new residue is new: C and O before it, N after it.
        before = np.flatnonzero(kept[:-1] & new[1:])
        after = np.flatnonzero(new[:-1] & kept[1:])
        coords[before, 2:] = drawn.coords[before, 2:]
        coords[after + 1, 0] = drawn.coords[after + 1, 0]
        written = place != UNOBSERVED
        count, b_factors = int(written.sum()), None
        if chain.b_factors is not None:
            b_factors = np.where(kept, chain.b_factors[place], 0)[written]
        redrawn = Backbone(
            coords[written], np.ones((count, 4), bool), self._names(drawn)[written],
            np.full(count, chain.chain_ids[0]), self.numbering.numbers[written],
            self.numbering.codes[written], b_factors,
        )  # fmt: skip
        return _insert(self.site.source, self.site.rows, redrawn)

    def written_rows(self) -> Int[np.ndarray, " residues"]:
        """Row in the finished file of every residue that is drawn; of those written alone."""
        return int(self.site.rows[0]) + np.cumsum(self.place != UNOBSERVED) - 1

    def _names(self, drawn: Backbone) -> np.ndarray:
        """Residue names: those requested for new residues, else those of the numbering."""
        new = self.place == NEW
        requested = new & (drawn.residue_names != UNKNOWN)
        names = np.where(requested, drawn.residue_names, self.numbering.names)
        names[new & (names == UNKNOWN)] = "ALA"
        return names

    def residues(self) -> list[tuple[int, str, str, str]]:
        place = (np.cumsum(self.place != UNOBSERVED) - 1).tolist()
        return [(place[i], chain, label, name) for i, chain, label, name in self.motif.residues()]

    def sequence(self) -> str | None:
        if not self.site.gives_types or types_of(self.site.chain.residue_names.tolist()) is None:
            return None
        names = np.array(self.numbering.names)
        if self.region is not None:  # they are drawn
            names[self.region.places] = UNKNOWN
        return types_of(names.tolist())


class Surroundings(Potential):
    """Repulsion of the chain's new residues by CA atoms around it, which move with its known ones.

    Parameters
    ----------
    around : ndarray, shape (others, 3)
        CA positions, Å.
    new : ndarray of bool, shape (N,)
        Residues of the chain that they repel.
    """

    name = "surroundings"
    known: Known  # set by the redesign: where the known residues are

    def __init__(
        self, around: Float[np.ndarray, "others 3"], new: Bool[np.ndarray, " residues"]
    ) -> None:
        self.around, self.new = torch.tensor(around, dtype=torch.float64), torch.tensor(new)

    def energy_at(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> EnergyFunction | None:
        if not LAW.late < u < LAW.early:
            return None
        at = self.around - self.known.centers[0] + self.known.shift(clean)

        def energy(ca: Float[Tensor, "residues 3"], spread: float) -> Float[Tensor, ""]:
            gap = ca[self.new][:, None] - at
            return LAW.stiffness / 2 * overlap(gap.square().sum(-1), LAW.radius)

        return energy


def _insert(source: Backbone, rows: Int[np.ndarray, " chain"], new: Backbone) -> Backbone:
    """The source with the residues of some rows replaced by a new chain, at the first of them."""
    first = int(rows[0])
    before, rest = np.arange(first), np.setdiff1d(np.arange(first, len(source)), rows)
    return joined([source[before], new, source[rest]])
